package data

// Batch is a mini-batch that is ready for the network. The receiver must not
// keep it past the call it was passed to: the loader uses its memory again.
type Batch struct {
	N, Size, Classes int
	// Pixels are N RGB images of Size rows of Size pixels, channels innermost.
	Pixels []uint8
	// Targets are N rows of Classes: the share of each class, summing to 1 unless
	// class weights are in them. One-hot unless smoothed or mixed.
	Targets []float32
	// Labels are the classes of the N images before mixing, for accuracy.
	Labels []int
	// Weights multiply each image's loss; nil means 1. Of mixed images the weights
	// of the classes are in Targets.
	Weights []float32
	// Indices say which image of the data set each one is.
	Indices []int
}
