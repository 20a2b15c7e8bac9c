package tagging

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	"github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// TestService: the handlers fit the wire's tables, and each asks first.
func TestService(t *testing.T) {
	worldtest.Handlers(t, "resourcegroupstaggingapi", Service(), map[string]wire.Tree{"GetTagValues": {"Key": "k"}})
}

func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

func must[I, O any](t *testing.T, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I) *O {
	t.Helper()
	out, err := worldtest.Do(cl, h, in)
	if err != nil {
		t.Fatalf("%T: %v", in, err)
	}
	return out
}

const (
	zone     = "arn:aws:route53:::hostedzone/Z1"
	vpc      = "arn:aws:ec2:eu-west-1:111111111111:vpc/vpc-1"
	subnet   = "arn:aws:ec2:eu-west-1:111111111111:subnet/subnet-1"
	balancer = "arn:aws:elasticloadbalancing:eu-west-1:111111111111:loadbalancer/net/api/1"
	group    = "arn:aws:elasticloadbalancing:eu-west-1:111111111111:targetgroup/api/1"
)

func bed(t *testing.T) worldtest.Client {
	t.Helper()
	cl, _ := worldtest.New()
	if err := cl.World.Update(func(s *world.State) error {
		e := &s.Estate
		owned := estate.Tags{"kubernetes.io/cluster/c1": "owned", "team": "net"}
		e.Zones.Put(estate.Zone{ID: "Z1", Account: cl.Account, Name: dnsname.MustParse("a.test"), Tags: owned},
			estate.Zone{ID: "Z2", Account: cl.Account, Name: dnsname.MustParse("b.test")},
			estate.Zone{ID: "Z3", Account: "222222222222", Name: dnsname.MustParse("c.test"), Tags: owned})
		e.VPCs.Put(estate.VPC{ID: "vpc-1", Account: cl.Account, Region: cl.Region, Tags: estate.Tags{"team": "net"}})
		e.Subnets.Put(estate.Subnet{ID: "subnet-1", VPC: "vpc-1", Account: cl.Account, Region: cl.Region, Tags: estate.Tags{"team": "app"}})
		there := estate.AccountID("222222222222")
		service := estate.LatticeARN(there, cl.Region, "service", "svc-1")
		e.LatticeServices.Put(estate.LatticeService{ID: "svc-1", ARN: service, Account: there, Region: cl.Region, Tags: owned})
		e.LatticeNetworks.Put(estate.LatticeNetwork{ID: "sn-1", ARN: estate.LatticeARN(there, cl.Region, "servicenetwork", "sn-1"), Account: there, Region: cl.Region, Tags: owned})
		e.LatticeAssociations.Put(estate.LatticeAssociation{ID: "snsa-1", Service: service, Account: there, Region: cl.Region, Tags: owned})
		world.Tags.Put(s, balancer, owned)
		world.Tags.Put(s, group, estate.Tags{"team": "app"})
		world.Tags.Put(s, balancer+"2", estate.Tags{})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return cl
}

// arns are what GetResources finds.
func arns(out *api.GetResourcesOutput) (list []string) {
	for _, r := range out.ResourceTagMappingList {
		list = append(list, *r.ResourceARN)
	}
	return list
}

func TestGetResources(t *testing.T) {
	cl := bed(t)
	everywhere := cl.In("", global)
	filter := func(key string, values ...string) types.TagFilter { return types.TagFilter{Key: &key, Values: values} }
	for _, tt := range []struct {
		name string
		cl   worldtest.Client
		in   *api.GetResourcesInput
		want []string
	}{
		{"all", cl, &api.GetResourcesInput{}, []string{subnet, vpc, balancer, group}},
		{"zones are in one Region", everywhere, &api.GetResourcesInput{}, []string{zone}},
		{"another account", everywhere.In("222222222222", ""), &api.GetResourcesInput{}, []string{"arn:aws:route53:::hostedzone/Z3"}},
		{"by type of zones", everywhere, &api.GetResourcesInput{ResourceTypeFilters: []string{"route53:hostedzone"}}, []string{zone}},
		{"by another type", everywhere, &api.GetResourcesInput{ResourceTypeFilters: []string{"route53:healthcheck"}}, nil},
		{"by service", cl, &api.GetResourcesInput{ResourceTypeFilters: []string{"elasticloadbalancing"}}, []string{balancer, group}},
		{"by type", cl, &api.GetResourcesInput{ResourceTypeFilters: []string{"elasticloadbalancing:loadbalancer", "ec2:vpc"}}, []string{vpc, balancer}},
		{"no part of a type", cl, &api.GetResourcesInput{ResourceTypeFilters: []string{"elasticloadbalancing:load"}}, nil},
		{"by key", cl, &api.GetResourcesInput{TagFilters: []types.TagFilter{filter("kubernetes.io/cluster/c1")}}, []string{balancer}},
		{"by value", cl, &api.GetResourcesInput{TagFilters: []types.TagFilter{filter("team", "app")}}, []string{subnet, group}},
		{"by one of values", cl, &api.GetResourcesInput{TagFilters: []types.TagFilter{filter("team", "app", "net")}}, []string{subnet, vpc, balancer, group}},
		{"by two filters", cl, &api.GetResourcesInput{TagFilters: []types.TagFilter{filter("team", "net"), filter("kubernetes.io/cluster/c1", "owned")}}, []string{balancer}},
		{"of VPC Lattice", cl.In("222222222222", ""), &api.GetResourcesInput{ResourceTypeFilters: []string{"vpc-lattice:service", "vpc-lattice:servicenetworkserviceassociation"}}, []string{
			"arn:aws:vpc-lattice:eu-west-1:222222222222:service/svc-1", "arn:aws:vpc-lattice:eu-west-1:222222222222:servicenetworkserviceassociation/snsa-1"}},
		{"by ARN", cl, &api.GetResourcesInput{ResourceARNList: []string{vpc, "arn:aws:s3:::none"}}, []string{vpc}},
	} {
		out := must(t, tt.cl, getResources, tt.in)
		if got := arns(out); !slices.Equal(got, tt.want) || *out.PaginationToken != "" {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
	tags := must(t, everywhere, getResources, &api.GetResourcesInput{}).ResourceTagMappingList[0].Tags
	if len(tags) != 2 || *tags[0].Key != "kubernetes.io/cluster/c1" || *tags[1].Value != "net" {
		t.Errorf("tags %+v", tags)
	}
	if keys := must(t, cl, getTagKeys, &api.GetTagKeysInput{}).TagKeys; !slices.Equal(keys, []string{"kubernetes.io/cluster/c1", "team"}) {
		t.Errorf("keys %v", keys)
	}
	if values := must(t, cl, getTagValues, &api.GetTagValuesInput{Key: aws.String("team")}).TagValues; !slices.Equal(values, []string{"app", "net"}) {
		t.Errorf("values %v", values)
	}
	for name, in := range map[string]*api.GetResourcesInput{
		"page of none":     {ResourcesPerPage: aws.Int32(0)},
		"page too long":    {ResourcesPerPage: aws.Int32(101)},
		"few tags":         {TagsPerPage: aws.Int32(99)},
		"ARNs and filters": {ResourceARNList: []string{vpc}, TagFilters: []types.TagFilter{filter("team")}},
		"no key":           {TagFilters: []types.TagFilter{{}}},
		"21 values":        {TagFilters: []types.TagFilter{filter("team", make([]string, 21)...)}},
		"a strange token":  {PaginationToken: aws.String("!")},
	} {
		if _, err := worldtest.Do(cl, getResources, in); code(err) != "InvalidParameterException" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPages: every page size gives each resource once; a token is good for
// fifteen minutes.
func TestPages(t *testing.T) {
	cl, c := worldtest.New()
	const resources, tagsEach = 120, 40
	if err := cl.World.Update(func(s *world.State) error {
		for i := range resources {
			tags := estate.Tags{}
			for k := range tagsEach {
				tags[fmt.Sprintf("k%d-%d", i, k)] = "v"
			}
			s.Estate.VPCs.Put(estate.VPC{ID: fmt.Sprintf("vpc-%03d", i), Account: cl.Account, Region: cl.Region, Tags: tags})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		in    api.GetResourcesInput
		pages int
	}{
		{api.GetResourcesInput{}, 3},
		{api.GetResourcesInput{ResourcesPerPage: aws.Int32(7)}, 18},
		{api.GetResourcesInput{ResourcesPerPage: aws.Int32(100)}, 2},
		{api.GetResourcesInput{TagsPerPage: aws.Int32(100)}, 60},
	} {
		seen, pages := map[string]bool{}, 0
		for in := tt.in; ; {
			out := must(t, cl, getResources, &in)
			pages++
			for _, arn := range arns(out) {
				seen[arn] = true
			}
			if in.PaginationToken = out.PaginationToken; *out.PaginationToken == "" {
				break
			}
		}
		if len(seen) != resources || pages != tt.pages {
			t.Errorf("%+v: %d resources in %d pages, want %d", tt.in, len(seen), pages, tt.pages)
		}
	}
	first := must(t, cl, getTagKeys, &api.GetTagKeysInput{})
	keys := len(first.TagKeys)
	for next := first.PaginationToken; *next != ""; {
		out := must(t, cl, getTagKeys, &api.GetTagKeysInput{PaginationToken: next})
		keys += len(out.TagKeys)
		next = out.PaginationToken
	}
	if keys != resources*tagsEach {
		t.Errorf("%d keys", keys)
	}
	c.Advance(tokenLife + time.Second)
	if _, err := worldtest.Do(cl, getTagKeys, &api.GetTagKeysInput{PaginationToken: first.PaginationToken}); code(err) != "PaginationTokenExpiredException" {
		t.Errorf("an old token: %v", err)
	}
}
