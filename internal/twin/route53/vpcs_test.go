package route53

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

func associate(zone, vpc string) *sdk.AssociateVPCWithHostedZoneInput {
	return &sdk.AssociateVPCWithHostedZoneInput{HostedZoneId: &zone, VPC: vpcOf(vpc)}
}

func disassociate(zone, vpc string) *sdk.DisassociateVPCFromHostedZoneInput {
	return &sdk.DisassociateVPCFromHostedZoneInput{HostedZoneId: &zone, VPC: vpcOf(vpc)}
}

func authorization(zone, vpc string) *sdk.CreateVPCAssociationAuthorizationInput {
	return &sdk.CreateVPCAssociationAuthorizationInput{HostedZoneId: &zone, VPC: vpcOf(vpc)}
}

// TestAssociateAcrossAccounts is R8.1 and the vectors T42, T43 and T44.
func TestAssociateAcrossAccounts(t *testing.T) {
	b := newBed(t)
	z := b.privateZone("corp.internal", "vpc-net")
	consumer := b.as(app)
	refused(consumer, "NotAuthorizedException", "The VPC: vpc-app has not authorized to associate with your hosted zone.", associateVPC, associate(z, "vpc-app")) // T42
	must(b, createAuthorization, authorization(z, "vpc-app"))
	must(b, createAuthorization, authorization(z, "vpc-app"))
	if got := must(b, listAuthorizations, &sdk.ListVPCAssociationAuthorizationsInput{HostedZoneId: &z}).VPCs; len(got) != 1 || *got[0].VPCId != "vpc-app" {
		t.Errorf("authorizations %v", got)
	}
	out := must(consumer, associateVPC, associate(z, "vpc-app"))
	must(consumer, getChange, &sdk.GetChangeInput{Id: out.ChangeInfo.Id})
	if want := []string{"VPCId=vpc-app,VPCRegion=eu-west-1"}; !slices.Equal(consumer.keys["route53:vpcs"], want) {
		t.Errorf("condition keys %v, want %v", consumer.keys, want)
	}
	remove := &sdk.DeleteVPCAssociationAuthorizationInput{HostedZoneId: &z, VPC: vpcOf("vpc-app")}
	must(b, deleteAuthorization, remove)
	refused(b, "VPCAssociationAuthorizationNotFound", "", deleteAuthorization, remove)
	vpcs := func() (out []string) { // T43: the association outlives the authorization
		for _, v := range must(b, getHostedZone, &sdk.GetHostedZoneInput{Id: &z}).VPCs {
			out = append(out, *v.VPCId)
		}
		return out
	}
	if got := vpcs(); !slices.Equal(got, []string{"vpc-net", "vpc-app"}) {
		t.Errorf("VPCs %v", got)
	}
	refused(consumer, "AccessDenied", "not authorized to access", disassociateVPC, disassociate(z, "vpc-net"))
	must(consumer, disassociateVPC, disassociate(z, "vpc-app"))
	refused(consumer, "NotAuthorizedException", "", associateVPC, associate(z, "vpc-app"))
	refused(b, "LastVPCAssociation", "", disassociateVPC, disassociate(z, "vpc-net")) // T44
	refused(b, "VPCAssociationNotFound", "", disassociateVPC, disassociate(z, "vpc-net2"))
	if got := vpcs(); !slices.Equal(got, []string{"vpc-net"}) {
		t.Errorf("VPCs %v", got)
	}
}

