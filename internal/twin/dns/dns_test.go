package dns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

func name(s string) dnsname.Name { return dnsname.MustParse(s) }

func put(e *estate.Estate, zone, owner, rrtype string, values ...string) {
	e.Records.Put(estate.RecordSet{Zone: zone, Name: name(owner), Type: rrtype, TTL: 300, Values: values})
}

// testEstate has a public zone on ns1 and ns2, one of the same name that only
// vpc-a sees, and a VPC that is mute.
func testEstate() estate.Estate {
	var e estate.Estate
	for _, id := range []string{"vpc-a", "vpc-b", "vpc-mute"} {
		e.VPCs.Put(estate.VPC{ID: id, Account: "111111111111", Region: "eu-west-1", DNSSupport: id != "vpc-mute", DNSHostnames: true})
	}
	servers := []dnsname.Name{name("ns1.example.net"), name("ns2.example.net")}
	e.Zones.Put(
		estate.Zone{ID: "ZPUB", Name: name("example.com"), NameServers: servers},
		estate.Zone{ID: "ZPRIV", Name: name("example.com"), Private: true, VPCs: []estate.VPCRef{{ID: "vpc-a"}}},
	)
	for _, z := range []string{"ZPUB", "ZPRIV"} {
		put(&e, z, "example.com", "NS", "ns1.example.net.", "ns2.example.net.")
		put(&e, z, "example.com", "SOA", "ns1.example.net. hostmaster.example.com. 1 7200 900 1209600 86400")
	}
	put(&e, "ZPUB", "www.example.com", "A", "192.0.2.1")
	put(&e, "ZPRIV", "www.example.com", "A", "10.0.0.1")
	put(&e, "ZPUB", "text.example.com", "TXT", `"a \"quoted\" \344 text" "and more"`)
	put(&e, "ZPUB", "*.wild.example.com", "CNAME", "www.example.com")
	put(&e, "ZPUB", "sub.example.com", "NS", "ns.sub.example.com")
	put(&e, "ZPUB", "ns.sub.example.com", "A", "192.0.2.53")
	put(&e, "ZPUB", "broken.example.com", "A", "not an address")
	var many []string
	for i := range 200 {
		many = append(many, fmt.Sprintf("10.1.0.%d", i))
	}
	put(&e, "ZPUB", "many.example.com", "A", many...)
	put(&e, "ZPUB", "thirty.example.com", "A", many[:40]...)
	return e
}

func start(t *testing.T, e estate.Estate, p resolve.Policy) (*Server, *world.World) {
	t.Helper()
	w := world.New(clock.NewVirtual(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), e)
	s := New(w, p, "127.0.0.1", 0)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, w
}

// addresses opens the resolvers and gives their address by VPC.
func addresses(t *testing.T, s *Server) map[string]string {
	t.Helper()
	ls, err := s.Resolvers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, l := range ls {
		if l.UDP != l.TCP {
			t.Errorf("%s: UDP on %s, TCP on %s", l.VPC, l.UDP, l.TCP)
		}
		out[l.VPC] = l.UDP
	}
	return out
}

func values(rrs []resolve.RR) string {
	var out []string
	for _, r := range rrs {
		out = append(out, r.Value)
	}
	return strings.Join(out, " ")
}

