package bundle

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/flowerctl/flowerctl/fixtures/colours"
)

// written is a bundle of the classifier of colours.
func written(t *testing.T, target string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), target)
	if err := Write(dir, options(t, target), false); err != nil {
		t.Fatal(err)
	}
	return dir
}

func options(t *testing.T, target string) Options {
	t.Helper()
	m, err := colours.Model(colours.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	model, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return Options{Target: target, Model: model, Name: "birds-1", Shards: 7,
		Image: "registry.example:5000/flowerctl:1@sha256:ab", Claim: "birds"}
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// resource is what the files for Kubernetes have in common.
type resource struct {
	Version string `yaml:"apiVersion"`
	Kind    string
	Spec    struct {
		Mode        string `yaml:"completionMode"`
		Completions int
		PerIndex    int `yaml:"backoffLimitPerIndex"`
		Failures    struct {
			Rules []struct {
				Action string
				Exit   struct {
					Container string `yaml:"containerName"`
					Operator  string
					Values    []int
				} `yaml:"onExitCodes"`
				Conditions []struct{ Type string } `yaml:"onPodConditions"`
			}
		} `yaml:"podFailurePolicy"`
		Containers []container
		Template   struct {
			Spec struct {
				Restart    string `yaml:"restartPolicy"`
				Containers []container
				Volumes    []volume
			}
		}
		Volumes   []volume
		Predictor struct {
			Model struct {
				Format  struct{ Name string } `yaml:"modelFormat"`
				Runtime string
				Storage string `yaml:"storageUri"`
			}
		}
	}
}

type container struct {
	Name, Image string
	Args        []string
	Resources   struct{ Requests, Limits map[string]string }
	Security    struct {
		ReadOnly bool `yaml:"readOnlyRootFilesystem"`
	} `yaml:"securityContext"`
	Mounts []struct{ Name string } `yaml:"volumeMounts"`
}

type volume struct {
	Name  string
	Claim struct {
		Name string `yaml:"claimName"`
	} `yaml:"persistentVolumeClaim"`
}

func resources(t *testing.T, path string) (all []resource) {
	t.Helper()
	decoder := yaml.NewDecoder(strings.NewReader(read(t, path)))
	for {
		var r resource
		if err := decoder.Decode(&r); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		for _, c := range slices.Concat(r.Spec.Containers, r.Spec.Template.Spec.Containers) {
			if !c.Security.ReadOnly || c.Resources.Requests["cpu"] == "" ||
				c.Resources.Limits["memory"] == "" ||
				c.Image != "registry.example:5000/flowerctl:1@sha256:ab" {
				t.Errorf("%s: got %+v, want its image, a read-only root and resources", path, c)
			}
			for _, m := range c.Mounts {
				if !slices.ContainsFunc(slices.Concat(r.Spec.Volumes, r.Spec.Template.Spec.Volumes),
					func(v volume) bool { return v.Name == m.Name }) {
					t.Errorf("%s: there is no volume %s", path, m.Name)
				}
			}
		}
		all = append(all, r)
	}
}

func TestJobsOfKubernetes(t *testing.T) {
	dir := written(t, "kubernetes")
	for file, want := range map[string]string{
		"list.yaml":  "list photos --out manifest.jsonl",
		"merge.yaml": "merge answers",
		"predict.yaml": "predict --manifest manifest.jsonl --shard /7 --out answers " +
			"--model model.onnx",
	} {
		all := resources(t, filepath.Join(dir, file))
		if len(all) != 1 || all[0].Kind != "Job" || all[0].Version != "batch/v1" {
			t.Fatalf("%s: got %+v, want a Job", file, all)
		}
		spec := all[0].Spec
		pod := spec.Template.Spec
		if got := strings.Join(pod.Containers[0].Args, " "); got != want || pod.Restart != "Never" ||
			pod.Volumes[0].Claim.Name != "birds" {
			t.Errorf("%s: got %q and %+v, want %q", file, got, pod, want)
		}
		if file != "predict.yaml" {
			continue
		}
		if spec.Mode != "Indexed" || spec.Completions != 7 || spec.PerIndex != 3 {
			t.Errorf("got %+v, want an Indexed Job of 7 with retries by index", spec)
		}
		rules := spec.Failures.Rules
		if len(rules) != 2 || rules[0].Action != "Ignore" ||
			rules[0].Conditions[0].Type != "DisruptionTarget" ||
			rules[1].Action != "FailIndex" || rules[1].Exit.Operator != "In" ||
			!slices.Equal(rules[1].Exit.Values, []int{2, 42}) ||
			rules[1].Exit.Container != pod.Containers[0].Name {
			t.Errorf("got the rules %+v", rules)
		}
	}
}

func TestServiceOfKServe(t *testing.T) {
	all := resources(t, filepath.Join(written(t, "kserve"), "inferenceservice.yaml"))
	if len(all) != 2 || all[0].Kind != "ServingRuntime" || all[1].Kind != "InferenceService" {
		t.Fatalf("got %+v, want a runtime and a service", all)
	}
	if got, want := strings.Join(all[0].Spec.Containers[0].Args[:3], " "),
		"serve --model {{.Name}}=/mnt/models/model.onnx"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if m := all[1].Spec.Predictor.Model; m.Format.Name != "onnx" || m.Runtime != "birds-1-runtime" ||
		m.Storage != "pvc://birds/birds-1" {
		t.Errorf("got %+v", m)
	}
}

// modelConfig is the part of Triton's ModelConfig that is used here: names and types of
// https://github.com/triton-inference-server/common/blob/main/protobuf/model_config.proto.
const modelConfig = `
name: "model_config.proto" package: "inference" syntax: "proto3"
message_type {
  name: "ModelConfig"
  field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "backend" number: 17 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "max_batch_size" number: 4 type: TYPE_INT32 label: LABEL_OPTIONAL }
  field { name: "input" number: 5 type: TYPE_MESSAGE type_name: ".inference.ModelInput" label: LABEL_REPEATED }
  field { name: "output" number: 6 type: TYPE_MESSAGE type_name: ".inference.ModelOutput" label: LABEL_REPEATED }
  field { name: "dynamic_batching" number: 11 type: TYPE_MESSAGE type_name: ".inference.ModelDynamicBatching" label: LABEL_OPTIONAL }
}
message_type {
  name: "ModelInput"
  field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "data_type" number: 2 type: TYPE_ENUM type_name: ".inference.DataType" label: LABEL_OPTIONAL }
  field { name: "dims" number: 4 type: TYPE_INT64 label: LABEL_REPEATED }
}
message_type {
  name: "ModelOutput"
  field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
  field { name: "data_type" number: 2 type: TYPE_ENUM type_name: ".inference.DataType" label: LABEL_OPTIONAL }
  field { name: "dims" number: 3 type: TYPE_INT64 label: LABEL_REPEATED }
  field { name: "label_filename" number: 4 type: TYPE_STRING label: LABEL_OPTIONAL }
}
message_type {
  name: "ModelDynamicBatching"
  field { name: "max_queue_delay_microseconds" number: 2 type: TYPE_UINT64 label: LABEL_OPTIONAL }
}
enum_type {
  name: "DataType"
  value { name: "TYPE_INVALID" number: 0 }
  value { name: "TYPE_UINT8" number: 2 }
  value { name: "TYPE_FP32" number: 11 }
}`

func TestModelRepositoryOfTriton(t *testing.T) {
	dir := filepath.Join(written(t, "triton"), "birds-1")
	var file descriptorpb.FileDescriptorProto
	if err := prototext.Unmarshal([]byte(modelConfig), &file); err != nil {
		t.Fatal(err)
	}
	descriptor, err := protodesc.NewFile(&file, nil)
	if err != nil {
		t.Fatal(err)
	}
	message := dynamicpb.NewMessage(descriptor.Messages().ByName("ModelConfig"))
	if err := prototext.Unmarshal([]byte(read(t, dir, "config.pbtxt")), message); err != nil {
		t.Fatal(err)
	}
	field := func(m protoreflect.Message, name string) protoreflect.Value {
		return m.Get(m.Descriptor().Fields().ByName(protoreflect.Name(name)))
	}
	name, backend := field(message, "name").String(), field(message, "backend").String()
	if name != "birds-1" || backend != "onnxruntime" {
		t.Errorf("got %s of %s", name, backend)
	}
	first := field(field(message, "output").List().Get(0).Message(), "dims").List().Get(0).Int()
	labels := strings.Fields(read(t, dir, "labels.txt"))
	if int(first) != len(colours.Labels) || !slices.Equal(labels, colours.Labels) {
		t.Errorf("got %d classes, %v, want %v", first, labels, colours.Labels)
	}
	if got := read(t, dir, "1", "model.onnx"); got != string(options(t, "triton").Model) {
		t.Error("the model is another one")
	}
}

func TestScriptsOfSlurm(t *testing.T) {
	dir := written(t, "slurm")
	if text := read(t, dir, "predict.sbatch"); !strings.Contains(text, "\n#SBATCH --array=0-6\n") ||
		!strings.HasPrefix(text, "#!/bin/sh\n#SBATCH ") {
		t.Errorf("got %s", text)
	}
	compiled(t, dir, []string{"sh", "-n"}, "predict.sbatch", "merge.sbatch", "submit.sh")
}

func TestRecipesForRayAndDaft(t *testing.T) {
	python := []string{"python3", "-m", "py_compile"}
	compiled(t, written(t, "ray"), python, "ray_predict.py", "daft_predict.py")
}

// compiled has a program look at files, where there is the program.
func compiled(t *testing.T, dir string, program []string, names ...string) {
	t.Helper()
	path, err := exec.LookPath(program[0])
	if err == nil {
		err = exec.Command(path, "-c", "").Run() // it may be there and not work
	}
	if err != nil {
		t.Skipf("%s: %v", program[0], err)
	}
	for _, name := range names {
		c := exec.Command(path, append(program[1:], name)...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, out)
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"target": func(o *Options) { o.Target = "nomad" },
		"name":   func(o *Options) { o.Name = "a\nb" },
		"claim":  func(o *Options) { o.Claim = "-a" },
		"image":  func(o *Options) { o.Image = `a" b` },
		"shards": func(o *Options) { o.Shards = 0 },
	} {
		o := options(t, "slurm")
		change(&o)
		var wrong *OptionError
		err := Write(filepath.Join(t.TempDir(), "x"), o, false)
		if !errors.As(err, &wrong) || wrong.Option != name {
			t.Errorf("%s: got %v", name, err)
		}
	}
	o := options(t, "ray")
	m, err := colours.Model(colours.PlainNHWC)
	if err != nil {
		t.Fatal(err)
	}
	if o.Model, err = m.Encode(); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "x")
	err = Write(dir, o, false)
	if err == nil || !strings.Contains(err.Error(), "want a file of flowerctl export") {
		t.Errorf("got %v", err)
	}
	if _, err := os.Stat(dir); err == nil {
		t.Error("it is there")
	}
}

// The processes of a sweep share its trials: the index counts for nothing.
func TestJobsOfASweep(t *testing.T) {
	for target, file := range map[string]string{"kubernetes": "job.yaml", "slurm": "sweep.sbatch"} {
		o := options(t, target)
		o.Model, o.Sweep = nil, []byte("method: grid\n")
		dir := filepath.Join(t.TempDir(), target)
		if err := Write(dir, o, false); err != nil {
			t.Fatal(err)
		}
		if got := read(t, dir, "sweep.yaml"); got != string(o.Sweep) {
			t.Errorf("got %q", got)
		}
		text := read(t, dir, file)
		if target == "slurm" {
			if out, err := exec.Command("sh", "-n", filepath.Join(dir, file)).CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
			if !strings.Contains(text, "#SBATCH --array=0-6\n") ||
				!strings.Contains(text, "flowerctl sweep sweep.yaml --out sweep --shard 0/1") {
				t.Errorf("got %s", text)
			}
			continue
		}
		r := resources(t, filepath.Join(dir, file))[0]
		args := r.Spec.Template.Spec.Containers[0].Args
		if r.Spec.Mode != "Indexed" || r.Spec.Completions != 7 || r.Spec.PerIndex != 3 ||
			!slices.Equal(args, []string{"sweep", "sweep.yaml", "--out", "sweep", "--shard", "0/1"}) {
			t.Errorf("got %+v", r.Spec)
		}
	}
	o := options(t, "triton")
	o.Sweep = []byte("x")
	var wrong *OptionError
	if err := Write(t.TempDir(), o, true); !errors.As(err, &wrong) || wrong.Option != "target" {
		t.Errorf("got %v", err)
	}
}
