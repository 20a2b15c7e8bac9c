// Package store keeps the history of package history: in a SQLite file, or in
// PostgreSQL where several replicas share one. Both have one schema, one way
// of migrating it, and one set of queries.
//
// Nothing of DNS rests on it. A store that is down is found out by whoever uses
// it, not by whoever opens it; package history's Recorder then goes on.
package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/history"
)

// ErrNone is the error of reading where no history was ever kept.
var ErrNone = errors.New("no history is kept there yet")

// Store is a history. Its methods may be called concurrently, and by several
// processes on one history.
type Store struct {
	db    *sql.DB
	kind  backend
	clock clock.Clock
	keep  time.Duration
	shown string // what it is called, without a password

	mu    sync.Mutex
	ready bool // the schema is this version's
}

// backend is what differs between databases.
type backend interface {
	// there reports whether there is a history; create makes the place for one,
	// without its tables, where that can be done.
	there(ctx context.Context, db *sql.DB) (bool, error)
	create() error
	// lock keeps other processes from migrating until the transaction ends.
	lock(ctx context.Context, tx *sql.Tx) error
	// busy reports whether another process was in the way, for a moment.
	busy(err error) bool
	// number is the type of a column that numbers rows in the order of insertion.
	number() string
}

// Open names a store: the path of a SQLite file, or postgres://…. Either may
// end in ?retain=AGE, as [history.ParseAge] reads it; without, entries are kept
// for [history.Retention]. It does not connect: the error is for an address
// that cannot be one.
func Open(address string, c clock.Clock) (*Store, error) {
	s := &Store{clock: c, keep: history.Retention}
	var err error
	switch scheme, _, isURL := strings.Cut(address, "://"); {
	case !isURL:
		err = s.openSQLite(address)
	case scheme == "postgres" || scheme == "postgresql":
		err = s.openPostgres(address)
	default:
		err = fmt.Errorf("it is the path of a SQLite file, or postgres://…, not %s://…", scheme)
	}
	if err != nil {
		return nil, fmt.Errorf("the address of the history: %w", err)
	}
	return s, nil
}

// retain takes the age out of the parameters of an address.
func (s *Store) retain(params url.Values) error {
	text := params.Get("retain")
	if !params.Has("retain") {
		return nil
	}
	params.Del("retain")
	d, err := history.ParseAge(text)
	if err != nil {
		return fmt.Errorf("retain: %w", err)
	}
	s.keep = d
	return nil
}

// Close ends its connections.
func (s *Store) Close() error { return s.db.Close() }

// String is its address as it may be shown.
func (s *Store) String() string { return s.shown }

func (s *Store) failed(what string, err error) error {
	return fmt.Errorf("history in %s: %s: %w", s.shown, what, err)
}

// columns are those of an entry, in the order of values and scan.
var columns = []string{
	"id", "at", "kind", "action", "outcome", "subject", "name", "name_key", "zone", "account", "region", "resource", "address",
	"value_before", "value_after", "asked_by", "event", "reason", "replica", "run", "began", "lost", "change_id",
}

func values(e history.Entry) []any {
	var key []byte // null: no name
	if !e.Name.IsZero() {
		key = append([]byte{}, e.Name.Key()...)
	}
	var began any
	if e.Kind == history.Gap {
		began = e.From.UnixMicro()
	}
	return []any{
		e.ID, e.Time.UnixMicro(), string(e.Kind), e.Action, e.Outcome, e.Subject, e.Name.String(), key, e.Zone.String(),
		string(e.Account), string(e.Region), e.Resource, e.Address, e.Before, e.After, e.By, e.Event, e.Reason, e.Replica, e.Run, began, e.Lost, e.Call,
	}
}

// maxRows is how many entries one statement inserts: few round trips to
// PostgreSQL, and few parameters, which SQLite's driver finds by search.
const maxRows = 25

// Append keeps entries, in this order, all or none. One whose ID is there
// already is left out; one without an ID gets one.
func (s *Store) Append(ctx context.Context, entries ...history.Entry) error {
	err := s.migrated(ctx, true)
	if err == nil {
		err = s.append(ctx, entries)
	}
	if err != nil {
		return s.failed("cannot be written", err)
	}
	return nil
}

