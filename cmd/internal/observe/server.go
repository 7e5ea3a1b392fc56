// Package observe lets others see how far a long job is: Prometheus over HTTP, and
// TensorBoard from files. What fails there never ends the job. Start at [Training] and
// [Predicting].
package observe

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
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

// serve answers /metrics with what the collectors tell, until stop, and says where.
// Without the flag there are no metrics.
func serve(c *shell.Call, address string, all ...prometheus.Collector) (stop func(), err error) {
	if address == "" && !c.Given(flag) {
		return func() {}, nil
	}
	l, err := shell.Listen(flag, address, "127.0.0.1")
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
