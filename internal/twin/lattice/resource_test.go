package lattice

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice/types"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// resourceBed has a VPC of the owner's for the gateway, vpc-1, with public DNS for
// example.com, and one of the consumer's, vpc-2.
func resourceBed(t *testing.T) (worldtest.Client, *clock.Virtual) {
	t.Helper()
	cl, c := bed()
	change(t, cl, func(e *estate.Estate) {
		for i, account := range []estate.AccountID{owner, consumer} {
			vpc := fmt.Sprintf("vpc-%d", i+1)
			e.VPCs.Put(estate.VPC{ID: vpc, Account: account, Region: "eu-west-1", DNSSupport: true, DNSHostnames: true, CIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}})
			e.Subnets.Put(estate.Subnet{ID: fmt.Sprintf("subnet-%d", i+1), VPC: vpc, Account: account, Region: "eu-west-1", CIDR: netip.MustParsePrefix("10.0.0.0/24")})
		}
		e.SecurityGroups.Put(estate.SecurityGroup{ID: "sg-1", VPC: "vpc-1", Account: owner, Region: "eu-west-1"})
		servers := []dnsname.Name{dnsname.MustParse("ns-1.awsdns-1.com")}
		e.Zones.Put(estate.Zone{ID: "ZP", Name: dnsname.MustParse("example.com"), Account: owner, NameServers: servers})
		e.Registrations.Put(estate.Registration{Domain: dnsname.MustParse("example.com"), NameServers: servers})
	})
	return cl, c
}

func change(t *testing.T, cl worldtest.Client, f func(*estate.Estate)) {
	t.Helper()
	if err := cl.World.Update(func(s *world.State) error { f(&s.Estate); return nil }); err != nil {
		t.Fatal(err)
	}
}

func newResourceGateway(t *testing.T, cl worldtest.Client, name string, resolution types.ResourceConfigDnsResolution) *vpclattice.CreateResourceGatewayOutput {
	t.Helper()
	return must(t, cl, createResourceGateway, &vpclattice.CreateResourceGatewayInput{
		Name: &name, VpcIdentifier: aws.String("vpc-1"), SubnetIds: []string{"subnet-1"}, ResourceConfigDnsResolution: resolution,
	})
}

func single(name, gateway, domain string) *vpclattice.CreateResourceConfigurationInput {
	return &vpclattice.CreateResourceConfigurationInput{
		Name: &name, Type: types.ResourceConfigurationTypeSingle, ResourceGatewayIdentifier: &gateway, CustomDomainName: given(domain), PortRanges: []string{"5432"},
		AllowAssociationToShareableServiceNetwork: aws.Bool(true),
		ResourceConfigurationDefinition:           &types.ResourceConfigurationDefinitionMemberIpResource{Value: types.IpResource{IpAddress: aws.String("10.0.0.7")}},
	}
}

// seen is what a VPC gets for a name.
func seen(cl worldtest.Client, vpc, name, rrtype string) string {
	a := resolve.New(cl.World.Estate(), resolve.DefaultPolicy).Resolve(resolve.Vantage{VPC: vpc}, dnsname.MustParse(name), rrtype)
	return strings.Join(append([]string{string(a.Outcome)}, a.Values()...), " ")
}

