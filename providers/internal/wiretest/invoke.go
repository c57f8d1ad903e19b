package wiretest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"reflect"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/grantwire/grantwire/providers/internal/wiretest/plain"
	"github.com/grantwire/grantwire/runtime/api"
)

// Types that are asked for; never changed.
var (
	readerType      = reflect.TypeFor[io.Reader]()
	unmarshalerType = reflect.TypeFor[json.Unmarshaler]()
)

// find gives the method of a service, or of the client itself when service is
// empty.
func find(client any, service, name string) (reflect.Value, error) {
	v := reflect.ValueOf(client)
	if service != "" {
		field := reflect.Indirect(v)
		if field.Kind() != reflect.Struct {
			return v, fmt.Errorf("the client is %s, not a struct", v.Type())
		}
		if v = field.FieldByName(service); !v.IsValid() {
			return v, fmt.Errorf("the client has no field %s", service)
		}
		if v.Kind() != reflect.Pointer && v.Kind() != reflect.Interface && v.CanAddr() {
			v = v.Addr()
		}
	}
	method := v.MethodByName(name)
	if !method.IsValid() {
		return method, fmt.Errorf("%s has no method %s", v.Type(), name)
	}
	return method, nil
}

// invoke calls a method (ctx, path values…, [params], [body], opts…) (…, error).
func invoke(ctx context.Context, method reflect.Value, want plain.Expect, opts []api.CallOption) error {
	in, err := arguments(ctx, method.Type(), want, opts)
	if err != nil {
		return err
	}
	out := method.Call(in)
	if len(out) == 0 {
		return errors.New("the method returns nothing")
	}
	failure, ok := reflect.TypeAssert[error](out[len(out)-1])
	if ok {
		return fmt.Errorf("the call failed: %w", failure)
	}
	return nil
}

// iterate calls a method that returns an iter.Seq2 and takes its first step.
func iterate(ctx context.Context, method reflect.Value, want plain.Expect, opts []api.CallOption) error {
	seq, err := sequence(ctx, method, want, opts)
	if err != nil {
		return err
	}
	for _, failure := range seq {
		return failed(failure)
	}
	return nil
}

// walk takes all steps and returns how many there were.
func walk(ctx context.Context, method reflect.Value, want plain.Expect, opts []api.CallOption) (items int, err error) {
	seq, err := sequence(ctx, method, want, opts)
	if err != nil {
		return 0, err
	}
	for _, failure := range seq {
		if err := failed(failure); err != nil {
			return items, err
		}
		items++
	}
	return items, nil
}

func sequence(ctx context.Context, method reflect.Value, want plain.Expect, opts []api.CallOption) (iter.Seq2[reflect.Value, reflect.Value], error) {
	in, err := arguments(ctx, method.Type(), want, opts)
	if err != nil {
		return nil, err
	}
	out := method.Call(in)
	if len(out) != 1 || !out[0].Type().CanSeq2() {
		return nil, errors.New("the method does not return one iterator")
	}
	return out[0].Seq2(), nil
}

func failed(failure reflect.Value) error {
	if err, ok := reflect.TypeAssert[error](failure); ok {
		return fmt.Errorf("the call failed: %w", err)
	}
	return nil
}

// arguments places the values by the order that all methods share. What the
// document declares decides; a method that differs is a fault.
func arguments(ctx context.Context, t reflect.Type, want plain.Expect, opts []api.CallOption) ([]reflect.Value, error) {
	a := &argumentList{t: t, want: want}
	a.in = append(a.in, reflect.ValueOf(ctx))
	for segment := range strings.SplitSeq(want.Operation.Sent(), "{") {
		if name, _, ok := strings.Cut(segment, "}"); ok {
			a.path(name)
		}
	}
	a.params()
	a.body()
	if a.err != nil {
		return nil, a.err
	}
	if !t.IsVariadic() || t.NumIn() != len(a.in)+1 {
		return nil, fmt.Errorf("%s does not take %d arguments and options", t, len(a.in))
	}
	for _, opt := range opts {
		a.in = append(a.in, reflect.ValueOf(opt))
	}
	return a.in, nil
}

type argumentList struct {
	t    reflect.Type
	want plain.Expect
	in   []reflect.Value
	err  error
}

// next is the type of the next argument, nil after the last.
func (a *argumentList) next() reflect.Type {
	if len(a.in) >= a.t.NumIn()-1 {
		return nil
	}
	return a.t.In(len(a.in))
}

func (a *argumentList) failf(format string, args ...any) {
	if a.err == nil {
		a.err = fmt.Errorf(format, args...)
	}
}

func (a *argumentList) path(name string) {
	t := a.next()
	if t == nil {
		a.failf("no argument for path parameter %s", name)
		return
	}
	for _, v := range a.want.Values {
		if v.Param.In != plain.Path || v.Param.Name != name {
			continue
		}
		arg := reflect.New(t)
		if err := assignParam(arg, v.JSON); err != nil {
			a.failf("path parameter %s: %w", name, err)
		}
		a.in = append(a.in, arg.Elem())
		return
	}
	a.failf("path parameter %s is not declared", name)
}

