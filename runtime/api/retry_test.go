package api_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/grantwire/grantwire/runtime/api"
)

// flaky answers with the given functions in turn, the last one for ever, and
// counts.
func flaky(n *int, answers ...transport) transport {
	return func(r *http.Request) (*http.Response, error) {
		*n++
		return answers[min(*n, len(answers))-1](r)
	}
}

func failing(err error) transport {
	return func(*http.Request) (*http.Response, error) { return nil, err }
}

var good = always(200, jsonType, `{"id":1}`)

func TestRetryOfSafeCalls(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	for name, test := range map[string]struct {
		first transport
		want  int
	}{
		"500": {always(500, "", ""), 2}, "502": {always(502, "", ""), 2}, "503": {always(503, "", ""), 2}, "504": {always(504, "", ""), 2},
		"429": {always(429, "", ""), 2}, "403 limited": {always(403, "", "", "Retry-After", "1"), 2},
		"403": {always(403, "", ""), 1}, "404": {always(404, "", ""), 1}, "501": {always(501, "", ""), 1},
		"refused": {failing(refused), 2}, "reset": {failing(&net.OpError{Op: "read", Err: errors.New("reset")}), 2},
		"eof": {failing(io.EOF), 2}, "unexpected eof": {failing(io.ErrUnexpectedEOF), 2},
		"no such host": {failing(&net.OpError{Op: "dial", Err: &net.DNSError{IsNotFound: true}}), 1},
		"other fault":  {failing(errors.New("no")), 1}, "vault": {failing(&vaultError{cause: refused}), 1},
		"not json": {always(200, "text/html", "x"), 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				_, err := get(t.Context(), client(t, hub, flaky(&n, test.first, good)))
				if n != test.want || (err == nil) != (n == 2) {
					t.Errorf("%d requests, %v", n, err)
				}
			})
		})
	}
}

func TestRetryLimitedCodeAtStatus200(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		op := opPost
		op.Access, op.Method = api.Read, "GET"
		var out *repository
		c := client(t, chat, flaky(&n, always(200, jsonType, `{"ok":false,"error":"ratelimited"}`), good))
		if err := c.Do(t.Context(), &op, api.Args{}, &out); err != nil || n != 2 {
			t.Error(n, err)
		}
	})
}

func TestRetryOnlyWhatIsSafe(t *testing.T) {
	stream := io.MultiReader(strings.NewReader("x"))
	for name, test := range map[string]struct {
		op     api.Operation
		body   any
		option api.CallOption
		want   int
	}{
		"write":              {op: api.Operation{Method: "POST", Access: api.Write}, want: 1},
		"get that writes":    {op: api.Operation{Method: "GET", Access: api.Write}, want: 1},
		"delete":             {op: api.Operation{Method: "DELETE", Access: api.Delete}, want: 1},
		"idempotent delete":  {op: api.Operation{Method: "DELETE", Access: api.Delete, Idempotent: true}, want: 2},
		"idempotent put":     {op: api.Operation{Method: "PUT", Access: api.Write, Idempotent: true, Request: "application/json"}, body: map[string]int{"a": 1}, want: 2},
		"post that reads":    {op: api.Operation{Method: "POST", Access: api.Read}, want: 2},
		"unknown post":       {op: api.Operation{Method: "POST"}, want: 1},
		"unknown get":        {op: api.Operation{Method: "GET"}, want: 2},
		"with key":           {op: api.Operation{Method: "POST", Access: api.Write}, option: api.WithIdempotencyKey("k"), want: 2},
		"stream":             {op: api.Operation{Method: "PUT", Idempotent: true, Request: "application/octet-stream"}, body: stream, want: 1},
		"replayable stream":  {op: api.Operation{Method: "PUT", Idempotent: true, Request: "application/octet-stream"}, body: strings.NewReader("x"), want: 2},
		"retry switched off": {op: api.Operation{Method: "GET"}, option: once, want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := 0
				var bodies []string
				record := func(next transport) transport {
					return func(r *http.Request) (*http.Response, error) {
						if r.Body != nil {
							b, _ := io.ReadAll(r.Body)
							bodies = append(bodies, string(b))
						}
						return next(r)
					}
				}
				c := client(t, hub, flaky(&n, record(always(503, "", "")), record(always(204, "", ""))))
				test.op.Path = "/x"
				err := c.Do(t.Context(), &test.op, api.Args{Body: test.body}, nil, test.option)
				if n != test.want || (err == nil) != (n == 2) {
					t.Errorf("%d requests, %v", n, err)
				}
				if len(bodies) == 2 && bodies[0] != bodies[1] {
					t.Error("the second body differs", bodies)
				}
			})
		})
	}
}

func TestRetryWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, test := range map[string]struct {
			header []string
			want   time.Duration // 0 = no retry
		}{
			"seconds":  {[]string{"Retry-After", "7"}, 7 * time.Second},
			"date":     {[]string{"Retry-After", "Tue, 01 Jan 2030 00:00:09 GMT", "Date", "Tue, 01 Jan 2030 00:00:00 GMT"}, 9 * time.Second},
			"reset":    {[]string{"RateLimit-Limit", "1", "RateLimit-Remaining", "0", "RateLimit-Reset", "20"}, 20 * time.Second},
			"too long": {[]string{"Retry-After", "31"}, 0},
		} {
			n := 0
			start := time.Now()
			_, err := get(t.Context(), client(t, hub, flaky(&n, always(429, "", "", test.header...), good)))
			if got := time.Since(start); got != test.want || (err == nil) != (test.want > 0) {
				t.Errorf("%s: %v, %v", name, got, err)
			}
		}
	})
}

func TestBackoffGrowsAndIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		c := client(t, hub, func(*http.Request) (*http.Response, error) {
			at = append(at, time.Now())
			return answer(503, "", ""), nil
		}, api.WithRetry(api.RetryPolicy{Attempts: 12, Backoff: time.Second, Budget: 100}))
		_, err := get(t.Context(), c)
		if e, ok := errors.AsType[*api.Error](err); !ok || e.Attempts != 12 || len(at) != 12 {
			t.Fatal(err, len(at))
		}
		limit := time.Second
		var total time.Duration
		for i := range len(at) - 1 {
			pause := at[i+1].Sub(at[i])
			total += pause
			if pause > limit {
				t.Error(i, pause, limit)
			}
			limit = min(2*limit, 10*time.Second)
		}
		if total < time.Second {
			t.Error("no pauses", total)
		}
	})
}

func TestRetryBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		c := client(t, hub, flaky(&n, always(503, "", "")), api.WithRetry(api.RetryPolicy{Budget: 5}))
		for range 50 {
			_, _ = get(t.Context(), c)
		}
		if n != 55 {
			t.Errorf("an outage of 50 calls made %d requests, want 55", n)
		}
	})
}

func TestRetryBudgetRefills(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		down := true
		c := client(t, hub, func(r *http.Request) (*http.Response, error) {
			n++
			if down {
				return answer(503, "", ""), nil
			}
			return good(r)
		}, api.WithRetry(api.RetryPolicy{Attempts: 2, Budget: 1}))
		count := func() int { before := n; _, _ = get(t.Context(), c); return n - before }
		got := []int{count(), count()}
		down = false
		for range 10 {
			count()
		}
		down = true
		got = append(got, count(), count())
		if want := []int{2, 1, 2, 1}; !slices.Equal(got, want) {
			t.Error(got, want)
		}
	})
}

func TestContextEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		c := client(t, hub, flaky(&n, always(429, "", "", "Retry-After", "20")))
		time.AfterFunc(3*time.Second, cancel)
		start := time.Now()
		_, err := get(ctx, c)
		if time.Since(start) != 3*time.Second || !errors.Is(err, context.Canceled) || !errors.Is(err, api.ErrRateLimited) || n != 1 {
			t.Error(time.Since(start), err, n)
		}
		if _, ok := errors.AsType[*api.TransportError](err); !ok {
			t.Errorf("%T", err)
		}
	})
}

func TestNoWaitBeyondTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		_, err := get(ctx, client(t, hub, always(429, "", "", "Retry-After", "20")))
		if time.Since(start) != 0 || !errors.Is(err, api.ErrRateLimited) {
			t.Error(time.Since(start), err)
		}
	})
}

func TestRetryOfARealOutage(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close() // nobody listens now: connections are refused
	u := serve(t, func(http.ResponseWriter, *http.Request) {})
	u.Host = addr
	_, err = get(t.Context(), api.NewClient(nil, hub, api.WithBaseURL(u), api.WithRetry(api.RetryPolicy{Attempts: 3, Backoff: 1})))
	if e, ok := errors.AsType[*api.TransportError](err); !ok || e.Attempts != 3 {
		t.Error(err)
	}
}

func TestTimeoutOfOneAttemptIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		hang := func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		}
		c := api.NewClient(&http.Client{Timeout: time.Second, Transport: flaky(&n, hang, good)}, hub)
		if _, err := get(t.Context(), c); err != nil || n != 2 {
			t.Error(err, n)
		}
	})
}

// brokenBody fails after its first bytes.
type brokenBody struct{ io.Reader }

func (brokenBody) Close() error { return nil }

func TestBrokenBodyIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		broken := func(*http.Request) (*http.Response, error) {
			r := answer(200, jsonType, "")
			r.ContentLength, r.Body = -1, brokenBody{io.MultiReader(strings.NewReader(`{"id":`), iotest.ErrReader(io.ErrUnexpectedEOF))}
			return r, nil
		}
		if got, err := get(t.Context(), client(t, hub, flaky(&n, broken, good))); err != nil || n != 2 || got.ID != 1 {
			t.Error(err, n)
		}
	})
}
