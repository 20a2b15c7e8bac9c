package resolve

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// chosen is what the record sets of one name and type answer.
type chosen struct {
	outcome Outcome
	records []RR
	rule    Rule
	healthy bool
}

const maxAliases = 16 // same-zone aliases followed before they count as dangling

// choose answers from the record sets of one name and type. A simple set
// answers with its values. Of a routing policy all sets are kept as choices, and
// the answer is, so that it is the same every time:
//
//   - weighted: the set of the greatest weight, which answers most often;
//   - failover: the primary, else the secondary;
//   - latency, geoproximity: the set of the asking VPC's Region, else the first;
//   - geolocation, IP-based: the default location, else the first;
//   - multivalue: the first eight sets together.
//
// Ties go to the lesser set identifier; "first" is by set identifier. Only
// healthy sets count; when none is healthy, all do (DG
// health-checks-how-route-53-chooses-records.html).
func (q *query) choose(z estate.Zone, sets []estate.RecordSet, depth int) chosen {
	if len(sets) == 1 && sets[0].Routing.Simple() {
		c := q.expand(z, sets[0], depth)
		c.healthy = c.healthy && q.checked(sets[0])
		return c
	}
	sets = slices.Clone(sets)
	slices.SortFunc(sets, func(a, b estate.RecordSet) int { return cmp.Compare(a.SetID, b.SetID) })
	expanded := make([]chosen, len(sets))
	anyHealthy := false
	for i, rs := range sets {
		expanded[i] = q.expand(z, rs, depth)
		expanded[i].healthy = expanded[i].healthy && q.checked(rs)
		anyHealthy = anyHealthy || expanded[i].healthy
	}
	var usable []int
	for i := range sets {
		if expanded[i].healthy || !anyHealthy {
			usable = append(usable, i)
		}
	}
	picked := q.pick(sets, usable)
	out := chosen{outcome: NoError, healthy: anyHealthy}
	for i, rs := range sets {
		take := slices.Contains(picked, i)
		q.choices = append(q.choices, Choice{
			Name: rs.Name, Type: rs.Type, SetID: rs.SetID, Routing: rs.Routing,
			Healthy: expanded[i].healthy, Chosen: take, Records: expanded[i].records,
		})
		if !take {
			continue
		}
		out.records = append(out.records, expanded[i].records...)
		if len(picked) == 1 {
			out.outcome = expanded[i].outcome
		}
	}
	out.rule = q.step("R6.7", z.ID, "%d record sets of %s %s; answered by %s",
		len(sets), sets[0].Name, sets[0].Type, sets[picked[0]].SetID)
	return out
}

// checked reports whether the set's own health check passes, if it has one.
func (q *query) checked(rs estate.RecordSet) bool {
	return rs.HealthCheck == "" || !q.r.p.Unhealthy[rs.HealthCheck]
}

// pick gives the indices of the sets that answer; usable is not empty.
func (q *query) pick(sets []estate.RecordSet, usable []int) []int {
	first := func(f func(estate.RecordSet) bool) []int {
		for _, i := range usable {
			if f(sets[i]) {
				return []int{i}
			}
		}
		return usable[:1]
	}
	switch r := sets[usable[0]].Routing; {
	case r.Weight != nil:
		best := usable[0]
		for _, i := range usable {
			if weight(sets[i]) > weight(sets[best]) {
				best = i
			}
		}
		return []int{best}
	case r.Failover != "":
		return first(func(rs estate.RecordSet) bool { return rs.Routing.Failover == "PRIMARY" })
	case r.Latency != "":
		q.depends |= onRegion
		return first(func(rs estate.RecordSet) bool { return rs.Routing.Latency == q.vpc.Region })
	case r.GeoProximity != nil:
		q.depends |= onRegion
		return first(func(rs estate.RecordSet) bool {
			return rs.Routing.GeoProximity != nil && rs.Routing.GeoProximity.Region == q.vpc.Region
		})
	case r.Geo != nil:
		return first(func(rs estate.RecordSet) bool { return rs.Routing.Geo != nil && rs.Routing.Geo.Country == "*" })
	case r.CIDR != nil:
		return first(func(rs estate.RecordSet) bool { return rs.Routing.CIDR != nil && rs.Routing.CIDR.Location == "*" })
	case r.MultiValue:
		return usable[:min(8, len(usable))]
	}
	return usable[:1]
}

