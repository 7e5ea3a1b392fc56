package shell

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"syscall"
)

// Listen opens the address that a flag has, HOST:PORT. Where it has no HOST, that is host,
// and "" is all of the machine's. Errors name the flag.
func Listen(flag, address, host string) (net.Listener, error) {
	given, port, err := net.SplitHostPort(address)
	if err != nil {
		hint := "8080"
		if _, err := strconv.ParseUint(address, 10, 16); err == nil {
			hint = address
		}
		return nil, Fail(Usagef("--%s: got %q, want HOST:PORT", flag, address),
			"--"+flag+" 127.0.0.1:"+hint)
	}
	if given != "" {
		host = given
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	var bad *net.AddrError
	var unknown *net.DNSError
	switch {
	case errors.As(err, &bad):
		return nil, Usagef("--%s: got %q, want HOST:PORT: %s", flag, address, bad.Err)
	case errors.As(err, &unknown):
		return nil, Usagef("--%s: got %q, want HOST:PORT: %s", flag, address, unknown.Err)
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, Fail(fmt.Errorf("--%s: %s: address already in use", flag, address),
			"port 0 takes a free one")
	case err != nil:
		var system *os.SyscallError
		if errors.As(err, &system) {
			err = system.Err
		}
		return nil, fmt.Errorf("--%s: %s: %w", flag, address, err)
	}
	return l, nil
}
