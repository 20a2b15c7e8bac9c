package config

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Secret is a value that is never shown: written out, or the name of an
// environment variable that holds it. However it is printed, it is redacted.
type Secret struct {
	env     string
	literal *string // a pointer, since fmt prints unexported fields by reflection
}

const redacted = "(redacted)"

// NewSecret reads the written form: `env:NAME`, or the value itself.
func NewSecret(s string) Secret {
	if name, ok := strings.CutPrefix(s, "env:"); ok {
		return Secret{env: name}
	}
	return Secret{literal: &s}
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.env == "" && s.literal == nil }

// Env is the name of the environment variable, empty for a literal.
func (s Secret) Env() string { return s.env }

// Resolve is the value; lookup answers as os.LookupEnv does. The zero Secret
// is empty. An empty variable is an error: it would silently drop a guard.
func (s Secret) Resolve(lookup func(name string) (string, bool)) (string, error) {
	switch {
	case s.literal != nil:
		return *s.literal, nil
	case s.env == "":
		return "", nil
	}
	v, ok := lookup(s.env)
	if !ok || v == "" {
		return "", fmt.Errorf("the environment variable %s is not set", s.env)
	}
	return v, nil
}

// Format prints the same for every verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

func (s Secret) String() string               { return redacted }
func (s Secret) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
