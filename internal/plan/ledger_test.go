package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

func TestEntry(t *testing.T) {
	zone := dnsname.MustParse("example.com")
	for _, tt := range []struct{ name, rrtype, setID, want string }{
		{"api.example.com", "NS", "", "NS api"},
		{"example.com", "TXT", "", "TXT @"},
		{"*.example.com", "A", "", "A *"},
		{"www.example.com", "A", "blue", "A www blue"},
		{"a-name-of-19-letter.example.com", "NAPTR", "", "#"},
		{"a-name-of-17-lett.example.com", "CNAME", "", "CNAME a-name-of-17-lett"},
		{"a-name-of-18-lette.example.com", "CNAME", "", "#"},
		{`a\056b.example.com`, "A", "", "#"},
		{"www.example.com", "A", `say "hi"`, "#"},
		{"www.example.com", "A", "grün", "#"},
		{"www.example.com", "A", "a\tb", "#"},
	} {
		got := Entry(zone, dnsname.MustParse(tt.name), tt.rrtype, tt.setID)
		if tt.want == "#" {
			if !strings.HasPrefix(got, "#") || len(got) != longEntry {
				t.Errorf("Entry(%s %s %q) = %q, want a hash", tt.rrtype, tt.name, tt.setID, got)
			}
		} else if got != tt.want {
			t.Errorf("Entry(%s %s %q) = %q, want %q", tt.rrtype, tt.name, tt.setID, got, tt.want)
		}
	}
}

func TestUnquote(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want []string
	}{
		{`"NS a" "NS b"`, []string{"NS a", "NS b"}},
		{`"NS a""NS b"`, []string{"NS a", "NS b"}},
		{`  "NS a"  `, []string{"NS a"}},
		{`""`, []string{""}},
		{`"NS a" "NS`, []string{"NS a"}},
		{`NS a`, nil},
		{``, nil},
	} {
		if got := unquote(tt.in); !slices.Equal(got, tt.want) {
			t.Errorf("unquote(%s) = %q, want %q", tt.in, got, tt.want)
		}
	}
}

// zoneState applies ledger sets to an estate as Route 53 would: a DELETE must
// name exactly what stands, a CREATE nothing that stands.
func zoneState(t interface{ Fatalf(string, ...any) }, e *estate.Estate, sets []SetChange) {
	for _, s := range sets {
		if s.Before != nil {
			have, ok := e.Records.Get(s.Before.Key())
			if !ok || !have.Same(*s.Before) {
				t.Fatalf("DELETE of %+v, while %+v stands", s.Before, have)
			}
			e.Records.Delete(s.Before.Key())
		}
	}
	for _, s := range sets {
		if s.After != nil {
			if _, ok := e.Records.Get(s.After.Key()); ok {
				t.Fatalf("CREATE of %s, which stands", s.Name)
			}
			e.Records.Put(*s.After)
		}
	}
}

