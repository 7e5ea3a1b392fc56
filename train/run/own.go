package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/data/flowers"
)

// OwnImage is an image of a part of a run's split.
type OwnImage struct {
	Path  string // as split.csv has it
	File  string // where it is; "" of a drawn flower
	Data  []byte // PNG, of a drawn flower
	Class string
}

// Own are the images of a part of the run's split, whose files have the bytes that they
// had then: another file is an error that names it. "" is the test part, or where the
// run kept no image for that, the validation part; used says which it is.
func (f Folder) Own(ctx context.Context, part data.Part) (
	images []OwnImage, used data.Part, err error) {
	settings, err := f.Settings()
	if err != nil {
		return nil, part, err
	}
	split, err := f.Split()
	if err != nil {
		return nil, part, err
	}
	if used = part; part == "" {
		if used = data.Test; len(split.Indices(data.Test)) == 0 {
			used = data.Val
		}
	}
	indices := split.Indices(used)
	if len(indices) == 0 {
		return nil, used, fmt.Errorf("%s: no image of part %s", f.SplitPath(), used)
	}
	if settings.Data != "" {
		if _, err := os.Stat(settings.Data); err != nil {
			return nil, used, &NoImagesError{settings.Data}
		}
	}
	for _, i := range indices {
		if err := ctx.Err(); err != nil {
			return nil, used, err
		}
		item := split.Items[i]
		image := OwnImage{Path: item.Path, Class: split.Labels[item.Class]}
		if settings.Data == "" {
			image.Data, err = drawnFile(&settings, item)
		} else {
			image.File = filepath.Join(settings.Data, filepath.FromSlash(item.Path))
			err = unchanged(image.File, item.SHA256)
		}
		if err != nil {
			return nil, used, fmt.Errorf("%s: %w", f.Dir, err)
		}
		images = append(images, image)
	}
	return images, used, nil
}

// unchanged returns an error for a file that has not these bytes.
func unchanged(path, sum string) error {
	digest, err := fileDigest(path)
	if err != nil {
		return err
	}
	if digest != sum {
		return fmt.Errorf("%s is not the image that it was when the run was split", path)
	}
	return nil
}

// drawnFile draws the flower of a split again.
func drawnFile(settings *Settings, item data.Item) ([]byte, error) {
	number, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(item.Path), ".png"))
	if err != nil {
		return nil, fmt.Errorf("%q is no drawn flower", item.Path)
	}
	img := flowers.Draw(flowers.Kind(item.Class), data.DrawnSeed(settings.Seed, number), settings.Size)
	if sum := sha256.Sum256(img.Pix); hex.EncodeToString(sum[:]) != item.SHA256 {
		return nil, fmt.Errorf("%s is drawn otherwise by this version", item.Path)
	}
	return data.PNG(img)
}
