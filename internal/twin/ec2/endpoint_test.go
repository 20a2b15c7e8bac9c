package ec2

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// endpointBed is a VPC with both DNS attributes and subnets in two zones.
type endpointBed struct {
	worldtest.Client
	t      *testing.T
	clock  *clock.Virtual
	vpc    string
	a, b   string // subnets in zones a and b
	second string // another one in zone a
}

func newEndpointBed(t *testing.T) endpointBed {
	t.Helper()
	cl, c := worldtest.New()
	return endpointVPC(t, cl, c)
}

func endpointVPC(t *testing.T, cl worldtest.Client, c *clock.Virtual) endpointBed {
	t.Helper()
	b := endpointBed{Client: cl, t: t, clock: c, vpc: makeVPC(t, cl, "10.0.0.0/16")}
	must(t, cl, modifyVpcAttribute, &ec2.ModifyVpcAttributeInput{VpcId: &b.vpc, EnableDnsHostnames: &types.AttributeBooleanValue{Value: aws.Bool(true)}})
	subnet := func(cidr, zone string) string {
		return *must(t, cl, createSubnet, &ec2.CreateSubnetInput{VpcId: &b.vpc, CidrBlock: &cidr, AvailabilityZone: aws.String(string(cl.Region) + zone)}).Subnet.SubnetId
	}
	b.a, b.b, b.second = subnet("10.0.1.0/24", "a"), subnet("10.0.2.0/24", "b"), subnet("10.0.3.0/24", "a")
	return b
}

func (b endpointBed) update(f func(*world.State)) {
	b.t.Helper()
	if err := b.World.Update(func(s *world.State) error { f(s); return nil }); err != nil {
		b.t.Fatal(err)
	}
}

// asks is a request for an interface endpoint, changed.
func (b endpointBed) asks(service string, change ...func(*ec2.CreateVpcEndpointInput)) *ec2.CreateVpcEndpointInput {
	in := &ec2.CreateVpcEndpointInput{
		VpcId: &b.vpc, VpcEndpointType: types.VpcEndpointTypeInterface, ServiceName: &service, SubnetIds: []string{b.a, b.b},
	}
	for _, f := range change {
		f(in)
	}
	return in
}

// tries makes an endpoint, or tells the code and text of the refusal.
func (b endpointBed) tries(service string, change ...func(*ec2.CreateVpcEndpointInput)) string {
	_, err := worldtest.Do(b.Client, createVpcEndpoint, b.asks(service, change...))
	return code(err)
}

func (b endpointBed) makes(service string, change ...func(*ec2.CreateVpcEndpointInput)) string {
	b.t.Helper()
	return *must(b.t, b.Client, createVpcEndpoint, b.asks(service, change...)).VpcEndpoint.VpcEndpointId
}

func (b endpointBed) shows(id string) types.VpcEndpoint {
	b.t.Helper()
	return must(b.t, b.Client, describeVpcEndpoints, &ec2.DescribeVpcEndpointsInput{VpcEndpointIds: []string{id}}).VpcEndpoints[0]
}

func (b endpointBed) deletes(id string) {
	b.t.Helper()
	must(b.t, b.Client, deleteVpcEndpoints, &ec2.DeleteVpcEndpointsInput{VpcEndpointIds: []string{id}})
}

func withPrivateDNS(on bool) func(*ec2.CreateVpcEndpointInput) {
	return func(in *ec2.CreateVpcEndpointInput) { in.PrivateDnsEnabled = &on }
}

func asGateway(in *ec2.CreateVpcEndpointInput) {
	in.VpcEndpointType, in.SubnetIds = types.VpcEndpointTypeGateway, nil
}

func entries(p types.VpcEndpoint) (out []string) {
	for _, e := range p.DnsEntries {
		out = append(out, *e.DnsName+" "+*e.HostedZoneId)
	}
	return out
}

