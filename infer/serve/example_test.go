package serve_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/flowerctl/flowerctl/fixtures/drawn"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/ort/install"
	"github.com/flowerctl/flowerctl/infer/serve"
)

// A classifier answers under /flowers/ of a server that does other things too.
func ExampleHandler() {
	library, err := install.Find(install.BuildCPU)
	if err == nil {
		_, err = ort.Load(library)
	}
	if err != nil {
		fmt.Println(err) // flowerctl runtime install
		return
	}
	classifier, err := infer.New(drawn.Model(), infer.Options{Many: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer classifier.Close()

	mux := http.NewServeMux()
	mux.Handle("/flowers/", http.StripPrefix("/flowers", serve.Handler(classifier, serve.Options{})))

	server := httptest.NewServer(mux)
	defer server.Close()
	resp, err := http.Get(server.URL + "/flowers/labels")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Print(string(body), err)
	// Output:
	// {"model":"model","version":"1","labels":["daisy","dandelion","rose","sunflower","tulip"]}
	// <nil>
}
