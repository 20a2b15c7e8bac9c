package route53

import (
	"cmp"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// readChange turns a change of a request into one of the estate. The problems
// are those of an InvalidChangeBatch; the error is one of the request as such.
func readChange(z estate.Zone, ch *types.Change) (edit, []string, error) {
	in := ch.ResourceRecordSet
	if in == nil {
		return edit{}, nil, invalidInput("Invalid request: Missing field 'ResourceRecordSet' in Change with [Action=%s]", ch.Action)
	}
	switch ch.Action {
	case types.ChangeActionCreate, types.ChangeActionDelete, types.ChangeActionUpsert:
	default:
		return edit{}, nil, invalidInput("Invalid request: unknown action %s", ch.Action)
	}
	if err := checkForm(ch, in); err != nil {
		return edit{}, nil, err
	}
	name, err := dnsname.Parse(aws.ToString(in.Name))
	if err != nil {
		return edit{}, []string{nameProblem(aws.ToString(in.Name))}, nil
	}
	out := edit{ch.Action, estate.RecordSet{
		Zone: z.ID, Name: name, Type: string(in.Type), SetID: aws.ToString(in.SetIdentifier),
		Routing: readRouting(in), HealthCheck: aws.ToString(in.HealthCheckId),
	}}
	var problems []string
	if in.AliasTarget == nil {
		out.set.TTL = uint32(aws.ToInt64(in.TTL))
		for _, r := range in.ResourceRecords {
			out.set.Values = append(out.set.Values, aws.ToString(r.Value))
		}
		problems = checkValues(out.set)
	} else {
		target, err := dnsname.Parse(aws.ToString(in.AliasTarget.DNSName))
		if err != nil {
			problems = append(problems, nameProblem(aws.ToString(in.AliasTarget.DNSName)))
		}
		out.set.Alias = &estate.Alias{
			Name: target, Zone: bare(in.AliasTarget.HostedZoneId, zonePrefix), EvaluateTargetHealth: in.AliasTarget.EvaluateTargetHealth,
		}
	}
	return out, append(problems, checkPlace(z, out.set)...), nil
}

// checkForm judges which fields of a record set go together. The texts were
// seen in kubernetes-sigs/external-dns and hashicorp/terraform-provider-aws.
func checkForm(ch *types.Change, in *types.ResourceRecordSet) error {
	id := "null"
	if in.SetIdentifier != nil {
		id = *in.SetIdentifier
	}
	with := fmt.Sprintf("in Change with [Action=%s, Name=%s, Type=%s, SetIdentifier=%s]", ch.Action, aws.ToString(in.Name), in.Type, id)

	if in.TrafficPolicyInstanceId != nil {
		return generic("NotImplementedByTwin", "The twin has no traffic policies: TrafficPolicyInstanceId %s", with)
	}
	hasTTL, hasValues := in.TTL != nil, len(in.ResourceRecords) > 0
	const data = "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found %s %s"
	switch {
	case in.AliasTarget != nil && (hasTTL || hasValues):
		return invalidInput(data, "more than one", with)
	case in.AliasTarget == nil && !(hasTTL && hasValues):
		return invalidInput(data, "none", with)
	}
	policies := 0
	for _, has := range []bool{
		in.Weight != nil, in.Region != "", in.Failover != "", in.GeoLocation != nil, aws.ToBool(in.MultiValueAnswer),
		in.GeoProximityLocation != nil, in.CidrRoutingConfig != nil,
	} {
		if has {
			policies++
		}
	}
	const routing = "Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig], but found %s %s"
	switch {
	case policies > 1:
		return invalidInput(routing, "more than one", with)
	case policies == 0 && in.SetIdentifier != nil:
		return invalidInput(routing, "none", with)
	case policies == 1 && in.SetIdentifier == nil:
		return invalidInput("Invalid request: Missing field 'SetIdentifier' %s", with)
	}
	// "any type except NS and SOA", and no CNAME or alias with multivalue answers:
	// Developer Guide, resource-record-sets-values-weighted.html and its like.
	switch {
	case policies == 1 && (in.Type == types.RRTypeNs || in.Type == types.RRTypeSoa):
		return invalidInput("Invalid request: Record sets of type %s have simple routing only %s", in.Type, with)
	case aws.ToBool(in.MultiValueAnswer) && (in.Type == types.RRTypeCname || in.AliasTarget != nil):
		return invalidInput("Invalid request: MultiValueAnswer is possible neither for CNAME nor for alias records %s", with)
	}
	return checkLocation(in, with)
}

// checkLocation judges geolocations and geoproximity (API_GeoLocation,
// API_GeoProximityLocation).
func checkLocation(in *types.ResourceRecordSet, with string) error {
	if g := in.GeoLocation; g != nil {
		if find(location{aws.ToString(g.ContinentCode), aws.ToString(g.CountryCode), aws.ToString(g.SubdivisionCode)}) < 0 {
			return invalidInput("Invalid request: GeoLocation must have a known ContinentCode, or a CountryCode, which for US may have a SubdivisionCode %s", with)
		}
	}
	if g := in.GeoProximityLocation; g != nil {
		places := 0
		for _, has := range []bool{g.AWSRegion != nil, g.LocalZoneGroup != nil, g.Coordinates != nil} {
			if has {
				places++
			}
		}
		if places != 1 {
			return invalidInput("Invalid request: Expected exactly one of [AWSRegion, LocalZoneGroup, or Coordinates] %s", with)
		}
	}
	return nil
}

func readRouting(in *types.ResourceRecordSet) estate.Routing {
	r := estate.Routing{
		Weight: in.Weight, Latency: estate.Region(in.Region), Failover: string(in.Failover), MultiValue: aws.ToBool(in.MultiValueAnswer),
	}
	if g := in.GeoLocation; g != nil {
		r.Geo = &estate.Geo{Continent: aws.ToString(g.ContinentCode), Country: aws.ToString(g.CountryCode), Subdivision: aws.ToString(g.SubdivisionCode)}
	}
	if g := in.GeoProximityLocation; g != nil {
		r.GeoProximity = &estate.GeoProximity{Region: estate.Region(aws.ToString(g.AWSRegion)), LocalZone: aws.ToString(g.LocalZoneGroup), Bias: aws.ToInt32(g.Bias)}
		if g.Coordinates != nil {
			r.GeoProximity.Latitude, r.GeoProximity.Longitude = aws.ToString(g.Coordinates.Latitude), aws.ToString(g.Coordinates.Longitude)
		}
	}
	if g := in.CidrRoutingConfig; g != nil {
		r.CIDR = &estate.CIDR{Collection: aws.ToString(g.CollectionId), Location: aws.ToString(g.LocationName)}
	}
	return r
}

// policy names a routing policy as messages do; simple routing has none.
func policy(r estate.Routing) string {
	switch {
	case r.Weight != nil:
		return "weighted"
	case r.Latency != "":
		return "latency"
	case r.Failover != "":
		return "failover"
	case r.Geo != nil:
		return "geolocation"
	case r.MultiValue:
		return "multivalue answer"
	case r.GeoProximity != nil:
		return "geoproximity"
	case r.CIDR != nil:
		return "cidr"
	}
	return ""
}

// checkPlace judges whether a record set may stand at its name in the zone.
func checkPlace(z estate.Zone, set estate.RecordSet) []string {
	name, zone := set.Name.Route53(), z.Name.Route53()
	apex := set.Name == z.Name
	switch {
	case !set.Name.Under(z.Name), set.Type == "SOA" && !apex:
		return []string{fmt.Sprintf("RRSet with DNS name %s is not permitted in zone %s", name, zone)}
	case set.Type == "CNAME" && apex:
		return []string{fmt.Sprintf("RRSet of type CNAME with DNS name %s is not permitted at apex in zone %s", name, zone)}
	case set.Type == "NS" && set.Name.IsWildcard(): // Developer Guide, DomainNameFormat.html
		return []string{fmt.Sprintf("RRSet of type NS with DNS name %s is not permitted in zone %s", name, zone)}
	case z.Private && set.Routing.CIDR != nil: // Developer Guide, hosted-zone-private-considerations.html
		return []string{fmt.Sprintf("RRSet with DNS name %s, type %s has IP-based routing, which is not permitted in the private zone %s", name, set.Type, zone)}
	case set.Routing.Failover == string(types.ResourceRecordSetFailoverPrimary) && set.Alias == nil && set.HealthCheck == "":
		// kubernetes-sigs/external-dns#2362
		return []string{"A non-alias primary ResourceRecordSet must have an associated health check. No changes made."}
	case set.HealthCheck != "" && z.Private && set.Routing.Simple():
		return []string{fmt.Sprintf("RRSet with DNS name %s, type %s has simple routing, which is not permitted with a health check in the private zone %s", name, set.Type, zone)}
	}
	return nil
}

// sdkRecord is a record set as ListResourceRecordSets shows it.
func sdkRecord(rec estate.RecordSet) types.ResourceRecordSet {
	out := types.ResourceRecordSet{
		Name: aws.String(rec.Name.Route53()), Type: types.RRType(rec.Type),
		Weight: rec.Routing.Weight, Region: types.ResourceRecordSetRegion(rec.Routing.Latency), Failover: types.ResourceRecordSetFailover(rec.Routing.Failover),
		SetIdentifier: optional(rec.SetID), HealthCheckId: optional(rec.HealthCheck),
	}
	if a := rec.Alias; a != nil {
		out.AliasTarget = &types.AliasTarget{DNSName: aws.String(a.Name.Route53()), HostedZoneId: aws.String(a.Zone), EvaluateTargetHealth: a.EvaluateTargetHealth}
	} else {
		out.TTL = aws.Int64(int64(rec.TTL))
		out.ResourceRecords = make([]types.ResourceRecord, len(rec.Values))
		for i := range rec.Values {
			out.ResourceRecords[i].Value = &rec.Values[i]
		}
	}
	if rec.Routing.MultiValue {
		out.MultiValueAnswer = aws.Bool(true)
	}
	if g := rec.Routing.Geo; g != nil {
		out.GeoLocation = &types.GeoLocation{ContinentCode: optional(g.Continent), CountryCode: optional(g.Country), SubdivisionCode: optional(g.Subdivision)}
	}
	if g := rec.Routing.GeoProximity; g != nil {
		out.GeoProximityLocation = &types.GeoProximityLocation{AWSRegion: optional(string(g.Region)), LocalZoneGroup: optional(g.LocalZone)}
		if g.Bias != 0 {
			out.GeoProximityLocation.Bias = aws.Int32(g.Bias)
		}
		if cmp.Or(g.Latitude, g.Longitude) != "" {
			out.GeoProximityLocation.Coordinates = &types.Coordinates{Latitude: aws.String(g.Latitude), Longitude: aws.String(g.Longitude)}
		}
	}
	if g := rec.Routing.CIDR; g != nil {
		out.CidrRoutingConfig = &types.CidrRoutingConfig{CollectionId: aws.String(g.Collection), LocationName: aws.String(g.Location)}
	}
	return out
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
