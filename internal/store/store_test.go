package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/history"
)

var start = time.Date(2026, 11, 30, 15, 0, 0, 0, time.UTC)

func mustAppend(t testing.TB, s *Store, entries ...history.Entry) {
	t.Helper()
	if err := s.Append(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
}

func mustFind(t testing.TB, s *Store, q history.Query) history.Page {
	t.Helper()
	page, err := s.History(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func change(id string, at time.Time) history.Entry {
	return history.Entry{ID: id, Time: at, Kind: history.Change}
}

func ids(entries []history.Entry) string {
	var out []string
	for _, e := range entries {
		out = append(out, e.ID)
	}
	return strings.Join(out, " ")
}

// TestWhole: what is kept comes back as it was, from another process too.
func TestWhole(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		full := history.Entry{
			ID: "r-1", Time: start.Add(time.Microsecond), Kind: history.Change, Action: "update", Outcome: "failed", Subject: `the record "a" 'b'`,
			Name: dnsname.MustParse(`*.a\056b.example.com`), Zone: dnsname.MustParse("example.com"), Account: "111111111111", Region: "eu-west-1",
			Resource: "arn:aws:route53:::hostedzone/Z1", Address: "delegations/example.com/zone", Before: "1", After: "ü; DROP TABLE x --",
			By: "arn:aws:iam::000000000001:user/admin", Event: "e-1", Reason: "why", Call: "C1", Replica: "a", Run: "r",
		}
		gap := history.Entry{ID: "r-2", Time: start.Add(time.Minute), Kind: history.Gap, From: start, Lost: 7}
		same := history.Entry{ID: "r-3", Time: start.Add(time.Hour), Kind: history.Event, Name: dnsname.MustParse("example.com"), Zone: dnsname.MustParse("example.com")}
		mustAppend(t, p.open(t, wall), full, gap, same)
		got := mustFind(t, p.open(t, wall), history.Query{}).Entries
		if want := []history.Entry{same, gap, full}; !slices.Equal(got, want) {
			t.Errorf("kept\n%+v\nwant\n%+v", got, want)
		}
	})
}

// TestInSync: a change that is told to be in effect is told so with all of its
// batch, wherever it was told; others are not.
func TestInSync(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := p.open(t, wall)
		call := func(id, call, action string, after time.Duration) history.Entry {
			e := change(id, start.Add(after))
			e.Call, e.Action = call, action
			e.Name = dnsname.MustParse(id + ".example.com")
			return e
		}
		a, b := call("a", "C1", "create", 0), call("b", "C1", "delete", 0)
		c, none := call("c", "C2", "create", 0), call("d", "", "create", 0)
		told, again := call("a-told", "C1", history.InSync, time.Minute), call("a-again", "C1", history.InSync, time.Hour)
		mustAppend(t, s, a, b, c, none, call("other", "", history.InSync, time.Minute))
		mustAppend(t, p.open(t, wall), told, again)
		for _, e := range []*history.Entry{&a, &b} {
			e.InSync = told.Time
		}
		for _, want := range []history.Entry{a, b, c, none, told} {
			if got := mustFind(t, s, history.Query{Name: want.Name}).Entries; !slices.Equal(got, []history.Entry{want}) {
				t.Errorf("%s: kept\n%+v\nwant\n%+v", want.ID, got, want)
			}
		}
	})
}

// TestUnclean: nothing that an entry can hold is refused, else it would stand in
// the way of all that come after.
func TestUnclean(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := p.open(t, wall)
		mustAppend(t, s, history.Entry{}, history.Entry{Before: "a\x00\xff", After: strings.Repeat("x", 1<<20)}, history.Entry{Name: dnsname.Root})
		got := mustFind(t, s, history.Query{}).Entries
		if len(got) != 3 || got[1].Before != "a\uFFFD\uFFFD" || got[0].Name != dnsname.Root || got[0].ID == "" || got[0].ID == got[1].ID {
			t.Errorf("kept %.200q", fmt.Sprint(got))
		}
	})
}

