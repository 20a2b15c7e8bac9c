package resolve

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
)

// A resource db of HUB's, reached through its gateway there; VPC A is in the
// service network, and what is associated with it has private DNS.
const (
	latticeNet = "arn:aws:vpc-lattice:eu-west-1:222222222222:servicenetwork/sn-1"
	dbHost     = "snra-db.rcfg-db.4232ccc.vpc-lattice-rsc.eu-west-1.on.aws"
	dbAddress  = "129.224.0.7"
)

func rcfg(id string) string {
	return "arn:aws:vpc-lattice:eu-west-1:222222222222:resourceconfiguration/" + id
}

// latticeResource is a verified resource configuration of type SINGLE behind the
// gateway in HUB, and its association with the service network.
func latticeResource(id, domain string, opts ...func(*estate.LatticeResource)) change {
	return func(e *estate.Estate) {
		gateway := estate.LatticeGateway{ID: "rgw-1", ARN: "arn:aws:vpc-lattice:eu-west-1:222222222222:resourcegateway/rgw-1", Account: app, Region: "eu-west-1",
			VPC: "HUB", Resolution: estate.ResolvedInVPC, Status: estate.LatticeActive}
		e.LatticeGateways.Put(gateway)
		r := estate.LatticeResource{ID: id, ARN: rcfg(id), Account: app, Region: "eu-west-1", Type: estate.ResourceSingle, Gateway: gateway.ARN,
			Status: estate.LatticeActive, Verified: true}
		if domain != "" {
			r.CustomDomain = name(domain)
		}
		for _, o := range opts {
			o(&r)
		}
		e.LatticeResources.Put(r)
	}
}

func unverifiedDomain(r *estate.LatticeResource) { r.Verified = false }
func arnType(r *estate.LatticeResource)          { r.Type = estate.ResourceARN }
func leadsTo(n string) func(*estate.LatticeResource) {
	return func(r *estate.LatticeResource) { r.Target = name(n) }
}
func childOf(id string) func(*estate.LatticeResource) {
	return func(r *estate.LatticeResource) { r.Type, r.Group = estate.ResourceChild, rcfg(id) }
}

// group is a group, with the domain of its children or without.
func group(id, domain string) change {
	return latticeResource(id, "", func(r *estate.LatticeResource) {
		r.Type = estate.ResourceGroup
		if domain != "" {
			r.GroupDomain = name(domain)
		}
	})
}

// inNetwork associates a VPC or, by its ID, a resource configuration with the
// service network.
func inNetwork(member string, opts ...func(*estate.LatticeAssociation)) change {
	return func(e *estate.Estate) {
		a := estate.LatticeAssociation{ID: "snva-" + member, Account: app, Region: "eu-west-1", Network: latticeNet, VPC: member, PrivateDNS: true, Status: estate.LatticeActive}
		if id, ok := strings.CutPrefix(member, "rcfg-"); ok {
			a.ID, a.VPC, a.Resource = "snra-"+id, "", rcfg(member)
		}
		for _, o := range opts {
			o(&a)
		}
		e.LatticeAssociations.Put(a)
	}
}

func noPrivateDNS(a *estate.LatticeAssociation) { a.PrivateDNS = false }
func notYet(a *estate.LatticeAssociation)       { a.Status = estate.LatticeCreating }
func prefers(preference string, specified ...string) func(*estate.LatticeAssociation) {
	return func(a *estate.LatticeAssociation) { a.Domains = domainsOf(preference, specified) }
}

func domainsOf(preference string, specified []string) estate.PrivateDomains {
	p := estate.PrivateDomains{Preference: preference}
	for _, n := range specified {
		p.Specified = append(p.Specified, name(n))
	}
	return p
}

// toNetwork and toResource make an endpoint one that leads there.
func toNetwork(p *estate.Endpoint) {
	p.Type, p.Network, p.Names = estate.EndpointServiceNetwork, latticeNet, nil
}

func toResource(id string, preference string) func(*estate.Endpoint) {
	return func(p *estate.Endpoint) {
		p.Type, p.Resource, p.Names, p.Domains.Preference = estate.EndpointResource, rcfg(id), nil, preference
	}
}

