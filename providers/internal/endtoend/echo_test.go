package endtoend_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault/local"
)

// tokens are the credentials to try in a setting. The socket changes nothing
// about spellings, so the odd one is tried without it.
func tokens(s setting) map[string]string {
	if s.socket {
		return map[string]string{"plain": plainToken}
	}
	return map[string]string{"plain": plainToken, "odd": oddToken}
}

// echo is a provider that repeats the credential somewhere.
type echo struct {
	name   string
	binary bool // the body is of a kind that SECURITY.md says is not searched
	answer http.HandlerFunc
}

// echoed are the spellings that are tried in every place. TestEchoedSpellings
// tries the others.
func echoed(token string) []string {
	forms := spellings(token)
	list := []string{token, forms["query"], forms["path"], forms["query, %20"]}
	for _, text := range []string{token, "Bearer " + token, "u:" + token, "xy:" + token + "!!"} {
		list = append(list, base64.StdEncoding.EncodeToString([]byte(text)), base64.RawURLEncoding.EncodeToString([]byte(text)))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// inJSON writes the spellings into one JSON string.
func inJSON(token string) string {
	forms := spellings(token)
	parts := []string{forms["JSON"], forms["JSON, slashes escaped"]}
	for _, form := range echoed(token) {
		parts = append(parts, trimQuotes(marshal(form)))
	}
	return strings.Join(parts, " ")
}

func echoHeaders(token string, more ...string) []string {
	var header []string
	for i, form := range echoed(token) {
		header = append(header, fmt.Sprintf("X-Echo-%d", i), form)
	}
	for _, name := range []string{
		"X-Github-Request-Id", "X-Slack-Req-Id", "X-Ratelimit-Resource", "Etag", "Set-Cookie", "Server", "Www-Authenticate", "Content-Disposition",
	} {
		header = append(header, name, `Bearer error="insufficient_scope", scope="`+token+`"; filename=`+token)
	}
	return append(header, append(more, "X-Ratelimit-Limit", "60", "X-Ratelimit-Remaining", "59")...)
}

func echoes(token string) []echo {
	all, quoted := strings.Join(echoed(token), " "), inJSON(token)
	message := `{"ok":false,"error":"` + quoted + `","message":"` + quoted + `","errors":["` + quoted + `"],"needed":"` + quoted + `"}`
	success := `{"ok":true,"id":7,"name":"` + quoted + `","x":"` + quoted + `","channels":[{"id":"` + quoted + `","name":"` + quoted + `"}]}`
	key := trimQuotes(marshal(token))
	return []echo{
		{name: "status text", answer: rawReply("HTTP/1.1 401 " + all + "\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")},
		{name: "header values", answer: reply(403, jsonType, "{}", echoHeaders(token)...)},
		{name: "header values of a success", answer: reply(200, jsonType, "{}", echoHeaders(token)...)},
		{name: "content type", answer: reply(200, "text/"+token+"; x="+token, "x")},
		{name: "JSON error", answer: reply(401, jsonType, message)},
		{name: "JSON error of a wrong type", answer: reply(401, "text/html", message)},
		{name: "JSON error called an image", binary: true, answer: reply(401, "image/png", message)},
		{name: "JSON error called octets", binary: true, answer: reply(500, "application/octet-stream", message)},
		{name: "ok false", answer: reply(200, jsonType, message)},
		{name: "ok false called octets", binary: true, answer: reply(200, "application/octet-stream", message)},
		{name: "result", answer: reply(200, jsonType, success)},
		{name: "result called octets", binary: true, answer: reply(200, "application/octet-stream", success)},
		{name: "member names", answer: reply(200, jsonType, `{"ok":true,"`+key+`":{"`+key+`":1},"owner":{"`+key+`":"`+key+`"},"id":{"`+key+`":1}}`)},
		{name: "HTML", answer: reply(500, "text/html", "<pre>"+all+"</pre>")},
		{name: "text", answer: reply(200, "text/plain", all)},
		{name: "broken JSON", answer: reply(200, jsonType, `{"id":"`+quoted+`"`)},
		{name: "unknown type", answer: reply(200, "x/y", all)},
		{name: "gzip", answer: reply(401, jsonType, zipped(message), "Content-Encoding", "gzip")},
		{name: "deflate", answer: reply(401, jsonType, message, "Content-Encoding", "deflate")},
		{name: "body cut off", answer: short(200, jsonType, success)},
		{name: "error cut off", answer: short(401, jsonType, message)},
		{name: "chunk cut off", answer: cutChunk(401, "text/plain", all)},
		{name: "malformed status line", answer: rawReply("HTTP/1.1 " + all + "\r\n\r\n")},
		{name: "malformed protocol", answer: rawReply(all + "\r\n\r\n")},
		{name: "malformed header", answer: rawReply("HTTP/1.1 200 OK\r\n" + all + "\r\n\r\n")},
		{name: "malformed length", answer: rawReply("HTTP/1.1 200 OK\r\nContent-Length: " + token + "\r\n\r\n")},
		{name: "malformed coding", answer: rawReply("HTTP/1.1 200 OK\r\nTransfer-Encoding: " + token + "\r\n\r\n")},
		{name: "malformed chunk", answer: rawReply("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + token + "\r\n")},
		{name: "malformed location", answer: reply(302, "", "", "Location", "http://[::1"+token)},
		{name: "trailer", answer: withTrailer("text/plain", token)},
		{name: "trailer behind octets", binary: true, answer: withTrailer("application/octet-stream", token)},
		{name: "byte by byte", answer: dribble(all)},
	}
}

func zipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, text)
	_ = z.Close()
	return b.String()
}

func withTrailer(contentType, token string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Trailer", "X-Echo")
		_, _ = io.WriteString(w, "body")
		w.Header().Set("X-Echo", token)
		w.Header().Set(http.TrailerPrefix+"X-Unannounced", token)
	}
}

// dribble sends each byte in a packet of its own, behind padding that puts the
// spellings across the borders of every likely buffer.
func dribble(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		for _, pad := range []int{4096, 32 << 10, 64 << 10} {
			_, _ = io.WriteString(w, strings.Repeat(".", pad-len(text)/2)+text)
		}
		flush := http.NewResponseController(w)
		for i := range min(len(text), 200) {
			_, _ = io.WriteString(w, text[i:i+1])
			_ = flush.Flush()
		}
	}
}

