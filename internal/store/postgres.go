package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// postgres is a PostgreSQL database.
type postgres struct{}

// Where the address says nothing else: no call waits long for a server that is
// gone, and a replica does not take many of its connections.
const (
	connectWithin  = 5 * time.Second
	maxConnections = 4
	maxIdle        = 5 * time.Minute
)

func (s *Store) openPostgres(address string) error {
	u, err := url.Parse(address)
	if err != nil { // the error repeats the address, and its password
		return errors.New("it is not a URL: in a user name or password write % and two hexadecimal digits for what is not a letter or digit")
	}
	params := u.Query()
	if err := s.retain(params); err != nil {
		return err
	}
	shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}
	if name := u.User.Username(); name != "" {
		shown.User = url.User(name)
	}
	password, _ := u.User.Password()
	s.shown = shown.String()
	u.RawQuery = params.Encode()
	cfg, err := pgx.ParseConfig(u.String())
	if err != nil {
		return errors.New(without(err.Error(), append(params["password"], params.Get("sslpassword"), password)))
	}
	if !params.Has("connect_timeout") {
		cfg.ConnectTimeout = connectWithin
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "orgdns"
	}
	s.kind, s.db = postgres{}, stdlib.OpenDB(*cfg)
	s.db.SetMaxOpenConns(maxConnections)
	s.db.SetConnMaxIdleTime(maxIdle)
	return nil
}

func (postgres) there(ctx context.Context, db *sql.DB) (yes bool, err error) {
	err = db.QueryRowContext(ctx, "SELECT to_regclass($1) IS NOT NULL", versions).Scan(&yes)
	return yes, err
}

// create has nothing to do: a database is made by its administrator.
func (postgres) create() error { return nil }

// migrationLock is orgdns's among the advisory locks of the database.
const migrationLock = 0x6f7267646e73 // "orgdns"

func (postgres) lock(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock($1)", int64(migrationLock))
	return err
}

// busy: a transaction that waits is not refused.
func (postgres) busy(error) bool { return false }

func (postgres) number() string { return "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY" }

// without is a text in which secrets are not told.
func without(text string, secrets []string) string {
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "…")
			text = strings.ReplaceAll(text, url.QueryEscape(s), "…")
			text = strings.ReplaceAll(text, url.PathEscape(s), "…")
		}
	}
	return text
}
