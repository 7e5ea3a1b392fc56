package verify

import (
	"context"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/checkpoint"
	"github.com/flowerctl/flowerctl/train/model"
)

// everyOp is a small network with every op, and every kind of it.
func everyOp(t testing.TB) *checkpoint.Checkpoint {
	t.Helper()
	b := model.NewBuilder("every-op", 20, 3)
	b.Rescale(1/127.5, -1)
	b.Conv(8, model.Window{Kernel: 3, Same: true, Stride: 2, NoBias: true}) // 20 over 2: uneven padding
	b.BatchNorm()
	b.Add(model.Node{Op: model.ReLU, Max: 6})
	x := b.Conv(8, model.Window{Kernel: 3, Pad: 1, Groups: 4})
	b.ReLU()
	b.BatchNorm() // into the convolution behind the pool, if no scale is negative
	b.MaxPool(model.Window{Kernel: 2, Stride: 1})
	b.Conv(8, model.Window{Kernel: 2})
	left := b.AvgPool(model.Window{Kernel: 3, Stride: 2, Pad: 1})
	right := b.At(x).MaxPool(model.Window{Kernel: 3, Stride: 2, Same: true})
	b.At(right)
	right = b.Conv(8, model.Window{Kernel: 2, Stride: 1, Pad: 0})
	b.Sum(left, right)
	b.Dropout(0.5)
	b.Concat(b.Current(), right)
	b.BatchNorm() // stays: a sum reads its input too
	skip := b.Current()
	b.Sum(b.ReLU(), skip)
	flat := b.GlobalAvgPool()
	b.At(flat)
	b.BatchNorm()
	b.Add(model.Node{Op: model.Dense, Units: 6, NoBias: true})
	b.ReLU()
	b.Head("main", 1)
	return networks.Build(t, b)
}

func TestEveryOpAgreesAtEveryOpset(t *testing.T) {
	onnxruntime.Need(t)
	c := everyOp(t)
	for opset := export.MinOpset; opset <= export.MaxOpset; opset++ {
		inputs := []export.Input{export.Float}
		if opset >= 18 {
			inputs = append(inputs, export.Image)
		}
		for _, in := range inputs {
			for _, fold := range []bool{false, true} {
				o := export.Options{Opset: opset, Input: in, FoldBatchNorm: fold}
				for _, l := range compareLayers(t, c, o, 1e-5) {
					if l.Differs || l.Missing && !(in == export.Float && l.Op == string(model.Rescale)) {
						t.Errorf("%+v: %+v", o, l)
					}
				}
			}
		}
	}
}

// logits are a network's on n drawn images, by gorgonia.
func logits(t testing.TB, spec model.Spec, w model.Weights, c *checkpoint.Checkpoint, n int) onnx.Tensor {
	t.Helper()
	network, err := newGorgonia(spec, w)
	if err != nil {
		t.Fatal(err)
	}
	defer network.Close()
	ctx := context.Background()
	set, err := prepare(ctx, drawn(n, c.Preprocess.Size), c.Preprocess, 0)
	if err != nil {
		t.Fatal(err)
	}
	out, err := set.all(ctx, network.Forward, n)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestFoldingChangesNoAnswer: with scales of both signs and with positive ones
// only, the folded network computes what the whole one does.
func TestFoldingChangesNoAnswer(t *testing.T) {
	for _, test := range []struct {
		negative bool
		left     int // batch norms that cannot go
	}{{true, 2}, {false, 1}} {
		c := everyOp(t)
		for name, w := range c.Weights {
			if node := c.Spec.Node(name[:len(name)-len(".weight")]); test.negative && node != nil && node.Op == model.BatchNorm {
				w.Data[0] = -w.Data[0]
			}
		}
		spec, weights, err := export.Network(c, export.Options{FoldBatchNorm: true})
		if err != nil {
			t.Fatal(err)
		}
		left := 0
		for _, n := range spec.Nodes {
			if n.Op == model.BatchNorm {
				left++
			}
		}
		d, err := Compare(logits(t, c.Spec, c.Weights, c, 4), logits(t, spec, weights, c, 4))
		if err != nil || d.MaxRel > 1e-5 {
			t.Errorf("negative %v: %+v %v", test.negative, d, err)
		}
		if left != test.left {
			t.Errorf("negative %v: %d batch norms are left, want %d", test.negative, left, test.left)
		}
	}
}

// TestNarrowFilesAnswerNearly holds fp16 and int8 to a share of the logits'
// scale. Accuracy is for trained networks: see the commands.
func TestNarrowFilesAnswerNearly(t *testing.T) {
	onnxruntime.Need(t)
	ctx := context.Background()
	for _, c := range []*checkpoint.Checkpoint{networks.Preset(t, "v7-batchnorm", 64+40), branched(t), networks.Preset(t, "resnet-small", 64)} {
		for _, test := range []struct {
			precision export.Precision
			share     float64
		}{{export.FP16, 0.01}, {export.INT8, 0.1}} {
			o := export.Options{Precision: test.precision}
			if test.precision == export.INT8 {
				var err error
				if o.Ranges, err = Calibrate(ctx, c, o, drawn(minCalibration, 40)); err != nil {
					t.Fatal(err)
				}
			}
			for _, in := range []export.Input{export.Image, export.Float} {
				o.Input = in
				r := verifyFile(t, encoded(t, c, o), c, Options{Quick: true, Photos: drawn(24, c.Preprocess.Size),
					Tolerance: Tolerance{AccuracyDrop: 1}})
				if d := r.Engines[0].Difference; !r.OK || d.MaxRel > test.share {
					t.Errorf("%s %s %s: %+v, %v", c.Spec.Name, test.precision, in, d, r.Problems)
				}
			}
		}
	}
}

func TestCalibrationWantsImages(t *testing.T) {
	c := branched(t)
	if _, err := Calibrate(context.Background(), c, export.Options{Precision: export.INT8}, drawn(9, 40)); err == nil {
		t.Error("9 images: no error")
	}
}
