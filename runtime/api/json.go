package api

import (
	"errors"
	"math"
	"reflect"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// RawJSON is JSON text that is kept as it is.
type RawJSON = jsontext.Value

// The option sets are built once; they are immutable.
var (
	// Maps in a fixed order make equal values equal bytes. Duplicate names are
	// not looked for: only a RawJSON could hold them, and it is sent as given.
	encodeOptions = json.JoinOptions(json.Deterministic(true), jsontext.AllowDuplicateNames(true))

	decodeOptions = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

	lenientOptions = json.JoinOptions(decodeOptions,
		json.WithUnmarshalers(json.UnmarshalFromFunc(lenientScalar)))
)

// decodeValue decodes b into out. Where a number has an odd form (80.0 for an
// integer, a quoted number, a number for a string), b is decoded a second time
// with slower, lenient rules.
func decodeValue(b []byte, out any) error {
	err := json.Unmarshal(b, out, decodeOptions)
	if err == nil || !oddNumber(err) {
		return err
	}
	reflect.ValueOf(out).Elem().SetZero() // decoding merges into what is there
	return json.Unmarshal(b, out, lenientOptions)
}

func oddNumber(err error) bool {
	for e, ok := errors.AsType[*json.SemanticError](err); ok; e, ok = errors.AsType[*json.SemanticError](e.Err) {
		if e.GoType == nil {
			continue
		}
		switch kind := e.GoType.Kind(); {
		case isNumber(kind) && (e.JSONKind == '"' || e.JSONKind == '0'),
			kind == reflect.String && e.JSONKind == '0':
			return true
		}
	}
	return false
}

func isInt(k reflect.Kind) bool    { return k >= reflect.Int && k <= reflect.Int64 }
func isUint(k reflect.Kind) bool   { return k >= reflect.Uint && k <= reflect.Uintptr }
func isFloat(k reflect.Kind) bool  { return k == reflect.Float32 || k == reflect.Float64 }
func isNumber(k reflect.Kind) bool { return isInt(k) || isUint(k) || isFloat(k) }

var errOddNumber = errors.New("no number that fits")

// lenientScalar decodes numbers and strings of any form; it is asked for every
// value of a body, and leaves the others to the decoder.
func lenientScalar(dec *jsontext.Decoder, out any) error {
	v := reflect.ValueOf(out).Elem()
	switch out.(type) {
	case json.Unmarshaler, json.UnmarshalerFrom:
		return errors.ErrUnsupported
	}
	kind := dec.PeekKind()
	switch {
	case v.Kind() == reflect.String && kind == '0':
		raw, err := dec.ReadValue()
		if err == nil {
			v.SetString(string(raw))
		}
		return err
	case isNumber(v.Kind()) && (kind == '0' || kind == '"'):
		raw, err := dec.ReadValue()
		if err != nil {
			return err
		}
		return setNumber(v, strings.Trim(string(raw), `"`))
	}
	return errors.ErrUnsupported
}

func setNumber(v reflect.Value, text string) error {
	bits := v.Type().Bits()
	if isFloat(v.Kind()) {
		f, err := strconv.ParseFloat(text, bits)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return errOddNumber
		}
		v.SetFloat(f)
		return nil
	}
	if whole, zeros, ok := strings.Cut(text, "."); ok && strings.Trim(zeros, "0") == "" {
		text = whole // by text, because a float64 is exact up to 2^53 only
	} else if strings.ContainsAny(text, ".eE") {
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
			return errOddNumber
		}
		text = strconv.FormatFloat(f, 'f', 0, 64)
	}
	if isInt(v.Kind()) {
		n, err := strconv.ParseInt(text, 10, bits)
		if err != nil {
			return errOddNumber
		}
		v.SetInt(n)
		return nil
	}
	n, err := strconv.ParseUint(text, 10, bits)
	if err != nil {
		return errOddNumber
	}
	v.SetUint(n)
	return nil
}
