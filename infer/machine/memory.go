package machine

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
)

// FreeMemory is how many bytes can still be allocated without being killed: what
// Linux calls available, or less where the process's control group, or a group above it,
// has a lower limit. It is unknown on other systems.
func FreeMemory() (bytes int64, ok bool) { return freeMemory(os.DirFS("/")) }

// freeMemory is FreeMemory of a root folder with proc and sys.
func freeMemory(root fs.FS) (int64, bool) {
	b, err := fs.ReadFile(root, "proc/meminfo")
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
	for _, v := range []version{version1, version2} {
		for _, dir := range v.groups(root) {
			if left, ok := v.free(root, dir); ok {
				free = min(free, left)
			}
		}
	}
	return free, true
}

// version is how a version of control groups says what memory there is.
type version struct {
	line                   string // what comes before a group in /proc/self/cgroup
	top                    string // folder of the group above all
	limit, used, droppable string // files, and the line of memory.stat
}

var (
	version1 = version{"memory:/", "sys/fs/cgroup/memory", "memory.limit_in_bytes",
		"memory.usage_in_bytes", "\ntotal_inactive_file "}
	version2 = version{"\n0::/", "sys/fs/cgroup", "memory.max", "memory.current", "\ninactive_file "}
)

// groups are the folders of the process's control group and of those above it.
func (v version) groups(root fs.FS) (dirs []string) {
	b, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return nil
	}
	_, group, ok := strings.Cut("\n"+string(b), v.line)
	if !ok {
		return nil
	}
	group, _, _ = strings.Cut(group, "\n")
	for dir := path.Join(v.top, group); ; dir = path.Dir(dir) {
		dirs = append(dirs, dir)
		if dir == v.top || !strings.HasPrefix(dir, v.top) {
			return dirs
		}
	}
}

// free is what a control group leaves: its limit minus what it uses, page cache that can
// be dropped not counted.
func (v version) free(root fs.FS, dir string) (int64, bool) {
	limit, ok1 := readNumber(root, path.Join(dir, v.limit))
	used, ok2 := readNumber(root, path.Join(dir, v.used))
	if !ok1 || !ok2 {
		return 0, false
	}
	stat, _ := fs.ReadFile(root, path.Join(dir, "memory.stat"))
	if _, rest, ok := strings.Cut("\n"+string(stat), v.droppable); ok {
		line, _, _ := strings.Cut(rest, "\n")
		if n, err := strconv.ParseInt(line, 10, 64); err == nil {
			used -= n
		}
	}
	return max(limit-used, 0), true
}

// readNumber reads a file that holds one number; "max" is none.
func readNumber(root fs.FS, name string) (int64, bool) {
	b, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64)
	return n, err == nil
}

// GiB writes a number of bytes for people: "1.5 GiB".
func GiB[T int64 | uint64 | float64](bytes T) string {
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}
