package imageprep

import (
	"bytes"
	"encoding/hex"
	"image"
	"image/jpeg"
	"testing"
)

// stored returns img as a camera stores it with orientation o, the opposite of what a
// reader does. Source: Exif 2.32, figure 5.
func stored(img Image, o int) Image {
	w, h := img.W, img.H
	if o >= 5 {
		w, h = h, w
	}
	out := newImage(w, h)
	for y := range img.H {
		for x := range img.W {
			sx, sy := x, y
			switch o {
			case 2:
				sx = w - 1 - x
			case 3:
				sx, sy = w-1-x, h-1-y
			case 4:
				sy = h - 1 - y
			case 5:
				sx, sy = y, x
			case 6:
				sx, sy = y, h-1-x
			case 7:
				sx, sy = w-1-y, h-1-x
			case 8:
				sx, sy = w-1-y, x
			}
			copy(out.Pix[3*(sy*w+sx):][:3], img.Pix[3*(y*img.W+x):][:3])
		}
	}
	return out
}

// exifOf is a directory with nothing but an orientation, of type SHORT.
func exifOf(o int) []byte {
	return join("MM\x00*", be32(8), be16(1),
		be16(0x0112), be16(3), be32(1), be16(o), be16(0), be32(0))
}

func pngOf(img Image, o int) []byte {
	var raw []byte
	for y := range img.H {
		raw = append(append(raw, 0), img.Pix[3*img.W*y:3*img.W*(y+1)]...)
	}
	return makePNG(img.W, img.H, 8, 2, 0, compressed(raw), pngChunk("eXIf", exifOf(o)))
}

func tiffOf(img Image, o int) []byte {
	bits := len(img.Pix)
	data := join(img.Pix, make([]byte, bits&1), le16(8), le16(8), le16(8))
	out := makeTIFF(data,
		[2]int{256, img.W}, [2]int{257, img.H}, [2]int{258, 8 + bits + bits&1}, [2]int{259, 1},
		[2]int{262, 2}, [2]int{273, 8}, [2]int{274, o}, [2]int{277, 3}, [2]int{278, img.H},
		[2]int{279, bits})
	// Three bits per sample are SHORTs outside their entry.
	at := bytes.Index(out, join(le16(258), le16(4), le32(1)))
	copy(out[at:], join(le16(258), le16(3), le32(3)))
	return out
}

// blocks is a picture of flat blocks of 8, which JPEG stores exactly in every
// orientation.
func blocks(w, h int) Image {
	img := newImage(8*w, 8*h)
	for y := range img.H {
		for x := range img.W {
			v := uint8(50*(x/8) + 17*(y/8))
			copy(img.Pix[3*(y*img.W+x):], []uint8{v, v, v})
		}
	}
	return img
}

func jpegOf(t *testing.T, img Image, o int) []byte {
	gray := image.NewGray(image.Rect(0, 0, img.W, img.H))
	for i := range gray.Pix {
		gray.Pix[i] = img.Pix[3*i]
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, gray, &jpeg.Options{Quality: 100}); err != nil {
		t.Fatal(err)
	}
	data := b.Bytes()
	return join(data[:2], jpegSegment(0xe1, join("Exif\x00\x00", exifOf(o))), data[2:])
}

func TestOrientationsGiveTheSamePixels(t *testing.T) {
	colour, flat := pattern(11, 18), blocks(4, 3)
	for o := 1; o <= 8; o++ {
		files := map[string]struct {
			data []byte
			want Image
		}{
			"png":  {pngOf(stored(colour, o), o), colour},
			"tiff": {tiffOf(stored(colour, o), o), colour},
			"jpeg": {jpegOf(t, stored(flat, o), o), flat},
		}
		for name, f := range files {
			img, err := new(Decoder).Decode(Bytes(f.data))
			if err != nil {
				t.Errorf("%s, orientation %d: %v", name, o, err)
				continue
			}
			if img.W != f.want.W || img.H != f.want.H || !bytes.Equal(img.Pix, f.want.Pix) {
				t.Errorf("%s, orientation %d: %d x %d, %d levels off",
					name, o, img.W, img.H, farthest(img.Pix, f.want.Pix))
			}
			for _, c := range []Config{{Size: 7}, {Size: 9, Resize: Crop}} {
				got, err := new(Decoder).Prepare(Bytes(f.data), c)
				if err != nil || !bytes.Equal(got.Pix, c.Apply(f.want).Pix) {
					t.Errorf("%s, orientation %d, %+v: differs (%v)", name, o, c, err)
				}
			}
		}
	}
}

