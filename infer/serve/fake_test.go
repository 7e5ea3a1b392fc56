package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// colourist is a network that sees which colour a picture has, at its first pixel.
type colourist struct {
	labels []string
	before func() // each run
	err    error
	closed atomic.Int32
}

func newColourist() *colourist { return &colourist{labels: []string{"red", "green", "blue"}} }

func (c *colourist) Labels() []string { return c.labels }

func (c *colourist) Preprocess() imageprep.Config {
	return imageprep.Config{Size: 4, Resize: imageprep.Stretch}
}

func (c *colourist) Classify(_ context.Context, images []imageprep.Image) ([]infer.Answer, error) {
	if c.before != nil {
		c.before()
	}
	if c.err != nil {
		return nil, c.err
	}
	var values []float32
	for _, img := range images {
		sum := float32(img.Pix[0]) + float32(img.Pix[1]) + float32(img.Pix[2]) + 3
		for _, v := range img.Pix[:3] {
			values = append(values, (float32(v)+1)/sum)
		}
	}
	return infer.NewAnswers(c.labels, values), nil
}

func (c *colourist) Explain(_ context.Context, img imageprep.Image, class int) (infer.Heat, error) {
	return infer.Heat{H: 2, W: 2, Values: []float32{0, 1, 2, float32(class)},
		Method: infer.Occlusion}, nil
}

func (c *colourist) Close() error {
	c.closed.Add(1)
	return nil
}

// The colours that a colourist knows.
var (
	red   = color.RGBA{R: 255, A: 255}
	green = color.RGBA{G: 255, A: 255}
	blue  = color.RGBA{B: 255, A: 255}
)

// painted is a PNG file of one colour.
func painted(t testing.TB, c color.RGBA) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, 7, 5))
	for i := range 7 * 5 {
		img.Set(i%7, i/7, c)
	}
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

// parts is a multipart body with a file for each content, and its type.
func parts(t testing.TB, files ...[]byte) (body []byte, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i, content := range files {
		part, err := w.CreateFormFile("image", string(rune('a'+i))+".png")
		if err == nil {
			_, err = part.Write(content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), w.FormDataContentType()
}

// sent is a request with headers, given as pairs.
func sent(method, target string, body []byte, headers ...string) *http.Request {
	r := httptest.NewRequest(method, target, bytes.NewReader(body))
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// answerTo is a handler's answer.
func answerTo(h http.Handler, r *http.Request) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// said is the body of an answer, which must have the status.
func said(t testing.TB, resp *http.Response, status int) string {
	t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != status {
		t.Errorf("got status %d, want %d: %s", resp.StatusCode, status, body)
	}
	return strings.TrimSpace(string(body))
}

// refused wants an error of the status in one clear line that has the text.
func refused(t testing.TB, resp *http.Response, status int, text string) {
	t.Helper()
	body := said(t, resp, status)
	var e errorBody
	if err := json.Unmarshal([]byte(body), &e); err != nil || e.Error == "" ||
		strings.Contains(e.Error, "\n") {
		t.Errorf("got %q, want {\"error\": ...} in one line", body)
	}
	if !strings.Contains(e.Error, text) {
		t.Errorf("got error %q, want one with %q", e.Error, text)
	}
	if strings.Contains(body, `\u00`) {
		t.Errorf("got %s, want letters that people read", body)
	}
}

// decodeJSON reads an answer's JSON.
func decodeJSON[T any](t testing.TB, body string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return v
}

// sized is a PNG file of so many pixels.
func sized(t testing.TB, w, h int) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewGray(image.Rect(0, 0, w, h))); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}
