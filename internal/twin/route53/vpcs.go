package route53

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// associateVPC puts a private zone into effect in a VPC of the caller's. When
// the zone belongs to another account, that account must have authorized it
// (Developer Guide, hosted-zone-private-associate-vpcs-different-accounts.html).
// The order of the checks is our reading.
func associateVPC(_ context.Context, c *world.Call, in *sdk.AssociateVPCWithHostedZoneInput) (*sdk.AssociateVPCWithHostedZoneOutput, error) {
	id := bare(in.HostedZoneId, zonePrefix)
	v, err := vpcRef(in.VPC)
	if err != nil {
		return nil, err
	}
	if err := authorizeVPC(c, zoneARN(id), v, true); err != nil {
		return nil, err
	}
	e := c.Estate()
	z, ok := e.Zones.Get(id)
	if !ok {
		return nil, noSuchZone(id)
	}
	if !z.Private {
		// hashicorp/terraform#1827
		return nil, &types.PublicZoneVPCAssociation{Message: text("Attempting to associate public zone: %s with vpc: %s", id, v.ID)}
	}
	if !ownsVPC(e, c.Account(), v) {
		return nil, invalidVPC(v)
	}
	if _, authorized := e.Authorizations.Get(estate.ZoneAuthorization{Zone: id, VPC: v}.Key()); z.Account != c.Account() && !authorized {
		// hashicorp/terraform#12804
		return nil, &types.NotAuthorizedException{Message: text("The VPC: %s has not authorized to associate with your hosted zone.", v.ID)}
	}
	if err := claimZone(c, id); err != nil {
		return nil, err
	}
	if err := freeOnVPC(c.State, v, z.Name); err != nil {
		return nil, err
	}
	if max, limited := quota(c, z.Account, quotaVPCs, id); limited && int64(len(z.VPCs)) >= max {
		return nil, &types.LimitsExceeded{Message: limitExceeded(quotaVPCs, "VPC associations")}
	}
	if err := spend(c, zoneChangeCost); err != nil {
		return nil, err
	}
	z.VPCs = append(slices.Clone(z.VPCs), v)
	e.Zones.Put(z)
	return &sdk.AssociateVPCWithHostedZoneOutput{ChangeInfo: newChange(c, id, aws.ToString(in.Comment))}, nil
}

// disassociateVPC takes a private zone out of effect in a VPC, for the owner of
// either; never from the zone's last VPC, and not when the zone is an AWS
// service's own (OwningService) rather than made by it in an account
// (API_DisassociateVPCFromHostedZone).
func disassociateVPC(_ context.Context, c *world.Call, in *sdk.DisassociateVPCFromHostedZoneInput) (*sdk.DisassociateVPCFromHostedZoneOutput, error) {
	id := bare(in.HostedZoneId, zonePrefix)
	v, err := vpcRef(in.VPC)
	if err != nil {
		return nil, err
	}
	if err := authorizeVPC(c, zoneARN(id), v, true); err != nil {
		return nil, err
	}
	e := c.Estate()
	z, ok := e.Zones.Get(id)
	switch {
	case !ok:
		return nil, noSuchZone(id)
	case z.Account != c.Account() && !ownsVPC(e, c.Account(), v):
		return nil, foreign(c)
	case ownedByService(z):
		return nil, managed(z)
	}
	if err := claimZone(c, id); err != nil {
		return nil, err
	}
	_, exists := e.VPCs.Get(v.ID)
	i := slices.Index(z.VPCs, v)
	switch {
	case i < 0 && !exists: // one that is gone can still be taken off a zone
		return nil, invalidVPC(v)
	case i < 0:
		return nil, &types.VPCAssociationNotFound{Message: text("The VPC %s in region %s is not associated with the hosted zone %s.", v.ID, v.Region, id)}
	case len(z.VPCs) == 1:
		return nil, &types.LastVPCAssociation{Message: text("The VPC %s is the last VPC that is associated with the hosted zone %s, so it can't be disassociated.", v.ID, id)}
	}
	if err := spend(c, zoneChangeCost); err != nil {
		return nil, err
	}
	z.VPCs = slices.Delete(slices.Clone(z.VPCs), i, i+1)
	e.Zones.Put(z)
	return &sdk.DisassociateVPCFromHostedZoneOutput{ChangeInfo: newChange(c, id, aws.ToString(in.Comment))}, nil
}

