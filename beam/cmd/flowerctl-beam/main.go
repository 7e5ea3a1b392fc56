// The command flowerctl-beam answers for the pictures of a manifest by a pipeline of Apache
// Beam: on Prism in this process, or on the runner that --runner names.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/log"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/x/beamx"

	"github.com/flowerctl/flowerctl/beam/predict"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/shard"
	"github.com/flowerctl/flowerctl/train/permanent"
	"github.com/flowerctl/flowerctl/train/table"
)

const name = "flowerctl-beam"

// The exit codes are flowerctl's.
const (
	exitFailed  = 1
	exitUsage   = 2
	exitNoRetry = 42
)

// The flags of this program; all others are Beam's.
var (
	manifest = flag.String("manifest", "", "the pictures that `FILE` of flowerctl list names")
	out      = flag.String("out", "", "`DIR` of the answers, which all workers share")
	model    = flag.String("model", "", "ONNX `FILE`; else $FLOWERCTL_MODEL, else model.onnx here, "+
		"else the one built in")
	shards = flag.Int("shards", 0, "in `N` shards, which so many workers share at most; "+
		"0 is one for 500 pictures, 1,000 at most")
	batch         = flag.Int("batch", infer.DefaultBatch, "`N` pictures a run of the network")
	top           = flag.Int("top", 1, "`K` most probable classes; of several labels, at most so many")
	minConfidence = flag.Float64("min-confidence", 0,
		"answer \"unknown\" below probability `P`, 0 to 1; of several labels, give each from P on")
	allowChanged = flag.Bool("allow-changed", false,
		"pictures that changed or went since count as unreadable")
	logLevel = flag.String("log-level", "",
		"what Beam logs here: off, debug, info, warn or error (default off on Prism, else info)")
)

// own are the names of the flags above.
var own = []string{"manifest", "out", "model", "shards", "batch", "top", "min-confidence",
	"allow-changed", "log-level"}

// known are the runners of Beam's that have what the pipeline needs, by all their names. The
// direct runner has no state, which GroupIntoBatches takes.
var known = []string{"prism", "flink", "spark", "dataflow", "universal", "portable",
	"PrismRunner", "FlinkRunner", "SparkRunner", "DataflowRunner", "PortableRunner"}

func main() {
	err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		usage(os.Stdout)
		return
	}
	if err == nil {
		begin()
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
		defer stop()
		err = run(ctx)
	}
	os.Exit(tell(err))
}

// usageError is a mistake in how the program was called.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// parse reads the arguments.
func parse(args []string) error {
	flag.CommandLine.Init(name, flag.ContinueOnError)
	flag.CommandLine.SetOutput(io.Discard)
	if err := flag.CommandLine.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return usageError{err}
	}
	if flag.NArg() > 0 {
		return usagef("got %q, want flags only", flag.Arg(0))
	}
	if !slices.Contains([]string{"", "off", "debug", "info", "warn", "error"}, *logLevel) {
		return usagef("--log-level: got %q, want off, debug, info, warn or error", *logLevel)
	}
	return nil
}

// begin starts Beam. In a worker it does not return.
func begin() {
	level := cmp.Or(*logLevel, "info")
	off := level == "off" || *logLevel == "" && strings.HasPrefix(strings.ToLower(runner()), "prism")
	if !off {
		log.LogLevel = level
	}
	beam.Init()
	if off { // an error of a bundle is the command's too
		slog.SetDefault(slog.New(slog.DiscardHandler))
	}
}

func runner() string { return cmp.Or(*runners.Runner, "prism") }

// usage tells this program's flags, and then Beam's.
func usage(w io.Writer) {
	fmt.Fprintf(w, `%s answers for the pictures of a manifest by a pipeline of Apache Beam.

  flowerctl list photos/ --out manifest.jsonl
  %[1]s --manifest manifest.jsonl --out answers/
  %[1]s --manifest manifest.jsonl --out answers/ --runner flink --endpoint localhost:8099

The answers are those of flowerctl predict --manifest, in the same files; flowerctl merge and
status read them. The runner is Prism, in this process, unless --runner says otherwise.

`, name)
	for _, ours := range []bool{true, false} {
		set := flag.NewFlagSet(name, flag.ContinueOnError)
		set.SetOutput(w)
		flag.VisitAll(func(f *flag.Flag) {
			if slices.Contains(own, f.Name) == ours {
				set.Var(f.Value, f.Name, f.Usage)
			}
		})
		if !ours {
			fmt.Fprint(w, "\nBeam's flags:\n\n")
		}
		set.PrintDefaults()
	}
}

