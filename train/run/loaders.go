package run

import "github.com/flowerctl/flowerctl/train/data"

// loaders makes the loaders of the parts.
func (s *Session) loaders() (err error) {
	set := s.Images.Set
	weights, err := classWeights(s.plan.Classes, set.Labels, set.Counts(data.Train))
	if err == nil && s.multi() && s.plan.Classes == balanced {
		weights = data.PositiveWeights(set.Counts(data.Train), len(set.Indices(data.Train)))
	}
	if err != nil {
		return wrong("class-weights", "%w", err)
	}
	s.weights = weights
	training := set.Indices(data.Train)
	plain := data.LoaderOptions{Batch: s.plan.Batch, Seed: s.plan.Seed, NoPixels: s.plan.frozenWay()}
	shuffled := plain
	shuffled.Shuffle, shuffled.LabelSmoothing = true, s.plan.Smooth
	shuffled.ClassWeights, shuffled.Size = weights, s.plan.TrainSize
	if !s.plan.frozenWay() { // else images vary before their features are computed
		shuffled.Augment = s.plan.augment
	}
	shuffled.Larger = s.larger
	if s.Training, err = data.NewLoader(s.Images, training, shuffled); err != nil {
		return err
	}
	if s.Validation, err = data.NewLoader(s.Images, set.Indices(data.Val), plain); err != nil {
		return err
	}
	if s.plan.BatchNorm == MeasuredStatistics && !s.plan.FreezeBN && !s.plan.FromBase() {
		mixed := plain
		mixed.Shuffle = true // a batch of one class has other statistics
		if s.Measuring, err = data.NewLoader(s.Images, measured(set), mixed); err != nil {
			return err
		}
	}
	if test := set.Indices(data.Test); len(test) > 0 {
		s.Test, err = data.NewLoader(s.Images, test, plain)
	}
	return err
}

// mostMeasured is on how many images statistics of batch norms are measured at most:
// a few hundred give them to one part in a hundred.
const mostMeasured = 512

// measured are the training images on which statistics are measured, spread over all.
func measured(set *data.Set) (indices []int) {
	all := set.Indices(data.Train)
	for _, i := range spread(len(all), mostMeasured) {
		indices = append(indices, all[i])
	}
	return indices
}
