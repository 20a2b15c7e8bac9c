package world

import (
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// EndpointService is who owns the hosted zones that private DNS of VPC endpoints
// makes, LatticeService who owns those of custom domains, as ListHostedZonesByVPC
// shows OwningService. No page names them.
const (
	EndpointService = "vpce.amazonaws.com"
	LatticeService  = "vpc-lattice.amazonaws.com"
)

// ManagedZone is a hosted zone of AWS's own in a VPC (R3.3, R7.4).
type ManagedZone struct {
	ID       string
	Name     dnsname.Name
	Owner    string // EndpointService or LatticeService
	Endpoint string // whose private DNS made it, of EndpointService
}

// ManagedZones are the hosted zones that private DNS of endpoints and VPC Lattice
// hold in a VPC, by identifier. Those of endpoints stand from the request on and
// until the endpoint is gone, so that the names are taken; whether they answer is
// [estate.Endpoint.Managed]. VPC Lattice makes none where another of the name stands.
func (s *State) ManagedZones(vpc string) []ManagedZone {
	var out []ManagedZone
	for p := range s.Estate.Endpoints.By(estate.ByVPC(vpc)) {
		if p.Type != estate.EndpointInterface || !p.PrivateDNS ||
			!slices.Contains([]string{estate.EndpointPending, estate.EndpointAvailable, estate.EndpointDeleting}, p.State) {
			continue
		}
		for _, n := range p.PrivateNames {
			z := ManagedZone{ManagedZoneID(&s.Estate, p, n), estate.ManagedZone(n), EndpointService, p.ID}
			if !slices.Contains(out, z) {
				out = append(out, z)
			}
		}
	}
	for _, z := range s.Estate.LatticeZones(vpc) {
		if !slices.ContainsFunc(out, func(m ManagedZone) bool { return m.Name == z.Name }) && !s.hasZone(vpc, z.Name) {
			out = append(out, ManagedZone{"Z" + digest("managed/" + vpc + "/" + z.Resource.ID)[:20], z.Name, LatticeService, ""})
		}
	}
	slices.SortFunc(out, func(a, b ManagedZone) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func (s *State) hasZone(vpc string, name dnsname.Name) bool {
	for z := range s.Estate.Zones.By(estate.ByVPC(vpc)) {
		if z.Name == name {
			return true
		}
	}
	return false
}

// ManagedZoneID is the identifier of the hosted zone of a private name of an
// endpoint: what was read of the VPC, or else one derived from the endpoint.
func ManagedZoneID(e *estate.Estate, p estate.Endpoint, name dnsname.Name) string {
	zone := estate.ManagedZone(name)
	for z := range e.VPCZones.Prefix(p.VPC + "/") {
		if z.Name == zone && z.Owner == EndpointService {
			return z.Zone
		}
	}
	return "Z" + digest("managed/" + p.ID + "/" + zone.String())[:20]
}

// Connect keeps what the owner of an endpoint service sees of an endpoint true to
// the endpoint: as it stands in the estate, or gone.
func (s *State) Connect(p estate.Endpoint) {
	service, ok := estate.First(s.Estate.EndpointServices.By(estate.ByService(p.Service)))
	if !ok {
		return
	}
	list := slices.DeleteFunc(slices.Clone(service.Connections), func(x estate.EndpointConnection) bool { return x.Endpoint == p.ID })
	if now, there := s.Estate.Endpoints.Get(p.ID); there {
		list = append(list, estate.EndpointConnection{Endpoint: now.ID, Owner: now.Account, State: now.State})
	}
	slices.SortFunc(list, func(a, b estate.EndpointConnection) int { return strings.Compare(a.Endpoint, b.Endpoint) })
	service.Connections = list
	s.Estate.EndpointServices.Put(service)
}
