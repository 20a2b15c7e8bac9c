package resolver

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

const (
	net = estate.AccountID("111111111111")
	app = estate.AccountID("222222222222")
)

// loaded is an estate as a rehearsal loads it: a hub with endpoints and a rule,
// which is shared with a consumer that has associated it.
func loaded() estate.Estate {
	var e estate.Estate
	e.Accounts.Put(estate.Account{ID: net}, estate.Account{ID: app})
	for _, v := range []estate.VPC{{ID: "vpc-hub", Account: net}, {ID: "vpc-two", Account: net}, {ID: "vpc-app", Account: app}} {
		v.Region, v.CIDRs = "eu-west-1", []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}
		e.VPCs.Put(v)
	}
	for i, s := range []estate.Subnet{{ID: "subnet-a", VPC: "vpc-hub"}, {ID: "subnet-b", VPC: "vpc-hub"}, {ID: "subnet-c", VPC: "vpc-two"}} {
		s.Account, s.Region, s.CIDR = net, "eu-west-1", netip.MustParsePrefix(fmt.Sprintf("10.0.%d.0/28", i))
		e.Subnets.Put(s)
	}
	e.SecurityGroups.Put(estate.SecurityGroup{ID: "sg-hub", Account: net, Region: "eu-west-1", VPC: "vpc-hub"}, estate.SecurityGroup{ID: "sg-two", Account: net, Region: "eu-west-1", VPC: "vpc-two"})
	e.ResolverEndpoints.Put(
		estate.ResolverEndpoint{ID: "rslvr-in-1", Account: net, Region: "eu-west-1", VPC: "vpc-hub", Direction: estate.EndpointInbound, Status: estate.StatusOperational, Addresses: []estate.ResolverAddress{
			{ID: "rni-1", Subnet: "subnet-a", IP: netip.MustParseAddr("10.0.0.5")}, {ID: "rni-2", Subnet: "subnet-b", IP: netip.MustParseAddr("10.0.1.5")}}},
		estate.ResolverEndpoint{ID: "rslvr-out-1", Account: net, Region: "eu-west-1", VPC: "vpc-hub", Direction: estate.EndpointOutbound, Status: estate.StatusOperational})
	rule := estate.ResolverRule{ID: "rslvr-rr-1", Account: net, Region: "eu-west-1", Domain: dnsname.MustParse("corp.int"), Type: estate.RuleForward,
		Targets: []estate.RuleTarget{{IP: netip.MustParseAddr("10.0.0.5")}}, Endpoint: "rslvr-out-1"}
	e.ResolverRules.Put(rule)
	e.Shares.Put(estate.Share{ARN: "share", Account: net, Region: "eu-west-1",
		Resources:  []estate.ShareMember{{ID: rule.ARN(), Status: estate.ShareAssociated}},
		Principals: []estate.ShareMember{{ID: string(app), Status: estate.ShareAssociated, External: true}}})
	e.RuleAssociations.Put(estate.RuleAssociation{ID: "rslvr-rrassoc-1", Rule: rule.ID, VPC: "vpc-app", Account: app, Region: "eu-west-1"})
	return e
}

func bed() (worldtest.Client, *clock.Virtual) {
	c := clock.NewVirtual(worldtest.Start)
	w := world.New(c, loaded())
	w.Limits = true
	return worldtest.Client{World: w, Account: net, Region: "eu-west-1"}, c
}

func must[I, O any](t *testing.T, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I) *O {
	t.Helper()
	out, err := worldtest.Do(cl, h, in)
	if err != nil {
		t.Fatalf("%T: %v", in, err)
	}
	return out
}

func refused[I, O any](t *testing.T, name string, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I, code, words string) {
	t.Helper()
	_, err := worldtest.Do(cl, h, in)
	var coded interface{ ErrorCode() string }
	if !errors.As(err, &coded) || coded.ErrorCode() != code || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: %v, want %s %q", name, err, code, words)
	}
}

func in(direction types.ResolverEndpointDirection, group string, subnets ...string) *sdk.CreateResolverEndpointInput {
	r := &sdk.CreateResolverEndpointInput{Direction: direction, SecurityGroupIds: []string{group}}
	for _, s := range subnets {
		r.IpAddresses = append(r.IpAddresses, types.IpAddressRequest{SubnetId: aws.String(s)})
	}
	return r
}

