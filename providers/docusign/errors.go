package docusign

// Error is the body of DocuSign's error answers. errors.As finds it behind the
// *api.Error of a failed call:
//
//	var de *docusign.Error
//	if errors.As(err, &de) && de.Code == "ENVELOPE_DOES_NOT_EXIST" { … }
//
// See https://developers.docusign.com/docs/esign-rest-api/esign101/error-codes.
type Error struct {
	Code    string `json:"errorCode"`
	Message string `json:"message"`
}

// Error returns DocuSign's message and code.
func (e *Error) Error() string {
	if e.Message == "" || e.Code == "" {
		return e.Message + e.Code
	}
	return e.Message + " (" + e.Code + ")"
}
