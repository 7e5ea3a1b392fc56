package card

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/infer/foreign"
	"github.com/flowerctl/flowerctl/onnx"
	"github.com/flowerctl/flowerctl/train"
	"github.com/flowerctl/flowerctl/train/atomicfile"
	"github.com/flowerctl/flowerctl/train/table"
)

// MarkdownPath and CycloneDXPath are the files of a model's card.
func MarkdownPath(model string) string { return model + ".card.md" }

// CycloneDXPath is the file of the card for programs.
func CycloneDXPath(model string) string { return model + ".cdx.json" }

// Files are both forms of the card, beside the model at path.
func (c *Card) Files(path string) []atomicfile.File {
	return []atomicfile.File{{Path: MarkdownPath(path), Write: c.WriteMarkdown},
		{Path: CycloneDXPath(path), Write: func(w io.Writer) error {
			return train.EncodeJSON(w, c.cycloneDX())
		}}}
}

// The part of https://cyclonedx.org/docs/1.6/json/ that a card has.
type (
	bom struct {
		Format   string   `json:"bomFormat"`
		Spec     string   `json:"specVersion"`
		Version  int      `json:"version"`
		Metadata metadata `json:"metadata"`
		// Components has one, the model.
		Components []component `json:"components"`
	}
	metadata struct {
		Tools tools `json:"tools"`
	}
	tools struct {
		Components []component `json:"components"`
	}
	component struct {
		Type      string     `json:"type"`
		Name      string     `json:"name"`
		Version   string     `json:"version,omitempty"`
		Hashes    []hash     `json:"hashes,omitempty"`
		Licenses  []licensed `json:"licenses,omitempty"`
		ModelCard *modelCard `json:"modelCard,omitempty"`
	}
	hash struct {
		Algorithm string `json:"alg"`
		Content   string `json:"content"`
	}
	licensed struct {
		License license `json:"license"`
	}
	license struct {
		ID   string `json:"id,omitempty"`
		Name string `json:"name,omitempty"`
	}
	modelCard struct {
		Parameters     parameters     `json:"modelParameters"`
		Analysis       analysis       `json:"quantitativeAnalysis"`
		Considerations considerations `json:"considerations"`
		Properties     []property     `json:"properties"`
	}
	parameters struct {
		Approach     approach  `json:"approach"`
		Task         string    `json:"task"`
		Architecture string    `json:"modelArchitecture"`
		Datasets     []dataset `json:"datasets"`
		Inputs       []port    `json:"inputs"`
		Outputs      []port    `json:"outputs"`
	}
	approach struct {
		Type string `json:"type"`
	}
	dataset struct {
		Type        string `json:"type"`
		Name        string `json:"name,omitempty"`
		Description string `json:"description"`
	}
	port struct {
		Format string `json:"format"`
	}
	analysis struct {
		Metrics []metric `json:"performanceMetrics,omitempty"`
	}
	metric struct {
		Type     string    `json:"type"`
		Value    string    `json:"value"`
		Slice    string    `json:"slice"`
		Interval *interval `json:"confidenceInterval,omitempty"`
	}
	interval struct {
		Low  string `json:"lowerBound"`
		High string `json:"upperBound"`
	}
	considerations struct {
		UseCases []string `json:"useCases"`
		Limits   []string `json:"technicalLimitations"`
	}
	property struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
)

// spdx are licences that are named by their SPDX identifier; others are texts.
var spdx = []string{"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-4.0", "CC-BY-SA-4.0",
	"CC0-1.0", "GPL-3.0-only", "MIT", "MPL-2.0"}

