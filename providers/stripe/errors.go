package stripe

// Error is the body of Stripe's error answers. errors.As finds it behind the
// *api.Error of a failed call:
//
//	var se *stripe.Error
//	if errors.As(err, &se) && se.Detail.DeclineCode != "" { … }
//
// See https://docs.stripe.com/api/errors.
type Error struct {
	Detail ErrorDetail `json:"error"`
}

// ErrorDetail says what went wrong. All but Type may be empty.
type ErrorDetail struct {
	Type        string `json:"type"` // api_error, card_error, idempotency_error or invalid_request_error
	Code        string `json:"code"`
	DeclineCode string `json:"decline_code"` // the card issuer's reason
	Message     string `json:"message"`
	Param       string `json:"param"`  // the parameter at fault
	Charge      string `json:"charge"` // ID of the charge that failed
	DocURL      string `json:"doc_url"`
}

// Error returns Stripe's message, or its code or type where there is none.
func (e *Error) Error() string {
	switch {
	case e.Detail.Message != "":
		return e.Detail.Message
	case e.Detail.Code != "":
		return e.Detail.Code
	}
	return e.Detail.Type
}
