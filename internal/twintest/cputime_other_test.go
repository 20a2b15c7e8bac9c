//go:build !unix || race

package twintest

import "time"

// cpuTime is not told here, or tells of the race detector.
func cpuTime() time.Duration { return 0 }
