package dnsname

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestKeyOrder holds the order of API_ListResourceRecordSets: labels reversed,
// with a trailing dot, so that characters below the dot come before it.
func TestKeyOrder(t *testing.T) {
	want := []string{
		".", "com", "example.com", "*.example.com", "a.*.example.com", "-.example.com", "0.example.com",
		"a-b.example.com", "a.example.com", "*.a.example.com", "x.a.example.com", `a\056b.example.com`, "ab.example.com", "org",
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, func(a, b string) int { return MustParse(a).Compare(MustParse(b)) })
	if !slices.Equal(got, want) {
		t.Errorf("order\n got %q\nwant %q", got, want)
	}
}

// TestKey holds what tables rely on: one key a name, and everything under a
// name in one run.
func TestKey(t *testing.T) {
	name := rapid.Custom(func(t *rapid.T) Name {
		labels := rapid.SliceOfN(rapid.SliceOfN(rapid.SampledFrom([]byte{'a', 'b', '.', '\\', '-', '*', 0, 1, 0xff}), 1, 3), 0, 4).Draw(t, "labels")
		n, err := FromLabels(labels)
		if err != nil {
			t.Fatal(err)
		}
		return n
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := name.Draw(t, "a"), name.Draw(t, "b")
		if (a.Key() == b.Key()) != (a == b) {
			t.Fatalf("%q and %q have keys %q and %q", a, b, a.Key(), b.Key())
		}
		if got := len(a.Key()) >= len(b.Key()) && a.Key()[:len(b.Key())] == b.Key(); got != a.Under(b) {
			t.Fatalf("key %q begins with %q: %v; %q under %q: %v", a.Key(), b.Key(), got, a, b, a.Under(b))
		}
	})
}
