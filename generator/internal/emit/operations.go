package emit

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	. "github.com/dave/jennifer/jen" //nolint:revive,staticcheck // see emit.go

	"github.com/grantwire/grantwire/generator/internal/model"
)

// operationsFile renders one variable per operation, so that a program links only
// those that it calls, and the list of them all.
//
//	var opReposGet = api.Operation{ID: "repos/get", Method: "GET", Path: "/repos/{owner}/{repo}", …}
//	func Operations() []api.Operation { return []api.Operation{opReposGet, …} }
func (e *emitter) operationsFile() *File {
	f := e.file()
	e.handshake(f)
	for _, op := range e.api.Ops {
		f.Var().Id(op.Var).Op("=").Qual(apiPath, "Operation").Values(e.descriptor(op)...)
	}
	f.Comment("// Operations returns a descriptor of every operation of this package, sorted by")
	f.Comment("// path and method. The caller owns the slice.")
	f.Func().Id("Operations").Params().Index().Qual(apiPath, "Operation").Block(
		Return(Index().Qual(apiPath, "Operation").ValuesFunc(func(g *Group) {
			for _, op := range e.api.Ops {
				g.Line().Id(op.Var)
			}
			g.Line()
		})),
	)
	return f
}

// tableFile lets a program hand the table to a vault that it embeds. A program that
// does not call the function does not hold the table: the linker leaves it out.
//
//	//go:embed operations.json
//	var operationTable string
func (e *emitter) tableFile() *File {
	f := e.file()
	f.Anon("embed")
	f.Comment("//go:embed " + TableName)
	f.Var().Id("operationTable").String()
	f.Comment("// OperationTable returns the operations of this API as data, for a vault that names")
	f.Comment("// calls by them: local.WithOperationTable takes it.")
	f.Func().Id("OperationTable").Params().String().Block(Return(Id("operationTable")))
	return f
}

// handshake fails to compile beside another version of the runtime.
func (e *emitter) handshake(f *File) {
	f.Comment("// If api.GeneratedV1 is undefined, this package was generated for another version of")
	f.Comment("// github.com/grantwire/grantwire than the one in go.mod. Generate it again with the")
	f.Comment("// grantgen of that version, or, if this package is the newer one, raise the version.")
	f.Const().Id("_").Op("=").Qual(apiPath, "GeneratedV1")
}

func (e *emitter) descriptor(op *model.Operation) []Code {
	var out []Code
	add := func(name string, v Code) { out = append(out, Line().Id(name).Op(":").Add(v)) }
	str := func(name, v string) {
		if v != "" {
			add(name, Lit(v))
		}
	}
	add("Provider", Op("&").Id("provider"))
	str("ID", op.ID)
	str("Method", op.Method)
	str("Path", op.Template)
	str("Service", op.Group.Name)
	str("Name", op.Name)
	if spans := spanning(op); len(spans) > 0 {
		add("Segments", stringList(spans))
	}
	str("Server", op.Server)
	str("Doc", op.Link)
	if len(op.Scopes) > 0 {
		add("Scopes", stringList(op.Scopes))
	}
	add("Access", Qual(apiPath, [...]string{"Read", "Write", "Delete"}[op.Access]))
	truth := func(name string, v bool) {
		if v {
			add(name, True())
		}
	}
	truth("Idempotent", op.Idempotent)
	truth("Deprecated", op.Deprecated)
	if op.Body != nil {
		str("Request", op.Body.Media)
		if len(op.Body.Parts) > 0 {
			add("Parts", parts(op.Body.Parts))
		}
	}
	str("Accept", op.Result.Accept)
	if op.Result.Kind != model.ResultNone {
		add("Result", Qual(apiPath, [...]string{"None", "JSON", "Text", "Stream"}[op.Result.Kind]))
	}
	truth("Redirect", op.Redirect)
	if len(op.Alternates) > 0 {
		add("Alternates", Index().Int().ValuesFunc(func(g *Group) {
			for _, s := range op.Alternates {
				g.Lit(s)
			}
		}))
	}
	if op.Paging.Kind != model.PagingNone {
		add("Paging", paging(op.Paging))
	}
	return append(out, Line())
}

