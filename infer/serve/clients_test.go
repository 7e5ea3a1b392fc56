package serve

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/drawn"
	"github.com/flowerctl/flowerctl/infer"
)

// TestClientsOfOthers runs clients that others wrote, unmodified, against the server:
// TRITON_PYTHON and KSERVE_PYTHON name Pythons that have tritonclient[http,grpc] and
// kserve. FLOWERCTL_REQUIRE=clients makes their absence a failure.
func TestClientsOfOthers(t *testing.T) {
	for _, client := range []struct{ python, script string }{
		{"TRITON_PYTHON", "triton.py"}, {"KSERVE_PYTHON", "kserve_v2.py"}} {
		t.Run(client.script, func(t *testing.T) {
			python := os.Getenv(client.python)
			if python == "" {
				if required("clients") {
					t.Fatalf("no %s, which FLOWERCTL_REQUIRE wants", client.python)
				}
				t.Skipf("no %s: this client is not tried", client.python)
			}
			s := New(Options{})
			t.Cleanup(s.Close)
			if err := s.Put(t.Context(), "flowers", "1", NewModel(flowers(t, infer.Options{Many: true}),
				drawn.Model(), drawn.Report())); err != nil {
				t.Fatal(err)
			}
			web, l, calls := httptest.NewServer(s), loopback(t), s.GRPC(nil)
			t.Cleanup(web.Close)
			t.Cleanup(calls.Stop)
			go calls.Serve(l)
			picture := filepath.Join(t.TempDir(), "picture.jpg")
			if err := os.WriteFile(picture, jpegs(t, 1)[0], 0o644); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), python,
				filepath.Join("..", "..", "fixtures", "clients", client.script),
				strings.TrimPrefix(web.URL, "http://"), l.Addr().String(), "flowers", picture)
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}
