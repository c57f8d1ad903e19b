package twilio

import "strconv"

// Error is the body of Twilio's error answers. errors.As finds it behind the
// *api.Error of a failed call:
//
//	var te *twilio.Error
//	if errors.As(err, &te) && te.Code == 21211 { … te.MoreInfo … }
//
// See https://www.twilio.com/docs/usage/twilios-response and, for the codes,
// https://www.twilio.com/docs/api/errors.
type Error struct {
	Code     int    `json:"code"`
	Message  string `json:"message"`
	MoreInfo string `json:"more_info"` // link to the code's page
	Status   int    `json:"status"`
}

// Error returns Twilio's message and code.
func (e *Error) Error() string {
	if e.Code == 0 {
		return e.Message
	}
	return e.Message + " (" + strconv.Itoa(e.Code) + ")"
}
