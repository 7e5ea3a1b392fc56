// Package download reads what a URL answers, with time limits that suit large
// files: a server must answer soon, and then may take as long as it wants as long
// as something arrives. It imports no other package of this module, so that training and
// inference alike can use it. Start at [File] and [Get].
package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Limits are how long a server may take; all of them must be set.
type Limits struct {
	Connect time.Duration // for the connection, and again for TLS
	Header  time.Duration // from the request to the answer's header
	Stall   time.Duration // between two bytes
}

// Get asks for url from the byte at on: a server that knows ranges answers
// [http.StatusPartialContent] when at is not 0. The body must be closed. A read
// from it fails with the cause when ctx ends, and when nothing arrives for too
// long. Proxies are those that the environment names.
func Get(ctx context.Context, url string, at int64, l Limits) (*http.Response, error) {
	header := http.Header{}
	if at > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", at))
	}
	return GetWith(ctx, url, header, l)
}

// GetWith is Get with a header of the request's own.
func GetWith(ctx context.Context, url string, header http.Header,
	l Limits) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	request.Header = header
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.DialContext = (&net.Dialer{Timeout: l.Connect}).DialContext
	transport.TLSHandshakeTimeout = l.Connect
	transport.ResponseHeaderTimeout = l.Header
	transport.DisableKeepAlives = true
	response, err := (&http.Client{Transport: transport}).Do(request)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	stall := time.AfterFunc(l.Stall, func() {
		cancel(fmt.Errorf("%s: nothing arrived for %v", request.URL.Redacted(), l.Stall))
	})
	response.Body = &body{response.Body, ctx, cancel, stall, l.Stall}
	return response, nil
}

// body puts the stall timer off whenever something arrives.
type body struct {
	io.ReadCloser
	ctx     context.Context
	cancel  context.CancelCauseFunc
	stall   *time.Timer
	patient time.Duration
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if n > 0 {
		b.stall.Reset(b.patient)
	}
	if err != nil && !errors.Is(err, io.EOF) && context.Cause(b.ctx) != nil {
		err = context.Cause(b.ctx)
	}
	return n, err
}

func (b *body) Close() error {
	b.stall.Stop()
	defer b.cancel(nil)
	return b.ReadCloser.Close()
}

// Progress is r, telling f how many bytes of total are there, beginning with done.
// It is r itself where f is nil.
func Progress(r io.Reader, done, total int64, f func(done, total int64)) io.Reader {
	if f == nil {
		return r
	}
	return &counted{r, done, total, f}
}

type counted struct {
	r           io.Reader
	done, total int64
	tell        func(done, total int64)
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.done += int64(n); n > 0 {
		c.tell(c.done, c.total)
	}
	return n, err
}
