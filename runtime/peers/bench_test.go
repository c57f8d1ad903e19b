package peers

import (
	"context"
	stdjson "encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	gogithub "github.com/google/go-github/v89/github"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// benchBase is never dialled: the transport in memory answers for it.
const (
	benchBase  = "https://hub.example"
	benchRepos = 30
)

// schema is the part of an OpenAPI schema that a body is made from.
type schema struct {
	Ref        string             `json:"$ref"`
	Type       string             `json:"type"`
	Format     string             `json:"format"`
	Enum       []string           `json:"enum"`
	Properties map[string]*schema `json:"properties"`
	Items      *schema            `json:"items"`
}

// bodyWriter writes an answer with every member that the document gives a
// repository, none of them null. All repositories have one owner and one licence,
// as those of a list mostly do; the rest differs. Members come in an order of
// chance, the same on each run: no decoder shall profit from sorted names.
type bodyWriter struct {
	strings.Builder

	schemas map[string]*schema
	chance  *rand.Rand
	repo    int
	shared  map[string]string // owner and licence
}

func listBody(tb testing.TB) string {
	tb.Helper()
	text, err := os.ReadFile("../../specs/github/openapi.json")
	if err != nil {
		tb.Fatal(err)
	}
	var doc struct {
		Components struct {
			Schemas map[string]*schema `json:"schemas"`
		} `json:"components"`
	}
	if err := stdjson.Unmarshal(text, &doc); err != nil {
		tb.Fatal(err)
	}
	w := bodyWriter{schemas: doc.Components.Schemas, shared: map[string]string{}}
	w.chance = rand.New(rand.NewPCG(30, 30))
	for w.repo = range benchRepos {
		w.WriteByte("[,"[min(w.repo, 1)])
		w.value("repository", w.schemas["repository"])
	}
	return w.String() + "]"
}

func (w *bodyWriter) value(name string, s *schema) {
	switch {
	case s.Ref != "":
		if w.shared[s.Ref] == "" {
			start := w.Len()
			w.value(name, w.schemas[s.Ref[strings.LastIndexByte(s.Ref, '/')+1:]])
			w.shared[s.Ref] = w.String()[start:]
			return
		}
		w.WriteString(w.shared[s.Ref])
	case s.Properties != nil:
		names := slices.Sorted(maps.Keys(s.Properties))
		w.chance.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for i, n := range names {
			fmt.Fprintf(w, "%c%q:", "{,"[min(i, 1)], n)
			w.value(n, s.Properties[n])
		}
		w.WriteByte('}')
	case s.Type == "array":
		for i := range 3 {
			w.WriteByte("[,"[min(i, 1)])
			w.value(name, s.Items)
		}
		w.WriteByte(']')
	case s.Type == "boolean":
		fmt.Fprint(w, w.chance.IntN(2) == 0)
	case s.Type == "integer":
		fmt.Fprint(w, w.chance.IntN(1_000_000_000))
	default:
		fmt.Fprintf(w, "%q", w.text(name, s))
	}
}

func (w *bodyWriter) text(name string, s *schema) string {
	switch part, isURL := strings.CutSuffix(name, "_url"); {
	case len(s.Enum) > 0:
		return s.Enum[w.chance.IntN(len(s.Enum))]
	case strings.HasSuffix(name, "_at"):
		return fmt.Sprintf("2026-03-%02dT09:26:53Z", 1+w.chance.IntN(28))
	case isURL || name == "url":
		return fmt.Sprintf("%s/harbor/pier-%d/%s", benchBase, w.repo, part)
	case strings.HasSuffix(name, "description"):
		return "Keeps the \"lamp\" burning, and the log — every night."
	}
	return fmt.Sprintf("%s of pier %d", name, w.repo)
}

// canned answers every request with one body.
type canned string

func (c canned) header() http.Header {
	return http.Header{"Content-Type": {"application/json; charset=utf-8"}, "X-Ratelimit-Limit": {"5000"}, "X-Ratelimit-Remaining": {"4999"}}
}

func (c canned) RoundTrip(req *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: c.header(),
		Body: io.NopCloser(strings.NewReader(string(c))), ContentLength: int64(len(c)), Request: req,
	}, nil
}

