package serve

import (
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// Options say what a server allows. The zero value suits a server that everyone on
// the machine may use.
type Options struct {
	Limits Limits
	// MaxBatch is how many pictures a run of the network takes; 0 means as many as
	// the model says.
	MaxBatch int
	// MaxWait is how long a worker that is free waits for its run to be full. It adds
	// to the latency; 0, the default, is seldom slower.
	MaxWait time.Duration
	// Grace is for how long [Server.Run] still takes requests when it is to end, while it
	// says that it is not ready: until those who send them have heard of it. 0 is right
	// where nobody routes by readiness.
	Grace time.Duration
	// Alone says that the process does nothing else while [Server.Run] runs. Run then
	// doubles GOMAXPROCS for that time, as many pictures are decoded at a time, and runs of
	// a network still overlap as on the cores that there are: see [infer.Engine], whose
	// Alone is the same. Where GOGC is not set, the garbage collector works less often with
	// few clients, and lets less garbage be there with many.
	Alone bool
	// Explain turns on the route /explain. Models must have been opened for it.
	Explain bool
	// TritonMetrics adds to /metrics the numbers of nv_inference_*, as Triton names them.
	TritonMetrics bool
	// Keys are what clients must show; nil lets everyone in.
	Keys *Keys
	// Tracer is where the spans of requests go; nil for nowhere.
	Tracer trace.TracerProvider
	// Log hears of each request and of models that come and go; nil for nobody.
	Log *slog.Logger
	// Version is the program's, for clients that ask; it may be empty.
	Version string
}

// Limits bound what clients can make a server do. A value of 0 means the default.
type Limits struct {
	PictureBody int64   // bytes of a body of pictures; 20 MiB
	TensorBody  int64   // bytes of a body of tensors; 64 MiB
	Bodies      int64   // bytes of all bodies that are held at a time; 512 MiB
	Pixels      int     // of a picture; 40 million
	Pictures    int     // in a request; 128
	Queue       int     // pictures that are admitted and not answered, by model; 256
	Rate        float64 // pictures a second for each key, or address without keys; no limit
	// Timeout is the deadline of requests that do not ask for a shorter one; 30 s.
	Timeout time.Duration
}

func (l *Limits) complete() {
	l.PictureBody = or(l.PictureBody, 20<<20)
	l.TensorBody = or(l.TensorBody, 64<<20)
	l.Bodies = max(or(l.Bodies, 512<<20), l.PictureBody, l.TensorBody)
	l.Pixels = min(or(l.Pixels, imageprep.MaxPixels), imageprep.MaxPixels)
	l.Queue = or(l.Queue, 256)
	l.Pictures = min(or(l.Pictures, 128), l.Queue)
	l.Timeout = or(l.Timeout, 30*time.Second)
}

// or is v where it is above 0.
func or[T int | int64 | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}