// TestLatticeZones: each sentence of R7.4 and R3.12, by the VPC Lattice User Guide,
// resource-configuration.html; what is asked has a public answer, too, 1.1.1.1,
// which stands where VPC Lattice manages no zone.
func TestLatticeZones(t *testing.T) {
	const public = "1.1.1.1"
	db := func(opts ...func(*estate.LatticeResource)) change {
		return all(latticeResource("rcfg-db", "www.example.com", opts...), target(dbHost, "ZRSC", estate.TargetResource, dbAddress))
	}
	both := func(opts ...func(*estate.LatticeResource)) change {
		return all(db(opts...), inNetwork("A"), inNetwork("rcfg-db"))
	}
	hubToo := func(opts ...func(*estate.LatticeResource)) change { return all(both(opts...), inNetwork("HUB")) }
	for _, test := range []struct {
		name  string
		setup change
		query string
		want  string
		rule  Rule
	}{
		// "VPC Lattice creates a private hosted zone in your VPC for the custom domain name"; elsewhere there is none.
		{"in the VPC", both(), "A www.example.com A", dbAddress, "R7.4"},
		{"in no other VPC", both(), "HUB www.example.com A", public, "R1.7"},
		{"not on the internet", both(), "internet www.example.com A", public, "R1.7"},
		{"through an inbound endpoint", both(), "A+inbound www.example.com A", dbAddress, "R7.4"},
		{"other types", both(), "A www.example.com TXT", "NODATA", "R7.4"},
		{"names below", both(), "A x.www.example.com A", "NXDOMAIN", "R3.4"},
		{"names above and beside", both(), "A api.example.com A", "NXDOMAIN", "R1.25"},
		{"the generated name, from anywhere", both(), "internet " + dbHost + " A", dbAddress, "R7.4"},
		{"a resource without a custom domain", all(latticeResource("rcfg-db", ""), inNetwork("A"), inNetwork("rcfg-db")), "A www.example.com A", public, "R1.7"},
		{"a wildcard", all(latticeResource("rcfg-db", "*.www.example.com"), target(dbHost, "ZRSC", estate.TargetResource, dbAddress), inNetwork("A"), inNetwork("rcfg-db")),
			"A x.www.example.com A", dbAddress, "R7.4"},
		{"the name above a wildcard", all(latticeResource("rcfg-db", "*.www.example.com"), inNetwork("A"), inNetwork("rcfg-db")), "A www.example.com A", "NODATA", "R3.4"},
		// Private DNS must be on, on both associations; that of the resource overrides.
		{"off on the VPC's association", all(db(), inNetwork("A", noPrivateDNS), inNetwork("rcfg-db")), "A www.example.com A", public, "R1.7"},
		{"off on the resource's association", all(db(), inNetwork("A", prefers(estate.DomainsAll)), inNetwork("rcfg-db", noPrivateDNS)), "A www.example.com A", public, "R1.7"},
		{"an association on its way", all(db(), inNetwork("A", notYet), inNetwork("rcfg-db")), "A www.example.com A", public, "R1.7"},
		{"no association of the resource", all(db(), inNetwork("A")), "A www.example.com A", public, "R1.7"},
		// Both attributes of the VPC (R1.4).
		{"enableDnsHostnames off", all(both(), vpc("A", noHostnames)), "A www.example.com A", public, "R1.7"},
		// The preference (R3.12).
		{"verified domains only, the default", both(unverifiedDomain), "A www.example.com A", public, "R1.7"},
		{"all domains", all(db(unverifiedDomain), inNetwork("A", prefers(estate.DomainsAll)), inNetwork("rcfg-db")), "A www.example.com A", dbAddress, "R7.4"},
		{"specified domains", all(db(unverifiedDomain), inNetwork("A", prefers(estate.DomainsSpecified, "www.example.com")), inNetwork("rcfg-db")), "A www.example.com A", dbAddress, "R7.4"},
		{"specified by a wildcard", all(db(unverifiedDomain), inNetwork("A", prefers(estate.DomainsSpecified, "*.example.com")), inNetwork("rcfg-db")), "A www.example.com A", dbAddress, "R7.4"},
		{"a wildcard is not its own parent", all(db(unverifiedDomain), inNetwork("A", prefers(estate.DomainsSpecified, "*.www.example.com")), inNetwork("rcfg-db")), "A www.example.com A", public, "R1.7"},
		{"specified domains alone, verified or not", all(db(), inNetwork("A", prefers(estate.DomainsSpecified, "api.example.com")), inNetwork("rcfg-db")), "A www.example.com A", public, "R1.7"},
		{"verified and specified, verified", all(db(), inNetwork("A", prefers(estate.DomainsVerifiedAndSpecified, "api.example.com")), inNetwork("rcfg-db")), "A www.example.com A", dbAddress, "R7.4"},
		{"verified and specified, specified", all(db(unverifiedDomain), inNetwork("A", prefers(estate.DomainsVerifiedAndSpecified, "www.example.com")), inNetwork("rcfg-db")), "A www.example.com A", dbAddress, "R7.4"},
		{"verified and specified, neither", all(db(unverifiedDomain), inNetwork("A", prefers(estate.DomainsVerifiedAndSpecified, "api.example.com")), inNetwork("rcfg-db")), "A www.example.com A", public, "R1.7"},
		// A child's domain lies below its group's, else there is no zone.
		{"a child below its group's domain", all(group("rcfg-g", "example.com"), db(childOf("rcfg-g")), target("snra-g.rcfg-db.4232ccc.vpc-lattice-rsc.eu-west-1.on.aws", "ZRSC", estate.TargetResource, dbAddress),
			inNetwork("A"), inNetwork("rcfg-g")), "A www.example.com A", dbAddress, "R7.4"},
		{"a child of a group without a domain", all(group("rcfg-g", ""), db(childOf("rcfg-g")), inNetwork("A"), inNetwork("rcfg-g")), "A www.example.com A", public, "R1.7"},
		{"a child elsewhere", all(group("rcfg-g", "example.org"), db(childOf("rcfg-g")), inNetwork("A"), inNetwork("rcfg-g")), "A www.example.com A", public, "R1.7"},
		{"a child inherits that its group is verified", all(group("rcfg-g", "example.com"), db(childOf("rcfg-g"), unverifiedDomain), target("snra-g.rcfg-db.4232ccc.vpc-lattice-rsc.eu-west-1.on.aws", "ZRSC", estate.TargetResource, dbAddress),
			inNetwork("A"), inNetwork("rcfg-g")), "A www.example.com A", dbAddress, "R7.4"},
		// Type ARN: always on, and never in the resource's own VPC.
		{"type ARN with private DNS off", all(db(arnType, unverifiedDomain), inNetwork("A", noPrivateDNS), inNetwork("rcfg-db", noPrivateDNS)), "A www.example.com A", dbAddress, "R7.4"},
		{"a child of type ARN", all(latticeResource("rcfg-g", "", arnType), db(childOf("rcfg-g"), unverifiedDomain), target("snra-g.rcfg-db.4232ccc.vpc-lattice-rsc.eu-west-1.on.aws", "ZRSC", estate.TargetResource, dbAddress),
			inNetwork("A", noPrivateDNS), inNetwork("rcfg-g")), "A www.example.com A", dbAddress, "R7.4"},
		{"type ARN in the gateway's VPC", hubToo(arnType), "HUB www.example.com A", public, "R1.7"},
		// A domain-name target is not hidden from its own gateway.
		{"an address in the gateway's VPC", hubToo(), "HUB www.example.com A", dbAddress, "R7.4"},
		{"a target of the same name, in the gateway's VPC", hubToo(leadsTo("www.example.com")), "HUB www.example.com A", public, "R1.7"},
		{"a target below, in the gateway's VPC", hubToo(leadsTo("db.www.example.com")), "HUB www.example.com A", public, "R1.7"},
		{"a target elsewhere, in the gateway's VPC", hubToo(leadsTo("db.corp.test")), "HUB www.example.com A", dbAddress, "R7.4"},
		{"a target below, in another VPC", hubToo(leadsTo("db.www.example.com")), "A www.example.com A", dbAddress, "R7.4"},
		{"a target below, found in public DNS", all(hubToo(leadsTo("db.www.example.com")), func(e *estate.Estate) {
			g, _ := estate.First(e.LatticeGateways.All())
			g.Resolution = estate.ResolvedInPublic
			e.LatticeGateways.Put(g)
		}), "HUB www.example.com A", dbAddress, "R7.4"},
		{"a target below the group's domain", all(group("rcfg-g", "example.com"), db(childOf("rcfg-g"), leadsTo("db.example.com")), inNetwork("HUB"), inNetwork("rcfg-g")), "HUB www.example.com A", public, "R1.7"},
		// Endpoints of a service network, and of a resource.
		{"by an endpoint to the network", all(db(), inNetwork("rcfg-db"), endpoint("vpce-3", "A", "net", nil, toNetwork)), "A www.example.com A", "10.0.1.5 10.0.2.5", "R7.4"},
		{"by an endpoint to the network, private DNS off", all(db(), inNetwork("rcfg-db"), endpoint("vpce-3", "A", "net", nil, toNetwork, privateOff)), "A www.example.com A", public, "R1.7"},
		{"by an endpoint to the resource", all(db(), endpoint("vpce-4", "A", "db", nil, toResource("rcfg-db", ""))), "A www.example.com A", "10.0.1.5 10.0.2.5", "R7.4"},
		{"by an endpoint to the resource's group", all(group("rcfg-g", "example.com"), db(childOf("rcfg-g")), endpoint("vpce-4", "A", "db", nil, toResource("rcfg-g", ""))), "A www.example.com A", "10.0.1.5 10.0.2.5", "R7.4"},
		{"by an endpoint, not verified", all(db(unverifiedDomain), endpoint("vpce-4", "A", "db", nil, toResource("rcfg-db", ""))), "A www.example.com A", public, "R1.7"},
		{"by an endpoint, all domains", all(db(unverifiedDomain), endpoint("vpce-4", "A", "db", nil, toResource("rcfg-db", estate.DomainsAll))), "A www.example.com A", "10.0.1.5 10.0.2.5", "R7.4"},
		{"by an endpoint elsewhere", all(db(), endpoint("vpce-4", "HUB", "db", nil, toResource("rcfg-db", ""))), "A www.example.com A", public, "R1.7"},
		// It competes as any zone does (R1.8), and comes last among those of its name.
		{"a zone above", all(both(), t2), "A www.example.com A", dbAddress, "R7.4"},
		{"a zone of the same name", all(both(), phz("PHZ", "www.example.com", []string{"A"}, "@ A 10.0.0.1")), "A www.example.com A", "10.0.0.1", "R7.4"},
		{"a private name of the same name", all(both(), endpoint("vpce-1", "A", "ec2", []string{"www.example.com"})), "A www.example.com A", "10.0.1.5 10.0.2.5", "R7.4"},
		{"a zone below", all(both(), phz("PHZ", "a.www.example.com", []string{"A"}, "x A 10.0.0.2")), "A x.a.www.example.com A", "10.0.0.2", "R1.9"},
		{"a rule of the same name", all(both(), forward("www.example.com", "10.9.9.9", "A")), "A www.example.com A", "EXTERNAL(10.9.9.9)", "R3.6"},
		{"a rule above", all(both(), forward("example.com", "10.9.9.9", "A")), "A www.example.com A", dbAddress, "R7.4"},
		{"a Profile's zone of the same name", all(both(), phz("PHZ", "www.example.com", nil, "@ A 10.0.0.1"), profile([]string{"A"}, zoneARN("PHZ"))), "A www.example.com A", dbAddress, "R7.4"},
		{"two resources of one name", all(both(), latticeResource("rcfg-a", "www.example.com"), inNetwork("rcfg-a"),
			target("snra-a.rcfg-a.4232ccc.vpc-lattice-rsc.eu-west-1.on.aws", "ZRSC", estate.TargetResource, "129.224.0.8")), "A www.example.com A", "129.224.0.8", "R7.4"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := strings.Fields(test.query)
			a := New(build(vectorWorld, test.setup), closed()).Resolve(vantage(strings.ReplaceAll(f[0], "+", " ")), name(f[1]), f[2])
			if got := short(a); got != test.want || a.Rule != test.rule {
				t.Errorf("%s = %s by %s, want %s by %s", test.query, got, a.Rule, test.want, test.rule)
				printTrace(t, a)
			}
			checkTrace(t, a)
		})
	}
	// What holds the addresses was not read: the answer is told by its name.
	e := build(vectorWorld, latticeResource("rcfg-db", "www.example.com"), inNetwork("A"), inNetwork("rcfg-db"))
	e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryIdentity}})
	if a := New(e, DefaultPolicy).Resolve(Vantage{VPC: "A"}, name("www.example.com"), "A"); len(a.Records) != 1 || a.Records[0].Alias != name(dbHost) {
		t.Errorf("unread: %v", a.Records)
	}
}

