package api_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/grantwire/grantwire/runtime/api"
)

// A member can be absent, null, or a value.
func ExampleNullable() {
	for _, n := range []note{{}, {Owner: api.Null[string]()}, {Owner: api.Value("octo")}} {
		text, err := json.Marshal(n)
		fmt.Println(string(text), err)
	}
	// Output:
	// {} <nil>
	// {"owner":null} <nil>
	// {"owner":"octo"} <nil>
}

func ExampleNullable_Get() {
	for _, text := range []string{`{}`, `{"owner":null}`, `{"owner":"octo"}`} {
		var n note
		if err := json.Unmarshal([]byte(text), &n); err != nil {
			fmt.Println(err)
			return
		}
		owner, ok := n.Owner.Get()
		fmt.Printf("%q %v absent %v null %v\n", owner, ok, n.Owner.IsZero(), n.Owner.IsNull())
	}
	// Output:
	// "" false absent true null false
	// "" false absent false null true
	// "octo" true absent false null false
}

// What a provider sends as a time is read, and sent back as it was.
func ExampleTime() {
	for _, text := range []string{`"2026-01-02T15:04:05Z"`, `"2026-01-02"`, `1767366245`, `null`} {
		var t api.Time
		if err := json.Unmarshal([]byte(text), &t); err != nil {
			fmt.Println(err)
			return
		}
		back, err := json.Marshal(t)
		fmt.Println(t.UTC().Format(time.DateTime), string(back), err)
	}
	// Output:
	// 2026-01-02 15:04:05 "2026-01-02T15:04:05Z" <nil>
	// 2026-01-02 00:00:00 "2026-01-02" <nil>
	// 2026-01-02 15:04:05 1767366245 <nil>
	// 0001-01-01 00:00:00 null <nil>
}

func ExampleNewTime() {
	t := api.NewTime(time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC))
	text, err := json.Marshal(t)
	fmt.Println(string(text), err, t.IsZero(), api.Time{}.IsZero())
	// Output: "2026-01-02T15:04:05Z" <nil> false true
}

func ExampleNewDate() {
	d := api.NewDate(time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC))
	fmt.Println(d, d.IsZero(), api.Date{}.IsZero())
	// Output: 2026-01-02 false true
}

// idOrName is a union as generated code declares it: one field is set.
type idOrName struct {
	ID   *int64
	Name *string
	Raw  api.RawJSON // what fits neither
}

func (u idOrName) MarshalJSON() ([]byte, error)  { return api.MarshalUnion(&u) }
func (u *idOrName) UnmarshalJSON(b []byte) error { return api.UnmarshalUnion(b, u) }

func ExampleMarshalUnion() {
	text, err := json.Marshal([]idOrName{{ID: new(int64(7))}, {Name: new("milk")}})
	fmt.Println(string(text), err)
	// Output: [7,"milk"] <nil>
}

func ExampleUnmarshalUnion() {
	var u []idOrName
	err := json.Unmarshal([]byte(`[7,"milk",true]`), &u)
	fmt.Println(*u[0].ID, *u[1].Name, string(u[2].Raw), err)
	// Output: 7 milk true <nil>
}