func parts(list []model.Part) Code {
	return Index().Qual(apiPath, "Part").ValuesFunc(func(g *Group) {
		for _, p := range list {
			g.ValuesFunc(func(g *Group) {
				for _, f := range [][2]string{{"Name", p.Name}, {"Style", p.Style}, {"Type", p.Type}} {
					if f[1] != "" {
						g.Id(f[0]).Op(":").Lit(f[1])
					}
				}
			})
		}
	})
}

// spanning names the path parameters whose value may hold slashes.
func spanning(op *model.Operation) []string {
	var out []string
	for _, p := range op.PathParams {
		if p.Segments {
			out = append(out, p.Name)
		}
	}
	return out
}

func stringList(list []string) Code {
	return Index().String().ValuesFunc(func(g *Group) {
		for _, s := range list {
			g.Lit(s)
		}
	})
}

var pagingKinds = [...]string{"PagingNone", "PagingLink", "PagingPage", "PagingCursor", "PagingOffset", "PagingURL", "PagingLast"}

func paging(p model.Paging) Code {
	return Qual(apiPath, "Paging").ValuesFunc(func(g *Group) {
		text := func(name, v string) {
			if v != "" {
				g.Id(name).Op(":").Lit(v)
			}
		}
		truth := func(name string, v bool) {
			if v {
				g.Id(name).Op(":").True()
			}
		}
		g.Id("Kind").Op(":").Qual(apiPath, pagingKinds[p.Kind])
		text("Param", p.Param)
		truth("InBody", p.InBody)
		truth("Explicit", p.Explicit)
		text("Size", p.Size)
		if p.First != 0 {
			g.Id("First").Op(":").Lit(int(p.First))
		}
		text("Next", p.Next)
		text("Header", p.Header)
		text("More", p.More)
		text("Final", p.Final)
		text("Pages", p.Pages)
		text("Total", p.Total)
		text("Limit", p.Limit)
		text("ID", p.ID)
		truth("Greatest", p.Greatest)
		text("Items", p.Items)
		truth("Values", p.Values)
	})
}

// groupFile renders a service: its type, and per operation the parameters, the
// method and the iterator.
func (e *emitter) groupFile(g *model.Group) *File {
	f := e.file()
	f.Comment(fmt.Sprintf("// %s groups the %s operations. It is reached through [Client.%s].", g.Deco, oneLine(g.Key), g.Name))
	f.Type().Id(g.Deco).Struct(Id("client").Op("*").Qual(apiPath, "Client"))
	ops := slices.Clone(g.Ops)
	slices.SortFunc(ops, func(a, b *model.Operation) int { return cmp.Compare(a.Name, b.Name) })
	for _, op := range ops {
		e.paramsType(f, op)
		e.method(f, op)
		if op.Paging.Kind != model.PagingNone {
			e.iterator(f, op)
		}
	}
	return f
}

// paramsType renders the parameters that are neither in the path nor in the body.
func (e *emitter) paramsType(f *File, op *model.Operation) {
	if op.ParamsType == "" {
		return
	}
	what := "are the optional parameters of"
	if required(op) {
		what = "are the parameters of"
	}
	f.Comment(fmt.Sprintf("// %s %s [%s.%s].", op.ParamsType, what, op.Group.Deco, op.Name))
	f.Type().Id(op.ParamsType).StructFunc(func(g *Group) {
		for _, p := range op.Params {
			for _, line := range paramDoc(p) {
				g.Comment("// " + line)
			}
			g.Id(p.GoName).Add(e.goExpr(e.paramType(p))).Tag(map[string]string{p.In: tag(p)})
		}
	})
}

func tag(p *model.Param) string {
	t := p.Name
	if p.Required {
		t += ",required"
	}
	if p.Style != "" {
		t += "," + p.Style
	}
	if p.Reserved {
		t += ",reserved"
	}
	return t
}

