package local_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/runtime/vault"
	"github.com/grantwire/grantwire/runtime/vault/local"
	"github.com/grantwire/grantwire/runtime/vault/rule"
)

// A generated package holds its operations as data, too. A program that does not
// ask for them does not carry them.
func ExampleWithOperationTable() {
	v, agent, grant := openExample(local.WithOperationTable(github.OperationTable()))
	defer v.Close()
	must(ask(v, agent.Key, grant))
	fmt.Println(must(v.Audit(context.Background(), local.AuditFilter{}))[0].Operation)
	// Output: users/get-authenticated
}

// What is in the folder counts when the vault is opened; what is put there later,
// within a second, or at once when it is told.
func ExampleWithOperationFolder() {
	dir, err := os.MkdirTemp("", "operations-")
	if err != nil {
		log.Panic(err)
	}
	defer os.RemoveAll(dir)
	v, agent, grant := openExample(local.WithOperationFolder(dir))
	defer v.Close()
	if err := os.WriteFile(filepath.Join(dir, "operations.json"), []byte(github.OperationTable()), 0o600); err != nil {
		log.Panic(err)
	}
	if err := v.ReloadOperations(context.Background()); err != nil {
		log.Panic(err)
	}
	must(ask(v, agent.Key, grant))
	fmt.Println(must(v.Audit(context.Background(), local.AuditFilter{}))[0].Operation)
	// Output: users/get-authenticated
}

// The vault keeps a table that was loaded into it, here one of a GitHub Enterprise
// server.
func ExampleVault_LoadOperations() {
	v, _, _ := openExample()
	defer v.Close()
	ctx := context.Background()
	_, err := v.LoadOperations(ctx, local.OperationTableSpec{
		Table: []byte(github.OperationTable()), BaseURLs: []string{"https://github.example.com/api/v3"},
	})
	if err != nil {
		log.Panic(err)
	}
	for _, s := range must(v.Operations(ctx)) {
		fmt.Println(s.Kind, s.Provider, s.From, s.BaseURLs)
	}
	fmt.Println(v.RemoveOperations(ctx, local.KindOAuth, "github"), len(must(v.Operations(ctx))))
	// Output:
	// oauth github vault [https://github.example.com/api/v3]
	// <nil> 0
}

// With a table, a call that waits for a person stands in the operation's own terms.
func ExampleRequestField_Note() {
	v, creds, grant := openExample(local.WithOperationTable(github.OperationTable()), local.WithPublicURL("http://127.0.0.1:8200"))
	defer v.Close()
	ctx := context.Background()
	must(v.CreateRule(ctx, local.RuleSpec{Name: "a person looks", Target: local.TargetVault, Rule: &rule.RequireApproval{}}))
	agent := must(vault.NewAgent(creds.Key, vault.WithBackend(v)))
	_, err := agent.ProxyRequest(ctx, "POST", "https://api.github.com/repos/octo/hello/issues", vault.Grant(grant.ID),
		vault.JSON(map[string]any{"body": "It broke.", "labels": []string{"bug"}, "asignee": "ann"}))
	fmt.Println(errors.Is(err, vault.ErrApprovalPending))
	for _, f := range must(v.Approvals(ctx, false))[0].Fields {
		if f.Place == "body" {
			fmt.Println(f.Name, "-", f.Note())
		}
	}
	// Output:
	// true
	// asignee - the operation has nothing of this name
	// body - string
	// labels - list of string or object
	// title - required (string or integer), and missing
}
