package local

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// consoleFixture is a vault that serves its console on loopback.
type consoleFixture struct {
	*fixture
	url string
}

func newConsoleFixture(t *testing.T) *consoleFixture {
	t.Helper()
	f := &consoleFixture{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.Vault.ServeHTTP(w, r) }))
	t.Cleanup(srv.Close)
	f.url = srv.URL
	f.fixture = newFixture(t, WithPublicURL(srv.URL), WithConsole())
	return f
}

// operator is a browser of somebody at the console.
type operator struct {
	f      *consoleFixture
	client *http.Client
}

func (f *consoleFixture) visitor() *operator {
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	return &operator{f, &http.Client{Jar: jar}}
}

// signedIn goes through a sign-in.
func (f *consoleFixture) signedIn() *operator {
	f.t.Helper()
	o := f.visitor()
	if p := o.press(o.get(f.link()), ""); p.status != http.StatusOK || p.url.Path != consolePath {
		f.t.Fatalf("signing in ended at %s with %d %s", p.url, p.status, p.text)
	}
	return o
}

func (f *consoleFixture) link() string {
	f.t.Helper()
	link, err := f.ConsoleURL(f.t.Context(), "ann")
	if err != nil {
		f.t.Fatal(err)
	}
	return link
}

// get opens a page, by its address or by its path below the console.
func (o *operator) get(target string) pageSeen {
	o.f.t.Helper()
	if !strings.HasPrefix(target, "http") {
		target = o.f.url + consolePath + target
	}
	req, err := http.NewRequestWithContext(o.f.t.Context(), http.MethodGet, target, nil)
	if err != nil {
		o.f.t.Fatal(err)
	}
	return o.do(req)
}

func (o *operator) do(req *http.Request) pageSeen {
	o.f.t.Helper()
	r, err := o.client.Do(req)
	if err != nil {
		o.f.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		o.f.t.Fatal(err)
	}
	return pageSeen{r.Request.URL, r.StatusCode, r.Header, r.Header.Get("Location"), string(raw)}
}

var csrfPattern = regexp.MustCompile(`name="csrf" value="([0-9a-f]+)"`)

func csrfOf(p pageSeen) string {
	if m := csrfPattern.FindStringSubmatch(p.text); m != nil {
		return m[1]
	}
	return ""
}

// press sends the form of a page. what is the value of its button, or where its
// button sends the form when it begins with a dot.
func (o *operator) press(p pageSeen, what string) pageSeen {
	o.f.t.Helper()
	csrf := csrfOf(p)
	if csrf == "" {
		o.f.t.Fatalf("no form on %s: %d %s", p.url, p.status, p.text)
	}
	form := url.Values{"csrf": {csrf}}
	target := p.url
	if strings.HasPrefix(what, ".") {
		var err error
		if target, err = p.url.Parse(what); err != nil {
			o.f.t.Fatal(err)
		}
	} else if what != "" {
		form.Set("action", what)
	}
	return o.post(target.String(), form)
}

