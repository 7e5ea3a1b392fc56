package systemd

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// heard is what the next message to systemd says.
func heard(t *testing.T, conn *net.UnixConn) string {
	t.Helper()
	buffer := make([]byte, 100)
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	n, err := conn.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	return string(buffer[:n])
}

func TestFollowTellsHowTheProgramIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "2000")
	t.Setenv("WATCHDOG_PID", strconv.Itoa(os.Getpid()))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	asked := make(chan struct{}, 1000)
	go func() { ended <- Follow(ctx, func() { asked <- struct{}{} }) }()
	for _, want := range []string{ready, isAlive, isAlive} {
		if got := heard(t, conn); got != want {
			t.Errorf("systemd was told %q, want %q", got, want)
		}
	}
	if len(asked) < 2 {
		t.Error("systemd was told that a program is alive that was not asked")
	}
	cancel()
	for heard(t, conn) != stopping {
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestFollowWithoutSystemd(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Follow(ctx, func() {}); err != nil {
		t.Error(err)
	}
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nothing"))
	if err := Follow(ctx, func() {}); err == nil {
		t.Error("a socket that is not there was no error")
	}
}

func TestTheWatchdogOfAnotherProcess(t *testing.T) {
	t.Setenv("WATCHDOG_USEC", "1000000")
	t.Setenv("WATCHDOG_PID", "1")
	if got := watchdog(); got != 0 {
		t.Errorf("got %v", got)
	}
	t.Setenv("WATCHDOG_PID", "")
	if got := watchdog(); got != time.Second {
		t.Errorf("got %v", got)
	}
}

func TestSocketsAreTakenOver(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	file, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	passed, err := syscall.Dup(int(file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	file.Close()
	l.Close()
	t.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	t.Setenv("LISTEN_FDS", "1")
	t.Setenv("LISTEN_FDNAMES", "grpc")
	web, calls, err := socketsFrom(passed)
	if err != nil || web != nil || calls == nil {
		t.Fatalf("got %v, %v, %v", web, calls, err)
	}
	defer calls.Close()
	if calls.Addr().String() != l.Addr().String() {
		t.Errorf("got a socket at %v, want %v", calls.Addr(), l.Addr())
	}
	conn, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if web, calls, err := Sockets(); err != nil || web != nil || calls != nil {
		t.Errorf("got %v, %v, %v a second time", web, calls, err)
	}
	t.Setenv("LISTEN_PID", "1")
	t.Setenv("LISTEN_FDS", "1")
	if web, calls, err := Sockets(); err != nil || web != nil || calls != nil {
		t.Errorf("got %v, %v, %v of another process", web, calls, err)
	}
	t.Setenv("LISTEN_PID", strconv.Itoa(os.Getpid()))
	t.Setenv("LISTEN_FDS", "1")
	if _, _, err := socketsFrom(900); err == nil {
		t.Error("a socket that is none was no error")
	}
}
