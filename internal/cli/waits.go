package cli

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
)

const (
	// sayEvery is how often a wait is told of where lines cannot be overwritten;
	// longWait is from where on that is too often, and sayLong is often enough.
	sayEvery = 30 * time.Second
	longWait = 15 * time.Minute
	sayLong  = time.Hour
	// redraw is how often the line on a terminal is.
	redraw = time.Second
)

// waits is the clock of a pass, which tells of the waits: for AWS to bring
// changes into effect, for deadlines, for DNS. On a terminal one line is
// overwritten; elsewhere there is a plain line at the start of a wait, and now
// and then.
type waits struct {
	clock.Clock
	app *app

	mu    sync.Mutex
	what  string
	began time.Time // zero while nothing is waited for
	said  time.Time
	open  bool // a line on the terminal is not ended
}

func newWaits(c clock.Clock, a *app) *waits { return &waits{Clock: c, app: a, what: waitEffect} }

// What is waited for.
const (
	waitEffect   = "AWS to bring changes into effect"
	waitDeadline = "deadlines"
	waitDNS      = "DNS to answer as promised"
)

// Sleep waits in pieces, and tells of each.
func (w *waits) Sleep(ctx context.Context, d time.Duration) error {
	_, tty := terminal(w.app.Err)
	piece := sayEvery
	switch {
	case tty:
		piece = redraw
	case d > longWait:
		piece = sayLong
	}
	for {
		w.tell(piece, tty)
		step := min(piece, d)
		if err := w.Clock.Sleep(ctx, step); err != nil {
			return err
		}
		if d -= step; d <= 0 {
			return nil
		}
	}
}

// tell says what is waited for, unless that was just said.
func (w *waits) tell(every time.Duration, tty bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := w.Now()
	if w.began.IsZero() {
		w.began = now
	} else if now.Sub(w.said) < every {
		return
	}
	w.said = now
	line := fmt.Sprintf("%-9s  for %s", "waits", w.what)
	if past := now.Sub(w.began).Round(time.Second); past > 0 {
		line += fmt.Sprintf(" (%s)", past)
	}
	line = w.app.paint(w.app.Err, dim, line)
	if tty {
		fmt.Fprint(w.app.Err, "\r\x1b[K"+line)
		w.open = true
		return
	}
	fmt.Fprintln(w.app.Err, line)
}

// over ends a wait, and says what the next one is for.
func (w *waits) over(next string) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.began, w.what = time.Time{}, next
	w.clear()
}

// line makes room for another line on a terminal.
func (w *waits) line() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.clear()
}

func (w *waits) clear() {
	if w.open {
		fmt.Fprint(w.app.Err, "\r\x1b[K")
		w.open = false
	}
}
