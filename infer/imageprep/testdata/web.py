#!/usr/bin/python3
"""Writes web.json: what Pillow makes of the chunks of PNG, GIF and WebP that change
pixels, and of those that it ignores.

    python3 web.py > web.json

Made with Pillow 13.0.0 and libwebp 1.6.0. Files that no option of Pillow writes are put
together here. Each has the pixels of Pillow, over white, with the upper 8 of 16 bits.
Where imageprep means to read a file otherwise than Pillow, or Pillow does not read it,
the pixels are computed here, and the file's name ends in "computed".
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
rng = np.random.default_rng(15)
small = []


def b64(data):
    return base64.b64encode(bytes(data)).decode()


def over_white(im):
    im = ImageOps.exif_transpose(im)
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
        rgb = np.asarray(over_white(Image.open(io.BytesIO(data))))
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


# PNG

def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def packed(a, bits):
    """Rows of samples of so many bits, each behind the filter 0."""
    h = a.shape[0]
    a = a.reshape(h, -1)
    if bits == 16:
        rows = a.astype(">u2").view(np.uint8).reshape(h, -1)
    else:
        each = (a[:, :, None] >> np.arange(bits - 1, -1, -1) & 1).astype(np.uint8)
        rows = np.packbits(each.reshape(h, -1), axis=1)
    return b"".join(b"\0" + r.tobytes() for r in rows)


ADAM7 = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2),
         (0, 1, 1, 2))


def png(a, colour, bits, before=(), interlaced=False, after=()):
    """A PNG of samples a (h x w x n); chunks stand before and after the pixels."""
    h, w = a.shape[:2]
    parts = [a[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [a]
    raw = b"".join(packed(p, bits) for p in parts if p.size)
    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, bits, colour, 0, 0, interlaced))
            + b"".join(chunk(*c) for c in before) + chunk(b"IDAT", zlib.compress(raw))
            + b"".join(chunk(*c) for c in after) + chunk(b"IEND", b""))


def samples(h, w, n, bits):
    return rng.integers(0, 1 << bits, (h, w, n))


CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}


def white(rgb, alpha):
    """Colours and alpha, both of 8 bits, over white."""
    return (rgb * alpha + 255 * (255 - alpha) + 127) // 255


def pngs():
    for colour, depths in ((0, (1, 2, 4, 8, 16)), (2, (8, 16)), (3, (1, 2, 4, 8)),
                           (4, (8, 16)), (6, (8, 16))):
        for bits in depths:
            for interlaced in (False, True):
                a = samples(5, 7, CHANNELS[colour], bits)
                palette = [(b"PLTE", rng.integers(0, 256, 3 << bits).astype(np.uint8).tobytes())]
                before = palette if colour == 3 else []
                add(f"colour {colour} bits {bits} interlaced {interlaced:d}.png",
                    png(a, colour, bits, before, interlaced), 1 if colour in (4, 6) else 0)
    for bits in (1, 2, 4, 8, 16):
        a = samples(5, 7, 1, bits)
        key = int(a[2, 3, 0])
        v = a * 255 // ((1 << bits) - 1) if bits <= 8 else a >> 8
        rgb = np.repeat(np.where(a == key, 255, v), 3, axis=2)
        add(f"transparent grey bits {bits}.png",
            png(a, 0, bits, [(b"tRNS", struct.pack(">H", key))]), rgb=rgb)
    for bits in (8, 16):
        a = samples(5, 7, 3, bits)
        a[4, 2] = a[1, 5]
        key = a[1, 5]
        hit = (a == key).all(axis=2, keepdims=True)
        rgb = np.where(hit, 255, a >> (bits - 8))
        add(f"transparent rgb bits {bits}.png",
            png(a, 2, bits, [(b"tRNS", struct.pack(">HHH", *(int(k) for k in key)))]), rgb=rgb)
    for bits in (1, 2, 4, 8):
        a = samples(5, 7, 1, bits)
        n = 1 << bits
        palette = rng.integers(0, 256, (n, 3)).astype(np.uint8)
        alphas = rng.integers(0, 256, max(1, n - 1)).astype(np.uint8)  # the last is opaque
        add(f"transparent palette bits {bits}.png",
            png(a, 3, bits, [(b"PLTE", palette.tobytes()), (b"tRNS", alphas.tobytes())]), 1)
    a = samples(5, 7, 3, 8)
    profile = zlib.compress(bytes(128))
    for name, extra in (("gAMA", (b"gAMA", struct.pack(">I", 100000))),
                        ("sRGB", (b"sRGB", b"\0")),
                        ("iCCP", (b"iCCP", b"x\0\0" + profile)),
                        ("cHRM", (b"cHRM", struct.pack(">8I", *range(10000, 90000, 10000)))),
                        ("sBIT", (b"sBIT", b"\5\6\5")), ("cICP", (b"cICP", b"\x09\x10\0\1")),
                        ("bKGD", (b"bKGD", struct.pack(">HHH", 200, 10, 30))),
                        ("pHYs", (b"pHYs", struct.pack(">IIB", 1000, 3000, 1)))):
        add(f"{name} ignored.png", png(a, 2, 8, [extra]))
    four = samples(5, 7, 4, 8)
    add("bKGD under alpha ignored.png",
        png(four, 6, 8, [(b"bKGD", struct.pack(">HHH", 200, 10, 30))]), 1)
    for o in range(1, 9):
        exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + struct.pack(">HHI", o, 0, 0)
        add(f"eXIf orientation {o}.png", png(a, 2, 8, [(b"eXIf", exif)]))
        add(f"eXIf orientation {o} behind the pixels.png", png(a, 2, 8, after=[(b"eXIf", exif)]))
    moving = Image.fromarray(a.astype(np.uint8))
    other = Image.fromarray(255 - a.astype(np.uint8))
    add("two frames.png", saved(moving, format="PNG", save_all=True, append_images=[other]))
    add("a default picture before the frames.png", saved(
        moving, format="PNG", save_all=True, append_images=[other, moving], default_image=True))
    flat = samples(1, 1, 3, 8)
    for w, h in ((1, 1), (1, 9), (9, 1), (2, 3), (8, 8), (9, 17)):
        add(f"interlaced {w} x {h}.png", png(samples(h, w, 3, 8), 2, 8, interlaced=True))


# GIF

def lzw(pixels, width):
    """The codes of pixels, each behind no other: the table never grows beyond its width."""
    clear, codes = 1 << width, []
    for i, p in enumerate(pixels):
        if i % (clear - 2) == 0:
            codes.append(clear)
        codes.append(int(p))
    codes.append(clear + 1)
    bits = "".join(f"{c:0{width + 1}b}"[::-1] for c in codes)
    bits += "0" * (-len(bits) % 8)
    data = bytes(int(bits[i:i + 8][::-1], 2) for i in range(0, len(bits), 8))
    blocks = b"".join(bytes([len(data[i:i + 255])]) + data[i:i + 255]
                      for i in range(0, len(data), 255))
    return bytes([width]) + blocks + b"\0"


def frame(a, x=0, y=0, colours=None, interlaced=False, control=None, width=4):
    """A frame; control is its disposal and transparent index, -1 for none."""
    h, w = a.shape
    out = b""
    if control:
        disposal, transparent = control
        out += b"\x21\xf9\4" + struct.pack("<BHBB", disposal << 2 | (transparent >= 0), 10,
                                           max(transparent, 0), 0)
    flags = interlaced << 6
    if colours is not None:
        flags |= 0x80 | (len(colours).bit_length() - 2)
    out += b"," + struct.pack("<HHHHB", x, y, w, h, flags)
    if colours is not None:
        out += colours.tobytes()
    if interlaced:
        a = np.concatenate([a[0::8], a[4::8], a[2::4], a[1::2]])
    return out + lzw(a.reshape(-1), width)


def gif(w, h, frames, colours=None, background=0, aspect=0):
    flags = 0x70
    if colours is not None:
        flags |= 0x80 | (len(colours).bit_length() - 2)
    return (b"GIF89a" + struct.pack("<HHBBB", w, h, flags, background, aspect)
            + (colours.tobytes() if colours is not None else b"") + b"".join(frames) + b";")


def gifs():
    colours = rng.integers(0, 256, (16, 3)).astype(np.uint8)
    own = rng.integers(0, 256, (16, 3)).astype(np.uint8)
    a = rng.integers(0, 16, (11, 7))
    b = rng.integers(0, 16, (4, 3))
    add("whole.gif", gif(7, 11, [frame(a)], colours))
    add("own colours.gif", gif(7, 11, [frame(a, colours=own)], colours))
    add("own colours alone.gif", gif(7, 11, [frame(a, colours=own)]))
    add("interlaced.gif", gif(7, 11, [frame(a, interlaced=True)], colours))
    add("interlaced of few rows.gif", gif(3, 4, [frame(b, interlaced=True)], colours))
    for disposal in range(4):
        add(f"disposal {disposal}.gif", gif(7, 11, [frame(a, control=(disposal, -1)),
                                                   frame(a[::-1])], colours))
    for t in (0, 5, 15):
        add(f"transparent {t}.gif", gif(7, 11, [frame(a, control=(0, t))], colours))
        add(f"transparent {t} is the background.gif",
            gif(7, 11, [frame(a, control=(0, t))], colours, background=t))
    add("background.gif", gif(7, 11, [frame(a)], colours, background=9))
    add("aspect ignored.gif", gif(7, 11, [frame(a)], colours, aspect=100))
    for name, control in (("", None), (" transparent", (0, 3)), (" disposal 2", (2, -1))):
        for background in (0, 9):
            add(f"frame within the screen{name} background {background}.gif",
                gif(7, 11, [frame(b, 2, 5, control=control)], colours, background))
    add("frame beyond the screen.gif", gif(4, 6, [frame(b, 2, 5)], colours))
    add("frame within the screen own colours.gif",
        gif(7, 11, [frame(b, 2, 5, colours=own)], colours, 9))
    add("index beyond the colours.gif", gif(7, 11, [frame(a % 4)], colours[:4]))
    add("comment before.gif", gif(7, 11, [b"\x21\xfe\2hi\0", frame(a)], colours))


# WebP

def riff(*chunks):
    body = b"WEBP"
    for kind, data in chunks:
        body += kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def parts(data):
    """The chunks of a WebP file."""
    out, at = [], 12
    while at + 8 <= len(data):
        n = struct.unpack("<I", data[at + 4:at + 8])[0]
        out.append((data[at:at + 4], data[at + 8:at + 8 + n]))
        at += 8 + n + n % 2
    return out


def vp8x(flags, w, h):
    return b"VP8X", bytes([flags, 0, 0, 0]) + (w - 1).to_bytes(3, "little") + (h - 1).to_bytes(3, "little")


def anmf(x, y, w, h, flags, chunks):
    body = b"".join(v.to_bytes(3, "little") for v in (x // 2, y // 2, w - 1, h - 1, 100))
    return b"ANMF", body + bytes([flags]) + riff(*chunks)[12:]


def webps():
    smooth = np.add.outer(np.arange(13) * 9, np.arange(21) * 5)[:, :, None] + np.array([0, 40, 90])
    rgb = Image.fromarray((smooth % 256).astype(np.uint8))
    alpha = rgb.convert("RGBA")
    alpha.putalpha(Image.fromarray((smooth[:, :, 1] * 2 % 256).astype(np.uint8)))
    noise = Image.fromarray(samples(13, 21, 4, 8).astype(np.uint8), "RGBA")
    for method in range(0, 7):
        add(f"lossless method {method}.webp", saved(rgb, format="WEBP", lossless=True, method=method))
        add(f"lossless alpha method {method}.webp",
            saved(noise, format="WEBP", lossless=True, method=method, exact=True), 1)
    for n in (2, 3, 4, 5, 16, 17, 200):
        few = Image.fromarray(rng.integers(0, 256, (n, 3)).astype(np.uint8)[
            rng.integers(0, n, (13, 21))])
        add(f"lossless palette of {n}.webp", saved(few, format="WEBP", lossless=True))
    for quality in (0, 30, 100):
        add(f"lossy {quality}.webp", saved(rgb, format="WEBP", quality=quality))
        for aq in (0, 50, 100):
            add(f"lossy {quality} alpha {aq}.webp",
                saved(alpha, format="WEBP", quality=quality, alpha_quality=aq), 1)
    add("lossy alpha exact.webp", saved(alpha, format="WEBP", exact=True), 1)
    add("ICCP ignored.webp", saved(rgb, format="WEBP", lossless=True, icc_profile=bytes(128)))
    for o in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = o
        add(f"orientation {o} lossy.webp", saved(rgb, format="WEBP", quality=60, exif=exif))
        add(f"orientation {o} alpha.webp", saved(alpha, format="WEBP", quality=60, exif=exif), 1)
    flip = rgb.transpose(Image.FLIP_LEFT_RIGHT)
    for lossless in (False, True):
        for background in ((0, 0, 0, 0), (200, 30, 10, 255)):
            add(f"two frames lossless {lossless:d} background {background[3]}.webp",
                saved(rgb, format="WEBP", save_all=True, append_images=[flip], lossless=lossless,
                      background=background))
            add(f"two frames alpha lossless {lossless:d} background {background[3]}.webp",
                saved(alpha, format="WEBP", save_all=True, append_images=[flip], lossless=lossless,
                      background=background), 1)
    pixels = parts(saved(rgb, format="WEBP", lossless=True))
    for colour in (b"\0\0\0\0", b"\x0a\x1e\xc8\xff"):
        add(f"frame within the canvas background {colour[3]}.webp",
            riff(vp8x(2 | 16, 31, 29), (b"ANIM", colour + b"\0\0"),
                 anmf(4, 6, 21, 13, 0, pixels)))
    add("frame within the canvas no blending.webp",
        riff(vp8x(2 | 16, 31, 29), (b"ANIM", b"\0\0\0\0\0\0"), anmf(4, 6, 21, 13, 2, pixels)))
    add("frame within the canvas without the flag of alpha.webp",
        riff(vp8x(2, 31, 29), (b"ANIM", b"\0\0\0\0\0\0"), anmf(4, 6, 21, 13, 0, pixels)))
    clear = parts(saved(noise, format="WEBP", lossless=True, exact=True))
    add("frame of alpha without its flag.webp",
        riff(vp8x(2, 31, 29), (b"ANIM", b"\0\0\0\0\0\0"), anmf(4, 6, 21, 13, 0, clear)))
    add("lossless alpha without its flag.webp", riff(vp8x(0, 21, 13), *clear))
    add("frame within the canvas disposed.webp",
        riff(vp8x(2 | 16, 31, 29), (b"ANIM", b"\0\0\0\0\0\0"), anmf(4, 6, 21, 13, 1, pixels)))
    add("flag of alpha without alpha.webp",
        riff(vp8x(16, 21, 13), *parts(saved(rgb, format="WEBP", quality=60))))
    add("alpha without its flag.webp",
        riff(*[(k, bytes([0]) + d[1:]) if k == b"VP8X" else (k, d)
               for k, d in parts(saved(alpha, format="WEBP", quality=60))]), 1)


pngs()
gifs()
webps()
json.dump(dict(small=small), sys.stdout, indent=0)
