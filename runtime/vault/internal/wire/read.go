package wire

import (
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// AnswerError says which member of a vault's answer broke its rule; it never
// holds the value.
type AnswerError struct {
	What   string // "the agent", "the grant list", …
	Member string // "" when the answer is no JSON object
}

func (e *AnswerError) Error() string {
	if e.Member == "" {
		return "the vault's answer about " + e.What + " is not a JSON object"
	}
	return "the vault's answer about " + e.What + " has a missing or invalid member " + e.Member
}

// reader reads the members of one JSON object and remembers the first that
// breaks its rule, so that a model is read in one go and checked once.
//
// The readers of answers follow the official client's rules, which tell three
// strengths apart: a plain member refuses a wrong type; an opt member may be
// absent or null; a soft member turns anything wrong into its zero value.
type reader struct {
	m    members
	what string
	bad  *AnswerError
}

func newReader(what string, body []byte) *reader {
	m, err := parseObject(body)
	r := &reader{m: m, what: what}
	if err != nil {
		r.bad = &AnswerError{What: what}
	}
	return r
}

func (r *reader) fail(name string) {
	if r.bad == nil {
		r.bad = &AnswerError{r.what, name}
	}
}

func (r *reader) check(ok bool, name string) {
	if !ok {
		r.fail(name)
	}
}

// err is the outcome for whoever reads an answer.
func (r *reader) err() error {
	if r.bad == nil {
		return nil
	}
	return r.bad
}

// requestErr is the outcome for whoever reads a request.
func (r *reader) requestErr() error {
	switch {
	case r.bad == nil:
		return nil
	case r.bad.Member == "":
		return ErrBodyNotObject
	}
	return &BodyError{r.bad.Member}
}

// BodyError says which member of a request's body broke its rule. errors.Is
// tells that it is an [ErrBodyField].
type BodyError struct{ Member string }

func (e *BodyError) Error() string { return "the body's member " + e.Member + " is missing or invalid" }

// Is makes a BodyError an ErrBodyField.
func (e *BodyError) Is(target error) bool { return target == ErrBodyField }

func (r *reader) has(name string) bool { _, ok := r.m[name]; return ok }

// given reports whether a member is there and not null.
func (r *reader) given(name string) bool { return r.has(name) && !r.m.isNull(name) }

func (r *reader) str(name string) string {
	s, ok := r.m.str(name)
	r.check(ok, name)
	return s
}

// text is a string that must not be empty.
func (r *reader) text(name string) string {
	s := r.str(name)
	r.check(s != "", name)
	return s
}

// optStr gives "" for an absent member and for null.
func (r *reader) optStr(name string) string {
	if !r.given(name) {
		return ""
	}
	return r.str(name)
}

func (r *reader) softStr(name string) string {
	s, _ := r.m.str(name)
	return s
}

func (r *reader) uuid(name string) string {
	s := r.str(name)
	r.check(IsUUID(s), name)
	return s
}

func (r *reader) optUUID(name string) string {
	if !r.given(name) {
		return ""
	}
	return r.uuid(name)
}

func (r *reader) oneOf(name string, allowed ...string) string {
	s := r.str(name)
	r.check(slices.Contains(allowed, s), name)
	return s
}

func (r *reader) num(name string) int64 {
	n, ok := r.m.integer(name)
	r.check(ok, name)
	return n
}

func (r *reader) optNum(name string) *int64 {
	if !r.given(name) {
		return nil
	}
	n := r.num(name)
	return &n
}

func (r *reader) flag(name string) bool {
	v := r.m[name].Kind()
	r.check(v == 't' || v == 'f', name)
	return v == 't'
}

// flagOr gives def for an absent member; null is refused.
func (r *reader) flagOr(name string, def bool) bool {
	if !r.has(name) {
		return def
	}
	return r.flag(name)
}

func (r *reader) optFlag(name string) *bool {
	if !r.given(name) {
		return nil
	}
	b := r.flag(name)
	return &b
}

func (r *reader) time(name string) time.Time {
	t, err := time.Parse(time.RFC3339, r.str(name))
	r.check(err == nil, name)
	return t
}

func (r *reader) optTime(name string) *time.Time {
	if !r.given(name) {
		return nil
	}
	t := r.time(name)
	return &t
}

// list is an array of strings that must be there.
func (r *reader) list(name string) []string {
	if r.m[name].Kind() != '[' {
		r.fail(name)
		return nil
	}
	items := r.m.array(name)
	out := make([]string, 0, len(items))
	for _, v := range items {
		s, ok := stringOf(v)
		r.check(ok, name)
		out = append(out, s)
	}
	return out
}

// listOr gives nil for an absent member; null is refused.
func (r *reader) listOr(name string) []string {
	if !r.has(name) {
		return nil
	}
	return r.list(name)
}

// optList gives nil for an absent member and for null.
func (r *reader) optList(name string) []string {
	if !r.given(name) {
		return nil
	}
	return r.list(name)
}

// softList drops what is no string, and anything that is no array.
func (r *reader) softList(name string) []string {
	if r.m[name].Kind() != '[' {
		return nil
	}
	return r.m.stringsOf(name)
}

// object is a JSON object as it was written, compact; nil for an absent member
// and for null.
func (r *reader) optObject(name string) jsontext.Value {
	if !r.given(name) {
		return nil
	}
	v, err := compact(r.m[name])
	r.check(err == nil && jsontext.Value(v).Kind() == '{', name)
	return v
}

func (r *reader) softObject(name string) jsontext.Value {
	if r.m[name].Kind() != '{' {
		return nil
	}
	v, err := compact(r.m[name])
	if err != nil {
		return nil
	}
	return v
}

// scopeMap is an object of string arrays; nil for an absent member and null.
func (r *reader) scopeMap(name string) map[string][]string {
	if !r.given(name) {
		return nil
	}
	m, ok := r.m.object(name)
	r.check(ok, name)
	out := make(map[string][]string, len(m))
	inner := reader{m: m, what: r.what}
	for key := range m {
		out[key] = inner.list(key)
	}
	r.check(inner.bad == nil, name)
	return out
}

// each reads the objects of an array that must be there.
func each[T any](r *reader, name string, read func(*reader) T) []T {
	if r.m[name].Kind() != '[' {
		r.fail(name)
		return nil
	}
	items := r.m.array(name)
	out := make([]T, 0, len(items))
	for _, item := range items {
		sub := newReader(r.what, item)
		out = append(out, read(sub))
		r.check(sub.bad == nil, name)
	}
	return out
}

// sub reads an object member; nil for an absent member and for null.
func (r *reader) sub(name string) *reader {
	if !r.given(name) {
		return nil
	}
	m, ok := r.m.object(name)
	r.check(ok, name)
	return &reader{m: m, what: r.what}
}
