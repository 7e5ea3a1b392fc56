#!/bin/sh
# Runs the server in a file system that rootfs.sh made, as a container would: as a user who
# is not root, with nothing that can be written to. It asks whether it is ready, and ends
# it. Needs root, for chroot.
#
#   deploy/try.sh DIR
set -eu
root=$1
export PORT="${PORT:-18080}"
[ "$(id -u)" = 0 ] || { echo "try.sh: not root: the file system is not tried" >&2; exit 0; }
unshare --mount sh -eu -c '
	mount --bind "$1" "$1"
	mount -o remount,ro,bind "$1"
	run() {
		exec env -i HOME=/ FLOWERCTL_OFFLINE=1 FLOWERCTL_ONNXRUNTIME=/lib/libonnxruntime.so \
			chroot --userspec=65532:65532 "$1" /flowerctl serve --addr 127.0.0.1:$PORT $2
	}
	run "$1" "" &
	tries=0
	until (run "$1" --check) 2>/dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 100 ] || { echo "try.sh: no server is ready in $1" >&2; exit 1; }
		sleep 0.2
	done
	kill $!
	wait $! || { echo "try.sh: the server ended with $?" >&2; exit 1; }
	echo "a server in $1 was ready"
' sh "$root"
