package cloudtrail

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

const (
	management = "111111111111"
	member     = "222222222222"
	stranger   = "333333333333"
)

// TestService: the handlers fit the wire's tables, and each asks first.
func TestService(t *testing.T) {
	worldtest.Handlers(t, "cloudtrail", Service(), map[string]wire.Tree{"GetTrailStatus": {"Name": "t"}})
}

// TestTrails: an account sees its own trails and the organization's, in the Regions
// where they record (API_DescribeTrails, includeShadowTrails).
func TestTrails(t *testing.T) {
	cl, _ := worldtest.New()
	if err := cl.World.Update(func(s *world.State) error {
		s.Estate.Organization = estate.Organization{ID: "o-1", Management: management, Root: "r-1"}
		s.Estate.Accounts.Put(estate.Account{ID: management, Parent: "r-1"}, estate.Account{ID: member, Parent: "r-1"})
		arn := func(region, account, name string) string {
			return "arn:aws:cloudtrail:" + region + ":" + account + ":trail/" + name
		}
		s.Estate.Trails.Put(
			estate.Trail{ARN: arn("us-east-1", management, "all"), Name: "all", Account: management, Region: "us-east-1", Everywhere: true, Organization: true, Logging: true},
			estate.Trail{ARN: arn("eu-west-1", member, "own"), Name: "own", Account: member, Region: "eu-west-1"},
		)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	seen := func(account estate.AccountID, region estate.Region, in *cloudtrail.DescribeTrailsInput) (names []string) {
		out, err := worldtest.Do(cl.In(account, region), describeTrails, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, trail := range out.TrailList {
			names = append(names, *trail.Name)
		}
		return names
	}
	all := &cloudtrail.DescribeTrailsInput{}
	got := fmt.Sprint(seen(member, "eu-west-1", all), seen(member, "us-east-1", all), seen(management, "eu-west-1", all), seen(stranger, "eu-west-1", all),
		seen(member, "eu-west-1", &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(false)}), seen(member, "eu-west-1", &cloudtrail.DescribeTrailsInput{TrailNameList: []string{"all", "own"}}))
	if want := "[own all] [all] [all] [] [own] [own]"; got != want {
		t.Errorf("seen are %s, want %s", got, want)
	}
	for _, tt := range []struct {
		account estate.AccountID
		name    string
		on, ok  bool
	}{
		{member, "own", false, true}, {member, "arn:aws:cloudtrail:us-east-1:111111111111:trail/all", true, true}, {member, "all", false, false},
		{stranger, "arn:aws:cloudtrail:us-east-1:111111111111:trail/all", false, false},
	} {
		out, err := worldtest.Do(cl.In(tt.account, ""), getTrailStatus, &cloudtrail.GetTrailStatusInput{Name: &tt.name})
		_, missing := errors.AsType[*types.TrailNotFoundException](err)
		if missing == tt.ok || tt.ok && *out.IsLogging != tt.on {
			t.Errorf("%s of %s: %+v, %v", tt.name, tt.account, out, err)
		}
	}
	e := cl.World.Estate()
	if !e.Recorded(member, "eu-west-1") || e.Recorded(stranger, "eu-west-1") {
		t.Errorf("recorded: a member %v, a stranger %v", e.Recorded(member, "eu-west-1"), e.Recorded(stranger, "eu-west-1"))
	}
}
