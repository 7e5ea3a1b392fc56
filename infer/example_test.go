package infer_test

import (
	"context"
	"fmt"
	"log"
	"slices"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/ort/install"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/data/flowers"
)

// open loads onnxruntime, and opens model.onnx in the working directory or else the
// built-in model.
func open() *infer.Classifier {
	library, err := install.Find(install.BuildCPU) // install.Run puts one there
	if err == nil {
		_, err = ort.Load(library)
	}
	if err != nil {
		log.Fatal(err)
	}
	file, err := infer.Find("")
	if err != nil {
		log.Fatal(err)
	}
	classifier, err := file.Open(infer.Options{})
	if err != nil {
		log.Fatal(err)
	}
	return classifier
}

// One picture, which may have any size.
func ExampleClassifier_Classify() {
	classifier := open()
	defer classifier.Close()

	picture := flowers.Draw(flowers.Sunflower, 7, 300) // or what imageprep decodes
	answers, err := classifier.Classify(context.Background(), []imageprep.Image{picture})
	if err != nil {
		log.Fatal(err)
	}
	best := answers[0].Top(1)[0]
	fmt.Println(best.Label, best.Probability > 0.1)
	// Output: sunflower true
}

// Many pictures, which are decoded on all cores while the network runs. A picture
// that cannot be read has its own error.
func ExampleClassifier_Stream() {
	classifier := open()
	defer classifier.Close()

	files, err := data.DrawnFiles(2, 200, 1)
	if err != nil {
		log.Fatal(err)
	}
	list := []infer.Picture{
		{Name: "first.jpg", Data: files[0]},
		{Name: "words.txt", Data: []byte("no picture")},
		{Name: "second.jpg", Data: files[1]}, // without Data, Name is a file that is read
	}
	ctx := context.Background()
	for r, err := range classifier.Stream(ctx, slices.Values(list), infer.DefaultBatch) {
		switch {
		case err != nil:
			log.Fatal(err)
		case r.Err != nil:
			fmt.Printf("%s: %v\n", r.Name, r.Err)
		default:
			fmt.Printf("%s: %s\n", r.Name, r.Answer.Top(1)[0].Label)
		}
	}
	// Output:
	// first.jpg: daisy
	// words.txt: not an image (text/plain)
	// second.jpg: dandelion
}