func paramDoc(p *model.Param) []string {
	var facts []string
	if p.Required {
		facts = append(facts, "is required.")
	}
	if p.Default != "" {
		facts = append(facts, "defaults to "+oneLine(p.Default)+" on the provider's side.")
	}
	if len(p.Ref.Const) == 1 {
		facts = append(facts, "is always "+strconv.Quote(p.Ref.Const[0])+".")
	}
	var out []string
	if len(facts) > 0 {
		out = append(out, p.GoName+" "+strings.Join(facts, " It "))
	}
	if p.Deprecated {
		if len(out) > 0 {
			out = append(out, "")
		}
		out = append(out, "Deprecated: the provider marks this parameter as deprecated.")
	}
	return out
}

func required(op *model.Operation) bool {
	return slices.ContainsFunc(op.Params, func(p *model.Param) bool { return p.Required })
}

// goExpr turns a type written as text into code with the right imports.
func (e *emitter) goExpr(t string) Code {
	switch {
	case strings.HasPrefix(t, "*"):
		return Op("*").Add(e.goExpr(t[1:]))
	case strings.HasPrefix(t, "[]"):
		return Index().Add(e.goExpr(t[2:]))
	case strings.HasPrefix(t, "map[string]"):
		return Map(String()).Add(e.goExpr(t[len("map[string]"):]))
	case strings.HasPrefix(t, "api.Nullable["):
		return Qual(apiPath, "Nullable").Index(e.goExpr(t[len("api.Nullable[") : len(t)-1]))
	case strings.HasPrefix(t, "api."):
		return Qual(apiPath, t[len("api."):])
	case strings.HasPrefix(t, "time."):
		return Qual("time", t[len("time."):])
	case strings.HasPrefix(t, "io."):
		return Qual("io", t[len("io."):])
	case strings.Contains(t, "."):
		pkg, name, _ := strings.Cut(t, ".")
		return Qual(e.imports[pkg], name)
	default:
		return Id(t)
	}
}

// signature gives the parameters of a method and the arguments that pass them on.
func (e *emitter) signature(op *model.Operation, paramsType, bodyName string) (params, args []Code) {
	add := func(name string, typ Code) {
		params = append(params, Id(name).Add(typ))
		args = append(args, Id(name))
	}
	add("ctx", Qual("context", "Context"))
	for i, p := range op.PathParams {
		typ := e.goExpr(e.pathType(p))
		if i+1 < len(op.PathParams) && e.pathType(p) == e.pathType(op.PathParams[i+1]) {
			typ = Null() // owner, repo string
		}
		add(p.GoName, typ)
	}
	if paramsType != "" {
		if required(op) {
			add("params", Id(paramsType))
		} else {
			add("params", Op("*").Id(paramsType))
		}
	}
	if op.Body != nil {
		b := e.bodyType(op.Body)
		typ := b.typ
		if bodyName != "" {
			typ = strings.Replace(typ, e.value(op.Body.Ref), bodyName, 1)
		}
		add("body", e.goExpr(typ))
	}
	params = append(params, Id("opts").Op("...").Qual(apiPath, "CallOption"))
	args = append(args, Id("opts").Op("..."))
	return params, args
}

// call renders api.Args.
func (e *emitter) callArgs(op *model.Operation) Code {
	return Qual(apiPath, "Args").ValuesFunc(func(g *Group) {
		if len(op.PathValues) > 0 {
			g.Id("Path").Op(":").Index().Any().ValuesFunc(func(g *Group) {
				for _, p := range op.PathValues {
					switch {
					case p.Segments && e.pathType(p) == "string":
						g.Qual(apiPath, "Segments").Call(Id(p.GoName))
					case p.Style != "" && p.Style != ",explode" || p.Style != "" && !p.Ref.Scalar():
						g.Qual(apiPath, "Styled").Values(Id("Style").Op(":").Lit(p.Style), Id("Value").Op(":").Id(p.GoName))
					default:
						g.Id(p.GoName)
					}
				}
			})
		}
		if op.ParamsType != "" {
			v := Id("params")
			if required(op) {
				v = Op("&").Id("params")
			}
			g.Id("Params").Op(":").Add(v)
		}
		if op.Body != nil {
			v := Id("body")
			if e.bodyType(op.Body).address {
				v = Op("&").Id("body")
			}
			g.Id("Body").Op(":").Add(v)
		}
	})
}

