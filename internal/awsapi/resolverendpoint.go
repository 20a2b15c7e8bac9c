package awsapi

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// Bounds of the addresses of a Resolver endpoint (Developer Guide,
// DNSLimitations.html; API_route53resolver_CreateResolverEndpoint).
const (
	leastAddresses = 2
	mostAddresses  = 6
)

var resolverEndpointBinding = binding{
	reads:   []estate.QueryKind{estate.QueryResolverEndpoints},
	do:      (*Writer).doResolverEndpoint,
	settled: (*Writer).resolverEndpointSettled,
	needs:   making(plan.KindResolverEndpoint, plan.Create, plan.Update, plan.Delete, plan.Await),
}

func (w *Writer) doResolverEndpoint(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client := w.resolver(s.Account, s.Region)
	switch s.Action {
	case plan.Create:
		return w.createResolverEndpoint(ctx, client, s)
	case plan.Update:
		return w.moveAddresses(ctx, client, s, s.ID)
	case plan.Await:
		return w.addresses(ctx, client, s, s.ID, 0)
	}
	return plan.Attributes{attrID: {s.ID}}, w.patiently(ctx, func() (bool, error) {
		_, err := client.DeleteResolverEndpoint(ctx, &route53resolver.DeleteResolverEndpointInput{ResolverEndpointId: &s.ID})
		switch Code(err) {
		case notFound:
			return false, nil
		case invalidRequest: // on its way, or rules that go still send through it
			status, _, look := endpointStatus(ctx, client, s.ID)
			if Code(look) == notFound || status == estate.StatusDeleting {
				return false, nil
			}
			return true, err
		}
		return false, err
	})
}

