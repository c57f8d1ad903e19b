package conformance_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/grantwire/grantwire/runtime/vault"
)

func is(err, kind error) bool { return errors.Is(err, kind) }

func vaultError(err error) *vault.Error {
	e, _ := errors.AsType[*vault.Error](err)
	return e
}

// TestNothingCrossesOver: a hundred goroutines with different traces and grants on
// one Agent. Each has its own run in its row, its own grant, its own login.
func TestNothingCrossesOver(t *testing.T) {
	everywhere(t, func(w *world) {
		agent := w.agent("")
		logins := map[string]string{}
		for _, grant := range []string{w.grant, w.userGrant} {
			_, body, err := w.get(w.Context(), agent, "/user", vault.Grant(grant))
			w.must(err)
			logins[grant] = body
		}
		if logins[w.grant] == logins[w.userGrant] {
			t.Fatal("the two grants have one login")
		}
		var wg sync.WaitGroup
		base := unique("crowd")
		for i := range 100 {
			wg.Go(func() {
				grant := []string{w.grant, w.userGrant}[i%2]
				get := w.get
				if i%3 == 0 {
					get = w.proxyGet
				}
				ctx := agent.Trace(w.Context(), vault.Trace{RunID: fmt.Sprintf("%s-%d", base, i), ThreadID: fmt.Sprintf("thread-%d", i)})
				status, body, err := get(ctx, agent, "/user", vault.Grant(grant))
				if status != 200 || body != logins[grant] || err != nil {
					t.Errorf("goroutine %d: %d %s %v, want %s", i, status, body, err, logins[grant])
				}
			})
		}
		wg.Wait()
		w.must(agent.Close(w.Context())) // delivers the reports
		if w.rows == nil {
			return
		}
		seen := 0
		for _, r := range w.rows() {
			number, ours := strings.CutPrefix(r.RunID, base+"-")
			if !ours {
				continue
			}
			seen++
			var i int
			if _, err := fmt.Sscan(number, &i); err != nil {
				t.Errorf("run %q: %v", r.RunID, err)
				continue
			}
			if want := []string{w.grant, w.userGrant}[i%2]; r.GrantID != want || r.ThreadID != fmt.Sprintf("thread-%d", i) || r.Status != 200 {
				t.Errorf("row of goroutine %d: grant %s thread %s status %d", i, r.GrantID, r.ThreadID, r.Status)
			}
		}
		if seen != 100 {
			t.Errorf("%d rows of 100 calls", seen)
		}
	})
}
