package square

import "strings"

// Error is the body of Square's error answers. errors.As finds it behind the
// *api.Error of a failed call:
//
//	var se *square.Error
//	if errors.As(err, &se) && se.Errors[0].Code == "CARD_DECLINED" { … }
//
// See https://developer.squareup.com/docs/build-basics/handling-errors.
type Error struct {
	Errors []ErrorDetail `json:"errors"`
}

// ErrorDetail is one problem of a call. Category sorts it ("PAYMENT_METHOD_ERROR"),
// Code names it, Field is the member of the request at fault.
type ErrorDetail struct {
	Category string `json:"category"`
	Code     string `json:"code"`
	Detail   string `json:"detail"`
	Field    string `json:"field"`
}

// Error returns Square's details and codes.
func (e *Error) Error() string {
	var texts []string
	for _, d := range e.Errors {
		text := d.Code
		if d.Detail != "" {
			text = d.Detail + " (" + d.Code + ")"
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "; ")
}
