package route53

import (
	"slices"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// namespaces are where AWS has alias targets in zones of its own that are in
// no table: each resource tells its zone (API_AliasTarget). An alias to a name
// there is taken as it is given.
var namespaces = []dnsname.Name{
	dnsname.MustParse("amazonaws.com"), dnsname.MustParse("on.aws"), dnsname.MustParse("elasticbeanstalk.com"),
	dnsname.MustParse("awsapprunner.com"), dnsname.MustParse("cloudfront.net"), dnsname.MustParse("awsglobalaccelerator.com"),
}

// aliasTypes are the types of alias records by kind of target (Developer Guide,
// resource-record-sets-choosing-alias-non-alias.html; of VPC Lattice,
// routing-to-vpc-lattice-service.html).
var aliasTypes = map[string][]string{
	estate.TargetAPIGateway:        {"A", "AAAA"},
	estate.TargetCloudFront:        {"A", "AAAA", "HTTPS"},
	estate.TargetLoadBalancer:      {"A", "AAAA"},
	estate.TargetLattice:           {"A", "AAAA"},
	estate.TargetResource:          {"A", "AAAA"},
	estate.TargetS3Website:         {"A"},
	estate.TargetGlobalAccelerator: {"A", "AAAA"},
}

// alias judges the target of an alias record: one of the same zone and type
// that exists, or one of AWS's in the zone that belongs to it. Whether the
// resource behind a name of AWS's exists is not asked, as AWS does not
// (alantech/iasql#1451). A target in another zone of one's own is refused
// (API_AliasTarget).
func (b *batch) alias(set estate.RecordSet) bool {
	a := set.Alias
	if a == nil {
		return true
	}
	before := len(b.messages)
	refuse := func(why string) {
		b.fail("Tried to create an alias that targets %s, type %s in zone %s, but %s", a.Name.Route53(), set.Type, a.Zone, why)
	}
	const (
		outside = "the alias target name does not lie within the target zone"
		missing = "that target was not found"
	)
	known, inTable := estate.AliasZone(a.Name)
	if t, ok := estate.First(b.e.Targets.By(estate.ByName(a.Name))); ok && !inTable { // each tells its zone
		known, inTable = estate.AWSZone{ID: t.Zone, Kind: t.Kind}, true
	}
	own, isOwn := b.e.Zones.Get(a.Zone)
	switch {
	case set.Type == "NS" || set.Type == "SOA":
		refuse("records of this type can't be aliases")
	case isOwn:
		if !a.Name.Under(own.Name) {
			refuse(outside)
		}
		if own.ID != b.zone.ID || !b.exists(a.Name, set.Type) {
			refuse(missing)
		}
	case inTable && known.ID != a.Zone, !inTable && estate.IsAWSZone(a.Zone), !b.inNamespace(a.Name):
		refuse(outside)
	case inTable && known.Kind == estate.TargetS3Website && set.Type == "AAAA":
		refuse(missing) // the guide names A alone; that AAAA is refused no page says
		b.readings++
	case inTable && !slices.Contains(aliasTypes[known.Kind], set.Type):
		refuse(missing)
	case known.Kind == estate.TargetCloudFront && b.zone.Private:
		refuse("a private hosted zone can't have an alias to a CloudFront distribution")
	case known.Kind == estate.TargetCloudFront && a.EvaluateTargetHealth:
		refuse("EvaluateTargetHealth can't be true for a CloudFront distribution")
	}
	return len(b.messages) == before
}

// exists reports whether the zone has a record set of that name and type.
func (b *batch) exists(name dnsname.Name, rrtype string) bool {
	_, ok := estate.First(b.e.Records.Prefix(estate.RecordsAt(b.zone.ID, name) + rrtype + "\x01"))
	return ok
}

// inNamespace reports whether AWS could have a target of that name.
func (b *batch) inNamespace(name dnsname.Name) bool {
	if _, ok := estate.First(b.e.Targets.By(estate.ByName(name))); ok {
		return true
	}
	return slices.ContainsFunc(namespaces, name.Below)
}
