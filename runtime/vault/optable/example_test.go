package optable_test

import (
	"fmt"

	"github.com/grantwire/grantwire/providers/github"
	"github.com/grantwire/grantwire/runtime/vault/optable"
)

// A generated package holds its table; so does the file operations.json beside it.
func Example() {
	table, err := optable.Parse([]byte(github.OperationTable()))
	if err != nil {
		fmt.Println(err)
		return
	}
	op := table.Operation("issues/create")
	detail := op.Detail()
	fmt.Println(op.Method, op.Path, op.Access)
	fmt.Println(detail.Params[0].Name, detail.Body.Media, table.Schema(detail.Body.Schema).Required)
	found, total := table.Search("issues/list", 0, 1)
	fmt.Println(found[0].ID, total > 1)
	// Output:
	// POST /repos/{owner}/{repo}/issues write
	// owner application/json [title]
	// issues/list true
}
