package twintest

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// A Profile that the hub made for something else, on a VPC of the shop's that is
// selected and on others that are not.
const (
	theirProfile = "rp-0222222222222feed"
	theirARN     = "arn:aws:route53profiles:eu-west-1:222222222222:profile/" + theirProfile
	corpVPC      = "vpc-044444444444444a0" // selected
	shopOther    = "vpc-044444444444444af" // of the same account, not selected
	billingVPC   = "vpc-077777777777777a0" // of an account that is no consumer's
)

// beside puts their Profile into an estate: on VPCs of accounts, lent to these
// and to a stranger.
func beside(e *estate.Estate, on map[string]estate.AccountID) {
	e.Accounts.Put(estate.Account{ID: "777777777777", Name: "billing", Status: estate.AccountActive, Parent: e.Organization.Root},
		estate.Account{ID: "888888888888", Name: "unread", Status: estate.AccountActive, Parent: e.Organization.Root})
	role, _ := e.Roles.Get("arn:aws:iam::444444444444:role/orgdns")
	role.ARN, role.Account = "arn:aws:iam::777777777777:role/orgdns", "777777777777"
	e.Roles.Put(role)
	e.Profiles.Put(estate.Profile{ID: theirProfile, ARN: theirARN, Name: "platform", Account: walkHub, Region: ireland, Status: estate.StatusComplete})
	share := estate.Share{ARN: "arn:aws:ram:eu-west-1:222222222222:resource-share/theirs", Name: "platform", Account: walkHub, Region: ireland,
		Resources: []estate.ShareMember{{ID: theirARN, Status: estate.ShareAssociated}}}
	for _, id := range []string{"444444444444", "777777777777", "888888888888"} {
		share.Principals = append(share.Principals, estate.ShareMember{ID: id, Status: estate.ShareAssociated})
	}
	e.Shares.Put(share)
	for id, account := range on {
		if _, stands := e.VPCs.Get(id); !stands {
			v, _ := e.VPCs.Get(corpVPC)
			v.ID, v.Account, v.Tags = id, account, nil
			e.VPCs.Put(v)
		}
		e.ProfileAssociations.Put(estate.ProfileAssociation{ID: "rpassoc-" + id[4:], Profile: theirProfile, VPC: id, Account: account, Region: ireland, Name: "theirs", Status: estate.StatusComplete})
	}
}

