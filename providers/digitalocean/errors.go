package digitalocean

// Error is the body of DigitalOcean's error answers. errors.As finds it behind the
// *api.Error of a failed call:
//
//	var de *digitalocean.Error
//	if errors.As(err, &de) && de.ID == "unprocessable_entity" { … }
//
// See https://docs.digitalocean.com/reference/api/intro.
type Error struct {
	ID        string `json:"id"`
	Message   string `json:"message"`
	RequestID string `json:"request_id"`
}

// Error returns DigitalOcean's message and ID.
func (e *Error) Error() string {
	if e.Message == "" || e.ID == "" {
		return e.Message + e.ID
	}
	return e.Message + " (" + e.ID + ")"
}
