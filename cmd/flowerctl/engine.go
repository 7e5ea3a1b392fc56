package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path/filepath"
	"runtime"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/nn"
	kernelengine "github.com/flowerctl/flowerctl/train/nn/kernel/engine"
)

// stream is infer.Stream in a process that does nothing else meanwhile. Decoders
// and runs are in C most of the time, and a goroutine that comes back from there
// waits until the scheduler has taken a P from another that is still gone: with
// twice as many Ps as cores, and decoders, the cores are seldom idle. The built-in
// model then takes 0.9 of the time for a folder of photographs on two cores.
func stream(ctx context.Context, e infer.Engine, pictures iter.Seq[infer.Picture], batch int) iter.Seq2[infer.Result, error] {
	return func(yield func(infer.Result, error) bool) {
		cores := runtime.GOMAXPROCS(0)
		runtime.GOMAXPROCS(2 * cores)
		defer runtime.GOMAXPROCS(cores)
		infer.Stream(ctx, e, pictures, batch)(yield)
	}
}

// openEngine opens the run that --run names, or else a model.
func openEngine(c *cli.Context) (*engine, error) {
	if run := c.String("run"); run != "" {
		return openRun(c, run)
	}
	classifier, name, err := openModel(c, true)
	if err != nil {
		return nil, err
	}
	return &engine{Engine: classifier.Engine(), name: name, labels: classifier.Labels(), close: classifier.Close}, nil
}

// openRun makes gorgonia's network of a run's checkpoint.
func openRun(c *cli.Context, run string) (*engine, error) {
	name, ok := map[string]string{"best": train.BestFile, "last": train.LastFile}[c.String("checkpoint")]
	if !ok {
		return nil, usagef("--checkpoint: got %q, want best or last", c.String("checkpoint"))
	}
	dir, err := findRun(run)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, name)
	saved, err := checkpoint.Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fail(fmt.Errorf("run %s has no %s", dir, name), "the run ended before its first epoch did")
	}
	if err != nil {
		return nil, fileError(err)
	}
	kernels, err := kernelengine.Default(c.Int("threads"))
	if err != nil {
		return nil, err
	}
	network, err := nn.NewForward(saved.Spec, saved.Weights, kernels)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", path, err), kernels.Close())
	}
	talk(c, "using %s in gorgonia (%s)", path, kernels.Name())
	gorgonia := infer.Engine{Prep: saved.Preprocess, Classify: forward(network, saved.Preprocess, saved.Labels)}
	return &engine{Engine: gorgonia, name: path, labels: saved.Labels, close: kernels.Close}, nil
}

// forward answers with gorgonia.
func forward(network *nn.Forward, prep imageprep.Config, labels []string) infer.Classify {
	var pixels []uint8
	return func(ctx context.Context, images []imageprep.Image) ([]infer.Answer, error) {
		pixels = pixels[:0]
		for _, img := range images {
			pixels = append(pixels, prep.Apply(img).Pix...)
		}
		_, probabilities, err := network.Run(ctx, pixels, len(images))
		if err != nil {
			return nil, err
		}
		if len(probabilities) != len(images)*len(labels) {
			return nil, fmt.Errorf("got %d probabilities for %d images, want %d classes each",
				len(probabilities), len(images), len(labels))
		}
		return infer.NewAnswers(labels, probabilities), nil
	}
}
