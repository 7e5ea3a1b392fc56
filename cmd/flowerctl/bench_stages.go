package main

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/jpeg"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/data/flowers"
)

// stages times what one image goes through, on its own.
func (r *inferSpeed) stages(ctx context.Context, classifier *infer.Classifier, files [][]byte, limit time.Duration) error {
	var decode, resize, answer []time.Duration
	prep, decoder := classifier.Preprocess(), new(imageprep.Decoder)
	for i, start := 0, time.Now(); i < 3 || time.Since(start) < limit; i++ {
		t0 := time.Now()
		img, err := decoder.Decode(imageprep.Bytes(files[i%len(files)]))
		if err != nil {
			return err
		}
		t1 := time.Now()
		img = prep.Apply(img)
		t2 := time.Now()
		if _, err := classifier.Classify(ctx, []imageprep.Image{img}); err != nil {
			return err
		}
		decode, resize, answer = append(decode, t1.Sub(t0)), append(resize, t2.Sub(t1)), append(answer, time.Since(t2))
	}
	for _, part := range []struct {
		took []time.Duration
		p50  *float64
	}{{decode, &r.Decode}, {resize, &r.Resize}, {answer, &r.Infer}} {
		slices.Sort(part.took)
		*part.p50 = quantile(part.took, 0.5)
	}
	return nil
}

// prepare times decoding and resizing on all cores, with nothing behind it.
func (r *inferSpeed) prepare(ctx context.Context, many *infer.Classifier, files [][]byte, limit time.Duration) (err error) {
	idle := infer.Engine{Prep: many.Preprocess(), Classify: func(_ context.Context, images []imageprep.Image) ([]infer.Answer, error) {
		return make([]infer.Answer, len(images)), nil
	}}
	r.Prepare, err = rate(ctx, idle, files, limit)
	return err
}

// pipeline times predict's own way: decoding on all cores while the network runs.
func (r *inferSpeed) pipeline(ctx context.Context, many *infer.Classifier, files [][]byte, limit time.Duration) (err error) {
	r.Pipeline, err = rate(ctx, many.Engine(), files, limit)
	return err
}

// rate is how many pictures a second go through an engine.
func rate(ctx context.Context, e infer.Engine, files [][]byte, limit time.Duration) (float64, error) {
	start, n := time.Now(), 0
	pictures := func(yield func(infer.Picture) bool) {
		for i := 0; i < 64 || time.Since(start) < limit; i++ {
			if !yield(infer.Picture{Data: files[i%len(files)]}) {
				return
			}
		}
	}
	for result, err := range stream(ctx, e, pictures, defaultBatch) {
		if err := errors.Join(err, result.Err); err != nil {
			return 0, err
		}
		n++
	}
	return float64(n) / time.Since(start).Seconds(), nil
}

// benchPictures reads the pictures to answer for, at most 256, or draws some.
func benchPictures(c *cli.Context) ([][]byte, error) {
	var files [][]byte
	for p := range pictures(c.Args().Slice(), c.App.Reader, false) {
		data, err := benchFile(p)
		if leftOut(p.Tag, p.Name, err) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if files = append(files, data); len(files) == 256 {
			break
		}
	}
	switch {
	case len(files) > 0:
		return files, nil
	case c.Args().Present():
		return nil, errors.New("no images there")
	}
	return drawnPictures()
}

// benchFile reads a picture's bytes, which are kept, and makes sure of them. Its
// errors name the file.
func benchFile(p infer.Picture) (data []byte, err error) {
	keep := func(bytes []byte, _ imageprep.Image) error { data = slices.Clone(bytes); return nil }
	switch {
	case p.Err != nil:
		return nil, p.Err
	case p.Reader != nil:
		err = new(imageprep.Decoder).View(imageprep.Reader(p.Name, p.Reader), keep)
	default:
		err = new(imageprep.Decoder).View(imageprep.File(p.Name), keep)
	}
	return data, err
}

// drawnPictures are flowers as JPEG files of the size that photographs on the
// web have.
func drawnPictures() ([][]byte, error) {
	var files [][]byte
	for i, kind := range flowers.Kinds() {
		img := flowers.Draw(kind, uint64(i), 320)
		rgba := image.NewRGBA(image.Rect(0, 0, img.W, img.H))
		for p := range img.W * img.H {
			copy(rgba.Pix[4*p:], img.Pix[3*p:3*p+3])
			rgba.Pix[4*p+3] = 255
		}
		var file bytes.Buffer
		if err := jpeg.Encode(&file, rgba, &jpeg.Options{Quality: 90}); err != nil {
			return nil, err
		}
		files = append(files, file.Bytes())
	}
	return files, nil
}