// TestResourceGateways: a gateway in a VPC of the caller's, with a name of its own;
// its security groups change, and it goes only when nothing is behind it.
func TestResourceGateways(t *testing.T) {
	cl, c := resourceBed(t)
	in := func(vpc, subnet string, ip types.ResourceGatewayIpAddressType) *vpclattice.CreateResourceGatewayInput {
		return &vpclattice.CreateResourceGatewayInput{Name: aws.String("gate"), VpcIdentifier: &vpc, SubnetIds: []string{subnet}, IpAddressType: ip}
	}
	refused(t, cl, createResourceGateway, in("vpc-2", "subnet-2", ""), "ResourceNotFoundException", "vpc-2")
	refused(t, cl, createResourceGateway, in("vpc-1", "subnet-2", ""), "ResourceNotFoundException", "subnet-2")
	refused(t, cl, createResourceGateway, in("vpc-1", "subnet-1", types.ResourceGatewayIpAddressTypeDualstack), "ValidationException", "DUALSTACK")
	refused(t, cl, createResourceGateway, &vpclattice.CreateResourceGatewayInput{Name: aws.String("gate")}, "ValidationException", "must be given")
	asked := in("vpc-1", "subnet-1", "")
	asked.ClientToken = aws.String("once")
	g := must(t, cl, createResourceGateway, asked)
	if again := must(t, cl, createResourceGateway, asked); *again.Id != *g.Id {
		t.Errorf("asked again it is %s, not %s", *again.Id, *g.Id)
	}
	if g.Status != types.ResourceGatewayStatusCreateInProgress || g.ResourceConfigDnsResolution != types.ResourceConfigDnsResolutionPublic || *g.Ipv4AddressesPerEni != 16 {
		t.Errorf("made %+v", g)
	}
	refused(t, cl, createResourceGateway, in("vpc-1", "subnet-1", ""), "ConflictException", "already exists")
	update := &vpclattice.UpdateResourceGatewayInput{ResourceGatewayIdentifier: g.Id, SecurityGroupIds: []string{"sg-1"}}
	refused(t, cl, updateResourceGateway, update, "ConflictException", "CREATE_IN_PROGRESS")
	c.Advance(Delay)
	must(t, cl, updateResourceGateway, update)
	c.Advance(Delay)
	if got := must(t, cl, getResourceGateway, &vpclattice.GetResourceGatewayInput{ResourceGatewayIdentifier: g.Arn}); got.Status != types.ResourceGatewayStatusActive || !slices.Equal(got.SecurityGroupIds, []string{"sg-1"}) {
		t.Errorf("later %+v", got)
	}
	refused(t, cl.In(consumer, ""), getResourceGateway, &vpclattice.GetResourceGatewayInput{ResourceGatewayIdentifier: g.Arn}, "AccessDeniedException", "resource-based policy")
	r := must(t, cl, createResource, single("db-one", *g.Id, ""))
	gone := &vpclattice.DeleteResourceGatewayInput{ResourceGatewayIdentifier: g.Id}
	refused(t, cl, deleteResourceGateway, gone, "ConflictException", "resource configuration(s)")
	must(t, cl, deleteResource, &vpclattice.DeleteResourceConfigurationInput{ResourceConfigurationIdentifier: r.Id})
	c.Advance(Delay)
	must(t, cl, deleteResourceGateway, gone)
	c.Advance(Delay)
	if all := must(t, cl, listResourceGateways, &vpclattice.ListResourceGatewaysInput{}).Items; len(all) != 0 {
		t.Errorf("left are %+v", all)
	}
}

