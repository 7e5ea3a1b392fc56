package signed

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// pair writes a pair of keys and reads it.
func pair(t *testing.T, path string) (ed25519.PrivateKey, ed25519.PublicKey) {
	t.Helper()
	if err := NewKey(path); err != nil {
		t.Fatal(err)
	}
	private, err := ReadPrivateKey(path)
	if err != nil {
		t.Fatal(err)
	}
	public, err := ReadPublicKey(PublicPath(path))
	if err != nil {
		t.Fatal(err)
	}
	return private, public
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// TestWhatIsNotAsSignedIsRefused breaks each thing that a signature covers.
func TestWhatIsNotAsSignedIsRefused(t *testing.T) {
	const bytes = "the bytes of a model"
	keys := t.TempDir()
	private, public := pair(t, filepath.Join(keys, "key.pem"))
	_, other := pair(t, filepath.Join(keys, "other.pem"))
	for _, test := range []struct {
		name    string
		with    string // another content of the model in memory
		key     ed25519.PublicKey
		damage  func(t *testing.T, model string)
		problem string
	}{
		{name: "nothing"},
		{name: "another model", with: "other bytes", problem: "m.onnx has changed"},
		{name: "another key", key: other, problem: "m.onnx.sig is by another key"},
		{name: "card", problem: "m.onnx.card.md has changed", damage: func(t *testing.T, m string) {
			write(t, m+".card.md", "better figures")
		}},
		{name: "no report", problem: "m.onnx.verify.json is missing", damage: func(t *testing.T, m string) {
			if err := os.Remove(m + ".verify.json"); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "foreign", problem: "config.json is beside it and was not signed",
			damage: func(t *testing.T, m string) { write(t, filepath.Join(filepath.Dir(m), "config.json"), "{}") }},
		{name: "no signature", problem: "there is no", damage: func(t *testing.T, m string) {
			if err := os.Remove(Path(m)); err != nil {
				t.Fatal(err)
			}
		}},
		{name: "no JSON", problem: "m.onnx.sig cannot be read", damage: func(t *testing.T, m string) {
			write(t, Path(m), "{")
		}},
		{name: "other manifest", problem: "m.onnx.sig is damaged", damage: func(t *testing.T, m string) {
			text, err := os.ReadFile(Path(m))
			if err != nil {
				t.Fatal(err)
			}
			var s signature
			if err := json.Unmarshal(text, &s); err != nil {
				t.Fatal(err)
			}
			s.Manifest[len(s.Manifest)-5] ^= 1
			text, _ = json.Marshal(s)
			write(t, Path(m), string(text))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			model := filepath.Join(t.TempDir(), "m.onnx")
			write(t, model+".card.md", "a card")
			write(t, model+".verify.json", "a report")
			if _, err := Sign(model, []byte(bytes), private); err != nil {
				t.Fatal(err)
			}
			file, key := bytes, public
			if test.with != "" {
				file = test.with
			}
			if test.key != nil {
				key = test.key
			}
			if test.damage != nil {
				test.damage(t, model)
			}
			m, err := Check(model, []byte(file), key)
			if test.problem == "" {
				if err != nil || len(m.Files) != 3 {
					t.Fatalf("got %+v, %v, want three files", m, err)
				}
				return
			}
			if !errors.Is(err, ErrNotSigned) || !strings.Contains(err.Error(), test.problem) ||
				strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v, want a line with %q", err, test.problem)
			}
		})
	}
}

func TestASignatureIsOfOneName(t *testing.T) {
	dir := t.TempDir()
	private, public := pair(t, filepath.Join(dir, "key.pem"))
	a, b := filepath.Join(dir, "a.onnx"), filepath.Join(dir, "b.onnx")
	if _, err := Sign(a, []byte("a"), private); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(Path(a), Path(b)); err != nil {
		t.Fatal(err)
	}
	_, err := Check(b, []byte("a"), public)
	if !errors.Is(err, ErrNotSigned) || !strings.Contains(err.Error(), "signature of another file") {
		t.Errorf("got %v", err)
	}
}

func TestKeysAreNotWrittenOverAndStaySecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	private, _ := pair(t, path)
	if err := NewKey(path); err == nil {
		t.Error("the keys that were there are written over")
	}
	if after, err := ReadPrivateKey(path); err != nil || !after.Equal(private) {
		t.Errorf("the private key is another: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read the private key: %v, %v", info.Mode(), err)
	}
}

func TestWrongKeysAreNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key.pem")
	pair(t, path)
	if _, err := ReadPrivateKey(PublicPath(path)); err == nil || !strings.Contains(err.Error(),
		"got a PUBLIC KEY, want a PRIVATE KEY") {
		t.Errorf("got %v", err)
	}
	words := filepath.Join(filepath.Dir(path), "words.txt")
	write(t, words, "no key")
	if _, err := ReadPublicKey(words); err == nil || !strings.Contains(err.Error(), "no PEM file") {
		t.Errorf("got %v", err)
	}
}

// TestOpenSSL signs with a key of openssl's, and has openssl check the signature.
func TestOpenSSL(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		c := exec.Command(openssl, args...)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("openssl %v: %v: %s", args, err, out)
		}
	}
	run("genpkey", "-algorithm", "ed25519", "-out", "key.pem")
	run("pkey", "-in", "key.pem", "-pubout", "-out", "key.pub.pem")
	private, err := ReadPrivateKey(filepath.Join(dir, "key.pem"))
	if err != nil {
		t.Fatal(err)
	}
	public, err := ReadPublicKey(filepath.Join(dir, "key.pub.pem"))
	if err != nil {
		t.Fatal(err)
	}
	model := filepath.Join(dir, "m.onnx")
	if _, err := Sign(model, []byte("m"), private); err != nil {
		t.Fatal(err)
	}
	if _, err := Check(model, []byte("m"), public); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(Path(model))
	if err != nil {
		t.Fatal(err)
	}
	var s map[string]string
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"manifest", "signature"} {
		data, err := base64.StdEncoding.DecodeString(s[part])
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, part), string(data))
	}
	run("pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "key.pub.pem", "-in", "manifest",
		"-sigfile", "signature")
}