func TestResolvers(t *testing.T) {
	s, _ := start(t, testEstate(), resolve.DefaultPolicy)
	at := addresses(t, s)
	for _, test := range []struct {
		from, name, qtype, rcode, answer, authority string
	}{
		{"vpc-a", "www.example.com", "A", "NOERROR", "10.0.0.1", ""},
		{"vpc-b", "www.example.com", "A", "NOERROR", "192.0.2.1", ""},
		{"internet", "WWW.example.com", "A", "NOERROR", "192.0.2.1", ""},
		{"internet", "www.example.com", "AAAA", "NOERROR", "", "SOA"},
		{"internet", "no.example.com", "A", "NXDOMAIN", "", "SOA"},
		{"internet", "nowhere.test", "A", "NXDOMAIN", "", ""},
		{"internet", "a.b.wild.example.com", "A", "NOERROR", "www.example.com. 192.0.2.1", ""},
		{"internet", "*.wild.example.com", "CNAME", "NOERROR", "www.example.com.", ""},
		{"internet", "text.example.com", "TXT", "NOERROR", `"a \"quoted\" \344 text" "and more"`, ""},
		{"internet", "x.sub.example.com", "A", "SERVFAIL", "", ""},
		{"internet", "broken.example.com", "A", "SERVFAIL", "", ""},
	} {
		r, err := Query(t.Context(), at[test.from], name(test.name), test.qtype)
		if err != nil {
			t.Error(err)
			continue
		}
		authority := ""
		if len(r.Authority) > 0 {
			authority = r.Authority[0].Type
		}
		if r.RCode != test.rcode || values(r.Records) != test.answer || authority != test.authority {
			t.Errorf("%s: %s %s = %s %q authority %s, want %s %q %s", test.from, test.name, test.qtype,
				r.RCode, values(r.Records), authority, test.rcode, test.answer, test.authority)
		}
		if r.RCode == "SERVFAIL" && r.Reason == "" {
			t.Errorf("%s: %s %s fails without a reason", test.from, test.name, test.qtype)
		}
	}
}

