package serve

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Control answers the calls that load and unload models by name: POST
// /v2/repository/models/NAME/load and /unload. It is for a listener of its own, with
// keys of its own. Only files that the loader knows of are ever read.
func (l *Loader) Control(keys *Keys) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v2/repository/models/{model}/load", l.controlled(keys, l.loadNamed))
	mux.HandleFunc("POST /v2/repository/models/{model}/unload", l.controlled(keys, l.unloadNamed))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeError(w, errorf(http.StatusNotFound, "nothing is at %s %s", method(r.Method), r.URL.Path))
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if path := r.URL.Path; len(path) > 1 {
			r.URL.Path = strings.TrimSuffix(path, "/")
		}
		mux.ServeHTTP(w, r)
	})
}

// controlled is a call that needs a key where there are some.
func (l *Loader) controlled(keys *Keys,
	call func(r *http.Request, name string) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		name, client := r.PathValue("model"), address(r.RemoteAddr)
		var err error
		if keys != nil {
			var ok bool
			if client, ok = keys.client(r.Header.Get("Authorization"), r.Header.Get("X-Api-Key")); !ok {
				err = errorf(http.StatusUnauthorized, "no such key")
			}
		}
		if err == nil {
			err = call(r, name)
		}
		l.server.log.Info("control", "client", client, "path", oneLine(r.URL.Path), "error", text(err))
		if err != nil {
			writeError(w, asError(err))
			return
		}
		writeJSON(w, http.StatusOK, struct{}{})
	}
}

// checkLoad refuses what Triton's clients can say of a model that is to be loaded, another
// configuration or its files: the files here are what is loaded.
func checkLoad(r *http.Request) error {
	const most = 64 << 10
	var asked struct {
		Parameters parameters `json:"parameters"`
	}
	err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, most)).Decode(&asked)
	if err != nil && !errors.Is(err, io.EOF) {
		return badf("not a request in JSON: want {} or nothing: a model is loaded as its files are here")
	}
	if names := slices.Sorted(maps.Keys(asked.Parameters)); len(names) > 0 {
		return badf("parameter %s: want none: a model is loaded as its files are here",
			oneLine(names[0]))
	}
	return nil
}

func (l *Loader) loadNamed(r *http.Request, name string) error {
	if err := checkLoad(r); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.known(name); err != nil {
		return err
	}
	delete(l.unloaded, name)
	if err := l.reload(context.WithoutCancel(r.Context()), name); err != nil {
		return errorf(statusUnprocessable, "%v", err)
	}
	return nil
}

func (l *Loader) unloadNamed(_ *http.Request, name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.known(name); err != nil {
		return err
	}
	l.unloaded[name] = true
	for src := range l.loaded {
		if src.name == name {
			delete(l.loaded, src)
		}
	}
	l.server.Forget(name)
	return nil
}

// known refuses names of which there are no files.
func (l *Loader) known(name string) error {
	sources, err := l.scan()
	if err != nil {
		return err
	}
	for _, src := range sources {
		if src.name == name {
			return nil
		}
	}
	return errorf(http.StatusNotFound, "no model %q", name)
}
