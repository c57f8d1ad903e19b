package vault

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"time"
)

// Limits of polling a session, and the defaults of [PollTimeout] and
// [PollInterval].
const (
	defaultPollTimeout  = 300 * time.Second
	defaultPollInterval = 2 * time.Second
	longestAuthWait     = 25 * time.Second
	authWaitMargin      = 15 * time.Second
)

// PollOption shapes how a session is shown and waited for.
type PollOption func(*pollConfig)

type pollConfig struct {
	timeout, interval time.Duration
	open              func(ctx context.Context, url string) error
	declined          func(DeclinedProvider)
}

func newPollConfig(opts []PollOption) (pollConfig, *Error) {
	p := pollConfig{timeout: defaultPollTimeout, interval: defaultPollInterval, open: OpenOrPrint}
	for _, o := range opts {
		o(&p)
	}
	switch {
	case p.timeout <= 0:
		return p, invalid("poll timeout", "is not positive")
	case p.interval <= 0:
		return p, invalid("poll interval", "is not positive")
	case p.open == nil:
		p.open = OpenOrPrint
	}
	return p, nil
}

// PollTimeout bounds the wait for the user; the default is five minutes. The
// context bounds it too.
func PollTimeout(d time.Duration) PollOption { return func(p *pollConfig) { p.timeout = d } }

// PollInterval is the pause between two questions to the vault; the default is
// two seconds.
func PollInterval(d time.Duration) PollOption { return func(p *pollConfig) { p.interval = d } }

// ShowURL says how the user gets to see the session's URL. Whoever has the URL
// can finish the session. An error of show ends the call. The default is
// [OpenOrPrint].
func ShowURL(show func(ctx context.Context, url string) error) PollOption {
	return func(p *pollConfig) { p.open = show }
}

// OnDeclined is told of each provider that the user refuses while others may
// still be connected, once each.
func OnDeclined(f func(DeclinedProvider)) PollOption { return func(p *pollConfig) { p.declined = f } }

// DeclinedProvider is a provider that the user refused in a session.
type DeclinedProvider struct {
	ProviderID string
	ErrorCode  string
	DeclinedAt string // "" when unknown
}

// OpenOrPrint opens a URL in the user's browser, and prints it on standard
// output when there is none.
func OpenOrPrint(ctx context.Context, link string) error {
	if OpenBrowser(ctx, link) == nil {
		return nil
	}
	return PrintURL(ctx, link)
}

// PrintURL prints a URL on standard output, for programs without a browser.
func PrintURL(_ context.Context, link string) error {
	_, err := fmt.Fprintln(os.Stdout, "Open this address in a browser:", link)
	return err
}

// OpenBrowser opens an http or https URL in the user's browser and does not wait
// for it.
func OpenBrowser(_ context.Context, link string) error {
	// Anything else could be a program's name to the command that opens it.
	if u, err := url.Parse(link); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return invalid("url", "is not an http URL")
	}
	name, args := "xdg-open", []string{link}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", link}
	case "linux":
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" && os.Getenv("WSL_DISTRO_NAME") == "" {
			return exec.ErrNotFound
		}
	}
	cmd := exec.Command(name, args...) //nolint:gosec,noctx // G204: an http URL as one argument; the browser outlives the call
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // reaps it; how a browser ends tells nothing
	return nil
}

// wait sleeps, or ends with the context.
func wait(ctx context.Context, d time.Duration) *Error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return networkError("the end of the session", "", ctx.Err())
	}
}

// sessionText is how sessions print: token and URL let anybody finish them.
func sessionText(w io.Writer, name, expires string) {
	_, _ = fmt.Fprintf(w, "vault.%s(expires %s)", name, cleanText(expires, 40))
}

func sessionValue(name, expires string) slog.Value {
	return slog.StringValue("vault." + name + "(expires " + cleanText(expires, 40) + ")")
}
