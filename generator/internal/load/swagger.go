package load

import (
	"encoding/json"
	"fmt"

	"github.com/getkin/kin-openapi/openapi2"
	"github.com/getkin/kin-openapi/openapi2conv"

	"github.com/grantwire/grantwire/generator/internal/diag"
)

// convert turns a Swagger 2.0 tree into one of OpenAPI 3.0.
func (l *loader) convert(root map[string]any) (map[string]any, bool) {
	text, err := convert(root)
	if err != nil {
		l.fail("", diag.CodeConvertFailed, "Swagger 2.0 could not be converted: "+bounded(err.Error()), "correct the document, or convert it to OpenAPI 3 with another tool")
		return nil, false
	}
	v, diags := readJSON(l.name, text, l.opts)
	l.diags = append(l.diags, diags...)
	out, ok := v.(map[string]any)
	if ok {
		l.fail("", diag.CodeConverted, "Swagger 2.0 was converted to OpenAPI 3.0", "")
		l.diags[len(l.diags)-1].Severity = diag.Note
	}
	return out, ok
}

func convert(root map[string]any) (text []byte, err error) {
	// The converter indexes maps and slices that a faulty document may lack.
	defer func() {
		if p := recover(); p != nil {
			text, err = nil, fmt.Errorf("the converter stopped: %v", p)
		}
	}()
	before, err := json.Marshal(root)
	if err != nil {
		return nil, err
	}
	var doc2 openapi2.T
	if err := json.Unmarshal(before, &doc2); err != nil {
		return nil, err
	}
	doc3, err := openapi2conv.ToV3(&doc2)
	if err != nil {
		return nil, err
	}
	return json.Marshal(doc3)
}
