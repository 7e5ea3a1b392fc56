// Package systemd speaks with systemd, as sd_notify(3), sd_watchdog_enabled(3) and
// sd_listen_fds(3) describe it: it tells that the program is ready, alive or ending,
// and takes over sockets that were opened for it. Without systemd nothing happens.
package systemd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// The states that systemd is told.
const (
	ready    = "READY=1"
	stopping = "STOPPING=1"
	isAlive  = "WATCHDOG=1"
)

// notify sends a state to the socket that systemd named, or does nothing.
func notify(state string) error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return err
	}
	_, err = conn.Write([]byte(state))
	return errors.Join(err, conn.Close())
}

// Follow tells systemd that the program is ready, until ctx ends that it is alive, and
// then that it ends. Systemd restarts a program that it does not hear of within the
// time of WatchdogSec=, as when alive, which is called before, does not return.
func Follow(ctx context.Context, alive func()) error {
	err := notify(ready)
	if every := watchdog() / 2; every > 0 && err == nil {
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for ctx.Err() == nil && err == nil {
			select {
			case <-ticker.C:
				alive()
				err = notify(isAlive)
			case <-ctx.Done():
			}
		}
	}
	if err != nil {
		return fmt.Errorf("telling systemd: %w", err)
	}
	<-ctx.Done()
	return notify(stopping)
}

// watchdog is within which time systemd wants to hear of this process; 0 for never.
func watchdog() time.Duration {
	if pid := os.Getenv("WATCHDOG_PID"); pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return 0
	}
	micros, err := strconv.ParseInt(os.Getenv("WATCHDOG_USEC"), 10, 64)
	if err != nil || micros <= 0 {
		return 0
	}
	return time.Duration(micros) * time.Microsecond
}

// firstSocket is the number of the first file that systemd passes on.
const firstSocket = 3

// Sockets are the listeners for HTTP and gRPC that systemd opened for this process;
// those that are nil it did not. FileDescriptorName= says which is which; a socket
// without it is for HTTP. They are taken over once: a second call finds none.
func Sockets() (http, grpc net.Listener, err error) {
	return socketsFrom(firstSocket)
}

func socketsFrom(first int) (http, grpc net.Listener, err error) {
	pid, count := os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS")
	names := strings.Split(os.Getenv("LISTEN_FDNAMES"), ":")
	for _, name := range []string{"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"} {
		os.Unsetenv(name) // they are not for the programs that this one starts
	}
	n, err := strconv.Atoi(count)
	if err != nil || n <= 0 || pid != strconv.Itoa(os.Getpid()) {
		return nil, nil, nil
	}
	for i := range n {
		to := &http
		if i < len(names) && names[i] == "grpc" {
			to = &grpc
		}
		if *to != nil {
			return nil, nil, fmt.Errorf("systemd passed %d sockets, called %s: want one for HTTP, "+
				"and one with FileDescriptorName=grpc", n, strings.Join(names, " and "))
		}
		file := os.NewFile(uintptr(first+i), "socket")
		l, err := net.FileListener(file)
		if err = errors.Join(err, file.Close()); err != nil {
			return nil, nil, fmt.Errorf("socket %d of systemd: %w", i+1, err)
		}
		*to = l
	}
	return http, grpc, nil
}
