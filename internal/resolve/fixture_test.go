package resolve

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Fixtures write an estate down as the vectors of the reference do.

type change func(*estate.Estate)

func build(changes ...change) estate.Estate {
	var e estate.Estate
	for _, c := range changes {
		c(&e)
	}
	return e
}

func all(changes ...change) change {
	return func(e *estate.Estate) {
		for _, c := range changes {
			c(e)
		}
	}
}

func name(s string) dnsname.Name { return dnsname.MustParse(s) }

// vpc makes a VPC with both attributes on, in eu-west-1.
func vpc(id string, opts ...func(*estate.VPC)) change {
	return func(e *estate.Estate) {
		v := estate.VPC{
			ID: id, Account: "222222222222", Region: "eu-west-1", DNSSupport: true, DNSHostnames: true,
			CIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")},
		}
		for _, o := range opts {
			o(&v)
		}
		e.VPCs.Put(v)
	}
}

func noHostnames(v *estate.VPC) { v.DNSHostnames = false }
func noSupport(v *estate.VPC)   { v.DNSSupport = false }

func region(r estate.Region) func(*estate.VPC) { return func(v *estate.VPC) { v.Region = r } }

var (
	reserved = []string{"ns-0.awsdns-00.com", "ns-512.awsdns-00.net", "ns-1024.awsdns-00.org", "ns-1536.awsdns-00.co.uk"}
	set1     = []string{"ns-1.awsdns-01.com", "ns-513.awsdns-01.net", "ns-1025.awsdns-01.org", "ns-1537.awsdns-01.co.uk"}
	set2     = []string{"ns-2.awsdns-02.com", "ns-514.awsdns-02.net", "ns-1026.awsdns-02.org", "ns-1538.awsdns-02.co.uk"}
	set3     = []string{"ns-3.awsdns-03.com", "ns-515.awsdns-03.net", "ns-1027.awsdns-03.org", "ns-1539.awsdns-03.co.uk"}
)

func zone(z estate.Zone, servers []string, records []string) change {
	return func(e *estate.Estate) {
		apex := z.Name.String()
		e.Zones.Put(z)
		e.Records.Put(
			estate.RecordSet{Zone: z.ID, Name: z.Name, Type: "NS", TTL: 172800, Values: dotted(servers)},
			estate.RecordSet{Zone: z.ID, Name: z.Name, Type: "SOA", TTL: 900,
				Values: []string{servers[0] + ". hostmaster." + apex + ". 1 7200 900 1209600 86400"}},
		)
		for _, r := range records {
			record(z.ID, r)(e)
		}
	}
}

// phz is a private zone; public a public one on a set of servers.
func phz(id, apex string, vpcs []string, records ...string) change {
	z := estate.Zone{ID: id, Account: "222222222222", Name: name(apex), Private: true}
	for _, v := range vpcs {
		z.VPCs = append(z.VPCs, estate.VPCRef{Region: "eu-west-1", ID: v})
	}
	return zone(z, reserved, records)
}

func public(id, apex string, servers []string, records ...string) change {
	z := estate.Zone{ID: id, Account: "111111111111", Name: name(apex)}
	for _, s := range servers {
		z.NameServers = append(z.NameServers, name(s))
	}
	return zone(z, servers, records)
}

func dotted(hosts []string) []string {
	var out []string
	for _, h := range hosts {
		out = append(out, h+".")
	}
	return out
}

// record reads "owner TYPE value, value" or "owner TYPE alias target zone", the
// owner relative to the zone.
func record(zoneID, text string) change {
	return func(e *estate.Estate) {
		z, ok := e.Zones.Get(zoneID)
		if !ok {
			panic("no zone " + zoneID)
		}
		f := strings.SplitN(text, " ", 3)
		rs := estate.RecordSet{Zone: zoneID, Name: z.Name, Type: f[1], TTL: 300}
		if f[0] != "@" {
			rs.Name = name(f[0] + "." + z.Name.String())
		}
		if target, ok := strings.CutPrefix(f[2], "alias "); ok {
			n, id, _ := strings.Cut(target, " ")
			rs.TTL, rs.Alias = 0, &estate.Alias{Name: name(n), Zone: id}
		} else {
			rs.Values = strings.Split(f[2], ", ")
		}
		e.Records.Put(rs)
	}
}

