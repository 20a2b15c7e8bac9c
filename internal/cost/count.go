package cost

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/orgdns/orgdns/internal/estate"
)

// Traffic is what the user assumes of each consumer VPC, a month.
type Traffic struct {
	GB        int64 // to and from interface endpoints
	CrossZone int64 // GB of these that cross zones, where the way is peering; AWS takes nothing for it over a Transit Gateway or in a VPC
	Queries   int64 // millions, for names of shared endpoints, where Resolver rules forward them
}

func (t Traffic) check(consumers int64) error {
	for _, v := range []struct {
		what string
		n    int64
	}{{"GB", t.GB}, {"GB across zones", t.CrossZone}, {"million queries", t.Queries}} {
		if v.n < 0 || consumers > 0 && v.n > maxCount/4/consumers {
			return fmt.Errorf("%d %s a month for each of %d VPCs is not between 0 and %d for all together; give less", v.n, v.what, consumers, maxCount/4)
		}
	}
	return nil
}

// Of is the bill of an estate: its interface and gateway endpoints, Profiles,
// Resolver endpoints and Transit Gateway attachments, and the traffic of the
// consumers, which are VPCs by ID. One that the estate does not hold is an
// error.
//
// A consumer's traffic goes through endpoints of its own while it has an
// interface endpoint; else over its Transit Gateway attachment; else over
// peering. The queries of one with a forward rule pass an outbound and an
// inbound endpoint, and count at both.
func (p *Prices) Of(e estate.Estate, consumers []string, t Traffic) (Bill, error) {
	c := &counter{prices: p, bill: Bill{Date: p.Date}}
	if err := t.check(int64(len(consumers))); err != nil {
		return c.bill, err
	}
	own := c.endpoints(e)
	c.profiles(e)
	c.resolvers(e)
	attached := c.transit(e)
	for _, id := range slices.Compact(slices.Sorted(slices.Values(consumers))) {
		v, ok := e.VPCs.Get(id)
		if !ok {
			return c.bill, fmt.Errorf("VPC %s is not in the estate, so its traffic cannot be counted; read its account and Region", id)
		}
		way := byPeering
		if own[id] {
			way = byOwn
		} else if attached[id] {
			way = byTransit
		}
		c.traffic(v.Region, 1, t, way, forwards(e, id))
	}
	return c.done(), nil
}

// Endpoint is what an interface endpoint costs a month before data; other
// endpoints cost nothing that this package counts.
func (p *Prices) Endpoint(v estate.Endpoint) Bill {
	c := &counter{prices: p, bill: Bill{Date: p.Date}}
	c.endpoint(v)
	return c.done()
}

// Ways of a consumer's traffic to interface endpoints.
type way int

const (
	byOwn way = iota
	byTransit
	byPeering
)

// Via names how endpoints are had.
type Via string

// The values of Via: endpoints in each consumer VPC, or shared by a Profile or
// by Resolver rules; in a Report also what stands, and each share as it is
// configured where shares differ in that.
const (
	ViaNow        Via = "now"
	ViaOwn        Via = "own"
	ViaProfile    Via = "profile"
	ViaResolver   Via = "resolver"
	ViaConfigured Via = "configured"
)

// Network is how consumers reach the hub of a Design.
type Network string

// The values of Network.
const (
	NetworkTransit  Network = "transit"  // Transit Gateway attachments are made for it, the hub's too
	NetworkAttached Network = "attached" // the consumers have attachments already; only the hub's is made
	NetworkPeering  Network = "peering"  // no Transit Gateway
)

// Networks are the values of Network.
var Networks = []Network{NetworkTransit, NetworkAttached, NetworkPeering}

// Design is a design in numbers.
type Design struct {
	Regions  []estate.Region
	Via      Via   // ViaOwn, ViaProfile or ViaResolver
	Services int64 // interface endpoints of a set
	Zones    int64 // Availability Zones of each endpoint
	VPCs     int64 // consumers, spread evenly over the Regions
	Network  Network
	Traffic  Traffic
}

