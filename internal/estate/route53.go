package estate

import (
	"net/netip"
	"slices"

	"github.com/orgdns/orgdns/internal/dnsname"
)

// VPCRef is a VPC as a zone association names it.
type VPCRef struct {
	Region Region `json:"region"`
	ID     string `json:"id"`
}

// Zone is a hosted zone, public or private.
type Zone struct {
	ID              string       `json:"id"` // Z…, without /hostedzone/
	Account         AccountID    `json:"account"`
	Name            dnsname.Name `json:"name"`
	Private         bool         `json:"private,omitempty"`
	CallerReference string       `json:"callerReference,omitempty"`
	Comment         string       `json:"comment,omitempty"`
	// LinkedService is the principal of the AWS service that owns the zone.
	LinkedService string `json:"linkedService,omitempty"`
	// NameServers of a public zone, sorted; nil when they were not read
	// (ListHostedZones does not tell, GetHostedZone does).
	NameServers   []dnsname.Name `json:"nameServers,omitzero"`
	DelegationSet string         `json:"delegationSet,omitempty"` // reusable set, N…
	VPCs          []VPCRef       `json:"vpcs,omitempty"`          // associated, for a private zone
	// RecordCount is ResourceRecordSetCount, apex NS and SOA included.
	RecordCount int64 `json:"recordCount,omitempty"`
	Signed      bool  `json:"signed,omitempty"` // DNSSEC signing is on
	Tags        Tags  `json:"tags,omitzero"`
}

// ARN of the zone.
func (z Zone) ARN() string { return "arn:aws:route53:::hostedzone/" + z.ID }

func (z Zone) Key() string { return z.ID }
func (z Zone) IndexKeys() []string {
	keys := []string{ByAccount(z.Account), ByName(z.Name)}
	for _, v := range z.VPCs {
		keys = append(keys, ByVPC(v.ID))
	}
	return keys
}

// ByName is the index key of zones and alias targets by name.
func ByName(n dnsname.Name) string { return "name/" + n.Key() }

// ByVPC is the index key of what is associated with a VPC.
func ByVPC(id string) string { return "vpc/" + id }

// RecordSet is a resource record set (API_ResourceRecordSet).
type RecordSet struct {
	Zone   string       `json:"zone"`
	Name   dnsname.Name `json:"name"`
	Type   string       `json:"type"`             // A, AAAA, NS, …, upper case
	TTL    uint32       `json:"ttl,omitempty"`    // seconds; none with an alias
	Values []string     `json:"values,omitempty"` // as in Route 53's Value; none with an alias
	Alias  *Alias       `json:"alias,omitempty"`
	// SetID is the set identifier; it and exactly one routing field are set
	// on every record that is not simple.
	SetID       string  `json:"setID,omitempty"`
	Routing     Routing `json:"routing,omitzero"`
	HealthCheck string  `json:"healthCheck,omitempty"`
}

// Alias is the target of an alias record (API_AliasTarget).
type Alias struct {
	Name                 dnsname.Name `json:"name"`
	Zone                 string       `json:"zone"` // hosted zone ID of the target
	EvaluateTargetHealth bool         `json:"evaluateTargetHealth,omitempty"`
}

// Routing is the routing policy of a record; the zero value is simple routing.
type Routing struct {
	Weight       *int64        `json:"weight,omitempty"`
	Latency      Region        `json:"latency,omitempty"`
	Failover     string        `json:"failover,omitempty"` // PRIMARY, SECONDARY
	MultiValue   bool          `json:"multiValue,omitempty"`
	Geo          *Geo          `json:"geo,omitempty"`
	GeoProximity *GeoProximity `json:"geoProximity,omitempty"`
	CIDR         *CIDR         `json:"cidr,omitempty"`
}

// Geo is a geolocation; "*" as country is the default location.
type Geo struct {
	Continent   string `json:"continent,omitempty"`
	Country     string `json:"country,omitempty"`
	Subdivision string `json:"subdivision,omitempty"`
}

// GeoProximity is a geoproximity location, one of Region, LocalZone or
// coordinates.
type GeoProximity struct {
	Region    Region `json:"region,omitempty"`
	LocalZone string `json:"localZone,omitempty"`
	Latitude  string `json:"latitude,omitempty"`
	Longitude string `json:"longitude,omitempty"`
	Bias      int32  `json:"bias,omitempty"`
}

// CIDR is an IP-based routing location.
type CIDR struct {
	Collection string `json:"collection"`
	Location   string `json:"location"`
}

// Key orders the records of a zone by name from the apex down, then type, then
// set identifier.
func (r RecordSet) Key() string { return RecordKey(r.Zone, r.Name, r.Type, r.SetID) }

// IndexKeys let NS records be found, and the CNAME and alias records that lead
// to a name.
func (r RecordSet) IndexKeys() []string {
	if r.Type == "NS" {
		return []string{ByNS(r.Name)}
	}
	if t := r.Target(); !t.IsZero() {
		if id, region, ok := LatticeID(t); ok && r.Alias != nil {
			return []string{ByTarget(t), ByLattice(region, id)}
		}
		return []string{ByTarget(t)}
	}
	return nil
}

// ByLattice is the index key of the alias records that lead to a VPC Lattice
// service, by its ID.
func ByLattice(r Region, id string) string { return "lattice/" + string(r) + "/" + id }

// ByNS is the index key of the NS records of a name, a zone's own included.
func ByNS(n dnsname.Name) string { return AllNS + n.Key() }

// Prefixes of index keys: every NS record set, every record that leads to a
// name.
const (
	AllNS      = "ns/"
	AllTargets = "target/"
)

