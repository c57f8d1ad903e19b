package zoom

import "strings"

// Error is the body of Zoom's error answers. errors.As finds it behind the *api.Error
// of a failed call:
//
//	var ze *zoom.Error
//	if errors.As(err, &ze) && ze.Code == 3001 { … } // the meeting does not exist
//
// See https://developers.zoom.us/docs/api/errors/.
type Error struct {
	Code    int           `json:"code"`
	Message string        `json:"message"`
	Errors  []ErrorDetail `json:"errors"` // what validation found
}

// ErrorDetail is one finding of Zoom's validation.
type ErrorDetail struct {
	Field   string `json:"field"`
	Message string `json:"message"`
}

// Error returns Zoom's message and what validation found.
func (e *Error) Error() string {
	if len(e.Errors) == 0 {
		return e.Message
	}
	found := make([]string, len(e.Errors))
	for i, d := range e.Errors {
		found[i] = strings.TrimPrefix(d.Field+": "+d.Message, ": ")
	}
	return e.Message + " (" + strings.Join(found, "; ") + ")"
}
