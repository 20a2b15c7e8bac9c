// Package reach tells whether an address and port can be reached from a VPC,
// along which path, and when not, the one thing to mend: routes, Transit
// Gateway attachments and route tables, peering, network ACLs both ways, the
// security groups of what is reached, and the way back. [Missing] lists what a
// Transit Gateway needs so that two VPCs reach each other.
//
// It judges an estate; what is found there is used, and what is not found is
// absent only where the question was answered. Else the outcome is Unknown, and
// names the query.
//
// Left out: the firewalls of who connects, its security groups unless they are
// given, DNS, and what stands behind appliances, VPNs, Direct Connect and the
// peering of Transit Gateways. A way through one of these is Unknown (docs/connectivity.md).
package reach

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
)

// Outcome is what came of a judgement.
type Outcome string

// The outcomes.
const (
	Reached Outcome = "reached"
	Unknown Outcome = "unknown" // something unread, or not judged, is on the way
	Broken  Outcome = "broken"
)

// worse orders outcomes, worst first.
func (o Outcome) worse() int { return slices.Index([]Outcome{Broken, Unknown, Reached}, o) }

// Port is what is connected to.
type Port struct {
	Number   uint16 `json:"number"`
	Protocol string `json:"protocol"` // tcp or udp
}

func (p Port) String() string { return fmt.Sprintf("%s %d", p.Protocol, p.Number) }

// Code says what kind of thing stops the way; stable, for machines.
type Code string

// The codes.
const (
	Overlap          Code = "overlap"           // both VPCs have the range
	NoRoute          Code = "no-route"          // a VPC's route table has none, or only the way to the internet
	RouteBlackhole   Code = "route-blackhole"   // its target is gone
	RouteElsewhere   Code = "route-elsewhere"   // the most specific one leads somewhere else
	NoAttachment     Code = "no-attachment"     // the VPC is not attached to the Transit Gateway
	AttachmentWaits  Code = "attachment-waits"  // it is not accepted yet
	AttachmentState  Code = "attachment-state"  // it is rejected, deleted, being made
	AttachmentZone   Code = "attachment-zone"   // it has no subnet in the Availability Zone
	NotAssociated    Code = "not-associated"    // the attachment has no Transit Gateway route table
	NotPropagated    Code = "not-propagated"    // no route, and the other's attachment does not propagate to the table
	NoTransitRoute   Code = "no-transit-route"  // no route, though it propagates
	TransitBlackhole Code = "transit-blackhole" // the Transit Gateway drops it
	TransitElsewhere Code = "transit-elsewhere" // the most specific route leads to another VPC
	NoPeering        Code = "no-peering"        // a route names a peering that is gone
	PeeringWaits     Code = "peering-waits"     // it is not accepted yet
	PeeringState     Code = "peering-state"     // it is rejected, deleted, expired, failed
	ACLDenies        Code = "acl-denies"        // a network ACL
	GroupDenies      Code = "group-denies"      // the security groups at the other end
	EndpointState    Code = "endpoint-state"    // the endpoint is not available, or has no address yet
	NoFamily         Code = "no-family"         // the VPC has no range of the address's family
	Unread           Code = "unread"            // a query has no answer
	NotJudged        Code = "not-judged"        // an appliance, a VPN and the like
)

// Break is the first thing that stops the way.
type Break struct {
	Code     Code             `json:"code"`
	Resource string           `json:"resource"` // ID of what is to be mended
	Account  estate.AccountID `json:"account,omitempty"`
	Region   estate.Region    `json:"region,omitempty"`
	Back     bool             `json:"back,omitempty"`  // on the way back
	Text     string           `json:"text"`            // one sentence
	Hint     string           `json:"hint"`            // the one thing to mend
	Query    *estate.Query    `json:"query,omitempty"` // of Unread
}

// outcome is what the break makes of the way.
func (b *Break) outcome() Outcome {
	switch {
	case b == nil:
		return Reached
	case b.Code == Unread || b.Code == NotJudged:
		return Unknown
	}
	return Broken
}

