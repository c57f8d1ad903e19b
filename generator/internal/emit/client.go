package emit

import (
	"cmp"
	"fmt"
	"strings"

	. "github.com/dave/jennifer/jen" //nolint:revive,staticcheck // see emit.go

	"github.com/grantwire/grantwire/generator/internal/model"
)

// docFile renders the package comment.
func (e *emitter) docFile() *File {
	f := e.file()
	f.PackageComment(fmt.Sprintf("// Package %s is a typed client for %s.", e.opts.Package, e.subject()))
	f.PackageComment("//")
	f.PackageComment(fmt.Sprintf("// It has %d operations. [New] takes any *http.Client; one that goes through a vault", len(e.api.Ops)))
	f.PackageComment("// comes from package vault, and the grant is named on the call:")
	f.PackageComment("//")
	f.PackageComment(fmt.Sprintf("//\tclient := %s.New(agent.HTTPClient())", e.opts.Package))
	f.PackageComment("//\t… client.Service.Method(ctx, …, vault.Grant(grantID))")
	f.PackageComment("//")
	f.PackageComment("// A method returns the decoded answer, and an error for every status that is not a")
	f.PackageComment("// success: *[github.com/grantwire/grantwire/runtime/api.Error]. Params may be nil")
	f.PackageComment("// where they are a pointer. A field left at its zero value is not sent, unless it is")
	f.PackageComment("// required; Nullable fields tell null from absent. Clients are safe for concurrent")
	f.PackageComment("// use.")
	e.notes(f)
	return f
}

// notes ends the package comment with what the configuration says.
func (e *emitter) notes(f *File) {
	if e.opts.Notes == "" {
		return
	}
	f.PackageComment("//")
	for line := range strings.SplitSeq(strings.TrimRight(e.opts.Notes, "\n"), "\n") {
		f.PackageComment(strings.TrimRight("// "+line, " "))
	}
}

// subject says in words what the package is about.
func (e *emitter) subject() string {
	name := cmp.Or(e.root.Package, e.opts.Package)
	text := fmt.Sprintf("%s, version %s", cmp.Or(oneLine(e.api.Title), name), cmp.Or(oneLine(e.api.Version), "unknown"))
	if e.home == nil {
		return text
	}
	return fmt.Sprintf("the %s operations of %s", strings.Join(resources(e.api.Ops), ", "), text)
}

// clientFile renders the client and the facts about its provider.
//
//	type Client struct { Repos *ReposService; … }
//	func New(hc *http.Client, opts ...api.ClientOption) *Client
func (e *emitter) clientFile() *File {
	f := e.file()
	f.Comment("// Client calls the API. Make one with [New].")
	f.Type().Id("Client").StructFunc(func(g *Group) {
		for _, group := range e.api.Groups {
			g.Id(group.Name).Op("*").Id(group.Deco)
		}
	})
	f.Comment("// New returns a client that sends its requests through hc; nil stands for a")
	f.Comment("// client with the default transport. hc is copied and its redirect policy is not")
	f.Comment("// used.")
	f.Func().Id("New").Params(Id("hc").Op("*").Qual("net/http", "Client"), Id("opts").Op("...").Qual(apiPath, "ClientOption")).Op("*").Id("Client").Block(
		Id("c").Op(":=").Qual(apiPath, "NewClient").Call(Id("hc"), Op("&").Id("provider"), Id("opts").Op("...")),
		Return(Op("&").Id("Client").ValuesFunc(func(g *Group) {
			for _, group := range e.api.Groups {
				g.Line().Id(group.Name).Op(":").Op("&").Id(group.Deco).Values(Id("client").Op(":").Id("c"))
			}
			g.Line()
		})),
	)
	f.Var().Id("provider").Op("=").Qual(apiPath, "Provider").ValuesFunc(e.provider)
	return f
}