// params fills the struct of query, header and cookie parameters, when the
// method has one.
func (a *argumentList) params() {
	t := a.next()
	if t == nil || !isParams(t) {
		return
	}
	p := reflect.New(t).Elem()
	s := p
	if t.Kind() == reflect.Pointer {
		p.Set(reflect.New(t.Elem()))
		s = p.Elem()
	}
	a.in = append(a.in, p)
	for i := range s.NumField() {
		in, name := tagged(s.Type().Field(i))
		if in == "" {
			a.failf("field %s has no parameter tag", s.Type().Field(i).Name)
		}
		for _, v := range a.want.Values {
			if v.Param.In != in || !strings.EqualFold(v.Param.Name, name) {
				continue
			}
			if err := assignParam(s.Field(i).Addr(), v.JSON); err != nil {
				a.failf("%s parameter %s: %w", in, name, err)
			}
		}
	}
}

// isParams tells a struct of parameters from a body by its tags.
func isParams(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || t.NumField() == 0 {
		return false
	}
	in, _ := tagged(t.Field(0))
	return in != ""
}

func tagged(f reflect.StructField) (in, name string) {
	for _, in := range []string{"query", "header", "cookie"} {
		if tag, ok := f.Tag.Lookup(in); ok {
			name, _, _ := strings.Cut(tag, ",")
			return in, name
		}
	}
	return "", ""
}

func (a *argumentList) body() {
	t := a.next()
	switch {
	case a.want.Operation.Body == nil:
		if t != nil {
			a.failf("argument %s has no place in the document", t)
		}
	case t == nil:
		a.failf("no argument for the body")
	case a.want.Media == "":
		a.in = append(a.in, reflect.Zero(t))
	default:
		a.in = append(a.in, a.bodyValue(t))
	}
}

func (a *argumentList) bodyValue(t reflect.Type) reflect.Value {
	arg := reflect.New(t)
	switch body := a.want.Body.(type) {
	case []byte:
		if !t.Implements(readerType) && t != readerType {
			a.failf("the body is %s, not an io.Reader", t)
			return arg.Elem()
		}
		arg.Elem().Set(reflect.ValueOf(bytes.NewReader(body)))
	default:
		if err := assignBody(arg, body); err != nil {
			a.failf("body: %w", err)
		}
	}
	return arg.Elem()
}

// absentBody tells whether the last argument before the options can be nil.
func absentBody(t reflect.Type) bool {
	if t.NumIn() < 2 {
		return false
	}
	switch t.In(t.NumIn() - 2).Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
		return true
	default:
		return false
	}
}

// assignParam is assign for a parameter. Where the document has a union that
// is one text on the wire, the surface may have the wider type alone: a string
// for a number, a list for one item.
func assignParam(to reflect.Value, v any) error {
	switch to.Elem().Kind() {
	case reflect.String:
		if n, ok := v.(json.Number); ok {
			v = n.String()
		}
	case reflect.Slice:
		if _, ok := v.([]any); !ok && !to.Type().Implements(unmarshalerType) {
			v = []any{v}
		}
	default:
	}
	return assign(to, v)
}

// assign sets a Go value by way of its own JSON form.
func assign(to reflect.Value, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	// The standard library's decoder knows no embedded maps.
	return jsonv2.Unmarshal(b, to.Interface())
}

// assignBody is assign, and gives files to the fields of a multipart body.
func assignBody(to reflect.Value, v any) error {
	members, ok := v.(plain.Node)
	if !ok {
		return assign(to, v)
	}
	files, rest := map[string][]plain.File{}, plain.Node{}
	for name, member := range members {
		if f := filesOf(member); f != nil {
			files[name] = f
		} else {
			rest[name] = member
		}
	}
	if err := assign(to, rest); err != nil || len(files) == 0 {
		return err
	}
	body := reflect.Indirect(to.Elem())
	for name, list := range files {
		if err := setFiles(body, name, list); err != nil {
			return err
		}
	}
	return nil
}

// filesOf gives the file, or the files, that a member is; nil for none.
func filesOf(v any) []plain.File {
	switch v := v.(type) {
	case plain.File:
		return []plain.File{v}
	case []any:
		var all []plain.File
		for _, item := range v {
			all = append(all, filesOf(item)...)
		}
		return all
	}
	return nil
}

func setFiles(body reflect.Value, name string, files []plain.File) error {
	if body.Kind() != reflect.Struct {
		return fmt.Errorf("%s: a %s has no field for a file", name, body.Type())
	}
	made := make([]api.File, len(files))
	for i, f := range files {
		made[i] = api.File{Name: f.Name, ContentType: f.Type, Content: bytes.NewReader(f.Content)}
	}
	for i := range body.NumField() {
		if member, _, _ := strings.Cut(body.Type().Field(i).Tag.Get("json"), ","); member != name {
			continue
		}
		switch field := body.Field(i); field.Interface().(type) {
		case api.File:
			field.Set(reflect.ValueOf(made[0]))
		case *api.File:
			field.Set(reflect.ValueOf(&made[0]))
		case []api.File:
			field.Set(reflect.ValueOf(made))
		default:
			return fmt.Errorf("%s is %s, no file", name, field.Type())
		}
		return nil
	}
	return fmt.Errorf("%s has no field", name)
}
