package api

import "context"

// CallInfo identifies the call that a request belongs to.
type CallInfo struct {
	Operation *Operation
	CallID    string // random, the same for all attempts of a call
	Attempt   int    // 1 for the first
}

type callInfoKey struct{}

// CallFromContext returns the call that a request with this context belongs to;
// false for a request that this package did not make. Transports use it.
func CallFromContext(ctx context.Context) (CallInfo, bool) {
	info, ok := ctx.Value(callInfoKey{}).(CallInfo)
	return info, ok
}
