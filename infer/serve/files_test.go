package serve

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// opener opens files that hold a model's first label: "bad" cannot be opened, "mute"
// does not answer.
type opener struct {
	mu     sync.Mutex
	opened map[string]*colourist
}

func (o *opener) open(path string, file []byte) (*Model, error) {
	c := newColourist()
	c.labels = []string{string(file), "green", "blue"}
	switch string(file) {
	case "bad":
		return nil, fmt.Errorf("%s: not an ONNX file", path)
	case "mute":
		c.err = errors.New("no answer")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.opened == nil {
		o.opened = map[string]*colourist{}
	}
	o.opened[string(file)] = c
	return &Model{Classifier: c}, nil
}

func put(t testing.TB, path, content string) {
	t.Helper()
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, []byte(content), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// loading is a server that has loaded files.
func loading(t *testing.T, f Files) (*Server, *Loader) {
	t.Helper()
	s := New(Options{})
	t.Cleanup(s.Close)
	l, err := NewLoader(s, f)
	if err != nil {
		t.Fatal(err)
	}
	if s.Ready() {
		t.Error("ready before any model is read")
	}
	refused(t, answerTo(s, sent("POST", "/predict", nil)), 503, "not ready")
	said(t, answerTo(s, sent("GET", "/v2/health/live", nil)), 200)
	said(t, answerTo(s, sent("GET", "/v2/health/ready", nil)), 503)
	if err := l.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !s.Ready() {
		t.Error("not ready")
	}
	return s, l
}

// firstLabel is the first label of what answers.
func firstLabel(t *testing.T, s *Server, query string) string {
	t.Helper()
	r := decodeJSON[struct{ Labels []string }](t, said(t, answerTo(s, sent("GET", "/labels"+query,
		nil)), 200))
	return r.Labels[0]
}

func TestAFileIsReplacedOnceItAnswers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "my roses.onnx")
	put(t, path, "one")
	o := new(opener)
	s, l := loading(t, Files{Models: []string{path}, Open: o.open})
	want(t, firstLabel(t, s, "?model=my-roses"), "one")
	for _, broken := range []string{"bad", "mute"} {
		put(t, path, broken)
		if err := l.Reload(t.Context()); err == nil {
			t.Errorf("%s was loaded", broken)
		}
		want(t, firstLabel(t, s, ""), "one")
	}
	if o.opened["mute"].closed.Load() != 1 {
		t.Error("the model that does not answer was not closed")
	}
	put(t, path, "two")
	v, leave, err := s.models.use("", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, firstLabel(t, s, ""), "two")
	if o.opened["one"].closed.Load() != 0 {
		t.Error("a model was closed while a request used it")
	}
	said(t, answerTo(s, sent("POST", "/predict", painted(t, red))), 200)
	leave()
	s.retiring.Wait()
	if o.opened["one"].closed.Load() != 1 || v.labels[0] != "one" {
		t.Error("the old model was not closed")
	}
}

func TestARepositoryHasVersions(t *testing.T) {
	root := t.TempDir()
	put(t, filepath.Join(root, "roses", "9", "model.onnx"), "nine")
	put(t, filepath.Join(root, "roses", "10", "model.onnx"), "ten")
	put(t, filepath.Join(root, "roses", "11", "other.onnx"), "incomplete")
	put(t, filepath.Join(root, "roses", "notes.txt"), "")
	put(t, filepath.Join(root, "tulips", "1", "model.onnx"), "tulip")
	put(t, filepath.Join(root, ".hidden", "1", "model.onnx"), "bad")
	s, l := loading(t, Files{Repository: root, Open: new(opener).open})
	want(t, firstLabel(t, s, "?model=roses"), "ten")
	refused(t, answerTo(s, sent("GET", "/labels?model=roses&version=9", nil)), 404, "no version")

	put(t, filepath.Join(root, "roses", "12", "model.onnx"), "bad")
	if err := l.Reload(t.Context()); err == nil || !strings.Contains(err.Error(), "not an ONNX file") {
		t.Errorf("got %v", err)
	}
	want(t, firstLabel(t, s, "?model=roses"), "ten")
	index := said(t, answerTo(s, sent("POST", "/v2/repository/index", nil)), 200)
	if !strings.Contains(index, `"version":"12","state":"UNAVAILABLE","reason":`) {
		t.Errorf("the index says %s", index)
	}
	put(t, filepath.Join(root, "roses", "12", "model.onnx"), "twelve")
	if err := os.RemoveAll(filepath.Join(root, "tulips")); err != nil {
		t.Fatal(err)
	}
	if err := l.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(t, firstLabel(t, s, "?model=roses"), "twelve")
	want(t, fmt.Sprint(s.models.numbersOf("roses")), "[12]")
	refused(t, answerTo(s, sent("GET", "/labels?model=tulips", nil)), 404, "no model")
}

