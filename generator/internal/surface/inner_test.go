package surface

import (
	"go/ast"
	"reflect"
	"testing"

	"github.com/grantwire/grantwire/generator/internal/model"
	"github.com/grantwire/grantwire/runtime/api"
)

// TestIncomparable: the list says the same as the runtime's types.
func TestIncomparable(t *testing.T) {
	p := newPlace(".", nil)
	for name, typ := range map[string]reflect.Type{
		"Date": reflect.TypeFor[api.Date](), "Time": reflect.TypeFor[api.Time](), "RawJSON": reflect.TypeFor[api.RawJSON](),
		"Nullable": reflect.TypeFor[api.Nullable[string]](), "Extra": reflect.TypeFor[*api.Extra](), "Download": reflect.TypeFor[*api.Download](),
	} {
		var e ast.Expr = &ast.SelectorExpr{X: ast.NewIdent("api"), Sel: ast.NewIdent(name)}
		if typ.Kind() == reflect.Pointer {
			e = &ast.StarExpr{X: e}
		}
		if got := p.comparable(e, 0); got != typ.Comparable() {
			t.Errorf("api.%s: comparable is %v, the runtime's is %v", name, got, typ.Comparable())
		}
	}
}

func TestPaging(t *testing.T) {
	for want, p := range map[string]model.Paging{
		"link, size per_page":              {Kind: model.PagingLink, Size: "per_page"},
		"cursor, param after, next meta.x": {Kind: model.PagingCursor, Param: "after", Next: "meta.x", Elem: &model.Ref{}},
		"last, param after, greatest true": {Kind: model.PagingLast, Param: "after", Greatest: true},
	} {
		if got := paging(p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
