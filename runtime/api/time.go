package api

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Time is a point in time in JSON. It decodes what providers send: RFC 3339, a
// zone without a colon, no zone (taken as UTC), a day alone, and seconds since
// 1970 as an integer, a fraction or a string. Text that is no time, "" and null
// decode to the zero time.
//
// It encodes the very text it was decoded from, unless the field Time was changed
// to another point in time; otherwise RFC 3339.
type Time struct {
	_ incomparable

	time.Time

	raw string // the JSON it came from; "" when RFC 3339 of Time is the same
}

// NewTime returns t as a Time.
func NewTime(t time.Time) Time { return Time{Time: t} }

// IsZero reports whether t is the zero Time. A Time that was decoded from text
// that is no time is not: ask Time.IsZero for that.
func (t Time) IsZero() bool { return t.raw == "" && t.Time.IsZero() }

// MarshalJSON encodes t.
func (t Time) MarshalJSON() ([]byte, error) { return t.appendJSON(nil), nil }

// MarshalJSONTo encodes t.
func (t Time) MarshalJSONTo(enc *jsontext.Encoder) error {
	return enc.WriteValue(t.appendJSON(enc.AvailableBuffer()))
}

// UnmarshalJSON decodes a JSON string, number or null.
func (t *Time) UnmarshalJSON(b []byte) error {
	parsed, err := parseWire(b, parseTime)
	if err != nil {
		return err
	}
	t.Time, t.raw = parsed, ""
	if string(t.appendJSON(make([]byte, 0, 64))) != string(b) {
		t.raw = string(b)
	}
	return nil
}

// UnmarshalJSONFrom decodes a JSON string, number or null.
func (t *Time) UnmarshalJSONFrom(dec *jsontext.Decoder) error {
	b, err := dec.ReadValue()
	if err != nil {
		return err
	}
	return t.UnmarshalJSON(b)
}

// MarshalText returns the text that is sent outside JSON.
func (t Time) MarshalText() ([]byte, error) { return []byte(t.text()), nil }

// UnmarshalText decodes text as UnmarshalJSON decodes a string.
func (t *Time) UnmarshalText(b []byte) error {
	quoted, err := jsontext.AppendQuote(nil, b)
	if err != nil {
		return errNoTime
	}
	return t.UnmarshalJSON(quoted)
}

func (t Time) appendJSON(dst []byte) []byte {
	if t.raw != "" {
		if was, err := parseWire([]byte(t.raw), parseTime); err == nil && was.Equal(t.Time) {
			return append(dst, t.raw...)
		}
	}
	dst = append(dst, '"')
	return append(t.AppendFormat(dst, time.RFC3339Nano), '"')
}

func (t Time) text() string { return plainText(t.appendJSON(nil)) }

// Date is a day in JSON: "2006-01-02". It decodes every form that [Time] does and
// keeps the text in the same way.
type Date struct {
	_ incomparable

	time.Time

	raw string
}

// NewDate returns the day of t in t's own zone.
func NewDate(t time.Time) Date {
	y, m, d := t.Date()
	return Date{Time: time.Date(y, m, d, 0, 0, 0, 0, time.UTC)}
}

// IsZero reports whether d is the zero Date; see [Time.IsZero].
func (d Date) IsZero() bool { return d.raw == "" && d.Time.IsZero() }

// String returns the text that is sent.
func (d Date) String() string { return d.text() }

// MarshalJSON encodes d.
func (d Date) MarshalJSON() ([]byte, error) { return d.appendJSON(nil), nil }

// UnmarshalJSON decodes a JSON string, number or null.
func (d *Date) UnmarshalJSON(b []byte) error {
	parsed, err := parseWire(b, parseTime)
	if err != nil {
		return err
	}
	d.Time, d.raw = parsed, ""
	if string(d.appendJSON(make([]byte, 0, 32))) != string(b) {
		d.raw = string(b)
	}
	return nil
}

// MarshalText returns the text that is sent outside JSON.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.text()), nil }

// UnmarshalText decodes text as UnmarshalJSON decodes a string.
func (d *Date) UnmarshalText(b []byte) error {
	quoted, err := jsontext.AppendQuote(nil, b)
	if err != nil {
		return errNoTime
	}
	return d.UnmarshalJSON(quoted)
}

func (d Date) appendJSON(dst []byte) []byte {
	if d.raw != "" {
		if was, err := parseWire([]byte(d.raw), parseTime); err == nil && was.Equal(d.Time) {
			return append(dst, d.raw...)
		}
	}
	dst = append(dst, '"')
	return append(d.AppendFormat(dst, time.DateOnly), '"')
}

func (d Date) text() string { return plainText(d.appendJSON(nil)) }

// plainText is a JSON value as it is sent outside JSON.
func plainText(value []byte) string {
	if string(value) == "null" {
		return ""
	}
	text, _ := appendRaw(nil, value)
	return string(text)
}

var errNoTime = &timeError{}

type timeError struct{}

func (*timeError) Error() string { return "a time must be a JSON string or number" }

// parseWire gives the text of a JSON value to parse. Text that is no time is the
// zero time, not an error: one odd date must not cost the whole answer.
func parseWire(b []byte, parse func(string) (time.Time, bool)) (time.Time, error) {
	var text string
	switch RawJSON(b).Kind() {
	case 'n':
		return time.Time{}, nil
	case '0':
		text = string(b)
	case '"':
		if text = string(b[1 : len(b)-1]); strings.IndexByte(text, '\\') >= 0 {
			text = unquote(b)
		}
	default:
		return time.Time{}, errNoTime
	}
	t, _ := parse(text)
	return t, nil
}

// layouts are tried in order after RFC 3339; a fraction of a second is accepted
// by all of them.
var layouts = [...]string{
	"2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02 15:04:05Z07:00",
	"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 MST", "2006-01-02 15:04:05", time.DateOnly, time.RFC1123Z, time.RFC1123,
}

func parseTime(text string) (time.Time, bool) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, true
	}
	if t, ok := parseUnix(text); ok {
		return t, true
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, text); err == nil {
			return t, true
		}
	}
	return time.Time{}, false
}

// parseUnix reads seconds since 1970 with a fraction of up to nanoseconds.
func parseUnix(text string) (time.Time, bool) {
	if strings.ContainsAny(text, "eE") { // 1.7e9
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || !(math.Abs(f) <= maxUnix) {
			return time.Time{}, false
		}
		return time.Unix(int64(f), 0).UTC(), true
	}
	whole, fraction, _ := strings.Cut(text, ".")
	seconds, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || seconds > maxUnix || seconds < -maxUnix || strings.Trim(fraction, "0123456789") != "" {
		return time.Time{}, false
	}
	nanos, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
	if strings.HasPrefix(whole, "-") {
		nanos = -nanos
	}
	return time.Unix(seconds, nanos).UTC(), true
}

// maxUnix is in the year 9999, the last that RFC 3339 can write.
const maxUnix = 253_402_300_799
