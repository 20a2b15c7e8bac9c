package plan

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Ledger lists the records of one zone that one owner made, where records can
// carry no mark of their own. It stands in the zone itself as TXT record sets
// _orgdns-<owner hash>[-<n>], each owner with sets of its own, so that two
// owners never rewrite the same set. An entry is an identity, never content;
// it is a claim, written before the record and withdrawn after it.
type Ledger struct {
	Zone     Value            `json:"zone"` // ID
	ZoneName dnsname.Name     `json:"zoneName"`
	Account  estate.AccountID `json:"account"`
	Owner    string           `json:"owner"`
	// Apart: the ledger is written in batches of its own, under a statement
	// of its own.
	Apart bool `json:"apart,omitempty"`
	// Sets are the entries as they stand, by number of the set, from 0.
	Sets map[int][]string `json:"sets,omitempty"`
	// Odd are the sets that stand in another form than we write: somebody
	// edited them. They are deleted as they stand.
	Odd map[int]estate.RecordSet `json:"odd,omitempty"`
	// others are the reservations of other owners in the zone.
	others reserved
}

const (
	// ledgerSetSize bounds the characters of a set: a change to it costs
	// DELETE + CREATE, and a batch holds 32,000 (settled point 1).
	ledgerSetSize = 8000
	// ledgerTTL is short, since resolvers have no use for it.
	ledgerTTL = 60
	// longEntry is the length from which an entry is hashed.
	longEntry = 23
	// valueSize bounds one value: 4,000 characters (ResourceRecordTypes, TXT).
	valueSize = 4000
)

// LedgerPrefix starts the first label of every ledger set.
const LedgerPrefix = "_orgdns-"

// ledgerLabel is the first label of an owner's set 0.
func ledgerLabel(owner string) string { return LedgerPrefix + hash(owner, 10) }

// hasLedger reports whether the zone's name leaves room for the names of
// ledger sets, as many as a zone may need.
func hasLedger(zone dnsname.Name, owner string) bool { return !LedgerName(zone, owner, 99).IsZero() }

// LedgerName is the name of set n; none in a zone whose own name is too long.
func LedgerName(zone dnsname.Name, owner string, n int) dnsname.Name {
	label := ledgerLabel(owner)
	if n > 0 {
		label += "-" + strconv.Itoa(n)
	}
	name, _ := zone.Child(label)
	return name
}

// Entry is the identity of a record in its ledger.
func Entry(zone, name dnsname.Name, rrtype, setID string) string {
	e := rrtype + " " + name.Relative(zone)
	if setID != "" {
		e += " " + setID
	}
	if len(e) > longEntry || strings.ContainsFunc(e, func(c rune) bool { return c < ' ' || c > '~' || c == '"' || c == '\\' }) {
		e = "#" + hash(e, longEntry-1)
	}
	return e
}

// ReadLedger reads the ledger of an owner out of a zone whose records were
// read. A set that somebody else damaged counts as far as it can be read.
func ReadLedger(e estate.Estate, z estate.Zone, owner string) Ledger {
	l := Ledger{Zone: Lit(z.ID), ZoneName: z.Name, Account: z.Account, Owner: owner, Sets: map[int][]string{}}
	if !hasLedger(z.Name, owner) {
		return l
	}
	all := estate.RecordsBelow(z.ID, LedgerName(z.Name, owner, 0))
	for rec := range e.Records.Prefix(all[:strings.LastIndex(all, LedgerPrefix)+len(LedgerPrefix)]) {
		n, own := ledgerNumber(rec.Name, z.Name, ledgerLabel(owner))
		switch {
		case rec.Type != "TXT":
		case own:
			l.stands(n, rec)
		default:
			for _, v := range rec.Values {
				for _, entry := range unquote(v) {
					l.others.add(z.Name, entry)
				}
			}
		}
	}
	return l
}

// stands takes a set as it stands.
func (l *Ledger) stands(n int, rec estate.RecordSet) {
	var entries []string
	for _, v := range rec.Values {
		entries = append(entries, unquote(v)...)
	}
	slices.Sort(entries)
	l.Sets[n] = entries
	if delete(l.Odd, n); !rec.Same(*l.recordSet(rec.Zone, n, entries)) {
		if l.Odd == nil {
			l.Odd = map[int]estate.RecordSet{}
		}
		l.Odd[n] = rec
	}
}

func ledgerNumber(name, zone dnsname.Name, label string) (int, bool) {
	rel := name.Relative(zone)
	if rel == label {
		return 0, true
	}
	num, ok := strings.CutPrefix(rel, label+"-")
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(num)
	return n, err == nil && n > 0 && strconv.Itoa(n) == num
}

// IsLedger reports whether a record belongs to some owner's ledger.
func IsLedger(r estate.RecordSet) bool { return r.Type == "TXT" && IsLedgerName(r.Name) }

// IsLedgerName reports whether a name is of the form that ledgers have.
func IsLedgerName(n dnsname.Name) bool { return strings.HasPrefix(n.String(), LedgerPrefix) }

// Has reports whether the ledger claims an identity.
func (l Ledger) Has(entry string) bool {
	for _, set := range l.Sets {
		if slices.Contains(set, entry) {
			return true
		}
	}
	return false
}

