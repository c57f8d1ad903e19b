// Package normalize turns the raw tree of an OpenAPI document into the normal
// form that the later stages read.
//
// In normal form
//   - an operation holds its parameters, its one request body and its responses
//     in place, without references to anything but schemas;
//   - every schema position holds a primitive, an array, a map, or a reference to
//     a component, and may carry [NullKey];
//   - every component is a struct, an enum, a union, or an alias of one of the
//     above; objects, enums and unions that stood inline have become components
//     of their own, one per structure and property name.
//
// The input is not modified. Each lenient step is reported as a diagnostic. Every
// rule has a file of its own and speaks about classes of documents, never about a
// provider.
package normalize
