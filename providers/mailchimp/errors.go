package mailchimp

import "strings"

// Error is the body of Mailchimp's error answers, a problem document. errors.As
// finds it behind the *api.Error of a failed call:
//
//	var me *mailchimp.Error
//	if errors.As(err, &me) && me.Title == "Member Exists" { … }
//
// See https://mailchimp.com/developer/marketing/docs/errors.
type Error struct {
	Type     string       `json:"type"`
	Title    string       `json:"title"`
	Status   int          `json:"status"`
	Detail   string       `json:"detail"`
	Instance string       `json:"instance"` // tells this answer from all others, for the support
	Errors   []FieldError `json:"errors"`
}

// FieldError is a member of the request at fault.
type FieldError struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error returns Mailchimp's title and detail, and the members at fault.
func (e *Error) Error() string {
	texts := []string{e.Title, e.Detail}
	for _, f := range e.Errors {
		texts = append(texts, strings.TrimPrefix(f.Field+": "+f.Message, ": "))
	}
	return strings.Join(texts, ": ")
}
