package run

import (
	"context"
	"errors"

	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/data"
)

// DataError is about a folder that holds no images to train on as it should: one
// folder for each class, with its images inside.
type DataError struct{ Err error }

func (e *DataError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *DataError) Unwrap() error { return e.Err }

// Hint is that of Err, or else says what a folder of images looks like.
func (e *DataError) Hint() string {
	var own interface{ Hint() string }
	if errors.As(e.Err, &own) && own.Hint() != "" {
		return own.Hint()
	}
	return "want one folder for each class, with its images inside"
}

// scan says how the folder of images is listed. The exclusion is read: where it cannot
// be, that is the error of the setting.
func (p *plan) scan() (o data.ScanOptions, err error) {
	o.Strict = p.Strict
	if p.Exclude != "" {
		if o.Exclude, err = data.ReadExclusion(p.Exclude); err != nil {
			return o, wrong("exclude", "%w", err)
		}
	}
	return o, nil
}

// CheckOut refuses a place for what a training writes, its folder or a picture, in the folder
// of images: the next one would take the pictures there for images. A list of labels may be
// in the folder of runs, as it names its images. The error is a [*SettingError]; setting is
// what asks for the place, which may be "" for none.
func (s Settings) CheckOut(setting, path string) error {
	if path == "" || s.Data == "" || s.LabelsFile != "" || !data.Within(s.Data, path) {
		return nil
	}
	return wrong(setting, "%w", &atomicfile.InsideError{Path: path, Dir: s.Data})
}

// list lists the images of the folder, or of the list of labels.
func (p *plan) list(ctx context.Context, scan data.ScanOptions) (set *data.Set, err error) {
	if p.LabelsFile == "" {
		if set, err = data.Scan(ctx, p.Data, scan); err != nil {
			return nil, &DataError{err}
		}
		return set, nil
	}
	list, err := data.ReadLabelList(p.LabelsFile)
	if err == nil {
		return data.ScanList(ctx, p.Data, list, p.MultiLabel, scan)
	}
	var about *data.ListError
	if errors.As(err, &about) {
		return nil, err
	}
	return nil, wrong("labels-file", "%w", err)
}
