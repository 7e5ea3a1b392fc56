package verify

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/flowerctl/flowerctl/export"
)

// Report is the result of verifying a file. It is written beside the file, for
// people to read and for [Require].
type Report struct {
	OK     bool   `json:"ok"`
	SHA256 string `json:"sha256"` // of the file
	// Problems say in words what differs; empty if OK.
	Problems []string `json:"problems,omitempty"`
	// FirstDifference is the first node, in the order of the network, whose values
	// differ.
	FirstDifference string `json:"first_difference,omitempty"`

	Arch      string           `json:"arch"`
	Input     export.Input     `json:"input"`
	Precision export.Precision `json:"precision"`
	// MultiLabel says that an image may have several labels.
	MultiLabel bool      `json:"multi_label,omitempty"`
	Images     int       `json:"images"`
	Source     string    `json:"source,omitempty"` // where the images are from
	Tolerance  Tolerance `json:"tolerance"`

	Reference Reference `json:"reference"`
	// Parts say which part is proven by what, of a network that starts with an extractor.
	Parts    []Part     `json:"parts,omitempty"`
	Engines  []Result   `json:"engines"`
	Batches  []Batch    `json:"batches,omitempty"`
	Resizing []Resizing `json:"resizing,omitempty"`
	Layers   []Layer    `json:"layers,omitempty"`

	Machine string `json:"machine"`
	Version string `json:"flowerctl_version,omitempty"`
	Made    string `json:"made"` // UTC, RFC 3339
}

// Reference is the engine that the others are compared with.
type Reference struct {
	Name     string   `json:"name"`
	Version  string   `json:"version"`
	Accuracy *float64 `json:"accuracy,omitempty"`
}

// Result is one engine against the reference.
type Result struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Difference
	Accuracy *float64 `json:"accuracy,omitempty"`
	OK       bool     `json:"ok"`
	// Skipped says why the engine was left out; it then does not count.
	Skipped string `json:"skipped,omitempty"`
	// Informative results do not count: TensorFloat-32 is not meant to be exact.
	Informative bool `json:"informative,omitempty"`
}

// Batch is the first engine's difference at one batch size.
type Batch struct {
	Size int `json:"size"`
	Difference
}

// problem adds a problem.
func (r *Report) problem(format string, args ...any) {
	r.OK = false
	r.Problems = append(r.Problems, fmt.Sprintf(format, args...))
}

// ReportPath is the path of a file's report: FILE.verify.json.
func ReportPath(file string) string { return file + ".verify.json" }

// Digest is the SHA-256 of a file in its report, in hex.
func Digest(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

// ErrNotVerified means that a file has no report, or one that is not good.
var ErrNotVerified = errors.New("not verified")

// Require returns an error that is ErrNotVerified unless there is a report beside
// path, it is of these bytes of the file, and it found no difference.
func Require(path string, file []byte) (*Report, error) {
	text, err := readSome(ReportPath(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w: there is no %s", path, ErrNotVerified, ReportPath(path))
	}
	if err != nil {
		return nil, err
	}
	return CheckReport(path, file, text)
}

// CheckBeside is an error that is ErrNotVerified where the report beside path is of
// another file or not a good one, and one that is fs.ErrNotExist where there is none.
func CheckBeside(path string, file []byte) error {
	text, err := readSome(ReportPath(path))
	if err == nil {
		_, err = CheckReport(path, file, text)
	}
	return err
}

// CheckReport is Require with the text of the report. Errors name the file.
func CheckReport(name string, file, text []byte) (*Report, error) {
	fail := func(format string, args ...any) (*Report, error) {
		return nil, fmt.Errorf("%s: %w: %s", name, ErrNotVerified, fmt.Sprintf(format, args...))
	}
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return fail("its report cannot be read: %v", err)
	}
	if Digest(file) != r.SHA256 {
		return fail("the file is not the one that was verified (its SHA-256 is another)")
	}
	if !r.OK {
		return fail("it was found to differ: %s", r.first())
	}
	return &r, nil
}

// maxReport is more than the size of a report with the layers of 1,000 nodes.
const maxReport = 4 << 20

func readSome(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Size() > maxReport {
		return nil, fmt.Errorf("%s: %d bytes, want at most %d", path, info.Size(), maxReport)
	}
	return os.ReadFile(path)
}

func (r *Report) first() string {
	if len(r.Problems) == 0 {
		return "no reason given"
	}
	return r.Problems[0]
}
