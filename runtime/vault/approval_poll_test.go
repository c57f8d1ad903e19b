package vault

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// queries is polled, and keeps what the polls ask the vault to hold.
type queries struct {
	polled
	raw []string
}

func (q *queries) RoundTrip(req *http.Request) (*http.Response, error) {
	q.raw = append(q.raw, req.URL.RawQuery)
	req.Body = http.NoBody
	return q.polled.RoundTrip(req)
}

// TestApprovalHold: a poll never asks for longer than is left, so that the answer
// of a vault that holds it is still heard.
func TestApprovalHold(t *testing.T) {
	const id = "44444444-4444-4444-8444-444444444444"
	waiting := `{"approval_id":"` + id + `","approval_group_id":"` + id + `","status":"pending","expires_at":"2026-01-01T00:00:00Z","has_result":false,` +
		`"gates":[{"approval_id":"` + id + `","status":"pending","expires_at":"2026-01-01T00:00:00Z"}]}`
	synctest.Test(t, func(t *testing.T) {
		q := &queries{polled: polled{turns: []turn{{200, waiting, nil, 25 * time.Second}, {200, waiting, nil, 2 * time.Second}, {200, waiting, nil, 0}}, start: time.Now()}}
		approval, err := memoryApp(t, q).Approval(id)
		if err != nil {
			t.Fatal(err)
		}
		_, err = approval.Wait(t.Context(), PollTimeout(31500*time.Millisecond), PollInterval(time.Second))
		wantError(t, err, ErrApprovalTimeout, "approval_timeout")
		if diff := cmp.Diff([]string{"wait=25", "wait=5", "wait=2", "wait=1", ""}, q.raw); diff != "" {
			t.Error(diff)
		}
	})
}
