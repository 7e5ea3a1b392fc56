package pixels

import "golang.org/x/sys/unix"

// WillNeed tells the system that a picture will be read soon, so that it reads ahead.
func (r Ref) WillNeed() {
	// An error changes nothing: the picture is read when it is wanted.
	unix.Fadvise(int(r.pack.file.Fd()), r.pack.pixelsAt(int64(r.slot)), r.pack.length,
		unix.FADV_WILLNEED)
}
