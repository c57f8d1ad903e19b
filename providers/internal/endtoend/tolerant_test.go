package endtoend_test

import (
	"context"
	"fmt"
	"strconv"
	"testing"

	"github.com/grantwire/grantwire/providers/slack"
)

func getRepo(ctx context.Context, w *world) (string, error) {
	r, err := w.github().GetRepo(ctx, "acme", "site")
	if r == nil || err != nil {
		return strconv.FormatBool(r != nil), err
	}
	return fmt.Sprint(r.ID, " ", r.Name, " ", r.Size, " ", r.HTMLURL, " ", show(r.MergeCommitMessage)), nil
}

func getConversation(ctx context.Context, w *world) (string, error) {
	r, err := w.slack().GetConversation(ctx, &slack.GetConversationParams{Channel: "C1"})
	if r == nil || err != nil {
		return strconv.FormatBool(r != nil), err
	}
	return fmt.Sprint(r.Channel.ID, " ", show(r.Channel.Name), " ", r.Channel.Created), nil
}

func getTeam(ctx context.Context, w *world) (string, error) {
	r, err := w.slack().GetTeam(ctx, nil)
	if err != nil {
		return "", err
	}
	return fmt.Sprint(r.Team.Name, " ", show(r.Team.Plan)), nil
}

func getSlackUser(ctx context.Context, w *world) (string, error) {
	r, err := w.slack().GetUser(ctx, nil)
	if err != nil {
		return "", err
	}
	image, _ := r.User.Profile.Image24.Get()
	return fmt.Sprint(r.User.ID, " ", image), nil
}

func show[T any](p *T) string {
	if p == nil {
		return "none"
	}
	return fmt.Sprint(*p)
}

func TestGitHubTolerates(t *testing.T) {
	t.Parallel()
	const site = "https://github.com/acme/site"
	runRows(t, with(getRepo, []row{
		{name: "plain", answer: reply(200, jsonType, repository("", "")), want: "7 site 12 " + site + " PR_BODY"},
		{name: "unknown enum value", answer: reply(200, jsonType, repository("merge_commit_message", `"FROM_2031"`)), want: "7 site 12 " + site + " FROM_2031"},
		{name: "unknown member", answer: reply(200, jsonType, repository("from_2031", `{"a":[1]}`)), want: "7 site 12 " + site + " PR_BODY"},
		{name: "missing required member", answer: reply(200, jsonType, repository("name", "")), want: "7  12 " + site + " PR_BODY"},
		{name: "null required member", answer: reply(200, jsonType, repository("size", "null")), want: "7 site 0 " + site + " PR_BODY"},
		{name: "null required object", answer: reply(200, jsonType, repository("owner", "null")), want: "7 site 12 " + site + " PR_BODY"},
		{name: "URL that is none", answer: reply(200, jsonType, repository("html_url", `"::not a url%zz"`)), want: "7 site 12 ::not a url%zz PR_BODY"},
		{name: "empty URL", answer: reply(200, jsonType, repository("html_url", `""`)), want: "7 site 12  PR_BODY"},
		{name: "integer 80.0", answer: reply(200, jsonType, repository("size", "80.0")), want: "7 site 80 " + site + " PR_BODY"},
		{name: "integer 8e1", answer: reply(200, jsonType, repository("size", "8e1")), want: "7 site 80 " + site + " PR_BODY"},
		{name: "integer in quotes", answer: reply(200, jsonType, repository("size", `"80"`)), want: "7 site 80 " + site + " PR_BODY"},
		{name: "invalid UTF-8", answer: reply(200, jsonType, repository("name", "\"si\xffte\"")), want: "7 si\uFFFDte 12 " + site + " PR_BODY"},
		{name: "odd date", answer: reply(200, jsonType, repository("created_at", `"2031-02-30T99:00:00Z"`)), want: "7 site 12 " + site + " PR_BODY"},
		{name: "member twice", answer: reply(200, jsonType, `{"id":1,"id":7,"name":"site"}`), want: "7 site 0  none"},
		{name: "JSON called octets", answer: reply(200, "application/octet-stream", repository("", "")), want: "7 site 12 " + site + " PR_BODY"},
		{name: "vendor JSON", answer: reply(200, "application/vnd.github+json", repository("", "")), want: "7 site 12 " + site + " PR_BODY"},
		{name: "no content type", answer: rawReply("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + repository("", "")), want: "7 site 12 " + site + " PR_BODY"},
		{name: "204 where JSON is due", answer: reply(204, "", ""), want: "false"},
	}...))
}

func TestSlackTolerates(t *testing.T) {
	t.Parallel()
	runRows(t, with(getConversation, []row{
		{name: "plain", answer: reply(200, jsonType, conversation("", "")), want: "C1 lamp 1700000000"},
		{name: "unknown enum value", call: getTeam, answer: reply(200, jsonType, `{"ok":true,"team":{"name":"harbor","plan":"from_2031"}}`), want: "harbor from_2031"},
		{name: "unknown member", answer: reply(200, jsonType, conversation("from_2031", `{"a":[1]}`)), want: "C1 lamp 1700000000"},
		{name: "missing required member", answer: reply(200, jsonType, conversation("created", "")), want: "C1 lamp 0"},
		{name: "null required member", answer: reply(200, jsonType, conversation("id", "null")), want: " lamp 1700000000"},
		{name: "URL that is none", call: getSlackUser, answer: reply(200, jsonType, `{"ok":true,"user":{"id":"U1","profile":{"image_24":"::not a url%zz"}}}`), want: "U1 ::not a url%zz"},
		{name: "integer 80.0", answer: reply(200, jsonType, conversation("created", "80.0")), want: "C1 lamp 80"},
		{name: "integer in quotes", answer: reply(200, jsonType, conversation("created", `"80"`)), want: "C1 lamp 80"},
		{name: "invalid UTF-8", answer: reply(200, jsonType, conversation("name", "\"la\xffmp\"")), want: "C1 la\uFFFDmp 1700000000"},
		{name: "member twice", answer: reply(200, jsonType, `{"ok":true,"channel":{"id":"C0","id":"C1"}}`), want: "C1 none 0"},
		{name: "no ok at all", answer: reply(200, jsonType, `{"channel":{"id":"C1"}}`), want: "C1 none 0"},
		{name: "JSON called octets", answer: reply(200, "application/octet-stream", conversation("", "")), want: "C1 lamp 1700000000"},
		{name: "no content type", answer: rawReply("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + conversation("", "")), want: "C1 lamp 1700000000"},
		{name: "202 with the result", answer: reply(202, jsonType, conversation("", "")), want: "C1 lamp 1700000000"},
	}...))
}
