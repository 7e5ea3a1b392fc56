package cuda

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// folder makes a folder with empty files of these names.
func folder(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLibrariesAreFoundByTheirVersion(t *testing.T) {
	first := folder(t, "libcudnn.so.8", "libcublas.so.13")
	second := folder(t, "libcublas.so.13", "libcudart.so.13")
	got := libraryStates([]string{"libcublas.so.13", "libcudart.so.13", "libcudnn.so.9",
		"libcufft.so.12"},
		[]string{first, second})
	want := []Part{
		{Name: "cuBLAS (libcublas.so.13)", Found: filepath.Join(first, "libcublas.so.13"),
			library: "libcublas.so.13"},
		{Name: "CUDA runtime (libcudart.so.13)", Found: filepath.Join(second, "libcudart.so.13"),
			library: "libcudart.so.13"},
		{Name: "cuDNN (libcudnn.so.9)", Problem: "got libcudnn.so.8, want libcudnn.so.9",
			Mend: InstallWheel, Wheel: "nvidia-cudnn-cu13==9.*", library: "libcudnn.so.9"},
		{Name: "cuFFT (libcufft.so.12)", Problem: "not found",
			Mend: InstallWheel, Wheel: "nvidia-cufft==12.*", library: "libcufft.so.12"},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if missing := Missing(got); !slices.Equal(missing, want[2:]) {
		t.Errorf("missing: got %+v", missing)
	}
}

func TestCuDNNsPartsComeWithIt(t *testing.T) {
	dir := folder(t, "libcudnn.so.9", "libcudnn_ops.so.9", "libcudnn_cnn.so.9", "libcudnn_cnn.so.8",
		"libcudart.so.13")
	parts := libraryStates([]string{"libcudart.so.13", "libcudnn.so.9", "libcurand.so.10"},
		[]string{dir})
	want := []string{
		filepath.Join(dir, "libcudart.so.13"), filepath.Join(dir, "libcudnn.so.9"),
		filepath.Join(dir, "libcudnn_cnn.so.9"), filepath.Join(dir, "libcudnn_ops.so.9"),
	}
	driver := Part{Name: "driver", Found: "CUDA 13.0"}
	if got := librariesOf(append([]Part{driver}, parts...)); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPackagesGoWhereLibrariesAreLookedFor(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", "/cache")
	t.Setenv("HOME", "/home")
	want := "python3 -m pip install --target /cache/flowerctl/cuda 'a==1.*' 'b==2.*'"
	if got := PipInstall("a==1.*", "b==2.*"); got != want && filepath.Separator == '/' {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestLibrariesThatCannotBeLoadedAreAnError(t *testing.T) {
	dir := folder(t, "libcudart.so.13")
	parts := libraryStates([]string{"libcudart.so.13"}, []string{dir})
	if err := Preload(parts); err == nil {
		t.Error("an empty file was loaded")
	}
	if err := Preload(nil); err != nil {
		t.Errorf("nothing to load: got %v", err)
	}
}
