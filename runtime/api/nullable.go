package api

// incomparable makes a struct refuse ==. Comparing wire types that way would
// compare pointers and spellings; and the compiler writes no equality function
// for the thousand structs that hold one.
type incomparable [0]func()

// Nullable is a member that may be absent, null or a value; the zero value is
// absent. Fields of this type are tagged omitzero.
type Nullable[T any] struct {
	_ incomparable

	value *T // a pointer, so that T may hold a Nullable[T]
	set   bool
}

// decodeNullable keeps the work out of the many instances of Nullable.
func decodeNullable(b []byte, pointer any) error { return decodeValue(b, pointer) }

// Value returns a Nullable that holds v.
func Value[T any](v T) Nullable[T] { return Nullable[T]{value: &v, set: true} }

// Null returns a Nullable that is sent as null.
func Null[T any]() Nullable[T] { return Nullable[T]{set: true} }

// IsZero reports whether n is absent; omitzero asks it.
func (n Nullable[T]) IsZero() bool { return !n.set }

// IsNull reports whether n is null; it is false when n is absent.
func (n Nullable[T]) IsNull() bool { return n.set && n.value == nil }

// Get returns the value; the zero value and false when n is absent or null.
func (n Nullable[T]) Get() (T, bool) {
	if n.value == nil {
		var zero T
		return zero, false
	}
	return *n.value, true
}

// MarshalJSON encodes the value; null when n is null or absent.
func (n Nullable[T]) MarshalJSON() ([]byte, error) {
	return marshalJSON(n.value) // of a nil pointer: null
}

// UnmarshalJSON decodes null or a value.
func (n *Nullable[T]) UnmarshalJSON(b []byte) error {
	n.set = true
	return decodeNullable(b, &n.value)
}

// pointer gives the encoders the value; it is a nil *T for null.
func (n Nullable[T]) pointer() any { return n.value }