func TestEndpoint(t *testing.T) {
	cl, c := bed()
	out := must(t, cl, createResolverEndpoint, in("OUTBOUND", "sg-hub", "subnet-a", "subnet-b")).ResolverEndpoint
	if out.Status != types.ResolverEndpointStatusCreating || *out.IpAddressCount != 2 || *out.HostVPCId != "vpc-hub" {
		t.Errorf("%+v", out)
	}
	c.Advance(EndpointDelay)
	get := func() types.ResolverEndpoint {
		return *must(t, cl, getResolverEndpoint, &sdk.GetResolverEndpointInput{ResolverEndpointId: out.Id}).ResolverEndpoint
	}
	if s := get().Status; s != types.ResolverEndpointStatusOperational {
		t.Errorf("status %s", s)
	}
	add := &sdk.AssociateResolverEndpointIpAddressInput{ResolverEndpointId: out.Id, IpAddress: &types.IpAddressUpdate{SubnetId: aws.String("subnet-a"), Ip: aws.String("10.0.0.9")}}
	if p := must(t, cl, associateResolverEndpointIPAddress, add).ResolverEndpoint; p.Status != types.ResolverEndpointStatusUpdating || *p.IpAddressCount != 3 {
		t.Errorf("%+v", p)
	}
	c.Advance(EndpointDelay)
	for _, tc := range []struct {
		name, ip, code string // source
	}{
		{"VPC User Guide, subnet-sizing: reserved", "10.0.0.3", "InvalidRequestException"},
		{"outside the subnet", "10.0.9.9", "InvalidRequestException"},
		{"API: in use", "10.0.0.5", "ResourceExistsException"},
	} {
		refused(t, tc.name, cl, associateResolverEndpointIPAddress, &sdk.AssociateResolverEndpointIpAddressInput{ResolverEndpointId: out.Id,
			IpAddress: &types.IpAddressUpdate{SubnetId: aws.String("subnet-a"), Ip: aws.String(tc.ip)}}, tc.code, "")
	}
	drop := &sdk.DisassociateResolverEndpointIpAddressInput{ResolverEndpointId: out.Id, IpAddress: add.IpAddress}
	must(t, cl, disassociateResolverEndpointIPAddress, drop)
	c.Advance(EndpointDelay)
	addresses := must(t, cl, listResolverEndpointIPAddresses, &sdk.ListResolverEndpointIpAddressesInput{ResolverEndpointId: out.Id}).IpAddresses
	refused(t, "R4.1: two at least", cl, disassociateResolverEndpointIPAddress, &sdk.DisassociateResolverEndpointIpAddressInput{ResolverEndpointId: out.Id, IpAddress: &types.IpAddressUpdate{IpId: addresses[0].IpId}}, "InvalidRequestException", "at least 2")
	must(t, cl, deleteResolverEndpoint, &sdk.DeleteResolverEndpointInput{ResolverEndpointId: out.Id})
	c.Advance(EndpointDelay)
	refused(t, "deleted", cl, getResolverEndpoint, &sdk.GetResolverEndpointInput{ResolverEndpointId: out.Id}, "ResourceNotFoundException", "")

	many := in("INBOUND", "sg-hub", "subnet-a", "subnet-a", "subnet-a", "subnet-b", "subnet-b", "subnet-b", "subnet-b")
	doh := in("INBOUND_DELEGATION", "sg-hub", "subnet-a", "subnet-b")
	doh.Protocols = []types.Protocol{types.ProtocolDoh}
	for _, tc := range []struct {
		name string // source
		cl   worldtest.Client
		in   *sdk.CreateResolverEndpointInput
		code string
	}{
		{"R4.1: two at least", cl, in("INBOUND", "sg-hub", "subnet-a"), "InvalidRequestException"},
		{"section 9: six at most", cl, many, "LimitExceededException"},
		{"R4.11: not in another's subnet", cl.In(app, ""), in("INBOUND", "sg-hub", "subnet-a", "subnet-b"), "InvalidParameterException"},
		{"one VPC", cl, in("INBOUND", "sg-hub", "subnet-a", "subnet-c"), "InvalidRequestException"},
		{"a group of another VPC", cl, in("INBOUND", "sg-two", "subnet-a", "subnet-b"), "InvalidParameterException"},
		{"R4.12: delegation speaks Do53", cl, doh, "InvalidParameterException"},
	} {
		refused(t, tc.name, tc.cl, createResolverEndpoint, tc.in, tc.code, "")
	}
	must(t, cl, createResolverEndpoint, in("INBOUND", "sg-hub", "subnet-a", "subnet-b"))
	must(t, cl, createResolverEndpoint, in("INBOUND", world.Derived("sg", "vpc-hub"), "subnet-a", "subnet-b"))
	refused(t, "section 9: four endpoints", cl, createResolverEndpoint, in("INBOUND", "sg-hub", "subnet-a", "subnet-b"), "LimitExceededException", "max-endpoints")
	refused(t, "rules send through it (terraform-provider-aws#11948)", cl, deleteResolverEndpoint, &sdk.DeleteResolverEndpointInput{ResolverEndpointId: aws.String("rslvr-out-1")}, "InvalidRequestException", "RSLVR-00600")
}

