// Package optable reads operation tables: the operations.json that grantgen
// writes beside a package. A table tells, as data, what each operation of an API
// is called, its method and path, and what goes in and out. A vault names calls
// by it in the audit trail and in rules, shows approvals in its terms, and serves
// it under /sdk/provider-specs.
//
//	table, err := optable.Parse(data)
//	op := table.Operation("repos/get")
//	body, err := op.Detail()
//
// A table comes from outside, so [Parse] takes nothing on trust: sizes, names,
// references, paths and the content's hash are checked, and a table that breaks a
// rule is refused as a whole.
package optable
