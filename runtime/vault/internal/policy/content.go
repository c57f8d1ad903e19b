package policy

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// Content is what content rules match: the operation and its parameters.
type Content struct {
	Provider  string
	Operation string // the operation's ID
	Families  []rule.Family
	// Param returns a parameter by the name that rules use.
	Param func(name string) Value
}

// Value is a parameter as rules see it: a set of texts, empty when the call does
// not have it.
type Value struct {
	Items []string
	// Times holds the stretch of time, for the name "event_time".
	Times *TimeRange
	// Unreadable: the call has the parameter, but not in a form that can be
	// compared. A rule that asks for it refuses.
	Unreadable bool
}

// TimeRange is a stretch of time, the end excluded.
type TimeRange struct{ From, To time.Time }

// verdict of one condition.
type verdict uint8

const (
	no verdict = iota
	yes
	unclear
)

func judgeContent(c *Call, r *rule.ContentMatch) finding {
	switch {
	case c.Raw:
		return finding{ProxyOnly, "a content rule applies, and the token itself is asked for"}
	case c.Content == nil:
		return finding{Broken, "a content rule applies, and the vault does not know the operation"}
	case !covers(r, c.Content):
		return finding{}
	}
	for i := range r.Params {
		switch judgeParam(&r.Params[i], c.Content.Param(r.Params[i].Name)) {
		case no:
			return finding{}
		case unclear:
			return finding{Broken, "a parameter that the rule asks for cannot be read"}
		}
	}
	switch r.Effect {
	case rule.Redact:
		return finding{Redact, "the rule strips members of the request"}
	case rule.StepUp:
		if age := c.Time.Sub(c.SignedIn); !c.SignedIn.IsZero() && age >= 0 && age <= r.MaxSessionAge {
			return finding{}
		}
		return finding{StepUp, "the rule asks for a recent sign-in"}
	}
	return finding{Deny, "the operation and its parameters fit what the rule refuses"}
}

// covers reports whether the rule is for the operation: by its ID, its ID after
// the provider and a slash or dot, or a family.
func covers(r *rule.ContentMatch, c *Content) bool {
	for _, want := range r.Operations {
		if want == c.Operation || want == c.Provider+"/"+c.Operation || want == c.Provider+"."+c.Operation {
			return true
		}
	}
	return slices.ContainsFunc(r.Families, func(f rule.Family) bool { return slices.Contains(c.Families, f) })
}

func judgeParam(p *rule.Param, v Value) verdict {
	if v.Unreadable {
		return unclear
	}
	switch p.Op {
	case rule.OpEquals:
		return judgeEquals(p, v)
	case rule.OpAnyIn:
		return verdictOf(slices.ContainsFunc(v.Items, func(s string) bool { return fitsAny(p.Patterns, s) }))
	case rule.OpNotSubsetOf:
		return verdictOf(slices.ContainsFunc(v.Items, func(s string) bool { return !fitsAny(p.Patterns, s) }))
	case rule.OpOutsideWindows:
		return judgeWindows(p, v)
	}
	return judgeOrder(p, v)
}

func verdictOf(b bool) verdict {
	if b {
		return yes
	}
	return no
}

// judgeEquals: a set equals a scalar only when it has exactly that member.
func judgeEquals(p *rule.Param, v Value) verdict {
	if len(v.Items) != 1 {
		return no
	}
	if p.Text != nil {
		return verdictOf(fold(v.Items[0]) == fold(*p.Text))
	}
	n, err := strconv.ParseFloat(strings.TrimSpace(v.Items[0]), 64)
	return verdictOf(err == nil && n == *p.Number)
}

