package recipe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
)

// unoffered tells of the services that the share is without, in some of its Regions
// or in all of them. A name that none of them offers, though all were asked, is no
// service of AWS's: who wrote it meant another one, whose endpoint must not go. A
// service of somebody else may be permitted later.
func (s *share) unoffered(regions int) {
	for _, svc := range s.Services {
		list := slices.DeleteFunc(slices.Clone(s.missing), func(m missingService) bool { return m.Pos != svc.Pos })
		nowhere := len(list) == regions && !slices.ContainsFunc(list, func(m missingService) bool { return m.offered })
		if nowhere && regions > 0 && !svc.Foreign() && !s.frozen {
			s.unknownService(svc, list)
			continue
		}
		for _, m := range list {
			name, _ := m.In(m.region)
			s.problem(m.Pos, diag.Warning, "not-offered", fmt.Sprintf("%s has no interface endpoints in %s, so the share %s is without it there", name, m.region, s.Name), "",
				"take the Region out, or give the service a share of its own")
		}
	}
}

// unknownService says that there is no service of a name, and which was meant.
func (s *share) unknownService(svc config.SharedService, in []missingService) {
	var where, known []string
	for _, m := range in {
		where = append(where, string(m.region))
		_, service := m.In(m.region)
		for o := range s.Estate.Offers.By(estate.ByRegion(s.hub.ID, m.region)) {
			if (o.ServiceRegion == "" && service == m.region || o.ServiceRegion == service) && slices.Contains(o.Types, estate.EndpointInterface) {
				known = append(known, config.SharedService{Name: o.Name}.Label())
			}
		}
	}
	slices.Sort(known)
	known = slices.Compact(known)
	hint := fmt.Sprintf("`aws ec2 describe-vpc-endpoint-services --region %s` lists the names; take it out if it is not to be shared any more", where[0])
	if near := diag.Nearest(svc.Label(), known); near != "" {
		hint = fmt.Sprintf("did you mean %q?", strings.TrimSuffix(svc.Name, svc.Label())+near)
	}
	s.problem(svc.Pos, diag.Error, "unknown-service", fmt.Sprintf("there is no service %q with interface endpoints in %s, so nothing is planned: the endpoint that was meant would go", svc.Name, strings.Join(where, ", ")),
		fmt.Sprintf("account %s is offered %d others", s.hub.ID, len(known)), hint)
}
