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
		case _, ok := <-w.Events:
			if !ok {
				return nil
			}
			settled = time.After(settling)
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
	var folders []string
	for _, given := range l.files.Models {
		_, path := named(given)
		folders = append(folders, filepath.Dir(path))
	}
	for _, path := range l.files.Also {
		folders = append(folders, filepath.Dir(path))
	}
	if root := l.files.Repository; root != "" {
		folders = append(folders, root)
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