func (o *operator) post(target string, form url.Values, change ...func(*http.Request)) pageSeen {
	o.f.t.Helper()
	req, err := http.NewRequestWithContext(o.f.t.Context(), http.MethodPost, target, strings.NewReader(form.Encode()))
	if err != nil {
		o.f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, fn := range change {
		fn(req)
	}
	return o.do(req)
}

var tagPattern = regexp.MustCompile(`<[^>]*>`)

// shows reports whether the page's text, without its tags, holds the words.
func (p pageSeen) shows(words ...string) bool {
	text := html.UnescapeString(tagPattern.ReplaceAllString(p.text, ""))
	for _, w := range words {
		if !strings.Contains(text, w) {
			return false
		}
	}
	return true
}

// TestConsoleSignIn: the one way in, and all the ways out.
func TestConsoleSignIn(t *testing.T) {
	f := newConsoleFixture(t)
	stranger := f.visitor()
	for _, path := range []string{"", "runs", "audit", "grants/" + f.grant.ID, "nothing"} {
		if p := stranger.get(path); p.status != http.StatusForbidden || !p.shows("grantvault console") || strings.Contains(p.text, f.grant.ID) {
			t.Errorf("a stranger sees %s: %d %s", path, p.status, p.text)
		}
	}
	if p := stranger.post(f.url+consolePath+"grants/"+f.grant.ID+"/revoke", url.Values{}); p.status != http.StatusForbidden {
		t.Errorf("a stranger revokes: %d", p.status)
	}

	link := f.link()
	first := stranger.get(link)
	if again := stranger.get(link); first.status != http.StatusOK || again.status != http.StatusOK || first.header.Get("Set-Cookie") != "" {
		t.Errorf("looking at a link uses it up: %d %d", first.status, again.status)
	}
	if p := stranger.post(link, url.Values{}); p.status != http.StatusForbidden {
		t.Errorf("a form without its token: %d", p.status)
	}
	if p := stranger.press(first, ""); p.status != http.StatusOK || !p.shows("Signed in as", "ann", "Overview") {
		t.Fatalf("%d %s", p.status, p.text)
	}
	if p := f.visitor().get(link); p.status != http.StatusForbidden || !p.shows("used before") {
		t.Errorf("a link works twice: %d", p.status)
	}
	late := f.link()
	f.clock.add(consoleLinkLife + time.Second)
	if p := f.visitor().get(late); p.status != http.StatusForbidden {
		t.Errorf("a link works after its time: %d", p.status)
	}

	second := f.signedIn()
	if p := second.get("sessions"); strings.Count(p.text, "another browser") != 1 {
		t.Errorf("%s", p.text)
	}
	second.press(second.get("sessions"), "./sessions/end")
	if second.get("").status != http.StatusForbidden || stranger.get("").status != http.StatusOK {
		t.Error("signing out is not for this browser alone")
	}
	third, pending := f.signedIn(), f.link()
	third.press(third.get("sessions"), "./sessions/end-all")
	if stranger.get("").status != http.StatusForbidden || f.visitor().get(pending).status != http.StatusForbidden {
		t.Error("signing out everywhere leaves somebody in")
	}
}

// TestConsoleSessionEnds: without use, and for good.
func TestConsoleSessionEnds(t *testing.T) {
	f := newConsoleFixture(t)
	idle, busy, watching := f.signedIn(), f.signedIn(), f.signedIn()
	for range 4 {
		f.clock.add(consoleIdle/2 - time.Minute)
		busy.get("")
		watching.get("timeline?by=run&id=x&follow=1")
	}
	if idle.get("").status != http.StatusForbidden || busy.get("").status != http.StatusOK {
		t.Error("idle sessions end, used ones do not")
	}
	if watching.get("").status != http.StatusForbidden {
		t.Error("a page that loads itself keeps its session")
	}
	for range int(consoleLife/consoleIdle) * 2 {
		f.clock.add(consoleIdle/2 + time.Minute)
		busy.get("")
	}
	if busy.get("").status != http.StatusForbidden {
		t.Error("a session has no end")
	}
}

// TestConsoleProtection: headers, cookies, and forms that come from elsewhere.
func TestConsoleProtection(t *testing.T) {
	f := newConsoleFixture(t)
	o := f.visitor()
	var cookie string
	o.client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
		cookie = r.Response.Header.Get("Set-Cookie")
		return nil
	}
	page := o.press(o.get(f.link()), "")
	if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Strict") || strings.Contains(cookie, "Secure") {
		t.Errorf("cookie %q", cookie)
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY",
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	} {
		if page.header.Get(name) != want {
			t.Errorf("%s: %q", name, page.header.Get(name))
		}
	}
	if strings.Contains(page.text, "<script") || strings.Contains(page.text, "style=") || strings.Contains(page.text, "<style") {
		t.Error("the page holds a script or a style")
	}

	revoke := f.url + consolePath + "grants/" + f.grant.ID + "/revoke"
	form := url.Values{"csrf": {csrfOf(o.get(revoke))}}
	if p := o.post(revoke, url.Values{"csrf": {"x"}}); p.status != http.StatusForbidden {
		t.Errorf("a forged token: %d", p.status)
	}
	for name, set := range map[string]func(*http.Request){
		"cross-site": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"same-site":  func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"origin":     func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:1") },
	} {
		if p := o.post(revoke, form, set); p.status != http.StatusForbidden {
			t.Errorf("%s: %d", name, p.status)
		}
	}
	if p := f.signedIn().post(revoke, form); p.status != http.StatusForbidden {
		t.Errorf("another session's token: %d", p.status)
	}
	if p := o.get("sessions/end-all"); p.status != http.StatusMethodNotAllowed {
		t.Errorf("signing out by a link: %d", p.status)
	}
	if grants, err := f.Grants(t.Context()); err != nil || !grants[0].RevokedAt.IsZero() {
		t.Error("one of them revoked the grant")
	}
	if p := o.post(revoke, form); p.status != http.StatusOK || !p.shows("The grant is revoked.") {
		t.Errorf("the right form: %d %s", p.status, p.text)
	}
}