// TestOnce: an entry is kept once however often it is sent.
func TestOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := p.open(t, wall)
		mustAppend(t, s, change("1", start), change("2", start), change("1", start))
		mustAppend(t, s, change("2", start), change("3", start))
		if got := ids(mustFind(t, s, history.Query{}).Entries); got != "3 2 1" {
			t.Errorf("kept %s", got)
		}
	})
}

// TestMany: more than one statement takes is kept together or not at all.
func TestMany(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := p.open(t, wall)
		var entries []history.Entry
		for n := range 5*maxRows + 1 {
			entries = append(entries, change(fmt.Sprint(n), start.Add(time.Duration(n)*time.Second)))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Append(ctx, entries...); !errors.Is(err, context.Canceled) {
			t.Errorf("a call that was called off says %v", err)
		}
		mustAppend(t, s, entries...)
		page := mustFind(t, s, history.Query{Limit: 10_000})
		if len(page.Entries) != len(entries) || !page.Next.IsZero() {
			t.Errorf("kept %d of %d", len(page.Entries), len(entries))
		}
		if page := mustFind(t, s, history.Query{}); len(page.Entries) != history.DefaultLimit || page.Next.IsZero() {
			t.Errorf("a page has %d, and next is %v", len(page.Entries), page.Next)
		}
	})
}

// TestGaps: who asks for some entries is told that others were lost, in the
// times asked for.
func TestGaps(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := p.open(t, wall)
		www := dnsname.MustParse("www.example.com")
		mustAppend(t, s,
			history.Entry{ID: "www", Time: start, Kind: history.Change, Name: www, Account: "111111111111"},
			history.Entry{ID: "other", Time: start, Kind: history.Change},
			history.Entry{ID: "gap", Time: start.Add(time.Hour), Kind: history.Gap, From: start.Add(time.Minute), Lost: 3})
		for _, x := range []struct {
			q    history.Query
			want string
		}{
			{history.Query{Name: www}, "gap www"},
			{history.Query{Account: "111111111111"}, "gap www"},
			{history.Query{Kind: history.Change}, "gap other www"},
			{history.Query{Kind: history.Gap}, "gap"},
			{history.Query{Kind: history.Event}, "gap"},
			{history.Query{Name: www, Limit: 1}, "gap"},
			{history.Query{Name: www, Until: start.Add(time.Minute)}, "www"},
			{history.Query{Name: www, Until: start.Add(2 * time.Minute)}, "gap www"},
			{history.Query{Name: www, Since: start.Add(30 * time.Minute)}, "gap"},
			{history.Query{Name: www, Since: start.Add(2 * time.Hour)}, ""},
		} {
			if got := ids(mustFind(t, s, x.q).Entries); got != x.want {
				t.Errorf("%+v gives %q, want %q", x.q, got, x.want)
			}
		}
	})
}

// TestIndexes: a question is answered by an index made for it, not by reading a
// history of months.
func TestIndexes(t *testing.T) {
	s := place{address: filepath.Join(t.TempDir(), "history.db")}.open(t, wall)
	mustAppend(t, s)
	www := dnsname.MustParse("www.example.com")
	for _, x := range []struct {
		q     history.Query
		how   string // the whole index in its order, or a part of it
		index string
	}{
		{history.Query{}, "SCAN", "at"},
		{history.Query{Since: start, Older: history.Cursor{At: start, Seq: 1}}, "SEARCH", "at"},
		{history.Query{Name: www}, "SEARCH", "name"},
		{history.Query{Name: www, Below: true}, "SEARCH", "name"},
		{history.Query{Account: "111111111111"}, "SEARCH", "account"},
		{history.Query{Kind: history.Gap}, "SCAN", "gap"},
	} {
		statement, args := selection(x.q)
		steps := explained(t, s, statement, args)
		if want := x.how + " orgdns_history USING INDEX orgdns_history_" + x.index; steps[0] != want && !strings.HasPrefix(steps[0], want+" (") {
			t.Errorf("%+v is answered by %s, want %s", x.q, steps[0], want)
		}
		if want := "SEARCH s USING COVERING INDEX orgdns_history_insync (change_id=?)"; !slices.Contains(steps, want) {
			t.Errorf("when a change was in effect is answered by %q, want %s", steps, want)
		}
	}
}

