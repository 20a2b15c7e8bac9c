package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/estate"
)

// readLimits reads how many zones the account may have and has; with an ID,
// how many records and, of a private zone, VPCs that zone may have and has.
func (c *caller) readLimits(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.route53(q.Account, "")
	quota := estate.Quota{Account: q.Account, ID: q.ID}
	if q.ID == "" {
		out, err := client.GetAccountLimit(ctx, &route53.GetAccountLimitInput{Type: types.AccountLimitTypeMaxHostedZonesByOwner})
		if err != nil {
			return nil, err
		}
		quota.Code, quota.Used = string(types.AccountLimitTypeMaxHostedZonesByOwner), out.Count
		if out.Limit != nil && out.Limit.Value != nil {
			quota.Value = *out.Limit.Value
		}
		return func(e *estate.Estate) { e.Quotas.Put(quota) }, nil
	}
	var quotas []estate.Quota
	for _, kind := range []types.HostedZoneLimitType{types.HostedZoneLimitTypeMaxRrsetsByZone, types.HostedZoneLimitTypeMaxVpcsAssociatedByZone} {
		out, err := client.GetHostedZoneLimit(ctx, &route53.GetHostedZoneLimitInput{HostedZoneId: &q.ID, Type: kind})
		if kind == types.HostedZoneLimitTypeMaxVpcsAssociatedByZone && Code(err) == "HostedZoneNotPrivate" {
			continue
		}
		if err != nil {
			return nil, err
		}
		quota.Code, quota.Used = string(kind), out.Count
		if out.Limit != nil && out.Limit.Value != nil {
			quota.Value = *out.Limit.Value
		}
		quotas = append(quotas, quota)
	}
	return func(e *estate.Estate) { e.Quotas.Put(quotas...) }, nil
}
