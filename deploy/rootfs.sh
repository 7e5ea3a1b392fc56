#!/bin/sh
# Assembles the file system of the image: flowerctl, onnxruntime, the libraries that these
# are linked with, and nothing else. The first stage of Containerfile runs it, and so does
# `make image` where there is no container engine. It runs at the top of the project, on
# Linux with glibc, Go, a C compiler and, for faster JPEG, libjpeg-turbo's headers.
#
#   deploy/rootfs.sh DIR
set -eu
root=${1:?"want a folder"}
rm -rf "$root"
mkdir -p "$root/lib" "$root/etc/ssl/certs"

tags=
for header in /usr/include/jpeglib.h /usr/local/include/jpeglib.h; do
	[ ! -e "$header" ] || tags=-tags=libjpeg
done
go build -trimpath -ldflags='-s -w' $tags -o "$root/flowerctl" ./cmd/flowerctl

"$root/flowerctl" runtime install
library=$("$root/flowerctl" runtime status | awk '$1 == "cpu" { print $NF }')
[ -f "$library" ] || { echo "rootfs.sh: flowerctl runtime status names no library" >&2; exit 1; }
cp -L "$library" "$root/lib/libonnxruntime.so"

# Each library where the loader of the same path looks for it.
ldd "$root/flowerctl" "$root/lib/libonnxruntime.so" |
	sed -n -e 's/^.*=> \(\/[^ ]*\) .*$/\1/p' -e 's/^[[:space:]]*\(\/[^ :]*\) (.*$/\1/p' | sort -u |
	while read -r needed; do
		mkdir -p "$root$(dirname "$needed")"
		cp -L "$needed" "$root$needed"
	done

# Who runs, and whom a server that sends spans over TLS believes.
echo 'nonroot:x:65532:65532::/:/flowerctl' > "$root/etc/passwd"
echo 'nonroot:x:65532:' > "$root/etc/group"
for bundle in /etc/ssl/certs/ca-certificates.crt; do
	[ ! -e "$bundle" ] || cp -L "$bundle" "$root$bundle"
done
