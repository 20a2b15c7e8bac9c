package twin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/twin"
	"github.com/orgdns/orgdns/internal/twin/world"
)

func createZone(ctx context.Context, c *route53.Client, name string) (*route53.CreateHostedZoneOutput, error) {
	return c.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: &name, CallerReference: aws.String("ref-" + name)})
}

func zoneCount(t *testing.T, c *route53.Client) int {
	t.Helper()
	return len(must[*route53.ListHostedZonesOutput](t)(c.ListHostedZones(t.Context(), nil)).HostedZones)
}

func TestCallerIdentity(t *testing.T) {
	b := newBench()
	out := must[*sts.GetCallerIdentityOutput](t)(b.sts(keys(caller)).GetCallerIdentity(t.Context(), nil))
	if *out.Account != caller {
		t.Errorf("account %s", *out.Account)
	}
	if _, ok := b.world.Estate().Accounts.Get(caller); !ok {
		t.Error("the account did not come into being")
	}
}

func TestRoute53(t *testing.T) {
	b := newBench()
	c := b.route53(keys(caller))
	zone := must[*route53.CreateHostedZoneOutput](t)(createZone(t.Context(), c, "example.com"))
	change := func(action types.ChangeAction) error {
		_, err := c.ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{
			HostedZoneId: zone.HostedZone.Id,
			ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{Action: action, ResourceRecordSet: &types.ResourceRecordSet{
				Name: aws.String("www.example.com"), Type: types.RRTypeA, TTL: aws.Int64(60),
				ResourceRecords: []types.ResourceRecord{{Value: aws.String("192.0.2.1")}}}}}}})
		return err
	}
	if err := change(types.ChangeActionCreate); err != nil {
		t.Fatal(err)
	}
	err := change(types.ChangeActionCreate)
	var invalid *types.InvalidChangeBatch
	if !errors.As(err, &invalid) || len(invalid.Messages) != 1 {
		t.Errorf("a second CREATE: %v", err)
	}
	out := must[*route53.ListResourceRecordSetsOutput](t)(c.ListResourceRecordSets(t.Context(),
		&route53.ListResourceRecordSetsInput{HostedZoneId: zone.HostedZone.Id}))
	if len(out.ResourceRecordSets) != 3 { // NS, SOA, A
		t.Errorf("%d record sets", len(out.ResourceRecordSets))
	}
	if n := zoneCount(t, b.route53(keys(other))); n != 0 {
		t.Errorf("another account sees %d zones", n)
	}
}

func TestSignatures(t *testing.T) {
	b := newBench()
	wrong := keys(caller)
	wrong.SecretAccessKey = "another"
	unknown := keys("AKIAUNKNOWN")
	tests := []struct {
		name string
		err  func() error
		want string
	}{
		{"wrong secret", func() error { _, err := b.sts(wrong).GetCallerIdentity(t.Context(), nil); return err }, "SignatureDoesNotMatch"},
		{"unknown key", func() error { _, err := b.sts(unknown).GetCallerIdentity(t.Context(), nil); return err }, "InvalidClientTokenId"},
		{"unknown key, rest-xml", func() error { _, err := b.route53(unknown).ListHostedZones(t.Context(), nil); return err }, "InvalidClientTokenId"},
		{"wall time on a virtual clock", func() error {
			_, err := sts.NewFromConfig(b.config(keys(caller))).GetCallerIdentity(t.Context(), nil)
			return err
		}, "SignatureDoesNotMatch"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.err(); code(err) != tt.want {
				t.Errorf("%v, want %s", err, tt.want)
			}
		})
	}
	if n := b.world.Estate().Accounts.Len(); n != 0 {
		t.Errorf("%d accounts came into being unauthenticated", n)
	}
}

// Every answer is dated by the world's clock, and the IDs of two equal runs are
// equal.
func TestDateAndRequestID(t *testing.T) {
	ids := map[string]bool{}
	for range 2 {
		b := newBench()
		b.clock.Advance(time.Hour)
		req := must[*http.Request](t)(http.NewRequest("POST", "https://sts.amazonaws.com/", strings.NewReader("Action=GetCallerIdentity&Version=2011-06-15")))
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r, err := b.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := r.Header.Get("Date"), start.Add(time.Hour).Format(http.TimeFormat); got != want {
			t.Errorf("Date %s, want %s", got, want)
		}
		ids[r.Header.Get("X-Amzn-Requestid")] = true
	}
	if len(ids) != 1 {
		t.Errorf("request IDs %v", ids)
	}
}

