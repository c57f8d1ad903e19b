package vault_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
)

func ExampleNewAgent() {
	agent, err := vault.NewAgent(exampleKey, vault.WithBackend(exampleVault), vault.WithProviderTransport(exampleProvider))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	me, err := agent.Me(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(me.Name, me.Status)
	fmt.Println(agent) // never the key
	fmt.Println(agent.Close(ctx))
	// Output:
	// triage active
	// vault.Agent(http://localhost)
	// <nil>
}

func ExampleNewApp() {
	// The application works for whoever is signed in: the token goes along with
	// every call.
	type session struct{}
	app, err := vault.NewApp(exampleAppKey, vault.WithBackend(exampleVault), vault.WithProviderTransport(exampleProvider),
		vault.WithCaller("billing"), vault.WithUserToken(func(ctx context.Context) (string, error) {
			token, ok := ctx.Value(session{}).(string)
			if !ok {
				return "", errors.New("nobody is signed in")
			}
			return token, nil
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.WithValue(context.Background(), session{}, "test-secret-user-token")
	resp, err := app.Request(ctx, "GET", "https://api.example.com/user", vault.Provider("github"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	_, err = app.Request(context.Background(), "GET", "https://api.example.com/user", vault.Provider("github"))
	fmt.Println(resp.StatusCode, errors.Is(err, vault.ErrUserToken))
	// Output: 200 true
}

func ExampleApp_Agent() {
	app := exampleApp()
	agent, err := app.Agent(agentID)
	if err != nil {
		fmt.Println(err)
		return
	}
	me, err := agent.Me(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(me.ID == agentID)
	// Output: true
}

func ExampleAgent_Request() {
	agent := exampleAgent()
	resp, err := agent.Request(context.Background(), "GET", "https://api.example.com/repos/{owner}/{repo}",
		vault.Grant(grantID), vault.PathParam("owner", "acme"), vault.PathParam("repo", "a"),
		vault.Query(url.Values{"page": {"2"}}), vault.Header("Accept", "application/json"),
		vault.Reason("list the open issues"), vault.Context(map[string]string{"tool": "triage"}))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(string(body))
	// Output: {"name":"a"}
}

func ExampleAgent_Request_errors() {
	agent := exampleAgent()
	_, err := agent.Request(context.Background(), "GET", "https://api.example.com/forbidden", vault.Grant(grantID))
	switch {
	case errors.Is(err, vault.ErrScopeReauthRequired):
		fmt.Println("connect again with more scopes")
	case errors.Is(err, vault.ErrProviderUnauthorized), errors.Is(err, vault.ErrReAuthRequired):
		fmt.Println("connect again")
	case errors.Is(err, vault.ErrRateLimited):
		fmt.Println("wait")
	}
	if answer, ok := errors.AsType[*vault.ProviderError](err); ok {
		fmt.Println(answer.StatusCode, string(answer.Body()))
	}
	// Output:
	// connect again
	// 401 {"message":"bad credentials"}
}

func ExampleApp_Request() {
	app := exampleApp()
	resp, err := app.Request(context.Background(), "GET", "https://api.example.com/user",
		vault.Provider("github"), vault.Account("octo"), vault.UserToken("test-secret-user-token"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status, resp.StatusCode)
	// Output: 200
}

func ExampleAgent_ProxyRequest() {
	agent := exampleAgent()
	result, err := agent.ProxyRequest(context.Background(), "GET", "https://api.example.com/user", vault.Grant(grantID))
	if pending, ok := errors.AsType[*vault.PendingApproval](err); ok {
		fmt.Println("ask somebody to approve at", pending.ApprovalURL)
		return
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	var user struct {
		Login string `json:"login"`
	}
	fmt.Println(result.StatusCode, result.Decode(&user), user.Login)
	// Output: 200 <nil> octo
}

func ExampleApp_ProxyRequest() {
	app := exampleApp()
	result, err := app.ProxyRequest(context.Background(), "POST", "https://api.example.com/issues",
		vault.Grant(grantID), vault.JSON(map[string]string{"title": "broken"}), vault.Caller("one-shot"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(result.StatusCode)
	// Output: 200
}

func ExampleAgent_HTTPClient() {
	agent := exampleAgent()
	client := agent.HTTPClient(vault.Grant(grantID)) // for any client that takes an *http.Client
	resp, err := client.Get("https://api.example.com/user")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(string(body))
	// Output: {"login":"octo"}
}

func ExampleAgent_Transport() {
	agent := exampleAgent()
	client := &http.Client{Transport: agent.Transport(), Timeout: time.Minute}
	ctx := vault.WithGrant(context.Background(), grantID)
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.example.com/user", nil)
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 200
}

func ExampleAgent_Trace() {
	agent := exampleAgent()
	ctx := agent.Trace(context.Background(), vault.Trace{RunID: "run-abc123", ThreadID: "t-1", Metadata: map[string]string{"customer": "acme"}})
	// Both calls stand under the run in the audit trail; the second one has a tool.
	for _, tool := range []string{"", "search"} {
		resp, err := agent.Request(agent.Trace(ctx, vault.Trace{Tool: tool}), "GET", "https://api.example.com/user", vault.Grant(grantID))
		if err != nil {
			fmt.Println(err)
			return
		}
		resp.Body.Close()
		fmt.Println(resp.StatusCode)
	}
	// Output:
	// 200
	// 200
}

func ExampleAgent_Me() {
	me, err := exampleAgent().Me(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(me.ID, me.Name, me.Scopes)
	// Output: 11111111-1111-4111-8111-111111111111 triage {"github":["repo"]}
}

func ExampleWithMode() {
	// In proxy mode the credential never enters this process, whoever makes the
	// call.
	agent, err := vault.NewAgent(exampleKey, vault.WithBackend(exampleVault), vault.WithMode(vault.Proxy))
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := agent.HTTPClient(vault.Grant(grantID)).Get("https://api.example.com/user")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	fmt.Println(string(body))
	// Output: {"login":"octo"}
}

func ExampleError() {
	_, err := exampleAgent().Request(context.Background(), "GET", "ftp://api.example.com", vault.Grant(grantID))
	if e, ok := errors.AsType[*vault.Error](err); ok {
		fmt.Println(e.Code, e.Retryable)
	}
	if value, ok := errors.AsType[*vault.ValueError](err); ok {
		fmt.Println(value.Field)
	}
	fmt.Println(strings.HasPrefix(err.Error(), "vault: grant "+grantID))
	// Output:
	// invalid_value false
	// url
	// true
}

func ExampleWithTraceparentFrom() {
	// Package vaultotel has this for OpenTelemetry.
	type span struct{}
	agent, err := vault.NewAgent(exampleKey, vault.WithBackend(exampleVault), vault.WithLogger(slog.New(slog.DiscardHandler)),
		vault.WithTraceparentFrom(func(ctx context.Context) string {
			parent, _ := ctx.Value(span{}).(string)
			return parent
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.WithValue(context.Background(), span{}, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	me, err := agent.Me(ctx)
	fmt.Println(me.Name, err)
	// Output: triage <nil>
}

func ExampleApp_RateLimit() {
	app, ctx := exampleApp(), context.Background()
	if _, err := app.Agents().Get(ctx, agentID); err != nil {
		fmt.Println(err)
		return
	}
	if limit, ok := app.RateLimit(); ok {
		fmt.Println(limit.Remaining, "of", limit.Limit)
	}
	fmt.Println(app.BaseURL(), app.Mode(), app.KeyDeprecated(), app.ActorID(), app.AuditStats().Failed)
	// Output:
	// 41 of 60
	// http://localhost retrieve true 33333333-3333-4333-8333-333333333333 0
}

func ExampleWithBaseURL() {
	app, err := vault.NewApp(exampleAppKey, vault.WithBaseURL("https://vault.example.com/"), vault.WithTimeout(10*time.Second),
		vault.WithUserAgent("billing/1.0"), vault.WithCaller(agentID), vault.WithCallerType(vault.CallerAgent))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(app.BaseURL())
	// Output: https://vault.example.com
}

func ExampleWithContext() {
	// For clients that know nothing of this package, the context carries it all.
	ctx := vault.WithGrant(context.Background(), grantID)
	ctx = vault.WithContext(ctx, map[string]string{"run_id": "run-abc123", "tool": "search"})
	ctx = vault.WithReason(ctx, "find the duplicates")
	ctx = vault.WithTraceparent(ctx, "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "https://api.example.com/user", nil)
	resp, err := exampleAgent().HTTPClient().Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 200
}

func ExampleProvider() {
	// An agent that several users delegated to says whose account it means.
	resp, err := exampleAgent().Request(context.Background(), "POST", "https://api.example.com/repos/{owner}/{repo}",
		vault.Provider("github"), vault.AppUser("user-7"), vault.Label("work"),
		vault.PathParams(map[string]string{"owner": "acme", "repo": "a"}), vault.Body(strings.NewReader("raw")))
	if ambiguous, ok := errors.AsType[*vault.Error](err); ok && errors.Is(err, vault.ErrAmbiguousGrant) {
		fmt.Println("one of", ambiguous.Details.Candidates)
		return
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.StatusCode)
	// Output: 200
}