func (s *Store) append(ctx context.Context, entries []history.Entry) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for rows := range slices.Chunk(entries, maxRows) {
		var args []any
		for _, e := range rows {
			if e.ID == "" {
				e.ID = rand.Text()
			}
			args = append(args, values(e.Clean())...)
		}
		if _, err := tx.ExecContext(ctx, insert(len(rows)), args...); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// insert is the statement that inserts n rows.
func insert(n int) string {
	var b strings.Builder
	b.WriteString("INSERT INTO orgdns_history (" + strings.Join(columns, ", ") + ") VALUES ")
	for row := range n {
		for col := range columns {
			switch {
			case col > 0:
				b.WriteString(", ")
			case row > 0:
				b.WriteString("), (")
			default:
				b.WriteString("(")
			}
			fmt.Fprintf(&b, "$%d", row*len(columns)+col+1)
		}
	}
	b.WriteString(") ON CONFLICT (id) DO NOTHING")
	return b.String()
}

// History answers a query. Where nothing was ever kept the error is ErrNone, and
// nothing is made.
func (s *Store) History(ctx context.Context, q history.Query) (history.Page, error) {
	page, err := s.history(ctx, q)
	if err != nil {
		return page, s.failed("cannot be read", err)
	}
	return page, nil
}

func (s *Store) history(ctx context.Context, q history.Query) (history.Page, error) {
	if err := s.migrated(ctx, false); err != nil {
		return history.Page{}, err
	}
	if q.Limit <= 0 {
		q.Limit = history.DefaultLimit
	}
	gaps := history.Query{Kind: history.Gap, Since: q.Since, Until: q.Until, Limit: q.Limit, Older: q.Older}
	found, err := s.find(ctx, gaps)
	if err == nil && q.Kind != history.Gap {
		var asked []row
		asked, err = s.find(ctx, q)
		found = append(found, asked...)
	}
	if err != nil {
		return history.Page{}, err
	}
	slices.SortFunc(found, func(a, b row) int {
		if c := b.Time.Compare(a.Time); c != 0 {
			return c
		}
		return cmp.Compare(b.seq, a.seq)
	})
	found = slices.CompactFunc(found, func(a, b row) bool { return a.seq == b.seq }) // a gap that was asked for
	page := history.Page{Entries: []history.Entry{}}
	for i, r := range found {
		if i == q.Limit {
			last := found[i-1]
			page.Next = history.Cursor{At: last.Time, Seq: last.seq}
			break
		}
		page.Entries = append(page.Entries, r.Entry)
	}
	return page, nil
}

// row is an entry with its number in the store.
type row struct {
	history.Entry
	seq int64
}

// find gives the rows that a query asks for, and one more than its limit when
// there are more; gaps no more than others.
func (s *Store) find(ctx context.Context, q history.Query) ([]row, error) {
	statement, args := selection(q)
	rows, err := s.db.QueryContext(ctx, statement, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []row
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, rows.Err()
}

// selection is the statement of find.
func selection(q history.Query) (string, []any) {
	where := []string{"1 = 1"}
	var args []any
	also := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(args)), 1)
		}
		where = append(where, condition)
	}
	switch key := q.Name.Key(); {
	case q.Name.IsZero():
	case !q.Below:
		also("name_key = ?", []byte(key))
	case q.Name == dnsname.Root:
		also("name_key IS NOT NULL")
	default: // all keys that begin with it; it ends in a dot, after which comes the slash
		also("name_key >= ? AND name_key < ?", []byte(key), []byte(key[:len(key)-1]+"/"))
	}
	if q.Account != "" {
		also("account = ?", string(q.Account))
	}
	switch q.Kind {
	case "":
	case history.Gap: // in words, so that the index of gaps is seen to hold them
		also("kind = 'gap'")
	default:
		also("kind = ?", string(q.Kind))
	}
	if !q.Since.IsZero() {
		also("at >= ?", micros(q.Since))
	}
	if !q.Until.IsZero() { // of a gap it is the beginning that must be before
		also("COALESCE(began, at) < ?", micros(q.Until))
	}
	if !q.Older.IsZero() {
		also("(at, seq) < (?, ?)", q.Older.At.UnixMicro(), q.Older.Seq)
	}
	return fmt.Sprintf("SELECT seq, %s, %s FROM orgdns_history WHERE %s ORDER BY at DESC, seq DESC LIMIT %d",
		strings.Join(columns, ", "), inSync, strings.Join(where, " AND "), q.Limit+1), args
}

// inSync is when a change was first seen to be in effect; null where nobody asked.
// The action is in words, so that the index is seen to hold it.
const inSync = "CASE WHEN change_id <> '' AND action <> 'insync' THEN (SELECT MIN(s.at) FROM orgdns_history s WHERE s.action = 'insync' AND s.change_id = orgdns_history.change_id) END"

// micros is a bound of time: the first microsecond that is not before it.
func micros(t time.Time) int64 { return t.Add(time.Microsecond - 1).UnixMicro() }

func scan(rows *sql.Rows) (row, error) {
	var r row
	var at int64
	var began, settled sql.NullInt64
	var name, zone string
	var key []byte
	err := rows.Scan(&r.seq, &r.ID, &at, &r.Kind, &r.Action, &r.Outcome, &r.Subject, &name, &key, &zone, &r.Account, &r.Region, &r.Resource, &r.Address,
		&r.Before, &r.After, &r.By, &r.Event, &r.Reason, &r.Replica, &r.Run, &began, &r.Lost, &r.Call, &settled)
	if err != nil {
		return row{}, err
	}
	r.Time = time.UnixMicro(at).UTC()
	if began.Valid {
		r.From = time.UnixMicro(began.Int64).UTC()
	}
	if settled.Valid {
		r.InSync = time.UnixMicro(settled.Int64).UTC()
	}
	if r.Name, err = parsed(name); err == nil {
		r.Zone, err = parsed(zone)
	}
	return r, err
}

// parsed is a name as kept, or none.
func parsed(s string) (dnsname.Name, error) {
	if s == "" {
		return dnsname.Name{}, nil
	}
	return dnsname.Parse(s)
}

// pruned is how many rows go in one transaction, so that nobody waits long for
// the database.
const pruned = 5000

// Prune removes entries from before a time, and says how many there were.
func (s *Store) Prune(ctx context.Context, before time.Time) (int, error) {
	if err := s.migrated(ctx, false); errors.Is(err, ErrNone) {
		return 0, nil
	} else if err != nil {
		return 0, s.failed("cannot be pruned", err)
	}
	total := 0
	for {
		res, err := s.db.ExecContext(ctx, fmt.Sprintf("DELETE FROM orgdns_history WHERE seq IN (SELECT seq FROM orgdns_history WHERE at < $1 ORDER BY at LIMIT %d)", pruned), micros(before))
		if err != nil {
			return total, s.failed("cannot be pruned", err)
		}
		n, err := res.RowsAffected()
		if err != nil {
			return total, s.failed("cannot be pruned", err)
		}
		if total += int(n); n < pruned {
			return total, nil
		}
	}
}

// Expire removes what is older than the store's address says.
func (s *Store) Expire(ctx context.Context) error {
	_, err := s.Prune(ctx, s.clock.Now().Add(-s.keep))
	return err
}
