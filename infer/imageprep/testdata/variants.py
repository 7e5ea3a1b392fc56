#!/usr/bin/python3
"""Writes variants.json: what Pillow makes of the tags and chunks that change pixels.

    python3 variants.py > variants.json

Made with Pillow 13.0.0, libtiff 4.7.2, libwebp 1.6.0. Files that no option of Pillow
writes are put together here. Each has the pixels of Pillow, over white, with the
upper 8 of 16 bits. Where Pillow reads a file otherwise than imageprep means to, or
not at all, the pixels are computed here, and the file's name ends in "computed".
"""
import base64
import hashlib
import io
import json
import struct
import sys
import warnings
import zlib

import numpy as np
from PIL import Image, ImageOps

warnings.simplefilter("ignore")
rng = np.random.default_rng(14)
small = []


def b64(data):
    return base64.b64encode(bytes(data)).decode()


def over_white(im):
    im = ImageOps.exif_transpose(im)
    if im.mode == "RGBa":
        im = im.convert("RGBA")
    if im.mode in ("RGBA", "LA", "PA") or "transparency" in im.info:
        im = im.convert("RGBA")
        white = Image.new("RGBA", im.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, im).convert("RGB")
    if im.mode == "I" or im.mode.startswith("I;16"):
        grey = (np.asarray(im).astype(int) >> 8).astype(np.uint8)
        return Image.fromarray(grey, "L").convert("RGB")
    return im.convert("RGB")


def add(name, data, tolerance=0, rgb=None):
    """rgb is an array of h x w x 3 where Pillow is not asked."""
    if rgb is None:
        im = over_white(Image.open(io.BytesIO(data)))
        rgb = np.asarray(im)
    else:
        name += " computed"
        rgb = np.asarray(rgb, np.uint8)
        try:
            theirs = np.asarray(over_white(Image.open(io.BytesIO(data))))
            same = theirs.shape == rgb.shape and abs(theirs.astype(int) - rgb).max() <= tolerance
            print(name, "Pillow", "agrees" if same else "differs", file=sys.stderr)
        except Exception as e:
            print(name, "Pillow refuses:", e, file=sys.stderr)
    entry = dict(name=name, data=b64(data), w=rgb.shape[1], h=rgb.shape[0])
    if tolerance == 0 and rgb.size > 300:
        entry["sum"] = hashlib.sha256(rgb.tobytes()).hexdigest()
    else:
        entry |= dict(tolerance=tolerance, rgb=b64(rgb.tobytes()))
    small.append(entry)


def saved(im, **options):
    f = io.BytesIO()
    im.save(f, **options)
    return f.getvalue()


# TIFF

def tiff(blocks, tags, order="<"):
    """A file of the strips or tiles; tags are tag: (type, values)."""
    out = bytearray(b"II*\0" if order == "<" else b"MM\0*") + bytes(4)
    tiled = 322 in tags
    offsets = []
    for b in blocks:
        offsets.append(len(out))
        out += b + bytes(len(b) % 2)
    tags = dict(tags)
    tags[324 if tiled else 273] = (4, offsets)
    tags[325 if tiled else 279] = (4, [len(b) for b in blocks])
    entries = b""
    for tag, (kind, values) in sorted(tags.items()):
        body = struct.pack(order + {1: "B", 3: "H", 4: "I"}[kind] * len(values), *values)
        if len(body) > 4:
            at = len(out)
            out += body + bytes(len(body) % 2)
            body = struct.pack(order + "I", at)
        entries += struct.pack(order + "HHI", tag, kind, len(values)) + body.ljust(4, b"\0")
    out[4:8] = struct.pack(order + "I", len(out))
    return bytes(out + struct.pack(order + "H", len(tags)) + entries + bytes(4))


def packed(a, bits, order="<"):
    """Rows of samples of so many bits, each row beginning at a byte."""
    a = a.reshape(a.shape[0], -1)
    if bits == 8:
        return a.astype(np.uint8).tobytes()
    if bits == 16:
        return a.astype(order + "u2").tobytes()
    each = (a[:, :, None] >> np.arange(bits - 1, -1, -1) & 1).astype(np.uint8)
    return np.packbits(each.reshape(a.shape[0], -1), axis=1).tobytes()


