//go:build race

package verify

// raceDetector says that the race detector makes everything ten times slower.
const raceDetector = true
