package config

import (
	"strconv"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
)

// quote puts a text of the user's into a message: on one line, shortened, and
// with its backslashes as they were written.
func quote(s string) string {
	if r := []rune(s); len(r) > 80 {
		s = string(r[:40]) + "…" + string(r[len(r)-36:])
	}
	return strings.ReplaceAll(strconv.Quote(s), `\\`, `\`)
}

func itoa(n int) string { return strconv.Itoa(n) }

// nearest is the hint that names what was probably meant; empty when nothing
// known is near.
func nearest(got string, known []string) string {
	if best := diag.Nearest(got, known); best != "" {
		return "did you mean " + quote(best) + "?"
	}
	return ""
}
