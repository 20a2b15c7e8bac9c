//go:build unix

package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// server is a PostgreSQL of these tests' own, on a socket in a folder of its
// own.
type server struct {
	dir     string
	bin     string
	as      *syscall.SysProcAttr
	running *exec.Cmd
}

// newServer makes one of the programs of this machine; ErrNotFound where there
// are none.
func newServer() (*server, error) {
	bin := ""
	if path, err := exec.LookPath("initdb"); err == nil {
		bin = path
	} else if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 { // where Debian has it
		bin = slices.Max(found)
	}
	if bin == "" {
		return nil, exec.ErrNotFound
	}
	bin, err := filepath.EvalSymlinks(bin)
	if err != nil {
		return nil, err
	}
	s := &server{bin: filepath.Dir(bin)}
	if s.dir, err = os.MkdirTemp("", "orgdns-pg"); err != nil {
		return nil, err
	}
	if os.Getuid() == 0 { // which initdb refuses to run as
		nobody, err := user.Lookup("nobody")
		if err != nil {
			return s, err
		}
		uid, errU := strconv.Atoi(nobody.Uid)
		gid, errG := strconv.Atoi(nobody.Gid)
		if err := errors.Join(errU, errG, os.Chown(s.dir, uid, gid)); err != nil {
			return s, err
		}
		s.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	init := s.command("initdb", "-D", filepath.Join(s.dir, "data"), "-U", "orgdns", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	if out, err := init.CombinedOutput(); err != nil {
		return s, fmt.Errorf("initdb: %w: %s", err, out)
	}
	return s, s.start()
}

func (s *server) command(program string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, program), args...)
	c.Dir, c.SysProcAttr = s.dir, s.as
	return c
}

func (s *server) url() string { return "postgres:///postgres?user=orgdns&host=" + s.dir }

func (s *server) start() error {
	s.running = s.command("postgres", "-D", filepath.Join(s.dir, "data"), "-k", s.dir, "-c", "listen_addresses=", "-c", "fsync=off")
	if err := s.running.Start(); err != nil {
		return err
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		st, err := Open(s.url(), wall)
		if err != nil {
			return err
		}
		err = st.db.PingContext(context.Background())
		st.Close()
		if err == nil || time.Now().After(end) {
			return err
		}
	}
}

func (s *server) stop() error {
	if s.running == nil {
		return nil
	}
	err := s.running.Process.Signal(syscall.SIGINT) // fast shutdown
	_ = s.running.Wait()
	s.running = nil
	return err
}

func (s *server) remove() error { return errors.Join(s.stop(), os.RemoveAll(s.dir)) }
