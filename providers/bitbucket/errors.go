package bitbucket

import "encoding/json"

// Error is what an error answer of Bitbucket says. errors.As finds it behind the
// *api.Error of a failed call:
//
//	var be *bitbucket.Error
//	if errors.As(err, &be) { … be.Fields["name"] … }
//
// See https://developer.atlassian.com/cloud/bitbucket/rest/intro/#standardized-error-responses.
type Error struct {
	Message string              `json:"message"`
	Detail  string              `json:"detail"` // what to do about it
	Fields  map[string][]string `json:"fields"` // what is wrong, by field
	ID      string              `json:"id"`     // of a failure of Bitbucket's own, for its support
	Data    map[string]any      `json:"data"`   // more, which depends on the operation
}

// Error returns Bitbucket's message and its detail.
func (e *Error) Error() string {
	if e.Detail != "" {
		return e.Message + ": " + e.Detail
	}
	return e.Message
}

// UnmarshalJSON reads the answer's body, which holds the facts in a member "error".
func (e *Error) UnmarshalJSON(b []byte) error {
	type plain Error
	body := struct {
		Error *plain `json:"error"`
	}{(*plain)(e)}
	return json.Unmarshal(b, &body)
}

// MarshalJSON writes what UnmarshalJSON reads, for a stand-in of Bitbucket.
func (e Error) MarshalJSON() ([]byte, error) {
	type plain Error
	return json.Marshal(map[string]any{"type": "error", "error": plain(e)})
}
