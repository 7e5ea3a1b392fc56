// Package engine chooses the engine that networks compute on, by the build tag
// onednn. Start at [Default].
package engine