// Diagnostic is the break as a problem: an error when it is certain, else a
// warning.
func (b Break) Diagnostic() diag.Diagnostic {
	d := diag.Diagnostic{
		Code: string(b.Code), Summary: b.Text, Hint: b.Hint, Address: b.Resource,
		Account: string(b.Account), Region: string(b.Region),
	}
	if b.outcome() == Unknown {
		d.Severity = diag.Warning
	}
	return d
}

// Hop is a resource on the way and what it did.
type Hop struct {
	Kind    string           `json:"kind"` // subnet, route table, network ACL, …
	ID      string           `json:"id"`
	Account estate.AccountID `json:"account,omitempty"`
	Region  estate.Region    `json:"region,omitempty"`
	Back    bool             `json:"back,omitempty"` // on the way back
	Did     string           `json:"did"`            // 10.0.0.0/16 to tgw-1
}

func (h Hop) String() string {
	arrow := "-> "
	if h.Back {
		arrow = "<- "
	}
	return arrow + h.Kind + " " + h.ID + ": " + h.Did
}

// Part is the judgement of some subnets and addresses that fare alike.
type Part struct {
	Subnets   []string     `json:"subnets,omitempty"` // where it starts; none where the VPC has none
	Addresses []netip.Addr `json:"addresses,omitempty"`
	Ports     []Port       `json:"ports,omitempty"`
	Outcome   Outcome      `json:"outcome"`
	Path      []Hop        `json:"path,omitempty"` // of the first subnet and address, as far as it goes
	Break     *Break       `json:"break,omitempty"`
}

// Verdict is the judgement of a VPC.
type Verdict struct {
	VPC     string           `json:"vpc"`
	Account estate.AccountID `json:"account,omitempty"`
	Region  estate.Region    `json:"region,omitempty"`
	Outcome Outcome          `json:"outcome"` // that of the worst part
	Parts   []Part           `json:"parts"`   // worst first
	// Isolated are subnets that were not counted: their route table leads
	// nowhere outside the VPC, while that of another subnet does. So are
	// databases kept, and so are subnets that hold nothing but a Transit
	// Gateway's interfaces.
	Isolated []string `json:"isolated,omitempty"`
	Notes    []string `json:"notes,omitempty"` // what was not judged
}

// Break is that of the worst part, nil when all is reached.
func (v Verdict) Break() *Break {
	if len(v.Parts) == 0 {
		return nil
	}
	return v.Parts[0].Break
}

// Partial reports whether some subnets or addresses fare better than others.
func (v Verdict) Partial() bool {
	return len(v.Parts) > 0 && v.Parts[len(v.Parts)-1].Outcome != v.Outcome
}

// Source is a VPC of an estate from which connections are made.
type Source struct {
	e   estate.Estate
	vpc string
	// Groups are the security groups of who connects, where they are known: what
	// they let out is judged, and which rules admit them. Without them (nil) a rule
	// that admits a group is Unknown; an empty list is groups that nobody names and
	// that let everything out.
	Groups []string
	// Subnets are where who connects stands; none: wherever in the VPC.
	Subnets []string
}

// From is a VPC as the start of a way.
func From(e estate.Estate, vpc string) Source { return Source{e: e, vpc: vpc} }

// target is where a way ends.
type target struct {
	vpc    estate.VPC
	subnet string // ID, "" when it is not known
	addr   netip.Addr
	port   Port
	// groups protect the address, where judged; owner is whose they are.
	groups []string
	judged bool
	owner  estate.AccountID
}

// To judges an address and port. The VPC that holds the address is looked for
// in the estate; among several the one that is best reached counts.
func (s Source) To(addr netip.Addr, port Port) Verdict {
	v, vpc, ok := s.verdict()
	if !ok {
		return v
	}
	best, found := v, false
	for hub := range s.e.VPCs.All() {
		if !holds(hub.CIDRs, addr) || holds(vpc.CIDRs, addr) && hub.ID != vpc.ID {
			continue
		}
		t := target{vpc: hub, addr: addr, port: port, owner: hub.Account}
		var notes []string
		if !t.stands(s.e) {
			notes = []string{fmt.Sprintf("what stands at %s is not known, so its security groups are not judged", addr)}
		}
		one := s.judge(v, vpc, []target{t})
		one.Notes = append(one.Notes, notes...)
		if !found || one.Outcome.worse() > best.Outcome.worse() {
			best, found = one, true
		}
	}
	if !found {
		return v.only(&Break{
			Code: NotJudged, Resource: addr.String(),
			Text: fmt.Sprintf("no VPC that is known holds %s", addr),
			Hint: "read the account that holds the address",
		})
	}
	return best
}

