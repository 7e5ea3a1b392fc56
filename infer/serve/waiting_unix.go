//go:build unix

package serve

import (
	"net"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// waiting takes the connections that stand in a listener's queue, without waiting for
// others. Of listeners that are no sockets there are none.
func waiting(l net.Listener) (conns []net.Conn) {
	socket, ok := l.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	// Errors are that none is left, or that the socket is closed.
	_ = raw.Control(func(fd uintptr) {
		// Whether a socket blocks is up to all processes that have it.
		if unix.SetNonblock(int(fd), true) != nil {
			return
		}
		for {
			conn, err := accept(int(fd))
			if err != nil {
				return
			}
			conns = append(conns, conn)
		}
	})
	return conns
}

// accept takes one connection of a socket that does not block.
func accept(fd int) (net.Conn, error) {
	syscall.ForkLock.RLock()
	taken, _, err := unix.Accept(fd)
	if err == nil {
		unix.CloseOnExec(taken)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, err
	}
	file := os.NewFile(uintptr(taken), "connection")
	defer file.Close()
	return net.FileConn(file)
}
