package interop_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/grantwire/grantwire/runtime/vault"
)

// clients are the ones that a call may use; it makes them by need.
type clients struct {
	base  string
	close []func(context.Context) error
}

func (c *clients) at(path string) string { return c.base + "/provider" + path }

func (c *clients) with(opts []vault.Option) []vault.Option {
	// The audit report tells the agent's User-Agent, which is part of the comparison.
	return append([]vault.Option{vault.WithBaseURL(c.base), vault.WithUserAgent(officialUserAgent)}, opts...)
}

const officialUserAgent = "alter-sdk-python/0.29.0"

func (c *clients) agent(opts ...vault.Option) *vault.Agent {
	a, err := vault.NewAgent(agentKey, c.with(opts)...)
	if err != nil {
		panic(err) // the test's own fault
	}
	c.close = append(c.close, a.Close)
	return a
}

func (c *clients) app(opts ...vault.Option) *vault.App {
	a, err := vault.NewApp(appKey, c.with(opts)...)
	if err != nil {
		panic(err)
	}
	c.close = append(c.close, a.Close)
	return a
}

func do(ctx context.Context, c interface {
	Request(ctx context.Context, method, url string, opts ...vault.RequestOption) (*http.Response, error)
}, method, url string, opts ...vault.RequestOption) error {
	resp, err := c.Request(ctx, method, url, opts...)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	return errors.Join(err, resp.Body.Close())
}

func full() []vault.RequestOption {
	return []vault.RequestOption{
		vault.Grant(idGrant), vault.JSON(map[string]any{"a": []any{1, nil, "é"}, "b": true}), vault.Header("X-Extra", "1"),
		vault.Query(url.Values{"q": {"a b&c"}}), vault.PathParam("what", "a/b ü"), vault.Reason("täglich"),
		vault.Context(map[string]string{"run_id": "r1", "tool": "t"}),
	}
}

func userToken(context.Context) (string, error) { return "user-token", nil }

// calls are those of record.py, by name.
func calls(t *testing.T) map[string]func(context.Context, *clients) error {
	t.Helper()
	all := map[string]func(context.Context, *clients) error{}
	for _, group := range []map[string]func(context.Context, *clients) error{requestCalls(), identityCalls(), grantCalls(), sessionCalls(), agentCalls(), constrainedCalls(), approvalCalls(), vouchedCalls(), secretCalls(), catalogCalls()} {
		for name, f := range group {
			if all[name] != nil {
				t.Errorf("two calls are named %s: one of them is not made", name)
			}
			all[name] = f
		}
	}
	return all
}

func requestCalls() map[string]func(context.Context, *clients) error {
	grant := vault.Grant(idGrant)
	return map[string]func(context.Context, *clients) error{
		"request_plain": func(ctx context.Context, c *clients) error { return do(ctx, c.agent(), "GET", c.at("/user"), grant) },
		"request_full": func(ctx context.Context, c *clients) error {
			return do(ctx, c.agent(), "POST", c.at("/{what}"), full()...)
		},
		"request_bytes": func(ctx context.Context, c *clients) error {
			return do(ctx, c.agent(), "PUT", c.at("/user"), grant, vault.Body(strings.NewReader("raw é")))
		},
		"request_in_a_trace": func(ctx context.Context, c *clients) error {
			a := c.agent()
			ctx = a.Trace(ctx, vault.Trace{RunID: "r1", ThreadID: "t1", Metadata: map[string]string{"a": "1", "b": "2"}})
			err := do(ctx, a, "GET", c.at("/user"), grant)
			_, proxied := a.ProxyRequest(a.Trace(ctx, vault.Trace{ThreadID: "t2"}), "GET", c.at("/user"), grant)
			return errors.Join(err, proxied)
		},
		"request_by_provider": func(ctx context.Context, c *clients) error {
			return do(ctx, c.agent(), "GET", c.at("/user"), vault.Provider("github"), vault.Account("octo"), vault.Label("work"), vault.AppUser("u1"))
		},
		"request_by_provider_for_a_user": func(ctx context.Context, c *clients) error {
			return do(ctx, c.app(), "GET", c.at("/user"), vault.Provider("github"), vault.UserToken("user-token"))
		},
		"request_refused_by_the_provider": func(ctx context.Context, c *clients) error {
			return want(do(ctx, c.agent(), "GET", c.at("/unauthorized"), grant), vault.ErrProviderUnauthorized)
		},
		"request_with_too_few_scopes": func(ctx context.Context, c *clients) error {
			return want(do(ctx, c.agent(), "GET", c.at("/narrow"), grant), vault.ErrScopeReauthRequired)
		},
		"request_with_a_caller": func(ctx context.Context, c *clients) error {
			return do(ctx, c.agent(), "GET", c.at("/user"), grant, vault.Caller("one-off"))
		},
		"proxy_plain": func(ctx context.Context, c *clients) error {
			_, err := c.agent().ProxyRequest(ctx, "GET", c.at("/user"), grant)
			return err
		},
		"proxy_full": func(ctx context.Context, c *clients) error {
			_, err := c.agent().ProxyRequest(ctx, "POST", c.at("/{what}"), full()...)
			return err
		},
		"proxy_by_provider": func(ctx context.Context, c *clients) error {
			_, err := c.app().ProxyRequest(ctx, "GET", c.at("/user"), vault.Provider("github"), vault.Account("octo"), vault.Label("work"),
				vault.UserToken("user-token"), vault.AppUser("u1"))
			return err
		},
	}
}

