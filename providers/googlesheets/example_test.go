package googlesheets_test

import (
	"context"
	"fmt"

	"github.com/grantwire/grantwire/providers/googlesheets"
	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/runtime/vault"
)

// An agent reads a range of a spreadsheet. The world is a stand-in for Google and a vault in memory: a program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(googlesheets.Operations())
	defer world.Close()
	world.Answer("sheets.spreadsheets.values.get", googlesheets.ValueRange{
		Range: new("Prices!A1:B2"), Values: [][]any{{"tea", 3}, {"coffee", 4}},
	})

	client := googlesheets.New(world.Client)
	prices, err := client.GetValues(context.Background(), "s1", "Prices!A1:B2", nil, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, row := range prices.Values {
		fmt.Println(row...)
	}
	world.Trail()
	// Output:
	// tea 3
	// coffee 4
	// audit: sheets.spreadsheets.values.get 200 completed
}
