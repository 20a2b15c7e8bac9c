package twin_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// status is the HTTP status of a refusal.
func status(err error) int {
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) {
		return r.HTTPStatusCode()
	}
	return 0
}

// vpc makes a VPC that resolves private zones.
func (b bench) vpc(t *testing.T, account string) types.VPC {
	t.Helper()
	c := b.ec2(keys(account))
	made := must[*ec2.CreateVpcOutput](t)(c.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})).Vpc
	v, _ := b.world.Estate().VPCs.Get(*made.VpcId)
	v.DNSHostnames = true
	b.put(t, func(e *estate.Estate) { e.VPCs.Put(v) })
	return types.VPC{VPCId: made.VpcId, VPCRegion: "eu-west-1"}
}

// put changes the estate behind the API's back.
func (b bench) put(t *testing.T, f func(*estate.Estate)) {
	t.Helper()
	if err := b.world.Update(func(s *world.State) error { f(&s.Estate); return nil }); err != nil {
		t.Fatal(err)
	}
}

// private makes a private zone on a VPC of its own account.
func (b bench) private(t *testing.T, account, name string, v types.VPC) string {
	t.Helper()
	out := must[*route53.CreateHostedZoneOutput](t)(b.route53(keys(account)).CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{
		Name: &name, CallerReference: aws.String(fmt.Sprint(name, b.world.Estate().Zones.Len())), VPC: &v}))
	return strings.TrimPrefix(*out.HostedZone.Id, "/hostedzone/")
}

// associations are the calls about a zone and VPCs, as one account makes them.
type associations struct {
	*testing.T
	c    *route53.Client
	zone string
}

func (a associations) associate(v types.VPC) error {
	_, err := a.c.AssociateVPCWithHostedZone(a.Context(), &route53.AssociateVPCWithHostedZoneInput{HostedZoneId: &a.zone, VPC: &v})
	return err
}

func (a associations) disassociate(v types.VPC) error {
	_, err := a.c.DisassociateVPCFromHostedZone(a.Context(), &route53.DisassociateVPCFromHostedZoneInput{HostedZoneId: &a.zone, VPC: &v})
	return err
}

func (a associations) authorize(v types.VPC) error {
	_, err := a.c.CreateVPCAssociationAuthorization(a.Context(), &route53.CreateVPCAssociationAuthorizationInput{HostedZoneId: &a.zone, VPC: &v})
	return err
}

func (a associations) withdraw(v types.VPC) error {
	_, err := a.c.DeleteVPCAssociationAuthorization(a.Context(), &route53.DeleteVPCAssociationAuthorizationInput{HostedZoneId: &a.zone, VPC: &v})
	return err
}

