package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// tagging is a change that is no record: a cheap node of a graph.
func tagging(address string, needs ...plan.Dependency) plan.Change {
	return plan.Change{Address: address, Action: plan.Update, Account: "1", Needs: needs,
		After: &plan.Item{ZoneTags: &plan.ZoneTags{Zone: plan.Lit("Z1"), Set: map[string]plan.Value{address: plan.In(time.Hour)}}}}
}

func graph(changes ...plan.Change) *plan.Plan {
	return &plan.Plan{Version: plan.Version, Owner: owner, Changes: changes}
}

func done(a string) plan.Dependency    { return plan.Dependency{Address: a} }
func settled(a string) plan.Dependency { return plan.Dependency{Address: a, Settled: true} }

func settling(c plan.Change, after ...string) plan.Change {
	c.Settle, c.SettleAfter = true, after
	return c
}

func delayed(c plan.Change, after string, d time.Duration) plan.Change {
	c.Delays = []plan.Delay{{After: after, Wait: d}}
	return c
}

func notBefore(c plan.Change, d time.Duration) plan.Change {
	c.NotBefore = start.Add(d)
	return c
}

func TestGraph(t *testing.T) {
	for _, tt := range []struct {
		name    string
		plan    *plan.Plan
		faults  map[string]fault
		options Options
		unsett  map[string]error
		want    string
		takes   time.Duration // virtual, 0 not looked at
	}{
		{name: "one after the other", plan: graph(tagging("a"), tagging("b", done("a"))), want: "done a\ndone b\n", takes: 2 * latency},
		{name: "side by side", plan: graph(tagging("a"), tagging("b")), want: "done a\ndone b\n", takes: latency},
		{name: "done is not settled", plan: graph(tagging("a"), tagging("b", settled("a"))), want: "settled a\ndone b\n", takes: firstPoll + secondPoll + 4*latency},
		{name: "a failure skips what needs it, no more", plan: graph(tagging("a"), tagging("b", done("a")), tagging("c", done("b")), tagging("d")),
			faults: map[string]fault{"a": denied}, want: "failed a\nskipped b\nskipped c\ndone d\nerror a: could not update a\n"},
		{name: "a deadline ahead is held", plan: graph(notBefore(tagging("a"), time.Hour), tagging("b", done("a"))),
			want: "held a\nskipped b\nwaiting a for every cache to forget the old name servers\n"},
		{name: "a deadline ahead, waited for", plan: graph(notBefore(tagging("a"), time.Hour), tagging("b", done("a"))), options: Options{Wait: true},
			want: "done a\ndone b\n", takes: time.Hour + 2*latency},
		{name: "a deadline passed", plan: graph(notBefore(tagging("a"), -time.Hour)), want: "done a\n", takes: latency},
		{name: "a delay counts from the change", plan: graph(tagging("a"), delayed(tagging("b", done("a")), "a", time.Minute)),
			want: "done a\nheld b\nwaiting b for every cache to forget the old name servers\n"},
		{name: "a delay, waited for", plan: graph(tagging("a"), delayed(tagging("b", done("a")), "a", time.Minute)), options: Options{Wait: true},
			want: "done a\ndone b\n", takes: time.Minute + 2*latency},
		{name: "tolerated", plan: graph(tagging("a"), tagging("b", done("a"))), faults: map[string]fault{"a": denied},
			options: Options{Tolerated: func(err error) (string, bool) { return "X1", errors.Is(err, errFinal) }},
			want:    "done a\ndone b\nwarning undocumented a: AWS may refuse to update a\n"},
		{name: "settles after another", plan: graph(settling(tagging("a"), "b"), delayed(tagging("b"), "b", 0)), want: "settled a\ndone b\n"},
		{name: "what it would settle after fails late", plan: graph(settling(tagging("a"), "c"), tagging("b"), tagging("c", done("b")), tagging("d", settled("a")), tagging("e", done("a"), done("b"))),
			faults: map[string]fault{"c": denied},
			want:   "done a\ndone b\nfailed c\nskipped d\ndone e\nerror c: could not update c\nwaiting a for c (failed)\n"},
		{name: "what it would settle after failed before", plan: graph(settling(tagging("a", done("b")), "c"), tagging("b"), tagging("c"), tagging("d", settled("a"))),
			faults: map[string]fault{"c": denied},
			want:   "done a\ndone b\nfailed c\nskipped d\nerror c: could not update c\nwaiting a for c (failed)\n"},
		{name: "what it would settle after is held", plan: graph(settling(tagging("a"), "c"), notBefore(tagging("c"), time.Hour), tagging("d", settled("a"))),
			want: "done a\nheld c\nskipped d\nwaiting c for every cache to forget the old name servers\nwaiting a for c (held)\n"},
		{name: "never settled", plan: graph(settling(tagging("a")), tagging("b", settled("a")), notBefore(tagging("c", done("a")), 20*time.Minute)), options: Options{Wait: true},
			unsett: map[string]error{"a": errPending}, want: "done a\nskipped b\ndone c\nwaiting a for AWS to bring it into effect\n"},
		{name: "settling fails", plan: graph(settling(tagging("a")), tagging("b", settled("a"))), unsett: map[string]error{"a": errFinal},
			want: "failed a\nskipped b\nerror a: could not update a\n"},
		{name: "a reference to nothing", plan: graph(plan.Change{Address: "a", Action: plan.Update, Account: "1",
			After: &plan.Item{ZoneTags: &plan.ZoneTags{Zone: plan.Of("z", "id")}}}), want: "failed a\nerror a: could not update a\n"},
		{name: "nothing to do", plan: graph(), want: ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newRoute53(t)
			f.zone("Z1", "one.example")
			f.faults = func(_ int, s plan.Step) fault { return tt.faults[s.Address] }
			tt.options.Port, tt.options.Clock = unsettled{f, tt.unsett}, f.clock
			r, err := Run(context.Background(), tt.plan, tt.options)
			if err != nil {
				t.Fatal(err)
			}
			if got := states(r); got != tt.want {
				t.Errorf("ended as\n%swant\n%s", got, tt.want)
			}
			if took := f.clock.Now().Sub(start); tt.takes > 0 && took != tt.takes {
				t.Errorf("took %s, want %s", took, tt.takes)
			}
		})
	}
}

