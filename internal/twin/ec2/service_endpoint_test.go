package ec2

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

const balancerARN = "arn:aws:elasticloadbalancing:eu-west-1:111111111111:loadbalancer/net/svc/0123456789abcdef"

// provides makes an endpoint service of the bed's account behind a load balancer
// in its two subnets.
func (b endpointBed) provides(in ec2.CreateVpcEndpointServiceConfigurationInput) types.ServiceConfiguration {
	b.t.Helper()
	b.update(func(s *world.State) {
		s.Estate.LoadBalancers.Put(estate.LoadBalancer{
			ARN: balancerARN, Account: b.Account, Region: b.Region, VPC: b.vpc, Type: "network",
			Name: dnsname.MustParse("svc-0123456789abcdef.elb.eu-west-1.amazonaws.com"), Subnets: []string{b.a, b.b},
		})
	})
	in.NetworkLoadBalancerArns = []string{balancerARN}
	return *must(b.t, b.Client, createVpcEndpointServiceConfiguration, &in).ServiceConfiguration
}

func (b endpointBed) admits(service, principal string) {
	b.t.Helper()
	must(b.t, b.Client, modifyVpcEndpointServicePermissions, &ec2.ModifyVpcEndpointServicePermissionsInput{ServiceId: &service, AddAllowedPrincipals: []string{principal}})
}

// TestEndpointServiceOfAnother: who is not admitted does not see the service;
// connections wait, are accepted and rejected, and keep it from deletion
// (PrivateLink guide, configure-endpoint-service.html; code and text as the tests of
// openshift/hypershift have them).
func TestEndpointServiceOfAnother(t *testing.T) {
	b := newEndpointBed(t)
	s := b.provides(ec2.CreateVpcEndpointServiceConfigurationInput{AcceptanceRequired: aws.Bool(true)})
	if !slices.Equal(s.AvailabilityZones, []string{"eu-west-1a", "eu-west-1b"}) || s.ServiceState != types.ServiceStateAvailable ||
		*s.ServiceName != "com.amazonaws.vpce.eu-west-1."+*s.ServiceId || !slices.Equal(s.BaseEndpointDnsNames, []string{*s.ServiceId + ".eu-west-1.vpce.amazonaws.com"}) {
		t.Errorf("service %+v", s)
	}
	consumer := endpointVPC(t, b.In("222222222222", ""), b.clock)
	unknown := "InvalidServiceName: The Vpc Endpoint Service '" + *s.ServiceName + "' does not exist"
	if got := consumer.tries(*s.ServiceName); got != unknown {
		t.Errorf("not admitted: %q", got)
	}
	b.admits(*s.ServiceId, "333333333333")
	if got := consumer.tries(*s.ServiceName); got != unknown {
		t.Errorf("another is admitted: %q", got)
	}
	b.admits(*s.ServiceId, "arn:aws:iam::222222222222:root")
	id := consumer.makes(*s.ServiceName)
	if got := consumer.shows(id); got.State != "pendingAcceptance" || *got.PrivateDnsEnabled || !strings.HasSuffix(*got.DnsEntries[0].DnsName, "."+*s.ServiceId+".eu-west-1.vpce.amazonaws.com") {
		t.Errorf("new: %s, %v", got.State, entries(got))
	}
	state := func() string {
		out := must(t, b.Client, describeVpcEndpointConnections, &ec2.DescribeVpcEndpointConnectionsInput{
			Filters: []types.Filter{{Name: aws.String("service-id"), Values: []string{*s.ServiceId}}},
		}).VpcEndpointConnections
		if len(out) != 1 || *out[0].VpcEndpointId != id || *out[0].VpcEndpointOwner != "222222222222" {
			t.Fatalf("connections %+v", out)
		}
		return string(out[0].VpcEndpointState)
	}
	if got := state(); got != "pendingAcceptance" {
		t.Errorf("connection %s", got)
	}
	deleted := func() string {
		out := must(t, b.Client, deleteVpcEndpointServiceConfigurations, &ec2.DeleteVpcEndpointServiceConfigurationsInput{ServiceIds: []string{*s.ServiceId}})
		if len(out.Unsuccessful) == 0 {
			return ""
		}
		return *out.Unsuccessful[0].Error.Code + ": " + *out.Unsuccessful[0].Error.Message
	}
	if got := deleted(); got != "ExistingVpcEndpointConnections: Service has existing active VPC Endpoint connections!" {
		t.Errorf("deleted: %q", got)
	}
	must(t, b.Client, acceptVpcEndpointConnections, &ec2.AcceptVpcEndpointConnectionsInput{ServiceId: s.ServiceId, VpcEndpointIds: []string{id}})
	if got := state(); got != "pending" {
		t.Errorf("accepted: %s", got)
	}
	b.clock.Advance(endpointComes)
	if got, of := state(), consumer.shows(id).State; got != "available" || of != "available" {
		t.Errorf("later: %s, %s", got, of)
	}
	// A permission that is taken back ends no connection: the endpoint can be changed.
	must(t, b.Client, modifyVpcEndpointServicePermissions, &ec2.ModifyVpcEndpointServicePermissionsInput{ServiceId: s.ServiceId, RemoveAllowedPrincipals: []string{"arn:aws:iam::222222222222:root"}})
	must(t, consumer.Client, modifyVpcEndpoint, &ec2.ModifyVpcEndpointInput{VpcEndpointId: &id, RemoveSubnetIds: []string{consumer.a}})
	if got := consumer.tries(*s.ServiceName); got != unknown {
		t.Errorf("a second one without permission: %q", got)
	}
	must(t, b.Client, rejectVpcEndpointConnections, &ec2.RejectVpcEndpointConnectionsInput{ServiceId: s.ServiceId, VpcEndpointIds: []string{id}})
	if got, of := state(), consumer.shows(id).State; got != "rejected" || of != "rejected" {
		t.Errorf("rejected: %s, %s", got, of)
	}
	if got := deleted(); got != "" || b.World.Estate().EndpointServices.Len() != 0 {
		t.Errorf("deleted: %q", got)
	}
}

