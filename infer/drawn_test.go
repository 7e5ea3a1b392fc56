package infer

import (
	"testing"

	"github.com/flowerctl/flowerctl/fixtures/drawn"
	"github.com/flowerctl/flowerctl/fixtures/onnxruntime"
	"github.com/flowerctl/flowerctl/infer/imageprep"
	"github.com/flowerctl/flowerctl/train/data/flowers"
)

// The seeds of the pictures that it was trained on are hashes, not small numbers.
func TestAModelKnowsFreshlyDrawnFlowers(t *testing.T) {
	onnxruntime.Need(t)
	c, err := New(drawn.Model(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const each = 20
	for _, size := range []int{64, 150, 256} {
		right := 0
		for _, kind := range flowers.Kinds() {
			var images []imageprep.Image
			for seed := range uint64(each) {
				images = append(images, flowers.Draw(kind, seed, size))
			}
			answers, err := c.Classify(t.Context(), images)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range answers {
				if a.Top(1)[0].Label == kind.String() {
					right++
				}
			}
		}
		if all := each * len(flowers.Kinds()); right < all*9/10 {
			t.Errorf("%d pixels a side: %d of %d right, want nine tenths", size, right, all)
		}
	}
}
