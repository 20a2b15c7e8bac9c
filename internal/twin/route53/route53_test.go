package route53

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

const (
	net = estate.AccountID("111111111111")
	app = estate.AccountID("222222222222")
)

// bed is a world with VPCs, in which every action is allowed and noted.
type bed struct {
	testing.TB
	clock   *clock.Virtual
	world   *world.World
	asked   []string // "action resource" that was authorized, in order
	keys    world.Conditions
	deny    string // an action to deny
	account estate.AccountID
}

func newBed(t testing.TB) *bed {
	var e estate.Estate
	for _, v := range []estate.VPC{
		{ID: "vpc-net", Account: net, Region: "eu-west-1"}, {ID: "vpc-net2", Account: net, Region: "eu-west-1"},
		{ID: "vpc-app", Account: app, Region: "eu-west-1"},
	} {
		v.CIDRs = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}
		e.VPCs.Put(v)
	}
	c := clock.NewVirtual(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
	return &bed{TB: t, clock: c, world: world.New(c, e), account: net}
}

func (b *bed) as(account estate.AccountID) *bed {
	other := *b
	other.account = account
	return &other
}

// call runs a handler as the assembly does.
func call[I, O any](b *bed, handler func(context.Context, *world.Call, *I) (*O, error), in *I) (*O, error) {
	operation := strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%T", in), "*route53."), "Input")
	var out *O
	b.asked = nil
	err := b.world.Update(func(s *world.State) error {
		c := &world.Call{
			World: b.world, State: s, Service: Service, Operation: operation, Region: "us-east-1", Now: b.world.Now(),
			Caller: world.Caller{Account: b.account, ARN: "arn:aws:iam::" + string(b.account) + ":root", Administrator: true},
			Authorize: func(action, resource string, keys world.Conditions) error {
				b.asked = append(b.asked, action+" "+resource)
				if keys != nil {
					b.keys = keys
				}
				if action == b.deny {
					return generic("AccessDenied", "denied")
				}
				return nil
			},
		}
		var err error
		out, err = handler(context.Background(), c, in)
		return err
	})
	return out, err
}

// must is call for what must succeed.
func must[I, O any](b *bed, handler func(context.Context, *world.Call, *I) (*O, error), in *I) *O {
	b.Helper()
	out, err := call(b, handler, in)
	if err != nil {
		b.Fatalf("%T: %v", in, err)
	}
	return out
}

// refused is call for what must fail with a code, and with a text in the error.
func refused[I, O any](b *bed, code, text string, handler func(context.Context, *world.Call, *I) (*O, error), in *I) {
	b.Helper()
	before := b.world.Estate()
	_, err := call(b, handler, in)
	var api smithy.APIError
	if !errors.As(err, &api) {
		b.Fatalf("%T: got %v, want %s", in, err, code)
	}
	if api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), text) {
		b.Errorf("%T:\n got %s: %s\nwant %s: %s", in, api.ErrorCode(), api.ErrorMessage(), code, text)
	}
	if before.Records != b.world.Estate().Records || before.Zones != b.world.Estate().Zones {
		b.Errorf("%T was refused and changed something", in)
	}
}

var referenceCount int

func (b *bed) zone(name string) *sdk.CreateHostedZoneOutput {
	b.Helper()
	referenceCount++
	return must(b, createHostedZone, &sdk.CreateHostedZoneInput{Name: &name, CallerReference: aws.String(fmt.Sprint("ref", referenceCount))})
}

func (b *bed) privateZone(name, vpc string) string {
	b.Helper()
	referenceCount++
	out := must(b, createHostedZone, &sdk.CreateHostedZoneInput{
		Name: &name, CallerReference: aws.String(fmt.Sprint("ref", referenceCount)), VPC: vpcOf(vpc),
	})
	return bare(out.HostedZone.Id, zonePrefix)
}

func vpcOf(id string) *types.VPC { return &types.VPC{VPCId: &id, VPCRegion: "eu-west-1"} }

func rr(name, rrtype string, ttl int64, values ...string) types.ResourceRecordSet {
	set := types.ResourceRecordSet{Name: &name, Type: types.RRType(rrtype), TTL: &ttl}
	for _, v := range values {
		set.ResourceRecords = append(set.ResourceRecords, types.ResourceRecord{Value: &v})
	}
	return set
}

