package serve

import (
	_ "embed"
	"net/http"
	"strconv"
)

// openapiFile describes every route.
//
//go:embed openapi.yaml
var openapiFile string

// description answers with what the routes take and give, for programs.
func (s *Server) description(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/yaml")
	w.Header().Set("Content-Length", strconv.Itoa(len(openapiFile)))
	w.Write([]byte(openapiFile)) // a client that went away does not hear of it
	return nil
}