// method renders
//
//	func (s *ReposService) Get(ctx context.Context, owner, repo string, opts ...api.CallOption) (*FullRepository, error) {
//		var out *FullRepository
//		err := s.client.Do(ctx, &opReposGet, api.Args{Path: []any{owner, repo}}, &out, opts...)
//		return out, err
//	}
func (e *emitter) method(f *File, op *model.Operation) {
	params, _ := e.signature(op, op.ParamsType, "")
	for _, line := range e.methodDoc(op, op.Name) {
		f.Comment("// " + line)
	}
	do := func(out Code) *Statement {
		return Id("s").Dot("client").Dot("Do").Call(Id("ctx"), Op("&").Id(op.Var), e.callArgs(op), out, Id("opts").Op("..."))
	}
	fn := f.Func().Params(Id("s").Op("*").Id(op.Group.Deco)).Id(op.Name).Params(params...)
	result := e.resultType(op.Result)
	if result == "" {
		fn.Error().Block(Return(do(Nil())))
		return
	}
	fn.Params(e.goExpr(result), Error()).Block(
		Var().Id("out").Add(e.goExpr(result)),
		Id("err").Op(":=").Add(do(Op("&").Id("out"))),
		Return(Id("out"), Id("err")),
	)
}

// iterator renders
//
//	func (s *ReposService) ListForOrgAll(ctx context.Context, org string, params *ReposListForOrgParams, opts ...api.CallOption) iter.Seq2[*MinimalRepository, error] {
//		return api.Pages[*MinimalRepository](ctx, s.client, &opReposListForOrg, api.Args{Path: []any{org}, Params: params}, opts...)
//	}
func (e *emitter) iterator(f *File, op *model.Operation) {
	params, _ := e.signature(op, op.ParamsType, "")
	item := e.goExpr(e.itemType(op.Paging.Elem))
	f.Comment(fmt.Sprintf("// %sAll walks every page of [%s.%s] and yields the items one by one. It stops", op.Name, op.Group.Deco, op.Name))
	f.Comment("// after the first error, and asks for no further page once the loop ends.")
	f.Func().Params(Id("s").Op("*").Id(op.Group.Deco)).Id(op.Name+"All").Params(params...).
		Qual("iter", "Seq2").Types(item, Error()).Block(
		Return(Qual(apiPath, "Pages").Types(item).Call(
			Id("ctx"), Id("s").Dot("client"), Op("&").Id(op.Var), e.callArgs(op), Id("opts").Op("..."))),
	)
}

func (e *emitter) methodDoc(op *model.Operation, name string) []string {
	out := []string{fmt.Sprintf("%s calls %s.", name, oneLine(op.ID)), "", "\t" + op.Method + " " + oneLine(op.Path)}
	if op.Summary != "" {
		out = slices.Insert(out, 1, strings.Split(comment(op.Summary), "\n")...)
	}
	var facts []string
	if len(op.Scopes) > 0 {
		facts = append(facts, "Scopes: "+oneLine(strings.Join(op.Scopes, ", "))+".")
	}
	if op.Body != nil && op.Body.Kind == model.BodyStream {
		facts = append(facts, "The body is streamed; it is closed by the caller.")
	}
	if op.Body != nil && len(op.Body.Others) > 0 {
		facts = append(facts, "It also takes "+oneLine(strings.Join(op.Body.Others, ", "))+" (api.WithBody).")
	}
	if len(op.Result.Others) > 0 {
		facts = append(facts, "It also answers with "+oneLine(strings.Join(op.Result.Others, ", "))+" (api.WithResult).")
	}
	if op.Result.Kind == model.ResultStream {
		facts = append(facts, "The caller closes the download.")
	}
	for _, items := range op.Result.Items {
		facts = append(facts, "Each item of "+oneLine(items.Media)+" is a ["+e.value(items.Ref)+"].")
	}
	if len(facts) > 0 {
		out = append(out, "")
		out = append(out, facts...)
	}
	if op.Link != "" {
		out = append(out, "", oneLine(op.Link))
	}
	if op.Deprecated {
		out = append(out, "", "Deprecated: the provider marks this operation as deprecated.")
	}
	return out
}
