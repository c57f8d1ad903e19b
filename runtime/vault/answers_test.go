package vault

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestNewKeysComeOnce: the answers that hold a key give it, and only there.
func TestNewKeysComeOnce(t *testing.T) {
	vault := newFakeVault(t)
	app, at := vault.app(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	info := wire.AgentInfo{ID: testAgentID, Name: "n", Type: "agent", Status: "active", Version: 1, CreatedAt: at}
	vault.script(wire.PathAgents, answerWith(201, wire.AgentCreated{AgentInfo: info, APIKey: testKey, KeyID: testGrant}.Marshal()))
	created, err := app.Agents().Create(t.Context(), AgentParams{Name: "n"})
	if err != nil || created.APIKey.Reveal() != testKey || created.KeyID != testGrant || created.Name != "n" {
		t.Errorf("%v %v", created, err)
	}
	key := wire.AgentKey{KeyID: testGrant, KeyPrefix: "alter_key_t", Name: "n-1", CreatedAt: at, DeprecatedAt: &at}
	vault.script(wire.PathAgentKeys(testAgentID), answerWith(201, wire.AgentKeyMinted{AgentKey: key, APIKey: testKey}.Marshal()))
	minted, err := app.Agents().MintKey(t.Context(), testAgentID)
	if err != nil || minted.APIKey.Reveal() != testKey || minted.Status() != "deprecated" {
		t.Errorf("%v %v", minted, err)
	}
	api := wire.APIKeyInfo{ID: testGrant, Name: "n", KeyPrefix: "p", KeyType: "dk", Scopes: []string{"a"}, ScopeVersion: 1, CreatedAt: at}
	vault.script(wire.PathKeysDerive, answerWith(201, wire.MintedKey{APIKeyInfo: api, APIKey: testKey}.Marshal()))
	derived, err := app.Keys().Derive(t.Context(), KeyParams{Scopes: []string{"a"}, ExpiresIn: time.Hour})
	if err != nil || derived.Key.Reveal() != testKey || derived.Status() != "active" {
		t.Errorf("%v %v", derived, err)
	}
}

// TestListsGoOn from page to page, stop when asked to, and do not run for ever.
func TestListsGoOn(t *testing.T) {
	vault := newFakeVault(t)
	total := 5
	vault.script(wire.PathGrantsList, func(w http.ResponseWriter, body []byte) {
		q, err := wire.ParseGrantsList(body)
		if err != nil {
			t.Error(err)
		}
		page := wire.GrantPage{Page: wire.Page{Total: int64(total), Limit: q.Limit, Offset: q.Offset}}
		for i := q.Offset; i < min(q.Offset+q.Limit, int64(total)); i++ {
			page.Grants = append(page.Grants, wire.GrantItem{
				Kind: wire.GrantOAuth, GrantID: string(rune('a' + i)), ProviderID: "p", Status: "active", CreatedAt: "x", PrincipalType: "user",
			})
		}
		page.HasMore = q.Offset+q.Limit < int64(total) || q.Offset >= int64(total) // wrong at the end on purpose
		answer200(page.Marshal())(w, nil)
	})
	agent := vault.agent()
	collect := func(f GrantFilter, stop int) (ids string) {
		for g, err := range agent.ListGrants(t.Context(), f) {
			if err != nil {
				t.Fatal(err)
			}
			if ids += g.GrantID; len(ids) == stop {
				break
			}
		}
		return ids
	}
	for want, c := range map[string]struct {
		filter      GrantFilter
		stop, pages int
	}{
		"abcde": {GrantFilter{PageSize: 2}, 0, 3}, "abc": {GrantFilter{PageSize: 2}, 3, 2}, "ab": {GrantFilter{PageSize: 2}, 2, 1},
		"de": {GrantFilter{Offset: 3}, 0, 1}, "": {GrantFilter{Offset: 9}, 0, 1},
	} {
		before := len(vault.calls(wire.PathGrantsList))
		if got := collect(c.filter, c.stop); got != want {
			t.Errorf("%v: %s, want %s", c.filter, got, want)
		}
		if got := len(vault.calls(wire.PathGrantsList)) - before; got != c.pages {
			t.Errorf("%v: %d pages, want %d", c.filter, got, c.pages)
		}
	}
	vault.script(wire.PathGrantsList, answerWith(500, nil))
	n := 0
	for g, err := range agent.ListGrants(t.Context(), GrantFilter{}) {
		if n++; g != nil || err == nil {
			t.Errorf("%v %v", g, err)
		}
	}
	if n != 1 {
		t.Errorf("%d errors", n)
	}
}

func TestGetByNameOfNobody(t *testing.T) {
	vault := newFakeVault(t)
	for _, body := range []string{`{"items":[]}`, `{"items":null}`, `{}`} {
		vault.script(wire.PathAgents, answer200([]byte(body)))
		a, err := vault.app().Agents().GetByName(t.Context(), "n")
		if a != nil || err != nil {
			t.Errorf("%s: %v %v", body, a, err)
		}
	}
}

// TestKeySurface: errors about keys have their kinds under Keys as well.
func TestKeySurface(t *testing.T) {
	for code, want := range map[string]struct {
		status int
		keys   error
		agents error
	}{
		"key_not_found":         {404, ErrKeyNotFound, ErrKeyNotFound},
		"last_active_key":       {409, ErrLastActiveKey, ErrLastActiveKey},
		"key_revoked":           {409, ErrKeyAlreadyRevoked, ErrKeyAlreadyRevoked},
		"insufficient_scope":    {403, ErrInsufficientScope, ErrInsufficientScope},
		"invalid_key":           {401, ErrInvalidKey, ErrInvalidKey},
		"agent_name_exists":     {409, ErrVault, ErrAgentNameExists},
		"something_new":         {404, ErrVault, ErrVault},
		"agent_inactive":        {401, ErrAgentInactive, ErrAgentInactive},
		"constraint_not_a_code": {400, ErrVault, ErrVault},
	} {
		vault := newFakeVault(t)
		vault.script(wire.PathKey("k"), answerWith(want.status, wire.MarshalError(code, "")))
		vault.script(wire.PathAgentKey(testAgentID, "k"), answerWith(want.status, wire.MarshalError(code, "")))
		app := vault.app()
		_, err := app.Keys().Revoke(t.Context(), "k", false)
		wantError(t, err, want.keys, code)
		if errors.Is(err, ErrGrantNotFound) {
			t.Errorf("%s: a key is no grant", code)
		}
		_, err = app.Agents().RevokeKey(t.Context(), testAgentID, "k", false)
		wantError(t, err, want.agents, code)
	}
}

func TestLabelConflictNamesTheLabel(t *testing.T) {
	vault := newFakeVault(t)
	vault.script(wire.PathGrantMint("g"), answerWith(409, wire.MarshalError("sibling_label_conflict", "")))
	_, err := vault.app().MintGrant(t.Context(), "g", MintParams{Label: "mine"})
	if e := wantError(t, err, ErrLabelConflict, "sibling_label_conflict"); e.Details.Label != "mine" {
		t.Error(cmp.Diff("mine", e.Details.Label))
	}
}
