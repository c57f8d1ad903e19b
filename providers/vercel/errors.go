package vercel

// Error is the body of Vercel's error answers. errors.As finds it behind the
// *api.Error of a failed call:
//
//	var ve *vercel.Error
//	if errors.As(err, &ve) && ve.Detail.Code == "forbidden" { … }
//
// See https://vercel.com/docs/rest-api/errors.
type Error struct {
	Detail ErrorDetail `json:"error"`
}

// ErrorDetail says what is wrong.
type ErrorDetail struct {
	Code    string     `json:"code"`
	Message string     `json:"message"`
	Limit   *RateLimit `json:"limit"` // of a call that came too early, code "rate_limited"
}

// RateLimit tells when calls are let through again.
type RateLimit struct {
	Total     int   `json:"total"`
	Remaining int   `json:"remaining"`
	Reset     int64 `json:"reset"` // Unix time in seconds
}

// Error returns Vercel's message and code.
func (e *Error) Error() string {
	if e.Detail.Message == "" || e.Detail.Code == "" {
		return e.Detail.Message + e.Detail.Code
	}
	return e.Detail.Message + " (" + e.Detail.Code + ")"
}
