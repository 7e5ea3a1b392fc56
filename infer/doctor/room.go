package doctor

import (
	"errors"
	"fmt"
	"os"

	"github.com/flowerctl/flowerctl/infer/machine"
	"github.com/flowerctl/flowerctl/infer/ort/install"
	"github.com/flowerctl/flowerctl/train/atomicfile"
)

// Below these, training or an installation fails: a v7-base step at batch 32
// takes about a GiB, and onnxruntime 140 MiB on its way into the cache.
const (
	enoughMemory = 1 << 30
	enoughDisk   = 256 << 20
)

// Memory says how much is free, as [machine.FreeMemory] counts it.
func Memory() Finding { return memory(machine.FreeMemory()) }

func memory(free int64, known bool) Finding {
	if !known {
		return Finding{Name: "memory", State: Noted,
			Detail: "not known: this system does not say how much is free"}
	}
	f := Finding{Name: "memory", State: Well, Detail: machine.GiB(free) + " free"}
	if free < enoughMemory {
		f.State, f.Reason = Noted, MemoryLow
	}
	return f
}

// Cache looks at the folder into which libraries are installed: there must be room,
// and this user must be able to write to it. Where onnxruntime is usable already that
// is only worth knowing.
func Cache(usable bool) Finding {
	bad := Failed
	if usable {
		bad = Noted
	}
	failed := func(reason Reason, err error) Finding {
		return Finding{Name: "cache folder", State: bad, Reason: reason, Err: err}
	}
	dir, err := install.CacheDir()
	if err != nil {
		return failed(CacheUnknown, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return failed(CacheForbidden, err)
	}
	_, remove, err := atomicfile.TempDir(dir, "doctor")
	if err != nil {
		return failed(CacheForbidden, err)
	}
	err = remove()
	free, freeErr := machine.FreeDisk(dir)
	if err = errors.Join(err, freeErr); err != nil {
		return Finding{Name: "cache folder", State: Noted, Detail: dir, Err: err}
	}
	f := Finding{Name: "cache folder", State: Well,
		Detail: fmt.Sprintf("%s, %s free", dir, machine.GiB(free))}
	if free < enoughDisk {
		f.State, f.Reason = bad, DiskLow
	}
	return f
}