func without(zoneID, owner, rrtype string) change {
	return func(e *estate.Estate) {
		e.Records.Delete(estate.RecordKey(zoneID, name(owner), rrtype, ""))
	}
}

func deleteZone(id string) change {
	return func(e *estate.Estate) {
		var keys []string
		for rs := range e.Records.Prefix(estate.RecordsOf(id)) {
			keys = append(keys, rs.Key())
		}
		e.Records.Delete(keys...)
		e.Zones.Delete(id)
	}
}

// forward is a FORWARD rule in effect in VPCs; systemRule a SYSTEM one.
func forward(domain, ip string, vpcs ...string) change {
	r := estate.ResolverRule{Type: estate.RuleForward}
	if ip != "" {
		r.Targets = []estate.RuleTarget{{IP: netip.MustParseAddr(ip)}}
	}
	return rule(r, domain, vpcs)
}

func systemRule(domain string, vpcs ...string) change {
	return rule(estate.ResolverRule{Type: estate.RuleSystem}, domain, vpcs)
}

func rule(r estate.ResolverRule, domain string, vpcs []string) change {
	return func(e *estate.Estate) {
		r.ID = ruleID(r.Type, domain)
		r.Account, r.Region, r.Domain = app, "eu-west-1", name(domain)
		e.ResolverRules.Put(r)
		for _, v := range vpcs {
			e.RuleAssociations.Put(estate.RuleAssociation{ID: "rslvr-rrassoc-" + r.ID + v, Rule: r.ID, VPC: v})
		}
	}
}

// Accounts of the vectors: NET lends what it owns, APP has the VPCs.
const (
	net = estate.AccountID("111111111111")
	app = estate.AccountID("222222222222")
)

// profile is a Profile of NET's in effect in VPCs, shared with APP, with
// resources by ARN.
func profile(vpcs []string, arns ...string) change {
	return func(e *estate.Estate) {
		p := estate.Profile{ID: "rp-1", ARN: "arn:aws:route53profiles:eu-west-1:" + string(net) + ":profile/rp-1", Account: net, Region: "eu-west-1"}
		e.Profiles.Put(p)
		for _, arn := range arns {
			carry(p.ID, arn, 100)(e)
		}
		for _, v := range vpcs {
			profileOn(p.ID, v)(e)
		}
		share(p.ARN)(e)
	}
}

func profileOn(id, vpc string) change {
	return func(e *estate.Estate) {
		e.ProfileAssociations.Put(estate.ProfileAssociation{ID: "rpassoc-" + id + vpc, Profile: id, VPC: vpc, Account: app,
			Region: "eu-west-1", Status: estate.StatusComplete})
	}
}

func carry(profile, arn string, priority int32) change {
	kind := map[string]string{"hostedzone": estate.ProfileZone, "resolver-rule": estate.ProfileRule,
		"firewall-rule-group": estate.ProfileFirewallGroup, "vpc-endpoint": estate.ProfileEndpoint}
	return func(e *estate.Estate) {
		parts := strings.FieldsFunc(arn, func(r rune) bool { return r == ':' || r == '/' })
		e.ProfileResources.Put(estate.ProfileResource{ID: "rpr-" + profile + parts[len(parts)-1], Profile: profile, ARN: arn,
			Type: kind[parts[len(parts)-2]], Status: estate.StatusComplete, Priority: priority})
	}
}

func zoneARN(id string) string { return estate.Zone{ID: id}.ARN() }

// ruleARN is that of a rule made by rule.
func ruleARN(kind, domain string) string {
	return estate.ResolverRule{ID: ruleID(kind, domain), Account: app, Region: "eu-west-1"}.ARN()
}

func ruleID(kind, domain string) string { return "rslvr-rr-" + strings.ToLower(kind) + "-" + domain }

