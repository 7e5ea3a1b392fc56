package report

import (
	"fmt"
	"strings"

	"github.com/flowerctl/flowerctl/train"
)

// rollbacks says how often a run went back, and in which epochs; it is empty for one that
// did not.
func rollbacks(o *train.Outcome) string {
	if o.Rollbacks == 0 {
		return ""
	}
	var epochs []string
	for _, e := range o.History {
		switch {
		case e.Rollbacks == 1:
			epochs = append(epochs, fmt.Sprint(e.Epoch))
		case e.Rollbacks > 1:
			epochs = append(epochs, fmt.Sprintf("%d (%d times)", e.Epoch, e.Rollbacks))
		}
	}
	where := ""
	if len(epochs) > 0 {
		where = " in epoch " + strings.Join(epochs, ", ")
	}
	times := "once"
	if o.Rollbacks > 1 {
		times = fmt.Sprintf("%d times", o.Rollbacks)
	}
	return fmt.Sprintf("Values were not finite%s: the run went back to its last good checkpoint %s, "+
		"and on from there with half the learning rate each time. The steps that failed are kept: "+
		"flowerctl train --replay FILE runs one again.", where, times)
}
