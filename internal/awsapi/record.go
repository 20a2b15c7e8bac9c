package awsapi

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

const (
	// recordsPage is the largest page of records (API_ListResourceRecordSets).
	recordsPage = 300
	// lookups is how many names are asked for one by one; for more of them the
	// whole zone is read, which takes 34 pages at most.
	lookups = 10
)

// readRecords reads all records of a zone.
func (c *caller) readRecords(ctx context.Context, q estate.Query) (Patch, error) {
	records, err := c.listRecords(ctx, q.Account, q.ID)
	if Code(err) == "NoSuchHostedZone" {
		return func(e *estate.Estate) { forgetZone(e, q.ID) }, nil
	}
	if err != nil {
		return nil, err
	}
	return func(e *estate.Estate) {
		forgetRecords(e, q.ID)
		e.Records.Put(records...)
	}, nil
}

func forgetRecords(e *estate.Estate, zone string) {
	var keys []string
	for r := range e.Records.Prefix(estate.RecordsOf(zone)) {
		keys = append(keys, r.Key())
	}
	e.Records.Delete(keys...)
}

func (c *caller) listRecords(ctx context.Context, account estate.AccountID, zone string) ([]estate.RecordSet, error) {
	var out []estate.RecordSet
	in := &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, MaxItems: aws.Int32(recordsPage)}
	for {
		page, err := c.route53(account, "").ListResourceRecordSets(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, r := range page.ResourceRecordSets {
			set, err := recordOf(zone, r)
			if err != nil {
				return nil, err
			}
			out = append(out, set)
		}
		if !page.IsTruncated {
			return out, nil
		}
		in.StartRecordName, in.StartRecordType, in.StartRecordIdentifier = page.NextRecordName, page.NextRecordType, page.NextRecordIdentifier
	}
}

// Records reads record sets as they stand now; absent ones are left out.
func (w *Writer) Records(ctx context.Context, account estate.AccountID, zone string, ids []plan.RecordID) ([]estate.RecordSet, error) {
	wanted := map[plan.RecordID]bool{}
	var names []dnsname.Name
	for _, id := range ids {
		wanted[id] = true
		names = append(names, id.Name)
	}
	slices.SortFunc(names, dnsname.Name.Compare)
	names = slices.Compact(names)

	var standing []estate.RecordSet
	var err error
	if len(names) > lookups {
		standing, err = w.listRecords(ctx, account, zone)
	} else {
		standing, err = w.recordsAt(ctx, account, zone, names)
	}
	if err != nil {
		return nil, plain(err)
	}
	standing = slices.DeleteFunc(standing, func(r estate.RecordSet) bool {
		return !wanted[plan.RecordID{Name: r.Name, Type: r.Type, SetID: r.SetID}]
	})
	return standing, nil
}

// recordsAt reads the records at a few names, in no more pages than they fill.
func (w *Writer) recordsAt(ctx context.Context, account estate.AccountID, zone string, names []dnsname.Name) ([]estate.RecordSet, error) {
	var out []estate.RecordSet
	for _, name := range names {
		in := &route53.ListResourceRecordSetsInput{
			HostedZoneId: &zone, StartRecordName: aws.String(name.Route53()), MaxItems: aws.Int32(recordsPage),
		}
		for more := true; more; {
			page, err := w.route53(account, "").ListResourceRecordSets(ctx, in)
			if err != nil {
				return nil, err
			}
			more = page.IsTruncated
			for _, r := range page.ResourceRecordSets {
				set, err := recordOf(zone, r)
				if err != nil {
					return nil, err
				}
				if set.Name != name {
					more = false // past the name
					break
				}
				out = append(out, set)
			}
			in.StartRecordName, in.StartRecordType, in.StartRecordIdentifier = page.NextRecordName, page.NextRecordType, page.NextRecordIdentifier
		}
	}
	return out, nil
}

var recordBinding = binding{
	reads:   []estate.QueryKind{estate.QueryRecords},
	do:      (*Writer).doBatch,
	settled: (*Writer).changeSettled,
	needs: map[plan.Action][]plan.May{
		plan.Create: {plan.MayChangeRecords},
		plan.Update: {plan.MayChangeRecords},
		plan.Delete: {plan.MayChangeRecords},
		plan.Claim:  {plan.MayChangeRecords}, // its ledger
		plan.Forget: {plan.MayChangeRecords},
	},
}

// doBatch sends one batch. When the answer to an earlier try was lost, the
// batch is refused, since what it would create stands: the caller then judges
// its parts by state.
func (w *Writer) doBatch(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Batch == nil {
		return nil, impossible(s)
	}
	batch := &types.ChangeBatch{Comment: aws.String("orgdns")}
	for _, c := range s.Batch.Changes {
		set := setOf(c.Set)
		batch.Changes = append(batch.Changes, types.Change{Action: types.ChangeAction(c.Verb), ResourceRecordSet: &set})
	}
	in := &route53.ChangeResourceRecordSetsInput{HostedZoneId: &s.Batch.Zone, ChangeBatch: batch}
	var refused error
	for _, role := range w.access(s.Account).at(Place{s.Batch.ZoneName, s.Batch.Statement}) {
		out, err := w.route53(s.Account, role).ChangeResourceRecordSets(ctx, in)
		switch {
		case err == nil:
			return plan.Attributes{attrChange: {bareID(out.ChangeInfo.Id)}}, nil
		case !Denied(err):
			return nil, err
		case refused == nil:
			refused = err
		}
		// What leaves the configuration stands in a role that it no longer
		// names, so each is tried.
	}
	return nil, refused
}

