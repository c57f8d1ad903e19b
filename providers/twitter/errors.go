package twitter

import "strings"

// Error is the body of Twitter's error answers, a problem document. errors.As
// finds it behind the *api.Error of a failed call:
//
//	var te *twitter.Error
//	if errors.As(err, &te) && te.Title == "Unauthorized" { … }
//
// See https://developer.x.com/en/support/x-api/error-troubleshooting.
type Error struct {
	Title  string        `json:"title"`
	Detail string        `json:"detail"`
	Type   string        `json:"type"` // a URL that names the kind of problem
	Status int           `json:"status"`
	Errors []ErrorDetail `json:"errors"`
}

// ErrorDetail is one problem of a call.
type ErrorDetail struct {
	Title      string              `json:"title"`
	Detail     string              `json:"detail"`
	Message    string              `json:"message"`
	Parameters map[string][]string `json:"parameters"` // the parameters at fault with their values
}

// Error returns Twitter's title, detail and messages.
func (e *Error) Error() string {
	var texts []string
	for _, t := range []string{e.Title, e.Detail} {
		if t != "" {
			texts = append(texts, t)
		}
	}
	for _, d := range e.Errors {
		if text := d.Message + d.Detail; text != "" {
			texts = append(texts, text)
		}
	}
	return strings.Join(texts, ": ")
}
