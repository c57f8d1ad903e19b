package model

import "strings"

// Steps are the member names of a path: a dotted one, or a JSON pointer where it
// starts with a slash.
func Steps(path string) []string {
	pointer, ok := strings.CutPrefix(path, "/")
	if !ok {
		return strings.Split(path, ".")
	}
	names := strings.Split(pointer, "/")
	for i, name := range names {
		names[i] = unescape.Replace(name)
	}
	return names
}

var unescape = strings.NewReplacer("~1", "/", "~0", "~")
