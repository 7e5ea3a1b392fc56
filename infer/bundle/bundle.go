// Package bundle writes what schedulers and servers of others read, around one ONNX file:
// an Indexed Job of Kubernetes, an array of Slurm, recipes for Ray Data and Daft, a model
// repository of Triton, an InferenceService of KServe. It never imports onnxruntime,
// training or gorgonia. Start at [Write].
package bundle

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// Targets are what bundles are for, by name.
func Targets() []string { return []string{"kubernetes", "slurm", "ray", "triton", "kserve"} }

// Options say what is bundled.
type Options struct {
	Target string // of Targets
	Model  []byte // an ONNX file of flowerctl export, with its weights
	Sweep  []byte // kubernetes and slurm: the file of a sweep, in place of a model
	Name   string // of the job, the service or the model there: a DNS label
	Shards int    // of the jobs of kubernetes and slurm; of a sweep, its processes
	Image  string // kubernetes and kserve: a container image with flowerctl and onnxruntime
	Claim  string // kubernetes and kserve: the PersistentVolumeClaim with pictures and models
}

// OptionError says which option was wrong.
type OptionError struct{ Option, Got, Want string }

func (e *OptionError) Error() string {
	return fmt.Sprintf("%s: got %q, want %s", e.Option, e.Got, e.Want)
}

var (
	label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)
	image = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,254}$`)
)

// maxShards is the most that Slurm's arrays have where nobody has set MaxArraySize.
const maxShards = 1000

func (o *Options) check() error {
	switch {
	case !slices.Contains(Targets(), o.Target):
		return &OptionError{"target", o.Target, strings.Join(Targets(), ", ")}
	case o.Sweep != nil && o.Target != "kubernetes" && o.Target != "slurm":
		return &OptionError{"target", o.Target, "kubernetes or slurm, for a sweep"}
	case !label.MatchString(o.Name):
		return &OptionError{"name", o.Name, "a-z, 0-9 and - between them, at most 40"}
	case !label.MatchString(o.Claim):
		return &OptionError{"claim", o.Claim, "a-z, 0-9 and - between them, at most 40"}
	case !image.MatchString(o.Image):
		return &OptionError{"image", o.Image, "the name of a container image"}
	case o.Shards < 1 || o.Shards > maxShards:
		return &OptionError{"shards", fmt.Sprint(o.Shards), fmt.Sprintf("1 to %d", maxShards)}
	}
	return nil
}

// Used are the names and values of the options that decide how the target's files run, and
// that a default may not suit.
func (o *Options) Used() (list [][2]string) {
	if o.Target == "kubernetes" || o.Target == "slurm" {
		list = append(list, [2]string{"shards", strconv.Itoa(o.Shards)})
	}
	if o.Target == "kubernetes" || o.Target == "kserve" {
		list = append(list, [2]string{"image", o.Image}, [2]string{"claim", o.Claim})
	}
	return list
}

// contents is what the templates see.
type contents struct {
	*Options
	Labels []string
	Last   int // shard
}

//go:embed files
var files embed.FS

// Write makes the folder dir, with the model or the file of the sweep in it. A folder that is
// there is replaced if force is set.
func Write(dir string, o Options, force bool) error {
	if err := o.check(); err != nil {
		return err
	}
	c := contents{Options: &o, Last: o.Shards - 1}
	from, name, data := o.Target, "model.onnx", o.Model
	var err error
	if o.Sweep != nil {
		from, name, data = o.Target+"-sweep", "sweep.yaml", o.Sweep
	} else if c.Labels, err = labelsOf(o.Model); err != nil {
		return err
	}
	if o.Target == "triton" {
		name = filepath.Join(o.Name, "1", name)
	}
	templates, err := template.ParseFS(files, "files/"+from+"/*")
	if err != nil {
		return err
	}
	return atomicfile.WriteDir(dir, force, func(temporary string) error {
		path := filepath.Join(temporary, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := atomicfile.WriteBytes(path, data); err != nil {
			return err
		}
		for _, t := range templates.Templates() {
			var text bytes.Buffer
			if err := t.Execute(&text, c); err != nil {
				return err
			}
			folder := temporary
			if o.Target == "triton" && t.Name() != "README.md" {
				folder = filepath.Join(temporary, o.Name)
			}
			if err := atomicfile.WriteBytes(filepath.Join(folder, t.Name()), text.Bytes()); err != nil {
				return err
			}
		}
		return nil
	})
}

// labelsOf are the classes of a model that takes pictures of any size as bytes, which the
// bundles rely on.
func labelsOf(model []byte) ([]string, error) {
	m, err := onnx.Decode(model)
	if err != nil {
		return nil, err
	}
	const want = "want a file of flowerctl export, whose input image takes bytes of any size"
	in := m.Graph.Inputs
	if len(in) != 1 || in[0].Name != "image" || in[0].Elem != onnx.Uint8 || len(in[0].Dims) != 4 {
		return nil, fmt.Errorf("got a model without such an input, %s", want)
	}
	text, _ := m.Property("labels")
	var labels []string
	if err := json.Unmarshal([]byte(text), &labels); err != nil || len(labels) == 0 {
		return nil, fmt.Errorf("got a model that does not name its classes, %s", want)
	}
	return labels, nil
}
