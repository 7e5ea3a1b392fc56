#!/bin/sh
# Builds the image of Containerfile by docker, podman or buildah, and saves it, compressed
# by gzip as registries hold it.
#
#   deploy/image.sh ENGINE FILE.tar.gz
set -eu
engine=$1 out=$2
case $engine in
buildah)
	buildah build -f deploy/Containerfile -t flowerctl .
	buildah push flowerctl "docker-archive:$out.tar"
	;;
*)
	"$engine" build -f deploy/Containerfile -t flowerctl .
	"$engine" save -o "$out.tar" flowerctl
	;;
esac
gzip -9n < "$out.tar" > "$out"
rm "$out.tar"
