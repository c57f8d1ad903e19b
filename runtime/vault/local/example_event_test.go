package local_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/grantwire/grantwire/runtime/vault/local"
)

// Who changed what: events are beside the calls of Audit.
func ExampleVault_Events() {
	v, agent, _ := openExample()
	defer v.Close()
	if err := v.PauseAgent(local.AsOperator(context.Background(), "ann"), agent.ID); err != nil {
		log.Panic(err)
	}
	for _, e := range must(v.Events(context.Background(), local.EventFilter{Action: "agent.suspended"})) {
		fmt.Println(e.Actor, e.ActorName, e.Action, e.TargetID == agent.ID)
	}
	// Output: operator ann agent.suspended true
}

func ExampleVault_EventRows() {
	v, agent, _ := openExample()
	defer v.Close()
	for e, err := range v.EventRows(context.Background(), local.EventFilter{AgentID: agent.ID}) {
		if err != nil {
			log.Panic(err)
		}
		fmt.Println(e.Action, e.Details["name"])
	}
	// Output: agent.created triage
}

// Another process reads the events of a folder without the master key.
func ExampleReadEvents() {
	dir := must(os.MkdirTemp("", "vault"))
	defer os.RemoveAll(dir)
	v := must(local.Open(dir))
	defer v.Close()
	must(v.CreateApp(context.Background(), local.AppSpec{Name: "mailer"}))
	for e, err := range local.ReadEvents(context.Background(), dir, local.EventFilter{}) {
		if err != nil {
			log.Panic(err)
		}
		fmt.Println(e.Action)
	}
	// Output:
	// app.created
	// key.created
}

// A program with several operators says which of them acts.
func ExampleAsOperator() {
	ctx := local.AsOperator(context.Background(), "bob")
	v := must(local.Open("", local.InMemory()))
	defer v.Close()
	must(v.CreateApp(ctx, local.AppSpec{Name: "mailer"}))
	fmt.Println(must(v.Events(ctx, local.EventFilter{Limit: 1}))[0].ActorName)
	// Output: bob
}
