package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// authorizationsPage is the largest page of authorizations
// (API_ListVPCAssociationAuthorizations).
const authorizationsPage = 50

// readAuthorizations lists which VPCs of other accounts may be associated with
// a zone.
func (c *caller) readAuthorizations(ctx context.Context, q estate.Query) (Patch, error) {
	var found []estate.ZoneAuthorization
	in := &route53.ListVPCAssociationAuthorizationsInput{HostedZoneId: &q.ID, MaxResults: aws.Int32(authorizationsPage)}
	for {
		out, err := c.route53(q.Account, "").ListVPCAssociationAuthorizations(ctx, in)
		if Code(err) == "NoSuchHostedZone" {
			break
		}
		if err != nil {
			return nil, err
		}
		for _, v := range out.VPCs {
			found = append(found, estate.ZoneAuthorization{Zone: q.ID, VPC: vpcRef(v)})
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	return func(e *estate.Estate) {
		var gone []string
		for a := range e.Authorizations.Prefix(q.ID + "/") {
			gone = append(gone, a.Key())
		}
		e.Authorizations.Delete(gone...)
		e.Authorizations.Put(found...)
	}, nil
}

func vpcRef(v types.VPC) estate.VPCRef {
	return estate.VPCRef{Region: estate.Region(v.VPCRegion), ID: aws.ToString(v.VPCId)}
}

// readVPCZones lists the private zones that a VPC uses, whoever owns them.
func (c *caller) readVPCZones(ctx context.Context, q estate.Query) (Patch, error) {
	var found []estate.VPCZone
	in := &route53.ListHostedZonesByVPCInput{VPCId: &q.ID, VPCRegion: types.VPCRegion(q.Region), MaxItems: aws.Int32(zonesPage)}
	for {
		out, err := c.route53(q.Account, "").ListHostedZonesByVPC(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, z := range out.HostedZoneSummaries {
			name, err := dnsname.Parse(aws.ToString(z.Name))
			if err != nil {
				return nil, err
			}
			zone := estate.VPCZone{VPC: q.ID, Zone: bareID(z.HostedZoneId), Name: name}
			if o := z.Owner; o != nil {
				zone.Owner = "account " + aws.ToString(o.OwningAccount)
				if o.OwningService != nil {
					zone.Owner = aws.ToString(o.OwningService)
				}
			}
			found = append(found, zone)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	return func(e *estate.Estate) {
		var gone []string
		for z := range e.VPCZones.Prefix(q.ID + "/") {
			gone = append(gone, z.Key())
		}
		e.VPCZones.Delete(gone...)
		e.VPCZones.Put(found...)
	}, nil
}

var authorizationBinding = binding{
	reads:   []estate.QueryKind{estate.QueryAuthorizations},
	do:      (*Writer).doAuthorization,
	settled: (*Writer).settledAtOnce,
	needs: map[plan.Action][]plan.May{
		plan.Create: {plan.MayAuthorizeVPCs},
		plan.Delete: {plan.MayAuthorizeVPCs},
	},
}

// doAuthorization lets a VPC be associated, or takes that back. Both can be
// repeated: authorizing twice is one authorization.
func (w *Writer) doAuthorization(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Association == nil {
		return nil, impossible(s)
	}
	client, vpc := w.route53(s.Account, ""), vpcOfStep(s)
	if s.Action == plan.Delete {
		_, err := client.DeleteVPCAssociationAuthorization(ctx, &route53.DeleteVPCAssociationAuthorizationInput{HostedZoneId: &s.Association.Zone, VPC: vpc})
		if c := Code(err); c == "VPCAssociationAuthorizationNotFound" || c == "NoSuchHostedZone" {
			err = nil
		}
		return plan.Attributes{}, err
	}
	_, err := client.CreateVPCAssociationAuthorization(ctx, &route53.CreateVPCAssociationAuthorizationInput{HostedZoneId: &s.Association.Zone, VPC: vpc})
	return plan.Attributes{}, err
}

func vpcOfStep(s plan.Step) *types.VPC {
	return &types.VPC{VPCId: &s.Association.VPC.ID, VPCRegion: types.VPCRegion(s.Association.VPC.Region)}
}

var associationBinding = binding{
	reads:   []estate.QueryKind{estate.QueryZone, estate.QueryVPCZones},
	do:      (*Writer).doAssociation,
	settled: (*Writer).changeSettled,
	needs: map[plan.Action][]plan.May{
		plan.Create: {plan.MayAssociateVPCs},
		plan.Delete: {plan.MayDisassociateVPCs},
	},
}

// doAssociation associates a VPC, in its own account, or takes it off, in the
// zone's. A refusal because it is done already is success: an earlier answer
// was lost.
func (w *Writer) doAssociation(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Association == nil {
		return nil, impossible(s)
	}
	client, vpc := w.route53(s.Account, ""), vpcOfStep(s)
	if s.Action == plan.Delete {
		out, err := client.DisassociateVPCFromHostedZone(ctx, &route53.DisassociateVPCFromHostedZoneInput{HostedZoneId: &s.Association.Zone, VPC: vpc})
		if c := Code(err); c == "VPCAssociationNotFound" || c == "NoSuchHostedZone" {
			return plan.Attributes{}, nil
		}
		if err != nil {
			return nil, err
		}
		return plan.Attributes{attrChange: {bareID(out.ChangeInfo.Id)}}, nil
	}
	out, err := client.AssociateVPCWithHostedZone(ctx, &route53.AssociateVPCWithHostedZoneInput{HostedZoneId: &s.Association.Zone, VPC: vpc})
	if err == nil {
		return plan.Attributes{attrChange: {bareID(out.ChangeInfo.Id)}}, nil
	}
	if c := Code(err); c != "ConflictingDomainExists" && c != "NotAuthorizedException" {
		return nil, err
	}
	stands, readErr := w.associated(ctx, s)
	if stands && readErr == nil {
		return plan.Attributes{}, nil
	}
	return nil, err
}

// associated reports whether the VPC uses exactly this zone.
func (w *Writer) associated(ctx context.Context, s plan.Step) (bool, error) {
	patch, err := w.readVPCZones(ctx, estate.Query{Account: s.Account, Region: s.Association.VPC.Region, ID: s.Association.VPC.ID})
	if err != nil {
		return false, err
	}
	var e estate.Estate
	patch(&e)
	_, ok := e.VPCZones.Get(estate.VPCZone{VPC: s.Association.VPC.ID, Zone: s.Association.Zone}.Key())
	return ok, nil
}

var vpcAttributesBinding = binding{
	reads:   []estate.QueryKind{estate.QueryVPCs},
	do:      (*Writer).doVPCAttributes,
	settled: (*Writer).settledAtOnce,
	needs:   map[plan.Action][]plan.May{plan.Update: {plan.MayChangeVPCs}},
}

// doVPCAttributes turns DNS attributes on: support first, without which
// hostnames cannot be, and each by a call of its own (API_ModifyVpcAttribute).
func (w *Writer) doVPCAttributes(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.VPCAttributes == nil {
		return nil, impossible(s)
	}
	client, on := w.ec2(s.Account, s.Region), &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}
	if s.VPCAttributes.Support {
		if _, err := client.ModifyVpcAttribute(ctx, &ec2.ModifyVpcAttributeInput{VpcId: &s.VPCAttributes.VPC, EnableDnsSupport: on}); err != nil {
			return nil, err
		}
	}
	if s.VPCAttributes.Hostnames {
		if _, err := client.ModifyVpcAttribute(ctx, &ec2.ModifyVpcAttributeInput{VpcId: &s.VPCAttributes.VPC, EnableDnsHostnames: on}); err != nil {
			return nil, err
		}
	}
	return plan.Attributes{}, nil
}
