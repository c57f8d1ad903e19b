package console

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Text is shown on one line. It may hold anything: it is shown with [Visible],
// and cut.
type Text string

// Block is shown as it was written, over several lines; cut later than Text.
type Block string

// Whole is a Block that is cut where a page would become too large for a browser:
// what somebody decides about.
type Whole string

// Href is a link. Its parts are encoded by who makes it.
type Href string

// Class is a word of the style sheet.
type Class string

const (
	maxText  = 160     // characters
	maxBlock = 4 << 10 // bytes
	maxWhole = 1 << 20
)

// String is the text as it is shown.
func (t Text) String() string {
	s, end := string(t), 0
	for n := 0; n < maxText && end < len(s); n++ {
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
	}
	return strings.NewReplacer("\n", `\u000a`, "\t", `\u0009`).Replace(Visible(s[:end])) + cut(len(s)-end, " …")
}

// String is the text as it is shown.
func (b Block) String() string { return shown(string(b), maxBlock) }

// String is the text as it is shown.
func (w Whole) String() string { return shown(string(w), maxWhole) }

func shown(s string, limit int) string {
	end := min(len(s), limit)
	for end < len(s) && end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return Visible(s[:end]) + cut(len(s)-end, "\n…")
}

func cut(rest int, mark string) string {
	if rest == 0 {
		return ""
	}
	return mark + " (" + strconv.Itoa(rest) + " more bytes)"
}

// Visible spells out what a screen or terminal would hide or act upon: control
// characters but line ends and tabs, marks that change the direction of text,
// invisible characters, and bytes that are no text.
func Visible(s string) string {
	var b strings.Builder
	for s != "" {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r == '\n', r == '\t':
			b.WriteRune(r)
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		s = s[size:]
	}
	return b.String()
}

// when shows a time; the zero time as a dash.
func when(t time.Time) template.HTML {
	if t.IsZero() {
		return "–"
	}
	t = t.UTC()
	// Both parts are digits.
	return template.HTML(`<time datetime="` + t.Format(time.RFC3339Nano) + `">` + t.Format("2006-01-02 15:04:05") + `</time>`) //nolint:gosec // G203: made of a time alone
}

// Took shows a duration with three digits that mean something.
func Took(d time.Duration) Text {
	switch {
	case d < 0:
		return "–"
	case d == 0:
		return "0"
	case d < time.Millisecond:
		return Text(fmt.Sprintf("%d µs", d.Microseconds()))
	case d < time.Second:
		return Text(fmt.Sprintf("%.3g ms", float64(d)/float64(time.Millisecond)))
	case d < time.Minute:
		return Text(fmt.Sprintf("%.3g s", d.Seconds()))
	case d < time.Hour:
		return Text(fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60))
	case d < 48*time.Hour:
		return Text(fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60))
	}
	return Text(fmt.Sprintf("%d days", int(d.Hours()/24)))
}
