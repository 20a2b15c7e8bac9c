package estate

import (
	"net/netip"
	"slices"
)

// VPC is a virtual private cloud, as far as names depend on it.
type VPC struct {
	ID      string         `json:"id"`
	Account AccountID      `json:"account"`
	Region  Region         `json:"region"`
	CIDRs   []netip.Prefix `json:"cidrs,omitempty"` // the primary block first
	// DNSSupport and DNSHostnames are the attributes enableDnsSupport and
	// enableDnsHostnames (VPC guide, AmazonDNS-concepts.html).
	DNSSupport   bool `json:"dnsSupport"`
	DNSHostnames bool `json:"dnsHostnames"`
	Default      bool `json:"default,omitempty"`
	Tags         Tags `json:"tags,omitzero"`
	// Participants are other accounts that see the VPC, since one of its
	// subnets is shared with them (VPC guide, vpc-sharing.html).
	Participants []AccountID `json:"participants,omitempty"`
}

func (v VPC) Key() string { return v.ID }
func (v VPC) IndexKeys() []string {
	keys := []string{ByAccount(v.Account), ByRegion(v.Account, v.Region)}
	if ip := v.Resolver(); ip.IsValid() {
		keys = append(keys, ByAddress(ip))
	}
	for _, p := range v.Participants {
		keys = append(keys, ByParticipant(p, v.Region))
	}
	return keys
}

// ByParticipant is the index key of the VPCs of others that an account sees in a
// Region.
func ByParticipant(id AccountID, r Region) string {
	return "participant/" + string(id) + "/" + string(r)
}

// Resolver is the address of the VPC's own resolver, VPC+2: the base of its
// primary block plus two (VPC guide, AmazonDNS-concepts.html). It is none when
// the blocks are not known.
func (v VPC) Resolver() netip.Addr {
	if len(v.CIDRs) == 0 {
		return netip.Addr{}
	}
	return v.CIDRs[0].Masked().Addr().Next().Next()
}

// Of reports whether the account owns the VPC or takes part in it.
func (v VPC) Of(id AccountID) bool { return v.Account == id || slices.Contains(v.Participants, id) }

// Ref is the VPC as Route 53 names it.
func (v VPC) Ref() VPCRef { return VPCRef{v.Region, v.ID} }

// Subnet is a subnet of a VPC.
type Subnet struct {
	ID      string    `json:"id"`
	VPC     string    `json:"vpc"`
	Account AccountID `json:"account"`
	Region  Region    `json:"region"`
	Zone    string    `json:"zone"` // Availability Zone, by the name that the account has for it
	// ZoneID is the same zone in every account, as its name is not (AWS Regions and
	// Availability Zones User Guide, az-ids.html).
	ZoneID string       `json:"zoneID,omitempty"`
	CIDR   netip.Prefix `json:"cidr"`
	CIDR6  netip.Prefix `json:"cidr6,omitzero"` // the IPv6 block, if it has one
	Tags   Tags         `json:"tags,omitzero"`
}

func (s Subnet) Key() string { return s.ID }
func (s Subnet) IndexKeys() []string {
	return []string{ByRegion(s.Account, s.Region), "vpc/" + s.VPC}
}
