package vault

import (
	"fmt"
	"io"
	"log/slog"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Agent acts as one agent: it makes calls to providers under grants of a vault
// and asks the vault about itself. It is safe for concurrent use; make one per
// key and keep it. Close delivers what is left of the audit reports.
//
// [NewAgent] makes one from the agent's own key, [App.Agent] one that acts with
// an application's key; towards the vault both are the same agent.
type Agent struct {
	*client

	identity string // in traces
}

// NewAgent returns an agent that authenticates with the given API key. Nothing
// is sent. A malformed key, base URL or caller is an [ErrInvalidInput]; no part
// of the key is in the error.
func NewAgent(key string, opts ...Option) (*Agent, error) {
	cfg := newConfig(opts)
	if cfg.callerType != nil {
		return nil, invalid("caller type", "is an application's choice; an agent's is always agent")
	}
	c, err := newClient(key, wire.CallerAgent, cfg)
	if err != nil {
		return nil, err
	}
	c.delegated = true
	a := &Agent{client: c, identity: c.backend.caller}
	if a.identity == "" {
		a.identity = localIdentity()
	}
	return a, nil
}

// Format prints the agent without its key, for every verb.
func (a Agent) Format(w fmt.State, _ rune) { a.format(w, "vault.Agent") }

// LogValue logs the agent without its key.
func (a Agent) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }

func (c *client) format(w io.Writer, name string) {
	base := "none"
	if c != nil {
		base = c.backend.base
	}
	_, _ = fmt.Fprintf(w, "%s(%s)", name, base)
}
