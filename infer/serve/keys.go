package serve

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/flowerctl/flowerctl/train/textfile"
)

// Keys are what clients must show, from a file that is read again when it changes.
type Keys struct {
	path string
	log  *slog.Logger

	mu      sync.Mutex
	checked time.Time
	is      fileState
	keys    []key
	said    string // the error of the last reading
}

// key is a client's name and the hash of its key.
type key struct {
	name string
	hash [sha256.Size]byte
}

// fileState tells one content of a file from another.
type fileState struct {
	changed time.Time
	size    int64
}

// OpenKeys reads a file of keys. Each line is a name and a key, or sha256: and the
// hexadecimal hash of one; empty lines and those that begin with # count for nothing.
// When the file changes to what cannot be read, the keys stay and the log hears why.
func OpenKeys(path string, log *slog.Logger) (*Keys, error) {
	k := &Keys{path: path, log: log}
	if err := k.load(); err != nil {
		return nil, err
	}
	return k, nil
}

// howOften a file that may change is looked at.
const howOften = time.Second

// client is the name of the key that a request shows, as a bearer token or alone.
// Every key is compared, each in constant time.
func (k *Keys) client(authorization, bare string) (name string, ok bool) {
	shown := bare
	if scheme, token, found := strings.Cut(authorization, " "); found &&
		strings.EqualFold(scheme, "Bearer") {
		shown = strings.TrimSpace(token)
	}
	hash := sha256.Sum256([]byte(shown))
	for _, known := range k.current() {
		if subtle.ConstantTimeCompare(hash[:], known.hash[:]) == 1 {
			name, ok = known.name, true
		}
	}
	return name, ok && shown != ""
}

// current is the keys, read again if the file has changed.
func (k *Keys) current() []key {
	k.mu.Lock()
	defer k.mu.Unlock()
	if time.Since(k.checked) >= howOften {
		said := k.said
		if err := k.load(); err != nil && said != text(err) {
			k.log.Error("the keys stay as they were", "error", err)
		}
	}
	return k.keys
}

// load reads the file if it has changed. One that cannot be read changes nothing.
func (k *Keys) load() (err error) {
	defer func() { k.said = text(err) }()
	k.checked = time.Now()
	info, err := os.Stat(k.path)
	if err != nil {
		return err
	}
	is := fileState{info.ModTime(), info.Size()}
	if is == k.is {
		return nil
	}
	data, err := os.ReadFile(k.path)
	if err != nil {
		return err
	}
	plain, err := textfile.Decode(data)
	if err != nil {
		return fmt.Errorf("%s: %w", k.path, err)
	}
	keys, err := parseKeys([]byte(plain))
	if err != nil {
		return fmt.Errorf("%s: %w", k.path, err)
	}
	k.keys, k.is = keys, is
	return nil
}

// shortestKey is how many letters a key has at least.
const shortestKey = 16

func parseKeys(data []byte) ([]key, error) {
	var keys []key
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		if len(fields) != 2 {
			return nil, fmt.Errorf("line %d: got %d words, want a name and a key", n, len(fields))
		}
		k := key{name: fields[0]}
		digest, hashed := strings.CutPrefix(fields[1], "sha256:")
		sum, err := hex.DecodeString(digest)
		switch {
		case hashed && (err != nil || len(sum) != sha256.Size):
			return nil, fmt.Errorf("line %d: sha256: want 64 hexadecimal digits", n)
		case hashed:
			k.hash = [sha256.Size]byte(sum)
		case len(fields[1]) < shortestKey:
			return nil, fmt.Errorf("line %d: the key has %d letters, want %d or more", n, len(fields[1]),
				shortestKey)
		default:
			k.hash = sha256.Sum256([]byte(fields[1]))
		}
		keys = append(keys, k)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, errors.New("no keys in it, want a name and a key a line")
	}
	return keys, nil
}
