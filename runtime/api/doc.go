// Package api is what generated provider clients call.
//
// A generated method names an [Operation], places its arguments in [Args] and
// calls [Client.Do] or [Pages]. This package encodes the request, sends it
// through the caller's *http.Client, repeats it where that is safe, and decodes
// the answer or turns it into one of four errors:
//
//	*Error           the provider answered, and the answer is no success
//	*TransportError  nothing answered: network, context, or the vault refused
//	*EncodeError     the arguments cannot be sent; nothing left the process
//	*DecodeError     the answer is not what the operation promises
//
// Credentials are not its business: the transport of the *http.Client adds them.
// No error, log value or formatted value of this package holds a URL with
// values, a header or a body.
//
// The package depends on the standard library and
// github.com/go-json-experiment/json only. It keeps no global state but caches
// of reflected types.
package api
