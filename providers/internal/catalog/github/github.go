// Package github describes GitHub's client to the tests.
package github

import (
	"net/http"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/providers/internal/subject"
)

// Subject is GitHub.
func Subject() subject.Provider {
	return subject.Provider{
		Name:       "github",
		New:        func(hc *http.Client) any { return github.New(hc) },
		Operations: github.Operations(),
		Count:      1223,
		Flat:       30,
		Base:       "https://api.github.com",
		Headers:    map[string]string{"X-GitHub-Api-Version": "2022-11-28"},
		Error: subject.Error{
			Status:  http.StatusNotFound,
			Body:    `{"message":"Not Found","documentation_url":"https://docs.github.com/rest","status":"404"}`,
			Message: "Not Found",
			Own:     subject.Is[*github.Error],
		},
		Wire:     subject.Wire{Ignore: hasFilter()},
		Prism:    prism(),
		Examples: examples(),
	}
}

// hasFilter: the parameter "has" is one string or an array of an enumeration;
// kin-openapi reads one string as an array of it and refuses it.
func hasFilter() []subject.Exception {
	var all []subject.Exception
	for _, id := range []string{"dependabot/list-alerts-for-enterprise", "dependabot/list-alerts-for-org", "dependabot/list-alerts-for-repo"} {
		all = append(all, subject.Exception{
			Operation: id, Judge: "filter", Contains: `parameter "has" in query`, Reason: "kin-openapi takes the array variant only",
		})
	}
	return all
}

func prism() []subject.Allowance {
	return []subject.Allowance{{
		Place: "request.path.workflow_id", Text: "must match exactly one schema in oneOf",
		Reason: "a number or a string: a number in a path is text, too, so both fit",
	}, {
		Place: "request.path.pages_deployment_id", Text: "must match exactly one schema in oneOf",
		Reason: "as above",
	}}
}

func examples() subject.Examples {
	const team = "a reviewer is a team without its required type; another variant of the rule does not list reviewers and admits any"
	return subject.Examples{
		Total: 995, Decoded: 977, Exact: 830, LeftOut: 2,
		Contradict:  map[string]int{"anyOf": 2, "nullable": 1, "required": 133, "type": 26},
		PeerDecoded: 958, PeerExact: 788,
		Loose: map[string]string{
			"GET /repos/{owner}/{repo}/environments 200 default":                    team,
			"GET /repos/{owner}/{repo}/environments/{environment_name} 200 default": team,
			"PUT /repos/{owner}/{repo}/environments/{environment_name} 200 default": team,
		},
	}
}
