package vault

import (
	"net/http"
	"strings"
)

// droppedHeaders never go to a provider: they are credentials, which the vault
// supplies, facts for the vault, or belong to the connection. Accept-Encoding
// is among them because a body in an unknown coding cannot be searched for the
// credential; net/http asks for gzip by itself and decodes it.
var droppedHeaders = headerSet(`Authorization Proxy-Authorization Authentication Cookie X-Api-Key X-Auth-Token
	X-Amz-Security-Token X-Amz-Date X-Amz-Content-Sha256 X-Goog-Authorization X-Goog-Iam-Authorization-Token
	X-Shopify-Access-Token Traceparent Tracestate Baggage
	Host Connection Proxy-Connection Keep-Alive Te Upgrade Transfer-Encoding Content-Length Accept-Encoding`)

// refusedHeaders would make the provider do something else than the vault
// decided about.
var refusedHeaders = headerSet(`X-Http-Method X-Http-Method-Override X-Method-Override`)

func headerSet(names string) map[string]bool {
	set := map[string]bool{}
	for name := range strings.FieldsSeq(names) {
		set[name] = true
	}
	return set
}

// stripHeaders takes out of h what must not leave, in any spelling.
func stripHeaders(h http.Header) *Error {
	for name := range h {
		canonical := http.CanonicalHeaderKey(name)
		switch {
		case refusedHeaders[canonical]:
			return invalid("header", canonical+" overrides the method that the vault decides about")
		case droppedHeaders[canonical], strings.HasPrefix(canonical, "X-Alter-"):
			delete(h, name)
		}
	}
	return nil
}

// setHeader sets a header and removes every other spelling of it, so that a
// credential is never sent beside another one.
func setHeader(h http.Header, name, value string) {
	removeHeader(h, name)
	h.Set(name, value)
}

func removeHeader(h http.Header, name string) {
	for other := range h {
		if strings.EqualFold(other, name) {
			delete(h, other)
		}
	}
}
