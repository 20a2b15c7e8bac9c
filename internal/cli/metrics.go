package cli

import (
	"net/http"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/event"
	"github.com/orgdns/orgdns/internal/history"
	"github.com/orgdns/orgdns/internal/reconcile"
)

// metrics are what serve counts, for Prometheus (docs/serve.md lists them).
type metrics struct {
	registry *prometheus.Registry

	events       *prometheus.CounterVec
	toChange     prometheus.Histogram
	toInSync     prometheus.Histogram
	calls        *prometheus.CounterVec
	throttles    *prometheus.CounterVec
	changes      *prometheus.CounterVec
	repaired     prometheus.Counter
	unserved     *prometheus.GaugeVec
	sweeps       *prometheus.CounterVec
	sweepTime    prometheus.Histogram
	lastSweep    prometheus.Gauge
	dead         *prometheus.GaugeVec
	queueErrors  *prometheus.CounterVec
	configTaken  prometheus.Gauge
	configErrors prometheus.Counter
}

// lags are the bounds of the histograms of lags, in seconds.
var lags = []float64{0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 900, 3600}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "orgdns", Name: name, Help: help}, labels)
		m.registry.MustRegister(c)
		return c
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: "orgdns", Name: name, Help: help}, labels)
		m.registry.MustRegister(g)
		return g
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		h := prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: "orgdns", Name: name, Help: help, Buckets: buckets})
		m.registry.MustRegister(h)
		return h
	}
	m.events = counter("events_total", "Messages that were decided on.", "form", "outcome", "reason")
	m.toChange = histogram("event_change_seconds", "From an event to the moment at which Route 53 had accepted its change.", lags)
	m.toInSync = histogram("event_insync_seconds", "From an event to the moment at which its change was in effect everywhere; not every change is asked for.", lags)
	m.calls = counter("aws_calls_total", "Calls of AWS, tries included.", "account", "service", "operation")
	m.throttles = counter("aws_throttles_total", "Calls of AWS that were refused for their rate.", "account", "service", "operation")
	m.changes = counter("changes_total", "Changes that were made or failed.", "cause", "action", "outcome")
	m.repaired = counter("drift_repaired_total", "Changes that a sweep made which neither the start nor a new configuration explains.").WithLabelValues()
	m.unserved = gauge("claims_refused", "Names that services have and do not get, as the last sweep found, by code.", "code")
	m.sweeps = counter("sweeps_total", "Sweeps.", "outcome")
	m.sweepTime = histogram("sweep_seconds", "How long sweeps take.", []float64{1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800})
	m.lastSweep = gauge("last_sweep_timestamp_seconds", "When the last sweep that was complete ended.").WithLabelValues()
	m.dead = gauge("dead_letters", "Messages in a queue of dead letters, about.", "queue")
	m.queueErrors = counter("queue_errors_total", "Calls of a queue that failed.", "queue")
	m.configTaken = gauge("configuration_valid", "1 when the configuration as it stands is in force, 0 when an older one is.").WithLabelValues()
	m.configErrors = counter("configuration_errors_total", "Configurations that were not taken over.").WithLabelValues()
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// history counts what becomes of the history.
func (m *metrics) history(r *history.Recorder) {
	of := func(name, help string, read func(history.Counts) int) {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "orgdns", Name: name, Help: help}, func() float64 { return float64(read(r.Counts())) }))
	}
	of("history_kept", "Entries of the history that were kept since the start.", func(c history.Counts) int { return c.Kept })
	of("history_lost", "Entries of the history that were lost since the start.", func(c history.Counts) int { return c.Lost })
	of("history_queued", "Entries of the history that wait.", func(c history.Counts) int { return c.Queued })
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

func (m *metrics) event(e event.Entry) {
	m.events.WithLabelValues(string(e.Hint.Form), string(e.Outcome), string(e.Reason)).Inc()
	if e.Outcome == event.Applied {
		m.toChange.Observe(e.Lag.Seconds())
	}
}

func (m *metrics) inSync(lag time.Duration) { m.toInSync.Observe(lag.Seconds()) }

func (m *metrics) called(account estate.AccountID, service, operation string, throttled bool) {
	m.calls.WithLabelValues(string(account), service, operation).Inc()
	if throttled {
		m.throttles.WithLabelValues(string(account), service, operation).Inc()
	}
}

func (m *metrics) changed(cause, outcome string, d reconcile.Done) {
	m.changes.WithLabelValues(cause, string(d.Change.Action), outcome).Inc()
}

// claims are the codes by which services are refused their names; the last is of all
// that are none of these, such as what could not be read.
var claims = []string{"not-granted", "name-taken", "conflict", "quota", "other"}

func (m *metrics) sweep(e event.SweepEntry) {
	m.sweepTime.Observe(e.Took.Seconds())
	switch {
	case e.Err != nil:
		m.sweeps.WithLabelValues("failed").Inc()
		return
	case e.Swept.Problems.HasErrors():
		m.sweeps.WithLabelValues("incomplete").Inc()
	default:
		m.sweeps.WithLabelValues("done").Inc()
		m.lastSweep.Set(float64(e.At.UnixMilli()) / 1000)
	}
	if !e.First {
		m.repaired.Add(float64(len(e.Swept.Done)))
	}
	refused := map[string]int{}
	for _, d := range e.Swept.Planned.Refused {
		if !slices.Contains(claims, d.Code) {
			d.Code = "other"
		}
		refused[d.Code]++
	}
	for _, code := range claims {
		m.unserved.WithLabelValues(code).Set(float64(refused[code]))
	}
}

func (m *metrics) deadLetters(queue string, n int) { m.dead.WithLabelValues(queue).Set(float64(n)) }

func (m *metrics) queueFailed(queue string) { m.queueErrors.WithLabelValues(queue).Inc() }

func (m *metrics) configured(taken bool) {
	m.configTaken.Set(0)
	if taken {
		m.configTaken.Set(1)
		return
	}
	m.configErrors.Inc()
}
