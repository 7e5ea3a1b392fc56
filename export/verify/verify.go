// Package verify proves that an exported file computes what was trained.
//
// The reference is gorgonia on the checkpoint. It is compared with onnxruntime on
// the file and with onnx-go, an independent reader in pure Go, on the file's
// network: all answer the same real images, and the answers and the values of each
// node are compared. [File] does it all and returns a [Report]. Saved beside the
// file, it lets a program insist with [Require] on a verified file. [Compare]
// compares the answers of any two engines.
//
// Of the exporting packages only this one reaches gorgonia, through train/nn, and
// onnxruntime, through infer/ort. Start at [File].
package verify

import (
	"context"
	"fmt"
	"math"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/numbers"
)

// forward computes logits [N classes] for a batch of images [N H W 3], RGB, whole
// numbers from 0 to 255. The result is the caller's.
type forward func(ctx context.Context, images onnx.Tensor) (onnx.Tensor, error)

// Tolerance is how far a file's answers may be from the checkpoint's. A zero field
// is not checked.
type Tolerance struct {
	// Logits is the largest difference of a logit, as a share of the largest
	// logit of all images.
	Logits float64 `json:"logits,omitempty"`
	// Node is the largest difference of a node's value, as a share of its largest.
	Node float64 `json:"node,omitempty"`
	// AccuracyDrop is by how much the share of right answers may be lower. If it is
	// set, single answers may differ.
	AccuracyDrop float64 `json:"accuracy_drop,omitempty"`
}

// DefaultAccuracyDrop is half a point: what other precisions than fp32 may cost.
const DefaultAccuracyDrop = 0.005

// DefaultTolerance is the tolerance for a file of that precision. Two correct
// float32 computations of our networks differ by up to 2e-6 of the scale, through
// the order of their sums; a wrong pad or epsilon makes 1e-3 and more.
func DefaultTolerance(p export.Precision) Tolerance {
	if p != export.FP32 && p != "" {
		return Tolerance{AccuracyDrop: DefaultAccuracyDrop}
	}
	return Tolerance{Logits: 1e-4, Node: 1e-4}
}

// Difference is how far two results are apart.
type Difference struct {
	N           int     `json:"n"`            // images
	ArgmaxEqual int     `json:"argmax_equal"` // images with the same answer
	MaxAbs      float64 `json:"max_abs_diff"`
	MaxRel      float64 `json:"max_rel_diff"` // MaxAbs over the largest value of the reference
	MeanRel     float64 `json:"mean_rel_diff"`
	// Labels is the share of labels, of all labels of all images, that one result gives and the
	// other does not, where an image may have several; 0 elsewhere.
	Labels float64 `json:"labels_differ,omitempty"`
	// Worst is the image with the largest difference.
	Worst int `json:"worst_image"`
}

// endless is an infinite difference: JSON has no infinity.
const endless = math.MaxFloat64

// Compare compares two results of equal shape [N ...]. Where one is not finite the
// difference is [math.MaxFloat64].
func Compare(want, got onnx.Tensor) (Difference, error) {
	if fmt.Sprint(want.Shape) != fmt.Sprint(got.Shape) || len(want.Shape) == 0 || want.Shape[0] == 0 {
		return Difference{}, fmt.Errorf("got shape %v, want %v", got.Shape, want.Shape)
	}
	if err := want.Validate(); err != nil {
		return Difference{}, err
	}
	if err := got.Validate(); err != nil {
		return Difference{}, err
	}
	d := Difference{N: want.Shape[0]}
	row := len(want.Data) / d.N
	scale, sum := 0.0, 0.0
	for i := range d.N {
		w, g := want.Data[i*row:(i+1)*row], got.Data[i*row:(i+1)*row]
		if numbers.ArgMax(w) == numbers.ArgMax(g) {
			d.ArgmaxEqual++
		}
		for j := range w {
			scale = max(scale, math.Abs(float64(w[j])))
			diff := math.Abs(float64(w[j]) - float64(g[j]))
			if !numbers.Finite(diff) {
				diff = endless
			}
			if sum = min(sum+diff, endless); diff > d.MaxAbs {
				d.MaxAbs, d.Worst = diff, i
			}
		}
	}
	if scale == 0 || math.IsInf(scale, 0) {
		scale = 1
	}
	d.MaxRel = min(d.MaxAbs/scale, endless)
	d.MeanRel = min(sum/float64(len(want.Data))/scale, endless)
	return d, nil
}

// labelsApart is the share of labels that one of two results gives, by logits [N labels],
// and the other does not; nil thresholds mean a probability of 0.5 for each.
func labelsApart(want, got onnx.Tensor, thresholds []float64) float64 {
	k, apart := want.Shape[1], 0
	for i, w := range want.Data {
		least := 0.0 // a logit
		if thresholds != nil {
			least = math.Log(thresholds[i%k] / (1 - thresholds[i%k]))
		}
		if (float64(w) >= least) != (float64(got.Data[i]) >= least) {
			apart++
		}
	}
	return float64(apart) / float64(max(len(want.Data), 1))
}

// within reports whether the difference is within the tolerance.
func (d Difference) within(t Tolerance) bool {
	if t.AccuracyDrop > 0 {
		return d.MaxAbs < endless
	}
	return d.ArgmaxEqual == d.N && d.MaxRel <= t.Logits
}

// accuracy is the share of images whose arg-max is their label; images without
// one (-1) do not count. ok is false where none has one.
func accuracy(logits onnx.Tensor, labels []int) (share float64, ok bool) {
	row := len(logits.Data) / logits.Shape[0]
	right, n := 0, 0
	for i, label := range labels {
		if label < 0 {
			continue
		}
		if n++; numbers.ArgMax(logits.Data[i*row:(i+1)*row]) == label {
			right++
		}
	}
	if n == 0 {
		return 0, false
	}
	return float64(right) / float64(n), true
}