func (c *Card) cycloneDX() *bom {
	model := component{Type: "machine-learning-model", Name: c.Name, Hashes: []hash{{"SHA-256", c.SHA256}}}
	switch {
	case slices.Contains(spdx, c.License):
		model.Licenses = []licensed{{license{ID: c.License}}}
	case c.License != "":
		model.Licenses = []licensed{{license{Name: c.License}}}
	}
	model.ModelCard = &modelCard{
		Parameters: parameters{Approach: approach{"supervised"}, Task: "image classification",
			Architecture: c.Arch, Datasets: []dataset{{"dataset", c.Data.Source, c.Data.String()}},
			Inputs:  []port{{string(c.Input) + ": " + c.preprocessing()}},
			Outputs: []port{{"probabilities of " + strings.Join(c.Labels, ", ")}}},
		Considerations: considerations{
			UseCases: []string{"telling pictures of these classes apart: " + strings.Join(c.Labels, ", ")},
			Limits:   c.Limits}}
	for _, f := range c.Figures {
		m := metric{Type: f.Name, Value: number(f.Value), Slice: f.Of}
		if f.Interval != nil {
			m.Interval = &interval{number(f.Interval[0]), number(f.Interval[1])}
		}
		model.ModelCard.Analysis.Metrics = append(model.ModelCard.Analysis.Metrics, m)
	}
	for _, row := range c.facts().Rows {
		model.ModelCard.Properties = append(model.ModelCard.Properties,
			property{"flowerctl:" + strings.ReplaceAll(row[0], " ", "-"), row[1]})
	}
	tool := component{Type: "application", Name: "flowerctl", Version: c.Version}
	return &bom{Format: "CycloneDX", Spec: "1.6", Version: 1,
		Metadata: metadata{tools{[]component{tool}}}, Components: []component{model}}
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// OfFile is the card of a file with what the report and the card beside it say: nil for
// a file of another program. What is beside it and of no use is a note.
func OfFile(name string, file []byte, m *onnx.Model, beside foreign.Beside) (_ *Card, notes []string) {
	c, err := Of(name, file, m)
	if err != nil {
		return nil, nil
	}
	if err := c.AddBeside(beside); err != nil {
		notes = append(notes, err.Error())
	}
	report, err := beside(name + ".verify.json")
	if err == nil {
		err = c.AddReport(report)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		notes = append(notes, err.Error())
	}
	return c, notes
}

// AddBeside takes over what a card beside the file says of its data, its figures and its
// limits. A card of another file is an error, none is no error.
func (c *Card) AddBeside(beside foreign.Beside) error {
	name := CycloneDXPath(c.Name)
	text, err := beside(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var b bom
	if err := json.Unmarshal(text, &b); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if len(b.Components) != 1 || b.Components[0].ModelCard == nil ||
		!slices.Contains(b.Components[0].Hashes, hash{"SHA-256", c.SHA256}) {
		return fmt.Errorf("%s: the card of another file", name)
	}
	m := b.Components[0].ModelCard
	if len(m.Parameters.Datasets) == 1 {
		c.Data.Source = table.Printable(m.Parameters.Datasets[0].Name)
	}
	var figures []Figure
	var limits []string
	for _, limit := range m.Considerations.Limits {
		limits = append(limits, table.Printable(limit))
	}
	for _, from := range m.Analysis.Metrics {
		f, err := from.figure()
		if err != nil {
			return fmt.Errorf("%s: %s: %w", name, from.Type, err)
		}
		figures = append(figures, f)
	}
	c.Figures, c.Limits = figures, limits
	return nil
}

// figure is the metric as a figure.
func (m metric) figure() (f Figure, err error) {
	f = Figure{Name: table.Printable(m.Type), Of: table.Printable(m.Slice)}
	if f.Value, err = share(m.Value); err != nil || m.Interval == nil {
		return f, err
	}
	low, first := share(m.Interval.Low)
	high, second := share(m.Interval.High)
	f.Interval = &[2]float64{low, high}
	return f, errors.Join(first, second)
}

// share reads a number of 0 to 1.
func share(text string) (float64, error) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !isShare(v) {
		return 0, fmt.Errorf("got %q, want 0 to 1", text)
	}
	return v, nil
}