// TestInterfaceEndpoint: names, zones, addresses and states as
// DescribeVpcEndpoints showed them for com.amazonaws.eu-west-2.ecr.dkr.
func TestInterfaceEndpoint(t *testing.T) {
	b := newEndpointBed(t)
	id := b.makes("com.amazonaws.eu-west-1.ecr.dkr")
	p := b.shows(id)
	if got := entries(p); p.State != "pending" || !*p.PrivateDnsEnabled || len(got) != 5 ||
		got[3] != "dkr.ecr.eu-west-1.amazonaws.com ZONEIDPENDING" || got[4] != "*.dkr.ecr.eu-west-1.amazonaws.com ZONEIDPENDING" {
		t.Errorf("new: %s, private DNS %v, %v", p.State, *p.PrivateDnsEnabled, got)
	}
	if len(p.Groups) != 1 || *p.Groups[0].GroupName != "default" {
		t.Errorf("groups %+v", p.Groups)
	}
	b.clock.Advance(endpointComes)
	p = b.shows(id)
	row, _ := b.World.Estate().Endpoints.Get(id)
	if p.State != "available" || len(row.Managed()) != 2 {
		t.Errorf("later: %s, %v", p.State, row.Managed())
	}
	got := entries(p)
	regional, zone, _ := strings.Cut(got[0], " ")
	label, rest, _ := strings.Cut(regional, ".")
	if !strings.HasPrefix(label, id+"-") || len(label) != len(id)+9 || rest != "dkr.ecr.eu-west-1.vpce.amazonaws.com" || zone != "Z38GZ743OKFT7T" ||
		got[1] != label+"-eu-west-1a."+rest+" "+zone || got[2] != label+"-eu-west-1b."+rest+" "+zone {
		t.Errorf("generated names: %v", got)
	}
	_, apex, _ := strings.Cut(got[3], " ")
	if _, star, _ := strings.Cut(got[4], " "); apex == zone || star != apex || len(apex) != 21 {
		t.Errorf("a name and its wildcard stand in one zone of their own: %v", got)
	}
	nics := must(t, b.Client, describeNetworkInterfaces, &ec2.DescribeNetworkInterfacesInput{NetworkInterfaceIds: p.NetworkInterfaceIds}).NetworkInterfaces
	if len(nics) != 2 {
		t.Fatalf("%d network interfaces", len(nics))
	}
	for _, n := range nics {
		i := slices.IndexFunc(row.Addresses, func(a estate.EndpointAddress) bool { return a.Interface == *n.NetworkInterfaceId })
		if n.InterfaceType != types.NetworkInterfaceTypeVpcEndpoint || !*n.RequesterManaged || *n.Description != "VPC Endpoint Interface "+id ||
			*n.PrivateIpAddress != row.Addresses[i].IPv4.String() || *n.AvailabilityZone != row.Addresses[i].Zone || len(n.Groups) != 1 {
			t.Errorf("network interface %+v", n)
		}
	}
	if _, err := worldtest.Do(b.Client, deleteSubnet, &ec2.DeleteSubnetInput{SubnetId: &b.a}); !strings.HasPrefix(code(err), "DependencyViolation") {
		t.Errorf("delete the subnet: %v", err)
	}
	if _, err := worldtest.Do(b.Client, deleteVpc, &ec2.DeleteVpcInput{VpcId: &b.vpc}); !strings.HasPrefix(code(err), "DependencyViolation") {
		t.Errorf("delete the VPC: %v", err)
	}
	b.deletes(id)
	if p := b.shows(id); p.State != "deleting" {
		t.Errorf("deleted: %s", p.State)
	}
	b.clock.Advance(endpointGoes)
	_, err := worldtest.Do(b.Client, describeVpcEndpoints, &ec2.DescribeVpcEndpointsInput{VpcEndpointIds: []string{id}})
	if want := "InvalidVpcEndpointId.NotFound: The Vpc Endpoint Id '" + id + "' does not exist"; code(err) != want {
		t.Errorf("gone: %q", code(err))
	}
}

