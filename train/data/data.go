// Package data reads folders of labelled images, splits them, keeps them
// decoded in memory and deals out batches.
package data
