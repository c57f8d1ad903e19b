// Package zoom describes Zoom's client to the tests.
package zoom

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/internal/subject"
	"github.com/grantwire/grantwire/providers/zoom"
)

// Subject is Zoom.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "zoom",
		New:        func(hc *http.Client) any { return zoom.New(hc) },
		Operations: zoom.Operations(),
		Count:      373,
		Flat:       25,
		Base:       "https://api.zoom.us/v2",
		Wire:       subject.Wire{Ignore: ignored()},
		Prism:      prism(),
		Error: subject.Error{
			Status:  http.StatusNotFound,
			Body:    `{"code":3001,"message":"Meeting does not exist: 1."}`,
			Code:    "3001",
			Message: "Meeting does not exist: 1.",
			Own:     subject.Is[*zoom.Error],
		},
		Examples: subject.Examples{
			Total: 210, Decoded: 180, Exact: 156, LeftOut: 4,
			Contradict: map[string]int{"enum": 1, "required": 1, "type": 52},
		},
	}
}

const (
	alike   = "the variants of the settings require nothing, so an object fits several of them"
	numbers = "the document says that the value is text and lists numbers; a path, a query and a text hold their digits"
)

func prism() []subject.Allowance {
	const allowed = "must be equal to one of the allowed values: "
	all := []subject.Allowance{
		{Place: "request.body", Text: "must match exactly one schema in oneOf", Reason: alike},
		{Operation: "reportTelephone", Place: "request.query.type", Text: allowed + "1, 3", Reason: numbers},
		{Operation: "updateSettingTemplate", Text: allowed, Reason: numbers},
	}
	for _, id := range []string{"userTSP", "userTSPDelete", "userTSPUpdate"} {
		all = append(all, subject.Allowance{Operation: id, Place: "request.path.tspid", Text: allowed + "1, 2", Reason: numbers})
	}
	return all
}

func ignored() []subject.Exception {
	all := []subject.Exception{
		{Judge: "filter", Contains: "input matches more than one oneOf schemas", Reason: alike},
		{Operation: "reportTelephone", Judge: "filter", Contains: "value is not one of the allowed values [1,3]", Reason: numbers},
		{Operation: "updateSettingTemplate", Judge: "filter", Contains: "value is not one of the allowed values", Reason: numbers},
	}
	all = append(all, subject.Exception{
		Operation: "manageE911signage", Judge: "plain", Contains: "/params/event_id: is missing",
		Reason: "the variants differ below params only, so the test's JSON becomes the first; a program sets the one that it means",
	})
	for _, id := range []string{"userTSP", "userTSPDelete", "userTSPUpdate"} {
		all = append(all, subject.Exception{
			Operation: id, Judge: "filter", Contains: `"tspId" in path has an error: value is not one of the allowed values [1,2]`, Reason: numbers,
		})
	}
	return all
}