var errPending = errors.New("pending")

// unsettled is a port on which some changes never come into effect.
type unsettled struct {
	*route53
	errs map[string]error
}

func (u unsettled) Settled(ctx context.Context, s plan.Step, attrs plan.Attributes) (bool, error) {
	if err, ok := u.errs[s.Address]; ok {
		if err := u.clock.Sleep(ctx, latency); err != nil {
			return false, err
		}
		if errors.Is(err, errPending) {
			return false, nil
		}
		return false, err
	}
	return u.route53.Settled(ctx, s, attrs)
}

func TestBrokenPlans(t *testing.T) {
	for _, tt := range []struct {
		plan *plan.Plan
		want string
	}{
		{&plan.Plan{Version: 2}, "the plan has version 2; this orgdns carries out version 1"},
		{graph(tagging("a", done("b"))), "the plan is broken: a needs b, which is not in it"},
	} {
		f := newRoute53(t)
		if _, err := Run(context.Background(), tt.plan, Options{Port: f, Clock: f.clock}); err == nil || err.Error() != tt.want {
			t.Errorf("Run = %v, want %s", err, tt.want)
		}
	}
}

// TestStop holds that a run which is stopped finishes the calls under way,
// starts no more, and says what it left.
func TestStop(t *testing.T) {
	f := newRoute53(t)
	z := f.zone("Z1", "one.example")
	stop := make(chan struct{})
	p := graph(tagging("a"), tagging("b", done("a")), notBefore(tagging("c"), time.Hour))
	p.Changes = append(p.Changes, f.plan(false, record(z, "www", "A", 60, "1")).Changes...)
	p.Changes[3].Needs = []plan.Dependency{settled("a")}
	f.before = func(call int) {
		if call == 0 {
			close(stop)
			time.Sleep(20 * time.Millisecond) // real: the run hears of it
		}
	}
	r := f.run(p, Options{Stop: stop, Wait: true})
	want := "done a\nstopped b\nstopped c\nstopped www.one.example/A\n"
	if got := states(r); got != want {
		t.Errorf("ended as\n%swant\n%s", got, want)
	}
	if r.Complete() || f.clock.Now().Sub(start) > time.Minute {
		t.Errorf("complete %v, after %s", r.Complete(), f.clock.Now().Sub(start))
	}
}

