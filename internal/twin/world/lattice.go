package world

import (
	"crypto/sha256"
	"iter"
	"net/netip"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// latticePartition is in the names of all services that were seen in public,
// whatever their Region ("servicea-038d966f319699c66.7d67968.vpc-lattice-svcs.eu-west-1.on.aws").
const latticePartition = "7d67968"

// LatticeName is the name that VPC Lattice generates for a service (R7.1;
// VPC Lattice User Guide, service-custom-domain-name.html). That a Region has one
// hosted zone of its own for all is our reading.
func LatticeName(r estate.Region, name, id string) estate.LatticeName {
	own := name + "-" + id[len("svc-"):]
	return estate.LatticeName{
		Name: dnsname.MustParse(own + "." + latticePartition + ".vpc-lattice-svcs." + string(r) + ".on.aws"),
		Zone: "Z" + digest("lattice/" + string(r))[:20],
	}
}

// ResourceName is the name that VPC Lattice generates for a resource in a service
// network, by its association ([estate.LatticeResourceName]).
func ResourceName(a estate.LatticeAssociation, r estate.LatticeResource) estate.LatticeName {
	return estate.LatticeName{Name: estate.LatticeResourceName(a, r), Zone: "Z" + digest("lattice/resources/" + string(a.Region))[:20]}
}

// NameResources puts the generated names of the resources of an association into
// public DNS, those of a group's children each by itself. A resource has an address
// of 129.224.0.0/17 in every subnet that reaches it (VPC Lattice User Guide,
// resource-configuration.html, "Types of service networks"); one, the same for all,
// is our reading.
func (s *State) NameResources(a estate.LatticeAssociation) {
	for r := range s.resourcesOf(a) {
		if r.Type == estate.ResourceGroup {
			continue
		}
		n := ResourceName(a, r)
		sum := sha256.Sum256([]byte(a.ID + r.ID))
		s.Estate.Targets.Put(estate.AliasTarget{
			Name: n.Name, Zone: n.Zone, Kind: estate.TargetResource, Account: r.Account, Region: r.Region,
			Addresses: []netip.Addr{netip.AddrFrom4([4]byte{129, 224, sum[0] % 128, 1 + sum[1]%254})},
		})
	}
}

// unnameResources takes the names of an association away once that is gone.
func (s *State) unnameResources(a estate.LatticeAssociation) {
	for r := range s.resourcesOf(a) {
		s.UnnameResource(a, r)
	}
}

// UnnameResource takes one of them away.
func (s *State) UnnameResource(a estate.LatticeAssociation, r estate.LatticeResource) {
	s.Estate.Targets.Delete(estate.AliasTarget{Name: estate.LatticeResourceName(a, r)}.Key())
}

// resourcesOf walks the resource configuration of an association and its children.
func (s *State) resourcesOf(a estate.LatticeAssociation) iter.Seq[estate.LatticeResource] {
	return func(yield func(estate.LatticeResource) bool) {
		if r, ok := s.Estate.LatticeResources.Get(a.Resource); !ok || !yield(r) {
			return
		}
		for child := range s.Estate.LatticeResources.By(estate.ByMember(a.Resource)) {
			if child.Group == a.Resource && !yield(child) {
				return
			}
		}
	}
}

// NameLattice puts the generated name of a service into public DNS, with an
// address of 169.254.171.0/24 and one of fd00:ec2:80::/64 (R7.2). Which of them
// is derived from the service; that the one holds the other is seen in public.
func (s *State) NameLattice(arn string) {
	v, ok := s.Estate.LatticeServices.Get(arn)
	if !ok || v.Gone() || v.DNS.Name.IsZero() {
		return
	}
	if _, there := estate.First(s.Estate.Targets.By(estate.ByName(v.DNS.Name))); there {
		return
	}
	four := [4]byte{169, 254, 171, 1 + sha256.Sum256([]byte(arn))[0]%254}
	six := [16]byte{0xfd, 0x00, 0x0e, 0xc2, 0x00, 0x80}
	copy(six[12:], four[:])
	s.Estate.Targets.Put(estate.AliasTarget{
		Name: v.DNS.Name, Zone: v.DNS.Zone, Kind: estate.TargetLattice, Account: v.Account, Region: v.Region,
		Addresses: []netip.Addr{netip.AddrFrom4(four), netip.AddrFrom16(six)},
	})
}

// unnameLattice takes the generated name of a service away once that is gone.
func (s *State) unnameLattice(v estate.LatticeService) {
	if _, stands := s.Estate.LatticeServices.Get(v.ARN); !stands && !v.DNS.Name.IsZero() {
		s.Estate.Targets.Delete(estate.AliasTarget{Name: v.DNS.Name}.Key())
	}
}