// judgeOrder compares numbers. Several values of one parameter are compared one
// by one: which of them the provider takes is not known.
func judgeOrder(p *rule.Param, v Value) verdict {
	for _, s := range v.Items {
		n, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
		if err != nil || n != n {
			return unclear
		}
		var hit bool
		switch p.Op {
		case rule.OpGreater:
			hit = n > *p.Number
		case rule.OpGreaterEqual:
			hit = n >= *p.Number
		case rule.OpLess:
			hit = n < *p.Number
		case rule.OpLessEqual:
			hit = n <= *p.Number
		default:
			return unclear
		}
		if hit {
			return yes
		}
	}
	return no
}

func fold(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

func fitsAny(patterns []string, s string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return glob(fold(p), fold(s)) })
}

// glob matches a pattern in which "*" stands for any text, in time that grows
// with the product of the lengths at most.
func glob(pattern, s string) bool {
	head, rest, more := strings.Cut(pattern, "*")
	if !more {
		return pattern == s
	}
	if s, more = strings.CutPrefix(s, head); !more {
		return false
	}
	for {
		part, next, more := strings.Cut(rest, "*")
		if !more {
			return strings.HasSuffix(s, part)
		}
		i := strings.Index(s, part)
		if i < 0 {
			return false
		}
		s, rest = s[i+len(part):], next
	}
}

// maxEvent is the longest event that is compared with windows day by day; a
// longer one is outside.
const maxEvent = 60 * 24 * time.Hour

// judgeWindows holds when the time is not wholly within the windows.
func judgeWindows(p *rule.Param, v Value) verdict {
	switch {
	case v.Times == nil && len(v.Items) == 0:
		return no
	case v.Times == nil || v.Times.To.Before(v.Times.From):
		return unclear
	}
	zone, err := rule.Location(p.Timezone)
	if err != nil {
		return unclear
	}
	from, to := v.Times.From.In(zone), v.Times.To.In(zone)
	if to.Sub(from) > maxEvent {
		return yes
	}
	return verdictOf(!covered(from, to, openings(p.Windows, from, to)))
}

// openings returns the windows between the day before from and the day of to,
// in order of their start.
func openings(windows []rule.Window, from, to time.Time) []TimeRange {
	var all []TimeRange
	y, m, d := from.Date()
	zone := from.Location()
	for day := time.Date(y, m, d-1, 12, 0, 0, 0, zone); day.Before(to.Add(12 * time.Hour)); {
		y, m, d := day.Date()
		for _, w := range windows {
			if !slices.ContainsFunc(w.Days, func(name string) bool { wd, _ := rule.Weekday(name); return wd == day.Weekday() }) {
				continue
			}
			start, _ := rule.MinuteOfDay(w.Start)
			end, _ := rule.MinuteOfDay(w.End)
			last := d
			if end < start {
				last++
			}
			all = append(all, TimeRange{clock(y, m, d, start, -1, zone), clock(y, m, last, end, 1, zone)})
		}
		day = time.Date(y, m, d+1, 12, 0, 0, 0, zone)
	}
	slices.SortFunc(all, func(a, b TimeRange) int { return a.From.Compare(b.From) })
	return all
}

// clock returns the instant when a clock shows a minute of a day. Where the clock
// is set back it shows it twice: side -1 takes the first time, 1 the last.
func clock(y int, m time.Month, d, minute, side int, zone *time.Location) time.Time {
	t := time.Date(y, m, d, 0, minute, 0, 0, zone)
	for _, shift := range []time.Duration{30 * time.Minute, time.Hour} {
		other := t.Add(time.Duration(side) * shift)
		if other.Format(time.DateTime) == t.Format(time.DateTime) {
			return other
		}
	}
	return t
}

// covered reports whether the ranges cover from..to without a gap. An instant
// must be within one.
func covered(from, to time.Time, ranges []TimeRange) bool {
	at := from
	for _, r := range ranges {
		if r.From.After(at) {
			break
		}
		if from.Equal(to) && from.Before(r.To) {
			return true
		}
		if r.To.After(at) {
			at = r.To
		}
		if !from.Equal(to) && !at.Before(to) {
			return true
		}
	}
	return false
}