// TestLedger runs two owners in one zone against a model: what is read is what
// was written, within the bounds, and neither sees or touches the other's sets.
func TestLedger(t *testing.T) {
	zone := estate.Zone{ID: "Z1", Name: dnsname.MustParse("example.com"), Account: "1"}
	rapid.Check(t, func(t *rapid.T) {
		var e estate.Estate
		owners := []string{"acme-network", "acme-web"}
		model := map[string]map[string]bool{owners[0]: {}, owners[1]: {}}
		entry := func() string {
			return Entry(zone.Name, dnsname.MustParse(fmt.Sprintf("name-%d.example.com", rapid.IntRange(0, 2000).Draw(t, "name"))), "NS", rapid.SampledFrom([]string{"", "a b", "long-set-identifier"}).Draw(t, "set"))
		}
		for range rapid.IntRange(1, 8).Draw(t, "edits") {
			owner := rapid.SampledFrom(owners).Draw(t, "owner")
			l := ReadLedger(e, zone, owner)
			var add, withdraw []string
			for range rapid.SampledFrom([]int{0, 1, 5, 400, 900}).Draw(t, "adds") {
				add = append(add, entry())
			}
			standing := slices.Sorted(maps.Keys(model[owner]))
			for range rapid.SampledFrom([]int{0, 1, 5, 300}).Draw(t, "withdrawals") {
				if len(standing) == 0 || rapid.IntRange(0, 9).Draw(t, "absent") == 0 {
					withdraw = append(withdraw, "NS not-there")
				} else {
					withdraw = append(withdraw, rapid.SampledFrom(standing).Draw(t, "withdrawn"))
				}
			}
			add = slices.DeleteFunc(add, func(s string) bool { return slices.Contains(withdraw, s) })
			next, sets := l.Edit(zone.ID, add, withdraw)
			for _, w := range withdraw {
				delete(model[owner], w)
			}
			for _, a := range add {
				model[owner][a] = true
			}
			for _, s := range sets {
				if s.Before != nil && s.After != nil && s.Before.Same(*s.After) {
					t.Fatalf("%s is rewritten as it was", s.Name)
				}
				if !IsLedger(estate.RecordSet{Name: s.Name, Type: "TXT"}) {
					t.Fatalf("%s is no ledger set", s.Name)
				}
			}
			zoneState(t, &e, sets)
			if again, sets := next.Edit(zone.ID, add, withdraw); len(sets) > 0 {
				t.Fatalf("the same edit again changes %d sets: %v", len(sets), again.Entries())
			}
			for _, o := range owners {
				got, want := ReadLedger(e, zone, o), slices.Sorted(maps.Keys(model[o]))
				if !slices.Equal(got.Entries(), want) {
					t.Fatalf("the ledger of %s reads\n     %q\nwant %q", o, got.Entries(), want)
				}
				if len(got.Odd) > 0 {
					t.Fatalf("sets that we wrote are odd: %v", got.Odd)
				}
				for _, w := range want {
					if !got.Has(w) {
						t.Fatalf("Has(%q) = false", w)
					}
				}
			}
			if !slices.Equal(next.Entries(), ReadLedger(e, zone, owner).Entries()) {
				t.Fatal("Edit foretells another ledger than it writes")
			}
		}
		for r := range e.Records.All() {
			size := 0
			for _, v := range r.Values {
				if len(v) > valueSize {
					t.Fatalf("a value has %d characters", len(v))
				}
				size += len(v)
			}
			if size > ledgerSetSize || len(r.Values) > 1000 || r.TTL != ledgerTTL {
				t.Fatalf("%s has %d characters, %d elements, TTL %d", r.Name, size, len(r.Values), r.TTL)
			}
		}
	})
}

// TestLedgerFew holds that small edits change as few sets as they can.
func TestLedgerFew(t *testing.T) {
	zone := estate.Zone{ID: "Z1", Name: dnsname.MustParse("example.com")}
	var all []string
	for i := range 1000 {
		all = append(all, fmt.Sprintf("NS name-of-some-len-%d", i))
	}
	full, sets := ReadLedger(estate.Estate{}, zone, "o").Edit("Z1", all, nil)
	if len(sets) != 4 {
		t.Errorf("1,000 entries take %d sets", len(sets))
	}
	for _, tt := range []struct {
		name          string
		add, withdraw []string
		sets          int
	}{
		{"nothing", nil, nil, 0},
		{"an entry that stands", all[:1], nil, 0},
		{"withdraw what is not there", nil, []string{"NS none"}, 0},
		{"add one", []string{"NS new"}, nil, 1},
		{"withdraw one", nil, all[:1], 1},
		{"replace one", []string{"NS new"}, all[:1], 1},
		{"withdraw all", nil, all, 4},
	} {
		if _, sets := full.Edit("Z1", tt.add, tt.withdraw); len(sets) != tt.sets {
			t.Errorf("%s: %d sets change, want %d", tt.name, len(sets), tt.sets)
		}
	}
}