// TestLatticeDiff: a zone that VPC Lattice begins to manage changes the answers of
// its VPC, also those of names below and of what leads there.
func TestLatticeDiff(t *testing.T) {
	setup := all(vectorWorld, record("P", "a CNAME www.example.com"), record("P", "x.www A 1.1.1.3"), latticeResource("rcfg-db", "www.example.com"),
		target(dbHost, "ZRSC", estate.TargetResource, dbAddress), inNetwork("A"))
	before := build(setup)
	for _, test := range []struct {
		what  string
		after estate.Estate
		want  []string
	}{
		{"an association", build(setup, inNetwork("rcfg-db")), []string{"a.example.com", "www.example.com", "x.www.example.com"}},
		{"its address", build(setup, func(e *estate.Estate) {
			e.Targets.Put(estate.AliasTarget{Name: name(dbHost), Zone: "ZRSC", Kind: estate.TargetResource, Addresses: []netip.Addr{netip.MustParseAddr("129.224.0.9")}})
		}), []string{dbHost}},
	} {
		got := map[string]bool{}
		for _, c := range Diff(New(before, closed()), New(test.after, closed()), Touched(before, test.after)...) {
			got[c.Name.String()] = true
			if c.Name != name(dbHost) && !slices.Equal(c.Vantages, []Vantage{{VPC: "A"}}) {
				t.Errorf("%s: %s seen from %v", test.what, c.Name, c.Vantages)
			}
		}
		for _, n := range test.want {
			if !got[n] {
				t.Errorf("%s: %s does not change; %v do", test.what, n, got)
			}
		}
	}
}
