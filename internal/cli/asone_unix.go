//go:build unix

package cli

import (
	"os/exec"
	"syscall"
)

// asOne makes a command end with all that it started when its context does. It
// has a session of its own: no terminal on which something of it could wait for
// an answer, and no Ctrl-C but by us.
func asOne(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
}