func (d Design) check() error {
	if !slices.Contains([]Via{ViaOwn, ViaProfile, ViaResolver}, d.Via) {
		return fmt.Errorf("a design is %s, %s or %s, not %q", ViaOwn, ViaProfile, ViaResolver, d.Via)
	}
	if !slices.Contains(Networks, d.Network) {
		return fmt.Errorf("the network is %q; it must be one of %s, %s, %s", d.Network, NetworkTransit, NetworkAttached, NetworkPeering)
	}
	if len(d.Regions) == 0 {
		return fmt.Errorf("the design names no Region")
	}
	things := int64(1)
	for _, n := range []int64{d.Services, d.Zones, d.VPCs} {
		if n < 1 || n > maxThings/things {
			return fmt.Errorf("%d services in %d zones for %d VPCs are not between 1 and %d things", d.Services, d.Zones, d.VPCs, int64(maxThings))
		}
		things *= n
	}
	if n := int64(len(d.Regions)); d.VPCs < n {
		return fmt.Errorf("%d VPCs are fewer than %d Regions; leave Regions without consumers out", d.VPCs, n)
	}
	return d.Traffic.check(d.VPCs)
}

// attachments are the VPCs with a Transit Gateway attachment, of n consumers and
// their hub.
func (d Design) attachments(n int64) int64 {
	switch {
	case d.Network == NetworkPeering, d.Network == NetworkTransit && d.Via == ViaOwn:
		return 0
	case d.Via == ViaOwn:
		return n
	}
	return n + 1
}

// resolverAddresses are those of an inbound and an outbound endpoint: one in each
// zone, from two zones to six addresses (Developer Guide, resolver.html and
// DNSLimitations.html).
func (d Design) resolverAddresses() int64 { return 2 * min(max(d.Zones, 2), 6) }

// OfDesign is the bill of a design. Who pays is not told.
func (p *Prices) OfDesign(d Design) (Bill, error) {
	c := &counter{prices: p, bill: Bill{Date: p.Date}}
	d.Regions = slices.Compact(slices.Sorted(slices.Values(d.Regions)))
	if err := d.check(); err != nil {
		return c.bill, err
	}
	all := int64(len(d.Regions))
	for i, r := range d.Regions {
		n := d.VPCs / all
		if int64(i) < d.VPCs%all {
			n++
		}
		at, sets, to := owner{region: r}, int64(1), byTransit
		switch {
		case d.Via == ViaOwn:
			sets, to = n, byOwn
		case d.Network == NetworkPeering:
			to = byPeering
		}
		c.count(EndpointHour, at, sets*d.Services*d.Zones)
		c.count(TransitHour, at, d.attachments(n))
		switch d.Via {
		case ViaProfile:
			c.count(ProfileVPCHour, at, n)
		case ViaResolver:
			c.count(ResolverHour, at, d.resolverAddresses())
		}
		c.traffic(r, n, d.Traffic, to, d.Via == ViaResolver)
	}
	return c.done(), nil
}

// owner is who pays for things, where.
type owner struct {
	account estate.AccountID
	region  estate.Region
}

// counter counts things before their prices are looked up, since tiers go by
// the whole count.
type counter struct {
	prices *Prices
	bill   Bill
	counts map[Item]map[owner]int64
}

func (c *counter) count(i Item, o owner, n int64) {
	if n == 0 {
		return
	}
	if c.counts == nil {
		c.counts = map[Item]map[owner]int64{}
	}
	if c.counts[i] == nil {
		c.counts[i] = map[owner]int64{}
	}
	c.counts[i][o] += n
}

// traffic counts what n VPCs send. It is counted for the organization as a
// whole, as its tiers are (Billing User Guide, useconsolidatedbilling-discounts).
func (c *counter) traffic(r estate.Region, n int64, t Traffic, to way, forwarded bool) {
	all := owner{region: r}
	c.count(EndpointGB, all, n*t.GB)
	switch to {
	case byTransit:
		c.count(TransitGB, all, n*t.GB)
	case byPeering:
		c.count(CrossZoneGB, all, 2*n*t.CrossZone) // out of one zone, into the other
	}
	if forwarded {
		c.count(ResolverQueries, all, 2*n*t.Queries)
	}
}