// stands finds what has the address, and with it the subnet and the groups.
func (t *target) stands(e estate.Estate) bool {
	for s := range e.Subnets.By(estate.ByVPC(t.vpc.ID)) {
		if s.CIDR.Contains(t.addr) {
			t.subnet = s.ID
		}
	}
	for p := range e.Endpoints.By(estate.ByVPC(t.vpc.ID)) {
		for _, a := range p.Addresses {
			if a.IPv4 == t.addr || a.IPv6 == t.addr {
				t.subnet, t.groups, t.judged, t.owner = a.Subnet, p.Groups, true, p.Account
				return true
			}
		}
	}
	for p := range e.ResolverEndpoints.By(estate.ByVPC(t.vpc.ID)) {
		for _, a := range p.Addresses {
			if a.IP == t.addr {
				t.subnet, t.groups, t.judged, t.owner = a.Subnet, p.Groups, true, p.Account
				return true
			}
		}
	}
	return false
}

// Endpoint judges every address of an interface endpoint on some ports. IPv6
// addresses count only where the VPC has a range of IPv6.
func (s Source) Endpoint(p estate.Endpoint, ports ...Port) Verdict {
	v, vpc, ok := s.verdict()
	if !ok {
		return v
	}
	if p.State != estate.EndpointAvailable || len(p.Addresses) == 0 {
		hint := "wait until it is available"
		if p.State == estate.EndpointPendingAcceptance {
			hint = "accept the connection at its endpoint service"
		}
		return v.only(&Break{
			Code: EndpointState, Resource: p.ID, Account: p.Account, Region: p.Region,
			Text: fmt.Sprintf("endpoint %s is %s with %d addresses", p.ID, p.State, len(p.Addresses)), Hint: hint,
		})
	}
	hub, ok := s.e.VPCs.Get(p.VPC)
	if !ok {
		return v.only(unread(s.e, estate.Query{Kind: estate.QueryVPCs, Account: p.Account, Region: p.Region}, p.VPC,
			fmt.Sprintf("VPC %s of endpoint %s is not known", p.VPC, p.ID)))
	}
	var targets []target
	six := slices.ContainsFunc(vpc.CIDRs, func(c netip.Prefix) bool { return c.Addr().Is6() })
	for _, a := range p.Addresses {
		for _, addr := range []netip.Addr{a.IPv4, a.IPv6} {
			if !addr.IsValid() || addr.Is6() && !six && a.IPv4.IsValid() {
				continue
			}
			for _, port := range ports {
				targets = append(targets, target{hub, a.Subnet, addr, port, p.Groups, true, p.Account})
			}
		}
	}
	return s.judge(v, vpc, targets)
}

// Isolated are the subnets that a [Verdict] does not count: nothing leads out of
// the VPC from them, and from another one something does.
func (s Source) Isolated() []string {
	v, ok := s.e.VPCs.Get(s.vpc)
	if !ok {
		return nil
	}
	_, isolated, _ := network{s.e}.starts(v, s.Subnets)
	return isolated
}

// verdict begins one; it is whole, and not ok, when the VPC is not known.
func (s Source) verdict() (v Verdict, vpc estate.VPC, ok bool) {
	vpc, ok = s.e.VPCs.Get(s.vpc)
	v = Verdict{VPC: s.vpc, Account: vpc.Account, Region: vpc.Region}
	if !ok {
		v = v.only(&Break{
			Code: NotJudged, Resource: s.vpc, Text: "VPC " + s.vpc + " is not known", Hint: "read the account that owns it",
		})
	}
	return v, vpc, ok
}

