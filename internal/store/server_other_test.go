//go:build !unix

package store

import "os/exec"

// server is not there: PostgreSQL's is started on Unix alone.
type server struct{}

func newServer() (*server, error) { return nil, exec.ErrNotFound }
func (*server) url() string       { return "" }
func (*server) start() error      { return exec.ErrNotFound }
func (*server) stop() error       { return nil }
func (*server) remove() error     { return nil }
