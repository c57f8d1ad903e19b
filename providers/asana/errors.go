package asana

import "strings"

// Error is the body of Asana's error answers. errors.As finds it behind the
// *api.Error of a failed call:
//
//	var ae *asana.Error
//	if errors.As(err, &ae) { … ae.Errors[0].Phrase … }
//
// See https://developers.asana.com/docs/errors.
type Error struct {
	Errors []ErrorDetail `json:"errors"`
}

// ErrorDetail is one problem of a call. Phrase is set for statuses from 500 on: it
// lets Asana's support find the call.
type ErrorDetail struct {
	Message string `json:"message"`
	Help    string `json:"help"`
	Phrase  string `json:"phrase"`
}

// Error returns Asana's messages.
func (e *Error) Error() string {
	var texts []string
	for _, d := range e.Errors {
		texts = append(texts, d.Message)
	}
	return strings.Join(texts, "; ")
}
