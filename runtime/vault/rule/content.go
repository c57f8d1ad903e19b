package rule

import (
	"fmt"
	"math"
	"time"
)

// Family is a kind of operation.
type Family string

// The families.
const (
	FamilySend    Family = "send" // messages to people
	FamilyRead    Family = "read"
	FamilyWrite   Family = "write"
	FamilyDelete  Family = "delete"
	FamilyAdmin   Family = "admin"   // members, roles, keys, settings
	FamilyPayment Family = "payment" // money moves
)

// Effect is what a [ContentMatch] does to a call that it matches.
type Effect string

// The effects.
const (
	Deny   Effect = "deny"
	Redact Effect = "redact"  // the call goes out without some members
	StepUp Effect = "step_up" // the user must have signed in lately
)

// ContentMatch matches calls by their operation and its parameters. It needs
// proxy mode, as only there the vault sees the request, and an operation that
// the vault knows: while a content rule applies, every other call is refused.
type ContentMatch struct {
	// Operations are operation IDs as the provider's document spells them
	// ("gmail.users.messages.send"), Families kinds of operations. A call has to
	// match one entry of either; both together hold 1 to 100.
	Operations []string
	Families   []Family
	// Params must all hold; at most 20. None is every call of the operations.
	Params []Param
	Effect Effect // "" is [Deny]
	// RedactFields are the members that leave the request, 1 to 50; only and
	// always with [Redact].
	RedactFields []string
	// MaxSessionAge is the age of the sign-in, 1 s to 24 h; only and always with
	// [StepUp].
	MaxSessionAge time.Duration
}

// Op compares a parameter.
type Op string

// The comparisons. Text is compared without regard to case and outer blanks.
const (
	OpEquals         Op = "equals"
	OpAnyIn          Op = "any_in"        // a member fits a pattern
	OpNotSubsetOf    Op = "not_subset_of" // a member fits no pattern
	OpGreater        Op = "gt"
	OpGreaterEqual   Op = "gte"
	OpLess           Op = "lt"
	OpLessEqual      Op = "lte"
	OpOutsideWindows Op = "outside_windows"
)

// Param is a condition on one parameter of the operation: a query, path or form
// parameter, or a member of the body by dotted path. Two names stand for what
// providers spell differently: "recipients" (who gets a message) and
// "event_time" (from when to when an event lasts).
//
// The comparison uses Text or Number for [OpEquals], Number for the four
// orderings, Patterns ("*" stands for any text) for the two set comparisons,
// Windows and Timezone for [OpOutsideWindows].
type Param struct {
	Name     string
	Op       Op
	Text     *string
	Number   *float64
	Patterns []string
	Windows  []Window
	Timezone string // IANA name
}

// Window is a stretch of time on some days of the week. An End before Start is
// on the next day.
type Window struct {
	Days  []string `json:"days"`  // mon tue wed thu fri sat sun
	Start string   `json:"start"` // 00:00 to 23:59
	End   string   `json:"end"`   // the same, or 24:00
}

// Equals holds for a parameter with this text.
func Equals(name, text string) Param { return Param{Name: name, Op: OpEquals, Text: &text} }

// Compare holds for a number: op is [OpEquals] or one of the four orderings.
func Compare(name string, op Op, number float64) Param {
	return Param{Name: name, Op: op, Number: &number}
}

// AnyIn holds when a member of the parameter fits one of the patterns.
func AnyIn(name string, patterns ...string) Param {
	return Param{Name: name, Op: OpAnyIn, Patterns: patterns}
}

// NotSubsetOf holds when a member of the parameter fits none of the patterns.
func NotSubsetOf(name string, patterns ...string) Param {
	return Param{Name: name, Op: OpNotSubsetOf, Patterns: patterns}
}

// OutsideWindows holds when the time is not wholly within the windows.
func OutsideWindows(name, timezone string, windows ...Window) Param {
	return Param{Name: name, Op: OpOutsideWindows, Windows: windows, Timezone: timezone}
}

// Kind returns [KindContentMatch].
func (*ContentMatch) Kind() Kind { return KindContentMatch }

// Check applies the limits that the fields state.
func (r *ContentMatch) Check() error {
	wrong := func(field, problem string) error { return &Error{KindContentMatch, field, problem} }
	if n := len(r.Operations) + len(r.Families); n < 1 || n > 100 {
		return wrong("match", "does not have 1 to 100 operations and families together")
	}
	if err := checkTexts(KindContentMatch, "match.operations", r.Operations, 0, 100, 255); err != nil {
		return err
	}
	for i, f := range r.Families {
		switch f {
		case FamilySend, FamilyRead, FamilyWrite, FamilyDelete, FamilyAdmin, FamilyPayment:
		default:
			return wrong(fmt.Sprintf("match.families[%d]", i), "is no family")
		}
	}
	if len(r.Params) > 20 {
		return wrong("params", "has more than 20 conditions")
	}
	for i := range r.Params {
		if err := r.Params[i].check(fmt.Sprintf("params[%d]", i)); err != nil {
			return err
		}
	}
	return r.checkEffect(wrong)
}