// TestPrivateZoneErrors is every row of R8.3 through the SDK.
func TestPrivateZoneErrors(t *testing.T) {
	b := newBench()
	hub, own, guest := b.vpc(t, owner), b.vpc(t, owner), b.vpc(t, caller)
	zone := b.private(t, owner, "corp.example.com", hub)
	full := b.private(t, owner, "full.example.com", hub)
	public := strings.TrimPrefix(*must[*route53.CreateHostedZoneOutput](t)(createZone(t.Context(), b.route53(keys(owner)), "example.com")).HostedZone.Id, "/hostedzone/")
	rival := b.private(t, owner, "corp.example.com", own)
	nowhere := types.VPC{VPCId: aws.String("vpc-00000000000000000"), VPCRegion: "eu-west-1"}
	china := types.VPC{VPCId: guest.VPCId, VPCRegion: "cn-north-1"}
	elsewhere := types.VPC{VPCId: own.VPCId, VPCRegion: "eu-central-1"}
	malformed := types.VPC{VPCId: aws.String("subnet-1"), VPCRegion: "eu-west-1"}

	// The quotas are AWS's own: 300 VPCs, 1,000 authorizations.
	b.world.Limits = true
	b.put(t, func(e *estate.Estate) {
		z, _ := e.Zones.Get(full)
		z.VPCs = slices.Clone(z.VPCs)
		for i := len(z.VPCs); i < 300; i++ {
			z.VPCs = append(z.VPCs, estate.VPCRef{Region: "eu-west-1", ID: fmt.Sprintf("vpc-%017d", i)})
		}
		e.Zones.Put(z)
		for i := range 1000 {
			e.Authorizations.Put(estate.ZoneAuthorization{Zone: full, VPC: estate.VPCRef{Region: "eu-west-1", ID: fmt.Sprintf("vpc-%017d", i)}})
		}
	})
	by := func(account, zone string) associations { return associations{t, b.route53(keys(account)), zone} }
	for _, tt := range []struct {
		name   string
		call   func(associations) error
		as     associations
		code   string
		status int
	}{
		{"associate: no such zone", func(a associations) error { return a.associate(own) }, by(owner, "ZNONE"), "NoSuchHostedZone", 404},
		{"associate: public", func(a associations) error { return a.associate(own) }, by(owner, public), "PublicZoneVPCAssociation", 400},
		{"associate: no such VPC", func(a associations) error { return a.associate(nowhere) }, by(owner, zone), "InvalidVPCId", 400},
		{"associate: another Region", func(a associations) error { return a.associate(elsewhere) }, by(owner, zone), "InvalidVPCId", 400},
		{"associate: not its owner (T45)", func(a associations) error { return a.associate(guest) }, by(owner, zone), "InvalidVPCId", 400},
		{"associate: not authorized (T42)", func(a associations) error { return a.associate(guest) }, by(caller, zone), "NotAuthorizedException", 401},
		{"associate: the name is taken (T17)", func(a associations) error { return a.associate(own) }, by(owner, zone), "ConflictingDomainExists", 400},
		{"associate: twice", func(a associations) error { return a.associate(hub) }, by(owner, zone), "ConflictingDomainExists", 400},
		{"associate: 300 VPCs", func(a associations) error { return a.associate(own) }, by(owner, full), "LimitsExceeded", 400},
		{"associate: no VPC", func(a associations) error { return a.associate(types.VPC{}) }, by(owner, zone), "InvalidInput", 400},
		{"authorize: no such zone", func(a associations) error { return a.authorize(guest) }, by(owner, "ZNONE"), "NoSuchHostedZone", 404},
		{"authorize: no ID of a VPC", func(a associations) error { return a.authorize(malformed) }, by(owner, zone), "InvalidVPCId", 400},
		{"authorize: another partition", func(a associations) error { return a.authorize(china) }, by(owner, zone), "InvalidVPCId", 400},
		{"authorize: 1,000 authorizations", func(a associations) error { return a.authorize(guest) }, by(owner, full), "TooManyVPCAssociationAuthorizations", 400},
		{"authorize: public", func(a associations) error { return a.authorize(guest) }, by(owner, public), "InvalidInput", 400},
		{"authorize: another's zone", func(a associations) error { return a.authorize(guest) }, by(caller, zone), "AccessDenied", 403},
		{"withdraw: none", func(a associations) error { return a.withdraw(guest) }, by(owner, zone), "VPCAssociationAuthorizationNotFound", 404},
		{"withdraw: no such zone", func(a associations) error { return a.withdraw(guest) }, by(owner, "ZNONE"), "NoSuchHostedZone", 404},
		{"disassociate: the last (T44)", func(a associations) error { return a.disassociate(hub) }, by(owner, zone), "LastVPCAssociation", 400},
		{"disassociate: not associated", func(a associations) error { return a.disassociate(own) }, by(owner, zone), "VPCAssociationNotFound", 404},
		{"disassociate: no such VPC", func(a associations) error { return a.disassociate(nowhere) }, by(owner, zone), "InvalidVPCId", 400},
		{"disassociate: no such zone", func(a associations) error { return a.disassociate(hub) }, by(owner, "ZNONE"), "NoSuchHostedZone", 404},
		{"disassociate: neither's owner", func(a associations) error { return a.disassociate(hub) }, by(other, zone), "AccessDenied", 403},
		{"create: the name is taken", func(a associations) error {
			_, err := a.c.CreateHostedZone(a.Context(), &route53.CreateHostedZoneInput{Name: aws.String("corp.example.com"), CallerReference: aws.String("more"), VPC: &own})
			return err
		}, by(owner, rival), "ConflictingDomainExists", 400},
		{"create: the reference is used", func(a associations) error { _, err := createZone(a.Context(), a.c, "example.com"); return err }, by(owner, ""), "HostedZoneAlreadyExists", 409},
		{"create: another's VPC", func(a associations) error {
			_, err := a.c.CreateHostedZone(a.Context(), &route53.CreateHostedZoneInput{Name: aws.String("a.example.com"), CallerReference: aws.String("a"), VPC: &guest})
			return err
		}, by(owner, ""), "InvalidVPCId", 400},
		{"create: an unknown delegation set", func(a associations) error {
			_, err := a.c.CreateHostedZone(a.Context(), &route53.CreateHostedZoneInput{Name: aws.String("a.example.com"), CallerReference: aws.String("a"), DelegationSetId: aws.String("N1")})
			return err
		}, by(owner, ""), "NoSuchDelegationSet", 400},
		{"list authorizations: a token of nobody's", func(a associations) error {
			_, err := a.c.ListVPCAssociationAuthorizations(a.Context(), &route53.ListVPCAssociationAuthorizationsInput{HostedZoneId: &a.zone, NextToken: aws.String("x")})
			return err
		}, by(owner, zone), "InvalidPaginationToken", 400},
		{"list zones: a token of nobody's", func(a associations) error {
			_, err := a.c.ListHostedZonesByVPC(a.Context(), &route53.ListHostedZonesByVPCInput{VPCId: hub.VPCId, VPCRegion: hub.VPCRegion, NextToken: aws.String("x")})
			return err
		}, by(owner, zone), "InvalidPaginationToken", 400},
	} {
		before := b.world.Estate()
		b.clock.Advance(time.Second) // the buckets
		if err := tt.call(tt.as); code(err) != tt.code || status(err) != tt.status {
			t.Errorf("%s: %v, want %s with status %d", tt.name, err, tt.code, tt.status)
		}
		if after := b.world.Estate(); before.Zones != after.Zones || before.Authorizations != after.Authorizations {
			t.Errorf("%s: a refused call changed something", tt.name)
		}
	}
}

