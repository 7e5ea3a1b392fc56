package serve

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// budget bounds the bytes of bodies that are held at a time.
type budget struct {
	mu   sync.Mutex
	left int64
}

func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n > b.left {
		return false
	}
	b.left -= n
	return true
}

func (b *budget) give(n int64) {
	b.mu.Lock()
	b.left += n
	b.mu.Unlock()
}

// readBody reads a request's body of at most limit bytes. release says that nothing
// holds it any more.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request, limit int64) (body []byte,
	release func(), err error) {
	if err := checkEncoding(r); err != nil {
		return nil, nil, err
	}
	if r.ContentLength > limit {
		return nil, nil, errorf(statusTooLarge, "the body has %d bytes, at most %d are read",
			r.ContentLength, limit)
	}
	body, release, err = s.readAll(http.MaxBytesReader(w, r.Body, limit), max(0, r.ContentLength))
	if err == nil {
		// Else the connection, which is watched from now on, would seem to break.
		setReadDeadline(w, time.Time{})
	}
	return body, release, err
}

// readAll reads what r holds, about size bytes of it, within the budget.
func (s *Server) readAll(r io.Reader, size int64) (body []byte, release func(), err error) {
	var held int64
	var buffer []byte
	release = sync.OnceFunc(func() {
		s.buffers.give(buffer)
		s.bodies.give(held)
	})
	defer func() {
		if err != nil {
			release()
			body, release = nil, nil
		}
	}()
	const first = 64 << 10
	for room := min(size+1, 1<<20); ; room = max(first, 2*int64(cap(body))) {
		room, _ = bufferSize(room)
		// The bytes that are there are copied, and both buffers are held meanwhile.
		if !s.bodies.take(room) {
			return nil, release, busy(errBodies.Error())
		}
		body = append(s.buffers.take(room), body...)
		s.buffers.give(buffer)
		s.bodies.give(held)
		buffer, held = body, room
		for len(body) < cap(body) {
			n, err := r.Read(body[len(body):cap(body)])
			body = body[:len(body)+n]
			if err == io.EOF {
				return body, release, nil
			}
			if err != nil {
				return nil, release, bodyError(err)
			}
		}
	}
}

// bodyError is what is wrong with a body that does not come.
func bodyError(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		return errorf(http.StatusRequestTimeout, "the body did not come within the deadline")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return badf("the body is shorter than its headers say")
	}
	return badf("the body cannot be read")
}

// checkEncoding refuses compressed bodies: pictures are compressed already, and a
// small body could inflate to a large one.
func checkEncoding(r *http.Request) error {
	encoding := r.Header.Get("Content-Encoding")
	if encoding == "" || strings.EqualFold(encoding, "identity") {
		return nil
	}
	return errorf(statusMediaType,
		"Content-Encoding: got %s, want none: compressed bodies are not read", encoding)
}

// readUntil makes reading the body of a request end at that time. It must be set even
// for bodies that nobody reads: before net/http answers, it reads what is left of one.
func readUntil(w http.ResponseWriter, r *http.Request, at time.Time) {
	if r.Body != nil && r.Body != http.NoBody {
		setReadDeadline(w, at)
	}
}

// setReadDeadline does nothing where there is no connection, as in tests.
func setReadDeadline(w http.ResponseWriter, at time.Time) {
	http.NewResponseController(w).SetReadDeadline(at)
}

// timeoutHeader is where clients say how long they wait.
const timeoutHeader = "X-Request-Timeout"

// deadline is the context of a request that ends when the client has waited for as
// long as it wanted to, in seconds or as 500ms, or for as long as the server lets it.
func (s *Server) deadline(r *http.Request) (context.Context, context.CancelFunc, error) {
	timeout := s.options.Limits.Timeout
	if given := r.Header.Values(timeoutHeader); len(given) > 0 {
		asked, err := parseTimeout(given[0])
		if err != nil {
			return nil, nil, err
		}
		timeout = min(timeout, asked)
	}
	ctx, cancel := context.WithTimeout(r.Context(), timeout)
	return ctx, cancel, nil
}

func parseTimeout(text string) (time.Duration, error) {
	const longest = 24 * time.Hour
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds > 0 {
		return time.Duration(min(seconds, longest.Seconds()) * float64(time.Second)), nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return d, nil
	}
	return 0, badf("%s: got %q, want seconds above 0, or a number with ms or s", timeoutHeader, text)
}

// rates limits the pictures a second of each client.
type rates struct {
	limit rate.Limit // 0: none
	burst int

	mu      sync.Mutex
	clients map[string]*rate.Limiter
}

func newRates(perSecond float64, pictures int) *rates {
	return &rates{limit: rate.Limit(perSecond), burst: max(pictures, int(perSecond)),
		clients: map[string]*rate.Limiter{}}
}

// mostClients is how many clients are remembered. When there are more, those that
// have not been here for a while are forgotten.
const mostClients = 10_000

// allow takes n pictures from what a client may still ask.
func (r *rates) allow(client string, n int) error {
	if r.limit <= 0 {
		return nil
	}
	now := time.Now()
	r.mu.Lock()
	l := r.clients[client]
	if l == nil {
		if len(r.clients) >= mostClients {
			r.forget(now)
		}
		l = rate.NewLimiter(r.limit, r.burst)
		r.clients[client] = l
	}
	r.mu.Unlock()
	reserved := l.ReserveN(now, n)
	if wait := reserved.DelayFrom(now); !reserved.OK() || wait > 0 {
		reserved.CancelAt(now)
		return &Error{Status: http.StatusTooManyRequests, RetryAfter: max(wait, time.Second),
			Text: "too many pictures a second"}
	}
	return nil
}

// forget drops the clients that may ask for as much as new ones, and all of them
// where there are none such.
func (r *rates) forget(now time.Time) {
	for client, l := range r.clients {
		if l.TokensAt(now) >= float64(r.burst) {
			delete(r.clients, client)
		}
	}
	if len(r.clients) >= mostClients {
		clear(r.clients)
	}
}
