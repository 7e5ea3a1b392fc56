// Package serve answers requests for what is in pictures: over HTTP, with routes of
// its own and those of the Open Inference Protocol v2, and over gRPC.
//
// It never imports training, export or gorgonia. Start at [Handler], which mounts one
// classifier in any mux, or at [New], which serves several models that can be
// replaced while requests come; [Server.Run] listens.
package serve
