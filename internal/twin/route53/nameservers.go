package route53

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// A delegation set has one server of each of these domains, which hold
// perDomain servers each: ns-0.awsdns-00.com to ns-2047.awsdns-63.co.uk.
var serverDomains = [4]string{"com", "net", "org", "co.uk"}

const perDomain = 512

// serverName is server i of a domain (an index of serverDomains).
func serverName(domain, i int) dnsname.Name {
	return dnsname.MustParse(fmt.Sprintf("ns-%d.awsdns-%02d.%s", domain*perDomain+i, i/8, serverDomains[domain]))
}

// privateServers are what every private zone shows; nobody else gets them
// (Developer Guide, hosted-zone-private-considerations.html).
var privateServers = sorted([]dnsname.Name{serverName(0, 0), serverName(1, 0), serverName(2, 0), serverName(3, 0)})

func sorted(names []dnsname.Name) []dnsname.Name {
	slices.SortFunc(names, dnsname.Name.Compare)
	return names
}

// pickServers chooses a delegation set that has none of the servers to avoid.
// The choice follows from the seed. When a domain has no server left, AWS has
// too many zones of one name: DelegationSetNotAvailable.
func pickServers(seed string, avoid map[dnsname.Name]bool) ([]dnsname.Name, error) {
	sum := sha256.Sum256([]byte(seed))
	var set []dnsname.Name
	for domain := range serverDomains {
		first := int(binary.BigEndian.Uint32(sum[4*domain:]) % (perDomain - 1))
		for k := range perDomain - 1 { // server 0 is for private zones
			s := serverName(domain, 1+(first+k)%(perDomain-1))
			if !avoid[s] {
				set = append(set, s)
				break
			}
		}
		if len(set) <= domain {
			return nil, &types.DelegationSetNotAvailable{Message: text("Amazon Route 53 has reached the limit on the number of hosted zones that have the same name.")}
		}
	}
	return sorted(set), nil
}

// zoneServers are the name servers of a public zone. A zone that was only
// listed does not tell them; its apex NS record does.
func zoneServers(e *estate.Estate, z estate.Zone) []dnsname.Name {
	if z.NameServers != nil {
		return z.NameServers
	}
	rec, _ := e.Records.Get(estate.RecordKey(z.ID, z.Name, "NS", ""))
	return targets(rec)
}

// targets are the names that an NS record holds.
func targets(rec estate.RecordSet) []dnsname.Name {
	var out []dnsname.Name
	for _, v := range rec.Values {
		if n, err := dnsname.Parse(v); err == nil {
			out = append(out, n)
		}
	}
	return sorted(out)
}

// related walks the public zones of all accounts whose name is equal to a name,
// above or below it.
func related(e *estate.Estate, name dnsname.Name, yield func(estate.Zone)) {
	visit := func(z estate.Zone) bool {
		if !z.Private {
			yield(z)
		}
		return true
	}
	e.Zones.ByPrefix(estate.ByName(name))(visit) // equal and below: one run of keys
	for parent, ok := name.Parent(); ok; parent, ok = parent.Parent() {
		e.Zones.By(estate.ByName(parent))(visit)
	}
}

// occupied are the servers that a zone of a name must not share with zones of
// the same name, or of a name above or below it (API_CreateHostedZone,
// ConflictingDomainExists).
func occupied(e *estate.Estate, name dnsname.Name) map[dnsname.Name]bool {
	out := map[dnsname.Name]bool{}
	related(e, name, func(z estate.Zone) {
		for _, s := range zoneServers(e, z) {
			out[s] = true
		}
	})
	return out
}

// held are the servers that a zone above still delegates a name to. A new zone
// of the name gets none of them, so that nobody takes over a dangling
// delegation; the hold ends with the NS record (Developer Guide,
// protection-from-dangling-dns.html).
func held(e *estate.Estate, name dnsname.Name) map[dnsname.Name]bool {
	out := map[dnsname.Name]bool{}
	for parent, ok := name.Parent(); ok; parent, ok = parent.Parent() {
		for z := range e.Zones.By(estate.ByName(parent)) {
			rec, found := e.Records.Get(estate.RecordKey(z.ID, name, "NS", ""))
			if !found || z.Private {
				continue
			}
			for _, s := range targets(rec) {
				out[s] = true
			}
		}
	}
	return out
}

// newServers chooses the delegation set of a new public zone.
func newServers(c *world.Call, zoneID string, name dnsname.Name) ([]dnsname.Name, error) {
	avoid := occupied(c.Estate(), name)
	for s := range held(c.Estate(), name) {
		avoid[s] = true
	}
	return pickServers(zoneID, avoid)
}
