package xero

import "strings"

// Error is the body of Xero's error answers. errors.As finds it behind the *api.Error
// of a failed call:
//
//	var xe *xero.Error
//	if errors.As(err, &xe) { … xe.ValidationErrors() … }
//
// See https://developer.xero.com/documentation/api/accounting/responsecodes.
type Error struct {
	// What is wrong with the request.
	Number   int       `json:"ErrorNumber"`
	Type     string    `json:"Type"` // such as ValidationException
	Message  string    `json:"Message"`
	Elements []Element `json:"Elements"` // what was sent, with what is wrong with it

	// What is wrong with the connection, in place of the above.
	Title    string `json:"Title"` // such as Unauthorized
	Status   int    `json:"Status"`
	Detail   string `json:"Detail"`   // such as TokenExpired: …
	Instance string `json:"Instance"` // tells this answer from all others
}

// Error returns Xero's message and what validation found.
func (e *Error) Error() string {
	text := e.Message
	if text == "" {
		text = strings.Trim(e.Title+": "+e.Detail, ": ")
	}
	if found := e.ValidationErrors(); len(found) > 0 {
		text += " (" + strings.Join(found, "; ") + ")"
	}
	return text
}

// ValidationErrors lists what validation found, of all elements.
func (e *Error) ValidationErrors() []string {
	var found []string
	for _, element := range e.Elements {
		for _, v := range element.ValidationErrors {
			if v.Message != nil {
				found = append(found, *v.Message)
			}
		}
	}
	return found
}
