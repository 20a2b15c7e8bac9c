package route53

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// references are the CallerReferences that an account has used. One is never
// free again, not even after its zone was deleted (Netflix/denominator#356,
// saltstack/salt#40655).
var references = world.Private[bool]{Name: "route53.references"}

// TTLs of the records that every new zone has (Developer Guide,
// SOA-NSrecords.html).
const (
	apexNSTTL  = 172800
	apexSOATTL = 900
)

func createHostedZone(_ context.Context, c *world.Call, in *sdk.CreateHostedZoneInput) (*sdk.CreateHostedZoneOutput, error) {
	e := c.Estate()
	var config types.HostedZoneConfig
	if in.HostedZoneConfig != nil {
		config = *in.HostedZoneConfig
	}
	private := in.VPC != nil || config.PrivateZone
	var vpc estate.VPCRef
	if private {
		var err error
		if vpc, err = vpcRef(in.VPC); err != nil {
			return nil, err
		}
		if err := authorizeVPC(c, "*", vpc, true); err != nil {
			return nil, err
		}
	} else if err := authorize(c, "*", nil); err != nil {
		return nil, err
	}
	name, err := zoneName(aws.ToString(in.Name), private)
	if err != nil {
		return nil, err
	}
	reference := aws.ToString(in.CallerReference)
	if referenceUsed(c, reference) {
		return nil, &types.HostedZoneAlreadyExists{Message: text("A hosted zone has already been created with the specified caller reference.")}
	}
	if max, limited := quota(c, c.Account(), quotaZones, ""); limited && zoneCount(e, c.Account()) >= max {
		return nil, &types.TooManyHostedZones{Message: limitExceeded(quotaZones, "hosted zones")}
	}
	z := estate.Zone{
		ID:              "Z" + c.State.ID(c.Account(), "hostedzone", name.String(), 20),
		Account:         c.Account(),
		Name:            name,
		Private:         private,
		CallerReference: reference,
		Comment:         aws.ToString(config.Comment),
		RecordCount:     2,
		Tags:            estate.Tags{},
	}
	servers := privateServers
	switch set := bare(in.DelegationSetId, setPrefix); {
	case private && set != "":
		return nil, invalidInput("Invalid request: a reusable delegation set can't be associated with a private hosted zone")
	case private:
		if !ownsVPC(e, c.Account(), vpc) {
			return nil, invalidVPC(vpc)
		}
		if err := freeOnVPC(c.State, vpc, name); err != nil {
			return nil, err
		}
		z.VPCs = []estate.VPCRef{vpc}
	case set != "":
		if servers, err = serversOfSet(c, set, name); err != nil {
			return nil, err
		}
		z.NameServers, z.DelegationSet = servers, set
	default:
		if servers, err = newServers(c, z.ID, name); err != nil {
			return nil, err
		}
		z.NameServers = servers
	}
	if err := spend(c, zoneChangeCost); err != nil {
		return nil, err
	}
	references.Put(c.State, string(c.Account())+"/"+reference, true)
	e.Zones.Put(z)
	e.Records.Put(apexRecords(z, servers)...)

	out := &sdk.CreateHostedZoneOutput{
		ChangeInfo: newChange(c, z.ID, ""),
		HostedZone: sdkZone(e, z),
		Location:   aws.String("https://route53.amazonaws.com/2013-04-01/hostedzone/" + z.ID),
	}
	if private {
		v := sdkVPC(vpc)
		out.VPC = &v
	} else {
		out.DelegationSet = delegationSetOf(e, z)
	}
	return out, nil
}

// zoneName reads the name of a new zone. Only a private zone may have a
// top-level domain as its name (awslabs/aws-saas-boost#404 shows the text).
func zoneName(s string, private bool) (dnsname.Name, error) {
	name, err := dnsname.Parse(s)
	switch {
	case err != nil:
		return name, &types.InvalidDomainName{Message: text("%s", nameProblem(s))}
	case name == dnsname.Root || name.IsWildcard():
		return name, &types.InvalidDomainName{Message: text("%s is not a valid domain name", s)}
	case !private && name.Depth() < 2:
		return name, &types.InvalidDomainName{Message: text("%s is reserved by AWS!", s)}
	}
	return name, nil
}

