// Package conformance asks programs and documents that are not ours whether
// our clients are right. It runs only with the build tag "conformance", by
// `make conformance`, because it needs npm, node and the upstream documents:
//
//   - Prism validates every request that the wire test makes, against the
//     upstream document and not against our facts-only one.
//   - Every example of an answer in the upstream documents, of the media type
//     that the client asks for, goes through the client and is encoded again.
//     Where one does not come back as it was, it has to contradict its own
//     schema there: kin-openapi decides. The few that a loose schema lets pass
//     are allowed by name, each with its reason.
//
// An allowance that nothing needs fails the tests. `make test` has the same
// requests validated by kin-openapi, offline.
package conformance
