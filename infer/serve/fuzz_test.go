package serve

import (
	"encoding/json"
	"flag"
	"net/http"
	"strconv"
	"testing"
	"time"
)

// promptly wants a call to take no more than a second while go test -fuzz looks for inputs,
// at one of three tries: the machine may have had something else to do. Where the seeds are
// run as tests it only calls.
func promptly(t *testing.T, call func()) {
	t.Helper()
	const limit = time.Second
	for try := 1; ; try++ {
		start := time.Now()
		call()
		took := time.Since(start)
		if took <= limit || flag.Lookup("test.fuzzworker").Value.String() != "true" {
			return
		}
		if try == 3 {
			t.Fatalf("took %v three times", took)
		}
	}
}

// answersPlainly wants an answer that is none of a broken server: 200, or 4xx with
// one line of JSON.
func answersPlainly(t *testing.T, h http.Handler, r *http.Request) {
	t.Helper()
	resp := answerTo(h, r)
	if resp.StatusCode == http.StatusOK {
		return
	}
	body := said(t, resp, resp.StatusCode)
	var e errorBody
	if resp.StatusCode < 400 || resp.StatusCode > 499 || json.Unmarshal([]byte(body), &e) != nil ||
		e.Error == "" {
		t.Errorf("got status %d: %q", resp.StatusCode, body)
	}
}

func fuzzed() http.Handler {
	return Handler(newColourist(), Options{Limits: Limits{PictureBody: 1 << 16, TensorBody: 1 << 16,
		Pixels: 10_000, Pictures: 4}})
}

func FuzzInferJSON(f *testing.F) {
	h := fuzzed()
	f.Add([]byte(`{"id":"1","inputs":[{"name":"image","datatype":"UINT8","shape":[1,1,2,3],"data":[[[[1,2,3],[4,5,6]]]]}]}`))
	f.Add([]byte(`{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["aGVsbG8="]}],"outputs":[{"name":"probabilities","parameters":{"classification":2,"binary_data":true}}]}`))
	f.Add([]byte(`{"parameters":{"binary_data_output":true},"inputs":[{"name":"image","datatype":"BYTES","shape":[-1],"data":[["x"]]}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		promptly(t, func() { answersPlainly(t, h, sent("POST", inferPath, body)) })
	})
}

func FuzzInferBinary(f *testing.F) {
	h := fuzzed()
	f.Add(`{"inputs":[{"name":"image","datatype":"UINT8","shape":[1,1,2,3],"parameters":{"binary_data_size":6}}]}`, []byte("\x01\x02\x03\x04\x05\x06"), "")
	f.Add(`{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":8}}]}`, framed([]byte("GIF8")), "")
	f.Add("", painted(f, red), "0")
	f.Fuzz(func(t *testing.T, head string, rest []byte, length string) {
		if length == "" {
			length = strconv.Itoa(len(head))
		}
		promptly(t, func() {
			r := sent("POST", inferPath, append([]byte(head), rest...))
			r.Header[headLength] = []string{length}
			answersPlainly(t, h, r)
		})
	})
}

func FuzzPredict(f *testing.F) {
	h := fuzzed()
	body, kind := parts(f, painted(f, red), []byte("x"))
	f.Add(body, kind)
	f.Add(painted(f, green), "image/png")
	f.Add([]byte("--b\r\n\r\n\r\n--b--"), "multipart/mixed; boundary=b")
	f.Fuzz(func(t *testing.T, body []byte, kind string) {
		promptly(t, func() {
			r := sent("POST", "/predict", body)
			r.Header["Content-Type"] = []string{kind}
			answersPlainly(t, h, r)
		})
	})
}