// TestContextEnds holds that a run ends with its context.
func TestContextEnds(t *testing.T) {
	f := newRoute53(t)
	ctx, cancel := context.WithCancel(context.Background())
	f.before = func(int) { cancel() }
	r, err := Run(ctx, graph(tagging("a"), tagging("b", settled("a"))), Options{Port: f, Clock: f.clock})
	if err != nil || r.Complete() {
		t.Errorf("Run = %v\n%s", err, states(r))
	}
}

// TestBatches holds what goes into which batch.
func TestBatches(t *testing.T) {
	long := strings.Repeat("x", 3900)
	for _, tt := range []struct {
		name    string
		apart   bool
		wanted  func(z estate.Zone) []plan.Wanted
		batches string // changes by batch: - DELETE, + CREATE, l ledger, a alias
	}{
		{"records share a batch with their ledger", false, func(z estate.Zone) []plan.Wanted {
			return []plan.Wanted{record(z, "b", "A", 60, "1"), record(z, "a", "A", 60, "1")}
		}, "+a.A +b.A +l"},
		{"the ledger goes before, apart", true, func(z estate.Zone) []plan.Wanted {
			return []plan.Wanted{record(z, "a", "NS", 60, "1")}
		}, "+l | +a.NS"},
		{"an alias stands after its target", false, func(z estate.Zone) []plan.Wanted {
			a := record(z, "a", "A", 0)
			a.Item.Record.Alias = &estate.Alias{Name: dnsname.MustParse("b.one.example"), Zone: z.ID}
			return []plan.Wanted{a, record(z, "b", "A", 60, "1")}
		}, "+b.A +l | -l +l +aa.A"},
		{"1,200 values are two batches", false, func(z estate.Zone) []plan.Wanted {
			var out []plan.Wanted
			for i := range 3 {
				var vs []string
				for v := range 400 {
					vs = append(vs, fmt.Sprint(v))
				}
				out = append(out, record(z, fmt.Sprint("r", i), "A", 60, vs...))
			}
			return out
		}, "+r0.A +r1.A +l | -l +r2.A +l"},
		{"the types of a name stay together", false, func(z estate.Zone) []plan.Wanted {
			var out []plan.Wanted
			for i := range 5 {
				for _, rrtype := range []string{"A", "AAAA"} {
					out = append(out, record(z, fmt.Sprint("r", i), rrtype, 60, long))
				}
			}
			return out
		}, "+r0.A +r0.AAAA +r1.A +r1.AAAA +r2.A +r2.AAAA +r3.A +r3.AAAA +l | -l +r4.A +r4.AAAA +l"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newRoute53(t)
			wanted := tt.wanted(f.zone("Z1", "one.example"))
			if r := f.run(f.plan(tt.apart, wanted...), Options{}); !r.Complete() {
				t.Fatal(states(r))
			}
			var got []string
			for _, b := range f.batches {
				var line []string
				for _, c := range b.Changes {
					what := map[plan.Verb]string{plan.VerbDelete: "-", plan.VerbCreate: "+"}[c.Verb]
					if c.Set.Alias != nil {
						what += "a"
					}
					if plan.IsLedger(c.Set) {
						line = append(line, what+"l")
						continue
					}
					line = append(line, what+c.Set.Name.Relative(b.ZoneName)+"."+c.Set.Type)
				}
				got = append(got, strings.Join(line, " "))
			}
			if have := strings.Join(got, " | "); have != tt.batches {
				t.Errorf("batches\n     %s\nwant %s", have, tt.batches)
			}
			if again := f.plan(tt.apart, wanted...); !again.Empty() {
				t.Errorf("a second plan has %d changes", len(again.Changes))
			}
		})
	}
}

// TestApex holds that UPSERT, at the apex alone, counts twice.
func TestApex(t *testing.T) {
	set := estate.RecordSet{Values: []string{"ab", "cde"}}
	for verb, want := range map[plan.Verb][2]int{plan.VerbCreate: {2, 5}, plan.VerbDelete: {2, 5}, plan.VerbUpsert: {4, 10}} {
		if e, c := size([]plan.RecordChange{{Verb: verb, Set: set}}); e != want[0] || c != want[1] {
			t.Errorf("%s counts %d elements, %d characters; want %v", verb, e, c, want)
		}
	}
	if e, c := size([]plan.RecordChange{{Verb: plan.VerbCreate, Set: estate.RecordSet{Alias: &estate.Alias{}}}}); e != 1 || c != 0 {
		t.Errorf("an alias counts %d elements, %d characters", e, c)
	}
}