// TestCreateVpcEndpointRefused: the texts are those that users show in public.
func TestCreateVpcEndpointRefused(t *testing.T) {
	const ec2Service, s3, dynamodb = "com.amazonaws.eu-west-1.ec2", "com.amazonaws.eu-west-1.s3", "com.amazonaws.eu-west-1.dynamodb"
	const conflict = "InvalidParameter: private-dns-enabled cannot be set because there is already a conflicting DNS domain for ec2.eu-west-1.amazonaws.com in the VPC <vpc>"
	type input = ec2.CreateVpcEndpointInput
	for name, tc := range map[string]struct {
		service string
		change  func(endpointBed, *input)
		want    string
	}{
		"no such service": {
			"com.amazonaws.eu-west-1.route53resolver", func(endpointBed, *input) {},
			"InvalidServiceName: The Vpc Endpoint Service 'com.amazonaws.eu-west-1.route53resolver' does not exist",
		},
		"of another Region": {
			"com.amazonaws.us-east-1.ec2", func(endpointBed, *input) {},
			"InvalidServiceName: The Vpc Endpoint Service 'com.amazonaws.us-east-1.ec2' does not exist",
		},
		"type": {
			ec2Service, func(_ endpointBed, in *input) { in.VpcEndpointType = "" },
			"InvalidParameter: Endpoint type (Gateway) does not match available service types ([Interface]).",
		},
		"subnets of a gateway": {
			s3, func(_ endpointBed, in *input) { in.VpcEndpointType = "Gateway" },
			"InvalidParameter: Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.",
		},
		"tables of an interface": {
			ec2Service, func(_ endpointBed, in *input) { in.RouteTableIds = []string{"rtb-1"} },
			"InvalidParameter: Route table IDs are only supported for Gateway type VPC Endpoint.",
		},
		"one zone twice": {
			ec2Service, func(b endpointBed, in *input) { in.SubnetIds = []string{b.second, b.a} },
			"DuplicateSubnetsInSameZone: Found another VPC endpoint subnet in the availability zone of <a>",
		},
		"attributes": {
			ec2Service, func(b endpointBed, _ *input) {
				must(b.t, b.Client, modifyVpcAttribute, &ec2.ModifyVpcAttributeInput{VpcId: &b.vpc, EnableDnsHostnames: &types.AttributeBooleanValue{Value: aws.Bool(false)}})
			}, "InvalidParameter: Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for <vpc>",
		},
		"no private name": {
			dynamodb, func(_ endpointBed, in *input) { withPrivateDNS(true)(in) },
			"InvalidParameter: Private DNS can't be enabled because the service com.amazonaws.eu-west-1.dynamodb does not provide a private DNS name.",
		},
		"inbound without a gateway": {
			s3, func(_ endpointBed, in *input) { withPrivateDNS(true)(in) },
			"InvalidParameter: To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC <vpc> must have a Gateway endpoint for the service.",
		},
		"a second endpoint":         {ec2Service, func(b endpointBed, _ *input) { b.makes(ec2Service) }, conflict},
		"one that is being deleted": {ec2Service, func(b endpointBed, _ *input) { b.deletes(b.makes(ec2Service)) }, conflict},
		"a customer's zone": {ec2Service, func(b endpointBed, _ *input) {
			b.update(func(s *world.State) {
				s.Estate.Zones.Put(estate.Zone{
					ID: "Z1", Account: "222222222222", Private: true, Name: dnsname.MustParse("ec2.eu-west-1.amazonaws.com"), VPCs: []estate.VPCRef{{Region: "eu-west-1", ID: b.vpc}},
				})
			})
		}, conflict},
		"dry run": {
			ec2Service, func(_ endpointBed, in *input) { in.DryRun = aws.Bool(true) },
			"DryRunOperation: Request would have succeeded, but DryRun flag is set.",
		},
		"records of another type": {
			ec2Service, func(_ endpointBed, in *input) {
				in.DnsOptions = &types.DnsOptionsSpecification{DnsRecordIpType: types.DnsRecordIpTypeDualstack}
			}, "InvalidParameter: DnsRecordIpType dualstack is not supported with the IP address type ipv4.",
		},
		"inbound alone": {
			ec2Service, func(_ endpointBed, in *input) {
				in.DnsOptions = &types.DnsOptionsSpecification{PrivateDnsOnlyForInboundResolverEndpoint: aws.Bool(true)}
			}, "InvalidParameter: PrivateDnsOnlyForInboundResolverEndpoint is not supported for the service com.amazonaws.eu-west-1.ec2.",
		},
		"no subnet": {
			ec2Service, func(_ endpointBed, in *input) { in.SubnetIds = []string{"subnet-0aaaaaaaaaaaaaaaa"} },
			"InvalidSubnetID.NotFound: The subnet ID 'subnet-0aaaaaaaaaaaaaaaa' does not exist",
		},
		// VPC User Guide, vpc-sharing-permissions.html; R3.11.
		"participant": {
			ec2Service, func(b endpointBed, in *input) {
				b.update(func(s *world.State) {
					v, _ := s.Estate.VPCs.Get(b.vpc)
					v.Account, v.Participants = "222222222222", []estate.AccountID{b.Account}
					s.Estate.VPCs.Put(v)
				})
			}, "OperationNotPermitted: You are not the owner of the vpc '<vpc>', which is shared with you.",
		},
	} {
		b := newEndpointBed(t)
		in := b.asks(tc.service)
		tc.change(b, in)
		before := b.World.Estate().Endpoints.Len()
		_, err := worldtest.Do(b.Client, createVpcEndpoint, in)
		if got, want := code(err), strings.NewReplacer("<vpc>", b.vpc, "<a>", b.a).Replace(tc.want); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
		if b.World.Estate().Endpoints.Len() != before {
			t.Errorf("%s: an endpoint was made", name)
		}
	}
	b := newEndpointBed(t)
	if got := b.tries(ec2Service, func(in *input) { in.PolicyDocument = aws.String("{") }); !strings.HasPrefix(got, "InvalidPolicyDocument: The specified policy document is not a valid JSON policy document.") {
		t.Errorf("policy: %s", got)
	}
}

