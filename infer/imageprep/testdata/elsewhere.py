#!/usr/bin/python3
"""Writes elsewhere.json: the ways of other tools to make a square, by Pillow.

    pip install pillow==12.0.0 && python3 elsewhere.py > elsewhere.json

Crops are torchvision's Resize and CenterCrop, written out; letterboxes are
Ultralytics' LetterBox with Pillow's resize.
"""
import hashlib
import json
import math
import sys

from PIL import Image

FILTERS = {"bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}


def pattern(w, h):
    """The picture that the Go tests draw too: see pattern in golden_test.go."""
    px = bytearray()
    for y in range(h):
        for x in range(w):
            for c in range(3):
                px.append((x * (7 + c) + y * (5 + 2 * c) + x * y // (3 + c)) % 256)
    return Image.frombytes("RGB", (w, h), bytes(px))


def stretch(im, size, share, how):
    short = math.floor(size / share + 1e-9)
    at = int(round((short - size) / 2))
    return im.resize((short, short), how).crop((at, at, at + size, at + size))


def crop(im, size, share, how):
    short = math.floor(size / share + 1e-9)
    w, h = im.size
    w, h = (short, int(short * h / w)) if w < h else (int(short * w / h), short)
    left, top = int(round((w - size) / 2)), int(round((h - size) / 2))
    return im.resize((w, h), how).crop((left, top, left + size, top + size))


def letterbox(im, size, share, how):
    r = min(size / im.height, size / im.width)
    w, h = max(1, round(im.width * r)), max(1, round(im.height * r))
    out = Image.new("RGB", (size, size), (114, 114, 114))
    out.paste(im.resize((w, h), how), (round((size - w) / 2 - 0.1), round((size - h) / 2 - 0.1)))
    return out


cases = []
for w, h in ((50, 31), (31, 50), (9, 7), (16, 16), (1, 40), (200, 3), (97, 64)):
    for size in (1, 5, 16, 21):
        for resize, shares in ((stretch, (0, 0.875)), (crop, (0, 0.875, 0.9)), (letterbox, (0,))):
            for share in shares:
                for name, how in FILTERS.items():
                    out = resize(pattern(w, h), size, share or 1, how)
                    cases.append(dict(w=w, h=h, size=size, resize=resize.__name__, share=share,
                                      interpolation=name,
                                      sha256=hashlib.sha256(out.tobytes()).hexdigest()[:16]))
json.dump(cases, sys.stdout, separators=(",", ":"))
print()
