package data

import (
	"fmt"
	"os"
	"path"
	"strconv"
	"strings"
)

// checkMemory refuses a cache of n images of the side size that would not fit
// into limit bytes, or, when limit is 0, into nine tenths of the free memory.
func checkMemory(n, size int, limit int64) error {
	need := 3 * float64(n) * float64(size) * float64(size)
	room, what := float64(limit), "allowed"
	if limit == 0 {
		free, ok := freeMemory()
		if !ok {
			return nil
		}
		room, what = 0.9*float64(free), "free"
	}
	if need <= room {
		return nil
	}
	return fmt.Errorf("%d images of %dx%d need %s of memory, %s are %s: "+
		"use fewer images or a smaller size", n, size, size, gib(need), gib(room), what)
}

func gib(bytes float64) string { return fmt.Sprintf("%.1f GiB", bytes/(1<<30)) }

// freeMemory is what can still be allocated without being killed: what Linux
// calls available, or less where the process's control group (version 2) has a
// lower limit. It is unknown on other systems.
func freeMemory() (int64, bool) {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, false
	}
	_, rest, ok := strings.Cut(string(b), "MemAvailable:")
	fields := strings.Fields(rest)
	if !ok || len(fields) == 0 {
		return 0, false
	}
	kib, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return 0, false
	}
	free := kib << 10
	if limit, ok := groupFree(); ok {
		free = min(free, limit)
	}
	return free, true
}

// groupFree is what the control group leaves: its limit minus what it uses, page
// cache that can be dropped not counted.
func groupFree() (int64, bool) {
	b, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0, false
	}
	_, group, ok := strings.Cut(strings.TrimSpace(string(b)), "0::")
	if !ok {
		return 0, false
	}
	dir := path.Join("/sys/fs/cgroup", group)
	limit, ok1 := readNumber(path.Join(dir, "memory.max"))
	used, ok2 := readNumber(path.Join(dir, "memory.current"))
	if !ok1 || !ok2 {
		return 0, false
	}
	stat, _ := os.ReadFile(path.Join(dir, "memory.stat"))
	if _, rest, ok := strings.Cut("\n"+string(stat), "\ninactive_file "); ok {
		line, _, _ := strings.Cut(rest, "\n")
		if n, err := strconv.ParseInt(line, 10, 64); err == nil {
			used -= n
		}
	}
	return max(limit-used, 0), true
}

// readNumber reads a file that holds one number; "max" is none.
func readNumber(name string) (int64, bool) {
	b, err := os.ReadFile(name)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return n, err == nil
}
