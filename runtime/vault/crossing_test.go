package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestNothingCrossesOver: a hundred goroutines with their own trace, grant, user
// and caller share one App, the agents that it makes, and one Agent. Each call's
// token request, provider request, answer and audit report hold what belongs to
// it and nothing of another.
func TestNothingCrossesOver(t *testing.T) {
	const workers, calls = 100, 3
	grant := func(i int) string { return fmt.Sprintf("22222222-2222-4222-8222-%012d", i) }
	vault := newFakeVault(t)
	vault.script(wire.PathToken, func(w http.ResponseWriter, body []byte) {
		r, err := wire.ParseTokenRequest(body)
		if err != nil {
			t.Error(err)
		}
		answer200(wire.Credential{AccessToken: "test-secret-of-" + r.GrantID, GrantID: r.GrantID, ProviderID: "p"}.Marshal())(w, nil)
	})
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "session="+r.URL.Path[1:])
		if cookie := r.Header.Get("Cookie"); cookie != "" {
			t.Errorf("a cookie crossed over: %s", cookie)
		}
		_, _ = io.WriteString(w, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer test-secret-of-")+" "+r.URL.Path)
	})
	type user struct{}
	getter := WithUserToken(func(ctx context.Context) (string, error) { return ctx.Value(user{}).(string), nil })
	app, agent := vault.app(getter), vault.agent(getter)
	var wg sync.WaitGroup
	for i := range workers {
		wg.Go(func() {
			who := agent.client
			if i%2 == 0 {
				who = app.client
			}
			ctx := agent.Trace(context.WithValue(t.Context(), user{}, fmt.Sprint("user-", i)), Trace{RunID: fmt.Sprint("run-", i)})
			for range calls {
				resp, err := who.Request(ctx, "GET", fmt.Sprint(p.URL, "/", i), Grant(grant(i)), Caller(fmt.Sprint("caller-", i)), Reason(fmt.Sprint("reason-", i)))
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(resp.Body)
				if want := fmt.Sprintf("%s /%d", grant(i), i); err != nil || string(body) != want {
					t.Errorf("got %q, want %q: %v", body, want, err)
				}
				resp.Body.Close()
			}
		})
	}
	wg.Wait()
	if err := errors.Join(app.Close(t.Context()), agent.Close(t.Context())); err != nil {
		t.Fatal(err)
	}
	var asked, reported int
	for _, got := range vault.all() {
		var i int
		run, after, _ := strings.Cut(got.Header.Get("X-Alter-Context"), `"run_id":"run-`)
		if _, err := fmt.Sscanf(after, "%d", &i); err != nil {
			t.Fatalf("no run in %s%s", run, after)
		}
		want := []string{fmt.Sprintf(`"grant_id":"%s"`, grant(i)), fmt.Sprintf(`"reason":"reason-%d"`, i), fmt.Sprintf(`/%d"`, i)}
		switch got.Path {
		case wire.PathToken:
			asked++
			want = append(want, fmt.Sprintf(`"user_token":"user-%d"`, i))
		case wire.PathAudit:
			reported++
			want = append(want, fmt.Sprintf(`"run_id":"run-%d"`, i))
		}
		for _, w := range want {
			if !strings.Contains(got.Body, w) {
				t.Errorf("%s of %d lacks %s: %s", got.Path, i, w, got.Body)
			}
		}
		if got.Header.Get("X-Alter-Caller") != fmt.Sprint("caller-", i) || strings.Contains(got.Body, "test-secret-of") {
			t.Errorf("%s of %d: caller %q", got.Path, i, got.Header.Get("X-Alter-Caller"))
		}
	}
	if asked != workers*calls || reported != workers*calls {
		t.Errorf("%d token requests and %d reports, want %d", asked, reported, workers*calls)
	}
}
