package api

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// What an [*Error] can be asked with errors.Is.
var (
	ErrUnauthorized  = errors.New("unauthorized")  // 401 or a code that means it
	ErrForbidden     = errors.New("forbidden")     // 403, a rate limit told by 403 included
	ErrNotFound      = errors.New("not found")     // 404 or a code that means it
	ErrConflict      = errors.New("conflict")      // 409
	ErrGone          = errors.New("gone")          // 410
	ErrUnprocessable = errors.New("unprocessable") // 422
	ErrRateLimited   = errors.New("rate limited")  // 429; 403 with Retry-After or nothing remaining; a code that means it
	ErrServer        = errors.New("server error")  // 500 to 599
	ErrAccepted      = errors.New("accepted")      // 202 where the result comes later
	ErrNotModified   = errors.New("not modified")  // 304
)

// Error is an answer of the provider that is no success: a status outside 2xx, a
// success without the result (202), or a body that says "not ok". Its text and
// every formatted form hold the operation, the status and the provider's code
// and message; never argument values, headers or the body.
type Error struct {
	Provider   string // "github"
	Operation  string // "repos/get"
	Method     string
	Path       string // template, without values
	Status     int
	Code       string // the provider's code, or ""
	Message    string // the provider's message on one line, at most 500 bytes, or ""
	RequestID  string
	RateLimit  *RateLimit    // nil = the provider did not say
	RetryAfter time.Duration // of the Retry-After header, 0 = none
	Doc        string        // link to the operation's documentation, or ""
	Attempts   int           // requests that the call took

	// detail is a pointer so that printing an Error shows an address only.
	detail *errorDetail
}

// maxErrorBody is how much of an error's body is kept for Decode.
const maxErrorBody = 64 << 10

type errorDetail struct {
	header http.Header
	body   []byte
	cut    bool // the body was longer
	typed  error
	codes  *ErrorShape
}

// Error returns "github: repos/get: GET /repos/{owner}/{repo}: 404: Not Found (request ABC)".
func (e *Error) Error() string {
	var b strings.Builder
	prefix(&b, e.Provider, e.Operation, e.Method, e.Path)
	b.WriteString(strconv.Itoa(e.Status))
	switch {
	case e.Message != "" && e.Code != "":
		fmt.Fprintf(&b, ": %s (%s)", e.Message, e.Code)
	case e.Message != "" || e.Code != "":
		b.WriteString(": " + e.Message + e.Code)
	case http.StatusText(e.Status) != "":
		b.WriteString(": " + http.StatusText(e.Status))
	}
	if e.RequestID != "" {
		b.WriteString(" (request " + e.RequestID + ")")
	}
	return b.String()
}

// Unwrap returns the provider's own error ([Provider.NewError]) if the body could
// be decoded into it, or nil.
func (e *Error) Unwrap() error {
	if e.detail == nil {
		return nil
	}
	return e.detail.typed
}

// Is reports whether target is the sentinel of this package for the status or
// the provider's code.
func (e *Error) Is(target error) bool {
	var shape ErrorShape
	if e.detail != nil && e.detail.codes != nil {
		shape = *e.detail.codes
	}
	switch target {
	case ErrUnauthorized:
		return e.Status == http.StatusUnauthorized || slices.Contains(shape.Unauthorized, e.Code)
	case ErrForbidden:
		return e.Status == http.StatusForbidden
	case ErrNotFound:
		return e.Status == http.StatusNotFound || slices.Contains(shape.NotFound, e.Code)
	case ErrConflict:
		return e.Status == http.StatusConflict
	case ErrGone:
		return e.Status == http.StatusGone
	case ErrUnprocessable:
		return e.Status == http.StatusUnprocessableEntity
	case ErrRateLimited:
		return e.rateLimited()
	case ErrServer:
		return e.Status >= 500 && e.Status <= 599
	case ErrAccepted:
		// A body that says "not ok" is a refusal, also where 202 stands above it.
		return e.Status == http.StatusAccepted && (shape.OK == "" || !saysNo(e.detail.body, shape.OK))
	case ErrNotModified:
		return e.Status == http.StatusNotModified
	}
	return false
}

