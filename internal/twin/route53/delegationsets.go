package route53

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// ownSet finds a reusable delegation set of the caller's account.
func ownSet(c *world.Call, id string) (estate.DelegationSet, error) {
	d, ok := c.Estate().DelegationSets.Get(id)
	if !ok || d.Account != c.Account() {
		return d, &types.NoSuchDelegationSet{Message: text("Delegation set %s not found", id)}
	}
	return d, nil
}

// zonesOfSet counts the zones that use a reusable delegation set.
func zonesOfSet(e *estate.Estate, d estate.DelegationSet) (n int64) {
	for z := range e.Zones.By(estate.ByAccount(d.Account)) {
		if z.DelegationSet == d.ID {
			n++
		}
	}
	return n
}

// serversOfSet judges whether a new zone may use a reusable delegation set. The
// hold on dangling delegations does not extend to these sets (Developer Guide,
// protection-from-dangling-dns.html).
func serversOfSet(c *world.Call, id string, name dnsname.Name) ([]dnsname.Name, error) {
	e := c.Estate()
	d, err := ownSet(c, id)
	if err != nil {
		return nil, err
	}
	taken := occupied(e, name)
	for _, s := range d.NameServers {
		if taken[s] {
			return nil, &types.ConflictingDomainExists{Message: text("A conflicting domain is already associated with the given VPC or Delegation Set.")}
		}
	}
	if max, limited := quota(c, c.Account(), quotaZonesOfSet, id); limited && zonesOfSet(e, d) >= max {
		return nil, &types.TooManyHostedZones{Message: limitExceeded(quotaZonesOfSet, "hosted zones")}
	}
	return d.NameServers, nil
}

func sdkDelegationSet(d estate.DelegationSet) *types.DelegationSet {
	return &types.DelegationSet{
		Id: aws.String(setPrefix + d.ID), CallerReference: aws.String(d.CallerReference), NameServers: hostNames(d.NameServers),
	}
}

// createDelegationSet makes a reusable delegation set: a new one, or the one
// that a public zone of the caller's has (API_CreateReusableDelegationSet).
func createDelegationSet(_ context.Context, c *world.Call, in *sdk.CreateReusableDelegationSetInput) (*sdk.CreateReusableDelegationSetOutput, error) {
	if err := authorize(c, "*", nil); err != nil {
		return nil, err
	}
	e := c.Estate()
	d := estate.DelegationSet{Account: c.Account(), CallerReference: aws.ToString(in.CallerReference)}
	var n int64
	for other := range e.DelegationSets.By(estate.ByAccount(c.Account())) {
		if other.CallerReference == d.CallerReference {
			return nil, &types.DelegationSetAlreadyCreated{Message: text("A delegation set with the same owner and caller reference combination has already been created.")}
		}
		n++
	}
	if max, limited := quota(c, c.Account(), quotaDelegationSets, ""); limited && n >= max {
		return nil, &types.LimitsExceeded{Message: limitExceeded(quotaDelegationSets, "reusable delegation sets")}
	}
	d.ID = "N" + c.State.ID(c.Account(), "delegationset", d.CallerReference, 20)
	if in.HostedZoneId != nil {
		id := bare(in.HostedZoneId, zonePrefix)
		z, ok := e.Zones.Get(id)
		switch {
		case !ok || z.Account != c.Account():
			return nil, &types.HostedZoneNotFound{Message: text("The specified HostedZone can't be found.")}
		case z.Private:
			return nil, invalidInput("Invalid request: the hosted zone %s is private", id)
		case z.DelegationSet != "":
			return nil, &types.DelegationSetAlreadyReusable{Message: text("The specified delegation set has already been marked as reusable.")}
		}
		d.NameServers = zoneServers(e, z)
		z.DelegationSet = d.ID
		e.Zones.Put(z)
	} else {
		servers, err := pickServers(d.ID, nil)
		if err != nil {
			return nil, err
		}
		d.NameServers = servers
	}
	e.DelegationSets.Put(d)
	return &sdk.CreateReusableDelegationSetOutput{
		DelegationSet: sdkDelegationSet(d),
		Location:      aws.String("https://route53.amazonaws.com/2013-04-01/delegationset/" + d.ID),
	}, nil
}

func getDelegationSet(_ context.Context, c *world.Call, in *sdk.GetReusableDelegationSetInput) (*sdk.GetReusableDelegationSetOutput, error) {
	id := bare(in.Id, setPrefix)
	if err := authorize(c, setARN(id), nil); err != nil {
		return nil, err
	}
	d, err := ownSet(c, id)
	if err != nil {
		return nil, err
	}
	return &sdk.GetReusableDelegationSetOutput{DelegationSet: sdkDelegationSet(d)}, nil
}

func deleteDelegationSet(_ context.Context, c *world.Call, in *sdk.DeleteReusableDelegationSetInput) (*sdk.DeleteReusableDelegationSetOutput, error) {
	id := bare(in.Id, setPrefix)
	if err := authorize(c, setARN(id), nil); err != nil {
		return nil, err
	}
	d, err := ownSet(c, id)
	if err != nil {
		return nil, err
	}
	if zonesOfSet(c.Estate(), d) > 0 {
		return nil, &types.DelegationSetInUse{Message: text("The delegation set %s is in use by at least one hosted zone.", id)}
	}
	c.Estate().DelegationSets.Delete(id)
	return &sdk.DeleteReusableDelegationSetOutput{}, nil
}

// maxSets is the page of ListReusableDelegationSets.
const maxSets = 100

func listDelegationSets(_ context.Context, c *world.Call, in *sdk.ListReusableDelegationSetsInput) (*sdk.ListReusableDelegationSetsOutput, error) {
	if err := authorize(c, "*", nil); err != nil {
		return nil, err
	}
	n, err := pageSize(in.MaxItems, maxSets)
	if err != nil {
		return nil, err
	}
	out := &sdk.ListReusableDelegationSetsOutput{
		Marker: aws.String(aws.ToString(in.Marker)), MaxItems: aws.Int32(int32(n)), DelegationSets: []types.DelegationSet{},
	}
	marker := bare(in.Marker, setPrefix)
	for d := range c.Estate().DelegationSets.By(estate.ByAccount(c.Account())) {
		if d.ID < marker {
			continue
		}
		if len(out.DelegationSets) == n {
			out.IsTruncated, out.NextMarker = true, aws.String(d.ID)
			break
		}
		out.DelegationSets = append(out.DelegationSets, *sdkDelegationSet(d))
	}
	return out, nil
}