func target(ips ...string) (out []types.TargetAddress) {
	for _, ip := range ips {
		if strings.Contains(ip, ":") {
			out = append(out, types.TargetAddress{Ipv6: aws.String(ip)})
		} else {
			out = append(out, types.TargetAddress{Ip: aws.String(ip)})
		}
	}
	return out
}

func TestRuleParameters(t *testing.T) {
	cl, _ := bed()
	name, via := aws.String("example.com"), aws.String("rslvr-out-1")
	for _, tc := range []struct {
		name string // source
		in   sdk.CreateResolverRuleInput
		code string
	}{
		{"R1.7: only AWS makes RECURSIVE", sdk.CreateResolverRuleInput{RuleType: "RECURSIVE", DomainName: name}, "InvalidParameterException"},
		{"API: FORWARD needs targets", sdk.CreateResolverRuleInput{RuleType: "FORWARD", DomainName: name, ResolverEndpointId: via}, "InvalidParameterException"},
		{"API: FORWARD needs an endpoint", sdk.CreateResolverRuleInput{RuleType: "FORWARD", DomainName: name, TargetIps: target("10.9.9.9")}, "InvalidParameterException"},
		{"API: SYSTEM has no targets", sdk.CreateResolverRuleInput{RuleType: "SYSTEM", DomainName: name, TargetIps: target("10.9.9.9")}, "InvalidParameterException"},
		{"R5.12: DELEGATE has no targets", sdk.CreateResolverRuleInput{RuleType: "DELEGATE", DelegationRecord: name, ResolverEndpointId: via, TargetIps: target("10.9.9.9")}, "InvalidRequestException"},
		{"R1.16: DELEGATE has no domain", sdk.CreateResolverRuleInput{RuleType: "DELEGATE", DelegationRecord: name, DomainName: name, ResolverEndpointId: via}, "InvalidParameterException"},
		{"R4.3: one family", sdk.CreateResolverRuleInput{RuleType: "FORWARD", DomainName: name, ResolverEndpointId: via, TargetIps: target("10.9.9.9", "2001:db8::1")}, "InvalidParameterException"},
		{"section 9: six targets", sdk.CreateResolverRuleInput{RuleType: "FORWARD", DomainName: name, ResolverEndpointId: via, TargetIps: target("10.9.9.1", "10.9.9.2", "10.9.9.3", "10.9.9.4", "10.9.9.5", "10.9.9.6", "10.9.9.7")}, "LimitExceededException"},
		{"API: outbound", sdk.CreateResolverRuleInput{RuleType: "FORWARD", DomainName: name, ResolverEndpointId: aws.String("rslvr-in-1"), TargetIps: target("10.9.9.9")}, "InvalidRequestException"},
		{"no name", sdk.CreateResolverRuleInput{RuleType: "SYSTEM", DomainName: aws.String("a..b")}, "InvalidParameterException"},
	} {
		refused(t, tc.name, cl, createResolverRule, &tc.in, tc.code, "")
	}
	for _, ok := range []sdk.CreateResolverRuleInput{
		{RuleType: "FORWARD", DomainName: aws.String("."), ResolverEndpointId: via, TargetIps: target("10.9.9.9"), CreatorRequestId: aws.String("x")},
		{RuleType: "SYSTEM", DomainName: name}, {RuleType: "DELEGATE", DelegationRecord: name, ResolverEndpointId: via},
	} {
		must(t, cl, createResolverRule, &ok)
	}
	refused(t, "the same request (aws/aws-cdk#5012)", cl, createResolverRule, &sdk.CreateResolverRuleInput{RuleType: "SYSTEM", DomainName: name, CreatorRequestId: aws.String("x")}, "ResourceExistsException", "already exists")
	list := must(t, cl, listResolverRules, &sdk.ListResolverRulesInput{Filters: []types.Filter{{Name: aws.String("DOMAIN_NAME"), Values: []string{"."}}}}).ResolverRules
	if len(list) != 2 || list[0].RuleType != types.RuleTypeOptionRecursive || *list[1].TargetIps[0].Port != 53 {
		t.Errorf("rules for .: %+v", list)
	}
}

