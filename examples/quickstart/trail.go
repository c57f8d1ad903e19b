package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

// printTrail prints what the vault wrote down about a run, a row per call.
func (w *world) printTrail(ctx context.Context, out io.Writer, run string) error {
	entries, err := w.vault.Audit(ctx, local.AuditFilter{RunID: run})
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	rows := []string{"\nRUN\tAGENT\tOPERATION\tGRANT\tSTATUS\tVAULT\tPROVIDER"}
	for _, e := range entries {
		rows = append(rows, strings.Join([]string{
			e.RunID, e.AgentName, cmp.Or(e.Operation, e.Method+" "+e.Path), grantName(e), status(e),
			duration(e.VaultTime), providerTime(e),
		}, "\t"))
	}
	if _, err := fmt.Fprintln(table, strings.Join(rows, "\n")); err != nil {
		return err
	}
	return table.Flush()
}

// grantName is the grant's provider and the start of its ID.
func grantName(e local.AuditEntry) string {
	return fmt.Sprintf("%s %.8s", e.Provider, e.GrantID)
}

func status(e local.AuditEntry) string {
	switch {
	case e.Decision == local.DecisionDenied:
		return "denied: " + e.ReasonCode
	case e.Status != 0:
		return strconv.Itoa(e.Status)
	}
	return string(e.Outcome)
}

// providerTime is what the client measured, in whole milliseconds.
func providerTime(e local.AuditEntry) string {
	switch {
	case e.Status == 0:
		return "-"
	case e.ProviderTime < time.Millisecond:
		return "<1 ms"
	}
	return duration(e.ProviderTime)
}

func duration(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}