// TestLargeLedger makes and removes 3,000 records in a zone of others: every
// batch of the ledger keeps the limits, and they are few.
func TestLargeLedger(t *testing.T) {
	f := newRoute53(t)
	z := f.zone("Z1", "one.example")
	var wanted []plan.Wanted
	for i := range 3000 {
		wanted = append(wanted, record(z, fmt.Sprintf("a-rather-long-name-%d", i), "NS", 60, "1"))
	}
	for _, step := range []struct {
		wanted []plan.Wanted
		most   int
	}{{wanted, 8}, {wanted[:2000:2000], 8}, {nil, 12}} {
		f.batches = nil
		if r := f.run(f.plan(true, step.wanted...), Options{}); !r.Complete() || len(r.Diagnostics) > 0 {
			t.Fatalf("%d of %d done: %v", r.Count(Done), len(r.States), r.Diagnostics)
		}
		if len(f.batches) > step.most {
			t.Errorf("%d batches to have %d records, at most %d wanted", len(f.batches), len(step.wanted), step.most)
		}
		if again := f.plan(true, step.wanted...); !again.Empty() {
			t.Fatalf("with %d records a second plan has %d changes, the first %s", len(step.wanted), len(again.Changes), again.Changes[0].Address)
		}
	}
}

// TestLargeName makes and removes what fills a batch by itself: the ledger, which
// would not fit, is written before it and after it.
func TestLargeName(t *testing.T) {
	f := newRoute53(t)
	z := f.zone("Z1", "one.example")
	var small []plan.Wanted
	for i := range 300 {
		small = append(small, record(z, fmt.Sprintf("a-rather-long-name-%d", i), "A", 60, "1"))
	}
	long := strings.Repeat("x", 3900)
	with := append(slices.Clip(small), record(z, "a", "TXT", 60, long, long, long, long), record(z, "a", "SPF", 60, long, long, long, long))
	for _, wanted := range [][]plan.Wanted{small, with, small} {
		p := f.plan(false, wanted...)
		if p.Diagnostics.HasErrors() {
			t.Fatal(p.Diagnostics)
		}
		if r := f.run(p, Options{}); !r.Complete() || len(r.Diagnostics) > 0 {
			t.Fatal(states(r))
		}
		if again := f.plan(false, wanted...); !again.Empty() {
			t.Fatalf("a second plan has %d changes", len(again.Changes))
		}
	}
}

// TestGone takes names out that stand in several statements of the roles: a batch
// that is denied is halved, one that fails otherwise is not.
func TestGone(t *testing.T) {
	for _, tt := range []struct {
		name    string
		faults  func(b *plan.Batch) fault
		batches int // that delete records
		done    int
	}{
		{"permitted as one", func(*plan.Batch) fault { return none }, 1, 8},
		{"permitted by two statements", func(b *plan.Batch) fault {
			if b.Changes[0].Set.Name.String()[:1] != b.Changes[len(b.Changes)-1].Set.Name.String()[:1] {
				return denied
			}
			return none
		}, 3, 8},
		{"AWS does not answer", func(*plan.Batch) fault { return failing }, 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newRoute53(t)
			z := f.zone("Z1", "one.example")
			var wanted []plan.Wanted
			for i := range 8 {
				wanted = append(wanted, record(z, fmt.Sprintf("%c%d", 'a'+i/4, i), "NS", 60, "ns-1.awsdns-01.com"))
			}
			f.run(f.plan(true, wanted...), Options{})
			batches := 0
			f.faults = func(_ int, s plan.Step) fault {
				if s.Batch == nil || s.Batch.Statement != plan.StatementGone {
					return none
				}
				batches++
				return tt.faults(s.Batch)
			}
			r := f.run(f.plan(true), Options{})
			if got := r.Count(Done); got != tt.done || batches != tt.batches {
				t.Errorf("%d of 8 gone in %d batches; want %d in %d\n%s", got, batches, tt.done, tt.batches, states(r))
			}
		})
	}
}

