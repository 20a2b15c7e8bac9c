package diag

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNearest(t *testing.T) {
	known := []string{"delegations", "defaults", "expect", "a", "ecr.dkr", "ecr.api", "*.corp.acme.internal", "shop.corp.acme.internal", "prod-network", "eu-west-1"}
	for in, want := range map[string]string{
		"delegation": "delegations", "DELEGATIONS": "delegations", "defualts": "defaults", "exepct": "expect",
		"records": "", "b": "", "": "", strings.Repeat("x", 1000): "",
		"ecr-dkr": "ecr.dkr", "ecrdkr": "ecr.dkr", "ecr.dkrr": "ecr.dkr", "ecr.xyz": "",
		"shpo.corp.acme.internal": "shop.corp.acme.internal", "blog.corp.acme.internal": "", "x.corp.acme.internal": "", "*": "",
		"*.crop.acme.internal": "*.corp.acme.internal", "*.blog.acme.internal": "",
		"prod-storage": "", "prod_network": "prod-network", "eu-west-2": "", "eu-wset-1": "eu-west-1",
	} {
		if got := Nearest(in, known); got != want {
			t.Errorf("%.30q: got %q, want %q", in, got, want)
		}
	}
}

// TestNearestHolds: what is known is its own nearest; one edit of a word of four
// letters or more is a slip; and whatever is told, is known, has at most a third and
// mostEdits edits, as many words unless only what parts them differs, and a wildcard
// where one was written.
func TestNearestHolds(t *testing.T) {
	word := rapid.StringMatching(`[a-z0-9]{1,20}`)
	text := rapid.Custom(func(rt *rapid.T) string {
		words := rapid.SliceOfN(word, 1, 6).Draw(rt, "words")
		if rapid.Bool().Draw(rt, "wildcard") {
			words = append([]string{"*"}, words...)
		}
		return strings.Join(words, rapid.SampledFrom([]string{".", "-"}).Draw(rt, "separator"))
	})
	rapid.Check(t, func(rt *rapid.T) {
		known := rapid.SliceOfN(text, 1, 8).Draw(rt, "known")
		k := rapid.SampledFrom(known).Draw(rt, "one")
		if got := Nearest(strings.ToUpper(k), known); got != k {
			rt.Fatalf("%q is known, and %q its nearest", k, got)
		}
		i := rapid.IntRange(0, len(k)-1).Draw(rt, "at")
		slip := k[:i] + k[i+1:]
		if got := Nearest(slip, known); got == "" && k[i] != '*' && lengthOfWord(k, i) >= 4 {
			rt.Fatalf("nothing is near %q, a slip of %q", slip, k)
		}
		other := text.Draw(rt, "other")
		for _, in := range []string{slip, other} {
			got := Nearest(in, known)
			if got == "" {
				continue
			}
			d, words := distance(in, got), func(s string) int { return len(strings.FieldsFunc(s, parts)) }
			if !slices.Contains(known, got) || d > max(1, len(got)/3) || d > mostEdits || strings.Count(in, "*") != strings.Count(got, "*") {
				rt.Fatalf("%q is told for %q", got, in)
			}
			if words(in) != words(got) && strings.Map(letters, in) != strings.Map(letters, got) {
				rt.Fatalf("%q is told for %q, of other words", got, in)
			}
		}
	})
}

// lengthOfWord is the length of the word at a place of a text, 0 between words.
func lengthOfWord(s string, i int) int {
	if parts(rune(s[i])) {
		return 0
	}
	return i - strings.LastIndexFunc(s[:i], parts) - 1 + len(strings.FieldsFunc(s[i:], parts)[0])
}

func letters(r rune) rune {
	if parts(r) {
		return -1
	}
	return r
}