// TestAssociateChecks is R8.3, in the order of R8.4.
func TestAssociateChecks(t *testing.T) {
	b := newBed(t)
	z := b.privateZone("example.com", "vpc-net")
	twin := b.privateZone("example.com", "vpc-net2")
	public := bare(b.zone("example.com").HostedZone.Id, zonePrefix)
	refused(b, "NoSuchHostedZone", "", associateVPC, associate("Znope", "vpc-nope"))
	refused(b, "PublicZoneVPCAssociation", "Attempting to associate public zone: "+public+" with vpc: vpc-nope", associateVPC, associate(public, "vpc-nope"))
	refused(b, "InvalidVPCId", "", associateVPC, associate(z, "vpc-nope"))
	refused(b, "InvalidVPCId", "", associateVPC, associate(z, "vpc-app")) // T45: only the VPC's owner can
	refused(b, "ConflictingDomainExists", "The VPC vpc-net2 in region eu-west-1 has already been associated with the hosted zone "+twin+" with the same domain name.",
		associateVPC, associate(z, "vpc-net2")) // T17
	refused(b, "ConflictingDomainExists", "", associateVPC, associate(z, "vpc-net"))
	managed := estate.Zone{ID: "ZENDPOINT", Name: dnsname.MustParse("ec2.eu-west-1.amazonaws.com"), Private: true, LinkedService: "vpce.amazonaws.com",
		VPCs: []estate.VPCRef{{Region: "eu-west-1", ID: "vpc-net2"}}}
	if err := b.world.Update(func(s *world.State) error { s.Estate.Zones.Put(managed); return nil }); err != nil {
		t.Fatal(err)
	}
	endpoint := b.privateZone("ec2.eu-west-1.amazonaws.com", "vpc-net")
	refused(b, "ConflictingDomainExists", "with the hosted zone ZENDPOINT with the same domain name", associateVPC, associate(endpoint, "vpc-net2")) // R3.5
	refused(b, "InvalidInput", "", associateVPC, &sdk.AssociateVPCWithHostedZoneInput{HostedZoneId: &z})
	refused(b, "InvalidInput", "public", createAuthorization, authorization(public, "vpc-app"))
	_, err := call(b, createAuthorization, authorization(public, "vpc-app"))
	if _, ok := errors.AsType[*world.Undocumented](err); !ok {
		t.Errorf("not marked as undocumented: %v", err)
	}
	refused(b.as(app), "AccessDenied", "", createAuthorization, authorization(z, "vpc-app"))
	b.deny = "ec2:DescribeVpcs"
	refused(b, "AccessDenied", "", associateVPC, associate(z, "vpc-net2"))
}