// only is a verdict of one break.
func (v Verdict) only(b *Break) Verdict {
	v.Outcome, v.Parts = b.outcome(), []Part{{Outcome: b.outcome(), Break: b}}
	return v
}

// judge walks from every subnet that counts to every target.
func (s Source) judge(v Verdict, vpc estate.VPC, targets []target) Verdict {
	n := network{s.e}
	starts, isolated, stop := n.starts(vpc, s.Subnets)
	v.Isolated = isolated
	if stop != nil {
		return v.only(stop)
	}
	for _, t := range targets {
		judged := false
		for _, from := range starts {
			// A range of the other family is no start.
			if from.at.Addr().Is4() != t.addr.Is4() {
				continue
			}
			judged = true
			w := walk{network: n, groups: s.Groups}
			b := w.both(from, t)
			part := Part{Addresses: []netip.Addr{t.addr}, Ports: []Port{t.port}, Outcome: b.outcome(), Path: w.path, Break: b}
			if from.subnet.ID != "" {
				part.Subnets = []string{from.subnet.ID}
			}
			v.add(part)
		}
		if !judged {
			b := &Break{
				Code: NoFamily, Resource: vpc.ID, Account: vpc.Account, Region: vpc.Region,
				Text: fmt.Sprintf("VPC %s has no range of the family of %s", vpc.ID, t.addr),
				Hint: fmt.Sprintf("give VPC %s a range of that family", vpc.ID),
			}
			v.add(Part{Addresses: []netip.Addr{t.addr}, Ports: []Port{t.port}, Outcome: b.outcome(), Break: b})
		}
	}
	v.Parts = join(v.Parts)
	slices.SortStableFunc(v.Parts, func(a, b Part) int {
		return cmp.Compare(a.Outcome.worse(), b.Outcome.worse())
	})
	v.Outcome = v.Parts[0].Outcome
	unjudged := "the security groups and firewalls"
	if s.Groups != nil {
		unjudged = "the firewalls"
	}
	v.Notes = append(v.Notes, unjudged+" of who connects are not judged")
	return v
}

// alike reports whether two parts have the same reason.
func alike(a, b Part) bool {
	if a.Break == nil || b.Break == nil {
		return a.Break == b.Break
	}
	return a.Break.Code == b.Break.Code && a.Break.Resource == b.Break.Resource && a.Break.Back == b.Break.Back &&
		a.Break.Hint == b.Break.Hint
}

// add puts a part in, with the subnets that fare alike on the way to the same
// address and port.
func (v *Verdict) add(p Part) {
	for i, q := range v.Parts {
		if alike(p, q) && slices.Equal(p.Addresses, q.Addresses) && slices.Equal(p.Ports, q.Ports) {
			for _, s := range p.Subnets {
				if !slices.Contains(q.Subnets, s) {
					v.Parts[i].Subnets = append(v.Parts[i].Subnets, s)
				}
			}
			return
		}
	}
	v.Parts = append(v.Parts, p)
}

// join puts the addresses and ports together that fare alike from the same
// subnets: first ports of an address, then addresses of the same ports.
func join(parts []Part) []Part {
	fold := func(in []Part, same func(a, b Part) bool, put func(into *Part, p Part)) []Part {
		var out []Part
		for _, p := range in {
			i := slices.IndexFunc(out, func(q Part) bool {
				return alike(p, q) && slices.Equal(p.Subnets, q.Subnets) && same(p, q)
			})
			if i < 0 {
				out = append(out, p)
				continue
			}
			put(&out[i], p)
		}
		return out
	}
	parts = fold(parts, func(a, b Part) bool { return slices.Equal(a.Addresses, b.Addresses) },
		func(into *Part, p Part) { into.Ports = append(into.Ports, p.Ports...) })
	return fold(parts, func(a, b Part) bool { return slices.Equal(a.Ports, b.Ports) },
		func(into *Part, p Part) { into.Addresses = append(into.Addresses, p.Addresses...) })
}
