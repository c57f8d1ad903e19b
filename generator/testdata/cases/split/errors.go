package split

// Error is the body of error answers.
type Error struct {
	Inner struct {
		Code string `json:"code"`
	} `json:"error"`
}

func (e *Error) Error() string { return e.Inner.Code }
