package data

import (
	"strings"
	"testing"
)

// A class that copies empty is told with the class that has the originals.
func TestSplitNamesTheClassThatCopiesAreOf(t *testing.T) {
	s := made([]int{9, 9, 3}, map[string]string{"c/000.jpg": "a/001.jpg", "c/001.jpg": "a/002.jpg",
		"c/002.jpg": "a/003.jpg"})
	wantError(t, s.Split(SplitOptions{}), `all 3 images of "c" are copies of images of "a" `+
		`(c/000.jpg and a/001.jpg)`)

	s = made([]int{9, 9, 3}, map[string]string{"c/000.jpg": "a/001.jpg", "c/001.jpg": "b/002.jpg"})
	wantError(t, s.Split(SplitOptions{}), `2 of its 3 images are copies of images of other classes, 1 of "a"`)

	s = made([]int{9, 9, 2}, nil)
	s.Similar = [][]int{{0, 18}, {1, 19}}
	wantError(t, s.Split(SplitOptions{}), `all 2 images of "c" are copies of, or look like, images of "a"`)
}

func TestSplitNamesCopiesInAnotherPart(t *testing.T) {
	s := made([]int{4, 2}, map[string]string{"b/001.jpg": "b/000.jpg"})
	for i := range s.Items {
		s.Items[i].Part = Train
	}
	s.Items[0].Part, s.Items[5].Part = Val, Val
	wantError(t, s.Split(SplitOptions{}), `class "b" has no image to train on: 1 of its images are left `+
		`out, as their copies are in another part (b/000.jpg)`)
}

// TestSplitNamesThePartOfAClassWithoutTraining is of the folder of unlabelled pictures in a
// test part, and of classes that have another name there.
func TestSplitNamesThePartOfAClassWithoutTraining(t *testing.T) {
	s := made([]int{4, 2}, nil)
	for i := range s.Items {
		s.Items[i].Part = Train
	}
	s.Items[0].Part, s.Items[4].Part, s.Items[5].Part = Val, Val, Test
	wantError(t, s.Split(SplitOptions{}), `class "b" has no image to train on: it has 1 for val and 1 for `+
		`test (b/000.jpg): give it images for training, or take its folder out`)
	s = made([]int{4, 2}, nil)
	for i := range s.Items {
		s.Items[i].Part = Train
	}
	s.Items[4].Part, s.Items[5].Part = Test, Test
	wantError(t, s.Split(SplitOptions{Val: 0.2}), `class "b" has 0 different images, want at least 2: it has `+
		`2 for test (b/000.jpg): give it images`)
	s = made([]int{4, 3}, nil) // one of b is to train on
	for i := range s.Items {
		s.Items[i].Part = Train
	}
	s.Items[4].Part, s.Items[5].Part = Test, Test
	if err := s.Split(SplitOptions{Val: 0.2}); err == nil || strings.Contains(err.Error(), "it has") {
		t.Errorf("got %v, want no word of other parts", err)
	}
}
