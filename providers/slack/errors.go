package slack

import "strings"

// Error is the body of Slack's error answers, which mostly come with HTTP status
// 200. errors.As finds it behind the *api.Error of a failed call:
//
//	var se *slack.Error
//	if errors.As(err, &se) && se.Code == slack.ErrorCodeMissingScope { … se.Needed … }
//
// See https://api.slack.com/web#slack-web-api__evaluating-responses.
type Error struct {
	Code     ErrorCode `json:"error"`
	Needed   string    `json:"needed"`   // the scopes that the call needs, with missing_scope
	Provided string    `json:"provided"` // the scopes that the token has, with missing_scope
	Warning  string    `json:"warning"`
	Metadata struct {
		Messages []string `json:"messages"`
	} `json:"response_metadata"`
}

// Error returns Slack's code, what scope is missing, and its messages.
func (e *Error) Error() string {
	text := string(e.Code)
	if e.Needed != "" {
		text += " (needs " + e.Needed + ", has " + e.Provided + ")"
	}
	if len(e.Metadata.Messages) > 0 {
		text += ": " + strings.Join(e.Metadata.Messages, "; ")
	}
	return text
}
