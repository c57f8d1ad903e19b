package wiretest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/grantwire/grantwire/runtime/api"
)

// harnessClient is a client for testdata/harness.json, written by hand. Each
// of its mistakes can be switched on.
type harnessClient struct {
	Things *things
	Root   *root
}

type mistakes struct {
	dropQuery, dropHeader, dropMember, dropItem     bool
	extraQuery, extraHeader, extraMember, extraBody bool
	slashKept, slashEscaped, plusForSpace, comma    bool
	number, exponent, null, swapped, twice, noType  bool
	wrongType, method, base, credential, duplicate  bool
	formKey                                         bool
	stays, otherPage, pageHeader                    bool
}

func newHarnessClient(m mistakes) func(*http.Client) any {
	return func(hc *http.Client) any {
		return &harnessClient{Things: &things{hc: hc, m: m}, Root: &root{hc, m}}
	}
}

type things struct {
	hc   *http.Client
	m    mistakes
	next string // from the last answer
}

type root struct {
	hc *http.Client
	m  mistakes
}

type getParams struct {
	Page *int64   `query:"page"`
	Sort string   `query:"sort"`
	Tag  []string `query:"tag"`
	IDs  []int64  `query:"ids,comma"`
	Mark string   `header:"X-Mark"`
}

type thing struct {
	Name   string           `json:"name"`
	ID     *int64           `json:"id,omitempty"`
	On     *bool            `json:"on,omitempty"`
	Note   *json.RawMessage `json:"note,omitempty"`
	Digest *string          `json:"digest,omitempty"`
	Tree   *tree            `json:"tree,omitempty"`
	Rule   json.RawMessage  `json:"rule,omitempty"`
	Extra  string           `json:"extra,omitempty"`
}

// UnmarshalJSON keeps the difference between null and absent.
func (t *thing) UnmarshalJSON(b []byte) error {
	type plain thing
	if err := json.Unmarshal(b, (*plain)(t)); err != nil {
		return err
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return err
	}
	if note, ok := members["note"]; ok {
		t.Note = &note
	}
	return nil
}

type tree struct {
	Label    *string `json:"label,omitempty"`
	Children *[]tree `json:"children,omitempty"`
}

type formBody struct {
	Channel string   `json:"channel"`
	Limit   *int64   `json:"limit,omitempty"`
	Ts      *float64 `json:"ts,omitempty"`
}

func (s *things) target(owner, path string) string {
	if s.m.swapped {
		owner, path = path, owner
	}
	kept := strings.ReplaceAll(url.PathEscape(path), "%2F", "/")
	if s.m.slashEscaped {
		kept = url.PathEscape(path)
	}
	owner = url.PathEscape(owner)
	if s.m.slashKept {
		owner = strings.ReplaceAll(owner, "%2F", "/")
	}
	if s.m.plusForSpace {
		kept = strings.ReplaceAll(kept, "%20", "+")
	}
	base := "https://harness.example/v1"
	if s.m.base {
		base = "https://elsewhere.example/v1"
	}
	return base + "/things/" + owner + "/files/" + kept
}

// Get is the wire form of things/get, with room for mistakes.
func (s *things) Get(ctx context.Context, owner, path string, params *getParams, _ ...api.CallOption) (any, error) {
	q := url.Values{}
	if params.Page != nil {
		q.Set("page", strconv.FormatInt(*params.Page, 10))
	}
	if params.Sort != "" && !s.m.dropQuery {
		q.Set("sort", params.Sort)
	}
	tags := params.Tag
	if s.m.dropItem && len(tags) > 0 {
		tags = tags[1:]
	}
	if s.m.comma && len(tags) > 0 {
		tags = []string{strings.Join(tags, ",")}
	}
	q["tag"] = tags
	ids := make([]string, 0, len(params.IDs))
	for _, id := range params.IDs {
		ids = append(ids, strconv.FormatInt(id, 10))
	}
	if len(ids) > 0 {
		q.Set("ids", strings.Join(ids, ","))
	}
	if s.m.extraQuery {
		q.Set("per_page", "100")
	}
	u := s.target(owner, path)
	if query := q.Encode(); query != "" {
		u += "?" + query
	}
	method := http.MethodGet
	if s.m.method {
		method = http.MethodPost
	}
	h := http.Header{}
	if params.Mark != "" && !s.m.dropHeader {
		h.Set("X-Mark", params.Mark)
	}
	if s.m.extraHeader {
		h.Set("Traceparent", "00")
	}
	if s.m.twice {
		if _, err := send(ctx, s.hc, method, u, h, nil); err != nil {
			return nil, err
		}
	}
	var body []byte
	if s.m.extraBody {
		body = []byte("{}")
	}
	var err error
	s.next, err = send(ctx, s.hc, method, u, h, body)
	return nil, err
}

