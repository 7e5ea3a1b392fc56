// Package inference is the Open Inference Protocol v2 over gRPC, as protoc's plugins
// for Go write it from inference.proto. It is for package serve and for clients.
package inference

//go:generate protoc --go_out=. --go_opt=paths=source_relative --go-grpc_out=. --go-grpc_opt=paths=source_relative inference.proto
