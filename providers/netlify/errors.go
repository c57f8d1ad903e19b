package netlify

import "strconv"

// Error is the body of Netlify's error answers. errors.As finds it behind the
// *api.Error of a failed call:
//
//	var ne *netlify.Error
//	if errors.As(err, &ne) { … ne.Message … }
//
// See the schema "error" of https://open-api.netlify.com.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// Error returns Netlify's message and code.
func (e *Error) Error() string {
	if e.Code == 0 {
		return e.Message
	}
	return e.Message + " (" + strconv.Itoa(e.Code) + ")"
}