// TestGatewayEndpoint: of S3, with route table and prefix list; a table has one
// route for a list. Beside it S3's private names are for inbound Resolver
// endpoints alone unless that is asked otherwise (R3.8).
func TestGatewayEndpoint(t *testing.T) {
	b := newEndpointBed(t)
	const s3 = "com.amazonaws.eu-west-1.s3"
	table := *must(t, b.Client, describeRouteTables, &ec2.DescribeRouteTablesInput{}).RouteTables[0].RouteTableId
	routed := func(in *ec2.CreateVpcEndpointInput) { asGateway(in); in.RouteTableIds = []string{table} }
	id := b.makes(s3, routed)
	if p := b.shows(id); p.State != "available" || !slices.Equal(p.RouteTableIds, []string{table}) || *p.PrivateDnsEnabled || len(p.DnsEntries) != 0 {
		t.Errorf("gateway endpoint %+v", p)
	}
	list := must(t, b.Client, describePrefixLists, &ec2.DescribePrefixListsInput{
		Filters: []types.Filter{{Name: aws.String("prefix-list-name"), Values: []string{s3}}},
	}).PrefixLists
	if len(list) != 1 {
		t.Fatalf("prefix lists %+v", list)
	}
	if got, want := b.tries(s3, routed), "RouteAlreadyExists: route table "+table+" already has a route with destination-prefix-list-id "+*list[0].PrefixListId; got != want {
		t.Errorf("second one: %q, want %q", got, want)
	}
	must(t, b.Client, modifyVpcEndpoint, &ec2.ModifyVpcEndpointInput{VpcEndpointId: &id, RemoveRouteTableIds: []string{table}})
	b.makes(s3, routed)

	inter := b.makes(s3, withPrivateDNS(true))
	if p := b.shows(inter); !*p.DnsOptions.PrivateDnsOnlyForInboundResolverEndpoint || !strings.HasPrefix(*p.DnsEntries[0].DnsName, "*."+inter+"-") {
		t.Errorf("S3's interface endpoint: %+v, %v", *p.DnsOptions, entries(p))
	}
	must(t, b.Client, modifyVpcEndpoint, &ec2.ModifyVpcEndpointInput{
		VpcEndpointId: &inter, DnsOptions: &types.DnsOptionsSpecification{PrivateDnsOnlyForInboundResolverEndpoint: aws.Bool(false)},
	})
	if row, _ := b.World.Estate().Endpoints.Get(inter); row.InboundOnly || !row.PrivateDNS {
		t.Errorf("after the change: %+v", row)
	}
}