func (e *emitter) provider(g *Group) {
	g.Line().Id("Name").Op(":").Lit(cmp.Or(e.api.Provider, e.opts.Package))
	g.Line().Id("BaseURL").Op(":").Lit(e.api.BaseURL)
	if len(e.opts.Headers) > 0 {
		g.Line().Id("Headers").Op(":").Index().Qual(apiPath, "Header").ValuesFunc(func(g *Group) {
			for _, h := range e.opts.Headers {
				g.Values(Id("Name").Op(":").Lit(h[0]), Id("Value").Op(":").Lit(h[1]))
			}
		})
	}
	g.Line().Id("Errors").Op(":").Qual(apiPath, "ErrorShape").ValuesFunc(func(g *Group) {
		s := e.opts.Errors
		for _, f := range [][2]string{{"OK", s.OK}, {"Code", s.Code}, {"Message", s.Message}, {"RequestID", s.RequestID}} {
			if f[1] != "" {
				g.Id(f[0]).Op(":").Lit(f[1])
			}
		}
		for _, f := range []struct {
			name string
			list []string
		}{{"Unauthorized", s.Unauthorized}, {"RateLimited", s.RateLimited}, {"NotFound", s.NotFound}} {
			if len(f.list) > 0 {
				g.Id(f.name).Op(":").Add(stringList(f.list))
			}
		}
	})
	if e.opts.ErrorType != "" {
		own := Id(e.opts.ErrorType)
		if e.home != nil {
			own = Qual(e.root.ImportPath, e.opts.ErrorType)
		}
		g.Line().Id("NewError").Op(":").Func().Params().Error().Block(Return(New(own)))
	}
	g.Line()
}

// flatFile renders the curated methods on the client.
//
//	func (c *Client) ListRepos(ctx context.Context, params *ListReposParams, opts ...api.CallOption) ([]Repository, error) {
//		return c.Repos.ListForAuthenticatedUser(ctx, params, opts...)
//	}
func (e *emitter) flatFile() *File {
	f := e.file()
	for _, flat := range e.api.Flat {
		op := flat.Op
		paramsType, bodyName := op.ParamsType, ""
		if paramsType != "" && paramsType != flat.Name+"Params" {
			paramsType = flat.Name + "Params"
			f.Comment(fmt.Sprintf("// %s are the parameters of [Client.%s].", paramsType, flat.Name))
			f.Type().Id(paramsType).Op("=").Id(op.ParamsType)
		}
		if ownBody(op) && op.Body.Ref.Type.Name != flat.Name+"Request" {
			bodyName = flat.Name + "Request"
			f.Comment(fmt.Sprintf("// %s is the body of [Client.%s].", bodyName, flat.Name))
			f.Type().Id(bodyName).Op("=").Id(op.Body.Ref.Type.Name)
		}
		params, args := e.signature(op, paramsType, bodyName)
		e.flatMethod(f, flat.Name, op, op.Name, params, args, e.resultType(op.Result))
		if op.Paging.Kind != model.PagingNone {
			f.Comment(fmt.Sprintf("// %sAll is [%s.%sAll].", flat.Name, op.Group.Deco, op.Name))
			f.Func().Params(Id("c").Op("*").Id("Client")).Id(flat.Name+"All").Params(params...).
				Qual("iter", "Seq2").Types(e.goExpr(e.itemType(op.Paging.Elem)), Error()).
				Block(Return(Id("c").Dot(op.Group.Name).Dot(op.Name + "All").Call(args...)))
		}
	}
	return f
}

func (e *emitter) flatMethod(f *File, name string, op *model.Operation, target string, params, args []Code, result string) {
	f.Comment(fmt.Sprintf("// %s is [%s.%s].", name, op.Group.Deco, target))
	fn := f.Func().Params(Id("c").Op("*").Id("Client")).Id(name).Params(params...)
	if result == "" {
		fn.Error()
	} else {
		fn.Params(e.goExpr(result), Error())
	}
	fn.Block(Return(Id("c").Dot(op.Group.Name).Dot(target).Call(args...)))
}

// ownBody says whether the body's type belongs to the operation alone.
func ownBody(op *model.Operation) bool {
	return op.Body != nil && op.Body.Ref != nil && op.Body.Ref.Kind == model.Named &&
		len(op.Body.Ref.Type.Origins) == 1 && op.Body.Ref.Type.Origins[0].Role == "body"
}

// unionsFile renders the JSON methods of the unions, two lines each.
func (e *emitter) unionsFile() *File {
	f := e.file()
	for _, t := range e.api.Types {
		if t.Kind != model.Union {
			continue
		}
		f.Comment("// MarshalJSON implements encoding/json.Marshaler.")
		f.Func().Params(Id("u").Id(t.Name)).Id("MarshalJSON").Params().Params(Index().Byte(), Error()).
			Block(Return(Qual(apiPath, "MarshalUnion").Call(Op("&").Id("u"))))
		f.Comment("// UnmarshalJSON implements encoding/json.Unmarshaler.")
		f.Func().Params(Id("u").Op("*").Id(t.Name)).Id("UnmarshalJSON").Params(Id("b").Index().Byte()).Error().
			Block(Return(Qual(apiPath, "UnmarshalUnion").Call(Id("b"), Id("u"))))
	}
	return f
}
