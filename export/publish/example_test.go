package publish_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/flowerctl/flowerctl/export/publish"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/ort/install"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/run"
)

// A program that trains on drawn flowers, writes a verified file and answers with
// it. With Settings.Data a folder of photographs takes the place of the drawings.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "flowerctl-example-")
	check(err)
	defer os.RemoveAll(dir)

	settings := run.Defaults()
	settings.Arch, settings.Drawn, settings.Epochs, settings.LR = "tiny", 400, 12, 0.004
	session, err := run.Open(ctx, settings, run.Options{Dir: filepath.Join(dir, "run")})
	check(err)
	outcome, err := session.Train(ctx)
	check(err)
	check(session.Close())
	fmt.Println("better than guessing:", outcome.Best.ValAccuracy > 0.5)

	library, err := install.Find(install.BuildCPU) // `flowerctl runtime install` puts it there
	check(err)
	_, err = ort.Load(library)
	check(err)
	trained, err := run.Folder{Dir: filepath.Join(dir, "run")}.Trained(run.Best)
	check(err)
	model := filepath.Join(dir, "model.onnx")
	file, err := publish.Run(ctx, trained, model, publish.Options{})
	check(err)
	fmt.Println("the file computes what was trained:", file.Verified.OK)

	classifier, err := infer.Open(model, infer.Options{})
	check(err)
	defer classifier.Close()
	photos, _, err := trained.Photos(ctx, "", data.Val, 1)
	check(err)
	picture, err := photos[0].Open()
	check(err)
	answers, err := classifier.Classify(ctx, []imageprep.Image{picture})
	check(err)
	fmt.Println("probabilities of", len(answers[0].Probabilities), "classes")
	// Output:
	// better than guessing: true
	// the file computes what was trained: true
	// probabilities of 5 classes
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
