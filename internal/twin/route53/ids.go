package route53

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

const (
	zonePrefix   = "/hostedzone/"
	changePrefix = "/change/"
	setPrefix    = "/delegationset/"
)

// bare takes the prefix of its kind from an ID; clients may give it or not.
func bare(id *string, prefix string) string {
	s := aws.ToString(id)
	return strings.TrimPrefix(strings.TrimPrefix(s, prefix), strings.TrimPrefix(prefix, "/"))
}

func zoneARN(id string) string   { return "arn:aws:route53:::hostedzone/" + id }
func changeARN(id string) string { return "arn:aws:route53:::change/" + id }
func setARN(id string) string    { return "arn:aws:route53:::delegationset/" + id }
func checkARN(id string) string  { return "arn:aws:route53:::healthcheck/" + id }

// authorize judges the operation that was called.
func authorize(c *world.Call, resource string, conditions world.Conditions) error {
	return c.Authorize(Service+":"+c.Operation, resource, conditions)
}

// authorizeVPC judges an operation on a VPC: the condition key route53:VPCs
// holds it (Developer Guide, specifying-conditions-route53.html), and the
// caller must be able to see it (Service Authorization Reference, dependent
// actions of AssociateVPCWithHostedZone and its like).
func authorizeVPC(c *world.Call, resource string, v estate.VPCRef, dependent bool) error {
	err := authorize(c, resource, world.Conditions{
		"route53:vpcs": {"VPCId=" + v.ID + ",VPCRegion=" + string(v.Region)},
	})
	if err == nil && dependent {
		err = c.Authorize("ec2:DescribeVpcs", "*", nil)
	}
	return err
}

// ownZone finds a zone of the caller's account.
func ownZone(c *world.Call, id string) (estate.Zone, error) {
	z, ok := c.Estate().Zones.Get(id)
	switch {
	case !ok:
		return z, noSuchZone(id)
	case z.Account != c.Account():
		return z, foreign(c)
	}
	return z, nil
}

// vpcRef reads a VPC out of a request.
func vpcRef(v *types.VPC) (estate.VPCRef, error) {
	if v == nil || aws.ToString(v.VPCId) == "" || v.VPCRegion == "" {
		return estate.VPCRef{}, invalidInput("Invalid request: VPCId and VPCRegion must be specified")
	}
	return estate.VPCRef{Region: estate.Region(v.VPCRegion), ID: *v.VPCId}, nil
}

func sdkVPC(v estate.VPCRef) types.VPC {
	return types.VPC{VPCId: aws.String(v.ID), VPCRegion: types.VPCRegion(v.Region)}
}

// ownsVPC reports whether the VPC exists, in that Region, in the account.
func ownsVPC(e *estate.Estate, account estate.AccountID, v estate.VPCRef) bool {
	got, ok := e.VPCs.Get(v.ID)
	return ok && got.Region == v.Region && got.Account == account
}
