package main

import (
	"errors"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/choose"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/serve"
	"github.com/flowerctl/flowerctl/infer/serve/tracing"
)

type serveOptions struct {
	choose.Flags
	models                                        cli.StringSlice
	repository, versions                          string
	watch, explain, tritonMetrics, jsonLog, check bool
	addr, grpcAddr, controlAddr, pprofAddr        string
	tlsCert, tlsKey, tlsClientCA, keys, ctrlKeys  string
	maxBatch, maxQueue, maxPictures, maxPixels    int
	maxBody, maxTensorBody                        int64
	rate                                          float64
	maxWait, timeout, grace                       time.Duration
}

func (o *serveOptions) flags() []cli.Flag {
	own := []cli.Flag{
		&cli.StringSliceFlag{Name: "model", Usage: "ONNX `FILE`, or NAME=FILE, several times for " +
			"several; else $" +
			shell.EnvModel + ", else model.onnx here, else the one built in", Destination: &o.models},
		shell.TextFlag(&o.repository, "repository", "",
			"serve the models of `DIR`: NAME/VERSION/model.onnx"),
		shell.TextFlag(&o.versions, "versions", "latest",
			"of a repository's models: `latest`, all, or numbers as 1,3"),
		shell.BoolFlag(&o.watch, "watch",
			"load models again when their files change; SIGHUP does it too"),
		shell.TextFlag(&o.addr, "addr", "127.0.0.1:8080", "`HOST:PORT` of HTTP"),
		shell.TextFlag(&o.grpcAddr, "grpc-addr", "", "`HOST:PORT` of gRPC; off unless given"),
		shell.BoolFlag(&o.explain, "explain", "turn on /explain, which draws what an answer rests on"),
		shell.TextFlag(&o.keys, "api-keys", "",
			"let in only who shows a key of `FILE`: a name and a key, or sha256:HASH, a line"),
		shell.TextFlag(&o.tlsCert, "tls-cert", "",
			"PEM `FILE` of the certificate; read again when it changes"),
		shell.TextFlag(&o.tlsKey, "tls-key", "", "PEM `FILE` of its key"),
		shell.TextFlag(&o.tlsClientCA, "tls-client-ca", "",
			"PEM `FILE` of authorities whose certificate clients must show"),
		shell.IntFlag(&o.maxBatch, "max-batch", 0,
			"`N` pictures a run of the network; 0 means 8 on the CPU, 32 on CUDA"),
		shell.DurationFlag(&o.maxWait, "max-wait", 0, "`TIME` that a free worker waits for a full batch"),
		&cli.Int64Flag{Name: "max-body", Value: 20, Usage: "`MIB` of a body of pictures",
			Destination: &o.maxBody},
		&cli.Int64Flag{Name: "max-tensor-body", Value: 64,
			Usage: "`MIB` of a body of tensors, and of a message of gRPC", Destination: &o.maxTensorBody},
		shell.IntFlag(&o.maxPixels, "max-pixels", 40, "`MILLIONS` of pixels of a picture"),
		shell.IntFlag(&o.maxPictures, "max-pictures", 128, "`N` pictures in a request"),
		shell.IntFlag(&o.maxQueue, "max-queue", 256,
			"`N` pictures that wait, by model, before requests are refused"),
		shell.FloatFlag(&o.rate, "rate", 0,
			"`N` pictures a second for each key, or address without keys; 0 means no limit"),
		shell.DurationFlag(&o.timeout, "timeout", 30*time.Second,
			"`TIME` within which requests are answered"),
		shell.DurationFlag(&o.grace, "grace", 0, "`TIME` for which a server that ends, and says that "+
			"it is not ready, still takes requests"),
		shell.BoolFlag(&o.tritonMetrics, "triton-metrics", "add Triton's nv_inference_* to /metrics"),
		shell.TextFlag(&o.controlAddr, "control-addr", "",
			"`HOST:PORT` of the calls that load and unload models; off unless given"),
		shell.TextFlag(&o.ctrlKeys, "control-keys", "", "`FILE` of the keys for these calls"),
		shell.TextFlag(&o.pprofAddr, "pprof-addr", "",
			"`HOST:PORT` of Go's profiles, on this machine alone; off unless given"),
		shell.BoolFlag(&o.check, "check", "ask the server at --addr whether it is ready, and end"),
		shell.BoolFlag(&o.jsonLog, "json-log", "log as JSON, one object a line"),
	}
	return append(own, slices.DeleteFunc(o.Flags.List(), func(f cli.Flag) bool {
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
		Action: shell.Action(o.run),
	}
}

func (o *serveOptions) run(c *shell.Call) error {
	if err := o.validate(c); err != nil {
		return err
	}
	if o.check {
		return serve.Check(c.Ctx, o.addr, o.tlsCert != "")
	}
	log := o.logger(c)
	options, err := o.options(log)
	if err != nil {
		return err
	}
	tracer, flush, err := tracing.Start(c.Ctx, "flowerctl", version)
	if err != nil {
		return err
	}
	options.Tracer = tracer
	server := serve.New(options)
	loader, err := o.loader(c, server)
	if err != nil {
		return err
	}
	listeners, passed, err := o.listen(loader, log)
	if err != nil {
		return err
	}
	return errors.Join(o.answer(c, server, loader, listeners, passed), flush())
}
