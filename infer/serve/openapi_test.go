package serve

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// openapi is the description, as the test reads it.
type openapi struct {
	Version string `yaml:"openapi"`
	Paths   map[string]map[string]yaml.Node
}

// operation is what a route takes and gives.
type operation struct {
	ID        string `yaml:"operationId"`
	Summary   string
	Security  []map[string][]string
	Responses map[string]yaml.Node
}

// described reads the description, and compiles it for looking up schemas.
func described(t *testing.T) (openapi, *jsonschema.Compiler) {
	t.Helper()
	var o openapi
	var whole map[string]any
	for _, to := range []any{&o, &whole} {
		if err := yaml.Unmarshal([]byte(openapiFile), to); err != nil {
			t.Fatal(err)
		}
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("openapi.json", whole); err != nil {
		t.Fatal(err)
	}
	return o, c
}

// operations are those of a path, by method in capitals.
func (o openapi) operations(t *testing.T, path string) map[string]operation {
	t.Helper()
	all := map[string]operation{}
	for method, node := range o.Paths[path] {
		if method == "parameters" {
			continue
		}
		var op operation
		if err := node.Decode(&op); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		all[strings.ToUpper(method)] = op
	}
	return all
}

func TestEveryRouteIsDescribed(t *testing.T) {
	o, _ := described(t)
	want(t, o.Version, "3.1.0")
	s := New(Options{Explain: true})
	routes, ids := map[string]bool{}, map[string]bool{}
	for _, r := range s.routes() {
		routes[r.method+" "+r.path] = true
		op, ok := o.operations(t, r.path)[r.method]
		if !ok {
			t.Errorf("%s %s is not described", r.method, r.path)
			continue
		}
		if without := op.Security != nil && len(op.Security) == 0; without != r.open {
			t.Errorf("%s %s: open to everyone %v, but the description says %v", r.method, r.path, r.open,
				without)
		}
		if op.ID == "" || ids[op.ID] || op.Summary == "" {
			t.Errorf("%s %s: got the name %q and the summary %q", r.method, r.path, op.ID, op.Summary)
		}
		ids[op.ID] = true
	}
	for path := range o.Paths {
		if strings.Contains(path, "$") {
			t.Errorf("path %s", path)
		}
		for method := range o.operations(t, path) {
			if !routes[method+" "+path] {
				t.Errorf("%s %s is described, and not there", method, path)
			}
		}
	}
	resp := answerTo(s, sent("GET", "/openapi.yaml", nil))
	want(t, resp.Header.Get("Content-Type"), "application/yaml")
	want(t, said(t, resp, 200), strings.TrimSpace(openapiFile))
}

// example is a request whose answer the description must fit.
type example struct {
	method, route, target string
	body                  []byte
	headers               []string
	status                int
}

func examples(t *testing.T) []example {
	picture := painted(t, red)
	form, kind := parts(t, painted(t, green), []byte("no picture"))
	text := base64.StdEncoding.EncodeToString(picture)
	infer := func(rest string) []byte {
		return fmt.Appendf(nil, `{"inputs":[{"name":"image","datatype":"BYTES","shape":[1],"data":[%q]}]%s}`,
			text, rest)
	}
	list := []example{
		{"GET", "/", "/", nil, nil, 200},
		{"GET", "/openapi.yaml", "/openapi.yaml", nil, nil, 200},
		{"GET", "/metrics", "/metrics", nil, nil, 200},
		{"GET", "/labels", "/labels", nil, nil, 200},
		{"GET", "/labels", "/labels?model=none", nil, nil, 404},
		{"GET", "/model", "/model?version=1", nil, nil, 200},
		{"POST", "/predict", "/predict?top=2", picture, nil, 200},
		{"POST", "/predict", "/predict?min-confidence=1", picture, nil, 200},
		{"POST", "/predict", "/predict", form, []string{"Content-Type", kind}, 200},
		{"POST", "/predict", "/predict", []byte("no picture"), nil, 415},
		{"POST", "/predict", "/predict?top=0", picture, nil, 400},
		{"POST", "/explain", "/explain?class=blue", picture, nil, 200},
		{"POST", "/explain", "/explain?class=none", picture, nil, 400},
		{"GET", "/v2", "/v2/", nil, nil, 200},
		{"GET", "/v2/health/live", "/v2/health/live", nil, nil, 200},
		{"GET", "/v2/health/ready", "/v2/health/ready", nil, nil, 200},
		{"POST", "/v2/repository/index", "/v2/repository/index", nil, nil, 200},
		{"POST", "/v2/repository/index", "/v2/repository/index", []byte("no"), nil, 400},
		{"GET", "/v2/models/stats", "/v2/models/stats", nil, nil, 200},
	}
	for _, path := range []string{"/v2/models/{model}", "/v2/models/{model}/versions/{version}"} {
		target := strings.NewReplacer("{model}", "model", "{version}", "1").Replace(path)
		for _, below := range []string{"", "/ready", "/config", "/stats"} {
			list = append(list, example{"GET", path + below, target + below, nil, nil, 200},
				example{"GET", path + below, strings.Replace(target, "model", "none", 1) + below, nil, nil, 404})
		}
		list = append(list,
			example{"POST", path + "/infer", target + "/infer", infer(""), nil, 200},
			example{"POST", path + "/infer", target + "/infer", infer(
				`,"id":"x","outputs":[{"name":"probabilities","parameters":{"classification":2}}]`), nil, 200},
			example{"POST", path + "/infer", target + "/infer", infer(
				`,"parameters":{"binary_data_output":true}`), nil, 200},
			example{"POST", path + "/infer", target + "/infer", picture, []string{headLength, "0"}, 200},
			example{"POST", path + "/infer", target + "/infer", []byte("{}"), nil, 400})
	}
	return list
}

func TestAnswersAreAsDescribed(t *testing.T) {
	o, compiler := described(t)
	s := served(t, newColourist(), Options{Explain: true})
	tried := map[string]bool{}
	for _, e := range examples(t) {
		tried[e.method+" "+e.route] = true
		name := fmt.Sprintf("%s %s", e.method, e.target)
		resp := answerTo(s, sent(e.method, e.target, e.body, e.headers...))
		body := said(t, resp, e.status)
		responses := o.operations(t, e.route)[e.method].Responses
		status := fmt.Sprint(resp.StatusCode)
		if _, ok := responses[status]; !ok {
			status = status[:1] + "XX"
		}
		if _, ok := responses[status]; !ok {
			t.Errorf("%s: the answer %s is none of %v", name, status, slices.Sorted(maps.Keys(responses)))
			continue
		}
		kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		at := fmt.Sprintf("openapi.json#/paths/%s/%s/responses/%s", escaped(e.route),
			strings.ToLower(e.method), status)
		switch {
		case status == "4XX" || status == "5XX":
			at = "openapi.json#/components/schemas/Error"
		default:
			var has struct{ Content map[string]map[string]any }
			node := responses[status]
			if err := node.Decode(&has); err != nil {
				t.Fatal(err)
			}
			content, ok := has.Content[kind]
			if !ok {
				t.Errorf("%s: the answer is %s, which is not described", name, kind)
			}
			if content["schema"] == nil || kind != "application/json" {
				continue
			}
			at += "/content/" + escaped(kind) + "/schema"
		}
		fits(t, compiler, name, at, body)
	}
	for path := range o.Paths {
		for method := range o.operations(t, path) {
			if !tried[method+" "+path] {
				t.Errorf("%s %s: no example", method, path)
			}
		}
	}
}

// escaped is a key in a pointer of JSON that is part of an address.
func escaped(key string) string {
	return strings.NewReplacer("/", "~1", "{", "%7B", "}", "%7D").Replace(key)
}

// fits wants a body that the schema at that place describes.
func fits(t *testing.T, compiler *jsonschema.Compiler, name, at, body string) {
	t.Helper()
	schema, err := compiler.Compile(at)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader([]byte(body)))
	if err == nil {
		err = schema.Validate(value)
	}
	if err != nil {
		t.Errorf("%s: %v\n%s", name, err, body)
	}
}

func TestTheDescriptionNeedsNoKey(t *testing.T) {
	s := served(t, newColourist(), Options{Keys: &Keys{}})
	said(t, answerTo(s, sent(http.MethodGet, "/openapi.yaml", nil)), 200)
	said(t, answerTo(s, sent(http.MethodGet, "/", nil)), 200)
}

// TestWhatSchemathesisFound: requests that the description and the server took
// differently.
func TestWhatSchemathesisFound(t *testing.T) {
	s := served(t, newColourist(), Options{})
	refused(t, answerTo(s, sent("GET", "/labels", nil, timeoutHeader, "")), 400, timeoutHeader)
	said(t, answerTo(s, sent("POST", "/v2/repository/index", []byte(`{"ready":null}`))), 200)
	refused(t, answerTo(s, sent("POST", inferPath,
		[]byte(`{"inputs":[{"name":"image","datatype":"BYTES","shape":[1]}]}`))), 400, "no data")
}
