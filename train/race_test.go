//go:build race

package train

// RaceDetector says that the race detector makes everything ten times slower. Tests of
// package train_test read it too.
const RaceDetector = true
