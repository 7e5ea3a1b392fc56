package serve

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// manifest is what the deployments' files have in common.
type manifest struct {
	Kind     string
	Services map[string]struct {
		Command  []string
		ReadOnly bool `yaml:"read_only"`
		User     string
	}
	Spec struct {
		Protocols  []string `yaml:"protocolVersions"`
		Containers []container
		Template   struct {
			Spec struct{ Containers []container }
		}
	}
}

type container struct {
	Args     []string
	Security struct {
		ReadOnly bool `yaml:"readOnlyRootFilesystem"`
	} `yaml:"securityContext"`
	Ready struct {
		Get struct{ Path string } `yaml:"httpGet"`
	} `yaml:"readinessProbe"`
}

func TestDeploymentsCanBeRead(t *testing.T) {
	var kinds, protocols []string
	for _, name := range []string{"compose.yaml", "kubernetes.yaml", "kserve.yaml"} {
		file, err := os.Open(filepath.Join("..", "..", "deploy", name))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for decoder := yaml.NewDecoder(file); ; {
			var m manifest
			if err := decoder.Decode(&m); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			kinds, protocols = append(kinds, m.Kind), append(protocols, m.Spec.Protocols...)
			for _, s := range m.Services {
				want(t, s.Command[0], "serve")
				if !s.ReadOnly || s.User == "" {
					t.Errorf("%s: a service may write, or is root", name)
				}
			}
			for _, c := range slices.Concat(m.Spec.Containers, m.Spec.Template.Spec.Containers) {
				want(t, c.Args[0], "serve")
				if !c.Security.ReadOnly {
					t.Errorf("%s: a container may write", name)
				}
				if m.Kind == "Deployment" {
					said(t, answerTo(served(t, newColourist(), Options{}), sent("GET", c.Ready.Get.Path, nil)), 200)
				}
				if m.Kind == "ServingRuntime" {
					want(t, strings.Join(c.Args[1:3], " "), "--model {{.Name}}=/mnt/models/model.onnx")
				}
			}
		}
	}
	want(t, strings.Join(kinds, ","), ",Deployment,Service,ServingRuntime,ServingRuntime")
	want(t, strings.Join(protocols, ","), "v2,grpc-v2")
}

func TestUnitsOfSystemdCanBeRead(t *testing.T) {
	for name, key := range map[string]string{"flowerctl.service": "Service.Type=notify",
		"flowerctl.socket": "Socket.FileDescriptorName=http"} {
		data, err := os.ReadFile(filepath.Join("..", "..", "deploy", name))
		if err != nil {
			t.Fatal(err)
		}
		section, found := "", false
		for line := range strings.Lines(string(data)) {
			line = strings.TrimSpace(line)
			switch {
			case line == "" || line[0] == '#':
			case line[0] == '[' && strings.HasSuffix(line, "]"):
				section = strings.Trim(line, "[]")
			case section == "" || !strings.Contains(line, "="):
				t.Errorf("%s: %q is no setting", name, line)
			}
			found = found || section+"."+line == key
		}
		if !found {
			t.Errorf("%s lacks %s", name, key)
		}
	}
}

func TestAModelMayHaveAnotherName(t *testing.T) {
	dir := t.TempDir()
	plain, odd := filepath.Join(dir, "model.onnx"), filepath.Join(dir, "a=b.onnx")
	put(t, odd, "x")
	for given, wanted := range map[string]string{plain: "model " + plain,
		"rose=" + plain: "rose " + plain, odd: "a-b " + odd, "/x=" + plain: "model /x=" + plain} {
		name, path := named(given)
		want(t, name+" "+path, wanted)
	}
}
