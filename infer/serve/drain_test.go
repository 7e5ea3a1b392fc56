package serve

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"
	"time"
)

// posting is a request for the server to read off a connection.
func posting(t *testing.T, picture []byte) []byte {
	t.Helper()
	head := fmt.Sprintf("POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n", len(picture))
	return append([]byte(head), picture...)
}

// client is one connection, and what is read off it.
type client struct {
	net.Conn
	in *bufio.Reader
}

func dialled(t *testing.T, l net.Listener) *client {
	t.Helper()
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &client{conn, bufio.NewReader(conn)}
}

// ask sends a request and wants its answer; closing says what the answer is to say of the
// connection.
func (c *client) ask(t *testing.T, request []byte, closing bool) {
	t.Helper()
	if _, err := c.Write(request); err != nil {
		t.Fatal(err)
	}
	c.answered(t, closing)
}

func (c *client) answered(t *testing.T, closing bool) {
	t.Helper()
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		t.Fatalf("the request was lost: %v", err)
	}
	defer resp.Body.Close()
	said(t, resp, http.StatusOK)
	if resp.Close != closing {
		t.Errorf("the answer says that the connection ends: %v, want %v", resp.Close, closing)
	}
}

// graceful sets for how long idle connections are kept.
func graceful(t *testing.T, grace time.Duration) {
	before := idleGrace
	t.Cleanup(func() { idleGrace = before })
	idleGrace = grace
}

func TestAnIdleConnectionIsNotLostWhenTheServerEnds(t *testing.T) {
	graceful(t, time.Hour) // so that the end shows that nothing waited for it
	s := served(t, newColourist(), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	l := loopback(t)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, Listeners{HTTP: l}) }()
	request := posting(t, painted(t, red))
	idle, fresh, waits := dialled(t, l), dialled(t, l), dialled(t, l)
	idle.ask(t, request, false)
	fresh.ask(t, request, false)
	if _, err := waits.Write(request[:len(request)/2]); err != nil {
		t.Fatal(err)
	}
	cancel()
	for l.(*net.TCPListener).SetDeadline(time.Time{}) == nil { // until nothing listens any more
		time.Sleep(time.Millisecond)
	}
	idle.ask(t, request, true)
	waits.ask(t, request[len(request)/2:], true)
	select {
	case err := <-ended:
		t.Fatalf("the server ended while a connection was open: %v", err)
	default:
	}
	fresh.Close()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestIdleConnectionsAreClosedInTheEnd(t *testing.T) {
	graceful(t, time.Millisecond)
	s := served(t, newColourist(), Options{})
	ctx, cancel := context.WithCancel(t.Context())
	l := loopback(t)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, Listeners{HTTP: l}) }()
	idle := dialled(t, l)
	idle.ask(t, posting(t, painted(t, red)), false)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := idle.in.ReadByte(); err == nil {
		t.Error("the connection is still there")
	}
}

func TestConnectionsThatWaitAreAnswered(t *testing.T) {
	graceful(t, time.Minute)
	s := served(t, newColourist(), Options{})
	l := loopback(t)
	request := posting(t, painted(t, red))
	var clients []*client
	for range 3 {
		c := dialled(t, l)
		if _, err := c.Write(request); err != nil {
			t.Fatal(err)
		}
		clients = append(clients, c)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.draining.Store(true) // as Run does, but before the first connection is accepted
	if err := s.Run(ctx, Listeners{HTTP: l}); err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		c.answered(t, true)
	}
}

func TestGraceTakesRequestsThatComeLate(t *testing.T) {
	s := served(t, newColourist(), Options{Grace: time.Minute})
	l := loopback(t)
	t.Cleanup(func() { pause = time.Sleep })
	pause = func(d time.Duration) {
		if d != time.Minute {
			t.Errorf("got a grace of %v", d)
		}
		dialled(t, l).ask(t, posting(t, painted(t, red)), true)
		said(t, answerTo(s, sent("GET", "/v2/health/ready", nil)), http.StatusServiceUnavailable)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx, Listeners{HTTP: l}); err != nil {
		t.Error(err)
	}
}

func TestListenersThatAreNoSocketsEndToo(t *testing.T) {
	l := &emptied{Listener: nothing{}}
	l.stop()
	if conn, err := l.Accept(); err == nil {
		t.Errorf("got %v", conn)
	}
}

// nothing is a listener without a socket.
type nothing struct{}

func (nothing) Accept() (net.Conn, error) { return nil, net.ErrClosed }
func (nothing) Addr() net.Addr            { return &net.TCPAddr{} }
func (nothing) Close() error              { return nil }