func TestListHostedZonesByVPC(t *testing.T) {
	b := newBed(t)
	z := b.privateZone("corp.internal", "vpc-net")
	must(b, createAuthorization, authorization(z, "vpc-app"))
	must(b.as(app), associateVPC, associate(z, "vpc-app"))
	var service estate.Zone
	if err := b.world.Update(func(s *world.State) error {
		service = estate.Zone{ID: "ZSERVICE", Name: dnsname.MustParse("efs.example"), Private: true, LinkedService: "efs.amazonaws.com",
			VPCs: []estate.VPCRef{{Region: "eu-west-1", ID: "vpc-app"}, {Region: "eu-west-1", ID: "vpc-net"}}}
		s.Estate.Zones.Put(service)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	in := &sdk.ListHostedZonesByVPCInput{VPCId: aws.String("vpc-app"), VPCRegion: "eu-west-1", MaxItems: aws.Int32(1)}
	first := must(b.as(app), listHostedZonesByVPC, in)
	in.NextToken = first.NextToken
	second := must(b.as(app), listHostedZonesByVPC, in)
	got := append(first.HostedZoneSummaries, second.HostedZoneSummaries...)
	if len(got) != 2 || second.NextToken != nil || *got[0].HostedZoneId != z || *got[0].Owner.OwningAccount != string(net) || *got[0].Name != "corp.internal." ||
		*got[1].Owner.OwningService != "efs.amazonaws.com" {
		t.Errorf("summaries %+v", got)
	}
	refused(b.as(app), "AccessDenied", "can only be managed through efs.amazonaws.com", disassociateVPC, disassociate("ZSERVICE", "vpc-app"))
	refused(b, "AccessDenied", "is not owned by you", listHostedZonesByVPC, in)
}

// TestManagedZone: the name of an endpoint's private DNS is taken in its VPC
// (R3.5, T24), and the list of the VPC's zones shows whose it is
// (API_HostedZoneOwner).
func TestManagedZone(t *testing.T) {
	b := newBed(t)
	z := b.privateZone("ec2.eu-west-1.amazonaws.com", "vpc-net2")
	put := func(state string) {
		t.Helper()
		if err := b.world.Update(func(s *world.State) error {
			s.Estate.Endpoints.Put(estate.Endpoint{
				ID: "vpce-1", Account: net, Region: "eu-west-1", VPC: "vpc-net", Type: estate.EndpointInterface, State: state, PrivateDNS: true,
				PrivateNames: []dnsname.Name{dnsname.MustParse("ec2.eu-west-1.amazonaws.com"), dnsname.MustParse("*.ec2.eu-west-1.amazonaws.com")},
			})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	put(estate.EndpointAvailable)
	got := must(b, listHostedZonesByVPC, &sdk.ListHostedZonesByVPCInput{VPCId: aws.String("vpc-net"), VPCRegion: "eu-west-1"}).HostedZoneSummaries
	if len(got) != 1 || *got[0].Name != "ec2.eu-west-1.amazonaws.com." || aws.ToString(got[0].Owner.OwningService) != world.EndpointService {
		t.Fatalf("summaries %+v", got)
	}
	taken := "already been associated with the hosted zone " + *got[0].HostedZoneId
	refused(b, "ConflictingDomainExists", taken, associateVPC, associate(z, "vpc-net"))
	refused(b, "ConflictingDomainExists", taken, createHostedZone, &sdk.CreateHostedZoneInput{
		Name: aws.String("ec2.eu-west-1.amazonaws.com"), CallerReference: aws.String("second"),
		VPC: &types.VPC{VPCId: aws.String("vpc-net"), VPCRegion: "eu-west-1"},
	})
	put(estate.EndpointDeleting)
	refused(b, "ConflictingDomainExists", taken, associateVPC, associate(z, "vpc-net"))
	b.privateZone("amazonaws.com", "vpc-net") // names above and below are free
	put(estate.EndpointRejected)
	must(b, associateVPC, associate(z, "vpc-net"))
}

func TestTags(t *testing.T) {
	b := newBed(t)
	z := bare(b.zone("example.com").HostedZone.Id, zonePrefix)
	h := *must(b, createHealthCheck, &sdk.CreateHealthCheckInput{CallerReference: aws.String("h"), HealthCheckConfig: &types.HealthCheckConfig{Type: "HTTP"}}).HealthCheck.Id
	tags := func(from, to int) (out []types.Tag) {
		for i := from; i < to; i++ {
			out = append(out, types.Tag{Key: aws.String(fmt.Sprintf("k%02d", i)), Value: aws.String("v")})
		}
		return out
	}
	for kind, id := range map[types.TagResourceType]string{types.TagResourceTypeHostedzone: z, types.TagResourceTypeHealthcheck: h} {
		change := func(add []types.Tag, remove ...string) *sdk.ChangeTagsForResourceInput {
			return &sdk.ChangeTagsForResourceInput{ResourceType: kind, ResourceId: &id, AddTags: add, RemoveTagKeys: remove}
		}
		for i := range 5 {
			must(b, changeTags, change(tags(10*i, 10*i+10)))
		}
		refused(b, "InvalidInput", "at most 50", changeTags, change(tags(50, 51)))
		refused(b, "InvalidInput", "at most 10", changeTags, change(tags(0, 11)))
		refused(b, "InvalidInput", "", changeTags, change(nil))
		must(b, changeTags, change(tags(50, 51), "k00", "absent"))
		set := must(b, listTags, &sdk.ListTagsForResourceInput{ResourceType: kind, ResourceId: &id}).ResourceTagSet
		if len(set.Tags) != 50 || *set.Tags[0].Key != "k01" || *set.Tags[49].Key != "k50" || *set.ResourceId != id || set.ResourceType != kind {
			t.Errorf("%s: %+v", kind, set)
		}
		many := must(b, listTagsOfMany, &sdk.ListTagsForResourcesInput{ResourceType: kind, ResourceIds: []string{id}})
		if len(many.ResourceTagSets) != 1 {
			t.Errorf("%s: %+v", kind, many)
		}
		refused(b, "InvalidInput", "", listTagsOfMany, &sdk.ListTagsForResourcesInput{ResourceType: kind, ResourceIds: slices.Repeat([]string{id}, 11)})
		refused(b.as(app), "AccessDenied", "", listTags, &sdk.ListTagsForResourceInput{ResourceType: kind, ResourceId: &id})
	}
	refused(b, "NoSuchHostedZone", "", listTags, &sdk.ListTagsForResourceInput{ResourceType: "hostedzone", ResourceId: aws.String("Z1")})
	refused(b, "NoSuchHealthCheck", "", listTags, &sdk.ListTagsForResourceInput{ResourceType: "healthcheck", ResourceId: aws.String("1")})
}

func TestDelegationSets(t *testing.T) {
	b := newBed(t)
	set := must(b, createDelegationSet, &sdk.CreateReusableDelegationSetInput{CallerReference: aws.String("d1")}).DelegationSet
	id := bare(set.Id, setPrefix)
	refused(b, "DelegationSetAlreadyCreated", "", createDelegationSet, &sdk.CreateReusableDelegationSetInput{CallerReference: aws.String("d1")})
	with := func(name string) *sdk.CreateHostedZoneInput {
		return &sdk.CreateHostedZoneInput{Name: &name, CallerReference: aws.String("z" + name), DelegationSetId: set.Id}
	}
	out := must(b, createHostedZone, with("example.com"))
	if !slices.Equal(out.DelegationSet.NameServers, set.NameServers) || *out.DelegationSet.Id != *set.Id {
		t.Errorf("%+v", out.DelegationSet)
	}
	must(b, createHostedZone, with("example.org"))
	const conflict = "A conflicting domain is already associated with the given VPC or Delegation Set."
	refused(b, "ConflictingDomainExists", conflict, createHostedZone, with("api.example.com")) // R5.2
	refused(b.as(app), "NoSuchDelegationSet", "", createHostedZone, with("example.net"))
	private := with("corp")
	private.VPC = vpcOf("vpc-net")
	refused(b, "InvalidInput", "", createHostedZone, private) // R5.1
	if zones := must(b, listHostedZones, &sdk.ListHostedZonesInput{DelegationSetId: &id}).HostedZones; len(zones) != 2 {
		t.Errorf("%d zones of the set", len(zones))
	}
	limit := must(b, getDelegationSetLimit, &sdk.GetReusableDelegationSetLimitInput{DelegationSetId: &id, Type: "MAX_ZONES_BY_REUSABLE_DELEGATION_SET"})
	if limit.Count != 2 || *limit.Limit.Value != 100 {
		t.Errorf("limit %+v", limit)
	}
	refused(b, "DelegationSetInUse", "", deleteDelegationSet, &sdk.DeleteReusableDelegationSetInput{Id: &id})

	// The set of a zone that stands.
	z := b.zone("third.com")
	made := must(b, createDelegationSet, &sdk.CreateReusableDelegationSetInput{CallerReference: aws.String("d2"), HostedZoneId: z.HostedZone.Id}).DelegationSet
	if !slices.Equal(made.NameServers, z.DelegationSet.NameServers) {
		t.Errorf("%v, want %v", made.NameServers, z.DelegationSet.NameServers)
	}
	refused(b, "DelegationSetAlreadyReusable", "", createDelegationSet, &sdk.CreateReusableDelegationSetInput{CallerReference: aws.String("d3"), HostedZoneId: z.HostedZone.Id})
	refused(b, "HostedZoneNotFound", "", createDelegationSet, &sdk.CreateReusableDelegationSetInput{CallerReference: aws.String("d3"), HostedZoneId: aws.String("Z1")})
	if sets := must(b, listDelegationSets, &sdk.ListReusableDelegationSetsInput{}).DelegationSets; len(sets) != 2 {
		t.Errorf("%d sets", len(sets))
	}
	must(b, deleteHostedZone, &sdk.DeleteHostedZoneInput{Id: z.HostedZone.Id})
	must(b, deleteDelegationSet, &sdk.DeleteReusableDelegationSetInput{Id: made.Id})
	refused(b, "NoSuchDelegationSet", "", getDelegationSet, &sdk.GetReusableDelegationSetInput{Id: made.Id})
}

// TestListHostedZonesByName: the order of reversed labels, from a name on.
func TestListHostedZonesByName(t *testing.T) {
	b := newBed(t)
	for _, n := range []string{"example.org", "b.example.com", "example.com", "a-b.example.com", "a.example.com", "example.com"} {
		b.zone(n)
	}
	b.as(app).zone("example.com")
	names := func(in *sdk.ListHostedZonesByNameInput) (out []string) {
		for {
			page := must(b, listHostedZonesByName, in)
			for _, z := range page.HostedZones {
				out = append(out, *z.Name)
			}
			if !page.IsTruncated {
				return out
			}
			in.DNSName, in.HostedZoneId = page.NextDNSName, page.NextHostedZoneId
		}
	}
	want := []string{"example.com.", "example.com.", "a-b.example.com.", "a.example.com.", "b.example.com.", "example.org."}
	for _, size := range []int32{1, 2, 100} {
		if got := names(&sdk.ListHostedZonesByNameInput{MaxItems: &size}); !slices.Equal(got, want) {
			t.Errorf("pages of %d: %q, want %q", size, got, want)
		}
	}
	if got := names(&sdk.ListHostedZonesByNameInput{DNSName: aws.String("A.example.com")}); !slices.Equal(got, want[3:]) {
		t.Errorf("from a.example.com: %q", got)
	}
	refused(b, "InvalidInput", "", listHostedZonesByName, &sdk.ListHostedZonesByNameInput{HostedZoneId: aws.String("Z1")})
	refused(b, "InvalidDomainName", "", listHostedZonesByName, &sdk.ListHostedZonesByNameInput{DNSName: aws.String("a..b")})
}

func TestListHostedZones(t *testing.T) {
	b := newBed(t)
	want := map[string]bool{}
	for i := range 7 {
		want[*b.zone(fmt.Sprintf("z%d.com", i)).HostedZone.Id] = true
	}
	p := b.privateZone("corp", "vpc-net")
	want[zonePrefix+p] = true
	b.as(app).zone("other.com")
	in := &sdk.ListHostedZonesInput{MaxItems: aws.Int32(3)}
	for pages := 1; ; pages++ {
		out := must(b, listHostedZones, in)
		for _, z := range out.HostedZones {
			if !want[*z.Id] {
				t.Errorf("%s is listed twice or not mine", *z.Id)
			}
			delete(want, *z.Id)
		}
		if !out.IsTruncated {
			if pages != 3 || len(want) != 0 {
				t.Errorf("%d pages, missing %v", pages, want)
			}
			break
		}
		in.Marker = out.NextMarker
	}
	if out := must(b, listHostedZones, &sdk.ListHostedZonesInput{HostedZoneType: "PrivateHostedZone"}); len(out.HostedZones) != 1 || *out.HostedZones[0].Id != zonePrefix+p {
		t.Errorf("private zones: %+v", out.HostedZones)
	}
	if n := *must(b, getHostedZoneCount, &sdk.GetHostedZoneCountInput{}).HostedZoneCount; n != 8 {
		t.Errorf("%d zones", n)
	}
}

// TestQuotas: with the world's limits on, AWS's quotas hold, or those that the
// estate says an account has.
func TestQuotas(t *testing.T) {
	b := newBed(t)
	z := bare(b.zone("example.com").HostedZone.Id, zonePrefix)
	p := b.privateZone("corp", "vpc-net")
	b.world.Limits = true
	lower := func(code, id string, value int64) {
		if err := b.world.Update(func(s *world.State) error {
			s.Estate.Quotas.Put(estate.Quota{Account: net, Code: code, ID: id, Value: value})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	account := func(kind types.AccountLimitType) (int64, int64) {
		out := must(b, getAccountLimit, &sdk.GetAccountLimitInput{Type: kind})
		return out.Count, *out.Limit.Value
	}
	if used, most := account("MAX_HOSTED_ZONES_BY_OWNER"); used != 2 || most != 500 {
		t.Errorf("zones: %d of %d", used, most)
	}
	lower(quotaZones, "", 2)
	refused(b, "TooManyHostedZones", "Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more hosted zones.",
		createHostedZone, &sdk.CreateHostedZoneInput{Name: aws.String("more.com"), CallerReference: aws.String("more")})
	zoneLimit := func(zone string, kind types.HostedZoneLimitType) (int64, int64) {
		out := must(b, getHostedZoneLimit, &sdk.GetHostedZoneLimitInput{HostedZoneId: &zone, Type: kind})
		return out.Count, *out.Limit.Value
	}
	if used, most := zoneLimit(z, "MAX_RRSETS_BY_ZONE"); used != 2 || most != 10000 {
		t.Errorf("records: %d of %d", used, most)
	}
	if used, most := zoneLimit(p, "MAX_VPCS_ASSOCIATED_BY_ZONE"); used != 1 || most != 300 {
		t.Errorf("VPCs: %d of %d", used, most)
	}
	refused(b, "HostedZoneNotPrivate", "", getHostedZoneLimit, &sdk.GetHostedZoneLimitInput{HostedZoneId: &z, Type: "MAX_VPCS_ASSOCIATED_BY_ZONE"})
	a := func(name string) types.ResourceRecordSet { return rr(name, "A", 60, "192.0.2.1") }
	lower(quotaRecords, z, 3)
	refused(b, "InvalidChangeBatch", "MAX_RRSETS_BY_ZONE", changeResourceRecordSets, changesOf(z, create(a("a.example.com")), create(a("b.example.com"))))
	b.change(z, create(a("a.example.com")))
	b.change(z, upsert(a("a.example.com")))
	lower(quotaVPCs, p, 1)
	refused(b, "LimitsExceeded", "", associateVPC, associate(p, "vpc-net2"))
	lower(quotaVPCAuthorization, p, 1)
	must(b, createAuthorization, authorization(p, "vpc-1"))
	refused(b, "TooManyVPCAssociationAuthorizations", "", createAuthorization, authorization(p, "vpc-2"))
	var values []string
	for i := range 401 {
		values = append(values, fmt.Sprintf("10.0.%d.%d", i/256, i%256))
	}
	refused(b, "InvalidChangeBatch", "limit of 400", changeResourceRecordSets, changesOf(z, upsert(rr("a.example.com", "A", 60, values...))))
	lower(quotaGroup, z, 2)
	lower(quotaRecords, z, 100)
	w := func(id string) types.Change { return create(weighted(a("w.example.com"), id, 1)) }
	b.change(z, w("1"), w("2"))
	refused(b, "InvalidChangeBatch", "at most 2", changeResourceRecordSets, changesOf(z, w("3")))
}

// TestChangeBucket holds the bucket of changes: 1,500, refilled by 100 a
// second; CREATE and DELETE 1, UPSERT 2, zones and associations 2.
func TestChangeBucket(t *testing.T) {
	b := newBed(t)
	b.world.Limits = true
	z := bare(b.zone("example.com").HostedZone.Id, zonePrefix) // 2
	batch := func(from, n int, f func(types.ResourceRecordSet) types.Change) *sdk.ChangeResourceRecordSetsInput {
		var out []types.Change
		for i := range n {
			out = append(out, f(rr(fmt.Sprintf("n%d.example.com", from+i), "A", 60, "192.0.2.1")))
		}
		return changesOf(z, out...)
	}
	must(b, changeResourceRecordSets, batch(0, 998, create)) // 1,000
	must(b, changeResourceRecordSets, batch(0, 250, upsert)) // 1,500
	refused(b, "Throttling", "Rate exceeded", changeResourceRecordSets, batch(2000, 1, create))
	refused(b, "Throttling", "Rate exceeded", createHostedZone, &sdk.CreateHostedZoneInput{Name: aws.String("other.com"), CallerReference: aws.String("x")})
	must(b.as(app), createHostedZone, &sdk.CreateHostedZoneInput{Name: aws.String("other.com"), CallerReference: aws.String("x")})
	b.clock.Advance(1e9)
	refused(b, "InvalidChangeBatch", "already exists", changeResourceRecordSets, batch(0, 100, create)) // costs nothing
	must(b, changeResourceRecordSets, batch(2000, 99, create))
	refused(b, "Throttling", "", changeResourceRecordSets, batch(3000, 1, upsert))
	must(b, changeResourceRecordSets, batch(2000, 1, func(set types.ResourceRecordSet) types.Change { return remove(set) }))
}

func TestHealthChecks(t *testing.T) {
	b := newBed(t)
	in := &sdk.CreateHealthCheckInput{CallerReference: aws.String("h1"), HealthCheckConfig: &types.HealthCheckConfig{Type: "HTTPS", FullyQualifiedDomainName: aws.String("example.com")}}
	h := must(b, createHealthCheck, in).HealthCheck
	if *h.HealthCheckConfig.Port != 443 || *h.HealthCheckConfig.RequestInterval != 30 || !*h.HealthCheckConfig.EnableSNI || *h.HealthCheckVersion != 1 {
		t.Errorf("%+v", h.HealthCheckConfig)
	}
	if again := must(b, createHealthCheck, in).HealthCheck; *again.Id != *h.Id {
		t.Errorf("the same reference gave %s and %s", *h.Id, *again.Id)
	}
	in.HealthCheckConfig.Port = aws.Int32(8443)
	refused(b, "HealthCheckAlreadyExists", "", createHealthCheck, in)
	z := bare(b.zone("example.com").HostedZone.Id, zonePrefix)
	set := rr("f.example.com", "A", 60, "192.0.2.1")
	set.SetIdentifier, set.Failover = aws.String("p"), "PRIMARY"
	refused(b, "InvalidChangeBatch", "[A non-alias primary ResourceRecordSet must have an associated health check. No changes made.]", changeResourceRecordSets, changesOf(z, create(set)))
	set.HealthCheckId = h.Id
	b.change(z, create(set))
	if n := *must(b, getHealthCheckCount, &sdk.GetHealthCheckCountInput{}).HealthCheckCount; n != 1 {
		t.Errorf("%d checks", n)
	}
	must(b, getHealthCheck, &sdk.GetHealthCheckInput{HealthCheckId: h.Id})
	if l := must(b, listHealthChecks, &sdk.ListHealthChecksInput{}).HealthChecks; len(l) != 1 || *l[0].Id != *h.Id {
		t.Errorf("%+v", l)
	}
	refused(b.as(app), "AccessDenied", "", getHealthCheck, &sdk.GetHealthCheckInput{HealthCheckId: h.Id})
	must(b, deleteHealthCheck, &sdk.DeleteHealthCheckInput{HealthCheckId: h.Id})
	refused(b, "NoSuchHealthCheck", "", getHealthCheck, &sdk.GetHealthCheckInput{HealthCheckId: h.Id})
	// A record of the estate uses it, so others may.
	set.SetIdentifier, set.Failover = aws.String("s"), "SECONDARY"
	b.change(z, create(set))
}

func TestDNSSECAndTestDNSAnswer(t *testing.T) {
	b := newBed(t)
	z := bare(b.zone("example.com").HostedZone.Id, zonePrefix)
	if s := must(b, getDNSSEC, &sdk.GetDNSSECInput{HostedZoneId: &z}).Status.ServeSignature; *s != "NOT_SIGNING" {
		t.Error(*s)
	}
	b.change(z, create(rr("*.example.com", "A", 60, "192.0.2.1", "192.0.2.2")))
	ask := func(name, kind string) *sdk.TestDNSAnswerOutput {
		return must(b, testDNSAnswer, &sdk.TestDNSAnswerInput{HostedZoneId: &z, RecordName: &name, RecordType: types.RRType(kind)})
	}
	a := ask("www.example.com", "A")
	if slices.Sort(a.RecordData); *a.ResponseCode != "NOERROR" || !slices.Equal(a.RecordData, []string{"192.0.2.1", "192.0.2.2"}) || *a.Protocol != "UDP" || *a.Nameserver == "" {
		t.Errorf("%+v", a)
	}
	if a := ask("www.example.com", "TXT"); *a.ResponseCode != "NOERROR" || len(a.RecordData) != 0 {
		t.Errorf("%+v", a)
	}
	refused(b, "InvalidInput", "", testDNSAnswer, &sdk.TestDNSAnswerInput{HostedZoneId: &z, RecordName: aws.String("www.other.com"), RecordType: "A"})
	p := b.privateZone("corp", "vpc-net")
	refused(b, "InvalidInput", "private", testDNSAnswer, &sdk.TestDNSAnswerInput{HostedZoneId: &p, RecordName: aws.String("corp"), RecordType: "A"})
}

// TestGeoLocations: countries first, a country before its parts, continents
// last; every page size gives each once.
func TestGeoLocations(t *testing.T) {
	b := newBed(t)
	var got []location
	in := &sdk.ListGeoLocationsInput{}
	for {
		out := must(b, listGeoLocations, in)
		for _, d := range out.GeoLocationDetailsList {
			got = append(got, locationOf(d))
			must(b, getGeoLocation, &sdk.GetGeoLocationInput{ContinentCode: d.ContinentCode, CountryCode: d.CountryCode, SubdivisionCode: d.SubdivisionCode})
		}
		if !out.IsTruncated {
			break
		}
		in = &sdk.ListGeoLocationsInput{StartContinentCode: out.NextContinentCode, StartCountryCode: out.NextCountryCode, StartSubdivisionCode: out.NextSubdivisionCode}
	}
	if len(got) != 1+249+51+7 || got[0].country != "*" || got[len(got)-1].continent != "SA" {
		t.Errorf("%d locations, from %v to %v", len(got), got[0], got[len(got)-1])
	}
	if us := slices.Index(got, location{"", "US", ""}); us < 0 || got[us+1] != (location{"", "US", "AK"}) {
		t.Errorf("US stands at %d", us)
	}
	refused(b, "NoSuchGeoLocation", "", getGeoLocation, &sdk.GetGeoLocationInput{CountryCode: aws.String("XX")})
	refused(b, "InvalidInput", "", listGeoLocations, &sdk.ListGeoLocationsInput{StartCountryCode: aws.String("XX")})
	z := bare(b.zone("example.com").HostedZone.Id, zonePrefix)
	geo := func(id, country string) types.ResourceRecordSet {
		set := rr("g.example.com", "A", 60, "192.0.2.1")
		set.SetIdentifier, set.GeoLocation = &id, &types.GeoLocation{CountryCode: &country}
		return set
	}
	b.change(z, create(geo("all", "*")), create(geo("fr", "FR")))
	refused(b, "InvalidChangeBatch", "a geolocation RRSet with the same name, type and location", changeResourceRecordSets, changesOf(z, create(geo("fr2", "FR"))))
	b.change(z, upsert(geo("all", "DE")), upsert(geo("fr", "*")))
}

// TestLatticeZone: the custom domain of a resource of VPC Lattice is taken in the
// VPCs that reach it with private DNS, as AWS's own (R7.4), unless a zone of that
// name stood before.
func TestLatticeZone(t *testing.T) {
	b := newBed(t)
	z := b.privateZone("db.example.com", "vpc-net2")
	const resource, network = "arn:aws:vpc-lattice:eu-west-1:111111111111:resourceconfiguration/rcfg-1", "arn:aws:vpc-lattice:eu-west-1:111111111111:servicenetwork/sn-1"
	if err := b.world.Update(func(s *world.State) error {
		s.Estate.LatticeResources.Put(estate.LatticeResource{ID: "rcfg-1", ARN: resource, Account: net, Region: "eu-west-1", Type: estate.ResourceSingle,
			CustomDomain: dnsname.MustParse("db.example.com"), Verified: true, Status: estate.LatticeActive})
		s.Estate.LatticeAssociations.Put(
			estate.LatticeAssociation{ID: "snra-1", Network: network, Resource: resource, PrivateDNS: true, Status: estate.LatticeActive},
			estate.LatticeAssociation{ID: "snva-1", Network: network, VPC: "vpc-net", PrivateDNS: true, Status: estate.LatticeActive},
			estate.LatticeAssociation{ID: "snva-2", Network: network, VPC: "vpc-net2", PrivateDNS: true, Status: estate.LatticeActive})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	owners := func(vpc string) (out []string) {
		for _, s := range must(b, listHostedZonesByVPC, &sdk.ListHostedZonesByVPCInput{VPCId: &vpc, VPCRegion: "eu-west-1"}).HostedZoneSummaries {
			out = append(out, *s.Name+" "+aws.ToString(s.Owner.OwningService))
		}
		return out
	}
	if got, want := owners("vpc-net"), []string{"db.example.com. " + world.LatticeService}; !slices.Equal(got, want) {
		t.Errorf("the VPC's zones are %v, want %v", got, want)
	}
	if got, want := owners("vpc-net2"), []string{"db.example.com. "}; !slices.Equal(got, want) {
		t.Errorf("where a zone stood before: %v, want %v", got, want)
	}
	refused(b, "ConflictingDomainExists", "already been associated with the hosted zone", associateVPC, associate(z, "vpc-net"))
	b.privateZone("example.com", "vpc-net") // names above are free
}
