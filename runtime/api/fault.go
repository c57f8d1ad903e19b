package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/textproto"
	"net/url"
	"reflect"
	"slices"
	"strings"
)

// peel takes the *url.Error off that http.Client adds: its text is the whole URL.
func peel(err error) error {
	for {
		u, ok := err.(*url.Error) //nolint:errorlint // only the outermost layer is ours to drop
		if !ok {
			return err
		}
		err = u.Err
	}
}

// faultText is the text of a cause without the URL of any request in the chain
// and without bytes of an answer that net/http could not read.
func faultText(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	if u, ok := errors.AsType[*url.Error](err); ok {
		text = strings.ReplaceAll(text, u.Error(), faultText(u.Err))
	}
	if _, ok := errors.AsType[textproto.ProtocolError](err); ok || strings.Contains(text, "malformed") {
		return "malformed HTTP response"
	}
	if strings.Contains(text, "Location header") {
		return "malformed Location header"
	}
	return clean(text, 500)
}

// connectionFault reports whether err says that the connection failed in a way
// that a second try may not meet. A cancelled context is none, a host that does
// not exist is none, and an error of another package that calls itself permanent
// (a vault's refusal) is none, whatever it wraps. A timeout is one: the caller
// of this function knows that the call's own context has not ended.
func connectionFault(err error) bool {
	if errors.Is(err, context.Canceled) || permanent(err) {
		return false
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return dns.IsTimeout || dns.IsTemporary
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true
	}
	if _, ok := errors.AsType[*net.AddrError](err); ok {
		return false
	}
	// The operation's name instead of errno values, which differ by system.
	if op, ok := errors.AsType[*net.OpError](err); ok {
		return op.Op == "dial" || op.Op == "read" || op.Op == "write"
	}
	timeout, ok := errors.AsType[net.Error](err)
	return ok && timeout.Timeout()
}

// permanent looks for an error that calls itself not temporary. The network's own
// errors are skipped: net says that of a refused connection too.
func permanent(err error) bool {
	if err == nil {
		return false
	}
	if t, ok := err.(interface{ Temporary() bool }); ok && !networkType(err) && !t.Temporary() {
		return true
	}
	switch e := err.(type) { //nolint:errorlint // walks the tree itself, one layer at a time
	case interface{ Unwrap() error }:
		return permanent(e.Unwrap())
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), permanent)
	}
	return false
}

func networkType(err error) bool {
	t := reflect.TypeOf(err)
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.PkgPath() {
	case "net", "net/http", "net/url", "syscall", "os", "context", "internal/poll", "crypto/tls", "crypto/x509":
		return true
	}
	return false
}