// explained are the steps by which SQLite answers a statement.
func explained(t *testing.T, s *Store, statement string, args []any) []string {
	t.Helper()
	rows, err := s.db.Query("EXPLAIN QUERY PLAN "+statement, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		if err := rows.Scan(&id, &parent, &unused, &step); err != nil {
			t.Fatal(err)
		}
		out = append(out, step)
	}
	if err := rows.Err(); err != nil || len(out) == 0 {
		t.Fatalf("%q: %v", out, err)
	}
	return out
}

// TestNothing: reading makes nothing, and says that there is nothing.
func TestNothing(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := p.open(t, wall)
		if _, err := s.History(t.Context(), history.Query{}); !errors.Is(err, ErrNone) {
			t.Errorf("reading says %v", err)
		}
		if n, err := s.Prune(t.Context(), start); n != 0 || err != nil {
			t.Errorf("pruning removes %d: %v", n, err)
		}
		if there, err := s.kind.there(t.Context(), s.db); there || err != nil {
			t.Errorf("reading made a history (%v)", err)
		}
	})
}

func TestExpire(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		mark := "?"
		if strings.Contains(p.address, "?") {
			mark = "&"
		}
		for suffix, want := range map[string]string{"": "3 2", mark + "retain=1d": "3"} {
			s := place{address: p.address + suffix}.open(t, clock.NewVirtual(start))
			mustAppend(t, s, change("1", start.Add(-history.Retention-time.Microsecond)), change("2", start.Add(-history.Retention)), change("3", start.Add(-24*time.Hour)))
			if err := s.Expire(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := ids(mustFind(t, s, history.Query{}).Entries); got != want {
				t.Errorf("after Expire of %q there is %s, want %s", suffix, got, want)
			}
		}
	})
}

// TestPruneMany: what goes in several transactions goes whole.
func TestPruneMany(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := p.open(t, wall)
		var entries []history.Entry
		for n := range pruned + 2 {
			entries = append(entries, change(fmt.Sprint(n), start.Add(time.Duration(n)*time.Second)))
		}
		mustAppend(t, s, entries...)
		if n, err := s.Prune(t.Context(), entries[pruned+1].Time); n != pruned+1 || err != nil {
			t.Errorf("removed %d (%v), want %d", n, err, pruned+1)
		}
		if got := ids(mustFind(t, s, history.Query{}).Entries); got != fmt.Sprint(pruned+1) {
			t.Errorf("left %s", got)
		}
	})
}

// TestVersion1: a history that an older orgdns made is carried over.
func TestVersion1(t *testing.T) {
	old, err := os.ReadFile("testdata/version1.sql")
	if err != nil {
		t.Fatal(err)
	}
	everywhere(t, func(t *testing.T, p place) {
		s := p.open(t, wall)
		if err := s.kind.create(); err != nil {
			t.Fatal(err)
		}
		for statement := range strings.SplitSeq(string(old), ";\n") {
			var args []any
			if strings.Contains(statement, "$1") { // there is no way of writing bytes that both take
				args = append(args, []byte("com.example.www."))
			}
			if _, err := s.db.Exec(strings.Replace(statement, "SERIAL", s.kind.number(), 1), args...); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
		s = p.open(t, wall)
		want := history.Entry{
			ID: "old-1", Time: time.UnixMicro(1764514800000001).UTC(), Kind: history.Change, Action: "create", Outcome: "done", Subject: "www.example.com A",
			Name: dnsname.MustParse("www.example.com"), Zone: dnsname.MustParse("example.com"), Account: "111111111111", Resource: "Z1", Address: "a/b",
			After: "192.0.2.1 (TTL 300)", By: "arn:aws:iam::000000000001:user/admin", Replica: "a", Run: "r1",
		}
		got := mustFind(t, s, history.Query{Name: dnsname.MustParse("example.com"), Below: true}).Entries
		if !slices.Equal(got, []history.Entry{want}) {
			t.Errorf("kept\n%+v\nwant\n%+v", got, want)
		}
		gap := history.Entry{ID: "new", Time: start, Kind: history.Gap, From: start.Add(-time.Hour), Lost: 2}
		mustAppend(t, s, gap)
		if got := mustFind(t, p.open(t, wall), history.Query{Kind: history.Gap}).Entries; !slices.Equal(got, []history.Entry{gap}) {
			t.Errorf("kept %+v, want %+v", got, gap)
		}
		var n int
		if err := s.db.QueryRow("SELECT COUNT(*) FROM " + versions).Scan(&n); err != nil || n != len(migrations) {
			t.Errorf("it went through %d versions (%v), want %d", n, err, len(migrations))
		}
	})
}

// TestNewer: a history that a newer orgdns made is left alone.
func TestNewer(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		s := p.open(t, wall)
		mustAppend(t, s)
		if _, err := s.db.Exec("INSERT INTO " + versions + " VALUES (99)"); err != nil {
			t.Fatal(err)
		}
		s = p.open(t, wall)
		_, err := s.History(t.Context(), history.Query{})
		for _, err := range []error{err, s.Append(t.Context(), history.Entry{})} {
			if err == nil || !strings.Contains(err.Error(), "a newer orgdns made it (version 99") {
				t.Errorf("the error is %v", err)
			}
		}
	})
}