// want turns the error that a call must end with into none.
func want(err, kind error) error {
	if errors.Is(err, kind) {
		return nil
	}
	return fmt.Errorf("want %w, got: %w", kind, err)
}

func identityCalls() map[string]func(context.Context, *clients) error {
	grant := vault.Grant(idGrant)
	return map[string]func(context.Context, *clients) error{
		"me": func(ctx context.Context, c *clients) error { _, err := c.agent().Me(ctx); return err },
		"me_in_a_trace": func(ctx context.Context, c *clients) error {
			a := c.agent()
			_, err := a.Me(a.Trace(ctx, vault.Trace{RunID: "r1", ThreadID: "t1", Metadata: map[string]string{"role": "wrîter"}}))
			return err
		},
		"request_with_a_getter": func(ctx context.Context, c *clients) error {
			a := c.app(vault.WithUserToken(userToken))
			err := do(ctx, a, "GET", c.at("/user"), grant)
			_, proxied := a.ProxyRequest(ctx, "GET", c.at("/user"), grant)
			listed := drain(a.ListGrants(ctx, vault.GrantFilter{}))
			_, revoked := a.RevokeGrant(ctx, idGrant, "")
			_, session := a.CreateConnectSession(ctx, vault.ConnectParams{})
			return errors.Join(err, proxied, listed, revoked, session)
		},
		"agent_with_a_getter": func(ctx context.Context, c *clients) error {
			a := c.agent(vault.WithUserToken(userToken))
			err := do(ctx, a, "GET", c.at("/user"), grant)
			listed := drain(a.ListGrants(ctx, vault.GrantFilter{}))
			_, session := a.CreateConnectSession(ctx, vault.ConnectParams{})
			return errors.Join(err, listed, session)
		},
		"app_with_a_caller": func(ctx context.Context, c *clients) error {
			a := c.app(vault.WithCaller("billing-cron"))
			err := do(ctx, a, "GET", c.at("/user"), grant)
			listed := drain(a.ListGrants(ctx, vault.GrantFilter{}))
			_, proxied := a.ProxyRequest(ctx, "GET", c.at("/user"), grant)
			revoked := a.RevokeDelegation(ctx, idGrant, idAgent)
			return errors.Join(err, listed, proxied, revoked, do(ctx, a, "GET", c.at("/user"), grant, vault.Caller("one-off")))
		},
		"app_with_a_caller_type": func(ctx context.Context, c *clients) error {
			return drain(c.app(vault.WithCaller("billing-cron"), vault.WithCallerType(vault.CallerAgent)).ListGrants(ctx, vault.GrantFilter{}))
		},
		"agent_with_a_caller": func(ctx context.Context, c *clients) error {
			a := c.agent(vault.WithCaller("tool-runner"))
			_, err := a.Me(ctx)
			_, traced := a.Me(a.Trace(ctx, vault.Trace{RunID: "r1"}))
			return errors.Join(err, traced)
		},
		"impersonated": func(ctx context.Context, c *clients) error {
			a, err := c.app().Agent(idAgent)
			if err != nil {
				return err
			}
			c.close = append([]func(context.Context) error{a.Close}, c.close...)
			_, me := a.Me(ctx)
			err = do(ctx, a, "GET", c.at("/user"), grant)
			_, proxied := a.ProxyRequest(ctx, "GET", c.at("/user"), grant)
			return errors.Join(me, err, proxied, drain(a.ListGrants(ctx, vault.GrantFilter{})))
		},
	}
}

func drain[T any](all func(yield func(T, error) bool)) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

