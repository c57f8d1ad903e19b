package rule_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// bodies are rules with the JSON that the protocol gives them, member order
// included.
var bodies = []struct {
	name string
	rule rule.Rule
	body string
}{
	{"one value is a text", &rule.JSONMatch{When: rule.When{Method: []string{"POST"}}}, `{"when":{"method":"POST"},"effect":"deny"}`},
	{"conditions", &rule.JSONMatch{When: rule.When{
		AppID: []string{"a"}, Environment: []string{"live"}, AgentID: []string{"b"}, APIKeyID: []string{"k"}, ProviderID: []string{"github", "slack"},
		ResourceKind: []string{"oauth"}, ClientIP: []string{"192.0.2.7"}, Method: []string{"GET"},
	}}, `{"when":{"agent_id":"b","api_key_id":"k","app_id":"a","client_ip":"192.0.2.7","environment":"live","method":"GET","provider_id":["github","slack"],"resource_kind":"oauth"},"effect":"deny"}`},
	{"addresses", &rule.IPAllowlist{Allow: []string{"192.0.2.7", "2001:db8::/32"}}, `{"allow":["192.0.2.7","2001:db8::/32"]}`},
	{"hours", &rule.TimeWindow{BusinessHoursOnly: true, WeekdaysOnly: true, Timezone: "Europe/Berlin"}, `{"business_hours_only":true,"weekdays_only":true,"timezone":"Europe/Berlin"}`},
	{"weekdays", &rule.TimeWindow{WeekdaysOnly: true}, `{"weekdays_only":true}`},
	{"approval", &rule.RequireApproval{}, `{"effect":"require_approval","approval":{}}`},
	{"approval with settings", &rule.RequireApproval{
		Approvers: []string{"owner"}, ExpiresIn: time.Hour, Channels: []string{"email"}, StepUpMaxSessionAge: -1, MaxPending: 3, ResultRetention: time.Minute,
		When: rule.When{Method: []string{"DELETE"}},
	}, `{"effect":"require_approval","approval":{"approvers":["owner"],"expires_in_seconds":3600,"channels":["email"],"step_up_max_session_age_seconds":-1,"max_pending":3,"result_retention_seconds":60},"when":{"method":"DELETE"}}`},
	{"content", &rule.ContentMatch{
		Operations: []string{"gmail.users.messages.send"}, Families: []rule.Family{rule.FamilySend}, Effect: rule.Deny,
		Params: []rule.Param{
			rule.Equals("subject", "é"), rule.Compare("amount", rule.OpGreater, 500), rule.AnyIn("to", "*@example.com"), rule.NotSubsetOf("recipients", "a", "b"),
			rule.OutsideWindows("event_time", "Europe/Berlin", rule.Window{Days: []string{"mon", "tue"}, Start: "09:00", End: "17:00"}),
		},
	}, `{"match":{"operations":["gmail.users.messages.send"],"families":["send"]},"params":[{"name":"subject","op":"equals","value":"é"},{"name":"amount","op":"gt","value":500},{"name":"to","op":"any_in","value":["*@example.com"]},{"name":"recipients","op":"not_subset_of","value":["a","b"]},{"name":"event_time","op":"outside_windows","value":{"windows":[{"days":["mon","tue"],"start":"09:00","end":"17:00"}],"timezone":"Europe/Berlin"}}],"effect":"deny"}`},
	{"redact", &rule.ContentMatch{Families: []rule.Family{rule.FamilyWrite}, Effect: rule.Redact, RedactFields: []string{"note"}}, `{"match":{"families":["write"]},"effect":"redact","redact":{"fields":["note"]}}`},
	{"step-up", &rule.ContentMatch{Families: []rule.Family{rule.FamilyPayment}, Effect: rule.StepUp, MaxSessionAge: 5 * time.Minute}, `{"match":{"families":["payment"]},"effect":"step_up","step_up":{"max_session_age_seconds":300}}`},
}

func TestBody(t *testing.T) {
	for _, c := range bodies {
		t.Run(c.name, func(t *testing.T) {
			got, err := rule.Body(c.rule)
			if err != nil || string(got) != c.body {
				t.Fatalf("got  %s (%v)\nwant %s", got, err, c.body)
			}
			back, err := rule.Parse(c.rule.Kind(), got)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.rule, back); diff != "" {
				t.Errorf("read back differs: %s", diff)
			}
		})
	}
}

