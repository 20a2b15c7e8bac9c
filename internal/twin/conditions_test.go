package twin_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// user makes a user with an inline policy, and a key of its own.
func (b bench) user(t *testing.T, account, name, policy string) aws.Credentials {
	t.Helper()
	c := b.iam(keys(account))
	must[*iam.CreateUserOutput](t)(c.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}))
	if policy != "" {
		must[*iam.PutUserPolicyOutput](t)(c.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy}))
	}
	key := must[*iam.CreateAccessKeyOutput](t)(c.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name})).AccessKey
	return aws.Credentials{AccessKeyID: *key.AccessKeyId, SecretAccessKey: *key.SecretAccessKey}
}

// TestVPCCondition: route53:VPCs is judged on the six operations that have it
// (Developer Guide, hosted-zone-private-vpc-permissions.html), as
// "VPCId=vpc-…,VPCRegion=…" with case (specifying-rrset-conditions.html). A
// public zone is made without the key.
func TestVPCCondition(t *testing.T) {
	const allow = `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"ec2:DescribeVpcs","Resource":"*"},
		{"Effect":"Allow","Action":"route53:*","Resource":"*","Condition":%s}]}`
	b := newBench()
	hub, mine, others := b.vpc(t, owner), b.vpc(t, owner), b.vpc(t, owner)
	names := 0
	zone := func() string { names++; return b.private(t, owner, fmt.Sprintf("z%d.test", names), hub) }
	operations := map[string]func(c *route53.Client, v types.VPC) error{
		"AssociateVPCWithHostedZone": func(c *route53.Client, v types.VPC) error { return associations{t, c, zone()}.associate(v) },
		"DisassociateVPCFromHostedZone": func(c *route53.Client, v types.VPC) error {
			z := zone()
			if err := (associations{t, b.route53(keys(owner)), z}).associate(v); err != nil {
				return err
			}
			return associations{t, c, z}.disassociate(v)
		},
		"CreateVPCAssociationAuthorization": func(c *route53.Client, v types.VPC) error { return associations{t, c, zone()}.authorize(v) },
		"DeleteVPCAssociationAuthorization": func(c *route53.Client, v types.VPC) error {
			z := zone()
			if err := (associations{t, b.route53(keys(owner)), z}).authorize(v); err != nil {
				return err
			}
			return associations{t, c, z}.withdraw(v)
		},
		"CreateHostedZone": func(c *route53.Client, v types.VPC) error {
			names++
			name := fmt.Sprintf("z%d.test", names)
			_, err := c.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{Name: &name, CallerReference: &name, VPC: &v})
			return err
		},
		"ListHostedZonesByVPC": func(c *route53.Client, v types.VPC) error {
			_, err := c.ListHostedZonesByVPC(t.Context(), &route53.ListHostedZonesByVPCInput{VPCId: v.VPCId, VPCRegion: v.VPCRegion})
			return err
		},
	}
	value := "VPCId=" + *mine.VPCId + ",VPCRegion=eu-west-1"
	for i, tt := range []struct {
		condition     string
		mine, another bool // allowed
		public        bool // CreateHostedZone of a public zone is
	}{
		{`{"StringEquals":{"route53:VPCs":"` + value + `"}}`, true, false, false},
		{`{"ForAllValues:StringEquals":{"route53:VPCs":["` + value + `"]}}`, true, false, true},
		{`{"ForAllValues:StringEquals":{"route53:VPCs":["` + value + `"]},"Null":{"route53:VPCs":"false"}}`, true, false, false},
		{`{"StringLike":{"route53:VPCs":"VPCId=vpc-*,VPCRegion=eu-west-1"}}`, true, true, false},
		{`{"StringLike":{"route53:VPCs":"VPCId=vpc-*,VPCRegion=eu-central-1"}}`, false, false, false},
		{`{"StringEquals":{"route53:VPCs":"vpcid=` + *mine.VPCId + `,vpcregion=eu-west-1"}}`, false, false, false},
		{`{"StringEquals":{"route53:VPCs":"` + *mine.VPCId + `"}}`, false, false, false},
		{`{"StringNotEquals":{"route53:VPCs":"` + value + `"}}`, false, true, true},
	} {
		c := b.route53(b.user(t, owner, fmt.Sprint("u", i), fmt.Sprintf(allow, tt.condition)))
		for name, call := range operations {
			for v, allowed := range map[types.VPC]bool{mine: tt.mine, others: tt.another} {
				want := ""
				if !allowed {
					want = "AccessDenied"
				}
				if err := call(c, v); code(err) != want {
					t.Errorf("%s under %s: %v, want %q", name, tt.condition, err, want)
				}
			}
		}
		if _, err := createZone(t.Context(), c, fmt.Sprintf("public%d.test", i)); (err == nil) != tt.public {
			t.Errorf("a public zone under %s: %v", tt.condition, err)
		}
	}
	// Who associates must be able to see the VPC too.
	blind := b.route53(b.user(t, owner, "blind", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"route53:*","Resource":"*"}}`))
	if err := operations["AssociateVPCWithHostedZone"](blind, mine); code(err) != "AccessDenied" {
		t.Errorf("without ec2:DescribeVpcs: %v", err)
	}
}

// TestRecordConditions: the keys of ChangeResourceRecordSets hold what all
// changes of a batch have (Developer Guide, specifying-rrset-conditions.html):
// one change that a statement does not cover spoils the batch for it.
func TestRecordConditions(t *testing.T) {
	const policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"route53:ChangeResourceRecordSets","Resource":"arn:aws:route53:::hostedzone/%s",
		"Condition":{"ForAllValues:StringLike":{"route53:ChangeResourceRecordSetsNormalizedRecordNames":["*.shop.corp.test","\\052.apps.corp.test"]},
			"ForAllValues:StringEquals":{"route53:ChangeResourceRecordSetsRecordTypes":["A","AAAA"],"route53:ChangeResourceRecordSetsActions":["CREATE","DELETE"]}}},
		{"Effect":"Allow","Action":"route53:ChangeResourceRecordSets","Resource":"arn:aws:route53:::hostedzone/%[1]s",
		"Condition":{"ForAllValues:StringEquals":{"route53:ChangeResourceRecordSetsNormalizedRecordNames":"ledger.corp.test","route53:ChangeResourceRecordSetsRecordTypes":"TXT"}}},
		{"Effect":"Deny","Action":"route53:ChangeResourceRecordSets","Resource":"*",
		"Condition":{"ForAnyValue:StringLike":{"route53:ChangeResourceRecordSetsNormalizedRecordNames":"\\052.shop.*"}}}]}`
	b := newBench()
	hub := b.vpc(t, owner)
	zone, second := b.private(t, owner, "corp.test", hub), b.private(t, owner, "other.test", hub)
	writer := b.route53(b.user(t, owner, "writer", fmt.Sprintf(policy, zone)))
	set := func(action types.ChangeAction, name string, kind types.RRType) types.Change {
		value := map[types.RRType]string{types.RRTypeA: "10.0.0.1", types.RRTypeTxt: `"x"`, types.RRTypeCname: "a.test"}[kind]
		return types.Change{Action: action, ResourceRecordSet: &types.ResourceRecordSet{Name: &name, Type: kind, TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: &value}}}}
	}
	a := func(name string) types.Change { return set(types.ChangeActionCreate, name, types.RRTypeA) }
	for _, tt := range []struct {
		name    string
		zone    string
		changes []types.Change
		allowed bool
	}{
		{"a granted name", zone, []types.Change{a("www.shop.corp.test")}, true},
		{"in capitals, with a dot", zone, []types.Change{a("API.Shop.Corp.Test.")}, true},
		{"far below", zone, []types.Change{a("a.b.shop.corp.test")}, true},
		{"the wildcard that is named", zone, []types.Change{a("*.apps.corp.test")}, true},
		{"a name under that wildcard", zone, []types.Change{a("www.apps.corp.test")}, false},
		{"the wildcard that the glob would take in", zone, []types.Change{a("*.shop.corp.test")}, false},
		{"the parent name", zone, []types.Change{a("shop.corp.test")}, false},
		{"the apex", zone, []types.Change{a("corp.test")}, false},
		{"a neighbour", zone, []types.Change{a("www.stop.corp.test")}, false},
		{"a name that ends alike", zone, []types.Change{a("workshop.corp.test")}, false},
		{"another type", zone, []types.Change{set(types.ChangeActionCreate, "t.shop.corp.test", types.RRTypeTxt)}, false},
		{"another action", zone, []types.Change{set(types.ChangeActionUpsert, "u.shop.corp.test", types.RRTypeA)}, false},
		{"another zone", second, []types.Change{a("www.shop.corp.test")}, false},
		{"granted and not, in one batch", zone, []types.Change{a("x.shop.corp.test"), a("x.corp.test")}, false},
		{"the second statement", zone, []types.Change{set(types.ChangeActionUpsert, "ledger.corp.test", types.RRTypeTxt)}, true},
		{"two statements in one batch", zone, []types.Change{a("y.shop.corp.test"), set(types.ChangeActionUpsert, "ledger.corp.test", types.RRTypeTxt)}, false},
		{"delete and create", zone, []types.Change{set(types.ChangeActionDelete, "www.shop.corp.test", types.RRTypeA), a("www.shop.corp.test")}, true},
	} {
		_, err := writer.ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{HostedZoneId: &tt.zone, ChangeBatch: &types.ChangeBatch{Changes: tt.changes}})
		want := ""
		if !tt.allowed {
			want = "AccessDenied"
		}
		if code(err) != want {
			t.Errorf("%s: %v, want %q", tt.name, err, want)
		}
	}
}

