package serve

import (
	"context"
	"net"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/flowerctl/flowerctl/infer/serve/inference"
)

// TestCallsOnConnectionsThatWaitAreAnswered, as TestConnectionsThatWaitAreAnswered.
func TestCallsOnConnectionsThatWaitAreAnswered(t *testing.T) {
	graceful(t, time.Hour) // so that the end shows that no connection is left
	s := served(t, newColourist(), Options{})
	l := loopback(t)
	// The connections are in the system's queue before the server has begun.
	var conns []*grpc.ClientConn
	for range 3 {
		waits, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn, err := grpc.NewClient("passthrough:///serve",
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(context.Context, string) (net.Conn, error) { return waits, nil }))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conns = append(conns, conn)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // nothing has been accepted by then
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, Listeners{GRPC: l}) }()
	for _, conn := range conns {
		if _, err := inference.NewGRPCInferenceServiceClient(conn).ModelInfer(t.Context(),
			asked(painted(t, red))); err != nil {
			t.Errorf("the call was lost: %v", err)
		}
		conn.Close()
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
