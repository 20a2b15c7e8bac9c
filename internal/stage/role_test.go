package stage_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/openshift"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/stage"
	"github.com/orgdns/orgdns/internal/twin"
	"github.com/orgdns/orgdns/internal/twin/world"
)

const installer = "arn:aws:iam::222222222222:user/installer"

// roleEstate is an estate with OpenShift's role, as the trust policy and the actions
// say, and the installer, who may do what is allowed.
func roleEstate(trust, actions, allowed string) estate.Estate {
	var e estate.Estate
	for _, id := range []estate.AccountID{"111111111111", "222222222222"} {
		e.Accounts.Put(estate.Account{ID: id, Status: estate.AccountActive})
	}
	e.Zones.Put(estate.Zone{ID: "Z0MINE", Account: "111111111111", Name: dnsname.MustParse("mine.example.com"), Private: true, VPCs: []estate.VPCRef{{Region: "eu-west-1", ID: "vpc-1"}}})
	e.VPCs.Put(estate.VPC{ID: "vpc-1", Account: "111111111111", Region: "eu-west-1", DNSSupport: true, DNSHostnames: true})
	const allow = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":[%s],"Resource":"*"}}`
	e.Roles.Put(estate.Role{
		ARN: "arn:aws:iam::111111111111:role/mine", ID: "AROAMINE", Account: "111111111111", Path: "/", Name: "mine", MaxSession: 3600,
		Trust:  `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",` + trust + `}}`,
		Inline: map[string]string{"dns": fmt.Sprintf(allow, actions)},
	})
	e.Users.Put(estate.User{ARN: installer, ID: "AIDAINSTALLER", Account: "222222222222", Path: "/", Name: "installer", Inline: map[string]string{"own": fmt.Sprintf(allow, allowed)}})
	return e
}

// live is an AWS of an estate, as the installer sees it through the role.
func live(t *testing.T, e estate.Estate, role string, now time.Time) *reconcile.Ports {
	t.Helper()
	c := clock.NewVirtual(now)
	w := world.New(c, e)
	var key world.Credential
	if err := w.Update(func(s *world.State) error {
		key = s.NewSession(world.Caller{Account: "222222222222", ARN: installer, ID: "AIDAINSTALLER"}, now, now.AddDate(1, 0, 0))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	base := credentials.NewStaticCredentialsProvider(key.AccessKey, key.Secret, key.Token)
	p := stage.Ports("t", c, base, &http.Client{Transport: twin.New(w)}, "", "us-east-1", map[estate.AccountID]awsapi.Access{"111111111111": {Role: role}})
	return &p
}

// TestRoleTrial: each reason for which a role cannot be assumed is told from the
// others, where the role was read; and of each action whether it is allowed.
func TestRoleTrial(t *testing.T) {
	const (
		names   = `"Principal":{"AWS":"` + installer + `"}`
		other   = `"Principal":{"AWS":"arn:aws:iam::333333333333:root"}`
		asks    = names + `,"Condition":{"StringEquals":{"sts:ExternalId":["first","second"]}}`
		anyhow  = `"sts:AssumeRole"`
		nothing = `"s3:GetObject"`
		all     = `"route53:GetHostedZone","route53:ListResourceRecordSets","route53:GetChange","route53:ChangeResourceRecordSets","route53:ChangeTagsForResource"`
		reads   = `"route53:GetHostedZone","route53:ListResourceRecordSets"`
	)
	for _, tt := range []struct {
		name, trust, actions, allowed string
		unread, absent, twinOnly      bool
		want                          openshift.Trial
		denied                        string // actions, or what was not tried
	}{
		{name: "all", trust: names, actions: all, allowed: anyhow, want: openshift.Granted},
		{name: "reads only", trust: names, actions: reads, allowed: anyhow, want: openshift.Granted,
			denied: "route53:ChangeResourceRecordSets=not permitted route53:ChangeTagsForResource=not permitted route53:GetChange=not permitted"},
		{name: "trust", trust: other, actions: all, allowed: anyhow, want: openshift.Distrusted},
		{name: "external ID", trust: asks, actions: all, allowed: anyhow, want: openshift.ExternalID},
		{name: "own permission", trust: names, actions: all, allowed: nothing, want: openshift.Forbidden},
		{name: "no such role", trust: names, actions: all, allowed: anyhow, absent: true, want: openshift.NoRole},
		{name: "cannot be told", trust: other, actions: all, allowed: anyhow, unread: true, want: openshift.Refused},
		{name: "unread and works", trust: names, actions: all, allowed: anyhow, unread: true, want: openshift.Granted,
			denied: "route53:ChangeResourceRecordSets= route53:ChangeTagsForResource="},
		{name: "on a twin", trust: names, actions: all, allowed: nothing, twinOnly: true, want: openshift.Granted},
		{name: "on a twin, trust", trust: other, actions: all, allowed: nothing, twinOnly: true, want: openshift.Distrusted},
		{name: "not at all", trust: names, actions: all, allowed: anyhow, twinOnly: true, unread: true, want: openshift.Untried},
	} {
		now := time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)
		real := roleEstate(tt.trust, tt.actions, tt.allowed)
		if tt.absent {
			real.Roles.Delete("arn:aws:iam::111111111111:role/mine")
		}
		read := real
		read.Users = estate.Table[estate.User]{}
		if tt.unread {
			read.Roles = estate.Table[estate.Role]{}
		} else {
			read.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryRole, Account: "111111111111", ID: "mine"}})
		}
		trial := stage.RoleTrial{
			Estate: read, Zone: "Z0MINE", Domain: dnsname.MustParse("mine.example.com"), Principal: installer, Now: now,
			Role: openshift.Role{ARN: "arn:aws:iam::111111111111:role/mine", Partition: "aws", Account: "111111111111", Name: "mine"},
		}
		if !tt.twinOnly {
			trial.Live = live(t, real, trial.Role.ARN, now)
		}
		got, err := trial.Try(t.Context())
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var denied []string
		for _, action := range slices.Sorted(maps.Keys(got.Actions)) {
			if got.Actions[action] != openshift.Granted {
				denied = append(denied, action+"="+string(got.Actions[action]))
			}
		}
		if got.Assumed != tt.want || strings.Join(denied, " ") != tt.denied || got.Principal != installer {
			t.Errorf("%s: %+v\nwant %q, %q", tt.name, got, tt.want, tt.denied)
		}
		if tt.want == openshift.Granted && len(got.Actions) != len(openshift.Actions) {
			t.Errorf("%s: %d actions", tt.name, len(got.Actions))
		}
	}
}
