package jira

import (
	"maps"
	"slices"
	"strings"
)

// Error is the body of Jira's error answers. errors.As finds it behind the *api.Error
// of a failed call:
//
//	var je *jira.Error
//	if errors.As(err, &je) { … je.Errors["summary"] … }
//
// See https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/#status-codes.
type Error struct {
	ErrorMessages []string          `json:"errorMessages"`
	Errors        map[string]string `json:"errors"`  // by field
	Message       string            `json:"message"` // in place of ErrorMessages, from some operations
}

// Error returns Jira's messages, those of fields with the field's name.
func (e *Error) Error() string {
	texts := slices.Clone(e.ErrorMessages)
	if e.Message != "" {
		texts = append(texts, e.Message)
	}
	for _, field := range slices.Sorted(maps.Keys(e.Errors)) {
		texts = append(texts, field+": "+e.Errors[field])
	}
	return strings.Join(texts, "; ")
}
