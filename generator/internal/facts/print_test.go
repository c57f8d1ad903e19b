package facts_test

import (
	"encoding/json"
	"testing"

	"github.com/grantwire/grantwire/generator/internal/facts"
)

func TestPrint(t *testing.T) {
	got, err := facts.Print(map[string]any{
		"b": []any{json.Number("1.10"), true, nil, []any{}, map[string]any{}},
		"a": "<&> \u00e9 \"\n",
	})
	want := "{\n \"a\": \"<&> é \\\"\\n\",\n \"b\": [\n  1.10,\n  true,\n  null,\n  [],\n  {}\n ]\n}\n"
	if err != nil || string(got) != want {
		t.Errorf("got %q, %v", got, err)
	}
	for _, bad := range []any{1, "\xff", []any{1.5}, map[string]any{"\xff": nil}} {
		if _, err := facts.Print(bad); err == nil {
			t.Errorf("%v was printed", bad)
		}
	}
}
