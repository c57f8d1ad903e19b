package local

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"pgregory.net/rapid"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// tableText is an operation table as grantgen writes it.
func tableText(t testing.TB, provider, base string, operations ...string) string {
	t.Helper()
	content := jsontext.Value(fmt.Sprintf(`{"base_url":%q,"schemas":{"Note":{"type":"object","properties":{"text":{"type":"string"},"to":{"$ref":"#/schemas/People"}},"required":["text"]},
"People":{"type":"array","items":{"type":"string"}}},"operations":[%s]}`, base, strings.Join(operations, ",\n")))
	if err := content.Compact(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(content)
	return fmt.Sprintf(`{"grantgen_operations":1,"provider":%q,"spec_version":"3","source":"https://example.com/api.json","content_hash":"sha256:%s","content":%s}`,
		provider, hex.EncodeToString(sum[:]), content)
}

const (
	opUser = `{"id":"users/me","method":"GET","path":"/user","access":"read","answers":{"200":{"type":"object"}}}`
	opSelf = `{"id":"self","method":"GET","path":"/user","access":"read"}`
	opNote = `{"id":"notes/add","method":"POST","path":"/notes/{list}","access":"write","families":["payment"],
"params":[{"name":"list","in":"path","required":true,"schema":{"type":"string"}},{"name":"quiet","in":"query","schema":{"type":"boolean"}}],
"body":{"media":"application/json","required":true,"schema":{"$ref":"#/schemas/Note"}},"answers":{"201":{"$ref":"#/schemas/Note"}}}`
)

func (f *fixture) named() string {
	f.t.Helper()
	if r := f.token(f.grant.ID, "https://api.github.com/user", send{}); r.status != http.StatusOK {
		f.t.Fatalf("%d %s", r.status, r.raw)
	}
	return f.lastRow().Operation
}

// TestLoadedTable: a table that one process loads names the calls of another that
// has the vault open; removing it gives what stood behind it its place back.
func TestLoadedTable(t *testing.T) {
	f := newFixture(t, WithOperationTable(tableText(t, "github", "https://api.github.com", opUser)))
	other := f.open()
	if got := f.named(); got != "users/me" {
		t.Errorf("the program's: %q", got)
	}
	ctx := t.Context()
	text := []byte(tableText(t, "github", "https://api.github.com", opSelf))
	set, err := other.LoadOperations(ctx, OperationTableSpec{Table: text})
	if err != nil || set.Version != 1 || set.From != FromVault || set.Operations != 1 {
		t.Fatalf("%+v %v", set, err)
	}
	time.Sleep(storedLag)
	if got := f.named(); got != "self" {
		t.Errorf("loaded: %q", got)
	}
	again, err := other.LoadOperations(ctx, OperationTableSpec{Table: text})
	if err != nil || again.Version != 1 || !again.ChangedAt.Equal(set.ChangedAt) {
		t.Errorf("the same again: %+v %v", again, err)
	}
	next, err := other.LoadOperations(ctx, OperationTableSpec{Table: []byte(tableText(t, "github", "", opSelf, opNote)), BaseURLs: []string{"https://api.github.com", "https://ghe.example.com/api"}})
	if err != nil || next.Version != 2 || len(next.BaseURLs) != 2 {
		t.Errorf("another: %+v %v", next, err)
	}
	if err := other.RemoveOperations(ctx, KindOAuth, "github"); err != nil {
		t.Error(err)
	}
	if err := other.RemoveOperations(ctx, KindOAuth, "github"); err == nil {
		t.Error("removed twice")
	}
	time.Sleep(storedLag)
	if got := f.named(); got != "users/me" {
		t.Errorf("removed: %q", got)
	}
	f.must(f.Close())
	f.Vault = f.open()
	_, err = f.LoadOperations(ctx, OperationTableSpec{Table: text})
	f.must(err)
	f.must(f.Close())
	f.Vault = f.open()
	if got := f.named(); got != "self" {
		t.Errorf("after opening again: %q", got)
	}
	events, err := f.Events(ctx, EventFilter{})
	f.must(err)
	count := map[string]int{}
	for _, e := range events {
		count[e.Action]++
	}
	if count["operations.loaded"] != 4 || count["operations.removed"] != 1 {
		t.Errorf("%v", count)
	}
}

func TestTableIsRefused(t *testing.T) {
	f := newFixture(t)
	good := tableText(t, "github", "https://api.github.com", opUser)
	for name, spec := range map[string]OperationTableSpec{
		"kind":    {Table: []byte(good), Kind: "other"},
		"base":    {Table: []byte(good), BaseURLs: []string{"http://api.github.com"}},
		"changed": {Table: []byte(strings.Replace(good, "/user", "/usex", 1))},
		"no JSON": {Table: []byte("{")},
	} {
		if _, err := f.LoadOperations(t.Context(), spec); err == nil || strings.Contains(err.Error(), "/usex") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open("", InMemory(), WithOperationTable("{}")); err == nil {
		t.Error("WithOperationTable took an empty object")
	}
}

// TestTableFolder: files come, change, break and go while the vault is open.
func TestTableFolder(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a", "b", operationFileName)
	put := func(text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	f := newFixture(t, WithOperationFolder(dir))
	if got := f.named(); got != "" {
		t.Errorf("an empty folder: %q", got)
	}
	put(tableText(t, "github", "https://api.github.com", opUser))
	eventually(t, func() bool { return f.named() == "users/me" }) // by the clock
	put(tableText(t, "github", "https://api.github.com", opSelf, opNote))
	f.must(f.ReloadOperations(t.Context()))
	list, err := f.Operations(t.Context())
	f.must(err)
	if len(list) != 1 || list[0].Version != 2 || list[0].From != FromFolder || f.named() != "self" {
		t.Errorf("%+v", list)
	}
	put("{ broken")
	if err := f.ReloadOperations(t.Context()); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("a broken file: %v", err)
	}
	if got := f.named(); got != "self" {
		t.Errorf("a broken file: %q", got)
	}
	if _, err := Open("", InMemory(), WithOperationFolder(dir)); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("opened with a broken file: %v", err)
	}
	f.must(os.Remove(path))
	f.must(f.ReloadOperations(t.Context()))
	if got := f.named(); got != "" {
		t.Errorf("gone: %q", got)
	}
	put(tableText(t, "github", "https://api.github.com", opSelf))
	second := filepath.Join(dir, operationFileName)
	f.must(os.WriteFile(second, []byte(tableText(t, "github", "https://api.github.com", opUser)), 0o600))
	if err := f.ReloadOperations(t.Context()); err == nil || !strings.Contains(err.Error(), "second table of github") {
		t.Errorf("two tables: %v", err)
	}
}

// TestMatchIsTheLinearOne: the lookup by plain text finds what a look at every
// template finds.
func TestMatchIsTheLinearOne(t *testing.T) {
	parts := rapid.SampledFrom([]string{"", "a", "b", "a:b", "{x}", "{y}", "{x}:b", "a{x}", "{x}...{y}", "a{x}b{y}"})
	said := rapid.SampledFrom([]string{"", "a", "b", "c", "a:b", "c:b", "a...b", "acbd", "%61", "a%2Fb", ".."})
	path := func(of *rapid.Generator[string]) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string { return "/" + strings.Join(rapid.SliceOfN(of, 1, 5).Draw(t, "parts"), "/") })
	}
	query := rapid.SampledFrom([]string{"", "", "?q=1", "?q=2", "?q=1&r=2"})
	rapid.Check(t, func(t *rapid.T) {
		var ops []api.Operation
		for i := range rapid.IntRange(1, 30).Draw(t, "templates") {
			ops = append(ops, api.Operation{
				ID: fmt.Sprintf("op%02d", i), Method: rapid.SampledFrom([]string{"GET", "POST"}).Draw(t, "method"), Path: path(parts).Draw(t, "path") + query.Draw(t, "fixed"),
				Segments: rapid.SampledFrom([][]string{nil, nil, {"x"}, {"y"}}).Draw(t, "spanning"),
			})
		}
		own, err := ownTemplates("https://h.example/v1", ops)
		if err != nil {
			t.Fatal(err)
		}
		tbl := newOperationTable(own, nil)
		for range 20 {
			d, err := parseDestination("https://h.example/v1" + path(said).Draw(t, "call") + query.Draw(t, "query"))
			if err != nil {
				t.Fatal(err)
			}
			op, values := tbl.explain("GET", d)
			want, wanted := linearMatch(own, "GET", d)
			if op != want || !maps.Equal(values, wanted) {
				t.Fatalf("%s?%s: %+v %v, want %+v %v", d.path, d.query, op, values, want, wanted)
			}
		}
	})
}