func referenceUsed(c *world.Call, reference string) bool {
	if used, _ := references.Get(c.State, string(c.Account())+"/"+reference); used {
		return true
	}
	for z := range c.Estate().Zones.By(estate.ByAccount(c.Account())) {
		if z.CallerReference == reference {
			return true
		}
	}
	return false
}

func zoneCount(e *estate.Estate, account estate.AccountID) (n int64) {
	for range e.Zones.By(estate.ByAccount(account)) {
		n++
	}
	return n
}

// apexRecords are the NS and SOA record sets of a new zone.
func apexRecords(z estate.Zone, servers []dnsname.Name) []estate.RecordSet {
	ns := estate.RecordSet{Zone: z.ID, Name: z.Name, Type: "NS", TTL: apexNSTTL}
	for _, s := range servers {
		ns.Values = append(ns.Values, s.FQDN())
	}
	return []estate.RecordSet{ns, {
		Zone: z.ID, Name: z.Name, Type: "SOA", TTL: apexSOATTL,
		Values: []string{ns.Values[0] + " awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"},
	}}
}

// recordCount is ResourceRecordSetCount. It is kept with the zone; a zone that
// came without it is counted.
func recordCount(e *estate.Estate, z estate.Zone) int64 {
	if z.RecordCount != 0 {
		return z.RecordCount
	}
	var n int64
	for range e.Records.Prefix(estate.RecordsOf(z.ID)) {
		n++
	}
	return n
}

func sdkZone(e *estate.Estate, z estate.Zone) *types.HostedZone {
	out := &types.HostedZone{
		Id:                     aws.String(zonePrefix + z.ID),
		Name:                   aws.String(z.Name.Route53()),
		CallerReference:        aws.String(z.CallerReference),
		Config:                 &types.HostedZoneConfig{PrivateZone: z.Private},
		ResourceRecordSetCount: aws.Int64(recordCount(e, z)),
	}
	if z.Comment != "" {
		out.Config.Comment = aws.String(z.Comment)
	}
	if z.LinkedService != "" {
		out.LinkedService = &types.LinkedService{ServicePrincipal: aws.String(z.LinkedService)}
	}
	return out
}

// delegationSetOf is the delegation set of a public zone, as GetHostedZone
// shows it.
func delegationSetOf(e *estate.Estate, z estate.Zone) *types.DelegationSet {
	if d, ok := e.DelegationSets.Get(z.DelegationSet); ok {
		return sdkDelegationSet(d)
	}
	return &types.DelegationSet{NameServers: hostNames(zoneServers(e, z))}
}

func hostNames(names []dnsname.Name) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n.String()
	}
	return out
}

func getHostedZone(_ context.Context, c *world.Call, in *sdk.GetHostedZoneInput) (*sdk.GetHostedZoneOutput, error) {
	id := bare(in.Id, zonePrefix)
	if err := authorize(c, zoneARN(id), nil); err != nil {
		return nil, err
	}
	z, err := ownZone(c, id)
	if err != nil {
		return nil, err
	}
	out := &sdk.GetHostedZoneOutput{HostedZone: sdkZone(c.Estate(), z)}
	if !z.Private {
		out.DelegationSet = delegationSetOf(c.Estate(), z)
	}
	for _, v := range z.VPCs {
		out.VPCs = append(out.VPCs, sdkVPC(v))
	}
	return out, nil
}