// TestResources: what each type names and what it must not; the custom domain does
// not change, and a child's lies below its group's.
func TestResources(t *testing.T) {
	cl, c := resourceBed(t)
	g := newResourceGateway(t, cl, "gate", "")
	c.Advance(Delay)
	with := func(f func(*vpclattice.CreateResourceConfigurationInput)) *vpclattice.CreateResourceConfigurationInput {
		in := single("other", *g.Id, "other.example.com")
		f(in)
		return in
	}
	type in = *vpclattice.CreateResourceConfigurationInput
	group := must(t, cl, createResource, with(func(in in) {
		in.Name, in.Type, in.CustomDomainName, in.ResourceConfigurationDefinition, in.GroupDomain = aws.String("group"), types.ResourceConfigurationTypeGroup, nil, nil, aws.String("g.example.com")
	}))
	child := func(domain string) *vpclattice.CreateResourceConfigurationInput {
		return with(func(in in) {
			in.Name, in.Type, in.ResourceGatewayIdentifier, in.ResourceConfigurationGroupIdentifier, in.CustomDomainName = aws.String("child"), types.ResourceConfigurationTypeChild, nil, group.Id, &domain
		})
	}
	for _, test := range []struct {
		in         *vpclattice.CreateResourceConfigurationInput
		code, text string
	}{
		{with(func(in in) { in.Type = types.ResourceConfigurationTypeArn }), "NotImplementedByTwin", "ARN"},
		{with(func(in in) { in.ResourceGatewayIdentifier = nil }), "ValidationException", "names its resource gateway"},
		{with(func(in in) { in.ResourceGatewayIdentifier = aws.String("rgw-0123456789abcdef0") }), "ResourceNotFoundException", "rgw-0123456789abcdef0"},
		{with(func(in in) { in.ResourceConfigurationDefinition = nil }), "ValidationException", "has a definition"},
		{with(func(in in) { in.ResourceConfigurationGroupIdentifier = group.Id }), "ValidationException", "names its group"},
		{with(func(in in) { in.GroupDomain = aws.String("g.example.com") }), "ValidationException", "Only a resource configuration of type GROUP"},
		{with(func(in in) {
			in.Type, in.ResourceConfigurationDefinition = types.ResourceConfigurationTypeGroup, nil
		}), "ValidationException", "in place of a custom domain"},
		{with(func(in in) {
			in.ResourceConfigurationDefinition = &types.ResourceConfigurationDefinitionMemberIpResource{Value: types.IpResource{IpAddress: aws.String("192.0.2.1")}}
		}), "ValidationException", "no private address"},
		{with(func(in in) {
			in.ResourceConfigurationDefinition = &types.ResourceConfigurationDefinitionMemberDnsResource{Value: types.DnsResource{DomainName: aws.String("db.corp"), IpAddressType: types.ResourceConfigurationIpAddressTypeDualstack}}
		}), "ValidationException", "IPV4 or IPV6"},
		{with(func(in in) { in.DomainVerificationIdentifier = aws.String("dv-0123456789abcdef0") }), "ResourceNotFoundException", "dv-0123456789abcdef0"},
		{with(func(in in) { in.Name = aws.String("group") }), "ConflictException", "already exists"},
		{child("child.example.com"), "ValidationException", "not a subdomain"},
	} {
		refused(t, cl, createResource, test.in, test.code, test.text)
	}
	made := must(t, cl, createResource, child("child.g.example.com"))
	if *made.ResourceGatewayId != *g.Id || *made.ResourceConfigurationGroupId != *group.Id {
		t.Errorf("the child is %+v", made)
	}
	c.Advance(Delay)
	update := &vpclattice.UpdateResourceConfigurationInput{ResourceConfigurationIdentifier: made.Id, PortRanges: []string{"80"},
		ResourceConfigurationDefinition: &types.ResourceConfigurationDefinitionMemberDnsResource{Value: types.DnsResource{DomainName: aws.String("db.corp"), IpAddressType: types.ResourceConfigurationIpAddressTypeIpv4}}}
	must(t, cl, updateResource, update)
	refused(t, cl, updateResource, update, "ConflictException", "UPDATE_IN_PROGRESS")
	got := must(t, cl, getResource, &vpclattice.GetResourceConfigurationInput{ResourceConfigurationIdentifier: made.Id})
	if d, ok := got.ResourceConfigurationDefinition.(*types.ResourceConfigurationDefinitionMemberDnsResource); !ok || *d.Value.DomainName != "db.corp" || got.PortRanges[0] != "80" || *got.CustomDomainName != "child.g.example.com" {
		t.Errorf("updated %+v", got)
	}
	refused(t, cl, deleteResource, &vpclattice.DeleteResourceConfigurationInput{ResourceConfigurationIdentifier: group.Id}, "ConflictException", "child")
	if all := must(t, cl, listResources, &vpclattice.ListResourceConfigurationsInput{ResourceConfigurationGroupIdentifier: group.Id}).Items; len(all) != 1 || *all[0].Id != *made.Id {
		t.Errorf("of the group are %+v", all)
	}
	must(t, cl, tagResource, &vpclattice.TagResourceInput{ResourceArn: made.Arn, Tags: map[string]string{"team": "db"}})
	if tags := must(t, cl, listTagsForResource, &vpclattice.ListTagsForResourceInput{ResourceArn: made.Arn}).Tags; tags["team"] != "db" {
		t.Errorf("tags %v", tags)
	}
}

