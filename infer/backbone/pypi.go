package backbone

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"

	"github.com/flowerctl/flowerctl/infer/download"
)

// maxIndex is the largest answer of an index that is read, bytes.
const maxIndex = 32 << 20

// accepted are the answers that an index may give: PEP 691 and PEP 503.
const accepted = "application/vnd.pypi.simple.v1+json, text/html;q=0.1"

// indexFile is one file in the answer of an index.
type indexFile struct {
	Name   string            `json:"filename"`
	URL    string            `json:"url"`
	Hashes map[string]string `json:"hashes"`
}

// fileOfIndex asks Python's package index, that of this machine's pip, for the
// address of a package's file.
func fileOfIndex(ctx context.Context, p *Package) (string, error) {
	index, err := pipIndex()
	if err != nil {
		return "", err
	}
	base, err := url.Parse(under(index, p.Name+"/"))
	if err != nil {
		return "", err
	}
	header := http.Header{"Accept": {accepted}}
	response, err := download.GetWith(ctx, base.String(), header, patience.Limits)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", base.Redacted(), response.Status)
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxIndex))
	if err != nil {
		return "", fmt.Errorf("%s: %w", base.Redacted(), err)
	}
	list, err := readIndex(answer, response.Header.Get("Content-Type"))
	if err != nil {
		return "", fmt.Errorf("%s: %w", base.Redacted(), err)
	}
	for _, f := range list {
		if f.Name != p.File {
			continue
		}
		if h := f.Hashes["sha256"]; h != "" && !strings.EqualFold(h, p.SHA256) {
			return "", fmt.Errorf("%s: %w: the index has %s with SHA-256 %s, want %s",
				base.Redacted(), download.ErrOther, f.Name, h, p.SHA256)
		}
		return resolve(base, f.URL)
	}
	return "", fmt.Errorf("%s: no %s in this index", base.Redacted(), p.File)
}

// resolve is the address of a file that an index at base links to. As with pip, the
// name and password of the index are for files of the same host too.
func resolve(base *url.URL, link string) (string, error) {
	u, err := base.Parse(link)
	if err != nil {
		return "", err
	}
	if u.Host == base.Host && u.User == nil {
		u.User = base.User
	}
	u.Fragment = ""
	return u.String(), nil
}

// readIndex reads an answer of either kind.
func readIndex(answer []byte, kind string) ([]indexFile, error) {
	if strings.Contains(kind, "json") {
		var list struct {
			Files []indexFile `json:"files"`
		}
		err := json.Unmarshal(answer, &list)
		return list.Files, err
	}
	return readLinks(string(answer))
}

// link is an HTML link: its address is between quotes of either kind.
var link = regexp.MustCompile(`(?i)<a\s[^>]*?href\s*=\s*(?:"([^"]*)"|'([^']*)')`)

// readLinks reads the links of an HTML page. Their fragments are hashes.
func readLinks(page string) ([]indexFile, error) {
	var list []indexFile
	for _, m := range link.FindAllStringSubmatch(page, -1) {
		address := html.UnescapeString(m[1] + m[2])
		u, err := url.Parse(address)
		if err != nil {
			return nil, err
		}
		f := indexFile{Name: path.Base(u.Path), URL: address}
		if kind, value, ok := strings.Cut(u.Fragment, "="); ok {
			f.Hashes = map[string]string{kind: value}
		}
		list = append(list, f)
	}
	return list, nil
}

// hash is the SHA-256 of data, in lower-case hex.
func hash(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
