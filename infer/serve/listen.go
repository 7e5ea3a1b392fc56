package serve

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"runtime"
	"time"

	"google.golang.org/grpc/credentials"
)

// Listeners are where a server answers; those that are nil are not there.
type Listeners struct {
	HTTP    net.Listener
	GRPC    net.Listener
	Control net.Listener // with ControlHandler
	Pprof   net.Listener // must be a loopback address
	// TLS is for HTTP, GRPC and Control; nil means none.
	TLS *tls.Config
	// ControlHandler is [Loader.Control]'s.
	ControlHandler http.Handler
}

// Run answers until ctx ends. Then it says that it is not ready, and after
// [Options.Grace] takes no more connections. Requests on those that are there, which end
// with their next answer, are answered, no longer than their deadlines; then the models
// are closed. It returns the first error of a listener.
func (s *Server) Run(ctx context.Context, l Listeners) error {
	if l.Pprof != nil {
		if a, ok := l.Pprof.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
			return fmt.Errorf("pprof on %s: want a loopback address, since it shows the memory",
				l.Pprof.Addr())
		}
	}
	if s.options.Alone {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(s.threads()))
		defer reserve()()
	}
	defer s.Close()
	wanted := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var stops []func(context.Context)
	start := func(at net.Listener, h http.Handler, secure bool) {
		if at == nil {
			return
		}
		server := s.webServer(h, at)
		secure = secure && l.TLS != nil
		if secure {
			server.TLSConfig = l.TLS.Clone()
		}
		go func() { cancel(server.serve(secure)) }()
		stops = append(stops, server.drain)
	}
	start(l.HTTP, s, true)
	start(l.Control, l.ControlHandler, true)
	start(l.Pprof, pprofHandler(), false)
	if l.GRPC != nil {
		var creds credentials.TransportCredentials
		if l.TLS != nil {
			creds = credentials.NewTLS(l.TLS)
		}
		server := &callServer{Server: s.GRPC(creds), at: &emptied{Listener: l.GRPC},
			done: make(chan struct{})}
		go func() { cancel(server.serve()) }()
		stops = append(stops, server.drain)
	}
	<-ctx.Done()
	s.draining.Store(true)
	s.log.Info("draining")
	if wanted.Err() != nil { // and no listener has failed
		pause(s.options.Grace)
	}
	s.drain(stops)
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) &&
		!errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// drain ends the listeners, together.
func (s *Server) drain(stops []func(context.Context)) {
	const besides = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(),
		s.options.Limits.Timeout+idleGrace+besides)
	defer cancel()
	done := make(chan struct{})
	for _, stop := range stops {
		go func() {
			defer func() { done <- struct{}{} }()
			stop(ctx)
		}()
	}
	for range stops {
		<-done
	}
	s.log.Info("ended")
}

func (s *Server) webServer(h http.Handler, at net.Listener) *webServer {
	const headers = 64 << 10
	w := &webServer{at: &emptied{Listener: at}, done: make(chan struct{})}
	w.Server = &http.Server{Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout,
		// A client that does not send its request, or does not read its answer, holds its
		// connection no longer than that.
		ReadTimeout:  s.options.Limits.Timeout + headerTimeout,
		WriteTimeout: 2*s.options.Limits.Timeout + headerTimeout, MaxHeaderBytes: headers,
		ConnState: w.conns.follow,
		ErrorLog:  slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	return w
}

// pprofHandler shows what the process does, under /debug/pprof/.
func pprofHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
