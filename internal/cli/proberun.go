package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/probe"
)

// commandTime is how long a command of the configuration's may look.
const commandTime = 2 * time.Minute

// runProbe runs a command of the configuration's by the shell. It gets the
// request on its input; where it is to look stands in its environment, so that
// nothing that was read from AWS becomes part of the command's text. What it
// started ends with it when ctx does.
func runProbe(ctx context.Context, command string, from estate.VPC, input []byte) ([]byte, error) {
	limit, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	c := exec.CommandContext(limit, "/bin/sh", "-c", command)
	c.Env = append(os.Environ(), "ORGDNS_VPC="+from.ID, "ORGDNS_ACCOUNT="+string(from.Account), "ORGDNS_REGION="+string(from.Region))
	c.Stdin = bytes.NewReader(input)
	var out, complaint limited
	c.Stdout, c.Stderr = &out, &complaint
	c.WaitDelay = time.Second // what it left behind may hold its output
	asOne(c)
	err := c.Run()
	var left *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case limit.Err() != nil:
		err = fmt.Errorf("the command did not end within %s", commandTime)
	case errors.As(err, &left) && left.ExitCode() == exitFailed && bytes.Contains(out.Bytes(), []byte(`"results"`)):
		err = nil // orgdns probe, to which something is not as wanted
	case err != nil:
		err = fmt.Errorf("the command failed: %w", err)
	}
	if said := complaint.text(); err != nil && said != "" {
		err = fmt.Errorf("%w: %s", err, said)
	}
	return out.Bytes(), err
}

// limited keeps as much as a report may have.
type limited struct{ bytes.Buffer }

func (l *limited) Write(b []byte) (int, error) {
	l.Buffer.Write(b[:min(len(b), probe.MaxSize+1-l.Len())])
	return len(b), nil
}

// text is the end of what was written, as far as it prints.
func (l *limited) text() string {
	const most = 500
	s := strings.TrimSpace(l.String())
	if len(s) > most {
		s = "…" + strings.ToValidUTF8(s[len(s)-most:], "")
	}
	return printable(s)
}
