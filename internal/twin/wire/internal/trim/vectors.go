package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"

	"github.com/orgdns/orgdns/internal/twin/wire/internal/model"
)

// trimVectors copies the protocol tests but CBOR's, a suite on a line.
func trimVectors(from, to string) error {
	for _, direction := range []string{"input", "output"} {
		names, err := filepath.Glob(filepath.Join(from, direction, "*.json"))
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Join(to, direction), 0o755); err != nil {
			return err
		}
		for _, name := range names {
			if strings.Contains(name, "cbor") {
				continue
			}
			text, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			trimmed, err := trimSuites(text)
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(to, direction, filepath.Base(name)), trimmed, 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

func trimSuites(text []byte) ([]byte, error) {
	var suites []model.Suite
	if err := json.Unmarshal(text, &suites); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("[\n")
	for i, suite := range suites {
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if i > 0 {
			b.WriteString(",")
		}
		if err := enc.Encode(suite); err != nil {
			return nil, err
		}
	}
	b.WriteString("]\n")
	return b.Bytes(), nil
}
