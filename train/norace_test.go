//go:build !race

package train

const RaceDetector = false
