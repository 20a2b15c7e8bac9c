package profiles

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53profiles"
	"github.com/aws/aws-sdk-go-v2/service/route53profiles/types"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

const (
	net     = estate.AccountID("111111111111")
	app     = estate.AccountID("222222222222")
	profile = "arn:aws:route53profiles:eu-west-1:111111111111:profile/rp-1"
	zones   = "arn:aws:route53:::hostedzone/"
	group   = "arn:aws:route53resolver:eu-west-1:111111111111:firewall-rule-group/rslvr-frg-1"
)

// bed is a world loaded from an estate alone, as a rehearsal's is: a Profile of
// NET, shared with APP.
func bed() (worldtest.Client, *clock.Virtual) {
	var e estate.Estate
	e.Accounts.Put(estate.Account{ID: net}, estate.Account{ID: app})
	e.VPCs.Put(estate.VPC{ID: "vpc-net", Account: net, Region: "eu-west-1"}, estate.VPC{ID: "vpc-app", Account: app, Region: "eu-west-1"}, estate.VPC{ID: "vpc-far", Account: net, Region: "eu-west-2"})
	for _, z := range []estate.Zone{{ID: "Z1", Account: net, Private: true}, {ID: "Z2", Account: net, Private: true}, {ID: "Z3", Account: app, Private: true}, {ID: "Z4", Account: net}} {
		z.Name = dnsname.MustParse("svc.corp")
		e.Zones.Put(z)
	}
	e.ResolverRules.Put(estate.ResolverRule{ID: "rslvr-rr-1", Account: net, Region: "eu-west-1", Type: estate.RuleForward}, estate.ResolverRule{ID: "rslvr-rr-2", Account: net, Region: "eu-west-1", Type: estate.RuleDelegate})
	e.FirewallGroups.Put(estate.FirewallGroup{ID: "rslvr-frg-1", Account: net, Region: "eu-west-1"})
	e.Endpoints.Put(estate.Endpoint{ID: "vpce-1", Account: net, Region: "eu-west-1", Type: estate.EndpointInterface, PrivateDNS: true},
		estate.Endpoint{ID: "vpce-2", Account: net, Region: "eu-west-1", Type: estate.EndpointInterface},
		estate.Endpoint{ID: "vpce-3", Account: net, Region: "eu-west-1", Type: estate.EndpointGateway})
	e.Profiles.Put(estate.Profile{ID: "rp-1", ARN: profile, Account: net, Region: "eu-west-1", Name: "one", Status: estate.StatusComplete})
	e.Shares.Put(estate.Share{ARN: "share", Account: net, Region: "eu-west-1",
		Resources:  []estate.ShareMember{{ID: profile, Status: estate.ShareAssociated}},
		Principals: []estate.ShareMember{{ID: string(app), Status: estate.ShareAssociated, External: true}}})
	c := clock.NewVirtual(worldtest.Start)
	w := world.New(c, e)
	w.Limits = true
	return worldtest.Client{World: w, Account: net, Region: "eu-west-1"}, c
}

func must[I, O any](t *testing.T, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I) *O {
	t.Helper()
	out, err := worldtest.Do(cl, h, in)
	if err != nil {
		t.Fatalf("%T: %v", in, err)
	}
	return out
}

func refused[I, O any](t *testing.T, name string, cl worldtest.Client, h func(context.Context, *world.Call, *I) (*O, error), in *I, code, words string) {
	t.Helper()
	_, err := worldtest.Do(cl, h, in)
	var coded interface{ ErrorCode() string }
	if !errors.As(err, &coded) || coded.ErrorCode() != code || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: %v, want %s %q", name, err, code, words)
	}
}

func create(name, token string) *sdk.CreateProfileInput {
	return &sdk.CreateProfileInput{Name: &name, ClientToken: &token}
}

func attach(arn string) *sdk.AssociateResourceToProfileInput {
	return &sdk.AssociateResourceToProfileInput{ProfileId: aws.String("rp-1"), Name: aws.String("n"), ResourceArn: &arn}
}

func associate(id, vpc string) *sdk.AssociateProfileInput {
	return &sdk.AssociateProfileInput{ProfileId: &id, ResourceId: &vpc, Name: aws.String("n")}
}