// TestTrustedUser: a role can trust only a user that there is, and trusts no
// later one of the same name (IAM User Guide,
// reference_policies_elements_principal.html). Groups are no principals.
func TestTrustedUser(t *testing.T) {
	b := newBench()
	const may = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}}`
	const installer = "arn:aws:iam::" + caller + ":user/installer"
	trust := func(principal string) *string {
		return aws.String(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"sts:AssumeRole"}}`)
	}
	c := b.iam(keys(owner))
	role := func(name, principal string) error {
		_, err := c.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: trust(principal)})
		return err
	}
	assumes := func(k aws.Credentials) error {
		_, err := b.sts(k).AssumeRole(t.Context(), &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + owner + ":role/zone"), RoleSessionName: aws.String("session")})
		return err
	}
	b.user(t, caller, "someone", may) // the account exists
	for _, principal := range []string{installer, "arn:aws:iam::" + caller + ":group/installers", "arn:aws:iam::" + caller + ":role/ingress"} {
		if err := role("zone", principal); code(err) != "MalformedPolicyDocument" {
			t.Errorf("trust in %s, which does not exist: %v", principal, err)
		}
	}
	first := b.user(t, caller, "installer", may)
	if err := role("zone", installer); err != nil {
		t.Fatal(err)
	}
	if err := assumes(first); err != nil {
		t.Errorf("the trusted user: %v", err)
	}
	mine := b.iam(keys(caller))
	name := aws.String("installer")
	must[*iam.DeleteAccessKeyOutput](t)(mine.DeleteAccessKey(t.Context(), &iam.DeleteAccessKeyInput{UserName: name, AccessKeyId: &first.AccessKeyID}))
	must[*iam.DeleteUserPolicyOutput](t)(mine.DeleteUserPolicy(t.Context(), &iam.DeleteUserPolicyInput{UserName: name, PolicyName: aws.String("p")}))
	must[*iam.DeleteUserOutput](t)(mine.DeleteUser(t.Context(), &iam.DeleteUserInput{UserName: name}))
	again := b.user(t, caller, "installer", may)
	if err := assumes(again); code(err) != "AccessDenied" {
		t.Errorf("a later user of the same name: %v", err)
	}
	must[*iam.UpdateAssumeRolePolicyOutput](t)(c.UpdateAssumeRolePolicy(t.Context(), &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("zone"), PolicyDocument: trust(installer)}))
	if err := assumes(again); err != nil {
		t.Errorf("after the trust was written again: %v", err)
	}
	// A policy attached instead of put works as well.
	managed := must[*iam.CreatePolicyOutput](t)(mine.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("assume"), PolicyDocument: aws.String(may)})).Policy
	must[*iam.DeleteUserPolicyOutput](t)(mine.DeleteUserPolicy(t.Context(), &iam.DeleteUserPolicyInput{UserName: name, PolicyName: aws.String("p")}))
	if err := assumes(again); code(err) != "AccessDenied" {
		t.Errorf("without a policy of its own: %v", err)
	}
	must[*iam.AttachUserPolicyOutput](t)(mine.AttachUserPolicy(t.Context(), &iam.AttachUserPolicyInput{UserName: name, PolicyArn: managed.Arn}))
	if err := assumes(again); err != nil {
		t.Errorf("with an attached policy: %v", err)
	}
}
