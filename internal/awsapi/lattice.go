package awsapi

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// latticePage is the largest page of ListServices (API_ListServices).
const latticePage = 100

// readLatticeServices reads the VPC Lattice services that an account sees: its own
// and those that others share with it; or, where it is read through its share, its
// own as far as it shares them. The list has all but the tags, which stay as they
// are known. Of what others share their own list says more, where it was read: no
// list of another account brings a service back that is gone.
func (c *caller) readLatticeServices(ctx context.Context, q estate.Query) (Patch, error) {
	found, err := c.latticeServices(ctx, q.Account, q.Region)
	if err != nil {
		return nil, err
	}
	return func(e *estate.Estate) {
		var rows []estate.LatticeService
		for _, v := range found {
			if v.Account != q.Account && e.Answered(estate.Query{Kind: q.Kind, Account: v.Account, Region: v.Region}) {
				continue
			}
			known, _ := e.LatticeServices.Get(v.ARN)
			v.Tags = known.Tags
			rows = append(rows, v)
		}
		replaceRegion(&e.LatticeServices, q, rows)
	}, nil
}

// latticeServices lists what an account sees, or what of its own it shares.
func (c *caller) latticeServices(ctx context.Context, account estate.AccountID, region estate.Region) ([]estate.LatticeService, error) {
	by := c.access(account).LatticeBy
	if by == "" {
		return c.listLatticeServices(ctx, account, region)
	}
	c.mu.Lock()
	if c.shared == nil {
		c.shared = map[string]*turns[[]estate.LatticeService]{}
	}
	key := string(by) + "/" + string(region)
	if c.shared[key] == nil {
		c.shared[key] = &turns[[]estate.LatticeService]{}
	}
	list := c.shared[key]
	c.mu.Unlock()
	all, err := list.next(ctx, c.opt.Clock, func(ctx context.Context) ([]estate.LatticeService, error) {
		return c.listLatticeServices(ctx, by, region)
	})
	return slices.DeleteFunc(slices.Clone(all), func(v estate.LatticeService) bool { return v.Account != account }), err
}

func (c *caller) listLatticeServices(ctx context.Context, account estate.AccountID, region estate.Region) ([]estate.LatticeService, error) {
	var found []estate.LatticeService
	pages := vpclattice.NewListServicesPaginator(c.lattice(account, region), &vpclattice.ListServicesInput{MaxResults: aws.Int32(latticePage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range page.Items {
			found = append(found, latticeService(region, s))
		}
	}
	return found, nil
}

// readLatticeService reads one service, by its ARN or, of the account's own, its
// ID. One that is not there is absent. GetService does not tell one that is not
// shared any more from one that may not be read; the list does.
func (c *caller) readLatticeService(ctx context.Context, q estate.Query) (Patch, error) {
	arn := estate.InPartition(c.partition(), estate.LatticeARN(q.Account, q.Region, "service", q.ID))
	gone := func(e *estate.Estate) { e.LatticeServices.Delete(q.ID, arn) }
	if c.access(q.Account).LatticeBy != "" {
		all, err := c.latticeServices(ctx, q.Account, q.Region)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(all, func(v estate.LatticeService) bool { return v.ARN == q.ID || v.ARN == arn }); i >= 0 {
			return putLatticeService(all[i]), nil
		}
		return gone, nil
	}
	s, err := c.lattice(q.Account, q.Region).GetService(ctx, &vpclattice.GetServiceInput{ServiceIdentifier: &q.ID})
	if Code(err) == notFound {
		return gone, nil
	}
	if err != nil {
		return nil, err
	}
	return putLatticeService(latticeService(q.Region, types.ServiceSummary{
		Arn: s.Arn, Id: s.Id, Name: s.Name, Status: s.Status, CustomDomainName: s.CustomDomainName, DnsEntry: s.DnsEntry, CreatedAt: s.CreatedAt,
	})), nil
}

// putLatticeService takes a service over, but for its tags, which stay as they are
// known.
func putLatticeService(v estate.LatticeService) Patch {
	return func(e *estate.Estate) {
		known, _ := e.LatticeServices.Get(v.ARN)
		v.Tags = known.Tags
		e.LatticeServices.Put(v)
	}
}

// latticeService is a service as AWS tells it. AWS takes any text for a custom
// domain: what is no domain name is none.
func latticeService(r estate.Region, s types.ServiceSummary) estate.LatticeService {
	v := estate.LatticeService{
		ID: aws.ToString(s.Id), ARN: aws.ToString(s.Arn), Name: aws.ToString(s.Name), Account: ownerIn(s.Arn), Region: r, Status: string(s.Status),
		CustomDomain: nameOrNone(s.CustomDomainName),
	}
	if s.DnsEntry != nil {
		v.DNS = estate.LatticeName{Name: nameOrNone(s.DnsEntry.DomainName), Zone: aws.ToString(s.DnsEntry.HostedZoneId)}
	}
	if s.CreatedAt != nil {
		v.Created = s.CreatedAt.UTC()
	}
	return v
}

func nameOrNone(s *string) dnsname.Name {
	n, err := dnsname.Parse(aws.ToString(s))
	if err != nil {
		return dnsname.Name{}
	}
	return n
}
