//go:build !unix

package cli

import "os/exec"

// asOne leaves a command as it is: only its own process ends with its context.
func asOne(*exec.Cmd) {}
