package serve

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Error is what a client is told in place of an answer.
type Error struct {
	Status int    // of HTTP
	Text   string // one line
	// RetryAfter says when another attempt makes sense; 0 says nothing.
	RetryAfter time.Duration
}

func (e *Error) Error() string { return e.Text }

// The statuses that stand for several causes.
const (
	statusUnprocessable = http.StatusUnprocessableEntity
	statusTooLarge      = http.StatusRequestEntityTooLarge
	statusMediaType     = http.StatusUnsupportedMediaType
)

// errorf is an error of the given status.
func errorf(status int, format string, args ...any) *Error {
	return &Error{Status: status, Text: fmt.Sprintf(format, args...)}
}

// badf is what is wrong with a request.
func badf(format string, args ...any) *Error {
	return errorf(http.StatusBadRequest, format, args...)
}

// busy is the answer when there is no room for a request.
func busy(text string) *Error {
	return &Error{Status: http.StatusServiceUnavailable, Text: text, RetryAfter: time.Second}
}

// statusClosed is what the log and the metrics say of requests whose client went
// away; nobody receives it. The number is nginx' own.
const statusClosed = 499

// asError puts any error into words for a client. What is not of this package is a
// fault of the server, of which the log alone has the details.
func asError(err error) *Error {
	var own *Error
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &own):
		return own
	case errors.As(err, &large):
		return errorf(statusTooLarge, "the body has more than %d bytes", large.Limit)
	case errors.Is(err, context.DeadlineExceeded):
		return errorf(http.StatusGatewayTimeout, "no answer within the deadline")
	case errors.Is(err, context.Canceled):
		return errorf(statusClosed, "the client closed the request")
	}
	return errorf(http.StatusInternalServerError, "the model failed")
}

// errorBody is an error as JSON.
type errorBody struct {
	Error string `json:"error"`
}

// writeError answers with an error.
func writeError(w http.ResponseWriter, err *Error) {
	if err.RetryAfter > 0 {
		seconds := int64((err.RetryAfter + time.Second - 1) / time.Second)
		w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	writeJSON(w, err.Status, errorBody{oneLine(err.Text)})
}

// writeJSON answers with a value that can be encoded.
func writeJSON[T any](w http.ResponseWriter, status int, v T) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // it is no HTML, and people read & better than its number
	if err := encoder.Encode(v); err != nil {
		status, body = http.StatusInternalServerError, bytes.Buffer{}
		body.WriteString(`{"error":"the answer is no JSON"}` + "\n")
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	w.Write(body.Bytes()) // a client that went away does not hear of it
}

// oneLine is a text without line breaks and control characters, of bounded length.
func oneLine(text string) string {
	const longest = 300
	text = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text), "?")
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "..."
	}
	return text
}