// TestTrouble holds what becomes of single records when something is wrong.
func TestTrouble(t *testing.T) {
	www := estate.RecordSet{Name: dnsname.MustParse("b.one.example"), Type: "NS", TTL: 60, Values: []string{"theirs"}}
	three := func(z estate.Zone) []plan.Wanted {
		return []plan.Wanted{record(z, "a", "NS", 60, "1"), record(z, "b", "NS", 60, "2"), record(z, "c", "NS", 60, "3")}
	}
	all := "done a.one.example/NS\ndone b.one.example/NS\ndone c.one.example/NS\n"
	for _, tt := range []struct {
		name   string
		break_ func(f *route53)
		apart  []bool
		want   string
		left   bool   // whether a second plan has something to do
		second string // problems of the second plan
	}{
		{"nothing", func(*route53) {}, []bool{false, true}, all, false, ""},
		{"a bad unit is set aside, the rest goes through", func(f *route53) { f.poison = "2" }, []bool{false, true},
			"done a.one.example/NS\nfailed b.one.example/NS\ndone c.one.example/NS\nerror b.one.example/NS: could not create b.one.example/NS\n", true, ""},
		{"somebody made the record meanwhile", func(f *route53) {
			f.before = func(call int) {
				if call == 0 {
					f.stranger("Z1", www)
				}
			}
		}, []bool{false, true}, "done a.one.example/NS\nfailed b.one.example/NS\ndone c.one.example/NS\n" +
			"error stale b.one.example/NS: b.one.example NS was changed meanwhile: it stands as theirs\n", false, "conflict"},
		{"the answer was lost", func(f *route53) {
			f.faults = func(call int, _ plan.Step) fault { return map[int]fault{0: lost}[call] }
		}, []bool{false, true}, all, false, ""},
		{"the second answer was lost", func(f *route53) {
			f.faults = func(call int, _ plan.Step) fault { return map[int]fault{1: lost}[call] }
		}, []bool{true}, all, false, ""},
		{"somebody else changed our ledger", func(f *route53) {
			f.before = func(call int) {
				if call == 0 {
					z := f.zones["Z1"]
					f.stranger("Z1", estate.RecordSet{Name: plan.LedgerName(z.Name, owner, 0), Type: "TXT", TTL: 60, Values: []string{`"NS other"`}})
				}
			}
		}, []bool{false, true}, all, true, ""},
		{"no permission", func(f *route53) {
			f.faults = func(int, plan.Step) fault { return denied }
		}, []bool{false, true}, "failed a.one.example/NS\nfailed b.one.example/NS\nfailed c.one.example/NS\n" +
			"error a.one.example/NS: could not create a.one.example/NS\nerror b.one.example/NS: could not create b.one.example/NS\nerror c.one.example/NS: could not create c.one.example/NS\n", true, ""},
		{"no permission for the records, but for the ledger", func(f *route53) {
			f.faults = func(_ int, s plan.Step) fault {
				if s.Batch.Statement != plan.StatementLedger {
					return denied
				}
				return none
			}
		}, []bool{true}, "failed a.one.example/NS\nfailed b.one.example/NS\nfailed c.one.example/NS\n" +
			"error a.one.example/NS: could not create a.one.example/NS\nerror b.one.example/NS: could not create b.one.example/NS\nerror c.one.example/NS: could not create c.one.example/NS\n", true, ""},
	} {
		for _, apart := range tt.apart {
			t.Run(fmt.Sprintf("%s, apart %v", tt.name, apart), func(t *testing.T) {
				f := newRoute53(t)
				wanted := three(f.zone("Z1", "one.example"))
				p := f.plan(apart, wanted...)
				tt.break_(f)
				if got := states(f.run(p, Options{})); got != tt.want {
					t.Errorf("ended as\n%swant\n%s", got, tt.want)
				}
				second := f.plan(apart, wanted...)
				var codes []string
				for _, d := range second.Diagnostics {
					codes = append(codes, d.Code)
				}
				if second.Empty() == tt.left || strings.Join(codes, " ") != tt.second {
					t.Errorf("a second plan has %d changes, problems %v", len(second.Changes), codes)
				}
				if have, ok := f.records.Get(estate.RecordKey("Z1", www.Name, "NS", "")); ok && f.foreign[have.Key()] && !slices.Equal(have.Values, www.Values) {
					t.Errorf("somebody else's record was overwritten: %v", have.Values)
				}
				l := plan.ReadLedger(f.estate(), f.zones["Z1"], owner)
				for _, e := range l.Entries() {
					name := strings.TrimPrefix(e, "NS ") + ".one.example"
					have, ok := f.records.Get(estate.RecordKey("Z1", dnsname.MustParse(name), "NS", ""))
					if e != "NS other" && (!ok || f.foreign[have.Key()]) {
						t.Errorf("the ledger claims %q, and what stands is %v", e, have.Values)
					}
				}
			})
		}
	}
}

