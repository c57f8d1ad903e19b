// Package peers holds tests only: hand-written clients of other projects, run
// unchanged over a transport of runtime/vault and the embedded vault.
package peers
