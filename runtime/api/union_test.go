package api_test

import (
	stdjson "encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/grantwire/grantwire/runtime/api"
)

type fileEntry struct {
	Type string `json:"type"`
	Name string `json:"name"`
	Size int64  `json:"size"`
}

type linkEntry struct {
	Type   string  `json:"type"`
	Name   string  `json:"name"`
	Target *string `json:"target,omitzero"`
}

type blob struct {
	Data string `json:"data"`
}

type entry struct {
	Flag  *bool
	Int   *int64
	Float *float64
	When  *api.Time
	Color *sortOrder
	Text  *string
	File  *fileEntry `union:"type=file|image"`
	Link  *linkEntry `union:"type=symlink"`
	Blob  *blob
	Files []fileEntry
	Texts []string
	Map   map[string]int64
	Inner *number
	Raw   api.RawJSON
}

func (e entry) MarshalJSON() ([]byte, error)  { return api.MarshalUnion(&e) }
func (e *entry) UnmarshalJSON(b []byte) error { return api.UnmarshalUnion(b, e) }

// setOf names the fields of a union that are set.
func setOf(u any) string {
	v := reflect.ValueOf(u)
	var names []string
	for i := range v.NumField() {
		if !v.Field(i).IsNil() {
			names = append(names, v.Type().Field(i).Name)
		}
	}
	return strings.Join(names, "+")
}

func TestUnionPicks(t *testing.T) {
	for text, want := range map[string]string{
		`true`: "Flag", `false`: "Flag", `7`: "Int", `7.5`: "Float", `1e400`: "Raw",
		`"2024-02-29T01:02:03Z"`: "When", `"1700000000"`: "Color", `"red"`: "Color",
		`{"type":"file","name":"a","size":1}`:               "File",
		`{"type":"image","name":"a"}`:                       "File",
		`{"type":"symlink","name":"a","size":1,"data":"x"}`: "Link", // File and Blob have their members too
		`{"type":"file"}`:                                   "File",
		`{"type":"symlink","size":1}`:                       "Link",
		`{"data":"x"}`:                                      "Blob",
		`{"type":"socket","data":"x"}`:                      "Blob",
		`{"a":1}`:                                           "Map",
		`[{"type":"file","name":"a"}]`:                      "Files",
		`["a"]`:                                             "Texts",
		`[]`:                                                "Files",
		`[[1]]`:                                             "Raw",
		`null`:                                              "Raw",
	} {
		var e entry
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			t.Error(text, err)
		}
		if got := setOf(e); got != want {
			t.Errorf("%s: got %s want %s", text, got, want)
		}
		again, err := json.Marshal(e)
		if err != nil || text[0] != '{' && text[0] != '[' && string(again) != text {
			t.Errorf("%s became %s, %v", text, again, err)
		}
	}
}

type small struct {
	ID int64 `json:"id"`
}

type large struct {
	ID   int64   `json:"id"`
	Name string  `json:"name"`
	Note *string `json:"note,omitzero"`
}

type sized struct {
	Small  *small
	Large  *large
	Smalls []small
	Larges []large
	Raw    api.RawJSON
}

func (s sized) MarshalJSON() ([]byte, error)  { return api.MarshalUnion(&s) }
func (s *sized) UnmarshalJSON(b []byte) error { return api.UnmarshalUnion(b, s) }

func TestUnionBestFit(t *testing.T) {
	for text, want := range map[string]string{
		`{"id":1}`:                       "Small", // Large lacks a required member
		`{"id":1,"name":"n"}`:            "Large", // knows more
		`{"id":1,"name":"n","new":true}`: "Large",
		`{"id":1,"note":"n"}`:            "Small",
		`{"id":1,"name":{}}`:             "Small", // Large fails to decode
		`{"id":{}}`:                      "Raw",
		`[{"id":1,"name":"n"}]`:          "Larges",
		`[{"id":1}]`:                     "Smalls",
		`{"id":"1"}`:                     "Small", // a quoted number, on the second try
		`"text"`:                         "Raw",
	} {
		var s sized
		if err := json.Unmarshal([]byte(text), &s); err != nil || setOf(s) != want {
			t.Errorf("%s: got %s want %s, %v", text, setOf(s), want, err)
		}
	}
}