// TestOutage: with the store gone, a recorder goes on; when it is back, the gap
// is told.
func TestOutage(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		if p.down == nil {
			t.Skip("the server of ORGDNS_POSTGRES is not ours to stop")
		}
		if runtime.GOOS == "windows" {
			t.Skip("a folder with an open file cannot be moved away")
		}
		c := clock.NewVirtual(start)
		defer c.Enter()()
		for _, opened := range []string{"before", "while the store is down"} {
			if opened != "before" {
				if err := p.down(); err != nil {
					t.Fatal(err)
				}
			}
			s := p.open(t, c)
			if opened == "before" {
				mustAppend(t, s)
				s.Close()
				s = p.open(t, c)
				if err := p.down(); err != nil {
					t.Fatal(err)
				}
			}
			r := history.NewRecorder(t.Context(), c, s, history.Options{ID: opened, Queue: 2})
			for range 5 {
				r.Record(history.Entry{Kind: history.Event, Run: opened})
				if err := c.Sleep(t.Context(), time.Minute); err != nil {
					t.Fatal(err)
				}
			}
			if got := r.Counts(); got.Lost != 3 || got.Err == nil {
				t.Errorf("opened %s: counts are %+v", opened, got)
			}
			if err := p.up(); err != nil {
				t.Fatal(err)
			}
			if err := c.Sleep(t.Context(), time.Minute); err != nil {
				t.Fatal(err)
			}
			if err := r.Close(t.Context()); err == nil {
				t.Error("nothing was lost")
			}
			got := mustFind(t, s, history.Query{Limit: 3}).Entries
			if len(got) != 3 || got[0].Kind != history.Gap || got[0].Lost != 3 || got[0].Time.Sub(got[0].From) != 2*time.Minute || got[1].Run != opened || got[2].Run != opened {
				t.Errorf("opened %s: kept %+v", opened, got)
			}
		}
	})
}

