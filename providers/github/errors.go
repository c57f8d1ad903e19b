package github

import (
	"encoding/json"
	"strings"
)

// Error is the body of GitHub's error answers. errors.As finds it behind the
// *api.Error of a failed call:
//
//	var gh *github.Error
//	if errors.As(err, &gh) && len(gh.Errors) > 0 { … }
//
// See https://docs.github.com/rest/using-the-rest-api/troubleshooting-the-rest-api.
type Error struct {
	Message          string        `json:"message"`
	DocumentationURL string        `json:"documentation_url"`
	Status           string        `json:"status"` // the HTTP status as text, where GitHub repeats it
	Errors           []ErrorDetail `json:"errors"` // what validation found, usually with status 422
}

// Error returns GitHub's message and the details of validation.
func (e *Error) Error() string {
	if len(e.Errors) == 0 {
		return e.Message
	}
	details := make([]string, len(e.Errors))
	for i, d := range e.Errors {
		details[i] = d.String()
	}
	return e.Message + " (" + strings.Join(details, "; ") + ")"
}

// ErrorDetail is one finding of GitHub's validation.
type ErrorDetail struct {
	Resource string `json:"resource"`
	Field    string `json:"field"`
	Code     string `json:"code"` // missing, missing_field, invalid, already_exists, unprocessable or custom
	Message  string `json:"message"`
}

// String returns the message, or resource, field and code where there is none.
func (d ErrorDetail) String() string {
	if d.Message != "" {
		return d.Message
	}
	var parts []string
	for _, p := range []string{d.Resource, d.Field, d.Code} {
		if p != "" {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, " ")
}

// UnmarshalJSON reads both forms that GitHub uses: an object, and a text alone.
func (d *ErrorDetail) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, &d.Message)
	}
	type plain ErrorDetail
	return json.Unmarshal(b, (*plain)(d))
}
