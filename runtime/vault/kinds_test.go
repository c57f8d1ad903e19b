package vault

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"reflect"
	"testing"

	"github.com/grantwire/grantwire/runtime/internal/examples"
	"github.com/grantwire/grantwire/runtime/vault/internal/wire"
)

// TestAuthenticationFaultsAreTold apart, on every surface.
func TestAuthenticationFaultsAreToldApart(t *testing.T) {
	for code, want := range map[string]error{
		"invalid_signature": ErrInvalidSignature, "stale_timestamp": ErrClockSkew, "replayed_nonce": ErrReplayedRequest,
		"invalid_key": ErrInvalidKey, "key_revoked": ErrKeyRevoked, "agent_inactive": ErrAgentInactive,
	} {
		for _, s := range []surface{surfaceMain, surfaceAgents, surfaceKeys} {
			e := answerError(s, "", newAnswer(401, nil, wire.MarshalError(code, "")))
			if !errors.Is(e, want) || !errors.Is(e, ErrVault) || e.Retryable || e.Code != code {
				t.Errorf("surface %d: %s: %v", s, code, e)
			}
		}
	}
}

// TestUnknownCodesAreKept: a vault may say what this client does not know.
func TestUnknownCodesAreKept(t *testing.T) {
	for _, s := range []surface{surfaceMain, surfaceAgents, surfaceKeys} {
		for _, status := range []int{400, 401, 402, 403, 404, 409, 418, 422, 429, 500, 503, 504} {
			e := answerError(s, "g", newAnswer(status, nil, []byte(`{"detail":{"error":"brand_new","message":"m"}}`)))
			if e.Code != "brand_new" || e.Status != status || !errors.Is(e, ErrVault) || e.Message != "m" || e.GrantID != "g" {
				t.Errorf("surface %d, %d: %+v", s, status, e)
			}
			if e.Retryable != (status >= 500) {
				t.Errorf("%d: retryable %v", status, e.Retryable)
			}
		}
	}
}

// TestEveryKindSaysWhatToDo, but for the roots, whose text is the vault's.
func TestEveryKindSaysWhatToDo(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "kinds.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	ast.Inspect(file, func(node ast.Node) bool {
		if call, ok := node.(*ast.CallExpr); ok {
			if f, ok := call.Fun.(*ast.Ident); ok && f.Name == "sub" && len(call.Args) == 3 {
				n++
				if parent, ok := call.Args[0].(*ast.Ident); ok && call.Args[2].(*ast.BasicLit).Value == `""` {
					switch parent.Name {
					case "kindNetwork", "kindReAuth", "kindGrantNotFound", "kindPolicy": // their advice is right here too
					default:
						if name := call.Args[1].(*ast.BasicLit).Value; name != `"Agent"` {
							t.Errorf("%s has no remedy", name)
						}
					}
				}
			}
		}
		return true
	})
	if n < 50 {
		t.Errorf("%d kinds found", n)
	}
}

// TestEveryMethodHasAnExample: what a program can call is shown once.
func TestEveryMethodHasAnExample(t *testing.T) {
	examples.Complete(t, reflect.TypeFor[*App](), reflect.TypeFor[*Agent]())
}
