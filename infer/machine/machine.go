// Package machine says what a computer has: its processor, and how much memory and
// disk are free. It imports nothing of this module. Start at [Processor] and [FreeMemory].
package machine

import (
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/cpu"
)

// Processor is the processor's name, as far as the system says it.
func Processor() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(data)) {
			key, value, ok := strings.Cut(line, ":")
			if ok && strings.TrimSpace(key) == "model name" {
				return strings.TrimSpace(value)
			}
		}
	}
	return runtime.GOARCH
}

// Features are the vector instructions that matter to the kernels.
func Features() []string {
	var names []string
	for _, f := range []struct {
		name string
		has  bool
	}{
		{"SSE4.1", cpu.X86.HasSSE41}, {"AVX2", cpu.X86.HasAVX2}, {"FMA", cpu.X86.HasFMA},
		{"AVX-512", cpu.X86.HasAVX512F}, {"AVX-512 VNNI", cpu.X86.HasAVX512VNNI},
		{"AMX", cpu.X86.HasAMXTile},
		{"NEON", cpu.ARM64.HasASIMD}, {"SVE", cpu.ARM64.HasSVE},
	} {
		if f.has {
			names = append(names, f.name)
		}
	}
	return names
}
