package ram

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

const (
	owner      = "111111111111" // the client's account
	member     = "222222222222" // in the unit
	management = "333333333333"
	stranger   = "999999999999" // outside the organization

	organization = "arn:aws:organizations::333333333333:organization/o-acme"
	unit         = "arn:aws:organizations::333333333333:ou/o-acme/ou-work"
	subnet       = "arn:aws:ec2:eu-west-1:111111111111:subnet/subnet-1"
)

// bed is an organization with a subnet to share, in which sharing is off.
func bed(t *testing.T) (worldtest.Client, *clock.Virtual) {
	t.Helper()
	cl, c := worldtest.New()
	err := cl.World.Update(func(s *world.State) error {
		e := &s.Estate
		e.Organization = estate.Organization{ID: "o-acme", ARN: organization, Management: management, Root: "r-1"}
		e.Units.Put(estate.Unit{ID: "ou-work", Parent: "r-1"})
		e.Accounts.Put(estate.Account{ID: owner, Parent: "r-1"}, estate.Account{ID: member, Parent: "ou-work"},
			estate.Account{ID: management, Parent: "r-1"}, estate.Account{ID: stranger})
		e.VPCs.Put(estate.VPC{ID: "vpc-1", Account: owner, Region: "eu-west-1"}, estate.VPC{ID: "vpc-d", Account: owner, Region: "eu-west-1", Default: true})
		for id, vpc := range map[string]string{"subnet-1": "vpc-1", "subnet-2": "vpc-1", "subnet-d": "vpc-d"} {
			e.Subnets.Put(estate.Subnet{ID: id, VPC: vpc, Account: owner, Region: "eu-west-1", CIDR: netip.MustParsePrefix("10.0.0.0/24")})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return cl, c
}

func enable(t *testing.T, cl worldtest.Client) {
	t.Helper()
	must(t, cl.In(management, ""), enableSharing, &ram.EnableSharingWithAwsOrganizationInput{})
}

func must[I, O any](t *testing.T, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I) *O {
	t.Helper()
	out, err := worldtest.Do(cl, h, in)
	if err != nil {
		t.Fatalf("%T: %v", in, err)
	}
	return out
}

// refused calls a handler that must refuse with a code and a text, and change
// nothing.
func refused[I, O any](t *testing.T, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I, code, text string) {
	t.Helper()
	before := cl.World.Estate().Shares
	_, err := worldtest.Do(cl, h, in)
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), text) {
		t.Errorf("%T: %v, want %s: %s", in, err, code, text)
	}
	if before != cl.World.Estate().Shares {
		t.Errorf("%T was refused and changed something", in)
	}
}

func newShare(name string, external bool, resources, principals []string) *ram.CreateResourceShareInput {
	return &ram.CreateResourceShareInput{Name: &name, AllowExternalPrincipals: &external, ResourceArns: resources, Principals: principals}
}

// uses are the subnets that an account may use, and the shares that it sees.
func uses(t *testing.T, cl worldtest.Client, account estate.AccountID) (subnets []string, shares int) {
	t.Helper()
	cl = cl.In(account, "")
	if err := cl.World.Update(func(s *world.State) error {
		c := &world.Call{World: cl.World, State: s, Region: cl.Region, Now: cl.World.Now(), Caller: world.Caller{Account: account}}
		subnets = c.Shared("ec2", "subnet/")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, r := range must(t, cl, listResources, &ram.ListResourcesInput{ResourceOwner: types.ResourceOwnerOtherAccounts}).Resources {
		listed = append(listed, *r.Arn)
	}
	if !slices.Equal(subnets, listed) {
		t.Errorf("%s may use %v and RAM lists %v", account, subnets, listed)
	}
	return subnets, len(must(t, cl, getResourceShares, &ram.GetResourceSharesInput{ResourceOwner: types.ResourceOwnerOtherAccounts}).ResourceShares)
}

func reaches(t *testing.T, cl worldtest.Client, account estate.AccountID, want bool, when string) {
	t.Helper()
	if subnets, shares := uses(t, cl, account); (len(subnets) > 0) != want || (shares > 0) != want {
		t.Errorf("%s: %s sees %d shares and uses %v, want %t", when, account, shares, subnets, want)
	}
}

// TestOrganization: with sharing on, accounts, units and the organization are
// reached without an invitation, a moment after; nobody else is; and unsharing
// takes effect.
func TestOrganization(t *testing.T) {
	for _, principal := range []string{member, unit, organization} {
		t.Run(principal, func(t *testing.T) {
			cl, c := bed(t)
			enable(t, cl)
			s := must(t, cl, createResourceShare, newShare("net", false, []string{subnet}, []string{principal})).ResourceShare
			reaches(t, cl, member, false, "at once")
			status := func(want types.ResourceShareAssociationStatus) {
				t.Helper()
				for _, kind := range []types.ResourceShareAssociationType{"RESOURCE", "PRINCIPAL"} {
					got := must(t, cl, getResourceShareAssociations, &ram.GetResourceShareAssociationsInput{AssociationType: kind}).ResourceShareAssociations
					if len(got) != 1 || got[0].Status != want || *got[0].External {
						t.Errorf("%s %+v, want %s", kind, got, want)
					}
				}
			}
			status("ASSOCIATING")
			c.Advance(world.Sharing)
			status("ASSOCIATED")
			reaches(t, cl, member, true, "a moment later")
			reaches(t, cl, stranger, false, "a moment later")
			reaches(t, cl, management, principal == organization, "a moment later")
			reaches(t, cl.In("", "eu-central-1"), member, false, "in another Region")
			if n := len(must(t, cl.In(member, ""), getResourceShareInvitations, &ram.GetResourceShareInvitationsInput{}).ResourceShareInvitations); n != 0 {
				t.Errorf("%d invitations", n)
			}

			out := must(t, cl, disassociateResourceShare, &ram.DisassociateResourceShareInput{ResourceShareArn: s.ResourceShareArn, Principals: []string{principal}})
			if len(out.ResourceShareAssociations) != 1 || out.ResourceShareAssociations[0].Status != "DISASSOCIATING" {
				t.Errorf("disassociated %+v", out.ResourceShareAssociations)
			}
			reaches(t, cl, member, false, "unshared")
			must(t, cl, associateResourceShare, &ram.AssociateResourceShareInput{ResourceShareArn: s.ResourceShareArn, Principals: []string{principal}})
			c.Advance(world.Sharing)
			reaches(t, cl, member, true, "shared again")
			must(t, cl, deleteResourceShare, &ram.DeleteResourceShareInput{ResourceShareArn: s.ResourceShareArn})
			reaches(t, cl, member, false, "the share deleted")

			shown := must(t, cl, getResourceShares, &ram.GetResourceSharesInput{ResourceOwner: types.ResourceOwnerSelf}).ResourceShares
			if len(shown) != 1 || shown[0].Status != types.ResourceShareStatusDeleted {
				t.Errorf("after the deletion %+v", shown)
			}
			c.Advance(shownFor)
			if shown = must(t, cl, getResourceShares, &ram.GetResourceSharesInput{ResourceOwner: types.ResourceOwnerSelf}).ResourceShares; len(shown) != 0 {
				t.Errorf("two hours after %+v", shown)
			}
		})
	}
}

// TestLeaving: who leaves the organization leaves what was shared within it.
func TestLeaving(t *testing.T) {
	cl, c := bed(t)
	enable(t, cl)
	must(t, cl, createResourceShare, newShare("net", false, []string{subnet}, []string{member}))
	c.Advance(world.Sharing)
	reaches(t, cl, member, true, "as a member")
	if err := cl.World.Update(func(s *world.State) error { s.Estate.Accounts.Put(estate.Account{ID: member}); return nil }); err != nil {
		t.Fatal(err)
	}
	reaches(t, cl, member, false, "after leaving")
}

// TestInvitation: outside the organization a share pends until it is accepted,
// works a moment after that, and can be rejected; an invitation ends after
// twelve hours.
func TestInvitation(t *testing.T) {
	cl, c := bed(t)
	enable(t, cl)
	s := must(t, cl, createResourceShare, newShare("open", true, nil, []string{stranger})).ResourceShare
	guest := cl.In(stranger, "")
	invited := func() types.ResourceShareInvitation {
		t.Helper()
		list := must(t, guest, getResourceShareInvitations, &ram.GetResourceShareInvitationsInput{ResourceShareArns: []string{*s.ResourceShareArn}}).ResourceShareInvitations
		i := slices.IndexFunc(list, func(i types.ResourceShareInvitation) bool {
			return i.Status == types.ResourceShareInvitationStatusPending
		})
		if i < 0 {
			t.Fatalf("no invitation among %+v", list)
		}
		return list[i]
	}
	sees := func() int {
		return len(must(t, guest, getResourceShares, &ram.GetResourceSharesInput{ResourceOwner: types.ResourceOwnerOtherAccounts}).ResourceShares)
	}
	again := func() {
		t.Helper()
		must(t, cl, associateResourceShare, &ram.AssociateResourceShareInput{ResourceShareArn: s.ResourceShareArn, Principals: []string{stranger}})
	}
	accept := func(arn *string) *ram.AcceptResourceShareInvitationInput {
		return &ram.AcceptResourceShareInvitationInput{ResourceShareInvitationArn: arn}
	}

	c.Advance(time.Hour)
	if sees() != 0 {
		t.Error("the share is seen before it was accepted")
	}
	i := invited()
	if *i.SenderAccountId != owner || *i.ReceiverAccountId != stranger || *i.ResourceShareName != "open" {
		t.Errorf("invitation %+v", i)
	}
	refused(t, cl.In(member, ""), acceptResourceShareInvitation, accept(i.ResourceShareInvitationArn), "ResourceShareInvitationArnNotFoundException", "")
	if n := len(must(t, guest, listPendingInvitationResources, &ram.ListPendingInvitationResourcesInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn}).Resources); n != 0 {
		t.Errorf("%d resources pend", n)
	}
	must(t, guest, acceptResourceShareInvitation, accept(i.ResourceShareInvitationArn))
	if sees() != 0 {
		t.Error("the share is seen at once")
	}
	c.Advance(world.Sharing)
	if sees() != 1 {
		t.Error("the share is not seen a moment later")
	}
	principals := must(t, guest, listPrincipals, &ram.ListPrincipalsInput{ResourceOwner: types.ResourceOwnerOtherAccounts}).Principals
	if len(principals) != 1 || *principals[0].Id != owner || !*principals[0].External {
		t.Errorf("who shares: %+v", principals)
	}
	refused(t, guest, acceptResourceShareInvitation, accept(i.ResourceShareInvitationArn), "ResourceShareInvitationAlreadyAcceptedException", "")

	must(t, cl, disassociateResourceShare, &ram.DisassociateResourceShareInput{ResourceShareArn: s.ResourceShareArn, Principals: []string{stranger}})
	if sees() != 0 {
		t.Error("the share is seen after it was taken back")
	}
	again()
	i = invited()
	must(t, guest, rejectResourceShareInvitation, &ram.RejectResourceShareInvitationInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn})
	refused(t, guest, acceptResourceShareInvitation, accept(i.ResourceShareInvitationArn), "ResourceShareInvitationAlreadyRejectedException", "")
	c.Advance(time.Second)
	again()
	i = invited()
	c.Advance(valid)
	refused(t, guest, acceptResourceShareInvitation, accept(i.ResourceShareInvitationArn), "ResourceShareInvitationExpiredException", "")
}

// TestRefusals: who may not be in a share, and what.
func TestRefusals(t *testing.T) {
	cl, _ := bed(t)
	const inside = "can only be shared within your AWS Organization"
	arn := func(id string) []string { return []string{"arn:aws:ec2:eu-west-1:111111111111:subnet/" + id} }
	create := func(external bool, resources []string, principals ...string) *ram.CreateResourceShareInput {
		return newShare("s", external, resources, principals)
	}
	// While sharing with the organization is off, there are only invitations.
	refused(t, cl, createResourceShare, create(false, nil, member), "OperationNotPermittedException", inside)
	refused(t, cl, createResourceShare, create(false, nil, organization), "UnknownResourceException", "Organization o-acme could not be found.")
	refused(t, cl, createResourceShare, create(false, nil, unit), "UnknownResourceException", "OrganizationalUnit ou-work could not be found.")
	refused(t, cl, createResourceShare, create(true, arn("subnet-1"), member), "InvalidParameterException", inside)
	must(t, cl, createResourceShare, create(true, nil, member))
	if n := len(must(t, cl.In(member, ""), getResourceShareInvitations, &ram.GetResourceShareInvitationsInput{}).ResourceShareInvitations); n != 1 {
		t.Errorf("%d invitations inside the organization while sharing is off", n)
	}
	refused(t, cl, enableSharing, &ram.EnableSharingWithAwsOrganizationInput{}, "OperationNotPermittedException", "management account")

	enable(t, cl)
	for _, tt := range []struct {
		in         *ram.CreateResourceShareInput
		code, text string
	}{
		{create(false, nil, stranger), "OperationNotPermittedException", inside},
		{create(true, arn("subnet-1"), stranger), "InvalidParameterException", inside},
		{create(false, nil, "o-acme"), "InvalidParameterException", "Principal ID o-acme is malformed. Verify the ID and try again."},
		{create(false, nil, "arn:aws:organizations::333333333333:organization/o-other"), "UnknownResourceException", "Organization o-other could not be found."},
		{create(false, nil, "arn:aws:organizations::333333333333:ou/o-acme/ou-none"), "UnknownResourceException", "OrganizationalUnit ou-none could not be found."},
		{create(false, nil, owner), "InvalidParameterException", "owns the resource share"},
		{create(false, nil, "arn:aws:iam::222222222222:role/r"), "NotImplementedByTwin", ""},
		{create(false, arn("subnet-none")), "UnknownResourceException", ""},
		{create(false, arn("subnet-d")), "InvalidParameterException", "default VPC"},
		{create(false, []string{"subnet-1"}), "MalformedArnException", ""},
		{create(false, []string{"arn:aws:ec2:eu-central-1:111111111111:subnet/subnet-1"}), "UnknownResourceException", ""},
		{create(false, []string{"arn:aws:ec2:eu-west-1:111111111111:transit-gateway/tgw-1"}), "UnknownResourceException", ""},
		{create(false, []string{"arn:aws:vpc-lattice:eu-west-1:111111111111:service/svc-1"}), "UnknownResourceException", ""},
		{create(false, []string{"arn:aws:vpc-lattice:eu-west-1:111111111111:servicenetwork/sn-1"}), "UnknownResourceException", ""},
		{create(false, []string{"arn:aws:vpc-lattice:eu-west-1:111111111111:resourceconfiguration/rcfg-1"}), "UnknownResourceException", ""},
		{create(false, []string{"arn:aws:vpc-lattice:eu-west-1:111111111111:resourcegateway/rgw-1"}), "NotImplementedByTwin", ""},
		{create(false, []string{"arn:aws:glue:eu-west-1:111111111111:catalog/c"}), "NotImplementedByTwin", ""},
		{create(false, slices.Repeat(arn("subnet-1"), 101)), "ResourceShareLimitExceededException", ""},
	} {
		refused(t, cl, createResourceShare, tt.in, tt.code, tt.text)
	}
	// A child is shared with its group alone (VPC Lattice User Guide,
	// resource-configuration.html, "Types of resource configurations").
	const rcfg = "arn:aws:vpc-lattice:eu-west-1:111111111111:resourceconfiguration/"
	if err := cl.World.Update(func(s *world.State) error {
		for id, kind := range map[string]string{"rcfg-1": estate.ResourceGroup, "rcfg-2": estate.ResourceChild} {
			s.Estate.LatticeResources.Put(estate.LatticeResource{ID: id, ARN: rcfg + id, Account: owner, Region: "eu-west-1", Type: kind, Status: estate.LatticeActive})
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	must(t, cl, createResourceShare, create(false, []string{rcfg + "rcfg-1"}, member))
	refused(t, cl, createResourceShare, create(false, []string{rcfg + "rcfg-2"}, member), "InvalidParameterException", "is a child")
	// What is shared cannot be shared on.
	s := must(t, cl, createResourceShare, create(false, arn("subnet-1"), member)).ResourceShare
	refused(t, cl.In(member, ""), createResourceShare, create(false, arn("subnet-1"), management), "UnknownResourceException", "")
	refused(t, cl.In(member, ""), deleteResourceShare, &ram.DeleteResourceShareInput{ResourceShareArn: s.ResourceShareArn}, "UnknownResourceException", "")
	refused(t, cl, deleteResourceShare, &ram.DeleteResourceShareInput{ResourceShareArn: aws.String("s")}, "MalformedArnException", "")
	refused(t, cl, disassociateResourceShare, &ram.DisassociateResourceShareInput{ResourceShareArn: s.ResourceShareArn, Principals: []string{unit}}, "UnknownResourceException", "")
	refused(t, cl, associateResourceShare, &ram.AssociateResourceShareInput{ResourceShareArn: s.ResourceShareArn}, "InvalidParameterException", "")
	open := must(t, cl, createResourceShare, create(true, nil, stranger)).ResourceShare
	refused(t, cl, associateResourceShare, &ram.AssociateResourceShareInput{ResourceShareArn: open.ResourceShareArn, ResourceArns: arn("subnet-1")}, "InvalidParameterException", inside)
	refused(t, cl, updateResourceShare, &ram.UpdateResourceShareInput{ResourceShareArn: open.ResourceShareArn, AllowExternalPrincipals: aws.Bool(false)}, "OperationNotPermittedException", inside)
	must(t, cl, updateResourceShare, &ram.UpdateResourceShareInput{ResourceShareArn: open.ResourceShareArn, Name: aws.String("renamed")})
	if got := must(t, cl, getResourceShares, &ram.GetResourceSharesInput{ResourceOwner: "SELF", Name: aws.String("renamed")}).ResourceShares; len(got) != 1 {
		t.Errorf("%d shares of the new name", len(got))
	}
}

// TestRepeat: a client token makes a creation repeatable, and so is putting in
// what is in already.
func TestRepeat(t *testing.T) {
	cl, _ := bed(t)
	enable(t, cl)
	in := newShare("s", false, []string{subnet}, []string{member})
	in.ClientToken = aws.String("token")
	first := must(t, cl, createResourceShare, in).ResourceShare
	if again := must(t, cl, createResourceShare, in).ResourceShare; *again.ResourceShareArn != *first.ResourceShareArn {
		t.Error("the same token made a second share")
	}
	other := newShare("other", false, nil, nil)
	other.ClientToken = in.ClientToken
	refused(t, cl, createResourceShare, other, "IdempotentParameterMismatchException", "")
	before := cl.World.Estate().Shares
	must(t, cl, associateResourceShare, &ram.AssociateResourceShareInput{ResourceShareArn: first.ResourceShareArn, ResourceArns: []string{subnet}, Principals: []string{member}})
	a, _ := before.Get(*first.ResourceShareArn)
	b, _ := cl.World.Estate().Shares.Get(*first.ResourceShareArn)
	if len(b.Resources) != 1 || len(b.Principals) != 1 || a.Principals[0] != b.Principals[0] {
		t.Errorf("%+v became %+v", a, b)
	}
}

// TestConditions: what RAM tells policies of a request and of a share.
func TestConditions(t *testing.T) {
	cl, _ := bed(t)
	enable(t, cl)
	var keys world.Conditions
	cl.Authorize = func(_, _ string, c world.Conditions) error { keys = c; return nil }
	in := newShare("s", true, []string{subnet}, []string{member})
	in.Tags = []types.Tag{{Key: aws.String("Team"), Value: aws.String("net")}}
	s := must(t, cl, createResourceShare, in).ResourceShare
	want := "map[aws:requesttag/team:[net] aws:tagkeys:[Team] ram:principal:[222222222222] ram:requestedallowsexternalprincipals:[true] " +
		"ram:requestedresourcetype:[ec2:Subnet] ram:resourcearn:[" + subnet + "]]"
	if got := fmt.Sprint(keys); got != want {
		t.Errorf("creation\n got %s\nwant %s", got, want)
	}
	must(t, cl, updateResourceShare, &ram.UpdateResourceShareInput{ResourceShareArn: s.ResourceShareArn, AllowExternalPrincipals: aws.Bool(false)})
	want = "map[aws:resourcetag/team:[net] ram:allowsexternalprincipals:[true] ram:requestedallowsexternalprincipals:[false] ram:resourcesharename:[s]]"
	if got := fmt.Sprint(keys); got != want {
		t.Errorf("update\n got %s\nwant %s", got, want)
	}
}

// TestLists: filters, tags, permissions and pages.
func TestLists(t *testing.T) {
	cl, c := bed(t)
	enable(t, cl)
	arns := map[string]bool{}
	for i := range 5 {
		in := newShare(fmt.Sprint("s", i), false, []string{subnet}, []string{member, unit})
		s := must(t, cl, createResourceShare, in).ResourceShare
		must(t, cl, tagResource, &ram.TagResourceInput{ResourceShareArn: s.ResourceShareArn, Tags: []types.Tag{{Key: aws.String("n"), Value: aws.String(fmt.Sprint(i))}, {Key: aws.String("x"), Value: aws.String("")}}})
		must(t, cl, untagResource, &ram.UntagResourceInput{ResourceArn: s.ResourceShareArn, TagKeys: []string{"x"}})
		arns[*s.ResourceShareArn] = true
	}
	c.Advance(world.Sharing)
	in := &ram.GetResourceSharesInput{ResourceOwner: "SELF", MaxResults: aws.Int32(2)}
	for pages := 1; ; pages++ {
		out := must(t, cl, getResourceShares, in)
		for _, s := range out.ResourceShares {
			if !arns[*s.ResourceShareArn] {
				t.Errorf("%s is listed twice", *s.Name)
			}
			delete(arns, *s.ResourceShareArn)
			if len(s.Tags) != 1 {
				t.Errorf("tags %+v", s.Tags)
			}
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			if pages != 3 || len(arns) != 0 {
				t.Errorf("%d pages without %v", pages, arns)
			}
			break
		}
	}
	refused(t, cl, getResourceShares, &ram.GetResourceSharesInput{ResourceOwner: "SELF", NextToken: aws.String("!")}, "InvalidNextTokenException", "")
	refused(t, cl, getResourceShares, &ram.GetResourceSharesInput{ResourceOwner: "SELF", ResourceShareArns: []string{"arn:aws:ram:eu-west-1:111111111111:resource-share/none"}}, "UnknownResourceException", "")
	two := must(t, cl, getResourceShares, &ram.GetResourceSharesInput{ResourceOwner: "SELF", TagFilters: []types.TagFilter{{TagKey: aws.String("n"), TagValues: []string{"2", "3"}}}}).ResourceShares
	if len(two) != 2 {
		t.Errorf("%d shares by tag", len(two))
	}
	theirs := must(t, cl.In(member, ""), getResourceShares, &ram.GetResourceSharesInput{ResourceOwner: "OTHER-ACCOUNTS"}).ResourceShares
	if len(theirs) != 5 || theirs[0].Tags != nil {
		t.Errorf("a consumer sees %+v", theirs)
	}
	one := must(t, cl, getResourceShareAssociations, &ram.GetResourceShareAssociationsInput{AssociationType: "PRINCIPAL", Principal: aws.String(unit)}).ResourceShareAssociations
	if len(one) != 5 {
		t.Errorf("%d associations of the unit", len(one))
	}
	refused(t, cl, getResourceShareAssociations, &ram.GetResourceShareAssociationsInput{AssociationType: "PRINCIPAL", ResourceArn: aws.String(subnet)}, "InvalidParameterException", "")
	principals := must(t, cl, listPrincipals, &ram.ListPrincipalsInput{ResourceOwner: "SELF", ResourceArn: aws.String(subnet), Principals: []string{member}}).Principals
	if len(principals) != 5 || *principals[0].Id != member {
		t.Errorf("principals %+v", principals)
	}
	if n := len(must(t, cl, listResources, &ram.ListResourcesInput{ResourceOwner: "SELF", Principal: aws.String(unit), ResourceType: aws.String("ec2:Subnet")}).Resources); n != 5 {
		t.Errorf("%d resources", n)
	}
	refused(t, cl, listResources, &ram.ListResourcesInput{ResourceOwner: "SELF", ResourceType: aws.String("ec2:Nothing")}, "InvalidResourceTypeException", "")
	permissions := must(t, cl, listResourceSharePermissions, &ram.ListResourceSharePermissionsInput{ResourceShareArn: two[0].ResourceShareArn}).Permissions
	if len(permissions) != 1 || *permissions[0].Arn != "arn:aws:ram::aws:permission/AWSRAMDefaultPermissionSubnet" {
		t.Errorf("permissions %+v", permissions)
	}
}
