package run

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/data/flowers"
)

// OwnImage is an image of a part of a run's split.
type OwnImage struct {
	Path string // as split.csv has it
	File string // where it is; "" of a drawn flower
	Data []byte // PNG, of a drawn flower
	// Reader has the bytes of an image in a tar or zip file; nil of others.
	Reader io.Reader
	Class  string
	// Labels are the names of all, of a run on images with several; nil of others.
	Labels []string
}

// OwnPart is a part of a run's split with its images.
type OwnPart struct {
	Part   data.Part
	Images []OwnImage
	Fitted bool // the weights were fitted on them
	Multi  bool // an image may have several labels, or none
}

// Own are the images of a part of the run's split, whose files have the bytes that they
// had then: another file is an error that names it. "" is the test part, or where the
// run kept no image for that, the validation part.
func (f Folder) Own(ctx context.Context, part data.Part) (*OwnPart, error) {
	settings, err := f.Settings()
	if err != nil {
		return nil, err
	}
	if settings.Divided() {
		return nil, &NoCheckpointError{f.Dir, train.SplitFile, settings.Folds}
	}
	split, err := f.Split()
	if err != nil {
		return nil, err
	}
	own := &OwnPart{Part: part, Multi: split.Multi}
	if part == "" {
		if own.Part = data.Test; len(split.Indices(data.Test)) == 0 {
			own.Part = data.Val
		}
	}
	// A head alone is fitted again with the validation images.
	own.Fitted = own.Part == data.Train || own.Part == data.Val && settings.FitOnly()
	indices := split.Indices(own.Part)
	if len(indices) == 0 {
		return nil, fmt.Errorf("%s: no image of part %s", f.SplitPath(), own.Part)
	}
	if err := settings.locate(ctx, split); err != nil {
		return nil, err
	}
	for _, i := range indices {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		image, err := settings.ownImage(split, split.Items[i])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Dir, err)
		}
		image.Class = split.Named(&split.Items[i])
		for _, label := range split.Items[i].Labels {
			image.Labels = append(image.Labels, split.Labels[label])
		}
		own.Images = append(own.Images, image)
	}
	return own, nil
}

// locate says to a split where the settings' images are.
func (s *Settings) locate(ctx context.Context, split *data.Set) error {
	if s.Data == "" {
		return nil
	}
	if _, err := os.Stat(s.Data); err != nil && !strings.ContainsAny(s.Data, "*?[") {
		return &NoImagesError{s.Data}
	}
	return split.In(ctx, s.Data)
}

func (s *Settings) ownImage(split *data.Set, item data.Item) (image OwnImage, err error) {
	image.Path = item.Path
	if s.Data == "" {
		image.Data, err = drawnFile(s, item)
		return image, err
	}
	image.File = filepath.Join(split.Dir, filepath.FromSlash(item.Path))
	image.Reader = split.Reader(item.Path)
	digest, err := split.Hash(item.Path)
	if err == nil && digest != item.SHA256 {
		err = fmt.Errorf("%s is not the image that it was when the run was split", image.File)
	}
	return image, err
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