func updateHostedZoneComment(_ context.Context, c *world.Call, in *sdk.UpdateHostedZoneCommentInput) (*sdk.UpdateHostedZoneCommentOutput, error) {
	id := bare(in.Id, zonePrefix)
	if err := authorize(c, zoneARN(id), nil); err != nil {
		return nil, err
	}
	z, err := ownZone(c, id)
	if err != nil {
		return nil, err
	}
	if err := claimZone(c, id); err != nil {
		return nil, err
	}
	z.Comment = aws.ToString(in.Comment)
	c.Estate().Zones.Put(z)
	return &sdk.UpdateHostedZoneCommentOutput{HostedZone: sdkZone(c.Estate(), z)}, nil
}

// deleteHostedZone deletes a zone that holds nothing but its apex NS and SOA
// and is not signed (API_DeleteHostedZone).
func deleteHostedZone(_ context.Context, c *world.Call, in *sdk.DeleteHostedZoneInput) (*sdk.DeleteHostedZoneOutput, error) {
	id := bare(in.Id, zonePrefix)
	if err := authorize(c, zoneARN(id), nil); err != nil {
		return nil, err
	}
	z, err := ownZone(c, id)
	if err != nil {
		return nil, err
	}
	if z.LinkedService != "" {
		return nil, managed(z)
	}
	if err := claimZone(c, id); err != nil {
		return nil, err
	}
	e := c.Estate()
	var keys []string
	for rec := range e.Records.Prefix(estate.RecordsOf(z.ID)) {
		if rec.Name != z.Name || rec.Type != "NS" && rec.Type != "SOA" {
			return nil, &types.HostedZoneNotEmpty{Message: text("The specified hosted zone contains non-required resource record sets and so cannot be deleted.")}
		}
		keys = append(keys, rec.Key())
	}
	if z.Signed {
		return nil, &types.HostedZoneNotEmpty{Message: text("The specified hosted zone has DNSSEC signing enabled and so cannot be deleted.")}
	}
	if err := spend(c, zoneChangeCost); err != nil {
		return nil, err
	}
	e.Records.Delete(keys...)
	keys = nil
	for a := range e.Authorizations.Prefix(z.ID + "/") {
		keys = append(keys, a.Key())
	}
	e.Authorizations.Delete(keys...)
	e.Zones.Delete(z.ID)
	return &sdk.DeleteHostedZoneOutput{ChangeInfo: newChange(c, z.ID, "")}, nil
}

func getDNSSEC(_ context.Context, c *world.Call, in *sdk.GetDNSSECInput) (*sdk.GetDNSSECOutput, error) {
	id := bare(in.HostedZoneId, zonePrefix)
	if err := authorize(c, zoneARN(id), nil); err != nil {
		return nil, err
	}
	z, err := ownZone(c, id)
	if err != nil {
		return nil, err
	}
	if z.Private {
		return nil, &types.InvalidArgument{Message: text("DNSSEC signing is not available for private hosted zones.")}
	}
	status := "NOT_SIGNING"
	if z.Signed {
		status = "SIGNING"
	}
	return &sdk.GetDNSSECOutput{Status: &types.DNSSECStatus{ServeSignature: aws.String(status)}, KeySigningKeys: []types.KeySigningKey{}}, nil
}

// freeOnVPC refuses a second private zone of a name on a VPC, be the first one that
// an endpoint's private DNS made (R3.5). That one of VPC Lattice counts as well no
// page says.
func freeOnVPC(s *world.State, v estate.VPCRef, name dnsname.Name) error {
	for z := range s.Estate.Zones.By(estate.ByVPC(v.ID)) {
		if z.Name == name && slices.Contains(z.VPCs, v) {
			return conflictingVPC(v, z.ID)
		}
	}
	for _, z := range s.ManagedZones(v.ID) {
		switch {
		case z.Name != name:
		case z.Owner == world.LatticeService:
			return &world.Undocumented{Rule: "R7.4", Err: conflictingVPC(v, z.ID)}
		default:
			return conflictingVPC(v, z.ID)
		}
	}
	return nil
}
