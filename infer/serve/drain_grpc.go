package serve

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"google.golang.org/grpc"
)

// callServer is a gRPC server on its listener.
type callServer struct {
	*grpc.Server
	at    *emptied
	conns open
	done  chan struct{} // closed when no new connections come
}

// serve answers until the listener is stopped.
func (c *callServer) serve() error {
	defer close(c.done)
	return c.Serve(followed{c.at, &c.conns})
}

// drain is what webServer.drain is, for calls: GracefulStop alone closes connections that
// wait, and those that it has taken and not looked at. A client of one that ends is told
// which of its calls were not taken.
func (c *callServer) drain(ctx context.Context) {
	go c.at.stop()
	select {
	case <-c.done:
	case <-ctx.Done():
		return // see webServer.drain
	}
	grace := time.NewTimer(idleGrace)
	defer grace.Stop()
	select {
	case <-c.conns.ended():
	case <-grace.C:
	case <-ctx.Done():
	}
	defer context.AfterFunc(ctx, c.Stop)()
	c.GracefulStop()
}

// followed is a listener whose connections are counted.
type followed struct {
	net.Listener
	conns *open
}

func (l followed) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.conns.follow(conn, http.StateNew)
	return &followedConn{conn, sync.OnceFunc(func() { l.conns.follow(conn, http.StateClosed) })}, nil
}

type followedConn struct {
	net.Conn
	ended func()
}

func (c *followedConn) Close() error {
	defer c.ended()
	return c.Conn.Close()
}
