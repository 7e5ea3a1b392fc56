package serve

import (
	"errors"
	"log/slog"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// Server answers for models that come and go. Its methods may be called at the same
// time.
type Server struct {
	options  Options
	log      *slog.Logger
	models   registry
	metrics  *metrics
	images   imageprep.Decoder
	cores    int           // that the process may use
	decoders chan struct{} // a place for each picture that is decoded at a time
	explains chan struct{} // the same for explanations
	bodies   *budget
	buffers  buffers
	rates    *rates
	mux      http.Handler
	front    http.Handler // the mux, in spans where they are wanted
	tracer   trace.Tracer
	retiring sync.WaitGroup
	draining atomic.Bool
}

// New makes a server without models: [Server.Put] adds them.
func New(o Options) *Server {
	o.Limits.complete()
	s := &Server{options: o, log: o.Log, bodies: &budget{left: o.Limits.Bodies},
		rates:    newRates(o.Limits.Rate, o.Limits.Pictures),
		images:   imageprep.Decoder{Pixels: o.Limits.Pixels},
		cores:    runtime.GOMAXPROCS(0),
		explains: make(chan struct{}, 1)}
	s.decoders = make(chan struct{}, s.threads())
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	s.metrics = newMetrics(o.Version, &s.models, o.TritonMetrics)
	s.mux, s.tracer = s.newMux(), o.tracer()
	s.front = o.traced(http.HandlerFunc(s.trimmed))
	return s
}

// Handler answers with one classifier, called model, of version 1. The classifier
// stays the caller's: it may be closed when the last request has been answered.
func Handler(c Classifier, o Options) http.Handler {
	m := &Model{Classifier: c}
	if own, ok := c.(*infer.Classifier); ok {
		m = NewModel(own, nil, nil)
	}
	s := New(o)
	s.models.put(s.newVersion("model", "1", m))
	return s
}

// threads is how many threads may run Go, or what Go has called, while the server runs.
func (s *Server) threads() int {
	if s.options.Alone {
		return 2 * s.cores
	}
	return s.cores
}

// Close ends every model when its last request has been answered, and closes the
// classifiers.
func (s *Server) Close() {
	s.models.mu.RLock()
	names := append([]string(nil), s.models.names...)
	s.models.mu.RUnlock()
	for _, name := range names {
		s.Forget(name)
	}
	s.retiring.Wait()
}

// Ready says whether every model answers, and the server is not ending.
func (s *Server) Ready() bool { return s.models.ready() && !s.draining.Load() }

// Errors of bodies and pictures that several routes have.
var errBodies = errors.New("the server holds too many bodies already")

// How long a connection may stay without a request, and take to send its headers.
const (
	idleTimeout   = 2 * time.Minute
	headerTimeout = 10 * time.Second
)
