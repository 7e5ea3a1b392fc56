//go:build race

package nn

// raceDetector says that the race detector makes everything ten times slower.
const raceDetector = true
