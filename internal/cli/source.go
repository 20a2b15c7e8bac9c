package cli

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
)

// source is where a configuration comes from: files, or the commit to which HEAD
// of a git checkout points.
type source struct {
	paths []string
	git   string // a checkout; the paths lie in it

	at   string   // the commit, or a part of the hash of the files
	seen [32]byte // hash of what was told of last
	look [32]byte // hash of what stood there at the last look
}

// load reads the configuration, and says whether it is another than the last
// time. Files are another once they stood so at two looks in a row: somebody may
// be writing. The error is for a place that cannot be read.
func (s *source) load(ctx context.Context) (cfg *config.Config, problems diag.List, changed bool, err error) {
	var files fs.FS = osFS{}
	at := ""
	if s.git != "" {
		if at, err = git(ctx, s.git, "rev-parse", "--verify", "HEAD"); err != nil {
			return nil, nil, s.differs(sha256.Sum256([]byte(err.Error()))), err
		}
		if at == s.at { // a commit does not change
			return nil, nil, false, nil
		}
		tree, err := git(ctx, s.git, "archive", "--format=zip", at)
		if err != nil {
			return nil, nil, true, err
		}
		if files, err = zip.NewReader(strings.NewReader(tree), int64(len(tree))); err != nil {
			return nil, nil, true, fmt.Errorf("git archive of %s: %w", s.git, err)
		}
	}
	paths := make([]string, len(s.paths))
	for i, p := range s.paths {
		paths[i] = filepath.Clean(p)
	}
	if len(paths) == 0 {
		paths = []string{"."}
		if _, err := fs.Stat(files, "orgdns.yaml"); err == nil {
			paths = []string{"orgdns.yaml"}
		}
	}
	read := hashing{files, sha256.New()}
	cfg, problems = config.Load(read, paths...)
	sum := [32]byte(read.hash.Sum(nil))
	if s.git == "" {
		first, still := s.seen == [32]byte{}, sum == s.look
		s.look = sum
		if !first && !still {
			return nil, nil, false, nil
		}
		at = fmt.Sprintf("sha256:%x", sum[:6])
	}
	s.at = at
	return cfg, problems, s.differs(sum), nil
}

// forget makes the next load tell of what stands there once more.
func (s *source) forget() { s.seen, s.at = sha256.Sum256(nil), "" }

func (s *source) differs(now [32]byte) bool {
	was := s.seen
	s.seen = now
	return was != now
}

// hashing sums up what is read, names and contents.
type hashing struct {
	fs.FS
	hash hash.Hash
}

func (h hashing) ReadFile(name string) ([]byte, error) {
	raw, err := fs.ReadFile(h.FS, name)
	fmt.Fprintf(h.hash, "%q %d %v\n", name, len(raw), err)
	h.hash.Write(raw)
	return raw, err
}

func (h hashing) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(h.FS, name) }

func (h hashing) Stat(name string) (fs.FileInfo, error) {
	info, err := fs.Stat(h.FS, name)
	if err != nil {
		fmt.Fprintf(h.hash, "%q %v\n", name, err)
	}
	return info, err
}

// git runs a command of git in a checkout, and gives its output.
func git(ctx context.Context, dir string, args ...string) (string, error) {
	c := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	c.Env = append(os.Environ(), "GIT_OPTIONAL_LOCKS=0")
	var complaint bytes.Buffer
	c.Stderr = &complaint
	out, err := c.Output()
	if err != nil {
		if said := strings.TrimSpace(complaint.String()); said != "" {
			err = errors.New(said)
		}
		return "", fmt.Errorf("git %s in %s: %w", args[0], dir, err)
	}
	if args[0] == "archive" {
		return string(out), nil
	}
	return strings.TrimSpace(string(out)), nil
}