func (c *counter) done() Bill {
	for o := range c.counts[ProfileVPCHour] {
		c.count(ProfileHour, o, 1)
	}
	for _, i := range items {
		byOwner := c.counts[i]
		for _, o := range slices.SortedFunc(maps.Keys(byOwner), func(x, y owner) int {
			return cmp.Or(cmp.Compare(x.region, y.region), cmp.Compare(x.account, y.account))
		}) {
			hours := int64(1)
			switch i {
			case EndpointHour, ProfileHour, ProfileVPCHour, ResolverHour, TransitHour:
				hours = c.prices.Hours
			}
			c.prices.add(&c.bill, i, o.account, o.region, byOwner[o], hours)
		}
	}
	c.bill.finish()
	return c.bill
}

// endpoints counts every endpoint, and tells which VPCs have an interface
// endpoint.
func (c *counter) endpoints(e estate.Estate) map[string]bool {
	own := map[string]bool{}
	for p := range e.Endpoints.All() {
		if c.endpoint(p) {
			own[p.VPC] = true
		}
	}
	return own
}

// endpoint counts an endpoint, and tells whether it is an interface endpoint
// that is paid for. What an AWS service made and manages may be part of that
// service's price (AWS PrivateLink pricing), so it is not counted; nor is what
// is going or never came.
func (c *counter) endpoint(p estate.Endpoint) bool {
	if p.Requester || p.State == estate.EndpointDeleting || p.State == estate.EndpointFailed {
		return false
	}
	at := owner{p.Account, p.Region}
	switch p.Type {
	case estate.EndpointGateway:
		c.count(GatewayEndpoint, at, 1)
		return false
	case estate.EndpointInterface:
		c.count(EndpointHour, at, Zones(p))
		return true
	}
	return false
}

// Zones is in how many Availability Zones an interface endpoint is: one for
// each subnet.
func Zones(p estate.Endpoint) int64 { return int64(max(len(p.Subnets), len(p.Addresses))) }

// profiles counts the VPCs of each owner's Profiles, for the owner pays for all
// (Route 53 pricing). The owner of a Profile that the estate does not hold is
// not known.
func (c *counter) profiles(e estate.Estate) {
	for a := range e.ProfileAssociations.All() {
		if a.Status == estate.StatusDeleting || a.Status == estate.StatusFailed {
			continue
		}
		p, _ := e.Profiles.Get(a.Profile)
		c.count(ProfileVPCHour, owner{p.Account, a.Region}, 1)
	}
}

func (c *counter) resolvers(e estate.Estate) {
	for r := range e.ResolverEndpoints.All() {
		if r.Status != estate.StatusDeleting {
			c.count(ResolverHour, owner{r.Account, r.Region}, int64(len(r.Addresses)))
		}
	}
}

// transit counts attachments from their acceptance on, and tells which VPCs
// have one; the VPC's owner pays (Transit Gateway pricing).
func (c *counter) transit(e estate.Estate) map[string]bool {
	attached := map[string]bool{}
	for a := range e.TransitAttachments.All() {
		switch a.State {
		case estate.AttachmentPendingAcceptance, estate.AttachmentDeleting, estate.AttachmentDeleted, estate.AttachmentRejected, "failed":
			continue
		}
		c.count(TransitHour, owner{a.Account, a.Region}, 1)
		attached[a.VPC] = true
	}
	return attached
}

// forwards reports whether a VPC has a Resolver rule that forwards.
func forwards(e estate.Estate, vpc string) bool {
	for a := range e.RuleAssociations.By(estate.ByVPC(vpc)) {
		if r, ok := e.ResolverRules.Get(a.Rule); ok && r.Type == estate.RuleForward {
			return true
		}
	}
	return false
}