func grantCalls() map[string]func(context.Context, *clients) error {
	return map[string]func(context.Context, *clients) error{
		"list_grants_plain": func(ctx context.Context, c *clients) error {
			return drain(c.app().ListGrants(ctx, vault.GrantFilter{}))
		},
		"list_grants_full": func(ctx context.Context, c *clients) error {
			return drain(c.app().ListGrants(ctx, vault.GrantFilter{
				Provider: "github", Status: "active", Account: "octo", Label: "work", UserToken: "user-token", PageSize: 7, Offset: 3,
			}))
		},
		"list_grants_in_a_trace": func(ctx context.Context, c *clients) error {
			a := c.agent()
			return drain(a.ListGrants(a.Trace(ctx, vault.Trace{RunID: "r1"}), vault.GrantFilter{}))
		},
		"mint_grant": func(ctx context.Context, c *clients) error {
			a := c.app()
			_, err := a.MintGrant(ctx, idGrant, vault.MintParams{Label: "work"})
			_, again := a.MintGrant(ctx, idGrant, vault.MintParams{Label: "ünï", Policy: map[string]any{"max_ttl_seconds": 60}, Tags: []string{"a", "b"}})
			return errors.Join(err, again)
		},
		"delegate": func(ctx context.Context, c *clients) error {
			a := c.agent()
			_, err := a.Delegate(ctx, idGrant, idOther, vault.DelegateParams{})
			_, again := a.Delegate(ctx, idGrant, idOther, vault.DelegateParams{Delegable: new(false), ScopeConstraint: []string{"repo"}, TTL: time.Minute})
			return errors.Join(err, again)
		},
		"revoke_grant": func(ctx context.Context, c *clients) error {
			a := c.app()
			_, err := a.RevokeGrant(ctx, idGrant, "")
			_, again := a.RevokeGrant(ctx, strings.ToUpper(idGrant), "over")
			return errors.Join(err, again)
		},
		"revoke_delegation": func(ctx context.Context, c *clients) error { return c.app().RevokeDelegation(ctx, idGrant, idAgent) },
		"revoke_own_delegation": func(ctx context.Context, c *clients) error {
			a := c.agent()
			return a.RevokeDelegation(a.Trace(ctx, vault.Trace{RunID: "r1"}), idGrant)
		},
	}
}

func sessionCalls() map[string]func(context.Context, *clients) error {
	quick := []vault.PollOption{
		vault.PollTimeout(5 * time.Second), vault.PollInterval(10 * time.Millisecond),
		vault.ShowURL(func(context.Context, string) error { return nil }),
	}
	return map[string]func(context.Context, *clients) error{
		"connect_session_plain": func(ctx context.Context, c *clients) error {
			_, err := c.app().CreateConnectSession(ctx, vault.ConnectParams{})
			return err
		},
		"connect_session_full": func(ctx context.Context, c *clients) error {
			_, err := c.agent().CreateConnectSession(ctx, vault.ConnectParams{
				Providers: []string{"github"}, Direct: true, ReturnURL: "https://app.example/back", AllowedOrigin: "https://app.example",
				Metadata: &vault.ConnectMetadata{IPAddress: "192.0.2.1", UserAgent: "ua"}, Policy: &vault.GrantPolicy{MaxTTL: time.Minute},
				RequiredScopes: map[string][]string{"github": {"repo"}}, Agent: "builder", UserToken: "user-token",
				Requested: &vault.RequestedGrant{Label: "work", AllowedMethods: []string{"GET"}, AllowedEndpoints: []string{"/user"}},
				Delegable: new(false), ScopeConstraint: []string{"repo"}, SwitchAccount: true, HideUserRules: true,
			})
			return err
		},
		"connect_session_repair": func(ctx context.Context, c *clients) error {
			_, err := c.app().CreateConnectSession(ctx, vault.ConnectParams{Providers: []string{"github"}, RepairGrantID: strings.ToUpper(idGrant)})
			return err
		},
		"connect_after_a_missing_delegation": func(ctx context.Context, c *clients) error {
			a := c.agent()
			err := do(ctx, a, "GET", c.at("/no-delegated"), vault.Provider("github"))
			if fault := want(err, vault.ErrNoDelegatedGrant); fault != nil {
				return fault
			}
			_, err = a.CreateConnectSessionForError(ctx, err, vault.ConnectParams{ReturnURL: "https://app.example/back"})
			return err
		},
		"connect_after_a_revoked_credential": func(ctx context.Context, c *clients) error {
			a := c.agent()
			err := do(ctx, a, "GET", c.at("/credential-revoked"), vault.Grant(idGrant))
			if fault := want(err, vault.ErrCredentialRevoked); fault != nil {
				return fault
			}
			_, err = a.CreateConnectSessionForError(ctx, err, vault.ConnectParams{})
			return err
		},
		"poll_connect_session": func(ctx context.Context, c *clients) error {
			_, err := c.app().PollSession(ctx, "cs_1", quick...)
			return err
		},
		"connect": func(ctx context.Context, c *clients) error {
			_, err := c.agent().Connect(ctx, vault.ConnectParams{Providers: []string{"github"}, Policy: &vault.GrantPolicy{MaxTTL: time.Minute}}, quick...)
			return err
		},
		"auth_session": func(ctx context.Context, c *clients) error { _, err := c.app().CreateAuthSession(ctx); return err },
		"authenticate": func(ctx context.Context, c *clients) error {
			a := c.app()
			_, err := a.Authenticate(ctx, append(quick, vault.PollTimeout(10*time.Second))...)
			return errors.Join(err, drain(a.ListGrants(ctx, vault.GrantFilter{})))
		},
		"verify_user_token": func(ctx context.Context, c *clients) error {
			_, err := c.app().VerifyUserToken(ctx, "user-token")
			return err
		},
	}
}

