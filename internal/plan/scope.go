package plan

import (
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/estate"
)

// Permissions is what carrying out the plan must be allowed, by account: the
// scope to which a run's sessions are narrowed.
func (p *Plan) Permissions() map[estate.AccountID][]Permission {
	out := map[estate.AccountID][]Permission{}
	add := func(x Permission) {
		same := func(y Permission) bool {
			return x.May == y.May && x.Region == y.Region && x.Zone == y.Zone && x.Role == y.Role && x.Named == y.Named && x.Key == y.Key
		}
		i := slices.IndexFunc(out[x.Account], same)
		if i < 0 {
			out[x.Account] = append(out[x.Account], x)
			return
		}
		have := &out[x.Account][i]
		for _, v := range x.VPCs {
			if !slices.Contains(have.VPCs, v) {
				have.VPCs = append(have.VPCs, v)
			}
		}
		have.Endpoints = append(have.Endpoints, x.Endpoints...)
	}
	for _, c := range p.Changes {
		one := Permission{Account: c.Account, Region: c.Region}
		switch item := c.Item(); {
		case item.Zone != nil && c.Action == Create:
			one.May = MayCreateZone
			if item.Zone.Private() {
				one.May = MayCreatePrivateZone
				one.VPCs = []estate.VPCRef{*item.Zone.Anchor}
			}
		case item.Authorization != nil:
			one.May, one.Zone, one.VPCs = MayAuthorizeVPCs, p.zoneID(item.Authorization.Zone), []estate.VPCRef{item.Authorization.VPC}
		case item.Association != nil && c.Action == Delete:
			one.May, one.Zone, one.VPCs = MayDisassociateVPCs, p.zoneID(item.Association.Zone), []estate.VPCRef{item.Association.VPC}
		case item.Association != nil:
			one.May, one.Zone, one.VPCs = MayAssociateVPCs, p.zoneID(item.Association.Zone), []estate.VPCRef{item.Association.VPC}
		case item.VPCAttributes != nil:
			one.May = MayChangeVPCs
		case item.Role != nil:
			one.May, one.Role = MayMakeRole, item.Role.Name
		case item.Zone != nil && c.Action == Delete:
			one.May, one.Zone = MayDeleteZone, c.ID
		case item.Zone != nil:
			one.May, one.Zone = MayTagZone, c.ID
		case item.ZoneTags != nil:
			one.May, one.Zone = MayTagZone, p.zoneID(item.ZoneTags.Zone)
		case item.Record != nil:
			one.May, one.Zone = MayChangeRecords, p.zoneID(item.Record.Zone)
			one.ZoneName = item.Record.ZoneName
		case c.Foreign:
			one.May, one.Endpoints = MayRetireEndpoints, []string{c.ID}
		case item.Object != nil:
			one.May = MayMake(item.Object.Kind)
			switch {
			case item.Object.Kind == KindPrivateDNS: // of an endpoint that stands
				one.May = MayMake(KindEndpoint)
			case item.Object.Kind == KindProbeRole, item.Object.Kind == KindProbe:
				one.Role, one.Named = ProbeRole(p.Owner), LikeNames(p.Owner)
			case objectKinds[item.Object.Kind].apart:
				one.Role, one.Named = EventName(p.Owner), LikeNames(p.Owner)
				if len(item.Object.Fields["role"]) > 0 {
					add(Permission{Account: c.Account, May: MayPassEventRole, Role: one.Role})
				}
			case item.Object.Kind == KindShare && strings.HasSuffix(p.Owner, ofEvents): // RAM writes the policy of the parameter in it
				add(Permission{Account: c.Account, Region: c.Region, May: MayMake(KindParameter), Role: EventName(p.Owner), Named: LikeNames(p.Owner)})
			case item.Object.Kind == KindShare:
				add(Permission{Account: c.Account, Region: c.Region, May: MayShareNetwork})
			case strings.Contains(c.Address, ProbeGroup):
				add(Permission{Account: c.Account, Region: c.Region, May: MayLimitEgress})
			}
		case item.Certificate != nil:
			one.May = MayMakeCertificates
			add(Permission{Account: c.Account, Region: c.Region, May: MayReadCertificates})
		}
		add(one)
		add(Permission{Account: c.Account, May: MayReadZones})
		add(Permission{Account: c.Account, May: MayReadZone})
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b Permission) int {
			return strings.Compare(string(a.May)+" "+a.Zone+" "+string(a.Region)+" "+a.Role, string(b.May)+" "+b.Zone+" "+string(b.Region)+" "+b.Role)
		})
	}
	return out
}

// zoneID is the ID of a zone that stands; empty when it is still to be made.
func (p *Plan) zoneID(v Value) string {
	if id, ok := v.Literal(); ok {
		return id
	}
	if ref, ok := v.Ref(); ok {
		if got := p.Known[ref.Address][ref.Attribute]; len(got) == 1 {
			return got[0]
		}
	}
	return ""
}
