package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFewImagesAreEnough: `train --data` without another flag is right for other
// images far more often than chance, and gives no advice that nobody needs. With
// FLOWERCTL_FEW=1 it does so for all numbers of images and classes, and from nothing.
func TestFewImagesAreEnough(t *testing.T) {
	if testing.Short() {
		t.Skip("trains")
	}
	type few struct{ classes, images int }
	cases := []few{{2, 5}, {2, 10}, {5, 5}, {5, 10}}
	if brief() {
		cases = cases[2:3]
	}
	if os.Getenv("FLOWERCTL_FEW") != "" {
		cases = append(cases, few{5, 20}, few{5, 50}, few{5, 100}, few{2, 50}, few{50, 5}, few{50, 10})
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%d classes of %d", c.classes, c.images), func(t *testing.T) {
			notChance(t, c.classes, c.images)
		})
	}
	if os.Getenv("FLOWERCTL_FEW") != "" {
		t.Run("from nothing", func(t *testing.T) {
			notChance(t, 5, 20, "--arch=v7-batchnorm", "--size=64")
		})
	}
}

// notChance trains on textures and evaluates on others of the same classes.
func notChance(t *testing.T, classes, images int, flags ...string) {
	t.Chdir(t.TempDir())
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // no fetched backbone
	t.Setenv("FLOWERCTL_BACKBONES", "")
	t.Setenv("HOME", t.TempDir())
	others := max(4, 40/classes)
	textures(t, "photos", classes, images, 1)
	textures(t, "others", classes, others, 2)
	said := flowerctl(t, append([]string{"train", "--data=photos", "--out=run"}, flags...)...)
	for _, word := range []string{"hint:", "dead", "--lr ", "--initializer"} {
		if strings.Contains(said.err, word) {
			t.Errorf("it says %q: %s", word, said.err)
		}
	}
	var result struct{ Accuracy float64 }
	said = flowerctl(t, "eval", "--data=others", "--run=run", "--json")
	if err := json.Unmarshal([]byte(said.out), &result); err != nil {
		t.Fatalf("%v: %s", err, said.out)
	}
	chance := 1 / float64(classes)
	t.Logf("right for %.1f %% of %d, chance %.1f %%", 100*result.Accuracy, others*classes, 100*chance)
	if want := chance + (1-chance)/3; result.Accuracy < want {
		t.Errorf("right for %.1f %%, want %.1f %% or more", 100*result.Accuracy, 100*want)
	}
}

type said struct{ out, err string }

// flowerctl runs the program, and wants it to succeed.
func flowerctl(t *testing.T, args ...string) said {
	t.Helper()
	var out, talk bytes.Buffer
	if code := program(context.Background(), args, strings.NewReader(""), &out, &talk); code != 0 {
		t.Fatalf("flowerctl %v: exit code %d: %s", args, code, talk.String())
	}
	return said{out.String(), talk.String()}
}

// textures writes striped pictures, a folder for each class: a class has a hue and a
// direction, and its pictures differ in width, phase, lightness and noise.
func textures(t *testing.T, dir string, classes, n int, seed uint64) {
	t.Helper()
	const size = 96
	for class := range classes {
		folder := filepath.Join(dir, fmt.Sprintf("class%02d", class))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		hue, angle := float64(class%10)/10, math.Pi*float64(class/10)/5
		for i := range n {
			rng := rand.New(rand.NewPCG(seed, uint64(class*1000+i)))
			width, phase, light := 5+5*rng.Float64(), 6*rng.Float64(), 0.6+0.4*rng.Float64()
			img := image.NewRGBA(image.Rect(0, 0, size, size))
			for y := range size {
				for x := range size {
					along := float64(x)*math.Cos(angle) + float64(y)*math.Sin(angle)
					v := light * (0.6 + 0.4*math.Sin(along/width*math.Pi+phase)) * (0.9 + 0.1*rng.Float64())
					img.Set(x, y, hued(hue, v))
				}
			}
			file, err := os.Create(filepath.Join(folder, fmt.Sprintf("%d.png", i)))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(file, img); err != nil {
				t.Fatal(err)
			}
			if err := file.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// hued is a colour of a hue from 0 to 1.
func hued(hue, v float64) color.Color {
	channel := func(shift float64) uint8 {
		return uint8(255 * v * (0.5 + 0.5*math.Cos(2*math.Pi*(hue+shift))))
	}
	return color.RGBA{channel(0), channel(2.0 / 3), channel(1.0 / 3), 255}
}
