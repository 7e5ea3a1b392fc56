package machine

import (
	"testing"
	"testing/fstest"
)

// root is a machine with 8 GiB available and a process in the group /jobs/one.
func root(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{
		"proc/meminfo":     {Data: []byte("MemTotal: 16777216 kB\nMemAvailable:    8388608 kB\n")},
		"proc/self/cgroup": {Data: []byte("0::/jobs/one\n")},
	}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text + "\n")}
	}
	return m
}

func TestTheLowestLimitCounts(t *testing.T) {
	const mib, gib = 1 << 20, 1 << 30
	own, above := "sys/fs/cgroup/jobs/one/memory.", "sys/fs/cgroup/jobs/memory."
	for _, x := range []struct {
		what  string
		files map[string]string
		want  int64
	}{
		{"no group", nil, 8 * gib},
		{"no limit", map[string]string{own + "max": "max", own + "current": "5"}, 8 * gib},
		{"a limit", map[string]string{own + "max": "1073741824", own + "current": "268435456"},
			768 * mib},
		{"cache that can be dropped", map[string]string{
			own + "max": "1073741824", own + "current": "268435456",
			own + "stat": "anon 5\ninactive_file 268435456"}, gib},
		{"a limit above", map[string]string{own + "max": "max", own + "current": "5",
			above + "max": "536870912", above + "current": "0"}, 512 * mib},
		{"both", map[string]string{own + "max": "268435456", own + "current": "0",
			above + "max": "536870912", above + "current": "0"}, 256 * mib},
		{"more used than allowed", map[string]string{own + "max": "100", own + "current": "200"}, 0},
		{"a high limit", map[string]string{own + "max": "99999999999999", own + "current": "0"},
			8 * gib},
	} {
		if got, ok := freeMemory(root(x.files)); !ok || got != x.want {
			t.Errorf("%s: got %d, %v, want %d", x.what, got, ok, x.want)
		}
	}
	// In a container the process's group is the top.
	top := root(map[string]string{"sys/fs/cgroup/memory.max": "1073741824",
		"sys/fs/cgroup/memory.current": "0"})
	for _, groups := range []string{"0::/\n", "4:memory:/a\n10::/b\n0::/jobs\n2:cpu:/c\n"} {
		top["proc/self/cgroup"] = &fstest.MapFile{Data: []byte(groups)}
		if got, ok := freeMemory(top); !ok || got != gib {
			t.Errorf("a limit of the top, in %q: got %d, %v", groups, got, ok)
		}
	}
	// Version 1 of control groups has other names.
	first := root(map[string]string{"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "1073741824",
		"sys/fs/cgroup/memory/a/memory.usage_in_bytes": "536870912",
		"sys/fs/cgroup/memory/a/memory.stat":           "inactive_file 7\ntotal_inactive_file 268435456"})
	first["proc/self/cgroup"] = &fstest.MapFile{Data: []byte("9:cpu,cpuacct:/a\n4:memory:/a/b\n0::/\n")}
	if got, ok := freeMemory(first); !ok || got != 768*mib {
		t.Errorf("version 1: got %d, %v, want %d", got, ok, 768*mib)
	}
	if _, ok := freeMemory(fstest.MapFS{}); ok {
		t.Error("known where nothing says it")
	}
}
