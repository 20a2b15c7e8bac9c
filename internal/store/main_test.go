package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/history"
)

var wall = clock.Wall(time.Now, time.After)

// TestMain makes this binary a process that appends to a store, when it is
// asked to (TestProcesses), and takes down the server of the tests.
func TestMain(m *testing.M) {
	if address := os.Getenv("STORE_APPEND_TO"); address != "" {
		if err := appendTo(address, os.Getenv("STORE_REPLICA")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	code := m.Run()
	if own.server != nil {
		if err := own.server.remove(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

const perProcess = 50

// appendTo appends entries one by one.
func appendTo(address, replica string) error {
	s, err := Open(address, wall)
	if err != nil {
		return err
	}
	defer s.Close()
	for n := range perProcess {
		e := history.Entry{ID: fmt.Sprintf("%s-%d", replica, n), Kind: history.Event, Time: time.Now(), Replica: replica, Subject: strconv.Itoa(n)}
		if err := s.Append(context.Background(), e); err != nil {
			return err
		}
	}
	return nil
}

// own is the PostgreSQL server of these tests, started for the first that needs
// one.
var own struct {
	sync.Once
	*server
	err error
}

// postgresURL is a database to test in: that of ORGDNS_POSTGRES, whose user may
// make schemas, or of a server of one's own.
func postgresURL(t testing.TB) string {
	if given := os.Getenv("ORGDNS_POSTGRES"); given != "" {
		return given
	}
	own.Do(func() { own.server, own.err = newServer() })
	if errors.Is(own.err, exec.ErrNotFound) {
		t.Skip("PostgreSQL is not installed, and ORGDNS_POSTGRES names none")
	}
	if own.err != nil {
		t.Fatal(own.err)
	}
	return own.server.url()
}

// place is where a history can be: its address, and how its store is taken
// away and brought back. Both are nil where that cannot be done.
type place struct {
	address  string
	down, up func() error
}

// open opens it once more.
func (p place) open(t testing.TB, c clock.Clock) *Store {
	t.Helper()
	s, err := Open(p.address, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

var schemas int

// everywhere runs a test against every database, each time in a place where
// nothing is.
func everywhere(t *testing.T, test func(*testing.T, place)) {
	t.Run("sqlite", func(t *testing.T) {
		dir := t.TempDir()
		there, away := filepath.Join(dir, "a folder #1 100%"), filepath.Join(dir, "away")
		if err := os.Mkdir(there, 0o700); err != nil {
			t.Fatal(err)
		}
		address := filepath.Join(there, "history.db")
		test(t, place{address, func() error { return os.Rename(there, away) }, func() error { return os.Rename(away, there) }})
	})
	t.Run("postgres", func(t *testing.T) {
		base := postgresURL(t)
		admin := place{address: base}.open(t, wall)
		schemas++
		schema := fmt.Sprintf("orgdns_test_%d_%d", os.Getpid(), schemas)
		if _, err := admin.db.Exec("CREATE SCHEMA " + schema); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := admin.db.Exec("DROP SCHEMA " + schema + " CASCADE"); err != nil {
				t.Error(err)
			}
		})
		u, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		params := u.Query()
		params.Set("search_path", schema)
		u.RawQuery = params.Encode()
		p := place{address: u.String()}
		if own.server != nil {
			p.down, p.up = own.server.stop, own.server.start
		}
		test(t, p)
	})
}