// linearMatch looks at every template.
func linearMatch(all []*template, method string, d destination) (*knownOperation, map[string]string) {
	parts := strings.Split(d.path, "/")
	for i, p := range parts {
		var err error
		if parts[i], err = url.PathUnescape(p); err != nil || parts[i] == "." || parts[i] == ".." {
			return nil, nil
		}
	}
	for _, c := range slices.SortedFunc(slices.Values(all), compareTemplates) {
		values := map[string]string{}
		if c.key.origin == d.origin && c.key.method == method && fits(c.segments, parts, values) && c.queryFits(d.query) {
			return c.op, values
		}
	}
	return nil, nil
}

// TestFamiliesOfTable: what a table says of an operation counts, and not its words.
func TestFamiliesOfTable(t *testing.T) {
	own, err := ownTemplates("https://h.example", []api.Operation{{ID: "message/send", Method: "POST", Path: "/x", Access: api.Write}})
	if err != nil {
		t.Fatal(err)
	}
	set, err := readSet([]byte(tableText(t, "p", "https://h.example", opNote, `{"id":"message/send","method":"PUT","path":"/x","access":"write","families":["write"]}`)), KindOAuth, nil)
	if err != nil {
		t.Fatal(err)
	}
	tbl := newOperationTable(own, []*operationSet{set})
	for call, want := range map[string]string{
		"POST https://h.example/x": "[send write]", "PUT https://h.example/x": "[write]", "POST https://h.example/notes/1": "[payment write]",
	} {
		method, raw, _ := strings.Cut(call, " ")
		d, err := parseDestination(raw)
		if err != nil {
			t.Fatal(err)
		}
		op := tbl.match(method, d)
		if op == nil {
			t.Fatal(call)
		}
		got := slices.Sorted(slices.Values(op.Families()))
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", call, got, want)
		}
	}
}

