package main

import "github.com/urfave/cli/v2"

func benchCommand() *cli.Command {
	return &cli.Command{
		Name:        "bench",
		Usage:       "measure how fast this machine trains and answers",
		Subcommands: []*cli.Command{benchInferCommand(), benchTrainCommand()},
	}
}
