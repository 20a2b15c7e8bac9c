package lattice

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

const (
	owner    = "111111111111"
	consumer = "222222222222"
)

func bed() (worldtest.Client, *clock.Virtual) {
	cl, c := worldtest.New()
	cl.Policies, cl.Service = func(c *world.Call) world.Authorizer { return iam.Authorizer(c) }, "vpc-lattice"
	cl.World.Limits = true
	return cl, c
}

func must[I, O any](t *testing.T, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I) *O {
	t.Helper()
	out, err := worldtest.Do(cl, h, in)
	if err != nil {
		t.Fatalf("%T: %v", in, err)
	}
	return out
}

// refused calls a handler that must refuse with a code and a text.
func refused[I, O any](t *testing.T, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I, code, text string) {
	t.Helper()
	_, err := worldtest.Do(cl, h, in)
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), text) {
		t.Errorf("%T: %v, want %s: %s", in, err, code, text)
	}
}

func newService(t *testing.T, cl worldtest.Client, name, domain string) *vpclattice.CreateServiceOutput {
	t.Helper()
	return must(t, cl, createService, &vpclattice.CreateServiceInput{Name: &name, CustomDomainName: given(domain)})
}

func newServiceNetwork(t *testing.T, cl worldtest.Client, name string) *vpclattice.CreateServiceNetworkOutput {
	t.Helper()
	return must(t, cl, createServiceNetwork, &vpclattice.CreateServiceNetworkInput{Name: &name})
}

// TestService: the handlers fit the wire's tables, and each asks first.
func TestService(t *testing.T) {
	id := func(prefix string) string { return prefix + "-0123456789abcdef0" }
	arn := estate.LatticeARN(owner, "eu-west-1", kindService, id("svc"))
	service, network := wire.Tree{"serviceIdentifier": id("svc")}, wire.Tree{"serviceNetworkIdentifier": id("sn")}
	snsa, snva := wire.Tree{"serviceNetworkServiceAssociationIdentifier": id("snsa")}, wire.Tree{"serviceNetworkVpcAssociationIdentifier": id("snva")}
	gateway, resource := wire.Tree{"resourceGatewayIdentifier": id("rgw")}, wire.Tree{"resourceConfigurationIdentifier": id("rcfg")}
	snra, verification := wire.Tree{"serviceNetworkResourceAssociationIdentifier": id("snra")}, wire.Tree{"domainVerificationIdentifier": id("dv")}
	both := wire.Tree{"serviceIdentifier": id("svc"), "serviceNetworkIdentifier": id("sn")}
	worldtest.Handlers(t, "vpc-lattice", Service(), map[string]wire.Tree{
		"CreateService": {"name": "rates"}, "GetService": service, "UpdateService": service, "DeleteService": service,
		"CreateServiceNetwork": {"name": "net"}, "GetServiceNetwork": network, "DeleteServiceNetwork": network,
		"UpdateServiceNetwork":                   {"serviceNetworkIdentifier": id("sn"), "authType": "NONE"},
		"CreateServiceNetworkServiceAssociation": both, "ListServiceNetworkServiceAssociations": both,
		"GetServiceNetworkServiceAssociation": snsa, "DeleteServiceNetworkServiceAssociation": snsa,
		"CreateServiceNetworkVpcAssociation": {"vpcIdentifier": "vpc-12345678", "serviceNetworkIdentifier": id("sn")}, "ListServiceNetworkVpcAssociations": network,
		"GetServiceNetworkVpcAssociation": snva, "DeleteServiceNetworkVpcAssociation": snva,
		"UpdateServiceNetworkVpcAssociation": {"serviceNetworkVpcAssociationIdentifier": id("snva"), "securityGroupIds": []any{"sg-12345678"}},
		"CreateResourceGateway":              {"name": "gateway", "vpcIdentifier": "vpc-12345678", "subnetIds": []any{"subnet-1"}}, "ListResourceGateways": {},
		"GetResourceGateway": gateway, "UpdateResourceGateway": gateway, "DeleteResourceGateway": gateway,
		"CreateResourceConfiguration": {"name": "database", "type": "SINGLE", "resourceGatewayIdentifier": id("rgw"), "resourceConfigurationDefinition": wire.Tree{"ipResource": wire.Tree{"ipAddress": "10.0.0.7"}}},
		"GetResourceConfiguration":    resource, "UpdateResourceConfiguration": resource, "DeleteResourceConfiguration": resource,
		"CreateServiceNetworkResourceAssociation": {"resourceConfigurationIdentifier": id("rcfg"), "serviceNetworkIdentifier": id("sn")}, "ListServiceNetworkResourceAssociations": network,
		"GetServiceNetworkResourceAssociation": snra, "DeleteServiceNetworkResourceAssociation": snra,
		"StartDomainVerification": {"domainName": "example.com"}, "GetDomainVerification": verification, "DeleteDomainVerification": verification,
		"TagResource": {"resourceArn": arn, "tags": wire.Tree{"a": "b"}}, "UntagResource": {"resourceArn": arn, "tagKeys": []any{"a"}}, "ListTagsForResource": {"resourceArn": arn},
		"PutResourcePolicy": {"resourceArn": arn, "policy": "{}"}, "GetResourcePolicy": {"resourceArn": arn}, "DeleteResourcePolicy": {"resourceArn": arn},
		"PutAuthPolicy": {"resourceIdentifier": id("svc"), "policy": "{}"}, "GetAuthPolicy": {"resourceIdentifier": id("svc")}, "DeleteAuthPolicy": {"resourceIdentifier": id("svc")},
	})
}

