package xero_test

import (
	"context"
	"fmt"

	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/providers/xero"
	"github.com/grantwire/grantwire/runtime/vault"
)

// An agent walks the unpaid invoices of its user's organisation. The world is a stand-in for Xero and a vault in memory: a program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(xero.Operations())
	defer world.Close()
	world.Pages("getInvoices",
		[]xero.Invoice{{InvoiceNumber: new("INV-1"), AmountDue: new(120.5)}}, []xero.Invoice{{InvoiceNumber: new("INV-2"), AmountDue: new(80.0)}})

	client := xero.New(world.Client)
	params := xero.ListInvoicesParams{XeroTenantID: "t1", Statuses: []string{"AUTHORISED"}}
	for invoice, err := range client.ListInvoicesAll(context.Background(), params, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(*invoice.InvoiceNumber, *invoice.AmountDue)
	}
	world.Trail()
	// Output:
	// INV-1 120.5
	// INV-2 80
	// audit: getInvoices 200 completed
	// audit: getInvoices 200 completed
}