func agentCalls() map[string]func(context.Context, *clients) error {
	type call = func(context.Context, *clients) error
	none := func(_ any, err error) error { return err }
	return map[string]call{
		"agents_create": func(ctx context.Context, c *clients) error {
			a := c.app().Agents()
			_, err := a.Create(ctx, vault.AgentParams{Name: "builder"})
			_, again := a.Create(ctx, vault.AgentParams{
				Name: "bü", Type: vault.CallerService, Scopes: map[string][]string{"github": {"repo", "user"}}, DisplayName: new("B"),
				Metadata: map[string]any{"k": "v"}, Policy: map[string]any{"p": 1}, IdempotencyKey: "idem-1",
			})
			return errors.Join(err, again)
		},
		"agents_list": func(ctx context.Context, c *clients) error {
			a := c.app().Agents()
			return errors.Join(drain(a.List(ctx, vault.AgentFilter{})), drain(a.List(ctx, vault.AgentFilter{IncludeRevoked: true, PageSize: 7, Offset: 3})))
		},
		"agents_get": func(ctx context.Context, c *clients) error {
			a := c.app().Agents()
			_, err := a.Get(ctx, idAgent)
			_, _ = a.GetByName(ctx, "bü ilder") // the recorder knows none
			return err
		},
		"agents_update": func(ctx context.Context, c *clients) error {
			a := c.app().Agents()
			_, err := a.Update(ctx, idAgent, vault.AgentChange{DisplayName: new("B"), Metadata: map[string]any{"k": "v"}, Policy: map[string]any{"p": 1}})
			_, again := a.Update(ctx, idAgent, vault.AgentChange{Scopes: map[string][]string{"github": {"repo"}}, ExpectedVersion: 3, GracePeriod: new(time.Minute)})
			return errors.Join(err, again)
		},
		"agents_status": func(ctx context.Context, c *clients) error {
			a := c.app().Agents()
			return errors.Join(none(a.Suspend(ctx, idAgent)), none(a.Resume(ctx, idAgent)), none(a.Delete(ctx, idAgent)))
		},
		"agents_keys": func(ctx context.Context, c *clients) error {
			a := c.app().Agents()
			return errors.Join(none(a.MintKey(ctx, idAgent)), none(a.ListKeys(ctx, idAgent)), none(a.DeprecateKey(ctx, idAgent, idKey)),
				none(a.UndeprecateKey(ctx, idAgent, idKey)), none(a.RevokeKey(ctx, idAgent, idKey, false)), none(a.RevokeKey(ctx, idAgent, idKey, true)))
		},
		"keys": func(ctx context.Context, c *clients) error {
			k := c.app().Keys()
			return errors.Join(none(k.Derive(ctx, vault.KeyParams{Scopes: []string{"grants:read"}, ExpiresIn: 10 * time.Minute})),
				none(k.Derive(ctx, vault.KeyParams{
					Scopes: []string{"grants:read", "audit:emit"}, ExpiresIn: time.Minute, CIDRs: []string{"127.0.0.0/8"}, Name: "report", Metadata: map[string]any{"k": "v"},
				})), none(k.Rotate(ctx, idKey, 3)), none(k.Revoke(ctx, idKey, false)), none(k.Revoke(ctx, idKey, true)))
		},
	}
}
