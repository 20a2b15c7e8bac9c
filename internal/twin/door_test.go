package twin_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"syscall"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/twin"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// outside is a client over the network, signing with the time of a clock.
func outside(t *testing.T, b bench, url string) *route53.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	config := b.config(keys(caller))
	config.HTTPClient = &http.Client{Transport: transport}
	return route53.NewFromConfig(config, func(o *route53.Options) {
		o.BaseEndpoint = &url
		if b.clock != nil {
			o.HTTPSignerV4 = b.signer()
		}
	})
}

// Over the network a fault is what it is called.
func TestFaultsOverTheNetwork(t *testing.T) {
	tests := []struct {
		kind world.FaultKind
		is   func(error) bool
		done int // zones made
	}{
		{world.FaultThrottle, func(err error) bool { return code(err) == "Throttling" }, 0},
		{world.FaultServer, func(err error) bool { return code(err) == "InternalFailure" }, 0},
		{world.FaultReset, func(err error) bool { return errors.Is(err, syscall.ECONNRESET) }, 0},
		{world.FaultTimeout, func(err error) bool { return errors.Is(err, io.EOF) }, 0},
		{world.FaultLostResponse, func(err error) bool { return errors.Is(err, io.EOF) }, 1},
		{world.FaultDeath, func(err error) bool { return errors.Is(err, io.EOF) }, 1},
		{world.FaultSlow, func(err error) bool { return err == nil }, 1},
	}
	for _, tt := range tests {
		t.Run(string(tt.kind), func(t *testing.T) {
			b := newBench()
			server := httptest.NewServer(b.Twin)
			defer server.Close()
			c := outside(t, b, server.URL)
			b.world.Inject(world.Fault{Kind: tt.kind, Operation: "CreateHostedZone", Delay: time.Hour})
			if _, err := createZone(t.Context(), c, "example.com"); !tt.is(err) {
				t.Errorf("error %v", err)
			}
			if got := zoneCount(t, c); got != tt.done {
				t.Errorf("%d zones afterwards, want %d", got, tt.done)
			}
		})
	}
}

// What an estate holds is served, and comes back with a reset.
func TestServedEstate(t *testing.T) {
	b := newBench()
	must[*route53.CreateHostedZoneOutput](t)(createZone(t.Context(), b.route53(keys(caller)), "example.com"))
	server := started(t, twin.Server{Listen: "127.0.0.1:0", Estate: b.world.Estate()})
	c := outside(t, bench{}, server.URL)
	if n := zoneCount(t, c); n != 1 {
		t.Errorf("%d zones", n)
	}
	must[*route53.CreateHostedZoneOutput](t)(createZone(t.Context(), c, "example.net"))
	post(t, server.URL, "reset", "")
	if n := zoneCount(t, c); n != 1 {
		t.Errorf("%d zones after a reset", n)
	}
}

// A server whose clock was moved accepts what clients sign with their own time
// and with the time that its answers told them, and nothing before or after.
func TestMovedServer(t *testing.T) {
	server := started(t, twin.Server{Listen: "127.0.0.1:0"})
	post(t, server.URL, "clock", `{"advance":"2h"}`)
	for _, tt := range []struct {
		offset time.Duration
		want   string
	}{
		{0, ""}, {time.Hour, ""}, {2 * time.Hour, ""},
		{-time.Hour, "SignatureDoesNotMatch"}, {3 * time.Hour, "SignatureDoesNotMatch"},
	} {
		b := bench{clock: clock.NewVirtual(time.Now().Add(tt.offset))}
		if _, err := outside(t, b, server.URL).GetHostedZoneCount(t.Context(), nil); code(err) != tt.want {
			t.Errorf("a client that lives %v ahead: %v, want %q", tt.offset, err, tt.want)
		}
	}
}

// Throttling on a server with real limits.
func TestRealLimits(t *testing.T) {
	server := started(t, twin.Server{Listen: "127.0.0.1:0", RealLimits: true})
	c := outside(t, bench{}, server.URL)
	for range 1000 {
		if _, err := c.GetHostedZoneCount(t.Context(), nil); err != nil {
			if code(err) != "Throttling" {
				t.Error(err)
			}
			return
		}
	}
	t.Error("1000 requests in a row and none throttled")
}

// A presigned URL is enough for whoever has it.
func TestPresignedURL(t *testing.T) {
	server := started(t, twin.Server{Listen: "127.0.0.1:0"})
	client := sts.NewFromConfig(bench{}.config(keys(caller)), func(o *sts.Options) { o.BaseEndpoint = &server.URL })
	signed := must[*v4.PresignedHTTPRequest](t)(sts.NewPresignClient(client).PresignGetCallerIdentity(t.Context(), nil))
	for url, want := range map[string]int{signed.URL: 200, signed.URL + "0": 403} {
		r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), signed.Method, url, nil))
		answer := must[*http.Response](t)(http.DefaultClient.Do(r))
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
		if answer.StatusCode != want {
			t.Errorf("%s %s: %s, want %d", signed.Method, url, answer.Status, want)
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

// Unsigned requests, and requests for nothing known, are answered as AWS does.
func TestStrangeRequests(t *testing.T) {
	b := newBench()
	server := httptest.NewServer(b.Twin)
	defer server.Close()
	tests := []struct {
		name, method, path string
		status             int
	}{
		{"unsigned", "POST", "/?Action=GetCallerIdentity&Version=2011-06-15", 403},
		{"unknown action", "POST", "/?Action=Dance&Version=2011-06-15", 400},
		{"what could be a bucket", "GET", "/favicon.ico", 403},
		{"unknown method", "BREW", "/", 405},
	}
	for _, tt := range tests {
		r := must[*http.Request](t)(http.NewRequestWithContext(t.Context(), tt.method, server.URL+tt.path, nil))
		answer := must[*http.Response](t)(server.Client().Do(r))
		body := must[[]byte](t)(io.ReadAll(answer.Body))
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
		if answer.StatusCode != tt.status || len(body) == 0 {
			t.Errorf("%s: %s %s", tt.name, answer.Status, body)
		}
	}
}
