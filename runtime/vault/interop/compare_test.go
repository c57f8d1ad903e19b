package interop_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestSameRequests makes the same calls with the official client and with ours and
// compares what reaches the vault: how many requests, in which order, method, path
// and query, the headers that carry meaning, the JSON, and the text that is signed.
func TestSameRequests(t *testing.T) {
	python := os.Getenv("INTEROP_PYTHON")
	if python == "" {
		t.Skip("INTEROP_PYTHON is not set; `make interop` sets it")
	}
	official, own := newRecorder(t), newRecorder(t)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, python, "record.py", appKey, agentKey)
	cmd.Env = append(os.Environ(), "ALTER_BASE_URL="+official.URL, "NO_PROXY=127.0.0.1", "no_proxy=127.0.0.1", "PYTHONDONTWRITEBYTECODE=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("record.py: %v\n%s", err, out)
	}
	if len(out) > 0 {
		t.Logf("record.py says:\n%s", out)
	}
	for name, f := range calls(t) {
		if _, ok := official.seen[name]; !ok {
			t.Errorf("%s: record.py lacks this call", name)
		}
		own.begin(name)
		c := &clients{base: own.URL}
		if err := f(ctx, c); err != nil {
			t.Errorf("our client: %s: %v", name, err)
		}
		for _, stop := range c.close {
			if err := stop(ctx); err != nil {
				t.Errorf("our client: %s: Close: %v", name, err)
			}
		}
	}
	for who, r := range map[string]*recorder{"the official client": official, "our client": own} {
		for _, fault := range r.faults {
			t.Errorf("%s: %s", who, fault)
		}
	}
	same, accepted := 0, map[string]bool{}
	names := slices.Sorted(maps.Keys(official.seen))
	names = slices.DeleteFunc(names, func(s string) bool { return s == "" })
	for _, name := range names {
		if _, ok := own.seen[name]; !ok {
			t.Errorf("%s: calls_test.go lacks this call", name)
			continue
		}
		if problems := differences(official.seen[name], own.seen[name], accepted); len(problems) > 0 {
			t.Errorf("%s:\n\t%s", name, strings.Join(problems, "\n\t"))
			continue
		}
		same++
		t.Logf("%-34s %d requests agree", name, len(official.seen[name]))
	}
	for _, d := range slices.Sorted(maps.Keys(accepted)) {
		t.Log("differs on purpose: " + d)
	}
	t.Logf("%d of %d calls agree", same, len(names))
}

// differences compares the requests of one call. A scope-mismatch report and the
// audit report start in the background, so their order does not count.
func differences(official, own []request, accepted map[string]bool) []string {
	var problems []string
	official, own = ordered(official), ordered(withoutAdditions(own, accepted))
	if a, b := targets(official), targets(own); !slices.Equal(a, b) {
		return []string{fmt.Sprintf("requests: the official client %v, ours %v", a, b)}
	}
	for i := range official {
		a, b := official[i], own[i]
		where := fmt.Sprintf("request %d, %s %s: ", i+1, a.method, a.target)
		if d, known := knownDifference(a, b); known {
			accepted[d] = true
			b.header = a.header
		}
		for _, d := range compareHeaders(a, b) {
			problems = append(problems, where+d)
		}
		if strings.HasPrefix(a.target, "/sdk/oauth/audit/") {
			a.body, b.body = comparableReport(a.body, accepted), comparableReport(b.body, nil)
		}
		if d := compareBodies(a.target, a.body, b.body); d != "" {
			problems = append(problems, where+d)
		}
		if strings.HasPrefix(a.target, "/sdk/") && !background(a.target) {
			x, _ := toSign(plain(a), "T", "N")
			y, _ := toSign(plain(b), "T", "N")
			if x != y {
				problems = append(problems, where+fmt.Sprintf("signed text: the official client %q, ours %q", x, y))
			}
		}
	}
	return problems
}

// knownDifference names what our client does otherwise on purpose.
func knownDifference(a, b request) (string, bool) {
	if strings.HasPrefix(a.target, "/sdk/oauth/audit/") && b.header.Get("X-Alter-Caller") == "one-off" && a.header.Get("X-Alter-Caller") != "one-off" {
		return "the audit report of a call with a caller of its own names that caller; the official client forgets it", true
	}
	return "", false
}

// comparableReport takes out of an audit report what ours never holds; in ours,
// where accepted is nil, it must not be there.
func comparableReport(body []byte, accepted map[string]bool) []byte {
	var report map[string]any
	if json.Unmarshal(body, &report) != nil {
		return body
	}
	for _, name := range []string{"request_body", "response_body"} {
		if accepted != nil && report[name] != nil {
			accepted["the audit report holds no bodies: they are the provider's data, and no business of a trail"] = true
			report[name] = nil
		}
	}
	if headers, ok := report["request_headers"].(map[string]any); ok && accepted == nil && headers["Content-Type"] == "application/json" {
		delete(headers, "Content-Type") // was sent; the official client lists only what its caller gave
	}
	out, err := json.Marshal(report)
	if err != nil {
		return body
	}
	return out
}

