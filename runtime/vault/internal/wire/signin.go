package wire

import (
	"fmt"
	"log/slog"

	"github.com/go-json-experiment/json/jsontext"
)

// MaxAuthWait is the longest that a vault holds a sign-in poll, in
// milliseconds; clients ask for 25 seconds at most.
const MaxAuthWait = 30000

// AuthSession is the 201 answer of POST /sdk/auth/session, whose body is {}.
// Token and URL let whoever has them finish the session.
type AuthSession struct {
	SessionToken string
	AuthURL      string
	ExpiresIn    int64 // seconds; may be negative
	ExpiresAt    string
}

// Format prints a fixed text for every verb.
func (s AuthSession) Format(w fmt.State, _ rune) { hide(w, "wire.AuthSession") }

// LogValue logs a fixed text.
func (s AuthSession) LogValue() slog.Value { return hidden("wire.AuthSession") }

// Marshal returns the answer.
func (s AuthSession) Marshal() []byte {
	var o object
	o.str("session_token", s.SessionToken)
	o.str("auth_url", s.AuthURL)
	o.num("expires_in", s.ExpiresIn)
	o.str("expires_at", s.ExpiresAt)
	return o.bytes()
}

// ParseAuthSession reads the answer; all members are strict.
func ParseAuthSession(body []byte) (AuthSession, error) {
	r := newReader("the sign-in session", body)
	s := AuthSession{
		SessionToken: r.text("session_token"), AuthURL: r.text("auth_url"), ExpiresIn: r.num("expires_in"), ExpiresAt: r.text("expires_at"),
	}
	return s, r.err()
}

// AuthPoll is the body of POST /sdk/auth/poll.
type AuthPoll struct {
	SessionToken string
	WaitMS       int64 // how long the vault may hold the answer; left out when 0
}

// Format prints a fixed text: the token is a secret.
func (r AuthPoll) Format(w fmt.State, _ rune) { hide(w, "wire.AuthPoll") }

// LogValue logs a fixed text.
func (r AuthPoll) LogValue() slog.Value { return hidden("wire.AuthPoll") }

// Marshal returns the body in the protocol's order.
func (r AuthPoll) Marshal() []byte {
	var o object
	o.str("session_token", r.SessionToken)
	if r.WaitMS > 0 {
		o.num("wait_ms", r.WaitMS)
	}
	return o.bytes()
}

// ParseAuthPoll reads the body on the vault's side; a wait above MaxAuthWait
// becomes that.
func ParseAuthPoll(body []byte) (AuthPoll, error) {
	r := newReader("", body)
	p := AuthPoll{SessionToken: r.text("session_token")}
	if n := r.optNum("wait_ms"); n != nil {
		r.check(*n >= 0, "wait_ms")
		p.WaitMS = min(*n, MaxAuthWait)
	}
	return p, r.requestErr()
}

// AuthState is the answer of POST /sdk/auth/poll. It holds a secret.
//
// A vault ends a session with status 200 and SessionExpired or SessionError, or
// with 404: clients take 409, 410, 429 and 5xx for passing faults.
type AuthState struct {
	Status    string
	UserToken string         // completed
	UserInfo  jsontext.Value // completed; an object, or nil
	Error     *SessionFault  // error; its members may be empty
}

// Format prints a fixed text for every verb.
func (s AuthState) Format(w fmt.State, _ rune) { hide(w, "wire.AuthState") }

// LogValue logs a fixed text.
func (s AuthState) LogValue() slog.Value { return hidden("wire.AuthState") }

// MarshalJSON writes a fixed text; Marshal is what makes the answer.
func (s AuthState) MarshalJSON() ([]byte, error) { return []byte(`"wire.AuthState(hidden)"`), nil }

// Marshal returns the answer with the members of its status.
func (s AuthState) Marshal() []byte {
	var o object
	o.str("status", s.Status)
	switch s.Status {
	case SessionCompleted:
		o.str("user_token", s.UserToken)
		o.optRaw("user_info", s.UserInfo)
	case SessionError:
		if s.Error != nil {
			o.optStr("error_message", s.Error.Message)
			o.optStr("error_code", s.Error.Code)
			o.optNum("retry_after_seconds", s.Error.RetryAfter)
		}
	}
	return o.bytes()
}

// ParseAuthState reads the answer. An unknown status is kept for the caller to
// refuse; so is an empty user_token.
func ParseAuthState(body []byte) (AuthState, error) {
	r := newReader("the sign-in session", body)
	s := AuthState{Status: r.text("status")}
	switch s.Status {
	case SessionCompleted:
		s.UserToken, s.UserInfo = r.optStr("user_token"), r.softObject("user_info")
	case SessionError:
		s.Error = &SessionFault{Code: r.softStr("error_code"), Message: r.softStr("error_message"), RetryAfter: r.seconds()}
	}
	return s, r.err()
}

// MarshalVerifyToken returns the body of POST /sdk/auth/verify-token.
func MarshalVerifyToken(token string) []byte {
	var o object
	o.str("token", token)
	return o.bytes()
}

// ParseVerifyToken reads the body on the vault's side.
func ParseVerifyToken(body []byte) (token string, err error) {
	r := newReader("", body)
	return r.text("token"), r.requestErr()
}

// MarshalVerified returns the answer of POST /sdk/auth/verify-token: the token's
// verified subject.
func MarshalVerified(sub string) []byte {
	var o object
	o.str("sub", sub)
	return o.bytes()
}

// ParseVerified reads the answer.
func ParseVerified(body []byte) (sub string, err error) {
	r := newReader("the user token", body)
	return r.text("sub"), r.err()
}
