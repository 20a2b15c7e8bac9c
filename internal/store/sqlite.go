package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
)

// sqliteFile is a SQLite file, by its path.
type sqliteFile string

func (s *Store) openSQLite(address string) error {
	path, query, _ := strings.Cut(address, "?")
	if path == "" {
		return errors.New("it names no file")
	}
	params, err := url.ParseQuery(query)
	if err == nil {
		err = s.retain(params)
	}
	if err != nil {
		return err
	}
	for unknown := range params {
		return fmt.Errorf("%s is not known; a file takes retain alone", unknown)
	}
	if path, err = filepath.Abs(path); err != nil {
		return err
	}
	s.kind, s.shown = sqliteFile(path), path
	// Readers do not wait for the writer, nor it for them, and a writer waits for
	// another one (SQLite, Write-Ahead Logging; PRAGMA busy_timeout). Of a machine
	// that crashes, the last transactions may be lost (PRAGMA synchronous).
	uri := url.URL{Scheme: "file", Path: filepath.ToSlash(path), RawQuery: url.Values{
		"mode":    {"rw"}, // create makes the file
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(NORMAL)"},
	}.Encode()}
	if s.db, err = sql.Open("sqlite", uri.String()); err != nil {
		return err
	}
	s.db.SetMaxOpenConns(1) // there is one writer at a time anyhow
	return nil
}

// there reports whether the file has the table of versions. A file that is not
// there has not.
func (f sqliteFile) there(ctx context.Context, db *sql.DB) (bool, error) {
	if _, err := os.Stat(string(f)); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	var n int
	err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1", versions).Scan(&n)
	return n > 0, err
}

// create makes an empty file that others cannot read: the history tells names
// and account IDs.
func (f sqliteFile) create() error {
	file, err := os.OpenFile(string(f), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	return file.Close()
}

// lock has nothing to do: transactions begin as writers (_txlock).
func (sqliteFile) lock(context.Context, *sql.Tx) error { return nil }

// busy knows SQLITE_BUSY and SQLITE_LOCKED (Result and Error Codes). Two that
// make a file one with a write-ahead log at once get it without any waiting.
func (sqliteFile) busy(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code()&0xff == 5 || e.Code()&0xff == 6)
}

// number keeps the numbers of rows that were deleted from being given again
// (SQLite Autoincrement).
func (sqliteFile) number() string { return "INTEGER PRIMARY KEY AUTOINCREMENT" }
