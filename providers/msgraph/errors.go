package msgraph

// Error is the body of Microsoft Graph's error answers. errors.As finds it behind
// the *api.Error of a failed call, whichever of the packages below made it:
//
//	var ge *msgraph.Error
//	if errors.As(err, &ge) && ge.Inner.Code == "ErrorItemNotFound" { … ge.Inner.Trace.RequestID … }
//
// See https://learn.microsoft.com/graph/errors.
type Error struct {
	Inner ErrorBody `json:"error"`
}

// ErrorBody is the member that holds everything.
type ErrorBody struct {
	Code    string        `json:"code"`
	Message string        `json:"message"`
	Target  string        `json:"target"`
	Details []ErrorDetail `json:"details"`
	Trace   ErrorTrace    `json:"innerError"`
}

// ErrorDetail is one of several reasons.
type ErrorDetail struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Target  string `json:"target"`
}

// ErrorTrace is what Microsoft's support asks for.
type ErrorTrace struct {
	Code            string `json:"code"` // more specific than the one of the body, or ""
	RequestID       string `json:"request-id"`
	ClientRequestID string `json:"client-request-id"`
	Date            string `json:"date"` // UTC without a zone
}

// Error returns Graph's code and message.
func (e *Error) Error() string {
	text := e.Inner.Code
	if e.Inner.Trace.Code != "" {
		text += " (" + e.Inner.Trace.Code + ")"
	}
	if e.Inner.Message != "" {
		text += ": " + e.Inner.Message
	}
	return text
}
