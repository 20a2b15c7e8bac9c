package store

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// migrations are the statements that lead from each version of the schema to
// the next; the first from nothing. They are never changed, only added to.
// SERIAL is the backend's number. Names are compared as bytes, since databases
// order text each in its own way; SQLite takes BYTEA for a word like any other
// (Datatypes In SQLite, 3.1) and keeps bytes as bytes.
var migrations = [][]string{
	{ // 1: entries
		`CREATE TABLE orgdns_history (
			seq SERIAL,
			id TEXT NOT NULL UNIQUE,
			at BIGINT NOT NULL,
			kind TEXT NOT NULL,
			action TEXT NOT NULL,
			outcome TEXT NOT NULL,
			subject TEXT NOT NULL,
			name TEXT NOT NULL,
			name_key BYTEA,
			zone TEXT NOT NULL,
			account TEXT NOT NULL,
			region TEXT NOT NULL,
			resource TEXT NOT NULL,
			address TEXT NOT NULL,
			value_before TEXT NOT NULL,
			value_after TEXT NOT NULL,
			asked_by TEXT NOT NULL,
			event TEXT NOT NULL,
			reason TEXT NOT NULL,
			replica TEXT NOT NULL,
			run TEXT NOT NULL
		)`,
		`CREATE INDEX orgdns_history_at ON orgdns_history (at, seq)`,
		`CREATE INDEX orgdns_history_name ON orgdns_history (name_key, at, seq)`,
	},
	{ // 2: gaps, which last from a time to another; an account's entries
		`ALTER TABLE orgdns_history ADD COLUMN began BIGINT`,
		`ALTER TABLE orgdns_history ADD COLUMN lost BIGINT NOT NULL DEFAULT 0`,
		`CREATE INDEX orgdns_history_gap ON orgdns_history (at, seq) WHERE kind = 'gap'`,
		`CREATE INDEX orgdns_history_account ON orgdns_history (account, at, seq)`,
	},
	{ // 3: Route 53's ID of a change, and when it was seen to be in effect
		`ALTER TABLE orgdns_history ADD COLUMN change_id TEXT NOT NULL DEFAULT ''`,
		`CREATE INDEX orgdns_history_insync ON orgdns_history (change_id, at) WHERE action = 'insync'`,
	},
}

// versions is the table of the versions that a store went through.
const versions = "orgdns_history_version"

// How often and how long a migration waits for another process.
const (
	attempts = 50
	moment   = 100 * time.Millisecond
)

// migrated brings the schema to this version, once. Without create a store in
// which there is nothing stays so: ErrNone.
func (s *Store) migrated(ctx context.Context, create bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready {
		return nil
	}
	for n := 1; ; n++ {
		err := s.migrateLocked(ctx, create)
		if err == nil {
			s.ready = true
		}
		if err == nil || n == attempts || !s.kind.busy(err) {
			return err
		}
		if err := s.clock.Sleep(ctx, moment); err != nil {
			return err
		}
	}
}

func (s *Store) migrateLocked(ctx context.Context, create bool) error {
	if create {
		if err := s.kind.create(); err != nil {
			return err
		}
	}
	there, err := s.kind.there(ctx, s.db)
	if err != nil {
		return err
	}
	if !there && !create {
		return ErrNone
	}
	version := 0
	current := "SELECT MAX(version) FROM " + versions
	if there {
		if err := s.db.QueryRowContext(ctx, current).Scan(&version); err != nil {
			return err
		}
	}
	if err := known(version); err != nil || version == len(migrations) {
		return err
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := s.kind.lock(ctx, tx); err != nil {
		return err
	}
	// Another process may have been first.
	if _, err := tx.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS "+versions+" (version BIGINT NOT NULL PRIMARY KEY)"); err != nil {
		return err
	}
	if err := tx.QueryRowContext(ctx, strings.Replace(current, "MAX(version)", "COALESCE(MAX(version), 0)", 1)).Scan(&version); err != nil {
		return err
	}
	if err := known(version); err != nil {
		return err
	}
	for ; version < len(migrations); version++ {
		for _, statement := range migrations[version] {
			if _, err := tx.ExecContext(ctx, strings.Replace(statement, "SERIAL", s.kind.number(), 1)); err != nil {
				return fmt.Errorf("migrating it to version %d: %w", version+1, err)
			}
		}
		if _, err := tx.ExecContext(ctx, "INSERT INTO "+versions+" VALUES ($1)", version+1); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// known refuses the schema of a newer orgdns.
func known(version int) error {
	if version > len(migrations) {
		return fmt.Errorf("a newer orgdns made it (version %d; this one knows %d): use that, or another store", version, len(migrations))
	}
	return nil
}