// GetAll is the iterator of Get.
func (s *things) GetAll(ctx context.Context, owner, path string, params *getParams, opts ...api.CallOption) iter.Seq2[any, error] {
	return func(yield func(any, error) bool) {
		own := *s
		v, err := own.Get(ctx, owner, path, params, opts...)
		for err == nil && own.next != "" && !s.m.stays {
			link := own.next
			if s.m.otherPage {
				link += "&x=1"
			}
			h := http.Header{}
			if params.Mark != "" && !s.m.pageHeader {
				h.Set("X-Mark", params.Mark)
			}
			own.next, err = send(ctx, s.hc, http.MethodGet, link, h, nil)
		}
		yield(v, err)
	}
}

// Delete is the wire form of things/delete.
func (s *things) Delete(ctx context.Context, owner, path string, body thing, _ ...api.CallOption) error {
	if s.m.dropMember {
		body.On = nil
	}
	if s.m.extraMember {
		body.Extra = "x"
	}
	if s.m.null && body.Note != nil && string(*body.Note) == "null" {
		body.Note = nil
	}
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if s.m.number && body.ID != nil {
		id := strconv.FormatInt(*body.ID, 10)
		b = bytes.Replace(b, []byte(id), []byte(`"`+id+`"`), 1)
	}
	if s.m.duplicate {
		b = append([]byte(`{"name":"first",`), b[1:]...)
	}
	h := http.Header{"Content-Type": {"application/json"}}
	if s.m.noType {
		h.Del("Content-Type")
	}
	if s.m.wrongType {
		h.Set("Content-Type", "text/plain")
	}
	return sent(ctx, s.hc, http.MethodDelete, s.target(owner, path), h, b)
}

// Form is the wire form of form.
func (r *root) Form(ctx context.Context, body formBody, _ ...api.CallOption) error {
	form := url.Values{"channel": {body.Channel}}
	if body.Limit != nil {
		form.Set("limit", strconv.FormatInt(*body.Limit, 10))
	}
	if body.Ts != nil {
		verb := byte('f')
		if r.m.exponent {
			verb = 'e'
		}
		form.Set("ts", strconv.FormatFloat(*body.Ts, verb, -1, 64))
	}
	if r.m.formKey {
		form.Set("body[channel]", body.Channel)
		form.Del("channel")
	}
	if r.m.credential {
		form.Set("token", "test-secret-wire")
	}
	h := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	return sent(ctx, r.hc, http.MethodPost, "https://harness.example/v1/form", h, []byte(form.Encode()))
}

// Upload is the wire form of upload.
func (r *root) Upload(ctx context.Context, body io.Reader, _ ...api.CallOption) error {
	h := http.Header{}
	if body == nil {
		return sent(ctx, r.hc, http.MethodPost, "https://harness.example/v1/upload", h, nil)
	}
	h.Set("Content-Type", "application/octet-stream")
	b, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	return sent(ctx, r.hc, http.MethodPost, "https://harness.example/v1/upload", h, b)
}

func sent(ctx context.Context, hc *http.Client, method, u string, h http.Header, body []byte) error {
	_, err := send(ctx, hc, method, u, h, body)
	return err
}

// send returns the target of the answer's Link header, too.
func send(ctx context.Context, hc *http.Client, method, u string, h http.Header, body []byte) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, u, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header = h
	resp, err := hc.Do(req)
	if err != nil {
		return "", err
	}
	link, _, _ := strings.Cut(strings.TrimPrefix(resp.Header.Get("Link"), "<"), ">")
	return link, resp.Body.Close()
}
