package endtoend_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/grantwire/grantwire/runtime/api"
)

// broken are the rows that are the same for every provider, wrapped by what
// makes a success of it.
func broken(success string) []row {
	html := "<html><body>Whoops</body></html>"
	cut := success[:len(success)-4]
	return []row{
		{name: "500 with HTML", answer: reply(500, "text/html", html), fault: fault{status: 500, is: []error{api.ErrServer}}},
		{name: "502 without a body", answer: reply(502, "", ""), fault: fault{status: 502, is: []error{api.ErrServer}}},
		{name: "500 with a body cut off", answer: short(500, jsonType, `{"message":"a`), fault: fault{status: 500, is: []error{api.ErrServer}}, proxied: fault{transport: true}},
		{name: "401 with HTML", answer: reply(401, "text/html", html), fault: fault{status: 401, is: []error{api.ErrUnauthorized}}},
		{name: "404 with an array", answer: reply(404, jsonType, `["a"]`), fault: fault{status: 404, is: []error{api.ErrNotFound}}},
		{name: "200 with text/plain", answer: reply(200, "text/plain", success), fault: fault{decode: "the answer is text/plain where JSON was due"}},
		{name: "200 with HTML", answer: reply(200, "text/html; charset=utf-8", html), fault: fault{decode: "text/html"}},
		{name: "200 with an image", answer: reply(200, "image/png", "\x89PNG"), fault: fault{decode: "image/png"}},
		{name: "200 without a body", answer: reply(200, jsonType, ""), fault: fault{decode: "the body is empty where JSON was due"}},
		{name: "HTML called JSON", answer: reply(200, jsonType, html), fault: fault{decode: "not valid JSON"}},
		{name: "array for object", answer: reply(200, jsonType, `[]`), fault: fault{decode: "a JSON array does not fit"}},
		{name: "JSON that ends too early", answer: reply(200, jsonType, cut), fault: fault{decode: "the body ends too early"}},
		{name: "text behind the JSON", answer: reply(200, jsonType, success+"x"), fault: fault{decode: "not valid JSON"}},
		{name: "nested without end", answer: reply(200, jsonType, strings.Repeat(`{"x":`, 20000)), fault: fault{decode: "JSON"}},
		{name: "Content-Length too long", answer: short(200, jsonType, success), fault: fault{transport: true}},
		{name: "chunk cut off", answer: cutChunk(200, jsonType, success), fault: fault{transport: true}},
		{name: "connection closed", answer: rawReply(""), fault: fault{transport: true}},
		{name: "malformed status line", answer: rawReply("HTTP/1.1 abc\r\n\r\n"), fault: fault{transport: true}},
		{name: "malformed header", answer: rawReply("HTTP/1.1 200 OK\r\nno colon\r\n\r\n"), fault: fault{transport: true}},
		{name: "unknown content coding", answer: reply(200, jsonType, success, "Content-Encoding", "br"), fault: fault{transport: true}},
		{name: "gzip that is none", answer: reply(200, jsonType, success, "Content-Encoding", "gzip"), fault: fault{transport: true}},
		{name: "304", answer: reply(304, "", ""), fault: fault{status: 304, is: []error{api.ErrNotModified}}},
	}
}

func TestGitHubFaults(t *testing.T) {
	t.Parallel()
	rows := broken(repository("", ""))
	rows = append(rows, []row{
		{name: "401", answer: reply(401, jsonType, `{"message":"Bad credentials","documentation_url":"https://docs"}`), fault: fault{status: 401, message: "Bad credentials", is: []error{api.ErrUnauthorized}}},
		{name: "403", answer: reply(403, jsonType, `{"message":"Resource not accessible"}`, "X-RateLimit-Remaining", "9", "X-RateLimit-Limit", "60"), fault: fault{status: 403, message: "Resource not accessible", is: []error{api.ErrForbidden}, not: []error{api.ErrRateLimited}}},
		{name: "403 rate limit", answer: reply(403, jsonType, `{"message":"API rate limit exceeded"}`, "X-RateLimit-Limit", "60", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "1"), fault: fault{status: 403, message: "API rate limit exceeded", is: []error{api.ErrRateLimited, api.ErrForbidden}}},
		{name: "403 secondary limit", answer: reply(403, jsonType, `{"message":"secondary"}`, "Retry-After", "60"), fault: fault{status: 403, message: "secondary", is: []error{api.ErrRateLimited}}},
		{name: "429", answer: reply(429, jsonType, `{"message":"slow down"}`, "Retry-After", "7"), fault: fault{status: 429, message: "slow down", is: []error{api.ErrRateLimited}}},
		{name: "429 with HTML", answer: reply(429, "text/html", "<b>slow</b>"), fault: fault{status: 429, is: []error{api.ErrRateLimited}}},
		{name: "404", answer: reply(404, jsonType, `{"message":"Not Found"}`), fault: fault{status: 404, message: "Not Found", is: []error{api.ErrNotFound}}},
		{name: "409", answer: reply(409, jsonType, `{"message":"busy"}`), fault: fault{status: 409, message: "busy", is: []error{api.ErrConflict}}},
		{name: "410", answer: reply(410, jsonType, `{"message":"gone"}`), fault: fault{status: 410, message: "gone", is: []error{api.ErrGone}}},
		{name: "422", answer: reply(422, jsonType, `{"message":"Validation Failed","errors":["x"]}`), fault: fault{status: 422, message: "Validation Failed", is: []error{api.ErrUnprocessable}}},
		{name: "message of many lines", answer: reply(400, jsonType, `{"message":"a\r\nb\u0007\u202ec"}`), fault: fault{status: 400, message: "a  bc"}},
		{name: "redirect without a location", answer: reply(302, "", ""), fault: fault{status: 302, message: "the redirect names no location"}},
		{name: "202 with another body", call: contributors, answer: reply(202, jsonType, `{}`), fault: fault{status: 202, is: []error{api.ErrAccepted}}},
	}...)
	runRows(t, with(getRepo, rows...))
}