// TestPrivateZoneLife is R8.1 with answers: a zone reaches the VPC of another
// account when it is associated, and stays when the authorization goes (T43).
func TestPrivateZoneLife(t *testing.T) {
	b := newBench()
	hub, guest := b.vpc(t, owner), b.vpc(t, caller)
	zone := b.private(t, owner, "corp.test", hub)
	must[*route53.ChangeResourceRecordSetsOutput](t)(b.route53(keys(owner)).ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &zone, ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{Action: types.ChangeActionCreate, ResourceRecordSet: &types.ResourceRecordSet{
			Name: aws.String("db.corp.test"), Type: types.RRTypeA, TTL: aws.Int64(60), ResourceRecords: []types.ResourceRecord{{Value: aws.String("10.0.9.7")}}}}}}}))
	answers := func() bool {
		a := resolve.New(b.world.Estate(), resolve.DefaultPolicy).Resolve(resolve.Vantage{VPC: *guest.VPCId}, dnsname.MustParse("db.corp.test"), "A")
		return len(a.Records) == 1
	}
	ours, theirs := associations{t, b.route53(keys(owner)), zone}, associations{t, b.route53(keys(caller)), zone}
	for _, step := range []struct {
		name    string
		do      func() error
		code    string
		answers bool
	}{
		{"associate without authorization", func() error { return theirs.associate(guest) }, "NotAuthorizedException", false},
		{"authorize", func() error { return ours.authorize(guest) }, "", false},
		{"associate", func() error { return theirs.associate(guest) }, "", true},
		{"withdraw the authorization", func() error { return ours.withdraw(guest) }, "", true},
		{"the zone's owner disassociates", func() error { return ours.disassociate(guest) }, "", false},
		{"associate again without authorization", func() error { return theirs.associate(guest) }, "NotAuthorizedException", false},
		{"authorize again", func() error { return ours.authorize(guest) }, "", false},
		{"associate again", func() error { return theirs.associate(guest) }, "", true},
		{"delete the VPC", func() error {
			_, err := b.ec2(keys(caller)).DeleteVpc(t.Context(), &ec2.DeleteVpcInput{VpcId: guest.VPCId})
			return err
		}, "", false},
		{"the zone's owner takes the VPC that is gone off", func() error { return ours.disassociate(guest) }, "", false},
	} {
		if err := step.do(); code(err) != step.code {
			t.Errorf("%s: %v, want %q", step.name, err, step.code)
		}
		if got := answers(); got != step.answers {
			t.Errorf("after %s: answers %t", step.name, got)
		}
	}
}

