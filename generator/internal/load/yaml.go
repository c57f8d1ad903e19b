package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
	"github.com/grantwire/grantwire/generator/internal/diag"
)

// maxYAMLBytes limits YAML text: its parser keeps some fifty bytes for each.
const maxYAMLBytes = 32 << 20

// yamlReader turns YAML text into a raw tree.
type yamlReader struct {
	file    string
	opts    Options
	anchors map[string]ast.Node
	open    map[ast.Node]bool // anchors being expanded
	stack   []string
	nodes   int
	aliased int // values made while expanding aliases
	inAlias int
	diags   diag.List
}

func readYAML(file string, text []byte, opts Options) (any, diag.List) {
	r := &yamlReader{file: file, opts: opts, anchors: map[string]ast.Node{}, open: map[ast.Node]bool{}}
	if len(text) > maxYAMLBytes {
		r.report(nil, diag.CodeTooLarge, fmt.Sprintf("YAML of more than %d bytes", maxYAMLBytes), "convert the document to JSON")
		return nil, r.diags
	}
	tree, err := r.parse(text)
	if err != nil {
		r.syntax(err)
		return nil, r.diags
	}
	body := r.body(tree)
	if body == nil {
		return nil, r.diags
	}
	v, err := r.value(body, 0)
	if err != nil {
		return nil, r.diags
	}
	return v, r.diags
}

// parse guards against what the parser does not bound itself: its recursion
// and its own faults.
func (r *yamlReader) parse(text []byte) (tree *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			tree, err = nil, errors.New("the text confuses the YAML parser")
		}
	}()
	tokens := lexer.Tokenize(string(text))
	if depth := tokenDepth(tokens); depth > 4*r.opts.MaxDepth {
		r.report(nil, diag.CodeTooDeep, "nested far too deeply", "split the document")
		return nil, errLimit
	}
	for _, t := range tokens {
		if t.Type == token.InvalidType {
			return nil, &tokenError{t}
		}
	}
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

type tokenError struct{ at *token.Token }

func (e *tokenError) Error() string          { return e.at.Error }
func (e *tokenError) GetToken() *token.Token { return e.at }
func (e *tokenError) GetMessage() string     { return e.at.Error }

// tokenDepth bounds the depth of the tree from above: open brackets in flow
// style, growing columns in block style.
func tokenDepth(tokens token.Tokens) int {
	deepest, flow := 0, 0
	var columns []int
	for _, t := range tokens {
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow = max(flow-1, 0)
		}
		if flow == 0 && t.Position != nil {
			for len(columns) > 0 && columns[len(columns)-1] >= t.Position.Column {
				columns = columns[:len(columns)-1]
			}
			columns = append(columns, t.Position.Column)
		}
		deepest = max(deepest, flow+len(columns))
	}
	return deepest
}

// body returns the first document that is not empty.
func (r *yamlReader) body(tree *ast.File) ast.Node {
	var first ast.Node
	for _, d := range tree.Docs {
		switch d.Body.(type) {
		case nil, *ast.CommentGroupNode, *ast.DirectiveNode:
			continue
		}
		if first != nil {
			r.warn(d.Body.GetToken(), diag.CodeMultipleDocuments,
				"the file holds more than one YAML document; the first is read", "keep one document in the file")
			break
		}
		first = d.Body
	}
	if first == nil {
		r.report(nil, diag.CodeEmptyFile, "the file holds no document", "name a file with an OpenAPI document")
	}
	return first
}

func (r *yamlReader) value(n ast.Node, depth int) (any, error) {
	if err := r.count(n, depth); err != nil {
		return nil, err
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return r.mapping(n.Values, depth+1)
	case *ast.MappingValueNode:
		return r.mapping([]*ast.MappingValueNode{n}, depth+1)
	case *ast.SequenceNode:
		return r.sequence(n, depth+1)
	case *ast.AnchorNode:
		if n.Name != nil && n.Value != nil {
			r.anchors[n.Name.GetToken().Value] = n.Value
		}
		if n.Value == nil {
			return nil, nil
		}
		return r.value(n.Value, depth+1)
	case *ast.AliasNode:
		return r.alias(n, func(target ast.Node) (any, error) { return r.value(target, depth+1) })
	case *ast.TagNode:
		return r.tagged(n, depth+1)
	}
	return scalar(n), nil
}

