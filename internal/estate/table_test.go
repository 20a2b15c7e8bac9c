package estate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// row is a resource whose keys are prefixes of each other and whose index keys
// change.
type row struct {
	key  string
	tags string // each character is an index key
	n    int
}

func (r row) Key() string { return r.key }
func (r row) IndexKeys() []string {
	var keys []string
	for _, c := range r.tags {
		keys = append(keys, "tag/"+string(c))
	}
	return keys
}

// TestTable holds a Table, and the copies made of it on the way, against a map.
func TestTable(t *testing.T) {
	key := rapid.StringOfN(rapid.SampledFrom([]rune{'a', 'b', '/', 1}), 1, 4, -1)
	tags := rapid.SampledFrom([]string{"", "x", "y", "xy", "xz"})
	rapid.Check(t, func(t *rapid.T) {
		type version struct {
			table Table[row]
			model map[string]row
		}
		versions := []version{{Table[row]{}, map[string]row{}}}
		for i := range rapid.IntRange(1, 25).Draw(t, "steps") {
			from := versions[rapid.IntRange(0, len(versions)-1).Draw(t, "from")]
			table, model := from.table, maps.Clone(from.model)
			if rapid.Bool().Draw(t, "put") {
				var rows []row
				for _, k := range rapid.SliceOfN(key, 0, 4).Draw(t, "keys") {
					r := row{k, tags.Draw(t, "tags"), i}
					rows, model[k] = append(rows, r), r
				}
				table.Put(rows...)
			} else {
				keys := rapid.SliceOfN(key, 0, 4).Draw(t, "keys")
				table.Delete(keys...)
				for _, k := range keys {
					delete(model, k)
				}
			}
			versions = append(versions, version{table, model})
		}
		prefix, start := rapid.OneOf(key, rapid.Just("")).Draw(t, "prefix"), rapid.OneOf(key, rapid.Just("")).Draw(t, "start")
		for _, v := range versions {
			check(t, v.table, v.model, prefix, start)
		}
	})
}

func check(t *rapid.T, table Table[row], model map[string]row, prefix, start string) {
	where := func(keep func(row) bool) []row {
		var out []row
		for _, k := range slices.Sorted(maps.Keys(model)) {
			if keep(model[k]) {
				out = append(out, model[k])
			}
		}
		return out
	}
	same := func(what string, got, want []row) {
		if !slices.Equal(got, want) {
			t.Fatalf("%s\n got %+v\nwant %+v", what, got, want)
		}
	}
	if table.Len() != len(model) {
		t.Fatalf("Len() = %d, want %d", table.Len(), len(model))
	}
	for _, k := range []string{prefix, start} {
		got, ok := table.Get(k)
		if want, has := model[k]; got != want || ok != has {
			t.Fatalf("Get(%q) = %+v, %v; want %+v, %v", k, got, ok, want, has)
		}
	}
	same("All", slices.Collect(table.All()), where(func(row) bool { return true }))
	same(fmt.Sprintf("Prefix(%q)", prefix), slices.Collect(table.Prefix(prefix)), where(func(r row) bool { return strings.HasPrefix(r.key, prefix) }))
	same(fmt.Sprintf("From(%q, %q)", prefix, start), slices.Collect(table.From(prefix, start)),
		where(func(r row) bool { return strings.HasPrefix(r.key, prefix) && r.key >= start }))
	total := 0
	for _, tag := range "xyz" {
		want := where(func(r row) bool { return strings.ContainsRune(r.tags, tag) })
		same("By(tag/"+string(tag)+")", slices.Collect(table.By("tag/"+string(tag))), want)
		total += len(want)
	}
	if got := len(slices.Collect(table.ByPrefix("tag/"))); got != total {
		t.Fatalf("ByPrefix(tag/) has %d rows, want %d", got, total)
	}
	for range table.All() { // a walk may be left
		break
	}
	if first, ok := First(table.All()); ok != (len(model) > 0) || ok && first != where(func(row) bool { return true })[0] {
		t.Fatalf("First(All()) = %+v, %v", first, ok)
	}
}

// TestIndexKeyWhole holds that By does not take an index key for another that
// it begins.
func TestIndexKeyWhole(t *testing.T) {
	var e Estate
	e.RuleAssociations.Put(RuleAssociation{ID: "1", Rule: "r", VPC: "v"}, RuleAssociation{ID: "2", Rule: "r", VPC: "v2"})
	for _, tt := range []struct {
		key  string
		want int
	}{{ByRule("r"), 2}, {ByRuleVPC("r", "v"), 1}, {ByVPC("v"), 1}, {ByVPC("v2"), 1}, {ByVPC(""), 0}} {
		if got := len(slices.Collect(e.RuleAssociations.By(tt.key))); got != tt.want {
			t.Errorf("By(%q) has %d rows, want %d", tt.key, got, tt.want)
		}
	}
}
