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
	"time"

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

// TestGoogleObjectsThatChangeAreNoticed by their generations.
func TestGoogleObjectsThatChangeAreNoticed(t *testing.T) {
	generation, data, refused := "7", "aaaa", 0
	google := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		item := fmt.Sprintf(`{"bucket": "b", "name": "x.jpg", "size": "%d", "generation": "%s"}`, len(data),
			generation)
		wanted := r.Header.Get("x-goog-if-generation-match") + r.URL.Query().Get("ifGenerationMatch")
		switch {
		case strings.HasSuffix(r.URL.Path, "/o"):
			fmt.Fprintf(w, `{"items": [%s]}`, item)
		case strings.HasSuffix(r.URL.Path, "/o/x.jpg") && r.URL.Query().Get("alt") == "json":
			fmt.Fprint(w, item)
		case wanted != "" && wanted != generation:
			refused++
			w.WriteHeader(http.StatusPreconditionFailed)
		default:
			w.Header().Set("X-Goog-Generation", generation)
			w.Header().Set("X-Goog-Stored-Content-Length", fmt.Sprint(len(data)))
			http.ServeContent(w, r, "x.jpg", time.Unix(1e9, 0), strings.NewReader(data))
		}
	}))
	defer google.Close()
	t.Setenv("STORAGE_EMULATOR_HOST", strings.TrimPrefix(google.URL, "http://"))
	changing(t, "gs://b/x.jpg?anonymous=true", "7", func() { generation, data = "8", "bbbb" })
	if refused != 2 {
		t.Errorf("%d requests were for another generation, want 2", refused)
	}
}