func (c canned) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	maps.Copy(w.Header(), c.header())
	_, _ = io.WriteString(w, string(c))
}

// benchAgent is an agent of an embedded vault, in memory or with its file, that
// reaches the provider through rt.
func benchAgent(tb testing.TB, base string, rt http.RoundTripper, opts ...local.Option) (*vault.Agent, vault.CallOption) {
	tb.Helper()
	v, err := local.Open(tb.TempDir(), opts...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = v.Close() })
	who, err := v.CreateAgent(tb.Context(), local.AgentSpec{Name: "bench"})
	if err != nil {
		tb.Fatal(err)
	}
	grant, err := v.CreateGrant(tb.Context(), local.GrantSpec{
		AgentID: who.ID, Provider: "github", Hosts: []string{base}, Credential: local.Credential{Token: token},
	})
	if err != nil {
		tb.Fatal(err)
	}
	agent, err := vault.NewAgent(who.Key, vault.WithBackend(v), vault.WithProviderTransport(rt))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = agent.Close(context.WithoutCancel(tb.Context())) })
	return agent, vault.Grant(grant.ID)
}

func newGoGitHub(tb testing.TB, hc *http.Client, base string) *gogithub.Client {
	tb.Helper()
	base += "/"
	gh, err := gogithub.NewClient(gogithub.WithHTTPClient(hc), gogithub.WithURLs(&base, &base))
	if err != nil {
		tb.Fatal(err)
	}
	return gh
}

// lister lists the repositories with one of the clients.
type lister func() (names int, err error)

func listers(tb testing.TB, base string, rt http.RoundTripper) map[string]lister {
	tb.Helper()
	u, err := url.Parse(base)
	if err != nil {
		tb.Fatal(err)
	}
	ours := func(hc *http.Client) lister {
		gh := github.New(hc, api.WithBaseURL(u))
		return func() (int, error) {
			repos, err := gh.ListRepos(tb.Context(), nil)
			return count(repos, func(r github.Repository) string { return r.Name }), err
		}
	}
	theirs := func(hc *http.Client) lister {
		gh := newGoGitHub(tb, hc, base)
		return func() (int, error) {
			repos, _, err := gh.Repositories.ListByAuthenticatedUser(tb.Context(), nil)
			return count(repos, func(r *gogithub.Repository) string { return r.GetName() }), err
		}
	}
	kept, keptGrant := benchAgent(tb, base, rt)
	brief, briefGrant := benchAgent(tb, base, rt, local.InMemory())
	return map[string]lister{
		"grantwire/vault=none":   ours(&http.Client{Transport: rt}),
		"grantwire/vault=memory": ours(brief.HTTPClient(briefGrant)),
		"grantwire/vault=file":   ours(kept.HTTPClient(keptGrant)),
		"go-github/vault=none":   theirs(&http.Client{Transport: rt}),
		"go-github/vault=file":   theirs(kept.HTTPClient(keptGrant)),
	}
}

// count counts the repositories that have the name they were given.
func count[T any](repos []T, name func(T) string) int {
	n := 0
	for i, r := range repos {
		if name(r) == fmt.Sprintf("name of pier %d", i) {
			n++
		}
	}
	return n
}