func alias(name, rrtype, target, zone string) types.ResourceRecordSet {
	return types.ResourceRecordSet{Name: &name, Type: types.RRType(rrtype), AliasTarget: &types.AliasTarget{DNSName: &target, HostedZoneId: &zone}}
}

func weighted(set types.ResourceRecordSet, id string, weight int64) types.ResourceRecordSet {
	set.SetIdentifier, set.Weight = &id, &weight
	return set
}

func changesOf(zone string, changes ...types.Change) *sdk.ChangeResourceRecordSetsInput {
	return &sdk.ChangeResourceRecordSetsInput{HostedZoneId: &zone, ChangeBatch: &types.ChangeBatch{Changes: changes}}
}

func create(set types.ResourceRecordSet) types.Change {
	return types.Change{Action: types.ChangeActionCreate, ResourceRecordSet: &set}
}
func remove(set types.ResourceRecordSet) types.Change {
	return types.Change{Action: types.ChangeActionDelete, ResourceRecordSet: &set}
}
func upsert(set types.ResourceRecordSet) types.Change {
	return types.Change{Action: types.ChangeActionUpsert, ResourceRecordSet: &set}
}

func (b *bed) change(zone string, changes ...types.Change) *types.ChangeInfo {
	b.Helper()
	return must(b, changeResourceRecordSets, changesOf(zone, changes...)).ChangeInfo
}

// names are the records of a zone as "name type", as they are listed.
func (b *bed) names(zone string) []string {
	b.Helper()
	var out []string
	for _, r := range must(b, listResourceRecordSets, &sdk.ListResourceRecordSetsInput{HostedZoneId: &zone}).ResourceRecordSets {
		out = append(out, *r.Name+" "+string(r.Type)+aws.ToString(r.SetIdentifier))
	}
	return out
}

func TestHandlersFitTheModel(t *testing.T) {
	s, err := wire.Load(Service)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := wire.NewMux(s, Handlers()...); err != nil {
		t.Error(err)
	}
}

func TestCreateHostedZone(t *testing.T) {
	b := newBed(t)
	out := must(b, createHostedZone, &sdk.CreateHostedZoneInput{
		Name: aws.String("Example.COM"), CallerReference: aws.String("r1"), HostedZoneConfig: &types.HostedZoneConfig{Comment: aws.String("hello")},
	})
	id := bare(out.HostedZone.Id, zonePrefix)
	if *out.HostedZone.Name != "example.com." || *out.HostedZone.Id != "/hostedzone/"+id || !strings.HasPrefix(id, "Z") ||
		*out.HostedZone.ResourceRecordSetCount != 2 || *out.HostedZone.Config.Comment != "hello" || out.HostedZone.Config.PrivateZone {
		t.Errorf("zone: %+v", out.HostedZone)
	}
	var tlds []string
	for _, s := range out.DelegationSet.NameServers {
		var n, m int
		var tld string
		if _, err := fmt.Sscanf(s, "ns-%d.awsdns-%d.%s", &n, &m, &tld); err != nil || m != n%512/8 {
			t.Errorf("name server %s", s)
		}
		tlds = append(tlds, tld)
	}
	if slices.Sort(tlds); !slices.Equal(tlds, []string{"co.uk", "com", "net", "org"}) {
		t.Errorf("servers %v", out.DelegationSet.NameServers)
	}
	list := must(b, listResourceRecordSets, &sdk.ListResourceRecordSetsInput{HostedZoneId: &id}).ResourceRecordSets
	if len(list) != 2 || list[0].Type != "NS" || *list[0].TTL != 172800 || len(list[0].ResourceRecords) != 4 ||
		list[1].Type != "SOA" || *list[1].TTL != 900 || !strings.HasSuffix(*list[1].ResourceRecords[0].Value, " awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400") {
		t.Errorf("apex: %+v", list)
	}
	got := must(b, getHostedZone, &sdk.GetHostedZoneInput{Id: out.HostedZone.Id})
	if !slices.Equal(got.DelegationSet.NameServers, out.DelegationSet.NameServers) || got.DelegationSet.Id != nil {
		t.Errorf("delegation set: %+v", got.DelegationSet)
	}
	again := func(name string) *sdk.CreateHostedZoneInput {
		return &sdk.CreateHostedZoneInput{Name: &name, CallerReference: aws.String("r1")}
	}
	const used = "A hosted zone has already been created with the specified caller reference."
	refused(b, "HostedZoneAlreadyExists", used, createHostedZone, again("other.com"))
	must(b.as(app), createHostedZone, again("app.com"))
	must(b, deleteHostedZone, &sdk.DeleteHostedZoneInput{Id: &id})
	refused(b, "HostedZoneAlreadyExists", used, createHostedZone, again("example.com"))
	refused(b, "NoSuchHostedZone", "No hosted zone found with ID: "+id, getHostedZone, &sdk.GetHostedZoneInput{Id: &id})

	for name, want := range map[string]string{
		"com": "com is reserved by AWS!", "a..b": "DomainLabelEmpty", "*.example.com": "", ".": "",
		strings.Repeat("a", 64) + ".com": "DomainLabelTooLong", "a b.com": "UnsupportedCharacter",
	} {
		refused(b, "InvalidDomainName", want, createHostedZone, &sdk.CreateHostedZoneInput{Name: &name, CallerReference: aws.String("x" + name)})
	}
}

