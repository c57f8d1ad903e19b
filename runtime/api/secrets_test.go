package api_test

import (
	"bytes"
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/textproto"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/api"
)

// forms returns every way in which a value may end up in a log.
func forms(v any) []string {
	var logged bytes.Buffer
	for _, h := range []slog.Handler{slog.NewJSONHandler(&logged, nil), slog.NewTextHandler(&logged, nil)} {
		slog.New(h).Info("m", "v", v)
	}
	one, _ := stdjson.Marshal(v)
	two, _ := json.Marshal(v)
	return []string{fmt.Sprintf("%v|%+v|%#v|%s|%q|%x|%d", v, v, v, v, v, v, v), logged.String(), string(one), string(two)}
}

// TestNoSecretInAnyForm provokes each failure with secrets wherever a caller or a
// provider can put one, and looks for them in every printed form.
func TestNoSecretInAnyForm(t *testing.T) {
	const secret = "test-secret-9f"
	header := []string{"Set-Cookie", secret, "X-Echo", "Bearer " + secret, "Location", "https://evil.example/" + secret}
	echo := `{"id":"` + secret + `","name":{"` + secret + `":1},"secret":"` + secret + `"}`
	answers := map[string]transport{
		"200": always(200, jsonType, echo, header...), "200 html": always(200, "text/html", secret, header...),
		"302": always(302, jsonType, echo, header...), "304": always(304, "", "", header...),
		"401": always(401, jsonType, echo, header...), "500": always(500, "text/html", secret, header...),
		"cut":    always(200, jsonType, `{"name":"`+secret, header...),
		"ok":     always(200, jsonType, `{"id":1}`, header...),
		"broken": failing(textproto.ProtocolError("malformed MIME header line: " + secret)),
		"status": failing(errors.New(`malformed HTTP response "` + secret + `"`)),
		"eof":    failing(io.EOF),
	}
	type params struct {
		Q string `query:"q"`
		H string `header:"X-H"`
	}
	op := opGet
	op.Request = "application/json"
	var events []any
	for name, f := range answers {
		var facts api.Response
		c := client(t, hub, f, api.WithHeader("Authorization", secret), api.WithHeader("X-Own", secret),
			api.WithRetry(api.RetryPolicy{Backoff: 1}),
			api.WithObserver(func(_ context.Context, e api.Event) { events = append(events, e) }))
		var out *repository
		args := api.Args{Path: []any{secret, secret}, Params: &params{Q: secret, H: secret}, Body: map[string]string{"a": secret}}
		err := c.Do(t.Context(), &op, args, &out, api.WithResponse(&facts), api.WithHeader("X-Call", secret), api.WithIdempotencyKey(secret))
		values := []any{c, *c, facts, &facts, err, struct{ E error }{err}, struct{ C *api.Client }{c}, args, &args,
			api.WithHeader("Authorization", secret), api.WithIdempotencyKey(secret)}
		if e, ok := errors.AsType[*api.Error](err); ok {
			values = append(values, *e)
		}
		if e, ok := errors.AsType[*api.TransportError](err); ok {
			values = append(values, *e)
		}
		if e, ok := errors.AsType[*api.DecodeError](err); ok {
			values = append(values, *e, e.Unwrap())
		}
		for _, v := range append(values, events...) {
			for _, text := range forms(v) {
				if strings.Contains(text, secret) || strings.Contains(text, fmt.Sprintf("%x", secret)) {
					t.Errorf("%s: %T: %s", name, v, text)
				}
			}
		}
	}
}

func TestNoSecretInEncodeErrors(t *testing.T) {
	const secret = "test-secret-9f"
	c := client(t, hub, always(204, "", ""))
	op := opCreate
	for name, args := range map[string]api.Args{
		"body":   {Body: map[string]any{"a": secret + "\xff"}},
		"union":  {Body: number{String: new(secret), Int: new(int64(1))}},
		"custom": {Body: complainer(secret)},
		"header": {Params: &struct {
			H string `header:"X-H"`
		}{secret + "\n"}},
		"form": {Body: make(chan int)},
	} {
		err := c.Do(t.Context(), &op, args, nil)
		e, ok := errors.AsType[*api.EncodeError](err)
		if !ok {
			t.Fatal(name, err)
		}
		for _, v := range []any{e, *e, struct{ E error }{e}} {
			for _, text := range forms(v) {
				if strings.Contains(text, secret) {
					t.Errorf("%s: %s", name, text)
				}
			}
		}
	}
}

// complainer is a caller's type whose error quotes the value.
type complainer string

func (c complainer) MarshalJSON() ([]byte, error) { return nil, errors.New("bad value " + string(c)) }

func TestDownloadPrintsNoContent(t *testing.T) {
	d, err := fetch(t.Context(), client(t, hub, always(200, "", "test-secret-9f")))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range forms(d) {
		if strings.Contains(text, "test-secret") {
			t.Error(text)
		}
	}
	_ = http.NoBody
}
