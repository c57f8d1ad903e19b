package api_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/api"
)

type common struct {
	Token string `json:"token,omitempty"`
	Inner string `json:"inner,omitempty"`
}

type shaped struct {
	*common
	Shared  sharedFields
	Renamed uint8          `json:"r"`
	Ratio   float32        `json:"ratio,omitzero"`
	Bytes   []byte         `json:"bytes,omitzero"`
	Raw     api.RawJSON    `json:"raw,omitzero"`
	When    fmt.Stringer   `json:"-"`
	Extra   map[string]any `json:",embed"`
	hidden  string
}

type sharedFields struct {
	A int `json:"a"`
}

// TestFormReadsJSONTags: what a form sends is what JSON would hold.
func TestFormReadsJSONTags(t *testing.T) {
	body := shaped{Renamed: 3, Ratio: 0.5, Bytes: []byte("hi"), Raw: api.RawJSON(`{"z":[1]}`),
		Extra: map[string]any{"x1": "y", "x0": []int{1, 2}}, hidden: "no"}
	_, got := sent(t, &opPost, api.Args{Body: &body})
	want := "Shared%5Ba%5D=0&r=3&ratio=0.5&bytes=aGk%3D&raw=%7B%22z%22%3A%5B1%5D%7D&x0=1&x0=2&x1=y"
	if got != want {
		t.Errorf("\ngot  %s\nwant %s", got, want)
	}
	// RawJSON string is sent as its text; members of embedded structs are its own.
	body = shaped{common: &common{Token: "t"}, Raw: api.RawJSON(`"a\u0062"`)}
	if _, got := sent(t, &opPost, api.Args{Body: body}); got != "token=t&Shared%5Ba%5D=0&r=0&raw=ab" {
		t.Error(got)
	}
}

type sharedParams struct {
	Limit uint `query:"limit"`
}

func TestParamsOfEmbeddedStructsAndHeaders(t *testing.T) {
	type params struct {
		sharedParams
		List  []int64              `header:"X-List"`
		Flags map[string]bool      `header:"X-Flags,json"`
		Null  api.Nullable[string] `header:"X-Null"`
		Obj   map[string]int       `query:"obj,comma"`
		Plain map[string]int       `query:"plain"`
	}
	p := params{List: []int64{1, 2}, Flags: map[string]bool{"a": true}, Null: api.Null[string](),
		Obj: map[string]int{"b": 2, "a": 1}, Plain: map[string]int{"z": 26}}
	p.Limit = 9
	r, _ := sent(t, &opList, api.Args{Params: &p})
	if r.URL.RawQuery != "limit=9&obj=a,1,b,2&z=26" || r.Header.Get("X-List") != "1,2" || r.Header.Get("X-Flags") != `{"a":true}` || r.Header["X-Null"] != nil {
		t.Error(r.URL.RawQuery, r.Header)
	}
}

func TestPipeIsStreamedOnce(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Skip(err)
	}
	defer read.Close()
	_, _ = io.WriteString(write, "piped")
	_ = write.Close()
	op := api.Operation{Provider: hub, ID: "upload", Method: "POST", Path: "/u", Request: "application/octet-stream"}
	if r, body := sent(t, &op, api.Args{Body: read}); body != "piped" || r.ContentLength != -1 || r.GetBody != nil {
		t.Error(body, r.ContentLength)
	}
	err = client(t, hub, always(204, "", "")).Do(t.Context(), &op, api.Args{Body: (*os.File)(nil)}, nil)
	if err != nil { // a nil pointer is no body
		t.Error(err)
	}
	_ = read.Close()
	err = client(t, hub, always(204, "", "")).Do(t.Context(), &op, api.Args{Body: read}, nil)
	if _, ok := errors.AsType[*api.EncodeError](err); !ok || !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	got := fmt.Sprint(api.Read, api.Write, api.Delete, api.Access(0), api.None, api.JSON, api.Text, api.Stream, api.Result(9),
		api.EventAttempt, api.EventCall, api.EventKind(0), api.Client{})
	if want := "read write delete unknown none json text stream unknown attempt call unknown api.Client"; got != want {
		t.Error(got)
	}
}

func TestOddNumbers(t *testing.T) {
	type numbers struct {
		I int8    `json:"i"`
		U uint16  `json:"u"`
		F float64 `json:"f"`
	}
	for text, want := range map[string]string{
		`{"i":1e2}`: "{100 0 0}", `{"i":"-7"}`: "{-7 0 0}", `{"u":"65535"}`: "{0 65535 0}", `{"f":"1.5","i":"1"}`: "{1 0 1.5}",
		`{"i":200.0}`: "", `{"u":-1.0}`: "", `{"i":"x"}`: "", `{"i":""}`: "", `{"f":"NaN"}`: "", `{"i":1.5}`: "", `{"f":1e400}`: "",
	} {
		c := client(t, hub, always(200, jsonType, text))
		var out *numbers
		err := c.Do(t.Context(), &opGet, api.Args{Path: ownerRepo}, &out)
		if want == "" {
			if _, ok := errors.AsType[*api.DecodeError](err); !ok || out != nil {
				t.Error(text, out, err)
			}
			continue
		}
		if err != nil || fmt.Sprint(*out) != want {
			t.Error(text, out, err)
		}
	}
	var n api.Nullable[int64]
	if json.Unmarshal([]byte(`"x"`), &n) == nil {
		t.Error("text was taken for a number")
	}
}
