// Package apitest answers the calls of a generated client in a test: no socket,
// no server, typed values in and recorded calls out.
//
//	rt := apitest.New(t, github.Operations())
//	rt.Answer("repos/get", github.FullRepository{Name: "site"})
//	gh := github.New(rt.Client())
//
//	repo, err := gh.Repos.Get(ctx, "acme", "site")
//	call := rt.Only("repos/get") // call.Path["owner"] == "acme"
//
// A request is matched by method and path template, so the same transport answers
// any other client of the provider. An operation is named by its ID in the
// provider's document ("repos/get") or by its Go method ("Repos.Get").
//
// Answers to one operation are used in the order they were given, and the last
// one stays; one with a condition stays from the beginning. A call that nothing answers fails the test and gets an error that
// says which operation it was.
//
// Nothing here starts a goroutine, so a client's pauses between retries can run
// in a testing/synctest bubble.
package apitest
