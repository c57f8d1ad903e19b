// Package names decides every Go name of a generated package, once, before
// anything is emitted.
//
// All package-level names share one case-insensitive table. A name is taken, in
// this order, from the overrides, from the reviewed list of names that an earlier
// run wrote, and from the document's own words. A collision is resolved by saying
// more (the kind, the owner), never by a silent number.
package names
