package route53

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// pageSize is how many items a page holds: as many as asked for, at most max.
func pageSize(maxItems *int32, max int) (int, error) {
	switch n := int(aws.ToInt32(maxItems)); {
	case maxItems == nil || n > max:
		return max, nil
	case n < 1:
		return 0, invalidInput("Invalid request: MaxItems must be at least 1, but was %d", n)
	default:
		return n, nil
	}
}

// maxZones is the page of the lists of zones (API_ListHostedZones).
const maxZones = 100

// listHostedZones lists the zones of the account in the order of their IDs; the
// marker is the first ID of the next page.
func listHostedZones(_ context.Context, c *world.Call, in *sdk.ListHostedZonesInput) (*sdk.ListHostedZonesOutput, error) {
	if err := authorize(c, "*", nil); err != nil {
		return nil, err
	}
	n, err := pageSize(in.MaxItems, maxZones)
	if err != nil {
		return nil, err
	}
	e := c.Estate()
	set := bare(in.DelegationSetId, setPrefix)
	if set != "" {
		if _, err := ownSet(c, set); err != nil {
			return nil, err
		}
	}
	out := &sdk.ListHostedZonesOutput{Marker: in.Marker, MaxItems: aws.Int32(int32(n)), HostedZones: []types.HostedZone{}}
	marker := bare(in.Marker, zonePrefix)
	for z := range e.Zones.By(estate.ByAccount(c.Account())) {
		switch {
		case z.ID < marker, set != "" && z.DelegationSet != set,
			in.HostedZoneType == types.HostedZoneTypePrivateHostedZone && !z.Private:
			continue
		}
		if len(out.HostedZones) == n {
			out.IsTruncated, out.NextMarker = true, aws.String(z.ID)
			break
		}
		out.HostedZones = append(out.HostedZones, *sdkZone(e, z))
	}
	return out, nil
}

// listHostedZonesByName lists the zones of the account by name, labels
// reversed, then ID, from a name on: not only the zones of that name
// (API_ListHostedZonesByName).
func listHostedZonesByName(_ context.Context, c *world.Call, in *sdk.ListHostedZonesByNameInput) (*sdk.ListHostedZonesByNameOutput, error) {
	if err := authorize(c, "*", nil); err != nil {
		return nil, err
	}
	n, err := pageSize(in.MaxItems, maxZones)
	if err != nil {
		return nil, err
	}
	from := ""
	startID := bare(in.HostedZoneId, zonePrefix)
	switch {
	case in.DNSName != nil:
		name, err := dnsname.Parse(*in.DNSName)
		if err != nil {
			return nil, &types.InvalidDomainName{Message: text("%s", nameProblem(*in.DNSName))}
		}
		from = name.Key()
	case startID != "":
		return nil, invalidInput("Invalid request: HostedZoneId can be specified only together with DNSName")
	}
	e := c.Estate()
	zones := slices.Collect(e.Zones.By(estate.ByAccount(c.Account())))
	slices.SortFunc(zones, func(a, b estate.Zone) int {
		return cmp.Or(a.Name.Compare(b.Name), strings.Compare(a.ID, b.ID))
	})
	out := &sdk.ListHostedZonesByNameOutput{
		DNSName: in.DNSName, HostedZoneId: in.HostedZoneId, MaxItems: aws.Int32(int32(n)), HostedZones: []types.HostedZone{},
	}
	for _, z := range zones {
		if key := z.Name.Key(); key < from || key == from && z.ID < startID {
			continue
		}
		if len(out.HostedZones) == n {
			out.IsTruncated = true
			out.NextDNSName, out.NextHostedZoneId = aws.String(z.Name.Route53()), aws.String(z.ID)
			break
		}
		out.HostedZones = append(out.HostedZones, *sdkZone(e, z))
	}
	return out, nil
}

