package resolve

import (
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// managedZones are the zones of AWS's own that hold the private names of
// interface endpoints, as far as the name sought lies in them (R3.3): those of
// endpoints in the VPC, and of endpoints that its Profile carries (R2.12).
func (q *query) managedZones() []candidate {
	var out []candidate
	add := func(p estate.Endpoint, zone dnsname.Name, from origin) {
		if p.InboundOnly && !q.from.Inbound {
			q.step("R3.8", "", "the private names of %s are for queries through an inbound endpoint only", p.ID)
			return
		}
		if q.r.unverified(p) {
			q.step("R3.7", "", "the private name of service %s is not verified any more", p.Service)
			if !q.r.p.KeepUnverifiedName {
				return
			}
		}
		if q.r.p.ManagedZoneNegative || privateName(p, zone, q.name) {
			out = append(out, candidate{domain: zone, kind: managedZone, origin: from, endpoint: p})
		}
	}
	for zone := range q.name.Ancestors() {
		for p := range q.r.e.Endpoints.By(estate.ByManaged(zone, q.vpc.ID)) {
			add(p, zone, ofVPC)
		}
	}
	profile, ok := q.profile()
	if !ok {
		return out
	}
	for _, res := range q.r.carried(profile.ID, estate.ProfileEndpoint) {
		p, ok := q.r.e.Endpoints.Get(resourceID(res.ARN))
		if !ok || p.VPC == q.vpc.ID && len(p.Managed()) > 0 {
			continue // not held, or in the VPC by itself
		}
		for _, zone := range q.r.carriedZones(p) {
			if q.name.Under(zone) {
				add(p, zone, ofProfile)
			}
		}
	}
	return out
}

// carriedZones are the zones that an endpoint brings to the VPCs of a Profile.
func (r *Resolver) carriedZones(p estate.Endpoint) []dnsname.Name {
	names := p.Managed()
	if !r.p.ProfileNeedsPrivateDNS && p.Type == estate.EndpointInterface && p.State == estate.EndpointAvailable {
		names = p.PrivateNames
	}
	return zonesOf(names)
}

func zonesOf(names []dnsname.Name) []dnsname.Name {
	var out []dnsname.Name
	for _, n := range names {
		if z := estate.ManagedZone(n); !slices.Contains(out, z) {
			out = append(out, z)
		}
	}
	return out
}

// resourceID is the last part of an ARN, the ID of the resource.
func resourceID(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// privateName reports whether the managed zone of an endpoint has records at a
// name: at its apex and, for a wildcard, at everything below (R3.4).
func privateName(p estate.Endpoint, zone, name dnsname.Name) bool {
	return name == zone || name.Under(zone) && slices.Contains(p.PrivateNames, zone.Wildcard())
}

// unverified reports whether the endpoint is to a service whose owner's claim to
// the private name is known not to stand.
func (r *Resolver) unverified(p estate.Endpoint) bool {
	s, ok := estate.First(r.e.EndpointServices.By(estate.ByService(p.Service)))
	return ok && !s.PrivateName.IsZero() && s.NameState != estate.NameVerified
}

// ofAccount reports whether the endpoint is to a service of some account's own,
// not of AWS's.
func ofAccount(p estate.Endpoint) bool { return strings.HasPrefix(p.Service, "com.amazonaws.vpce.") }

// regional is the regional name of an endpoint, if AWS gave it one.
func regional(p estate.Endpoint) (dnsname.Name, bool) {
	for _, n := range p.Names {
		if n.AZ == "" && !n.Name.IsWildcard() {
			return n.Name, true
		}
	}
	return dnsname.Name{}, false
}

// managed answers for a winning managed zone: with the addresses of the
// endpoint, or for another account's service with a CNAME to its regional name
// (R3.7).
func (q *query) managed(w candidate, rule Rule) part {
	p := w.endpoint
	if !privateName(p, w.domain, q.name) {
		return part{outcome: NXDomain, ttl: localTTL, rule: q.step("R3.4", "", "the zone of endpoint %s holds %s alone", p.ID, w.domain)}
	}
	if to, ok := regional(p); ok && ofAccount(p) {
		out := part{outcome: NoError, rule: q.step("R3.7", "", "the private name is a CNAME for %s", to)}
		out.records = []RR{{Name: q.name, Type: "CNAME", TTL: q.r.p.AliasTTL, Value: to.FQDN()}}
		if q.qtype != "CNAME" {
			out.next = to
		}
		return out
	}
	q.step("R3.3", "", "answered with the addresses of endpoint %s in %s", p.ID, p.VPC)
	return part{outcome: NoError, records: q.interfaces(p, "", q.qtype), ttl: localTTL, rule: rule}
}

// interfaces are the addresses of an endpoint's network interfaces, in one
// Availability Zone or all, as records of the name sought.
func (q *query) interfaces(p estate.Endpoint, az, rrtype string) []RR {
	if !p.HasRecords(rrtype) {
		return nil
	}
	var out []RR
	for _, a := range p.Addresses {
		if az != "" && a.Zone != az {
			continue
		}
		ip := a.IPv4
		if rrtype == "AAAA" {
			ip = a.IPv6
		}
		if ip.IsValid() && (rrtype == "A" || rrtype == "AAAA") {
			out = append(out, RR{Name: q.name, Type: rrtype, TTL: q.r.p.AliasTTL, Value: ip.String()})
		}
	}
	if len(out) > 1 && !q.r.p.EndpointWholeSet {
		out = out[:1]
	}
	return out
}

// generated finds the endpoint that AWS generated a name for. An S3 endpoint's
// is a wildcard, for the bucket before it (PrivateLink guide,
// vpc-endpoints-s3.html).
func (r *Resolver) generated(name dnsname.Name) (estate.Endpoint, estate.EndpointName, bool) {
	for n := range name.Ancestors() {
		if n != name {
			n = n.Wildcard()
		}
		for p := range r.e.Endpoints.By(estate.ByName(n)) {
			if i := slices.IndexFunc(p.Names, func(x estate.EndpointName) bool { return x.Name == n }); i >= 0 && p.State != estate.EndpointDeleting {
				return p, p.Names[i], true
			}
		}
	}
	return estate.Endpoint{}, estate.EndpointName{}, false
}