func TestProfile(t *testing.T) {
	cl, _ := bed()
	first := must(t, cl, createProfile, create("two", "token")).Profile
	if again := must(t, cl, createProfile, create("two", "token")).Profile; *again.Id != *first.Id {
		t.Errorf("the same request made %s", *again.Id)
	}
	refused(t, "API: another request", cl, createProfile, create("three", "token"), "InvalidParameterException", "token")
	for i := range 3 {
		must(t, cl, createProfile, create("more", fmt.Sprint(i)))
	}
	refused(t, "T52", cl, createProfile, create("six", "six"), "LimitExceededException", "5")
	must(t, cl, tagResource, &sdk.TagResourceInput{ResourceArn: first.Arn, Tags: map[string]string{"a": "1", "b": "2"}})
	must(t, cl, untagResource, &sdk.UntagResourceInput{ResourceArn: first.Arn, TagKeys: []string{"a"}})
	if tags := must(t, cl, listTagsForResource, &sdk.ListTagsForResourceInput{ResourceArn: first.Arn}).Tags; fmt.Sprint(tags) != "map[b:2]" {
		t.Errorf("tags %v", tags)
	}
	in, seen := &sdk.ListProfilesInput{MaxResults: aws.Int32(2)}, 0
	for {
		out := must(t, cl, listProfiles, in)
		seen += len(out.ProfileSummaries)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if seen != 5 {
		t.Errorf("%d Profiles listed", seen)
	}
}

// TestVPC: one Profile for a VPC, in effect on the clock, of one's own VPCs.
func TestVPC(t *testing.T) {
	cl, c := bed()
	two := must(t, cl, createProfile, create("two", "t")).Profile
	a := must(t, cl, associateProfile, associate("rp-1", "vpc-net")).ProfileAssociation
	if a.Status != types.ProfileStatusCreating {
		t.Errorf("%+v", a)
	}
	c.Advance(Delay)
	if row, _ := cl.World.Estate().ProfileAssociations.Get(*a.Id); row.Status != estate.StatusComplete {
		t.Errorf("it is %s without a call", row.Status)
	}
	refused(t, "T21", cl, associateProfile, associate(*two.Id, "vpc-net"), "ConflictException", "one Profile")
	refused(t, "API: twice", cl, associateProfile, associate("rp-1", "vpc-net"), "ResourceExistsException", "")
	refused(t, "R2.3: Regional", cl, associateProfile, associate("rp-1", "vpc-far"), "ResourceNotFoundException", "Can't find")
	refused(t, "another's VPC", cl, associateProfile, associate("rp-1", "vpc-app"), "ResourceNotFoundException", "")
	must(t, cl, associateResourceToProfile, attach(zones+"Z1"))
	refused(t, "API: VPCs first", cl, deleteProfile, &sdk.DeleteProfileInput{ProfileId: aws.String("rp-1")}, "ConflictException", "VPCs")
	must(t, cl, disassociateProfile, &sdk.DisassociateProfileInput{ProfileId: aws.String("rp-1"), ResourceId: aws.String("vpc-net")})
	c.Advance(Delay)
	must(t, cl, deleteProfile, &sdk.DeleteProfileInput{ProfileId: aws.String("rp-1")})
	if n := cl.World.Estate().ProfileResources.Len(); n != 0 { // R2.11
		t.Errorf("%d resources of a deleted Profile", n)
	}
}

func TestResources(t *testing.T) {
	cl, c := bed()
	refused(t, "API: a group has a priority", cl, associateResourceToProfile, attach(group), "InvalidParameterException", "priority")
	low := attach(group)
	low.ResourceProperties = aws.String(`{"priority":99}`)
	refused(t, "API: from 100", cl, associateResourceToProfile, low, "InvalidParameterException", "priority")
	low.ResourceProperties = aws.String(`{"priority":100}`)
	g := must(t, cl, associateResourceToProfile, low).ProfileResourceAssociation
	rule := "arn:aws:route53resolver:eu-west-1:111111111111:resolver-rule/rslvr-rr-"
	endpoint := "arn:aws:ec2:eu-west-1:111111111111:vpc-endpoint/vpce-"
	for _, arn := range []string{zones + "Z1", rule + "1", endpoint + "1"} {
		must(t, cl, associateResourceToProfile, attach(arn))
	}
	for _, tc := range []struct{ name, arn, code string }{
		{"R2.7: two zones of a name", zones + "Z2", "ConflictException"},
		{"twice", zones + "Z1", "ConflictException"},
		{"another's zone", zones + "Z3", "ResourceNotFoundException"},
		{"R2.1: private zones", zones + "Z4", "InvalidParameterException"},
		{"R2.1: DELEGATE", rule + "2", "InvalidParameterException"},
		{"R2.12: without private DNS", endpoint + "2", "InvalidParameterException"},
		{"R2.1: a gateway endpoint", endpoint + "3", "InvalidParameterException"},
		{"R2.1: something else", "arn:aws:s3:::bucket", "InvalidParameterException"},
		{"R2.3: another Region", strings.Replace(rule, "eu-west-1", "eu-west-2", 1) + "1", "ResourceNotFoundException"},
	} {
		refused(t, tc.name, cl, associateResourceToProfile, attach(tc.arn), tc.code, "")
	}
	c.Advance(Delay)
	out := must(t, cl, updateProfileResourceAssociation, &sdk.UpdateProfileResourceAssociationInput{ProfileResourceAssociationId: g.Id, ResourceProperties: aws.String(`{"priority":200}`)})
	if *out.ProfileResourceAssociation.ResourceProperties != `{"priority":200}` {
		t.Errorf("%+v", out.ProfileResourceAssociation)
	}
	list := must(t, cl, listProfileResourceAssociations, &sdk.ListProfileResourceAssociationsInput{ProfileId: aws.String("rp-1"), ResourceType: aws.String(estate.ProfileEndpoint)}).ProfileResourceAssociations
	if len(list) != 1 || list[0].Status != types.ProfileStatusComplete {
		t.Errorf("endpoints: %+v", list)
	}
}

// TestShared: a consumer sees the Profile and associates its VPCs; it attaches
// with a customer-managed permission alone; unsharing ends it all (R2.9 to R2.11).
func TestShared(t *testing.T) {
	cl, c := bed()
	theirs := cl.In(app, "")
	change := func(f func(*estate.Share)) {
		t.Helper()
		if err := cl.World.Update(func(s *world.State) error {
			share, _ := s.Estate.Shares.Get("share")
			f(&share)
			s.Estate.Shares.Put(share)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	list := must(t, theirs, listProfiles, &sdk.ListProfilesInput{}).ProfileSummaries
	if len(list) != 1 || list[0].ShareStatus != types.ShareStatusSharedWithMe {
		t.Fatalf("a consumer sees %+v", list)
	}
	if p := must(t, cl, getProfile, &sdk.GetProfileInput{ProfileId: aws.String("rp-1")}).Profile; p.ShareStatus != types.ShareStatusSharedByMe {
		t.Errorf("the owner sees %s", p.ShareStatus)
	}
	must(t, theirs, associateProfile, associate("rp-1", "vpc-app"))
	c.Advance(Delay)
	count := func(cl worldtest.Client) int {
		return len(must(t, cl, listProfileAssociations, &sdk.ListProfileAssociationsInput{}).ProfileAssociations)
	}
	if count(theirs) != 1 || count(cl) != 0 {
		t.Errorf("%d associations of the consumer, %d of the owner", count(theirs), count(cl))
	}
	refused(t, "T51", theirs, associateResourceToProfile, attach(zones+"Z3"), "AccessDeniedException", "AssociateResourceToProfile")
	refused(t, "R2.11: delete", theirs, deleteProfile, &sdk.DeleteProfileInput{ProfileId: aws.String("rp-1")}, "AccessDeniedException", "")
	refused(t, "tags are the owner's", theirs, listTagsForResource, &sdk.ListTagsForResourceInput{ResourceArn: aws.String(profile)}, "ResourceNotFoundException", "")
	const admin = "arn:aws:ram:eu-west-1:111111111111:permission/admin"
	if err := cl.World.Update(func(s *world.State) error {
		s.Estate.Permissions.Put(estate.Permission{ARN: admin, Type: "route53profiles:Profile", Default: 1,
			Versions: []estate.PermissionVersion{{Version: 1, Actions: []string{"route53profiles:*"}}}})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	change(func(s *estate.Share) { s.Permissions = []estate.SharePermission{{ARN: admin}} })
	must(t, theirs, associateResourceToProfile, attach(zones+"Z3"))
	all := must(t, cl, listProfileResourceAssociations, &sdk.ListProfileResourceAssociationsInput{ProfileId: aws.String("rp-1")}).ProfileResourceAssociations
	if len(all) != 1 || *all[0].OwnerId != string(app) {
		t.Errorf("the owner sees %+v", all)
	}
	must(t, cl, disassociateResourceFromProfile, &sdk.DisassociateResourceFromProfileInput{ProfileId: aws.String("rp-1"), ResourceArn: aws.String(zones + "Z3")})
	change(func(s *estate.Share) { s.Principals = nil })
	refused(t, "R2.9: unshared", theirs, getProfile, &sdk.GetProfileInput{ProfileId: aws.String("rp-1")}, "ResourceNotFoundException", "")
	if count(theirs) != 0 {
		t.Error("an association of what was unshared stands")
	}
	must(t, cl, deleteProfile, &sdk.DeleteProfileInput{ProfileId: aws.String("rp-1")})
}
