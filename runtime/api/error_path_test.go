package api_test

import (
	"errors"
	"testing"

	"github.com/grantwire/grantwire/runtime/api"
)

// A code or message may stand in a list, and a provider may have two places for it.
func TestErrorPaths(t *testing.T) {
	maps := &api.Provider{Name: "maps", BaseURL: "https://maps.example", Errors: api.ErrorShape{
		Code: "error.errors.1.reason|error.errors.0.reason|error.status", Message: "error.message|texts.0",
		RateLimited: []string{"quota"},
	}}
	for body, want := range map[string][2]string{
		`{"error":{"errors":[{"reason":"first"},{"reason":"second"}],"message":"m"}}`: {"second", "m"},
		`{"error":{"errors":[{"reason":"quota"}],"status":"NOT_SEEN"}}`:               {"quota", ""},
		`{"error":{"errors":[],"status":"GONE","message":"m"},"texts":["t"]}`:         {"GONE", "m"},
		`{"error":{"errors":{"0":{"reason":"member"}}}}`:                              {"member", ""},
		`{"error":{"errors":"none","status":"GONE"}}`:                                 {"GONE", ""},
		`{"texts":["t","u"]}`:  {"", "t"},
		`{"texts":[["t"]]}`:    {"", ""},
		`[{"reason":"r"}]`:     {"", ""},
		`{"error":{"errors":[`: {"", ""},
	} {
		op := opGet
		op.Provider = nil
		err := client(t, maps, always(403, jsonType, body)).Do(t.Context(), &op, api.Args{Path: ownerRepo}, nil, once)
		e, ok := errors.AsType[*api.Error](err)
		if !ok {
			t.Fatal(body, err)
		}
		if got := [2]string{e.Code, e.Message}; got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
		if got := errors.Is(err, api.ErrRateLimited); got != (e.Code == "quota") {
			t.Errorf("%s: rate limited is %v", body, got)
		}
	}
}
