package twin

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/dns"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// newAdmin is the admin interface of a world that holds a VPC.
func newAdmin(t *testing.T) (*admin, *clock.Virtual) {
	t.Helper()
	var e estate.Estate
	e.VPCs.Put(estate.VPC{ID: "vpc-1", Account: "111111111111", Region: "eu-west-1", DNSSupport: true})
	c := clock.NewVirtual(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC))
	w := world.New(c, e)
	names := dns.New(w, resolve.DefaultPolicy, "127.0.0.1", 0)
	t.Cleanup(func() {
		if err := names.Close(); err != nil {
			t.Error(err)
		}
	})
	return &admin{world: w, dns: names, start: e, advance: c.Advance}, c
}

// ask sends a request from a loopback address.
func ask(a *admin, method, path, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "http://127.0.0.1:4577"+path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:50000"
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

func TestAdmin(t *testing.T) {
	tests := []struct {
		name, method, path, body string
		status                   int
		want                     string // part of the answer, blanks removed
	}{
		{"estate", "GET", "/_twin/estate", "", 200, `"vpcs":[{"id":"vpc-1"`},
		{"trailing slash", "GET", "/_twin/estate/", "", 200, `"version":1`},
		{"calls", "GET", "/_twin/calls", "", 200, `[]`},
		{"resolvers", "GET", "/_twin/resolvers", "", 200, `"vpc":"internet"`},
		{"resolvers", "GET", "/_twin/resolvers", "", 200, `"vpc":"vpc-1","account":"111111111111","region":"eu-west-1","udp":"127.0.0.1:`},
		{"clock", "GET", "/_twin/clock", "", 200, `"now":"2026-03-04T05:06:07Z"`},
		{"advance", "POST", "/_twin/clock", `{"advance":"1h"}`, 200, `"now":"2026-03-04T06:06:07Z"`},
		{"advance back", "POST", "/_twin/clock", `{"advance":"-1h"}`, 400, `"advance\"is\"-1h\"`},
		{"advance by a number", "POST", "/_twin/clock", `{"advance":60}`, 400, `\"advance\"isaJSONnumber;wantedisastring`},
		{"advance by a list", "POST", "/_twin/clock", `["1h"]`, 400, `thewholeofitisaJSONarray;wantedisanobject`},
		{"no body", "POST", "/_twin/clock", ``, 400, `itisempty`},
		{"half a body", "POST", "/_twin/clock", `{"advance":`, 400, `itendstooearly`},
		{"unknown key", "POST", "/_twin/clock", `{"forward":"1h"}`, 400, `unknownfield\"forward\"`},
		{"fault of a number", "POST", "/_twin/faults", `{"kind":5}`, 400, `\"kind\"isaJSONnumber;wantedisastring`},
		{"snapshot of another kind", "POST", "/_twin/reset", `{"version":1,"zones":{}}`, 400, `\"zones\"isaJSONobject;wantedisalist`},
		{"advance by nothing", "POST", "/_twin/clock", `{}`, 400, `wantedisaduration`},
		{"unknown key", "POST", "/_twin/clock", `{"advanse":"1h"}`, 400, `unknownfield\"advanse\"`},
		{"no JSON", "POST", "/_twin/clock", `1h`, 400, `notthe`},
		{"two values", "POST", "/_twin/clock", `{"advance":"1h"}{}`, 400, `morethanoneJSONvalue`},
		{"no faults", "GET", "/_twin/faults", "", 200, `[]`},
		{"fault", "POST", "/_twin/faults", `{"kind":"slow","delay":"5s","service":"route53","operation":"CreateHostedZone"}`, 200,
			`[{"service":"route53","operation":"CreateHostedZone","count":1,"kind":"slow","delay":"5s"}]`},
		{"faults", "POST", "/_twin/faults", `[{"kind":"throttle","count":-1},{"kind":"reset"}]`, 200, `[{"count":-1,"kind":"throttle"},{"count":1,"kind":"reset"}]`},
		{"clear", "POST", "/_twin/faults", `[]`, 200, `[]`},
		{"faults of events", "POST", "/_twin/faults", `[{"kind":"eventDrop","service":"aws.tag","operation":"Any","count":-1,"share":0.1,"seed":7}]`, 200,
			`[{"service":"aws.tag","operation":"Any","count":-1,"kind":"eventDrop","share":0.1,"seed":7}]`},
		{"a share of calls", "POST", "/_twin/faults", `{"kind":"reset","share":0.5}`, 400, `\"share\"isfrom0to1`},
		{"a share of too much", "POST", "/_twin/faults", `{"kind":"eventDrop","share":1.5}`, 400, `share`},
		{"late events without delay", "POST", "/_twin/faults", `{"kind":"eventDelay"}`, 400, `delay`},
		{"unknown kind", "POST", "/_twin/faults", `{"kind":"flood"}`, 400, `flood`},
		{"unknown service", "POST", "/_twin/faults", `{"kind":"reset","service":"rds"}`, 400, `rds`},
		{"unknown operation", "POST", "/_twin/faults", `{"kind":"reset","service":"sts","operation":"Steal"}`, 400, `Steal`},
		{"operation of no service", "POST", "/_twin/faults", `{"kind":"reset","operation":"GetCallerIdentity"}`, 400, `needsits`},
		{"slow without delay", "POST", "/_twin/faults", `{"kind":"slow"}`, 400, `delay`},
		{"bad delay", "POST", "/_twin/faults", `{"kind":"slow","delay":"soon"}`, 400, `soon`},
		{"bad count", "POST", "/_twin/faults", `{"kind":"reset","count":-2}`, 400, `count`},
		{"reset", "POST", "/_twin/reset", "", 200, `{}`},
		{"reset to rubbish", "POST", "/_twin/reset", "{", 400, `error`},
		{"reset to an unknown version", "POST", "/_twin/reset", `{"version":99}`, 400, `version99`},
		{"method", "GET", "/_twin/reset", "", 405, `GETisnotfor`},
		{"method", "DELETE", "/_twin/faults", "", 405, `DELETEisnotfor`},
		{"path", "GET", "/_twin/secrets", "", 404, `nothingat`},
		{"path", "GET", "/_twin/", "", 404, `nothingat`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, _ := newAdmin(t)
			got := ask(a, tt.method, tt.path, tt.body)
			if got.Code != tt.status {
				t.Errorf("status %d, want %d", got.Code, tt.status)
			}
			if !json.Valid(got.Body.Bytes()) {
				t.Errorf("no JSON: %s", got.Body)
			}
			body := strings.NewReplacer(" ", "", "\n", "").Replace(got.Body.String())
			if !strings.Contains(body, tt.want) {
				t.Errorf("answer %s does not contain %s", body, tt.want)
			}
		})
	}
}

