package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"runtime"
	"slices"

	"github.com/flowerctl/flowerctl/cmd/internal/choose"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export/verify"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/serve"
)

// validate refuses what cannot be meant.
func (o *serveOptions) validate(c *shell.Call) error {
	if err := errors.Join(c.NoFiles("--model"), o.Flags.Check()); err != nil {
		return err
	}
	for _, limit := range []struct {
		flag     string
		got      int64
		least    int64
		greatest int64
	}{
		{"max-batch", int64(o.maxBatch), 0, choose.MaxBatch}, {"max-body", o.maxBody, 1, 1024},
		{"max-tensor-body", o.maxTensorBody, 1, 1024}, {"max-pixels", int64(o.maxPixels), 1, 40},
		{"max-pictures", int64(o.maxPictures), 1, 1 << 20}, {"max-queue", int64(o.maxQueue), 1, 1 << 20},
	} {
		if limit.got < limit.least || limit.got > limit.greatest {
			return shell.Usagef("--%s: got %d, want %d to %d", limit.flag, limit.got, limit.least,
				limit.greatest)
		}
	}
	switch {
	case o.addr == "" && o.grpcAddr == "":
		return shell.Usagef("--addr and --grpc-addr: want one of them at least")
	case o.maxPictures > o.maxQueue:
		return shell.Usagef("--max-pictures: got %d, want at most the %d of --max-queue", o.maxPictures,
			o.maxQueue)
	case !(o.rate >= 0):
		return shell.Usagef("--rate: got %v, want 0 or more", o.rate)
	case o.timeout <= 0:
		return shell.Usagef("--timeout: got %v, want more than 0", o.timeout)
	case o.maxWait < 0 || o.grace < 0:
		return shell.Usagef("--max-wait and --grace: got %v and %v, want 0 or more", o.maxWait, o.grace)
	case (o.tlsCert == "") != (o.tlsKey == ""):
		return shell.Usagef("--tls-cert and --tls-key: want both of them")
	case o.tlsClientCA != "" && o.tlsCert == "":
		return shell.Usagef("--tls-client-ca: without effect, since there is no --tls-cert")
	case o.ctrlKeys != "" && o.controlAddr == "":
		return shell.Usagef("--control-keys: without effect, since there is no --control-addr")
	case o.controlAddr != "" && o.ctrlKeys == "":
		return shell.Usagef("--control-addr: want --control-keys too")
	case c.Given("versions") && o.repository == "":
		return shell.Usagef("--versions: without effect, since there is no --repository")
	}
	return nil
}

// options are the server's.
func (o *serveOptions) options(log *slog.Logger) (serve.Options, error) {
	options := serve.Options{Log: log, Version: version, MaxBatch: o.maxBatch, MaxWait: o.maxWait,
		Grace: o.grace, Alone: true,
		Explain: o.explain, TritonMetrics: o.tritonMetrics,
		Limits: serve.Limits{PictureBody: o.maxBody << 20, TensorBody: o.maxTensorBody << 20,
			Pixels:   o.maxPixels * 1e6,
			Pictures: o.maxPictures, Queue: o.maxQueue, Rate: o.rate, Timeout: o.timeout}}
	var err error
	if o.keys != "" {
		options.Keys, err = serve.OpenKeys(o.keys, log)
	}
	return options, err
}

// loader finds the models that the flags name.
func (o *serveOptions) loader(c *shell.Call, server *serve.Server) (*serve.Loader, error) {
	policy, err := serve.ParsePolicy(o.versions)
	if err != nil {
		return nil, shell.FailWith(shell.ExitUsage, fmt.Errorf("--versions: %w", err))
	}
	cores := runtime.GOMAXPROCS(0) // before Run doubles it
	files := serve.Files{Models: o.models.Value(), Repository: o.repository, Policy: policy,
		Also: slices.DeleteFunc([]string{o.Labels, o.Signed}, func(s string) bool { return s == "" }),
		Open: func(path string, file []byte) (*serve.Model, error) { return o.open(c, path, file, cores) }}
	if len(files.Models) == 0 && o.repository == "" {
		if name := os.Getenv(shell.EnvModel); name != "" {
			files.Models = []string{name}
		} else if _, err := os.Stat("model.onnx"); !errors.Is(err, fs.ErrNotExist) {
			files.Models = []string{"model.onnx"}
		} else {
			files.Builtin = serve.Builtin{Name: "flowers", Path: infer.BuiltinName, File: infer.Builtin()}
		}
	}
	return serve.NewLoader(server, files)
}

// open opens a model as predict does, for many pictures and for one.
func (o *serveOptions) open(c *shell.Call, path string, file []byte, cores int) (*serve.Model, error) {
	m, err := o.Choose(c, &infer.File{Name: path, Data: file, Builtin: path == infer.BuiltinName})
	if err != nil {
		return nil, err
	}
	m.Options.Explain = o.explain
	if o.Threads == 0 {
		m.Options.LoneThreads = cores
	}
	classifier, err := m.Open(c, true)
	if err != nil {
		return nil, err
	}
	report := infer.BuiltinReport()
	if !m.Builtin {
		if report, err = os.ReadFile(verify.ReportPath(path)); err != nil {
			report = nil // the model need not have one
		}
	}
	return serve.NewModel(classifier, file, report), nil
}
