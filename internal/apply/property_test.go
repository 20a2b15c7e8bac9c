package apply

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// TestAnyFaults draws plans and faults. However the calls fail, no record
// stands without its ledger entry at any commit, nobody else's record is
// touched, a run that leaves something undone says so, and a few runs later,
// once calls succeed, the wanted state is reached and nothing is left to do.
func TestAnyFaults(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := newRoute53(t)
		zones := []estate.Zone{f.zone("Z1", "one.example"), f.zone("Z2", "two.example")}
		apart := rapid.Bool().Draw(rt, "apart")
		draw := func() []plan.Wanted {
			var out []plan.Wanted
			for _, z := range zones {
				for i := range rapid.IntRange(0, 12).Draw(rt, "records") {
					if rapid.Bool().Draw(rt, "left out") {
						continue
					}
					out = append(out, record(z, fmt.Sprintf("name%d", i), rapid.SampledFrom([]string{"A", "TXT"}).Draw(rt, "type"), 60,
						fmt.Sprintf("value %d", rapid.IntRange(0, 3).Draw(rt, "value"))))
				}
			}
			return out
		}
		for _, z := range zones {
			f.stranger(z.ID, estate.RecordSet{Name: record(z, "theirs", "A", 60, "x").Item.Record.ZoneName, Type: "MX", TTL: 60, Values: []string{"10 mx"}})
		}
		theirs := map[string]estate.RecordSet{}
		for r := range f.records.All() {
			theirs[r.Key()] = r
		}
		var wanted []plan.Wanted
		for range rapid.IntRange(1, 3).Draw(rt, "generations") {
			wanted = draw()
			faulty := rapid.SliceOfN(rapid.SampledFrom([]fault{none, none, denied, lost, doubtful, failing}), 0, 12).Draw(rt, "faults")
			first := f.calls
			f.faults = func(call int, _ plan.Step) fault {
				if call-first < len(faulty) {
					return faulty[call-first]
				}
				return none
			}
			reached := false
			for range len(faulty) + 3 {
				p := f.plan(apart, wanted...)
				if p.Diagnostics.HasErrors() {
					rt.Fatalf("no plan: %v", p.Diagnostics)
				}
				if p.Empty() {
					reached = true
					break
				}
				r := f.run(p, Options{})
				if !r.Complete() && len(r.Diagnostics) == 0 {
					rt.Fatalf("left undone in silence:\n%s", states(r))
				}
			}
			if !reached {
				rt.Fatalf("not reached:\n%v", f.plan(apart, wanted...).Changes)
			}
		}
		for key, want := range theirs {
			if have, _ := f.records.Get(key); !have.Same(want) {
				rt.Fatalf("%+v became %+v", want, have)
			}
		}
		for _, w := range wanted {
			want, err := w.Item.Record.Set(func(v plan.Value) ([]string, error) { return v.Resolve(start, nil) })
			if err != nil {
				rt.Fatal(err)
			}
			if have, ok := f.records.Get(want.Key()); !ok || !have.Same(want) {
				rt.Fatalf("%+v stands as %+v", want, have)
			}
		}
		if t.Failed() {
			rt.Fatal("see above")
		}
	})
}
