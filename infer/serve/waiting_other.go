//go:build !unix

package serve

import "net"

// waiting takes the connections that stand in a listener's queue: none, where the system
// has no way to do that without waiting.
func waiting(net.Listener) []net.Conn { return nil }
