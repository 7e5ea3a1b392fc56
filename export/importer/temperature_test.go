package importer

import (
	"reflect"
	"testing"

	"github.com/flowerctl/flowerctl/export"
	"github.com/flowerctl/flowerctl/fixtures/networks"
)

// TestATemperatureIsNoPartOfTheNetwork: the weights that come back are those that were
// trained, not divided.
func TestATemperatureIsNoPartOfTheNetwork(t *testing.T) {
	c := networks.Preset(t, "tiny", 0)
	for _, in := range []export.Input{export.Image, export.Float} {
		want := imported(t, written(t, c, export.Options{Input: in}), Options{})
		got := imported(t, written(t, c, export.Options{Input: in, Temperature: 1.7}), Options{})
		if !reflect.DeepEqual(got.Spec, want.Spec) || !reflect.DeepEqual(got.Weights, want.Weights) {
			t.Errorf("%s: another network comes back than without a temperature", in)
		}
	}
}
