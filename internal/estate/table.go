package estate

import (
	"iter"

	iradix "github.com/hashicorp/go-immutable-radix/v2"
)

// Row is a resource as a Table holds it: a value that nobody changes after it
// was put there, slices and maps included. To change a resource, put a new one.
type Row interface {
	// Key is unique in the table; tables are ordered by it.
	Key() string
}

// Indexed is a Row that can also be found by other keys.
type Indexed interface {
	Row
	// IndexKeys are the further keys, each with a prefix that says what it
	// is: "account/111111111111".
	IndexKeys() []string
}

// Table is an ordered, persistent map of resources: assigning a Table copies it
// at no cost, and the copies then change apart. The zero Table is empty.
// Iteration is in key order, so it is the same every time.
//
// What it does is in rows, which knows no types, and is not inlined: every package
// that sees an Estate compiles what is generic here anew for each kind of row.
type Table[V Row] struct{ rows rows }

// Len is the number of rows.
func (t Table[V]) Len() int { return t.rows.len() }

// Get finds a row by its key.
func (t Table[V]) Get(key string) (V, bool) { return as[V](t.rows.get(key)) }

// Put adds rows, or replaces those of the same key.
func (t *Table[V]) Put(rows ...V) {
	list := make([]Row, len(rows))
	for i, v := range rows {
		list[i] = v
	}
	t.rows.put(list)
}

// Delete removes rows by key; absent ones do not matter.
func (t *Table[V]) Delete(keys ...string) { t.rows.delete(keys) }

// All walks every row.
func (t Table[V]) All() iter.Seq[V] { return each[V](t.rows.prefix("")) }

// Prefix walks the rows whose key starts with prefix.
func (t Table[V]) Prefix(prefix string) iter.Seq[V] { return each[V](t.rows.prefix(prefix)) }

// From walks the rows with prefix, starting at the first key that is not less
// than start.
func (t Table[V]) From(prefix, start string) iter.Seq[V] { return each[V](t.rows.from(prefix, start)) }

// By walks the rows that have an index key.
func (t Table[V]) By(indexKey string) iter.Seq[V] { return t.ByPrefix(indexKey + "\x00") }

// ByPrefix walks the rows that have an index key with the prefix, once for each
// such key.
func (t Table[V]) ByPrefix(prefix string) iter.Seq[V] { return each[V](t.rows.byPrefix(prefix)) }

// as is a row as what it is.
//
//go:noinline
func as[V Row](r Row, ok bool) (v V, found bool) {
	if !ok {
		return v, false
	}
	return r.(V), true
}

// each walks rows as what they are.
//
//go:noinline
func each[V Row](seq iter.Seq[Row]) iter.Seq[V] {
	return func(yield func(V) bool) {
		seq(func(r Row) bool { return yield(r.(V)) })
	}
}

// rows is what a Table holds.
type rows struct {
	tree  *iradix.Tree[Row]
	index *iradix.Tree[string] // index key + NUL + row key -> row key
}

func (t rows) len() int {
	if t.tree == nil {
		return 0
	}
	return t.tree.Len()
}

func (t rows) get(key string) (Row, bool) {
	if t.tree == nil {
		return nil, false
	}
	return t.tree.Get([]byte(key))
}

func (t *rows) put(list []Row) {
	if t.tree == nil {
		t.tree, t.index = iradix.New[Row](), iradix.New[string]()
	}
	rtx, itx := t.tree.Txn(), t.index.Txn()
	for _, v := range list {
		key := v.Key()
		if old, had := rtx.Insert([]byte(key), v); had {
			unindex(itx, old)
		}
		for _, ik := range indexKeys(v) {
			itx.Insert([]byte(ik+"\x00"+key), key)
		}
	}
	t.tree, t.index = rtx.Commit(), itx.Commit()
}

func (t *rows) delete(keys []string) {
	if t.tree == nil {
		return
	}
	rtx, itx := t.tree.Txn(), t.index.Txn()
	for _, key := range keys {
		if old, had := rtx.Delete([]byte(key)); had {
			unindex(itx, old)
		}
	}
	t.tree, t.index = rtx.Commit(), itx.Commit()
}

func unindex(itx *iradix.Txn[string], v Row) {
	for _, ik := range indexKeys(v) {
		itx.Delete([]byte(ik + "\x00" + v.Key()))
	}
}

func indexKeys(v Row) []string {
	if x, ok := v.(Indexed); ok {
		return x.IndexKeys()
	}
	return nil
}

//go:noinline
func (t rows) prefix(prefix string) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		if t.tree == nil {
			return
		}
		it := t.tree.Root().Iterator()
		it.SeekPrefix([]byte(prefix))
		for _, v, ok := it.Next(); ok; _, v, ok = it.Next() {
			if !yield(v) {
				return
			}
		}
	}
}

//go:noinline
func (t rows) from(prefix, start string) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		if t.tree == nil {
			return
		}
		it := t.tree.Root().Iterator()
		it.SeekLowerBound([]byte(max(prefix, start)))
		for k, v, ok := it.Next(); ok; k, v, ok = it.Next() {
			if len(k) < len(prefix) || string(k[:len(prefix)]) != prefix || !yield(v) {
				return
			}
		}
	}
}

//go:noinline
func (t rows) byPrefix(prefix string) iter.Seq[Row] {
	return func(yield func(Row) bool) {
		if t.tree == nil {
			return
		}
		it := t.index.Root().Iterator()
		it.SeekPrefix([]byte(prefix))
		for _, key, ok := it.Next(); ok; _, key, ok = it.Next() {
			if v, found := t.tree.Get([]byte(key)); found && !yield(v) {
				return
			}
		}
	}
}

// First is the first row of a walk.
func First[V any](seq iter.Seq[V]) (v V, ok bool) {
	for v = range seq {
		return v, true
	}
	return v, false
}
