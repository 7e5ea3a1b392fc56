package remedy

import (
	"errors"
	"fmt"
	"strings"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/infer/imageprep"
)

// Units refuses --mean and --std that are not for pixels from 0 to 1.
func Units(mean, std []float64) error {
	err := imageprep.CheckUnits(mean, std)
	var units *imageprep.UnitsError
	if errors.As(err, &units) {
		return shell.Fail(shell.Usagef("--%s: %w", units.Name, err), unitsHint(units))
	}
	return err
}

// unitsHint is the flags as they were meant.
func unitsHint(e *imageprep.UnitsError) (hint string) {
	for _, f := range []struct {
		name   string
		values []float64
	}{{"mean", e.Mean}, {"std", e.Std}} {
		var text []string
		for _, v := range f.values {
			text = append(text, fmt.Sprintf("%.6g", v))
		}
		if len(text) > 0 {
			hint += " --" + f.name + " " + strings.Join(text, ",")
		}
	}
	return strings.TrimSpace(hint)
}
