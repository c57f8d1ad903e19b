package main

import (
	"strings"
	"testing"
)

func TestIdentityRotate(t *testing.T) {
	dir := t.TempDir()
	if o := command(t, "", "init", "--dir", dir); o.code != exitOK {
		t.Fatalf("%+v", o)
	}
	o := command(t, "", "identity", "rotate", "--dir", dir)
	id, _, _ := strings.Cut(o.stdout, " signs from ")
	keys := command(t, "", "identity", "keys", "--dir", dir)
	if o.code != exitOK || len(id) != 43 || strings.Count(keys.stdout, "\n") != 3 || !strings.Contains(keys.stdout, "\n"+id) {
		t.Errorf("%+v, %+v", o, keys)
	}
	o = command(t, "", "identity", "rotate", "--at-once", "--dir", dir)
	if keys := command(t, "", "identity", "keys", "--dir", dir); o.code != exitOK || strings.Count(keys.stdout, "\n") != 2 || strings.Contains(keys.stdout, id) {
		t.Errorf("%+v, %+v", o, keys)
	}
}
