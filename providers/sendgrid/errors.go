package sendgrid

import (
	"strings"

	"github.com/grantwire/grantwire/runtime/api"
)

// Error is the body of SendGrid's error answers. errors.As finds it behind the
// *api.Error of a failed call:
//
//	var se *sendgrid.Error
//	if errors.As(err, &se) { … se.Errors[0].Field … }
//
// See https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors.
type Error struct {
	ID     string        `json:"id"`
	Errors []ErrorDetail `json:"errors"`
}

// ErrorDetail is one problem of a call.
type ErrorDetail struct {
	Message string      `json:"message"`
	Field   string      `json:"field"` // the member at fault, "" where it is none
	Help    api.RawJSON `json:"help"`  // a link or an object, where SendGrid sends one
	ErrorID string      `json:"error_id"`
}

// Error returns SendGrid's messages, each with its member.
func (e *Error) Error() string {
	var texts []string
	for _, d := range e.Errors {
		text := d.Message
		if d.Field != "" {
			text += " (" + d.Field + ")"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}