func associate(rule, vpc string) *sdk.AssociateResolverRuleInput {
	return &sdk.AssociateResolverRuleInput{ResolverRuleId: &rule, VPCId: &vpc}
}

// TestAssociation: on the clock, once, and not where it loops.
func TestAssociation(t *testing.T) {
	cl, c := bed()
	made := must(t, cl, associateResolverRule, associate("rslvr-rr-1", "vpc-two")).ResolverRuleAssociation
	if made.Status != types.ResolverRuleAssociationStatusCreating {
		t.Errorf("%+v", made)
	}
	c.Advance(AssociationDelay)
	if a, _ := cl.World.Estate().RuleAssociations.Get(*made.Id); a.Status != estate.StatusComplete {
		t.Errorf("it is %s without a call", a.Status)
	}
	other := must(t, cl, createResolverRule, &sdk.CreateResolverRuleInput{RuleType: "SYSTEM", DomainName: aws.String("corp.int")}).ResolverRule
	refused(t, "API: twice", cl, associateResolverRule, associate("rslvr-rr-1", "vpc-two"), "ResourceExistsException", "already")
	refused(t, "R1.15", cl, associateResolverRule, associate(*other.Id, "vpc-two"), "ResourceExistsException", "same domain name")
	refused(t, "T29 (aws-network-hub-for-terraform#26)", cl, associateResolverRule, associate("rslvr-rr-1", "vpc-hub"), "InvalidRequestException", "RSLVR-00804")
	refused(t, "another's VPC", cl, associateResolverRule, associate("rslvr-rr-1", "vpc-app"), "ResourceNotFoundException", "vpc-app")
	refused(t, "R4.8: Regional", cl.In("", "eu-west-2"), associateResolverRule, associate("rslvr-rr-1", "vpc-two"), "ResourceNotFoundException", "rslvr-rr-1")
	refused(t, "R4.9: in use", cl, deleteResolverRule, &sdk.DeleteResolverRuleInput{ResolverRuleId: aws.String("rslvr-rr-1")}, "ResourceInUseException", "")
	list := must(t, cl, listResolverRuleAssociations, &sdk.ListResolverRuleAssociationsInput{Filters: []types.Filter{{Name: aws.String("VPCId"), Values: []string{"vpc-two"}}}}).ResolverRuleAssociations
	if len(list) != 2 || *list[0].ResolverRuleId != internet {
		t.Errorf("associations: %+v", list)
	}
	must(t, cl, disassociateResolverRule, &sdk.DisassociateResolverRuleInput{ResolverRuleId: aws.String("rslvr-rr-1"), VPCId: aws.String("vpc-two")})
	c.Advance(AssociationDelay)
	refused(t, "gone", cl, getResolverRuleAssociation, &sdk.GetResolverRuleAssociationInput{ResolverRuleAssociationId: made.Id}, "ResourceNotFoundException", "")
}