def page(a, photometric, bits, order="<", rows=None, planar=1, tile=None, compress=None,
         predictor=1, fill=1, tags=None):
    """A TIFF of samples a (h x w x n), from its parts."""
    h, w, n = a.shape
    rows = rows or h
    planes = [a] if planar == 1 else [a[:, :, i:i + 1] for i in range(n)]
    blocks = []
    for p in planes:
        if tile:
            padded = np.pad(p, ((0, -h % tile), (0, -w % tile), (0, 0)), mode="edge")
            parts = [padded[y:y + tile, x:x + tile] for y in range(0, h, tile)
                     for x in range(0, w, tile)]
        else:
            parts = [p[y:y + rows] for y in range(0, h, rows)]
        for part in parts:
            if predictor == 2:
                d = part.copy().astype(int)
                d[:, 1:] -= part[:, :-1].astype(int)
                part = d % (1 << bits)
            b = packed(part, bits, order)
            if compress:
                b = compress(b)
            if fill == 2:
                b = bytes(int(f"{v:08b}"[::-1], 2) for v in b)
            blocks.append(b)
    t = {256: (3, [w]), 257: (3, [h]), 258: (3, [bits] * n), 259: (3, [8 if compress else 1]),
         262: (3, [photometric]), 277: (3, [n]), 278: (3, [rows]), 284: (3, [planar])}
    if tile:
        del t[278]
        t |= {322: (3, [tile]), 323: (3, [tile])}
    if predictor != 1:
        t[317] = (3, [predictor])
    if fill != 1:
        t[266] = (3, [fill])
    return tiff(blocks, t | (tags or {}), order)


def samples(h, w, n, bits):
    return rng.integers(0, 1 << bits, (h, w, n))


def grey(v, bits):
    """The colours of grey samples, scaled or cut to 8 bits."""
    v = v[:, :, :1]
    v = v * 255 // ((1 << bits) - 1) if bits <= 8 else v >> (bits - 8)
    return np.repeat(v, 3, axis=2)


def faxes():
    dots = Image.fromarray(np.kron(rng.integers(0, 2, (9, 7)), np.ones((2, 5)))
                           .astype(np.uint8) * 255).convert("1")
    wide = Image.fromarray((np.add.outer(np.arange(4), np.arange(6000)) % 2700 < 1500)
                           .astype(np.uint8) * 255).convert("1")
    for compression in ("tiff_ccitt", "group3", "group4"):
        for photometric in (0, 1):
            for name, im in (("dots", dots), ("wide", wide)):
                for t4 in (0, 1, 4) if compression == "group3" else (0,):
                    for fill in (1, 2):
                        info = {262: photometric, 266: fill}
                        if t4:
                            info[292] = t4
                        if fill == 2 and name == "wide":
                            continue
                        data = saved(im, format="TIFF", compression=compression, tiffinfo=info)
                        opened = Image.open(io.BytesIO(data))
                        assert opened.tag_v2[262] == photometric, photometric
                        assert opened.tag_v2.get(292, 0) == t4
                        add(f"{compression} {name} photometric {photometric} t4 {t4} "
                            f"fill {fill}.tiff", data)


