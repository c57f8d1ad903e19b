package subject

import (
	"fmt"
	"reflect"

	"github.com/grantwire/grantwire/runtime/api"
)

// ResultType returns T of the method of op that returns (T, error), nil when it
// returns an error alone. client is what Provider.New makes.
func ResultType(client any, op *api.Operation) (reflect.Type, error) {
	v := reflect.ValueOf(Client(client, op))
	if op.Service != "" {
		if v = reflect.Indirect(v).FieldByName(op.Service); !v.IsValid() {
			return nil, fmt.Errorf("%s: the client has no service %s", op.ID, op.Service)
		}
		if v.Kind() == reflect.Struct && v.CanAddr() {
			v = v.Addr()
		}
	}
	method := v.MethodByName(op.Name)
	if !method.IsValid() {
		return nil, fmt.Errorf("%s: %s has no method %s", op.ID, op.Service, op.Name)
	}
	if method.Type().NumOut() < 2 {
		return nil, nil //nolint:nilnil // no type is an answer here
	}
	return method.Type().Out(0), nil
}