func (r *yamlReader) count(n ast.Node, depth int) error {
	r.nodes++
	if r.inAlias > 0 {
		r.aliased++
	}
	var tk *token.Token
	if n != nil {
		tk = n.GetToken()
	}
	switch {
	case depth > r.opts.MaxDepth:
		r.report(tk, diag.CodeTooDeep, fmt.Sprintf("nested more than %d levels deep", r.opts.MaxDepth), "split the document")
	case r.nodes > r.opts.MaxNodes:
		r.report(tk, diag.CodeTooLarge, fmt.Sprintf("more than %d values", r.opts.MaxNodes), "split the document, or generate from a part of it")
	case r.aliased > r.opts.MaxAliasNodes:
		r.report(tk, diag.CodeTooLarge, fmt.Sprintf("aliases stand for more than %d values", r.opts.MaxAliasNodes), "write the values out, or use references")
	default:
		return nil
	}
	return errLimit
}

func (r *yamlReader) sequence(n *ast.SequenceNode, depth int) (any, error) {
	list := make([]any, 0, len(n.Values))
	for i, e := range n.Values {
		r.stack = append(r.stack, strconv.Itoa(i))
		v, err := r.value(e, depth)
		r.stack = r.stack[:len(r.stack)-1]
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}

func (r *yamlReader) mapping(values []*ast.MappingValueNode, depth int) (any, error) {
	m := make(map[string]any, len(values))
	var merges []ast.Node
	for _, kv := range values {
		if _, ok := kv.Key.(*ast.MergeKeyNode); ok {
			merges = append(merges, kv.Value)
			continue
		}
		name, ok := keyText(kv.Key)
		if !ok {
			r.report(kv.Key.GetToken(), diag.CodeNonStringKey, "a mapping has a key that is no text", "write the key as text")
			return nil, errLimit
		}
		r.stack = append(r.stack, name)
		if _, dup := m[name]; dup {
			line, col := at(kv.Key.GetToken())
			r.diags = append(r.diags, duplicate(r.file, diag.Pointer(r.stack...), line, col))
		}
		v, err := r.value(kv.Value, depth)
		r.stack = r.stack[:len(r.stack)-1]
		if err != nil {
			return nil, err
		}
		m[name] = v
	}
	for _, source := range merges {
		if err := r.merge(m, source, depth); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// merge adds the members of a "<<" value that m does not have.
func (r *yamlReader) merge(m map[string]any, source ast.Node, depth int) error {
	v, err := r.value(source, depth)
	if err != nil {
		return err
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, e := range list {
		from, ok := e.(map[string]any)
		if !ok {
			r.report(source.GetToken(), diag.CodeSyntax, "the merge key << needs a mapping", "write the members out")
			return errLimit
		}
		for name, v := range from {
			if _, has := m[name]; !has {
				m[name] = v
			}
		}
	}
	return nil
}

func (r *yamlReader) alias(n *ast.AliasNode, expand func(ast.Node) (any, error)) (any, error) {
	name := ""
	if n.Value != nil {
		name = n.Value.GetToken().Value
	}
	target, ok := r.anchors[name]
	if !ok || r.open[target] {
		r.report(n.GetToken(), diag.CodeSyntax, fmt.Sprintf("alias *%s names no anchor before it", name), "define the anchor first")
		return nil, errLimit
	}
	r.open[target] = true
	r.inAlias++
	v, err := expand(target)
	r.inAlias--
	delete(r.open, target)
	return v, err
}

// tagged honours !!str and the number tags; other tags change nothing.
func (r *yamlReader) tagged(n *ast.TagNode, depth int) (any, error) {
	if n.Value == nil {
		return nil, nil
	}
	if n.Start == nil {
		return r.value(n.Value, depth)
	}
	_, isScalar := n.Value.(ast.ScalarNode)
	switch n.Start.Value {
	case "!!str":
		if isScalar {
			s, _ := keyText(n.Value)
			return s, nil
		}
	case "!!int", "!!float":
		if s, _ := keyText(n.Value); isScalar && isNumber(s) {
			return json.Number(s), nil
		}
	}
	return r.value(n.Value, depth)
}

// scalar gives the value that YAML 1.2's core schema gives.
func scalar(n ast.Node) any {
	switch n := n.(type) {
	case *ast.StringNode:
		plain := n.Token == nil || (n.Token.Type != token.DoubleQuoteType && n.Token.Type != token.SingleQuoteType)
		if plain && isNumber(n.Value) {
			return json.Number(n.Value) // too large for the parser's integers
		}
		return n.Value
	case *ast.LiteralNode:
		if n.Value == nil {
			return ""
		}
		return n.Value.Value
	case *ast.IntegerNode:
		if isNumber(n.Token.Value) {
			return json.Number(n.Token.Value)
		}
		if strings.Contains(n.Token.Value, "_") {
			return n.Token.Value // a number in YAML 1.1 only
		}
		return json.Number(fmt.Sprint(n.Value))
	case *ast.FloatNode:
		if isNumber(n.Token.Value) {
			return json.Number(n.Token.Value)
		}
		if math.IsInf(n.Value, 0) || math.IsNaN(n.Value) || strings.Contains(n.Token.Value, "_") {
			return n.Token.Value
		}
		return json.Number(strconv.FormatFloat(n.Value, 'g', -1, 64))
	case *ast.BoolNode:
		return n.Value
	case *ast.InfinityNode:
		return n.Token.Value
	case *ast.NanNode:
		return n.Token.Value
	}
	return nil
}

// keyText gives the text of a scalar key. A number or a boolean keeps the
// spelling of the document, so that the status 200 is the member "200".
func keyText(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		s, _ := scalar(n).(string)
		return s, true
	case *ast.MappingKeyNode:
		if n.Value == nil {
			return "", true
		}
		return keyText(n.Value)
	case *ast.AnchorNode:
		return keyText(n.Value)
	case *ast.TagNode:
		return keyText(n.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.NullNode, *ast.InfinityNode, *ast.NanNode, *ast.MergeKeyNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// isNumber reports whether s is a number in JSON's grammar.
func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	digits := func() (n int) {
		for n < len(s) && s[n] >= '0' && s[n] <= '9' {
			n++
		}
		return n
	}
	n := digits()
	if n == 0 || (n > 1 && s[0] == '0') {
		return false
	}
	s = s[n:]
	if strings.HasPrefix(s, ".") {
		s = s[1:]
		if n = digits(); n == 0 {
			return false
		}
		s = s[n:]
	}
	if s != "" && (s[0] == 'e' || s[0] == 'E') {
		if s = s[1:]; s != "" && (s[0] == '+' || s[0] == '-') {
			s = s[1:]
		}
		if n = digits(); n == 0 {
			return false
		}
		s = s[n:]
	}
	return s == ""
}

func at(tk *token.Token) (line, col int) {
	if tk == nil || tk.Position == nil {
		return 0, 0
	}
	return tk.Position.Line, tk.Position.Column
}

func (r *yamlReader) report(tk *token.Token, code, message, remedy string) {
	line, col := at(tk)
	r.diags = append(r.diags, diag.Diagnostic{
		File: r.file, Pointer: diag.Pointer(r.stack...), Line: line, Column: col, Code: code, Message: message, Remedy: remedy,
	})
}

func (r *yamlReader) warn(tk *token.Token, code, message, remedy string) {
	r.report(tk, code, message, remedy)
	r.diags[len(r.diags)-1].Severity = diag.Warning
}

func (r *yamlReader) syntax(err error) {
	if errors.Is(err, errLimit) {
		return
	}
	var placed interface {
		error
		GetToken() *token.Token
		GetMessage() string
	}
	message, tk := "the text confuses the YAML parser", (*token.Token)(nil)
	if errors.As(err, &placed) {
		message, tk = placed.GetMessage(), placed.GetToken()
	}
	r.report(tk, diag.CodeSyntax, "not valid YAML: "+message, "correct the text there, or fetch the file again if it was cut short")
}
