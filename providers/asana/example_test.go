package asana_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/providers/asana"
	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// The world is a stand-in for Asana and a vault in memory. A program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(asana.Operations())
	defer world.Close()
	world.Answer("createTask", asana.CreateTaskResponse{Data: &asana.TaskResponse{GID: new("12"), Name: new("Call back")}}).Status(201)

	client := asana.New(world.Client)
	created, err := client.CreateTask(context.Background(), nil, asana.CreateTaskRequest{
		Data: &asana.TaskRequest{Name: new("Call back"), Projects: []string{"77"}},
	}, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*created.Data.GID, *created.Data.Name)
	world.Trail()
	// Output:
	// 12 Call back
	// audit: createTask 201 completed
}

// Lists are walked with the methods that end in All.
func ExampleClient_ListProjectTasksAll() {
	world := example.New(asana.Operations())
	defer world.Close()
	world.Pages("getTasksForProject",
		[]asana.TaskCompact{{Name: new("Call back")}, {Name: new("Write offer")}}, []asana.TaskCompact{{Name: new("Send it")}})

	client := asana.New(world.Client)
	for task, err := range client.ListProjectTasksAll(context.Background(), "77", nil, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(*task.Name)
	}
	// Output:
	// Call back
	// Write offer
	// Send it
}

func ExampleError() {
	world := example.New(asana.Operations())
	defer world.Close()
	world.Fail("getTask", 404, asana.Error{Errors: []asana.ErrorDetail{{Message: "task: Unknown object: 12"}}})

	client := asana.New(world.Client)
	_, err := client.GetTask(context.Background(), "12", nil, vault.Grant(world.Grant))
	var ae *asana.Error
	fmt.Println(errors.As(err, &ae), errors.Is(err, api.ErrNotFound))
	fmt.Println(ae)
	// Output:
	// true true
	// task: Unknown object: 12
}
