package box

import "github.com/grantwire/grantwire/runtime/api"

// Error is the body of Box's error answers. errors.As finds it behind the
// *api.Error of a failed call:
//
//	var be *box.Error
//	if errors.As(err, &be) && be.Code == "item_name_in_use" { … be.ContextInfo … }
//
// See https://developer.box.com/guides/api-calls/permissions-and-errors/common-errors.
type Error struct {
	Status    int    `json:"status"`
	Code      string `json:"code"`
	Message   string `json:"message"`
	HelpURL   string `json:"help_url"`
	RequestID string `json:"request_id"`

	// ContextInfo says more where Box does: which parameters are at fault, or
	// which items conflict.
	ContextInfo api.RawJSON `json:"context_info"`

	// OAuthError and OAuthDescription come from the token endpoints.
	OAuthError       string `json:"error"`
	OAuthDescription string `json:"error_description"`
}

// Error returns Box's message and code.
func (e *Error) Error() string {
	message, code := e.Message, e.Code
	if message == "" {
		message = e.OAuthDescription
	}
	if code == "" {
		code = e.OAuthError
	}
	if message == "" || code == "" {
		return message + code
	}
	return message + " (" + code + ")"
}
