package main

import (
	"path/filepath"

	"github.com/flowerctl/flowerctl/cmd/internal/device"
	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer"
	"github.com/flowerctl/flowerctl/infer/npz"
	"github.com/flowerctl/flowerctl/infer/ort"
	"github.com/flowerctl/flowerctl/infer/pictures"
	"github.com/flowerctl/flowerctl/infer/reference"
	"github.com/flowerctl/flowerctl/train/data"
)

// drawnPictures are compared on where no --data names others.
const drawnPictures = 64

// compareWith compares a file with the one that --reference names.
func (o *verifyOptions) compareWith(c *shell.Call, path string) (err error) {
	for _, flag := range []string{"run", "checkpoint", "layers", "report", "max-accuracy-drop"} {
		if c.Given(flag) {
			return shell.Usagef("--reference and --%s: want one of them", flag)
		}
	}
	if err := o.Foreign.Check(); err != nil {
		return err
	}
	if !(o.tolerance >= 0) {
		return shell.Usagef("--tolerance: got %v, want 0 or more", o.tolerance)
	}
	file, err := infer.Find(path)
	if err != nil {
		return err
	}
	var options infer.Options
	if err := o.Foreign.Apply(&options); err != nil {
		return err
	}
	if options.Session.Device, err = device.Need(c, o.device); err != nil {
		return err
	}
	var r *reference.Report
	if ext := filepath.Ext(o.reference); ext == ".npz" || ext == ".npy" {
		r, err = o.compareRecorded(c, file, options.Session)
	} else {
		r, err = o.compareFiles(c, file, options)
	}
	if err != nil {
		return err
	}
	r.File, r.Reference = path, o.reference
	if o.json {
		err = shell.WriteJSON(c.Out, r)
	} else {
		err = r.WriteText(c.Out)
	}
	if err != nil {
		return err
	}
	return shell.FailWith(shell.ExitDifference, r.Err())
}

func (o *verifyOptions) compareRecorded(c *shell.Call, file *infer.File, session ort.Options) (
	_ *reference.Report, err error) {
	arrays, err := npz.Read(o.reference)
	if err != nil {
		return nil, err
	}
	s, err := ort.NewSession(file.Data, session)
	if err != nil {
		return nil, err
	}
	defer shell.Closing(&err, s.Close)
	return reference.Recorded(c.Ctx, s, arrays, o.tolerance)
}

func (o *verifyOptions) compareFiles(c *shell.Call, file *infer.File, options infer.Options) (
	_ *reference.Report, err error) {
	other, err := infer.Find(o.reference)
	if err != nil {
		return nil, err
	}
	images, err := data.DrawnFiles(drawnPictures, 320, 1)
	if o.Data != "" {
		images, err = pictures.Arguments{Names: []string{o.Data}, Archives: true}.Read(max(o.images, 1))
	}
	if err != nil {
		return nil, err
	}
	a, err := reference.Open(file, options)
	if err != nil {
		return nil, err
	}
	defer shell.Closing(&err, a.Close)
	b, err := reference.Open(other, options)
	if err != nil {
		return nil, err
	}
	defer shell.Closing(&err, b.Close)
	return reference.Files(c.Ctx, a, b, images, o.tolerance)
}