func TestOrientationOfOddDirectories(t *testing.T) {
	entry := func(kind, count int, value []byte) []byte {
		return join(le16(0x0112), le16(kind), le32(count), value, make([]byte, 4-len(value)))
	}
	ifd := func(entries ...[]byte) []byte {
		return join("II*\x00", le32(8), le16(len(entries)), bytes.Join(entries, nil), le32(0))
	}
	other := join(le16(0x0100), le16(4), le32(1), le32(9))
	tests := []struct {
		name string
		exif []byte
		want int
	}{
		{"short", ifd(other, entry(3, 1, le16(6))), 6},
		{"long", ifd(entry(4, 1, le32(8))), 8},
		{"signed", ifd(entry(9, 1, le32(3))), 3},
		{"byte", ifd(entry(1, 1, []byte{5})), 5},
		{"text", ifd(entry(2, 1, []byte("6"))), 1},
		{"none", ifd(other), 1},
		{"zero", ifd(entry(3, 1, le16(0))), 1},
		{"nine", ifd(entry(3, 1, le16(9))), 1},
		{"no value", ifd(entry(3, 0, le16(6))), 1},
		{"value outside", ifd(entry(4, 100, le32(1<<31))), 1},
		{"first of two", ifd(entry(3, 1, le16(2)), entry(3, 1, le16(4))), 2},
		{"next directory is itself", join(ifd(other)[:8+2+12], le32(8)), 1},
		{"directory is the header", join("II*\x00", le32(0), le16(1)), 1},
		{"directory outside", join("II*\x00", le32(1<<32-1), le16(1)), 1},
		{"65535 entries", join("II*\x00", le32(8), le16(65535), other, entry(3, 1, le16(6))), 6},
		{"half an entry", ifd(entry(3, 1, le16(6)))[:20], 1},
		{"not TIFF", []byte("XX*\x00\x08\x00\x00\x00\x00\x00"), 1},
		{"empty", nil, 1},
	}
	for _, tt := range tests {
		if got := orientationOf(tt.exif, nil); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// TestOrientationOfEveryPlace has the places of EXIF and XMP that Pillow reads, and those
// that it passes over.
func TestOrientationOfEveryPlace(t *testing.T) {
	const six, three = `<rdf:Description tiff:Orientation="6"/>`, `<rdf:Description tiff:Orientation="3"/>`
	inJPEG := func(before, after []byte) []byte {
		data := jpegOf(t, blocks(4, 3), 1)
		plain := join(data[:2], data[2+4+6+len(exifOf(1)):]) // without its EXIF
		return join(plain[:2], before, plain[2:len(plain)-2], after, plain[len(plain)-2:])
	}
	app1 := func(parts ...any) []byte { return jpegSegment(0xe1, join(parts...)) }
	xmpOf := func(text string) []byte { return app1("http://ns.adobe.com/xap/1.0/\x00", text) }
	xmp := xmpOf(six)
	exif := func(o int) []byte { return app1("Exif\x00\x00", exifOf(o)) }
	chunk := func(kind string, parts ...any) []byte { return pngChunk(kind, join(parts...)) }
	inPNG := func(chunks ...[]byte) []byte {
		rows := compressed(make([]byte, 3*(1+3*4)))
		return makePNG(4, 3, 8, 2, 0, rows, bytes.Join(chunks, nil))
	}
	profile := join("\nexif\n      40\n", hex.EncodeToString(join("Exif\x00\x00", exifOf(6))[:20]),
		"\n", hex.EncodeToString(join("Exif\x00\x00", exifOf(6))[20:]), "\n")
	const adobe, raw = "XML:com.adobe.xmp\x00", "Raw profile type exif\x00"
	inTIFF := func(kind, cut int) []byte {
		data := tiffOf(newImage(4, 3), 1)
		at := bytes.Index(data, le16(274))
		copy(data[at:], le16(275))                       // no orientation
		at = bytes.Index(data, join(le16(279), le16(4))) // its count goes to the end anyway
		copy(data[at:], join(le16(700), le16(kind), le32(len(six)-cut), le32(len(data))))
		return append(data, six...)
	}
	tests := map[string]struct {
		data   []byte
		turned bool
	}{
		"jpeg, xmp":                  {inJPEG(xmp, nil), true},
		"jpeg, xmp beside exif":      {inJPEG(join(xmp, exif(1)), nil), false},
		"jpeg, xmp beside exif of 9": {inJPEG(join(xmp, exif(9)), nil), false},
		"jpeg, the first exif":       {inJPEG(join(exif(1), exif(6)), nil), false},
		"jpeg, the last xmp":         {inJPEG(join(xmpOf(three), xmp), nil), true},
		"jpeg, exif behind the scan": {inJPEG(nil, exif(6)), false},
		"jpeg, xmp behind the scan":  {inJPEG(nil, xmp), false},
		"jpeg, an element":           {inJPEG(xmpOf("<tiff:Orientation>8<"), nil), true},
		"jpeg, orientation 9":        {inJPEG(xmpOf(` tiff:Orientation="9"`+six), nil), false},
		"jpeg, orientation 0":        {inJPEG(xmpOf(` tiff:Orientation="0"`+six), nil), false},
		"png, exif with its prefix":  {inPNG(chunk("eXIf", "Exif\x00\x00", exifOf(6))), true},
		"png, profile":               {inPNG(chunk("tEXt", raw, profile)), true},
		"png, compressed profile":    {inPNG(chunk("zTXt", raw, 0, compressed(profile))), true},
		"png, profile beside exif": {inPNG(chunk("tEXt", raw, profile),
			pngChunk("eXIf", exifOf(1))), false},
		"png, the last profile": {inPNG(chunk("tEXt", raw, "\n\n\n"), chunk("tEXt", raw, profile)), true},
		"png, half a byte more": {inPNG(chunk("tEXt", raw, profile, "6")), true},
		"png, no profile":       {inPNG(chunk("zTXt", raw)), false},
		"png, the last xmp": {inPNG(chunk("iTXt", adobe, 0, 0, 0, 0, three),
			chunk("iTXt", adobe, 0, 0, 0, 0, six)), true},
		"png, xmp behind a mebibyte": {inPNG(chunk("iTXt", adobe, 1, 0, 0, 0,
			compressed(join(make([]byte, 1<<20), six)))), false},
		"png, damaged profile":           {inPNG(chunk("zTXt", raw, "\x00abc")), false},
		"png, xmp":                       {inPNG(chunk("iTXt", adobe, "\x00\x00en\x00\x00", six)), true},
		"png, compressed xmp":            {inPNG(chunk("iTXt", adobe, 1, 0, 0, 0, compressed(join(six)))), true},
		"png, xmp cut off":               {inPNG(chunk("iTXt", adobe, 1)), false},
		"png, text that is not XMP":      {inPNG(chunk("tEXt", "Comment\x00", six)), false},
		"tiff, xmp of bytes":             {inTIFF(1, 0), true},
		"tiff, xmp of undefined":         {inTIFF(7, 0), true},
		"tiff, xmp cut off":              {inTIFF(1, len(`6"/>`)), false},
		"tiff, xmp of numbers is no xmp": {inTIFF(4, 0), false},
	}
	for name, tt := range tests {
		img, err := new(Decoder).Decode(Bytes(tt.data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if turned := img.W < img.H; turned != tt.turned {
			t.Errorf("%s: turned is %v, want %v", name, turned, tt.turned)
		}
	}
}

// TestWebPOrientationWantsItsFlag: what the container's header does not announce does
// not count, as in libwebp.
func TestWebPOrientationWantsItsFlag(t *testing.T) {
	const exif, xmp = 8, 4
	six := `<rdf:Description tiff:Orientation="6"/>`
	for _, tt := range []struct {
		flags int
		kind  string
		body  []byte
		want  int
	}{
		{exif, "EXIF", exifOf(6), 6}, {xmp, "EXIF", exifOf(6), 1}, {0, "EXIF", exifOf(6), 1},
		{exif, "EXIF", join("Exif\x00\x00", exifOf(6)), 6},
		{xmp, "XMP ", join(six), 6}, {exif, "XMP ", join(six), 1},
	} {
		body := join("WEBPVP8X", le32(10), tt.flags, 0, 0, 0, "\x03\x00\x00\x02\x00\x00",
			"VP8L", le32(5), 0x2f, le32(3|2<<14), 0, // 4 x 3 pixels
			riffChunk(tt.kind, tt.body), riffChunk(tt.kind, []byte("another, which does not count")))
		h, err := parseWebP(join("RIFF", le32(len(body)), body))
		if err != nil || h.orientation != tt.want {
			t.Errorf("%s, flags %d: orientation %d (%v), want %d",
				tt.kind, tt.flags, h.orientation, err, tt.want)
		}
	}
}
