package awsapi

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// zonesPage is the largest page of hosted zones (API_ListHostedZones).
const zonesPage = 100

// maxNumber is the largest number of a CallerReference, for which the
// reference leaves room.
const maxNumber = 999

// readZones lists the account's zones. What ListHostedZones does not tell
// (name servers, VPCs, tags) is kept from earlier answers.
func (c *caller) readZones(ctx context.Context, q estate.Query) (Patch, error) {
	var zones []estate.Zone
	pages := route53.NewListHostedZonesPaginator(c.route53(q.Account, ""), &route53.ListHostedZonesInput{MaxItems: aws.Int32(zonesPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, z := range page.HostedZones {
			zone, err := zoneOf(q.Account, z)
			if err != nil {
				return nil, err
			}
			zones = append(zones, zone)
		}
	}
	return func(e *estate.Estate) {
		var gone []string
		for z := range e.Zones.By(estate.ByAccount(q.Account)) {
			if !slices.ContainsFunc(zones, func(n estate.Zone) bool { return n.ID == z.ID }) {
				gone = append(gone, z.ID)
			}
		}
		for _, id := range gone {
			forgetZone(e, id)
		}
		for _, z := range zones {
			old, _ := e.Zones.Get(z.ID)
			z.NameServers, z.DelegationSet, z.VPCs, z.Signed, z.Tags = old.NameServers, old.DelegationSet, old.VPCs, old.Signed, old.Tags
			e.Zones.Put(z)
		}
	}, nil
}

// readZone asks for a zone's name servers and VPCs.
func (c *caller) readZone(ctx context.Context, q estate.Query) (Patch, error) {
	out, err := c.route53(q.Account, "").GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &q.ID})
	if Code(err) == "NoSuchHostedZone" {
		return func(e *estate.Estate) { forgetZone(e, q.ID) }, nil
	}
	if err != nil {
		return nil, err
	}
	zone, err := zoneOf(q.Account, *out.HostedZone)
	if err != nil {
		return nil, err
	}
	if d := out.DelegationSet; d != nil {
		zone.DelegationSet = bareID(d.Id)
		if zone.NameServers, err = serversOf(d); err != nil {
			return nil, err
		}
	}
	for _, v := range out.VPCs {
		zone.VPCs = append(zone.VPCs, estate.VPCRef{Region: estate.Region(v.VPCRegion), ID: aws.ToString(v.VPCId)})
	}
	slices.SortFunc(zone.VPCs, func(a, b estate.VPCRef) int {
		return strings.Compare(string(a.Region)+"/"+a.ID, string(b.Region)+"/"+b.ID)
	})
	return func(e *estate.Estate) {
		old, _ := e.Zones.Get(zone.ID)
		zone.Signed, zone.Tags = old.Signed, old.Tags
		e.Zones.Put(zone)
	}, nil
}

// forgetZone takes a zone that does not exist out of the estate.
func forgetZone(e *estate.Estate, id string) {
	e.Zones.Delete(id)
	forgetRecords(e, id)
}

func zoneOf(account estate.AccountID, z types.HostedZone) (estate.Zone, error) {
	name, err := dnsname.Parse(aws.ToString(z.Name))
	if err != nil {
		return estate.Zone{}, fmt.Errorf("hosted zone %s: %w", aws.ToString(z.Id), err)
	}
	out := estate.Zone{
		ID: bareID(z.Id), Account: account, Name: name,
		CallerReference: aws.ToString(z.CallerReference), RecordCount: aws.ToInt64(z.ResourceRecordSetCount),
	}
	if z.Config != nil {
		out.Private, out.Comment = z.Config.PrivateZone, aws.ToString(z.Config.Comment)
	}
	if z.LinkedService != nil {
		out.LinkedService = aws.ToString(z.LinkedService.ServicePrincipal)
	}
	return out, nil
}

func serversOf(d *types.DelegationSet) ([]dnsname.Name, error) {
	var out []dnsname.Name
	for _, s := range d.NameServers {
		n, err := dnsname.Parse(s)
		if err != nil {
			return nil, fmt.Errorf("name server of delegation set %s: %w", aws.ToString(d.Id), err)
		}
		out = append(out, n)
	}
	slices.SortFunc(out, dnsname.Name.Compare)
	return out, nil
}

// bareID is an ID without its kind: Z123 of /hostedzone/Z123.
func bareID(id *string) string {
	s := aws.ToString(id)
	return s[strings.LastIndexByte(s, '/')+1:]
}

// Attributes of a zone that was made: plan.Zone names id and nameServers, the
// latter sorted; change is the change to follow, if there is one.
const (
	attrID      = "id"
	attrARN     = "arn"
	attrServers = "nameServers"
	attrChange  = "change"
)

var zoneBinding = binding{
	reads:   []estate.QueryKind{estate.QueryZones, estate.QueryZone, estate.QueryLimits},
	do:      (*Writer).doZone,
	settled: (*Writer).changeSettled,
	needs: map[plan.Action][]plan.May{
		plan.Create: {plan.MayCreateZone},
		plan.Delete: {plan.MayDeleteZone},
		plan.Claim:  {plan.MayTagZone},
	},
}

