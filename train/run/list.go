package run

import (
	"context"
	"errors"

	"github.com/flowerctl/flowerctl/train/data"
)

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

// list lists the images of the folder, or of the list of labels.
func (p *plan) list(ctx context.Context, scan data.ScanOptions) (set *data.Set, err error) {
	if p.LabelsFile == "" {
		set, err = data.Scan(ctx, p.Data, scan)
		var shards *data.ShardError
		var list *data.ListError
		if err != nil && !errors.As(err, &shards) && !errors.As(err, &list) {
			err = &DataError{err}
		}
		if err != nil {
			return nil, err
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