func TestAdminReset(t *testing.T) {
	a, _ := newAdmin(t)
	a.world.Inject(world.Fault{Kind: world.FaultReset})
	a.world.Logged(world.CallKey{Service: "sts"}, "", false, false)
	if got := ask(a, "POST", "/_twin/reset", `{"version":1,"accounts":[{"id":"222222222222"}]}`); got.Code != 200 {
		t.Fatal(got.Body)
	}
	if e := a.world.Estate(); e.Accounts.Len() != 1 || e.VPCs.Len() != 0 || len(a.world.Calls()) != 0 || len(a.world.Faults()) != 0 {
		t.Errorf("after a reset to a snapshot: %+v", e)
	}
	if got := ask(a, "POST", "/_twin/reset", ""); got.Code != 200 {
		t.Fatal(got.Body)
	}
	if e := a.world.Estate(); e.Accounts.Len() != 0 || e.VPCs.Len() != 1 {
		t.Errorf("after a reset to the start: %+v", e)
	}
}

// The interface is for whoever is on this machine, not for web pages there.
func TestAdminRefuses(t *testing.T) {
	tests := []struct {
		name         string
		remote, host string
		header       []string
		want         int
	}{
		{"loopback", "127.0.0.1:1", "127.0.0.1:4577", nil, 200},
		{"loopback 6", "[::1]:1", "[::1]:4577", nil, 200},
		{"by name", "127.0.0.1:1", "localhost:4577", nil, 200},
		{"another machine", "192.0.2.1:1", "127.0.0.1:4577", nil, 403},
		{"a name bound to loopback", "127.0.0.1:1", "evil.example:4577", nil, 403},
		{"a page of another origin", "127.0.0.1:1", "127.0.0.1:4577", []string{"Origin", "https://evil.example"}, 403},
		{"a page of another site", "127.0.0.1:1", "127.0.0.1:4577", []string{"Sec-Fetch-Site", "cross-site"}, 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, _ := newAdmin(t)
			r := httptest.NewRequest(http.MethodPost, "http://"+tt.host+"/_twin/reset", nil)
			r.RemoteAddr = tt.remote
			for i := 0; i < len(tt.header); i += 2 {
				r.Header.Set(tt.header[i], tt.header[i+1])
			}
			w := httptest.NewRecorder()
			a.ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("status %d, want %d: %s", w.Code, tt.want, w.Body)
			}
		})
	}
}

func TestOffsetTime(t *testing.T) {
	o := &offsetTime{}
	before := o.now()
	wake := o.after(time.Hour)
	o.advance(59 * time.Minute)
	select {
	case <-wake:
		t.Error("woke after 59 minutes of an hour")
	default:
	}
	o.advance(time.Minute)
	select {
	case <-wake:
	case <-time.After(10 * time.Second):
		t.Error("an advance by the whole sleep did not end it")
	}
	if moved := o.now().Sub(before); moved < time.Hour || moved > time.Hour+time.Minute {
		t.Errorf("moved by %v", moved)
	}
	select {
	case <-o.after(time.Millisecond):
	case <-time.After(10 * time.Second):
		t.Error("a short sleep does not end")
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.sleepers) != 0 {
		t.Errorf("%d sleepers left", len(o.sleepers))
	}
}
