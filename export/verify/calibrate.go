package verify

import (
	"context"
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/train/checkpoint"
)

// MinCalibration is how many images an 8-bit file takes its scales from at least.
const MinCalibration = 200

// Calibrate runs images through the network that export.Model writes with o, on
// gorgonia, and returns the range of each node. The images should be training
// images: validation images are for judging the result.
func Calibrate(ctx context.Context, c *checkpoint.Checkpoint, o export.Options, photos []Photo) (_ export.Ranges, err error) {
	if len(photos) < MinCalibration {
		return nil, fmt.Errorf("calibration: %d images, want %d or more", len(photos), MinCalibration)
	}
	set, err := prepare(ctx, photos, c.Preprocess, 0)
	if err != nil {
		return nil, fmt.Errorf("calibration: %w", err)
	}
	spec, weights, err := export.Network(c, o)
	if err != nil {
		return nil, err
	}
	network, err := NewGorgonia(spec, weights)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, network.Close()) }()
	const batch = 8 // every value of the network is kept
	ranges := export.Ranges{}
	for from := 0; from < len(photos); from += batch {
		values, err := network.Layers(ctx, set.batch(from, min(from+batch, len(photos))))
		if err != nil {
			return nil, err
		}
		if err := ranges.Add(values); err != nil {
			return nil, fmt.Errorf("calibration: %w", err)
		}
	}
	return ranges, nil
}