func contributors(ctx context.Context, w *world) (string, error) {
	got, err := w.github().Repos.GetContributorsStats(ctx, "acme", "site")
	if got != nil {
		return "something", err
	}
	return "", err
}

func TestSlackFaults(t *testing.T) {
	t.Parallel()
	no := func(code string) http.HandlerFunc { return reply(200, jsonType, `{"ok":false,"error":"`+code+`"}`) }
	said := func(code string, is ...error) fault { return fault{status: 200, code: code, message: code, is: is} }
	unknown := said("from_2031")
	unknown.not = []error{api.ErrUnauthorized, api.ErrNotFound, api.ErrRateLimited}
	rows := broken(conversation("", ""))
	rows = append(rows, []row{
		{name: "ok false: unauthorized", answer: no("invalid_auth"), fault: said("invalid_auth", api.ErrUnauthorized)},
		{name: "ok false: revoked", answer: no("token_revoked"), fault: said("token_revoked", api.ErrUnauthorized)},
		{name: "ok false: not found", answer: no("channel_not_found"), fault: said("channel_not_found", api.ErrNotFound)},
		{name: "ok false: rate limit", answer: no("ratelimited"), fault: said("ratelimited", api.ErrRateLimited)},
		{name: "ok false: unknown code", answer: no("from_2031"), fault: unknown},
		{name: "ok false: no code", answer: reply(200, jsonType, `{"ok":false}`), fault: fault{status: 200}},
		{name: "ok false: code is an object", answer: reply(200, jsonType, `{"ok":false,"error":{"a":1}}`), fault: fault{status: 200}},
		{name: "ok false comes last", answer: reply(200, jsonType, `{"channel":{"ok":true},"error":"fatal_error","ok":false}`), fault: said("fatal_error")},
		{name: "ok false behind a result", answer: reply(200, jsonType, `{"channel":{"id":"C1","name":"x"},"ok":false,"error":"fatal_error"}`), fault: said("fatal_error")},
		{name: "429", answer: reply(429, jsonType, `{"ok":false,"error":"ratelimited"}`, "Retry-After", "30"), fault: fault{status: 429, code: "ratelimited", message: "ratelimited", is: []error{api.ErrRateLimited}}},
		{name: "429 with text", answer: reply(429, "text/plain", "slow down", "Retry-After", "30"), fault: fault{status: 429, is: []error{api.ErrRateLimited}}},
		{name: "401", answer: reply(401, jsonType, `{"ok":false,"error":"not_authed"}`), fault: fault{status: 401, code: "not_authed", message: "not_authed", is: []error{api.ErrUnauthorized}}},
		{name: "403", answer: reply(403, jsonType, `{"ok":false,"error":"access_denied"}`), fault: fault{status: 403, code: "access_denied", message: "access_denied", is: []error{api.ErrForbidden}, not: []error{api.ErrRateLimited}}},
		{name: "202 that says no", answer: reply(202, jsonType, `{"ok":false,"error":"invalid_auth"}`), fault: fault{status: 202, code: "invalid_auth", message: "invalid_auth", is: []error{api.ErrUnauthorized}, not: []error{api.ErrAccepted}}},
	}...)
	runRows(t, with(getConversation, rows...))
}