func (r *ContentMatch) checkEffect(wrong func(field, problem string) error) error {
	switch r.Effect {
	case "", Deny:
	case Redact:
		if err := checkTexts(KindContentMatch, "redact.fields", r.RedactFields, 1, 50, 120); err != nil {
			return err
		}
	case StepUp:
		if r.MaxSessionAge < time.Second || r.MaxSessionAge > 24*time.Hour || !wholeSeconds(r.MaxSessionAge) {
			return wrong("step_up.max_session_age_seconds", "is not 1 to 86400 whole seconds")
		}
	default:
		return wrong("effect", "is none of deny, redact, step_up")
	}
	if r.RedactFields != nil && r.Effect != Redact {
		return wrong("redact", "goes with the effect redact only")
	}
	if r.MaxSessionAge != 0 && r.Effect != StepUp {
		return wrong("step_up", "goes with the effect step_up only")
	}
	return nil
}

func (p *Param) check(at string) error {
	wrong := func(problem string) error { return &Error{KindContentMatch, at, problem} }
	if err := checkTexts(KindContentMatch, at+".name", []string{p.Name}, 1, 1, 120); err != nil {
		return err
	}
	if p.Number != nil && (math.IsNaN(*p.Number) || math.IsInf(*p.Number, 0)) {
		return wrong("has a number that is not finite")
	}
	text, number, patterns, windows := p.Text != nil, p.Number != nil, p.Patterns != nil, p.Windows != nil || p.Timezone != ""
	switch p.Op {
	case OpEquals:
		if text == number || patterns || windows {
			return wrong("needs either a text or a number to equal")
		}
	case OpGreater, OpGreaterEqual, OpLess, OpLessEqual:
		if !number || text || patterns || windows {
			return wrong("needs a number to compare with, and nothing else")
		}
	case OpAnyIn, OpNotSubsetOf:
		if text || number || windows {
			return wrong("needs patterns, and nothing else")
		}
		return checkTexts(KindContentMatch, at+".value", p.Patterns, 1, 200, maxValueLen)
	case OpOutsideWindows:
		if text || number || patterns {
			return wrong("needs windows and a time zone, and nothing else")
		}
		return p.checkWindows(at)
	default:
		return wrong("has no known op")
	}
	return nil
}

func (p *Param) checkWindows(at string) error {
	if len(p.Windows) < 1 || len(p.Windows) > 20 {
		return &Error{KindContentMatch, at + ".value.windows", "does not have 1 to 20 windows"}
	}
	if _, err := Location(p.Timezone); err != nil || p.Timezone == "" {
		return &Error{KindContentMatch, at + ".value.timezone", "is no IANA time zone"}
	}
	for i, w := range p.Windows {
		if problem := w.check(); problem != "" {
			return &Error{KindContentMatch, fmt.Sprintf("%s.value.windows[%d]", at, i), problem}
		}
	}
	return nil
}

func (w Window) check() string {
	if len(w.Days) == 0 {
		return "has no days"
	}
	seen := map[string]bool{}
	for _, d := range w.Days {
		if _, ok := Weekday(d); !ok || seen[d] {
			return "has days that are not distinct ones of mon tue wed thu fri sat sun"
		}
		seen[d] = true
	}
	start, ok1 := MinuteOfDay(w.Start)
	end, ok2 := MinuteOfDay(w.End)
	switch {
	case !ok1 || start == 24*60:
		return "has a start that is not 00:00 to 23:59"
	case !ok2:
		return "has an end that is not 00:00 to 24:00"
	case start == end:
		return "starts when it ends"
	}
	return ""
}

// Weekday returns the day of a name like "mon".
func Weekday(name string) (time.Weekday, bool) {
	for i, s := range [...]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"} {
		if s == name {
			return time.Weekday(i), true
		}
	}
	return 0, false
}

// MinuteOfDay returns the minutes of a time like "09:30"; "24:00" is 1440.
func MinuteOfDay(s string) (int, bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	for _, i := range []int{0, 1, 3, 4} {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
	}
	h, m := int(s[0]-'0')*10+int(s[1]-'0'), int(s[3]-'0')*10+int(s[4]-'0')
	return h*60 + m, m < 60 && (h < 24 || h == 24 && m == 0)
}