func TestPolicies(t *testing.T) {
	root := t.TempDir()
	for _, n := range []string{"1", "2", "10"} {
		put(t, filepath.Join(root, "m", n, "model.onnx"), n)
	}
	for text, want := range map[string]string{"latest": "[10]", "all": "[1 2 10]", "1,10": "[1 10]"} {
		p, err := ParsePolicy(text)
		if err != nil {
			t.Fatal(err)
		}
		s, _ := loading(t, Files{Repository: root, Policy: p, Open: new(opener).open})
		if got := fmt.Sprint(s.models.numbersOf("m")); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for _, bad := range []string{"newest", "1,,2", "01", "-1"} {
		if _, err := ParsePolicy(bad); err == nil {
			t.Errorf("policy %q was read", bad)
		}
	}
}

func TestNamesAreUnlike(t *testing.T) {
	_, err := NewLoader(New(Options{}), Files{Models: []string{"a/m.onnx", "b/m.onnx"}})
	if err == nil || err.Error() != "a/m.onnx and b/m.onnx: both are called m" {
		t.Errorf("got %v", err)
	}
	for path, name := range map[string]string{"/x/model.onnx": "model", "x/.onnx": "model",
		"Ä b.onnx": "--b"} {
		want(t, NameOf(path), name)
	}
}

func TestControlLoadsAndUnloads(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.onnx")
	put(t, path, "one")
	s, l := loading(t, Files{Models: []string{path}, Open: new(opener).open})
	keys := &Keys{checked: time.Now().Add(time.Hour)}
	var err error
	if keys.keys, err = parseKeys([]byte("admin a-key-of-sixteen-letters")); err != nil {
		t.Fatal(err)
	}
	h := l.Control(keys)
	call := func(what string) *http.Response {
		return answerTo(h, sent("POST", "/v2/repository/models/"+what+"/", nil, "Authorization",
			"Bearer a-key-of-sixteen-letters"))
	}
	refused(t, answerTo(h, sent("POST", "/v2/repository/models/m/unload", nil)), 401, "no such key")
	said(t, call("m/unload"), 200)
	refused(t, answerTo(s, sent("GET", "/labels?model=m", nil)), 404, "no model")
	if err := l.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused(t, answerTo(s, sent("GET", "/labels?model=m", nil)), 404, "no model")
	said(t, call("m/load"), 200)
	want(t, firstLabel(t, s, "?model=m"), "one")
	refused(t, call("other/load"), 404, "no model")
	for body, text := range map[string]string{"{": "not a request in JSON",
		`{"a":"` + strings.Repeat("a", 64<<10) + `"}`:       "not a request in JSON",
		`{"parameters":{"file:1/model.onnx":"AAAA","z":1}}`: "parameter file:1/model.onnx: want none"} {
		refused(t, answerTo(h, sent("POST", "/v2/repository/models/m/load", []byte(body),
			"Authorization", "Bearer a-key-of-sixteen-letters")), 400, text)
	}
	put(t, path, "bad")
	refused(t, call("m/load"), 422, "not an ONNX file")
	want(t, firstLabel(t, s, "?model=m"), "one")
}

func TestReloadsFailNoRequest(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.onnx")
	put(t, path, "start")
	o := new(opener)
	s, l := loading(t, Files{Models: []string{path}, Open: o.open})
	picture := painted(t, red)
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				body := said(t, answerTo(s, sent("POST", "/predict", picture)), 200)
				if !strings.Contains(body, `"label":"model`) && !strings.Contains(body, `"label":"start"`) {
					t.Errorf("got %s", body)
				}
			}
		})
	}
	for n := range 100 {
		content := fmt.Sprintf("model %d", n)
		if n%4 == 3 {
			content = "bad"
		}
		put(t, path, content)
		if err := l.Reload(t.Context()); (err != nil) != (content == "bad") {
			t.Errorf("%s: got %v", content, err)
		}
	}
	close(stop)
	clients.Wait()
	s.retiring.Wait()
	for name, c := range o.opened {
		closed := c.closed.Load() == 1
		if name != "bad" && closed == (name == "model 98") {
			t.Errorf("%s: closed %v", name, closed)
		}
	}
}
