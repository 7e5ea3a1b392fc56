package imageprep_test

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"log"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// redPNG is the file of a red image of w x h pixels.
func redPNG(w, h int) []byte {
	img := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.RGBA{R: 255, A: 255}})
	var file bytes.Buffer
	if err := png.Encode(&file, img); err != nil {
		log.Fatal(err)
	}
	return file.Bytes()
}

func ExampleDecoder_Decode() {
	var decoder imageprep.Decoder
	img, err := decoder.Decode(imageprep.Bytes(redPNG(4, 3)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.W, img.H, img.Pix[:6])
	// Output: 4 3 [255 0 0 255 0 0]
}

// A network takes squares of one size. The config is the one that it was trained
// with.
func ExampleDecoder_Prepare() {
	var decoder imageprep.Decoder
	config := imageprep.Config{Size: 2, Resize: imageprep.Crop}
	img, err := decoder.Prepare(imageprep.Bytes(redPNG(40, 30)), config)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(img.W, img.H, img.Pix)
	// Output: 2 2 [255 0 0 255 0 0 255 0 0 255 0 0]
}

// What is not an image is refused with an error that says what it is.
func ExampleError() {
	var decoder imageprep.Decoder
	_, err := decoder.Decode(imageprep.Reader("notes.txt", bytes.NewReader([]byte("some text"))))
	fmt.Println(err)
	var refused *imageprep.Error
	if errors.As(err, &refused) {
		fmt.Println("hint:", refused.Hint())
	}
	fmt.Println(errors.Is(err, imageprep.ErrNotImage))
	// Output:
	// notes.txt: not an image (text/plain)
	// hint: JPEG, PNG, GIF, WebP, BMP and TIFF are read
	// true
}