// TestModifyVpcEndpoint: private DNS off and on, subnets with zonal names,
// groups, policy.
func TestModifyVpcEndpoint(t *testing.T) {
	b := newEndpointBed(t)
	id := b.makes("com.amazonaws.eu-west-1.sqs", func(in *ec2.CreateVpcEndpointInput) { in.SubnetIds = []string{b.a} })
	b.clock.Advance(endpointComes)
	group := *must(t, b.Client, createSecurityGroup, &ec2.CreateSecurityGroupInput{VpcId: &b.vpc, GroupName: aws.String("g"), Description: aws.String("d")}).GroupId
	before := b.shows(id)
	modify := func(in ec2.ModifyVpcEndpointInput, want string) {
		t.Helper()
		in.VpcEndpointId = &id
		if _, err := worldtest.Do(b.Client, modifyVpcEndpoint, &in); code(err) != want {
			t.Errorf("got %q, want %q", code(err), want)
		}
	}
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:*","Resource":"*"}]}`
	modify(ec2.ModifyVpcEndpointInput{
		PrivateDnsEnabled: aws.Bool(false), AddSubnetIds: []string{b.b}, AddSecurityGroupIds: []string{group},
		RemoveSecurityGroupIds: []string{*before.Groups[0].GroupId}, PolicyDocument: aws.String(policy),
	}, "")
	after := b.shows(id)
	if *after.PrivateDnsEnabled || len(after.DnsEntries) != 3 || *after.DnsEntries[0].DnsName != *before.DnsEntries[0].DnsName ||
		len(after.NetworkInterfaceIds) != 2 || *after.PolicyDocument != policy || len(after.Groups) != 1 || *after.Groups[0].GroupId != group {
		t.Errorf("changed: %v %+v", entries(after), after)
	}
	if row, _ := b.World.Estate().Endpoints.Get(id); len(row.Managed()) != 0 || len(row.PrivateNames) != 1 {
		t.Errorf("private DNS is off, and the names are known: %+v", row)
	}
	modify(ec2.ModifyVpcEndpointInput{AddSubnetIds: []string{b.second}},
		"DuplicateSubnetsInSameZone: Found another VPC endpoint subnet in the availability zone of "+b.second)
	modify(ec2.ModifyVpcEndpointInput{RemoveSubnetIds: []string{b.a}, AddSubnetIds: []string{b.second}}, "")
	other := b.makes("com.amazonaws.eu-west-1.sqs")
	modify(ec2.ModifyVpcEndpointInput{PrivateDnsEnabled: aws.Bool(true)},
		"InvalidParameter: private-dns-enabled cannot be set because there is already a conflicting DNS domain for sqs.eu-west-1.amazonaws.com in the VPC "+b.vpc)
	b.deletes(other)
	b.clock.Advance(endpointGoes)
	modify(ec2.ModifyVpcEndpointInput{PrivateDnsEnabled: aws.Bool(true), ResetPolicy: aws.Bool(true)}, "")
	if p := b.shows(id); *p.PolicyDocument != fullAccess || !*p.PrivateDnsEnabled {
		t.Errorf("back: %+v", p)
	}
}

