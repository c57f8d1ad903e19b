package wiretest

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/internal/wiretest/plain"
	"github.com/grantwire/grantwire/runtime/api"
)

func harness(t *testing.T, m mistakes) Config {
	t.Helper()
	spec, err := os.ReadFile("testdata/harness.json")
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Spec: spec,
		New:  newHarnessClient(m),
		Operations: []api.Operation{
			{ID: "things/get", Method: "GET", Path: "/things/{owner}/files/{path}", Service: "Things", Name: "Get", Paging: api.Paging{Kind: api.PagingLink}},
			{ID: "things/delete", Method: "DELETE", Path: "/things/{owner}/files/{path}", Service: "Things", Name: "Delete", Request: "application/json"},
			{ID: "form", Method: "POST", Path: "/form", Service: "Root", Name: "Form", Request: "application/x-www-form-urlencoded"},
			{ID: "upload", Method: "POST", Path: "/upload", Service: "Root", Name: "Upload", Request: "application/octet-stream"},
		},
		Transport:   Inject("Authorization", "Bearer test-secret-wire"),
		Headers:     map[string]string{"Authorization": "Bearer test-secret-wire"},
		Credentials: []string{"token"},
	}
}

func TestRightClient(t *testing.T) {
	report := Run(t, harness(t, mistakes{}))
	// things/get has seven parameters in five modes and the two of its path in
	// the minimal one, by method and by iterator; things/delete two in all six.
	if want := 2*(5*7+2) + 6*2; report.Params != want {
		t.Errorf("%d parameters found, not %d", report.Params, want)
	}
	if report.Operations != 4 || report.Requests != 4*6+6 || report.Iterators != 6 || report.Walks != 6 || report.Skipped != 0 || report.Members != 67 {
		t.Errorf("counts are %s", report)
	}
}

// TestMistakes switches on one mistake at a time: each must be found, by the
// judge that is meant to find it.
func TestMistakes(t *testing.T) {
	cases := []struct {
		name  string
		m     mistakes
		judge string
		want  string
	}{
		{"no second page", mistakes{stays: true}, "walk", "1 requests for two pages"},
		{"another second page", mistakes{otherPage: true}, "walk", "not followed as it is"},
		{"headers lost on the second page", mistakes{pageHeader: true}, "walk", "headers are others"},
		{"missing query parameter", mistakes{dropQuery: true}, "plain", "query sort: sort is missing"},
		{"missing header", mistakes{dropHeader: true}, "plain", "header X-Mark"},
		{"missing body member", mistakes{dropMember: true}, "plain", "/on: is missing"},
		{"missing array item", mistakes{dropItem: true}, "plain", "query tag"},
		{"extra query parameter", mistakes{extraQuery: true}, "plain", "query per_page: was not asked for"},
		{"extra header", mistakes{extraHeader: true}, "plain", "header Traceparent: was not asked for"},
		{"extra body member", mistakes{extraMember: true}, "plain", "/extra: is not one of the values given"},
		{"body on a call without one", mistakes{extraBody: true}, "filter", "request body not allowed"},
		{"credential sent in the body", mistakes{credential: true}, "plain", "body token: was not asked for"},
		{"slash kept in one segment", mistakes{slashKept: true}, "plain", "path {owner}"},
		{"slash escaped in many segments", mistakes{slashEscaped: true}, "plain", "path {path}"},
		{"plus in a path", mistakes{plusForSpace: true}, "plain", "path {path}"},
		{"path values swapped", mistakes{swapped: true}, "plain", "path {owner}"},
		{"array joined", mistakes{comma: true}, "plain", "query tag"},
		{"number as a string", mistakes{number: true}, "filter", "must be an integer"},
		{"number with an exponent", mistakes{exponent: true}, "plain", "body ts"},
		{"null left out", mistakes{null: true}, "plain", "/note: is missing"},
		{"member twice", mistakes{duplicate: true}, "plain", `member "name" twice`},
		{"two requests", mistakes{twice: true}, "drive", "2 requests"},
		{"no content type", mistakes{noType: true}, "plain", "header Content-Type"},
		{"wrong content type", mistakes{wrongType: true}, "filter", "Content-Type"},
		{"wrong method", mistakes{method: true}, "plain", "method: is POST, not GET"},
		{"wrong host", mistakes{base: true}, "plain", "url"},
		{"wrong form key", mistakes{formKey: true}, "filter", `"channel" is missing`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			report, err := Drive(harness(t, c.m))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range report.Faults {
				if f.Judge == c.judge && strings.Contains(f.Reason, c.want) {
					return
				}
			}
			t.Errorf("no fault of %s says %q; faults: %v", c.judge, c.want, report.Faults)
		})
	}
}

// TestConfigFaults: what the package lacks and what the lists hold in vain.
func TestConfigFaults(t *testing.T) {
	cases := []struct {
		name string
		edit func(*Config)
		want string
	}{
		{"operation not emitted", func(c *Config) { c.Operations = c.Operations[:3] }, "the package has no such operation"},
		{"operation not documented", func(c *Config) { c.Operations = append(c.Operations, api.Operation{ID: "more"}) }, "the document has no such operation"},
		{"operation twice", func(c *Config) { c.Operations = append(c.Operations, c.Operations[0]) }, "is described twice"},
		{"descriptor says another path", func(c *Config) { c.Operations[2].Path = "/else" }, "the descriptor says POST /else"},
		{"method missing", func(c *Config) { c.Operations[2].Name = "Post" }, "has no method Post"},
		{"service missing", func(c *Config) { c.Operations[2].Service = "Forms" }, "no field Forms"},
		{"iterator missing", func(c *Config) { c.Operations[3].Paging.Kind = api.PagingPage }, "no iterator"},
		{"credential not injected", func(c *Config) { c.Transport = nil }, "header Authorization: is missing"},
		{"credential on the surface", func(c *Config) { c.Credentials = nil }, "query token: token is missing"},
		{"skip not needed", func(c *Config) { c.Skip = map[string]string{"gone": "old"} }, `listed under "gone"`},
		{"exception not needed", func(c *Config) { c.Ignore = []subject.Exception{{Operation: "form", Judge: "plain"}} }, "is not needed"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			cfg := harness(t, mistakes{})
			c.edit(&cfg)
			report, err := Drive(cfg)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range report.Faults {
				if strings.Contains(f.Reason, c.want) {
					return
				}
			}
			t.Errorf("no fault says %q; faults: %v", c.want, report.Faults)
		})
	}
}

func TestOwnJudge(t *testing.T) {
	cfg := harness(t, mistakes{})
	judged := 0
	cfg.Judge = func(op *plain.Operation, got plain.Captured) error {
		judged++
		if op.ID == "form" && strings.Contains(string(got.Body), "limit=") {
			return errors.New("no limits")
		}
		return nil
	}
	report, err := Drive(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if judged != report.Requests || len(report.Faults) != 1 || report.Faults[0].Judge != "own" {
		t.Errorf("judged %d of %d requests, faults %v", judged, report.Requests, report.Faults)
	}
}

func TestSkipAndIgnore(t *testing.T) {
	cfg := harness(t, mistakes{dropQuery: true})
	cfg.Skip = map[string]string{"upload": "for the test", "form " + plain.Mode{Zero: true}.String(): "for the test"}
	cfg.Ignore = []subject.Exception{{Operation: "things/get", Judge: "plain", Contains: "query sort", Reason: "for the test"}}
	report := Run(t, cfg)
	if report.Skipped != 2 || report.Operations != 3 {
		t.Errorf("counts are %s", report)
	}
}
