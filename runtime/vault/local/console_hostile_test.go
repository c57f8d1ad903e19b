package local

import (
	"database/sql"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// hostile is what a client could try to get onto a page.
const hostile = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>{{.}}</td></table>\u202eevil\u2066\u200b\ufeff\x00\x1b[31m\r\n\u0085\u2028 javascript:alert(1) &lt;b&gt; \xff"

// everyPage is a vault that has something to show on every page, and the pages.
type everyPage struct {
	*consoleFixture
	operator *operator
	pages    map[string]string // by what they are
}

func newEveryPage(t *testing.T) *everyPage {
	f := newConsoleFixture(t)
	e := &everyPage{consoleFixture: f}
	app, err := f.CreateApp(t.Context(), AppSpec{Name: "app"})
	f.must(err)
	user, err := f.CreateUser(t.Context(), UserSpec{AppID: app.ID, Subject: "subject", DisplayName: "user"})
	f.must(err)
	other := f.newAgent("other")
	shared := f.newGrant(GrantSpec{UserID: user.ID, AppID: app.ID, Account: "account", Label: "label", Scopes: []string{"repo"}})
	ownerless := f.newGrant(GrantSpec{AppID: app.ID}) // filling makes it a group's
	f.must(f.DelegateGrant(t.Context(), shared.ID, f.agent.ID, time.Time{}))
	f.must(f.DelegateGrant(t.Context(), shared.ID, other.ID, time.Time{}))
	f.newRule(RuleSpec{Name: "ask", Target: TargetGrant, TargetID: f.grant.ID, Rule: &rule.RequireApproval{When: rule.When{Method: []string{"POST"}}}})
	_, err = f.SetProvider(t.Context(), ProviderSpec{ID: "second", DisplayName: "Second", AuthorizeURL: "https://second.example/a", TokenURL: "https://second.example/t", UserURL: "https://second.example/u", ClientID: "c", Hosts: []string{"https://second.example"}})
	f.must(err)

	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	context := wire.EncodeContext([]wire.Pair{{Key: "run_id", Value: "run"}, {Key: "thread_id", Value: "thread"}, {Key: "tool", Value: "tool"}, {Key: "own", Value: "v"}})
	f.token(f.grant.ID, "https://api.github.com/user", send{context: context, traceparent: trace, caller: "caller", callerType: "agent"})
	reason := "reason"
	res := f.proxy(wire.ProxyRequest{GrantID: f.grant.ID, Method: "POST", URL: "https://api.github.com/items?dry=1", Body: fmt.Appendf(nil, `{"title":%s}`, quoted(hostile)), Reason: &reason}, send{context: context})
	pending, err := wire.ParsePending(res.raw)
	f.must(err)
	link := pending.ApprovalURL[strings.LastIndex(pending.ApprovalURL, approvalPath):]
	f.emit(wire.Span{TraceID: trace[3:35], SpanID: trace[36:52], Name: "span", Start: testTime, Attributes: []wire.Pair{{Key: "k", Value: "v"}}})
	session := f.do(send{method: http.MethodPost, path: wire.PathConnectSession, body: wire.ConnectRequest{}.Marshal()})
	connect, err := wire.ParseConnectSession(session.raw)
	f.must(err)
	ownKey, lend, signIn := e.secretPages(app, user)

	keys, err := f.Keys(t.Context())
	f.must(err)
	e.operator = f.signedIn()
	e.pages = map[string]string{
		"overview": "", "runs": "runs", "run": "timeline?by=run&id=", "trace": "timeline?by=trace&id=" + trace[3:35], "call": "calls/" + f.rows()[0].ID, "audit": "audit", "search": "audit?run=",
		"approvals": "approvals", "approval": "approvals/" + pending.ApprovalID, "grants": "grants", "grant": "grants/" + shared.ID, "group's grant": "grants/" + ownerless.ID, "revoke": "grants/" + shared.ID + "/revoke",
		"delegation": "grants/" + shared.ID + "/delegations/" + other.ID + "/revoke", "agents": "agents", "agent": "agents/" + f.agent.ID, "suspend": "agents/" + f.agent.ID + "/suspend",
		"keys": "keys", "key": "keys/" + keys[0].ID + "/revoke", "changes": "changes", "sessions": "sessions",
		"user's approval": f.url + link, "connect": f.url + connectPath + connect.SessionToken, "sign-in": f.link(),
		"enter a key": ownKey, "lend a key": lend, "sign in for a key": signIn,
	}
	return e
}

// secretPages are those of users and managed secrets: one enters a key, lends
// one, or has to sign in before.
func (e *everyPage) secretPages(app *AppCredentials, user *User) (enter, lend, signIn string) {
	e.t.Helper()
	e.userTokensSelect = true
	_, err := e.SetProvider(e.t.Context(), ProviderSpec{ID: "staff", DisplayName: "Staff", AuthorizeURL: "https://staff.example/a", TokenURL: "https://staff.example/t", UserURL: "https://staff.example/u", ClientID: "c", Hosts: []string{"https://staff.example"}, SignIn: true})
	e.must(err)
	token, err := e.newUserToken(app.ID, user.Subject)
	e.must(err)
	_, err = e.CreateManagedSecret(e.t.Context(), ManagedSecretSpec{AppID: app.ID, Slug: "own", Kind: SecretHeader, Names: []string{"X-Key", "X-Other-Key"}, Hosts: []string{"https://own.example"}, UserKeys: true})
	e.must(err)
	shared, err := e.CreateManagedSecret(e.t.Context(), ManagedSecretSpec{AppID: app.ID, Slug: "shared", Kind: SecretBearer, Hosts: []string{"https://shared.example"}, Value: SecretValue{Values: []string{testKey}}})
	e.must(err)
	_, err = e.GrantManagedSecret(e.t.Context(), ManagedGrantSpec{SecretID: shared.ID, UserID: user.ID, Label: "label"})
	e.must(err)
	open := func(key, slug string) string {
		ask := wire.SecretSessionRequest{Provider: slug, UserToken: token}
		if key == app.Key {
			ask.Agent = e.agent.ID
		}
		r := e.do(send{key: key, method: http.MethodPost, path: wire.PathSecretSession, body: ask.Marshal()})
		s, err := wire.ParseSecretSession(r.raw)
		if err != nil {
			e.t.Fatalf("%d %s %v", r.status, r.raw, err)
		}
		return s.ConnectURL
	}
	return open(app.Key, "own"), open(app.Key, "shared"), open(e.agent.Key, "own")
}

func quoted(s string) []byte {
	raw, err := json.Marshal(strings.ToValidUTF8(s, "\uFFFD"))
	if err != nil {
		panic(err)
	}
	return raw
}

// fill writes text into every column of the database that holds text of
// somebody's, and returns which of these have a row to show it.
func (e *everyPage) fill(text string) (filled []string) {
	e.t.Helper()
	valid := string(quoted(text))
	list, object := "["+valid+"]", "{"+valid+":"+valid+"}"
	values := map[string]string{
		"hosts": list, "scopes": list, "agents.scopes": "{\"github\":" + list + "}", "metadata": object, "details": object, "attributes": object, "policy": object, "scope_constraint": list, "tags": list, "cidrs": "", "scopes_pending": "",
	}
	db, err := sql.Open("sqlite", dataSource(e.dir+"/"+databaseName, false))
	e.must(err)
	defer func() { _ = db.Close() }()
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(e.t.Context(), "PRAGMA synchronous = OFF; BEGIN")
	e.must(err)
	rows, err := db.QueryContext(e.t.Context(), "SELECT m.name, c.name FROM sqlite_schema m, pragma_table_info(m.name) c WHERE m.type = 'table' AND c.type = 'TEXT' AND c.pk = 0")
	e.must(err)
	defer func() { _ = rows.Close() }()
	var columns [][2]string
	for rows.Next() {
		var c [2]string
		e.must(rows.Scan(&c[0], &c[1]))
		columns = append(columns, c)
	}
	e.must(rows.Err())
	e.must(rows.Close()) // the only connection is needed again
	for _, c := range columns {
		// Identifiers, enumerations and configuration are the vault's own.
		if idColumn.MatchString(c[1]) || slices.Contains([]string{"body", "request", "progress", "config", "owner", "traceparent", "kind", "target", "state", "status", "outcome", "mode", "decision", "generation", "lease", "actor", "type", "template"}, c[1]) || c[0] == "providers" {
			continue
		}
		value, ok := values[c[0]+"."+c[1]]
		if !ok {
			value, ok = values[c[1]]
		}
		if !ok {
			value = text
		}
		if value == "" {
			continue
		}
		set := "UPDATE " + c[0] + " SET " + c[1] + " = ?"
		if c[1] == "name" || c[1] == "subject" { // they are unique
			set += " || rowid"
		}
		res, err := db.ExecContext(e.t.Context(), set, value)
		if err != nil {
			e.t.Fatalf("%s.%s: %v", c[0], c[1], err)
		}
		if n, err := res.RowsAffected(); err != nil || n > 0 { // an empty table shows nothing
			filled = append(filled, c[0]+"."+c[1])
		}
	}
	_, err = db.ExecContext(e.t.Context(), "COMMIT")
	e.must(err)
	return filled
}

// idColumn is names of columns that hold identifiers of the vault's.
var idColumn = regexp.MustCompile(`^(id|(app|agent|user|grant|rule|key|parent_key|parent_agent|connection|secret|request|audit|target|call|session)_id|provider|slug)$`)

var (
	htmlTag  = regexp.MustCompile(`<(/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z-]+(?:="[^"<>]*")?)*)\s*>`)
	htmlAttr = regexp.MustCompile(`([a-zA-Z-]+)(?:="([^"<>]*)")?`)
)

// skeleton is a page's elements and the names of their attributes, in order. A
// page that is not wholly made of tags and of text without brackets has none.
func skeleton(page string) (string, error) {
	rest, ok := strings.CutPrefix(page, "<!DOCTYPE html>")
	if !ok {
		return "", fmt.Errorf("it does not begin as a page: %.60s", page)
	}
	var out strings.Builder
	at := 0
	for _, m := range htmlTag.FindAllStringSubmatchIndex(rest, -1) {
		if text := rest[at:m[0]]; strings.ContainsAny(text, "<>") {
			return "", fmt.Errorf("brackets in text: %.200s", text)
		}
		at = m[1]
		out.WriteString("<" + rest[m[2]:m[3]] + rest[m[4]:m[5]] + " ")
		for _, a := range htmlAttr.FindAllStringSubmatch(rest[m[6]:m[7]], -1) {
			out.WriteString(a[1] + " ")
			if a[1] == "href" || a[1] == "action" || a[1] == "formaction" || a[1] == "src" {
				u, err := url.Parse(html.UnescapeString(a[2]))
				if err != nil || u.Scheme != "" && u.Scheme != "http" {
					return "", fmt.Errorf("a link leads to %.100s", a[2])
				}
			}
		}
	}
	if strings.ContainsAny(rest[at:], "<>") {
		return "", fmt.Errorf("brackets after the last tag: %.200s", rest[at:])
	}
	return out.String(), nil
}

// invisible finds what a screen would hide or act upon.
func invisible(page string) string {
	if !utf8.ValidString(page) {
		return "bytes that are no text"
	}
	for i, r := range page {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)) {
			return fmt.Sprintf("%q in %q", r, page[max(0, i-40):min(len(page), i+40)])
		}
	}
	return ""
}

