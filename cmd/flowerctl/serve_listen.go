package main

import (
	"log/slog"
	"net"

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

// listen opens the sockets that the flags name.
func (o *serveOptions) listen(loader *serve.Loader, log *slog.Logger) (l serve.Listeners,
	err error) {
	if o.tlsCert != "" {
		files := serve.Certificates{Cert: o.tlsCert, Key: o.tlsKey, ClientCA: o.tlsClientCA, Log: log}
		if l.TLS, err = files.Config(); err != nil {
			return l, err
		}
	}
	if o.controlAddr != "" {
		keys, err := serve.OpenKeys(o.ctrlKeys, log)
		if err != nil {
			return l, err
		}
		l.ControlHandler = loader.Control(keys)
	}
	// A socket that systemd opened is in place of the address.
	l.HTTP, l.GRPC, err = systemd.Sockets()
	for _, at := range []struct {
		address string
		to      *net.Listener
	}{{o.addr, &l.HTTP}, {o.grpcAddr, &l.GRPC}, {o.controlAddr, &l.Control}, {o.pprofAddr, &l.Pprof}} {
		if err == nil && at.address != "" && *at.to == nil {
			*at.to, err = net.Listen("tcp", at.address)
		}
	}
	return l, err
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