// answer is what the internet gets for a name.
func answer(cl worldtest.Client, name, rrtype string) string {
	a := resolve.New(cl.World.Estate(), resolve.DefaultPolicy).Resolve(resolve.Vantage{}, dnsname.MustParse(name), rrtype)
	var values []string
	for _, r := range a.Records {
		values = append(values, r.Value)
	}
	return strings.Join(append([]string{string(a.Outcome)}, values...), " ")
}

// TestServiceLife: a service is made with its name, which answers with link-local
// addresses from then on (R7.1, R7.2), becomes active, cannot be made twice, and
// takes its name along when it has gone; made again it is another one.
func TestServiceLife(t *testing.T) {
	cl, c := bed()
	made := newService(t, cl, "rates", "Rates.Svc.Example.com")
	host := *made.DnsEntry.DomainName
	if want := "rates-" + strings.TrimPrefix(*made.Id, "svc-") + ".7d67968.vpc-lattice-svcs.eu-west-1.on.aws"; host != want || *made.CustomDomainName != "rates.svc.example.com" || made.Status != types.ServiceStatusCreateInProgress {
		t.Errorf("made %s, %s, %s; want %s", host, *made.CustomDomainName, made.Status, want)
	}
	if id, region, ok := estate.LatticeID(dnsname.MustParse(host)); id != *made.Id || region != "eu-west-1" || !ok {
		t.Errorf("the name leads to %s in %s", id, region)
	}
	if a, aaaa := answer(cl, host, "A"), answer(cl, host, "AAAA"); !strings.HasPrefix(a, "NOERROR 169.254.171.") || !strings.HasPrefix(aaaa, "NOERROR fd00:ec2:80::a9fe:ab") {
		t.Errorf("%s answers %q and %q", host, a, aaaa)
	}
	get := func() *vpclattice.GetServiceOutput {
		return must(t, cl, getService, &vpclattice.GetServiceInput{ServiceIdentifier: made.Arn})
	}
	if got := get(); got.Status != types.ServiceStatusCreateInProgress {
		t.Errorf("at once it is %s", got.Status)
	}
	c.Advance(Delay)
	if got := get(); got.Status != types.ServiceStatusActive || *got.DnsEntry.DomainName != host {
		t.Errorf("later it is %s, %s", got.Status, *got.DnsEntry.DomainName)
	}
	refused(t, cl, createService, &vpclattice.CreateServiceInput{Name: aws.String("rates")}, "ConflictException", "rates")
	if out := must(t, cl.In("", "us-east-1"), listServices, &vpclattice.ListServicesInput{}); len(out.Items) != 0 {
		t.Errorf("in another Region there is %+v", out.Items)
	}

	updated := must(t, cl, updateService, &vpclattice.UpdateServiceInput{ServiceIdentifier: made.Id, AuthType: types.AuthTypeAwsIam})
	if updated.AuthType != types.AuthTypeAwsIam || *updated.CustomDomainName != "rates.svc.example.com" {
		t.Errorf("updated %+v", updated)
	}
	for range 2 { // a repeated deletion changes nothing (API_DeleteService)
		if out := must(t, cl, deleteService, &vpclattice.DeleteServiceInput{ServiceIdentifier: made.Id}); out.Status != types.ServiceStatusDeleteInProgress {
			t.Errorf("deleted it is %s", out.Status)
		}
	}
	refused(t, cl, updateService, &vpclattice.UpdateServiceInput{ServiceIdentifier: made.Id}, "ConflictException", "DELETE_IN_PROGRESS")
	c.Advance(Delay)
	refused(t, cl, getService, &vpclattice.GetServiceInput{ServiceIdentifier: made.Arn}, "ResourceNotFoundException", *made.Id)
	if a := answer(cl, host, "A"); a != "NXDOMAIN" {
		t.Errorf("the name of a service that is gone answers %q", a)
	}
	if again := newService(t, cl, "rates", ""); *again.Id == *made.Id || again.CustomDomainName != nil {
		t.Errorf("made again: %s, %v", *again.Id, again.CustomDomainName)
	}
}

