// Package yamlfault reads the place out of the texts in which the YAML library
// reports errors.
package yamlfault

import (
	"bytes"
	"errors"
	"regexp"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Fault is one fault. Line and Column count from 1; Column is 0 when the
// library does not tell it.
type Fault struct {
	Line, Column int
	Message      string
}

var (
	// place stands in front of most messages.
	place = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?`)
	// fromZero matches the messages whose lines the library counts from 0.
	fromZero = regexp.MustCompile(`^(did not find expected (<|node content|'-'|key|',' or)|found (undefined|duplicate|incompatible) )`)
	// noAnchor matches the one message that never has a place.
	noAnchor = regexp.MustCompile(`^unknown anchor '(.*)' referenced$`)
)

// Of returns the faults that an error of the library stands for.
func Of(text []byte, err error) []Fault {
	messages := []string{err.Error()}
	if several, ok := errors.AsType[*yaml.TypeError](err); ok {
		messages = several.Errors
	}
	var faults []Fault
	for _, message := range messages {
		faults = append(faults, read(text, message))
	}
	return faults
}

func read(text []byte, message string) Fault {
	m := place.FindStringSubmatch(message)
	f := Fault{Message: message[len(m[0]):]}
	if f.Line, _ = strconv.Atoi(m[1]); f.Line == 0 || fromZero.MatchString(f.Message) {
		f.Line++
	}
	if anchor := noAnchor.FindStringSubmatch(f.Message); anchor != nil {
		before := text[:max(bytes.Index(text, []byte("*"+anchor[1])), 0)]
		f.Line, f.Column = bytes.Count(before, []byte{'\n'})+1, len(before)-bytes.LastIndexByte(before, '\n')
	}
	// The library adds a line feed at the end.
	lines := bytes.Count(bytes.TrimRight(text, "\r\n"), []byte{'\n'}) + 1
	f.Line = min(f.Line, lines)
	return f
}
