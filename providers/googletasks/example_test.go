package googletasks_test

import (
	"context"
	"fmt"

	"github.com/grantwire/grantwire/providers/googletasks"
	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/runtime/vault"
)

// An agent adds a task to its user's list. The world is a stand-in for Google and a vault in memory: a program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(googletasks.Operations())
	defer world.Close()
	world.Answer("tasks.tasks.insert", googletasks.Task{ID: new("t1"), Title: new("Call back")})

	client := googletasks.New(world.Client)
	task, err := client.CreateTask(context.Background(), "@default", nil, &googletasks.Task{Title: new("Call back")}, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(*task.ID, *task.Title)
	world.Trail()
	// Output:
	// t1 Call back
	// audit: tasks.tasks.insert 200 completed
}
