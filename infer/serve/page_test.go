package serve

import (
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/flowerctl/flowerctl/infer"
)

func TestThePageRunsItsOwnScriptAlone(t *testing.T) {
	s := served(t, newColourist(), Options{Explain: true})
	resp := answerTo(s, sent("GET", "/", nil))
	body := said(t, resp, 200)
	want(t, resp.Header.Get("Content-Type"), "text/html; charset=utf-8")
	policy := resp.Header.Get("Content-Security-Policy")
	for _, rule := range []string{"default-src 'none'", "script-src 'sha256-", "style-src 'sha256-",
		"form-action 'none'", "base-uri 'none'", "frame-ancestors 'none'"} {
		if !strings.Contains(policy, rule) {
			t.Errorf("the policy %q lacks %q", policy, rule)
		}
	}
	if strings.Contains(policy, "unsafe") || strings.Contains(policy, "*") {
		t.Errorf("the policy is %q", policy)
	}
	want(t, resp.Header.Get("Referrer-Policy"), "no-referrer")
	want(t, resp.Header.Get("X-Content-Type-Options"), "nosniff")
	want(t, resp.Header.Get("Cross-Origin-Opener-Policy"), "same-origin")
	for _, part := range []string{" style=", " onclick=", " onload=", "innerHTML", "{{", " src=",
		"href=\"http", "@import", "url("} {
		if strings.Contains(body, part) {
			t.Errorf("the page has %q", part)
		}
	}
	if !strings.Contains(body, `data-keys="no" data-explain="yes"`) {
		t.Error("the page does not know what is on")
	}
	refused(t, answerTo(s, sent("GET", "/nothing", nil)), 404, "nothing is at /nothing")
	refused(t, answerTo(s, sent("POST", "/", nil)), 405, "want GET")
}

// written are files of pictures of the given contents.
func written(t *testing.T, files map[string][]byte) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestThePage(t *testing.T) {
	b := startBrowser(t)
	s := served(t, newColourist(), Options{Explain: true})
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	dir := written(t, map[string][]byte{"poppy.png": painted(t, red), "leaf.png": painted(t, green),
		"sky.png": painted(t, blue), "broken.png": []byte("no picture")})
	b.screen(1100, 800, "light")
	b.open(web.URL + "/")

	b.choose("#files", filepath.Join(dir, "poppy.png"))
	b.until("document.querySelectorAll('.bars li').length === 3")
	want(t, b.js("document.querySelector('.answer h2').textContent"), "red")
	if got := b.js("document.querySelector('.took').textContent"); !strings.HasPrefix(got,
		"Answered in ") || !strings.HasSuffix(got, " by model version 1") {
		t.Errorf("the page says %q", got)
	}
	want(t, b.js("document.querySelector('#status').textContent"), "poppy.png: red, 99.2 %")
	if got := b.js("document.querySelector('.fill').offsetWidth / document.querySelector('.track').offsetWidth > 0.9"); got != "true" {
		t.Error("the bar of the most probable class is short")
	}

	b.js("photo = document.querySelector('figure img').src")
	b.js("document.querySelector('.bars button').click()")
	b.until("document.querySelector('figcaption').textContent.startsWith('What speaks for red')")
	want(t, b.js("document.querySelector('.bars button').getAttribute('aria-pressed')"), "true")
	// A drawing of the picture's size, not the picture.
	b.until("document.querySelector('figure img').complete && document.querySelector('figure img').naturalWidth === 7")
	want(t, b.js("document.querySelector('figure img').src !== photo"), "true")
	b.js("document.querySelector('.bars button').click()")
	want(t, b.js("document.querySelector('figcaption').textContent"), "poppy.png")

	b.choose("#files", filepath.Join(dir, "leaf.png"), filepath.Join(dir, "broken.png"),
		filepath.Join(dir, "sky.png"))
	b.until("document.querySelector('#status').textContent === '3 pictures were answered.'")
	want(t, b.js("[...document.querySelectorAll('.answer h2')].map(e => e.textContent).join()"),
		"green,No answer,blue,red")
	if got := b.js("document.querySelector('.wrong:not(noscript *)').textContent"); !strings.Contains(got,
		"not an image") {
		t.Errorf("of what is no picture the page says %q", got)
	}

	b.js("document.querySelector('#clear').click()")
	want(t, b.js("document.activeElement.id + document.querySelectorAll('.answer').length"), "files0")
	for _, event := range []string{
		"new ClipboardEvent('paste', {bubbles: true, clipboardData: data})",
		"new DragEvent('drop', {bubbles: true, cancelable: true, dataTransfer: data})"} {
		b.js(`(async () => {
			const data = new DataTransfer();
			const canvas = new OffscreenCanvas(9, 9).getContext('2d');
			canvas.fillStyle = '#00f';
			canvas.fillRect(0, 0, 9, 9);
			data.items.add(new File([await canvas.canvas.convertToBlob()], 'sea.png', {type: 'image/png'}));
			document.body.dispatchEvent(` + event + `);
		})()`)
		b.until("document.querySelector('#status').textContent === 'sea.png: blue, 99.2 %'")
		b.js("document.querySelector('#clear').click()")
	}
	for _, said := range b.complaints() {
		if !strings.Contains(said, "415") && !strings.Contains(said, `"verbose"`) { // of what is no picture
			t.Errorf("the browser complains: %s", said)
		}
	}
}

