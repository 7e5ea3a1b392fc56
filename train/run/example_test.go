package run_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/run"
)

// A training that ends, and goes on for two more epochs as if it had never ended.
func ExampleFolder_Resume() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "flowerctl-example-")
	check(err)
	defer os.RemoveAll(dir)
	folder := run.Folder{Dir: filepath.Join(dir, "run")}

	settings := run.Defaults()
	settings.Arch, settings.Drawn, settings.Epochs = "tiny", 60, 1
	trainOnce(ctx, settings, run.Options{Dir: folder.Dir})

	settings, err = folder.Settings()
	check(err)
	last, err := folder.Resume()
	check(err)
	settings.Epochs = 3
	trainOnce(ctx, settings, run.Options{Dir: folder.Dir, Resume: last})

	record, err := folder.Record()
	check(err)
	fmt.Println(len(record.History), "epochs, stopped by", record.Summary.Stopped)
	// Output: 3 epochs, stopped by epochs
}

func trainOnce(ctx context.Context, s run.Settings, o run.Options) *train.Outcome {
	session, err := run.Open(ctx, s, o)
	check(err)
	outcome, err := session.Train(ctx)
	check(err)
	check(session.Close())
	return outcome
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
