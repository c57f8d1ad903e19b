//go:build conformance

package conformance

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/providers/internal/wiretest"
	"github.com/grantwire/grantwire/providers/internal/wiretest/plain"
	"github.com/grantwire/grantwire/providers/slack"
	"github.com/grantwire/grantwire/runtime/api"
)

// subject is a provider under test.
type subject struct {
	name        string
	server      string // path of the server URL
	new         func(hc *http.Client) any
	operations  []api.Operation
	credentials []string
	allowed     []Allowance
	loose       map[string]string // examples that the schema lets pass, and why
	// What oapi-codegen's own models reach on the same examples. Less than that,
	// and the test fails.
	peerDecoded, peerExact int
}

// Why examples that do not come back as they were fit their schema all the same:
// a part of it admits any value. They contradict the part that describes them.
const (
	looseTeam = "a reviewer is a team without its required type; another variant of the rule does not list reviewers and admits any"
	looseItem = "items without their required type; the schema of one has items and no type, which binds lists only"
	looseUser = "a profile without its required members; the schema of a user has items and no type, which binds lists only"
)

func subjects() []subject {
	return []subject{{
		name:        "github",
		new:         func(hc *http.Client) any { return github.New(hc) },
		operations:  github.Operations(),
		peerDecoded: 958, peerExact: 788,
		allowed: []Allowance{{
			Text:   "must be <= 9007199254740991",
			Reason: "Prism runs in JavaScript, whose integers end there; an int64 does not",
		}, {
			Text:   "is deprecated",
			Reason: "a remark, not a contradiction",
		}, {
			Place: "request.path.workflow_id", Text: "must match exactly one schema in oneOf",
			Reason: "a number or a string: a number in a path is text, too, so both fit",
		}, {
			Place: "request.path.pages_deployment_id", Text: "must match exactly one schema in oneOf",
			Reason: "as above",
		}},
		loose: map[string]string{
			"GET /repos/{owner}/{repo}/environments 200 default":                    looseTeam,
			"GET /repos/{owner}/{repo}/environments/{environment_name} 200 default": looseTeam,
			"PUT /repos/{owner}/{repo}/environments/{environment_name} 200 default": looseTeam,
		},
	}, {
		name:        "slack",
		server:      "/api",
		new:         func(hc *http.Client) any { return slack.New(hc) },
		operations:  slack.Operations(),
		credentials: []string{"token"},
		peerDecoded: 341, peerExact: 312,
		allowed: []Allowance{{
			Place: "request.query", Text: "must have required property 'token'",
			Reason: "the vault sends the token in the Authorization header, which Slack prefers",
		}, {
			Place: "request.header", Text: "must have required property 'token'",
			Reason: "as above; Slack reads no header of this name",
		}, {
			Place: "request.body", Text: "must have required property 'token'",
			Reason: "as above",
		}, {
			Operation: "users_deletePhoto", Text: "Body parameter is required",
			Reason: "the token is the only member of this body",
		}, {
			Operation: "users_setPhoto", Text: "Body parameter is required",
			Reason: "the token is the only required member of this body",
		}},
		loose: map[string]string{
			"GET /reactions.list 200 response":      looseItem,
			"GET /users.info 200 response":          looseUser,
			"GET /users.list 200 response":          looseUser,
			"GET /users.lookupByEmail 200 response": looseUser,
		},
	}}
}

// upstreamFile is the document that `grantgen fetch --keep-upstream` left.
func upstreamFile(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("GRANTWIRE_UPSTREAM")
	if dir == "" {
		t.Fatal("GRANTWIRE_UPSTREAM is not set; run `make conformance`, which fetches the documents and names their folder")
	}
	return filepath.Join(dir, name+".json")
}

func specFile(name string) string {
	return filepath.Join("..", "..", "..", "specs", name, "openapi.json")
}

