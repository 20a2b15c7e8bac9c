package ram

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// add puts resources and principals into a share; what is in it already stays
// as it is.
func add(c *world.Call, s estate.Share, resources, principals []string) (estate.Share, error) {
	if len(resources) > resourcesPerCall {
		return s, limitExceeded("At most %d resources can be associated in a call.", resourcesPerCall)
	}
	s.Resources, s.Principals = slices.Clone(s.Resources), slices.Clone(s.Principals)
	for _, arn := range resources {
		if _, there := estate.ShareMemberIn(s.Resources, arn); there {
			continue
		}
		if err := checkResource(c, s, arn); err != nil {
			return s, err
		}
		s.Resources = append(s.Resources, estate.ShareMember{ID: arn, Status: estate.ShareAssociated, Since: c.Now})
	}
	for _, id := range principals {
		if _, there := estate.ShareMemberIn(s.Principals, id); there {
			continue
		}
		p, err := principal(c, s, id)
		if err != nil {
			return s, err
		}
		s.Principals = append(s.Principals, p)
	}
	mostResources := c.Estate().Raised(c.Account(), estate.QuotaResourcesPerShare, membersPerShare)
	mostPrincipals := c.Estate().Raised(c.Account(), estate.QuotaPrincipalsPerShare, membersPerShare)
	if c.World.Limits && (len(s.Resources) > mostResources || len(s.Principals) > mostPrincipals) {
		return s, limitExceeded("A resource share can hold at most %d resources and %d principals.", mostResources, mostPrincipals)
	}
	c.Estate().Shares.Put(s)
	invite(c, s)
	return s, quotas(c)
}

// quotas holds the caller's shares in the Region to their quotas.
func quotas(c *world.Call) error {
	if !c.World.Limits {
		return nil
	}
	shares, resources, principals := 0, 0, 0
	for s := range c.Estate().Shares.By(estate.ByRegion(c.Account(), c.Region)) {
		shares, resources, principals = shares+1, resources+len(s.Resources), principals+len(s.Principals)
	}
	pending := 0
	for i := range c.Estate().Invitations.All() {
		if i.Sender == c.Account() && i.Region == c.Region && shownInvitation(c, i).Status == types.ResourceShareInvitationStatusPending {
			pending++
		}
	}
	switch {
	case shares > sharesPerRegion:
		return limitExceeded("At most %d resource shares can be in a Region.", sharesPerRegion)
	case resources > membersPerRegion || principals > membersPerRegion:
		return limitExceeded("At most %d resources and %[1]d principals can be associated in a Region.", membersPerRegion)
	case pending > openInvitations:
		return limitExceeded("At most %d invitations can be pending.", openInvitations)
	}
	return nil
}

// principal judges who may be in a share: an account, a unit, the organization.
// One of the organization is in at once while sharing with it is on; any other
// account gets an invitation, if the share allows it and holds nothing that
// stays inside (RAM User Guide, getting-started-sharing.html).
func principal(c *world.Call, s estate.Share, id string) (estate.ShareMember, error) {
	e, now := c.Estate(), c.Now
	inside := estate.ShareMember{ID: id, Status: estate.ShareAssociated, Since: now}
	switch parts := strings.SplitN(id, ":", 6); {
	case len(id) == 12 && strings.Trim(id, "0123456789") == "":
	case len(parts) == 6 && parts[2] == "organizations":
		kind, path, _ := strings.Cut(parts[5], "/")
		what, name := "Organization", path
		known := kind == "organization" && id == e.Organization.UnitARN(e.Organization.Root)
		if kind == "ou" {
			what, name = "OrganizationalUnit", path[strings.LastIndexByte(path, '/')+1:]
			_, known = e.Units.Get(name)
			known = known && id == e.Organization.UnitARN(name)
		}
		if !known || !sharing(c) {
			return inside, unknown(what, name)
		}
		return inside, nil
	case len(parts) == 6 && parts[2] == "iam":
		return inside, c.Unsupported("Principals of IAM")
	default:
		return inside, invalid("Principal ID %s is malformed. Verify the ID and try again.", id)
	}
	mine, theirs := e.Path(string(c.Account())) != nil, e.Path(id) != nil
	switch {
	case id == string(c.Account()):
		return inside, invalid("Principal ID %s owns the resource share.", id)
	case theirs && sharing(c):
		return inside, nil
	case !s.AllowExternal:
		return inside, &types.OperationNotPermittedException{Message: text(onlyInside)}
	case slices.ContainsFunc(s.Resources, func(r estate.ShareMember) bool { k, _ := estate.ShareKindOf(r.ID); return k.Inside }):
		return inside, invalid(onlyInside)
	}
	return estate.ShareMember{ID: id, Status: estate.ShareAssociating, External: !mine || !theirs, Since: now}, nil
}

