package diag

import (
	"slices"
	"strings"
	"unicode"
)

// Bounds of what is taken for a slip: so many edits at most, and at most one for
// three characters. Of two words that differ by more, one is not the other.
const (
	mostEdits = 3
	mostBytes = 255 // of a text that is compared
)

// Nearest is the known text that was probably meant: that of the fewest edits
// (insertions, deletions, replacements, swaps of neighbours; upper and lower case
// are the same), the first in alphabetical order among equals; empty when none is
// near. Texts of several words, such as domain names, are compared word by word, so
// that much in common does not make up for a word that is another one: an asterisk
// stands for itself alone. What differs in nothing but what parts the words is near,
// too: "ecr-dkr" and "ecr.dkr".
func Nearest(got string, known []string) string {
	best, least := "", -1
	for _, k := range slices.Sorted(slices.Values(known)) {
		if d, near := edits(strings.ToLower(got), strings.ToLower(k)); near && (least < 0 || d < least) {
			best, least = k, d
		}
	}
	return best
}

// edits is how many edits make one text of another, and whether they are a slip.
func edits(a, b string) (int, bool) {
	if a == b {
		return 0, true
	}
	if len(a) > mostBytes || len(b) > mostBytes || len(a)-len(b) > mostEdits || len(b)-len(a) > mostEdits {
		return 0, false
	}
	x, y := strings.FieldsFunc(a, parts), strings.FieldsFunc(b, parts)
	if strings.Join(x, "") == strings.Join(y, "") {
		d := distance(a, b)
		return d, d <= slips(b)
	}
	if len(x) != len(y) {
		return 0, false
	}
	for i := range x {
		if d := distance(x[i], y[i]); d > slips(y[i]) || d > 0 && d >= max(len(x[i]), len(y[i])) {
			return 0, false
		}
	}
	d := distance(a, b)
	return d, d <= slips(b)
}

// parts reports whether a character parts words.
func parts(r rune) bool { return r != '*' && !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// slips is how many edits of a text are taken for slips.
func slips(s string) int { return max(1, min(len(s)/3, mostEdits)) }

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
