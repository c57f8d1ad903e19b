// Package interop compares with the official Python client (alter-sdk, the release
// in requirements.txt): its public API drives our daemon, and what it sends is what
// our own client sends. It has tests only, which need Python and the package
// registry: `make interop` sets INTEROP_PYTHON (the interpreter of a virtual
// environment that has the client) and INTEROP_GRANTVAULT (the daemon's program);
// without them the tests are skipped.
//
//   - suite/: cases for `grantvault dev`, written against the client's public API;
//     run.py reports method by method.
//   - record.py and calls_test.go make the same calls, once each, against a
//     recorder with canned answers; compare_test.go compares the requests.
package interop
