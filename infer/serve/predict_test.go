package serve

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPredictAnswersForABody(t *testing.T) {
	h := Handler(newColourist(), Options{})
	got := said(t, answerTo(h, sent("POST", "/predict/?top=2", painted(t, green))), 200)
	want(t, got, `{"model":"model","version":"1","results":[{"label":"green","probability":0.99224806,`+
		`"top":[{"label":"green","probability":0.99224806},{"label":"red","probability":0.003875969}]}]}`)
	p := decodeJSON[predictions](t, said(t, answerTo(h, sent("POST", "/predict?min-confidence=0.999",
		painted(t, green))), 200))
	want(t, p.Results[0].Label, unknown)
	if !p.Results[0].Unknown {
		t.Error("the answer's field unknown is not true")
	}
}

// TestTheModelSaysWhatIsUnknown, unless the client does.
func TestTheModelSaysWhatIsUnknown(t *testing.T) {
	h := New(Options{})
	h.models.put(h.newVersion("model", "1", &Model{Classifier: newColourist(), UnknownBelow: 0.999}))
	for query, unknown := range map[string]bool{"": true, "?min-confidence=0.5": false} {
		p := decodeJSON[predictions](t, said(t, answerTo(h, sent("POST", "/predict"+query,
			painted(t, green))), 200))
		if p.Results[0].Unknown != unknown {
			t.Errorf("%q: unknown is %v", query, !unknown)
		}
	}
}

func TestPredictAnswersForEachPart(t *testing.T) {
	h := Handler(newColourist(), Options{})
	body, kind := parts(t, painted(t, blue), []byte("no picture"), painted(t, red))
	p := decodeJSON[predictions](t, said(t, answerTo(h, sent("POST", "/predict", body,
		"Content-Type", kind)), 200))
	if len(p.Results) != 3 {
		t.Fatalf("got %d results, want 3", len(p.Results))
	}
	want(t, p.Results[0].File+" "+p.Results[0].Label, "a.png blue")
	want(t, p.Results[2].File+" "+p.Results[2].Label, "c.png red")
	want(t, p.Results[1].Error,
		"not an image (text/plain); JPEG, PNG, GIF, WebP, BMP and TIFF are read")
}

func TestWhatIsWrongWithARequest(t *testing.T) {
	h := Handler(newColourist(), Options{Limits: Limits{PictureBody: 4096, Pictures: 3, Pixels: 1000}})
	picture := painted(t, red)
	many, manyKind := parts(t, picture, picture, picture, picture)
	none, noneKind := parts(t)
	for _, c := range []struct {
		name   string
		r      *http.Request
		status int
		text   string
	}{
		{"empty", sent("POST", "/predict", nil), 400, "no picture: the body is empty"},
		{"text", sent("POST", "/predict", []byte("hello")), 415, "not an image (text/plain)"},
		{"cut short", sent("POST", "/predict", picture[:40]), 422, "image cut short"},
		{"large body", sent("POST", "/predict", make([]byte, 5000)), 413, "5000 bytes, at most 4096"},
		{"large body of unknown length", chunked("/predict", 5000), 413, "more than 4096 bytes"},
		{"large picture", sent("POST", "/predict", sized(t, 40, 30)), 413,
			"40 x 30 pixels, at most 1000"},
		{"many pictures", sent("POST", "/predict", many, "Content-Type", manyKind), 413,
			"at most 3 are answered"},
		{"no part", sent("POST", "/predict", none, "Content-Type", noneKind), 400, "no parts"},
		{"no boundary", sent("POST", "/predict", none, "Content-Type", "multipart/form-data"), 400,
			"without a boundary"},
		{"damaged parts", sent("POST", "/predict", many[:200], "Content-Type", manyKind), 400, "damaged"},
		{"compressed", sent("POST", "/predict", picture, "Content-Encoding", "gzip"), 415,
			"compressed bodies are not read"},
		{"top", sent("POST", "/predict?top=0", picture), 400, `top: got "0"`},
		{"top", sent("POST", "/predict?top=x", picture), 400, `top: got "x"`},
		{"confidence", sent("POST", "/predict?min-confidence=NaN", picture), 400, "want 0 to 1"},
		{"model", sent("POST", "/predict?model=other", picture), 404, `no model "other"`},
		{"version", sent("POST", "/predict?version=7", picture), 404, `no version "7"`},
		{"timeout", sent("POST", "/predict", picture, "X-Request-Timeout", "-1"), 400,
			"X-Request-Timeout"},
		{"method", sent("GET", "/predict", nil), 405, "want POST"},
		{"path", sent("GET", "/nothing", nil), 404, "nothing is at /nothing"},
		{"explanations are off", sent("POST", "/explain", picture), 404,
			"nothing is at /explain: explanations are off, serve --explain turns them on"},
		{"a parameter misspelt", sent("POST", "/predict?top=2&min_confidence=0.5", picture), 400,
			`got a parameter "min_confidence", want top, min-confidence, model, version`},
		{"a parameter twice", sent("POST", "/predict?top=2&top=3", picture), 400,
			"got the parameter top 2 times"},
		{"a semicolon", sent("POST", "/predict?top=2;min-confidence=0.5", picture), 400,
			"want name=value&name=value"},
		{"a query that is none", sent("POST", "/predict?top=%zz", picture), 400,
			"want name=value&name=value"},
		{"a parameter of another route", sent("GET", "/labels?top=2", nil), 400,
			`got a parameter "top", want model, version`},
	} {
		t.Run(c.name, func(t *testing.T) { refused(t, answerTo(h, c.r), c.status, c.text) })
	}
}

