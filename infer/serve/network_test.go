package serve

import (
	"bytes"
	"fmt"
	"image/jpeg"
	"math"
	"strconv"
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/drawn"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/infer/serve/inference"
)

// flowers is the built-in model, or the test is skipped where there is no onnxruntime.
func flowers(t testing.TB, o infer.Options) *infer.Classifier {
	t.Helper()
	onnxruntime.Need(t)
	c, err := infer.New(drawn.Model(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// jpegs are pictures that differ.
func jpegs(t testing.TB, n int) (files [][]byte) {
	t.Helper()
	for i := range n {
		var file bytes.Buffer
		img := imageprep.Image{W: 90 + i, H: 70, Pix: make([]uint8, 3*70*(90+i))}
		for p := range img.Pix {
			img.Pix[p] = uint8(p * (i + 3) >> 4)
		}
		heat := infer.Heat{H: 1, W: 1, Values: []float32{0}}
		if err := jpeg.Encode(&file, heat.Over(img), nil); err != nil {
			t.Fatal(err)
		}
		files = append(files, file.Bytes())
	}
	return files
}

func TestEveryProtocolGivesTheSameBits(t *testing.T) {
	c := flowers(t, infer.Options{Many: true})
	s := New(Options{})
	t.Cleanup(s.Close)
	if err := s.Put(t.Context(), "model", "1",
		NewModel(c, drawn.Model(), drawn.Report())); err != nil {
		t.Fatal(err)
	}
	client := inference.NewGRPCInferenceServiceClient(connected(t, s))
	for i, file := range jpegs(t, 12) {
		img, err := new(imageprep.Decoder).Prepare(imageprep.Bytes(file), c.Preprocess())
		if err != nil {
			t.Fatal(err)
		}
		answers, err := c.Classify(t.Context(), []imageprep.Image{img})
		if err != nil {
			t.Fatal(err)
		}
		bits := fmt.Sprint(bitsOf(answers[0].Probabilities))

		r := decodeJSON[inferResponse](t, said(t, answerTo(s, sent("POST", inferPath, file, headLength,
			"0")), 200))
		want(t, fmt.Sprint(bitsOf(decodeJSON[[]float32](t, string(r.Outputs[0].Data)))), bits)

		resp := answerTo(s, sent("POST", inferPath, file, headLength, "0", "Accept",
			"application/octet-stream"))
		body := said(t, resp, 200)
		n, err := strconv.Atoi(resp.Header.Get(headLength))
		if err != nil {
			t.Fatal(err)
		}
		want(t, fmt.Sprint(bitsOf(numbers(t, []byte(body[n:])))), bits)

		called, err := client.ModelInfer(t.Context(), asked(file))
		if err != nil {
			t.Fatal(err)
		}
		want(t, fmt.Sprint(bitsOf(numbers(t, called.RawOutputContents[0]))), bits)

		plain := decodeJSON[predictions](t, said(t, answerTo(s, sent("POST", "/predict?top=5", file)),
			200))
		if got, want := fmt.Sprint(plain.Results[0].Top), fmt.Sprint(answers[0].Top(5)); got != want {
			t.Errorf("picture %d: /predict says %s, want %s", i, got, want)
		}
	}
}

func bitsOf(values []float32) (bits []uint32) {
	for _, v := range values {
		bits = append(bits, math.Float32bits(v))
	}
	return bits
}
