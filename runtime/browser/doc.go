// Package browser opens the vault's pages in a real browser: sign-in, connect,
// approve, deny, expire, revoke, and a run that is being followed. It has tests
// only, behind the build tag conformance; `make conformance` runs them and `make
// screenshots` makes the pictures of the documentation.
//
// GRANTWIRE_CHROMIUM names the browser's program, GRANTWIRE_AXE the file
// axe.min.js of the accessibility engine axe-core. Everything happens on
// loopback; a request to another place fails the test.
package browser