// TestClaimsStandApart: in both modes the row's operation is what method and URL
// say, whatever the client calls it.
func TestClaimsStandApart(t *testing.T) {
	f := newFixture(t, WithOperationTable(tableText(t, "github", "https://api.github.com", opUser)))
	claim := send{context: `{"operation":"users/delete-all","provider":"slack","tool":"t"}`}
	f.token(f.grant.ID, "https://api.github.com/user", claim)
	token := f.lastRow()
	f.proxy(wire.ProxyRequest{GrantID: f.grant.ID, Method: "GET", URL: "https://api.github.com/user"}, claim)
	proxied := f.lastRow()
	f.token(f.grant.ID, "https://api.github.com/unheard", claim)
	unknown := f.lastRow()
	for _, e := range []AuditEntry{token, proxied} {
		if e.Operation != "users/me" || e.PathTemplate != "/user" || e.ClaimedOperation != "users/delete-all" || e.ClaimedProvider != "slack" || e.Provider != "github" {
			t.Errorf("%s: %+v", e.Mode, e)
		}
	}
	if token.Mode != ModeRetrieve || proxied.Mode != ModeProxy || unknown.Operation != "" || unknown.ClaimedOperation != "users/delete-all" {
		t.Errorf("%s %s %+v", token.Mode, proxied.Mode, unknown)
	}
}
