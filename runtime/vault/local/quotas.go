package local

import (
	"context"
	"database/sql"
	"net/http"
	"time"
)

// quotaSave is how often counts of quotas go to the database, in seconds.
const quotaSave = 1

// quotaID names a count: of an app, in the windows of one length.
type quotaID struct{ appID, window string }

type quotaCount struct {
	begin  time.Time
	count  int
	unsent int // of count, what the database does not have yet
}

// quota refuses when any window is used up, and else counts in all of them.
func (l *limiter) quota(rq *request, now time.Time) *fault {
	var end time.Time
	limit := 0
	counts := make([]*quotaCount, len(l.limits.Quotas))
	for i, q := range l.limits.Quotas {
		begin, next, _ := quotaWindow(q.Window, now) // its name was checked
		id := quotaID{rq.who.appID, q.Window}
		if c := l.quotas[id]; c == nil || !c.begin.Equal(begin) {
			l.quotas[id] = &quotaCount{begin: begin}
		}
		counts[i] = l.quotas[id]
		if counts[i].count >= q.Requests && next.After(end) {
			end, limit = next, q.Requests
		}
	}
	if !end.IsZero() {
		retry := max(int64(end.Sub(now)/time.Second), 1)
		if end.Sub(now)%time.Second != 0 {
			retry++
		}
		rq.budget = &budget{limit: limit, reset: end.Unix(), retry: retry, scope: "organization"}
		return refuse(http.StatusTooManyRequests, "quota_exceeded", "the app's quota of requests is used up").with("retry_after", retry)
	}
	for i, c := range counts {
		c.count++
		c.unsent++
		_, next, _ := quotaWindow(l.limits.Quotas[i].Window, now)
		rq.meet(budget{limit: l.limits.Quotas[i].Requests, remaining: l.limits.Quotas[i].Requests - c.count, reset: next.Unix(), scope: "organization"})
	}
	return nil
}

func quotaWindow(name string, now time.Time) (begin, next time.Time, ok bool) {
	now = now.UTC()
	switch name {
	case "minute":
		begin = now.Truncate(time.Minute)
		return begin, begin.Add(time.Minute), true
	case "hour":
		begin = now.Truncate(time.Hour)
		return begin, begin.Add(time.Hour), true
	case "day":
		begin = time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
		return begin, begin.AddDate(0, 0, 1), true
	case "month":
		begin = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
		return begin, begin.AddDate(0, 1, 0), true
	}
	return begin, next, false
}

// load takes over what the database has.
func (l *limiter) load(ctx context.Context, q *statements) error {
	if l == nil || len(l.limits.Quotas) == 0 {
		return nil
	}
	return q.each(ctx, "SELECT app_id, span, begin, count FROM quota_counts", nil, func(rows *sql.Rows) error {
		var id quotaID
		var begin sql.NullInt64
		c := &quotaCount{}
		err := rows.Scan(&id.appID, &id.window, &begin, &c.count)
		c.begin = fromMicros(begin)
		l.quotas[id] = c
		return err
	})
}

// due reports whether counts should go to the database.
func (l *limiter) due(now time.Time) bool {
	if l == nil || len(l.limits.Quotas) == 0 {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	second := now.Unix()
	if second < l.saved+quotaSave && second >= l.saved {
		return false
	}
	l.saved = second
	return true
}

// quotaAddition is what was counted since the last time.
type quotaAddition struct {
	quotaID
	begin time.Time
	n     int
}

// save adds to the database what was counted since the last time, and takes over
// what others on the same folder have added. What the database does not take is
// for the next time.
func (l *limiter) save(ctx context.Context, q *statements) error {
	var list []quotaAddition
	l.mu.Lock()
	for id, c := range l.quotas {
		if c.unsent > 0 {
			list = append(list, quotaAddition{id, c.begin, c.unsent})
			c.unsent = 0
		}
	}
	l.mu.Unlock()
	totals, err := addQuotas(ctx, q, list)
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, a := range list {
		c := l.quotas[a.quotaID]
		switch {
		case c == nil || !c.begin.Equal(a.begin): // that window is over
		case err != nil:
			c.unsent += a.n
		default:
			c.count = totals[i] + c.unsent
		}
	}
	return err
}

// addQuotas returns the counts with the additions.
func addQuotas(ctx context.Context, q *statements, list []quotaAddition) ([]int, error) {
	totals := make([]int, len(list))
	for i, a := range list {
		err := q.scan(ctx, `INSERT INTO quota_counts (app_id, span, begin, count) VALUES (?1, ?2, ?3, ?4)
ON CONFLICT (app_id, span) DO UPDATE SET count = CASE WHEN begin = ?3 THEN count + ?4 ELSE ?4 END, begin = ?3 RETURNING count`,
			[]any{a.appID, a.window, micros(a.begin), a.n}, []any{&totals[i]})
		if err != nil {
			return nil, err
		}
	}
	return totals, nil
}

// saveQuotas has the counts saved with the next transaction that somebody needs,
// at most once a second.
func (v *Vault) saveQuotas() {
	if v.limiter.due(v.now()) {
		v.store.later(v.limiter.save)
	}
}
