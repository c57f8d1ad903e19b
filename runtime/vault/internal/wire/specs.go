package wire

import (
	"net/url"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// PathProviderSpecs is where a vault's descriptions of providers' APIs are.
const PathProviderSpecs = "/sdk/provider-specs"

// Limits of the questions about operations.
const (
	MaxSpecPage     = 500
	MaxSpecSearch   = 200 // characters
	MaxOperationID  = 512 // characters
	DefaultSpecPage = 100
)

// ProviderKinds are the kinds of providers that a vault has descriptions of.
func ProviderKinds() []string { return []string{"oauth", "managed"} }

// PathProviderSpec returns the path of one provider's description.
func PathProviderSpec(kind, providerID string) string {
	return PathProviderSpecs + "/" + escapeAll(kind) + "/" + escapeAll(providerID)
}

// ProviderSpecsQuery asks for one kind; "" asks for all.
func ProviderSpecsQuery(kind string) string {
	if kind == "" {
		return ""
	}
	return "?kind=" + url.QueryEscape(kind)
}

// SpecOperationsQuery is the query of a page of operations; an empty search is
// left out.
func SpecOperationsQuery(limit, offset int, search string) string {
	q := "?limit=" + strconv.Itoa(limit) + "&offset=" + strconv.Itoa(offset)
	if search != "" {
		q += "&search=" + url.QueryEscape(search)
	}
	return q
}

// SpecOperationQuery is the query of one operation.
func SpecOperationQuery(id string) string { return "?operation_id=" + url.QueryEscape(id) }

// ProviderSpec is what a vault knows of a provider's API as a whole.
type ProviderSpec struct {
	Kind, ProviderID     string
	Version              int64
	Provenance           string
	SourceURL            string // "" is null, as the next two
	ContentHash          string
	OperationCount       int64
	FetchedAt, ChangedAt time.Time
	Title, SpecVersion   string
}

// Marshal returns the answer about one provider.
func (s ProviderSpec) Marshal() []byte {
	var o object
	o.str("provider_kind", s.Kind)
	o.str("provider_id", s.ProviderID)
	o.num("version", s.Version)
	o.str("provenance", s.Provenance)
	o.orNull("source_url", s.SourceURL)
	o.str("content_hash", s.ContentHash)
	o.num("operation_count", s.OperationCount)
	o.time("fetched_at", s.FetchedAt)
	o.time("changed_at", s.ChangedAt)
	o.orNull("title", s.Title)
	o.orNull("spec_version", s.SpecVersion)
	return o.bytes()
}

const aboutSpec = "the provider's operations"

func readProviderSpec(r *reader) ProviderSpec {
	return ProviderSpec{
		Kind: r.text("provider_kind"), ProviderID: r.text("provider_id"), Version: r.num("version"), Provenance: r.text("provenance"),
		SourceURL: r.optStr("source_url"), ContentHash: r.text("content_hash"), OperationCount: r.num("operation_count"),
		FetchedAt: r.isoTime("fetched_at"), ChangedAt: r.isoTime("changed_at"), Title: r.optStr("title"), SpecVersion: r.optStr("spec_version"),
	}
}

// ParseProviderSpec reads it.
func ParseProviderSpec(body []byte) (ProviderSpec, error) {
	r := newReader(aboutSpec, body)
	return readProviderSpec(r), r.err()
}

// MarshalProviderSpecs returns the answer about all providers.
func MarshalProviderSpecs(list []ProviderSpec) []byte {
	var o object
	o.raw("items", arrayJSON(list, func(dst []byte, s ProviderSpec) []byte { return append(dst, s.Marshal()...) }))
	o.num("total", int64(len(list)))
	return o.bytes()
}

// ParseProviderSpecs reads it.
func ParseProviderSpecs(body []byte) ([]ProviderSpec, error) {
	r := newReader(aboutSpec, body)
	list := each(r, "items", readProviderSpec)
	r.num("total")
	return list, r.err()
}

// SpecOperation tells an operation.
type SpecOperation struct{ ID, Method, PathTemplate, Summary string }

func (s SpecOperation) write(o *object) {
	o.str("operation_id", s.ID)
	o.str("method", s.Method)
	o.str("path_template", s.PathTemplate)
	o.orNull("summary", s.Summary)
}

func readSpecOperation(r *reader) SpecOperation {
	return SpecOperation{r.text("operation_id"), r.text("method"), r.text("path_template"), r.optStr("summary")}
}

// SpecOperationsPage is a page of operations.
type SpecOperationsPage struct {
	Items []SpecOperation
	Page
	Spec ProviderSpec
}

// Marshal returns the answer.
func (p SpecOperationsPage) Marshal() []byte {
	var o object
	o.raw("items", arrayJSON(p.Items, func(dst []byte, s SpecOperation) []byte {
		var o object
		s.write(&o)
		return append(dst, o.bytes()...)
	}))
	p.write(&o)
	o.raw("spec", p.Spec.Marshal())
	return o.bytes()
}

// ParseSpecOperationsPage reads it.
func ParseSpecOperationsPage(body []byte) (SpecOperationsPage, error) {
	r := newReader(aboutSpec, body)
	p := SpecOperationsPage{Items: each(r, "items", readSpecOperation), Page: r.page()}
	p.Spec = r.spec()
	return p, r.err()
}

func (r *reader) spec() ProviderSpec {
	inner := r.sub("spec")
	if inner == nil {
		r.fail("spec")
		return ProviderSpec{}
	}
	s := readProviderSpec(inner)
	r.check(inner.bad == nil, "spec")
	return s
}

// SpecOperationDetail is everything about an operation. The schemas are JSON
// objects, nil when there is none.
type SpecOperationDetail struct {
	SpecOperation
	Params            []jsontext.Value // nil is null
	Request, Response jsontext.Value
	Spec              ProviderSpec
}

// Marshal returns the answer.
func (d SpecOperationDetail) Marshal() []byte {
	var o object
	d.write(&o)
	if d.Params == nil {
		o.raw("params_schema", nil)
	} else {
		o.raw("params_schema", arrayJSON(d.Params, func(dst []byte, p jsontext.Value) []byte { return append(dst, p...) }))
	}
	o.raw("request_schema", d.Request)
	o.raw("response_schema", d.Response)
	o.raw("spec", d.Spec.Marshal())
	return o.bytes()
}

// ParseSpecOperationDetail reads it.
func ParseSpecOperationDetail(body []byte) (SpecOperationDetail, error) {
	r := newReader(aboutSpec, body)
	d := SpecOperationDetail{
		SpecOperation: readSpecOperation(r), Request: r.optObject("request_schema"), Response: r.optObject("response_schema"), Spec: r.spec(),
	}
	if r.given("params_schema") {
		r.check(r.m["params_schema"].Kind() == '[', "params_schema")
		d.Params = []jsontext.Value{}
		for _, item := range r.m.array("params_schema") {
			v, err := compact(item)
			r.check(err == nil && item.Kind() == '{', "params_schema")
			d.Params = append(d.Params, v)
		}
	}
	return d, r.err()
}
