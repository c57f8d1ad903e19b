package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

// How long requests under way have after the end was asked for: until then they
// go on, after it their contexts end, and after the second the sockets close.
const (
	graceful = 5 * time.Second
	forced   = 10 * time.Second
)

type serveCommand struct {
	Listen    string `default:"127.0.0.1:8200" help:"TCP address; port 0 picks a free one; \"none\" for the socket alone."`
	Socket    string `placeholder:"PATH" help:"Unix socket (default DIR/vault.sock); \"none\" for TCP alone."`
	Expose    bool   `help:"Allow an address that is not loopback. Have something in front that ends TLS."`
	PublicURL string `name:"public-url" help:"Where browsers reach this vault (default the TCP address)."`
	NoConsole bool   `name:"no-console" help:"Serve no operator's console."`
	Verbose   bool   `short:"v" help:"Log every refusal, not only faults."`

	LimitAddress int            `placeholder:"N" help:"Requests a minute of one IP address."`
	LimitKey     int            `placeholder:"N" help:"Requests a minute of one API key."`
	LimitApp     int            `placeholder:"N" help:"Requests a minute of one app with its agents."`
	Quota        map[string]int `placeholder:"WINDOW=N" help:"Requests of an app in a calendar minute, hour, day or month (UTC), such as day=10000."`

	UserTokenDelegation bool `help:"An agent's own key with a user token selects among that user's delegations, instead of being refused."`
}

// Run serves the vault until the context ends.
func (c *serveCommand) Run(t *tool) (err error) {
	if err := t.needDir(); err != nil {
		return err
	}
	if !exists(t.dir) {
		return fmt.Errorf("there is no vault in %s: make one with grantvault init", t.dir)
	}
	s := &server{log: t.logger(c.Verbose)}
	defer func() { err = errors.Join(err, s.close()) }()
	if c.Listen != "none" {
		if err := s.listenTCP(t.ctx, c.Listen, c.Expose); err != nil {
			return err
		}
		if c.PublicURL == "" {
			c.PublicURL = s.url
		}
	}
	if c.Socket != "none" {
		if c.Socket == "" {
			c.Socket = filepath.Join(t.dir, "vault.sock")
		}
		if err := s.listenUnix(t.ctx, c.Socket); err != nil {
			return err
		}
	}
	if len(s.listeners) == 0 {
		return usageError("--listen=none and --socket=none leave nothing to serve on")
	}
	opts := append(t.known(), local.WithLogger(s.log))
	if c.PublicURL != "" && !strings.HasPrefix(c.PublicURL, "http://0.0.0.0") {
		opts = append(opts, local.WithPublicURL(c.PublicURL))
	}
	if !c.NoConsole {
		opts = append(opts, local.WithConsole())
	}
	if c.UserTokenDelegation {
		opts = append(opts, local.WithUserTokenDelegation())
	}
	v, err := t.open(append(opts, c.limits())...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, v.Close()) }()
	if s.url != "" {
		if err := t.print("ALTER_BASE_URL=%s\n", s.url); err != nil {
			return err
		}
	}
	for _, l := range s.listeners {
		if l.Addr().Network() == "unix" {
			if err := t.print("VAULT_SOCKET=%s\n", l.Addr()); err != nil {
				return err
			}
		}
	}
	if err := t.print("ready\n"); err != nil {
		return err
	}
	defer s.reloadOnHangup(t.ctx, v)()
	return s.serve(t.ctx, v)
}

// reloadOnHangup has the vault read its operation tables again at each SIGHUP,
// until the function that it returns is called.
func (s *server) reloadOnHangup(ctx context.Context, v *local.Vault) (stop func()) {
	hangup, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		defer close(done)
		for range hangup {
			if err := v.ReloadOperations(ctx); err != nil {
				s.log.ErrorContext(ctx, "vault keeps the operation tables that it has", "error", err)
			}
		}
	}()
	return func() {
		signal.Stop(hangup)
		close(hangup)
		<-done
	}
}

// limits is nil when nothing is limited.
func (c *serveCommand) limits() local.Option {
	limits := local.RateLimits{PerAddress: c.LimitAddress, PerKey: c.LimitKey, PerApp: c.LimitApp}
	for window, n := range c.Quota {
		limits.Quotas = append(limits.Quotas, local.Quota{Window: window, Requests: n})
	}
	if c.LimitAddress == 0 && c.LimitKey == 0 && c.LimitApp == 0 && limits.Quotas == nil {
		return nil
	}
	return local.WithRateLimits(limits)
}

func (t *tool) logger(verbose bool) *slog.Logger {
	level := slog.LevelWarn
	if verbose {
		level = slog.LevelInfo
	}
	return slog.New(slog.NewTextHandler(t.stderr, &slog.HandlerOptions{Level: level}))
}

// server serves one handler on several listeners.
type server struct {
	log       *slog.Logger
	listeners []net.Listener
	url       string // of the TCP listener
}

func (s *server) listenTCP(ctx context.Context, address string, expose bool) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return usageError("--listen takes host:port, such as 127.0.0.1:8200")
	}
	if !loopback(host) && !expose {
		return usageError("--listen names an address that is not loopback; the vault hands out credentials over plain HTTP there. " +
			"Use 127.0.0.1, or --expose with something in front that ends TLS")
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", address)
	if err != nil {
		return err
	}
	s.listeners = append(s.listeners, l)
	s.url = "http://" + l.Addr().String()
	return nil
}

// loopback reports whether a host is this machine alone. Names other than
// localhost are not asked for: what they resolve to can change.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && addr.IsLoopback()
}

// listenUnix makes the socket, and takes the place of one that nobody serves
// any more.
func (s *server) listenUnix(ctx context.Context, path string) error {
	if info, err := os.Lstat(path); err == nil {
		if info.Mode().Type() != os.ModeSocket {
			return fmt.Errorf("%s exists and is no socket: move it away, or name another with --socket", path)
		}
		var d net.Dialer
		if conn, err := d.DialContext(ctx, "unix", path); err == nil {
			_ = conn.Close()
			return fmt.Errorf("%s is being served by another process", path)
		}
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	var config net.ListenConfig
	l, err := config.Listen(ctx, "unix", path)
	if err != nil {
		return err
	}
	s.listeners = append(s.listeners, l)
	// Until here the mode is the process's mask; the vault's folder has mode 0700.
	return os.Chmod(path, 0o600)
}

func (s *server) close() error {
	var errs []error
	for _, l := range s.listeners {
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// serve returns after ctx has ended and the requests under way are done.
func (s *server) serve(ctx context.Context, h http.Handler) error {
	requests, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	hs := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return requests },
		ErrorLog:    slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	failed := make(chan error, len(s.listeners))
	for _, l := range s.listeners {
		go func() { failed <- hs.Serve(l) }()
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	timer := time.AfterFunc(graceful, cancel) // held polls end here
	defer timer.Stop()
	end, stop := context.WithTimeout(context.WithoutCancel(ctx), forced)
	defer stop()
	return errors.Join(err, hs.Shutdown(end))
}
