package vaulttest

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

// Row is one row of the audit trail.
type Row = local.AuditEntry

// reportWait is how long the reports of finished calls may take.
const reportWait = 10 * time.Second

// Rows returns the audit trail, oldest first, after the clients of this vault have
// delivered their reports.
func (v *Vault) Rows() []Row {
	v.t.Helper()
	for end := time.Now().Add(reportWait); v.pending() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			v.t.Errorf("vaulttest: after %v, %d audit reports are still not delivered", reportWait, v.pending())
			break
		}
	}
	rows, err := v.local.Audit(context.Background(), local.AuditFilter{})
	v.must("reading the audit trail", err)
	return rows
}

func (v *Vault) pending() (n int64) {
	for _, a := range v.clients() {
		n += a.AuditStats().Pending
	}
	return n
}

// HasRow fails the test unless exactly one row agrees with want in every field
// that is set there, and returns that row.
func (v *Vault) HasRow(want Row) Row {
	v.t.Helper()
	rows := v.Rows()
	var found []Row
	for _, r := range rows {
		if agrees(want, r) {
			found = append(found, r)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	v.t.Errorf("vaulttest: %d audit rows fit %s, want 1; all rows:%s", len(found), describe(want), v.list(rows))
	return Row{}
}

// HasRows fails the test unless the trail has exactly these rows, in this order,
// each agreeing in every field that is set in want.
func (v *Vault) HasRows(want ...Row) {
	v.t.Helper()
	rows := v.Rows()
	ok := len(rows) == len(want)
	for i := range min(len(rows), len(want)) {
		ok = ok && agrees(want[i], rows[i])
	}
	if !ok {
		v.t.Errorf("vaulttest: the audit trail is not the one expected; want:%s\ngot:%s", v.list(want), v.list(rows))
	}
}

// agrees compares the fields that want sets.
func agrees(want, got Row) bool {
	w, g := reflect.ValueOf(want), reflect.ValueOf(got)
	for i := range w.NumField() {
		if f := w.Field(i); !f.IsZero() && !reflect.DeepEqual(f.Interface(), g.Field(i).Interface()) {
			return false
		}
	}
	return true
}

// describe names the set fields of a row by their JSON names.
func describe(r Row) string {
	var parts []string
	v := reflect.ValueOf(r)
	for i := range v.NumField() {
		if f := v.Field(i); !f.IsZero() {
			parts = append(parts, fmt.Sprintf("%s=%v", fieldName(v.Type().Field(i)), f.Interface()))
		}
	}
	if parts == nil {
		return "(any row)"
	}
	return strings.Join(parts, " ")
}

// fieldName is the member's name in JSON, or the field's own in lower case.
func fieldName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" || name == "-" {
		return strings.ToLower(f.Name)
	}
	return name
}

// list prints one row a line, with what mostly tells rows apart.
func (v *Vault) list(rows []Row) string {
	if len(rows) == 0 {
		return "\n\t(none)"
	}
	names := v.names()
	var b strings.Builder
	for i, r := range rows {
		short := Row{
			GrantID: r.GrantID, RunID: r.RunID, ThreadID: r.ThreadID, Tool: r.Tool, Operation: r.Operation, Method: r.Method,
			Host: r.Host, Path: r.Path, Mode: r.Mode, Decision: r.Decision, ReasonCode: r.ReasonCode, Outcome: r.Outcome, Status: r.Status,
		}
		if short.AgentName = r.AgentName; short.AgentName == "" {
			short.AgentName = names[r.AgentID]
		}
		fmt.Fprintf(&b, "\n\t%d: %s", i+1, describe(short))
	}
	return b.String()
}
