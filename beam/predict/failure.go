package predict

import "sync"

// failure is the first error of the process's bundles. A runner tells of an error by a text
// only; where it runs bundles in the process that started the job, this is the error itself.
var failure struct {
	sync.Mutex
	err error
}

// noted is the error, noted down.
func noted(err error) error {
	if err != nil {
		failure.Lock()
		defer failure.Unlock()
		if failure.err == nil {
			failure.err = err
		}
	}
	return err
}

func first() error {
	failure.Lock()
	defer failure.Unlock()
	return failure.err
}

func forget() {
	failure.Lock()
	defer failure.Unlock()
	failure.err = nil
}
