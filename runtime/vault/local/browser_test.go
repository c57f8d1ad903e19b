package local

import (
	"bytes"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const pageBase = "http://127.0.0.1:8200" // where the fixture's pages say they are; served in memory

// flowFixture is a vault with an app, an agent and a provider on loopback.
type flowFixture struct {
	*fixture
	server *authServer
	app    *AppCredentials
}

func newFlowFixture(t testing.TB) *flowFixture {
	t.Helper()
	server := newAuthServer(t)
	transport := http.DefaultTransport.(*http.Transport).Clone()
	t.Cleanup(transport.CloseIdleConnections)
	f := &flowFixture{server: server, fixture: newFixture(t, WithPublicURL(pageBase), WithProviderTransport(transport))}
	var err error
	if f.app, err = f.CreateApp(t.Context(), AppSpec{Name: "mailer"}); err != nil {
		t.Fatal(err)
	}
	f.provider(server.spec())
	return f
}

func (f *flowFixture) provider(spec ProviderSpec) {
	f.t.Helper()
	if _, err := f.SetProvider(f.t.Context(), spec); err != nil {
		f.t.Fatal(err)
	}
}

func (f *flowFixture) post(key, path string, body []byte) result {
	f.t.Helper()
	return f.do(send{key: key, method: http.MethodPost, path: path, body: body})
}

// connect makes a session and returns its token.
func (f *flowFixture) connect(key string, ask wire.ConnectRequest) string {
	f.t.Helper()
	r := f.post(key, wire.PathConnectSession, ask.Marshal())
	s, err := wire.ParseConnectSession(r.raw)
	if r.status != http.StatusCreated || err != nil {
		f.t.Fatalf("session: %d %s %v", r.status, r.raw, err)
	}
	if s.ConnectURL != pageBase+connectPath+s.SessionToken {
		f.t.Fatalf("connect_url %s", s.ConnectURL)
	}
	return s.SessionToken
}

func (f *flowFixture) poll(key, token string) wire.ConnectState {
	f.t.Helper()
	r := f.post(key, wire.PathConnectPoll, wire.MarshalConnectPoll(token))
	s, err := wire.ParseConnectState(r.raw)
	if r.status != http.StatusOK || err != nil {
		f.t.Fatalf("poll: %d %s %v", r.status, r.raw, err)
	}
	return s
}

// signIn goes through a whole sign-in as the server's account and returns the
// user token.
func (f *flowFixture) signIn(account string) string {
	f.t.Helper()
	f.server.set(func() { f.server.account = account })
	r := f.post(f.app.Key, wire.PathAuthSession, []byte("{}"))
	s, err := wire.ParseAuthSession(r.raw)
	if r.status != http.StatusCreated || err != nil {
		f.t.Fatalf("sign-in session: %d %s %v", r.status, r.raw, err)
	}
	b := newBrowser(f)
	if p := b.submit(b.get(s.AuthURL), "connect"); !strings.Contains(p.text, "You are signed in") {
		f.t.Fatalf("sign-in ended on %d %s", p.status, p.text)
	}
	state, err := wire.ParseAuthState(f.post(f.app.Key, wire.PathAuthPoll, wire.AuthPoll{SessionToken: s.SessionToken}.Marshal()).raw)
	if err != nil || state.Status != wire.SessionCompleted {
		f.t.Fatalf("sign-in poll: %v %v", state.Status, err)
	}
	return state.UserToken
}

// browser is a user's browser: cookies, redirects, forms, no scripts. The
// vault's pages come from memory, everything else from loopback.
type browser struct {
	f      *flowFixture
	client *http.Client
	stopAt string // a URL prefix that is not followed
}

func newBrowser(f *flowFixture) *browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	b := &browser{f: f}
	b.client = &http.Client{Jar: jar, Transport: pageTransport{f}, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if b.stopAt != "" && strings.HasPrefix(r.URL.String(), b.stopAt) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return b
}

type pageTransport struct{ f *flowFixture }

func (p pageTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if strings.HasPrefix(r.URL.String(), pageBase+"/") {
		return p.f.Vault.RoundTrip(r)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// pageSeen is what a browser shows.
type pageSeen struct {
	url      *url.URL
	status   int
	header   http.Header
	location string
	text     string
}

func (b *browser) seen(r *http.Response, err error) pageSeen {
	b.f.t.Helper()
	if err != nil {
		b.f.t.Fatal(err)
	}
	defer func() { _ = r.Body.Close() }()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		b.f.t.Fatal(err)
	}
	return pageSeen{r.Request.URL, r.StatusCode, r.Header, r.Header.Get("Location"), string(raw)}
}

func (b *browser) get(target string) pageSeen {
	b.f.t.Helper()
	return b.seen(b.client.Get(target))
}

var (
	formPattern  = regexp.MustCompile(`(?s)<form method="post">(.*?)</form>`)
	inputPattern = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)
)

// forms reads a page's forms, by action.
func (p pageSeen) forms() []url.Values {
	var out []url.Values
	for _, form := range formPattern.FindAllStringSubmatch(p.text, -1) {
		values := url.Values{}
		for _, in := range inputPattern.FindAllStringSubmatch(form[1], -1) {
			values.Set(in[1], html.UnescapeString(in[2]))
		}
		out = append(out, values)
	}
	return out
}

// submit sends the page's first form with the action.
func (b *browser) submit(p pageSeen, action string, extra ...string) pageSeen {
	b.f.t.Helper()
	for _, form := range p.forms() {
		if form.Get("action") != action {
			continue
		}
		for i := 0; i+1 < len(extra); i += 2 {
			form.Set(extra[i], extra[i+1])
		}
		return b.seen(b.client.PostForm(p.url.String(), form))
	}
	b.f.t.Fatalf("no form %q on %d %s", action, p.status, p.text)
	return pageSeen{}
}

func printed(v any) string { return fmt.Sprintf("%v %+v %#v %s", v, v, v, v) }

// searchFiles looks for secrets in every file of a folder.
func searchFiles(t *testing.T, dir string, needles []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, needle := range needles {
			if bytes.Contains(raw, []byte(needle)) {
				t.Errorf("%s holds %.20q", e.Name(), needle)
			}
		}
	}
}