// additions are context members that our transport adds to calls, so that the vault
// can tell attempts and operations apart. The context is the caller's own, so a vault
// takes them as it takes any other member; what is left must be what the official
// client sends.
var additions = regexp.MustCompile(`,?"(?:call_id|attempt|operation|provider)":"[^"]*"`)

func withoutAdditions(all []request, accepted map[string]bool) []request {
	out := make([]request, 0, len(all))
	for _, r := range all {
		r.header = r.header.Clone()
		if c := r.header.Get("X-Alter-Context"); c != "" {
			if additions.MatchString(c) {
				accepted["calls tell the vault call_id (and operation, provider, attempt) in their context, so that it can tell attempts apart"] = true
			}
			if c = withoutMembers(c); c == "{}" {
				r.header.Del("X-Alter-Context")
			} else {
				r.header.Set("X-Alter-Context", c)
			}
		}
		if background(r.target) {
			body := string(r.body)
			if head, tail, ok := strings.Cut(body, `"context":{`); ok {
				inside, rest, _ := strings.Cut(tail, "}")
				inside = withoutMembers("{" + inside + "}")
				if inside == "{}" {
					inside = "null"
				}
				body = head + `"context":` + inside + rest
			}
			r.body = []byte(body)
		}
		out = append(out, r)
	}
	return out
}

func withoutMembers(object string) string {
	return strings.Replace(additions.ReplaceAllString(object, ""), "{,", "{", 1)
}

func background(target string) bool {
	return strings.HasPrefix(target, "/sdk/oauth/audit/") || strings.HasSuffix(target, "/report-scope-mismatch")
}

func ordered(all []request) []request {
	front := slices.DeleteFunc(slices.Clone(all), func(r request) bool { return background(r.target) })
	back := slices.DeleteFunc(slices.Clone(all), func(r request) bool { return !background(r.target) })
	slices.SortStableFunc(back, func(a, b request) int { return strings.Compare(a.target, b.target) })
	return append(front, back...)
}

func targets(all []request) []string {
	out := make([]string, 0, len(all))
	for _, r := range all {
		out = append(out, r.method+" "+r.target)
	}
	return out
}

// ownHeaders are each client's own: what Go's and Python's HTTP libraries say
// about the connection, and on the way to the vault the time, the nonce, and the
// hash and signatures, which the recorder has verified.
var ownHeaders = []string{
	"Accept", "Accept-Encoding", "Connection", "Content-Length",
	"X-Alter-Timestamp", "X-Alter-Nonce", "X-Alter-Content-Sha256", "X-Alter-Signature", "X-Alter-Signature-V2",
}

func compareHeaders(a, b request) []string {
	var problems []string
	names := slices.Sorted(maps.Keys(a.header))
	for name := range b.header {
		if a.header[name] == nil {
			names = append(names, name)
		}
	}
	for _, name := range names {
		if slices.Contains(ownHeaders, name) {
			continue
		}
		if x, y := stable(a.header.Values(name)), stable(b.header.Values(name)); !slices.Equal(x, y) {
			problems = append(problems, fmt.Sprintf("%s: the official client %q, ours %q", name, x, y))
		}
	}
	if x, y := len(a.body) > 0, len(b.body) > 0; x != y {
		problems = append(problems, fmt.Sprintf("a body is there: the official client %v, ours %v", x, y))
	}
	return problems
}

var (
	localAgent  = regexp.MustCompile(`agent-local-[0-9a-f-]{36}`)
	correlation = regexp.MustCompile(`"sdk_correlation_id":"[A-Za-z0-9_-]{22}"`)
	latency     = regexp.MustCompile(`"(latency_ms|wait_ms)":\d+`)
	loopback    = regexp.MustCompile(`127\.0\.0\.1:\d+`)
)

// steady replaces what is random in each client, or its own clock.
func steady(s string) string {
	s = localAgent.ReplaceAllString(s, "agent-local")
	s = correlation.ReplaceAllString(s, `"sdk_correlation_id":"-"`)
	s = loopback.ReplaceAllString(s, "recorder")
	return latency.ReplaceAllString(s, `"$1":0`)
}

func stable(values []string) []string {
	out := make([]string, 0, len(values))
	for _, v := range values {
		out = append(out, steady(v))
	}
	return out
}

// plain is the request with its random parts replaced.
func plain(r request) request {
	r.body = []byte(steady(string(r.body)))
	r.header = r.header.Clone()
	if c := r.header.Get("X-Alter-Context"); c != "" {
		r.header.Set("X-Alter-Context", steady(c))
	}
	return r
}

func compareBodies(target string, a, b []byte) string {
	x, y := []byte(steady(string(a))), []byte(steady(string(b)))
	if bytes.Equal(x, y) {
		return ""
	}
	var left, right any
	if json.Unmarshal(x, &left) != nil || json.Unmarshal(y, &right) != nil {
		return fmt.Sprintf("body: the official client %q, ours %q", x, y)
	}
	if !reflect.DeepEqual(left, right) {
		return fmt.Sprintf("JSON: the official client %s, ours %s", x, y)
	}
	if background(target) || !strings.HasPrefix(target, "/sdk/") {
		return "" // equal JSON is enough where nobody compares bytes
	}
	return fmt.Sprintf("equal JSON in another order: the official client %s, ours %s", x, y)
}