// TestPrivateName: a private name can be used once its TXT record was found in
// public DNS when AWS looks: at the name's domain or above (PrivateLink guide,
// manage-dns-names.html).
func TestPrivateName(t *testing.T) {
	for name, tc := range map[string]struct {
		at, value string // relative to the verification name; empty: the right value
		want      types.DnsNameState
	}{
		"at the name":   {at: "svc.example.com", want: types.DnsNameStateVerified},
		"at the domain": {at: "example.com", want: types.DnsNameStateVerified},
		"elsewhere":     {at: "other.example.com", want: types.DnsNameStateFailed},
		"another value": {at: "svc.example.com", value: "vpce:another", want: types.DnsNameStateFailed},
	} {
		b := newEndpointBed(t)
		s := b.provides(ec2.CreateVpcEndpointServiceConfigurationInput{AcceptanceRequired: aws.Bool(false), PrivateDnsName: aws.String("svc.example.com")})
		state := func() types.DnsNameState {
			return must(t, b.Client, describeVpcEndpointServiceConfigurations, &ec2.DescribeVpcEndpointServiceConfigurationsInput{
				ServiceIds: []string{*s.ServiceId},
			}).ServiceConfigurations[0].PrivateDnsNameConfiguration.State
		}
		unverified := "InvalidParameter: Private DNS can't be enabled because the service " + *s.ServiceName + " has not verified the private DNS name."
		if got := b.tries(*s.ServiceName, withPrivateDNS(true)); got != unverified {
			t.Errorf("%s: %q", name, got)
		}
		b.update(func(st *world.State) {
			value := *s.PrivateDnsNameConfiguration.Value
			if tc.value != "" {
				value = tc.value
			}
			st.Estate.Zones.Put(estate.Zone{ID: "ZP", Account: b.Account, Name: dnsname.MustParse("example.com"), NameServers: []dnsname.Name{dnsname.MustParse("ns-1.awsdns-01.org")}})
			st.Estate.Records.Put(estate.RecordSet{
				Zone: "ZP", Type: "TXT", TTL: 60, Values: []string{`"` + value + `"`},
				Name: dnsname.MustParse(*s.PrivateDnsNameConfiguration.Name + "." + tc.at),
			})
		})
		b.clock.Advance(VerifyDelay)
		b.update(func(st *world.State) { Settle(st, b.World.Now()) })
		if got := state(); got != types.DnsNameStatePendingVerification {
			t.Errorf("%s: nobody asked for the verification: %s", name, got)
		}
		must(t, b.Client, startVerification, &ec2.StartVpcEndpointServicePrivateDnsVerificationInput{ServiceId: s.ServiceId})
		b.clock.Advance(VerifyDelay - 1)
		b.update(func(st *world.State) { Settle(st, b.World.Now()) })
		if got := state(); got != types.DnsNameStatePendingVerification {
			t.Errorf("%s: too early: %s", name, got)
		}
		b.clock.Advance(1)
		b.update(func(st *world.State) { Settle(st, b.World.Now()) })
		if got := state(); got != tc.want {
			t.Errorf("%s: got %s, want %s", name, got, tc.want)
		}
		want := unverified
		if tc.want == types.DnsNameStateVerified {
			want = ""
		}
		if got := b.tries(*s.ServiceName, withPrivateDNS(true)); got != want {
			t.Errorf("%s: endpoint: %q, want %q", name, got, want)
		}
	}
}