func (e *Error) rateLimited() bool {
	switch e.Status {
	case http.StatusTooManyRequests:
		return true
	case http.StatusForbidden:
		if e.RetryAfter > 0 || e.RateLimit != nil && e.RateLimit.Remaining == 0 {
			return true
		}
	}
	return e.detail != nil && e.detail.codes != nil && slices.Contains(e.detail.codes.RateLimited, e.Code)
}

// Decode decodes the body of the answer into v, leniently as results are. Of a
// body of more than 64 KiB the beginning only is kept, which is an error here.
func (e *Error) Decode(v any) error {
	fault := &DecodeError{Provider: e.Provider, Operation: e.Operation, Status: e.Status}
	switch {
	case e.detail == nil || len(e.detail.body) == 0:
		fault.Reason = "the answer has no body"
		return fault
	case e.detail.cut:
		fault.Reason = "the body is larger than 64 KiB"
		return fault
	}
	if err := decodeValue(e.detail.body, v); err != nil {
		fault.explain(err)
		return fault
	}
	return nil
}

// Header returns the response headers. They are not part of any text of e.
func (e *Error) Header() http.Header {
	if e.detail == nil {
		return nil
	}
	return e.detail.header
}

// Format prints the text of Error for every verb, also for an Error that is no
// pointer: fmt would show what is behind its fields.
func (e Error) Format(s fmt.State, verb rune) { formatText(s, verb, e.Error()) }

// MarshalJSON encodes the exported facts; RetryAfter in seconds.
func (e Error) MarshalJSON() ([]byte, error) {
	return marshalJSON(struct {
		Provider, Operation, Method, Path string
		Status                            int
		Code, Message, RequestID          string
		RateLimit                         *RateLimit
		RetryAfter                        float64
		Doc                               string
		Attempts                          int
	}{
		e.Provider, e.Operation, e.Method, e.Path, e.Status, clean(e.Code, 128), clean(e.Message, 500), e.RequestID,
		e.RateLimit, e.RetryAfter.Seconds(), e.Doc, e.Attempts,
	})
}

// fail makes the *Error of an answer. It reads what it keeps of the body, not more.
func (k *call) fail(resp *http.Response, body []byte, cut bool) *Error {
	shape := &k.provider.Errors
	now := time.Now()
	e := &Error{
		Provider: k.provider.Name, Operation: k.op.ID, Method: k.op.Method, Path: k.op.Path,
		Status: resp.StatusCode, RequestID: k.requestID(resp.Header), RateLimit: rateLimit(resp.Header, now),
		RetryAfter: retryAfter(resp.Header, now), Doc: k.op.Doc, Attempts: k.attempt,
		detail: &errorDetail{header: resp.Header, body: body, cut: cut, codes: shape},
	}
	if shape.Code != "" {
		e.Code = clean(firstText(body, shape.Code), 128)
	}
	if shape.Message != "" {
		e.Message = clean(firstText(body, shape.Message), 500)
	}
	if k.provider.NewError != nil && !cut && len(body) > 0 {
		if typed := k.provider.NewError(); typed != nil && decodeValue(body, typed) == nil {
			e.detail.typed = typed
		}
	}
	return e
}

// prefix writes what every error text of this package starts with.
func prefix(b *strings.Builder, provider, operation, method, path string) {
	for _, part := range []string{provider, operation, strings.TrimSpace(method + " " + path)} {
		if part != "" {
			b.WriteString(part + ": ")
		}
	}
}

// formatText prints text and nothing else, whatever the verb asks for.
func formatText(s fmt.State, verb rune, text string) {
	if verb == 'q' {
		text = strconv.Quote(text)
	}
	_, _ = s.Write([]byte(text))
}

// clean makes foreign text fit for one line of a log: valid UTF-8, no control
// characters, at most n bytes.
func clean(s string, n int) string {
	if len(s) > n {
		s = s[:n] // a rune cut in half is dropped below
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case r == utf8.RuneError || !unicode.IsPrint(r) && r != ' ':
			return -1
		}
		return r
	}, s))
}
