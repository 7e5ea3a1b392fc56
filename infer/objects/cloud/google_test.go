//go:build cloud

package cloud

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/infer/objects"
)

// TestGoogleForbids: what Google forbids is not what is not there.
func TestGoogleForbids(t *testing.T) {
	answer := http.StatusForbidden
	google := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(answer)
		fmt.Fprintf(w, `{"error": {"code": %d, "message": "so it is"}}`, answer)
	}))
	defer google.Close()
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(google.URL, "http://"))
	stores := objects.New(t.Context(), Open)
	defer stores.Close()
	all := func() (errs []error) {
		o, err := stores.Object("gs://b/x?anonymous=true", "")
		if err != nil {
			t.Fatal(err)
		}
		_, stated := o.Stat()
		_, opened := o.Open()
		errs = []error{stated, opened}
		for _, err := range stores.List("gs://b/?anonymous=true") {
			errs = append(errs, err)
		}
		return errs
	}
	for _, err := range all() {
		if !errors.Is(err, fs.ErrPermission) || objects.Gone(err) {
			t.Errorf("got %v", err)
		}
	}
	answer = http.StatusNotFound
	for _, err := range all() {
		if !objects.Gone(err) {
			t.Errorf("got %v", err)
		}
	}
}