func (w *Writer) doZone(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	switch s.Action {
	case plan.Create:
		return w.createZone(ctx, s)
	case plan.Delete:
		out, err := w.route53(s.Account, "").DeleteHostedZone(ctx, &route53.DeleteHostedZoneInput{Id: &s.ID})
		if Code(err) == "NoSuchHostedZone" {
			return plan.Attributes{attrID: {s.ID}}, nil
		}
		if err != nil {
			return nil, err
		}
		return plan.Attributes{attrID: {s.ID}, attrChange: {bareID(out.ChangeInfo.Id)}}, nil
	case plan.Claim:
		set := map[string]string{plan.TagOwner: w.opt.Owner, plan.TagAddress: s.Address}
		if err := w.tagZone(ctx, s.Account, plan.Tags{Zone: s.ID, Set: set}); err != nil {
			return nil, err
		}
		return w.standingZone(ctx, s.Account, s.ID)
	}
	return nil, impossible(s)
}

// createZone makes a zone, or takes the one that an earlier try made. A
// CallerReference that was used before is refused, also when its zone was
// deleted since: so look, take what stands, else use the next number. A list
// that is behind would lead to a second zone, so look more than once.
func (w *Writer) createZone(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	client := w.route53(s.Account, "")
	for n := 1; n <= maxNumber; n++ {
		in := &route53.CreateHostedZoneInput{
			Name:            aws.String(s.Zone.Name.Route53()),
			CallerReference: aws.String(plan.NumberedReference(s.Zone.Reference, n)),
		}
		if a := s.Zone.Anchor; a != nil {
			in.VPC = &types.VPC{VPCId: &a.ID, VPCRegion: types.VPCRegion(a.Region)}
		}
		if s.Zone.Comment != "" {
			in.HostedZoneConfig = &types.HostedZoneConfig{Comment: &s.Zone.Comment}
		}
		out, err := client.CreateHostedZone(ctx, in)
		if err == nil {
			made := plan.Attributes{attrID: {bareID(out.HostedZone.Id)}, attrARN: {w.zoneARN(bareID(out.HostedZone.Id))}, attrChange: {bareID(out.ChangeInfo.Id)}}
			if out.DelegationSet != nil { // a private zone has none
				servers, err := serversOf(out.DelegationSet)
				if err != nil {
					return nil, err
				}
				made[attrServers] = texts(servers)
			}
			return made, nil
		}
		if Code(err) != "HostedZoneAlreadyExists" {
			return nil, err
		}
		id, err := w.findZone(ctx, s, n)
		if err != nil {
			return nil, err
		}
		if id != "" {
			return w.standingZone(ctx, s.Account, id)
		}
	}
	return nil, fmt.Errorf("%s: %d caller references are used up; delete a zone by hand or rename the resource", s.Address, maxNumber)
}

// findZone looks for the zone that carries a reference of this step, with
// number n or any other, for half a minute.
func (w *Writer) findZone(ctx context.Context, s plan.Step, n int) (string, error) {
	for wait := 2 * time.Second; ; wait *= 2 {
		id, err := w.lookForZone(ctx, s)
		if id != "" || err != nil || wait > 16*time.Second {
			return id, err
		}
		if err := w.opt.Clock.Sleep(ctx, wait); err != nil {
			return "", err
		}
	}
}

func (w *Writer) lookForZone(ctx context.Context, s plan.Step) (string, error) {
	in := &route53.ListHostedZonesByNameInput{DNSName: aws.String(s.Zone.Name.Route53()), MaxItems: aws.Int32(zonesPage)}
	found, best := "", 0
	for {
		out, err := w.route53(s.Account, "").ListHostedZonesByName(ctx, in)
		if err != nil {
			return "", err
		}
		for _, z := range out.HostedZones {
			zone, err := zoneOf(s.Account, z)
			if err != nil {
				return "", err
			}
			if zone.Name != s.Zone.Name {
				return found, nil // they come in the order of names
			}
			if ref, number, ok := plan.ParseReference(zone.CallerReference); ok && ref == s.Zone.Reference && zone.Private == s.Zone.Private() && number > best {
				found, best = zone.ID, number
			}
		}
		if !out.IsTruncated {
			return found, nil
		}
		in.DNSName, in.HostedZoneId = out.NextDNSName, out.NextHostedZoneId
	}
}

// zoneARN is the ARN of a hosted zone (Service Authorization Reference,
// list_amazonroute53.html).
func (w *Writer) zoneARN(id string) string {
	return estate.InPartition(w.partition(), estate.Zone{ID: id}.ARN())
}

// standingZone gives the attributes of a zone that stands already.
func (w *Writer) standingZone(ctx context.Context, account estate.AccountID, id string) (plan.Attributes, error) {
	out, err := w.route53(account, "").GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &id})
	if err != nil {
		return nil, err
	}
	a := plan.Attributes{attrID: {id}, attrARN: {w.zoneARN(id)}}
	if out.DelegationSet != nil {
		servers, err := serversOf(out.DelegationSet)
		if err != nil {
			return nil, err
		}
		a[attrServers] = texts(servers)
	}
	return a, nil
}

func texts(names []dnsname.Name) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n.String()
	}
	return out
}

// changeSettled asks whether the change of a step is INSYNC. A change that AWS
// no longer knows has long been.
func (w *Writer) changeSettled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	ids := done[attrChange]
	if len(ids) == 0 {
		return true, nil
	}
	out, err := w.route53(s.Account, "").GetChange(ctx, &route53.GetChangeInput{Id: &ids[0]})
	if Code(err) == "NoSuchChange" {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	return out.ChangeInfo.Status == types.ChangeStatusInsync, nil
}