// chunked is a request whose body does not say how long it is.
func chunked(target string, n int64) *http.Request {
	return httptest.NewRequest("POST", target, io.LimitReader(strings.NewReader(strings.Repeat("x",
		int(n))), n))
}

func TestAFullQueueRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, goOn := newColourist(), make(chan struct{})
		c.before = func() { <-goOn }
		h := Handler(c, Options{Limits: Limits{Queue: 1}})
		first := make(chan *http.Response)
		go func() { first <- answerTo(h, sent("POST", "/predict", painted(t, red))) }()
		synctest.Wait()
		resp := answerTo(h, sent("POST", "/predict", painted(t, red)))
		refused(t, resp, 503, "too many pictures wait already")
		want(t, resp.Header.Get("Retry-After"), "1")
		close(goOn)
		said(t, <-first, 200)
		said(t, answerTo(h, sent("POST", "/predict", painted(t, red))), 200)
	})
}

func TestADeadlineEndsARequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, goOn := newColourist(), make(chan struct{})
		c.before = func() { <-goOn }
		h := Handler(c, Options{Limits: Limits{Timeout: 10 * time.Second}})
		for asked, want := range map[string]time.Duration{"0.2": 200 * time.Millisecond,
			"3s": 3 * time.Second, "60": 10 * time.Second} {
			start := time.Now()
			refused(t, answerTo(h, sent("POST", "/predict", painted(t, red), "X-Request-Timeout", asked)),
				504, "deadline")
			if waited := time.Since(start); waited != want {
				t.Errorf("timeout %s: answered after %v, want %v", asked, waited, want)
			}
		}
		close(goOn)
	})
}

func TestAClientHasARate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := Handler(newColourist(), Options{Limits: Limits{Rate: 2, Pictures: 3}})
		body, kind := parts(t, painted(t, red), painted(t, red), painted(t, red))
		said(t, answerTo(h, sent("POST", "/predict", body, "Content-Type", kind)), 200)
		resp := answerTo(h, sent("POST", "/predict", painted(t, red)))
		refused(t, resp, 429, "too many pictures a second")
		want(t, resp.Header.Get("Retry-After"), "1")
		other := sent("POST", "/predict", painted(t, red))
		other.RemoteAddr = "127.0.0.2:9"
		said(t, answerTo(h, other), 200)
		time.Sleep(500 * time.Millisecond)
		said(t, answerTo(h, sent("POST", "/predict", painted(t, red))), 200)
	})
}

