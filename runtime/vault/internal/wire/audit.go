package wire

import (
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// AuditReport is the body of POST /sdk/oauth/audit/api-call, with which a
// client tells how a provider call ended.
type AuditReport struct {
	GrantID         string
	ProviderID      string
	TokenGeneration string // "" is null
	Method          string
	URL             string
	RequestHeaders  []Pair
	RequestBody     jsontext.Value // nil is null
	ResponseStatus  int            // 0: no answer arrived
	ResponseHeaders []Pair         // nil is null
	ResponseBody    *string        // nil is null
	LatencyMS       int64
	Reason          *string
	Context         []Pair // nil is null
}

// Marshal returns the body with every member, in the protocol's order.
func (r AuditReport) Marshal() []byte {
	var o object
	o.str("grant_id", r.GrantID)
	o.str("provider_id", r.ProviderID)
	o.nullStr("token_generation", nilIfEmpty(r.TokenGeneration))
	o.str("method", r.Method)
	o.str("url", r.URL)
	o.raw("request_headers", pairsJSON(r.RequestHeaders))
	o.raw("request_body", r.RequestBody)
	o.num("response_status", int64(r.ResponseStatus))
	o.raw("response_headers", pairsJSON(r.ResponseHeaders))
	o.nullStr("response_body", r.ResponseBody)
	o.num("latency_ms", r.LatencyMS)
	o.nullStr("reason", r.Reason)
	o.raw("context", pairsJSON(r.Context))
	return o.bytes()
}

// ParseAuditReport reads the body on the vault's side. Absent members count as
// null, so that reports of older clients are taken too.
func ParseAuditReport(body []byte) (AuditReport, error) {
	m, err := parseObject(body)
	if err != nil {
		return AuditReport{}, ErrBodyNotObject
	}
	var r AuditReport
	status, ok := m.integer("response_status")
	latency, ok2 := m.integer("latency_ms")
	if !ok || !ok2 || status < 0 || status > 999 || latency < 0 ||
		!m.need("grant_id", &r.GrantID) || !m.optional("provider_id", &r.ProviderID) ||
		!m.optional("token_generation", &r.TokenGeneration) ||
		!m.need("method", &r.Method) || !m.need("url", &r.URL) || !m.reason(&r.Reason) {
		return AuditReport{}, ErrBodyField
	}
	r.ResponseStatus, r.LatencyMS = int(status), latency
	if v, ok := m["request_body"]; ok && v.Kind() != 'n' {
		if r.RequestBody, err = compact(v); err != nil {
			return AuditReport{}, ErrBodyField
		}
	}
	if v, ok := m["response_body"]; ok && v.Kind() != 'n' {
		s, ok := stringOf(v)
		if !ok {
			return AuditReport{}, ErrBodyField
		}
		r.ResponseBody = &s
	}
	for name, dst := range map[string]*[]Pair{
		"request_headers": &r.RequestHeaders, "response_headers": &r.ResponseHeaders, "context": &r.Context,
	} {
		if v, ok := m[name]; ok && v.Kind() != 'n' {
			if *dst, err = parsePairs(v); err != nil {
				return AuditReport{}, ErrBodyField
			}
		}
	}
	return r, nil
}

// AuditHeaders returns the headers that a report holds: repeated ones joined,
// the listed credential headers and those named in drop left out. The result
// is sorted and never nil. lower makes the names lower-case, as responses have
// them.
func AuditHeaders(h http.Header, lower bool, drop ...string) []Pair {
	kept := make(map[string]string, len(h))
	for name, values := range h {
		if AuditStripped(name) || containsFold(drop, name) {
			continue
		}
		if lower {
			name = strings.ToLower(name)
		}
		kept[name] = strings.Join(values, ", ")
	}
	return SortedPairs(kept)
}

func containsFold(list []string, name string) bool {
	for _, s := range list {
		if strings.EqualFold(s, name) {
			return true
		}
	}
	return false
}

// ScopeMismatch is the body of the report that a provider refused a call
// because the credential lacks scopes.
type ScopeMismatch struct {
	ProviderStatus  int
	ProviderError   string
	MissingScopes   []string // nil is null; at most 50, each cut at 256 characters
	WWWAuthenticate string   // cut at 4096
	Endpoint        string   // cut at 2048
	DetectionSource string
	CorrelationID   string
}

// Marshal returns the body in the protocol's order, with the cuts made.
func (r ScopeMismatch) Marshal() []byte {
	var o object
	o.num("provider_status_code", int64(r.ProviderStatus))
	o.str("provider_error_code", r.ProviderError)
	if r.MissingScopes == nil {
		o.raw("missing_scopes", nil)
	} else {
		scopes := r.MissingScopes[:min(len(r.MissingScopes), 50)]
		o.raw("missing_scopes", arrayJSON(scopes, func(dst []byte, s string) []byte { return appendString(dst, Cut(s, 256)) }))
	}
	o.str("raw_www_authenticate", Cut(r.WWWAuthenticate, 4096))
	o.str("api_endpoint", Cut(r.Endpoint, 2048))
	o.str("detection_source", r.DetectionSource)
	o.str("sdk_correlation_id", r.CorrelationID)
	return o.bytes()
}

// Cut returns the first n characters of s.
func Cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n])
}

// ParseScopeMismatch reads what the vault needs of the report.
func ParseScopeMismatch(body []byte) (ScopeMismatch, error) {
	r := newReader("", body)
	m := ScopeMismatch{ProviderStatus: int(r.num("provider_status_code")), ProviderError: r.optStr("provider_error_code")}
	return m, r.requestErr()
}
