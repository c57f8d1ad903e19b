package policy_test

import (
	"bufio"
	"cmp"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp/cmpopts"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/vault/internal/policy"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// row is one line of testdata/decisions.jsonl: a call, rules, and what must
// become of it. Members of the call that a row leaves out have the values of
// defaultCall.
type row struct {
	Name  string
	Call  call
	Rules []struct {
		ID   string
		Type rule.Kind
		Body jsontext.Value
	}
	Want want
}

type call struct {
	App, Environment, Agent, Key, Provider, Resource, Method, IP, Time string

	SignedIn    string `json:"signed_in"`
	Raw         bool
	Op          *string
	Families    []rule.Family
	Path        map[string]string
	Query, Type string
	Body        jsontext.Value
	Text, Form  string
}

func defaultCall() call {
	return call{
		App: "app-1", Environment: "live", Agent: "agent-1", Key: "key-1", Provider: "demo", Resource: "oauth",
		Method: "GET", IP: "192.0.2.7", Time: "2026-11-24T10:00:00Z",
	}
}

type want struct {
	Outcome   string
	Rule      string
	Approvals []string
	Fields    []string
	MaxAge    int64 `json:"max_age"`
}

func TestDecisions(t *testing.T) {
	f, err := os.Open("testdata/decisions.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	names := map[string]bool{}
	for lines.Scan() {
		r := row{Call: defaultCall()}
		if err := json.Unmarshal(lines.Bytes(), &r, json.RejectUnknownMembers(true), json.MatchCaseInsensitiveNames(true)); err != nil {
			t.Fatalf("row %d: %v", len(names)+1, err)
		}
		if names[r.Name] {
			t.Errorf("two rows are called %q", r.Name)
		}
		names[r.Name] = true
		t.Run(r.Name, func(t *testing.T) {
			got := r.decide(t)
			if diff := gocmp.Diff(r.Want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	if len(names) < 150 {
		t.Errorf("%d rows, fewer than 150", len(names))
	}
}

func (r *row) decide(t *testing.T) want {
	t.Helper()
	var rules []policy.Named
	for _, in := range r.Rules {
		parsed, err := rule.Parse(in.Type, in.Body)
		rules = append(rules, policy.Named{ID: in.ID, Rule: parsed, Fault: err})
	}
	d := policy.Decide(r.Call.call(t), rules)
	got := want{Outcome: d.Outcome.String(), Fields: d.Fields, MaxAge: int64(d.MaxAge / time.Second)}
	if d.Rule != nil {
		got.Rule = d.Rule.ID
	}
	if (d.Rule == nil) != (d.Outcome == policy.Allow) || (d.Reason == "") != (d.Outcome == policy.Allow) {
		t.Errorf("the decision %v has the rule %v and the reason %q", d.Outcome, d.Rule, d.Reason)
	}
	for _, a := range d.Approvals {
		got.Approvals = append(got.Approvals, a.ID)
	}
	return got
}

func (c *call) call(t *testing.T) *policy.Call {
	t.Helper()
	out := &policy.Call{
		AppID: c.App, Environment: c.Environment, AgentID: c.Agent, APIKeyID: c.Key, ProviderID: c.Provider,
		ResourceKind: c.Resource, Method: c.Method, Raw: c.Raw, Time: parseTime(t, c.Time), SignedIn: parseTime(t, c.SignedIn),
	}
	if c.IP != "" {
		out.ClientIP = netip.MustParseAddr(c.IP)
	}
	if c.Op == nil {
		return out
	}
	query, err := url.ParseQuery(c.Query)
	if err != nil {
		t.Fatal(err)
	}
	body := slices.Concat(c.Body, []byte(cmp.Or(c.Text, c.Form)))
	out.Content = policy.Explain(&policy.Request{
		Provider: c.Provider, Operation: *c.Op, Families: c.Families, Path: c.Path, Query: query, ContentType: c.Type, Body: body,
	})
	return out
}

func parseTime(t *testing.T, s string) time.Time {
	t.Helper()
	if s == "" {
		return time.Time{}
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// FuzzExplain: any body is explained, and a decision over it never panics.
func FuzzExplain(f *testing.F) {
	f.Add("application/json", []byte(`{"to":[{"email":"a@example.com"}],"start":{"date":"2026-11-24"},"raw":"VG86IGFAYi5j"}`))
	f.Add("application/x-www-form-urlencoded", []byte("a[b][]=1&to=x"))
	f.Add("message/rfc822", []byte("To: a@example.com\r\n\r\n"))
	r := &rule.ContentMatch{Families: []rule.Family{rule.FamilySend}, Params: []rule.Param{
		rule.NotSubsetOf("recipients", "*@example.com"), rule.Compare("a.b", rule.OpGreater, 1),
		rule.OutsideWindows("event_time", "UTC", rule.Window{Days: []string{"mon"}, Start: "00:00", End: "24:00"}),
	}}
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		c := policy.Explain(&policy.Request{Families: []rule.Family{rule.FamilySend}, ContentType: contentType, Body: body})
		d := policy.Decide(&policy.Call{Content: c, Time: time.Unix(0, 0)}, []policy.Named{{Rule: r}})
		if d.Outcome != policy.Allow && d.Outcome != policy.Deny && d.Outcome != policy.Broken {
			t.Errorf("outcome %v", d.Outcome)
		}
	})
}
