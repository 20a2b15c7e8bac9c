package route53

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

func getAccountLimit(_ context.Context, c *world.Call, in *sdk.GetAccountLimitInput) (*sdk.GetAccountLimitOutput, error) {
	if err := authorize(c, "*", nil); err != nil {
		return nil, err
	}
	e := c.Estate()
	var used int64
	switch in.Type {
	case types.AccountLimitTypeMaxHostedZonesByOwner:
		used = zoneCount(e, c.Account())
	case types.AccountLimitTypeMaxHealthChecksByOwner:
		used = checkCount(c)
	case types.AccountLimitTypeMaxReusableDelegationSetsByOwner:
		for range e.DelegationSets.By(estate.ByAccount(c.Account())) {
			used++
		}
	case types.AccountLimitTypeMaxTrafficPoliciesByOwner, types.AccountLimitTypeMaxTrafficPolicyInstancesByOwner:
		// The twin has no traffic policies, so none are used.
	default:
		return nil, invalidInput("Invalid request: unknown limit type %s", in.Type)
	}
	return &sdk.GetAccountLimitOutput{
		Count: used,
		Limit: &types.AccountLimit{Type: in.Type, Value: aws.Int64(quotaValue(e, c.Account(), string(in.Type), ""))},
	}, nil
}

func getHostedZoneLimit(_ context.Context, c *world.Call, in *sdk.GetHostedZoneLimitInput) (*sdk.GetHostedZoneLimitOutput, error) {
	id := bare(in.HostedZoneId, zonePrefix)
	if err := authorize(c, zoneARN(id), nil); err != nil {
		return nil, err
	}
	z, err := ownZone(c, id)
	if err != nil {
		return nil, err
	}
	e := c.Estate()
	var used int64
	switch in.Type {
	case types.HostedZoneLimitTypeMaxRrsetsByZone:
		used = recordCount(e, z)
	case types.HostedZoneLimitTypeMaxVpcsAssociatedByZone:
		if !z.Private {
			return nil, &types.HostedZoneNotPrivate{Message: text("The specified hosted zone is a public hosted zone, not a private hosted zone.")}
		}
		used = int64(len(z.VPCs))
	default:
		return nil, invalidInput("Invalid request: unknown limit type %s", in.Type)
	}
	return &sdk.GetHostedZoneLimitOutput{
		Count: used,
		Limit: &types.HostedZoneLimit{Type: in.Type, Value: aws.Int64(quotaValue(e, c.Account(), string(in.Type), id))},
	}, nil
}

func getDelegationSetLimit(_ context.Context, c *world.Call, in *sdk.GetReusableDelegationSetLimitInput) (*sdk.GetReusableDelegationSetLimitOutput, error) {
	id := bare(in.DelegationSetId, setPrefix)
	if err := authorize(c, setARN(id), nil); err != nil {
		return nil, err
	}
	d, err := ownSet(c, id)
	if err != nil {
		return nil, err
	}
	if in.Type != types.ReusableDelegationSetLimitTypeMaxZonesByReusableDelegationSet {
		return nil, invalidInput("Invalid request: unknown limit type %s", in.Type)
	}
	return &sdk.GetReusableDelegationSetLimitOutput{
		Count: zonesOfSet(c.Estate(), d),
		Limit: &types.ReusableDelegationSetLimit{Type: in.Type, Value: aws.Int64(quotaValue(c.Estate(), c.Account(), string(in.Type), id))},
	}, nil
}
