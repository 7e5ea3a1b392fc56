#!/usr/bin/python3
"""Writes what Pillow makes of photographs: decoded, turned upright, and resized.

    python3 photographs.py SIZE < list of files > pixels

For each file the SIZE x SIZE pixels of Image.resize(BILINEAR), then those of the
shorter side resized to SIZE and the centre cut out, three bytes a pixel.
"""
import sys

import PIL
from PIL import Image, ImageOps

if int(PIL.__version__.split(".")[0]) not in range(9, 13):
    sys.exit(f"got Pillow {PIL.__version__}, want 9 to 12: 13 changed the order of the passes "
             "(pip install 'pillow<13')")

size = int(sys.argv[1])
for line in sys.stdin:
    with Image.open(line.rstrip("\n")) as im:
        im = ImageOps.exif_transpose(im).convert("RGB")
    w, h = im.size
    nw, nh = (size, size * h // w) if w < h else (size * w // h, size)
    left, top = int(round((nw - size) / 2)), int(round((nh - size) / 2))
    crop = im.resize((nw, nh), Image.BILINEAR).crop((left, top, left + size, top + size))
    sys.stdout.buffer.write(im.resize((size, size), Image.BILINEAR).tobytes() + crop.tobytes())
