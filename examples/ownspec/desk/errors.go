package desk

import "errors"

// Error is the body of an answer that is no success. errors.As finds it behind the
// *api.Error of a failed call.
type Error struct {
	Code    ProblemCode `json:"code"`
	Message string      `json:"message"`
	Field   string      `json:"field"` // the member that the desk objects to
}

// Error returns the desk's own words.
func (e *Error) Error() string {
	if e.Field != "" {
		return e.Field + ": " + e.Message
	}
	return e.Message
}

// IsInvalid says whether the desk objects to what was sent.
func IsInvalid(err error) bool {
	e, ok := errors.AsType[*Error](err)
	return ok && e.Code == ProblemCodeInvalid
}
