package figma

// Error is the body of Figma's error answers. errors.As finds it behind the
// *api.Error of a failed call:
//
//	var fe *figma.Error
//	if errors.As(err, &fe) && fe.Status == 403 { … }
//
// See https://developers.figma.com/docs/rest-api/errors/.
type Error struct {
	Status  int    `json:"status"`  // the HTTP status
	Err     string `json:"err"`     // the message, from one half of the API
	Message string `json:"message"` // the message, from the other half
}

// Error returns Figma's message.
func (e *Error) Error() string {
	if e.Err != "" {
		return e.Err
	}
	return e.Message
}
