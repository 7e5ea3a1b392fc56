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
// Threads of libgomp that wait for work, or for others at the end of a loop, keep their
// cores for 3 ms, and where the library has more threads than there are cores hardly at all.
// Yield makes a team that does nothing, so that there are more: its workers sleep. Package nn
// tries which is faster. Beside one process that computes, a step of v7-base on two cores
// (AMD EPYC, 12 steps, median ms in turns) took 507, 496, 498 as it is and 409, 401, 421 with
// short waits (GOMP_SPINCOUNT=100, which is the same); on a quiet machine 235, 226 and 235,
// 224, and one of mobilenetv2, which has many small loops, 424, 370 and 474, 384. The
// README has what trainings take that choose by themselves.
//
// The package never imports gorgonia or another engine. Start at New in
// engine.go.
package onednn
