package serve

import (
	"context"
	"crypto/rand"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// route is what a path and a method do.
type route struct {
	method, path string
	open         bool // without a key
	serve        func(w http.ResponseWriter, r *http.Request) error
}

// routes are all of them.
func (s *Server) routes() []route {
	routes := []route{
		{"GET", "/", true, s.page},
		{"GET", "/openapi.yaml", true, s.description},
		{"POST", "/predict", false, s.predict},
		{"GET", "/labels", false, s.labels},
		{"GET", "/model", false, s.model},
		{"GET", "/metrics", false, plainly(s.metrics.handler())},
	}
	explain := noExplanations
	if s.options.Explain {
		explain = s.explain
	}
	routes = append(routes, route{"POST", "/explain", false, explain})
	return append(routes, s.inferenceRoutes()...)
}

// plainly is a handler whose errors are its own.
func plainly(h http.Handler) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		h.ServeHTTP(w, r)
		return nil
	}
}

// newMux makes one handler of the routes.
func (s *Server) newMux() http.Handler {
	paths := map[string]map[string]route{}
	for _, r := range s.routes() {
		if paths[r.path] == nil {
			paths[r.path] = map[string]route{}
		}
		paths[r.path][r.method] = r
	}
	mux := http.NewServeMux()
	for path, methods := range paths {
		pattern := path
		if path == "/" {
			pattern = "/{$}" // and nothing below it
		}
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			s.dispatch(w, r, path, methods)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.dispatch(w, r, "other", nil)
	})
	return mux
}

// ServeHTTP answers a request. A trailing slash of its path counts for nothing.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.front.ServeHTTP(w, r) }

// trimmed answers a request whose path may have a trailing slash.
func (s *Server) trimmed(w http.ResponseWriter, r *http.Request) {
	if path := r.URL.Path; len(path) > 1 && strings.HasSuffix(path, "/") {
		u := *r.URL
		u.Path, u.RawPath = strings.TrimSuffix(path, "/"), strings.TrimSuffix(u.RawPath, "/")
		copied := *r
		copied.URL = &u
		r = &copied
	}
	s.mux.ServeHTTP(w, r)
}

// exchange is a request on its way, for the log.
type exchange struct {
	id       string
	client   string // the name of its key, or its address
	model    string
	pictures int
}

type exchangeKey struct{}

// exchangeOf is the exchange of a request that this server wrapped.
func exchangeOf(ctx context.Context) *exchange {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return e
	}
	return new(exchange)
}

// dispatch answers a request of a path, and counts and logs it.
func (s *Server) dispatch(w http.ResponseWriter, r *http.Request, path string,
	methods map[string]route) {
	start := time.Now()
	e := &exchange{id: requestID(r.Header.Get("X-Request-Id")), client: address(r.RemoteAddr)}
	h := w.Header()
	h.Set("X-Request-Id", e.id)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	nameSpan(r.Context(), method(r.Method), path, e.id)
	readUntil(w, r, start.Add(s.options.Limits.Timeout))
	counted := &statusWriter{ResponseWriter: w, ending: &s.draining}
	err := s.handle(counted, r.WithContext(context.WithValue(r.Context(), exchangeKey{}, e)), methods)
	status := counted.status
	if err != nil {
		told := asError(err)
		status = told.Status
		if status == http.StatusInternalServerError {
			s.log.Error("request failed", "id", e.id, "error", err)
		}
		if counted.status == 0 {
			writeError(counted, told)
		}
	}
	took := time.Since(start)
	s.metrics.request(path, strconv.Itoa(status), took)
	s.log.Info("request", "id", e.id, "client", e.client, "method", method(r.Method), "route", path,
		"status", status,
		"seconds", took.Seconds(), "model", e.model, "pictures", e.pictures, "error", text(err))
}

// handle answers a request, or says why not.
func (s *Server) handle(w http.ResponseWriter, r *http.Request, methods map[string]route) error {
	name := r.Method
	if name == http.MethodHead {
		name = http.MethodGet
	}
	rt, ok := methods[name]
	switch {
	case methods == nil:
		return errorf(http.StatusNotFound, "nothing is at %s", r.URL.Path)
	case !ok:
		allowed := slices.Sorted(maps.Keys(methods))
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		return errorf(http.StatusMethodNotAllowed, "got method %s, want %s", method(r.Method),
			strings.Join(allowed, " or "))
	}
	if s.options.Keys != nil && !rt.open {
		client, ok := s.options.Keys.client(r.Header.Get("Authorization"), r.Header.Get("X-Api-Key"))
		if !ok {
			w.Header().Set("WWW-Authenticate", "Bearer")
			return errorf(http.StatusUnauthorized,
				"no such key: want Authorization: Bearer KEY, or X-Api-Key: KEY")
		}
		exchangeOf(r.Context()).client = client
	}
	ctx, cancel, err := s.deadline(r)
	if err != nil {
		return err
	}
	defer cancel()
	if at, ok := ctx.Deadline(); ok {
		readUntil(w, r, at)
	}
	return rt.serve(w, r.WithContext(ctx))
}

// statusWriter remembers the status, and says that a connection is to be used no more
// when the server ends.
type statusWriter struct {
	http.ResponseWriter
	status int
	ending *atomic.Bool
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		if w.status = status; w.ending.Load() {
			w.Header().Set("Connection", "close")
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(p []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// requestID is the client's own name for a request where it is fit for a header and
// the log, else a new one.
func requestID(given string) string {
	if given == "" || len(given) > 64 || strings.ContainsFunc(given, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' ||
			r == '_' || r == '.')
	}) {
		return rand.Text()
	}
	return given
}

// address is a client's, without its port.
func address(remote string) string {
	if host, _, err := net.SplitHostPort(remote); err == nil {
		return host
	}
	return remote
}

// method is a method as the log and errors say it.
func method(name string) string {
	if len(name) > 10 {
		return "other"
	}
	return oneLine(name)
}

// text is an error's, for the log.
func text(err error) string {
	if err == nil {
		return ""
	}
	return oneLine(err.Error())
}
