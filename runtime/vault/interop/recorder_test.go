package interop_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"sort"
	"strings"
	"sync"
	"testing"
)

// Keys of nobody; the checksum is the one that the protocol's text gives.
const (
	appKey   = "alter_rk_abcdefghijklmnopqrstuv_iwpykn"
	agentKey = "alter_key_ABCDEFGHIJabcdefghij0123456789-_ABCDEFGH"

	idGrant = "22222222-2222-4222-8222-222222222222"
	idAgent = "33333333-3333-4333-8333-333333333333"
	idOther = "44444444-4444-4444-8444-444444444444"
	idKey   = "55555555-5555-4555-8555-555555555555"
	idActor = "66666666-6666-4666-8666-666666666666"
)

// request is what reached the recorder.
type request struct {
	method, target string
	header         http.Header
	body           []byte
}

// recorder answers like a vault and its provider, from a table, and keeps requests
// by the name of the call that is under way.
type recorder struct {
	*httptest.Server

	mu      sync.Mutex
	call    string
	seen    map[string][]request
	nonces  map[string]bool
	faults  []string
	answers []canned
}

type canned struct {
	method string
	path   *regexp.Regexp
	status int
	body   string
	header map[string]string
	asked  string // what the body must hold, "" = anything
	once   bool   // for the first request of a call; later ones get the next entry
}

func newRecorder(t *testing.T) *recorder {
	r := &recorder{seen: map[string][]request{}, nonces: map[string]bool{}, answers: cannedAnswers()}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.Server = &httptest.Server{Listener: l, Config: &http.Server{Handler: r}}
	r.Start()
	t.Cleanup(r.Close)
	return r
}

// begin names the call whose requests come now.
func (r *recorder) begin(call string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.call = call
	if _, ok := r.seen[call]; !ok {
		r.seen[call] = nil
	}
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if name, ok := strings.CutPrefix(req.URL.Path, "/begin/"); ok {
		r.begin(name)
		return
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		http.Error(w, "", http.StatusBadRequest)
		return
	}
	got := request{method: req.Method, target: req.RequestURI, header: req.Header, body: body}
	r.mu.Lock()
	repeated := 0
	for _, s := range r.seen[r.call] {
		if s.method == got.method && s.target == got.target {
			repeated++
		}
	}
	r.seen[r.call] = append(r.seen[r.call], got)
	if strings.HasPrefix(got.target, "/sdk/") {
		if fault := r.verify(got); fault != "" {
			r.faults = append(r.faults, r.call+": "+fault)
		}
	}
	r.mu.Unlock()
	r.answer(w, got, repeated)
}

func (r *recorder) answer(w http.ResponseWriter, got request, repeated int) {
	path, _, _ := strings.Cut(got.target, "?")
	for _, c := range r.answers {
		if c.method != got.method || !c.path.MatchString(path) || c.once && repeated > 0 || !bytes.Contains(got.body, []byte(c.asked)) {
			continue
		}
		w.Header()["Date"] = nil // the two clients are asked at different times
		w.Header().Set("Content-Type", "application/json")
		for name, value := range c.header {
			w.Header()[name] = []string{value}
		}
		if strings.HasPrefix(path, "/sdk/token") && got.header.Get("X-Alter-Caller") != "" {
			w.Header()["X-Alter-Actor-ID"] = []string{idActor}
		}
		body := strings.ReplaceAll(c.body, "{base}", r.URL)
		w.WriteHeader(c.status)
		_, _ = io.WriteString(w, body)
		return
	}
	w.WriteHeader(http.StatusNotFound)
	_, _ = io.WriteString(w, `{"error":"not_canned","message":"the recorder has no answer for this"}`)
}

// verify checks the signature by the protocol's text, with none of our own code.
func (r *recorder) verify(got request) string {
	key, h := got.header.Get("x-api-key"), got.header
	if key != appKey && key != agentKey {
		return "x-api-key is no key of the test"
	}
	digest := sha256.Sum256(got.body)
	if h.Get("X-Alter-Content-SHA256") != hex.EncodeToString(digest[:]) {
		return "X-Alter-Content-SHA256 is not the hash of the body"
	}
	nonce := h.Get("X-Alter-Nonce")
	if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(nonce) || r.nonces[nonce] {
		return "X-Alter-Nonce is malformed or repeated"
	}
	r.nonces[nonce] = true
	text, actor := toSign(got, h.Get("X-Alter-Timestamp"), nonce)
	want := sign(key, text)
	if h.Get("X-Alter-Signature") != want {
		return fmt.Sprintf("%s %s: X-Alter-Signature does not fit", got.method, got.target)
	}
	if v2 := h.Get("X-Alter-Signature-V2"); actor && v2 != want || !actor && v2 != "" {
		return "X-Alter-Signature-V2 does not fit"
	}
	return ""
}

// toSign returns the text that is signed, and whether it has actor lines.
func toSign(got request, at, nonce string) (text string, actor bool) {
	h := got.header
	digest := sha256.Sum256(got.body)
	lines := []string{got.method, canonical(got.target), at, nonce, hex.EncodeToString(digest[:]), h.Get("X-Alter-Scope-Constraints")}
	if rule := h.Get("X-Alter-Request-Rule"); rule != "" {
		lines = append(lines, "request-rule:"+rule)
	}
	for _, line := range [][2]string{
		{"caller", "X-Alter-Caller"}, {"caller-type", "X-Alter-Caller-Type"}, {"actor-id", "X-Alter-Actor-ID"}, {"actor-context", "X-Alter-Context"},
	} {
		if value := h.Get(line[1]); value != "" {
			lines = append(lines, line[0]+":"+value)
			actor = true
		}
	}
	return strings.Join(lines, "\n"), actor
}

func sign(key, text string) string {
	derive := hmac.New(sha256.New, []byte(key))
	derive.Write([]byte("alter-signing-v1"))
	mac := hmac.New(sha256.New, derive.Sum(nil))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// canonical is good for the well-formed targets of the two clients.
func canonical(target string) string {
	path, query, _ := strings.Cut(target, "?")
	decoded, err := url.PathUnescape(path)
	if err != nil {
		decoded = path
	}
	if query == "" {
		return decoded
	}
	type pair struct{ name, value string }
	var pairs []pair
	for item := range strings.SplitSeq(query, "&") {
		if item == "" {
			continue
		}
		name, value, _ := strings.Cut(item, "=")
		name, _ = url.QueryUnescape(name)
		value, _ = url.QueryUnescape(value)
		pairs = append(pairs, pair{name, value})
	}
	sort.Slice(pairs, func(i, j int) bool {
		return pairs[i].name < pairs[j].name || pairs[i].name == pairs[j].name && pairs[i].value < pairs[j].value
	})
	out := make([]string, 0, len(pairs))
	for _, p := range pairs {
		out = append(out, url.QueryEscape(p.name)+"="+url.QueryEscape(p.value))
	}
	return decoded + "?" + strings.Join(out, "&")
}
