package spotify

// Error is the body of Spotify's error answers. errors.As finds it behind the
// *api.Error of a failed call:
//
//	var se *spotify.Error
//	if errors.As(err, &se) { … se.Detail.Message … }
//
// See https://developer.spotify.com/documentation/web-api/concepts/api-calls.
type Error struct {
	Detail ErrorDetail `json:"error"`
}

// ErrorDetail says what is wrong; Status repeats the status of the answer.
type ErrorDetail struct {
	Status  int    `json:"status"`
	Message string `json:"message"`
}

// Error returns Spotify's message.
func (e *Error) Error() string { return e.Detail.Message }
