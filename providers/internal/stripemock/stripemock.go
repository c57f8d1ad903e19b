// Package stripemock holds a test: every operation of providers/stripe is sent to
// stripe-mock, a server that Stripe makes for the tests of its own clients. It knows
// the API by its own document, refuses requests that contradict it, and answers with
// Stripe's own examples of objects, which the client decodes.
//
// Release 0.160.0 has the same version of the API as the committed document
// (2022-11-15) and the same 452 operations; later releases follow later versions.
package stripemock
