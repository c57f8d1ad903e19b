package vercel_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/grantwire/grantwire/providers/internal/example"
	"github.com/grantwire/grantwire/providers/vercel"
	"github.com/grantwire/grantwire/runtime/api"
	"github.com/grantwire/grantwire/runtime/vault"
)

// The world is a stand-in for Vercel and a vault in memory. A program has
// agent.HTTPClient() in place of world.Client, and the grant of its user.
func Example() {
	world := example.New(vercel.Operations())
	defer world.Close()
	world.Answer("createProject", vercel.ProjectsCreateProjectResponse{ID: "prj_1", Name: "blog"})

	client := vercel.New(world.Client)
	project, err := client.CreateProject(context.Background(), nil, vercel.CreateProjectRequest{Name: "blog"}, vault.Grant(world.Grant))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(project.ID, project.Name)
	world.Trail()
	// Output:
	// prj_1 blog
	// audit: createProject 200 completed
}

// Lists are walked with the methods that end in All.
func ExampleClient_ListProjectsAll() {
	world := example.New(vercel.Operations())
	defer world.Close()
	world.Pages("getProjects", []vercel.ProjectsGetProjectsProject{{Name: "blog"}, {Name: "shop"}}, []vercel.ProjectsGetProjectsProject{{Name: "wiki"}})

	client := vercel.New(world.Client)
	for project, err := range client.ListProjectsAll(context.Background(), nil, vault.Grant(world.Grant)) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(project.Name)
	}
	// Output:
	// blog
	// shop
	// wiki
}

func ExampleError() {
	world := example.New(vercel.Operations())
	defer world.Close()
	world.Fail("getDomain", 404, vercel.Error{Detail: vercel.ErrorDetail{Code: "not_found", Message: "Domain not found"}})

	client := vercel.New(world.Client)
	_, err := client.GetDomain(context.Background(), "gone.example", nil, vault.Grant(world.Grant))
	var own *vercel.Error
	fmt.Println(errors.As(err, &own), errors.Is(err, api.ErrNotFound))
	fmt.Println(own)
	// Output:
	// true true
	// Domain not found (not_found)
}
