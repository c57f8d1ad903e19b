package vault

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a key or token that the vault shows once. It prints, logs and
// encodes as a fixed text; Reveal gives the value.
type Secret struct{ reveal func() string }

func newSecret(value string) Secret {
	if value == "" {
		return Secret{}
	}
	return Secret{func() string { return value }}
}

const hiddenText = "(hidden)"

// Reveal returns the value; "" when there is none.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsZero reports whether there is no value.
func (s Secret) IsZero() bool { return s.reveal == nil }

// Format prints a fixed text for every verb.
func (s Secret) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, hiddenText) }

// LogValue logs a fixed text.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hiddenText) }

// MarshalText writes a fixed text.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hiddenText), nil }