// TestConformanceRequests sends every request of the wire test through Prism,
// which validates it against the upstream document.
func TestConformanceRequests(t *testing.T) {
	for _, s := range subjects() {
		t.Run(s.name, func(t *testing.T) {
			spec, err := os.ReadFile(specFile(s.name))
			if err != nil {
				t.Fatal(err)
			}
			w := &witness{
				prism: StartPrism(t, upstreamFile(t, s.name)), server: s.server,
				allowed: s.allowed, used: map[int]bool{}, seen: map[string]bool{},
			}
			_, err = wiretest.Drive(wiretest.Config{ // its own judges speak in the wire test
				Spec: spec, New: s.new, Operations: s.operations, Credentials: s.credentials,
				Context: t.Context(),
				Modes:   []plain.Mode{{}, {Variant: 1}, {Minimal: true}},
				Transport: func(capture http.RoundTripper) http.RoundTripper {
					w.next = capture
					return wiretest.Inject("Authorization", "Bearer test-secret-"+s.name)(w)
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range w.found {
				t.Error(f)
			}
			for i, a := range w.allowed {
				if !w.used[i] {
					t.Errorf("nothing needs the allowance for %s %q any more", a.Place, a.Text)
				}
			}
			for _, op := range s.operations {
				if !w.seen[op.ID] {
					t.Errorf("%s: Prism saw no request", op.ID)
				}
			}
			t.Logf("%s: Prism saw %d requests of %d operations, %d contradictions", s.name, w.requests, len(w.seen), len(w.found))
		})
	}
}

// TestConformanceExamples decodes every example of an answer in the upstream
// documents by the client and encodes it again.
func TestConformanceExamples(t *testing.T) {
	for _, s := range subjects() {
		t.Run(s.name, func(t *testing.T) { s.examples(t) })
	}
}

func (s subject) examples(t *testing.T) {
	file := upstreamFile(t, s.name)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := parseUpstream(text)
	if err != nil {
		t.Fatal(err)
	}
	judge := &judge{schemas: newSchemas(t, file, specFile(s.name)), loose: s.loose, used: map[string]bool{}}
	byRoute := map[string]*api.Operation{}
	for i := range s.operations {
		op := &s.operations[i]
		byRoute[op.Method+" "+op.Path] = op
	}
	client := s.new(http.DefaultClient)
	var count tally
	for _, e := range doc.examples() {
		op := byRoute[e.Method+" "+e.Path]
		if op == nil {
			t.Errorf("%s: no such operation in the package", e)
			continue
		}
		if !asked(op, e) {
			t.Logf("left out: %s is %s, the client asks for %s", e, e.Media, op.Accept)
			continue
		}
		result, err := resultType(client, op)
		if err != nil {
			t.Error(err)
			continue
		}
		outcome, err := replay(t, *op, result, e)
		var diff []difference
		if err == nil {
			diff = differences(e.Value, outcome.Value)
		}
		exact := err == nil && len(diff) == 0
		count.add(outcome.Failed, err == nil, exact)
		if !exact {
			judge.explain(t, e, diff, err)
		}
	}
	judge.finish(t)
	t.Logf("%s: %s; %s", s.name, count, judge)
	if all := count.all(); all.decoded <= s.peerDecoded || all.exact <= s.peerExact {
		t.Errorf("peers: %d decoded, %d exact; we have to do better", s.peerDecoded, s.peerExact)
	}
}

// counts are numbers of examples.
type counts struct{ total, decoded, exact int }

func (c counts) String() string {
	return fmt.Sprintf("%d examples, %d decoded, %d exact", c.total, c.decoded, c.exact)
}

// tally counts the examples of results and of failures apart.
type tally struct{ results, failures counts }

func (c *tally) add(failed, decoded, exact bool) {
	to := &c.results
	if failed {
		to = &c.failures
	}
	to.total++
	if decoded {
		to.decoded++
	}
	if exact {
		to.exact++
	}
}

func (c tally) all() counts {
	return counts{c.results.total + c.failures.total, c.results.decoded + c.failures.decoded, c.results.exact + c.failures.exact}
}

func (c tally) String() string {
	return fmt.Sprintf("%s (results: %s; failures: %s)", c.all(), c.results, c.failures)
}
