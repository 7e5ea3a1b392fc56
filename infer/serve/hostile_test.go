package serve

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/flowerctl/flowerctl/infer/serve/inference"
)

// bombPNG is a small file that says it has so many pixels.
func bombPNG(w, h uint32) []byte {
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32([]byte("IHDR"), w), h)
	head = append(head, 8, 2, 0, 0, 0)
	file := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), head...)
	return binary.BigEndian.AppendUint32(file, crc32.ChecksumIEEE(head))
}

// bombGIF says that of itself.
func bombGIF(w, h uint16) []byte {
	file := binary.LittleEndian.AppendUint16([]byte("GIF89a"), w)
	return append(binary.LittleEndian.AppendUint16(file, h), 0, 0, 0)
}

// zipped is a small body that inflates to many zeros.
func zipped(t *testing.T) []byte {
	t.Helper()
	var body bytes.Buffer
	w := gzip.NewWriter(&body)
	if _, err := w.Write(make([]byte, 16<<20)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return body.Bytes()
}

// hostile is a request that should never have been sent.
type hostile struct {
	name, path string
	body       []byte
	headers    []string
	status     int
}

func hostilePictures(t *testing.T) []hostile {
	png := painted(t, red)
	gif := "GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\xff\xff\xff\xff\x00\x02"
	manyParts := []byte(strings.Repeat("--b\r\nContent-Disposition: form-data; name=\"image\"\r\n\r\nx\r\n",
		10_000) + "--b--\r\n")
	form := []string{"Content-Type", "multipart/form-data; boundary=b"}
	plain := []hostile{
		{"nothing", "/predict", nil, nil, 400},
		{"no picture", "/predict", []byte("hello"), nil, 415},
		{"zeros", "/predict", make([]byte, 10_000), nil, 415},
		{"a signature alone", "/predict", []byte("\x89PNG\r\n\x1a\n"), nil, 422},
		{"half a picture", "/predict", png[:len(png)/2], nil, 422},
		{"a PNG bomb", "/predict", bombPNG(100_000, 100_000), nil, 413},
		{"a PNG of 2^31 a side", "/predict", bombPNG(1<<31-1, 1<<31-1), nil, 413},
		{"a PNG of 2^32-1 a side", "/predict", bombPNG(1<<32-1, 1<<32-1), nil, 0},
		{"a PNG of no pixels", "/predict", bombPNG(0, 0), nil, 0},
		{"a GIF bomb", "/predict", bombGIF(65535, 65535), nil, 413},
		{"a GIF with a frame outside", "/predict", []byte(gif), nil, 422},
		{"a BMP with a negative size", "/predict", []byte("BM\xff\xff\xff\x7f\x00\x00\x00\x00\x36\x00\x00\x00\x28\x00\x00\x00\x00\x00\x00\x80\x00\x00\x00\x80\x01\x00\x18\x00"), nil, 0},
		{"a TIFF whose directory is itself", "/predict", []byte("II*\x00\x08\x00\x00\x00\x01\x00\x08\x00\x00\x00\x08\x00\x00\x00"), nil, 0},
		{"a WebP of nothing", "/predict", []byte("RIFF\xff\xff\xff\xffWEBPVP8 \xff\xff\xff\xff"), nil, 0},
		{"a JPEG of nothing", "/predict", []byte("\xff\xd8\xff\xd9"), nil, 0},
		{"SVG", "/predict", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>`), nil, 415},
		{"gzip", "/predict", zipped(t), []string{"Content-Encoding", "gzip"}, 415},
		{"gzip without saying so", "/predict", zipped(t), nil, 415},
		{"br", "/predict", png, []string{"Content-Encoding", "br"}, 415},
		{"gzip in gzip", "/predict", zipped(t), []string{"Content-Encoding", "gzip, gzip"}, 415},
		{"a large body", "/predict", make([]byte, 1<<20+1), nil, 413},
		{"10,000 parts", "/predict", manyParts, form, 413},
		{"no parts", "/predict", []byte("--b--\r\n"), form, 400},
		{"parts without an end", "/predict", []byte("--b\r\n\r\nx"), form, 400},
		{"a part of endless headers", "/predict", []byte("--b\r\n" + strings.Repeat("A: b\r\n", 50_000)), form, 400},
		{"no boundary", "/predict", png, []string{"Content-Type", "multipart/form-data"}, 400},
		{"a long boundary", "/predict", png, []string{"Content-Type", "multipart/form-data; boundary=" + strings.Repeat("b", 9000)}, 400},
		{"top below 1", "/predict?top=-5", png, nil, 400},
		{"a huge top", "/predict?top=99999999999999999999", png, nil, 400},
		{"a probability that is none", "/predict?min-confidence=NaN", png, nil, 400},
		{"an infinite probability", "/predict?min-confidence=Inf", png, nil, 400},
		{"another folder", "/predict?model=../../etc/passwd", png, nil, 404},
		{"a version that is a path", "/predict?version=../1", png, nil, 404},
		{"a class that is none", "/explain?class=-1", png, nil, 400},
		{"another route's parameter", "/explain?top=1", png, nil, 400},
		{"an endless deadline", "/predict", png, []string{timeoutHeader, "1e999"}, 400},
		{"a deadline before now", "/predict", png, []string{timeoutHeader, "-1"}, 400},
	}
	return plain
}

func hostileTensors(t *testing.T) []hostile {
	input := func(rest string) []byte {
		return []byte(`{"inputs":[{"name":"image",` + rest + `}]}`)
	}
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	raw := func(head string, rest []byte, length string) hostile {
		if length == "" {
			length = fmt.Sprint(len(head))
		}
		return hostile{"", inferPath, append([]byte(head), rest...), []string{headLength, length}, 400}
	}
	list := []hostile{
		{"no JSON", "", []byte("hello"), nil, 400},
		{"JSON that ends early", "", []byte(`{"inputs":[`), nil, 400},
		{"deep JSON", "", []byte(deep(200_000)), nil, 400},
		{"deep data", "", input(`"datatype":"UINT8","shape":[1,1,1,3],"data":` + deep(9_000)), nil, 400},
		{"deep parameters", "", []byte(`{"parameters":` + strings.Repeat(`{"a":`, 100_000) + `1`), nil, 400},
		{"a list", "", []byte(`[]`), nil, 400},
		{"null", "", []byte(`null`), nil, 400},
		{"no inputs", "", []byte(`{"inputs":[]}`), nil, 400},
		{"1,000 inputs", "", []byte(`{"inputs":[` + strings.Repeat(`{},`, 999) + `{}]}`), nil, 400},
		{"a negative size", "", input(`"datatype":"BYTES","shape":[-1],"data":["aGk="]`), nil, 400},
		{"a size of 2^63", "", input(`"datatype":"BYTES","shape":[9223372036854775808],"data":[]`), nil, 400},
		{"a size of 2^63-1", "", input(`"datatype":"BYTES","shape":[9223372036854775807],"data":[]`), nil, 413},
		{"no sizes", "", input(`"datatype":"BYTES","shape":[],"data":[]`), nil, 400},
		{"1,000 sizes", "", input(`"datatype":"BYTES","shape":[` + strings.Repeat("1,", 999) + `1],"data":[]`), nil, 400},
		{"sizes whose product is small again", "", input(`"datatype":"UINT8","shape":[1,4294967296,4294967296,3],"data":[]`), nil, 413},
		{"2^62 pictures of nothing", "", input(`"datatype":"UINT8","shape":[4611686018427387904,1,4,3],"data":[]`), nil, 413},
		{"no pixels", "", input(`"datatype":"UINT8","shape":[1,0,0,3],"data":[]`), nil, 400},
		{"pixels below 0", "", input(`"datatype":"UINT8","shape":[1,1,1,3],"data":[-1,0,0]`), nil, 400},
		{"pixels of 1e999", "", input(`"datatype":"UINT8","shape":[1,1,1,3],"data":[1e999,0,0]`), nil, 400},
		{"base64 that is none", "", input(`"datatype":"BYTES","shape":[1],"data":["%%%"]`), nil, 400},
		{"a bomb in base64", "", input(`"datatype":"BYTES","shape":[1],"data":["` + base64.StdEncoding.EncodeToString(bombPNG(60_000, 60_000)) + `"]`), nil, 413},
		{"another type", "", input(`"datatype":"FP32","shape":[1],"data":[1]`), nil, 400},
		{"a type that is long", "", input(`"datatype":"` + strings.Repeat("x\\n", 50_000) + `","shape":[1],"data":[1]`), nil, 400},
		{"an output a million times", "", input(`"datatype":"BYTES","shape":[1],"data":["aGk="]}],"outputs":[` + strings.Repeat(`{"name":"probabilities"},`, 20_000) + `{"name":"x"`), nil, 400},
		raw(`{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":4294967295}}]}`, []byte("x"), ""),
		raw(`{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":4}}]}`, []byte("\xff\xff\xff\xff"), ""),
		raw(`{"inputs":[{"name":"image","datatype":"UINT8","shape":[1,1,1,3],"parameters":{"binary_data_size":2}}]}`, []byte("xy"), ""),
		raw(`{}`, []byte("xy"), ""),
		raw(`{}`, nil, "3"),
		raw(`{}`, nil, "-1"),
		raw(`{}`, nil, "18446744073709551616"),
		raw("", nil, "0"),
	}
	for i := range list {
		list[i].path = inferPath
		if list[i].name == "" {
			list[i].name = fmt.Sprintf("binary data %d", i)
		}
	}
	return list
}

func TestHostileRequests(t *testing.T) {
	s := served(t, newColourist(), Options{Explain: true,
		Limits: Limits{PictureBody: 1 << 20, TensorBody: 1 << 20, Pictures: 8}})
	all := append(hostilePictures(t), hostileTensors(t)...)
	if len(all) < 60 {
		t.Fatalf("%d requests, want 60", len(all))
	}
	for _, h := range all {
		t.Run(h.name, func(t *testing.T) {
			start := time.Now()
			resp := answerTo(s, sent("POST", h.path, h.body, h.headers...))
			if h.status == 0 { // which of the 4xx is the decoder's affair
				if h.status = resp.StatusCode; h.status < 400 || h.status > 499 {
					t.Fatalf("got status %d", h.status)
				}
			}
			refused(t, resp, h.status, "")
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
	said(t, answerTo(s, sent("POST", "/predict", painted(t, red))), 200)
	bodiesAreBack(t, s, s.options.Limits.Bodies)
}

// bodiesAreBack waits until so many bytes may be held again: a body is given back after
// its answer, by the goroutine that worked on it.
func bodiesAreBack(t *testing.T, s *Server, want int64) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		s.bodies.mu.Lock()
		left := s.bodies.left
		s.bodies.mu.Unlock()
		if left == want {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d bytes of bodies may be held, want %d", left, want)
		}
	}
}

// TestHostileConnections sends what no client of HTTP would.
func TestHostileConnections(t *testing.T) {
	s := served(t, newColourist(), Options{Limits: Limits{Timeout: 200 * time.Millisecond}})
	l := loopback(t)
	server := s.webServer(s, l)
	go server.serve(false)
	t.Cleanup(func() { server.Close() })
	for name, c := range map[string]struct {
		text, pause string
		status      int
	}{
		"a body that comes slowly":  {"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n", "x", 408},
		"chunks that come slowly":   {"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\r\n", 408},
		"a chunk of no length":      {"POST /predict HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "", 400},
		"two lengths":               {"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx", "", 400},
		"a negative length":         {"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "", 400},
		"a length of 2^63":          {"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9223372036854775808\r\n\r\n", "", 400},
		"a length that is too much": {"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 9223372036854775807\r\n\r\n", "", 413},
		"endless headers":           {"GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("A: "+strings.Repeat("b", 1000)+"\r\n", 100) + "\r\n", "", 431},
		"no HTTP":                   {"\x16\x03\x01\x02\x00\x01\r\n\r\n", "", 400},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			go func() {
				io.WriteString(conn, c.text)
				for c.pause != "" {
					time.Sleep(20 * time.Millisecond)
					if _, err := io.WriteString(conn, c.pause); err != nil {
						return
					}
				}
			}()
			conn.SetReadDeadline(time.Now().Add(20 * time.Second))
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != c.status {
				t.Errorf("got status %d, want %d", resp.StatusCode, c.status)
			}
		})
	}
}

func TestHostileCalls(t *testing.T) {
	client := inference.NewGRPCInferenceServiceClient(connected(t,
		served(t, newColourist(), Options{Limits: Limits{Pictures: 8, TensorBody: 1 << 20}})))
	change := func(with func(*inference.ModelInferRequest)) *inference.ModelInferRequest {
		r := asked(painted(t, red))
		with(r)
		return r
	}
	type request = inference.ModelInferRequest
	for name, r := range map[string]*request{
		"nothing":         {},
		"no model":        change(func(r *request) { r.ModelName = "" }),
		"another folder":  change(func(r *request) { r.ModelName = "../model" }),
		"no inputs":       change(func(r *request) { r.Inputs = nil }),
		"a negative size": change(func(r *request) { r.Inputs[0].Shape[0] = -1 }),
		"a huge size":     change(func(r *request) { r.Inputs[0].Shape[0] = 1 << 62 }),
		"1,000 sizes":     change(func(r *request) { r.Inputs[0].Shape = make([]int64, 1000) }),
		"a bomb": change(func(r *request) {
			r.Inputs[0].Contents.BytesContents[0] = bombPNG(60_000, 60_000)
		}),
		"raw and typed": change(func(r *request) { r.RawInputContents = [][]byte{{1}} }),
		"a short length": change(func(r *request) {
			r.Inputs[0].Contents, r.RawInputContents = nil, [][]byte{{1, 0}}
		}),
		"a long length": change(func(r *request) {
			r.Inputs[0].Contents, r.RawInputContents = nil, [][]byte{{255, 255, 255, 255}}
		}),
		"10,000 pictures": change(func(r *request) {
			r.Inputs[0].Contents.BytesContents = make([][]byte, 10_000)
		}),
		"pixels above 255": change(func(r *request) {
			r.Inputs[0].Datatype, r.Inputs[0].Shape = "UINT8", []int64{1, 1, 1, 3}
			r.Inputs[0].Contents = &inference.InferTensorContents{UintContents: []uint32{1, 2, 1 << 31}}
		}),
		"a large message": change(func(r *request) { r.Inputs[0].Contents.BytesContents[0] = make([]byte, 3<<20) }),
	} {
		_, err := client.ModelInfer(t.Context(), r)
		switch code := status.Code(err); code {
		case codes.InvalidArgument, codes.NotFound, codes.ResourceExhausted:
		default:
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := client.ModelInfer(t.Context(), asked(painted(t, red))); err != nil {
		t.Error(err)
	}
}

// FuzzInferMessage answers messages of gRPC as they are on the wire.
func FuzzInferMessage(f *testing.F) {
	s := served(f, newColourist(), Options{Limits: Limits{TensorBody: 1 << 16, Pixels: 10_000,
		Pictures: 4}})
	service := &inferenceService{s: s}
	for _, r := range []*inference.ModelInferRequest{asked(painted(f, red)), asked(nil, nil)} {
		data, err := proto.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add(protowire.AppendTag(nil, 5, protowire.BytesType))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := new(inference.ModelInferRequest)
		if proto.Unmarshal(data, r) != nil {
			return // gRPC refuses it
		}
		promptly(t, func() {
			if _, err := service.ModelInfer(t.Context(), r); err != nil && asError(err).Status >= 500 {
				t.Errorf("got %v", err)
			}
		})
	})
}
