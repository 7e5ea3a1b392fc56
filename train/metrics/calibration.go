package metrics

import (
	"math"
	"slices"
)

// Answers are a classifier's probabilities for labelled images.
type Answers struct {
	Labels        []int       // the true class of each image
	Probabilities [][]float32 // of each image, by class, before the temperature of Tempered

	divisor float64   // of the logits, see Tempered; 0 means 1
	totals  []float64 // by image, logSum with it; nil for 1
}

// Bins is how many bins a reliability diagram has.
const Bins = 15

// Bin is one bar of a reliability diagram: the images whose most probable class has
// a probability over From and up to To.
type Bin struct {
	From       float64 `json:"from"`
	To         float64 `json:"to"`
	N          int     `json:"n"`
	Confidence float64 `json:"confidence"` // mean probability of the answers
	Accuracy   float64 `json:"accuracy"`   // share of right answers
}

// Reliability says how far probabilities are from what they promise.
type Reliability struct {
	// ECE is the expected calibration error: over [Bins] bins of equal width, the mean
	// distance of accuracy and confidence, weighted by the number of images (Naeini,
	// Cooper and Hauskrecht 2015; Guo et al. 2017).
	ECE float64 `json:"ece"`
	// NLL is the mean of -log of the true class's probability.
	NLL  float64 `json:"nll"`
	Bins []Bin   `json:"bins"`
}

// Reliability measures the answers as they are.
func (a *Answers) Reliability() Reliability {
	return a.reliability(func(int) float64 { return 1 })
}

// Together is the reliability of the answers of all parts, each with its own bins of the
// same borders. It is nil where one of them is nil or there is none.
func Together(parts []*Reliability) *Reliability {
	if len(parts) == 0 || slices.Contains(parts, nil) {
		return nil
	}
	all := &Reliability{Bins: slices.Clone(parts[0].Bins)}
	total := 0.0
	for i := range all.Bins {
		b := &all.Bins[i]
		b.N, b.Confidence, b.Accuracy = 0, 0, 0
		for _, part := range parts {
			one := part.Bins[i]
			b.N += one.N
			b.Confidence += float64(one.N) * one.Confidence
			b.Accuracy += float64(one.N) * one.Accuracy
		}
		total += float64(b.N)
	}
	for _, part := range parts {
		n := 0
		for _, b := range part.Bins {
			n += b.N
		}
		all.NLL += part.NLL * float64(n) / max(total, 1)
	}
	all.settle(total)
	return all
}

// settle turns the sums in the bins into means, of n images in all, and adds up the error.
func (r *Reliability) settle(n float64) {
	for i := range r.Bins {
		if b := &r.Bins[i]; b.N > 0 {
			b.Confidence /= float64(b.N)
			b.Accuracy /= float64(b.N)
			r.ECE += float64(b.N) / n * math.Abs(b.Accuracy-b.Confidence)
		}
	}
}

// reliability measures the answers with a temperature for each image.
func (a *Answers) reliability(temperature func(image int) float64) Reliability {
	r := Reliability{Bins: make([]Bin, Bins)}
	for i := range r.Bins {
		r.Bins[i].From, r.Bins[i].To = float64(i)/Bins, float64(i+1)/Bins
	}
	n := float64(max(len(a.Labels), 1))
	for i, label := range a.Labels {
		t := temperature(i) * a.divided()
		best := first(a.Probabilities[i])
		total := logSum(a.Probabilities[i], t)
		confidence := math.Exp(logit(a.Probabilities[i][best])/t - total)
		r.NLL += (total - logit(a.Probabilities[i][label])/t) / n
		b := &r.Bins[min(Bins-1, max(0, int(math.Ceil(confidence*Bins))-1))]
		b.N++
		b.Confidence += confidence
		if best == label {
			b.Accuracy++
		}
	}
	r.settle(n)
	return r
}

// Calibration is the temperature that makes probabilities mean what they say.
type Calibration struct {
	// Temperature divides the logits before the softmax; 1 changes nothing.
	Temperature float64 `json:"temperature"`
	Images      int     `json:"images"` // that it was fitted on
	// Before is of the answers as they are. After is cross-fitted: each image's
	// probabilities have a temperature that was fitted on others.
	Before Reliability `json:"before"`
	After  Reliability `json:"after"`
}

// MinTemperature and MaxTemperature bound [Answers.Temperature].
const MinTemperature, MaxTemperature = 0.1, 10.0

// temperatureSpread is the deviation of the normal distribution that log T is
// expected to have: with a few images that are all answered right, the likelihood
// alone would make the answers as confident as can be.
const temperatureSpread = 0.5

// Temperature minimises the mean cross-entropy of the answers over one number that
// divides the logits (Guo et al. 2017), with a normal prior on its logarithm that
// counts as one image. It is within MinTemperature and MaxTemperature, and 1 of no
// answers.
func (a *Answers) Temperature() float64 {
	return a.temperature(func(int) bool { return true })
}

// CalibratedLoss is the mean cross-entropy of the answers with their temperature.
func (a *Answers) CalibratedLoss() float64 {
	t, sum := a.divided()*a.Temperature(), 0.0
	for i, p := range a.Probabilities {
		sum += surprise(p, a.Labels[i], t)
	}
	return sum / float64(max(1, len(a.Labels)))
}

