package dnsname

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

var label63 = strings.Repeat("a", 63)

// longest is a name of 255 bytes on the wire: three labels of 63, one of 61.
var longest = label63 + "." + label63 + "." + label63 + "." + strings.Repeat("b", 61)

func TestParse(t *testing.T) {
	for _, tt := range []struct{ in, people, route53, normalized string }{
		{"example.com", "example.com", "example.com.", "example.com"},
		{"example.com.", "example.com", "example.com.", "example.com"},
		{"WWW.Example.COM", "www.example.com", "www.example.com.", "www.example.com"},
		{".", ".", ".", "."},
		{"com", "com", "com.", "com"},
		{"_dmarc.example.com", "_dmarc.example.com", "_dmarc.example.com.", "_dmarc.example.com"},
		{"*.example.com", "*.example.com", `\052.example.com.`, `\052.example.com`},
		{`\052.example.com.`, "*.example.com", `\052.example.com.`, `\052.example.com`},
		{"*", "*", `\052.`, `\052`},
		{"a.*.example.com", `a.\052.example.com`, `a.\052.example.com.`, `a.\052.example.com`},
		{"*a.example.com", `\052a.example.com`, `\052a.example.com.`, `\052a.example.com`},
		{`a\056b.example.com`, `a\056b.example.com`, `a\056b.example.com.`, `a\056b.example.com`},
		{`\101bc.example.com`, "abc.example.com", "abc.example.com.", "abc.example.com"},
		{`a\040b.example.com`, `a\040b.example.com`, `a\040b.example.com.`, `a\040b.example.com`},
		{`\377.example.com`, `\377.example.com`, `\377.example.com.`, `\377.example.com`},
		{"a@b.example.com", `a\100b.example.com`, `a\100b.example.com.`, `a\100b.example.com`},
		{"xn--bcher-kva.example", "xn--bcher-kva.example", "xn--bcher-kva.example.", "xn--bcher-kva.example"},
		{label63 + ".com", label63 + ".com", label63 + ".com.", label63 + ".com"},
		{longest, longest, longest + ".", longest},
	} {
		n, err := Parse(tt.in)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.in, err)
			continue
		}
		if n.String() != tt.people || n.Route53() != tt.route53 || n.Normalized() != tt.normalized {
			t.Errorf("Parse(%q) = %q, %q, %q; want %q, %q, %q", tt.in, n, n.Route53(), n.Normalized(), tt.people, tt.route53, tt.normalized)
		}
		for _, form := range []string{n.String(), n.FQDN(), n.Route53(), n.Normalized()} {
			if again, err := Parse(form); err != nil || again != n {
				t.Errorf("Parse(%q) = %q, %v; want %q", form, again, err, n)
			}
		}
	}
}