// TestAssociationsInFlight: while the answer to a change of a zone is slow, no
// other change of that zone or of its associations begins, and while one to an
// authorization is, no other authorization.
func TestAssociationsInFlight(t *testing.T) {
	b := newBench()
	hub, own, guest := b.vpc(t, owner), b.vpc(t, owner), b.vpc(t, caller)
	zone, second := b.private(t, owner, "corp.test", hub), b.private(t, owner, "other.test", hub)
	ours, theirs := associations{t, b.route53(keys(owner)), zone}, associations{t, b.route53(keys(caller)), zone}
	ours2 := associations{t, b.route53(keys(owner)), second}
	defer b.clock.Enter()()
	during := func(slow func() error, then func()) {
		t.Helper()
		b.world.Inject(world.Fault{Service: "route53", Kind: world.FaultSlow, Delay: 10 * time.Second})
		done := clock.NewMailbox[error](b.clock)
		b.clock.Go(func() { done.Send(slow()) })
		if err := b.clock.Sleep(t.Context(), time.Second); err != nil {
			t.Fatal(err)
		}
		then()
		if err := done.Receive(); err != nil {
			t.Errorf("the slow call: %v", err)
		}
	}
	want := func(refusal string, err error) {
		t.Helper()
		if code(err) != refusal {
			t.Errorf("%v, want %q", err, refusal)
		}
	}
	during(func() error { return ours.authorize(guest) }, func() {
		want("ConcurrentModification", ours.authorize(own))
		want("ConcurrentModification", ours.withdraw(guest))
		want("", ours2.authorize(guest)) // another zone
	})
	during(func() error { return theirs.associate(guest) }, func() {
		want("PriorRequestNotComplete", ours.associate(own))
		want("PriorRequestNotComplete", ours.disassociate(guest))
		_, err := ours.c.DeleteHostedZone(t.Context(), &route53.DeleteHostedZoneInput{Id: &zone})
		want("PriorRequestNotComplete", err)
		want("", ours.withdraw(guest)) // authorizations are apart
		want("", ours2.associate(own))
	})
	want("", ours.associate(own))
}

// TestPrivateZonePaging: every page size gives each authorization, and each
// zone of a VPC, once.
func TestPrivateZonePaging(t *testing.T) {
	b := newBench()
	hub := b.vpc(t, owner)
	zone := b.private(t, owner, "corp.test", hub)
	ours := associations{t, b.route53(keys(owner)), zone}
	const authorized, zones = 120, 7
	for i := range authorized {
		if err := ours.authorize(types.VPC{VPCId: aws.String(fmt.Sprintf("vpc-%017d", i)), VPCRegion: "eu-west-1"}); err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; i < zones; i++ {
		b.private(t, owner, fmt.Sprintf("z%d.test", i), hub)
	}
	for size, pages := range map[int32]int{50: 3, 7: 18, 100: 3} { // a page holds 50 at most
		seen, calls := map[string]bool{}, 0
		in := &route53.ListVPCAssociationAuthorizationsInput{HostedZoneId: &zone, MaxResults: &size}
		for {
			out := must[*route53.ListVPCAssociationAuthorizationsOutput](t)(ours.c.ListVPCAssociationAuthorizations(t.Context(), in))
			calls++
			for _, v := range out.VPCs {
				if seen[*v.VPCId] {
					t.Errorf("pages of %d: %s twice", size, *v.VPCId)
				}
				seen[*v.VPCId] = true
			}
			if in.NextToken = out.NextToken; out.NextToken == nil {
				break
			}
		}
		if len(seen) != authorized || calls != pages {
			t.Errorf("pages of %d: %d authorizations in %d pages", size, len(seen), calls)
		}
	}
	for _, size := range []int32{1, 3, 100} {
		seen := map[string]bool{}
		in := &route53.ListHostedZonesByVPCInput{VPCId: hub.VPCId, VPCRegion: hub.VPCRegion, MaxItems: &size}
		for {
			out := must[*route53.ListHostedZonesByVPCOutput](t)(ours.c.ListHostedZonesByVPC(t.Context(), in))
			for _, z := range out.HostedZoneSummaries {
				seen[*z.HostedZoneId] = true
			}
			if len(out.HostedZoneSummaries) > int(size) {
				t.Errorf("a page of %d", len(out.HostedZoneSummaries))
			}
			if in.NextToken = out.NextToken; out.NextToken == nil {
				break
			}
		}
		if len(seen) != zones {
			t.Errorf("pages of %d: %d zones", size, len(seen))
		}
	}
}
