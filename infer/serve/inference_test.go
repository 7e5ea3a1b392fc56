package serve

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

const inferPath = "/v2/models/model/infer"

// framed puts a length before each picture, as BYTES in binary form have it.
func framed(pictures ...[]byte) (raw []byte) {
	for _, p := range pictures {
		raw = append(binary.LittleEndian.AppendUint32(raw, uint32(len(p))), p...)
	}
	return raw
}

// binaryRequest is JSON with what follows, and the headers that say so.
func binaryRequest(head string, rest []byte) *http.Request {
	return sent("POST", inferPath, append([]byte(head), rest...), headLength, strconv.Itoa(len(head)))
}

// numbers are float32s in binary form.
func numbers(t *testing.T, raw []byte) (values []float32) {
	t.Helper()
	if len(raw)%4 != 0 {
		t.Fatalf("got %d bytes of float32s", len(raw))
	}
	for i := 0; i < len(raw); i += 4 {
		values = append(values, math.Float32frombits(binary.LittleEndian.Uint32(raw[i:])))
	}
	return values
}

func TestServerMetadata(t *testing.T) {
	h := Handler(newColourist(), Options{Version: "1.2"})
	for path, body := range map[string]string{
		"/v2":                               `{"name":"flowerctl","version":"1.2","extensions":["binary_tensor_data","classification","statistics","model_configuration"]}`,
		"/v2/":                              `{"name":"flowerctl","version":"1.2","extensions":["binary_tensor_data","classification","statistics","model_configuration"]}`,
		"/v2/health/live":                   `{"live":true}`,
		"/v2/health/ready/":                 `{"ready":true}`,
		"/v2/models/model/ready":            `{"name":"model","ready":true}`,
		"/v2/models/model/versions/1":       metadataOfModel,
		"/v2/models/model/":                 metadataOfModel,
		"/v2/models/model/config":           `{"name":"model","platform":"onnxruntime_onnx","backend":"onnxruntime","max_batch_size":0,"input":[{"name":"image","data_type":"TYPE_STRING","dims":[-1]}],"output":[{"name":"probabilities","data_type":"TYPE_FP32","dims":[-1,3]}]}`,
		"/v2/models/model/versions/1/ready": `{"name":"model","ready":true}`,
	} {
		want(t, said(t, answerTo(h, sent("GET", path, nil)), 200), body)
	}
	index := `[{"name":"model","version":"1","state":"READY"}]`
	want(t, said(t, answerTo(h, sent("POST", "/v2/repository/index", nil)), 200), index)
	want(t, said(t, answerTo(h, sent("POST", "/v2/repository/index", []byte(`{"ready":true}`))),
		200), index)
	refused(t, answerTo(h, sent("POST", "/v2/repository/index", []byte(`[`))), 400, "want {}")
	refused(t, answerTo(h, sent("GET", "/v2/models/other", nil)), 404, `no model "other"`)
	refused(t, answerTo(h, sent("GET", "/v2/models/model/versions/2/ready", nil)), 404,
		`no version "2"`)
}

const metadataOfModel = `{"name":"model","versions":["1"],"platform":"onnxruntime_onnx",` +
	`"inputs":[{"name":"image","datatype":"BYTES","shape":[-1]}],` +
	`"outputs":[{"name":"probabilities","datatype":"FP32","shape":[-1,3]}]}`