// TestEndpointAddresses: an address that is asked for is given, one in use is
// refused, others are free, and there may be none.
func TestEndpointAddresses(t *testing.T) {
	b := newEndpointBed(t)
	at := func(ip string) func(*ec2.CreateVpcEndpointInput) {
		return func(in *ec2.CreateVpcEndpointInput) {
			in.SubnetIds, in.SubnetConfigurations = nil, []types.SubnetConfiguration{{SubnetId: &b.a, Ipv4: &ip}}
		}
	}
	id := b.makes("com.amazonaws.eu-west-1.kms", at("10.0.1.7"))
	if row, _ := b.World.Estate().Endpoints.Get(id); row.Addresses[0].IPv4 != netip.MustParseAddr("10.0.1.7") {
		t.Errorf("addresses %+v", row.Addresses)
	}
	for ip, want := range map[string]string{
		"10.0.1.7": "InvalidIPAddress.InUse: Address 10.0.1.7 is in use.",
		"10.0.9.7": "InvalidParameterValue: The address 10.0.9.7 is not in the subnet " + b.a + ".",
	} {
		if got := b.tries("com.amazonaws.eu-west-1.sts", at(ip)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	subnet, taken := netip.MustParsePrefix("10.0.0.0/28"), map[netip.Addr]bool{}
	for range 11 { // sixteen without the five that are reserved
		ip, err := freeIn(subnet, "x", taken)
		if err != nil || taken[ip] || ip.Less(netip.MustParseAddr("10.0.0.4")) || ip == netip.MustParseAddr("10.0.0.15") {
			t.Fatalf("%s, %v after %d", ip, err, len(taken))
		}
		taken[ip] = true
	}
	if _, err := freeIn(subnet, "x", taken); !strings.HasPrefix(code(err), "InsufficientFreeAddressesInSubnet") {
		t.Errorf("a full subnet: %v", err)
	}
}

// TestEndpointTokenAndQuota: a request that comes again makes nothing new
// (ec2-api-idempotency.html); a VPC has 50 interface endpoints
// (vpc-limits-endpoints.html).
func TestEndpointTokenAndQuota(t *testing.T) {
	b := newEndpointBed(t)
	b.World.Limits = true
	token := func(in *ec2.CreateVpcEndpointInput) { in.ClientToken = aws.String("t") }
	if first, again := b.makes("com.amazonaws.eu-west-1.sns", token), b.makes("com.amazonaws.eu-west-1.sns", token); first != again {
		t.Errorf("%s and %s", first, again)
	}
	if got := b.tries("com.amazonaws.eu-west-1.sqs", token); !strings.HasPrefix(got, "IdempotentParameterMismatch") {
		t.Errorf("another request: %s", got)
	}
	bare := func(in *ec2.CreateVpcEndpointInput) { in.SubnetIds = nil; withPrivateDNS(false)(in) }
	for range interfaceEndpointsPerVPC - 1 {
		b.makes("com.amazonaws.eu-west-1.ec2", bare)
	}
	if got := b.tries("com.amazonaws.eu-west-1.ec2", bare); got != "VpcEndpointLimitExceeded: The maximum number of VPC endpoints has been reached." {
		t.Errorf("got %q", got)
	}
}

func TestDescribeVpcEndpoints(t *testing.T) {
	b := newEndpointBed(t)
	a := b.makes("com.amazonaws.eu-west-1.ec2", func(in *ec2.CreateVpcEndpointInput) {
		in.TagSpecifications = []types.TagSpecification{{ResourceType: types.ResourceTypeVpcEndpoint, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("net")}}}}
	})
	g := b.makes("com.amazonaws.eu-west-1.s3", asGateway)
	b.clock.Advance(time.Minute)
	for _, tc := range []struct {
		filter, value string
		want          []string
	}{
		{"vpc-id", b.vpc, []string{a, g}},
		{"service-name", "com.amazonaws.eu-west-1.ec2", []string{a}},
		{"vpc-endpoint-id", g, []string{g}},
		{"vpc-endpoint-state", "available", []string{a, g}},
		{"vpc-endpoint-state", "pending", nil},
		{"vpc-endpoint-type", "Gateway", []string{g}},
		{"tag:team", "net", []string{a}},
	} {
		out := must(t, b.Client, describeVpcEndpoints, &ec2.DescribeVpcEndpointsInput{Filters: []types.Filter{{Name: &tc.filter, Values: []string{tc.value}}}})
		var got []string
		for _, p := range out.VpcEndpoints {
			got = append(got, *p.VpcEndpointId)
		}
		if slices.Sort(tc.want); !slices.Equal(got, tc.want) {
			t.Errorf("%s=%s: %v, want %v", tc.filter, tc.value, got, tc.want)
		}
	}
	must(t, b.Client, createTags, &ec2.CreateTagsInput{Resources: []string{g}, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	if row, _ := b.World.Estate().Endpoints.Get(g); row.Tags["k"] != "v" {
		t.Errorf("tags %v", row.Tags)
	}
	out := must(t, b.Client, deleteVpcEndpoints, &ec2.DeleteVpcEndpointsInput{VpcEndpointIds: []string{"vpce-0aaaaaaaaaaaaaaaa"}})
	if len(out.Unsuccessful) != 1 || *out.Unsuccessful[0].Error.Code != "InvalidVpcEndpointId.NotFound" {
		t.Errorf("unsuccessful %+v", out.Unsuccessful)
	}
}

// TestLoadedEndpoint: a world that has an estate alone serves it as its own.
func TestLoadedEndpoint(t *testing.T) {
	b := newEndpointBed(t)
	id := b.makes("com.amazonaws.eu-west-1.ec2", func(in *ec2.CreateVpcEndpointInput) { in.SubnetIds = []string{b.a} })
	b.clock.Advance(endpointComes)
	before := b.shows(id)
	b.World = world.New(b.clock, b.World.Estate())
	if after := b.shows(id); !slices.Equal(entries(before), entries(after)) || !slices.Equal(before.NetworkInterfaceIds, after.NetworkInterfaceIds) {
		t.Errorf("before %v, loaded %v", entries(before), entries(after))
	}
	must(t, b.Client, modifyVpcEndpoint, &ec2.ModifyVpcEndpointInput{VpcEndpointId: &id, AddSubnetIds: []string{b.b}})
	row, _ := b.World.Estate().Endpoints.Get(id)
	if len(row.Names) != 3 || row.Names[0].Name.String() != *before.DnsEntries[0].DnsName || row.Addresses[0].Interface != before.NetworkInterfaceIds[0] {
		t.Errorf("names %+v, addresses %+v", row.Names, row.Addresses)
	}
	if got := b.tries("com.amazonaws.eu-west-1.ec2"); !strings.Contains(got, "conflicting DNS domain") {
		t.Errorf("a second one: %s", got)
	}
}
