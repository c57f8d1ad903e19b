package api_test

import (
	stdjson "encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/grantwire/grantwire/runtime/api"
)

// benchOwner and benchRepo have the size and make of what GitHub lists: about
// 5.5 KB and 100 members each.
type benchOwner struct {
	Login string `json:"login"`
	ID    int64  `json:"id"`
	URL1  string `json:"avatar_url"`
	URL2  string `json:"html_url"`
	URL3  string `json:"followers_url"`
	URL4  string `json:"repos_url"`
	Type  string `json:"type"`
	Admin bool   `json:"site_admin"`
}

type benchRepo struct {
	ID       int64           `json:"id"`
	NodeID   string          `json:"node_id"`
	Name     string          `json:"name"`
	FullName string          `json:"full_name"`
	Private  bool            `json:"private"`
	Owner    benchOwner      `json:"owner"`
	Desc     *string         `json:"description"`
	U0       string          `json:"url_0"`
	U1       string          `json:"url_1"`
	U2       string          `json:"url_2"`
	U3       string          `json:"url_3"`
	U4       string          `json:"url_4"`
	U5       string          `json:"url_5"`
	U6       string          `json:"url_6"`
	U7       string          `json:"url_7"`
	U8       string          `json:"url_8"`
	U9       string          `json:"url_9"`
	U10      string          `json:"url_10"`
	U11      string          `json:"url_11"`
	U12      string          `json:"url_12"`
	U13      string          `json:"url_13"`
	U14      string          `json:"url_14"`
	U15      string          `json:"url_15"`
	U16      string          `json:"url_16"`
	U17      string          `json:"url_17"`
	U18      string          `json:"url_18"`
	U19      string          `json:"url_19"`
	U20      string          `json:"url_20"`
	U21      string          `json:"url_21"`
	U22      string          `json:"url_22"`
	U23      string          `json:"url_23"`
	U24      string          `json:"url_24"`
	U25      string          `json:"url_25"`
	U26      string          `json:"url_26"`
	U27      string          `json:"url_27"`
	U28      string          `json:"url_28"`
	U29      string          `json:"url_29"`
	U30      string          `json:"url_30"`
	U31      string          `json:"url_31"`
	U32      string          `json:"url_32"`
	U33      string          `json:"url_33"`
	U34      string          `json:"url_34"`
	U35      string          `json:"url_35"`
	U36      string          `json:"url_36"`
	U37      string          `json:"url_37"`
	U38      string          `json:"url_38"`
	U39      string          `json:"url_39"`
	Created  *api.Time       `json:"created_at"`
	Updated  *api.Time       `json:"updated_at"`
	Pushed   *api.Time       `json:"pushed_at"`
	Stars    int64           `json:"stargazers_count"`
	Topics   []string        `json:"topics"`
	Perms    map[string]bool `json:"permissions"`
}

func benchBody() string {
	var b strings.Builder
	for i := range 30 {
		fmt.Fprintf(&b, `,{"id":%d,"node_id":"MDEwOlJlcG9zaXRvcnkxMjk2MjY5","name":"site-%d","full_name":"acme/site-%d","private":false,`, i, i, i)
		b.WriteString(`"owner":{"login":"acme","id":1,"avatar_url":"https://hub.example/images/error/acme_happy.gif","html_url":"https://hub.example/acme","followers_url":"https://api.hub.example/users/acme/followers","repos_url":"https://api.hub.example/users/acme/repos","type":"User","site_admin":false},"description":"This your first repo!",`)
		for u := range 40 {
			fmt.Fprintf(&b, `"url_%d":"https://api.hub.example/repos/acme/site-%d/some/longer/path/git/refs{/sha}/and/more/of/it/%d",`, u, i, u)
		}
		b.WriteString(`"created_at":"2011-01-26T19:01:12Z","updated_at":"2011-01-26T19:14:43Z","pushed_at":"2011-01-26T19:06:43Z","stargazers_count":80,"topics":["a","b","c"],"permissions":{"admin":false,"push":false,"pull":true}}`)
	}
	return "[" + b.String()[1:] + "]"
}

// replay answers every request with the same body.
type replay struct {
	body   string
	header http.Header
}

func (r *replay) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: 200, Header: r.header, Body: io.NopCloser(strings.NewReader(r.body)), ContentLength: int64(len(r.body))}, nil
}

func BenchmarkList30(b *testing.B) {
	body := benchBody()
	c := api.NewClient(&http.Client{Transport: &replay{body, http.Header{"Content-Type": {jsonType}}}}, hub)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var out []benchRepo
		if err := c.Do(b.Context(), &opLinks, api.Args{}, &out); err != nil || len(out) != 30 {
			b.Fatal(err, len(out))
		}
	}
}

func BenchmarkEmptyCall(b *testing.B) {
	benchmarkParams(b, nil)
}

type fiveParams struct {
	Type      string    `query:"type"`
	Sort      sortOrder `query:"sort"`
	Direction sortOrder `query:"direction"`
	PerPage   *int64    `query:"per_page"`
	Since     time.Time `query:"since"`
}

// BenchmarkFiveParams minus BenchmarkEmptyCall is what the parameters cost.
func BenchmarkFiveParams(b *testing.B) {
	benchmarkParams(b, &fiveParams{Type: "all", Sort: "updated", Direction: "desc", PerPage: new(int64(100)), Since: time.Unix(1700000000, 0).UTC()})
}

func benchmarkParams(b *testing.B, params any) {
	c := api.NewClient(&http.Client{Transport: &replay{"", http.Header{}}}, hub)
	b.ReportAllocs()
	for b.Loop() {
		if err := c.Do(b.Context(), &opList, api.Args{Params: params}, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRawUnmarshal is the floor for BenchmarkList30: the decoder alone.
func BenchmarkRawUnmarshal(b *testing.B) {
	body := []byte(benchBody())
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var out []benchRepo
		if err := json.Unmarshal(body, &out, jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStdUnmarshal is the same with encoding/json.
func BenchmarkStdUnmarshal(b *testing.B) {
	body := []byte(benchBody())
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		var out []benchRepo
		if err := stdjson.Unmarshal(body, &out); err != nil {
			b.Fatal(err)
		}
	}
}