// TestAcrossRegions: a service is used from the Regions that it supports, with
// the permission vpce:AllowMultiRegion, by its regional name alone
// (PrivateLink guide, privatelink-share-your-services.html).
func TestAcrossRegions(t *testing.T) {
	b := newEndpointBed(t)
	s := b.provides(ec2.CreateVpcEndpointServiceConfigurationInput{AcceptanceRequired: aws.Bool(false)})
	away := endpointVPC(t, b.In("", "us-east-1"), b.clock)
	from := func(in *ec2.CreateVpcEndpointInput) { in.ServiceRegion = aws.String("eu-west-1") }
	unknown := "InvalidServiceName: The Vpc Endpoint Service '" + *s.ServiceName + "' does not exist"
	if got := away.tries(*s.ServiceName, from); got != unknown {
		t.Errorf("not supported: %q", got)
	}
	must(t, b.Client, modifyVpcEndpointServiceConfiguration, &ec2.ModifyVpcEndpointServiceConfigurationInput{ServiceId: s.ServiceId, AddSupportedRegions: []string{"us-east-1"}})
	if got := away.tries(*s.ServiceName); got != unknown {
		t.Errorf("without its Region: %q", got)
	}
	denied := away
	denied.Authorize = func(action, _ string, _ world.Conditions) error {
		if action == "vpce:AllowMultiRegion" {
			return fail("UnauthorizedOperation", "no")
		}
		return nil
	}
	if got := denied.tries(*s.ServiceName, from); got != "UnauthorizedOperation: no" {
		t.Errorf("without the permission: %q", got)
	}
	got := away.shows(away.makes(*s.ServiceName, from))
	if *got.ServiceRegion != "eu-west-1" || len(got.DnsEntries) != 1 || *got.DnsEntries[0].HostedZoneId != "Z7HUB22UULQXV" {
		t.Errorf("endpoint in %s: %v", *got.ServiceRegion, entries(got))
	}
}

