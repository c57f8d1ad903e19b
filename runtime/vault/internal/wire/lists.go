package wire

import "strings"

// forbiddenInjection are headers that a token answer must not ask the client
// to set: they steer the connection, not the provider.
var forbiddenInjection = newSet(`host content-length content-type transfer-encoding connection keep-alive upgrade
	proxy-authenticate proxy-authorization te trailer cookie set-cookie x-forwarded-for x-forwarded-host
	x-forwarded-proto x-real-ip x-http-method-override x-method-override www-authenticate
	strict-transport-security content-security-policy`)

// forbiddenProxy are headers that a proxied request must not carry.
var forbiddenProxy = newSet(`host authorization proxy-authorization authentication cookie set-cookie x-api-key
	x-auth-token x-amz-security-token x-amz-date x-amz-content-sha256 x-goog-authorization
	x-goog-iam-authorization-token x-stripe-account x-shopify-access-token x-http-method
	x-http-method-override x-method-override`)

// auditStripped are headers that never appear in an audit report.
var auditStripped = newSet(`authorization cookie set-cookie x-api-key x-auth-token x-amz-date
	x-amz-content-sha256 x-amz-security-token`)

// ForbiddenInjection reports whether a header, in any case, must not be
// injected.
func ForbiddenInjection(header string) bool { return forbiddenInjection.has(header) }

// ForbiddenProxyHeader reports whether a proxied request must not carry a
// header; case and surrounding space do not matter.
func ForbiddenProxyHeader(header string) bool { return forbiddenProxy.has(header) }

// AuditStripped reports whether a header is left out of audit reports.
func AuditStripped(header string) bool { return auditStripped.has(header) }

// IsToken reports whether s is a token of RFC 9110, as a header name must be.
func IsToken(s string) bool {
	return s != "" && onlyFrom(s, func(c byte) bool { return isAlnum(c) || strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0 })
}

type set map[string]struct{}

func newSet(words string) set {
	s := set{}
	for w := range strings.FieldsSeq(words) {
		s[w] = struct{}{}
	}
	return s
}

func (s set) has(name string) bool {
	_, ok := s[strings.ToLower(strings.TrimSpace(name))]
	return ok
}
