//go:build unix && !race

package twintest

import (
	"syscall"
	"time"
)

// cpuTime is what this process has used of its processors: real time, were the
// machine doing nothing else, and no less.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
