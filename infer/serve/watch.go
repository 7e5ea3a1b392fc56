package serve

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settling is how long files must stay as they are before they are read: copying a
// file changes it many times.
const settling = 300 * time.Millisecond

// Watch reloads models whenever their files or folders change, until ctx ends. What
// cannot be loaded is logged, and what is served stays.
func (l *Loader) Watch(ctx context.Context) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return err
	}
	defer w.Close()
	l.watchFolders(w)
	var settled <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return nil
		case err := <-w.Errors:
			l.server.log.Error("watching models", "error", err)
		case e, ok := <-w.Events:
			if !ok {
				return nil
			}
			if !l.isNeighbour(e.Name) {
				settled = time.After(settling)
			}
		case <-settled:
			settled = nil
			l.watchFolders(w)
			if err := l.Reload(ctx); err != nil {
				l.server.log.Error("models stay as they were", "error", err)
			}
		}
	}
}

// watchFolders watches the folders of all files, and those where others may appear.
// A folder that is watched already stays so.
func (l *Loader) watchFolders(w *fsnotify.Watcher) {
	folders := l.given()
	if root := l.files.Repository; root != "" {
		folders = append(folders, root)
		if parent := filepath.Dir(absolute(root)); parent != absolute(root) {
			folders = append(folders, parent) // the repository may be a link that is replaced
		}
		folders = append(folders, foldersIn(root)...)
		for _, model := range foldersIn(root) {
			folders = append(folders, foldersIn(model)...)
		}
	}
	for _, folder := range folders {
		if err := w.Add(folder); err != nil {
			l.server.log.Error("watching models", "folder", folder, "error", err)
		}
	}
}

// isNeighbour says that a file or folder is beside the repository and no concern of it. Where
// other programs write beside it all the time, models would else never be read again.
func (l *Loader) isNeighbour(path string) bool {
	if l.files.Repository == "" {
		return false
	}
	root, path := absolute(l.files.Repository), absolute(path)
	if path == root || filepath.Dir(path) != filepath.Dir(root) {
		return false
	}
	for _, folder := range l.given() {
		if absolute(folder) == filepath.Dir(path) {
			return false
		}
	}
	return true
}

// given are the folders of the files that were named.
func (l *Loader) given() (folders []string) {
	for _, given := range l.files.Models {
		_, path := named(given)
		folders = append(folders, filepath.Dir(path))
	}
	for _, path := range l.files.Also {
		folders = append(folders, filepath.Dir(path))
	}
	return folders
}

// absolute is a path from the root, or as it is where that cannot be told.
func absolute(path string) string {
	if full, err := filepath.Abs(path); err == nil {
		return full
	}
	return filepath.Clean(path)
}

func foldersIn(root string) (folders []string) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil // it went away; its parent is watched
	}
	for _, e := range entries {
		if path := filepath.Join(root, e.Name()); isFolder(path) {
			folders = append(folders, path)
		}
	}
	return folders
}

// Follow reloads models on each signal, and with watch on each change of their files
// too, until ctx ends. Models were loaded before.
func (l *Loader) Follow(ctx context.Context, again <-chan os.Signal, watch bool) error {
	ended := make(chan error, 1)
	if watch {
		go func() { ended <- l.Watch(ctx) }()
	}
	for {
		select {
		case <-ctx.Done():
			if watch {
				return <-ended
			}
			return nil
		case err := <-ended:
			return err
		case <-again:
			if err := l.Reload(ctx); err != nil {
				l.server.log.Error("models stay as they were", "error", err)
			}
		}
	}
}
