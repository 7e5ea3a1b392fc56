package serve

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// idleGrace is for how long a connection without a request is kept open after a server
// has begun to drain. A request that comes within that time is answered, and the answer
// says that the connection ends: a client never writes into one that was closed. It is a
// variable for tests.
//
// http.Server.Shutdown alone closes what is idle at once, and with it requests that are
// on their way, which clients see as a reset connection.
var idleGrace = 2 * time.Second

// pause is a variable for tests.
var pause = time.Sleep

// emptied is a listener that, when it is stopped, still hands out the connections that
// wait in the system's queue: closing a socket resets them.
type emptied struct {
	net.Listener
	mu   sync.Mutex
	rest []net.Conn
}

// Accept returns the next connection; after stop, those that waited, and then an error.
func (l *emptied) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err == nil {
		return conn, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) == 0 {
		return nil, err
	}
	conn, l.rest = l.rest[0], l.rest[1:]
	return conn, nil
}

// stop closes the listener after it has taken what waits.
func (l *emptied) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, waiting(l.Listener)...)
	l.Listener.Close() // its only error is that it is closed already
}

// open counts the connections of a server.
type open struct {
	mu    sync.Mutex
	conns map[net.Conn]bool
	none  chan struct{} // closed when there are none, once somebody waits for it
}

// follow is a http.Server's ConnState.
func (o *open) follow(conn net.Conn, state http.ConnState) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch state {
	case http.StateNew:
		if o.conns == nil {
			o.conns = map[net.Conn]bool{}
		}
		o.conns[conn] = true
	case http.StateClosed, http.StateHijacked:
		delete(o.conns, conn)
		o.tell()
	}
}

// tell closes none where it is time. The lock is held.
func (o *open) tell() {
	if o.none != nil && len(o.conns) == 0 {
		close(o.none)
		o.none = nil
	}
}

// ended is closed when no connection is left. It is called once, when no new ones come.
func (o *open) ended() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	none := make(chan struct{})
	o.none = none
	o.tell()
	return none
}

// webServer is an HTTP server on its listener.
type webServer struct {
	*http.Server
	at    *emptied
	conns open
	done  chan struct{} // closed when no new connections come
}

// serve answers until the listener is stopped.
func (w *webServer) serve(secure bool) error {
	defer close(w.done)
	if secure {
		return w.ServeTLS(w.at, "", "")
	}
	return w.Serve(w.at)
}

// drain takes the connections that wait and no others, answers on each for as long as
// its client goes on, or idleGrace, and returns when all have ended. When ctx ends the
// rest are closed.
func (w *webServer) drain(ctx context.Context) {
	go w.at.stop()
	select {
	case <-w.done:
	case <-ctx.Done():
		// Another process that has the socket too has made it block: it cannot be closed while
		// a thread waits in accept. Requests were answered; the rest ends with the process.
		return
	}
	grace := time.NewTimer(idleGrace)
	defer grace.Stop()
	select {
	case <-w.conns.ended():
	case <-grace.C:
	case <-ctx.Done():
	}
	if w.Shutdown(ctx) != nil {
		w.Close() // the deadline has passed
	}
}