// createResolverEndpoint makes an endpoint, or takes the one that an earlier try
// made. A CreatorRequestId is made of the address and a number, as that of a
// zone: the same call again is then refused or gives what it gave before, also
// when its answer was lost or orgdns came to a sudden end; and since every
// endpoint tells its CreatorRequestId, what was made is found without its tags.
// AWS may remember that of an endpoint that was deleted or is being replaced:
// then the next number is used.
func (w *Writer) createResolverEndpoint(ctx context.Context, client *route53resolver.Client, s plan.Step) (plan.Attributes, error) {
	want := *s.Object
	in := &route53resolver.CreateResolverEndpointInput{
		Name: aws.String(plan.MarkName(w.opt.Owner, s.Address)), Direction: types.ResolverEndpointDirection(want.One("direction")),
		SecurityGroupIds: want.Fields["groups"], Tags: w.resolverMarks(s),
	}
	for _, subnet := range want.Fields["subnets"] {
		in.IpAddresses = append(in.IpAddresses, types.IpAddressRequest{SubnetId: &subnet})
	}
	same := func(p *types.ResolverEndpoint) bool {
		return p != nil && p.Direction == in.Direction && aws.ToString(p.HostVPCId) == want.One("vpc") && p.Status != types.ResolverEndpointStatusDeleting &&
			sameSet(p.SecurityGroupIds, in.SecurityGroupIds)
	}
	reference, others := plan.Reference(w.opt.Owner, s.Address), 0
	for n := 1; n <= maxNumber && others < maxRequests; n++ {
		in.CreatorRequestId = aws.String(plan.NumberedReference(reference, n))
		out, err := client.CreateResolverEndpoint(ctx, in)
		if err == nil && same(out.ResolverEndpoint) {
			return w.addresses(ctx, client, s, aws.ToString(out.ResolverEndpoint.Id), len(in.IpAddresses))
		}
		if err == nil {
			others++
		}
		if err != nil && Code(err) != exists {
			return nil, err
		}
		pages := route53resolver.NewListResolverEndpointsPaginator(client, &route53resolver.ListResolverEndpointsInput{MaxResults: aws.Int32(resolverPage)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, p := range page.ResolverEndpoints {
				if ref, _, ok := plan.ParseReference(aws.ToString(p.CreatorRequestId)); ok && ref == reference && same(&p) {
					return w.moveAddresses(ctx, client, s, aws.ToString(p.Id))
				}
			}
		}
	}
	return nil, usedUp(s)
}

// addresses waits until an endpoint has its IP addresses, and gives them: n of
// them at least.
func (w *Writer) addresses(ctx context.Context, client *route53resolver.Client, s plan.Step, id string, n int) (plan.Attributes, error) {
	a := plan.Attributes{attrID: {id}}
	return a, w.patiently(ctx, func() (bool, error) {
		list, err := addressesOf(ctx, client, id)
		if err != nil {
			return Code(err) == notFound, err // not seen everywhere yet
		}
		a["addresses"] = []string{}
		missing := n - len(list)
		for _, ip := range list {
			switch {
			case addressGoing(ip):
			case aws.ToString(ip.Ip) != "":
				a["addresses"] = append(a["addresses"], *ip.Ip)
			case aws.ToString(ip.Ipv6) != "":
				a["addresses"] = append(a["addresses"], *ip.Ipv6)
			default:
				missing++
			}
		}
		if missing > 0 {
			return true, fmt.Errorf("%s: the Resolver endpoint %s has not got its addresses in %s; run again", s.Address, id, patience)
		}
		return false, nil
	})
}

// moveAddresses brings an endpoint into the wanted subnets, one address in each,
// and never below two addresses or above six. Each change takes an endpoint that
// is operational.
func (w *Writer) moveAddresses(ctx context.Context, client *route53resolver.Client, s plan.Step, id string) (plan.Attributes, error) {
	for {
		if err := w.operational(ctx, client, s, id); err != nil {
			return nil, err
		}
		list, err := addressesOf(ctx, client, id)
		if err != nil {
			return nil, err
		}
		missing := slices.Clone(s.Object.Fields["subnets"])
		var spare []string
		count := 0
		for _, a := range list {
			if addressGoing(a) {
				continue
			}
			count++
			if i := slices.Index(missing, aws.ToString(a.SubnetId)); i >= 0 {
				missing = slices.Delete(missing, i, i+1)
			} else {
				spare = append(spare, aws.ToString(a.IpId))
			}
		}
		switch {
		case len(missing) > 0 && count < mostAddresses:
			_, err = client.AssociateResolverEndpointIpAddress(ctx, &route53resolver.AssociateResolverEndpointIpAddressInput{
				ResolverEndpointId: &id, IpAddress: &types.IpAddressUpdate{SubnetId: &missing[0]},
			})
		case len(spare) > 0 && count > leastAddresses:
			_, err = client.DisassociateResolverEndpointIpAddress(ctx, &route53resolver.DisassociateResolverEndpointIpAddressInput{
				ResolverEndpointId: &id, IpAddress: &types.IpAddressUpdate{IpId: &spare[0]},
			})
		case len(missing) > 0 || len(spare) > 0:
			return nil, fmt.Errorf("%s: the Resolver endpoint %s cannot come to the subnets %s with two to six addresses", s.Address, id, strings.Join(s.Object.Fields["subnets"], ", "))
		default:
			return w.addresses(ctx, client, s, id, count)
		}
		if err != nil {
			return nil, err
		}
	}
}

// operational waits until an endpoint can be changed.
func (w *Writer) operational(ctx context.Context, client *route53resolver.Client, s plan.Step, id string) error {
	return w.patiently(ctx, func() (bool, error) {
		status, message, err := endpointStatus(ctx, client, id)
		switch {
		case err != nil:
			return false, err
		case status == estate.StatusOperational:
			return false, nil
		case status == estate.StatusCreating || status == estate.StatusUpdating || status == string(types.ResolverEndpointStatusAutoRecovering):
			return true, fmt.Errorf("%s: the Resolver endpoint %s is still %s after %s; run again", s.Address, id, status, patience)
		}
		return false, unfit(s, "route53resolver", "GetResolverEndpoint", id, status, message)
	})
}

func endpointStatus(ctx context.Context, client *route53resolver.Client, id string) (status, message string, err error) {
	out, err := client.GetResolverEndpoint(ctx, &route53resolver.GetResolverEndpointInput{ResolverEndpointId: &id})
	if err != nil || out.ResolverEndpoint == nil {
		return "", "", err
	}
	return string(out.ResolverEndpoint.Status), aws.ToString(out.ResolverEndpoint.StatusMessage), nil
}

func (w *Writer) resolverEndpointSettled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	id := idOf(s, done)
	status, message, err := endpointStatus(ctx, w.resolver(s.Account, s.Region), id)
	if status == string(types.ResolverEndpointStatusActionNeeded) && s.Action != plan.Delete {
		return false, unfit(s, "route53resolver", "GetResolverEndpoint", id, status, message)
	}
	return effect{status: status, message: message, err: err}.judge(s, "route53resolver", "GetResolverEndpoint", id)
}