// Entries are all entries, sorted.
func (l Ledger) Entries() []string {
	var out []string
	for _, set := range l.Sets {
		out = append(out, set...)
	}
	slices.Sort(out)
	return out
}

// SetChange is a ledger set before and after; a nil side does not stand.
type SetChange struct {
	Name          dnsname.Name
	Before, After *estate.RecordSet
}

// Edit adds and withdraws entries. It gives the ledger that results and the
// sets that change, in as few sets and characters as it can: withdrawals
// rewrite the set that holds them, additions fill the sets that are rewritten
// anyway, then the last one, then new ones.
func (l Ledger) Edit(zoneID string, add, withdraw []string) (Ledger, []SetChange) {
	next := l
	next.Sets, next.Odd = map[int][]string{}, maps.Clone(l.Odd)
	touched, sizes, has, gone := map[int]bool{}, map[int]int{}, map[string]bool{}, map[string]bool{}
	for _, e := range withdraw {
		gone[e] = true
	}
	for n, set := range l.Sets {
		kept := slices.DeleteFunc(slices.Clone(set), func(e string) bool { return gone[e] })
		touched[n], sizes[n] = len(kept) != len(set), ledgerSize(kept...)
		next.Sets[n] = kept
		for _, e := range kept {
			has[e] = true
		}
	}
	numbers := sortedInts(next.Sets)
	slices.SortStableFunc(numbers, func(a, b int) int { // rewritten sets first, then the last ones
		if touched[a] != touched[b] {
			if touched[a] {
				return -1
			}
			return 1
		}
		return b - a
	})
	if len(numbers) > 0 {
		rewritten := slices.IndexFunc(numbers, func(n int) bool { return !touched[n] })
		if rewritten < 0 {
			rewritten = len(numbers)
		}
		numbers = numbers[:min(len(numbers), rewritten+1)]
	}
	for _, e := range add {
		if has[e] {
			continue
		}
		has[e] = true
		i := slices.IndexFunc(numbers, func(n int) bool { return sizes[n]+ledgerSize(e) <= ledgerSetSize })
		if i < 0 {
			n := 0
			for _, taken := next.Sets[n]; taken; _, taken = next.Sets[n] {
				n++
			}
			numbers, i = append([]int{n}, numbers...), 0
		}
		n := numbers[i]
		next.Sets[n], touched[n] = append(next.Sets[n], e), true
		sizes[n] += ledgerSize(e)
	}
	var changes []SetChange
	for _, n := range sortedInts(touched) {
		if !touched[n] {
			continue
		}
		slices.Sort(next.Sets[n])
		c := SetChange{Name: LedgerName(l.ZoneName, l.Owner, n)}
		if old, stood := l.Sets[n]; stood {
			c.Before = l.recordSet(zoneID, n, old)
			if odd, ok := l.Odd[n]; ok {
				c.Before = &odd
				delete(next.Odd, n)
			}
		}
		if len(next.Sets[n]) == 0 {
			delete(next.Sets, n)
		} else {
			c.After = l.recordSet(zoneID, n, next.Sets[n])
		}
		changes = append(changes, c)
	}
	return next, changes
}

// Reread takes sets as they stand now, and reports whether that is news.
func (l Ledger) Reread(sets []SetChange, stands func(SetChange) (estate.RecordSet, bool)) (Ledger, bool) {
	next, news := l, false
	next.Sets, next.Odd = maps.Clone(l.Sets), maps.Clone(l.Odd)
	if next.Sets == nil {
		next.Sets = map[int][]string{}
	}
	for _, s := range sets {
		n, _ := ledgerNumber(s.Name, l.ZoneName, ledgerLabel(l.Owner))
		have, ok := stands(s)
		delete(next.Sets, n)
		delete(next.Odd, n)
		if ok {
			next.stands(n, have)
		}
		_, stood := l.Sets[n]
		odd, isOdd := next.Odd[n]
		news = news || ok != stood || !slices.Equal(next.Sets[n], l.Sets[n]) || isOdd && !odd.Same(l.Odd[n])
	}
	return next, news
}

func (l Ledger) recordSet(zoneID string, n int, entries []string) *estate.RecordSet {
	r := estate.RecordSet{
		Zone: zoneID, Name: LedgerName(l.ZoneName, l.Owner, n), Type: "TXT", TTL: ledgerTTL,
	}
	var v strings.Builder
	for _, e := range entries {
		if v.Len() > 0 && v.Len()+len(e)+3 > valueSize {
			r.Values = append(r.Values, v.String())
			v.Reset()
		}
		if v.Len() > 0 {
			v.WriteByte(' ')
		}
		fmt.Fprintf(&v, "%q", e)
	}
	r.Values = append(r.Values, v.String())
	return &r
}

func ledgerSize(entries ...string) int {
	size := 0
	for _, e := range entries {
		size += len(e) + 3
	}
	return size
}

// unquote splits a TXT value into its strings.
func unquote(v string) []string {
	var out []string
	for {
		start := strings.IndexByte(v, '"')
		if start < 0 {
			return out
		}
		end := strings.IndexByte(v[start+1:], '"')
		if end < 0 {
			return out
		}
		out = append(out, v[start+1:start+1+end])
		v = v[start+end+2:]
	}
}

func sortedInts[V any](m map[int]V) []int {
	out := make([]int, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
