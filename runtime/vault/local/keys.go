package local

import (
	"context"
	"database/sql"
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

const (
	codeKeyExpired      = "key_expired"
	codeKeyRotated      = "key_rotated_grace_expired"
	codeNetworkRefused  = "network_not_allowed"
	codeKeyNotFound     = "key_not_found"
	codeLastActiveKey   = "last_active_key"
	codeAppKeyRequired  = "app_key_required"
	codeAgentKeyNeeded  = "agent_key_required"
	codeUnresolvedAgent = "caller_agent_unresolved"
)

// newKey is what is stored about a key beside what checks it.
type newKey struct {
	appID, agentID string // one of them
	kind           wire.KeyKind
	name           string
	scopes         []string // nil = the default of an agent's key
	cidrs          []string // nil = any network
	metadata       []byte   // nil = {}
	parentID       string
	expires        time.Time
}

// insertKey stores what checks a key, and not the key: see the package comment.
func (v *Vault) insertKey(ctx context.Context, q *statements, k newKey, key string) (string, error) {
	id := newID()
	signing := wire.SigningKey(key)
	defer clear(signing)
	s, err := v.seal.seal(kindKey, id, fieldSigningKey, signing)
	if err != nil {
		return "", err
	}
	scopes, metadata := "", "{}"
	if k.scopes != nil {
		scopes = listJSON(k.scopes)
	}
	if k.metadata != nil {
		metadata = string(k.metadata)
	}
	var cidrs any
	if k.cidrs != nil {
		cidrs = listJSON(k.cidrs)
	}
	err = q.exec(ctx, `INSERT INTO api_keys
  (id, app_id, agent_id, kind, name, prefix, lookup, data_key, signing_key, scopes, cidrs, metadata, parent_key_id, created_at, expires_at)
VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		id, nullIfEmpty(k.appID), nullIfEmpty(k.agentID), string(k.kind), k.name, keyPrefix(key), keyedHash(v.indexKey, "api-key", key), s.dataKey, s.text,
		scopes, cidrs, metadata, nullIfEmpty(k.parentID), micros(v.now()), optionalMicros(k.expires))
	if err != nil {
		return "", err
	}
	e := keyEvent("key.created", id)
	if k.kind == wire.KeyDerived {
		e.Action = "key.derived"
	}
	e.Details = map[string]string{"name": k.name, "app_id": k.appID, "agent_id": k.agentID, "parent_key_id": k.parentID, "scopes": strings.Join(k.scopes, " ")}
	return id, v.record(ctx, q, e)
}

func keyEvent(action, id string) Event { return Event{Action: action, Target: "key", TargetID: id} }

// keyPrefix is what tells keys apart in a list: the kind and four random
// characters, of at least 110 random bits.
func keyPrefix(key string) string {
	kind, _ := wire.ParseKey(key)
	return key[:min(len(key), len("alter_")+len(kind)+len("_")+4)]
}

// keyState is what admit needs of a key, read in the transaction that acts.
type keyState struct {
	revoked, deprecated      bool
	expires, grace, lastUsed sql.NullInt64
	scopes                   []string
	cidrs                    []netip.Prefix // nil = any
	agentStatus              string         // of the agent it acts for, "" = none
}

const selectKeyState = `SELECT k.revoked_at IS NOT NULL, k.deprecated_at IS NOT NULL, k.expires_at, k.grace_ends_at, k.last_used_at, k.scopes, k.cidrs,
  coalesce((SELECT status FROM agents WHERE id = ?2), '')
FROM api_keys k WHERE k.id = ?1`

func readKeyState(ctx context.Context, q *statements, who principal) (s keyState, err error) {
	var scopes, cidrs sql.NullString
	err = q.scan(ctx, selectKeyState, []any{who.keyID, who.agentID},
		[]any{&s.revoked, &s.deprecated, &s.expires, &s.grace, &s.lastUsed, &scopes, &cidrs, &s.agentStatus})
	if err != nil {
		return s, err
	}
	if s.scopes, err = storedScopes(scopes.String); err != nil || !cidrs.Valid {
		return s, err
	}
	var list []string
	if err := json.Unmarshal([]byte(cidrs.String), &list); err != nil {
		return s, err
	}
	s.cidrs, err = parseCIDRs(list)
	return s, err
}

func storedScopes(text string) (scopes []string, err error) {
	if text == "" {
		return agentKeyScopes(), nil
	}
	return scopes, json.Unmarshal([]byte(text), &scopes)
}

// parseCIDRs reads networks; a bare address is a network of one.
func parseCIDRs(list []string) ([]netip.Prefix, error) {
	out := make([]netip.Prefix, 0, len(list))
	for _, s := range list {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			addr, addrErr := netip.ParseAddr(s)
			if addrErr != nil {
				return nil, errors.New("a network is not of the form 192.0.2.0/24")
			}
			p = netip.PrefixFrom(addr, addr.BitLen())
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

func (s *keyState) fault(rq *request, now time.Time) *fault {
	past := func(t sql.NullInt64) bool { return t.Valid && t.Int64 <= micros(now) }
	switch {
	case s.revoked:
		return refuse(http.StatusUnauthorized, codeKeyRevoked, "the API key was revoked").withHint("ask the operator for a new key")
	case past(s.expires):
		return refuse(http.StatusUnauthorized, codeKeyExpired, "the API key has expired").withHint("derive or mint a new key")
	case past(s.grace):
		return refuse(http.StatusUnauthorized, codeKeyRotated, "the API key was rotated, and its overlap is over").withHint("use the key that the rotation returned")
	case s.cidrs != nil && !fromNetwork(rq.http.RemoteAddr, s.cidrs):
		return refuse(http.StatusForbidden, codeNetworkRefused, "the API key may not be used from this network")
	case rq.endpoint.suspended:
	case s.agentStatus == string(AgentInactive):
		return refuse(http.StatusUnauthorized, codeAgentInactive, "the agent is suspended").withHint("ask the operator to resume it")
	case s.agentStatus == string(AgentRevoked) && rq.who.isApp():
		return unresolvedAgent()
	case s.agentStatus == string(AgentRevoked):
		return refuse(http.StatusUnauthorized, codeAgentRevoked, "the agent was revoked")
	}
	return nil
}

// fromNetwork compares the peer's address. In memory and over a unix socket
// there is none: both are this machine, so they count as loopback.
func fromNetwork(remote string, allowed []netip.Prefix) bool {
	addrs := []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	if ap, err := netip.ParseAddrPort(remote); err == nil {
		addrs = []netip.Addr{ap.Addr().Unmap().WithZone("")}
	}
	for _, p := range allowed {
		if slices.ContainsFunc(addrs, p.Contains) {
			return true
		}
	}
	return false
}

// touch notes that key and agent were used. Once a minute is exact enough, and
// spares most requests the write.
func (v *Vault) touch(ctx context.Context, q *statements, who principal, s *keyState) error {
	now := micros(v.now())
	if s.lastUsed.Valid && s.lastUsed.Int64 > now-time.Minute.Microseconds() && (who.own || who.agentID == "") {
		return nil
	}
	err := q.exec(ctx, "UPDATE api_keys SET last_used_at = ?1 WHERE id = ?2 AND (last_used_at IS NULL OR last_used_at <= ?3)",
		now, who.keyID, now-time.Minute.Microseconds())
	if err != nil || who.agentID == "" {
		return err
	}
	return q.exec(ctx, "UPDATE agents SET last_used_at = ?1 WHERE id = ?2 AND (last_used_at IS NULL OR last_used_at <= ?3)",
		now, who.agentID, now-time.Minute.Microseconds())
}
