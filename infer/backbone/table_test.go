package backbone

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
)

func TestEveryEntryIsComplete(t *testing.T) {
	hex := regexp.MustCompile(`^[0-9a-f]{64}$`)
	names, hashes := map[string]bool{}, map[string]string{}
	for _, e := range Table() {
		if names[e.Name] || e.Name != strings.ToLower(e.Name) || strings.ContainsAny(e.Name, `/\ `) {
			t.Errorf("%q: there twice, or no name for a file", e.Name)
		}
		names[e.Name] = true
		if e.About == "" || e.Task == "" || e.Output == "" || e.Licence == "" || e.Classes != 1000 {
			t.Errorf("%s: something is missing: %+v", e.Name, e)
		}
		if e.Input.Name == "" || e.Input.Size < 100 || e.Input.Layout != "NCHW" && e.Input.Layout != "NHWC" {
			t.Errorf("%s: input %+v", e.Name, e.Input)
		}
		for c := range 3 {
			if e.Normalisation.Mean[c] <= 1 || e.Normalisation.Std[c] <= 1 {
				t.Errorf("%s: normalisation %+v is not of bytes", e.Name, e.Normalisation)
			}
		}
		if e.Parameters < 1e6 || e.GFLOPs < 0.1 || e.Top1.Percent < 50 || e.Top1.By == "" {
			t.Errorf("%s: figures %d, %g, %+v", e.Name, e.Parameters, e.GFLOPs, e.Top1)
		}
		if e.Verified() != (e.Size > 0) || e.Verified() != (e.HashFrom != "") {
			t.Errorf("%s: a hash goes with a size and who published it", e.Name)
		}
		if len(e.URLs) == 0 && e.Package == nil || e.URLs == nil {
			t.Errorf("%s: no address", e.Name)
		}
		for _, address := range e.URLs {
			if u, err := url.Parse(address); err != nil || u.Scheme != "https" {
				t.Errorf("%s: address %s", e.Name, address)
			}
		}
		all := files(&e)
		if !e.Verified() {
			all = nil
		}
		if p := e.Package; p != nil {
			if p.convert == nil || p.Member == "" || p.Registry != "PyPI" || p.Size < 1e6 || !hex.MatchString(p.SHA256) {
				t.Errorf("%s: package %+v", e.Name, p)
			}
		}
		for _, f := range all {
			if !hex.MatchString(f.sha256) || f.size < 1e6 || hashes[f.sha256] != "" {
				t.Errorf("%s: hash %s, also of %s", e.Name, f.sha256, hashes[f.sha256])
			}
			hashes[f.sha256] = e.Name
		}
	}
}

// Weights take four bytes each. Folding saves some, and running statistics and the
// graph add some.
func TestSizesFitTheParameters(t *testing.T) {
	for _, e := range Table() {
		ratio := float64(e.Size) / float64(4*e.Parameters)
		if e.Verified() && (ratio < 0.99 || ratio > 1.05) {
			t.Errorf("%s: %d bytes for %d parameters", e.Name, e.Size, e.Parameters)
		}
	}
}
