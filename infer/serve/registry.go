package serve

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
)

// registry is the models that a server has, by name and version.
type registry struct {
	mu     sync.RWMutex
	names  []string // in the order in which they came; the first answers plain routes
	models map[string]*entry
}

// entry is one model.
type entry struct {
	versions map[string]*version
	reasons  map[string]string // why versions are not there, by number
	latest   string            // the number of the version that answers where none is named
	expected bool              // the server is not ready without a version of it
}

// expect makes the registry wait for a model: until it has a version, the server is
// not ready.
func (g *registry) expect(name string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.entry(name).expected = true
}

// entry is the model of that name, new if need be. The lock is held.
func (g *registry) entry(name string) *entry {
	e := g.models[name]
	if e == nil {
		if g.models == nil {
			g.models = map[string]*entry{}
		}
		e = &entry{versions: map[string]*version{}, reasons: map[string]string{}}
		g.models[name] = e
		g.names = append(g.names, name)
	}
	return e
}

// put serves a version from now on, in place of one of the same number, which it
// returns.
func (g *registry) put(v *version) (old *version) {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.entry(v.name)
	e.expected = true
	old = e.versions[v.number]
	e.versions[v.number] = v
	delete(e.reasons, v.number)
	e.choose()
	return old
}

// remove ends a version, which it returns, or nil where there was none. The model
// stays known.
func (g *registry) remove(name, number, reason string) *version {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.entry(name)
	old := e.versions[number]
	delete(e.versions, number)
	if old != nil {
		e.reasons[number] = reason
	}
	e.choose()
	return old
}

// forget ends a model, whose versions it returns.
func (g *registry) forget(name string) []*version {
	g.mu.Lock()
	defer g.mu.Unlock()
	e := g.models[name]
	if e == nil {
		return nil
	}
	delete(g.models, name)
	g.names = slices.DeleteFunc(g.names, func(n string) bool { return n == name })
	return slices.Collect(maps.Values(e.versions))
}

// fail remembers why a version could not be served. One that is served stays.
func (g *registry) fail(name, number string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.entry(name).reasons[number] = oneLine(err.Error())
}

// choose makes the highest number the latest.
func (e *entry) choose() {
	e.latest = ""
	for _, number := range e.numbers() {
		e.latest = number
	}
}

// numbers are the versions that are served, the lowest first.
func (e *entry) numbers() []string {
	return slices.SortedFunc(maps.Keys(e.versions), compareNumbers)
}

// compareNumbers orders versions by their value: 10 comes after 9.
func compareNumbers(a, b string) int {
	x, errX := strconv.ParseUint(a, 10, 64)
	y, errY := strconv.ParseUint(b, 10, 64)
	if errX == nil && errY == nil && x != y {
		return cmp.Compare(x, y)
	}
	return cmp.Compare(a, b)
}

// use finds a version for as long as release is not called. An empty name is the
// first model's, an empty number the latest version's.
func (g *registry) use(name, number string) (v *version, release func(), err error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if name == "" && len(g.names) > 0 {
		name = g.names[0]
	}
	e := g.models[name]
	switch {
	case name == "":
		return nil, nil, busy("no model is ready")
	case e == nil:
		return nil, nil, errorf(http.StatusNotFound, "no model %q", name)
	case len(e.versions) == 0:
		return nil, nil, busy(fmt.Sprintf("model %s is not ready", name))
	}
	if number == "" {
		number = e.latest
	}
	if v = e.versions[number]; v == nil {
		return nil, nil, errorf(http.StatusNotFound, "model %s has no version %q", name, number)
	}
	v.uses.Add(1)
	return v, v.uses.Done, nil
}

// numbersOf are the versions of a model that are served.
func (g *registry) numbersOf(name string) []string {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if e := g.models[name]; e != nil {
		return e.numbers()
	}
	return nil
}

// ready says whether there is a model, and every one that was expected or has answered
// has a version. One that came later and could not be loaded does not count.
func (g *registry) ready() bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	for _, e := range g.models {
		if e.expected && len(e.versions) == 0 {
			return false
		}
	}
	return len(g.models) > 0
}

// indexed is a line of the repository's index.
type indexed struct {
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	State   string `json:"state"`
	Reason  string `json:"reason,omitempty"`
}

// index lists every version that is served, and those that are not with the reason.
func (g *registry) index(readyOnly bool) []indexed {
	g.mu.RLock()
	defer g.mu.RUnlock()
	lines := []indexed{}
	for _, name := range slices.Sorted(maps.Keys(g.models)) {
		e := g.models[name]
		for _, number := range e.numbers() {
			lines = append(lines, indexed{Name: name, Version: number, State: "READY"})
		}
		if readyOnly {
			continue
		}
		for _, number := range slices.SortedFunc(maps.Keys(e.reasons), compareNumbers) {
			if e.versions[number] == nil {
				lines = append(lines, indexed{name, number, "UNAVAILABLE", e.reasons[number]})
			}
		}
		if len(e.versions) == 0 && len(e.reasons) == 0 {
			lines = append(lines, indexed{Name: name, State: "LOADING"})
		}
	}
	return lines
}

// Put serves a model under a name and a version's number, in place of the one that
// had both, whose classifier is closed when its last request has been answered. The
// new one is warmed first; if that fails it is closed, and the one before stays.
func (s *Server) Put(ctx context.Context, name, number string, m *Model) error {
	if err := checkName(name); err != nil {
		return errors.Join(err, m.Classifier.Close())
	}
	v := s.newVersion(name, number, m)
	if err := m.warm(ctx, v.batcher.learn); err != nil {
		s.models.fail(name, number, err)
		return errors.Join(fmt.Errorf("%s version %s: warming: %w", name, number, err),
			m.Classifier.Close())
	}
	s.retire(s.models.put(v))
	s.log.Info("model ready", "model", name, "version", number, "device", m.Device, "sha256", m.SHA256)
	return nil
}

// Expect says that a model of that name will come: the server is not ready before.
func (s *Server) Expect(name string) { s.models.expect(name) }

// Remove ends a version of a model, and closes its classifier when the last request
// has been answered.
func (s *Server) Remove(name, number string) {
	s.retire(s.models.remove(name, number, "removed"))
}

// Forget ends a model with all its versions.
func (s *Server) Forget(name string) {
	for _, v := range s.models.forget(name) {
		s.retire(v)
	}
}

// retire closes a version's classifier when nobody uses it any more. It may be nil.
func (s *Server) retire(v *version) {
	if v == nil {
		return
	}
	s.retiring.Go(func() {
		v.uses.Wait()
		if err := v.Classifier.Close(); err != nil {
			s.log.Error("closing a model", "model", v.name, "version", v.number, "error", err)
		}
		s.log.Info("model ended", "model", v.name, "version", v.number)
		debug.FreeOSMemory() // the file of the model that is there now was read into Go's heap
	})
}

// checkName refuses names that cannot stand in a path.
func checkName(name string) error {
	for _, r := range name {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' ||
			r == '-' || r == '.') {
			return fmt.Errorf("model %q: want letters, digits, dots, - and _ for a name", name)
		}
	}
	if name == "" || name[0] == '.' || len(name) > 128 {
		return fmt.Errorf("model %q: want a name of 1 to 128 letters that begins with no dot", name)
	}
	return nil
}
