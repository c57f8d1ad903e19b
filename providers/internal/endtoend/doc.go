// Package endtoend holds tests only: generated clients call stand-in providers
// on loopback through vault.Agent and vault/local, in both modes, embedded and
// over a socket. What a provider, a thief or a broken network may do is scripted
// here; nothing is replaced between the generated method and the socket.
package endtoend
