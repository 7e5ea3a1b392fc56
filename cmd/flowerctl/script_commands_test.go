package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flowerctl/flowerctl/fixtures/beside"
	"github.com/flowerctl/flowerctl/fixtures/colours"
	"github.com/flowerctl/flowerctl/fixtures/networks"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/arch"
	"github.com/flowerctl/flowerctl/train/checkpoint"
)

// writeColours writes a classifier of fixtures/colours: colours FILE [INPUT].
func writeColours(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: colours FILE [INPUT]")
	}
	in := colours.Bytes
	if len(args) == 2 {
		in = colours.Input(args[1])
	}
	m, err := colours.Model(in)
	ts.Check(err)
	data, err := m.Encode()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o644))
}

// writeViT writes a small vision transformer that is not trained: vit FILE
// [single|free|headless].
func writeViT(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: vit FILE [single|free|headless]")
	}
	v := networks.ViT{Opset: 14}
	if len(args) == 2 {
		v.Single, v.Headless = args[1] == "single", args[1] == "headless"
		if args[1] == "free" {
			v.Dims = -1
		}
	}
	data, err := v.Model().Encode()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o644))
}

// writeShard writes the pictures of a folder of classes and their labels as a tar: shard
// DIR FILE.
func writeShard(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: shard DIR FILE")
	}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	add := func(name string, text []byte) {
		ts.Check(w.WriteHeader(&tar.Header{Name: name, Size: int64(len(text)), Mode: 0o644}))
		_, err := w.Write(text)
		ts.Check(err)
	}
	ts.Check(fs.WalkDir(os.DirFS(ts.MkAbs(args[0])), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(filepath.Join(ts.MkAbs(args[0]), path))
		add(path, text)
		add(strings.TrimSuffix(path, filepath.Ext(path))+".cls", []byte(filepath.Dir(path)))
		return err
	}))
	ts.Check(w.Close())
	ts.Check(os.MkdirAll(filepath.Dir(ts.MkAbs(args[1])), 0o755))
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b.Bytes(), 0o644))
}

// damage changes a bit in the middle of every file below a folder: damage DIR.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage DIR")
	}
	ts.Check(filepath.WalkDir(ts.MkAbs(args[0]), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		b[len(b)/2] ^= 1
		return os.WriteFile(path, b, 0o644)
	}))
}

// splitWeights moves the weights of an ONNX file into one beside it: besides FILE NAME.
func splitWeights(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: besides FILE NAME")
	}
	path := ts.MkAbs(args[0])
	file, err := os.ReadFile(path)
	ts.Check(err)
	model, weights, err := beside.Split(file, args[1], 1)
	ts.Check(err)
	ts.Check(os.WriteFile(path, model, 0o644))
	ts.Check(os.WriteFile(filepath.Join(filepath.Dir(path), args[1]), weights, 0o644))
}

// paint writes PNG pictures of one colour: paint RRGGBB FILE...
func paint(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: paint RRGGBB FILE...")
	}
	var c color.NRGBA
	if _, err := fmt.Sscanf(args[0], "%02x%02x%02x", &c.R, &c.G, &c.B); err != nil {
		ts.Fatalf("%s: want RRGGBB: %v", args[0], err)
	}
	c.A = 255
	img := image.NewNRGBA(image.Rect(0, 0, 16, 12))
	draw.Draw(img, img.Bounds(), image.NewUniform(c), image.Point{}, draw.Src)
	for _, name := range args[1:] {
		path := ts.MkAbs(name)
		ts.Check(os.MkdirAll(filepath.Dir(path), 0o755))
		f, err := os.Create(path)
		ts.Check(err)
		ts.Check(png.Encode(f, img))
		ts.Check(f.Close())
	}
}

// untrained writes the best.ckpt, split.csv and an empty config.json of a run
// whose network, tiny unless said, has learnt nothing: untrained DIR [ARCH]
// [PATH,CLASS,PART...]
func untrained(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: untrained DIR [ARCH] [PATH,CLASS,PART...]")
	}
	dir := ts.MkAbs(args[0])
	name, size := "tiny", 32
	if len(args) > 1 && !strings.Contains(args[1], ",") {
		name, size = args[1], 64
		args = args[1:]
	}
	preset, err := arch.Find(name)
	ts.Check(err)
	spec, err := preset.Build(size, len(colours.Labels))
	ts.Check(err)
	weights, err := spec.NewWeights(1)
	ts.Check(err)
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(checkpoint.Save(filepath.Join(dir, "best.ckpt"), &checkpoint.Checkpoint{
		Spec: spec, Weights: weights, Labels: colours.Labels,
		Preprocess: imageprep.Config{Size: size, Resize: imageprep.Stretch},
	}))
	ts.Check(os.WriteFile(filepath.Join(dir, "config.json"), []byte("{}"), 0o644))
	split := "path,class,part,sha256\n"
	for i, row := range args[1:] {
		split += fmt.Sprintf("%s,%064x\n", row, i)
	}
	ts.Check(os.WriteFile(filepath.Join(dir, "split.csv"), []byte(split), 0o644))
}