// TestIntoExistingProfile: all that a share carries is added to a Profile that a
// consumer has: endpoints or the zones in their place, the zones of privateZones,
// rules and firewall groups. Whose answers change is listed; a VPC that is not
// selected is an error, until that is accepted; whom the Profile's owner does not
// see is unknown.
func TestIntoExistingProfile(t *testing.T) {
	const (
		via      = "    via: profile\n"
		into     = "    via: profile\n    intoExistingProfile: true\n"
		accounts = `  data:       { id: "666666666666"`
		billing  = `  billing:    { id: "777777777777", regions: [eu-west-1] }` + "\n" + accounts
		more     = `    rules: [rslvr-rr-0222222222222feed]
    firewallGroups: [{ id: rslvr-frg-0222222222222feed, priority: 200 }]
    queryLogs: [rqlc-0222222222222feed]
`
		zones = `privateZones:
  - domain: corp.acme.internal
    account: network
    via: profile
    profile: shared
    anchor: { tags: { role: shared-services }, region: eu-west-1 }
    records:
      - { name: db, type: A, values: 10.20.0.9 }

endpointShares:`
	)
	// The Regions and the networks between are no part of this.
	pairs := []string{expectPay, "", "    regions: [eu-west-1, eu-central-1]\n", "    regions: [eu-west-1]\n", via, into + more, accounts, billing, "endpointShares:", zones}
	for _, tt := range []struct {
		name    string
		on      map[string]estate.AccountID
		accept  bool
		refused string
		told    []string
	}{
		{"its VPCs are selected", map[string]estate.AccountID{corpVPC: "444444444444"}, false, "", []string{"account 888888888888"}},
		{"a VPC that is not selected", map[string]estate.AccountID{corpVPC: "444444444444", shopOther: "444444444444", billingVPC: "777777777777"}, false,
			"not selected, and their answers change: " + shopOther + " (account 444444444444), " + billingVPC + " (account 777777777777)", []string{"account 888888888888"}},
		{"and accepted", map[string]estate.AccountID{corpVPC: "444444444444", shopOther: "444444444444", billingVPC: "777777777777"}, true, "", []string{"account 888888888888", shopOther, billingVPC}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := shareVariant(t, "profile", pairs...)
			beside(&r.start, tt.on)
			r.start.ResolverRules.Put(estate.ResolverRule{ID: "rslvr-rr-0222222222222feed", Account: walkHub, Region: ireland, Domain: dnsname.MustParse("own.example.net"), Type: estate.RuleSystem, Status: estate.StatusComplete})
			guard := estate.FirewallGroup{ID: "rslvr-frg-0222222222222feed", Account: walkHub, Region: ireland, Rules: []estate.FirewallRule{
				{Priority: 1, Domains: []dnsname.Name{dnsname.MustParse("*.bad.example.net"), dnsname.MustParse("bad.example.net")}, Action: estate.FirewallBlock, Block: estate.FirewallOverride,
					Override: dnsname.MustParse("sink.example.net"), OverrideTTL: 60, Type: "A", FirstOnly: true},
			}}
			r.start.FirewallGroups.Put(guard)
			r.start.QueryLogConfigs.Put(estate.QueryLogConfig{ID: "rqlc-0222222222222feed", Account: walkHub, Region: ireland, Name: "queries", Destination: "arn:aws:s3:::queries"})
			w := r.world()
			o := reconcile.Options{AcceptOthers: tt.accept}
			planned, err := r.process(w, nil).Plan(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			said := ""
			for _, d := range planned.Diagnostics {
				if d.Code == "others-change" {
					said += d.Detail
				}
			}
			for _, want := range tt.told {
				if !strings.Contains(said, want) {
					t.Errorf("%q is not told: %s", want, said)
				}
			}
			if strings.Contains(said, "account 777777777777") != (len(tt.on) > 1) {
				t.Errorf("what is known is told as unknown: %s", said)
			}
			if tt.refused != "" {
				if err := planned.Diagnostics.Err(); !strings.Contains(fmt.Sprint(err), tt.refused) {
					t.Errorf("refused with %v", err)
				}
				return
			}
			if err := planned.Diagnostics.Err(); err != nil {
				t.Fatal(err)
			}
			for vpc := range tt.on {
				for _, name := range []string{"ec2.eu-west-1.amazonaws.com", "pay.payments.example.com", "db.corp.acme.internal"} {
					if !slices.ContainsFunc(planned.Answers, func(a plan.Answer) bool { return a.Name.String() == name && slices.Contains(a.From, vpc) }) {
						t.Errorf("the plan does not list that %s changes for %s", name, vpc)
					}
				}
			}
			if err := r.converge(t.Context(), w, o); err != nil {
				t.Fatal(err)
			}
			carries(t, w.Estate(), theirProfile, map[string]int{estate.ProfileEndpoint: 4, estate.ProfileZone: 1, estate.ProfileRule: 1, estate.ProfileFirewallGroup: 1, estate.ProfileQueryLog: 1})
			seen, err := r.process(w, nil).Observe(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := seen.FirewallGroups.Get(guard.ID); !reflect.DeepEqual(got, guard) {
				t.Errorf("the rule group was read as %+v", got)
			}
			for vpc := range tt.on {
				resolves(t, w.Estate(), vpc, "ec2.eu-west-1.amazonaws.com", "10.20.")
				resolves(t, w.Estate(), vpc, "db.corp.acme.internal", "10.20.0.9")
			}
			if err := r.converge(t.Context(), w, reconcile.Options{Destroy: true}); err != nil {
				t.Fatal(err)
			}
			if d := differs(form(t, r.start), form(t, w.Estate())); d != "" {
				t.Errorf("destroy leaves something else than was there before: %s", d)
			}
		})
	}
}

// TestProfileGiven: a Profile that a share names is used: what is shared is added to
// it, it is lent to consumers that cannot use it yet, and put on their VPCs. It is
// not made, nor gone with the share, nor taken off a VPC that had it. A VPC of it that
// is not selected is an error, until that is accepted.
func TestProfileGiven(t *testing.T) {
	const (
		via      = "    via: profile\n"
		accounts = `  data:       { id: "666666666666"`
		billing  = `  billing:    { id: "777777777777", regions: [eu-west-1] }` + "\n" + accounts
	)
	pairs := []string{expectPay, "", "    regions: [eu-west-1, eu-central-1]\n", "    regions: [eu-west-1]\n", via, via + "    profile: { id: " + theirProfile + " }\n", accounts, billing}
	t.Run("its VPCs are selected", func(t *testing.T) {
		r := shareVariant(t, "profile", pairs...)
		beside(&r.start, map[string]estate.AccountID{corpVPC: "444444444444"})
		w := r.world()
		live(t, r, w, func() {
			e := w.Estate()
			carries(t, e, theirProfile, map[string]int{estate.ProfileEndpoint: 4})
			if n := e.Profiles.Len(); n != 1 {
				t.Errorf("there are %d Profiles", n)
			}
			for _, vpc := range []string{corpVPC, "vpc-033333333333333a0", "vpc-066666666666666a0"} {
				resolves(t, e, vpc, "ec2.eu-west-1.amazonaws.com", "10.20.")
			}
			for _, account := range []estate.AccountID{"333333333333", "444444444444", "666666666666"} {
				if !e.Lends(theirARN, walkHub, account) {
					t.Errorf("the Profile is not lent to account %s", account)
				}
			}
		})
		if d := differs(form(t, r.start), rested(t, w)); d != "" {
			t.Errorf("destroy leaves something else than was there before: %s", d)
		}
	})
	t.Run("a VPC that is not selected", func(t *testing.T) {
		r := shareVariant(t, "profile", pairs...)
		beside(&r.start, map[string]estate.AccountID{corpVPC: "444444444444", billingVPC: "777777777777"})
		planned, err := r.process(r.world(), nil).Plan(t.Context(), reconcile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(planned.Diagnostics.Err()); !strings.Contains(got, billingVPC+" (account 777777777777)") {
			t.Errorf("refused with %s", got)
		}
		w := r.world()
		if err := r.converge(t.Context(), w, reconcile.Options{AcceptOthers: true}); err != nil {
			t.Fatal(err)
		}
		resolves(t, w.Estate(), billingVPC, "ec2.eu-west-1.amazonaws.com", "10.20.")
	})
}

// TestContentsOfNobody: what a Profile is to carry by its ID, and stands nowhere,
// is told by name; what could not be looked for is not taken out.
func TestContentsOfNobody(t *testing.T) {
	const via = "    via: profile\n"
	group := estate.FirewallGroup{ID: "rslvr-frg-0222222222222feed", Account: walkHub, Region: ireland}
	r := shareVariant(t, "profile", via, via+"    rules: [rslvr-rr-0222222222222dead]\n    firewallGroups: [{ id: rslvr-frg-0222222222222dead, priority: 200 }]\n    queryLogs: [rqlc-0222222222222dead]\n")
	planned, err := r.process(r.world(), nil).Plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"rslvr-rr-0222222222222dead", "rslvr-frg-0222222222222dead", "rqlc-0222222222222dead"} {
		if got, want := fmt.Sprint(planned.Diagnostics.Err()), "account 222222222222 has no "+id+" in a Region of the share shared"; strings.Count(got, want) != 1 {
			t.Errorf("%q does not say once %q", got, want)
		}
	}
	r = shareVariant(t, "profile", via, via+"    firewallGroups: [{ id: "+group.ID+", priority: 200 }]\n")
	r.start.FirewallGroups.Put(group)
	w := r.world()
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	w.Inject(world.Fault{Service: "route53resolver", Operation: "GetFirewallRuleGroup", Kind: world.FaultServer, Count: -1})
	if planned, err = r.process(w, nil).Plan(t.Context(), reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	if err := planned.Diagnostics.Err(); err != nil || !planned.Empty() || !strings.Contains(fmt.Sprint(planned.Diagnostics), "could not be read") {
		t.Errorf("%v; to do %v; said %v", err, planned.Changes, planned.Diagnostics)
	}
}

// TestIntoExistingProfileFromRules: a VPC that had the names by rules has them by
// the Profile of somebody else before the rules go, which carries the zones that
// answer in the hub; what is in that Profile already is left as it is.
func TestIntoExistingProfileFromRules(t *testing.T) {
	r := shareVariant(t, "resolver", "    regions: [eu-west-1, eu-central-1]\n", "    regions: [eu-west-1]\n")
	beside(&r.start, map[string]estate.AccountID{corpVPC: "444444444444"})
	w := r.world()
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	var sts estate.Zone
	for z := range w.Estate().Zones.By(estate.ByName(dnsname.MustParse("sts.eu-west-1.amazonaws.com"))) {
		sts = z
	}
	err := w.Update(func(s *world.State) error {
		s.Estate.ProfileResources.Put(estate.ProfileResource{ID: "rpr-theirs", Profile: theirProfile, ARN: estate.Zone{ID: sts.ID}.ARN(), Type: estate.ProfileZone, Name: "theirs", Status: estate.StatusComplete})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r.cfg = shareVariant(t, "resolver", "    regions: [eu-west-1, eu-central-1]\n", "    regions: [eu-west-1]\n", "    via: resolver\n", "    via: profile\n    intoExistingProfile: true\n").cfg
	planned, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{AcceptLimits: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := planned.Diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	added := "endpointShares/shared/eu-west-1/into/" + theirProfile + "/zones/ec2.eu-west-1.amazonaws.com"
	for _, c := range planned.Changes {
		if c.Item().Kind() == plan.KindRuleAssociation && c.Account == "444444444444" && !slices.Contains(c.Needs, plan.Dependency{Address: added, Settled: true}) {
			t.Errorf("%s goes before the Profile has the names: it needs %v", c.Address, c.Needs)
		}
	}
	if err := r.converge(t.Context(), w, reconcile.Options{AcceptLimits: true}); err != nil {
		t.Fatal(err)
	}
	carries(t, w.Estate(), theirProfile, map[string]int{estate.ProfileZone: 2})
	for _, name := range []string{"ec2.eu-west-1.amazonaws.com", "sts.eu-west-1.amazonaws.com"} {
		resolves(t, w.Estate(), corpVPC, name, "10.20.")
	}
}

// carries holds what a Profile carries, by its kind.
func carries(t *testing.T, e estate.Estate, profile string, want map[string]int) {
	t.Helper()
	got := map[string]int{}
	for x := range e.ProfileResources.By(estate.ByProfile(profile)) {
		got[x.Type]++
	}
	if !maps.Equal(got, want) {
		t.Errorf("the Profile carries %v, want %v", got, want)
	}
}

// resolves holds that a name has answers in a VPC that all begin so.
func resolves(t *testing.T, e estate.Estate, vpc, name, prefix string) {
	t.Helper()
	a := resolve.New(e, resolve.DefaultPolicy).Resolve(resolve.Vantage{VPC: vpc}, dnsname.MustParse(name), "A")
	if len(a.Values()) == 0 || slices.ContainsFunc(a.Values(), func(v string) bool { return !strings.HasPrefix(v, prefix) }) {
		t.Errorf("%s from %s: %s", name, vpc, a)
	}
}

// TestSameProfile: two shares add to one Profile that stands, and select VPCs in
// common. Each is associated once; when one share is taken out, the VPCs of the
// other keep all that they had of it, at every step.
func TestSameProfile(t *testing.T) {
	const (
		regions = "    regions: [eu-west-1, eu-central-1]\n"
		via     = "    via: profile\n"
		given   = via + "    profile: { id: " + theirProfile + " }\n"
		connect = "    connect: { transitGateway: { tags: { role: backbone }, account: network } }\n"
		more    = "  - name: more\n    account: network\n" + given + "    regions: [eu-west-1]\n    vpc: { tags: { role: shared-services } }\n    services: [kms]\n    consumers: { accounts: [shop, api], tags: { dns: corp } }\n" + connect
	)
	pairs := []string{regions, "    regions: [eu-west-1]\n", via, given, expectPay, ""}
	r := shareVariant(t, "profile", append(pairs, connect, connect+more)...)
	beside(&r.start, nil)
	w := r.world()
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	on := func() map[string]string {
		out := map[string]string{}
		for a := range w.Estate().ProfileAssociations.By(estate.ByProfile(theirProfile)) {
			out[a.VPC] = a.ID
		}
		return out
	}
	both := on()
	if len(both) != 3 {
		t.Fatalf("VPCs of the Profile: %v", both)
	}
	resolves(t, w.Estate(), corpVPC, "kms.eu-west-1.amazonaws.com", "10.20.")
	resolves(t, w.Estate(), corpVPC, "ec2.eu-west-1.amazonaws.com", "10.20.")

	alone := shareVariant(t, "profile", pairs...)
	r.cfg = alone.cfg
	watch := newShareWatch("vpc-022222222222222a0", []string{"ec2", "sts"}, map[string]resolve.Policy{"default": resolve.DefaultPolicy})
	watch.at(w)
	if err := r.converge(t.Context(), w, reconcile.Options{AcceptLimits: true, Sweep: true}); err != nil {
		t.Fatal(err)
	}
	if watch.asked == 0 || len(watch.wrong) > 0 {
		t.Errorf("%d questions on the way: %s", watch.asked, strings.Join(watch.wrong, "\n"))
	}
	if got := on(); !maps.Equal(got, both) {
		t.Errorf("VPCs of the Profile are %v, not %v", got, both)
	}
	if err := r.converge(t.Context(), w, reconcile.Options{Destroy: true}); err != nil {
		t.Fatal(err)
	}
	if d := differs(form(t, r.start), form(t, w.Estate())); d != "" {
		t.Errorf("destroy leaves something else than was there before: %s", d)
	}
}