// TestRepeatedRequests: a client token makes one service; with other parameters it
// is refused (API_CreateService, clientToken).
func TestRepeatedRequests(t *testing.T) {
	cl, _ := bed()
	in := &vpclattice.CreateServiceInput{Name: aws.String("rates"), ClientToken: aws.String("t")}
	first, second := must(t, cl, createService, in), must(t, cl, createService, in)
	if *first.Id != *second.Id {
		t.Errorf("made %s and %s", *first.Id, *second.Id)
	}
	refused(t, cl, createService, &vpclattice.CreateServiceInput{Name: aws.String("other"), ClientToken: aws.String("t")}, "ConflictException", "other parameters")
	network := &vpclattice.CreateServiceNetworkInput{Name: aws.String("net"), ClientToken: aws.String("t")}
	if a, b := must(t, cl, createServiceNetwork, network), must(t, cl, createServiceNetwork, network); *a.Id != *b.Id {
		t.Errorf("made %s and %s", *a.Id, *b.Id)
	}
}

// TestRefusals: what CreateService and its like refuse.
func TestRefusals(t *testing.T) {
	cl, _ := bed()
	refused(t, cl, createService, &vpclattice.CreateServiceInput{Name: aws.String("abc"), CustomDomainName: aws.String("a..b")}, "ValidationException", "a..b")
	refused(t, cl, createService, &vpclattice.CreateServiceInput{Name: aws.String("abc"), Tags: map[string]string{"AWS:x": ""}}, "ValidationException", "reserved")
	refused(t, cl, createService, &vpclattice.CreateServiceInput{Name: aws.String("abc"), CertificateArn: aws.String("arn:aws:acm:eu-west-1:111111111111:certificate/1")}, "ValidationException", "not issued")
	refused(t, cl, createServiceNetwork, &vpclattice.CreateServiceNetworkInput{Name: aws.String("abc"), SharingConfig: &types.SharingConfig{Enabled: aws.Bool(false)}}, "NotImplementedByTwin", "SharingConfig")
	for _, name := range []string{"*.example.com", "example.com", "_x.example.com"} { // names of anybody
		newService(t, cl, "svc"+fmt.Sprint(len(name)), name)
	}
	newServiceNetwork(t, cl, "net")
	refused(t, cl, createServiceNetwork, &vpclattice.CreateServiceNetworkInput{Name: aws.String("net")}, "ConflictException", "net")
	refused(t, cl, getServiceNetwork, &vpclattice.GetServiceNetworkInput{ServiceNetworkIdentifier: aws.String("sn-0123456789abcdef0")}, "ResourceNotFoundException", "sn-")
	refused(t, cl, listServices, &vpclattice.ListServicesInput{NextToken: aws.String("!")}, "ValidationException", "nextToken")
	refused(t, cl, listServiceAssociations, &vpclattice.ListServiceNetworkServiceAssociationsInput{}, "ValidationException", "must be given")

	bare := cl
	bare.Caller = world.Caller{Account: owner, ARN: "arn:aws:iam::111111111111:user/bare", ID: "AIDA1"}
	refused(t, bare, createService, &vpclattice.CreateServiceInput{Name: aws.String("abc")}, "AccessDeniedException", "vpc-lattice:CreateService on resource: arn:aws:vpc-lattice:eu-west-1:111111111111:service/*")
	refused(t, bare, listServices, &vpclattice.ListServicesInput{}, "AccessDeniedException", "vpc-lattice:ListServices")
}

