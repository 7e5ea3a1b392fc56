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