func TestPrivateZone(t *testing.T) {
	b := newBed(t)
	out := must(b, createHostedZone, &sdk.CreateHostedZoneInput{Name: aws.String("corp"), CallerReference: aws.String("p"), VPC: vpcOf("vpc-net")})
	if out.DelegationSet != nil || out.VPC == nil || !out.HostedZone.Config.PrivateZone {
		t.Errorf("%+v", out)
	}
	if want := "VPCId=vpc-net,VPCRegion=eu-west-1"; !slices.Equal(b.keys["route53:vpcs"], []string{want}) {
		t.Errorf("condition keys %v", b.keys)
	}
	if want := []string{"route53:CreateHostedZone *", "ec2:DescribeVpcs *"}; !slices.Equal(b.asked, want) {
		t.Errorf("authorized %q", b.asked)
	}
	id := bare(out.HostedZone.Id, zonePrefix)
	list := must(b, listResourceRecordSets, &sdk.ListResourceRecordSetsInput{HostedZoneId: &id}).ResourceRecordSets
	var servers []string
	for _, r := range list[0].ResourceRecords {
		servers = append(servers, *r.Value)
	}
	slices.Sort(servers)
	if want := []string{"ns-0.awsdns-00.com.", "ns-1024.awsdns-00.org.", "ns-1536.awsdns-00.co.uk.", "ns-512.awsdns-00.net."}; !slices.Equal(servers, want) { // R1.29
		t.Errorf("servers %q", servers)
	}
	private := func(name, vpc string) *sdk.CreateHostedZoneInput {
		return &sdk.CreateHostedZoneInput{Name: &name, CallerReference: aws.String(name + vpc), VPC: vpcOf(vpc)}
	}
	refused(b, "ConflictingDomainExists", "The VPC vpc-net in region eu-west-1 has already been associated with the hosted zone "+id+" with the same domain name.",
		createHostedZone, private("corp", "vpc-net")) // R1.28
	must(b, createHostedZone, private("svc.corp", "vpc-net"))
	refused(b, "InvalidVPCId", "is not authorized to make the association", createHostedZone, private("x.corp", "vpc-app"))
	wrong := private("y.corp", "vpc-net")
	wrong.VPC.VPCRegion = "us-east-1"
	refused(b, "InvalidVPCId", "The VPC vpc-net in region us-east-1 that you provided", createHostedZone, wrong)
	refused(b, "InvalidInput", "VPCId", createHostedZone, &sdk.CreateHostedZoneInput{
		Name: aws.String("z.corp"), CallerReference: aws.String("z"), HostedZoneConfig: &types.HostedZoneConfig{PrivateZone: true}})
}

// TestServersApart holds R5.2: zones of equal, parent or child name share no
// server, in all accounts.
func TestServersApart(t *testing.T) {
	b := newBed(t)
	seen := map[string]string{}
	for i := range 200 {
		who := []estate.AccountID{net, app}[i%2]
		name := []string{"example.com", "api.example.com", "beta.api.example.com"}[i%3]
		for _, s := range b.as(who).zone(name).DelegationSet.NameServers {
			if other, twice := seen[s]; twice {
				t.Fatalf("%s and %s share %s", other, name, s)
			}
			seen[s] = name
		}
	}
	for range perDomain - 1 - 200 {
		b.zone("example.com")
	}
	refused(b, "DelegationSetNotAvailable", "", createHostedZone, &sdk.CreateHostedZoneInput{Name: aws.String("example.com"), CallerReference: aws.String("last")})
}

