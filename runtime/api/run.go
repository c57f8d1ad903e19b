package api

import (
	"context"
	"net/http"
	"net/url"
	"time"
)

// run tries the call until it succeeds, cannot be repeated, or its context ends.
func (k *call) run() error {
	for {
		if err := k.ctx.Err(); err != nil {
			return k.transportFault(err)
		}
		k.attempt++
		k.status = 0
		start := time.Now()
		err := k.try()
		if err == nil {
			k.config.budget.earn()
			k.tell(EventAttempt, start, 0, nil)
			return nil
		}
		wait, ok := k.again(err)
		k.tell(EventAttempt, start, wait, err)
		if !ok {
			return err
		}
		if end := sleep(k.ctx, wait); end != nil {
			return k.transportFault(interrupted(end, err))
		}
	}
}

// try makes one attempt: a request and, where documented, the one it redirects to.
func (k *call) try() error {
	resp, err := k.send(k.url)
	if err != nil {
		return k.transportFault(err)
	}
	k.note(resp)
	next, elsewhere, reason := k.follow(resp)
	if next == nil {
		return k.receive(resp, reason)
	}
	discard(resp)
	if elsewhere {
		resp, err = k.elsewhere(next)
	} else {
		resp, err = k.send(next)
	}
	if err != nil {
		return k.transportFault(err)
	}
	k.note(resp)
	return k.receive(resp, "")
}

// send makes a request of its own for each attempt: a transport that changes the
// request it is given must not change the next one.
func (k *call) send(u *url.URL) (*http.Response, error) {
	ctx := context.WithValue(k.ctx, callInfoKey{}, CallInfo{Operation: k.op, CallID: k.id, Attempt: k.attempt})
	target := *u
	req := (&http.Request{
		Method: k.op.Method, URL: &target, Host: u.Host, Header: k.header.Clone(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	k.body.attach(req)
	return k.config.http.Do(req)
}
