package api

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// TransportError says that a call got no whole answer: the network failed, the
// context ended, or the transport refused. errors.Is and errors.As reach the
// cause; its URL is taken off, because the text of a URL holds argument values.
type TransportError struct {
	Provider  string
	Operation string
	Method    string
	Path      string // template, without values
	Attempts  int    // requests that were tried

	hidden *cause
	resume *resumption // the answer comes later
}

// cause keeps an error where no printed form of a struct shows its text.
type cause struct{ err error }

func (c *cause) get() error {
	if c == nil {
		return nil
	}
	return c.err
}

// Error returns "github: repos/get: GET /repos/{owner}/{repo}: " and the cause.
func (e *TransportError) Error() string {
	var b strings.Builder
	prefix(&b, e.Provider, e.Operation, e.Method, e.Path)
	return b.String() + faultText(e.hidden.get())
}

// Unwrap returns the cause.
func (e *TransportError) Unwrap() error { return e.hidden.get() }

// Format prints the text of Error for every verb.
func (e TransportError) Format(s fmt.State, verb rune) { formatText(s, verb, e.Error()) }

func (k *call) transportFault(err error) error {
	e := &TransportError{
		Provider: k.provider.Name, Operation: k.op.ID, Method: k.op.Method, Path: k.op.Path,
		Attempts: k.attempt, hidden: &cause{peel(err)},
	}
	if later, ok := errors.AsType[Later](err); ok && k.page == nil {
		e.resume = &resumption{k, later}
	}
	return e
}

// EncodeError says that the arguments of a call cannot be sent. Nothing was sent.
type EncodeError struct {
	Provider  string
	Operation string
	Field     string // "path owner", "query per_page", "body /labels/0"
	Reason    string // what is wrong and what to do, without the value

	hidden *cause
}

// Error returns "github: repos/get: path owner: is empty".
func (e *EncodeError) Error() string {
	var b strings.Builder
	prefix(&b, e.Provider, e.Operation, e.Field, "")
	return b.String() + e.Reason
}

// Unwrap returns the cause, if there is one.
func (e *EncodeError) Unwrap() error { return e.hidden.get() }

// Format prints the text of Error for every verb.
func (e EncodeError) Format(s fmt.State, verb rune) { formatText(s, verb, e.Error()) }

// DecodeError says that an answer is not what the operation promises.
type DecodeError struct {
	Provider    string
	Operation   string
	Status      int
	ContentType string // media type of the answer, when that is the fault
	Pointer     string // JSON pointer of the member at fault, "" = the whole body
	Reason      string // what is wrong, without text of the body

	cause error
}

// Error returns "slack: users/list: 200: /members/0/id: a JSON string does not fit int64".
func (e *DecodeError) Error() string {
	var b strings.Builder
	prefix(&b, e.Provider, e.Operation, strconv.Itoa(e.Status), "")
	prefix(&b, e.Pointer, "", "", "")
	return b.String() + e.Reason
}

// Unwrap returns io.ErrUnexpectedEOF for a body that ends too early, or nil: the
// decoder's own error may quote the body.
func (e *DecodeError) Unwrap() error { return e.cause }

// Format prints the text of Error for every verb.
func (e DecodeError) Format(s fmt.State, verb rune) { formatText(s, verb, e.Error()) }

// fieldError is a fault in one argument before it is known which call it is of.
type fieldError struct {
	field, reason string
	cause         error
}

func (e *fieldError) Error() string { return e.field + ": " + e.reason }
func (e *fieldError) Unwrap() error { return e.cause }

func (k *call) encodeFault(err error) error {
	fault := &EncodeError{Provider: k.provider.Name, Operation: k.op.ID}
	if f, ok := errors.AsType[*fieldError](err); ok {
		fault.Field, fault.Reason, fault.hidden = f.field, f.reason, &cause{f.cause}
		return fault
	}
	fault.Field = "body"
	if pointer := pointerOf(err); pointer != "" {
		fault.Field += " " + pointer
	}
	reason, inner := marshalReason(err)
	fault.Reason, fault.hidden = reason, &cause{inner}
	return fault
}

// marshalReason tells why a value has no JSON without quoting the value.
func marshalReason(err error) (string, error) {
	if u, ok := errors.AsType[*unionError](err); ok {
		return u.Error(), nil
	}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	for inner := semantic; ok; inner, ok = errors.AsType[*json.SemanticError](inner.Err) {
		semantic = inner
	}
	if syntactic, ok := errors.AsType[*jsontext.SyntacticError](err); ok && strings.Contains(syntactic.Error(), "UTF-8") {
		return "holds text that is not valid UTF-8", nil
	}
	if semantic != nil && semantic.GoType != nil {
		return fmt.Sprintf("a Go %s has no JSON form", semantic.GoType), semantic.Err
	}
	return fmt.Sprintf("cannot be encoded (%T)", err), nil
}

func (k *call) decodeFault(reason string) *DecodeError {
	return &DecodeError{Provider: k.provider.Name, Operation: k.op.ID, Status: k.status, Reason: reason}
}

// explain fills in where and why, from a decoder's error.
func (e *DecodeError) explain(err error) {
	e.Pointer = clean(pointerOf(err), 200)
	e.Reason = "the body is not valid JSON"
	if errors.Is(err, io.ErrUnexpectedEOF) {
		e.Reason, e.cause = "the body ends too early", io.ErrUnexpectedEOF
		return
	}
	semantic, ok := errors.AsType[*json.SemanticError](err)
	if !ok {
		return
	}
	for inner := semantic; ok; inner, ok = errors.AsType[*json.SemanticError](inner.Err) {
		semantic = inner
	}
	kind := kindName(semantic.JSONKind)
	if kind == "" || semantic.GoType == nil {
		e.Reason = "a value does not fit its type"
		return
	}
	e.Reason = fmt.Sprintf("a JSON %s does not fit %s", kind, semantic.GoType)
}

func kindName(k jsontext.Kind) string {
	switch k {
	case 'n':
		return "null"
	case 'f', 't':
		return "boolean"
	case '"':
		return "string"
	case '0':
		return "number"
	case '{', '}':
		return "object"
	case '[', ']':
		return "array"
	}
	return ""
}

// pointerOf joins the pointers of nested errors: a type that decodes its own
// JSON counts from its own root.
func pointerOf(err error) string {
	var pointer string
	for err != nil {
		var part jsontext.Pointer
		switch e := err.(type) { //nolint:errorlint // walks the chain itself
		case *json.SemanticError:
			part = e.JSONPointer
		case *jsontext.SyntacticError:
			part = e.JSONPointer
		}
		// go-json-experiment extends the pointer of some inner errors itself.
		if strings.HasPrefix(string(part), pointer) {
			pointer = string(part)
		} else {
			pointer += string(part)
		}
		err = errors.Unwrap(err)
	}
	return pointer
}
