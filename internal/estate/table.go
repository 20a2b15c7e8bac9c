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
type Table[V Row] struct {
	rows  *iradix.Tree[V]
	index *iradix.Tree[string] // index key + NUL + row key -> row key
}

// Len is the number of rows.
func (t Table[V]) Len() int {
	if t.rows == nil {
		return 0
	}
	return t.rows.Len()
}

// Get finds a row by its key.
func (t Table[V]) Get(key string) (v V, ok bool) {
	if t.rows == nil {
		return v, false
	}
	return t.rows.Get([]byte(key))
}

// Put adds rows, or replaces those of the same key.
func (t *Table[V]) Put(rows ...V) {
	if t.rows == nil {
		t.rows, t.index = iradix.New[V](), iradix.New[string]()
	}
	rtx, itx := t.rows.Txn(), t.index.Txn()
	for _, v := range rows {
		key := v.Key()
		if old, had := rtx.Insert([]byte(key), v); had {
			unindex(itx, old)
		}
		for _, ik := range indexKeys(v) {
			itx.Insert([]byte(ik+"\x00"+key), key)
		}
	}
	t.rows, t.index = rtx.Commit(), itx.Commit()
}

// Delete removes rows by key; absent ones do not matter.
func (t *Table[V]) Delete(keys ...string) {
	if t.rows == nil {
		return
	}
	rtx, itx := t.rows.Txn(), t.index.Txn()
	for _, key := range keys {
		if old, had := rtx.Delete([]byte(key)); had {
			unindex(itx, old)
		}
	}
	t.rows, t.index = rtx.Commit(), itx.Commit()
}

func unindex[V Row](itx *iradix.Txn[string], v V) {
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

// All walks every row.
func (t Table[V]) All() iter.Seq[V] { return t.Prefix("") }

// Prefix walks the rows whose key starts with prefix.
func (t Table[V]) Prefix(prefix string) iter.Seq[V] {
	return func(yield func(V) bool) {
		if t.rows == nil {
			return
		}
		it := t.rows.Root().Iterator()
		it.SeekPrefix([]byte(prefix))
		for _, v, ok := it.Next(); ok; _, v, ok = it.Next() {
			if !yield(v) {
				return
			}
		}
	}
}

// From walks the rows with prefix, starting at the first key that is not less
// than start.
func (t Table[V]) From(prefix, start string) iter.Seq[V] {
	return func(yield func(V) bool) {
		if t.rows == nil {
			return
		}
		it := t.rows.Root().Iterator()
		it.SeekLowerBound([]byte(max(prefix, start)))
		for k, v, ok := it.Next(); ok; k, v, ok = it.Next() {
			if len(k) < len(prefix) || string(k[:len(prefix)]) != prefix || !yield(v) {
				return
			}
		}
	}
}

// By walks the rows that have an index key.
func (t Table[V]) By(indexKey string) iter.Seq[V] { return t.ByPrefix(indexKey + "\x00") }

// ByPrefix walks the rows that have an index key with the prefix, once for each
// such key.
func (t Table[V]) ByPrefix(prefix string) iter.Seq[V] {
	return func(yield func(V) bool) {
		if t.rows == nil {
			return
		}
		it := t.index.Root().Iterator()
		it.SeekPrefix([]byte(prefix))
		for _, key, ok := it.Next(); ok; _, key, ok = it.Next() {
			if v, found := t.rows.Get([]byte(key)); found && !yield(v) {
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
