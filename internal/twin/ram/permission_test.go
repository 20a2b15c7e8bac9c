package ram

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

const (
	profile = "arn:aws:route53profiles:eu-west-1:111111111111:profile/rp-1"
	rule    = "arn:aws:route53resolver:eu-west-1:111111111111:resolver-rule/rslvr-rr-1"
)

// withResources adds a Profile and a Resolver rule to the bed.
func withResources(t *testing.T, cl worldtest.Client) {
	t.Helper()
	if err := cl.World.Update(func(s *world.State) error {
		s.Estate.Profiles.Put(estate.Profile{ID: "rp-1", ARN: profile, Account: owner, Region: "eu-west-1"})
		s.Estate.ResolverRules.Put(estate.ResolverRule{ID: "rslvr-rr-1", Account: owner, Region: "eu-west-1"})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// may asks what a consumer may do with a resource.
func may(t *testing.T, cl worldtest.Client, account estate.AccountID, arn, action string) (ok bool) {
	t.Helper()
	if err := cl.World.Update(func(s *world.State) error {
		c := &world.Call{World: cl.World, State: s, Region: cl.Region, Now: cl.World.Now(), Caller: world.Caller{Account: account}}
		ok = c.MayShared(arn, action)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return ok
}

// TestPermission: the default permission of a Profile lets consumers associate
// VPCs and not resources; a customer managed one does (Route 53 Developer Guide,
// sharing-profiles.html; R2.10). A share keeps the version that it has.
func TestPermission(t *testing.T) {
	cl, c := bed(t)
	enable(t, cl)
	withResources(t, cl)
	s := must(t, cl, createResourceShare, newShare("p", false, []string{profile, rule}, []string{member})).ResourceShare.ResourceShareArn
	const vpc, resource = "route53profiles:AssociateProfile", "route53profiles:AssociateResourceToProfile"
	if may(t, cl, member, profile, vpc) {
		t.Error("usable at once")
	}
	c.Advance(world.Sharing)
	if !may(t, cl, member, profile, vpc) || may(t, cl, member, profile, resource) || may(t, cl, stranger, profile, vpc) || !may(t, cl, member, rule, "route53resolver:AssociateResolverRule") {
		t.Error("the default permissions allow something else")
	}

	create := func(name, of, policy string) *ram.CreatePermissionInput {
		return &ram.CreatePermissionInput{Name: &name, ResourceType: &of, PolicyTemplate: &policy}
	}
	const both = `{"Effect":"Allow","Action":["route53profiles:AssociateProfile","route53profiles:AssociateResourceToProfile"]}`
	for _, bad := range []string{
		"x", `{"Effect":"Deny","Action":"route53profiles:GetProfile"}`, `{"Effect":"Allow"}`, `{"Effect":"Allow","Action":"ec2:RunInstances"}`,
		`{"Effect":"Allow","Action":"route53profiles:GetProfile","Resource":"*"}`, `{"Effect":"Allow","Action":7}`,
	} {
		refused(t, cl, createPermission, create("bad", "route53profiles:Profile", bad), "MalformedPolicyTemplateException", "")
	}
	refused(t, cl, createPermission, create("bad", "ec2:Nothing", both), "InvalidParameterException", "")
	p := must(t, cl, createPermission, create("admin", "route53profiles:Profile", both)).Permission.Arn
	refused(t, cl, createPermission, create("admin", "route53profiles:Profile", both), "PermissionAlreadyExistsException", "")

	associate := &ram.AssociateResourceSharePermissionInput{ResourceShareArn: s, PermissionArn: p}
	refused(t, cl, associatePermission, associate, "OperationNotPermittedException", "replace")
	associate.Replace = aws.Bool(true)
	must(t, cl, associatePermission, associate)
	if !may(t, cl, member, profile, resource) || !may(t, cl, member, rule, "route53resolver:AssociateResolverRule") {
		t.Error("the customer managed permission does not allow what it says, or the other type lost its own")
	}
	listed := must(t, cl, listResourceSharePermissions, &ram.ListResourceSharePermissionsInput{ResourceShareArn: s}).Permissions
	if len(listed) != 2 || *listed[0].Arn != "arn:aws:ram::aws:permission/AWSRAMDefaultPermissionResolverRule" || *listed[1].Arn != *p || listed[1].PermissionType != types.PermissionTypeCustomerManaged {
		t.Errorf("permissions of the share %+v", listed)
	}

	less := `{"Effect":"Allow","Action":"route53profiles:AssociateProfile"}`
	must(t, cl, createPermissionVersion, &ram.CreatePermissionVersionInput{PermissionArn: p, PolicyTemplate: &less})
	if !may(t, cl, member, profile, resource) {
		t.Error("a new version took effect in a share")
	}
	refused(t, cl, deletePermissionVersion, &ram.DeletePermissionVersionInput{PermissionArn: p, PermissionVersion: aws.Int32(1)}, "OperationNotPermittedException", "associated")
	must(t, cl, associatePermission, associate)
	if may(t, cl, member, profile, resource) {
		t.Error("the share has the old version still")
	}
	refused(t, cl, deletePermission, &ram.DeletePermissionInput{PermissionArn: p}, "OperationNotPermittedException", "associated")
	refused(t, cl, disassociatePermission, &ram.DisassociateResourceSharePermissionInput{ResourceShareArn: s, PermissionArn: p}, "OperationNotPermittedException", "resources")
	if got := must(t, cl, listPermissionAssociations, &ram.ListPermissionAssociationsInput{PermissionArn: p}).Permissions; len(got) != 1 || *got[0].PermissionVersion != "2" {
		t.Errorf("associations %+v", got)
	}
	must(t, cl, disassociateResourceShare, &ram.DisassociateResourceShareInput{ResourceShareArn: s, ResourceArns: []string{profile}})
	must(t, cl, disassociatePermission, &ram.DisassociateResourceSharePermissionInput{ResourceShareArn: s, PermissionArn: p})
	must(t, cl, deletePermissionVersion, &ram.DeletePermissionVersionInput{PermissionArn: p, PermissionVersion: aws.Int32(1)})
	must(t, cl, deletePermission, &ram.DeletePermissionInput{PermissionArn: p})
	refused(t, cl, getPermission, &ram.GetPermissionInput{PermissionArn: p}, "UnknownResourceException", "")
	if got := must(t, cl, getPermission, &ram.GetPermissionInput{PermissionArn: aws.String("arn:aws:ram::aws:permission/AWSRAMPermissionRoute53ProfileAllowAssociation")}).Permission; *got.ResourceType != "route53profiles:Profile" {
		t.Errorf("AWS's permission %+v", got)
	}
	refused(t, cl, deletePermission, &ram.DeletePermissionInput{PermissionArn: aws.String("arn:aws:ram::aws:permission/AWSRAMDefaultPermissionSubnet")}, "OperationNotPermittedException", "managed by AWS")
}

// TestReshare: a consumer cannot share on what is shared with it (R2.9).
func TestReshare(t *testing.T) {
	cl, c := bed(t)
	enable(t, cl)
	withResources(t, cl)
	must(t, cl, createResourceShare, newShare("p", false, []string{profile}, []string{member}))
	c.Advance(world.Sharing)
	refused(t, cl.In(member, ""), createResourceShare, newShare("q", false, []string{profile}, []string{management}), "UnknownResourceException", "")
}

// TestInvitationsOfAnEstate: a world made of an estate has its open invitations;
// one to a Profile waits twelve hours, one to a Resolver rule a week (R2.9).
func TestInvitationsOfAnEstate(t *testing.T) {
	for _, tc := range []struct {
		resource string
		wait     time.Duration
	}{{profile, 12 * time.Hour}, {rule, 7 * 24 * time.Hour}} {
		cl, c := bed(t)
		withResources(t, cl)
		must(t, cl, createResourceShare, newShare("p", true, []string{tc.resource}, []string{stranger}))
		cl.World = world.New(c, cl.World.Estate())
		guest := cl.In(stranger, "")
		list := must(t, guest, getResourceShareInvitations, &ram.GetResourceShareInvitationsInput{}).ResourceShareInvitations
		if len(list) != 1 || list[0].Status != "PENDING" || *list[0].ResourceShareName != "p" {
			t.Fatalf("invitations %+v", list)
		}
		c.Advance(tc.wait - time.Second)
		accept := &ram.AcceptResourceShareInvitationInput{ResourceShareInvitationArn: list[0].ResourceShareInvitationArn}
		late := guest
		late.World = cl.World.Fork(c)
		must(t, guest, acceptResourceShareInvitation, accept)
		if may(t, cl, stranger, tc.resource, "route53profiles:GetProfile") {
			t.Error("usable at once")
		}
		c.Advance(world.Sharing)
		action := map[string]string{profile: "route53profiles:GetProfile", rule: "route53resolver:GetResolverRule"}[tc.resource]
		if !may(t, cl, stranger, tc.resource, action) {
			t.Error("not usable after it was accepted")
		}
		refused(t, late, acceptResourceShareInvitation, accept, "ResourceShareInvitationExpiredException", "")
	}
	// Who cannot read the sender's shares has the invitation alone.
	cl, _ := bed(t)
	arn := "arn:aws:ram:eu-west-1:999999999999:resource-share-invitation/i"
	if err := cl.World.Update(func(s *world.State) error {
		s.Estate.Invitations.Put(estate.Invitation{ARN: arn, Share: "arn:aws:ram:eu-west-1:999999999999:resource-share/s", Sender: stranger, Receiver: member, Region: "eu-west-1", Status: "PENDING", Made: cl.World.Now()})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	out := must(t, cl.In(member, ""), rejectResourceShareInvitation, &ram.RejectResourceShareInvitationInput{ResourceShareInvitationArn: &arn})
	if i, _ := cl.World.Estate().Invitations.Get(arn); out.ResourceShareInvitation.Status != "REJECTED" || i.Status != "REJECTED" {
		t.Errorf("rejected %+v", i)
	}
}
