// Package rule holds the rules that narrow what a grant may be used for, as
// types that are checked before they are sent.
//
// A rule never allows anything: without it a call needs a key, a scope and a
// grant; with it the call is refused, put before a person, or stripped of some
// members when the rule says so. Several rules apply together, and the strictest
// decides.
//
// The kinds:
//
//   - [JSONMatch] refuses calls by who makes them and where they go.
//   - [IPAllowlist] refuses calls from other addresses.
//   - [TimeWindow] refuses calls outside working hours.
//   - [RequireApproval] lets a person decide.
//   - [ContentMatch] knows the operation and its parameters.
//
// A rule travels with the calls of one client (vault.WithConstraints of an App
// or Agent), or is kept by the vault and applies to all calls of a grant, agent,
// app or provider. Rules hold no secrets; they are not changed by this package
// and may be used by several goroutines as long as nobody changes them.
package rule
