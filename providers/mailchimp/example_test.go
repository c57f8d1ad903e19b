package mailchimp_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/providers/mailchimp"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// The world is a stand-in for Mailchimp and a vault in memory. A program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(mailchimp.Operations())
	defer world.Close()
	world.Answer("postListsIdMembers", mailchimp.ListsCreateMemberResponse{EmailAddress: new("ada@example.com"), Status: new(mailchimp.ListsCreateMemberStatusEnumSubscribed)})

	client := mailchimp.New(world.Client)
	member, err := client.AddMember(context.Background(), "57afe96172", nil, mailchimp.AddMemberRequest{
		EmailAddress: "ada@example.com", Status: "subscribed",
	}, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*member.EmailAddress, *member.Status)
	world.Trail()
	// Output:
	// ada@example.com subscribed
	// audit: postListsIdMembers 200 completed
}

// Lists are walked with the methods that end in All.
func ExampleClient_ListMembersAll() {
	world := example.New(mailchimp.Operations())
	defer world.Close()
	world.Pages("getListsIdMembers", []mailchimp.ListsListMembersMember{{EmailAddress: new("ada@example.com")}, {EmailAddress: new("ben@example.com")}}, []mailchimp.ListsListMembersMember{{EmailAddress: new("cy@example.com")}})

	client := mailchimp.New(world.Client)
	for member, err := range client.ListMembersAll(context.Background(), "57afe96172", nil, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(*member.EmailAddress)
	}
	// Output:
	// ada@example.com
	// ben@example.com
	// cy@example.com
}

func ExampleError() {
	world := example.New(mailchimp.Operations())
	defer world.Close()
	world.Fail("getListsId", 404, mailchimp.Error{Title: "Resource Not Found", Status: 404, Detail: "The resource could not be found."})

	client := mailchimp.New(world.Client)
	_, err := client.GetList(context.Background(), "gone", nil, vault.Grant(world.Grant))
	var own *mailchimp.Error
	fmt.Println(errors.As(err, &own), errors.Is(err, api.ErrNotFound))
	fmt.Println(own)
	// Output:
	// true true
	// Resource Not Found: The resource could not be found.
}