// TestUpdates holds that what is changed is deleted as it stands, and that a
// stale one is reported and not overwritten.
func TestUpdates(t *testing.T) {
	for _, apart := range []bool{false, true} {
		f := newRoute53(t)
		z := f.zone("Z1", "one.example")
		if r := f.run(f.plan(apart, record(z, "a", "A", 60, "1"), record(z, "b", "A", 60, "2"), record(z, "c", "A", 60, "3")), Options{}); !r.Complete() {
			t.Fatal(states(r))
		}
		p := f.plan(apart, record(z, "a", "A", 60, "9"), record(z, "b", "A", 60, "9"))
		b, _ := f.records.Get(estate.RecordKey("Z1", dnsname.MustParse("b.one.example"), "A", ""))
		b.TTL = 7
		f.records.Put(b)
		want := "done a.one.example/A\nfailed b.one.example/A\ndone records/one.example/c/A\n" +
			"error stale b.one.example/A: b.one.example A was changed meanwhile: it stands as 2\n"
		if got := states(f.run(p, Options{})); got != want {
			t.Errorf("apart %v: ended as\n%swant\n%s", apart, got, want)
		}
		if have, _ := f.records.Get(b.Key()); have.TTL != 7 {
			t.Errorf("apart %v: the stale record was overwritten", apart)
		}
		if l := plan.ReadLedger(f.estate(), z, owner); strings.Join(l.Entries(), ", ") != "A a, A b" {
			t.Errorf("apart %v: the ledger holds %q", apart, l.Entries())
		}
	}
}

// TestLinger holds that a batch waits for changes that are about to be ready,
// and not for those that are not.
func TestLinger(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(c *plan.Change)
		batches int
		done    time.Duration // at most
	}{
		{"ready at once", func(*plan.Change) {}, 1, latency},
		{"ready after a call under way", func(c *plan.Change) { c.Needs = []plan.Dependency{done("t")} }, 1, 2 * latency},
		{"ready after a change is in effect", func(c *plan.Change) { c.Needs = []plan.Dependency{settled("t")} }, 2, 2 * time.Minute},
		{"ready after a deadline", func(c *plan.Change) { c.NotBefore = start.Add(time.Hour) }, 2, time.Hour + time.Second},
	} {
		f := newRoute53(t)
		z := f.zone("Z1", "one.example")
		p := f.plan(false, record(z, "a", "A", 60, "1"), record(z, "b", "A", 60, "1"))
		tt.change(&p.Changes[1])
		p.Changes = append(p.Changes, tagging("t"))
		r := f.run(p, Options{Wait: true})
		if took := f.clock.Now().Sub(start); !r.Complete() || len(f.batches) != tt.batches || took > tt.done {
			t.Errorf("%s: %d batches, want %d; took %s, at most %s\n%s", tt.name, len(f.batches), tt.batches, took, tt.done, states(r))
		}
	}
}

// TestSameCourse holds that a run takes the same course every time.
func TestSameCourse(t *testing.T) {
	var first string
	for range 20 {
		f := newRoute53(t)
		var wanted []plan.Wanted
		for n := range 6 {
			z := f.zone(fmt.Sprint("Z", n), fmt.Sprintf("zone%d.example", n))
			for m := range 3 {
				w := record(z, fmt.Sprint("r", m), "A", 60, "1")
				if m > 0 {
					w.After = []plan.Dependency{{Address: wanted[len(wanted)-1].Address, Settled: m == 2}}
				}
				wanted = append(wanted, w)
			}
		}
		r := f.run(f.plan(false, wanted...), Options{Wait: true})
		if !r.Complete() {
			t.Fatal(states(r))
		}
		slices.Sort(f.log) // calls of one instant in several zones are side by side
		course := strings.Join(f.log, "\n") + f.clock.Now().String()
		if first == "" {
			first = course
		}
		if course != first {
			t.Fatalf("another course\n%s\nthan\n%s", course, first)
		}
	}
}
