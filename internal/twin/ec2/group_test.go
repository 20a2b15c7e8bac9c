package ec2

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// onlyEstate is the client of a world that was made from the estate alone, as a
// rehearsal and a twin that loads a snapshot are.
func onlyEstate(cl worldtest.Client) worldtest.Client {
	cl.World = world.New(cl.World.Clock, cl.World.Estate())
	return cl
}

// TestGroupsFromEstate: groups and their rules stand in the estate, and a world
// made from it works on; a group that was written without identifiers of rules
// gets them, the same each time.
func TestGroupsFromEstate(t *testing.T) {
	cl, _ := worldtest.New()
	vpc := makeVPC(t, cl, "10.0.0.0/16")
	made := must(t, cl, createSecurityGroup, &ec2.CreateSecurityGroupInput{GroupName: aws.String("dns"), Description: aws.String("queries"), VpcId: &vpc})
	base := world.Derived("sg", vpc)
	if n := cl.World.Estate().SecurityGroups.Len(); n != 1 {
		t.Fatalf("%d groups stand in the estate, want 1: the default group is derived", n)
	}
	must(t, cl, revokeSecurityGroupEgress, &ec2.RevokeSecurityGroupEgressInput{GroupId: &base, SecurityGroupRuleIds: []string{world.Derived("sgr", base+"/out")}})
	if g, ok := cl.World.Estate().SecurityGroups.Get(base); !ok || len(g.Rules) != 1 || g.Account != cl.Account {
		t.Fatalf("the default group that was changed: %+v", g)
	}
	if err := cl.World.Update(func(s *world.State) error {
		s.Estate.SecurityGroups.Put(estate.SecurityGroup{
			ID: "sg-0bbbbbbbbbbbbbbbb", Account: cl.Account, Region: cl.Region, VPC: vpc, Name: "written",
			Rules: []estate.GroupRule{{Protocol: "tcp", From: 443, To: 443, Group: base}},
		})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	cl = onlyEstate(cl)
	groups := must(t, cl, describeSecurityGroups, &ec2.DescribeSecurityGroupsInput{}).SecurityGroups
	if len(groups) != 3 {
		t.Fatalf("%d groups, want 3", len(groups))
	}
	written := must(t, cl, describeSecurityGroupRules, &ec2.DescribeSecurityGroupRulesInput{
		Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{"sg-0bbbbbbbbbbbbbbbb"}}},
	}).SecurityGroupRules
	must(t, cl, revokeSecurityGroupIngress, &ec2.RevokeSecurityGroupIngressInput{GroupId: aws.String("sg-0bbbbbbbbbbbbbbbb"), SecurityGroupRuleIds: []string{*written[0].SecurityGroupRuleId}})
	must(t, cl, deleteSecurityGroup, &ec2.DeleteSecurityGroupInput{GroupId: aws.String("sg-0bbbbbbbbbbbbbbbb")})
	must(t, cl, deleteSecurityGroup, &ec2.DeleteSecurityGroupInput{GroupId: made.GroupId})
	must(t, cl, deleteVpc, &ec2.DeleteVpcInput{VpcId: &vpc})
	if n := cl.World.Estate().SecurityGroups.Len(); n != 0 {
		t.Errorf("%d groups left behind", n)
	}
}
