package run

import (
	"fmt"
	"slices"
	"strings"

	"github.com/flowerctl/flowerctl/train/data"
	"github.com/flowerctl/flowerctl/train/nn"
	"github.com/flowerctl/flowerctl/train/nn/kernel/engine"
	"github.com/flowerctl/flowerctl/train/table"
)

// Describe says what a session trains on what, in a few lines for people.
func (s *Session) Describe() ([]string, error) {
	set := s.Images.Set
	parameters, _, err := s.Spec.Count()
	if err != nil {
		return nil, err
	}
	size := s.Settings.Size
	frozen := ""
	if n := s.Spec.Extractor(); n != nil {
		frozen = fmt.Sprintf(" and %d frozen ones", n.File.Parameters)
	}
	lines := append(slices.Clone(set.Notes), fmt.Sprintf(
		"%s, %d parameters%s, input %d x %d; %d training and %d validation images of %s (%s)",
		s.Settings.Name(), parameters, frozen, size, size, s.Training.Len(), s.Validation.Len(),
		table.Some(set.Labels), set.SplitBy))
	for _, line := range []string{s.kept(), s.keptLarger(), s.severalSaid(), s.Extracts()} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	if names := unvalidated(set); len(names) > 0 {
		lines = append(lines, "warning: no validation image of "+table.Some(names)+
			": the validation accuracy is that of the other classes only")
	}
	if set.Excluded > 0 || len(set.NotFound) > 0 {
		lines = append(lines, excluded(set, s.Settings.Exclude))
	}
	for _, line := range []string{s.untaken(), s.weighted(), s.stepMemory()} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	if s.Settings.Precision == string(nn.BF16) {
		lines = append(lines, inBF16())
	}
	lines = append(lines, s.news...)
	if s.Initial != nil {
		lines = append(lines, s.Initial.describe(s.Settings.Init)...)
	}
	if Kernels() == "go" && s.extractor == nil {
		lines = append(lines, "kernels: Go; built with oneDNN (libdnnl-dev, see make) "+
			"a step takes half to four fifths of the time")
	}
	return lines, nil
}

// muchMemory is from how many bytes on pixels are said to be in memory.
const muchMemory = 1 << 30

// kept says where pixels are, unless it is in memory, few, and nobody asked.
func (s *Session) kept() string {
	asked := s.options.Pixels == data.InMemory
	if s.Settings.Data == "" || !s.Images.OnDisk() && !asked && s.Images.Bytes() < muchMemory {
		return ""
	}
	return s.Images.Kept()
}

// keptLarger says where the images are that variations are cut from, if these are others.
func (s *Session) keptLarger() string {
	if s.larger == nil {
		return ""
	}
	return fmt.Sprintf("training images at %d pixels too, which --augment cuts from: %s",
		s.larger.Cache().Size(), s.larger.Cache().Kept())
}

// inBF16 says what bfloat16 means on this machine.
func inBF16() string {
	if engine.BF16() {
		return "precision: bf16: the convolutions of the steps multiply numbers rounded to bfloat16, " +
			"8 bits of precision; validation and all else is in fp32"
	}
	return "warning: precision bf16 is emulated: this processor, or this build, has no instructions " +
		"for it, and a step takes longer than in fp32"
}

// excluded says what a list of images to leave out came to.
func excluded(set *data.Set, list string) string {
	line := fmt.Sprintf("%s left out by %s", table.Count(set.Excluded, "image"), list)
	if len(set.NotFound) > 0 {
		line += fmt.Sprintf("; %d that it names are not in %s: %s", len(set.NotFound), set.Dir,
			firstOf(set.NotFound))
	}
	return line
}

// unvalidated are the classes that the folders give no image to validate on.
func unvalidated(set *data.Set) (names []string) {
	for class, n := range set.Counts(data.Val) {
		if n == 0 {
			names = append(names, set.Labels[class])
		}
	}
	return names
}

// describe says what weights the network starts from.
func (in *Initial) describe(from string) []string {
	text := "starting from " + from
	if len(in.Fresh) > 0 {
		text += ", but for " + strings.Join(in.Fresh, ", ")
	} else if in.ByName {
		text += ", the last layer by the names of the classes"
		if len(in.New) > 0 {
			text += ", and from nothing for " + table.Some(in.New)
		}
	}
	lines := []string{text}
	if in.Unnamed {
		lines = append(lines, "warning: "+from+
			" names no classes: its last layer is taken to have these, in this order")
	}
	return lines
}

// Heads are the names of the network's auxiliary heads.
func (s *Session) Heads() (names []string) {
	for _, o := range s.Spec.Outputs[1:] {
		names = append(names, o.Name)
	}
	return names
}
