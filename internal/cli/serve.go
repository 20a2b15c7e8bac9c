package cli

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/event"
	"github.com/orgdns/orgdns/internal/pace"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/stage"
)

// serveArgs are the flags of whatever keeps the organization as configured.
type serveArgs struct {
	queueArgs
	interval    time.Duration
	finish      time.Duration
	listen, git string
	limits      bool
}

func (p *serveArgs) flags(c *cobra.Command) {
	p.tagFlag(c.Flags().StringVar)
	c.Flags().BoolVar(&p.limits, "accept-limits", false, "let sweeps go on where limits in the configuration would stop them")
}

const (
	// watchEvery is how often it is looked whether the configuration was changed.
	watchEvery = 5 * time.Second
	// shutdown is how long a request for metrics may still take at the end.
	shutdown = 2 * time.Second
	// startAgain is how long AWS is left in peace that did not answer at the start.
	startAgain = 10 * time.Second
	// leastInterval is the shortest between sweeps: each reads the organization.
	leastInterval = 10 * time.Second
)

func (a *app) serveCommand() *cobra.Command {
	args := &serveArgs{}
	c := &cobra.Command{
		Use:   "serve",
		Short: "Keep the organization as configured: events, sweeps, changes of the configuration",
		Long: `serve runs until it is told to stop. It carries out the whole configuration at the
start, at an interval, and when the configuration was changed: plan, rehearsal
and apply, as 'orgdns apply --yes' does. Between these it takes events from
queues that tell of VPC Lattice services, and brings their records into step.

Any number of them may run side by side: they share the queues, and no change of
a record is made that another one has made meanwhile.

The configuration is read again when a file of it was changed and stands still;
with --git it is that of the commit to which HEAD of a git checkout points. One that has errors is
reported, and the one before stays in force.

At --listen there are /healthz, /readyz (well once the first sweep was made) and
/metrics for Prometheus. The log is on stderr, a line for each decision; with
--output json in JSON. Traces go to OTEL_EXPORTER_OTLP_ENDPOINT by OTLP over HTTP,
if it is set. SIGTERM finishes what is under way.`,
		Example: `  orgdns serve --config dns/ --queue https://sqs.eu-west-1.amazonaws.com/222222222222/orgdns-events
  orgdns serve --git /srv/dns --config orgdns.yaml --interval 30m --output json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.serve(a.cut, c.Context(), args) },
	}
	args.flags(c)
	a.storeFlag(c)
	c.Flags().StringSliceVar(&args.queues, "queue", nil, "URL or ARN of an SQS queue to take events from; may be repeated (default that of latticeEvents; without it sweeps only)")
	c.Flags().StringSliceVar(&args.dead, "dead-letters", nil, "URL or ARN of a queue of dead letters to count besides those of --queue; may be repeated")
	c.Flags().DurationVar(&args.interval, "interval", 15*time.Minute, "time between sweeps")
	c.Flags().DurationVar(&args.finish, "finish", 20*time.Second, "how long what is under way has to finish when it is told to stop")
	c.Flags().StringVar(&args.listen, "listen", "127.0.0.1:9090", "address of health and metrics; empty for none")
	c.Flags().StringVar(&args.git, "git", "", "git checkout that the configuration is read from, as committed")
	return c
}

// serve runs until stopped is done, and finishes what is under way unless ctx is.
func (a *app) serve(ctx, stopped context.Context, args *serveArgs) error {
	if args.interval < leastInterval {
		return fmt.Errorf("--interval is %s; it must be %s at least", args.interval, leastInterval)
	}
	k, err := a.keeping(ctx, args)
	if err != nil {
		return err
	}
	defer k.close(ctx)
	stop, end := context.WithCancel(stopped)
	defer end()
	ctx, cut := context.WithCancel(ctx)
	defer cut()
	defer context.AfterFunc(stopped, func() { // an account may be throttled for hours
		if awsapi.Wall().Sleep(ctx, args.finish) == nil {
			cut()
		}
	})()
	var ready atomic.Bool
	ended, err := k.listen(ctx, args.listen, &ready)
	if err != nil {
		return err
	}
	defer ended()
	queues, err := k.patientQueues(stop)
	if stop.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	s := &event.Server{
		Handler: k.handler(), Queues: queues, Interval: args.interval, Options: reconcile.Options{AcceptLimits: args.limits},
		Reload: k.reload, Watch: watchEvery, Jitter: rand.Float64, Ready: func() { ready.Store(true) },
	}
	defer k.clock.Enter()()
	err = s.Run(ctx, stop)
	end()
	k.counted()
	if errors.Is(err, context.Canceled) && ctx.Err() == nil {
		return nil // told to stop before the first sweep was made
	}
	if errors.Is(err, context.Canceled) {
		return errors.New("cut off: what was under way may be unfinished; the next run sees to it")
	}
	return err
}

// keeping is the organization being kept: the configuration that is in force, and
// who hears of decisions.
type keeping struct {
	app     *app
	args    *serveArgs
	source  *source
	clock   clock.Clock
	loop    *pace.Loop
	reached // by the first configuration
	keeper  *reconcile.Keeper
	journal *journal
	dead    []*awsapi.Queue
	count   *clock.Mailbox[struct{}] // where the count of them under way ends; nil for none
	tagKey  atomic.Value             // string: that of the configuration in force
	refused string                   // the configuration that was not taken over last, and why
}

// reached is how queues are.
type reached struct {
	sessions *awsapi.Sessions
	region   estate.Region // of one whose URL does not tell it
}

// queue reads the name of a queue.
func (r reached) queue(name string) (awsapi.QueueID, error) {
	return awsapi.ParseQueue(name, r.region)
}

// keeping reads the configuration and wires it; it calls AWS for nothing yet.
func (a *app) keeping(ctx context.Context, args *serveArgs) (*keeping, error) {
	k := &keeping{app: a, args: args, source: &source{paths: a.configPaths, git: args.git}}
	cfg, problems, _, err := k.source.load(ctx)
	if err != nil {
		return nil, err
	}
	a.diagnostics(problems)
	if problems.HasErrors() {
		return nil, exit(exitFailed)
	}
	args.complete(cfg)
	k.loop = pace.New(a.clock)
	k.loop.Seed = fmt.Sprintf("%016x", rand.Uint64())
	if k.journal, err = a.newJournal(ctx); err != nil {
		return nil, err
	}
	sessions, p, err := k.pass(ctx, cfg)
	if err != nil {
		return nil, err
	}
	k.reached = reached{sessions, stage.Region(cfg)}
	k.clock, k.keeper = p.Ports.Clock, reconcile.NewKeeper(p)
	k.keeper.Told = k.journal.changed
	say := func(what string) { k.journal.note(a.clock.Now(), what) }
	a.stopping.Store(&say)
	k.take(cfg)
	return k, nil
}

// pass wires a configuration.
func (k *keeping) pass(ctx context.Context, cfg *config.Config) (*awsapi.Sessions, *reconcile.Pass, error) {
	access, err := stage.Accesses(cfg, os.LookupEnv)
	if err != nil {
		return nil, nil, err
	}
	return k.app.connect(ctx, cfg, access, stage.Keeping, func(o *awsapi.Options) {
		o.Loop, o.Called, o.Unanswered = k.loop, k.journal.called, k.journal.unanswered
	})
}

func (k *keeping) handler() event.Handler {
	return event.Handler{Keeper: k.keeper, Clock: k.clock, TagKey: k.tagInForce, Journal: k.journal, Failed: k.journal.queueFailed}
}

func (k *keeping) tagInForce() string {
	key, _ := k.tagKey.Load().(string)
	return key
}

// reload takes over a configuration that was changed.
func (k *keeping) reload(ctx context.Context) bool {
	cfg, problems, changed, err := k.source.load(ctx)
	if !changed {
		return false
	}
	if err == nil {
		err = problems.Err()
	}
	var p *reconcile.Pass
	at := k.source.at
	if err == nil {
		if _, p, err = k.pass(ctx, cfg); err != nil {
			k.source.forget() // what it lacks lies elsewhere, and may come
		}
	}
	if err != nil {
		if told := at + err.Error(); told != k.refused {
			k.refused = told
			k.journal.notTaken(err, at)
		}
		return false
	}
	k.refused = ""
	k.keeper.SetPass(p)
	k.take(cfg)
	return true
}

// take notes that a configuration is in force.
func (k *keeping) take(cfg *config.Config) {
	k.tagKey.Store(k.args.tagKey(cfg))
	k.journal.taken(cfg, k.source.at)
}

// patientQueues is openQueues at the start, when AWS may not be there yet: the
// journal hears that it is waited for. Any other error is final.
func (k *keeping) patientQueues(ctx context.Context) ([]event.Queue, error) {
	defer k.clock.Enter()()
	for {
		err := k.sessions.Identify(ctx)
		if err == nil {
			var queues []event.Queue
			if queues, err = k.openQueues(ctx); err == nil {
				return queues, nil
			}
		}
		if !awsapi.Unreached(err) {
			return nil, err
		}
		if err := k.clock.Sleep(ctx, startAgain); err != nil {
			return nil, err
		}
	}
}

// openQueues finds the queues, and where their dead letters go, which are counted
// until ctx is done.
func (k *keeping) openQueues(ctx context.Context) ([]event.Queue, error) {
	var out []event.Queue
	k.dead = nil
	for _, name := range k.args.queues {
		id, err := k.queue(name)
		if err != nil {
			return nil, fmt.Errorf("--queue: %w", err)
		}
		q := k.sessions.Queue(id)
		settings, err := q.Settings(ctx)
		if err != nil {
			return nil, fmt.Errorf("queue %s: %w", id.ARN(), err)
		}
		if settings.Dead != nil {
			k.dead = append(k.dead, settings.Dead)
		} else {
			k.journal.warn(k.clock.Now(), "the queue has no dead-letter queue: what is refused or given up is dropped", "queue", q.Name())
		}
		if settings.Wait > 0 {
			k.journal.warn(k.clock.Now(), "the queue makes calls wait that would not: set its ReceiveMessageWaitTimeSeconds to 0, or a single event is held up", "queue", q.Name(), "seconds", settings.Wait.Seconds())
		}
		out = append(out, stage.Queue(q))
	}
	for _, name := range k.args.dead {
		id, err := k.queue(name)
		if err != nil {
			return nil, fmt.Errorf("--dead-letters: %w", err)
		}
		k.dead = append(k.dead, k.sessions.DeadLetters(id))
	}
	k.journal.swept = func() { k.countDead(ctx) }
	return out, nil
}

// countDead begins to count the dead letters, once those before are counted. It
// holds up no sweep, and counted ends it.
func (k *keeping) countDead(ctx context.Context) {
	k.counted()
	done := clock.NewMailbox[struct{}](k.clock)
	k.count = done
	k.clock.Go(func() {
		defer done.Send(struct{}{})
		besides(k.clock, len(k.dead), func(i int) {
			n, err := k.dead[i].Depth(ctx)
			switch name := k.dead[i].Name(); {
			case err == nil:
				k.journal.deadLetters(name, n)
			case ctx.Err() == nil:
				k.journal.queueFailed(name, err)
			}
		})
	})
}

// counted waits for the count under way.
func (k *keeping) counted() {
	if k.count != nil {
		k.count.Receive()
		k.count = nil
	}
}

// queuesAtOnce bounds the queues that are asked side by side.
const queuesAtOnce = 16

// besides asks n queues, side by side, and waits for all. It is called by a worker
// of the clock.
func besides(c clock.Clock, n int, ask func(i int)) {
	done := clock.NewMailbox[struct{}](c)
	for i := range n {
		if i >= queuesAtOnce {
			done.Receive()
		}
		c.Go(func() {
			ask(i)
			done.Send(struct{}{})
		})
	}
	for range min(n, queuesAtOnce) {
		done.Receive()
	}
}

// listen serves health and metrics until the returned function is called.
func (k *keeping) listen(ctx context.Context, at string, ready *atomic.Bool) (end func(), err error) {
	if at == "" {
		return func() {}, nil
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", at)
	if err != nil {
		return nil, fmt.Errorf("--listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if !ready.Load() {
			http.Error(w, "the first sweep is not made", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
	})
	mux.Handle("GET /metrics", k.journal.metrics.handler())
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			k.journal.warn(k.app.clock.Now(), "health and metrics are no longer served", "error", err.Error())
		}
	}()
	k.journal.note(k.app.clock.Now(), "listening", "address", "http://"+l.Addr().String())
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdown)
		defer cancel()
		_ = server.Shutdown(ctx) // what is not answered by then is cut off
		<-done
	}, nil
}

// close ends what the journal keeps open.
func (k *keeping) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := k.journal.close(ctx); err != nil {
		k.journal.warn(k.clock.Now(), "traces or history were lost", "error", strings.TrimSpace(err.Error()))
	}
}