func TestPicturesAsJSONAndBinaryGiveTheSameBits(t *testing.T) {
	h := Handler(newColourist(), Options{})
	pictures := [][]byte{painted(t, red), painted(t, blue)}
	texts, err := json.Marshal(pictures) // base64
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{`[2,1],"data":[[%s],[%s]]`, `[2],"data":[[%s,%s]]`} {
		body := `{"inputs":[{"name":"image","datatype":"BYTES","shape":` +
			fmt.Sprintf(form, mustJSON(t, pictures[0]), mustJSON(t, pictures[1])) + `}]}`
		r := decodeJSON[inferResponse](t, said(t, answerTo(h, sent("POST", inferPath, []byte(body))), 200))
		want(t, fmt.Sprint(r.Outputs[0].Shape), "[2 3]")
	}
	asJSON := fmt.Sprintf(`{"id":"7","inputs":[{"name":"image","datatype":"BYTES","shape":[2],"data":%s}]}`, texts)
	r := decodeJSON[inferResponse](t, said(t, answerTo(h, sent("POST", inferPath, []byte(asJSON))),
		200))
	want(t, r.Model+r.Version+r.ID, "model17")
	plain := decodeJSON[[]float32](t, string(r.Outputs[0].Data))

	raw := framed(pictures...)
	head := fmt.Sprintf(`{"inputs":[{"name":"image","datatype":"BYTES","shape":[2,1],"parameters":{"binary_data_size":%d}}],`+
		`"outputs":[{"name":"probabilities","parameters":{"binary_data":true}}]}`, len(raw))
	resp := answerTo(h, binaryRequest(head, raw))
	want(t, resp.Header.Get("Content-Type"), "application/octet-stream")
	body := said(t, resp, 200)
	n, err := strconv.Atoi(resp.Header.Get(headLength))
	if err != nil {
		t.Fatal(err)
	}
	r = decodeJSON[inferResponse](t, body[:n])
	if r.Outputs[0].Parameters.Size != 24 {
		t.Errorf("got %d bytes of data, want 24", r.Outputs[0].Parameters.Size)
	}
	want(t, fmt.Sprint(numbers(t, []byte(body[n:]))), fmt.Sprint(plain))

	for i, p := range pictures {
		single := answerTo(h, sent("POST", inferPath, p, headLength, "0"))
		want(t, single.Header.Get("Content-Type"), "application/json")
		got := decodeJSON[inferResponse](t, said(t, single, 200))
		want(t, string(got.Outputs[0].Data), mustJSON(t, plain[3*i:3*i+3]))
		single = answerTo(h, sent("POST", inferPath, p, headLength, "0", "Accept",
			"application/octet-stream"))
		want(t, single.Header.Get("Content-Type"), "application/octet-stream")
	}
}

func mustJSON[T any](t *testing.T, v T) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPixelsAsJSONAndBinary(t *testing.T) {
	h := Handler(newColourist(), Options{})
	flat := "255,0,0, 255,0,0"
	for _, data := range []string{"[" + flat + "]", "[[[[255,0,0],[255,0,0]]]]",
		"[ [[ [255 ,0,0] ,\n[255,0,0]]]]"} {
		body := fmt.Sprintf(`{"inputs":[{"name":"image","datatype":"UINT8","shape":[1,1,2,3],"data":%s}]}`, data)
		r := decodeJSON[inferResponse](t, said(t, answerTo(h, sent("POST", inferPath, []byte(body))),
			200))
		want(t, string(r.Outputs[0].Data), "[0.99224806,0.003875969,0.003875969]")
	}
	pixels := bytes.Repeat([]byte{0, 0, 255}, 2*5*6)
	head := `{"parameters":{"binary_data_output":true},"inputs":[{"name":"image","datatype":"UINT8","shape":[2,5,6,3],"parameters":{"binary_data_size":180}}]}`
	resp := answerTo(h, binaryRequest(head, pixels))
	body := said(t, resp, 200)
	n, _ := strconv.Atoi(resp.Header.Get(headLength))
	if got := numbers(t, []byte(body[n:])); len(got) != 6 || got[2] < 0.9 || got[5] < 0.9 {
		t.Errorf("got %v, want two pictures in blue", got)
	}
}

func TestClassification(t *testing.T) {
	h := Handler(newColourist(), Options{})
	head := `{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["` + base64.StdEncoding.EncodeToString(painted(t, green)) +
		`"]}],"outputs":[{"name":"probabilities","parameters":{"classification":2}}]}`
	r := decodeJSON[inferResponse](t, said(t, answerTo(h, sent("POST", inferPath, []byte(head))), 200))
	want(t, string(r.Outputs[0].Data), `["0.992248:1:green","0.003876:0:red"]`)
	want(t, r.Outputs[0].Datatype+fmt.Sprint(r.Outputs[0].Shape), "BYTES[1 2]")
}

func TestStatisticsCountRequests(t *testing.T) {
	h := Handler(newColourist(), Options{})
	said(t, answerTo(h, sent("POST", inferPath, painted(t, red), headLength, "0")), 200)
	for _, path := range []string{"/v2/models/stats", "/v2/models/model/stats",
		"/v2/models/model/versions/1/stats"} {
		got := decodeJSON[modelStats](t, said(t, answerTo(h, sent("GET", path, nil)), 200)).Models[0]
		if got.Inferences != 1 || got.Executions != 1 || got.Inference.Success.Count != 1 ||
			got.Last == 0 ||
			len(got.Batches) != 1 || got.Batches[0].Size != 1 || got.Inference.Queue.Count != 1 {
			t.Errorf("%s: got %+v", path, got)
		}
	}
	refused(t, answerTo(h, sent("GET", "/v2/models/other/stats", nil)), 404, `no model "other"`)
}

