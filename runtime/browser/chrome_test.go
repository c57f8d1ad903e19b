//go:build conformance

package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// chrome is a headless browser that runs no script of a page and notes whatever
// it has to complain about.
type chrome struct {
	*testing.T
	ctx context.Context

	mu       sync.Mutex
	faults   []string
	requests []string
}

// look is how a browser is set up.
type look struct {
	name          string
	dark          bool
	width, height int64
}

// looks are what pages are looked at in.
var looks = []look{{"light", false, 1200, 800}, {"dark", true, 1200, 800}, {"narrow", false, 390, 800}}

func program(t *testing.T) string {
	if path := os.Getenv("GRANTWIRE_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("no Chromium: install one (Debian: apt-get install chromium), or name its program in GRANTWIRE_CHROMIUM")
	return ""
}

func open(t *testing.T) *chrome {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program(t)), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1200, 800),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-features", "Translate,OptimizationHints,MediaRouter"),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	c := &chrome{T: t, ctx: ctx}
	if err := chromedp.Listen(ctx, c.note); err != nil {
		t.Fatal(err)
	}
	tell(c, network.Enable, network.EnableParams{})
	tell(c, cdplog.Enable, cdp.Empty{})
	tell(c, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	t.Cleanup(func() {
		for _, fault := range c.faults {
			t.Error(fault)
		}
	})
	return c
}

// note keeps what the browser complains about, and where it wants to go.
func (c *chrome) note(event any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		u, err := url.Parse(e.Request.URL)
		c.requests = append(c.requests, e.Request.URL)
		if err != nil || u.Scheme != "data" && u.Hostname() != "127.0.0.1" {
			c.faults = append(c.faults, "a request leaves this machine: "+e.Request.URL)
		}
	case *runtime.EventConsoleAPICalled:
		c.faults = append(c.faults, fmt.Sprintf("console: %s", e.Type))
	case *runtime.EventExceptionThrown:
		c.faults = append(c.faults, "exception: "+e.ExceptionDetails.Text)
	case *cdplog.EventEntryAdded:
		// A page that says 403 or 404 on purpose is logged as an error, too.
		if e.Entry.Level == cdplog.EntryLevelError && !strings.HasPrefix(e.Entry.Text, "Failed to load resource: the server responded with a status of 4") || e.Entry.Source == cdplog.EntrySourceSecurity {
			c.faults = append(c.faults, fmt.Sprintf("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL))
		}
	}
}

// tell sends the browser a command.
func tell[P, R any](c *chrome, command cdp.Command[P, R], params P) {
	c.Helper()
	if _, err := chromedp.Call(c.ctx, command, params); err != nil {
		c.Fatalf("%s: %v", command.Method, err)
	}
}

// read runs an action that has a value.
func read[T any](c *chrome, action chromedp.Action[T]) T {
	c.Helper()
	value, err := chromedp.Run(c.ctx, action)
	if err != nil {
		c.Fatal(err)
	}
	return value
}

func (c *chrome) do(actions ...chromedp.Action[chromedp.Void]) {
	c.Helper()
	if err := chromedp.Do(c.ctx, actions...); err != nil {
		c.Fatal(err)
	}
}

func (c *chrome) set(l look) {
	c.Helper()
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	tell(c, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	tell(c, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: l.width, Height: l.height, DeviceScaleFactor: 1, Mobile: l.width < 500})
}

func (c *chrome) visit(address string) {
	c.Helper()
	c.do(chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS("body")))
}

// press clicks what the selector finds, and waits for the page that comes of it.
func (c *chrome) press(selector string) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, 20*time.Second)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
		c.Fatalf("pressing %s on %s: %v\n%s", selector, c.where(), err, c.text())
	}
	c.do(chromedp.WaitReady(chromedp.CSS("body")))
}

// follow clicks the link with these words.
func (c *chrome) follow(words string) {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, 20*time.Second)
	defer cancel()
	if _, err := chromedp.RunResponse(ctx, chromedp.Click(fmt.Sprintf(`//main//a[contains(normalize-space(.), %q)]`, words))); err != nil {
		c.Fatalf("following %q on %s: %v\n%s", words, c.where(), err, c.text())
	}
	c.do(chromedp.WaitReady(chromedp.CSS("body")))
}

func (c *chrome) where() string {
	c.Helper()
	return read(c, chromedp.Location())
}

// text is what a reader of the page sees.
func (c *chrome) text() string {
	c.Helper()
	return read(c, chromedp.Text(chromedp.CSS("body")))
}

func (c *chrome) mustShow(words ...string) {
	c.Helper()
	text := c.text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			c.Errorf("%s does not show %q:\n%s", c.where(), w, text)
		}
	}
}

// waitFor waits until the page, which loads itself, shows the words.
func (c *chrome) waitFor(words string) {
	c.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		text, err := chromedp.Run(c.ctx, chromedp.Text(chromedp.CSS("body"))) // a page that is just being replaced has no text
		if err == nil && strings.Contains(text, words) {
			return
		}
		if time.Now().After(end) {
			c.Fatalf("%q does not come: %s %v", words, text, err)
		}
	}
}

func (c *chrome) shot() []byte {
	c.Helper()
	return read(c, chromedp.FullScreenshot(100))
}

// violation is a rule of the accessibility engine that a page breaks.
type violation struct {
	ID, Help string
	Nodes    []string
}

// axe fails when the accessibility engine finds something on the page.
func (c *chrome) axe() {
	c.Helper()
	for _, v := range c.violations() {
		c.Errorf("%s: %s: %s\n\t%s", c.where(), v.ID, v.Help, strings.Join(v.Nodes[:min(3, len(v.Nodes))], "\n\t"))
	}
}

// violations runs the accessibility engine on the page.
func (c *chrome) violations() []violation {
	c.Helper()
	path := os.Getenv("GRANTWIRE_AXE")
	if path == "" {
		c.Fatal("GRANTWIRE_AXE has to name axe.min.js of axe-core: make conformance does")
	}
	engine, err := os.ReadFile(path)
	if err != nil {
		c.Fatal(err)
	}
	// The engine is a script, and waits by timers.
	tell(c, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: false})
	defer tell(c, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	c.do(chromedp.Evaluate[chromedp.Void](string(engine) + "\n;0"))
	raw := read(c, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations.map(v => ({
  id: v.id, help: v.help, nodes: v.nodes.map(n => n.html.slice(0, 200) + " " + (n.any.concat(n.all, n.none)[0] || {}).message)}))))`, chromedp.EvalAwaitPromise))
	var found []violation
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		c.Fatal(err)
	}
	return found
}

// wide reports whether the page is wider than the window.
func (c *chrome) wide() bool {
	c.Helper()
	return read(c, chromedp.Evaluate[bool](`document.documentElement.scrollWidth > document.documentElement.clientWidth`))
}

// overflow fails when the page is wider than the window.
func (c *chrome) overflow() {
	c.Helper()
	if c.wide() {
		c.Errorf("%s is wider than the window", c.where())
	}
}