// TestShared: a recipient uses a rule and changes nothing; unsharing acts as
// disassociating (R4.8, R4.9). The estate is all that the world was given.
func TestShared(t *testing.T) {
	cl, c := bed()
	theirs := cl.In(app, "")
	id := aws.String("rslvr-rr-1")
	r := must(t, theirs, getResolverRule, &sdk.GetResolverRuleInput{ResolverRuleId: id}).ResolverRule
	if r.ShareStatus != types.ShareStatusSharedWithMe || *r.OwnerId != string(net) {
		t.Errorf("%+v", r)
	}
	if own := must(t, cl, getResolverRule, &sdk.GetResolverRuleInput{ResolverRuleId: id}).ResolverRule; own.ShareStatus != types.ShareStatusSharedByMe {
		t.Errorf("the owner sees %s", own.ShareStatus)
	}
	refused(t, "R4.8: change", theirs, updateResolverRule, &sdk.UpdateResolverRuleInput{ResolverRuleId: id, Config: &types.ResolverRuleConfig{}}, "AccessDeniedException", "")
	refused(t, "R4.8: delete", theirs, deleteResolverRule, &sdk.DeleteResolverRuleInput{ResolverRuleId: id}, "AccessDeniedException", "")
	refused(t, "R4.8: tag", theirs, tagResource, &sdk.TagResourceInput{ResourceArn: r.Arn}, "ResourceNotFoundException", "")
	count := func(cl worldtest.Client) int {
		return len(must(t, cl, listResolverRuleAssociations, &sdk.ListResolverRuleAssociationsInput{Filters: []types.Filter{{Name: aws.String("ResolverRuleId"), Values: []string{*id}}}}).ResolverRuleAssociations)
	}
	if count(theirs) != 1 || count(cl) != 0 {
		t.Errorf("%d associations of the recipient, %d of the owner", count(theirs), count(cl))
	}
	must(t, cl, updateResolverRule, &sdk.UpdateResolverRuleInput{ResolverRuleId: id, Config: &types.ResolverRuleConfig{TargetIps: target("10.9.9.9")}})
	refused(t, "text seen in a client's test", cl, updateResolverRule, &sdk.UpdateResolverRuleInput{ResolverRuleId: id, Config: &types.ResolverRuleConfig{}}, "ResourceUnavailableException", "RSLVR-00705")
	if err := cl.World.Update(func(s *world.State) error { s.Estate.Shares.Delete("share"); return nil }); err != nil {
		t.Fatal(err)
	}
	refused(t, "R4.9: unshared", theirs, getResolverRule, &sdk.GetResolverRuleInput{ResolverRuleId: id}, "ResourceNotFoundException", "RSLVR-00703")
	if n := count(theirs); n != 0 {
		t.Errorf("%d associations of what was unshared", n)
	}
	must(t, cl, deleteResolverRule, &sdk.DeleteResolverRuleInput{ResolverRuleId: id})
	c.Advance(RuleDelay)
	refused(t, "deleted", cl, getResolverRule, &sdk.GetResolverRuleInput{ResolverRuleId: id}, "ResourceNotFoundException", "")
}

// TestFirewall: domain lists reach the rules that use them; priorities and
// protection hold.
func TestFirewall(t *testing.T) {
	cl, _ := bed()
	list := must(t, cl, createFirewallDomainList, &sdk.CreateFirewallDomainListInput{Name: aws.String("l")}).FirewallDomainList
	g := must(t, cl, createFirewallRuleGroup, &sdk.CreateFirewallRuleGroupInput{Name: aws.String("g")}).FirewallRuleGroup
	rule := &sdk.CreateFirewallRuleInput{FirewallRuleGroupId: g.Id, FirewallDomainListId: list.Id, Name: aws.String("r"), Priority: aws.Int32(100), Action: "BLOCK"}
	refused(t, "API: BLOCK needs a response", cl, createFirewallRule, rule, "ValidationException", "BlockResponse")
	rule.BlockResponse = "OVERRIDE"
	refused(t, "API: OVERRIDE needs a domain", cl, createFirewallRule, rule, "ValidationException", "BlockOverrideDomain")
	rule.BlockResponse = "NXDOMAIN"
	must(t, cl, createFirewallRule, rule)
	must(t, cl, updateFirewallDomains, &sdk.UpdateFirewallDomainsInput{FirewallDomainListId: list.Id, Operation: "ADD", Domains: []string{"bad.test", "*.worse.test"}})
	if row, _ := cl.World.Estate().FirewallGroups.Get(*g.Id); len(row.Rules) != 1 || len(row.Rules[0].Domains) != 2 {
		t.Errorf("the estate has %+v", row)
	}
	refused(t, "API: in use", cl, deleteFirewallDomainList, &sdk.DeleteFirewallDomainListInput{FirewallDomainListId: list.Id}, "ConflictException", "")
	in := &sdk.AssociateFirewallRuleGroupInput{FirewallRuleGroupId: g.Id, VpcId: aws.String("vpc-hub"), Name: aws.String("a"), Priority: aws.Int32(99), MutationProtection: "ENABLED"}
	refused(t, "API: 100 to 9900", cl, associateFirewallRuleGroup, in, "ValidationException", "between")
	in.Priority = aws.Int32(100)
	a := must(t, cl, associateFirewallRuleGroup, in).FirewallRuleGroupAssociation
	drop := &sdk.DisassociateFirewallRuleGroupInput{FirewallRuleGroupAssociationId: a.Id}
	refused(t, "API: protected", cl, disassociateFirewallRuleGroup, drop, "ValidationException", "protection")
	refused(t, "API: associated", cl, deleteFirewallRuleGroup, &sdk.DeleteFirewallRuleGroupInput{FirewallRuleGroupId: g.Id}, "ConflictException", "vpc-hub")
	must(t, cl, updateFirewallRuleGroupAssociation, &sdk.UpdateFirewallRuleGroupAssociationInput{FirewallRuleGroupAssociationId: a.Id, MutationProtection: "DISABLED"})
	must(t, cl, disassociateFirewallRuleGroup, drop)
	must(t, cl, deleteFirewallRule, &sdk.DeleteFirewallRuleInput{FirewallRuleGroupId: g.Id, FirewallDomainListId: list.Id})
	must(t, cl, deleteFirewallRuleGroup, &sdk.DeleteFirewallRuleGroupInput{FirewallRuleGroupId: g.Id})
	must(t, cl, deleteFirewallDomainList, &sdk.DeleteFirewallDomainListInput{FirewallDomainListId: list.Id})
}

