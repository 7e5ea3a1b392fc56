package shell

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

func testApp() *cli.App {
	commands := []*cli.Command{
		{Name: "predict", Flags: []cli.Flag{
			&cli.IntFlag{Name: "top", Aliases: []string{"k"}},
			&cli.BoolFlag{Name: "json"},
			&cli.StringFlag{Name: "model"},
			&cli.Float64Flag{Name: "lr"},
			OptionalFlag(new(Optional), "watch", "into `DIR`"),
		}},
		{Name: "runtime", Subcommands: []*cli.Command{
			{Name: "install", Flags: []cli.Flag{&cli.BoolFlag{Name: "force"}}},
		}},
	}
	return NewApp("flowerctl", "for tests", commands, func(io.Writer) error { return nil })
}

func TestFlagsMayStandAnywhere(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"predict a.jpg --top 5", "flowerctl predict --top 5 -- a.jpg"},
		{"predict --top 5 a.jpg", "flowerctl predict --top 5 -- a.jpg"},
		{"predict a.jpg --json b.jpg -k 2", "flowerctl predict --json -k 2 -- a.jpg b.jpg"},
		{"predict a.jpg --top=5 --json=false", "flowerctl predict --top=5 --json=false -- a.jpg"},
		{"predict - --json", "flowerctl predict --json -- -"},
		{"predict --json -- --top 5", "flowerctl predict --json -- --top 5"},
		{"predict --lr -0.5 a.jpg", "flowerctl predict --lr -0.5 -- a.jpg"},
		{"predict --model --json a.jpg", "flowerctl predict --model --json -- a.jpg"},
		{"predict --watch --top 5", "flowerctl predict --watch --top 5"},
		{"predict --top 5 --watch", "flowerctl predict --top 5 --watch"},
		{"predict --watch logs/ --top 5", "flowerctl predict --watch=logs/ --top 5"},
		{"predict --watch=logs/ a.jpg", "flowerctl predict --watch=logs/ -- a.jpg"},
		{"runtime install --force", "flowerctl runtime install --force"},
		{"help predict", "flowerctl predict --help"},
		{"help runtime install", "flowerctl runtime install --help"},
		{"help", "flowerctl --help"},
		{"--version", "flowerctl --version"},
		{"predict install", "flowerctl predict -- install"},
		{"", "flowerctl"},
	} {
		_, got, err := Arrange(testApp(), strings.Fields(test.args))
		if err != nil {
			t.Errorf("%q: %v", test.args, err)
		}
		if !slices.Equal(got, strings.Fields(test.want)) {
			t.Errorf("%q: got %q, want %q", test.args, got, test.want)
		}
	}
}

func TestWrongArgumentsAreNamedWithTheNearestRightOne(t *testing.T) {
	for _, test := range []struct{ args, want, hint string }{
		{"pedict a.jpg", `unknown command "pedict"`, "did you mean flowerctl predict?"},
		{"runtime instal", `unknown command "instal"`, "did you mean flowerctl runtime install?"},
		{"frobnicate", `unknown command "frobnicate"`, "flowerctl --help lists the commands"},
		{"predict a.jpg --tpo 5", "unknown flag --tpo", "did you mean --top?"},
		{"predict --zzzzzz", "unknown flag --zzzzzz", "--help lists the flags"},
		{"predict a.jpg --top", "--top: needs a value", ""},
	} {
		_, _, err := Arrange(testApp(), strings.Fields(test.args))
		var f *failure
		if !errors.As(err, &f) || f.code != ExitUsage || err.Error() != test.want {
			t.Errorf("%q: got %v, want %q with exit code 2", test.args, err, test.want)
			continue
		}
		if got := strings.Join(f.hints, "\n"); got != test.hint {
			t.Errorf("%q: got hint %q, want %q", test.args, got, test.hint)
		}
	}
}

func TestPrintErrorKeepsTheCodeThroughWrapping(t *testing.T) {
	var out strings.Builder
	inner := FailWith(ExitNoDevice, errors.New("no GPU"), "install the driver")
	code := PrintError(&out, "flowerctl predict", Fail(inner, "or use --device cpu"))
	want := "flowerctl predict: no GPU\nhint: or use --device cpu\nhint: install the driver\n"
	if code != ExitNoDevice || out.String() != want {
		t.Errorf("got code %d and %q, want 4 and %q", code, out.String(), want)
	}
}
