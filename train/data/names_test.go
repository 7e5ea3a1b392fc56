package data

import (
	"context"
	"slices"
	"strings"
	"testing"
)

func TestScanNames(t *testing.T) {
	const nfc, nfd = "caf\u00e9", "cafe\u0301"
	for name, tt := range map[string]struct {
		files    []string
		labels   []string
		problems []string
		want     string // what the error says
	}{
		"forms between parts": {files: []string{"train/" + nfd + "/1.png", "train/b/2.png", "val/" + nfc + "/3.png"},
			labels: []string{"b", nfc}},
		"two forms": {files: []string{nfd + "/1.png", "b/2.png", nfc + "/3.png"},
			labels: []string{"b", nfc}, problems: []string{"name:" + nfc}},
		"control character": {files: []string{"a\nb/1.png", "c/2.png"}, want: `class "a\nb" has the control character U+000A`},
		"turned text":       {files: []string{"a\u202eb/1.png", "c/2.png"}, want: `U+202E`},
		"letter case": {files: []string{"Daisy/1.png", "daisy/2.png"}, labels: []string{"Daisy", "daisy"},
			problems: []string{"name:daisy"}},
		"letter case in val": {files: []string{"train/Daisy/1.png", "train/b/2.png", "val/daisy/3.png"},
			want: `"train/Daisy" and "val/daisy" differ in letter case only`},
		"look-alike in val": {files: []string{"train/rose/1.png", "train/b/2.png", "val/r\u043ese/3.png"},
			want: `"train/rose" and "val/rоse" differ in look-alike characters only ("rose", "r\u043ese")`},
		"space in test": {files: []string{"train/rose/1.png", "train/b/2.png", "test/rose /3.png"},
			want: `differ in spaces only`},
		"dash": {files: []string{"train/lily-pad/1.png", "train/b/2.png", "val/Lily_pad/3.png"},
			want: `differ in look-alike characters only`},
		"both trained": {files: []string{"train/A/1.png", "train/a/2.png", "val/a/3.png"},
			labels: []string{"A", "a"}, problems: []string{"name:train/a"}},
		"different": {files: []string{"train/rose/1.png", "train/roses/2.png", "val/rose/3.png"},
			labels: []string{"rose", "roses"}},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			for i, f := range tt.files {
				files[f] = "#" + string(rune('1'+i))
			}
			dir := folder(t, files)
			if strings.Contains(name, "case") || name == "both trained" || name == "two forms" {
				if set, _ := Scan(context.Background(), dir, ScanOptions{}); set != nil && len(set.Items) < len(files) {
					t.Skip("this file system has one name for both")
				}
			}
			set, err := Scan(context.Background(), dir, ScanOptions{})
			if tt.want != "" {
				wantError(t, err, tt.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, "labels", set.Labels, tt.labels)
			wantEqual(t, "problems", problems(set), tt.problems)
			slices.Sort(tt.files)
			if len(set.Items) != len(tt.files) {
				t.Errorf("%d items, want %d", len(set.Items), len(tt.files))
			}
		})
	}
}