func TestWhatIsWrongWithATensor(t *testing.T) {
	h := Handler(newColourist(), Options{Limits: Limits{TensorBody: 1 << 16, Pictures: 3}})
	picture := base64.StdEncoding.EncodeToString(painted(t, red))
	input := func(rest string) string { return `{"inputs":[{"name":"image",` + rest + `}]}` }
	for _, c := range []struct {
		body   string
		status int
		text   string
	}{
		{``, 400, "not a request in JSON"},
		{`[]`, 400, "not a request in JSON"},
		{`{"inputs":[]}`, 400, "got 0 inputs, want one"},
		{`{"inputs":[{},{}]}`, 400, "got 2 inputs, want one"},
		{`{"id":7}`, 400, "not a request in JSON: id: got number, want a string"},
		{`{"inputs":[{"shape":[1.5]}]}`, 400, "shape: got number 1.5, want a whole number"},
		{`{"inputs":[{"shape":{}}]}`, 400, "inputs.shape: got object, want a list"},
		{`{"inputs":[{"shape":[` + strings.Repeat("1,", 64) + `1]}]}`, 400, "a shape of 65 dimensions"},
		{`{"inputs":7}`, 400, "inputs: got number, want a list"},
		{`{"inputs":[7]}`, 400, "inputs: got number, want an object"},
		{`{"inputs":[` + strings.Repeat(`{},`, mostFields+1) + `{}]}`, 400, "want one input, and 10000 of all at most"},
		{`{"parameters":{` + strings.Repeat(`"":0,`, mostFields+1) + `"":0}}`, 400, "want one input, and 10000 of all at most"},
		{`{"parameters":7}`, 400, "parameters: got number, want an object"},
		{`{"inputs":[{"parameters":{` + strings.Repeat(`"":0,`, mostFields) + `"":0}}]}`, 400,
			"got 10001 parameters, want 10000 at most"},
		{input(`"datatype":"BYTES","shape":[1],"data":[[],[],[],[]]`), 413, "got 4 pictures"},
		{input(`"datatype":"BYTES","shape":[1],"data":null`), 400, "no data"},
		{input(`"datatype":"BYTES","shape":[1,1],"data":[["` + picture + `","` + picture + `"]]`), 400,
			"got 2 elements for shape [1 1]"},
		{input(`"datatype":"BYTES","shape":[1],"data":["` + picture + `"],"parameters":{"shared_memory_region":"r"}`),
			400, "shared memory is neither read nor written"},
		{`{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["` + picture +
			`"]}],"outputs":[{"name":"probabilities","parameters":{"shared_memory_region":"r"}}]}`, 400,
			"shared memory is neither read nor written"},
		{strings.Repeat("[", 20_000), 400, "not a request in JSON"},
		{`{"a":` + strings.Repeat("[", 20_000), 400, "not a request in JSON"},
		{input(`"datatype":"FP32","shape":[1],"data":[1]`), 400, `got type "FP32", want BYTES`},
		{input(`"datatype":"BYTES","shape":[1]`), 400, "no data"},
		{input(`"datatype":"BYTES","shape":[2],"data":["` + picture + `"]`), 400,
			"got 1 elements for shape [2]"},
		{input(`"datatype":"BYTES","shape":[-1],"data":["` + picture + `"]`), 400, "want [N]"},
		{input(`"datatype":"BYTES","shape":[9223372036854775807],"data":[]`), 413, "at most 3"},
		{input(`"datatype":"BYTES","shape":[1e99],"data":[]`), 400, "not a request in JSON"},
		{input(`"datatype":"BYTES","shape":[1],"data":["%%%"]`), 400,
			"inputs[0].data[0]: want a picture in base64"},
		{input(`"datatype":"BYTES","shape":[1],"data":[7]`), 400, "want a list of pictures in base64"},
		{input(`"datatype":"BYTES","shape":[1],"data":[""]`), 400, "element 0 is empty"},
		{input(`"datatype":"BYTES","shape":[1],"data":["aGVsbG8="]`), 415, "not an image"},
		{input(`"datatype":"BYTES","shape":[2],"data":["` + picture + `","aGVsbG8="]`), 415,
			"picture 1: not an image"},
		{input(`"datatype":"BYTES","shape":[4],"data":["","","",""]`), 413, "at most 3"},
		{input(`"datatype":"UINT8","shape":[1,1,1,3],"data":[1,2,256]`), 400,
			"value 2: want a whole number from 0 to 255"},
		{input(`"datatype":"UINT8","shape":[1,1,1,3],"data":[1,2,-1]`), 400, "value 2"},
		{input(`"datatype":"UINT8","shape":[1,1,1,3],"data":[1,2.5,1]`), 400, "value 1"},
		{input(`"datatype":"UINT8","shape":[1,1,1,3],"data":[1,"2",1]`), 400, "value 1"},
		{input(`"datatype":"UINT8","shape":[1,1,1,3],"data":{"a":1}`), 400, "want a list of numbers"},
		{input(`"datatype":"UINT8","shape":[1,1,1,3],"data":[1,2]`), 400,
			"got 2 values for shape [1 1 1 3], want 3"},
		{input(`"datatype":"UINT8","shape":[1,3,1,1],"data":[1,2,3]`), 400, "want [N, H, W, 3]"},
		{input(`"datatype":"UINT8","shape":[1,4294967296,4294967296,3],"data":[1]`), 413,
			"pixels a picture"},
		{input(`"datatype":"UINT8","shape":[1,0,1,3],"data":[]`), 400, "want [N, H, W, 3]"},
		{`{"inputs":[{"name":"x","datatype":"BYTES","shape":[1],"data":["` + picture + `"]}]}`, 400,
			`input "x": model model takes image`},
		{`{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["` + picture +
			`"]}],"outputs":[{"name":"y"}]}`, 400, `output "y": model model has probabilities`},
		{`{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":["` + picture +
			`"]}],"outputs":[{"name":"probabilities","parameters":{"classification":-1}}]}`, 400, "parameter classification"},
		{`{"parameters":{"binary_data_output":1},"inputs":[{}]}`, 400,
			"parameter binary_data_output: want true or false"},
		{strings.Repeat(" ", 1<<16+1), 413, "at most 65536 are read"},
	} {
		refused(t, answerTo(h, sent("POST", inferPath, []byte(c.body))), c.status, c.text)
	}
}