func endpointARN(id string) string {
	return estate.Endpoint{ID: id, Account: app, Region: "eu-west-1"}.ARN()
}

// share lends a resource of NET's to APP; unshare ends it.
func share(arn string) change {
	return func(e *estate.Estate) {
		e.Shares.Put(estate.Share{ARN: "share-" + arn, Account: net, Region: "eu-west-1",
			Resources:  []estate.ShareMember{{ID: arn, Status: estate.ShareAssociated}},
			Principals: []estate.ShareMember{{ID: string(app), Status: estate.ShareAssociated, External: true}}})
	}
}

func unshare(arn string) change {
	return func(e *estate.Estate) { e.Shares.Delete("share-" + arn) }
}

const profileARN = "arn:aws:route53profiles:eu-west-1:111111111111:profile/rp-1"

// endpoint is an interface endpoint in a VPC with private DNS, in two zones.
func endpoint(id, vpc, service string, private []string, opts ...func(*estate.Endpoint)) change {
	return func(e *estate.Estate) {
		host := id + "-x." + service + ".eu-west-1.vpce.amazonaws.com"
		p := estate.Endpoint{ID: id, Account: app, Region: "eu-west-1", VPC: vpc, Type: estate.EndpointInterface,
			Service: "com.amazonaws.eu-west-1." + service, State: estate.EndpointAvailable, PrivateDNS: true, IPType: estate.DNSIPv4,
			Names: []estate.EndpointName{{Name: name(host), Zone: "ZVPCE"}},
		}
		for i, az := range []string{"a", "b"} {
			p.Names = append(p.Names, estate.EndpointName{Name: name(id + "-x-eu-west-1" + az + "." + service + ".eu-west-1.vpce.amazonaws.com"),
				Zone: "ZVPCE", AZ: "eu-west-1" + az})
			p.Addresses = append(p.Addresses, estate.EndpointAddress{Interface: "eni-" + az, Zone: "eu-west-1" + az,
				IPv4: netip.AddrFrom4([4]byte{10, 0, byte(i + 1), 5}), IPv6: netip.MustParseAddr("2001:db8::" + az)})
		}
		for _, n := range private {
			p.PrivateNames = append(p.PrivateNames, name(n))
		}
		for _, o := range opts {
			o(&p)
		}
		e.Endpoints.Put(p)
	}
}

func privateOff(p *estate.Endpoint)  { p.PrivateDNS = false }
func inboundOnly(p *estate.Endpoint) { p.InboundOnly = true }
func dualStack(p *estate.Endpoint)   { p.IPType = estate.DNSDualStack }

// service makes an endpoint one to a service of another account's.
func service(p *estate.Endpoint) { p.Service = "com.amazonaws.vpce.eu-west-1.vpce-svc-1" }

// resolverEndpoint is a Resolver endpoint of NET's.
func resolverEndpoint(id, direction, vpc string, ips ...string) change {
	return func(e *estate.Estate) {
		p := estate.ResolverEndpoint{ID: id, Account: net, Region: "eu-west-1", VPC: vpc, Direction: direction, Status: estate.StatusOperational}
		for _, ip := range ips {
			p.Addresses = append(p.Addresses, estate.ResolverAddress{IP: netip.MustParseAddr(ip)})
		}
		e.ResolverEndpoints.Put(p)
	}
}

// through lets a rule send through an outbound endpoint.
func through(ruleID, endpoint string) change {
	return func(e *estate.Estate) {
		r, ok := e.ResolverRules.Get(ruleID)
		if !ok {
			panic("no rule " + ruleID)
		}
		r.Endpoint = endpoint
		e.ResolverRules.Put(r)
	}
}

// ownedByNet gives a rule to NET, and shares it with APP.
func ownedByNet(ruleID string) change {
	return func(e *estate.Estate) {
		r, _ := e.ResolverRules.Get(ruleID)
		r.Account = net
		e.ResolverRules.Put(r)
		share(r.ARN())(e)
	}
}

