package wire

import (
	"bytes"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Pair is one entry of an ordered string map.
type Pair struct{ Key, Value string }

// Limits of the actor context that rides with a call.
const (
	MaxContextKeys  = 20
	MaxContextKey   = 64   // characters, or bytes for trace metadata
	MaxContextValue = 512  // the same
	MaxContextBytes = 4096 // of the encoded JSON
)

// CheckContext applies the limits of a context. Its errors name no key and no
// value.
func CheckContext(pairs []Pair) error {
	if len(pairs) > MaxContextKeys {
		return fmt.Errorf("has %d keys; at most %d are allowed", len(pairs), MaxContextKeys)
	}
	for i, p := range pairs {
		switch {
		case !utf8.ValidString(p.Key) || !utf8.ValidString(p.Value):
			return fmt.Errorf("entry %d is not valid UTF-8", i+1)
		case utf8.RuneCountInString(p.Key) > MaxContextKey:
			return fmt.Errorf("entry %d has a key longer than %d characters", i+1, MaxContextKey)
		case utf8.RuneCountInString(p.Value) > MaxContextValue:
			return fmt.Errorf("entry %d has a value longer than %d characters", i+1, MaxContextValue)
		}
	}
	if n := len(EncodeContext(pairs)); n > MaxContextBytes {
		return fmt.Errorf("takes %d bytes as JSON; at most %d are allowed", n, MaxContextBytes)
	}
	return nil
}

// EncodeContext returns the header value for a context: compact ASCII JSON in
// the order given. An empty context has no header and gives "".
func EncodeContext(pairs []Pair) string {
	if len(pairs) == 0 {
		return ""
	}
	return string(pairsJSON(pairs))
}

// ParseContext reads a context header, keeps its order and applies the limits.
// An empty header is an empty context.
func ParseContext(header string) ([]Pair, error) {
	if header == "" {
		return nil, nil
	}
	if len(header) > MaxContextBytes {
		return nil, fmt.Errorf("takes %d bytes; at most %d are allowed", len(header), MaxContextBytes)
	}
	pairs, err := parsePairs([]byte(header))
	if err != nil {
		return nil, err
	}
	return pairs, CheckContext(pairs)
}

var errNotStrings = errors.New("is not one JSON object of strings with distinct keys")

// parsePairs reads a JSON object of strings and keeps its order.
func parsePairs(text []byte) ([]Pair, error) {
	dec := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowInvalidUTF8(true))
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != '{' {
		return nil, errNotStrings
	}
	pairs := []Pair{}
	for dec.PeekKind() == '"' {
		key, err := dec.ReadToken()
		if err != nil {
			return nil, errNotStrings
		}
		name := key.String()
		value, err := dec.ReadToken()
		if err != nil || value.Kind() != '"' {
			return nil, errNotStrings
		}
		pairs = append(pairs, Pair{name, value.String()})
	}
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != '}' {
		return nil, errNotStrings
	}
	if len(bytes.TrimSpace(text[dec.InputOffset():])) > 0 {
		return nil, errNotStrings
	}
	return pairs, nil
}

// MaxCaller is the longest caller, in characters.
const MaxCaller = 255

// CallerAgent and CallerService are the caller types.
const (
	CallerAgent   = "agent"
	CallerService = "service"
)

// CheckCaller applies the rules of a caller: 1 to 255 printable ASCII
// characters. A space at either end is refused too: HTTP parsers trim it,
// and then the signature would not fit what arrives.
func CheckCaller(caller string) error {
	switch {
	case caller == "":
		return errors.New("is empty")
	case len(caller) > MaxCaller:
		return fmt.Errorf("is longer than %d characters", MaxCaller)
	case !onlyFrom(caller, isPrintable):
		return errors.New("has characters outside printable ASCII")
	case caller[0] == ' ' || caller[len(caller)-1] == ' ':
		return errors.New("begins or ends with a space")
	}
	return nil
}

func isPrintable(c byte) bool { return 0x20 <= c && c <= 0x7E }
