package cli

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/recipe"
)

// The program of the function that looks from inside a VPC is orgdns itself: the
// one that runs, or one that the configuration names.

// maxPackage is the longest zip file that Lambda takes in a request (Lambda
// Developer Guide, gettingstarted-limits.html).
const maxPackage = 50 << 20

// bootstrap is what the runtime provided.al2023 starts (Lambda Developer Guide,
// runtimes-custom.html).
const bootstrap = "#!/bin/sh\nexec \"$LAMBDA_TASK_ROOT/orgdns\" lambda probe\n"

// programs are those that a configuration asks for.
type programs struct {
	codes map[string]recipe.Code // by path in the configuration
	paths map[string]string      // file, by hash
}

func programsOf(cfg *config.Config) programs {
	out := programs{map[string]recipe.Code{}, map[string]string{}}
	for _, s := range cfg.EndpointShares {
		if s.Probe == nil || !s.Probe.Lambda {
			continue
		}
		path := s.Probe.Code
		if _, known := out.codes[path]; known {
			continue
		}
		code, file, err := readProgram(path)
		if err != nil {
			code = recipe.Code{Problem: err.Error(), Hint: "name one by `probe: { lambda: { code: PATH } }`, made as in: CGO_ENABLED=0 GOOS=linux GOARCH=arm64 go build -trimpath -ldflags='-s -w' -o PATH ./cmd/orgdns"}
		}
		out.codes[path], out.paths[code.Hash] = code, file
	}
	return out
}

// architectures are Lambda's names (API_CreateFunction, Architectures).
var architectures = map[elf.Machine]string{elf.EM_X86_64: "x86_64", elf.EM_AARCH64: "arm64"}

// readProgram looks whether a file is a program that Lambda can run, which needs
// no libraries of the machine that it was built on. The empty path is the program
// that runs.
func readProgram(path string) (recipe.Code, string, error) {
	what := path
	if path == "" {
		var err error
		if path, err = os.Executable(); err != nil {
			return recipe.Code{}, "", err
		}
		what = fmt.Sprintf("the orgdns that runs, for %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return recipe.Code{}, path, err
	}
	f, err := elf.NewFile(bytes.NewReader(raw))
	if err != nil {
		return recipe.Code{}, path, fmt.Errorf("%s is no program for Linux", what)
	}
	architecture, ok := architectures[f.Machine]
	if !ok {
		return recipe.Code{}, path, fmt.Errorf("%s is for %s, and Lambda has x86_64 and arm64", what, f.Machine)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return recipe.Code{}, path, fmt.Errorf("%s needs libraries of the machine that it was built on", what)
		}
	}
	if len(raw) > maxPackage {
		if _, err := packProgram(what, raw); err != nil {
			return recipe.Code{}, path, err
		}
	}
	return recipe.Code{Hash: hashOf(raw), Architecture: architecture}, path, nil
}

func hashOf(raw []byte) string { return fmt.Sprintf("%x", sha256.Sum256(raw))[:32] }

// packed is the zip file of a program that was told by its hash.
func (p programs) packed(hash string) ([]byte, error) {
	path, ok := p.paths[hash]
	if !ok {
		return nil, errors.New("the program of the function is another than when the plan was made; plan again")
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if hashOf(raw) != hash {
		return nil, fmt.Errorf("%s has changed since the plan was made; plan again", path)
	}
	return packProgram(path, raw)
}

func packProgram(what string, raw []byte) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range []struct {
		name    string
		content []byte
	}{{"bootstrap", []byte(bootstrap)}, {"orgdns", raw}} {
		h := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)}
		h.SetMode(0o755)
		w, err := z.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	if out.Len() > maxPackage {
		return nil, fmt.Errorf("%s has %d MiB when packed, and Lambda takes %d: build it without symbols", what, out.Len()>>20, maxPackage>>20)
	}
	return out.Bytes(), nil
}