// delegateRule is a DELEGATE rule in effect in VPCs.
func delegateRule(record string, vpcs ...string) change {
	return func(e *estate.Estate) {
		r := estate.ResolverRule{ID: ruleID(estate.RuleDelegate, record), Account: app, Region: "eu-west-1", Type: estate.RuleDelegate, Delegation: name(record)}
		e.ResolverRules.Put(r)
		for _, v := range vpcs {
			e.RuleAssociations.Put(estate.RuleAssociation{ID: "rslvr-rrassoc-" + r.ID + v, Rule: r.ID, VPC: v})
		}
	}
}

func reverseDisabled(vpc string) change {
	return func(e *estate.Estate) {
		e.ResolverConfigs.Put(estate.ResolverConfig{VPC: vpc, ReverseDisabled: true})
	}
}

func registered(domain string, servers []string) change {
	return func(e *estate.Estate) {
		r := estate.Registration{Domain: name(domain)}
		for _, s := range servers {
			r.NameServers = append(r.NameServers, name(s))
		}
		e.Registrations.Put(r)
	}
}

func target(n, zoneID, kind string, addrs ...string) change {
	return func(e *estate.Estate) {
		t := estate.AliasTarget{Name: name(n), Zone: zoneID, Kind: kind, Account: "333333333333", Region: "eu-west-1"}
		for _, a := range addrs {
			t.Addresses = append(t.Addresses, netip.MustParseAddr(a))
		}
		e.Targets.Put(t)
	}
}

// latticeService is the service with the custom domain and the generated name
// lattice.
func latticeService(domain string) change {
	return func(e *estate.Estate) {
		e.LatticeServices.Put(estate.LatticeService{
			ID: "svc-0123456789abcdef0", ARN: "arn:aws:vpc-lattice:eu-west-1:" + string(app) + ":service/svc-0123456789abcdef0", Name: "s",
			Account: app, Region: "eu-west-1", Status: estate.LatticeActive, CustomDomain: name(domain),
			DNS: estate.LatticeName{Name: name(lattice), Zone: "ZLATTICE"},
		})
	}
}

// serviceNetwork makes an endpoint one to a service network, with a name of a
// service.
func serviceNetwork(host string) func(*estate.Endpoint) {
	return func(p *estate.Endpoint) {
		p.Type, p.PrivateDNS = estate.EndpointServiceNetwork, false
		p.Names = []estate.EndpointName{{Name: name(host), Zone: "ZLATTICE"}}
	}
}

func website(n, zoneID, bucket, addr string) change {
	return func(e *estate.Estate) {
		e.Targets.Put(estate.AliasTarget{
			Name: name(n), Zone: zoneID, Kind: estate.TargetS3Website, Account: "333333333333", Region: "eu-west-1",
			Domains: []dnsname.Name{name(bucket)}, Addresses: []netip.Addr{netip.MustParseAddr(addr)},
		})
	}
}

// closed is DefaultPolicy in a world that holds nothing but the estate.
func closed() Policy {
	p := DefaultPolicy
	p.Closed = true
	return p
}

// vantage reads "internet", "A" or "A inbound".
func vantage(s string) Vantage {
	if s == "internet" {
		return Vantage{}
	}
	vpc, inbound := strings.CutSuffix(s, " inbound")
	return Vantage{VPC: vpc, Inbound: inbound}
}

// short writes an answer as the vectors do: the outcome, or all values in the
// order of the chain.
func short(a Answer) string {
	var out []string
	for _, r := range a.Records {
		out = append(out, r.text())
	}
	switch {
	case a.Outcome == External:
		out = append(out, "EXTERNAL("+a.Targets[0].Addr().String()+")")
	case a.Outcome != NoError:
		out = append(out, string(a.Outcome))
	case !a.Positive():
		out = append(out, "NODATA")
	}
	return strings.Join(out, " ")
}

func printTrace(t *testing.T, a Answer) {
	t.Helper()
	for _, s := range a.Trace {
		t.Logf("%s hop %d %s %s %s: %s", s.Rule, s.Hop, s.Name, s.VPC, s.Zone, s.Text)
	}
}
