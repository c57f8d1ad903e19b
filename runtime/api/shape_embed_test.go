package api

import (
	"reflect"
	"testing"
)

type (
	here  struct{ *there }
	there struct {
		*here //nolint:unused // it is embedded: the point of the test

		Name string `json:"name"`
	}
)

// Structs that embed pointers to each other have an end.
func TestShapeOfStructsThatEmbedEachOther(t *testing.T) {
	s := shapeOf(reflect.TypeFor[here]())
	if len(s.fields) != 1 || s.fields[0].name != "name" {
		t.Errorf("fields %v", s.fields)
	}
}
