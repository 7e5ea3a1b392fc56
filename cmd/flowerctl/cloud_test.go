//go:build cloud

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/flowerctl/flowerctl/fixtures/s3server"
)

// TestCloudScripts are the stories of builds with object stores. Each has an S3 server: the
// parameters that reach it are $S3, and its address is $URL. `bucket NAME DIR [KEY]` puts a folder's files, or one,
// into a bucket, `gone NAME KEY` removes one, and `refuse CODE` makes all requests fail.
// `parquet FILE PICTURE...` writes pictures as Hugging Face's data sets have them.
func TestCloudScripts(t *testing.T) {
	p := scripts(t, filepath.Join("testdata", "cloud"))
	setup := p.Setup
	p.Setup = func(env *testscript.Env) error {
		server := s3server.New()
		env.Defer(server.Close)
		env.Values["s3"] = server
		env.Setenv("S3", server.Parameters())
		env.Setenv("URL", server.URL())
		for name, value := range s3server.Environment() {
			env.Setenv(name, value)
		}
		return setup(env)
	}
	of := func(ts *testscript.TestScript) *s3server.Server { return ts.Value("s3").(*s3server.Server) }
	p.Cmds["bucket"] = func(ts *testscript.TestScript, _ bool, args []string) {
		dir := ts.MkAbs(args[1])
		ts.Check(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			key, err := filepath.Rel(dir, path)
			if err != nil {
				return err
			}
			if len(args) > 2 {
				key = args[2]
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			return of(ts).Put(args[0], filepath.ToSlash(key), data)
		}))
	}
	p.Cmds["gone"] = func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Check(of(ts).Remove(args[0], args[1]))
	}
	p.Cmds["refuse"] = func(ts *testscript.TestScript, _ bool, args []string) {
		of(ts).Fail(s3server.Refuse(403, args[0]))
	}
	p.Cmds["parquet"] = writeParquet
	testscript.Run(t, p)
}

func writeParquet(ts *testscript.TestScript, _ bool, args []string) {
	type image struct {
		Bytes []byte `parquet:"bytes"`
		Path  string `parquet:"path"`
	}
	type row struct {
		Image image `parquet:"image"`
	}
	var all []row
	for _, name := range args[1:] {
		all = append(all, row{image{[]byte(ts.ReadFile(name)), name}})
	}
	ts.Check(parquet.WriteFile(ts.MkAbs(args[0]), all, parquet.MaxRowsPerRowGroup(2)))
}
