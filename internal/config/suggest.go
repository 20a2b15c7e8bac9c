package config

import (
	"slices"
	"strconv"
	"strings"
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
	if best := closest(got, known); best != "" {
		return "did you mean " + quote(best) + "?"
	}
	return ""
}

// closest is the known word that takes the fewest edits, a third of its length
// at most; the first in alphabetical order among equals.
func closest(got string, known []string) string {
	if len(got) > 100 {
		return ""
	}
	best, least := "", -1
	for _, k := range slices.Sorted(slices.Values(known)) {
		if len(k) > 100 {
			continue
		}
		d := distance(strings.ToLower(got), strings.ToLower(k))
		if d <= max(1, len(k)/3) && d < max(len(got), len(k)) && (least < 0 || d < least) {
			best, least = k, d
		}
	}
	return best
}

// distance counts insertions, deletions, replacements and swaps of neighbours
// (optimal string alignment).
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