// otherElements finds an element that none of the pages has.
func otherElements(got string, pages map[string]pageSeen) string {
	known := map[string]bool{"": true}
	for _, p := range pages {
		all, err := skeleton(p.text)
		if err != nil {
			return err.Error()
		}
		for element := range strings.SplitSeq(all, "<") {
			known[element] = true
		}
	}
	for element := range strings.SplitSeq(got, "<") {
		if !known[element] {
			return element
		}
	}
	return ""
}

// TestConsoleHostileText fills every text of the database with what a client could
// try, and opens every page: the same elements and attributes as with harmless
// text, nothing invisible, nothing endless.
func TestConsoleHostileText(t *testing.T) {
	e := newEveryPage(t)
	open := func(text string) map[string]pageSeen {
		seen := map[string]pageSeen{}
		for name, path := range e.pages {
			if strings.HasSuffix(path, "=") {
				path += url.QueryEscape(text[:min(len(text), 1000)])
			}
			p := e.operator.get(path)
			if p.status != http.StatusOK {
				t.Errorf("%s: %d %.300s", name, p.status, strings.Join(strings.Fields(tagPattern.ReplaceAllString(p.text, "")), " "))
			}
			seen[name] = p
		}
		return seen
	}
	filled := e.fill("harmless")
	for _, column := range []string{
		"agents.name", "agents.display_name", "agents.metadata", "apps.name", "app_users.display_name", "api_keys.name", "api_keys.prefix", "grants.account", "grants.label", "grants.scopes", "grants.group_id", "grants.group_idp", "delegations.scope_constraint",
		"audit.run_id", "audit.thread_id", "audit.tool", "audit.caller", "audit.metadata", "audit.reason", "audit.path", "audit.agent_name", "audit.operation", "spans.name", "spans.attributes", "spans.caller",
		"rules.name", "gates.rule_name", "managed_secrets.name", "secret_credentials.label", "events.details", "events.actor_name", "operator_sessions.operator",
	} {
		if !slices.Contains(filled, column) {
			t.Errorf("%s was not filled", column)
		}
	}
	calm := open("harmless")
	for name, text := range map[string]string{"markup": hostile, "a megabyte": strings.Repeat("A\u202e", 1<<18) + "B"} {
		e.fill(text)
		for page, p := range open(text) {
			want, err := skeleton(calm[page].text)
			if err != nil {
				t.Fatalf("%s: %v", page, err)
			}
			got, err := skeleton(p.text)
			switch {
			case err != nil:
				t.Errorf("%s on %s: %v", name, page, err)
			case page == "search" || page == "run": // what is found depends on the text
				if found := otherElements(got, calm); found != "" {
					t.Errorf("%s on %s: an element that no page has: %s", name, page, found)
				}
			case got != want:
				t.Errorf("%s on %s: the page is made of other elements", name, page)
			case !strings.Contains(p.text, `\u202e`):
				t.Errorf("%s on %s: the text did not reach the page", name, page)
			}
			if found := invisible(p.text); found != "" {
				t.Errorf("%s on %s: %s", name, page, found)
			}
			if len(p.text) > 300_000 && page != "approval" && page != "call" {
				t.Errorf("%s on %s: %d bytes", name, page, len(p.text))
			}
		}
	}
}
