package main

import (
	"os"

	"github.com/urfave/cli/v2"

	"github.com/flowerctl/flowerctl/cmd/internal/shell"
	"github.com/flowerctl/flowerctl/export/verify"
)

// readerName is the hidden command that onnx-go runs in.
const readerName = "read-with-onnx-go"

func readerCommand() *cli.Command {
	return &cli.Command{
		Name: readerName, Hidden: true,
		Action: shell.Action(func(c *shell.Call) error { return verify.RunOnnxGo(c.In, c.Out) }),
	}
}

// reader is the command line of onnx-go's process.
func reader() ([]string, error) {
	program, err := os.Executable()
	return []string{program, readerName}, err
}
