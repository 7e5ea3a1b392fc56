package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sync/errgroup"

	"github.com/flowerctl/flowerctl/infer/serve"
)

type serveOptions struct {
	modelFlags
	models                                       cli.StringSlice
	repository, versions                         string
	watch, explain, jsonLog                      bool
	addr, grpcAddr, controlAddr, pprofAddr       string
	tlsCert, tlsKey, tlsClientCA, keys, ctrlKeys string
	maxBatch, maxQueue, maxPictures, maxPixels   int
	maxBody, maxTensorBody                       int64
	rate                                         float64
	maxWait, timeout                             time.Duration
}

func (o *serveOptions) flags() []cli.Flag {
	own := []cli.Flag{
		&cli.StringSliceFlag{Name: "model", Usage: "ONNX `FILE`, several times for several; else $" +
			envModel + ", else model.onnx here, else the one built in", Destination: &o.models},
		&cli.StringFlag{Name: "repository", Usage: "serve the models of `DIR`: NAME/VERSION/model.onnx",
			Destination: &o.repository},
		&cli.StringFlag{Name: "versions", Value: "latest",
			Usage: "of a repository's models: `latest`, all, or numbers as 1,3", Destination: &o.versions},
		&cli.BoolFlag{Name: "watch",
			Usage: "load models again when their files change; SIGHUP does it too", Destination: &o.watch},
		&cli.StringFlag{Name: "addr", Value: "127.0.0.1:8080", Usage: "`HOST:PORT` of HTTP",
			Destination: &o.addr},
		&cli.StringFlag{Name: "grpc-addr", Usage: "`HOST:PORT` of gRPC; off unless given",
			Destination: &o.grpcAddr},
		&cli.BoolFlag{Name: "explain", Usage: "turn on /explain, which draws what an answer rests on",
			Destination: &o.explain},
		&cli.StringFlag{Name: "api-keys",
			Usage: "let in only who shows a key of `FILE`: a name and a key, or sha256:HASH, a line", Destination: &o.keys},
		&cli.StringFlag{Name: "tls-cert",
			Usage: "PEM `FILE` of the certificate; read again when it changes", Destination: &o.tlsCert},
		&cli.StringFlag{Name: "tls-key", Usage: "PEM `FILE` of its key", Destination: &o.tlsKey},
		&cli.StringFlag{Name: "tls-client-ca",
			Usage: "PEM `FILE` of authorities whose certificate clients must show", Destination: &o.tlsClientCA},
		&cli.IntFlag{Name: "max-batch",
			Usage: "`N` pictures a run of the network; 0 means 8 on the CPU, 32 on CUDA", Destination: &o.maxBatch},
		&cli.DurationFlag{Name: "max-wait", Usage: "`TIME` that a free worker waits for a full batch",
			Destination: &o.maxWait},
		&cli.Int64Flag{Name: "max-body", Value: 20, Usage: "`MIB` of a body of pictures",
			Destination: &o.maxBody},
		&cli.Int64Flag{Name: "max-tensor-body", Value: 64,
			Usage: "`MIB` of a body of tensors, and of a message of gRPC", Destination: &o.maxTensorBody},
		&cli.IntFlag{Name: "max-pixels", Value: 40, Usage: "`MILLIONS` of pixels of a picture",
			Destination: &o.maxPixels},
		&cli.IntFlag{Name: "max-pictures", Value: 128, Usage: "`N` pictures in a request",
			Destination: &o.maxPictures},
		&cli.IntFlag{Name: "max-queue", Value: 256,
			Usage: "`N` pictures that wait, by model, before requests are refused", Destination: &o.maxQueue},
		&cli.Float64Flag{Name: "rate",
			Usage: "`N` pictures a second for each key, or address without keys; 0 means no limit", Destination: &o.rate},
		&cli.DurationFlag{Name: "timeout", Value: 30 * time.Second,
			Usage: "`TIME` within which requests are answered", Destination: &o.timeout},
		&cli.StringFlag{Name: "control-addr",
			Usage: "`HOST:PORT` of the calls that load and unload models; off unless given", Destination: &o.controlAddr},
		&cli.StringFlag{Name: "control-keys", Usage: "`FILE` of the keys for these calls",
			Destination: &o.ctrlKeys},
		&cli.StringFlag{Name: "pprof-addr",
			Usage: "`HOST:PORT` of Go's profiles, on this machine alone; off unless given", Destination: &o.pprofAddr},
		&cli.BoolFlag{Name: "json-log", Usage: "log as JSON, one object a line", Destination: &o.jsonLog},
	}
	return append(own, slices.DeleteFunc(o.modelFlags.flags(), func(f cli.Flag) bool {
		return slices.Contains([]string{"model", "precision"}, f.Names()[0])
	})...)
}

func serveCommand() *cli.Command {
	o := new(serveOptions)
	return &cli.Command{
		Name:  "serve",
		Usage: "answer over HTTP and gRPC",
		Description: `Pictures in, labels out: POST /predict takes a picture, or a form of many. Clients
of the Open Inference Protocol v2 (KServe, Triton) find it at /v2 and over gRPC.
SIGHUP reads the models again; SIGTERM or Ctrl-C answers what is there and ends.

  flowerctl serve
  flowerctl serve --model model.onnx --grpc-addr 127.0.0.1:8081
  flowerctl serve --repository models/ --watch --api-keys keys.txt
  curl -F image=@rose.jpg localhost:8080/predict
  curl --data-binary @rose.jpg 'localhost:8080/predict?top=3'`,
		Flags:  o.flags(),
		Action: action(o.run),
	}
}

func (o *serveOptions) run(c *call) error {
	if err := o.validate(c); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(c.log, nil))
	if o.jsonLog {
		log = slog.New(slog.NewJSONHandler(c.log, nil))
	}
	options, err := o.options(log)
	if err != nil {
		return err
	}
	server := serve.New(options)
	loader, err := o.loader(c, server)
	if err != nil {
		return err
	}
	listeners, err := o.listen(loader, log)
	if err != nil {
		return err
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, syscall.SIGHUP)
	defer signal.Stop(again)
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		defer cancel()
		return server.Run(ctx, listeners)
	})
	group.Go(func() error {
		if err := loader.Reload(ctx); err != nil {
			return err
		}
		o.greet(c, listeners)
		return loader.Follow(ctx, again, o.watch)
	})
	if err := group.Wait(); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}