def tiffs():
    faxes()
    for order, end in (("<", "II"), (">", "MM")):
        for photometric in (0, 1):
            for bits in (1, 2, 4, 8, 10, 12, 14, 16):
                a = samples(5, 7, 1, bits)
                rgb = grey(a, bits)
                rgb = 255 - rgb if photometric == 0 else rgb
                add(f"grey {bits} bits photometric {photometric} {end}.tiff",
                    page(a, photometric, bits, order), rgb=rgb)
        a = samples(5, 7, 3, 16)
        add(f"rgb 16 bits {end}.tiff", page(a, 2, 16, order))
        add(f"rgb 16 bits predictor {end}.tiff",
            page(a, 2, 16, order, compress=zlib.compress, predictor=2))
        a = samples(5, 7, 4, 16)
        add(f"cmyk 16 bits {end}.tiff", page(a, 5, 16, order))
    for bits in (1, 2, 4, 8):
        a = samples(5, 7, 1, bits)
        colours = list(rng.integers(0, 65536, 3 << bits))
        add(f"palette {bits} bits.tiff", page(a, 3, bits, tags={320: (3, colours)}))
    old = rng.integers(0, 256, 3 << 4)
    add("palette of 8-bit colours.tiff", page(a % 16, 3, 4, tags={320: (3, list(old))}),
        rgb=old.reshape(3, 16).T[a[:, :, 0] % 16])
    rgb = samples(5, 7, 3, 8)
    add("fill order 2.tiff", page(rgb, 2, 8, fill=2))
    add("fill order 2 of bits.tiff", page(samples(5, 11, 1, 1), 1, 1, fill=2))
    add("fill order 2 deflated.tiff", page(rgb, 2, 8, fill=2, compress=zlib.compress))
    add("planes.tiff", page(rgb, 2, 8, planar=2))
    add("planes in strips.tiff", page(rgb, 2, 8, planar=2, rows=2))
    add("planes with predictor.tiff",
        page(rgb, 2, 8, planar=2, compress=zlib.compress, predictor=2))
    a = samples(5, 7, 3, 16)
    add("planes of 16 bits.tiff", page(a, 2, 16, ">", planar=2), rgb=a >> 8)
    add("predictor.tiff", page(rgb, 2, 8, compress=zlib.compress, predictor=2))
    add("predictor says so without compression.tiff", page(rgb, 2, 8, tags={317: (3, [2])}))
    big = samples(21, 37, 3, 8)
    add("tiles.tiff", page(big, 2, 8, tile=16, compress=zlib.compress))
    add("tiles uncompressed.tiff", page(big, 2, 8, tile=16))
    add("tiles with predictor.tiff",
        page(big, 2, 8, tile=16, compress=zlib.compress, predictor=2))
    add("tiles of planes.tiff", page(big, 2, 8, tile=16, planar=2))
    add("tiles of bits.tiff", page(samples(21, 37, 1, 1), 0, 1, tile=16, compress=zlib.compress))
    for extra, name in ((0, "unspecified"), (1, "premultiplied"), (2, "straight"), (None, "none")):
        tags = {} if extra is None else {338: (3, [extra])}
        for bits in (8, 16):
            a = samples(5, 7, 4, bits)
            if extra == 1:
                a[:, :, :3] = a[:, :, :3] * a[:, :, 3:] >> bits
            add(f"rgb extra {name} {bits} bits.tiff", page(a, 2, bits, tags=tags), 2)
    a = samples(5, 7, 2, 8)
    add("grey extra unspecified.tiff", page(a, 1, 8, tags={338: (3, [0])}))
    add("grey extra straight.tiff", page(a, 1, 8, tags={338: (3, [2])}), 1)
    a = samples(5, 7, 5, 8)
    add("rgb alpha and more.tiff", page(a, 2, 8, tags={338: (3, [2, 0])}), 1)
    add("cmyk and more.tiff", page(a, 5, 8, tags={338: (3, [0])}))
    add("cmyk planes.tiff", page(a[:, :, :4], 5, 8, planar=2))
    for o in range(1, 9):
        add(f"orientation {o}.tiff", page(rgb, 2, 8, tags={274: (3, [o])}))
    im = Image.fromarray(rgb.astype(np.uint8))
    other = Image.fromarray(255 - rgb.astype(np.uint8))
    add("two pages.tiff", saved(im, format="TIFF", save_all=True, append_images=[other]))
    for c in ("packbits", "tiff_lzw", "tiff_adobe_deflate"):
        stripes = Image.fromarray(np.repeat(rgb.astype(np.uint8), 20, axis=1))
        add(f"stripes {c}.tiff", saved(stripes, format="TIFF", compression=c))


# BMP

def bmp(a, bits, header=40, compression=0, masks=(), colours=(), body=None, top_down=False,
        used=0, gap=0):
    """A file of pixels a (h x w, of so many bits), and its header's fields."""
    h, w = a.shape
    if body is None:
        shifts = np.arange(bits - 1, -1, -1)
        each = (a[:, :, None].astype(np.int64) >> shifts & 1).astype(np.uint8).reshape(h, -1)
        rows = np.packbits(each, axis=1)
        if bits > 8:  # the lowest byte first
            rows = rows.reshape(h, w, bits // 8)[:, :, ::-1].reshape(h, -1)
        rows = np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4)))
        body = (rows if top_down else rows[::-1]).tobytes()
    if header == 12:
        info = struct.pack("<IHHHH", 12, w, h, 1, bits)
        palette = b"".join(bytes(c[::-1]) for c in colours)
    else:
        info = struct.pack("<IiiHHIIiiII", header, w, -h if top_down else h, 1, bits,
                           compression, len(body), 2835, 2835, used, 0)
        info += struct.pack("<%dI" % len(masks), *masks)
        info += bytes(max(0, 4 - len(masks)) * 4 if header > 56 else 0)
        info = info.ljust(header, b"\0")
        palette = b"".join(bytes(c[::-1]) + b"\0" for c in colours)
    at = 14 + len(info) + len(palette) + gap
    return (b"BM" + struct.pack("<IHHI", at + len(body), 0, 0, at) + info + palette
            + bytes(gap) + body)


