// Package conformance asks programs and documents that are not ours whether
// our clients are right. It runs only with the build tag "conformance", by
// `make conformance`, because it needs npm, node and the upstream documents:
//
//   - Prism validates every request that the wire test makes, against the
//     upstream document and not against our facts-only one.
//   - Every example of an answer in the upstream documents goes through the
//     client and is encoded again; kin-openapi says whether one that does not
//     survive contradicts its own schema.
//
// `make test` has the same requests validated by kin-openapi, offline.
package conformance
