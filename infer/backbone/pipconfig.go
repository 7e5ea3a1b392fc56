package backbone

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// pypi is Python's package index.
const pypi = "https://pypi.org/simple"

// pipIndex is the index that pip uses on this machine: PIP_INDEX_URL, else
// index-url in its configuration files, the most particular first, else PyPI. pip
// itself is not run.
func pipIndex() (string, error) {
	if u := os.Getenv("PIP_INDEX_URL"); u != "" {
		return u, nil
	}
	for _, file := range pipFiles() {
		text, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue
		}
		if err != nil {
			return "", err
		}
		u, err := indexIn(string(text))
		if err != nil {
			return "", fmt.Errorf("%s: %w", file, err)
		}
		if u != "" {
			return u, nil
		}
	}
	return pypi, nil
}

// pipFiles are the configuration files of pip, the most particular first. See
// pip.pypa.io/en/stable/topics/configuration.
func pipFiles() []string {
	name := "pip.conf"
	if runtime.GOOS == "windows" {
		name = "pip.ini"
	}
	var files []string
	add := func(folder string, parts ...string) {
		if folder != "" {
			files = append(files, filepath.Join(append([]string{folder}, parts...)...))
		}
	}
	if file := os.Getenv("PIP_CONFIG_FILE"); file != "" {
		if file == os.DevNull {
			return nil // pip then reads none at all
		}
		files = append(files, file)
	}
	add(os.Getenv("VIRTUAL_ENV"), name)
	if config, err := os.UserConfigDir(); err == nil {
		add(config, "pip", name)
	}
	if home, err := os.UserHomeDir(); err == nil {
		add(home, ".config", "pip", name)
		add(home, ".pip", name)
	}
	switch runtime.GOOS {
	case "windows":
		add(os.Getenv("ProgramData"), "pip", name)
	case "darwin":
		add("/Library/Application Support", "pip", name)
	default:
		add("/etc/xdg", "pip", name)
		add("/etc", name)
	}
	return files
}

// indexIn is index-url in a configuration file: that of pip download before that of
// all commands, "" where it says nothing.
func indexIn(text string) (string, error) {
	found := map[string]string{}
	section := ""
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if strings.HasPrefix(line, "#") || strings.HasPrefix(line, ";") {
			continue
		}
		if strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]") {
			section = strings.TrimSpace(line[1 : len(line)-1])
			continue
		}
		at := strings.IndexAny(line, "=:")
		if at < 0 {
			continue
		}
		key := strings.ReplaceAll(strings.ToLower(strings.TrimSpace(line[:at])), "_", "-")
		if key == "index-url" {
			found[section] = strings.TrimSpace(line[at+1:])
		}
	}
	if u := found["download"]; u != "" {
		return u, lines.Err()
	}
	return found["global"], lines.Err()
}
