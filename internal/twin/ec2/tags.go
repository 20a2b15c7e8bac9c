package ec2

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// tagTable holds the tags of what does not stand in the estate, by identifier.
var tagTable = world.Private[estate.Tags]{Name: "ec2.tags"}

// taggable is a resource that has tags.
type taggable struct {
	id   string
	kind types.ResourceType
	tags estate.Tags
	// shared: it is another's, and the tags are the caller's own.
	shared bool
}

// tagged finds a resource of the caller's in the Region, or a VPC or subnet that
// is shared with it.
func tagged(c *world.Call, id string) (taggable, error) {
	of := func(kind types.ResourceType) taggable { return taggable{id: id, kind: kind, tags: tagsOf(c, id)} }
	prefix, _, _ := strings.Cut(id, "-")
	if strings.HasPrefix(id, "vpce-svc-") {
		s, err := findService(c, id)
		return taggable{id: id, kind: types.ResourceTypeVpcEndpointService, tags: s.Tags}, err
	}
	switch prefix {
	case "vpce":
		p, err := findEndpoint(c, id)
		return taggable{id: id, kind: types.ResourceTypeVpcEndpoint, tags: p.Tags}, err
	case "vpc":
		v, err := seenVPC(c, id)
		return taggable{id, types.ResourceTypeVpc, v.Tags, v.Account != c.Account()}, err
	case "subnet":
		for _, s := range sharedSubnets(c) {
			if s.ID == id {
				return taggable{id, types.ResourceTypeSubnet, s.Tags, true}, nil
			}
		}
		s, err := findSubnet(c, id)
		return taggable{id: id, kind: types.ResourceTypeSubnet, tags: s.Tags}, err
	case "sg":
		g, err := findGroup(c, id)
		return taggable{id: id, kind: types.ResourceTypeSecurityGroup, tags: g.Tags}, err
	case "igw":
		_, err := findGateway(c, id)
		return of(types.ResourceTypeInternetGateway), err
	case "acl":
		a, err := findACL(c, id)
		return taggable{id: id, kind: types.ResourceTypeNetworkAcl, tags: aclTags(c, a)}, err
	case "rtb":
		t, err := findRouteTable(c, id)
		return taggable{id: id, kind: types.ResourceTypeRouteTable, tags: tableTags(c, t)}, err
	case "pcx", "tgw":
		return taggedNetwork(c, id)
	case "nat":
		if _, ok := findNAT(c, id); !ok {
			return taggable{}, noNAT(id)
		}
		return of(types.ResourceTypeNatgateway), nil
	case "eipalloc":
		_, err := findAddress(c, id)
		return of(types.ResourceTypeElasticIp), err
	case "i":
		_, err := findInstance(c, id)
		return of(types.ResourceTypeInstance), err
	case "vol":
		if !slices.ContainsFunc(volumesOf(c), func(v owned) bool { return v.ID == id }) {
			return taggable{}, noVolume(id)
		}
		return of(types.ResourceTypeVolume), nil
	case "dopt":
		if id != dhcpOptions(c) {
			return taggable{}, notFound("DhcpOptionsID", "dhcpOptions", "dopt", id)
		}
		return of(types.ResourceTypeDhcpOptions), nil
	}
	return taggable{}, fail("InvalidID", "The ID '%s' is not valid", id)
}

func tagsOf(c *world.Call, id string) estate.Tags {
	tags, _ := tagTable.Get(c.State, id)
	return tags
}

// retag gives a resource other tags.
func retag(c *world.Call, r taggable, tags estate.Tags) {
	e := c.Estate()
	if r.shared {
		participantTags.Put(c.State, participant(c, r.id), tags)
		return
	}
	switch r.kind {
	case types.ResourceTypeVpc:
		v, _ := e.VPCs.Get(r.id)
		v.Tags = tags
		e.VPCs.Put(v)
	case types.ResourceTypeSubnet:
		s, _ := e.Subnets.Get(r.id)
		s.Tags = tags
		e.Subnets.Put(s)
	case types.ResourceTypeVpcEndpoint:
		p, _ := e.Endpoints.Get(r.id)
		p.Tags = tags
		e.Endpoints.Put(p)
	case types.ResourceTypeVpcEndpointService:
		s, _ := e.EndpointServices.Get(r.id)
		s.Tags = tags
		e.EndpointServices.Put(s)
	case types.ResourceTypeSecurityGroup:
		g, _ := findGroup(c, r.id)
		g.Tags = tags
		e.SecurityGroups.Put(g)
	case types.ResourceTypeNetworkAcl:
		if a, ok := e.NetworkACLs.Get(r.id); ok {
			a.Tags = tags
			e.NetworkACLs.Put(a)
			return
		}
		tagTable.Put(c.State, r.id, tags) // the default one, which is derived
	case types.ResourceTypeRouteTable:
		if t, ok := e.RouteTables.Get(r.id); ok {
			t.Tags = tags
			e.RouteTables.Put(t)
			return
		}
		tagTable.Put(c.State, r.id, tags)
	default:
		if !retagNetwork(c, r, tags) {
			tagTable.Put(c.State, r.id, tags)
		}
	}
}

