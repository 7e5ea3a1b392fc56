// Package observe lets others see how far a long job is: Prometheus over HTTP, and
// TensorBoard from files. What fails there never ends the job. Start at [Training] and
// [Predicting].
package observe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
)

// flag is the name of the flag that all jobs with metrics have.
const flag = "metrics-addr"

// Flag is --metrics-addr; note says where it counts.
func Flag(to *string, note string) cli.Flag {
	return shell.TextFlag(to, flag, "",
		note+"`HOST:PORT` of metrics for Prometheus, while the job runs; without HOST 127.0.0.1, "+
			"port 0 takes a free one")
}

// listen opens the address that the user gave.
func listen(address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, shell.Fail(shell.Usagef("--%s: got %q, want HOST:PORT", flag, address),
			"--"+flag+" 127.0.0.1:9100")
	}
	if host == "" {
		host = "127.0.0.1"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	var bad *net.AddrError
	var unknown *net.DNSError
	switch {
	case errors.As(err, &bad):
		return nil, shell.Usagef("--%s: got %q, want HOST:PORT: %s", flag, address, bad.Err)
	case errors.As(err, &unknown):
		return nil, shell.Usagef("--%s: got %q, want HOST:PORT: %s", flag, address, unknown.Err)
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, shell.Fail(fmt.Errorf("--%s: %s: address already in use", flag, address),
			"port 0 takes a free one")
	case err != nil:
		var system *os.SyscallError
		if errors.As(err, &system) {
			err = system.Err
		}
		return nil, fmt.Errorf("--%s: %s: %w", flag, address, err)
	}
	return l, nil
}

// serve answers /metrics with what the collectors tell, until stop, and says where.
// Without the flag there are no metrics.
func serve(c *shell.Call, address string, all ...prometheus.Collector) (stop func(), err error) {
	if address == "" && !c.Given(flag) {
		return func() {}, nil
	}
	l, err := listen(address)
	if err != nil {
		return nil, err
	}
	return answer(c, l, all...), nil
}

// answer is serve on an open address.
func answer(c *shell.Call, l net.Listener, all ...prometheus.Collector) (stop func()) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(append(all, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))...)
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	const patience = 10 * time.Second
	server := &http.Server{Handler: mux, ReadTimeout: patience, WriteTimeout: patience,
		IdleTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0)}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	c.Say("metrics on http://%s/metrics", l.Addr())
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(ctx) != nil {
			server.Close()
		}
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			c.Say("--%s: there were no metrics after an error: %s", flag, shell.OneLine(err))
		}
	}
}
