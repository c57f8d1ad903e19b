package vault

import (
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// App acts as an application: it makes calls under the grants of the
// application, or of the user whose token goes along ([WithUserToken]), and
// manages agents, keys and grants. It is safe for concurrent use; make one per
// key and keep it. Close delivers what is left of the audit reports.
type App struct {
	*client
}

// NewApp returns an application that authenticates with its runtime key
// (alter_rk_…). Nothing is sent. A malformed key, base URL or caller is an
// [ErrInvalidInput]; no part of the key is in the error. Whether the key is an
// application's is for the vault to say.
func NewApp(key string, opts ...Option) (*App, error) {
	c, err := newClient(key, wire.CallerService, newConfig(opts))
	if err != nil {
		return nil, err
	}
	return &App{c}, nil
}

// Agent returns the agent with this ID (a UUID), acting with the application's
// key: the vault sees the same agent as when it uses its own key. The user token
// of the application is not taken over.
//
// One thing differs: a call that names a grant by its ID reaches every grant of
// the application, not only what was delegated to the agent. The first such call
// warns through [WithLogger]. Calls that name a [Provider] are the agent's.
//
// The agent shares the application's connections, limits and life: it need not
// be closed, and ends when the application is closed.
func (a *App) Agent(id string) (*Agent, error) {
	if !wire.IsUUID(id) {
		return nil, invalid("agent", "ID is not a hyphenated UUID")
	}
	if !a.life.begin() {
		return nil, closedError()
	}
	defer a.life.end()
	id = strings.ToLower(id)
	c := &client{
		backend: a.backend.as(id, wire.CallerAgent), provider: a.provider, mode: a.mode, signer: a.signer, span: a.span,
		life: newLifecycle(), delegated: true, warnOnce: new(sync.Once),
	}
	c.backend.owned = false
	c.life.parent = a.life
	c.reports = a.reports.child(c.backend)
	return &Agent{client: c, identity: id}, nil
}

// Format prints the application without its key, for every verb.
func (a App) Format(w fmt.State, _ rune) { a.format(w, "vault.App") }

// LogValue logs the application without its key.
func (a App) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(a)) }