func TestBodiesHaveABudget(t *testing.T) {
	s := New(Options{})
	s.bodies.left = 200_000
	read, release, err := s.readAll(bytes.NewReader(make([]byte, 100_000)), 0)
	if err != nil || len(read) != 100_000 {
		t.Fatalf("got %d bytes: %v", len(read), err)
	}
	if _, _, err := s.readAll(bytes.NewReader(make([]byte, 100_000)),
		100_000); asError(err).Status != 503 {
		t.Errorf("got %v, want no room", err)
	}
	release()
	release()
	bodiesAreBack(t, s, 200_000)
}

func TestAModelThatFailsIsAnErrorOfTheServer(t *testing.T) {
	c := newColourist()
	c.err = errors.New("a secret of the machine")
	resp := answerTo(Handler(c, Options{}), sent("POST", "/predict", painted(t, red)))
	refused(t, resp, 500, "the model failed")
}

func TestAClientThatWentAwayIsNotRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	c := newColourist()
	c.before = func() { t.Error("the network ran") }
	resp := answerTo(Handler(c, Options{}), sent("POST", "/predict", painted(t, red)).WithContext(ctx))
	refused(t, resp, 499, "the client closed the request")
}

func TestExplainDrawsOverThePicture(t *testing.T) {
	h := Handler(newColourist(), Options{Explain: true})
	resp := answerTo(h, sent("POST", "/explain?class=blue", painted(t, red)))
	want(t, resp.Header.Get("X-Flowerctl-Label"), "blue")
	for _, tt := range []struct {
		picture []byte
		w, h    int
	}{
		{painted(t, red), 7, 5}, {sized(t, 3200, 800), 1600, 400},
	} {
		resp := answerTo(h, sent("POST", "/explain", tt.picture))
		drawn, err := png.Decode(strings.NewReader(said(t, resp, 200)))
		if err != nil {
			t.Fatal(err)
		}
		if got := drawn.Bounds().Size(); got != image.Pt(tt.w, tt.h) {
			t.Errorf("got a drawing of %v, want %d x %d", got, tt.w, tt.h)
		}
	}
	refused(t, answerTo(h, sent("POST", "/explain?class=9", painted(t, red))), 400, `class: got "9"`)
	body, kind := parts(t, painted(t, red), painted(t, red))
	refused(t, answerTo(h, sent("POST", "/explain", body, "Content-Type", kind)), 400,
		"got 2 pictures, want one")
}

func TestPlainRoutesDescribeTheModel(t *testing.T) {
	h := Handler(newColourist(), Options{Version: "1.2"})
	want(t, said(t, answerTo(h, sent("GET", "/labels", nil)), 200),
		`{"model":"model","version":"1","labels":["red","green","blue"]}`)
	want(t, said(t, answerTo(h, sent("GET", "/model", nil)), 200),
		`{"name":"model","version":"1","versions":["1"],"input":"image","size":4,"classes":3,"max_batch":8}`)
	said(t, answerTo(h, sent("POST", "/predict", painted(t, red))), 200)
	metrics := said(t, answerTo(h, sent("GET", "/metrics", nil)), 200)
	for _, line := range []string{
		`flowerctl_requests_total{route="/predict",status="200"} 1`, `flowerctl_pictures_total{model="model",result="answered"} 1`,
		`flowerctl_batch_pictures_count{model="model"} 1`, `flowerctl_queue_pictures{model="model"} 0`, `flowerctl_build_info{go=`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
}

func TestHeadersOfAnswers(t *testing.T) {
	h := Handler(newColourist(), Options{})
	resp := answerTo(h, sent("GET", "/labels", nil, "X-Request-Id", "mine-1"))
	want(t, resp.Header.Get("X-Request-Id"), "mine-1")
	want(t, resp.Header.Get("X-Content-Type-Options"), "nosniff")
	for _, bad := range []string{"", "a b", "a\"b", strings.Repeat("x", 65)} {
		id := answerTo(h, sent("GET", "/labels", nil, "X-Request-Id", bad)).Header.Get("X-Request-Id")
		if id == bad || id == "" || slices.Contains([]string{"a b"}, id) {
			t.Errorf("id %q became %q", bad, id)
		}
	}
}