func TestNotImplemented(t *testing.T) {
	b := newBench()
	_, err := b.route53(keys(caller)).CreateTrafficPolicy(t.Context(), &route53.CreateTrafficPolicyInput{Name: aws.String("x"), Document: aws.String("{}")})
	if code(err) != "NotImplementedByTwin" || !strings.Contains(err.Error(), "CreateTrafficPolicy") || !strings.Contains(err.Error(), "StatusCode: 501") {
		t.Errorf("%v", err)
	}
}

func TestThrottling(t *testing.T) {
	for _, limits := range []bool{false, true} {
		b := newBench()
		b.world.Limits = limits
		c := b.route53(keys(caller))
		throttled := 0
		for range 100 {
			_, err := c.GetHostedZoneCount(t.Context(), nil)
			switch code(err) {
			case "":
			case "Throttling":
				throttled++
			default:
				t.Fatal(err)
			}
		}
		if want := map[bool]int{true: 50}[limits]; throttled != want {
			t.Errorf("limits %v: %d of 100 requests at once throttled, want %d", limits, throttled, want)
		}
		for _, row := range b.world.Calls() {
			if row.Count != 100 || row.Throttled != throttled || row.Errors != 0 {
				t.Errorf("log: %+v", row)
			}
		}
		b.clock.Advance(time.Second)
		if _, err := c.GetHostedZoneCount(t.Context(), nil); err != nil {
			t.Errorf("a second later: %v", err)
		}
	}
}

func TestFaults(t *testing.T) {
	timeout := func(err error) bool {
		var n net.Error
		return errors.As(err, &n) && n.Timeout()
	}
	tests := []struct {
		fault  world.Fault
		is     func(error) bool
		done   bool // the work was done
		waited time.Duration
	}{
		{world.Fault{Kind: world.FaultThrottle}, func(err error) bool { return code(err) == "Throttling" }, false, 0},
		{world.Fault{Kind: world.FaultServer}, func(err error) bool { return code(err) == "InternalFailure" }, false, 0},
		{world.Fault{Kind: world.FaultTimeout, Delay: 30 * time.Second}, timeout, false, 30 * time.Second},
		{world.Fault{Kind: world.FaultReset}, func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }, false, 0},
		{world.Fault{Kind: world.FaultLostResponse}, func(err error) bool { return errors.Is(err, io.EOF) }, true, 0},
		{world.Fault{Kind: world.FaultSlow, Delay: time.Minute}, func(err error) bool { return err == nil }, true, time.Minute},
		{world.Fault{Kind: world.FaultDeath}, func(err error) bool { _, died := errors.AsType[*twin.Death](err); return died }, true, 0},
	}
	for _, tt := range tests {
		t.Run(string(tt.fault.Kind), func(t *testing.T) {
			b := newBench()
			tt.fault.Service, tt.fault.Operation, tt.fault.Account = "route53", "CreateHostedZone", caller
			b.world.Inject(tt.fault)
			var err error
			c := b.route53(keys(caller))
			if _, err := createZone(t.Context(), b.route53(keys(other)), "untouched.example"); err != nil {
				t.Fatalf("a call of another account: %v", err)
			}
			leave := b.clock.Enter()
			_, err = createZone(t.Context(), c, "example.com")
			leave()
			if !tt.is(err) {
				t.Errorf("error %v", err)
			}
			if got := b.clock.Now().Sub(start); got != tt.waited {
				t.Errorf("waited %v, want %v", got, tt.waited)
			}
			again := bench{b.clock, b.world, twin.New(b.world)}
			if got := zoneCount(t, again.route53(keys(caller))); got != map[bool]int{true: 1}[tt.done] {
				t.Errorf("%d zones afterwards", got)
			}
		})
	}
}

// After a death every call of that process fails, and only of that.
func TestDeathIsFinal(t *testing.T) {
	b := newBench()
	b.world.Inject(world.Fault{Kind: world.FaultDeath, Skip: 1})
	c := b.route53(keys(caller))
	for i := range 4 {
		_, err := c.GetHostedZoneCount(t.Context(), nil)
		if _, died := errors.AsType[*twin.Death](err); died != (i > 0) {
			t.Errorf("call %d: %v", i+1, err)
		}
	}
	next := bench{b.clock, b.world, twin.New(b.world)}
	if _, err := next.route53(keys(caller)).GetHostedZoneCount(t.Context(), nil); err != nil {
		t.Errorf("the next process: %v", err)
	}
}