// taggedNetwork finds a peering connection or what belongs to a Transit Gateway;
// each account has its own tags on those (Transit Gateways guide,
// tgw-transit-gateways.html).
func taggedNetwork(c *world.Call, id string) (taggable, error) {
	r := taggable{id: id}
	switch {
	case strings.HasPrefix(id, "pcx-"):
		p, err := findPeering(c, id)
		return taggable{id, types.ResourceTypeVpcPeeringConnection, peeringTags(c, p), p.Requester.Account != c.Account()}, err
	case strings.HasPrefix(id, "tgw-attach-"):
		a, err := findAttachment(c, id)
		r.kind, r.tags = types.ResourceTypeTransitGatewayAttachment, attachmentTags(c, a)
		return r, err
	case strings.HasPrefix(id, "tgw-rtb-"):
		t, ok := c.Estate().TransitTables.Get(id)
		if !ok || t.Account != c.Account() || t.Region != c.Region {
			return r, noTransitTable(id)
		}
		r.kind, r.tags = types.ResourceTypeTransitGatewayRouteTable, t.Tags
		return r, nil
	}
	g, err := findTransit(c, id)
	r.kind, r.tags = types.ResourceTypeTransitGateway, g.Tags
	return r, err
}

// retagNetwork gives such a resource other tags, or reports that it is none.
func retagNetwork(c *world.Call, r taggable, tags estate.Tags) bool {
	e := c.Estate()
	switch r.kind {
	case types.ResourceTypeVpcPeeringConnection:
		if p, ok := e.Peerings.Get(r.id); ok {
			p.Tags = tags
			e.Peerings.Put(p)
		}
	case types.ResourceTypeTransitGatewayAttachment:
		if a, ok := e.TransitAttachments.Get(r.id); ok {
			if a.Account == c.Account() {
				a.Tags = tags
			} else {
				a.OwnerTags = tags
			}
			e.TransitAttachments.Put(a)
		}
	case types.ResourceTypeTransitGatewayRouteTable:
		t, _ := e.TransitTables.Get(r.id)
		t.Tags = tags
		e.TransitTables.Put(t)
	case types.ResourceTypeTransitGateway:
		if g, ok := e.TransitGateways.Get(r.id); ok {
			g.Tags = tags
			e.TransitGateways.Put(g)
		}
	default:
		return false
	}
	return true
}