func weight(rs estate.RecordSet) int64 {
	if rs.Routing.Weight == nil {
		return 0
	}
	return *rs.Routing.Weight
}

// expand gives the records of one set under the name sought, following an alias.
func (q *query) expand(z estate.Zone, rs estate.RecordSet, depth int) chosen {
	if rs.Alias == nil {
		return chosen{NoError, values(rs, q.name), "", true}
	}
	if rs.Alias.Zone != z.ID {
		return q.aliasToAWS(z, rs)
	}
	var sets []estate.RecordSet
	for t := range q.r.e.Records.Prefix(estate.RecordsAt(z.ID, rs.Alias.Name) + rs.Type + "\x01") {
		sets = append(sets, t)
	}
	if len(sets) == 0 || depth == maxAliases {
		return q.dangling(z, rs)
	}
	rule := q.step("R6.2", z.ID, "%s is an alias for %s of the same zone", rs.Name, rs.Alias.Name)
	c := q.choose(z, sets, depth+1)
	if c.rule == "" {
		c.rule = rule
	}
	c.healthy = c.healthy || !rs.Alias.EvaluateTargetHealth
	return c
}

func (q *query) dangling(z estate.Zone, rs estate.RecordSet) chosen {
	rule := q.step("R6.8", z.ID, "the alias target %s of %s does not exist", rs.Alias.Name, rs.Name)
	return chosen{q.r.p.DanglingAlias, nil, rule, !rs.Alias.EvaluateTargetHealth}
}

// aliasToAWS answers an alias to an AWS resource with its addresses (R6.1). In
// an open estate a target that is not held is answered by its name: that it is
// not held does not mean that it is not there.
func (q *query) aliasToAWS(z estate.Zone, rs estate.RecordSet) chosen {
	for t := range q.r.e.Targets.By(estate.ByName(undual(rs.Alias.Name))) {
		// The websites of a Region share one name; the record's own name is
		// the bucket's (DG RoutingToS3Bucket.html).
		if t.Zone != rs.Alias.Zone || t.Kind == estate.TargetS3Website && !slices.Contains(t.Domains, q.name) {
			continue
		}
		rule := q.step(nameRule(t), z.ID, "%s is an alias for %s", rs.Name, rs.Alias.Name)
		return chosen{NoError, q.addresses(t, rs.Type), rule, true}
	}
	if p, n, ok := q.r.generated(rs.Alias.Name); ok && (n.Zone == "" || n.Zone == rs.Alias.Zone) {
		rule := q.step("R3.10", z.ID, "%s is an alias for endpoint %s in %s", rs.Name, p.ID, p.VPC)
		return chosen{NoError, q.interfaces(p, n.AZ, rs.Type), rule, true}
	}
	if q.r.closed {
		return q.dangling(z, rs)
	}
	rule := q.step("R6.1", z.ID, "%s is an alias for %s, whose addresses are not known", rs.Name, rs.Alias.Name)
	return chosen{NoError, []RR{{Name: q.name, Type: rs.Type, TTL: q.r.p.AliasTTL, Alias: rs.Alias.Name}}, rule, true}
}

// undual drops the label that the console puts before a load balancer's name,
// which resolves to the same (DG resource-record-sets-values-alias-common.html).
func undual(n dnsname.Name) dnsname.Name {
	if parent, ok := n.Parent(); ok && n.Relative(parent) == "dualstack" {
		return parent
	}
	return n
}

// addresses are the addresses of an AWS resource as records of the name sought.
func (q *query) addresses(t estate.AliasTarget, rrtype string) []RR {
	ttl := t.TTL
	if ttl == 0 {
		ttl = q.r.p.AliasTTL
	}
	var out []RR
	for _, a := range t.Addresses {
		if rrtype == addressType(a) {
			out = append(out, RR{Name: q.name, Type: rrtype, TTL: ttl, Value: a.String()})
		}
	}
	return out
}

func addressType(a netip.Addr) string {
	if a.Unmap().Is4() {
		return "A"
	}
	return "AAAA"
}
