package main

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/cpu"

	"github.com/flowerctl/flowerctl/infer/ort"
)

// cpuName is the processor's name, as far as the system says it.
func cpuName() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(data)) {
			if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return runtime.GOARCH
}

// cpuFeatures are the vector instructions that matter to the kernels.
func cpuFeatures() []string {
	var names []string
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"SSE4.1", cpu.X86.HasSSE41}, {"AVX2", cpu.X86.HasAVX2}, {"FMA", cpu.X86.HasFMA},
		{"AVX-512", cpu.X86.HasAVX512F}, {"AVX-512 VNNI", cpu.X86.HasAVX512VNNI}, {"AMX", cpu.X86.HasAMXTile},
		{"NEON", cpu.ARM64.HasASIMD}, {"SVE", cpu.ARM64.HasSVE},
	} {
		if f.has {
			names = append(names, f.name)
		}
	}
	return names
}

// Below these, training or an installation fails: a v7-base step at batch 32
// takes about a GiB, and onnxruntime 140 MiB on its way into the cache.
const (
	enoughMemory = 1 << 30
	enoughDisk   = 256 << 20
)

func examineMemory() finding {
	free, err := freeMemory()
	if err != nil {
		return finding{Name: "memory", State: noted, Detail: "not known: " + err.Error()}
	}
	f := finding{Name: "memory", State: well, Detail: gib(free) + " free"}
	if free < enoughMemory {
		f.State, f.Remedy = noted, "train with a smaller --batch, or close other programs"
	}
	return f
}

// freeMemory is what programs can still take, bytes.
func freeMemory() (uint64, error) {
	data, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(data)) {
		if text, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			kb, err := strconv.ParseUint(strings.Fields(text)[0], 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("/proc/meminfo does not say")
}

// examineDisk looks at the folder into which libraries are installed: there must
// be room, and it must be ours to write. Where onnxruntime is usable already that is
// only worth knowing: what else would be kept there is found anew each time.
func examineDisk(usable bool) finding {
	bad := failed
	if usable {
		bad = noted
	}
	dir, err := ort.CacheDir()
	if err != nil {
		return finding{"cache folder", bad, err.Error(), "set HOME or XDG_CACHE_HOME"}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return finding{"cache folder", bad, fileError(err).Error(), "set XDG_CACHE_HOME to a folder of yours"}
	}
	probe, err := os.CreateTemp(dir, ".doctor-")
	if err != nil {
		return finding{"cache folder", bad, fileError(err).Error(), "set XDG_CACHE_HOME to a folder of yours"}
	}
	err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	free, freeErr := freeDisk(dir)
	if err = errors.Join(err, freeErr); err != nil {
		return finding{Name: "cache folder", State: noted, Detail: dir + ": " + oneLine(err)}
	}
	f := finding{Name: "cache folder", State: well, Detail: fmt.Sprintf("%s, %s free", dir, gib(free))}
	if free < enoughDisk {
		f.State, f.Remedy = bad, "make room, or set XDG_CACHE_HOME to a folder on another disk"
	}
	return f
}

func gib(bytes uint64) string { return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30)) }
