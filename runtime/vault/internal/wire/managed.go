package wire

import (
	"encoding/base64"
	"strings"
)

// PlaceholderHeader is the injection header of a credential that goes into the
// query only, and PlaceholderToken its token: the protocol knows no credential
// without a header. Who knows the name leaves the header out.
const (
	PlaceholderHeader = "X-Credential-In-Query"
	PlaceholderToken  = "yes"
)

// BasicSecret is what must stay hidden of a credential of HTTP's Basic scheme,
// whose token is in base64: the password, or the user name when the password is
// shorter than what is searched for. Some providers take their key as the user
// name, with nothing or a filler as the password. It is "" for any other
// credential.
func (c Credential) BasicSecret(shortest int) string {
	if !strings.HasPrefix(c.InjectionFormat, "Basic ") {
		return ""
	}
	raw, err := base64.StdEncoding.DecodeString(c.AccessToken)
	if err != nil {
		return ""
	}
	user, password, _ := strings.Cut(string(raw), ":")
	if len(password) < shortest {
		return user
	}
	return password
}

// MaxSecretSlug is the longest name of a managed secret.
const MaxSecretSlug = 50

// ValidSecretSlug reports whether s can be a managed secret's name in calls.
func ValidSecretSlug(s string) bool {
	return s != "" && len(s) <= MaxSecretSlug && onlyFrom(s, func(c byte) bool { return 'a' <= c && c <= 'z' || isDigit(c) || c == '-' })
}

// ValidTemplateSlug reports whether s can be a template's name, in any case.
func ValidTemplateSlug(s string) bool {
	return s != "" && onlyFrom(s, func(c byte) bool { return isAlnum(c) || c == '-' })
}