// TestQuotas: of services, service networks and what is in one (quotas.html).
func TestQuotas(t *testing.T) {
	cl, _ := bed()
	if err := cl.World.Update(func(s *world.State) error {
		for i := range services.n - 1 {
			v := estate.LatticeService{ID: fmt.Sprintf("svc-%017d", i), Name: fmt.Sprintf("s%04d", i), Account: owner, Region: cl.Region, Status: estate.LatticeActive}
			v.ARN = estate.LatticeARN(owner, cl.Region, kindService, v.ID)
			s.Estate.LatticeServices.Put(v)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	newService(t, cl, "last", "")
	refused(t, cl, createService, &vpclattice.CreateServiceInput{Name: aws.String("more")}, "ServiceQuotaExceededException", "2000")
	newService(t, cl.In(consumer, ""), "more", "")
	for i := range networks.n {
		newServiceNetwork(t, cl, fmt.Sprintf("n%04d", i))
	}
	refused(t, cl, createServiceNetwork, &vpclattice.CreateServiceNetworkInput{Name: aws.String("more")}, "ServiceQuotaExceededException", "50")

	s, net := newService(t, cl.In("", "us-east-1"), "one", ""), newServiceNetwork(t, cl.In("", "us-east-1"), "net")
	if err := cl.World.Update(func(st *world.State) error {
		for i := range serviceAssociations.n {
			st.Estate.LatticeAssociations.Put(estate.LatticeAssociation{
				ID: fmt.Sprintf("snsa-%d", i), Account: owner, Region: "us-east-1", Network: *net.Arn, Service: fmt.Sprint("arn:", i), Status: estate.LatticeActive,
			})
		}
		st.Estate.VPCs.Put(estate.VPC{ID: "vpc-1", Account: owner, Region: "us-east-1"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	refused(t, cl.In("", "us-east-1"), createServiceAssociation, &vpclattice.CreateServiceNetworkServiceAssociationInput{ServiceIdentifier: s.Id, ServiceNetworkIdentifier: net.Id}, "ServiceQuotaExceededException", "500")
	must(t, cl.In("", "us-east-1"), createVPCAssociation, &vpclattice.CreateServiceNetworkVpcAssociationInput{VpcIdentifier: aws.String("vpc-1"), ServiceNetworkIdentifier: net.Id})

	var ids []string // in pages
	var token *string
	for pages := 0; ; pages++ {
		out := must(t, cl, listServices, &vpclattice.ListServicesInput{NextToken: token})
		for _, s := range out.Items {
			ids = append(ids, *s.Id)
		}
		if token = out.NextToken; token == nil {
			if pages != 19 {
				t.Errorf("%d pages", pages+1)
			}
			break
		}
	}
	slices.Sort(ids)
	if len(slices.Compact(ids)) != services.n {
		t.Errorf("%d services are listed", len(ids))
	}
	cl.World.Limits = false
	newService(t, cl, "more", "")
}

// TestAssociations: a service in a service network cannot be deleted, its custom
// domain is the only one of its name there (R7.3), and an association in progress
// cannot be ended.
func TestAssociations(t *testing.T) {
	cl, c := bed()
	one, two, net := newService(t, cl, "one", "a.example.com"), newService(t, cl, "two", "A.example.com."), newServiceNetwork(t, cl, "net")
	join := func(s *vpclattice.CreateServiceOutput, n *vpclattice.CreateServiceNetworkOutput) *vpclattice.CreateServiceNetworkServiceAssociationInput {
		return &vpclattice.CreateServiceNetworkServiceAssociationInput{ServiceIdentifier: s.Id, ServiceNetworkIdentifier: n.Id}
	}
	a := must(t, cl, createServiceAssociation, join(one, net))
	if a.Status != types.ServiceNetworkServiceAssociationStatusCreateInProgress || *a.CustomDomainName != "a.example.com" {
		t.Errorf("made %+v", a)
	}
	refused(t, cl, createServiceAssociation, join(one, net), "ConflictException", "already associated")
	refused(t, cl, createServiceAssociation, join(two, net), "ConflictException", "a.example.com")
	must(t, cl, createServiceAssociation, join(two, newServiceNetwork(t, cl, "other")))
	end := &vpclattice.DeleteServiceNetworkServiceAssociationInput{ServiceNetworkServiceAssociationIdentifier: a.Arn}
	refused(t, cl, deleteServiceAssociation, end, "ConflictException", "CREATE_IN_PROGRESS")
	c.Advance(Delay)
	if got := must(t, cl, getServiceAssociation, &vpclattice.GetServiceNetworkServiceAssociationInput{ServiceNetworkServiceAssociationIdentifier: a.Id}); got.Status != types.ServiceNetworkServiceAssociationStatusActive || *got.ServiceNetworkName != "net" {
		t.Errorf("later %+v", got)
	}
	if n := must(t, cl, getServiceNetwork, &vpclattice.GetServiceNetworkInput{ServiceNetworkIdentifier: net.Id}); *n.NumberOfAssociatedServices != 1 || *n.NumberOfAssociatedVPCs != 0 {
		t.Errorf("the network has %d services and %d VPCs", *n.NumberOfAssociatedServices, *n.NumberOfAssociatedVPCs)
	}
	refused(t, cl, deleteService, &vpclattice.DeleteServiceInput{ServiceIdentifier: one.Id}, "ConflictException", "associated")
	refused(t, cl, deleteServiceNetwork, &vpclattice.DeleteServiceNetworkInput{ServiceNetworkIdentifier: net.Id}, "ConflictException", "has service(s) associated")
	if all := must(t, cl, listServiceAssociations, &vpclattice.ListServiceNetworkServiceAssociationsInput{ServiceIdentifier: two.Arn}).Items; len(all) != 1 || *all[0].ServiceNetworkName != "other" {
		t.Errorf("two is in %+v", all)
	}
	if out := must(t, cl, deleteServiceAssociation, end); out.Status != types.ServiceNetworkServiceAssociationStatusDeleteInProgress {
		t.Errorf("ended it is %s", out.Status)
	}
	c.Advance(Delay)
	must(t, cl, deleteServiceNetwork, &vpclattice.DeleteServiceNetworkInput{ServiceNetworkIdentifier: net.Id})
	must(t, cl, deleteService, &vpclattice.DeleteServiceInput{ServiceIdentifier: one.Id})
}

// TestVPCs: a VPC is in one service network, and only its owner puts it there.
func TestVPCs(t *testing.T) {
	cl, c := bed()
	if err := cl.World.Update(func(s *world.State) error {
		s.Estate.VPCs.Put(estate.VPC{ID: "vpc-1", Account: owner, Region: "eu-west-1"})
		s.Estate.SecurityGroups.Put(estate.SecurityGroup{ID: "sg-1", VPC: "vpc-1", Account: owner, Region: "eu-west-1"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	net, other := newServiceNetwork(t, cl, "net"), newServiceNetwork(t, cl, "other")
	in := func(n *string, groups ...string) *vpclattice.CreateServiceNetworkVpcAssociationInput {
		return &vpclattice.CreateServiceNetworkVpcAssociationInput{ServiceNetworkIdentifier: n, VpcIdentifier: aws.String("vpc-1"), SecurityGroupIds: groups}
	}
	refused(t, cl, createVPCAssociation, in(net.Id, "sg-2"), "ResourceNotFoundException", "sg-2")
	refused(t, cl.In(consumer, ""), createVPCAssociation, in(net.Arn), "AccessDeniedException", "resource-based policy")
	private := in(net.Id)
	private.DnsOptions = &types.DnsOptions{PrivateDnsPreference: types.PrivateDnsPreferenceAllDomains}
	refused(t, cl, createVPCAssociation, private, "ValidationException", "only supported when private DNS is enabled")
	private.PrivateDnsEnabled, private.DnsOptions.PrivateDnsSpecifiedDomains = aws.Bool(true), []string{"a.example.com"}
	refused(t, cl, createVPCAssociation, private, "ValidationException", "and only there")
	private.DnsOptions = &types.DnsOptions{PrivateDnsPreference: types.PrivateDnsPreferenceSpecifiedDomainsOnly}
	refused(t, cl, createVPCAssociation, private, "ValidationException", "Domains are specified with")
	a := must(t, cl, createVPCAssociation, in(net.Id))
	refused(t, cl, createVPCAssociation, in(other.Id), "ConflictException", *net.Id)
	c.Advance(Delay)
	update := &vpclattice.UpdateServiceNetworkVpcAssociationInput{ServiceNetworkVpcAssociationIdentifier: a.Id, SecurityGroupIds: []string{"sg-1"}}
	if out := must(t, cl, updateVPCAssociation, update); out.Status != types.ServiceNetworkVpcAssociationStatusUpdateInProgress {
		t.Errorf("updated it is %s", out.Status)
	}
	c.Advance(Delay)
	if got := must(t, cl, getVPCAssociation, &vpclattice.GetServiceNetworkVpcAssociationInput{ServiceNetworkVpcAssociationIdentifier: a.Arn}); got.Status != types.ServiceNetworkVpcAssociationStatusActive || got.SecurityGroupIds[0] != "sg-1" {
		t.Errorf("later %+v", got)
	}
	refused(t, cl, deleteServiceNetwork, &vpclattice.DeleteServiceNetworkInput{ServiceNetworkIdentifier: net.Id}, "ConflictException", "has VPC(s) associated")
	if all := must(t, cl, listVPCAssociations, &vpclattice.ListServiceNetworkVpcAssociationsInput{VpcIdentifier: aws.String("vpc-1")}).Items; len(all) != 1 {
		t.Errorf("listed %+v", all)
	}
	must(t, cl, deleteVPCAssociation, &vpclattice.DeleteServiceNetworkVpcAssociationInput{ServiceNetworkVpcAssociationIdentifier: a.Id})
	c.Advance(Delay)
	must(t, cl, createVPCAssociation, in(other.Id))
}

// share lends resources of the owner's to the consumer.
func share(t *testing.T, cl worldtest.Client, arns ...string) {
	t.Helper()
	if err := cl.World.Update(func(s *world.State) error {
		out := estate.Share{
			ARN: "arn:aws:ram:eu-west-1:111111111111:resource-share/1", Account: owner, Region: cl.Region, AllowExternal: true,
			Principals: []estate.ShareMember{{ID: consumer, Status: estate.ShareAssociated, External: true}},
		}
		for _, arn := range arns {
			out.Resources = append(out.Resources, estate.ShareMember{ID: arn, Status: estate.ShareAssociated})
		}
		s.Estate.Shares.Put(out)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// TestSharing: a consumer sees what RAM shares with it, by its ARN, and associates
// its own with it; it changes nothing, and associations outlive the share
// (sharing.html).
func TestSharing(t *testing.T) {
	cl, c := bed()
	theirs := cl.In(consumer, "")
	lent, kept, net := newService(t, cl, "lent", "a.example.com"), newService(t, cl, "kept", ""), newServiceNetwork(t, cl, "net")
	own := newService(t, theirs, "own", "")
	share(t, cl, *lent.Arn, *net.Arn)

	names := func(cl worldtest.Client) (out []string) {
		for _, s := range must(t, cl, listServices, &vpclattice.ListServicesInput{}).Items {
			out = append(out, *s.Name)
		}
		slices.Sort(out)
		return out
	}
	if got := fmt.Sprint(names(theirs), names(cl), names(cl.In("333333333333", ""))); got != "[lent own] [kept lent] []" {
		t.Errorf("they see %s", got)
	}
	got := must(t, theirs, getService, &vpclattice.GetServiceInput{ServiceIdentifier: lent.Arn})
	if *got.CustomDomainName != "a.example.com" || *got.Arn != *lent.Arn {
		t.Errorf("the consumer gets %+v", got)
	}
	refused(t, theirs, getService, &vpclattice.GetServiceInput{ServiceIdentifier: lent.Id}, "ResourceNotFoundException", *lent.Id)
	refused(t, theirs, getService, &vpclattice.GetServiceInput{ServiceIdentifier: kept.Arn}, "AccessDeniedException", "resource-based policy")
	refused(t, theirs, deleteService, &vpclattice.DeleteServiceInput{ServiceIdentifier: lent.Arn}, "AccessDeniedException", "DeleteService")
	refused(t, theirs, tagResource, &vpclattice.TagResourceInput{ResourceArn: lent.Arn, Tags: map[string]string{"a": "b"}}, "AccessDeniedException", "TagResource")
	refused(t, theirs, createServiceAssociation, &vpclattice.CreateServiceNetworkServiceAssociationInput{ServiceIdentifier: lent.Arn, ServiceNetworkIdentifier: net.Arn}, "AccessDeniedException", "both shared")

	a := must(t, theirs, createServiceAssociation, &vpclattice.CreateServiceNetworkServiceAssociationInput{ServiceIdentifier: own.Id, ServiceNetworkIdentifier: net.Arn})
	if !strings.Contains(*a.Arn, ":"+consumer+":") {
		t.Errorf("made %s", *a.Arn)
	}
	c.Advance(Delay)
	all := must(t, cl, listServiceAssociations, &vpclattice.ListServiceNetworkServiceAssociationsInput{ServiceNetworkIdentifier: net.Id}).Items
	if len(all) != 1 || *all[0].CreatedBy != consumer || *all[0].Arn != estate.LatticeARN(owner, "eu-west-1", kindServiceAssociation, *a.Id) {
		t.Fatalf("the owner sees %+v", all)
	}
	share(t, cl) // no more
	refused(t, theirs, getService, &vpclattice.GetServiceInput{ServiceIdentifier: lent.Arn}, "AccessDeniedException", "")
	must(t, theirs, getServiceAssociation, &vpclattice.GetServiceNetworkServiceAssociationInput{ServiceNetworkServiceAssociationIdentifier: a.Arn})
	must(t, cl, deleteServiceAssociation, &vpclattice.DeleteServiceNetworkServiceAssociationInput{ServiceNetworkServiceAssociationIdentifier: all[0].Arn})
}

// TestUnreadShares: in a world made of what was observed, where the owner's shares
// were not read, a consumer may get what there is, and changes nothing of it; a list
// has what is known to be lent alone, or it would be of all the organization.
func TestUnreadShares(t *testing.T) {
	cl, _ := bed()
	made := newService(t, cl, "rates", "")
	observed := func(kinds ...estate.QueryKind) worldtest.Client {
		e := cl.World.Estate()
		for _, k := range append(kinds, estate.QueryAccounts) {
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: k, Account: owner, Region: "eu-west-1"}})
		}
		other, _ := bed()
		other.World = world.New(other.World.Clock, e)
		return other.In(consumer, "")
	}
	unread, read := observed(), observed(estate.QueryShares)
	for _, theirs := range []worldtest.Client{unread, read} {
		if got := must(t, theirs, listServices, &vpclattice.ListServicesInput{}).Items; len(got) != 0 {
			t.Errorf("%d services are listed", len(got))
		}
	}
	must(t, unread, getService, &vpclattice.GetServiceInput{ServiceIdentifier: made.Arn})
	refused(t, unread, deleteService, &vpclattice.DeleteServiceInput{ServiceIdentifier: made.Arn}, "AccessDeniedException", "")
	refused(t, read, getService, &vpclattice.GetServiceInput{ServiceIdentifier: made.Arn}, "AccessDeniedException", "")
}

// TestPolicies: a resource policy lets another account; an auth policy acts with
// its auth type.
func TestPolicies(t *testing.T) {
	cl, _ := bed()
	theirs, s := cl.In(consumer, ""), newService(t, cl, "rates", "")
	get := &vpclattice.GetServiceInput{ServiceIdentifier: s.Arn}
	refused(t, theirs, getService, get, "AccessDeniedException", "")
	text := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"222222222222"},"Action":["vpc-lattice:GetService"],"Resource":"*"}]}`
	put := &vpclattice.PutResourcePolicyInput{ResourceArn: s.Arn, Policy: &text}
	refused(t, cl, putResourcePolicy, &vpclattice.PutResourcePolicyInput{ResourceArn: s.Arn, Policy: aws.String("{\n}")}, "ValidationException", "newlines")
	refused(t, cl, putResourcePolicy, &vpclattice.PutResourcePolicyInput{ResourceArn: s.Arn, Policy: aws.String("{}")}, "ValidationException", "")
	refused(t, cl, getResourcePolicy, &vpclattice.GetResourcePolicyInput{ResourceArn: s.Arn}, "ResourceNotFoundException", "")
	must(t, cl, putResourcePolicy, put)
	if out := must(t, cl, getResourcePolicy, &vpclattice.GetResourcePolicyInput{ResourceArn: s.Arn}); *out.Policy != text {
		t.Errorf("the policy is %s", *out.Policy)
	}
	must(t, theirs, getService, get)
	refused(t, theirs, deleteResourcePolicy, &vpclattice.DeleteResourcePolicyInput{ResourceArn: s.Arn}, "AccessDeniedException", "")
	must(t, cl, deleteResourcePolicy, &vpclattice.DeleteResourcePolicyInput{ResourceArn: s.Arn})
	refused(t, theirs, getService, get, "AccessDeniedException", "")

	auth := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"vpc-lattice-svcs:Invoke","Resource":"*"}]}`
	if out := must(t, cl, putAuthPolicy, &vpclattice.PutAuthPolicyInput{ResourceIdentifier: s.Id, Policy: &auth}); out.State != types.AuthPolicyStateInactive {
		t.Errorf("it is %s", out.State)
	}
	net := newServiceNetwork(t, cl, "net")
	must(t, cl, updateServiceNetwork, &vpclattice.UpdateServiceNetworkInput{ServiceNetworkIdentifier: net.Id, AuthType: types.AuthTypeAwsIam})
	if out := must(t, cl, putAuthPolicy, &vpclattice.PutAuthPolicyInput{ResourceIdentifier: net.Id, Policy: &auth}); out.State != types.AuthPolicyStateActive {
		t.Errorf("of the network it is %s", out.State)
	}
	must(t, cl, deleteAuthPolicy, &vpclattice.DeleteAuthPolicyInput{ResourceIdentifier: s.Id})
	refused(t, cl, getAuthPolicy, &vpclattice.GetAuthPolicyInput{ResourceIdentifier: s.Id}, "ResourceNotFoundException", "")
	must(t, cl, getAuthPolicy, &vpclattice.GetAuthPolicyInput{ResourceIdentifier: net.Arn})
}

// TestTags: of services, service networks and associations.
func TestTags(t *testing.T) {
	cl, _ := bed()
	s := must(t, cl, createService, &vpclattice.CreateServiceInput{Name: aws.String("rates"), Tags: map[string]string{"a": "1"}})
	net := newServiceNetwork(t, cl, "net")
	a := must(t, cl, createServiceAssociation, &vpclattice.CreateServiceNetworkServiceAssociationInput{ServiceIdentifier: s.Id, ServiceNetworkIdentifier: net.Id})
	for _, arn := range []*string{s.Arn, net.Arn, a.Arn} {
		must(t, cl, tagResource, &vpclattice.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"b": "2", "c": "3"}})
		must(t, cl, untagResource, &vpclattice.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"c", "d"}})
	}
	for arn, want := range map[*string]string{s.Arn: "map[a:1 b:2]", net.Arn: "map[b:2]", a.Arn: "map[b:2]"} {
		if got := fmt.Sprint(must(t, cl, listTagsForResource, &vpclattice.ListTagsForResourceInput{ResourceArn: arn}).Tags); got != want {
			t.Errorf("%s has %s, want %s", *arn, got, want)
		}
	}
	refused(t, cl, tagResource, &vpclattice.TagResourceInput{ResourceArn: aws.String(*s.Arn + "x")}, "ResourceNotFoundException", "")
}

// TestLoadedEstate: services that an estate shows on their way have arrived in a
// twin that is made of it, and their names answer.
func TestLoadedEstate(t *testing.T) {
	cl, _ := bed()
	made, gone := newService(t, cl, "rates", "a.example.com"), newService(t, cl, "gone", "")
	must(t, cl, deleteService, &vpclattice.DeleteServiceInput{ServiceIdentifier: gone.Id})
	e := cl.World.Estate()
	for target := range e.Targets.All() {
		e.Targets.Delete(target.Key())
	}
	cl.World.Reset(e)
	if got := must(t, cl, getService, &vpclattice.GetServiceInput{ServiceIdentifier: made.Arn}); got.Status != types.ServiceStatusActive || got.AuthType != types.AuthTypeNone {
		t.Errorf("it is %+v", got)
	}
	if a := answer(cl, *made.DnsEntry.DomainName, "A"); !strings.HasPrefix(a, "NOERROR 169.254.171.") {
		t.Errorf("its name answers %q", a)
	}
	refused(t, cl, getService, &vpclattice.GetServiceInput{ServiceIdentifier: gone.Arn}, "ResourceNotFoundException", "")
}