// createAuthorization lets a VPC of another account be associated with a zone
// of the caller's. Whose VPC it is cannot be seen from here, so any ID of the
// partition will do; a second authorization of the same VPC changes nothing. That a public zone
// is refused is our reading: no error of this operation says so.
func createAuthorization(_ context.Context, c *world.Call, in *sdk.CreateVPCAssociationAuthorizationInput) (*sdk.CreateVPCAssociationAuthorizationOutput, error) {
	z, v, err := authorizationOf(c, in.HostedZoneId, in.VPC)
	if err != nil {
		return nil, err
	}
	if !z.Private {
		return nil, &world.Undocumented{Rule: "R8.3", Err: invalidInput("Invalid request: the hosted zone %s is public", z.ID)}
	}
	e := c.Estate()
	var n int64
	for range e.Authorizations.Prefix(z.ID + "/") {
		n++
	}
	if max, limited := quota(c, c.Account(), quotaVPCAuthorization, z.ID); limited && n >= max {
		return nil, &types.TooManyVPCAssociationAuthorizations{Message: text("You've created the maximum number of authorizations that can be created for the hosted zone %s.", z.ID)}
	}
	e.Authorizations.Put(estate.ZoneAuthorization{Zone: z.ID, VPC: v})
	return &sdk.CreateVPCAssociationAuthorizationOutput{HostedZoneId: aws.String(z.ID), VPC: in.VPC}, nil
}

// deleteAuthorization withdraws an authorization; an association made under it
// stays (API_DeleteVPCAssociationAuthorization).
func deleteAuthorization(_ context.Context, c *world.Call, in *sdk.DeleteVPCAssociationAuthorizationInput) (*sdk.DeleteVPCAssociationAuthorizationOutput, error) {
	z, v, err := authorizationOf(c, in.HostedZoneId, in.VPC)
	if err != nil {
		return nil, err
	}
	key := estate.ZoneAuthorization{Zone: z.ID, VPC: v}.Key()
	if _, ok := c.Estate().Authorizations.Get(key); !ok {
		return nil, &types.VPCAssociationAuthorizationNotFound{Message: text("The VPC %s in region %s is not authorized to be associated with the hosted zone %s.", v.ID, v.Region, z.ID)}
	}
	c.Estate().Authorizations.Delete(key)
	return &sdk.DeleteVPCAssociationAuthorizationOutput{}, nil
}

// authorizationOf reads and judges a request about an authorization.
func authorizationOf(c *world.Call, zone *string, vpc *types.VPC) (estate.Zone, estate.VPCRef, error) {
	id := bare(zone, zonePrefix)
	v, err := vpcRef(vpc)
	if err != nil {
		return estate.Zone{}, v, err
	}
	if err := authorizeVPC(c, zoneARN(id), v, false); err != nil {
		return estate.Zone{}, v, err
	}
	z, err := ownZone(c, id)
	switch {
	case err != nil:
	case !strings.HasPrefix(v.ID, "vpc-"), strings.HasPrefix(string(v.Region), "cn-"), strings.HasPrefix(string(v.Region), "us-gov-"):
		err = invalidVPC(v)
	case !c.Claim(zoneARN(id) + "/authorizations"):
		// hashicorp/terraform-provider-aws#29221
		err = &types.ConcurrentModification{Message: text("A conflicting modification to the authorizations in place for %s occurred. Please retry.", id)}
	}
	return z, v, err
}

// maxAuthorizations is the page of ListVPCAssociationAuthorizations.
const maxAuthorizations = 50

func listAuthorizations(_ context.Context, c *world.Call, in *sdk.ListVPCAssociationAuthorizationsInput) (*sdk.ListVPCAssociationAuthorizationsOutput, error) {
	id := bare(in.HostedZoneId, zonePrefix)
	if err := authorize(c, zoneARN(id), nil); err != nil {
		return nil, err
	}
	z, err := ownZone(c, id)
	if err != nil {
		return nil, err
	}
	n, err := pageSize(in.MaxResults, maxAuthorizations)
	if err != nil {
		return nil, err
	}
	out := &sdk.ListVPCAssociationAuthorizationsOutput{HostedZoneId: aws.String(z.ID), VPCs: []types.VPC{}}
	prefix := z.ID + "/"
	if t := in.NextToken; t != nil && !strings.Contains(*t, "/vpc-") {
		return nil, invalidToken()
	}
	for a := range c.Estate().Authorizations.From(prefix, prefix+aws.ToString(in.NextToken)) {
		if len(out.VPCs) == n {
			out.NextToken = aws.String(a.Key()[len(prefix):])
			break
		}
		out.VPCs = append(out.VPCs, sdkVPC(a.VPC))
	}
	return out, nil
}

// ownedByService reports whether a zone belongs to an AWS service: what
// ListHostedZonesByVPC shows as OwningService.
func ownedByService(z estate.Zone) bool { return z.Account == "" && z.LinkedService != "" }
