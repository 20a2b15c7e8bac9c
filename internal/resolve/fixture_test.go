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
		r.ID = "rslvr-rr-" + strings.ToLower(r.Type) + "-" + domain
		r.Account, r.Region, r.Domain = "111111111111", "eu-west-1", name(domain)
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