// listHostedZonesByVPC lists the private zones that are associated with a VPC,
// whoever owns them (API_ListHostedZonesByVPC). Only the owner of the VPC may
// ask; the text is what Terraform's provider looks for.
func listHostedZonesByVPC(_ context.Context, c *world.Call, in *sdk.ListHostedZonesByVPCInput) (*sdk.ListHostedZonesByVPCOutput, error) {
	v, err := vpcRef(&types.VPC{VPCId: in.VPCId, VPCRegion: in.VPCRegion})
	if err != nil {
		return nil, err
	}
	if err := authorizeVPC(c, "*", v, true); err != nil {
		return nil, err
	}
	n, err := pageSize(in.MaxItems, maxZones)
	if err != nil {
		return nil, err
	}
	e := c.Estate()
	if !ownsVPC(e, c.Account(), v) {
		return nil, generic("AccessDenied", "The VPC %s in region %s is not owned by you.", v.ID, v.Region)
	}
	if t := in.NextToken; t != nil && !strings.HasPrefix(*t, "Z") {
		return nil, invalidToken()
	}
	out := &sdk.ListHostedZonesByVPCOutput{MaxItems: aws.Int32(int32(n)), HostedZoneSummaries: []types.HostedZoneSummary{}}
	zones := slices.Collect(e.Zones.By(estate.ByVPC(v.ID)))
	for _, m := range c.State.ManagedZones(v.ID) {
		zones = append(zones, estate.Zone{ID: m.ID, Name: m.Name, LinkedService: m.Owner})
	}
	slices.SortFunc(zones, func(a, b estate.Zone) int { return strings.Compare(a.ID, b.ID) })
	for _, z := range zones {
		if z.ID < aws.ToString(in.NextToken) {
			continue
		}
		if len(out.HostedZoneSummaries) == n {
			out.NextToken = aws.String(z.ID)
			break
		}
		owner := &types.HostedZoneOwner{OwningAccount: aws.String(string(z.Account))}
		if ownedByService(z) {
			owner = &types.HostedZoneOwner{OwningService: aws.String(z.LinkedService)}
		}
		out.HostedZoneSummaries = append(out.HostedZoneSummaries, types.HostedZoneSummary{
			HostedZoneId: aws.String(z.ID), Name: aws.String(z.Name.Route53()), Owner: owner,
		})
	}
	return out, nil
}

func getHostedZoneCount(_ context.Context, c *world.Call, _ *sdk.GetHostedZoneCountInput) (*sdk.GetHostedZoneCountOutput, error) {
	if err := authorize(c, "*", nil); err != nil {
		return nil, err
	}
	return &sdk.GetHostedZoneCountOutput{HostedZoneCount: aws.Int64(zoneCount(c.Estate(), c.Account()))}, nil
}

// maxRecords is the page of ListResourceRecordSets.
const maxRecords = 300

// listResourceRecordSets lists the records of a zone by name, labels reversed,
// then type and set identifier (API_ListResourceRecordSets).
func listResourceRecordSets(_ context.Context, c *world.Call, in *sdk.ListResourceRecordSetsInput) (*sdk.ListResourceRecordSetsOutput, error) {
	id := bare(in.HostedZoneId, zonePrefix)
	if err := authorize(c, zoneARN(id), nil); err != nil {
		return nil, err
	}
	z, err := ownZone(c, id)
	if err != nil {
		return nil, err
	}
	n, err := pageSize(in.MaxItems, maxRecords)
	if err != nil {
		return nil, err
	}
	start, err := recordStart(z, in)
	if err != nil {
		return nil, err
	}
	out := &sdk.ListResourceRecordSetsOutput{MaxItems: aws.Int32(int32(n)), ResourceRecordSets: make([]types.ResourceRecordSet, 0, n)}
	for rec := range c.Estate().Records.From(estate.RecordsOf(z.ID), start) {
		if len(out.ResourceRecordSets) == n {
			out.IsTruncated = true
			out.NextRecordName, out.NextRecordType = aws.String(rec.Name.Route53()), types.RRType(rec.Type)
			if rec.SetID != "" {
				out.NextRecordIdentifier = aws.String(rec.SetID)
			}
			break
		}
		out.ResourceRecordSets = append(out.ResourceRecordSets, sdkRecord(rec))
	}
	return out, nil
}

// recordStart is the key of the first record that a list may hold.
func recordStart(z estate.Zone, in *sdk.ListResourceRecordSetsInput) (string, error) {
	switch {
	case in.StartRecordName == nil && in.StartRecordType != "":
		return "", invalidInput("Invalid request: StartRecordType can be specified only together with StartRecordName")
	case in.StartRecordIdentifier != nil && in.StartRecordType == "":
		return "", invalidInput("Invalid request: StartRecordIdentifier can be specified only together with StartRecordName and StartRecordType")
	case in.StartRecordName == nil:
		return "", nil
	}
	name, err := dnsname.Parse(*in.StartRecordName)
	if err != nil {
		return "", invalidInput("%s", nameProblem(*in.StartRecordName))
	}
	return estate.RecordKey(z.ID, name, string(in.StartRecordType), aws.ToString(in.StartRecordIdentifier)), nil
}