def bmps():
    for bits in (1, 2, 4, 8):
        a = rng.integers(0, 1 << bits, (5, 7))
        colours = rng.integers(0, 256, (1 << bits, 3)).astype(np.uint8)
        rgb = colours[a]
        add(f"palette {bits} bits.bmp", bmp(a, bits, colours=colours), rgb=rgb)
        add(f"palette {bits} bits top down.bmp", bmp(a, bits, colours=colours, top_down=True),
            rgb=rgb)
        add(f"palette {bits} bits os2.bmp", bmp(a, bits, 12, colours=colours), rgb=rgb)
    a = rng.integers(0, 5, (5, 7))
    add("palette of five.bmp", bmp(a, 8, colours=colours[:5], used=5))
    add("palette and a gap.bmp", bmp(a, 8, colours=colours[:5], used=5, gap=10), rgb=colours[a])
    for bits in (24, 32, 16):
        a = rng.integers(0, 1 << bits, (5, 7))
        for header in (40, 108, 124):
            add(f"{bits} bits header {header}.bmp", bmp(a, bits, header))
        add(f"{bits} bits top down.bmp", bmp(a, bits, top_down=True))
    add("24 bits os2.bmp", bmp(rng.integers(0, 1 << 24, (5, 7)), 24, 12))
    a = rng.integers(0, 1 << 32, (5, 7))
    for name, masks in (("bgrx", (0xff0000, 0xff00, 0xff, 0)),
                        ("xbgr", (0xff000000, 0xff0000, 0xff00, 0)),
                        ("rgbx", (0xff, 0xff00, 0xff0000, 0)),
                        ("bgra", (0xff0000, 0xff00, 0xff, 0xff000000)),
                        ("rgba", (0xff, 0xff00, 0xff0000, 0xff000000)),
                        ("abgr", (0xff000000, 0xff0000, 0xff00, 0xff))):
        for header in (56, 108, 124):
            bytes4 = [a // max(m & -m, 1) & 255 for m in masks]
            rgb = np.stack(bytes4[:3], axis=2)
            if masks[3]:
                alpha = bytes4[3][:, :, None]
                rgb = (rgb * alpha + 255 * (255 - alpha) + 127) // 255
            add(f"fields {name} header {header}.bmp", bmp(a, 32, header, 3, masks), 1, rgb)
    add("fields behind the header.bmp", bmp(a, 32, 40, 3, (0xff, 0xff00, 0xff0000)),
        rgb=np.stack([a & 255, a >> 8 & 255, a >> 16 & 255], axis=2))
    ten = np.stack([a >> s & 1023 for s in (20, 10, 0)], axis=2) * 255 // 1023
    add("fields of ten bits.bmp", bmp(a, 32, 40, 3, (1023 << 20, 1023 << 10, 1023)), rgb=ten)
    a = rng.integers(0, 1 << 16, (5, 7))
    add("fields 565.bmp", bmp(a, 16, 40, 3, (0xf800, 0x7e0, 0x1f)))
    add("fields 565 header 108.bmp", bmp(a, 16, 108, 3, (0xf800, 0x7e0, 0x1f, 0)))
    add("fields 555.bmp", bmp(a, 16, 40, 3, (0x7c00, 0x3e0, 0x1f)))
    four = np.stack([a >> s & 15 for s in (8, 4, 0)], axis=2) * 17
    add("fields 444.bmp", bmp(a, 16, 40, 3, (0xf00, 0xf0, 0xf)), rgb=four)
    add("fields invisible.bmp", bmp(a & 0xffffff, 32, 124, 3,
        (0xff0000, 0xff00, 0xff, 0xff000000)),
        rgb=np.stack([a >> 16 & 255, a >> 8 & 255, a & 255], axis=2))
    runs = np.zeros((5, 9), np.int64)
    runs[4, :6], runs[4, 6:] = 3, (1, 2, 1)   # a run, three pixels as they are
    runs[3, 2:5] = 4                          # after a move to the right
    runs[1, :4] = (1, 4, 1, 4)                # after a move up
    eight = bytes([6, 3, 0, 3, 1, 2, 1, 0, 0, 0, 0, 2, 2, 0, 3, 4, 0, 2, 0, 1, 0, 0, 0, 4, 1, 4, 1, 4,
                   0, 1])
    four = bytes([6, 0x33, 0, 3, 0x12, 0x10, 0, 0, 0, 2, 2, 0, 3, 0x44, 0, 2, 0, 1, 0, 0, 4, 0x14, 0, 1])
    for bits, body in ((8, eight), (4, four)):
        add(f"runs {bits} bits.bmp",
            bmp(runs, bits, 40, 1 if bits == 8 else 2, colours=colours[:16], used=16, body=body),
            rgb=colours[:16][runs])


tiffs()
bmps()
json.dump(dict(small=small), sys.stdout, indent=0)