// orientations writes the same picture as JPEG files 1.jpg to 8.jpg, stored in
// the eight ways that EXIF knows: orientations DIR. It is made of flat grey blocks
// as large as JPEG's own, which come through exactly; colours do not, for their
// upsampling rounds to one side.
func orientations(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: orientations DIR")
	}
	const w, h, block = 96, 64, 16
	shown := func(x, y int) color.Color {
		i := x/block + 3*(y/block)
		return color.Gray{Y: uint8(20 * i)}
	}
	// stored[o-1] says where the pixel of row r and column c is shown: row 0 is
	// the top, right, bottom or left edge, and so is column 0 (EXIF 2.3, 4.6.4).
	stored := []func(r, c int) (x, y int){
		func(r, c int) (int, int) { return c, r },
		func(r, c int) (int, int) { return w - 1 - c, r },
		func(r, c int) (int, int) { return w - 1 - c, h - 1 - r },
		func(r, c int) (int, int) { return c, h - 1 - r },
		func(r, c int) (int, int) { return r, c },
		func(r, c int) (int, int) { return w - 1 - r, c },
		func(r, c int) (int, int) { return w - 1 - r, h - 1 - c },
		func(r, c int) (int, int) { return r, h - 1 - c },
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	for i, where := range stored {
		rows, columns := h, w
		if i >= 4 {
			rows, columns = w, h
		}
		img := image.NewGray(image.Rect(0, 0, columns, rows))
		for r := range rows {
			for c := range columns {
				img.Set(c, r, shown(where(r, c)))
			}
		}
		var file bytes.Buffer
		ts.Check(jpeg.Encode(&file, img, &jpeg.Options{Quality: 100}))
		exif := "Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00" +
			string(rune(i+1)) + "\x00\x00\x00\x00\x00\x00"
		marker := fmt.Sprintf("\xff\xe1%c%c", 0, len(exif)+2)
		data := append([]byte("\xff\xd8"+marker+exif), file.Bytes()[2:]...)
		ts.Check(os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.jpg", i+1)), data, 0o644))
	}
}

// fakeDriver is in place of NVIDIA's libcuda.so.1 with one GPU.
const fakeDriver = `
#include <string.h>
int cuInit(unsigned f) { (void)f; return 0; }
int cuDriverGetVersion(int *v) { *v = VERSION; return 0; }
int cuDeviceGetCount(int *n) { *n = 1; return 0; }
int cuDeviceGet(int *d, int i) { *d = i; return 0; }
int cuDeviceGetName(char *s, int n, int d) { (void)d; strncpy(s, "Imagined GPU", n); return 0; }
int cuDeviceTotalMem_v2(size_t *m, int d) { (void)d; *m = (size_t)8 << 30; return 0; }`

// fakeCUDA makes libraries that look like NVIDIA's driver, for a version of CUDA
// as cuDriverGetVersion says it, and like other libraries, and a CUDA provider
// that needs those: fakecuda DIR VERSION PROVIDER LIB...
func fakeCUDA(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: fakecuda DIR VERSION PROVIDER LIB...")
	}
	dir, provider, libs := ts.MkAbs(args[0]), ts.MkAbs(args[2]), args[3:]
	ts.Check(os.MkdirAll(dir, 0o755))
	ts.Check(os.MkdirAll(filepath.Dir(provider), 0o755))
	cc := func(source, out string, flags ...string) {
		command := exec.Command("cc", append([]string{"-shared", "-fPIC", "-o", out, "-x", "c", "-"}, flags...)...)
		command.Stdin = strings.NewReader(source)
		if text, err := command.CombinedOutput(); err != nil {
			ts.Fatalf("cc: %v: %s", err, text)
		}
	}
	cc("#define VERSION "+args[1]+fakeDriver, filepath.Join(dir, "libcuda.so.1"), "-Wl,-soname,libcuda.so.1")
	flags := []string{"-Wl,--no-as-needed", "-x", "none"}
	for _, lib := range libs {
		path := filepath.Join(dir, lib)
		cc("int "+strings.Split(lib, ".")[0]+";", path, "-Wl,-soname,"+lib)
		flags = append(flags, path)
	}
	cc("int provider;", provider, flags...)
}