func associateResourceShare(_ context.Context, c *world.Call, in *ram.AssociateResourceShareInput) (*ram.AssociateResourceShareOutput, error) {
	s, err := own(c, in.ResourceShareArn, request(in.ResourceArns, in.Principals, nil, nil))
	if err != nil {
		return nil, err
	}
	if in.Sources != nil {
		return nil, c.Unsupported("Sources")
	}
	if len(in.ResourceArns)+len(in.Principals) == 0 {
		return nil, invalid("You must specify at least one resource or principal.")
	}
	if s, err = add(c, s, in.ResourceArns, in.Principals); err != nil {
		return nil, err
	}
	out := &ram.AssociateResourceShareOutput{ClientToken: in.ClientToken}
	for _, a := range associations(c, s) {
		if slices.Contains(in.ResourceArns, *a.AssociatedEntity) || slices.Contains(in.Principals, *a.AssociatedEntity) {
			out.ResourceShareAssociations = append(out.ResourceShareAssociations, a)
		}
	}
	return out, nil
}

// disassociateResourceShare takes resources and principals out of a share, with
// effect at once.
func disassociateResourceShare(_ context.Context, c *world.Call, in *ram.DisassociateResourceShareInput) (*ram.DisassociateResourceShareOutput, error) {
	s, err := own(c, in.ResourceShareArn, request(in.ResourceArns, in.Principals, nil, nil))
	if err != nil {
		return nil, err
	}
	out := &ram.DisassociateResourceShareOutput{ClientToken: in.ClientToken}
	before := associations(c, s)
	for _, id := range append(slices.Clone(in.ResourceArns), in.Principals...) {
		i := slices.IndexFunc(before, func(a types.ResourceShareAssociation) bool { return *a.AssociatedEntity == id })
		if i < 0 {
			return nil, unknown("Association of", id)
		}
		a := before[i]
		a.Status = types.ResourceShareAssociationStatusDisassociating
		out.ResourceShareAssociations = append(out.ResourceShareAssociations, a)
	}
	drop := func(list []estate.ShareMember, ids []string) []estate.ShareMember {
		return slices.DeleteFunc(slices.Clone(list), func(m estate.ShareMember) bool { return slices.Contains(ids, m.ID) })
	}
	s.Resources, s.Principals = drop(s.Resources, in.ResourceArns), drop(s.Principals, in.Principals)
	c.Estate().Shares.Put(s)
	withdraw(c, s.ARN, in.Principals)
	return out, nil
}

// associations are what a share holds as RAM shows it: what was put in a
// moment ago is ASSOCIATING.
func associations(c *world.Call, s estate.Share) []types.ResourceShareAssociation {
	var out []types.ResourceShareAssociation
	show := func(m estate.ShareMember, kind types.ResourceShareAssociationType) {
		status := types.ResourceShareAssociationStatus(m.Status)
		if m.Status == estate.ShareAssociated && !world.Works(m, c.Now) {
			status = types.ResourceShareAssociationStatusAssociating
		}
		out = append(out, types.ResourceShareAssociation{
			ResourceShareArn: &s.ARN, ResourceShareName: &s.Name, AssociatedEntity: &m.ID, AssociationType: kind,
			Status: status, External: &m.External, CreationTime: &m.Since, LastUpdatedTime: &m.Since,
		})
	}
	for _, m := range s.Resources {
		show(m, types.ResourceShareAssociationTypeResource)
	}
	for _, m := range s.Principals {
		show(m, types.ResourceShareAssociationTypePrincipal)
	}
	return out
}

