package wire

// ErrorBody is the body of an answer with a status of 400 and above.
type ErrorBody struct {
	Code    string // the member "error", or ""
	Message string // the member "message", or ""
	JSON    bool   // the body was JSON of some kind
	body    members
}

// ParseErrorBody reads an error answer. When the body wraps the error in an
// object named detail, that object is the error. A body that is no JSON object
// gives an empty ErrorBody.
func ParseErrorBody(body []byte) ErrorBody {
	m, err := parseObject(body)
	if err != nil {
		_, err := compact(body)
		return ErrorBody{JSON: err == nil && len(body) > 0}
	}
	if detail, ok := m.object("detail"); ok {
		m = detail
	}
	e := ErrorBody{JSON: true, body: m}
	e.Code, _ = m.str("error")
	e.Message, _ = m.str("message")
	return e
}

// Str returns a member that holds a string, otherwise "".
func (e ErrorBody) Str(name string) string {
	s, _ := e.body.str(name)
	return s
}

// Strings returns the strings of an array member and drops everything else.
func (e ErrorBody) Strings(name string) []string { return e.body.stringsOf(name) }

// Int returns a member that is written as an integer.
func (e ErrorBody) Int(name string) (int64, bool) { return e.body.integer(name) }

// Whole returns a member that is an integer or a float without a fraction.
func (e ErrorBody) Whole(name string) (int64, bool) { return wholeOf(e.body[name]) }

// True reports whether a member is literally true.
func (e ErrorBody) True(name string) bool { return e.body.isTrue(name) }

// Object returns a member that is an object; anything else is an empty one.
func (e ErrorBody) Object(name string) ErrorBody {
	m, _ := e.body.object(name)
	return ErrorBody{JSON: true, body: m}
}

// Objects returns the objects of an array member and drops everything else.
func (e ErrorBody) Objects(name string) []ErrorBody {
	out := []ErrorBody{}
	for _, v := range e.body.array(name) {
		if m, err := parseObject(v); err == nil {
			out = append(out, ErrorBody{JSON: true, body: m})
		}
	}
	return out
}

// MarshalError returns the body of an error answer with further string
// members.
func MarshalError(code, message string, extra ...Pair) []byte {
	var o object
	o.str("error", code)
	o.str("message", message)
	for _, p := range extra {
		o.str(p.Key, p.Value)
	}
	return o.bytes()
}