// TestServiceZones: an endpoint is in the zones of the service only.
func TestServiceZones(t *testing.T) {
	b := newEndpointBed(t)
	s := b.provides(ec2.CreateVpcEndpointServiceConfigurationInput{AcceptanceRequired: aws.Bool(false)})
	c := *must(t, b.Client, createSubnet, &ec2.CreateSubnetInput{VpcId: &b.vpc, CidrBlock: aws.String("10.0.4.0/24"), AvailabilityZone: aws.String("eu-west-1c")}).Subnet.SubnetId
	want := "InvalidParameter: The VPC endpoint service " + *s.ServiceName + " does not support the availability zone of the subnet: " + c + "."
	if got := b.tries(*s.ServiceName, func(in *ec2.CreateVpcEndpointInput) { in.SubnetIds = []string{c} }); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestDescribeVpcEndpointServices: private names that do not follow the
// service's, S3 twice (terraform-aws-modules/terraform-aws-vpc#579), what a Region
// does not have (General Reference, codeartifact.html), and what AWS told instead.
func TestDescribeVpcEndpointServices(t *testing.T) {
	cl, _ := worldtest.New()
	describe := func(cl worldtest.Client, name string) []types.ServiceDetail {
		out, err := worldtest.Do(cl, describeVpcEndpointServices, &ec2.DescribeVpcEndpointServicesInput{ServiceNames: []string{name}})
		if err != nil {
			if want := "InvalidServiceName: The Vpc Endpoint Service '" + name + "' does not exist"; code(err) != want {
				t.Errorf("%s: %q", name, code(err))
			}
			return nil
		}
		return out.ServiceDetails
	}
	for service, want := range map[string]string{
		"ec2": "ec2.eu-west-1.amazonaws.com", "ecr.dkr": "dkr.ecr.eu-west-1.amazonaws.com *.dkr.ecr.eu-west-1.amazonaws.com",
		"ecr.api": "api.ecr.eu-west-1.amazonaws.com", "execute-api": "execute-api.eu-west-1.amazonaws.com *.execute-api.eu-west-1.amazonaws.com",
		"kinesis-firehose": "firehose.eu-west-1.amazonaws.com", "kinesis-streams": "kinesis.eu-west-1.amazonaws.com",
	} {
		d := describe(cl, "com.amazonaws.eu-west-1."+service)
		var got []string
		for _, n := range d[0].PrivateDnsNames {
			got = append(got, *n.PrivateDnsName)
		}
		if strings.Join(got, " ") != want || len(d) != 1 || *d[0].Owner != "amazon" || len(d[0].AvailabilityZones) != 3 {
			t.Errorf("%s: %v, want %s", service, got, want)
		}
	}
	if d := describe(cl, "com.amazonaws.eu-west-1.s3"); len(d) != 2 || d[0].ServiceType[0].ServiceType != "Gateway" || d[1].ServiceType[0].ServiceType != "Interface" {
		t.Errorf("S3: %+v", d)
	}
	if d := describe(cl.In("", "sa-east-1"), "com.amazonaws.sa-east-1.codeartifact.api"); d != nil {
		t.Errorf("CodeArtifact in sa-east-1: %+v", d)
	}
	if err := cl.World.Update(func(s *world.State) error {
		s.Estate.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryOffers, Account: cl.Account, Region: cl.Region}})
		s.Estate.Offers.Put(estate.ServiceOffer{Account: cl.Account, Region: cl.Region, Name: "com.amazonaws.eu-west-1.new", Owner: "amazon", Types: []string{"Interface"}})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if describe(cl, "com.amazonaws.eu-west-1.ec2") != nil || len(describe(cl, "com.amazonaws.eu-west-1.new")) != 1 {
		t.Error("what AWS told of the Region is not what is offered")
	}
	if len(describe(cl.In("", "us-east-1"), "com.amazonaws.us-east-1.ec2")) != 1 {
		t.Error("nothing was told of us-east-1")
	}
}

// TestNetworkInterfacesOfOthers: load balancers and Resolver endpoints have
// some, too.
func TestNetworkInterfacesOfOthers(t *testing.T) {
	b := newEndpointBed(t)
	b.provides(ec2.CreateVpcEndpointServiceConfigurationInput{})
	b.update(func(s *world.State) {
		s.Estate.ResolverEndpoints.Put(estate.ResolverEndpoint{
			ID: "rslvr-in-1", Account: b.Account, Region: b.Region, VPC: b.vpc, Status: estate.StatusOperational, Groups: []string{"sg-1"},
			Addresses: []estate.ResolverAddress{{ID: "rni-1", Subnet: b.a, IP: netip.MustParseAddr("10.0.1.9")}},
		})
	})
	out := must(t, b.Client, describeNetworkInterfaces, &ec2.DescribeNetworkInterfacesInput{
		Filters: []types.Filter{{Name: aws.String("subnet-id"), Values: []string{b.a}}},
	}).NetworkInterfaces
	var got []string
	for _, n := range out {
		got = append(got, *n.Description+" "+string(n.InterfaceType))
	}
	if slices.Sort(got); !slices.Equal(got, []string{"ELB net/svc/0123456789abcdef network_load_balancer", "Route 53 Resolver: rslvr-in-1:rni-1 interface"}) {
		t.Errorf("network interfaces %v", got)
	}
	at := func(in *ec2.CreateVpcEndpointInput) {
		in.SubnetIds, in.SubnetConfigurations = nil, []types.SubnetConfiguration{{SubnetId: &b.a, Ipv4: aws.String("10.0.1.9")}}
	}
	if got := b.tries("com.amazonaws.eu-west-1.ec2", at); got != "InvalidIPAddress.InUse: Address 10.0.1.9 is in use." {
		t.Errorf("an address of a Resolver endpoint: %q", got)
	}
}