// checkTags holds tags to the restrictions that AWS sets (Amazon EC2 User
// Guide, Using_Tags.html#tag-restrictions).
func checkTags(tags estate.Tags) error {
	for k, v := range tags {
		switch {
		case strings.HasPrefix(strings.ToLower(k), "aws:"):
			return fail("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
		case k == "":
			return fail("InvalidParameterValue", "Tag key cannot be empty.")
		case len([]rune(k)) > 127:
			return fail("InvalidParameterValue", "Tag key exceeds the maximum length of 127 characters")
		case len([]rune(v)) > 256:
			return fail("InvalidParameterValue", "Tag value exceeds the maximum length of 256 characters")
		}
	}
	if len(tags) > 50 {
		return fail("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
	}
	return nil
}

// specified are the tags that a request gives to the resource that it makes.
func specified(specs []types.TagSpecification, kind types.ResourceType) (estate.Tags, error) {
	tags := estate.Tags{}
	for _, s := range specs {
		if s.ResourceType != kind {
			return nil, fail("InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", s.ResourceType)
		}
		for _, t := range s.Tags {
			if _, twice := tags[aws.ToString(t.Key)]; twice {
				return nil, fail("InvalidParameterValue", "Duplicate tag key '%s' specified.", aws.ToString(t.Key))
			}
			tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
	}
	return tags, checkTags(tags)
}

// list gives tags as EC2 writes them, sorted by key.
func list(tags estate.Tags) []types.Tag {
	var out []types.Tag
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return out
}

func createTags(_ context.Context, c *world.Call, in *ec2.CreateTagsInput) (*ec2.CreateTagsOutput, error) {
	tags := estate.Tags{}
	for _, t := range in.Tags {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	resources, err := tagging(c, in.Resources, tags, in.DryRun)
	if err != nil {
		return nil, err
	}
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	for _, r := range resources {
		after := r.tags.With(tags)
		if err := checkTags(after); err != nil {
			return nil, err
		}
		retag(c, r, after)
	}
	return &ec2.CreateTagsOutput{}, nil
}

// tagging finds the resources of a request about tags, and asks for the
// permission on each.
func tagging(c *world.Call, ids []string, tags estate.Tags, dryRun *bool) ([]taggable, error) {
	var resources []taggable
	for _, id := range ids {
		r, err := tagged(c, id)
		n := on(c, string(r.kind), id, r.tags)
		if err != nil {
			n = on(c, "*", id, nil)
		}
		maps.Copy(n.conditions, requested(tags))
		if denied := allow(c, nil, n); denied != nil {
			return nil, denied
		}
		if err != nil {
			return nil, err
		}
		resources = append(resources, r)
	}
	return resources, allow(c, dryRun)
}

func deleteTags(_ context.Context, c *world.Call, in *ec2.DeleteTagsInput) (*ec2.DeleteTagsOutput, error) {
	named := estate.Tags{}
	for _, t := range in.Tags {
		named[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	resources, err := tagging(c, in.Resources, named, in.DryRun)
	if err != nil {
		return nil, err
	}
	for _, r := range resources {
		after := r.tags.With(nil)
		// Without a list all tags go; a value, the empty one too, must be the
		// tag's (API_DeleteTags).
		if len(in.Tags) == 0 {
			clear(after)
		}
		for _, t := range in.Tags {
			if k := aws.ToString(t.Key); t.Value == nil || after[k] == *t.Value {
				delete(after, k)
			}
		}
		retag(c, r, after)
	}
	return &ec2.DeleteTagsOutput{}, nil
}

func describeTags(_ context.Context, c *world.Call, in *ec2.DescribeTagsInput) (*ec2.DescribeTagsOutput, error) {
	if err := allow(c, in.DryRun, reading(c)); err != nil {
		return nil, err
	}
	var all []types.TagDescription
	add := func(id string, kind types.ResourceType, tags estate.Tags) {
		for _, t := range list(tags) {
			all = append(all, types.TagDescription{ResourceId: aws.String(id), ResourceType: kind, Key: t.Key, Value: t.Value})
		}
	}
	for _, v := range visibleVPCs(c) {
		add(v.ID, types.ResourceTypeVpc, v.Tags)
	}
	for _, s := range visibleSubnets(c) {
		add(s.ID, types.ResourceTypeSubnet, s.Tags)
	}
	for _, p := range endpointsOf(c) {
		add(p.ID, types.ResourceTypeVpcEndpoint, p.Tags)
	}
	for _, s := range servicesOf(c) {
		add(s.ID, types.ResourceTypeVpcEndpointService, s.Tags)
	}
	for _, g := range groupsOf(c) {
		add(g.ID, types.ResourceTypeSecurityGroup, g.Tags)
	}
	for _, v := range vpcsOf(c) {
		for _, t := range routeTables(c, v) {
			add(t.ID, types.ResourceTypeRouteTable, t.Tags)
		}
		for _, a := range networkACLs(c, v) {
			add(a.ID, types.ResourceTypeNetworkAcl, a.Tags)
		}
	}
	for _, p := range peeringsOf(c) {
		add(p.ID, types.ResourceTypeVpcPeeringConnection, peeringTags(c, p))
	}
	for _, g := range transitsOf(c) {
		if g.Account == c.Account() {
			add(g.ID, types.ResourceTypeTransitGateway, g.Tags)
		}
	}
	for _, a := range attachmentsOf(c) {
		add(a.ID, types.ResourceTypeTransitGatewayAttachment, attachmentTags(c, a))
	}
	for _, t := range transitTablesOf(c) {
		add(t.ID, types.ResourceTypeTransitGatewayRouteTable, t.Tags)
	}
	tagTable.Walk(c.State, "", func(id string, tags estate.Tags) bool {
		if r, err := tagged(c, id); err == nil {
			add(id, r.kind, tags)
		}
		return true
	})
	key := func(t types.TagDescription) string { return aws.ToString(t.ResourceId) + "\x00" + aws.ToString(t.Key) }
	slices.SortFunc(all, func(a, b types.TagDescription) int { return cmp.Compare(key(a), key(b)) })
	page, next, err := choose(selection{filters: in.Filters, max: in.MaxResults, token: in.NextToken}, all, key,
		func(t types.TagDescription) attributes {
			return attributes{
				"key": {aws.ToString(t.Key)}, "value": {aws.ToString(t.Value)},
				"resource-id": {aws.ToString(t.ResourceId)}, "resource-type": {string(t.ResourceType)},
				"tag:" + aws.ToString(t.Key): {aws.ToString(t.Value)},
			}
		}, nil)
	return &ec2.DescribeTagsOutput{Tags: page, NextToken: next}, err
}