// TestFull: a file that cannot grow loses entries and nothing else, and tells so
// when it can.
func TestFull(t *testing.T) {
	c := clock.NewVirtual(start)
	defer c.Enter()()
	s := place{address: filepath.Join(t.TempDir(), "history.db")}.open(t, c)
	mustAppend(t, s)
	limit := func(pages int) {
		if _, err := s.db.Exec(fmt.Sprintf("PRAGMA max_page_count = %d", pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // SQLite takes the size that it has
	r := history.NewRecorder(t.Context(), c, s, history.Options{ID: "a", Queue: 10})
	for range 20 {
		r.Record(history.Entry{Kind: history.Event, Reason: strings.Repeat("x", 8000)})
	}
	if err := c.Sleep(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	if got := r.Counts(); got.Lost != 10 || got.Err == nil || !strings.Contains(got.Err.Error(), "full") {
		t.Errorf("counts are %+v", got)
	}
	limit(1 << 20)
	if err := c.Sleep(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	_ = r.Close(t.Context())
	got := mustFind(t, s, history.Query{}).Entries
	if len(got) != 11 || !slices.ContainsFunc(got, func(e history.Entry) bool { return e.Kind == history.Gap && e.Lost == 10 }) {
		t.Errorf("kept %d entries", len(got))
	}
}

// TestProcesses: several processes begin one history at once, and none of them
// loses anything.
func TestProcesses(t *testing.T) {
	everywhere(t, func(t *testing.T, p place) {
		const processes = 4
		var running []*exec.Cmd
		var said [processes]strings.Builder
		for n := range processes {
			c := exec.Command(os.Args[0])
			c.Env = append(os.Environ(), "STORE_APPEND_TO="+p.address, fmt.Sprintf("STORE_REPLICA=%d", n))
			c.Stderr = &said[n]
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			running = append(running, c)
		}
		for n, c := range running {
			if err := c.Wait(); err != nil {
				t.Errorf("%v: %s", err, said[n].String())
			}
		}
		next := map[string]int{}
		for _, e := range slices.Backward(mustFind(t, p.open(t, wall), history.Query{Limit: 1000}).Entries) {
			if e.Subject != fmt.Sprint(next[e.Replica]) {
				t.Fatalf("of %s there is %s where %d comes next", e.Replica, e.Subject, next[e.Replica])
			}
			next[e.Replica]++
		}
		for n := range processes {
			if got := next[fmt.Sprint(n)]; got != perProcess {
				t.Errorf("process %d has %d entries, want %d", n, got, perProcess)
			}
		}
	})
}

// model answers a query from a list of entries in the order in which they were
// kept: what History must give, in other words.
func model(kept []history.Entry, q history.Query) []history.Entry {
	var out []history.Entry
	for _, e := range slices.Backward(kept) {
		began := e.Time
		if e.Kind == history.Gap {
			began = e.From
		}
		inTime := !e.Time.Before(q.Since) && (q.Until.IsZero() || began.Before(q.Until))
		asked := (q.Name.IsZero() || e.Name == q.Name || q.Below && !e.Name.IsZero() && e.Name.Under(q.Name)) &&
			(q.Account == "" || e.Account == q.Account) && (q.Kind == "" || e.Kind == q.Kind)
		if inTime && (asked || e.Kind == history.Gap) {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b history.Entry) int { return b.Time.Compare(a.Time) })
	return out
}

// TestAny: whatever is kept, in whatever order and by whichever of two
// replicas, pages give what was asked for, each entry once; and what is pruned
// is what is old.
func TestAny(t *testing.T) {
	names := []dnsname.Name{{}, dnsname.Root}
	for _, n := range []string{"example.com", "a.example.com", "b.a.example.com", "*.a.example.com", "a-b.example.com", "ab.example.com", `a\056b.example.com`, `\377.a.example.com`, "example.org", "com"} {
		names = append(names, dnsname.MustParse(n))
	}
	accounts := []estate.AccountID{"", "111111111111", "222222222222"}
	at := rapid.Custom(func(t *rapid.T) time.Time {
		return start.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "at")) * time.Second)
	})
	everywhere(t, func(t *testing.T, p place) {
		replicas := []*Store{p.open(t, wall), p.open(t, wall)}
		serial := 0
		rapid.Check(t, func(rt *rapid.T) {
			if _, err := replicas[0].Prune(t.Context(), start.AddDate(1, 0, 0)); err != nil {
				rt.Fatal(err)
			}
			var kept []history.Entry
			for range rapid.IntRange(1, 6).Draw(rt, "calls") {
				var entries []history.Entry
				for range rapid.IntRange(1, 8).Draw(rt, "entries") {
					serial++
					e := history.Entry{
						ID: fmt.Sprint(serial), Time: at.Draw(rt, "time"), Kind: rapid.SampledFrom(history.Kinds).Draw(rt, "kind"),
						Name: rapid.SampledFrom(names).Draw(rt, "name"), Account: rapid.SampledFrom(accounts).Draw(rt, "account"),
					}
					if e.Kind == history.Gap {
						e.From, e.Lost = e.Time.Add(-time.Duration(rapid.IntRange(0, 9).Draw(rt, "span"))*time.Second), 1
					}
					entries = append(entries, e)
				}
				mustAppend(t, replicas[rapid.IntRange(0, 1).Draw(rt, "replica")], entries...)
				kept = append(kept, entries...)
			}
			for range 5 {
				q := history.Query{
					Name: rapid.SampledFrom(names).Draw(rt, "asked"), Below: rapid.Bool().Draw(rt, "below"), Account: rapid.SampledFrom(accounts).Draw(rt, "of"),
					Kind: rapid.SampledFrom(append([]history.Kind{"", ""}, history.Kinds...)).Draw(rt, "kinds"), Limit: rapid.IntRange(1, 9).Draw(rt, "limit"),
				}
				if rapid.Bool().Draw(rt, "bounded") {
					q.Since, q.Until = at.Draw(rt, "since").Add(-1), at.Draw(rt, "until").Add(1)
				}
				want, got := model(kept, q), []history.Entry(nil)
				for more := q; ; {
					page := mustFind(t, replicas[rapid.IntRange(0, 1).Draw(rt, "reader")], more)
					if len(page.Entries) > q.Limit || len(page.Entries) == 0 && len(got) > 0 {
						rt.Fatalf("%+v gives a page of %d", q, len(page.Entries))
					}
					got = append(got, page.Entries...)
					if more.Older = page.Next; page.Next.IsZero() {
						break
					}
				}
				if !slices.Equal(got, want) {
					rt.Fatalf("%+v gives\n%s\nwant\n%s", q, ids(got), ids(want))
				}
			}
			before := at.Draw(rt, "before")
			left := slices.DeleteFunc(slices.Clone(kept), func(e history.Entry) bool { return e.Time.Before(before) })
			if n, err := replicas[1].Prune(t.Context(), before); err != nil || n != len(kept)-len(left) {
				rt.Fatalf("Prune removed %d (%v), want %d", n, err, len(kept)-len(left))
			}
			if got := mustFind(t, replicas[0], history.Query{Limit: 1000}).Entries; !slices.Equal(got, model(left, history.Query{})) {
				rt.Fatalf("Prune left %s", ids(got))
			}
		})
	})
}

// TestAddress: what cannot be an address is refused, and no password is told.
func TestAddress(t *testing.T) {
	for address, want := range map[string]string{
		"":                                       "it names no file",
		"?retain=1d":                             "it names no file",
		"mysql://u:hush@db/x":                    "not mysql://…",
		"history.db?retain=soon":                 `"soon" is no span of time`,
		"history.db?retain=":                     "is no span of time",
		"history.db?mode=ro":                     "mode is not known",
		"history.db?%zz":                         "invalid URL escape",
		"postgres://u:hu%zsh@db/x":               "it is not a URL",
		"postgres://u:hush@db:port/x":            "it is not a URL",
		"postgres://u:hush@db/x?retain=x":        "is no span of time",
		"postgres://u:hush@db/x?sslmode=hushed":  "sslmode",
		"postgres://u@db/x?password=hush&port=0": "port",
	} {
		_, err := Open(address, wall)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush@") || strings.Contains(err.Error(), "=hush&") {
			t.Errorf("%s: the error is %v, want one with %q", address, err, want)
		}
	}
	for address, want := range map[string]string{
		"postgres://u:hush@db.example.com:5433/x?retain=1d&sslmode=disable": "postgres://u@db.example.com:5433/x",
		"postgresql:///x?user=u&password=hush":                              "postgresql:///x",
		"/tmp/history.db?retain=30d":                                        "/tmp/history.db",
	} {
		s, err := Open(address, wall)
		if err != nil || s.String() != want {
			t.Errorf("%s is shown as %v (%v), want %s", address, s, err, want)
		}
	}
	s, err := Open("postgres://u:hush@127.0.0.1:1/x", wall)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Append(t.Context(), history.Entry{}); err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "postgres://u@127.0.0.1:1/x: cannot be written") {
		t.Errorf("a server that is not there: %v", err)
	}
}

func TestFileIsPrivate(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	path := filepath.Join(t.TempDir(), "history.db")
	s := place{address: path}.open(t, wall)
	mustAppend(t, s, history.Entry{})
	for _, f := range []string{path, path + "-wal"} {
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", f, info.Mode())
		}
	}
}
