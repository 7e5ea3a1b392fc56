package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/sync/errgroup"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/serve"
	"github.com/flowerctl/flowerctl/infer/serve/systemd"
)

// logger writes lines of text, or of JSON.
func (o *serveOptions) logger(c *shell.Call) *slog.Logger {
	if o.jsonLog {
		return slog.New(slog.NewJSONHandler(c.Log, nil))
	}
	return slog.New(slog.NewTextHandler(c.Log, nil))
}

// listen opens the sockets that the flags name, and says whether systemd passed some.
func (o *serveOptions) listen(loader *serve.Loader, log *slog.Logger) (l serve.Listeners,
	passed bool, err error) {
	if o.tlsCert != "" {
		files := serve.Certificates{Cert: o.tlsCert, Key: o.tlsKey, ClientCA: o.tlsClientCA, Log: log}
		if l.TLS, err = files.Config(); err != nil {
			return l, false, err
		}
	}
	if o.controlAddr != "" {
		keys, err := serve.OpenKeys(o.ctrlKeys, log)
		if err != nil {
			return l, false, err
		}
		l.ControlHandler = loader.Control(keys)
	}
	// A socket that systemd opened is in place of the address.
	l.HTTP, l.GRPC, err = systemd.Sockets()
	passed = l.HTTP != nil || l.GRPC != nil
	for _, at := range []struct {
		flag, address string
		to            *net.Listener
	}{{"addr", o.addr, &l.HTTP}, {"grpc-addr", o.grpcAddr, &l.GRPC},
		{"control-addr", o.controlAddr, &l.Control}, {"pprof-addr", o.pprofAddr, &l.Pprof}} {
		if err == nil && at.address != "" && *at.to == nil {
			*at.to, err = shell.Listen(at.flag, at.address, "")
		}
	}
	return l, passed, err
}

// answer runs the server, whose models the loader reads, until c's context ends. Clients of
// sockets that were passed wait until the models answer: there is nobody else who could
// tell them that they do not yet.
func (o *serveOptions) answer(c *shell.Call, server *serve.Server, loader *serve.Loader,
	listeners serve.Listeners, passed bool) error {
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	defer signal.Stop(again)
	ctx, cancel := context.WithCancel(c.Ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	ready := make(chan struct{})
	group.Go(func() error {
		defer cancel()
		if passed {
			<-ready
		}
		return server.Run(ctx, listeners)
	})
	group.Go(func() error {
		err := loader.Reload(ctx)
		close(ready)
		if err != nil {
			return err
		}
		o.greet(c, listeners)
		group.Go(func() error { return systemd.Follow(ctx, func() { server.Ready() }) })
		return loader.Follow(ctx, again, o.watch)
	})
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// greet says where the server answers.
func (o *serveOptions) greet(c *shell.Call, l serve.Listeners) {
	scheme := "http"
	if l.TLS != nil {
		scheme = "https"
	}
	if l.HTTP != nil {
		c.Say("serving on %s://%s", scheme, l.HTTP.Addr())
	}
	if l.GRPC != nil {
		c.Say("serving gRPC on %s", l.GRPC.Addr())
	}
}
