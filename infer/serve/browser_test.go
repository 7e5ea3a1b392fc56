package serve

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// required says whether FLOWERCTL_REQUIRE names a thing whose absence would
// otherwise skip a test.
func required(name string) bool {
	return slices.Contains(strings.Split(os.Getenv("FLOWERCTL_REQUIRE"), ","), name)
}

// browser is a Chromium without a window, which is told what to do in its DevTools
// protocol through a pipe.
type browser struct {
	t       testing.TB
	to      io.Writer
	session string

	mu      sync.Mutex
	last    int
	answers map[int]chan reply
	said    []string // by the page's console and the browser's own log
}

// reply is a message of the protocol: an answer, or an event.
type reply struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// arguments are those of a command of the protocol.
type arguments map[string]any

// startBrowser starts Chromium and opens a page, or skips the test where there is none.
func startBrowser(t testing.TB) *browser {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			program = found
			break
		}
	}
	if program == "" {
		if required("chromium") {
			t.Fatal("no chromium, which FLOWERCTL_REQUIRE wants: apt-get install chromium")
		}
		t.Skip("no chromium: the page is not tested")
	}
	fromUs, to, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	from, toUs, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	profile := t.TempDir()
	cmd := exec.Command(program, "--headless=new", "--no-sandbox", "--disable-gpu",
		"--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
		"--remote-debugging-pipe", "--user-data-dir="+filepath.Join(profile, "user"), "about:blank")
	cmd.Env = append(os.Environ(), "HOME="+profile)
	cmd.ExtraFiles = []*os.File{fromUs, toUs} // 3 and 4, which the protocol wants
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fromUs.Close()
	toUs.Close()
	b := &browser{t: t, to: to, answers: map[int]chan reply{}}
	t.Cleanup(func() {
		to.Write([]byte(`{"id":1000000,"method":"Browser.close"}` + "\x00"))
		timer := time.AfterFunc(5*time.Second, func() { cmd.Process.Kill() })
		cmd.Wait()
		timer.Stop()
		to.Close()
		from.Close()
	})
	go b.listen(from)
	target := resultOf[struct{ TargetID string }](b.command("Target.createTarget",
		arguments{"url": "about:blank"}))
	b.session = resultOf[struct{ SessionID string }](b.command("Target.attachToTarget",
		arguments{"targetId": target.TargetID, "flatten": true})).SessionID
	for _, domain := range []string{"Page", "Runtime", "Log", "DOM", "Accessibility"} {
		b.command(domain+".enable", nil)
	}
	return b
}

// listen hands answers to who waits for them, and keeps what the page says.
func (b *browser) listen(from io.Reader) {
	for r := bufio.NewReader(from); ; {
		data, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m reply
		if json.Unmarshal(bytes.TrimSuffix(data, []byte{0}), &m) != nil {
			continue
		}
		b.mu.Lock()
		if waiting := b.answers[m.ID]; waiting != nil {
			waiting <- m
		}
		switch m.Method {
		case "Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled":
			b.said = append(b.said, string(m.Params))
		}
		b.mu.Unlock()
	}
}

// command runs a command of the protocol.
func (b *browser) command(method string, with arguments) json.RawMessage {
	b.t.Helper()
	answer := make(chan reply, 1)
	b.mu.Lock()
	b.last++
	id := b.last
	b.answers[id] = answer
	b.mu.Unlock()
	message := arguments{"id": id, "method": method}
	if with != nil {
		message["params"] = with
	}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	data, err := json.Marshal(message)
	if err == nil {
		_, err = b.to.Write(append(data, 0))
	}
	if err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
	select {
	case m := <-answer:
		if m.Error != nil {
			b.t.Fatalf("%s: %s", method, m.Error.Message)
		}
		return m.Result
	case <-time.After(30 * time.Second):
		b.t.Fatalf("%s: the browser does not answer", method)
	}
	return nil
}

func resultOf[T any](data json.RawMessage) (v T) {
	if err := json.Unmarshal(data, &v); err != nil {
		panic(err)
	}
	return v
}

// open opens an address.
func (b *browser) open(url string) {
	b.t.Helper()
	b.command("Page.navigate", arguments{"url": url})
	b.until("document.readyState === 'complete' && location.href.startsWith('http')")
}

// js is the value of an expression in the page, as text.
func (b *browser) js(expression string) string {
	b.t.Helper()
	r := resultOf[struct {
		Result    struct{ Value json.RawMessage }
		Exception json.RawMessage `json:"exceptionDetails"`
	}](b.command("Runtime.evaluate", arguments{"expression": expression, "awaitPromise": true,
		"returnByValue": true}))
	if r.Exception != nil {
		b.t.Fatalf("%s: %s", expression, r.Exception)
	}
	var text string
	if json.Unmarshal(r.Result.Value, &text) == nil {
		return text
	}
	return string(r.Result.Value)
}

// until waits for a condition of the page.
func (b *browser) until(condition string) {
	b.t.Helper()
	for start := time.Now(); b.js("Boolean("+condition+")") != "true"; {
		if time.Since(start) > 20*time.Second {
			b.t.Fatalf("%s did not come; the page is %s", condition, b.js("document.body.innerText"))
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// choose gives files to an input for them, as its dialogue does.
func (b *browser) choose(selector string, files ...string) {
	b.t.Helper()
	object := resultOf[struct {
		Result struct {
			ObjectID string `json:"objectId"`
		}
	}](b.command("Runtime.evaluate",
		arguments{"expression": fmt.Sprintf("document.querySelector(%q)", selector)}))
	b.command("DOM.setFileInputFiles", arguments{"files": files, "objectId": object.Result.ObjectID})
}

// press presses a key that has a name.
func (b *browser) press(key string, code int, text string) {
	b.t.Helper()
	with := arguments{"key": key, "code": key, "windowsVirtualKeyCode": code, "type": "keyDown"}
	if text != "" {
		with["text"] = text
	}
	b.command("Input.dispatchKeyEvent", with)
	b.command("Input.dispatchKeyEvent", arguments{"key": key, "code": key,
		"windowsVirtualKeyCode": code, "type": "keyUp"})
}

// screen sets the size of the window in CSS pixels and the colours that are preferred.
func (b *browser) screen(width, height int, scheme string) {
	b.t.Helper()
	phone := width < 600
	b.command("Emulation.setDeviceMetricsOverride", arguments{"width": width, "height": height,
		"deviceScaleFactor": 1, "mobile": phone})
	b.command("Emulation.setTouchEmulationEnabled", arguments{"enabled": phone})
	b.command("Emulation.setEmulatedMedia", arguments{"features": []arguments{
		{"name": "prefers-color-scheme", "value": scheme}}})
}

// screenshot writes a picture of the page into the folder that SCREENSHOTS names.
func (b *browser) screenshot(name string) {
	b.t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	shot := resultOf[struct{ Data string }](b.command("Page.captureScreenshot",
		arguments{"format": "png"}))
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, name+".png"), data, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// complaints are what the console and the browser's log said.
func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.said)
}
