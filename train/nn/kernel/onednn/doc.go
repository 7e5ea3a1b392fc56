// Package onednn is the engine on Intel's oneDNN library, for float32. It is
// empty without the build tag onednn.
//
// Convolutions and dense layers are the library's primitives, but where loops in
// this package are faster; the layers that only move memory are such loops too.
// Go calls C functions (api.h) that are written in C++ (*.cpp). Both Debian's
// oneDNN 2.6 and 3.x work: compat.h has what differs.
//
// All calls run on one thread that the engine owns, which holds the OpenMP team;
// the caller's thread sleeps meanwhile. That costs up to 9 microseconds a call.
//
// How libgomp's idle workers wait is left as it is. It can only be set in the
// environment, before the library loads, so it would take starting the program a
// second time; and it made steps beside another training that took both cores no
// shorter (median ms of 5 runs in turns of v7-base, v7-batchnorm: as it is 250,
// 385; GOMP_SPINCOUNT=10000 251, 387; 1000 262, 389; OMP_WAIT_POLICY=passive 264, 405).
//
// The package never imports gorgonia or another engine. Start at New in
// engine.go.
package onednn
