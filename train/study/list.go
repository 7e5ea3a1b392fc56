package study

import (
	"fmt"

	"github.com/flowerctl/flowerctl/train/table"
)

// List is what was logged, a row a line.
func List() *table.Table {
	t := table.New("row", "limit", "patience", "epochs run", "validation", "training", "note")
	for _, r := range rows {
		epochs := fmt.Sprint(r.Epochs)
		if r.Epochs == 0 {
			epochs = "not logged"
		}
		t.Add(r.Name(), r.Limit, r.Patience, epochs, fmt.Sprintf("%.2f %%", 100*r.Val),
			fmt.Sprintf("%.2f %%", 100*r.Train), r.Note)
	}
	return t
}
