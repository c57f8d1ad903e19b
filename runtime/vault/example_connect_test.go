package vault_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
)

func ExampleAgent_Connect() {
	agent := exampleAgent()
	results, err := agent.Connect(context.Background(), vault.ConnectParams{Providers: []string{"github"}},
		vault.PollTimeout(time.Minute), vault.ShowURL(func(_ context.Context, url string) error {
			fmt.Println("open", url)
			return nil
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(results[0].GrantID)
	// Output:
	// open https://vault.example.com/connect
	// 22222222-2222-4222-8222-222222222222
}

func ExampleApp_CreateConnectSession() {
	app, ctx := exampleApp(), context.Background()
	session, err := app.CreateConnectSession(ctx, vault.ConnectParams{
		Providers: []string{"github"}, Agent: agentID, Policy: &vault.GrantPolicy{MaxTTL: 24 * time.Hour},
		ReturnURL: "https://app.example.com/done", UserToken: "test-secret-user-token",
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("send the user to", session.ConnectURL)
	fmt.Println(session) // never token and URL

	// Later, perhaps in another process:
	results, err := app.PollSession(ctx, session.Token.Reveal())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(results[0].ProviderID, results[0].Operation)
	// Output:
	// send the user to https://vault.example.com/connect
	// vault.ConnectSession(expires 2026-01-01T00:10:00Z)
	// github creation
}

func ExampleApp_CreateConnectSessionForError() {
	app, ctx := exampleApp(), context.Background()
	_, err := app.Request(ctx, "GET", "https://api.example.com/forbidden", vault.Provider("github"))
	if errors.Is(err, vault.ErrProviderUnauthorized) {
		session, err := app.CreateConnectSessionForError(ctx, err, vault.ConnectParams{})
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("connect again at", session.ConnectURL)
	}
	// Output: connect again at https://vault.example.com/connect
}

func ExampleApp_Authenticate() {
	app, ctx := exampleApp(), context.Background()
	user, err := app.Authenticate(ctx, vault.ShowURL(func(_ context.Context, url string) error {
		fmt.Println("open", url)
		return nil
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(user.UserInfo, user.UserToken)                         // the token is hidden; UserToken.Reveal() gives it
	for grant, err := range app.ListGrants(ctx, vault.GrantFilter{}) { // the user's own, from now on
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(grant.ProviderID)
	}
	// Output:
	// open https://idp.example.com/login
	// {"sub":"user-1"} (hidden)
	// github
}

func ExampleAgent_Authenticate() {
	user, err := exampleAgent().Authenticate(context.Background(), vault.ShowURL(func(context.Context, string) error { return nil }))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(user.UserInfo)
	// Output: {"sub":"user-1"}
}

func ExampleApp_CreateAuthSession() {
	app, ctx := exampleApp(), context.Background()
	session, err := app.CreateAuthSession(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("send the user to", session.AuthURL)
	user, err := app.PollAuthSession(ctx, session.Token.Reveal(), vault.PollTimeout(time.Minute))
	if err != nil {
		fmt.Println(err)
		return
	}
	subject, err := app.VerifyUserToken(ctx, user.UserToken.Reveal())
	fmt.Println(subject, err)
	// Output:
	// send the user to https://idp.example.com/login
	// user-1 <nil>
}

func ExampleOnDeclined() {
	app := exampleApp()
	_, err := app.Connect(context.Background(), vault.ConnectParams{}, vault.ShowURL(vault.PrintURL), vault.PollInterval(time.Second),
		vault.OnDeclined(func(d vault.DeclinedProvider) { fmt.Println("declined:", d.ProviderID) }))
	fmt.Println(err)
	// Output:
	// Open this address in a browser: https://vault.example.com/connect
	// <nil>
}

// A program that knows its user sits in front of it opens the browser, or asks.
func ExampleOpenBrowser() { //nolint:testableexamples // run, it would open a browser
	_, err := exampleApp().Connect(context.Background(), vault.ConnectParams{}, vault.ShowURL(vault.OpenBrowser))
	if err != nil {
		_, err = exampleApp().Connect(context.Background(), vault.ConnectParams{}, vault.ShowURL(vault.OpenOrPrint))
	}
	fmt.Println(err)
}
