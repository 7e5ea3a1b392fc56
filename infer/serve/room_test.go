package serve

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestLimitsCountPictures(t *testing.T) {
	b := newBatcher(newStepped().classify, 1, 4, 10, 0)
	r, ok := b.admit()
	if !ok || !r.grow(8) {
		t.Fatal("8 of 10 were refused")
	}
	other, ok := b.admit()
	if !ok || other.grow(3) {
		t.Error("11 of 10 were admitted, or 9 refused")
	}
	if !other.grow(2) {
		t.Error("10 of 10 were refused")
	}
	if _, ok := b.admit(); ok {
		t.Error("11 of 10 were admitted")
	}
	r.release()
	r.release()
	if b.waiting() != 2 {
		t.Errorf("%d wait, want 2", b.waiting())
	}
}

// unread is a body that must not be read.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, io.EOF
}

// TestABodyIsReadOnlyWhereThereIsRoom, and rooms are given back however a request ends.
func TestABodyIsReadOnlyWhereThereIsRoom(t *testing.T) {
	s := served(t, newColourist(), Options{Limits: Limits{Queue: 2, Pictures: 2}})
	b := s.models.models["model"].versions["1"].batcher
	many, kind := parts(t, painted(t, red), painted(t, green), painted(t, blue))
	two, kindOfTwo := parts(t, painted(t, red), painted(t, green))
	for _, c := range []struct {
		what string
		r    *http.Request
		want int
	}{
		{"a picture", sent("POST", "/predict", painted(t, red)), http.StatusOK},
		{"a tensor", sent("POST", "/v2/models/model/infer", painted(t, red), headLength, "0"),
			http.StatusOK},
		{"two pictures", sent("POST", "/predict", two, "Content-Type", kindOfTwo), http.StatusOK},
		{"too many", sent("POST", "/predict", many, "Content-Type", kind), statusTooLarge},
		{"no picture", sent("POST", "/predict", []byte("words")), statusMediaType},
		{"nothing", sent("POST", "/predict", nil), http.StatusBadRequest},
		{"a body of another kind", sent("POST", "/predict", painted(t, red), "Content-Encoding", "gzip"),
			statusMediaType},
		{"no question", sent("POST", "/v2/models/model/infer", []byte("{")), http.StatusBadRequest},
	} {
		t.Run(c.what, func(t *testing.T) {
			said(t, answerTo(s, c.r), c.want)
			if n := b.waiting(); n != 0 {
				t.Errorf("%d pictures still have room", n)
			}
			if s.bodies.left != s.options.Limits.Bodies {
				t.Errorf("%d bytes are still held", s.options.Limits.Bodies-s.bodies.left)
			}
		})
	}
	first, _ := b.admit()
	defer first.release()
	refused(t, answerTo(s, sent("POST", "/predict", two, "Content-Type", kindOfTwo)),
		http.StatusServiceUnavailable, "too many pictures")
	second, _ := b.admit()
	defer second.release()
	for _, path := range []string{"/predict", "/v2/models/model/infer"} {
		refused(t, answerTo(s, httptest.NewRequest("POST", path, unread{t})),
			http.StatusServiceUnavailable, "too many pictures")
	}
}

// TestABodyIsNotHeldWhileItsPictureWaits for the network. Pixels are, since the network
// reads them.
func TestABodyIsNotHeldWhileItsPictureWaits(t *testing.T) {
	c := newColourist()
	running, goOn := make(chan struct{}), make(chan struct{})
	s := served(t, c, Options{})
	c.before = func() {
		running <- struct{}{}
		<-goOn
	}
	const pixels = `{"inputs":[{"name":"image","datatype":"UINT8","shape":[1,4,4,3],"data":[`
	for what, r := range map[string]*http.Request{
		"file": sent("POST", "/predict", painted(t, red)),
		"pixels": sent("POST", "/v2/models/model/infer",
			[]byte(pixels+strings.Repeat("255,0,0,", 15)+`255,0,0]}]}`)),
	} {
		answered := make(chan *http.Response)
		go func() { answered <- answerTo(s, r) }()
		<-running
		s.bodies.mu.Lock()
		held := s.options.Limits.Bodies - s.bodies.left
		s.bodies.mu.Unlock()
		if (held > 0) != (what == "pixels") {
			t.Errorf("%s: %d bytes are held", what, held)
		}
		close(goOn)
		said(t, <-answered, http.StatusOK)
		goOn = make(chan struct{})
	}
}