// recordOf is a record set of Route 53 as the estate holds it.
func recordOf(zone string, r types.ResourceRecordSet) (estate.RecordSet, error) {
	name, err := dnsname.Parse(aws.ToString(r.Name))
	if err != nil {
		return estate.RecordSet{}, fmt.Errorf("record in zone %s: %w", zone, err)
	}
	out := estate.RecordSet{
		Zone: zone, Name: name, Type: string(r.Type), TTL: uint32(aws.ToInt64(r.TTL)),
		SetID: aws.ToString(r.SetIdentifier), HealthCheck: aws.ToString(r.HealthCheckId),
		Routing: estate.Routing{
			Weight: r.Weight, Latency: estate.Region(r.Region), Failover: string(r.Failover), MultiValue: aws.ToBool(r.MultiValueAnswer),
		},
	}
	for _, v := range r.ResourceRecords {
		out.Values = append(out.Values, aws.ToString(v.Value))
	}
	if a := r.AliasTarget; a != nil {
		target, err := dnsname.Parse(aws.ToString(a.DNSName))
		if err != nil {
			return out, fmt.Errorf("alias of %s in zone %s: %w", name, zone, err)
		}
		out.Alias = &estate.Alias{Name: target, Zone: aws.ToString(a.HostedZoneId), EvaluateTargetHealth: a.EvaluateTargetHealth}
	}
	if g := r.GeoLocation; g != nil {
		out.Routing.Geo = &estate.Geo{
			Continent: aws.ToString(g.ContinentCode), Country: aws.ToString(g.CountryCode), Subdivision: aws.ToString(g.SubdivisionCode),
		}
	}
	if g := r.GeoProximityLocation; g != nil {
		out.Routing.GeoProximity = &estate.GeoProximity{
			Region: estate.Region(aws.ToString(g.AWSRegion)), LocalZone: aws.ToString(g.LocalZoneGroup), Bias: aws.ToInt32(g.Bias),
		}
		if g.Coordinates != nil {
			out.Routing.GeoProximity.Latitude = aws.ToString(g.Coordinates.Latitude)
			out.Routing.GeoProximity.Longitude = aws.ToString(g.Coordinates.Longitude)
		}
	}
	if c := r.CidrRoutingConfig; c != nil {
		out.Routing.CIDR = &estate.CIDR{Collection: aws.ToString(c.CollectionId), Location: aws.ToString(c.LocationName)}
	}
	return out, nil
}

// setOf is a record set as Route 53 takes it. A DELETE must name everything
// as it stands.
func setOf(r estate.RecordSet) types.ResourceRecordSet {
	out := types.ResourceRecordSet{
		Name: aws.String(r.Name.Route53()), Type: types.RRType(r.Type),
		SetIdentifier: optional(r.SetID), HealthCheckId: optional(r.HealthCheck),
		Weight: r.Routing.Weight, Region: types.ResourceRecordSetRegion(r.Routing.Latency),
		Failover: types.ResourceRecordSetFailover(r.Routing.Failover),
	}
	if r.Routing.MultiValue {
		out.MultiValueAnswer = aws.Bool(true)
	}
	if a := r.Alias; a != nil {
		out.AliasTarget = &types.AliasTarget{
			DNSName: aws.String(a.Name.Route53()), HostedZoneId: aws.String(a.Zone), EvaluateTargetHealth: a.EvaluateTargetHealth,
		}
	} else {
		out.TTL = aws.Int64(int64(r.TTL))
		for _, v := range r.Values {
			out.ResourceRecords = append(out.ResourceRecords, types.ResourceRecord{Value: aws.String(v)})
		}
	}
	if g := r.Routing.Geo; g != nil {
		out.GeoLocation = &types.GeoLocation{
			ContinentCode: optional(g.Continent), CountryCode: optional(g.Country), SubdivisionCode: optional(g.Subdivision),
		}
	}
	if g := r.Routing.GeoProximity; g != nil {
		out.GeoProximityLocation = &types.GeoProximityLocation{
			AWSRegion: optional(string(g.Region)), LocalZoneGroup: optional(g.LocalZone),
		}
		if g.Bias != 0 {
			out.GeoProximityLocation.Bias = aws.Int32(g.Bias)
		}
		if g.Latitude != "" || g.Longitude != "" {
			out.GeoProximityLocation.Coordinates = &types.Coordinates{Latitude: aws.String(g.Latitude), Longitude: aws.String(g.Longitude)}
		}
	}
	if c := r.Routing.CIDR; c != nil {
		out.CidrRoutingConfig = &types.CidrRoutingConfig{CollectionId: aws.String(c.Collection), LocationName: aws.String(c.Location)}
	}
	return out
}

// optional is a string that is absent when it is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