func TestParseErrors(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{"", `"" is not a domain name: it is empty`},
		{"..", `".." is not a domain name: it has an empty label; write one dot between labels`},
		{".com", `".com" is not a domain name: it has an empty label; write one dot between labels`},
		{"a..b", `"a..b" is not a domain name: it has an empty label; write one dot between labels`},
		{"a.b..", `"a.b.." is not a domain name: it has an empty label; write one dot between labels`},
		{`a\`, `"a\\" is not a domain name: a backslash must be followed by three octal digits, \000 to \377`},
		{`a\05`, `"a\\05" is not a domain name: a backslash must be followed by three octal digits, \000 to \377`},
		{`a\400`, `"a\\400" is not a domain name: a backslash must be followed by three octal digits, \000 to \377`},
		{`a\08b`, `"a\\08b" is not a domain name: a backslash must be followed by three octal digits, \000 to \377`},
		{`a\.b`, `"a\\.b" is not a domain name: a backslash must be followed by three octal digits, \000 to \377`},
		{"a b.com", `"a b.com" is not a domain name: it has a space or a control character; write it as \NNN, octal`},
		{"a\x00.com", `"a\x00.com" is not a domain name: it has a space or a control character; write it as \NNN, octal`},
		{"a\x7f.com", `"a\x7f.com" is not a domain name: it has a space or a control character; write it as \NNN, octal`},
		{"bücher.example", `"bücher.example" is not a domain name: it has a character outside ASCII; write an internationalized name in its ASCII form, xn--…`},
		{"\xff.example", `"\xff.example" is not a domain name: it has a character outside ASCII; write an internationalized name in its ASCII form, xn--…`},
		{label63 + "a", `"` + label63 + `a" is not a domain name: a label has 64 bytes, at most 63 are allowed`},
		{strings.Repeat(`\052`, 64), `"\\052\\052\\052\\052\\052\\052\\052\\052\\052\\052…\\052\\052\\052\\052\\052\\052\\052\\052\\052" is not a domain name: a label has 64 bytes, at most 63 are allowed`},
		{longest + "b", `"` + longest[:40] + "…" + (longest + "b")[len(longest)+1-36:] + `" is not a domain name: it has 256 bytes, at most 255 are allowed`},
		{strings.Repeat("ü", 50), `"` + strings.Repeat("ü", 20) + "…" + strings.Repeat("ü", 18) + `" is not a domain name: it has a character outside ASCII; write an internationalized name in its ASCII form, xn--…`},
		{"a" + strings.Repeat("ü", 50), `"a` + strings.Repeat("ü", 19) + "…" + strings.Repeat("ü", 18) + `" is not a domain name: it has a character outside ASCII; write an internationalized name in its ASCII form, xn--…`},
	} {
		n, err := Parse(tt.in)
		if err == nil || err.Error() != tt.want || !n.IsZero() {
			t.Errorf("Parse(%q) = %q\n got %v\nwant %s", tt.in, n, err, tt.want)
		}
	}
}

func TestFromLabels(t *testing.T) {
	for _, tt := range []struct {
		labels []string
		want   string // or the error
	}{
		{nil, "."},
		{[]string{"WWW", "example", "com"}, "www.example.com"},
		{[]string{"*", "com"}, "*.com"},
		{[]string{"a.b", "com"}, `a\056b.com`},
		{[]string{"", "com"}, `".com" is not a domain name: it has an empty label`},
		{[]string{label63 + "x", "com"}, `"` + label63 + `x.com" is not a domain name: a label has 64 bytes, at most 63 are allowed`},
		{[]string{label63, label63, label63, label63}, `"` + longest[:40] + "…" + strings.Repeat("a", 36) + `" is not a domain name: it has 257 bytes, at most 255 are allowed`},
	} {
		raw := make([][]byte, len(tt.labels))
		for i, l := range tt.labels {
			raw[i] = []byte(l)
		}
		n, err := FromLabels(raw)
		got := n.String()
		if err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("FromLabels(%q)\n got %s\nwant %s", tt.labels, got, tt.want)
		}
	}
}

func TestUnder(t *testing.T) {
	for _, tt := range []struct {
		name, zone   string
		under, below bool
		relative     string
	}{
		{"example.com", "example.com", true, false, "@"},
		{"www.example.com", "example.com", true, true, "www"},
		{"a.b.example.com", "example.com", true, true, "a.b"},
		{"*.example.com", "example.com", true, true, "*"},
		{"myexample.com", "example.com", false, false, "myexample.com"},
		{`my\056example.com`, "example.com", false, false, `my\056example.com`},
		{`a\056example.com`, "com", true, true, `a\056example`},
		{"com", "example.com", false, false, "com"},
		{"example.org", "example.com", false, false, "example.org"},
		{"example.com", ".", true, true, "example.com"},
		{".", ".", true, false, "@"},
		{".", "com", false, false, "."},
	} {
		n, z := MustParse(tt.name), MustParse(tt.zone)
		if n.Under(z) != tt.under || n.Below(z) != tt.below || n.Relative(z) != tt.relative {
			t.Errorf("%s in %s: under %v, below %v, relative %q; want %v, %v, %q",
				n, z, n.Under(z), n.Below(z), n.Relative(z), tt.under, tt.below, tt.relative)
		}
	}
	if zero := (Name{}); zero.Under(Root) || Root.Under(zero) || zero.Below(Root) {
		t.Error("the zero name is under something")
	}
}

func TestFamily(t *testing.T) {
	for _, tt := range []struct {
		name      string
		depth     int
		ancestors []string
		wildcard  bool
	}{
		{"www.example.com", 3, []string{"www.example.com", "example.com", "com", "."}, false},
		{"*.com", 2, []string{"*.com", "com", "."}, true},
		{"*", 1, []string{"*", "."}, true},
		{"a.*.com", 3, []string{`a.\052.com`, "*.com", "com", "."}, false},
		{"*a.com", 2, []string{`\052a.com`, "com", "."}, false},
		{`a\056b.com`, 2, []string{`a\056b.com`, "com", "."}, false},
		{".", 0, []string{"."}, false},
	} {
		n := MustParse(tt.name)
		var got []string
		for a := range n.Ancestors() {
			got = append(got, a.String())
		}
		if n.Depth() != tt.depth || !slices.Equal(got, tt.ancestors) || n.IsWildcard() != tt.wildcard {
			t.Errorf("%s: depth %d, ancestors %q, wildcard %v", n, n.Depth(), got, n.IsWildcard())
		}
	}
	for range (Name{}).Ancestors() {
		t.Error("the zero name has ancestors")
	}
}

func TestChild(t *testing.T) {
	for _, tt := range []struct{ label, of, want string }{
		{"www", "example.com", "www.example.com"},
		{"a.b", "example.com", "a.b.example.com"},
		{"com", ".", "com"},
		{"*", "example.com", "*.example.com"},
		{"", "example.com", ""},
		{"a b", "example.com", ""},
		{strings.Repeat("c", 63), longest, ""},
	} {
		n, err := MustParse(tt.of).Child(tt.label)
		if n.String() != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("Child(%q) of %s = %q, %v; want %q", tt.label, tt.of, n, err, tt.want)
		}
	}
	if w := MustParse(longest).Wildcard(); !w.IsZero() {
		t.Errorf("the wildcard below the longest name = %q", w)
	}
}

// anyName draws names of hostile labels.
var anyName = rapid.Custom(func(t *rapid.T) Name {
	labels := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 5), 0, 5).Draw(t, "labels")
	n, err := FromLabels(labels)
	if err != nil {
		t.Fatal(err)
	}
	return n
})

func TestRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := anyName.Draw(t, "name")
		for _, form := range []string{n.String(), n.FQDN(), n.Route53(), n.Normalized(), strings.ToUpper(n.String())} {
			if got, err := Parse(form); err != nil || got != n {
				t.Fatalf("Parse(%q) = %q, %v; want %q", form, got, err, n)
			}
		}
		if got, err := FromLabels(n.Labels()); err != nil || got != n {
			t.Fatalf("FromLabels(%q) = %q, %v", n.Labels(), got, err)
		}
		text, err := n.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back Name
		if err := back.UnmarshalText(text); err != nil || back != n {
			t.Fatalf("UnmarshalText(%q) = %q, %v", text, back, err)
		}
		if n.Depth() != len(n.Labels()) {
			t.Fatalf("%q has depth %d and labels %q", n, n.Depth(), n.Labels())
		}
		zone := n
		for range rapid.IntRange(0, n.Depth()).Draw(t, "up") {
			zone, _ = zone.Parent()
		}
		if rel := n.Relative(zone); rel != "@" {
			if got, err := zone.Child(rel); err != nil || got != n {
				t.Fatalf("%q relative to %q is %q, which leads to %q, %v", n, zone, rel, got, err)
			}
		} else if n != zone {
			t.Fatalf("%q relative to %q is @", n, zone)
		}
	})
	var zero Name
	if err := zero.UnmarshalText(nil); err != nil || !zero.IsZero() {
		t.Errorf("UnmarshalText of nothing = %q, %v", zero, err)
	}
}

// TestKeyRuns holds that everything under a name is one run of a sorted list,
// and that a parent stands before its children.
func TestKeyRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		names := rapid.SliceOfN(anyName, 1, 30).Draw(t, "names")
		for _, n := range slices.Clone(names) { // families, so that runs are longer than one
			if p, ok := n.Parent(); ok {
				names = append(names, p)
			}
		}
		slices.SortFunc(names, Name.Compare)
		for _, zone := range names {
			var run []bool
			for _, n := range names {
				run = append(run, n.Under(zone))
			}
			run = slices.Compact(run)
			if len(run) > 3 || len(run) == 3 && run[0] {
				t.Fatalf("names under %q are no single run of %q", zone, names)
			}
			if first := slices.IndexFunc(names, func(n Name) bool { return n.Under(zone) }); names[first] != zone {
				t.Fatalf("%q stands after %q, which is under it", zone, names[first])
			}
		}
	})
}

// FuzzParse holds that whatever parses is within RFC 1035's limits and reads
// back as itself, and that whatever does not says why.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", ".", "example.com.", `\052.a`, `a\056b`, "*.x", longest, longest + "b", "bücher", `\`, "a..b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := Parse(s)
		if err != nil {
			if !n.IsZero() || err.(*Error).Rule == "" || err.(*Error).Input != s {
				t.Fatalf("Parse(%q) = %q, %+v", s, n, err)
			}
			return
		}
		size := 1
		for _, l := range n.Labels() {
			if len(l) == 0 || len(l) > maxLabel {
				t.Fatalf("Parse(%q) has the label %q", s, l)
			}
			size += len(l) + 1
		}
		if size > maxName {
			t.Fatalf("Parse(%q) has %d bytes", s, size)
		}
		if again, err := Parse(n.String()); err != nil || again != n {
			t.Fatalf("Parse(%q) = %q; Parse(%q) = %q, %v", s, n, n.String(), again, err)
		}
	})
}
