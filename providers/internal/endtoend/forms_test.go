package endtoend_test

import (
	"bytes"
	stdjson "encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
)

// oddToken is spelled differently by every encoder.
const oddToken = `test-secret-A+b/c=d<e&f>g'h"i\j%k~l`

// everyForm prints a value in all ways in which programs print values.
func everyForm(v any) map[string]string {
	out := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out[verb] = fmt.Sprintf(verb+" "+verb, v, struct{ V any }{v})
	}
	for name, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"slog text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
		"slog JSON": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
	} {
		var b bytes.Buffer
		slog.New(handler(&b)).Info("m", "v", v, "group", slog.GroupValue(slog.Any("v", v)))
		out[name] = b.String()
	}
	std, err1 := stdjson.Marshal(v)
	experimental, err2 := json.Marshal(v)
	out["encoding/json"], out["json experiment"] = fmt.Sprint(string(std), err1), fmt.Sprint(string(experimental), err2)
	return out
}

// collect adds every form of a value, and of every error behind an error.
func collect(what string, v any, add func(what, text string)) {
	for form, text := range everyForm(v) {
		add(what+" ("+form+")", text)
	}
	if e, ok := v.(error); ok {
		add(what+" (Error)", e.Error())
	}
	switch e := v.(type) {
	case interface{ Unwrap() error }:
		if inner := e.Unwrap(); inner != nil {
			collect(fmt.Sprintf("%s > %T", what, inner), inner, add)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			collect(fmt.Sprintf("%s > %T", what, inner), inner, add)
		}
	}
}

// hunt looks for secrets in everything that programs could print.
type hunt struct {
	fail    func(format string, args ...any)
	secrets map[string][]needle
	seen    map[string]bool // texts that were looked at
	found   int
}

func newHunt(t testing.TB, secrets map[string]string) *hunt {
	t.Helper()
	h := &hunt{fail: t.Errorf, secrets: map[string][]needle{}, seen: map[string]bool{}}
	for name, s := range secrets {
		if len(s) < 8 {
			t.Fatalf("the secret %s is too short to be looked for", name)
		}
		h.secrets[name] = needlesOf(s)
	}
	return h
}

// text looks at text. The first findings are enough to see what is wrong.
func (h *hunt) text(what, text string) {
	if h.seen[text] {
		return
	}
	h.seen[text] = true
	lower := strings.ToLower(text)
	for name, needles := range h.secrets {
		if where := findIn(needles, text, lower); where != "" {
			if h.found++; h.found <= 3 {
				h.fail("%s holds the %s: %s", what, name, where)
			}
		}
	}
}

// value looks at every form of a value.
func (h *hunt) value(what string, v any) { collect(what, v, h.text) }

// TestHuntFinds proves that the hunt fails on a planted secret, behind any layer
// that it claims to look through.
func TestHuntFinds(t *testing.T) {
	t.Parallel()
	inner := fmt.Errorf("inner %s", plainToken)
	for name, v := range map[string]any{
		"error": inner, "wrapped": hiding{inner}, "joined": hidingManyError{[]error{hiding{inner}}}, "field": struct{ S string }{plainToken},
		"pointer": &struct{ S string }{plainToken}, "map": map[string][]string{"X": {plainToken}}, "bytes": []byte(plainToken),
		"stringer": slog.StringValue(plainToken),
	} {
		h, failures := newHunt(t, map[string]string{"token": plainToken}), 0
		h.fail = func(string, ...any) { failures++ }
		if h.value(name, v); failures == 0 {
			t.Errorf("%s: nothing was found", name)
		}
	}
}

type hiding struct{ err error }

func (hiding) Error() string                { return "hidden" }
func (h hiding) Unwrap() error              { return h.err }
func (hiding) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte("hidden")) }
func (hiding) LogValue() slog.Value         { return slog.StringValue("hidden") }
func (hiding) MarshalJSON() ([]byte, error) { return []byte(`"hidden"`), nil }

type hidingManyError struct{ errs []error }

func (hidingManyError) Error() string                { return "hidden" }
func (h hidingManyError) Unwrap() []error            { return h.errs }
func (hidingManyError) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte("hidden")) }
func (hidingManyError) LogValue() slog.Value         { return slog.StringValue("hidden") }
func (hidingManyError) MarshalJSON() ([]byte, error) { return []byte(`"hidden"`), nil }