func TestThePageWithoutAMouse(t *testing.T) {
	b := startBrowser(t)
	s := served(t, newColourist(), Options{Explain: true})
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	dir := written(t, map[string][]byte{"poppy.png": painted(t, red)})
	b.screen(360, 740, "dark")
	b.open(web.URL + "/")
	focus := func() string {
		b.press("Tab", 9, "")
		return b.js("document.activeElement.id || document.activeElement.textContent")
	}
	want(t, focus(), "files")
	if got := b.js("getComputedStyle(document.querySelector('#files + label')).outlineStyle"); got != "solid" {
		t.Errorf("what has the focus does not show it: outline %s", got)
	}
	want(t, focus(), "photo") // a phone has a camera
	b.choose("#photo", filepath.Join(dir, "poppy.png"))
	b.until("document.querySelectorAll('.bars li').length === 3")
	want(t, focus(), "clear")
	want(t, focus(), "red")
	b.press("Enter", 13, "\r")
	b.until("document.querySelector('figure img').alt.startsWith('What speaks for red')")
	b.until("document.querySelector('#status').textContent === 'The map for red is shown.'")

	// A screen reader finds a name for everything that can be used.
	tree := resultOf[struct {
		Nodes []struct {
			Ignored bool
			Role    struct{ Value string }
			Name    struct{ Value string }
		}
	}](b.command("Accessibility.getFullAXTree", nil))
	names := map[string][]string{}
	for _, n := range tree.Nodes {
		if !n.Ignored {
			names[n.Role.Value] = append(names[n.Role.Value], n.Name.Value)
		}
	}
	want(t, strings.Join(names["heading"], ","), "What is in the picture?,red")
	want(t, strings.Join(names["button"], ","), "Choose pictures,Take a photograph,Clear,red,green,blue")
	if len(names["image"]) != 1 || names["image"][0] == "" || len(names["main"]) != 1 ||
		len(names["status"]) != 1 {
		t.Errorf("a screen reader finds %v", names)
	}

	// Nothing sticks out, and the text stands out from what is behind it.
	want(t, b.js("document.documentElement.scrollWidth <= innerWidth"), "true")
	for _, scheme := range []string{"light", "dark"} {
		b.screen(360, 740, scheme)
		for _, part := range []string{"h1", ".took", "#drop p:last-child", "figcaption", "#files + label"} {
			got, err := strconv.ParseFloat(b.js("("+contrast+")("+strconv.Quote(part)+")"), 64)
			if err != nil || got < 4.5 {
				t.Errorf("%s, %s: a contrast of %.2f, want 4.5 or more", scheme, part, got)
			}
		}
	}
}

// contrast is the contrast of a text to what is behind it, by WCAG 2.2.
const contrast = `selector => {
	const light = c => {
		const [r, g, b] = c.match(/[\d.]+/g).map(v => v / 255)
			.map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	let e = document.querySelector(selector);
	const text = light(getComputedStyle(e).color);
	while (getComputedStyle(e).backgroundColor === 'rgba(0, 0, 0, 0)') e = e.parentElement;
	const back = light(getComputedStyle(e).backgroundColor);
	return (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
}`

func TestThePageAsksForAKey(t *testing.T) {
	b := startBrowser(t)
	path := filepath.Join(t.TempDir(), "keys")
	put(t, path, "anna a-key-of-sixteen-letters\n")
	keys, err := OpenKeys(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := served(t, newColourist(), Options{Keys: keys})
	if err := s.Put(t.Context(), "other", "1", &Model{Classifier: newColourist()}); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	dir := written(t, map[string][]byte{"poppy.png": painted(t, red)})
	b.open(web.URL + "/")
	b.choose("#files", filepath.Join(dir, "poppy.png"))
	b.until("document.querySelector('.answer h2').textContent === 'No answer'")
	want(t, b.js("document.activeElement.id"), "key")
	b.js("document.querySelector('#key').value = 'a-key-of-sixteen-letters';" +
		"document.querySelector('#key').dispatchEvent(new Event('change'))")
	b.until("!document.querySelector('#modelfield').hidden")
	want(t, b.js("[...document.querySelector('#model').options].map(o => o.value).join()"), "model,other")
	b.js("document.querySelector('#model').value = 'other'")
	b.choose("#files", filepath.Join(dir, "poppy.png"))
	b.until("document.querySelector('.answer .took')?.textContent.endsWith(' by other version 1')")
	want(t, b.js("document.querySelectorAll('.bars button').length"), "0") // no map without --explain
}

// TestScreenshots writes what the page looks like, for people, into the folder that
// SCREENSHOTS names.
func TestScreenshots(t *testing.T) {
	if os.Getenv("SCREENSHOTS") == "" {
		t.Skip("SCREENSHOTS names no folder")
	}
	b := startBrowser(t)
	c := flowers(t, infer.Options{Many: true, Explain: true})
	s := New(Options{Explain: true})
	t.Cleanup(s.Close)
	if err := s.Put(t.Context(), "flowers", "1", NewModel(c, nil, nil)); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	pictures, err := filepath.Glob(os.Getenv("PICTURES"))
	if err != nil || len(pictures) == 0 {
		t.Fatal("PICTURES matches none")
	}
	for _, look := range []struct {
		name          string
		width, height int
		scheme        string
	}{{"light", 1100, 900, "light"}, {"dark", 1100, 900, "dark"}, {"phone", 360, 900, "light"},
		{"phone-dark", 360, 900, "dark"}} {
		b.screen(look.width, look.height, look.scheme)
		b.open(web.URL + "/")
		b.screenshot(look.name + "-empty")
		b.choose("#files", pictures...)
		b.until("document.querySelectorAll('.answer .took').length + document.querySelectorAll('.answer .wrong').length >= " +
			strconv.Itoa(len(pictures)))
		b.js("document.querySelector('.bars button').click()")
		b.until("document.querySelector('figure img').alt.startsWith('What speaks for')")
		b.js("document.querySelector('.bars button').focus()")
		b.screenshot(look.name)
	}
}
