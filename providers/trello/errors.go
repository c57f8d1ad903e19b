package trello

// Error is the body of those of Trello's error answers that are JSON; many are
// plain text, which the *api.Error of the call has as its message. errors.As finds
// it:
//
//	var te *trello.Error
//	if errors.As(err, &te) { … te.Code … }
//
// See https://developer.atlassian.com/cloud/trello/guides/rest-api/rate-limits/.
type Error struct {
	Message string `json:"message"`
	Code    string `json:"error"`
}

// Error returns Trello's message and code.
func (e *Error) Error() string {
	if e.Message == "" || e.Code == "" {
		return e.Message + e.Code
	}
	return e.Message + " (" + e.Code + ")"
}
