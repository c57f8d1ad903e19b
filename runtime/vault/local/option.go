package local

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/tink-crypto/tink-go/v2/tink"

	"github.com/grantwire/grantwire/runtime/api"
)

// Option configures [Open].
type Option interface{ apply(c *config) error }

type option func(*config) error

func (o option) apply(c *config) error { return o(c) }

type config struct {
	memory      bool
	masterKey   []byte
	masterAEAD  tink.AEAD
	clock       func() time.Time
	logger      *slog.Logger
	transport   http.RoundTripper
	timeout     time.Duration
	maxResponse int
	book        *operationBook
	publicURL   string
	limits      *RateLimits
	console     bool

	userTokensSelect bool
}

func newConfig(opts []Option) (*config, error) {
	c := &config{
		clock: time.Now, logger: slog.New(slog.DiscardHandler),
		timeout: 90 * time.Second, maxResponse: 10 << 20, book: &operationBook{},
	}
	for _, o := range opts {
		if o == nil {
			continue
		}
		if err := o.apply(c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// WithMasterKey uses key (32 bytes, copied) instead of a key file in the
// vault's folder. The same key must be given at every opening.
func WithMasterKey(key []byte) Option {
	key = append([]byte(nil), key...)
	return option(func(c *config) error {
		if len(key) != masterKeySize {
			return fmt.Errorf("local: WithMasterKey: the key has %d bytes, want %d random bytes", len(key), masterKeySize)
		}
		c.masterKey = key
		return nil
	})
}

// WithMasterAEAD wraps the data keys with the caller's AEAD, for example one of
// a key management service, instead of a key file. It is called for every
// token and must be safe for concurrent use.
func WithMasterAEAD(a tink.AEAD) Option {
	return option(func(c *config) error {
		if a == nil {
			return errors.New("local: WithMasterAEAD: nil AEAD")
		}
		c.masterAEAD = a
		return nil
	})
}

// InMemory keeps everything in memory: Open ignores its folder, writes no file
// and forgets all on Close. For tests and try-outs.
func InMemory() Option {
	return option(func(c *config) error { c.memory = true; return nil })
}

// WithClock replaces time.Now for expiry, signature windows and row times.
// Durations are still measured with the monotonic clock.
func WithClock(now func() time.Time) Option {
	return option(func(c *config) error {
		if now == nil {
			return errors.New("local: WithClock: nil clock")
		}
		c.clock = now
		return nil
	})
}

// WithLogger logs refusals and faults: codes and IDs, never a secret, a URL or
// a body. The default logs nothing.
func WithLogger(l *slog.Logger) Option {
	return option(func(c *config) error {
		if l != nil {
			c.logger = l
		}
		return nil
	})
}

// WithProviderTransport makes the provider calls of proxy mode. The vault calls
// RoundTrip itself, so neither redirects nor cookies exist. The default is a
// clone of http.DefaultTransport.
func WithProviderTransport(rt http.RoundTripper) Option {
	return option(func(c *config) error { c.transport = rt; return nil })
}

// WithProxyTimeout limits a provider call of proxy mode; past it the client
// gets 504. The default is 90 seconds, what the hosted vault allows.
func WithProxyTimeout(d time.Duration) Option {
	return option(func(c *config) error {
		if d <= 0 {
			return errors.New("local: WithProxyTimeout: the limit must be positive")
		}
		c.timeout = d
		return nil
	})
}

// WithMaxProxyResponse limits how many bytes of a provider's body proxy mode
// returns; the answer says when it was cut. The default is 10 MiB.
func WithMaxProxyResponse(n int) Option {
	return option(func(c *config) error {
		if n <= 0 {
			return errors.New("local: WithMaxProxyResponse: the limit must be positive")
		}
		c.maxResponse = n
		return nil
	})
}

// WithOperations lets the audit trail name calls: a call whose method and URL
// fit an operation's template under baseURL gets that operation's ID. Generated
// packages export the list as Operations(), and with it what goes in and out as
// OperationTable(): [WithOperationTable] takes that, and is what rules, approvals
// and clients that ask for operations know more by. The option may be given
// several times; an operation's own Server replaces baseURL.
func WithOperations(baseURL string, ops []api.Operation) Option {
	return option(func(c *config) error {
		list, err := ownTemplates(baseURL, ops)
		if err != nil {
			return fmt.Errorf("local: WithOperations: %w", err)
		}
		c.book.own = append(c.book.own, list...)
		return nil
	})
}

// WithUserTokenDelegation chooses how an agent's own key together with a user
// token is read. Without the option such a request is refused with 400
// agent_user_token_conflict, as the agent runtime's documentation says. With
// it, the token selects among the grants that users delegated to the agent
// those of this user, as newer releases of the hosted vault do: it narrows what
// the agent reaches and never adds to it.
//
// The option does not change an app's key: there a user token always means
// that user's own grants.
func WithUserTokenDelegation() Option {
	return option(func(c *config) error { c.userTokensSelect = true; return nil })
}
