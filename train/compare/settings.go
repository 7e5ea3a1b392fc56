package compare

import (
	"slices"

	"github.com/flowerctl/flowerctl/train/run"
)

// differingSettings are for each run the settings that are not the same in all runs,
// as flags of train. What has a column of its own is left out.
func differingSettings(records []*run.Record) [][]string {
	words := make([][]string, len(records))
	for _, f := range run.Fields() {
		if slices.Contains([]string{"arch", "optimizer", "loss", "seed"}, f.Name) {
			continue
		}
		texts := make([]string, len(records))
		for i, r := range records {
			texts[i] = f.Word(&r.Settings)
		}
		if len(slices.Compact(slices.Clone(texts))) == 1 {
			continue
		}
		for i, text := range texts {
			if text != "" {
				words[i] = append(words[i], text)
			}
		}
	}
	return words
}
