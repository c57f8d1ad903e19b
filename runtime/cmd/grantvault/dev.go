package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

type devCommand struct {
	Approve bool   `help:"A plain GET of a connect_url completes the session at once, and calls that wait for an approval get it after a moment. Sign-in still waits for its page."`
	Listen  string `default:"127.0.0.1:0" help:"TCP address of the vault."`

	UserTokenDelegation bool `help:"As for serve."`
}

// Run serves a throwaway vault until the context ends.
func (c *devCommand) Run(t *tool) (err error) {
	s := &server{log: t.logger(false)}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.listenTCP(t.ctx, c.Listen, false); err != nil {
		return err
	}
	provider, stop, err := startStandin(t.ctx)
	if err != nil {
		return err
	}
	defer stop()
	dir := t.dir
	if dir == "" {
		if dir, err = os.MkdirTemp("", "grantvault-dev-"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	} else if exists(dir) {
		return usageError("dev makes a vault of its own: --dir must not hold one yet")
	}
	opts := []local.Option{local.WithPublicURL(s.url), local.WithLogger(s.log), local.WithConsole()}
	opts = append(opts, t.standin(provider.url)...)
	if c.UserTokenDelegation {
		opts = append(opts, local.WithUserTokenDelegation())
	}
	v, err := local.Open(dir, opts...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	w := devWorld{vault: v, provider: provider}
	if err := w.provision(t.ctx); err != nil {
		return err
	}
	console, err := v.ConsoleURL(t.ctx, "dev")
	if err != nil {
		return err
	}
	if err := t.print("ALTER_BASE_URL=%s\nALTER_APP_KEY=%s\nALTER_AGENT_KEY=%s\nALTER_AGENT_ID=%s\nGRANT_ID=%s\nUSER_GRANT_ID=%s\nPROVIDER_URL=%s\nVAULT_DIR=%s\nCONSOLE_URL=%s\nready\n",
		s.url, w.appKey, w.agentKey, w.agentID, w.grant, w.userGrant, provider.url, dir, console); err != nil {
		return err
	}
	var h http.Handler = v
	if c.Approve {
		h = &approver{vault: v, base: s.url, provider: provider}
		ctx, stop := context.WithCancel(t.ctx)
		done := make(chan error, 1)
		go func() { done <- approveAll(ctx, v) }()
		defer func() {
			stop()
			err = errors.Join(err, <-done)
		}()
	}
	defer s.reloadOnHangup(t.ctx, v)()
	return s.serve(t.ctx, h)
}

// devWorld is what dev provides.
type devWorld struct {
	vault    *local.Vault
	provider *standin

	appKey, agentKey, agentID, grant, userGrant string
}

// The logins of the two grants that dev makes.
const (
	agentLogin = "octo-agent"
	userLogin  = "octo-user"
)

func (w *devWorld) provision(ctx context.Context) error {
	app, err := w.vault.CreateApp(ctx, local.AppSpec{Name: "dev"})
	if err != nil {
		return err
	}
	agent, err := w.vault.CreateAgent(ctx, local.AgentSpec{AppID: app.ID, Name: "dev-agent", DisplayName: "Dev agent"})
	if err != nil {
		return err
	}
	w.appKey, w.agentKey, w.agentID = app.Key, agent.Key, agent.ID
	if _, err := w.vault.SetProvider(ctx, w.provider.spec()); err != nil {
		return err
	}
	user, err := w.vault.CreateUser(ctx, local.UserSpec{AppID: app.ID, Subject: standinID + "|" + userLogin, DisplayName: userLogin})
	if err != nil {
		return err
	}
	own, err := w.vault.CreateGrant(ctx, w.grantSpec(app.ID, agentLogin, local.GrantSpec{AgentID: agent.ID}))
	if err != nil {
		return err
	}
	users, err := w.vault.CreateGrant(ctx, w.grantSpec(app.ID, userLogin, local.GrantSpec{UserID: user.ID}))
	if err != nil {
		return err
	}
	w.grant, w.userGrant = own.ID, users.ID
	return w.vault.DelegateGrant(ctx, users.ID, agent.ID, time.Time{})
}

func (w *devWorld) grantSpec(appID, login string, spec local.GrantSpec) local.GrantSpec {
	spec.AppID, spec.Provider, spec.Account, spec.Hosts = appID, standinID, login, []string{w.provider.url}
	spec.Scopes = standinScopes()
	spec.Credential = local.Credential{Token: w.provider.tokenFor(login)}
	return spec
}

// startStandin serves the provider on a free port of loopback.
func startStandin(ctx context.Context) (*standin, func(), error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	p := newStandin("http://" + l.Addr().String())
	hs := &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = hs.Serve(l) }() // ends with Close
	return p, func() { _ = hs.Close() }, nil
}
