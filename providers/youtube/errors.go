package youtube

import (
	"encoding/json"
	"errors"
)

// Error is what an error answer of Google says. errors.As finds it behind the
// *api.Error of a failed call:
//
//	var ge *youtube.Error
//	if errors.As(err, &ge) && ge.Reason() == "videoNotFound" { … }
//
// See https://developers.google.com/youtube/v3/docs/errors.
type Error struct {
	Code    int           `json:"code"` // the HTTP status
	Message string        `json:"message"`
	Status  string        `json:"status"`  // the canonical code, such as PERMISSION_DENIED, where Google gives one
	Errors  []ErrorDetail `json:"errors"`  // the older form: each reason, and what it is about
	Details []ErrorInfo   `json:"details"` // the newer form
}

// ErrorDetail is one reason in the older form.
type ErrorDetail struct {
	Domain       string `json:"domain"` // what the reason belongs to: global, usageLimits, the API's name
	Reason       string `json:"reason"` // such as notFound
	Message      string `json:"message"`
	LocationType string `json:"locationType"` // parameter or header
	Location     string `json:"location"`     // its name
}

// ErrorInfo is one reason in the newer form. Details of other types than
// google.rpc.ErrorInfo have a Type only; (*api.Error).Decode reads the rest of them.
type ErrorInfo struct {
	Type     string            `json:"@type"`
	Reason   string            `json:"reason"` // such as RATE_LIMIT_EXCEEDED
	Domain   string            `json:"domain"`
	Metadata map[string]string `json:"metadata"`
}

// Error returns Google's message, and the reason where there is one.
func (e *Error) Error() string {
	if reason := e.Reason(); reason != "" {
		return e.Message + " (" + reason + ")"
	}
	return e.Message
}

// Reason returns the first reason in either form, or Status where there is none.
func (e *Error) Reason() string {
	for _, d := range e.Errors {
		if d.Reason != "" {
			return d.Reason
		}
	}
	for _, d := range e.Details {
		if d.Reason != "" {
			return d.Reason
		}
	}
	return e.Status
}

// UnmarshalJSON reads the answer's body, which holds the facts in a member "error".
func (e *Error) UnmarshalJSON(b []byte) error {
	type plain Error
	var body struct {
		Error *plain `json:"error"`
	}
	if err := json.Unmarshal(b, &body); err != nil {
		return err
	}
	if body.Error == nil {
		return errors.New("the answer holds no error of Google's")
	}
	*e = Error(*body.Error)
	return nil
}

// MarshalJSON writes what UnmarshalJSON reads, for a stand-in of Google.
func (e Error) MarshalJSON() ([]byte, error) {
	type plain Error
	return json.Marshal(map[string]plain{"error": plain(e)})
}
