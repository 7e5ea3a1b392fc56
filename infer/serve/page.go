package serve

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
)

// pageFile is the page for people: one file that asks this server and nobody else.
//
//go:embed page.html
var pageFile string

// The one style and the one script of the page may run, and no other.
var pagePolicy = strings.Join([]string{
	"default-src 'none'",
	"script-src '" + hashOf(between(pageFile, "<script>", "</script>")) + "'",
	"style-src '" + hashOf(between(pageFile, "<style>", "</style>")) + "'",
	"img-src blob: data:",
	"connect-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
	"require-trusted-types-for 'script'",
}, "; ")

// hashOf is a text's hash as content policies write it.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// between is the text between the first mark and the next other one.
func between(text, from, to string) string {
	_, text, _ = strings.Cut(text, from)
	text, _, _ = strings.Cut(text, to)
	return text
}

// page answers with the page. It needs no key: it asks for one where there are some.
func (s *Server) page(w http.ResponseWriter, _ *http.Request) error {
	says := map[bool]string{false: "no", true: "yes"}
	text := strings.NewReplacer("{{keys}}", says[s.options.Keys != nil],
		"{{explain}}", says[s.options.Explain]).Replace(pageFile)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	w.Write([]byte(text)) // a client that went away does not hear of it
	return nil
}
