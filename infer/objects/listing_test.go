package objects_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowerctl/flowerctl/fixtures/bucket"
	"github.com/flowerctl/flowerctl/infer/objects"
)

// hanging is a bucket whose listings have a first object, wait for the end where it stalls,
// and go on behind an error.
type hanging struct {
	*bucket.Bucket
	stalls bool
}

func (h hanging) List(ctx context.Context, _ string) iter.Seq2[objects.Info, error] {
	return func(yield func(objects.Info, error) bool) {
		if !yield(objects.Info{Key: "x"}, nil) {
			return
		}
		if h.stalls {
			<-ctx.Done()
		}
		for err := ctx.Err(); yield(objects.Info{Key: "y"}, err); {
			err = errors.New("more")
		}
	}
}

// TestListingsWaitForTheirReceiver and end where the store itself is silent, however much of
// them there was.
func TestListingsWaitForTheirReceiver(t *testing.T) {
	for stalls, want := range map[bool]string{
		false: "[<nil> <nil> s3://b/: more]",
		true:  "[<nil> s3://b/: no answer for 1m0s]",
	} {
		synctest.Test(t, func(t *testing.T) {
			s := objects.New(t.Context(), func(context.Context, string) (objects.Bucket, error) {
				return hanging{new(bucket.Bucket), stalls}, nil
			})
			var all []error
			for _, err := range s.List("s3://b/") {
				all = append(all, err)
				time.Sleep(time.Hour) // of a clock that does not wait
			}
			if got := fmt.Sprint(all); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}
