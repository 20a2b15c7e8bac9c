package cli

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
)

// TestRunProbe: a command is told where to look and what for; what it prints is
// the report, and what it complains of is told when it fails.
func TestRunProbe(t *testing.T) {
	from := estate.VPC{ID: "vpc-1; rm -rf $HOME", Account: "444444444444", Region: "eu-west-1"}
	for _, tt := range []struct{ command, out, err string }{
		{`printf %s "$ORGDNS_VPC $ORGDNS_ACCOUNT $ORGDNS_REGION "; cat`, "vpc-1; rm -rf $HOME 444444444444 eu-west-1 asked", ""},
		{`echo '{"results": []}'; exit 1`, "{\"results\": []}\n", ""}, // orgdns probe, to which something is not as wanted
		{`echo no report; exit 1`, "no report\n", "the command failed: exit status 1"},
		{`printf 'it is \033[31mred' >&2; exit 3`, "", "the command failed: exit status 3: it is  [31mred"},
		{`there-is-no-such-program`, "", "exit status 127"},
	} {
		out, err := runProbe(t.Context(), tt.command, from, []byte("asked"))
		if string(out) != tt.out || tt.err == "" && err != nil || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%s: %q %v", tt.command, out, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := runProbe(ctx, "sleep 60", from, nil); err == nil {
		t.Error("a command that was called off is no error")
	}
}

// program is the head of an executable for a machine, with a segment.
func program(machine uint16, segment uint32) []byte {
	b := make([]byte, 64+56)
	copy(b, "\x7fELF\x02\x01\x01")
	put := binary.LittleEndian
	put.PutUint16(b[16:], 2)
	put.PutUint16(b[18:], machine)
	put.PutUint32(b[20:], 1)
	put.PutUint64(b[32:], 64) // program headers
	put.PutUint16(b[52:], 64)
	put.PutUint16(b[54:], 56)
	put.PutUint16(b[56:], 1)
	put.PutUint16(b[58:], 64)
	put.PutUint32(b[64:], segment)
	return b
}

// TestReadProgram: only what Lambda can run is taken; what is packed is it, with
// something to start it by, the same at each time.
func TestReadProgram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "orgdns")
	for _, tt := range []struct {
		content            []byte
		architecture, fail string
	}{
		{program(183, 1), "arm64", ""},
		{program(62, 1), "x86_64", ""},
		{program(8, 1), "", "Lambda has x86_64 and arm64"},
		{program(62, 3), "", "needs libraries"},
		{[]byte("MZ"), "", "is no program for Linux"},
	} {
		if err := os.WriteFile(file, tt.content, 0o700); err != nil {
			t.Fatal(err)
		}
		code, path, err := readProgram(file)
		if code.Architecture != tt.architecture || (err == nil) != (tt.fail == "") || err != nil && !strings.Contains(err.Error(), tt.fail) {
			t.Errorf("%q: %+v %v", tt.content[:2], code, err)
		}
		if err != nil {
			continue
		}
		p := programs{paths: map[string]string{code.Hash: path}}
		one, err := p.packed(code.Hash)
		if err != nil {
			t.Fatal(err)
		}
		two, _ := p.packed(code.Hash)
		z, err := zip.NewReader(bytes.NewReader(one), int64(len(one)))
		if err != nil || len(z.File) != 2 || z.File[0].Name != "bootstrap" || z.File[0].Mode().Perm() != 0o755 || !bytes.Equal(one, two) {
			t.Errorf("packed: %v, again the same: %v", err, bytes.Equal(one, two))
		}
		if err := os.WriteFile(file, append(tt.content, 0), 0o700); err != nil {
			t.Fatal(err)
		}
		if _, err := p.packed(code.Hash); err == nil || !strings.Contains(err.Error(), "plan again") {
			t.Errorf("a program that changed after the plan: %v", err)
		}
		if _, err := p.packed("other"); err == nil || !strings.Contains(err.Error(), "plan again") {
			t.Errorf("a program that no plan has: %v", err)
		}
	}
}
