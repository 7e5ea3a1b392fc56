package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/train/data/augment"
)

// differingSettings are for each run the settings in which not all runs are alike,
// as flags of train. What has a column of its own is left out.
func differingSettings(records []*runRecord) [][]string {
	words := make([][]string, len(records))
	for _, o := range trainOptions() {
		if slices.Contains([]string{"arch", "optimizer", "loss", "seed"}, o.name) {
			continue
		}
		texts := make([]string, len(records))
		for i, r := range records {
			texts[i] = o.text(r.settings)
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

// text is the option as one would type it to get the setting that s has, "" where
// one would leave it out.
func (o *option) text(s settings) string {
	if s.Augment == "" {
		s.Augment = augment.Names()[0] // none
	}
	value := ""
	switch f := o.flag(&s).(type) {
	case *cli.StringFlag:
		value = f.Value
	case *cli.IntFlag:
		value = strconv.Itoa(f.Value)
	case *cli.Uint64Flag:
		value = strconv.FormatUint(f.Value, 10)
	case *cli.Float64Flag:
		value = fmt.Sprint(f.Value)
	case *cli.Float64SliceFlag:
		value = strings.Join(strings.Fields(strings.Trim(fmt.Sprint(f.Value.Value()), "[]")), ",")
	case *cli.BoolFlag:
		if f.Value {
			return "--" + o.name
		}
	}
	if value == "" || o.name == "drawn" && s.Data != "" {
		return ""
	}
	if strings.ContainsAny(value, " \t\"'\\$`*?") {
		value = strconv.Quote(value)
	}
	return "--" + o.name + " " + value
}
