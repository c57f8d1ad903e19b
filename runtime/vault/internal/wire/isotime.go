package wire

import "time"

// isISOTime accepts the usual spellings of ISO 8601: a date, or a date and a
// time with T or a space, with or without seconds, fraction and zone.
func isISOTime(s string) bool {
	_, ok := ParseISOTime(s)
	return ok
}

// ParseISOTime reads those spellings. A time without a zone is in UTC.
func ParseISOTime(s string) (time.Time, bool) {
	for _, layout := range [...]string{
		time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", "2006-01-02T15:04:05Z0700",
		"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly,
	} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}
