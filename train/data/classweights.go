package data

// BalancedWeights are class weights with which all classes count the same: the
// number of images over the number of classes and of the class' own images, as
// scikit-learn's "balanced". An empty class counts as one of one image.
func BalancedWeights(counts []int) []float32 {
	all := 0
	for _, n := range counts {
		all += n
	}
	weights := make([]float32, len(counts))
	for i, n := range counts {
		weights[i] = float32(all) / float32(len(counts)*max(n, 1))
	}
	return weights
}

// PositiveWeights are, for images with several labels, the number of images without each
// label over that of images with it, so that having a label and not having it count the
// same: the usual choice for PyTorch's pos_weight. A label that no image has counts as one
// of one image, and one that all have as one that all but one have.
func PositiveWeights(counts []int, images int) []float32 {
	weights := make([]float32, len(counts))
	for i, n := range counts {
		weights[i] = float32(max(images-n, 1)) / float32(max(n, 1))
	}
	return weights
}