func TestEchoedCredential(t *testing.T) {
	t.Parallel()
	for _, s := range settings() {
		for name, token := range tokens(s) {
			t.Run(s.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				w := newWorld(t, plan{setting: s, credential: local.Credential{Token: token}})
				for _, e := range echoes(token) {
					t.Run(e.name, func(t *testing.T) {
						h := newHunt(t, map[string]string{"credential": token})
						w.provider.script(e.answer)
						w.callAll(h, e)
						if n := len(w.provider.requests()); n < 4 {
							t.Errorf("%d calls", n)
						}
						checkDelivery(t, w.provider, token)
					})
				}
				w.huntRest(newHunt(t, map[string]string{"credential": token, "key": w.key}))
			})
		}
	}
}

// callAll makes one call of each kind and looks at all that the caller gets.
func (w *world) callAll(h *hunt, e echo) {
	var facts api.Response
	repo, err := w.github().GetRepo(w.ctx(), "acme", "site", api.WithResponse(&facts))
	h.outcome("GetRepo", repo, err, facts)
	list, err := w.slack().ListConversations(w.ctx(), nil, api.WithResponse(&facts))
	h.outcome("ListConversations", list, err, facts)
	for c, err := range w.slack().ListConversationsAll(w.ctx(), nil) {
		h.outcome("ListConversationsAll", c, err, facts)
	}
	req, err := http.NewRequestWithContext(w.ctx(), http.MethodGet, w.provider.URL+"/user?q=1", nil)
	if err != nil {
		h.fail("%v", err)
		return
	}
	resp, err := w.client().Do(req)
	if err != nil {
		h.value("http.Client error", err)
		return
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if !e.binary {
		h.text("http.Client body", string(body))
	}
	h.text("http.Client answer", fmt.Sprint(resp.Status, resp.Proto, resp.Header, resp.Trailer, resp.TransferEncoding))
	h.value("*http.Response", resp)
	h.value("http.Request", resp.Request)
	h.value("body", resp.Body)
	if err != nil {
		h.value("http.Client read error", err)
	}
}

// outcome looks at a result, and at everything that can be got out of an error.
func (h *hunt) outcome(what string, result any, err error, facts api.Response) {
	h.value(what+" result", result)
	h.value(what+" facts", facts)
	h.text(what+" facts' header", fmt.Sprint(facts.Header))
	if err == nil {
		return
	}
	h.value(what+" error", err)
	if e, ok := errors.AsType[*api.Error](err); ok {
		h.value(what+" api.Error", *e)
		h.text(what+" api.Error's header", fmt.Sprint(e.Header()))
		var body any
		_ = e.Decode(&body)
		h.value(what+" api.Error's body", body)
	}
}

// huntRest looks at what a world leaves behind: logs, rows, values.
func (w *world) huntRest(h *hunt) {
	for _, e := range w.trail() {
		h.value("audit row", e)
	}
	h.text("logs", w.logs.String())
	for _, v := range []any{w.agent, *w.agent, w.vault, w.client(), *w.client(), w.agent.Transport(), *w.agent.Transport(), w.github(), w.slack(), *w.github()} {
		h.value(fmt.Sprintf("%T", v), v)
	}
	for _, r := range w.other.requests() {
		h.text("request to the other host", dump(r))
	}
}