// TestConsoleIsAnOption: without it there is nothing, and its tokens are on disk as
// hashes only.
func TestConsoleIsAnOption(t *testing.T) {
	f := newFixture(t)
	rec := httptest.NewRecorder()
	f.ServeHTTP(rec, httptest.NewRequest(http.MethodGet, consolePath, nil))
	if rec.Code != http.StatusUnauthorized || !strings.Contains(rec.Body.String(), codeInvalidKey) { // as on any path that is not there
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
	if _, err := f.ConsoleURL(t.Context(), "ann"); err == nil || !strings.Contains(err.Error(), "WithConsole") {
		t.Errorf("a link to nowhere: %v", err)
	}

	c := newConsoleFixture(t)
	o, link := c.signedIn(), c.link()
	u, err := url.Parse(c.url)
	c.must(err)
	needles := []string{link[strings.LastIndexByte(link, '/')+1:]}
	for _, cookie := range o.client.Jar.Cookies(u) {
		needles = append(needles, cookie.Value)
	}
	if len(needles) != 2 {
		t.Fatalf("%d cookies", len(needles)-1)
	}
	c.must(c.Close())
	searchFiles(t, c.dir, needles)
}

// TestConsoleHTTPS: with TLS in front the cookie is bound to the host.
func TestConsoleHTTPS(t *testing.T) {
	f := newFixture(t, WithPublicURL("https://vault.example"), WithConsole())
	link, err := f.ConsoleURL(t.Context(), "ann")
	f.must(err)
	path, ok := strings.CutPrefix(link, "https://vault.example")
	if !ok {
		t.Fatal(link)
	}
	page := httptest.NewRecorder()
	f.ServeHTTP(page, httptest.NewRequest(http.MethodGet, path, nil))
	form := url.Values{"csrf": {csrfOf(pageSeen{text: page.Body.String()})}}
	req := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	done := httptest.NewRecorder()
	f.ServeHTTP(done, req)
	if c := done.Header().Get("Set-Cookie"); !strings.HasPrefix(c, "__Host-grantwire_console_") || !strings.Contains(c, "; Secure") || !strings.Contains(c, "Path=/;") {
		t.Errorf("%d %q", done.Code, c)
	}
}

// TestConsoleTimeline: a run is its calls in order, with the spans beside them.
func TestConsoleTimeline(t *testing.T) {
	f := newConsoleFixture(t)
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	run := wire.EncodeContext([]wire.Pair{{Key: "run_id", Value: "run 1/ü"}, {Key: "tool", Value: "list_repos"}})
	if r := f.token(f.grant.ID, "https://api.github.com/user", send{context: run, traceparent: trace}); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	f.clock.add(2 * time.Second)
	f.report(wire.AuditReport{GrantID: f.grant.ID, Method: "GET", URL: "https://api.github.com/user", ResponseStatus: 200, LatencyMS: 1500}, send{context: run})
	f.token(f.grant.ID, "https://elsewhere.example/", send{context: run})
	f.emit(wire.Span{TraceID: trace[3:35], SpanID: trace[36:52], Name: "think about it", Start: testTime, Attributes: []wire.Pair{{Key: "model", Value: "m-1"}}})

	o := f.signedIn()
	list := o.get("runs")
	if !list.shows("run 1/ü", "builder", "1 refused") {
		t.Errorf("%s", list.text)
	}
	href := regexp.MustCompile(`href="(\./timeline\?[^"]+)"`).FindStringSubmatch(list.text)
	if href == nil {
		t.Fatalf("no link to the run: %s", list.text)
	}
	p := o.get(strings.TrimPrefix(html.UnescapeString(href[1]), "./"))
	if p.status != 200 || !p.shows("Run run 1/ü", "2 calls and 1 span", "GET https://api.github.com/user", "tool list_repos", "200 OK", "refused: blocked_destination", "think about it", "model=m-1") {
		t.Errorf("%d %s", p.status, p.text)
	}
	order := regexp.MustCompile(`(?s)think about it.*GET https://api.github.com/user.*blocked_destination`)
	if !order.MatchString(p.text) || !strings.Contains(p.text, `class="depth1"><a`) {
		t.Errorf("not in order: %s", p.text)
	}
	if by := o.get("timeline?by=trace&id=" + trace[3:35]); !by.shows("1 call and 1 span") {
		t.Errorf("%s", by.text)
	}
	if p := o.get("timeline?by=run&id=" + url.QueryEscape("run 1/ü") + "&follow=1"); !strings.Contains(p.text, `<meta http-equiv="refresh" content="3;`) || !p.shows("Stop following") {
		t.Errorf("%s", p.text)
	}
	if p := o.get("calls/" + f.lastRow().ID); !p.shows("blocked_destination", "elsewhere.example", "run 1/ü") {
		t.Errorf("%s", p.text)
	}
}

// emit sends a span as the fixture's agent.
func (f *consoleFixture) emit(spans ...wire.Span) {
	f.t.Helper()
	if r := f.do(send{method: http.MethodPost, path: wire.PathSpans, body: wire.MarshalSpans(spans)}); r.status != 200 {
		f.t.Fatalf("%d %s", r.status, r.raw)
	}
}
