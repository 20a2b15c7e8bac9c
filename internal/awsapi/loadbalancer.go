package awsapi

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

const (
	// balancersPage is the largest page of load balancers and listeners (ELBv2
	// API, PageSize).
	balancersPage = 400
	// balancersTagged is how many one DescribeTags takes (ELBv2 API).
	balancersTagged = 20
)

// readLoadBalancers reads the network load balancers, the only ones that an
// endpoint service of an interface endpoint can have, with their listeners and
// tags.
func (c *caller) readLoadBalancers(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.elbv2(q.Account, q.Region)
	var found []estate.LoadBalancer
	pages := elasticloadbalancingv2.NewDescribeLoadBalancersPaginator(client, &elasticloadbalancingv2.DescribeLoadBalancersInput{PageSize: aws.Int32(balancersPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, b := range page.LoadBalancers {
			if b.Type != types.LoadBalancerTypeEnumNetwork {
				continue
			}
			one := estate.LoadBalancer{
				ARN: aws.ToString(b.LoadBalancerArn), Account: q.Account, Region: q.Region, VPC: aws.ToString(b.VpcId), Type: string(b.Type),
				Groups: b.SecurityGroups, Tags: estate.Tags{},
			}
			if one.Name, err = dnsname.Parse(aws.ToString(b.DNSName)); err != nil {
				return nil, readError("load balancer "+one.ARN, err)
			}
			for _, z := range b.AvailabilityZones {
				one.Subnets = append(one.Subnets, aws.ToString(z.SubnetId))
			}
			slices.Sort(one.Subnets)
			found = append(found, one)
		}
	}
	kept := found[:0]
	for _, b := range found {
		var err error
		b.Listeners, err = listeners(ctx, client, b.ARN)
		if Code(err) == "LoadBalancerNotFound" {
			continue // deleted meanwhile
		}
		if err != nil {
			return nil, err
		}
		kept = append(kept, b)
	}
	if err := tagBalancers(ctx, client, kept); err != nil {
		return nil, err
	}
	return func(e *estate.Estate) { replaceRegion(&e.LoadBalancers, q, kept) }, nil
}

func listeners(ctx context.Context, client *elasticloadbalancingv2.Client, arn string) ([]estate.Listener, error) {
	var out []estate.Listener
	pages := elasticloadbalancingv2.NewDescribeListenersPaginator(client, &elasticloadbalancingv2.DescribeListenersInput{LoadBalancerArn: &arn, PageSize: aws.Int32(balancersPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, l := range page.Listeners {
			out = append(out, estate.Listener{Port: aws.ToInt32(l.Port), Protocol: string(l.Protocol)})
		}
	}
	slices.SortFunc(out, func(a, b estate.Listener) int { return int(a.Port - b.Port) })
	return out, nil
}

func tagBalancers(ctx context.Context, client *elasticloadbalancingv2.Client, list []estate.LoadBalancer) error {
	at := map[string]int{}
	var arns []string
	for i, b := range list {
		at[b.ARN] = i
		arns = append(arns, b.ARN)
	}
	for chunk := range slices.Chunk(arns, balancersTagged) {
		out, err := client.DescribeTags(ctx, &elasticloadbalancingv2.DescribeTagsInput{ResourceArns: chunk})
		if err != nil {
			return err
		}
		for _, d := range out.TagDescriptions {
			i, ok := at[aws.ToString(d.ResourceArn)]
			for _, t := range d.Tags {
				if ok {
					list[i].Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
				}
			}
		}
	}
	return nil
}
