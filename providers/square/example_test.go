package square_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/providers/square"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// The world is a stand-in for Square and a vault in memory. A program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(square.Operations())
	defer world.Close()
	world.Answer("CreatePayment", square.CreatePaymentResponse{Payment: &square.Payment{ID: new("p1"), Status: new("COMPLETED")}})

	client := square.New(world.Client)
	paid, err := client.CreatePayment(context.Background(), square.CreatePaymentRequest{
		IdempotencyKey: "order-77", SourceID: "cnon:card-nonce-ok",
		AmountMoney: square.Money{Amount: new(int64(1200)), Currency: new("USD")},
	}, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*paid.Payment.ID, *paid.Payment.Status)
	world.Trail()
	// Output:
	// p1 COMPLETED
	// audit: CreatePayment 200 completed
}

// Lists are walked with the methods that end in All.
func ExampleClient_ListCustomersAll() {
	world := example.New(square.Operations())
	defer world.Close()
	world.Pages("ListCustomers", []square.Customer{{GivenName: new("Ada")}, {GivenName: new("Ben")}}, []square.Customer{{GivenName: new("Cy")}})

	client := square.New(world.Client)
	for customer, err := range client.ListCustomersAll(context.Background(), nil, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(*customer.GivenName)
	}
	// Output:
	// Ada
	// Ben
	// Cy
}

func ExampleError() {
	world := example.New(square.Operations())
	defer world.Close()
	world.Fail("GetPayment", 404, square.Error{Errors: []square.ErrorDetail{{Code: "NOT_FOUND", Detail: "Could not find payment"}}})

	client := square.New(world.Client)
	_, err := client.GetPayment(context.Background(), "p1", vault.Grant(world.Grant))
	var own *square.Error
	fmt.Println(errors.As(err, &own), errors.Is(err, api.ErrNotFound))
	fmt.Println(own)
	// Output:
	// true true
	// Could not find payment (NOT_FOUND)
}
