package backbone

import (
	"net/url"
	"os"
	"path/filepath"
	"testing"
)

func TestTheIndexIsThatOfPip(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	want := func(what, want string) {
		t.Helper()
		if got, err := pipIndex(); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", what, got, err, want)
		}
	}
	for _, name := range []string{"HOME", "XDG_CONFIG_HOME", "VIRTUAL_ENV", "PIP_INDEX_URL"} {
		t.Setenv(name, "")
	}
	t.Setenv("PIP_CONFIG_FILE", os.DevNull)
	want("nothing", pypi)
	t.Setenv("PIP_CONFIG_FILE", write("a", "[global]\ntimeout = 3\n[list]\nindex-url = https://no.example\n"))
	t.Setenv("VIRTUAL_ENV", dir)
	write("pip.conf", "; mine\n[global]\nindex_url: https://venv.example/simple\n")
	write("pip.ini", "; mine\n[global]\nindex_url: https://venv.example/simple\n")
	want("virtual environment", "https://venv.example/simple")
	t.Setenv("PIP_CONFIG_FILE", write("a", "[global]\nindex-url = https://a.example\n"))
	want("file", "https://a.example")
	t.Setenv("PIP_CONFIG_FILE", write("a", "[download]\nindex-url=https://d.example\n[global]\nindex-url = https://a.example\n"))
	want("file, for downloads", "https://d.example")
	t.Setenv("PIP_INDEX_URL", "https://e.example")
	want("environment", "https://e.example")
}

func TestLinksOfAnIndex(t *testing.T) {
	base, err := url.Parse("https://me:secret@index.example/simple/net/")
	if err != nil {
		t.Fatal(err)
	}
	for link, want := range map[string]string{
		"../../files/a.whl#sha256=1":            "https://me:secret@index.example/files/a.whl",
		"https://index.example/a.whl":           "https://me:secret@index.example/a.whl",
		"https://files.example/a.whl?x=1#md5=2": "https://files.example/a.whl?x=1",
	} {
		if got, err := resolve(base, link); err != nil || got != want {
			t.Errorf("%s: got %s, %v, want %s", link, got, err, want)
		}
	}
	list, err := readIndex([]byte(`<a data-yanked="" HREF="/x/a%2B1.whl?y=1&amp;z=2#sha256=ab">a</a>`), "text/html")
	if err != nil || len(list) != 1 || list[0].Name != "a+1.whl" || list[0].Hashes["sha256"] != "ab" {
		t.Errorf("got %+v, %v", list, err)
	}
	if _, err := readIndex([]byte("{"), "application/json"); err == nil {
		t.Error("half an answer: got no error")
	}
}
