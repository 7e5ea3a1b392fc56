package imageprep

import (
	"errors"
	"fmt"
	"image/png"
	"io"
	"strings"
)

// What can be wrong with an image. An [*Error] wraps one of them.
var (
	ErrNotImage    = errors.New("not an image")
	ErrTooLarge    = errors.New("image too large")
	ErrTruncated   = errors.New("image cut short")
	ErrUnsupported = errors.New("unsupported image")
	ErrDamaged     = errors.New("damaged image")
)

// Error says in one line why an image was refused:
//
//	cat.txt: not an image (text/plain)
//	big.png: image too large (png: 20000 x 20000 pixels, at most 16384 a side)
type Error struct {
	Path   string // the name of the source, empty for [Bytes]
	Kind   error  // ErrNotImage, ErrTooLarge, ErrTruncated, ErrUnsupported or ErrDamaged
	Detail string // what was found

	remedy string // in place of the one for Kind; may be empty
}

func (e *Error) Error() string {
	s := e.Kind.Error()
	if e.Detail != "" {
		s += " (" + e.Detail + ")"
	}
	if e.Path != "" {
		s = e.Path + ": " + s
	}
	return s
}

func (e *Error) Unwrap() error { return e.Kind }

// Hint returns a remedy in one line, or nothing.
func (e *Error) Hint() string {
	if e.remedy != "" {
		return e.remedy
	}
	switch e.Kind {
	case ErrNotImage:
		return "JPEG, PNG, GIF, WebP, BMP and TIFF are read"
	case ErrTooLarge:
		return "scale it down first; a network sees a few hundred pixels a side"
	case ErrTruncated:
		return "the file is incomplete; copy or download it again"
	case ErrUnsupported, ErrDamaged:
		return "open it in an image editor and save it as PNG or JPEG"
	}
	return ""
}

func tooLarge(format, args string, a ...any) error {
	return &Error{Kind: ErrTooLarge, Detail: format + ": " + fmt.Sprintf(args, a...)}
}

func truncated(format, what string) error {
	return &Error{Kind: ErrTruncated, Detail: format + ": " + what}
}

func unsupported(format, what string) error {
	return &Error{Kind: ErrUnsupported, Detail: format + ": " + what}
}

func damaged(format, what string) error {
	return &Error{Kind: ErrDamaged, Detail: format + ": " + what}
}

// decodeError turns an error of a decoder into an [*Error].
func decodeError(format string, err error) error {
	var own *Error
	if errors.As(err, &own) {
		return err
	}
	kind := ErrDamaged
	var pngErr png.UnsupportedError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return truncated(format, "the pixels end too soon")
	case errors.As(err, &pngErr):
		kind = ErrUnsupported
	case format == "jpeg":
		kind = jpegKind(err)
	}
	detail := err.Error()
	if !strings.HasPrefix(detail, format+": ") {
		detail = format + ": " + detail
	}
	return &Error{Kind: kind, Detail: oneLine(detail)}
}

// oneLine makes one line of bounded length of a library's text.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > 200 {
		s = s[:200]
	}
	return s
}