// check refuses values that mean nothing.
func check() error {
	switch {
	case *manifest == "":
		return usagef("--manifest FILE is missing")
	case *out == "":
		return usagef("--out DIR is missing")
	case *shards < 0:
		return usagef("--shards: got %d, want a number of shards", *shards)
	case *batch < 1 || *batch > 1024:
		return usagef("--batch: got %d, want 1 to 1024", *batch)
	case *top < 1:
		return usagef("--top: got %d, want 1 or more", *top)
	case !(*minConfidence >= 0 && *minConfidence <= 1):
		return usagef("--min-confidence: got %v, want 0 to 1", *minConfidence)
	case !slices.Contains(known, runner()):
		return usagef("--runner: got %q, want %s", runner(), strings.Join(known[:5], ", "))
	}
	return nil
}

// options are those of the flags.
func options() predict.Options {
	return predict.Options{Manifest: *manifest, Dir: *out, Shards: *shards, Batch: *batch,
		Model: cmp.Or(*model, os.Getenv("FLOWERCTL_MODEL")), AllowChanged: *allowChanged,
		Async: *jobopts.Async, Top: *top, MinConfidence: *minConfidence, Given: given,
		Begin: func(job shard.Job) {
			fmt.Fprintf(os.Stderr, "using %s; %s in %s; runner %s\n", job.Name,
				table.Count(job.Pictures, "picture"), table.Count(job.Shards, "shard"), runner())
		}}
}

func run(ctx context.Context) error {
	if err := check(); err != nil {
		return err
	}
	if *jobopts.WorkerBinary == "" { // else Beam compiles one, without cgo
		var err error
		if *jobopts.WorkerBinary, err = os.Executable(); err != nil {
			return err
		}
	}
	o := options()
	r, err := predict.Run(ctx, o, beamx.RunWithMetrics)
	if err != nil {
		return err
	}
	if r.Runs > 0 {
		fmt.Fprintf(os.Stderr, "%s of the network: %.1f ms on average, %d to %d\n",
			table.Count(r.Runs, "run"), r.MeanMs, r.FastestMs, r.MaxMs)
	}
	if o.Async {
		fmt.Printf("submitted; flowerctl status %s\n", *out)
		return nil
	}
	dead := ""
	if r.Failed > 0 {
		dead = fmt.Sprintf("; %d without an answer: %s", r.Failed, r.Dead)
	}
	fmt.Printf("%s: %s in %s%s\n", r.File, table.Count(r.Pictures, "picture"),
		table.Count(r.Shards, "shard"), dead)
	return nil
}

func given(option string) (found bool) {
	flag.Visit(func(f *flag.Flag) { found = found || f.Name == option })
	return found
}

// tell prints an error in a line, with what mends it, and gives the exit code.
func tell(err error) int {
	if err == nil {
		return 0
	}
	text := err.Error()
	var at *fs.PathError
	if errors.As(err, &at) {
		text = strings.Replace(text, at.Error(), fmt.Sprintf("%s: %v", at.Path, at.Err), 1)
	}
	fmt.Fprintf(os.Stderr, "%s: %s\n", name, table.OneLine(text))
	var final *permanent.Error
	var usage usageError
	switch {
	case errors.As(err, &usage):
		fmt.Fprintf(os.Stderr, "hint: %s --help\n", name)
		return exitUsage
	case errors.As(err, &final):
		if hint := final.Hint(); hint != "" {
			fmt.Fprintf(os.Stderr, "hint: %s\n", hint)
		}
		return exitNoRetry
	}
	return exitFailed
}
