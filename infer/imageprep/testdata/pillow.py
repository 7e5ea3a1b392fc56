#!/usr/bin/python3
"""Writes pillow.json: what Pillow makes of images, for the tests of imageprep.

    python3 pillow.py GOROOT/src/image/testdata X_IMAGE/testdata > pillow.json

where X_IMAGE is the folder that `go list -m -f {{.Dir}} golang.org/x/image`
prints. Made with Pillow 9.4.0, libjpeg-turbo 2.1.5 and libwebp 1.2.4.
"""
import base64
import hashlib
import io
import json
import os
import sys

from PIL import Image, ImageOps


def b64(data):
    return base64.b64encode(data).decode()


def pattern(w, h):
    """The picture that the Go tests draw too: see pattern in golden_test.go."""
    px = bytearray()
    for y in range(h):
        for x in range(w):
            for c in range(3):
                px.append((x * (7 + c) + y * (5 + 2 * c) + x * y // (3 + c)) % 256)
    return Image.frombytes("RGB", (w, h), bytes(px))


def over_white(im):
    im = ImageOps.exif_transpose(im)
    if im.mode in ("RGBA", "LA", "PA") or "transparency" in im.info:
        im = im.convert("RGBA")
        white = Image.new("RGBA", im.size, (255, 255, 255, 255))
        return Image.alpha_composite(white, im).convert("RGB")
    if im.mode == "I" or im.mode.startswith("I;16"):
        im = im.point(lambda v: v / 256).convert("L")
    return im.convert("RGB")


small = []


def add(name, im, tolerance=0, **options):
    f = io.BytesIO()
    im.save(f, **options)
    rgb = over_white(Image.open(io.BytesIO(f.getvalue())))
    small.append(dict(name=name, data=b64(f.getvalue()), w=rgb.width, h=rgb.height,
                      tolerance=tolerance, rgb=b64(rgb.tobytes())))


for size in ((1, 1), (2, 7), (5, 3), (21, 13)):
    for sub, text in enumerate(("444", "422", "420")):
        add("%dx%d-%s.jpg" % (*size, text), pattern(*size), format="JPEG", quality=85, subsampling=sub)
im = pattern(21, 13)
alpha = im.convert("RGBA")
alpha.putalpha(im.getchannel("G"))
add("progressive.jpg", im, format="JPEG", progressive=True)
add("coarse.jpg", im, format="JPEG", quality=3)
add("grey.jpg", im.convert("L"), format="JPEG")
add("grey-progressive.jpg", im.convert("L"), format="JPEG", progressive=True)
add("cmyk.jpg", im.convert("CMYK"), format="JPEG")
for o in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = o
    add("orientation-%d.jpg" % o, pattern(7, 4), format="JPEG", exif=exif)
    add("orientation-%d.webp" % o, pattern(7, 4), format="WEBP", lossless=True, exif=exif)
    add("orientation-%d.png" % o, pattern(7, 4), format="PNG", exif=exif)
for name, mode in (("rgb", "RGB"), ("grey", "L"), ("bits", "1"), ("palette", "P")):
    add(name + ".png", im.convert(mode), format="PNG")
    if name != "palette":
        add(name + ".bmp", im.convert(mode), format="BMP")
    add(name + ".tiff", im.convert(mode), format="TIFF")
for compression in ("tiff_lzw", "tiff_deflate", "tiff_adobe_deflate", "packbits"):
    add(compression + ".tiff", im, format="TIFF", compression=compression)
add("cmyk.tiff", im.convert("CMYK"), format="TIFF")
add("cmyk-lzw.tiff", im.convert("CMYK"), format="TIFF", compression="tiff_lzw")
add("16bit.png", im.convert("L").point(lambda v: v * 200, "I"), format="PNG")
add("16bit.tiff", im.convert("L").point(lambda v: v * 200, "I").convert("I;16"), format="TIFF")
add("alpha.png", alpha, tolerance=1, format="PNG")
add("grey-alpha.png", alpha.convert("LA"), tolerance=1, format="PNG")
add("alpha.tiff", alpha, tolerance=1, format="TIFF")
add("alpha.webp", alpha, tolerance=1, format="WEBP", quality=60)
add("alpha-lossless.webp", alpha, tolerance=1, format="WEBP", lossless=True)
add("palette.gif", im.convert("P"), format="GIF")
add("interlaced.gif", im.convert("P"), format="GIF", interlace=1)
add("transparent.gif", alpha.quantize(15), format="GIF")
frames = [im.rotate(90 * k) for k in (1, 2)]
add("animated.gif", im, format="GIF", save_all=True, append_images=frames)
add("animated.webp", im, format="WEBP", save_all=True, append_images=frames, quality=70)
add("animated.png", im, format="PNG", save_all=True, append_images=frames)
for size in ((1, 1), (2, 3), (21, 13), (22, 14)):
    add("%dx%d.webp" % size, pattern(*size), format="WEBP", quality=75)
    add("%dx%d-lossless.webp" % size, pattern(*size), format="WEBP", lossless=True)

files = []
for root, folder in zip(("go", "x"), sys.argv[1:3]):
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), "rb") as f:
            data = f.read()
        # Pillow smoothes the blocks of an image whose scans are missing.
        if name == "video-001.progressive.truncated.jpeg":
            continue
        try:
            im = Image.open(io.BytesIO(data))
            rgb = over_white(im)
        except Exception:
            continue
        if im.mode == "RGBA":
            continue  # rounded differently; see the small ones
        files.append(dict(root=root, name=name, input=hashlib.sha256(data).hexdigest(), w=rgb.width,
                          h=rgb.height, rgb=hashlib.sha256(rgb.tobytes()).hexdigest()))

resized = []
for w, h in ((50, 31), (31, 50), (9, 7), (16, 16), (1, 40), (200, 3)):
    for size in (1, 5, 16, 21):
        im = pattern(w, h)
        out = im.resize((size, size), Image.BILINEAR)
        # As torchvision: the longer side rounded down, the margin to the nearest even.
        nw, nh = (size, size * h // w) if w < h else (size * w // h, size)
        left, top = int(round((nw - size) / 2)), int(round((nh - size) / 2))
        crop = im.resize((nw, nh), Image.BILINEAR).crop((left, top, left + size, top + size))
        resized.append(dict(w=w, h=h, size=size, stretch=b64(out.tobytes()), crop=b64(crop.tobytes())))

json.dump(dict(small=small, files=files, resized=resized), sys.stdout, indent=0)