// TestConfig: the reverse rules, of a VPC and of a Profile (R1.21).
func TestConfig(t *testing.T) {
	cl, _ := bed()
	if err := cl.World.Update(func(s *world.State) error {
		s.Estate.Profiles.Put(estate.Profile{ID: "rp-1", Account: net, Region: "eu-west-1"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	set := func(id, flag string) *sdk.UpdateResolverConfigInput {
		return &sdk.UpdateResolverConfigInput{ResourceId: &id, AutodefinedReverseFlag: types.AutodefinedReverseFlag(flag)}
	}
	must(t, cl, updateResolverConfig, set("vpc-hub", "DISABLE"))
	must(t, cl, updateResolverConfig, set("rp-1", "DISABLE"))
	e := cl.World.Estate()
	v, _ := e.ResolverConfigs.Get("vpc-hub")
	if p, _ := e.Profiles.Get("rp-1"); !v.ReverseDisabled || p.Reverse != "DISABLE" {
		t.Errorf("%+v, %+v", v, p)
	}
	refused(t, "API: a VPC has no other", cl, updateResolverConfig, set("vpc-hub", "USE_LOCAL_RESOURCE_SETTING"), "InvalidParameterException", "")
	refused(t, "another's VPC", cl, updateResolverConfig, set("vpc-app", "DISABLE"), "ResourceNotFoundException", "")
}

// TestQueryLog: it goes when nothing uses it (API_route53resolver_DeleteResolverQueryLogConfig).
func TestQueryLog(t *testing.T) {
	cl, _ := bed()
	q := must(t, cl, createResolverQueryLogConfig, &sdk.CreateResolverQueryLogConfigInput{Name: aws.String("q"), DestinationArn: aws.String("arn:aws:s3:::logs")}).ResolverQueryLogConfig
	must(t, cl, associateResolverQueryLogConfig, &sdk.AssociateResolverQueryLogConfigInput{ResolverQueryLogConfigId: q.Id, ResourceId: aws.String("vpc-hub")})
	refused(t, "API: twice", cl, associateResolverQueryLogConfig, &sdk.AssociateResolverQueryLogConfigInput{ResolverQueryLogConfigId: q.Id, ResourceId: aws.String("vpc-hub")}, "ResourceExistsException", "")
	refused(t, "API: associated", cl, deleteResolverQueryLogConfig, &sdk.DeleteResolverQueryLogConfigInput{ResolverQueryLogConfigId: q.Id}, "InvalidRequestException", "")
	must(t, cl, disassociateResolverQueryLogConfig, &sdk.DisassociateResolverQueryLogConfigInput{ResolverQueryLogConfigId: q.Id, ResourceId: aws.String("vpc-hub")})
	must(t, cl, deleteResolverQueryLogConfig, &sdk.DeleteResolverQueryLogConfigInput{ResolverQueryLogConfigId: q.Id})
}
