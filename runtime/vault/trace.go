package vault

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// Trace describes the work that calls belong to, for [Agent.Trace]. Empty
// fields are inherited from the enclosing trace, except Tool.
type Trace struct {
	RunID    string
	ThreadID string
	Tool     string // the tool that makes the calls; not inherited
	// Parent names the agent that started this one. nil keeps what is inherited
	// (an enclosing trace of another agent), "" removes it.
	Parent *string
	// Metadata are further facts: at most 20 keys of 64 bytes with values of 512
	// bytes, 4096 bytes in all. The names agent, parent_agent, run_id, thread_id,
	// tool, tool_call_id and framework are reserved. Inherited by inner traces.
	Metadata map[string]string
}

// scope is a trace as the context carries it.
type scope struct {
	pairs []wire.Pair
	fault *ValueError
}

type scopeKey struct{}

func scopeFrom(ctx context.Context) scope {
	s, _ := ctx.Value(scopeKey{}).(scope)
	return s
}

var reservedKeys = map[string]bool{
	"agent": true, "parent_agent": true, "run_id": true, "thread_id": true,
	"tool": true, "tool_call_id": true, "framework": true,
}

// Trace returns a context whose calls, by any agent, carry the trace to the
// vault. It may be nested. Nothing is sent. A value that breaks a rule comes
// back as a *[ValueError] from the first call made with the context.
func (a *Agent) Trace(ctx context.Context, t Trace) context.Context {
	outer := scopeFrom(ctx)
	next := scope{pairs: a.tracePairs(outer.pairs, t), fault: outer.fault}
	if err := checkMetadata(t.Metadata); err != nil && next.fault == nil {
		next.fault = &ValueError{"trace", err.Error()}
	}
	return context.WithValue(ctx, scopeKey{}, next)
}

// tracePairs builds the context of a trace in the protocol's order: inherited
// free keys, agent, parent_agent, run_id, thread_id, tool, new metadata.
func (a *Agent) tracePairs(outer []wire.Pair, t Trace) []wire.Pair {
	var pairs []wire.Pair
	inherited := map[string]string{}
	for _, p := range outer {
		if reservedKeys[p.Key] {
			inherited[p.Key] = p.Value
		} else {
			pairs = append(pairs, p)
		}
	}
	parent := inherited["parent_agent"]
	if before, ok := inherited["agent"]; ok && before != a.identity {
		parent = before
	}
	if t.Parent != nil {
		parent = *t.Parent
	}
	pairs = append(pairs, wire.Pair{Key: "agent", Value: a.identity})
	add := func(key, value, fallback string) {
		if value == "" {
			value = fallback
		}
		if value != "" {
			pairs = append(pairs, wire.Pair{Key: key, Value: value})
		}
	}
	add("parent_agent", parent, "")
	add("run_id", t.RunID, inherited["run_id"])
	add("thread_id", t.ThreadID, inherited["thread_id"])
	add("tool", t.Tool, "")
	for _, p := range wire.SortedPairs(t.Metadata) {
		pairs = merge(pairs, p)
	}
	return pairs
}

// merge sets a key; one that is there already keeps its place.
func merge(pairs []wire.Pair, p wire.Pair) []wire.Pair {
	for i := range pairs {
		if pairs[i].Key == p.Key {
			pairs[i].Value = p.Value
			return pairs
		}
	}
	return append(pairs, p)
}

func checkMetadata(m map[string]string) error {
	total := 0
	for key, value := range m {
		total += len(key) + len(value)
		switch {
		case reservedKeys[key]:
			return fmt.Errorf("metadata uses the reserved key %s", key)
		case !utf8.ValidString(key) || !utf8.ValidString(value):
			return errors.New("metadata is not valid UTF-8")
		case len(key) > wire.MaxContextKey:
			return fmt.Errorf("metadata has a key longer than %d bytes", wire.MaxContextKey)
		case len(value) > wire.MaxContextValue:
			return fmt.Errorf("metadata has a value longer than %d bytes", wire.MaxContextValue)
		}
	}
	if len(m) > wire.MaxContextKeys {
		return fmt.Errorf("metadata has %d keys; at most %d are allowed", len(m), wire.MaxContextKeys)
	}
	if total > wire.MaxContextBytes {
		return fmt.Errorf("metadata takes %d bytes; at most %d are allowed", total, wire.MaxContextBytes)
	}
	return nil
}

// localIdentity names an agent without a caller in its own traces.
func localIdentity() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0F|0x40, b[8]&0x3F|0x80
	h := hex.EncodeToString(b[:])
	return "agent-local-" + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
