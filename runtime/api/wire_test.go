package api_test

import (
	stdjson "encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/api"
)

type dated struct {
	At  *api.Time `json:"at,omitzero"`
	Day *api.Date `json:"day,omitzero"`
	Req api.Time  `json:"req"`
}

func TestTimeDecodes(t *testing.T) {
	for text, want := range map[string]string{
		`"2024-02-29T01:02:03Z"`:            "2024-02-29T01:02:03Z",
		`"2024-02-29T01:02:03.5+02:00"`:     "2024-02-29T01:02:03.5+02:00",
		`"2024-02-29T01:02:03+0000"`:        "2024-02-29T01:02:03Z",
		`"2024-02-29T01:02:03.123456-0700"`: "2024-02-29T01:02:03.123456-07:00",
		`"2024-02-29T01:02:03"`:             "2024-02-29T01:02:03Z",
		`"2024-02-29 01:02:03"`:             "2024-02-29T01:02:03Z",
		`"2024-02-29 01:02:03 UTC"`:         "2024-02-29T01:02:03Z",
		`"2024-02-29"`:                      "2024-02-29T00:00:00Z",
		`1700000000`:                        "2023-11-14T22:13:20Z",
		`1700000000.25`:                     "2023-11-14T22:13:20.25Z",
		`"1700000000"`:                      "2023-11-14T22:13:20Z",
		`"1503435956.000247"`:               "2017-08-22T21:05:56.000247Z",
		`-1.5`:                              "1969-12-31T23:59:58.5Z",
		`1.7e9`:                             "2023-11-14T22:13:20Z",
		`0`:                                 "1970-01-01T00:00:00Z",
		`""`:                                "0001-01-01T00:00:00Z",
		`null`:                              "0001-01-01T00:00:00Z",
		`"2024-13-45"`:                      "0001-01-01T00:00:00Z",
		`"soon"`:                            "0001-01-01T00:00:00Z",
		`99999999999999999999`:              "0001-01-01T00:00:00Z",
		`"2024-02-29T01:02:03\u005a"`:       "2024-02-29T01:02:03Z",
	} {
		var v api.Time
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Error(text, err)
		}
		if got := v.Time.Format(time.RFC3339Nano); got != want {
			t.Errorf("%s: got %s want %s", text, got, want)
		}
		again, err := json.Marshal(v)
		if err != nil || string(again) != text && !strings.Contains(text, `\`) { // the encoder writes strings its own way
			t.Errorf("%s became %s, %v", text, again, err)
		}
	}
	for _, text := range []string{`true`, `{}`, `[]`} {
		var v api.Time
		var d api.Date
		if json.Unmarshal([]byte(text), &v) == nil || json.Unmarshal([]byte(text), &d) == nil {
			t.Error(text, "was taken for a time")
		}
	}
}

func TestTimeChanged(t *testing.T) {
	var v api.Time
	if err := json.Unmarshal([]byte(`1700000000`), &v); err != nil {
		t.Fatal(err)
	}
	v.Time = v.In(time.FixedZone("", 3600)) // the same point in time
	if b, _ := json.Marshal(v); string(b) != "1700000000" {
		t.Error(string(b))
	}
	v.Time = v.Add(time.Second)
	if b, _ := json.Marshal(v); string(b) != `"2023-11-14T23:13:21+01:00"` {
		t.Error(string(b))
	}
}

func TestTimeRoundTripsThroughBothPackages(t *testing.T) {
	for _, text := range []string{
		`{"req":"2024-02-29T01:02:03Z"}`, `{"at":"","day":"","req":null}`, `{"at":17,"day":"2024-02-29","req":"x"}`,
		`{"at":"2024-02-29T01:02:03+0000","day":"2024-02-29T00:00:00Z","req":"2024-02-29T01:02:03.000Z"}`,
	} {
		var a, b dated
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			t.Fatal(err)
		}
		if err := stdjson.Unmarshal([]byte(text), &b); err != nil {
			t.Fatal(err)
		}
		one, _ := json.Marshal(a)
		two, _ := stdjson.Marshal(b)
		if string(one) != text {
			t.Errorf("%s became %s", text, one)
		}
		// encoding/json never calls UnmarshalJSON for the null of a value
		if string(two) != strings.ReplaceAll(text, `"req":null`, `"req":"0001-01-01T00:00:00Z"`) && string(two) != text {
			t.Errorf("%s became %s with encoding/json", text, two)
		}
	}
}

func TestTimeOutsideJSON(t *testing.T) {
	var v api.Time
	var d api.Date
	if err := v.UnmarshalText([]byte("1700000000")); err != nil {
		t.Fatal(err)
	}
	if err := d.UnmarshalText([]byte("2024-02-29")); err != nil {
		t.Fatal(err)
	}
	if b, _ := v.MarshalText(); string(b) != "1700000000" {
		t.Error(string(b))
	}
	if b, _ := d.MarshalText(); string(b) != "2024-02-29" || d.String() != "2024-02-29" || d.Day() != 29 {
		t.Error(string(b), d)
	}
	type params struct {
		At api.Time `query:"at"`
	}
	if got := query(t, &params{At: v}); got != "at=1700000000" {
		t.Error(got)
	}
	if !(api.Time{}).IsZero() || !(api.Date{}).IsZero() || v.IsZero() {
		t.Error("IsZero")
	}
}

func TestNewDateKeepsTheDay(t *testing.T) {
	d := api.NewDate(time.Date(2024, 2, 29, 23, 0, 0, 0, time.FixedZone("", -8*3600)))
	if b, _ := json.Marshal(d); string(b) != `"2024-02-29"` {
		t.Error(string(b))
	}
}

func FuzzTime(f *testing.F) {
	for _, s := range []string{`"2024-02-29T01:02:03Z"`, `1700000000.25`, `"x"`, `-0`, `1e9`, `"\u0031"`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var v api.Time
		var d api.Date
		if json.Unmarshal([]byte(text), &v) != nil || json.Unmarshal([]byte(text), &d) != nil {
			return
		}
		text = strings.Trim(text, " \t\r\n")
		for _, value := range []any{v, d} {
			if b, err := json.Marshal(value); err != nil || string(b) != text && !strings.Contains(text, `\`) {
				t.Fatalf("%s became %s, %v", text, b, err)
			}
		}
	})
}

type patch struct {
	Title  api.Nullable[string]   `json:"title,omitzero"`
	Count  api.Nullable[int64]    `json:"count,omitzero"`
	Parent api.Nullable[patch]    `json:"parent,omitzero"`
	Names  api.Nullable[[]string] `json:"names,omitzero"`
}

func TestNullableTellsThreeStatesApart(t *testing.T) {
	for _, text := range []string{
		`{}`, `{"title":null}`, `{"title":""}`, `{"count":0,"parent":{"title":null},"names":[]}`, `{"parent":null,"names":["a"]}`,
	} {
		var a, b patch
		if err := json.Unmarshal([]byte(text), &a); err != nil {
			t.Fatal(err)
		}
		if err := stdjson.Unmarshal([]byte(text), &b); err != nil {
			t.Fatal(err)
		}
		one, _ := json.Marshal(a)
		two, _ := stdjson.Marshal(b)
		if string(one) != text || string(two) != text {
			t.Errorf("%s became %s and %s", text, one, two)
		}
	}
}

func TestNullable(t *testing.T) {
	var absent api.Nullable[int64]
	value, null := api.Value(int64(0)), api.Null[int64]()
	got := []any{}
	for _, n := range []api.Nullable[int64]{absent, value, null} {
		_, ok := n.Get()
		got = append(got, n.IsZero(), n.IsNull(), ok)
	}
	if d := cmp.Diff([]any{true, false, false, false, false, true, false, true, false}, got); d != "" {
		t.Error(d)
	}
	var p patch
	if err := json.Unmarshal([]byte(`{"count":80.0}`), &p); err != nil {
		t.Fatal(err)
	}
	if n, ok := p.Count.Get(); n != 80 || !ok {
		t.Error(n, ok)
	}
	type params struct {
		A api.Nullable[string] `query:"a"`
		B api.Nullable[string] `query:"b"`
		C api.Nullable[string] `query:"c"`
	}
	if got := query(t, &params{B: api.Null[string](), C: api.Value("x")}); got != "b=&c=x" {
		t.Error(got)
	}
}
