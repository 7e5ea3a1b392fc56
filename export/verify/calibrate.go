package verify

import (
	"context"
	"errors"
	"fmt"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/train/checkpoint"
)

// minCalibration is the fewest images that the scales of an 8-bit file come from.
const minCalibration = 200

// Calibrate runs images through the network that export.Model writes with o, on
// gorgonia, and returns the range of each node. The images should be training
// images: validation images are for judging the result.
func Calibrate(ctx context.Context, c *checkpoint.Checkpoint, o export.Options, photos []Photo) (
	_ export.Ranges, err error) {

	if len(photos) < minCalibration {
		return nil, fmt.Errorf("calibration: %d images, want %d or more", len(photos), minCalibration)
	}
	set, err := prepare(ctx, photos, c.Preprocess, 0)
	if err != nil {
		return nil, fmt.Errorf("calibration: %w", err)
	}
	spec, weights, err := export.Network(c, o)
	if err != nil {
		return nil, err
	}
	network, err := newGorgonia(spec, weights)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, network.Close()) }()
	const batch = 8 // small: all values of the network are in memory
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
