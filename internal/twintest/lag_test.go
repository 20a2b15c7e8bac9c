package twintest

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"
	mdns "github.com/miekg/dns"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/event"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/stage"
	"github.com/orgdns/orgdns/internal/twin"
	"github.com/orgdns/orgdns/internal/twin/dns"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// BenchmarkServe is how long it takes from the call that makes a tagged service in
// examples/lattice until a resolver in another account's VPC answers its name over
// UDP, on the wall clock, at 1, 10 and 100 services a second: as many as -benchtime
// says (300x). The two buses take 0.2 s of it.
func BenchmarkServe(b *testing.B) {
	r := latticeRig(b)
	made := r.world()
	noErr(b, r.converge(b.Context(), made, reconcile.Options{}))
	noErr(b, eventRig{r}.converge(b.Context(), made, reconcile.Options{}))
	r.start = made.Estate()
	for _, rate := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("%d a second", rate), func(b *testing.B) { r.lag(b, rate) })
	}
}

func (r rig) lag(b *testing.B, rate int) {
	w := world.New(awsapi.Wall(), r.start)
	w.Limits = true
	names := dns.New(w, resolve.DefaultPolicy, "127.0.0.1", 0)
	defer func() { noErr(b, names.Close()) }()
	list, err := names.Resolvers(b.Context())
	noErr(b, err)
	at := list[slices.IndexFunc(list, func(l dns.Listener) bool { return l.VPC == "vpc-0333333333333333a" })].UDP
	answers := func(name string) bool {
		in, _, err := (&mdns.Client{Net: "udp"}).Exchange(new(mdns.Msg).SetQuestion(mdns.Fqdn(name), mdns.TypeAAAA), at)
		return err == nil && len(in.Answer) == 1
	}
	ready := make(chan struct{})
	s := r.replica(b, w, func(s *event.Server) {
		s.Queues, s.Ready = []event.Queue{r.deployedQueue(b, w)}, func() { close(ready) }
	})
	<-ready
	spokes := []*vpclattice.Client{r.spoke(w, shop, ireland), r.spoke(w, shop, "eu-central-1")}
	lags := make([]time.Duration, b.N)
	var asking sync.WaitGroup
	began := w.Now()
	for i := range b.N {
		wait(b, w, began.Add(time.Duration(i)*time.Second/time.Duration(rate)).Sub(w.Now()))
		name, told := fmt.Sprintf("s%04d.svc.corp.acme.internal", i), w.Now()
		_, err := spokes[i%2].CreateService(b.Context(), &vpclattice.CreateServiceInput{
			Name: sdk.String(fmt.Sprintf("s%04d", i)), CustomDomainName: &name, Tags: map[string]string{event.DefaultTagKey: "true"},
		})
		noErr(b, err)
		asking.Go(func() {
			for !answers(name) && w.Clock.Sleep(b.Context(), 20*time.Millisecond) == nil {
			}
			lags[i] = w.Now().Sub(told)
		})
	}
	asking.Wait()
	s.end(b)
	slices.Sort(lags)
	b.ReportMetric(lags[len(lags)/2].Seconds(), "p50-s")
	b.ReportMetric(lags[len(lags)*99/100].Seconds(), "p99-s")
}

// spoke is VPC Lattice of an account in a Region.
func (r rig) spoke(w *world.World, account estate.AccountID, region estate.Region) *vpclattice.Client {
	return vpclattice.New(vpclattice.Options{
		Region: string(region), Credentials: credentials.NewStaticCredentialsProvider(string(account), world.AdministratorSecret, ""),
		HTTPClient: &http.Client{Transport: twin.New(w)}, HTTPSignerV4: signer{w.Clock, v4.NewSigner()}, Retryer: sdk.NopRetryer{},
	})
}

// deployedQueue is the queue that `orgdns deploy lattice` makes.
func (r rig) deployedQueue(t testing.TB, w *world.World) event.Queue {
	t.Helper()
	access, err := stage.Accesses(r.cfg, func(string) (string, bool) { return "", false })
	noErr(t, err)
	base := credentials.NewStaticCredentialsProvider(string(management), world.AdministratorSecret, "")
	at, _ := recipe.EventQueues(recipe.Input{Config: r.cfg}, "aws")
	id, err := awsapi.ParseQueue(at, "")
	noErr(t, err)
	return stage.Queue(stage.Sessions(r.cfg.Owner, w.Clock, base, &http.Client{Transport: twin.New(w)}, "", ireland, access).Queue(id))
}
