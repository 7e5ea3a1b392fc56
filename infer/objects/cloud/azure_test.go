//go:build cloud

package cloud

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/flowerctl/flowerctl/infer/objects"
)

// TestAzureObjectsThatChangeAreNoticed, on a server that knows what is asked of Azure here.
func TestAzureObjectsThatChangeAreNoticed(t *testing.T) {
	etag, data, date := "0x1", "aaaa", "Sun, 09 Sep 2001 01:46:40 GMT"
	refused := 0
	azure := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Query().Get("comp") == "list" {
			w.Header().Set("Content-Type", "application/xml")
			fmt.Fprintf(w, `<EnumerationResults ContainerName="b"><Blobs><Blob><Name>x.jpg</Name><Properties>`+
				`<Etag>%s</Etag><Content-Length>%d</Content-Length><Last-Modified>%s</Last-Modified>`+
				`</Properties></Blob></Blobs><NextMarker/></EnumerationResults>`, etag, len(data), date)
			return
		}
		if wanted := r.Header.Get("If-Match"); wanted != "" && wanted != `"`+etag+`"` {
			refused++
			w.Header().Set("x-ms-error-code", "ConditionNotMet")
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		w.Header().Set("ETag", `"`+etag+`"`)
		w.Header().Set("x-ms-blob-type", "BlockBlob")
		w.Header().Set("x-ms-creation-time", date)
		http.ServeContent(w, r, "x.jpg", time.Unix(1e9, 0), strings.NewReader(data))
	}))
	defer azure.Close()
	for name, value := range map[string]string{"AZURE_STORAGE_ACCOUNT": "a", "AZURE_STORAGE_KEY": "a2V5",
		"AZURE_STORAGE_SAS_TOKEN": "", "AZURE_STORAGE_CONNECTION_STRING": ""} {
		t.Setenv(name, value)
	}
	name := "azblob://b/x.jpg?protocol=http&localemu=true&domain=" + strings.TrimPrefix(azure.URL, "http://")
	changing(t, name, "0x1", func() { etag, data = "0x2", "bbbb" })
	if refused != 2 {
		t.Errorf("%d requests were for another ETag, want 2", refused)
	}
}

// changing reads an object of four letters a as it is stated and as it is listed, before
// and after change makes it another one of the same size.
func changing(t *testing.T, name, etag string, change func()) {
	t.Helper()
	stores := objects.New(t.Context(), Open)
	stores.Pause = time.Millisecond
	defer stores.Close()
	stated, err := stores.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	all := []*objects.Object{stated}
	for listed, err := range stores.List(name) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, listed)
	}
	if len(all) != 2 {
		t.Fatalf("got %d objects listed, want one", len(all)-1)
	}
	for _, o := range all {
		if data, err := read(o); o.ETag != etag || o.Size != 4 || err != nil || data != "aaaa" {
			t.Errorf("got %+v: %s, %v", o.Info, data, err)
		}
		part, err := o.Section(1, 2)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := io.ReadAll(part); string(data) != "aa" || errors.Join(err, part.Close()) != nil {
			t.Errorf("a part: got %s, %v", data, err)
		}
	}
	change()
	for _, o := range all {
		b, err := stores.Object(name, "")
		if err != nil {
			t.Fatal(err)
		}
		if data, err := read(b); err != nil || data != "bbbb" {
			t.Errorf("the new one: got %s, %v", data, err)
		}
		if data, err := read(o); !errors.Is(err, objects.ErrChanged) {
			t.Errorf("got %s, %v", data, err)
		}
	}
}
