#!/usr/bin/python3
"""Writes what Pillow makes of photographs: decoded, turned upright, and resized.

    python3 photographs.py SIZE < list of files > pixels

For each file the SIZE x SIZE pixels of Image.resize(BILINEAR), then those of the
shorter side resized to SIZE and the centre cut out, three bytes a pixel.
"""
import sys

from PIL import Image, ImageOps

size = int(sys.argv[1])
for line in sys.stdin:
    with Image.open(line.rstrip("\n")) as im:
        im = ImageOps.exif_transpose(im).convert("RGB")
    w, h = im.size
    nw, nh = (size, size * h // w) if w < h else (size * w // h, size)
    left, top = int(round((nw - size) / 2)), int(round((nh - size) / 2))
    crop = im.resize((nw, nh), Image.BILINEAR).crop((left, top, left + size, top + size))
    sys.stdout.buffer.write(im.resize((size, size), Image.BILINEAR).tobytes() + crop.tobytes())