// getResourceShareAssociations lists what the caller's shares hold
// (API_GetResourceShareAssociations).
func getResourceShareAssociations(_ context.Context, c *world.Call, in *ram.GetResourceShareAssociationsInput) (*ram.GetResourceShareAssociationsOutput, error) {
	if err := allow(c, "*", nil); err != nil {
		return nil, err
	}
	switch {
	case in.AssociationType == types.ResourceShareAssociationTypePrincipal && in.ResourceArn != nil:
		return nil, invalid("You cannot specify a resource ARN when the association type is PRINCIPAL.")
	case in.AssociationType == types.ResourceShareAssociationTypeResource && in.Principal != nil:
		return nil, invalid("You cannot specify a principal when the association type is RESOURCE.")
	}
	shares := sharesOf(c, types.ResourceOwnerSelf)
	for _, arn := range in.ResourceShareArns {
		if !slices.ContainsFunc(shares, func(s estate.Share) bool { return s.ARN == arn }) {
			return nil, unknown("ResourceShare", arn)
		}
	}
	var all []types.ResourceShareAssociation
	for _, s := range shares {
		if !wanted(in.ResourceShareArns, s.ARN) {
			continue
		}
		for _, a := range associations(c, s) {
			if a.AssociationType == in.AssociationType && (in.AssociationStatus == "" || in.AssociationStatus == a.Status) &&
				(in.ResourceArn == nil || *in.ResourceArn == *a.AssociatedEntity) && (in.Principal == nil || *in.Principal == *a.AssociatedEntity) {
				all = append(all, a)
			}
		}
	}
	list, next, err := page(all, func(a types.ResourceShareAssociation) string { return *a.ResourceShareArn + " " + *a.AssociatedEntity }, in.MaxResults, in.NextToken)
	if list == nil {
		list = []types.ResourceShareAssociation{}
	}
	return &ram.GetResourceShareAssociationsOutput{ResourceShareAssociations: list, NextToken: next}, err
}

// linkedRole is the role that sharing with the organization brings (RAM User
// Guide, security-iam-service-linked-roles.html).
const (
	linkedRole  = "AWSServiceRoleForResourceAccessManager"
	linkedPath  = "/aws-service-role/" + estate.ShareService + "/"
	linkedTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + estate.ShareService + `"},"Action":"sts:AssumeRole"}]}`
)

// enableSharing lets the accounts of an organization share without invitations;
// only its management account may (API_EnableSharingWithAwsOrganization).
func enableSharing(_ context.Context, c *world.Call, _ *ram.EnableSharingWithAwsOrganizationInput) (*ram.EnableSharingWithAwsOrganizationOutput, error) {
	if err := allow(c, "*", nil); err != nil {
		return nil, err
	}
	e := c.Estate()
	if e.Organization.ID == "" || e.Organization.Management != c.Account() {
		return nil, &types.OperationNotPermittedException{Message: text("Only the management account of an organization can enable sharing with it.")}
	}
	if !trusts(e) {
		e.Organization.TrustedServices = append(slices.Clone(e.Organization.TrustedServices), estate.ShareService)
		slices.Sort(e.Organization.TrustedServices)
	}
	if _, ok := estate.First(e.Roles.By(estate.ByRole(c.Account(), linkedRole))); !ok {
		e.Roles.Put(estate.Role{
			ARN: "arn:aws:iam::" + string(c.Account()) + ":role" + linkedPath + linkedRole, ID: "AROA" + c.State.ID(c.Account(), "role", linkedRole, 17),
			Account: c.Account(), Path: linkedPath, Name: linkedRole, Trust: linkedTrust, MaxSession: 3600, Created: c.Now.Truncate(time.Second),
		})
	}
	return &ram.EnableSharingWithAwsOrganizationOutput{ReturnValue: aws.Bool(true)}, nil
}

func trusts(e *estate.Estate) bool {
	return slices.Contains(e.Organization.TrustedServices, estate.ShareService)
}