// TestDamagedLedger holds that sets which somebody edited count as far as they
// can be read, and can be rewritten: what is deleted is what stands.
func TestDamagedLedger(t *testing.T) {
	zone := estate.Zone{ID: "Z1", Name: dnsname.MustParse("example.com")}
	written := func() (estate.Estate, estate.RecordSet) {
		var e estate.Estate
		var entries []string
		for i := range 300 {
			entries = append(entries, fmt.Sprintf("NS name-%d", i))
		}
		_, sets := ReadLedger(e, zone, "o").Edit("Z1", entries, nil)
		zoneState(t, &e, sets)
		r, _ := e.Records.Get(sets[0].After.Key())
		return e, r
	}
	for _, tt := range []struct {
		name   string
		change func(*estate.RecordSet)
		left   int
	}{
		{"as written", func(*estate.RecordSet) {}, 300},
		{"values in another order", func(r *estate.RecordSet) { slices.Reverse(r.Values) }, 300},
		{"another TTL", func(r *estate.RecordSet) { r.TTL = 300 }, 300},
		{"an entry of somebody's", func(r *estate.RecordSet) { r.Values = append(slices.Clone(r.Values), `"hello"`) }, 301},
		{"a value lost", func(r *estate.RecordSet) { r.Values = r.Values[:1] }, -1},
		{"no quotes", func(r *estate.RecordSet) { r.Values = []string{"v=spf1"} }, 0},
	} {
		e, r := written()
		tt.change(&r)
		e.Records.Put(r)
		l := ReadLedger(e, zone, "o")
		if got := len(l.Entries()); tt.left >= 0 && got != tt.left {
			t.Errorf("%s: %d entries read, want %d", tt.name, got, tt.left)
		}
		_, sets := l.Edit("Z1", []string{"NS new"}, []string{"NS name-0"})
		zoneState(t, &e, sets)
		after := ReadLedger(e, zone, "o")
		if !after.Has("NS new") || after.Has("NS name-0") || len(after.Odd) > 0 {
			t.Errorf("%s: rewritten as %q, odd %v", tt.name, after.Entries(), after.Odd)
		}
	}
	e, r := written()
	for _, name := range []string{"-01", "-x", "-0", "-"} {
		other := r
		other.Name, _ = zone.Name.Child(strings.TrimSuffix(r.Name.Relative(zone.Name), ".") + name)
		other.Values = []string{`"NS stranger"`}
		e.Records.Put(other)
	}
	if ReadLedger(e, zone, "o").Has("NS stranger") {
		t.Error("a set that is none of ours was read")
	}
}

func TestReread(t *testing.T) {
	zone := estate.Zone{ID: "Z1", Name: dnsname.MustParse("example.com")}
	old, first := ReadLedger(estate.Estate{}, zone, "o").Edit("Z1", []string{"NS a"}, nil)
	_, sets := old.Edit("Z1", []string{"NS b"}, nil)
	other, _ := old.Edit("Z1", []string{"NS c"}, nil)
	odd := *first[0].After
	odd.TTL = 300
	for _, tt := range []struct {
		name   string
		stands *estate.RecordSet
		news   bool
		want   []string
	}{
		{"unchanged", first[0].After, false, []string{"NS a"}},
		{"our own write, its answer lost", sets[0].After, true, []string{"NS a", "NS b"}},
		{"somebody else's", other.recordSet("Z1", 0, other.Sets[0]), true, []string{"NS a", "NS c"}},
		{"gone", nil, true, nil},
		{"another TTL", &odd, true, []string{"NS a"}},
	} {
		got, news := old.Reread(sets, func(SetChange) (estate.RecordSet, bool) {
			if tt.stands == nil {
				return estate.RecordSet{}, false
			}
			return *tt.stands, true
		})
		if news != tt.news || !slices.Equal(got.Entries(), tt.want) {
			t.Errorf("%s: %q, news %v; want %q, %v", tt.name, got.Entries(), news, tt.want, tt.news)
		}
		if _, again := got.Reread(sets, func(SetChange) (estate.RecordSet, bool) {
			if tt.stands == nil {
				return estate.RecordSet{}, false
			}
			return *tt.stands, true
		}); again {
			t.Errorf("%s: reading it twice is news twice", tt.name)
		}
	}
	if !slices.Equal(old.Entries(), []string{"NS a"}) {
		t.Errorf("Reread changed the ledger it was asked of: %q", old.Entries())
	}
}