func TestUnionErrors(t *testing.T) {
	if _, err := json.Marshal(sized{}); err == nil || !strings.Contains(err.Error(), "api_test.sized: set exactly one of Small, Large, Smalls, Larges, Raw") {
		t.Error(err)
	}
	if _, err := json.Marshal(sized{Small: &small{}, Large: &large{}}); err == nil {
		t.Error("two variants were accepted")
	}
	for _, bad := range []any{nil, small{}, &small{}, (*sized)(nil), sized{}} {
		if _, err := api.MarshalUnion(bad); err == nil {
			t.Errorf("%T was taken for a union", bad)
		}
		if err := api.UnmarshalUnion([]byte("{}"), bad); err == nil {
			t.Errorf("%T was taken for a union", bad)
		}
	}
}

func TestUnionForgetsItsOldVariant(t *testing.T) {
	s := sized{Small: &small{ID: 1}, Raw: api.RawJSON("1")}
	if err := json.Unmarshal([]byte(`{"id":2,"name":"x"}`), &s); err != nil || setOf(s) != "Large" {
		t.Error(setOf(s), err)
	}
}

type left struct {
	Right *right
	Raw   api.RawJSON
}
type right struct {
	Left *left
	Text *string
	Raw  api.RawJSON
}

func (u left) MarshalJSON() ([]byte, error)   { return api.MarshalUnion(&u) }
func (u *left) UnmarshalJSON(b []byte) error  { return api.UnmarshalUnion(b, u) }
func (u right) MarshalJSON() ([]byte, error)  { return api.MarshalUnion(&u) }
func (u *right) UnmarshalJSON(b []byte) error { return api.UnmarshalUnion(b, u) }

func TestUnionsWithinEachOther(t *testing.T) {
	var u left
	if err := json.Unmarshal([]byte(`"x"`), &u); err != nil || u.Right == nil || u.Right.Text == nil || *u.Right.Text != "x" {
		t.Errorf("%+v %v", u, err)
	}
}

// TestUnionRoundTrip: whatever JSON comes, the union takes it and gives an equal
// tree back, through both JSON packages.
func TestUnionRoundTrip(t *testing.T) {
	var value *rapid.Generator[any]
	value = rapid.Deferred(func() *rapid.Generator[any] {
		return rapid.OneOf(
			rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.StringMatching(`[a-z]{0,3}`).AsAny(),
			rapid.Int32().AsAny(), rapid.SliceOfN(value, 0, 2).AsAny(),
			rapid.MapOfN(rapid.SampledFrom([]string{"id", "name", "note", "zz"}), value, 0, 3).AsAny(),
		)
	})
	rapid.Check(t, func(rt *rapid.T) {
		text, err := json.Marshal(value.Draw(rt, "value"), json.Deterministic(true))
		if err != nil {
			rt.Fatal(err)
		}
		var a, b number
		if err := json.Unmarshal(text, &a); err != nil {
			rt.Fatal(err)
		}
		if err := stdjson.Unmarshal(text, &b); err != nil {
			rt.Fatal(err)
		}
		if d := cmp.Diff(a, b); d != "" {
			rt.Fatal(d)
		}
		one, err := json.Marshal(a)
		if err != nil {
			rt.Fatalf("%s: %v", text, err)
		}
		two, err := stdjson.Marshal(b)
		if err != nil || string(two) != string(one) && a.Range == nil {
			rt.Fatal(string(one), string(two), err)
		}
		if a.Range == nil && string(one) != string(text) {
			rt.Fatalf("%s became %s", text, one)
		}
	})
}

func FuzzUnion(f *testing.F) {
	for _, seed := range []string{`{"type":"file"}`, `[{}]`, `"2024-01-01"`, `7.0`, `null`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var e entry
		if json.Unmarshal(b, &e) != nil {
			return
		}
		if _, err := json.Marshal(e); err != nil && !strings.Contains(err.Error(), "UTF-8") {
			t.Fatalf("%s: %v", b, err)
		}
	})
}

type plainTagged struct {
	Wide   *fileEntry
	Narrow *linkEntry `union:"type=n"`
	Raw    api.RawJSON
}

func (u plainTagged) MarshalJSON() ([]byte, error)  { return api.MarshalUnion(&u) }
func (u *plainTagged) UnmarshalJSON(b []byte) error { return api.UnmarshalUnion(b, u) }

func TestUnionTagBeatsBestFit(t *testing.T) {
	var u plainTagged
	if err := json.Unmarshal([]byte(`{"type":"n","name":"a","size":1}`), &u); err != nil || setOf(u) != "Narrow" {
		t.Error(setOf(u), err)
	}
}