// TestListBody: each client of the benchmark reads the whole body, and ours finds
// a field for every member.
func TestListBody(t *testing.T) {
	body := listBody(t)
	if len(body) < 140_000 || len(body) > 170_000 {
		t.Errorf("the body has %d bytes", len(body))
	}
	var repos []github.Repository
	if err := json.Unmarshal([]byte(body), &repos); err != nil {
		t.Fatal(err)
	}
	for _, r := range repos {
		if r.Extra != nil || r.Owner.Extra != nil || r.License == nil || r.License.Extra != nil || r.CodeSearchIndexStatus == nil {
			t.Fatalf("members without a field: %v, %v", r.Extra, r.Owner.Extra)
		}
	}
	again, err := json.Marshal(repos)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := canonical(t, again), canonical(t, []byte(body)); got != want {
		t.Error("the repositories are encoded as something else than they were decoded from")
	}
	for name, list := range listers(t, benchBase, canned(body)) {
		if n, err := list(); err != nil || n != benchRepos {
			t.Errorf("%s: %d repositories, %v", name, n, err)
		}
	}
}

func canonical(t *testing.T, text []byte) string {
	t.Helper()
	v := jsontext.Value(text)
	if err := v.Canonicalize(); err != nil {
		t.Fatal(err)
	}
	return string(v)
}

// BenchmarkList30 is a whole call: request, answer, thirty repositories.
func BenchmarkList30(b *testing.B) {
	body := listBody(b)
	server := httptest.NewServer(canned(body))
	defer server.Close()
	for over, list := range sorted(map[string]map[string]lister{
		"memory":   listers(b, benchBase, canned(body)),
		"loopback": listers(b, server.URL, server.Client().Transport),
	}) {
		for name, call := range sorted(list) {
			b.Run("over="+over+"/client="+name, func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					if n, err := call(); err != nil || n != benchRepos {
						b.Fatal(n, err)
					}
				}
			})
		}
	}
}

// BenchmarkDecode30 is the floor for BenchmarkList30: the decoders alone.
func BenchmarkDecode30(b *testing.B) {
	body := []byte(listBody(b))
	lenient := json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	for name, decode := range sorted(map[string]func() error{
		"into=grantwire/json=experiment": func() error { return json.Unmarshal(body, new([]github.Repository), lenient) },
		"into=grantwire/json=standard":   func() error { return stdjson.Unmarshal(body, new([]github.Repository)) },
		"into=go-github/json=experiment": func() error { return json.Unmarshal(body, new([]*gogithub.Repository), lenient) },
		"into=go-github/json=standard":   func() error { return stdjson.Unmarshal(body, new([]*gogithub.Repository)) },
	}) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				if err := decode(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkParams is a call with an empty list as its answer; five parameters
// minus none is what encoding them costs.
func BenchmarkParams(b *testing.B) {
	u, err := url.Parse(benchBase)
	if err != nil {
		b.Fatal(err)
	}
	hc := &http.Client{Transport: canned("[]")}
	ours, theirs := github.New(hc, api.WithBaseURL(u)), newGoGitHub(b, hc, benchBase)
	ourParams := &github.ListReposParams{
		Visibility: "public", Affiliation: "owner", Sort: "pushed", Direction: "desc", PerPage: new(int64(100)),
	}
	theirParams := &gogithub.RepositoryListByAuthenticatedUserOptions{
		Visibility: "public", Affiliation: "owner", Sort: "pushed", Direction: "desc",
		ListOptions: gogithub.ListOptions{PerPage: 100},
	}
	we := func(p *github.ListReposParams) func() error {
		return func() error { _, err := ours.ListRepos(b.Context(), p); return err }
	}
	they := func(p *gogithub.RepositoryListByAuthenticatedUserOptions) func() error {
		return func() error { _, _, err := theirs.Repositories.ListByAuthenticatedUser(b.Context(), p); return err }
	}
	for name, call := range sorted(map[string]func() error{
		"client=grantwire/params=0": we(nil), "client=grantwire/params=5": we(ourParams),
		"client=go-github/params=0": they(nil), "client=go-github/params=5": they(theirParams),
	}) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := call(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// sorted walks a map in the order of its names.
func sorted[T any](m map[string]T) func(func(string, T) bool) {
	return func(yield func(string, T) bool) {
		for _, name := range slices.Sorted(maps.Keys(m)) {
			if !yield(name, m[name]) {
				return
			}
		}
	}
}