func TestStaleReads(t *testing.T) {
	b := newBench()
	c := b.route53(keys(caller))
	b.world.Inject(world.Fault{Kind: world.FaultStale, Count: -1, Delay: 5 * time.Second})
	must[*route53.CreateHostedZoneOutput](t)(createZone(t.Context(), c, "example.com"))
	if n := zoneCount(t, c); n != 0 {
		t.Errorf("%d zones at once, want the world of before", n)
	}
	b.clock.Advance(5 * time.Second)
	if n := zoneCount(t, c); n != 1 {
		t.Errorf("%d zones 5 s later", n)
	}
}

// Forks change apart.
func TestFork(t *testing.T) {
	b := newBench()
	must[*route53.CreateHostedZoneOutput](t)(createZone(t.Context(), b.route53(keys(caller)), "example.com"))
	c := clock.NewVirtual(b.clock.Now())
	w := b.world.Fork(c)
	fork := bench{c, w, twin.New(w)}
	var made []string
	for _, at := range []bench{b, fork} {
		out := must[*route53.CreateHostedZoneOutput](t)(createZone(t.Context(), at.route53(keys(caller)), "api.example.com"))
		made = append(made, *out.HostedZone.Id)
	}
	if made[0] != made[1] {
		t.Errorf("equal calls made %v", made)
	}
	must[*route53.CreateHostedZoneOutput](t)(createZone(t.Context(), fork.route53(keys(caller)), "only-there.example.com"))
	if here, there := zoneCount(t, b.route53(keys(caller))), zoneCount(t, fork.route53(keys(caller))); here != 2 || there != 3 {
		t.Errorf("%d zones here, %d in the fork", here, there)
	}
}

// Hooks see every call after it took effect.
func TestHook(t *testing.T) {
	b := newBench()
	var seen []string
	b.world.OnCall(func(e world.Event) {
		seen = append(seen, fmt.Sprintf("%d %s %s %q %v zones=%d", e.Number, e.Account, e.Operation, e.Code, e.Changed, b.world.Estate().Zones.Len()))
	})
	c := b.route53(keys(caller))
	must[*route53.CreateHostedZoneOutput](t)(createZone(t.Context(), c, "example.com"))
	if _, err := createZone(t.Context(), c, "example.com"); code(err) != "HostedZoneAlreadyExists" {
		t.Error(err)
	}
	zoneCount(t, c)
	want := `1 111111111111 CreateHostedZone "" true zones=1
2 111111111111 CreateHostedZone "HostedZoneAlreadyExists" false zones=1
3 111111111111 ListHostedZones "" false zones=1`
	if got := strings.Join(seen, "\n"); got != want {
		t.Errorf("hooks saw\n%s\nwant\n%s", got, want)
	}
}

// While the answer to a change of a zone is slow, there is no other change of
// that zone.
func TestChangesInFlight(t *testing.T) {
	b := newBench()
	c := b.route53(keys(caller))
	var zones []*string
	for _, name := range []string{"example.com", "example.net"} {
		zones = append(zones, must[*route53.CreateHostedZoneOutput](t)(createZone(t.Context(), c, name)).HostedZone.Id)
	}
	change := func(zone *string, record string) error {
		_, err := c.ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{
			HostedZoneId: zone,
			ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{Action: types.ChangeActionUpsert, ResourceRecordSet: &types.ResourceRecordSet{
				Name: aws.String(record), Type: types.RRTypeTxt, TTL: aws.Int64(60),
				ResourceRecords: []types.ResourceRecord{{Value: aws.String(`"x"`)}}}}}}})
		return err
	}
	b.world.Inject(world.Fault{Kind: world.FaultSlow, Delay: 10 * time.Second})
	slow := clock.NewMailbox[error](b.clock)
	defer b.clock.Enter()()
	b.clock.Go(func() { slow.Send(change(zones[0], "a.example.com")) })
	if err := b.clock.Sleep(t.Context(), time.Second); err != nil {
		t.Fatal(err)
	}
	if err := change(zones[0], "b.example.com"); code(err) != "PriorRequestNotComplete" {
		t.Errorf("a second change in flight: %v", err)
	}
	if err := change(zones[1], "b.example.net"); err != nil {
		t.Errorf("a change of another zone: %v", err)
	}
	if err := slow.Receive(); err != nil {
		t.Errorf("the slow change: %v", err)
	}
	if got := b.clock.Now().Sub(start); got != 10*time.Second {
		t.Errorf("answered after %v", got)
	}
	if err := change(zones[0], "b.example.com"); err != nil {
		t.Errorf("after the answer: %v", err)
	}
}

// A canceled call does nothing.
func TestCanceled(t *testing.T) {
	b := newBench()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := createZone(ctx, b.route53(keys(caller)), "example.com"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if n := len(b.world.Calls()); n != 0 {
		t.Errorf("%d rows in the log", n)
	}
}