// TestCheck: what a caller gets wrong is refused before it is sent, and the
// error names the member.
func TestCheck(t *testing.T) {
	long := strings.Repeat("x", 513)
	for _, c := range []struct {
		name  string
		rule  rule.Rule
		field string
	}{
		{"no condition", &rule.JSONMatch{}, "when"},
		{"empty list", &rule.JSONMatch{When: rule.When{AppID: []string{}}}, "when.app_id"},
		{"empty text", &rule.JSONMatch{When: rule.When{AppID: []string{""}}}, "when.app_id[0]"},
		{"long text", &rule.JSONMatch{When: rule.When{AppID: []string{long}}}, "when.app_id[0]"},
		{"broken text", &rule.JSONMatch{When: rule.When{AppID: []string{"\xff"}}}, "when.app_id[0]"},
		{"method", &rule.JSONMatch{When: rule.When{Method: []string{"get"}}}, "when.method[0]"},
		{"address", &rule.JSONMatch{When: rule.When{ClientIP: []string{"10.0.0.0/8"}}}, "when.client_ip[0]"},
		{"no addresses", &rule.IPAllowlist{}, "allow"},
		{"range", &rule.IPAllowlist{Allow: []string{"192.0.2.0/33"}}, "allow[0]"},
		{"always open", &rule.TimeWindow{}, ""},
		{"time zone", &rule.TimeWindow{WeekdaysOnly: true, Timezone: "Nowhere/City"}, "timezone"},
		{"half seconds", &rule.RequireApproval{ExpiresIn: time.Minute + time.Millisecond}, "approval.expires_in_seconds"},
		{"channel", &rule.RequireApproval{Channels: []string{"fax"}}, "approval.channels"},
		{"approvers", &rule.RequireApproval{Approvers: []string{""}}, "approval.approvers[0]"},
		{"when", &rule.RequireApproval{When: rule.When{Method: []string{"get"}}}, "when.method[0]"},
		{"nothing matched", &rule.ContentMatch{}, "match"},
		{"family", &rule.ContentMatch{Families: []rule.Family{"mail"}}, "match.families[0]"},
		{"params without a value", &rule.ContentMatch{Families: []rule.Family{"send"}, Params: []rule.Param{{Name: "a", Op: rule.OpEquals}}}, "params[0]"},
		{"param with two values", &rule.ContentMatch{Families: []rule.Family{"send"}, Params: []rule.Param{{Name: "a", Op: rule.OpEquals, Text: new("x"), Number: new(1.0)}}}, "params[0]"},
		{"no patterns", &rule.ContentMatch{Families: []rule.Family{"send"}, Params: []rule.Param{rule.AnyIn("a")}}, "params[0].value"},
		{"fields without redact", &rule.ContentMatch{Families: []rule.Family{"send"}, RedactFields: []string{"a"}}, "redact"},
		{"age without step-up", &rule.ContentMatch{Families: []rule.Family{"send"}, MaxSessionAge: time.Second}, "step_up"},
		{"no windows", &rule.ContentMatch{Families: []rule.Family{"send"}, Params: []rule.Param{rule.OutsideWindows("event_time", "UTC")}}, "params[0].value.windows"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got *rule.Error
			if err := c.rule.Check(); !errors.As(err, &got) || got.Field != c.field || got.Kind != c.rule.Kind() {
				t.Errorf("got %v, want an error about %q", err, c.field)
			}
			if _, err := rule.Body(c.rule); err == nil {
				t.Error("Body wrote it all the same")
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		kind rule.Kind
		body string
	}{
		{"too long", rule.KindIPAllowlist, `{"allow":["` + strings.Repeat(" ", rule.MaxBody) + `"]}`},
		{"two values", rule.KindIPAllowlist, `{"allow":["192.0.2.7"]}{}`},
		{"a member twice", rule.KindIPAllowlist, `{"allow":["192.0.2.7"],"allow":["0.0.0.0/0"]}`},
		{"other letter case", rule.KindIPAllowlist, `{"Allow":["192.0.2.7"]}`},
		{"null", rule.KindTimeWindow, `null`},
		{"nothing", rule.KindTimeWindow, ``},
		{"approval members of other kinds", rule.KindRequireApproval, `{"effect":"require_approval","approval":{"gates":2}}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := rule.Parse(c.kind, []byte(c.body))
			if _, ok := errors.AsType[*rule.Error](err); !ok {
				t.Fatalf("got %v and %v, want an *Error", r, err)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range bodies {
		f.Add(string(c.rule.Kind()), []byte(c.body))
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		r, err := rule.Parse(rule.Kind(kind), body)
		if err != nil {
			return
		}
		again, err := rule.Body(r)
		if err != nil {
			t.Fatalf("a rule that was read cannot be written: %v", err)
		}
		back, err := rule.Parse(r.Kind(), again)
		if err != nil {
			t.Fatalf("%s cannot be read back: %v", again, err)
		}
		if third, err := rule.Body(back); err != nil || string(third) != string(again) {
			t.Fatalf("written twice: %s, %s (%v)", again, third, err)
		}
	})
}
