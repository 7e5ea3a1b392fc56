package install

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/flowerctl/flowerctl/infer/download"
)

// releases is where the official archives are.
const releases = "https://github.com/microsoft/onnxruntime/releases/download/v" + Version

// member is a library inside an archive, and what it is called when installed.
type member struct {
	path   string // in the archive; a leading folder may be left out
	name   string
	sha256 string // "" where the archive's own hash is known
}

// source is one way to get the libraries.
type source struct {
	name    string // for people
	archive string
	sha256  string // of the archive, "" where the members' are known
	members []member
	// fetch brings the archive into dir and returns its path.
	fetch func(ctx context.Context, o *Options, s source, dir string) (string, error)
}

// sources lists the ways for this platform, best first. Hashes of the releases
// are those published with them; hashes of the npm and PyPI libraries were taken
// from the packages, whose own integrity npm and pip had checked.
//
// The CUDA build comes from PyPI alone: its package is the same build as the
// official archive (CUDA 13), and has a published hash.
func sources(goos, goarch string, build Build) []source {
	if build == BuildCUDA {
		if goos+"/"+goarch != "linux/amd64" {
			return nil
		}
		return []source{pipCUDA}
	}
	var list []source
	if r, ok := releaseArchives[goos+"/"+goarch]; ok {
		list = append(list, source{
			name: "official release", archive: r.archive, sha256: r.sha256,
			members: []member{{path: r.library, name: libraryName()}}, fetch: fetchURL,
		})
	}
	if m, ok := npmMembers[goos+"/"+goarch]; ok {
		m.name = libraryName()
		list = append(list, source{
			name: "npm", archive: "onnxruntime-node-" + Version + ".tgz",
			members: []member{m}, fetch: fetchNPM,
		})
	}
	return list
}

var releaseArchives = map[string]struct{ archive, sha256, library string }{
	"linux/amd64": {"onnxruntime-linux-x64-1.27.0.tgz",
		"547e40a48f1fe73e3f812d7c88a948612c23f896b91e4e2ee1e232d7b468246f",
		"lib/libonnxruntime.so.1.27.0"},
	"linux/arm64": {"onnxruntime-linux-aarch64-1.27.0.tgz",
		"3e4d83ac06924a32a07b6d7f91ce6f852876153fc0bbdf931bf517a140bfbe48",
		"lib/libonnxruntime.so.1.27.0"},
	"darwin/arm64": {"onnxruntime-osx-arm64-1.27.0.tgz",
		"545e81c58152353acb0d1e8bd6ce4b62f830c0961f5b3acfedc790ffd76e477a",
		"lib/libonnxruntime.1.27.0.dylib"},
	"windows/amd64": {"onnxruntime-win-x64-1.27.0.zip",
		"c5c81710938e68079ff1a192b04897faabe4b43830d48f39f27ecd4e16138bfc", "lib/onnxruntime.dll"},
}

var npmMembers = map[string]member{
	"linux/amd64": {path: "bin/napi-v6/linux/x64/libonnxruntime.so.1",
		sha256: "d8aff4aa8abee8fb2abb2f2f2459ffc94461e781e41b9f7c072829dd0d470221"},
	"linux/arm64": {path: "bin/napi-v6/linux/arm64/libonnxruntime.so.1",
		sha256: "c36bc200e7e6c093b8abb0b34590fbdd8c52fd3fb5e33795b9523ffdde2fce0f"},
	"darwin/arm64": {path: "bin/napi-v6/darwin/arm64/libonnxruntime.1.27.0.dylib",
		sha256: "89f692a3a1a224e4ad0b796b0e7c0bd81113b0741bfe84211eceef14d05a9e59"},
	"windows/amd64": {path: "bin/napi-v6/win32/x64/onnxruntime.dll",
		sha256: "273f9ef9cf755c6a0f342226a80448156c10ceb74db2ae8c8370dc98e75af0eb"},
	"windows/arm64": {path: "bin/napi-v6/win32/arm64/onnxruntime.dll",
		sha256: "908ce63e73f375e90daabe24c52486b42392c19df3d63973a26f871cfeab5453"},
}

var pipCUDA = source{
	name:    "pip",
	archive: "onnxruntime_gpu-1.27.0-cp311-cp311-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl",
	sha256:  "404fb845dc06a04a28df5a2c6d5967bcf3f534e7df0b98507ff81686a1b49594",
	members: []member{
		{path: "onnxruntime/capi/libonnxruntime.so.1.27.0", name: "libonnxruntime.so"},
		{path: "onnxruntime/capi/" + sharedProvider, name: sharedProvider},
		{path: "onnxruntime/capi/" + cudaProvider, name: cudaProvider},
	},
	fetch: fetchPip,
}

// patience is short: a machine without a way out must learn it quickly, since
// another source comes next.
var patience = download.Patience{
	Limits: download.Limits{Connect: 5 * time.Second, Header: 15 * time.Second,
		Stall: 30 * time.Second},
	Attempts: 1,
}

// maxArchive is more than any onnxruntime archive has, bytes.
const maxArchive = 1 << 30

// fetchURL downloads an official archive.
func fetchURL(ctx context.Context, o *Options, s source, dir string) (string, error) {
	base := o.Mirror
	if base == "" {
		base = releases
	}
	path := filepath.Join(dir, s.archive)
	return path, download.File{URL: base + "/" + s.archive, Most: maxArchive,
		Patience: patience, Progress: o.Progress}.Fetch(ctx, path)
}

// fetchNPM lets npm download the package: no script of it runs.
func fetchNPM(ctx context.Context, _ *Options, s source, dir string) (string, error) {
	err := runTool(ctx, "npm", "pack", "onnxruntime-node@"+Version,
		"--ignore-scripts", "--pack-destination", dir, "--loglevel", "error",
		"--no-update-notifier", "--fetch-retries", "1")
	return filepath.Join(dir, s.archive), err
}

// fetchPip lets pip download the wheel, for a fixed Python so that it is always
// the same file: only the libraries in it are used, Python is not.
func fetchPip(ctx context.Context, _ *Options, s source, dir string) (string, error) {
	err := runTool(ctx, "python3", "-m", "pip", "download", "onnxruntime-gpu=="+Version,
		"--dest", dir, "--no-deps", "--only-binary=:all:", "--implementation", "cp",
		"--python-version", "3.11", "--platform", "manylinux_2_28_x86_64",
		"--platform", "manylinux_2_27_x86_64", "--quiet", "--disable-pip-version-check")
	return filepath.Join(dir, s.archive), err
}

// runTool runs a package manager. The error is what it wrote.
func runTool(ctx context.Context, name string, args ...string) error {
	path, err := exec.LookPath(name)
	if err != nil {
		return fmt.Errorf("%s is not on PATH", name)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, 15*time.Minute,
		fmt.Errorf("%s: no end after 15 minutes", name))
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = 5 * time.Second
	cmd.Env = os.Environ()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if line := complaint(out.String()); line != "" {
		return errors.New(line)
	}
	return fmt.Errorf("%s: %w", name, err)
}

// complaint is the first line of a package manager's output that says something:
// npm begins with error codes.
func complaint(output string) string {
	for line := range strings.Lines(output) {
		line = strings.TrimSpace(line)
		fields := strings.Fields(strings.TrimPrefix(line, "npm error "))
		if len(fields) > 2 {
			return line
		}
	}
	return ""
}
