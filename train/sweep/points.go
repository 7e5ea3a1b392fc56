package sweep

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/flowerctl/flowerctl/train/run"
)

// maxTrials bounds the folders of a sweep.
const maxTrials = 9999

// tried are the keys of the settings that are tried, in the order of the file.
func (f *File) tried() (keys []string) {
	for _, a := range f.axes {
		keys = append(keys, a.field.Key)
	}
	for _, field := range run.Fields() {
		for _, one := range f.list {
			if has(one, field.Key) {
				keys = append(keys, field.Key)
				break
			}
		}
	}
	return keys
}

func has(point []value, key string) bool {
	for _, v := range point {
		if v.field.Key == key {
			return true
		}
	}
	return false
}

// points are the settings that are tried, in their order.
func (f *File) points() ([][]value, error) {
	switch f.Method {
	case List:
		return f.list, nil
	case Random:
		return f.random()
	}
	count := 1
	for _, a := range f.axes {
		if count *= len(a.list); count > maxTrials {
			return nil, fmt.Errorf("the grid has more than %d settings", maxTrials)
		}
	}
	points := [][]value{nil}
	for _, a := range f.axes { // the last changes fastest
		var next [][]value
		for _, p := range points {
			for _, v := range a.list {
				next = append(next, append(p[:len(p):len(p)], v))
			}
		}
		points = next
	}
	return points, nil
}

// random draws different points. With the same seed more of them begin with the same.
func (f *File) random() (points [][]value, err error) {
	if f.Number > maxTrials {
		return nil, fmt.Errorf("trials: got %d, want at most %d", f.Number, maxTrials)
	}
	const stream = 0x7377656570 // "sweep"
	random := rand.New(rand.NewPCG(f.Seed, stream))
	seen := map[string]bool{}
	for tries := 0; len(points) < f.Number; tries++ {
		if tries > 100*f.Number+1000 {
			return nil, fmt.Errorf("trials: got %d, but there are no more than %d different settings",
				f.Number, len(points))
		}
		var point []value
		for i := range f.axes {
			point = append(point, f.axes[i].draw(random))
		}
		if key := words(point); !seen[key] {
			seen[key] = true
			points = append(points, point)
		}
	}
	return points, nil
}

// draw is a value of the axis: one of a list, a whole number of a range, or a number of it
// with four digits.
func (a *axis) draw(random *rand.Rand) value {
	if len(a.list) > 0 {
		return a.list[random.IntN(len(a.list))]
	}
	v := value{a.field, new(run.Settings)}
	low, high := a.min, a.max
	if a.field.Float == nil { // each number has the same part of the range
		low, high = low-0.5, high+0.5
	}
	if a.log {
		low, high = math.Log(low), math.Log(high)
	}
	x := low + (high-low)*random.Float64()
	if a.log {
		x = math.Exp(x)
	}
	x = min(max(x, a.min), a.max)
	switch {
	case a.field.Int != nil:
		*a.field.Int(v.s) = int(math.Round(x))
	case a.field.Uint != nil:
		*a.field.Uint(v.s) = uint64(math.Round(x))
	default:
		x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64) // of its own text
		*a.field.Float(v.s) = min(max(x, a.min), a.max)
	}
	return v
}

// words are the values of a point, for people.
func words(point []value) string {
	list := make([]string, len(point))
	for i := range point {
		list[i] = point[i].field.Key + " " + strconv.Quote(point[i].text())
		if _, err := strconv.ParseFloat(point[i].text(), 64); err == nil || plain(point[i].text()) {
			list[i] = point[i].field.Key + " " + point[i].text()
		}
	}
	return strings.Join(list, ", ")
}

// plain says whether a value needs no quotation marks.
func plain(text string) bool { return text != "" && !strings.ContainsAny(text, " ,;:\"'\n\t") }
