// Package train is the training loop: epochs, early stopping, checkpoints,
// history. It never imports gorgonia: the network comes in as a [Stepper].
package train
