package policy

import (
	"time"

	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// Spellings of an event's start and end, in pairs.
var eventNames = [][2]string{
	{"start", "end"}, {"start_time", "end_time"}, {"startTime", "endTime"}, {"start_at", "end_at"}, {"start_date", "end_date"},
}

// eventTime reads from when to when an event lasts. One that repeats has no one
// time and cannot be compared.
func (x *explained) eventTime() Value {
	body, _ := x.json.(map[string]any)
	for _, name := range []string{"recurrence", "recurring", "recurringEventId", "recurring_event_id"} {
		if body[name] != nil && body[name] != false {
			return Value{Unreadable: true}
		}
	}
	for _, pair := range eventNames {
		from, has := body[pair[0]]
		to, ends := body[pair[1]]
		if !has && !ends {
			continue
		}
		r, ok := timeRange(from, to)
		return Value{Items: []string{pair[0]}, Times: r, Unreadable: !ok}
	}
	return Value{}
}

func timeRange(from, to any) (*TimeRange, bool) {
	a, _, ok := instant(from)
	if !ok {
		return nil, false
	}
	b, wholeDay, ok := instant(to)
	if !ok {
		return nil, false
	}
	if wholeDay && a.Equal(b) { // one day, the end meant as included
		b = b.AddDate(0, 0, 1)
	}
	return &TimeRange{a, b}, true
}

// instant reads a time as text or as an object {dateTime, date, timeZone}.
func instant(x any) (t time.Time, wholeDay, ok bool) {
	zone := ""
	if m, isObject := x.(map[string]any); isObject {
		zone, _ = m["timeZone"].(string)
		if x = m["dateTime"]; x == nil {
			x = m["date"]
		}
	}
	text, isText := x.(string)
	loc, err := rule.Location(zone)
	if !isText || err != nil {
		return t, false, false
	}
	if t, err = time.Parse(time.RFC3339, text); err == nil {
		return t, false, true
	}
	// A time without an offset is only known with its time zone.
	if zone == "" && len(text) > len(time.DateOnly) {
		return t, false, false
	}
	if t, err = time.ParseInLocation("2006-01-02T15:04:05", text, loc); err == nil {
		return t, false, true
	}
	t, err = time.ParseInLocation(time.DateOnly, text, loc)
	return t, true, err == nil
}
