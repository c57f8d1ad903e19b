// Package interop compares with the official Python client (alter-sdk, the release
// in requirements.txt): its public API drives our daemon, and what it sends is what
// our own client sends. It has tests only, which need Python and the package
// registry: `make interop` sets INTEROP_PYTHON (the interpreter of a virtual
// environment that has the client) and INTEROP_GRANTVAULT (the daemon's program);
// without them the tests are skipped.
//
//   - suite/: cases for `grantvault dev` and `grantvault serve`, written against
//     the client's public API and its helpers for FastAPI, MCP, LangChain and boto3.
//     codes.tsv has every code that the vault refuses with, and the class that the
//     client makes of it. run.py reports method by method; what a run found stands
//     in RESULTS.md, which the test compares and writes anew when it differs.
//   - record.py and calls_test.go make the same calls, once each, against a
//     recorder with canned answers; compare_test.go compares the requests.
package interop