// TestInboundEndpoints: what enters through an endpoint is answered in its VPC,
// with the private names that are for such queries alone; a delegation endpoint
// answers for private zones, without being asked for recursion.
func TestInboundEndpoints(t *testing.T) {
	e := testEstate()
	e.Endpoints.Put(estate.Endpoint{ID: "vpce-1", Account: "111111111111", Region: "eu-west-1", VPC: "vpc-a", Type: estate.EndpointInterface,
		State: estate.EndpointAvailable, PrivateDNS: true, InboundOnly: true, PrivateNames: []dnsname.Name{name("s3.eu-west-1.amazonaws.com")},
		Addresses: []estate.EndpointAddress{{IPv4: netip.MustParseAddr("10.0.1.5")}}})
	for id, direction := range map[string]string{"rslvr-in-1": estate.EndpointInbound, "rslvr-in-2": estate.EndpointDelegation, "rslvr-out-1": estate.EndpointOutbound} {
		e.ResolverEndpoints.Put(estate.ResolverEndpoint{ID: id, Account: "111111111111", Region: "eu-west-1", VPC: "vpc-a", Direction: direction, Status: estate.StatusOperational})
	}
	s, w := start(t, e, resolve.DefaultPolicy)
	list, err := s.Resolvers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]string{}
	for _, l := range list {
		if l.Endpoint != "" {
			at[l.Endpoint] = l.UDP
		} else if l.VPC == "vpc-a" {
			at["vpc-a"] = l.UDP
		}
	}
	if len(at) != 3 {
		t.Fatalf("listeners: %v", at)
	}
	for _, test := range []struct{ at, name, rcode, want string }{
		{"vpc-a", "s3.eu-west-1.amazonaws.com", "NXDOMAIN", ""},
		{"rslvr-in-1", "s3.eu-west-1.amazonaws.com", "NOERROR", "10.0.1.5"},
		{"rslvr-in-1", "www.example.com", "NOERROR", "10.0.0.1"},
		{"rslvr-in-2", "www.example.com", "NOERROR", "10.0.0.1"},
		{"rslvr-in-2", "www.example.org", "REFUSED", ""},
	} {
		r, err := Query(t.Context(), at[test.at], name(test.name), "A")
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(r.Records) > 0 {
			got = r.Records[0].Value
		}
		if r.RCode != test.rcode || got != test.want {
			t.Errorf("%s at %s: %s %q, want %s %q", test.name, test.at, r.RCode, got, test.rcode, test.want)
		}
	}
	m := new(mdns.Msg)
	m.SetQuestion("www.example.com.", mdns.TypeA)
	m.RecursionDesired = false
	for endpoint, want := range map[string]int{"rslvr-in-1": mdns.RcodeRefused, "rslvr-in-2": mdns.RcodeSuccess} {
		in, err := mdns.Exchange(m, at[endpoint])
		if err != nil || in.Rcode != want {
			t.Errorf("without recursion at %s: %v %v", endpoint, in, err)
		}
	}
	if err := w.Update(func(st *world.State) error {
		st.Estate.ResolverEndpoints.Delete("rslvr-in-2")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if list, err := s.Resolvers(t.Context()); err != nil || len(list) != 5 {
		t.Errorf("after one is deleted: %v, %v", list, err)
	}
	if c, err := net.Dial("tcp", at["rslvr-in-2"]); err == nil {
		_ = c.Close()
		t.Error("the listener of an endpoint that was deleted still takes connections")
	}
}

func TestNameServer(t *testing.T) {
	s, _ := start(t, testEstate(), resolve.DefaultPolicy)
	l, err := s.NameServer(t.Context(), name("ns2.example.net"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, qtype, rcode, answer, authority, additional string
		authoritative                                     bool
	}{
		{"www.example.com", "A", "NOERROR", "192.0.2.1", "ns1.example.net. ns2.example.net.", "", true},
		{"x.sub.example.com", "A", "NOERROR", "", "ns.sub.example.com.", "192.0.2.53", false},
		{"www.example.org", "A", "REFUSED", "", "", "", false},
	} {
		r, err := Query(t.Context(), l.UDP, name(test.name), test.qtype)
		if err != nil {
			t.Error(err)
			continue
		}
		if r.RCode != test.rcode || values(r.Records) != test.answer || values(r.Authority) != test.authority ||
			values(r.Additional) != test.additional || r.Authoritative != test.authoritative {
			t.Errorf("%s %s: %+v", test.name, test.qtype, r)
		}
	}
}

func TestSilence(t *testing.T) {
	s, _ := start(t, testEstate(), resolve.DefaultPolicy)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	_, err := Query(ctx, addresses(t, s)["vpc-mute"], name("www.example.com"), "A")
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("want a time-out, got %v", err)
	}
}

func TestMessages(t *testing.T) {
	s, _ := start(t, testEstate(), resolve.DefaultPolicy)
	at := addresses(t, s)["internet"]
	query := func(edit func(*mdns.Msg)) *mdns.Msg {
		m := new(mdns.Msg)
		m.SetQuestion("many.example.com.", mdns.TypeA)
		edit(m)
		return m
	}
	for _, test := range []struct {
		name  string
		net   string
		query *mdns.Msg
		check func(*mdns.Msg) bool
	}{
		{"flags", "udp", query(func(m *mdns.Msg) { m.Question[0].Name = "www.example.com." }),
			func(m *mdns.Msg) bool {
				return m.Response && m.RecursionDesired && m.RecursionAvailable && !m.Authoritative && m.IsEdns0() == nil
			}},
		{"truncated at 512", "udp", query(func(m *mdns.Msg) {}),
			func(m *mdns.Msg) bool { return m.Truncated && m.Len() <= 512 && len(m.Answer) > 0 }},
		{"EDNS0 lets 1232 pass", "udp", query(func(m *mdns.Msg) {
			m.Question[0].Name = "thirty.example.com."
			m.SetEdns0(1232, false)
		}), func(m *mdns.Msg) bool { return !m.Truncated && len(m.Answer) == 40 && m.IsEdns0() != nil }},
		{"EDNS0 below 512 is 512", "udp", query(func(m *mdns.Msg) { m.SetEdns0(100, false) }),
			func(m *mdns.Msg) bool { return m.Truncated && m.Len() > 400 }},
		{"whole over TCP", "tcp", query(func(m *mdns.Msg) {}),
			func(m *mdns.Msg) bool { return !m.Truncated && len(m.Answer) == 200 }},
		{"not recursive", "udp", query(func(m *mdns.Msg) { m.RecursionDesired = false }),
			func(m *mdns.Msg) bool { return m.Rcode == mdns.RcodeRefused }},
		{"ANY", "udp", query(func(m *mdns.Msg) { m.Question[0].Qtype = mdns.TypeANY }),
			func(m *mdns.Msg) bool { return m.Rcode == mdns.RcodeNotImplemented }},
		{"transfer", "tcp", query(func(m *mdns.Msg) { m.Question[0].Qtype = mdns.TypeAXFR }),
			func(m *mdns.Msg) bool { return m.Rcode == mdns.RcodeRefused }},
		{"class", "udp", query(func(m *mdns.Msg) { m.Question[0].Qclass = mdns.ClassCHAOS }),
			func(m *mdns.Msg) bool { return m.Rcode == mdns.RcodeRefused }},
		{"EDNS version", "udp", query(func(m *mdns.Msg) { m.SetEdns0(1232, false).IsEdns0().SetVersion(1) }),
			func(m *mdns.Msg) bool {
				return m.IsEdns0() != nil && m.IsEdns0().Version() == 0 && m.Rcode == mdns.RcodeBadVers
			}},
	} {
		c := mdns.Client{Net: test.net}
		in, _, err := c.ExchangeContext(t.Context(), test.query, at)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		in.Compress = true // as it was, so that Len is the size on the wire
		if !test.check(in) {
			t.Errorf("%s: %v", test.name, in)
		}
	}
}

// TestFollowsWorld: answers are those of the world now, and VPCs come and go.
func TestFollowsWorld(t *testing.T) {
	s, w := start(t, testEstate(), resolve.DefaultPolicy)
	before := addresses(t, s)
	err := w.Update(func(st *world.State) error {
		put(&st.Estate, "ZPUB", "new.example.com", "A", "192.0.2.7")
		st.Estate.VPCs.Put(estate.VPC{ID: "vpc-c", Region: "eu-west-1", DNSSupport: true})
		st.Estate.VPCs.Delete("vpc-b")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Query(t.Context(), before["internet"], name("new.example.com"), "A")
	if err != nil || values(r.Records) != "192.0.2.7" {
		t.Errorf("new.example.com: %+v, %v", r, err)
	}
	after := addresses(t, s)
	if after["internet"] != before["internet"] || after["vpc-c"] == "" || after["vpc-b"] != "" {
		t.Errorf("resolvers before %v, after %v", before, after)
	}
}

func TestPortBase(t *testing.T) {
	// A run of ports that were free a moment ago.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	base := netip.MustParseAddrPort(l.Addr().String()).Port()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var e estate.Estate
	s := New(world.New(clock.NewVirtual(time.Time{}), e), resolve.DefaultPolicy, "127.0.0.1", int(base))
	defer s.Close()
	ls, err := s.Resolvers(t.Context())
	if err != nil {
		t.Skip("the port was taken meanwhile: ", err)
	}
	if !slices.ContainsFunc(ls, func(l Listener) bool { return strings.HasSuffix(l.UDP, fmt.Sprintf(":%d", base)) }) {
		t.Errorf("no listener on %d: %v", base, ls)
	}
}

// TestSymbolic: what the estate cannot tell is a failure with a reason.
func TestSymbolic(t *testing.T) {
	e := testEstate()
	e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryIdentity}}) // it was read from somewhere
	e.Records.Put(estate.RecordSet{Zone: "ZPUB", Name: name("alias.example.com"), Type: "A",
		Alias: &estate.Alias{Name: name("d1.cloudfront.net"), Zone: "Z2FDTNDATAQYW2"}})
	s, _ := start(t, e, resolve.DefaultPolicy)
	for _, host := range []string{"alias.example.com", "elsewhere.test"} {
		r, err := Query(t.Context(), addresses(t, s)["internet"], name(host), "A")
		if err != nil || r.RCode != "SERVFAIL" || r.Reason == "" {
			t.Errorf("%s: %+v, %v", host, r, err)
		}
	}
}

// BenchmarkQuery: one A query over UDP on loopback, answered from a public zone.
func BenchmarkQuery(b *testing.B) {
	w := world.New(clock.NewVirtual(time.Time{}), testEstate())
	s := New(w, resolve.DefaultPolicy, "127.0.0.1", 0)
	defer s.Close()
	ls, err := s.Resolvers(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Query(b.Context(), ls[0].UDP, name("www.example.com"), "A"); err != nil {
			b.Fatal(err)
		}
	}
}
