package stripe_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/providers/stripe"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// The world is a stand-in for Stripe and a vault in memory. A program has
// agent.HTTPClient() in place of world.Client, and the grant of its user. The
// idempotency key lets the call be repeated without a second payment.
func Example() {
	world := example.New(stripe.Operations())
	defer world.Close()
	world.Answer("PostPaymentIntents", stripe.PaymentIntent{ID: "pi_1", Amount: 1999, Currency: "eur", Status: stripe.PaymentIntentStatusRequiresPaymentMethod})

	client := stripe.New(world.Client)
	intent, err := client.CreatePaymentIntent(context.Background(), stripe.PaymentIntentsCreateRequest{Amount: 1999, Currency: "eur"},
		vault.Grant(world.Grant), api.WithIdempotencyKey("order-7"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(intent.ID, intent.Amount, intent.Status)
	world.Trail()
	// Output:
	// pi_1 1999 requires_payment_method
	// audit: PostPaymentIntents 200 completed
}

// Lists are walked with the methods that end in All.
func ExampleClient_ListCustomersAll() {
	world := example.New(stripe.Operations())
	defer world.Close()
	world.Pages("GetCustomers", []stripe.Customer{{ID: "cus_1"}, {ID: "cus_2"}}, []stripe.Customer{{ID: "cus_3"}})

	client := stripe.New(world.Client)
	for customer, err := range client.ListCustomersAll(context.Background(), nil, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(customer.ID)
	}
	// Output:
	// cus_1
	// cus_2
	// cus_3
}

func ExampleError() {
	world := example.New(stripe.Operations())
	defer world.Close()
	world.Fail("PostRefunds", 402, stripe.Error{Detail: stripe.ErrorDetail{Type: "card_error", Code: "card_declined", DeclineCode: "expired_card", Message: "Your card has expired."}})

	client := stripe.New(world.Client)
	_, err := client.CreateRefund(context.Background(), nil, vault.Grant(world.Grant))
	var se *stripe.Error
	fmt.Println(errors.As(err, &se) && se.Detail.DeclineCode == "expired_card")
	fmt.Println(se)
	// Output:
	// true
	// Your card has expired.
}