func TestWhatIsWrongWithBinaryData(t *testing.T) {
	h := Handler(newColourist(), Options{Limits: Limits{Pictures: 3}})
	raw := framed(painted(t, red))
	head := func(size string) string {
		return `{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"parameters":{"binary_data_size":` + size + `}}]}`
	}
	refused(t, answerTo(h, binaryRequest(head("5"), raw)), 400, "got binary_data_size 5, but")
	refused(t, answerTo(h, binaryRequest(head("-5"), raw)), 400, "parameter binary_data_size")
	refused(t, answerTo(h, binaryRequest(head("1e30"), raw)), 400, "parameter binary_data_size")
	refused(t, answerTo(h, binaryRequest(head("3"), raw[:3])), 400, "want the 4 of a length")
	refused(t, answerTo(h, binaryRequest(head("8"), []byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})),
		400, "a length of 4294967295, but 4 bytes are left")
	refused(t, answerTo(h, binaryRequest(head("16"), make([]byte, 16))), 413, "more than 3 pictures")
	refused(t, answerTo(h, binaryRequest(`{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":[]}]}`, raw)), 400, "no input has binary_data_size")
	refused(t, answerTo(h, binaryRequest(`{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":[],"parameters":{"binary_data_size":1}}]}`, raw[:1])), 400, "want one of them")
	for _, n := range []string{"-1", "9999", "x", "99999999999999999999"} {
		refused(t, answerTo(h, sent("POST", inferPath, raw, headLength, n)), 400, headLength)
	}
	refused(t, answerTo(h, sent("POST", inferPath, nil, headLength, "0")), 400, "element 0 is empty")
}

func TestCommasOutsideStrings(t *testing.T) {
	for _, c := range []struct {
		text  string
		depth int
		want  int
	}{
		{`[]`, 9, 0}, {`[1,2,3]`, 9, 2}, {`[[1,2],[3,4]]`, 9, 3}, {`[[1,2],[3,4]]`, 1, 1},
		{`{"a,b":"c,d","e":[1,2]}`, 1, 1}, {`["a\",b","\\",",\\\","]`, 9, 2}, {`["a,`, 9, 0}, {`"`, 9, 0},
		{`"\"`, 9, 0}, {``, 9, 0}, {`]],,`, 9, 2},
	} {
		if got := commas([]byte(c.text), c.depth); got != c.want {
			t.Errorf("%s to depth %d: got %d, want %d", c.text, c.depth, got, c.want)
		}
	}
}
