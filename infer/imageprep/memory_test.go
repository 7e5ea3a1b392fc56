//go:build linux && !race

package imageprep

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// atTheLimit are pictures of nearly 40 million pixels, of the kinds that take
// most memory, in small files.
func atTheLimit() map[string][]byte {
	const w, h = 8000, 4992
	const blocks = w * h / 64
	three := []byte{1, 2, 3}
	return map[string][]byte{
		"png interlaced": makePNG(w, h, 16, 6, 1, deflated(adam7(w, h, 8))),
		"jpeg cmyk": makeJPEG(0xc0, w, h, []byte{0x11, 0x11, 0x11, 0x11},
			jpegScan([]byte{1, 2, 3, 4}, 0, 63, 8*blocks)),
		"progressive": makeJPEG(0xc2, w, h, []byte{0x11, 0x11, 0x11},
			jpegScan(three, 0, 0, 3*blocks), jpegScan([]byte{2}, 1, 63, blocks)),
		"jpeg in scans":   inScans(w, h, 2),
		"webp lossless":   riff(makeVP8L(w, h)),
		"gif interlaced":  makeGIF(w, h, w, h, lzwBlocks(w*h)),
		"tiff one strip":  tiffAtTheLimit(w, h, h),
		"tiff strips":     tiffAtTheLimit(w, h, 16),
		"bmp that is cut": makeBMP(w, h, make([]byte, 1000)),
	}
}

// adam7 is the size of an interlaced picture's rows. Source: PNG, 8.2.
func adam7(w, h, pixel int) int64 {
	n := 0
	for _, p := range [][4]int{
		{8, 8, 0, 0}, {8, 8, 4, 0}, {4, 8, 0, 4}, {4, 4, 2, 0}, {2, 4, 0, 2}, {2, 2, 1, 0}, {1, 2, 0, 1},
	} {
		across, down := (w-p[2]+p[0]-1)/p[0], (h-p[3]+p[1]-1)/p[1]
		n += down * (1 + across*pixel)
	}
	return int64(n)
}

// tiffAtTheLimit is grey, in strips of so many rows that inflate to 8 bytes a
// pixel, the most that x/image takes.
func tiffAtTheLimit(w, h, rows int) []byte {
	strip := deflated(int64(8 * w * rows))
	n := (h + rows - 1) / rows
	var offsets, counts []byte
	for range n {
		offsets, counts = append(offsets, le32(8)...), append(counts, le32(len(strip))...)
	}
	data := join(strip, make([]byte, len(strip)&1), offsets, counts)
	at := 8 + len(strip) + len(strip)&1
	out := makeTIFF(data,
		[2]int{256, w}, [2]int{257, h}, [2]int{258, 8}, [2]int{259, 8}, [2]int{262, 1},
		[2]int{273, at}, [2]int{278, rows}, [2]int{279, at + 4*n})
	if n == 1 {
		return makeTIFF(strip,
			[2]int{256, w}, [2]int{257, h}, [2]int{258, 8}, [2]int{259, 8}, [2]int{262, 1},
			[2]int{273, 8}, [2]int{278, rows}, [2]int{279, len(strip)})
	}
	ifd := out[8+len(data)+len(data)&1:]
	copy(ifd[2+12*5+4:], le32(n))
	copy(ifd[2+12*7+4:], le32(n))
	return out
}

// TestMemoryStaysBounded decodes the largest pictures of every kind, two at a
// time and each in use for a while, in a process of its own.
func TestMemoryStaysBounded(t *testing.T) {
	if os.Getenv("IMAGEPREP_CHILD") != "" {
		decodeLargest(t)
		printPeak(t)
		return
	}
	if testing.Short() {
		t.Skip("decodes 800 million pixels")
	}
	if peak := inAChild(t, "pictures"); peak > 700 {
		t.Errorf("peak of %d MiB resident memory, want at most 700", peak)
	}
}

// TestLargeFilesAreNotReadTogether reads four files of 200 MiB at the same time.
func TestLargeFilesAreNotReadTogether(t *testing.T) {
	if dir := os.Getenv("IMAGEPREP_CHILD"); dir != "" {
		readLargest(t, dir)
		printPeak(t)
		return
	}
	if testing.Short() {
		t.Skip("reads 800 MiB")
	}
	if peak := inAChild(t, t.TempDir()); peak > 400 {
		t.Errorf("peak of %d MiB resident memory, want at most 400", peak)
	}
}

// inAChild runs the test again in a process of its own, which gets what, and returns
// its peak of resident memory in MiB. The process prints the peak itself: the count
// of the system for a child includes its parent's memory when it was started.
func inAChild(t *testing.T, what string) int {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), "IMAGEPREP_CHILD="+what)
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var kb int
	for line := range strings.Lines(string(out)) {
		if text, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err = strconv.Atoi(strings.Fields(text)[0])
		}
	}
	if kb == 0 || err != nil {
		t.Fatalf("no peak: %v\n%s", err, out)
	}
	t.Logf("peak %d MiB\n%s", kb>>10, out)
	return kb >> 10
}

// printPeak prints the VmHWM line among others: the highest resident memory since
// this program was started. Source: proc(5).
func printPeak(t *testing.T) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	os.Stdout.Write(status)
}

// readLargest reads small pictures with many zeros behind them, half of them from
// streams of unknown length.
func readLargest(t *testing.T, dir string) {
	// As a program does that has to stay within a certain memory: where the next file's
	// buffer does not fit into the last one's place, that is given back.
	debug.SetMemoryLimit(350 << 20)
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	var decoder Decoder
	for i := range 4 {
		path := filepath.Join(dir, fmt.Sprint(i))
		err := errors.Join(os.WriteFile(path, b.Bytes(), 0o600), os.Truncate(path, 200<<20))
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			src := File(path)
			if i%2 == 1 {
				rubbish := io.LimitReader(zeros{}, 200<<20)
				src = Reader(path, io.MultiReader(bytes.NewReader(b.Bytes()), rubbish))
			}
			img, err := decoder.Prepare(src, Config{Size: 8})
			if err != nil || img.W != 8 {
				t.Errorf("got %d pixels a side, %v", img.W, err)
			}
		})
	}
	all.Wait()
}

func decodeLargest(t *testing.T) {
	// The decoder bounds what is in use; what is freed and not yet collected comes on
	// top, as much as the garbage collector is allowed.
	debug.SetMemoryLimit(600 << 20)
	files := atTheLimit()
	names := make(chan string, len(files))
	for name := range files {
		names <- name
	}
	close(names)
	var decoder Decoder
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for name := range names {
				err := decoder.View(Bytes(files[name]), func(_ []byte, img Image) error {
					time.Sleep(50 * time.Millisecond)
					t.Logf("%s, %d bytes: %d x %d", name, len(files[name]), img.W, img.H)
					return nil
				})
				if err != nil {
					t.Logf("%s, %d bytes: %v", name, len(files[name]), err)
				}
			}
		})
	}
	wg.Wait()
}