// mostFitted bounds the numbers that temperature looks at for each candidate; with more
// images it takes some that are spread over all, and not under fewestFitted. One number
// is fitted: a few hundred images give it to some percent.
const mostFitted, fewestFitted = 4_000_000, 200

// fitted is how far apart the images are that temperature looks at.
func (a *Answers) fitted() (step int) {
	if len(a.Probabilities) == 0 || len(a.Probabilities[0]) <= DenseClasses {
		return 1
	}
	most := max(fewestFitted, mostFitted/len(a.Probabilities[0]))
	return max(1, (len(a.Labels)+most-1)/most)
}

// temperature is fitted on the images that are let in.
func (a *Answers) temperature(in func(image int) bool) float64 {
	step := a.fitted()
	objective := func(logT float64) float64 {
		sum := logT * logT / (2 * temperatureSpread * temperatureSpread)
		for i := 0; i < len(a.Labels); i += step {
			if in(i / step) {
				sum += surprise(a.Probabilities[i], a.Labels[i], a.divided()*math.Exp(logT))
			}
		}
		return sum
	}
	return math.Exp(goldenSection(objective, math.Log(MinTemperature), math.Log(MaxTemperature)))
}

// goldenSection is where f, which falls and then rises, is smallest, to 1e-4.
func goldenSection(f func(float64) float64, low, high float64) float64 {
	const ratio = 0.6180339887498949
	a, b := high-ratio*(high-low), low+ratio*(high-low)
	fa, fb := f(a), f(b)
	for high-low > 1e-4 {
		if fa <= fb {
			high, b, fb = b, a, fa
			a = high - ratio*(high-low)
			fa = f(a)
		} else {
			low, a, fa = a, b, fb
			b = low + ratio*(high-low)
			fb = f(b)
		}
	}
	return (low + high) / 2
}

// calibrationFolds is into how many parts Calibrate divides the images.
const calibrationFolds = 5

// Calibrate fits the temperature on all answers, and says what it does by those
// that were fitted without each fifth of the images.
func (a *Answers) Calibrate() *Calibration {
	step := a.fitted()
	c := &Calibration{Temperature: a.Temperature(), Images: (len(a.Labels) + step - 1) / step,
		Before: a.Reliability()}
	var without [calibrationFolds]float64
	for fold := range without {
		without[fold] = a.temperature(func(i int) bool { return i%calibrationFolds != fold })
	}
	c.After = a.reliability(func(i int) float64 { return without[i/step%calibrationFolds] })
	return c
}

// Tempered are the answers with logits divided by a temperature. Probabilities are shared,
// and stay as they are: of many classes they are most of a training's memory. [Answers.At]
// and all that is computed from the answers have the temperature.
func (a *Answers) Tempered(temperature float64) *Answers {
	if temperature == 1 || temperature == 0 {
		return a
	}
	out := &Answers{Labels: a.Labels, Probabilities: a.Probabilities,
		divisor: a.divided() * temperature, totals: make([]float64, len(a.Probabilities))}
	for i, p := range a.Probabilities {
		out.totals[i] = logSum(p, out.divisor)
	}
	return out
}

// divided is what the logits are divided by.
func (a *Answers) divided() float64 {
	if a.divisor == 0 {
		return 1
	}
	return a.divisor
}

// At is the probability of a class for an image, with the temperature.
func (a *Answers) At(image, class int) float32 {
	p := a.Probabilities[image][class]
	if a.totals == nil {
		return p
	}
	return float32(math.Exp(logit(p)/a.divisor - a.totals[image]))
}

// Temper divides by a temperature the logits that probabilities are made of, in
// place.
func Temper(probabilities []float32, temperature float64) {
	if temperature == 1 || temperature == 0 {
		return
	}
	total := logSum(probabilities, temperature)
	for i, p := range probabilities {
		probabilities[i] = float32(math.Exp(logit(p)/temperature - total))
	}
}

// surprise is -log of the probability of a class, with a temperature.
func surprise(p []float32, class int, temperature float64) float64 {
	return logSum(p, temperature) - logit(p[class])/temperature
}

// logSum is the logarithm of the sum over the classes of exp(logit / temperature).
// The largest logit is near 0: nothing overflows.
func logSum(p []float32, temperature float64) float64 {
	if temperature == 1 {
		return math.Log(sumOf(p))
	}
	top := logit(p[first(p)]) / temperature
	sum := 0.0
	for _, v := range p {
		sum += math.Exp(logit(v)/temperature - top)
	}
	return top + math.Log(sum)
}

// sumOf is the sum of probabilities, each one as logit takes it.
func sumOf(p []float32) (sum float64) {
	for _, v := range p {
		sum += math.Max(float64(v), math.SmallestNonzeroFloat32)
	}
	return sum
}

// logit is the logarithm of a probability: a logit, but for a number that all
// classes share. One that is 0 in float32 counts as the smallest that is not.
func logit(p float32) float64 {
	return math.Log(math.Max(float64(p), math.SmallestNonzeroFloat32))
}

// first is the index of the largest value, the first of equals.
func first(p []float32) int {
	best := 0
	for i, v := range p {
		if v > p[best] {
			best = i
		}
	}
	return best
}