// ByTarget is the index key of the records that lead to a name.
func ByTarget(n dnsname.Name) string { return AllTargets + n.Key() }

// Target is the name that an alias or CNAME record leads to; none otherwise,
// and none when the value is no name.
func (r RecordSet) Target() dnsname.Name {
	switch {
	case r.Alias != nil:
		return r.Alias.Name
	case r.Type == "CNAME" && len(r.Values) == 1:
		n, err := dnsname.Parse(r.Values[0])
		if err == nil {
			return n
		}
	}
	return dnsname.Name{}
}

// RecordKey is the key of a record set.
func RecordKey(zone string, name dnsname.Name, rrtype, setID string) string {
	return RecordsAt(zone, name) + rrtype + "\x01" + setID
}

// RecordsOf is the key prefix of all records of a zone.
func RecordsOf(zone string) string { return zone + "/" }

// RecordsBelow is the key prefix of the records at a name and under it.
func RecordsBelow(zone string, name dnsname.Name) string { return zone + "/" + name.Key() }

// RecordsAt is the key prefix of the records at exactly this name. The byte
// after the name's key sorts before every label.
func RecordsAt(zone string, name dnsname.Name) string { return zone + "/" + name.Key() + "\x01" }

// Same reports whether two record sets are equal in everything; the order of
// values does not matter.
func (r RecordSet) Same(o RecordSet) bool {
	return r.Key() == o.Key() && r.TTL == o.TTL && r.HealthCheck == o.HealthCheck &&
		sameSet(r.Values, o.Values) && equalPtr(r.Alias, o.Alias) && r.Routing.Same(o.Routing)
}

// Same reports whether two routing policies are equal.
func (r Routing) Same(o Routing) bool {
	return equalPtr(r.Weight, o.Weight) && r.Latency == o.Latency && r.Failover == o.Failover &&
		r.MultiValue == o.MultiValue && equalPtr(r.Geo, o.Geo) &&
		equalPtr(r.GeoProximity, o.GeoProximity) && equalPtr(r.CIDR, o.CIDR)
}

// Simple reports whether r is simple routing.
func (r Routing) Simple() bool { return r.Same(Routing{}) }

func equalPtr[T comparable](a, b *T) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func sameSet(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// ZoneAuthorization is a permission for a VPC of another account to associate
// itself with a private zone (API_CreateVPCAssociationAuthorization).
type ZoneAuthorization struct {
	Zone string `json:"zone"`
	VPC  VPCRef `json:"vpc"`
}

func (a ZoneAuthorization) Key() string { return a.Zone + "/" + string(a.VPC.Region) + "/" + a.VPC.ID }

// VPCZone is a private zone that a VPC uses, as ListHostedZonesByVPC tells its
// owner: also zones of other accounts and of AWS services.
type VPCZone struct {
	VPC   string       `json:"vpc"`
	Zone  string       `json:"zone"`
	Name  dnsname.Name `json:"name"`
	Owner string       `json:"owner"` // an account, or the service that manages the zone
}

func (z VPCZone) Key() string { return z.VPC + "/" + z.Zone }

// ZonesNamed are an account's zones of a name, public or private.
func (e Estate) ZonesNamed(account AccountID, name dnsname.Name, private bool) []Zone {
	var out []Zone
	for z := range e.Zones.By(ByName(name)) {
		if z.Account == account && z.Private == private {
			out = append(out, z)
		}
	}
	return out
}

// DelegationSet is a reusable delegation set (API_CreateReusableDelegationSet).
type DelegationSet struct {
	ID              string         `json:"id"` // N…
	Account         AccountID      `json:"account"`
	CallerReference string         `json:"callerReference"`
	NameServers     []dnsname.Name `json:"nameServers"`
}

func (d DelegationSet) Key() string         { return d.ID }
func (d DelegationSet) IndexKeys() []string { return []string{ByAccount(d.Account)} }

// Kinds of alias targets.
const (
	TargetAPIGateway   = "apiGateway"
	TargetCloudFront   = "cloudFront"
	TargetLoadBalancer = "loadBalancer"
	TargetS3Website    = "s3Website"
	TargetLattice      = "latticeService"  // the generated name of a VPC Lattice service
	TargetResource     = "latticeResource" // that of a resource in a service network of VPC Lattice
)

// AliasTarget is an AWS resource that an alias record can point at: a name in
// a zone of AWS's, and the addresses behind it.
type AliasTarget struct {
	Name    dnsname.Name `json:"name"` // d-abc123.execute-api.eu-west-1.amazonaws.com
	Zone    string       `json:"zone"` // hosted zone ID that an alias to it gives
	Kind    string       `json:"kind"` // one of the Target… kinds
	Account AccountID    `json:"account"`
	Region  Region       `json:"region,omitempty"`
	// Domain is the custom domain that it serves, for API Gateway and an S3
	// website (the bucket's name), and the alternate names of a distribution.
	Domains   []dnsname.Name `json:"domains,omitempty"`
	Addresses []netip.Addr   `json:"addresses,omitempty"` // IPv4 and IPv6
	TTL       uint32         `json:"ttl,omitempty"`       // seconds
}

func (t AliasTarget) Key() string {
	// S3 websites of a Region share one alias name; the bucket tells them apart.
	k := t.Name.Key()
	if t.Kind == TargetS3Website && len(t.Domains) > 0 {
		k += "\x01" + t.Domains[0].String()
	}
	return k
}
func (t AliasTarget) IndexKeys() []string { return []string{ByAccount(t.Account), ByName(t.Name)} }
