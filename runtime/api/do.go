package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"time"
)

// Args are the arguments of one call, placed by generated code.
type Args struct {
	Path   []any // values of the path parameters in template order
	Params any   // pointer to the params struct; nil or a nil pointer = none
	Body   any   // value for JSON, form and multipart; string for text; io.Reader for bytes; nil = none
}

// Format prints no argument, whatever the verb.
func (Args) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("api.Args")) }

// MarshalJSON encodes no argument.
func (Args) MarshalJSON() ([]byte, error) { return []byte(`"api.Args"`), nil }

// Do performs one operation and decodes its answer into out, which is nil for
// None, a pointer to the result for JSON, *string for Text and **Download for
// Stream. On an error *out is its zero value.
//
// The error is an [*Error], [*TransportError], [*EncodeError] or [*DecodeError].
// The end of ctx ends the call, and the pauses before retries, at once.
func (c *Client) Do(ctx context.Context, op *Operation, args Args, out any, opts ...CallOption) error {
	return c.do(ctx, op, args, out, nil, opts)
}

// call is one call while it runs.
type call struct {
	ctx      context.Context // the caller's, with what the options add
	config   *clientConfig
	op       *Operation
	provider *Provider
	option   callConfig
	retry    RetryPolicy
	url      *url.URL
	header   http.Header
	body     body
	out      any
	result   Result // what the answer is decoded into
	page     *pager // not nil: the call fetches a page
	id       string
	attempt  int
	status   int // of the last answer
}

func (c *Client) do(ctx context.Context, op *Operation, args Args, out any, page *pager, opts []CallOption) error {
	k := &call{ctx: ctx, op: op, out: out, page: page, config: c.config}
	if k.config == nil {
		k.config = NewClient(nil, op.Provider).config // the zero Client
	}
	if k.provider = op.Provider; k.provider == nil {
		k.provider = k.config.provider
	}
	for _, o := range opts {
		if o != nil {
			o.applyToCall(&k.option)
		}
	}
	for _, derive := range k.option.contexts {
		if derived := derive(k.ctx); derived != nil {
			k.ctx = derived //nolint:fatcontext // a layer for each option, no more: the loop runs once a call
		}
	}
	if r := k.option.response; r != nil {
		*r = Response{}
	}
	k.result = op.Result
	if dst := k.option.result; dst != nil {
		k.result, k.out = JSON, dst
		if _, text := dst.(*string); text {
			k.result = Text
		}
	}
	k.retry = k.option.retry.over(k.config.retry)
	k.id = rand.Text()
	start := time.Now()
	err := k.prepare(args)
	if err != nil {
		err = k.encodeFault(err)
	} else {
		err = k.run()
	}
	if err != nil {
		k.clear()
	}
	k.tell(EventCall, start, 0, err)
	return err
}

// clear undoes what a failed decoding left behind.
func (k *call) clear() {
	if k.option.stream != nil {
		*k.option.stream = nil
	}
	if v := reflect.ValueOf(k.out); v.Kind() == reflect.Pointer && !v.IsNil() {
		v.Elem().SetZero()
	}
}

// encoders are reused; an encoder holds no state between two calls.
var encoders = sync.Pool{New: func() any { return new(encoder) }}

// prepare encodes everything that is sent, once for all attempts.
func (k *call) prepare(args Args) error {
	base, err := k.config.server(k.op)
	if err != nil {
		return err
	}
	e, _ := encoders.Get().(*encoder)
	e.buf, e.skip = e.buf[:0], ""
	defer encoders.Put(e)

	k.header = make(http.Header, 8)
	for _, h := range k.provider.Headers {
		k.header.Set(h.Name, h.Value)
	}
	inBody := k.page.inBody()
	if !inBody {
		e.skip = k.page.param()
	}
	path, query, _ := strings.Cut(k.op.Path, "?")
	if k.url, err = k.address(base, path, args.Path, e); err != nil {
		return err
	}
	e.buf = append(e.buf[:0], query...)
	if err := e.params(args.Params, k.header); err != nil {
		return err
	}
	if e.skip != "" {
		_ = e.pair([]byte(e.skip), []byte(k.page.text)) // cannot fail: writes to memory
	}
	k.url.RawQuery = string(e.buf)
	if link := k.page.linkURL(); link != nil {
		k.url = link
	}
	e.buf, e.skip = e.buf[:0], ""
	if inBody {
		if args.Body, err = k.page.place(args.Body, e); err != nil {
			return err
		}
	}
	media, body := k.op.Request, args.Body
	if k.option.media != "" {
		media, body = k.option.media, k.option.body
	}
	if k.body, err = encodeBody(media, body, k.op.Parts, e); err != nil {
		return err
	}
	k.finishHeader()
	return nil
}

func (k *call) address(base *url.URL, template string, values []any, e *encoder) (*url.URL, error) {
	path, err := appendPath(e.buf[:0], template, values)
	if err != nil {
		return nil, err
	}
	u := &url.URL{Scheme: base.Scheme, Host: base.Host, User: base.User}
	err = setPath(u, base, string(path))
	e.buf = path
	return u, err
}

// finishHeader adds the headers of the runtime and then the caller's own, which win.
func (k *call) finishHeader() {
	accept := k.op.Accept
	if k.option.accept != "" {
		accept = k.option.accept
	}
	if accept == "" {
		accept = "*/*"
	}
	k.header.Set("Accept", accept)
	k.header.Set("User-Agent", k.config.userAgent)
	if k.body.contentType != "" && k.body.open != nil {
		k.header.Set("Content-Type", k.body.contentType)
	}
	if k.option.key != "" {
		k.header.Set("Idempotency-Key", k.option.key)
	}
	for _, own := range []http.Header{k.config.header, k.option.header} {
		maps.Copy(k.header, own)
	}
}
