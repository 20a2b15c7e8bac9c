package twin

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/orgdns/orgdns/internal/twin/world"
)

// Death is the error of every call through a [Twin] once a death fault has
// hit: the process that made the calls is no more. A new Twin over the same
// World is the next process.
type Death struct{ world.CallKey }

func (d *Death) Error() string {
	return fmt.Sprintf("the process died after %s:%s in account %s", d.Service, d.Operation, d.Account)
}

// interrupt is what a fault does to the connection, before the work or after
// it: it waits, or fails as net/http would.
func (t *Twin) interrupt(ctx context.Context, f world.Fault, key world.CallKey) error {
	switch f.Kind {
	case world.FaultSlow:
		return t.world.Clock.Sleep(ctx, f.Delay)
	case world.FaultTimeout:
		if err := t.world.Clock.Sleep(ctx, f.Delay); err != nil {
			return err
		}
		return &net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded}
	case world.FaultReset:
		return &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
	case world.FaultLostResponse:
		return io.EOF
	case world.FaultDeath:
		return &Death{key}
	}
	return nil
}