// TestCustomDomains: the owner proves a domain, shares a resource below it, and the
// consumer has its name in a VPC: once the domain is verified, and until the resource
// leaves the service network. The zone is AWS's own, and the group's children have
// names and addresses each of their own.
func TestCustomDomains(t *testing.T) {
	cl, c := resourceBed(t)
	theirs := cl.In(consumer, "")
	v := must(t, cl, startDomainVerification, &vpclattice.StartDomainVerificationInput{DomainName: aws.String("example.com"), Tags: map[string]string{"a": "b"}})
	refused(t, cl, startDomainVerification, &vpclattice.StartDomainVerificationInput{DomainName: aws.String("example.com")}, "ConflictException", "already exists")
	g := newResourceGateway(t, cl, "gate", "")
	wrong := single("database", *g.Id, "db.example.org")
	wrong.DomainVerificationIdentifier = v.Id
	refused(t, cl, createResource, wrong, "ValidationException", "is of example.com")
	in := single("database", *g.Id, "db.example.com")
	in.DomainVerificationIdentifier = v.Id
	r := must(t, cl, createResource, in)
	net := newServiceNetwork(t, theirs, "net")
	join := &vpclattice.CreateServiceNetworkResourceAssociationInput{ResourceConfigurationIdentifier: r.Arn, ServiceNetworkIdentifier: net.Id, PrivateDnsEnabled: aws.Bool(true)}
	refused(t, theirs, createResourceAssociation, join, "AccessDeniedException", "resource-based policy")
	share(t, cl, *r.Arn)
	a := must(t, theirs, createResourceAssociation, join)
	refused(t, theirs, createResourceAssociation, join, "ConflictException", "already associated")
	vpc := &vpclattice.CreateServiceNetworkVpcAssociationInput{ServiceNetworkIdentifier: net.Id, VpcIdentifier: aws.String("vpc-2"), PrivateDnsEnabled: aws.Bool(true)}
	if made := must(t, theirs, createVPCAssociation, vpc); made.DnsOptions.PrivateDnsPreference != types.PrivateDnsPreferenceVerifiedDomainsOnly {
		t.Errorf("the VPC's association is %+v", made)
	}
	c.Advance(Delay)
	if got := seen(cl, "vpc-2", "db.example.com", "A"); got != "NXDOMAIN" {
		t.Errorf("before the domain is verified: %s", got)
	}
	verify := func() types.VerificationStatus {
		c.Advance(VerifyEvery)
		if err := cl.World.Update(func(s *world.State) error { Settle(s, cl.World.Now()); return nil }); err != nil {
			t.Fatal(err)
		}
		return must(t, cl, getDomainVerification, &vpclattice.GetDomainVerificationInput{DomainVerificationIdentifier: v.Id}).Status
	}
	if s := verify(); s != types.VerificationStatusPending {
		t.Errorf("without the record it is %s", s)
	}
	change(t, cl, func(e *estate.Estate) {
		e.Records.Put(estate.RecordSet{Zone: "ZP", Name: dnsname.MustParse(*v.TxtMethodConfig.Name + ".example.com"), Type: "TXT", TTL: 60, Values: []string{`"` + *v.TxtMethodConfig.Value + `"`}})
	})
	if s := verify(); s != types.VerificationStatusVerified {
		t.Errorf("with the record it is %s", s)
	}
	got := must(t, theirs, getResourceAssociation, &vpclattice.GetServiceNetworkResourceAssociationInput{ServiceNetworkResourceAssociationIdentifier: a.Id})
	host := *got.DnsEntry.DomainName
	if want := *a.Id + "." + *r.Id + ".4232ccc.vpc-lattice-rsc.eu-west-1.on.aws"; host != want || *got.PrivateDnsEntry.DomainName != "db.example.com" || got.DomainVerificationStatus != types.VerificationStatusVerified {
		t.Errorf("the association is %+v", got)
	}
	address := seen(cl, "vpc-2", "db.example.com", "A")
	if !strings.HasPrefix(address, "NOERROR 129.224.") || answer(cl, host, "A") != address {
		t.Errorf("the VPC sees %s, the internet at the generated name %s", address, answer(cl, host, "A"))
	}
	if got := seen(cl, "vpc-1", "db.example.com", "A"); got != "NXDOMAIN" {
		t.Errorf("another VPC sees %s", got)
	}
	zones := func() (out []string) {
		if err := cl.World.Update(func(s *world.State) error {
			for _, z := range s.ManagedZones("vpc-2") {
				out = append(out, z.Name.String()+" "+z.Owner)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if got := fmt.Sprint(zones()); got != "[db.example.com "+world.LatticeService+"]" {
		t.Errorf("zones of AWS's own: %s", got)
	}
	// The proof goes; what used it stays as it is.
	must(t, cl, deleteDomainVerification, &vpclattice.DeleteDomainVerificationInput{DomainVerificationIdentifier: v.Id})
	if all := must(t, cl, listDomainVerifications, &vpclattice.ListDomainVerificationsInput{}).Items; len(all) != 0 || seen(cl, "vpc-2", "db.example.com", "A") != address {
		t.Errorf("without the proof: %+v, %s", all, seen(cl, "vpc-2", "db.example.com", "A"))
	}
	refused(t, theirs, deleteServiceNetwork, &vpclattice.DeleteServiceNetworkInput{ServiceNetworkIdentifier: net.Id}, "ConflictException", "associated")
	refused(t, cl, deleteResource, &vpclattice.DeleteResourceConfigurationInput{ResourceConfigurationIdentifier: r.Id}, "ConflictException", "service network(s)")
	// The owner of the resource takes it out of the network (sharing.html).
	if all := must(t, cl, listResourceAssociations, &vpclattice.ListServiceNetworkResourceAssociationsInput{ResourceConfigurationIdentifier: r.Id}).Items; len(all) != 1 || *all[0].Id != *a.Id {
		t.Errorf("the owner sees %+v", all)
	}
	must(t, cl, deleteResourceAssociation, &vpclattice.DeleteServiceNetworkResourceAssociationInput{ServiceNetworkResourceAssociationIdentifier: a.Id})
	c.Advance(Delay)
	if got := seen(cl, "vpc-2", "db.example.com", "A") + answer(cl, host, "A"); got != "NXDOMAINNXDOMAIN" {
		t.Errorf("out of the network: %s", got)
	}
}

// TestChildren: children of an associated group come into the VPC with their own
// names, also those made later, and go with themselves; a child is not associated
// by itself, nor is what its owner does not allow in a network that can be shared.
func TestChildren(t *testing.T) {
	cl, c := resourceBed(t)
	g := newResourceGateway(t, cl, "gate", "")
	group := must(t, cl, createResource, &vpclattice.CreateResourceConfigurationInput{Name: aws.String("group"), Type: types.ResourceConfigurationTypeGroup, ResourceGatewayIdentifier: g.Id,
		GroupDomain: aws.String("g.example.com"), AllowAssociationToShareableServiceNetwork: aws.Bool(true)})
	child := func(name string) *vpclattice.CreateResourceConfigurationOutput {
		in := single(name, "", name+".g.example.com")
		in.Type, in.ResourceGatewayIdentifier, in.ResourceConfigurationGroupIdentifier = types.ResourceConfigurationTypeChild, nil, group.Id
		return must(t, cl, createResource, in)
	}
	first := child("one")
	net := newServiceNetwork(t, cl, "net")
	join := func(id *string) *vpclattice.CreateServiceNetworkResourceAssociationInput {
		return &vpclattice.CreateServiceNetworkResourceAssociationInput{ResourceConfigurationIdentifier: id, ServiceNetworkIdentifier: net.Id, PrivateDnsEnabled: aws.Bool(true)}
	}
	refused(t, cl, createResourceAssociation, join(first.Id), "ValidationException", "is a child")
	closed := single("closed", *g.Id, "")
	closed.AllowAssociationToShareableServiceNetwork = nil
	refused(t, cl, createResourceAssociation, join(must(t, cl, createResource, closed).Id), "ValidationException", "can be shared")
	must(t, cl, createResourceAssociation, join(group.Id))
	must(t, cl, createVPCAssociation, &vpclattice.CreateServiceNetworkVpcAssociationInput{ServiceNetworkIdentifier: net.Id, VpcIdentifier: aws.String("vpc-1"), PrivateDnsEnabled: aws.Bool(true),
		DnsOptions: &types.DnsOptions{PrivateDnsPreference: types.PrivateDnsPreferenceSpecifiedDomainsOnly, PrivateDnsSpecifiedDomains: []string{"*.g.example.com"}}})
	c.Advance(Delay)
	second := child("two")
	if got := seen(cl, "vpc-1", "two.g.example.com", "A"); got != "NXDOMAIN" {
		t.Errorf("while it is made, the second child is %s", got)
	}
	c.Advance(Delay)
	one, two := seen(cl, "vpc-1", "one.g.example.com", "A"), seen(cl, "vpc-1", "two.g.example.com", "A")
	if !strings.HasPrefix(one, "NOERROR 129.224.") || !strings.HasPrefix(two, "NOERROR 129.224.") || one == two {
		t.Errorf("the children are %s and %s", one, two)
	}
	must(t, cl, deleteResource, &vpclattice.DeleteResourceConfigurationInput{ResourceConfigurationIdentifier: second.Id})
	c.Advance(Delay)
	if got := seen(cl, "vpc-1", "two.g.example.com", "A"); got != "NXDOMAIN" {
		t.Errorf("gone, the second child is %s", got)
	}
}

// TestVerificationTimesOut: AWS gives up at last, and the domain can be tried again
// under another verification.
func TestVerificationTimesOut(t *testing.T) {
	cl, c := resourceBed(t)
	v := must(t, cl, startDomainVerification, &vpclattice.StartDomainVerificationInput{DomainName: aws.String("example.com")})
	c.Advance(verifyFor + time.Second)
	if err := cl.World.Update(func(s *world.State) error { Settle(s, cl.World.Now()); return nil }); err != nil {
		t.Fatal(err)
	}
	if got := must(t, cl, getDomainVerification, &vpclattice.GetDomainVerificationInput{DomainVerificationIdentifier: v.Arn}); got.Status != types.VerificationStatusVerificationTimedOut {
		t.Errorf("it is %s", got.Status)
	}
	must(t, cl, deleteDomainVerification, &vpclattice.DeleteDomainVerificationInput{DomainVerificationIdentifier: v.Id})
	again := must(t, cl, startDomainVerification, &vpclattice.StartDomainVerificationInput{DomainName: aws.String("example.com")})
	if *again.Id == *v.Id || again.Status != types.VerificationStatusPending {
		t.Errorf("again it is %+v", again)
	}
}
