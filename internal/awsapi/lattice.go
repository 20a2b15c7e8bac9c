package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// latticePage is the largest page of ListServices (API_ListServices).
const latticePage = 100

// readLatticeServices reads the VPC Lattice services that an account sees: its own
// and those that others share with it. The list has all but the tags, which stay
// as they are known. Of what others share their own list says more, where it was
// read: no list of another account brings a service back that is gone.
func (c *caller) readLatticeServices(ctx context.Context, q estate.Query) (Patch, error) {
	var found []estate.LatticeService
	pages := vpclattice.NewListServicesPaginator(c.lattice(q.Account, q.Region), &vpclattice.ListServicesInput{MaxResults: aws.Int32(latticePage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range page.Items {
			found = append(found, latticeService(q.Region, s))
		}
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

// readLatticeService reads one service, by its ARN or, of the account's own, its
// ID. One that is not there is absent.
func (c *caller) readLatticeService(ctx context.Context, q estate.Query) (Patch, error) {
	s, err := c.lattice(q.Account, q.Region).GetService(ctx, &vpclattice.GetServiceInput{ServiceIdentifier: &q.ID})
	if Code(err) == notFound {
		return func(e *estate.Estate) {
			e.LatticeServices.Delete(q.ID, estate.InPartition(c.partition(), estate.LatticeARN(q.Account, q.Region, "service", q.ID)))
		}, nil
	}
	if err != nil {
		return nil, err
	}
	v := latticeService(q.Region, types.ServiceSummary{
		Arn: s.Arn, Id: s.Id, Name: s.Name, Status: s.Status, CustomDomainName: s.CustomDomainName, DnsEntry: s.DnsEntry, CreatedAt: s.CreatedAt,
	})
	return func(e *estate.Estate) {
		known, _ := e.LatticeServices.Get(v.ARN)
		v.Tags = known.Tags
		e.LatticeServices.Put(v)
	}, nil
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