// TestDanglingDelegation holds R5.9, vector T54.
func TestDanglingDelegation(t *testing.T) {
	b := newBed(t)
	parent := bare(b.zone("example.com").HostedZone.Id, zonePrefix)
	child := b.as(app).zone("dev.example.com")
	ns := rr("dev.example.com", "NS", 300, child.DelegationSet.NameServers...)
	b.change(parent, create(ns))
	must(b.as(app), deleteHostedZone, &sdk.DeleteHostedZoneInput{Id: child.HostedZone.Id})
	var e estate.Estate
	for range 5 {
		e = b.world.Estate()
		next := b.as(app).zone("dev.example.com")
		for _, s := range next.DelegationSet.NameServers {
			if slices.Contains(child.DelegationSet.NameServers, s) {
				t.Errorf("a new zone got %s, to which the parent still points", s)
			}
		}
	}
	if got := held(&e, dnsname.MustParse("dev.example.com")); len(got) != 4 {
		t.Errorf("held: %v", got)
	}
	b.change(parent, remove(ns))
	e = b.world.Estate()
	if got := held(&e, dnsname.MustParse("dev.example.com")); len(got) != 0 {
		t.Errorf("held after the NS record went: %v", got)
	}
}

func TestDeleteHostedZone(t *testing.T) {
	b := newBed(t)
	z := bare(b.zone("example.com").HostedZone.Id, zonePrefix)
	b.change(z, create(rr("www.example.com", "A", 60, "192.0.2.1")))
	refused(b, "HostedZoneNotEmpty", "The specified hosted zone contains non-required resource record sets and so cannot be deleted.",
		deleteHostedZone, &sdk.DeleteHostedZoneInput{Id: &z})
	b.change(z, remove(rr("www.example.com", "A", 60, "192.0.2.1")))
	must(b, deleteHostedZone, &sdk.DeleteHostedZoneInput{Id: &z})
	if e := b.world.Estate(); e.Records.Len() != 0 || e.Zones.Len() != 0 {
		t.Errorf("%d records and %d zones are left", e.Records.Len(), e.Zones.Len())
	}
}

func TestForeignZone(t *testing.T) {
	b := newBed(t)
	z := b.zone("example.com").HostedZone.Id
	const denied = "User: arn:aws:iam::222222222222:root is not authorized to access this resource"
	refused(b.as(app), "AccessDenied", denied, getHostedZone, &sdk.GetHostedZoneInput{Id: z})
	refused(b.as(app), "AccessDenied", denied, deleteHostedZone, &sdk.DeleteHostedZoneInput{Id: z})
	refused(b.as(app), "AccessDenied", denied, listResourceRecordSets, &sdk.ListResourceRecordSetsInput{HostedZoneId: z})
	refused(b.as(app), "AccessDenied", denied, changeResourceRecordSets, changesOf(*z, create(rr("a.example.com", "A", 60, "192.0.2.1"))))
	refused(b.as(app), "AccessDenied", denied, updateHostedZoneComment, &sdk.UpdateHostedZoneCommentInput{Id: z})
}

func TestGetChange(t *testing.T) {
	b := newBed(t)
	info := b.zone("example.com").ChangeInfo
	status := func() types.ChangeStatus {
		return must(b, getChange, &sdk.GetChangeInput{Id: info.Id}).ChangeInfo.Status
	}
	if info.Status != "PENDING" || status() != "PENDING" {
		t.Error("not pending at first")
	}
	b.clock.Advance(Propagation - time.Second)
	if status() != "PENDING" {
		t.Error("in sync too early")
	}
	b.clock.Advance(time.Second)
	if status() != "INSYNC" {
		t.Error("not in sync after", Propagation)
	}
	if want := "route53:GetChange arn:aws:route53:::change/" + strings.TrimPrefix(*info.Id, "/change/"); b.asked[0] != want {
		t.Errorf("authorized %q, want %q", b.asked, want)
	}
	refused(b, "NoSuchChange", "", getChange, &sdk.GetChangeInput{Id: aws.String("C1")})
}
