//go:build cloud

package cloud

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/aws/smithy-go"
	"gocloud.dev/gcerrors"
	"google.golang.org/api/googleapi"

	"github.com/flowerctl/flowerctl/infer/objects"
)

// Error is a store's error in a line.
type Error struct {
	Text string
	Kind error // fs.ErrNotExist, fs.ErrPermission or objects.ErrChanged; nil for others
	Err  error // as the store's library has it, in many words
}

func (e *Error) Error() string { return e.Text }

// Unwrap is what the error is, and where it comes from.
func (e *Error) Unwrap() []error {
	if e.Kind == nil {
		return []error{e.Err}
	}
	return []error{e.Kind, e.Err}
}

// reworded is an error of gocloud.dev as [objects.Bucket] wants it.
func reworded(err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	code, said := answered(err)
	switch kind := gcerrors.Code(err); {
	case code == "NoSuchBucket" || code == "ContainerNotFound":
		return &Error{"no such bucket", fs.ErrNotExist, err}
	// First, as gocloud.dev takes what Google forbids for an object that is not there.
	case kind == gcerrors.PermissionDenied || forbidden[code]:
		return &Error{"access denied by the store" + in(code), fs.ErrPermission, err}
	case kind == gcerrors.NotFound:
		return &Error{"no such object", fs.ErrNotExist, err}
	case kind == gcerrors.FailedPrecondition:
		return &Error{objects.ErrChanged.Error(), objects.ErrChanged, err}
	case code != "":
		return &Error{fmt.Sprintf("%s (%s)", said, code), nil, err}
	case noRegion(err.Error()):
		return &Error{"no region: set AWS_REGION, or ?region=NAME behind the name", nil, err}
	case strings.Contains(err.Error(), "failed to refresh cached credentials"):
		return &Error{"no credentials: " + last(err), nil, err}
	}
	return &Error{last(err), nil, err}
}

// noRegion says whether an error of S3's library means that, by its two texts.
func noRegion(text string) bool {
	return strings.Contains(text, "Invalid region") || strings.Contains(text, "region must be set")
}

// forbidden are what S3, Google and Azure answer where credentials are wrong or allow too
// little, which gocloud.dev does not tell from other errors.
var forbidden = map[string]bool{"InvalidAccessKeyId": true, "SignatureDoesNotMatch": true,
	"ExpiredToken": true, "InvalidToken": true, "TokenRefreshRequired": true,
	"401": true, "403": true,
	"AuthorizationFailure": true, "AuthorizationPermissionMismatch": true,
	"InsufficientAccountPermissions": true, "NoAuthenticationInformation": true,
	"PublicAccessNotPermitted": true}

func in(code string) string {
	if code == "" {
		return ""
	}
	return " (" + code + ")"
}

// answered is a store's own code for an error, and what it says; "" where it is none of an
// answer.
func answered(err error) (code, said string) {
	var amazon smithy.APIError
	var azure *azcore.ResponseError
	var google *googleapi.Error
	switch {
	case errors.As(err, &amazon):
		return amazon.ErrorCode(), amazon.ErrorMessage()
	case errors.As(err, &azure):
		return azure.ErrorCode, fmt.Sprintf("the store answers %d", azure.StatusCode)
	case errors.As(err, &google):
		return fmt.Sprint(google.Code), google.Message
	}
	return "", ""
}

// last is what an error ends with: libraries put what they did in front, link by link.
func last(err error) string {
	var connection *net.OpError
	if errors.As(err, &connection) {
		return connection.Error()
	}
	for {
		var next error
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			next = e.Unwrap()
		case interface{ Unwrap() []error }:
			if all := e.Unwrap(); len(all) > 0 {
				next = all[0] // then what kind it is
			}
		}
		if next == nil || next.Error() == "" {
			line, _, _ := strings.Cut(strings.TrimSpace(err.Error()), "\n")
			return line
		}
		err = next
	}
}
