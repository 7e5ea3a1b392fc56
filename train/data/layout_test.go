package data

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
)

// Folders that have the names of parts are parts only where nothing else holds
// pictures; a guess would train one part against another.
func TestScanLayouts(t *testing.T) {
	for name, tt := range map[string]struct {
		files []string // files that end in .png are pictures
		items []string // of the set, or
		want  string   // what the error says
	}{
		"dev is validation": {files: []string{"train/a/1.png", "train/b/2.png", "dev/a/3.png", "Eval/b/4.png"},
			items: []string{"b:Eval/b/4.png:test", "a:dev/a/3.png:val", "a:train/a/1.png:train",
				"b:train/b/2.png:train"}},
		"labels without pictures": {files: []string{"train/a/1.png", "train/b/2.png", "val/a/3.png", "labels/a/1.txt"},
			items: []string{"a:train/a/1.png:train", "b:train/b/2.png:train", "a:val/a/3.png:val"}},
		"images without pictures": {files: []string{"train/a/1.png", "train/b/2.png", "images/x.txt"},
			items: []string{"a:train/a/1.png:train", "b:train/b/2.png:train"}},
		"classes called like parts": {files: []string{"test/1.png", "bus/2.png", "car/deep/3.png"},
			items: []string{"bus:bus/2.png:", "car:car/deep/3.png:", "test:test/1.png:"}},
		"pictures beside train": {files: []string{"train/a/1.png", "train/b/2.png", "images/3.png"},
			want: "train holds class folders, as a part of a split set does, and images beside it"},
		"more pictures": {files: []string{"train/a/1.png", "val/a/2.png", "unlabeled/x/3.png"},
			want: "move unlabeled elsewhere or into a class folder of train"},
		"val beside a class": {files: []string{"val/a/1.png", "val/b/1.png", "bus/2.png"},
			want: "val holds class folders"},
		"flat parts": {files: []string{"train/1.png", "dev/2.png"},
			want: "the pictures of dev are in no class folders: want dev/CLASS"},
		"flat parts and a folder": {files: []string{"train/1.png", "test/2.png", "annotated/3.png"},
			want: "test and train are names of parts, and annotated beside them"},
		"no train":     {files: []string{"val/a/1.png", "test/a/2.png"}, want: "no train folder"},
		"part inside":  {files: []string{"daisy/train/1.png", "rose/train/2.png"}, want: "daisy/train is the name of a part inside a class: want the part outside, train/daisy"},
		"part in part": {files: []string{"train/a/val/1.png", "train/b/2.png"}, want: "train/a/val is"},
		"parts by other names": {files: []string{"seg_train/seg_train/a/1.png", "seg_train/seg_train/b/2.png",
			"seg_test/seg_test/a/3.png", "seg_pred/seg_pred/4.png"},
			want: "by their names seg_train and seg_test are parts of a split set, and no classes; the folders a, b are inside, in "},
		"a flat part by another name": {files: []string{"TrainImages/a/1.png", "TrainImages/b/2.png", "testset/3.png"},
			want: "by their names TrainImages and testset are parts"},
		"classes with words of parts": {files: []string{"train station/1.png", "train station/old/2.png",
			"test tube/3.png", "trainers/x/4.png", "trainers/y/5.png"},
			items: []string{"test tube:test tube/3.png:", "train station:train station/1.png:",
				"train station:train station/old/2.png:", "trainers:trainers/x/4.png:", "trainers:trainers/y/5.png:"}},
		"some classes with words of parts": {files: []string{"training shoes/a/1.png", "training shoes/b/2.png",
			"test gear/3.png", "boots/4.png", "sandals/5.png"},
			items: []string{"boots:boots/4.png:", "sandals:sandals/5.png:", "test gear:test gear/3.png:",
				"training shoes:training shoes/a/1.png:", "training shoes:training shoes/b/2.png:"}},
		"folders of systems": {files: []string{"a/1.png", "b/2.png", "$RECYCLE.BIN/S-1/3.png", "#recycle/4.png",
			"System Volume Information/5.png"}, items: []string{"a:a/1.png:", "b:b/2.png:"}},
		"wrapper": {files: []string{"flowers/a/1.png", "flowers/b/2.png", "doc/read.me"},
			want: `only one class, "flowers": the folders a, b are inside it, in `},
		"two wrappers": {files: []string{"x/y/a/1.png", "x/y/b/2.png"}, want: filepath.Join("x", "y") + ": give"},
		"wrapped parts": {files: []string{"set/train/a/1.png", "set/train/b/2.png", "set/val/a/2.png"},
			want: "the folders train, val are inside it"},
		"wrapper in parts": {files: []string{"train/w/a/1.png", "train/w/b/2.png", "val/w/a/3.png"},
			want: `only one class, "w", whose folder holds a, b: move these up, to train/a`},
		"yolo": {files: []string{"images/train/1.png", "images/val/2.png", "labels/train/1.txt"},
			want: "images and labels are as YOLO has them"},
		"yolo without val": {files: []string{"images/train/1.png", "labels/train/1.txt"},
			want: "images and labels are as YOLO has them"},
		"yolo by part": {files: []string{"train/images/1.png", "train/labels/1.txt", "valid/images/2.png"},
			want: "train/images and train/labels are as YOLO has them"},
		"classes in images": {files: []string{"images/a/1.png", "images/b/2.png", "labels/a/1.txt"},
			want: "the folders a, b are inside it"},
	} {
		t.Run(name, func(t *testing.T) {
			files := map[string]string{}
			for i, f := range tt.files {
				files[f] = "text"
				if filepath.Ext(f) == ".png" {
					files[f] = "#" + string(rune('1'+i))
				}
			}
			set, err := Scan(context.Background(), folder(t, files), ScanOptions{})
			if tt.want != "" {
				wantError(t, err, tt.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			wantEqual(t, "items", paths(set), tt.items)
		})
	}
}

// TestScanNotesClassesWithTheSameFolders: they may be what is around the classes.
func TestScanNotesClassesWithTheSameFolders(t *testing.T) {
	for want, files := range map[string]map[string]string{
		"fold1, fold2 are taken for classes, and the folders a, b are inside each": {"fold1/a/1.png": "#1",
			"fold1/b/2.png": "#2", "fold2/a/3.png": "#3", "fold2/b/4.png": "#4", "fold2/c/5.png": "#5"},
		"": {"ash/leaf/1.png": "#1", "ash/bark/2.png": "#2", "beech/leaf/3.png": "#3", "beech/4.png": "#4"},
	} {
		notesOf(t, files, want)
	}
	// One folder that all have, and two that all have among more that are their own.
	notesOf(t, map[string]string{"ash/2024/1.png": "#1", "beech/2024/2.png": "#2"}, "")
	notesOf(t, map[string]string{"ash/a/1.png": "#1", "ash/b/2.png": "#2", "beech/a/3.png": "#3",
		"beech/b/4.png": "#4", "ash/c/5.png": "#5", "ash/d/6.png": "#6", "beech/e/7.png": "#7"}, "")
}

func notesOf(t *testing.T, files map[string]string, want string) {
	t.Helper()
	set, err := Scan(t.Context(), folder(t, files), ScanOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if notes := strings.Join(set.Notes, "; "); (notes == "") != (want == "") || !strings.HasPrefix(notes, want) {
		t.Errorf("got %q, want %q", notes, want)
	}
}
