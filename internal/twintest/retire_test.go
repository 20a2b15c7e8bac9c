package twintest

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/orgdns/orgdns/examples"
	"github.com/orgdns/orgdns/internal/apply"
	"github.com/orgdns/orgdns/internal/cost"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// The own endpoints of examples/duplicates: three can go, each of the others
// stays for a reason of its own.
const (
	shopEC2 = "vpce-044444444444444ec"
	shopSTS = "vpce-04444444444444457"
	apiEC2  = "vpce-033333333333333ec"
	apiSTS  = "vpce-03333333333333357"
	dataEC2 = "vpce-066666666666666ec"
	dataSTS = "vpce-06666666666666657"
)

var (
	missedByNobody = []string{apiSTS, shopSTS, shopEC2}
	missed         = map[string]string{dataSTS: "arn:aws:s3:::acme-reports", apiEC2: "its policy permits", dataEC2: "192.0.2.0/24"}
)

const (
	retireHub  = "vpc-022222222222222a0"
	retireShop = "vpc-044444444444444a0"
	retireAPI  = "vpc-033333333333333a0"
)

// duplicates is the rig of examples/duplicates, its configuration changed by
// pairs of old and new text.
func duplicates(t testing.TB, changes ...string) rig {
	t.Helper()
	raw, err := examples.FS.ReadFile("duplicates/orgdns.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(changes...).Replace(string(raw))
	if len(changes) > 0 && text == string(raw) {
		t.Fatalf("nothing of %q is in the example", changes)
	}
	return rig{loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(text)}}, "orgdns.yaml"), loadEstate(t, "duplicates/estate.json")}
}

var reporting = []string{"retireDuplicates: remove", "retireDuplicates: report"}

// sharedAlready is what retiring begins with, made once.
var sharedAlready *estate.Estate

// retiring is the rig of examples/duplicates once the share is in effect and
// nothing was removed.
func retiring(t testing.TB) rig {
	t.Helper()
	if sharedAlready == nil {
		r := duplicates(t, reporting...)
		w := r.world()
		if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
			t.Fatal(err)
		}
		e := w.Estate()
		for s := range e.Shares.All() { // long ago: another world begins with it
			s.Resources, s.Principals = timeless(s.Resources), timeless(s.Principals)
			e.Shares.Put(s)
		}
		sharedAlready = &e
	}
	return rig{duplicates(t).cfg, *sharedAlready}
}

// foreign are the endpoints of others that a plan touches, by what it does.
func foreign(p *plan.Plan) map[plan.Action][]string {
	out := map[plan.Action][]string{}
	for _, c := range p.Changes {
		if c.Foreign {
			out[c.Action] = append(out[c.Action], c.ID)
		}
	}
	for a, ids := range out {
		out[a] = slices.Compact(slices.Sorted(slices.Values(ids)))
	}
	return out
}

// states are the duplicates of a plan by state.
func states(p *plan.Plan) map[plan.DuplicateState][]string {
	out := map[plan.DuplicateState][]string{}
	for _, d := range p.Duplicates {
		for _, x := range d.Endpoints {
			out[x.State] = append(out[x.State], x.ID)
		}
	}
	for s, ids := range out {
		out[s] = slices.Sorted(slices.Values(ids))
	}
	return out
}

// stays checks that what somebody would miss stands as it did, and that each is
// told with its reason.
func stays(t *testing.T, p *reconcile.Planned, e estate.Estate, missed map[string]string) {
	t.Helper()
	for id, why := range missed {
		if !slices.ContainsFunc(p.Diagnostics, func(d diag.Diagnostic) bool {
			return d.Code == "duplicate-stays" && d.Severity == diag.Warning && strings.Contains(d.Detail, id) && strings.Contains(d.Summary, why)
		}) {
			t.Errorf("nothing says that %s stays because of %q: %v", id, why, p.Diagnostics)
		}
		if now, _ := e.Endpoints.Get(id); now.State != estate.EndpointAvailable || !now.PrivateDNS || len(now.Tags) != 1 {
			t.Errorf("%s does not stand as before: %+v", id, now)
		}
	}
	if got := states(p.Plan)[plan.Blocked]; !slices.Equal(got, slices.Sorted(maps.Keys(missed))) {
		t.Errorf("blocked are %v", got)
	}
}

// TestRetireDuplicates: the first run brings the shared way and touches nothing
// of the teams'; the second lets go of what nobody would miss, and says of the
// rest why it stays; then nothing is left to do. Each consumer VPC has a right
// answer for each name after every call. What was removed does not come back.
func TestRetireDuplicates(t *testing.T) {
	t.Run("profile", func(t *testing.T) { retireDuplicates(t, duplicates(t), true) })
	t.Run("resolver", func(t *testing.T) { retireDuplicates(t, duplicates(t, "via: profile", "via: resolver"), false) })
}

// retireDuplicates is it by one way. Resolver rules answer in place of own
// endpoints as soon as they are on a VPC, a Profile once these are gone.
func retireDuplicates(t *testing.T, r rig, ownFirst bool) {
	w := r.world()
	watch := newShareWatch(retireHub, []string{"ec2", "sts"}, policies())
	watch.look(w.Estate(), "before")
	watch.at(w)

	first := walkPlan(t, r, w)
	if got := foreign(first.Plan); len(got) > 0 {
		t.Fatalf("the first plan touches %v", got)
	}
	if got := states(first.Plan); len(got) != 1 || len(got[plan.Pending]) != 6 || len(first.Waiting) != 6 {
		t.Errorf("the first plan judges what does not stand yet: %v, %v", got, first.Waiting)
	}
	if got := moves(first.Plan); got == ownFirst {
		t.Errorf("the first plan says that answers move: %v", got)
	}
	walkApply(t, r, w, first.Plan)

	second := walkPlan(t, r, w)
	if got := foreign(second.Plan); !slices.Equal(got[plan.Delete], missedByNobody) || !slices.Equal(got[plan.Update], missedByNobody) || len(second.Changes) != 4*len(missedByNobody) {
		t.Fatalf("the second plan touches %v in %d changes", got, len(second.Changes))
	}
	stays(t, second, w.Estate(), missed)
	if got := moves(second.Plan); got != ownFirst {
		t.Errorf("the second plan says that answers move: %v", got)
	}
	walkApply(t, r, w, second.Plan)

	last := walkPlan(t, r, w)
	for _, c := range last.Changes {
		t.Errorf("left to do: %s %s", c.Action, c.Address)
	}
	stays(t, last, w.Estate(), missed)
	watch.look(w.Estate(), "at the end")
	for _, x := range watch.wrong {
		t.Error(x)
	}
	if watch.asked == 0 {
		t.Error("nothing was asked")
	}
	for _, id := range missedByNobody {
		if p, stands := w.Estate().Endpoints.Get(id); stands {
			t.Errorf("%s stands: %s", id, p.State)
		}
	}
	verified, err := r.process(w, nil).Verify(t.Context(), reconcile.Options{})
	if err != nil || len(verified.Checks) != 6 {
		t.Errorf("%v: %d names were checked", err, len(verified.Checks))
	}
	for _, c := range verified.Checks {
		if !c.OK || c.Computed {
			t.Errorf("%+v", c)
		}
	}

	if err := r.converge(t.Context(), w, reconcile.Options{Destroy: true}); err != nil {
		t.Fatal(err)
	}
	for _, id := range missedByNobody {
		r.start.Endpoints.Delete(id)
	}
	if d := differs(form(t, r.start), form(t, w.Estate())); d != "" {
		t.Errorf("destroy leaves something else than the rest of what was there before: %s", d)
	}
}

// moves reports whether a plan says that shop is led from its own endpoint to
// another.
func moves(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Answers, func(a plan.Answer) bool {
		return a.Name.String() == "ec2.eu-west-1.amazonaws.com" && a.Type == "A" && slices.Contains(a.From, retireShop) && strings.HasPrefix(a.Before, "10.30.") && a.After != a.Before
	})
}

// TestReportDuplicates: a report touches nothing of the teams', and has of each
// endpoint whether it could go, with what is saved.
func TestReportDuplicates(t *testing.T) {
	r := retiring(t)
	r.cfg = duplicates(t, reporting...).cfg
	w := r.world()
	planned := walkPlan(t, r, w)
	if !planned.Empty() {
		t.Fatalf("the report changes %v", planned.Changes)
	}
	got := states(planned.Plan)
	if !slices.Equal(got[plan.Removable], missedByNobody) || !slices.Equal(got[plan.Blocked], slices.Sorted(maps.Keys(missed))) {
		t.Errorf("reported are %v", got)
	}
	// What sharing costs, and what goes away with the duplicates, is what `orgdns
	// cost` says.
	reports, _, err := r.process(w, nil).Costs(t.Context(), cost.Builtin(), cost.Traffic{})
	if err != nil || len(reports) != 1 {
		t.Fatal(err, reports)
	}
	var own cost.Money
	for _, d := range reports[0].Duplicates {
		own += d.Monthly
	}
	profile, _ := reports[0].Option(cost.ViaProfile)
	if told := planned.Duplicates[0]; told.Monthly != own.String() || told.Sharing != profile.Bill.Total.String() || told.Saving != (own-profile.Bill.Total).String() {
		t.Errorf("told are %s for own ones, %s for sharing, %s saved; the bills say %s and %s", told.Monthly, told.Sharing, told.Saving, own, profile.Bill.Total)
	}
}

// denies is a policy that denies all but what comes by a condition.
func denies(condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"StringNotEquals":{` + condition + `}}}]}`
}

// TestRetireBlocks: whoever would notice keeps the endpoint, whatever tells of
// them; and what cannot be read keeps all.
func TestRetireBlocks(t *testing.T) {
	t.Parallel()
	const payments estate.AccountID = "555555555555"
	role := func(change func(*estate.Role)) func(*estate.Estate) {
		return func(e *estate.Estate) {
			for r := range e.Roles.By(estate.ByRole(payments, "orgdns")) {
				r.Inline = map[string]string{}
				change(&r)
				e.Roles.Put(r)
			}
		}
	}
	without := func(action string) func(*estate.Estate) {
		return role(func(r *estate.Role) {
			r.Inline["less"] = fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":%q,"Resource":"*"}]}`, action)
		})
	}
	own := func(id string, change func(*estate.Endpoint)) func(*estate.Estate) {
		return func(e *estate.Estate) {
			p, _ := e.Endpoints.Get(id)
			change(&p)
			e.Endpoints.Put(p)
		}
	}
	mine, ofVPC := `"aws:SourceVpce":"`+shopEC2+`"`, `"aws:SourceVpc":"`+retireShop+`"`
	shop := []string{shopSTS, shopEC2}
	for _, tt := range []struct {
		name   string
		change func(*estate.Estate)
		keeps  []string // of those that could go
		code   string   // none: they are no duplicates at all
		says   string
	}{
		{"a bucket policy", func(e *estate.Estate) {
			e.ResourcePolicies.Put(estate.ResourcePolicy{ARN: "arn:aws:s3:::shop", Account: "444444444444", Region: ireland, Document: denies(mine)})
		}, []string{shopEC2}, "condition", "arn:aws:s3:::shop: it says StringNotEquals aws:SourceVpce"},
		{"a bucket policy that names the VPC", func(e *estate.Estate) {
			e.ResourcePolicies.Put(estate.ResourcePolicy{ARN: "arn:aws:s3:::shop", Account: payments, Region: ireland, Document: denies(ofVPC)})
		}, shop, "condition", "aws:SourceVpc"},
		{"a key policy", func(e *estate.Estate) {
			e.ResourcePolicies.Put(estate.ResourcePolicy{ARN: "arn:aws:kms:eu-west-1:444444444444:key/1", Account: "444444444444", Region: ireland, Document: denies(mine)})
		}, []string{shopEC2}, "condition", "key/1"},
		{"a key policy that names the VPC", func(e *estate.Estate) {
			e.ResourcePolicies.Put(estate.ResourcePolicy{ARN: "arn:aws:kms:eu-west-1:555555555555:key/1", Account: payments, Region: ireland, Document: denies(ofVPC)})
		}, shop, "condition", "key/1"},
		{"a role's policy", func(e *estate.Estate) {
			e.Roles.Put(estate.Role{ARN: "arn:aws:iam::555555555555:role/app", ID: "AROAAPP", Account: payments, Path: "/", Name: "app", MaxSession: 3600, Trust: denies(`"aws:PrincipalOrgID":"o-acmeexample"`), Inline: map[string]string{"from": denies(mine)}})
		}, []string{shopEC2}, "condition", "role/app policy from"},
		{"a role's trust", role(func(r *estate.Role) {
			r.Trust = strings.Replace(r.Trust, `"Statement":[`, `"Statement":[{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole","Condition":{"StringEquals":{`+ofVPC+`}}},`, 1)
		}), shop, "condition", "role/orgdns trust"},
		{"a service control policy", func(e *estate.Estate) {
			e.Policies.Put(estate.OrganizationPolicy{ID: "p-network1", Name: "network", Type: "SERVICE_CONTROL_POLICY", Document: denies(mine), Targets: []string{"ou-none"}})
		}, []string{shopEC2}, "condition", "SERVICE_CONTROL_POLICY p-network1"},
		{"a service control policy that names the VPC", func(e *estate.Estate) {
			e.Policies.Put(estate.OrganizationPolicy{ID: "p-network1", Name: "network", Type: "SERVICE_CONTROL_POLICY", Document: denies(ofVPC), Targets: []string{"ou-none"}})
		}, shop, "condition", "SERVICE_CONTROL_POLICY p-network1"},
		{"a policy that names another endpoint", func(e *estate.Estate) {
			e.ResourcePolicies.Put(estate.ResourcePolicy{ARN: "arn:aws:s3:::else", Account: payments, Region: ireland, Document: denies(`"aws:SourceVpce":"vpce-0eeeeeeeeeeeeeeee"`)})
		}, nil, "", ""},
		{"a policy that is not understood", func(e *estate.Estate) {
			e.ResourcePolicies.Put(estate.ResourcePolicy{ARN: "arn:aws:s3:::odd", Account: payments, Region: ireland, Document: "{"})
		}, missedByNobody, "policy-not-understood", "arn:aws:s3:::odd"},
		{"keys that cannot be read", without("kms:ListKeys"), missedByNobody, "unread", "policies of KMS keys of account 555555555555 were not read"},
		{"buckets that cannot be read", without("s3:GetBucketPolicy"), missedByNobody, "unread", "bucket policies of account 555555555555 were not read"},
		{"roles that cannot be read", without("iam:GetAccountAuthorizationDetails"), missedByNobody, "unread", "roles, users, groups and managed policies of account 555555555555 were not read"},
		{"control policies that cannot be read", func(e *estate.Estate) {
			for r := range e.Roles.By(estate.ByRole(management, "orgdns-read")) {
				r.Inline = map[string]string{"less": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"organizations:ListPolicies","Resource":"*"}]}`}
				e.Roles.Put(r)
			}
		}, missedByNobody, "unread", "service and resource control policies were not read"},
		{"a Profile of the team's", func(e *estate.Estate) {
			e.Profiles.Put(estate.Profile{ID: "rp-0444444444444444", ARN: "arn:aws:route53profiles:eu-west-1:444444444444:profile/rp-0444444444444444", Account: "444444444444", Region: ireland, Name: "shop", Status: estate.StatusComplete})
			p, _ := e.Endpoints.Get(shopEC2)
			e.ProfileResources.Put(estate.ProfileResource{ID: "rpr-0444444444444444", Profile: "rp-0444444444444444", ARN: p.ARN(), Type: estate.ProfileEndpoint, Status: estate.StatusComplete})
		}, []string{shopEC2}, "names-endpoint", "a Route 53 Profile carries the endpoint"},
		{"an inbound Resolver endpoint", func(e *estate.Estate) {
			e.ResolverEndpoints.Put(estate.ResolverEndpoint{ID: "rslvr-in-0444444444444444", Account: "444444444444", Region: ireland, VPC: retireShop, Direction: estate.EndpointInbound, Status: estate.StatusOperational, IPType: "IPV4"})
		}, shop, "inbound-resolver", "rslvr-in-0444444444444444"},
		{"private DNS that is off", own(apiSTS, func(p *estate.Endpoint) { p.PrivateDNS = false }), []string{apiSTS}, "private-dns-off", "by its own names"},
		{"orgdns of another owner", own(apiSTS, func(p *estate.Endpoint) { p.Tags = estate.Tags{plan.TagOwner: "somebody"} }), []string{apiSTS}, "", ""},
		{"a service's endpoint", own(apiSTS, func(p *estate.Endpoint) { p.Requester = true }), []string{apiSTS}, "managed-by-service", "an AWS service made"},
		{"a record", func(e *estate.Estate) {
			p, _ := e.Endpoints.Get(apiSTS)
			vpc := estate.VPCRef{Region: ireland, ID: retireAPI}
			name := dnsname.MustParse("api.internal")
			e.Zones.Put(estate.Zone{ID: "ZAPI", Account: "333333333333", Name: name, Private: true, CallerReference: "api", VPCs: []estate.VPCRef{vpc}})
			e.Records.Put(estate.RecordSet{Zone: "ZAPI", Name: dnsname.MustParse("sts.api.internal"), Type: "CNAME", TTL: 60, Values: []string{p.Names[0].Name.String()}})
		}, []string{apiSTS}, "names-endpoint", "sts.api.internal CNAME leads to the endpoint"},
		{"a zone of an account that is not read", func(e *estate.Estate) {
			e.Zones.Put(estate.Zone{ID: "ZSTS", Account: "888888888888", Name: dnsname.MustParse("sts.eu-west-1.amazonaws.com"), Private: true, CallerReference: "sts", VPCs: []estate.VPCRef{{Region: ireland, ID: retireAPI}}})
		}, []string{apiSTS}, "unread", "the zone sts.eu-west-1.amazonaws.com, which the VPC uses, was not read"},
		{"a zone that answers instead", func(e *estate.Estate) {
			name := dnsname.MustParse("sts.eu-west-1.amazonaws.com")
			e.Zones.Put(estate.Zone{ID: "ZSTS", Account: "333333333333", Name: name, Private: true, CallerReference: "sts", VPCs: []estate.VPCRef{{Region: ireland, ID: retireAPI}}})
			e.Records.Put(estate.RecordSet{Zone: "ZSTS", Name: name, Type: "A", TTL: 60, Values: []string{"192.0.2.1"}},
				estate.RecordSet{Zone: "ZSTS", Name: name, Type: "SOA", TTL: 900, Values: []string{"ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}})
		}, []string{apiSTS}, "not-in-effect", "without the endpoint the VPC gets for sts.eu-west-1.amazonaws.com A: 192.0.2.1"},
		{"addresses of IPv6 that the shared endpoint lacks", own(apiSTS, func(p *estate.Endpoint) {
			p.IPType, p.DNSIPType = estate.DNSDualStack, estate.DNSDualStack
			p.Addresses = slices.Clone(p.Addresses)
			for i := range p.Addresses {
				p.Addresses[i].IPv6 = netip.MustParseAddr(fmt.Sprintf("2001:db8::%d", i+1))
			}
		}), []string{apiSTS}, "not-in-effect", "without the endpoint the VPC gets for sts.eu-west-1.amazonaws.com AAAA: NODATA"},
		{"a network ACL", func(e *estate.Estate) {
			acl := estate.NetworkACL{ID: "acl-03333333333333333", Account: "333333333333", Region: ireland, VPC: retireAPI}
			for sub := range e.Subnets.By(estate.ByVPC(retireAPI)) {
				acl.Subnets = append(acl.Subnets, sub.ID)
			}
			e.NetworkACLs.Put(acl)
		}, []string{apiSTS}, "unreachable", "does not reach the shared endpoint"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := retiring(t)
			tt.change(&r.start)
			w := r.world()
			planned, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			got := foreign(planned.Plan)[plan.Delete]
			want := slices.DeleteFunc(slices.Clone(missedByNobody), func(id string) bool { return slices.Contains(tt.keeps, id) })
			if !slices.Equal(got, want) {
				t.Errorf("removed are %v, want %v; %v", got, want, planned.Diagnostics)
			}
			for _, d := range planned.Duplicates {
				for _, x := range d.Endpoints {
					if !slices.Contains(tt.keeps, x.ID) {
						continue
					}
					if tt.code == "" {
						t.Errorf("%s is told as a duplicate", x.ID)
					} else if !slices.ContainsFunc(x.Findings, func(f plan.Finding) bool {
						return f.Blocks && f.Code == tt.code && strings.Contains(f.Where+": "+f.Text, tt.says)
					}) {
						t.Errorf("%s: found %+v", x.ID, x.Findings)
					}
				}
			}
		})
	}
}

// TestRetirePicked: an endpoint that some share uses is no duplicate of another.
func TestRetirePicked(t *testing.T) {
	r := retiring(t)
	r.cfg = duplicates(t, "    retireDuplicates: remove", `    retireDuplicates: remove
  - name: shops
    account: shop
    via: profile
    vpc: `+retireShop+`
    services: [{ name: ec2, endpoint: `+shopEC2+` }, { name: sts, endpoint: { tags: { team: shop } } }]
    consumers: { accounts: [data], tags: { dns: shop } }
    retireDuplicates: remove
#`).cfg
	planned := walkPlan(t, r, r.world())
	if got := foreign(planned.Plan)[plan.Delete]; !slices.Equal(got, []string{apiSTS}) {
		t.Errorf("removed are %v", got)
	}
	if all := states(planned.Plan); len(all[plan.Blocked]) != len(missed) {
		t.Errorf("told are %v", all)
	}
}

// TestRetireAcrossRuns: a run that does not wait turns the names off and leaves
// the endpoint with its deadline; no run deletes it before, and one after does.
func TestRetireAcrossRuns(t *testing.T) {
	t.Parallel()
	r := retiring(t)
	w := r.world()
	var off time.Time // when the last of the names went
	var early []string
	w.OnCall(func(e world.Event) {
		if e.Operation == "ModifyVpcEndpoint" && e.Changed {
			off = w.Now()
		}
		if e.Operation == "DeleteVpcEndpoints" && w.Now().Before(off.Add(plan.NamesTTL)) {
			early = append(early, w.Now().Sub(off).String())
		}
	})
	apply := func() *apply.Result {
		planned := walkPlan(t, r, w)
		res, err := r.process(w, nil).Apply(t.Context(), planned.Plan, reconcile.ApplyOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if err := res.Diagnostics.Err(); err != nil {
			t.Fatal(err)
		}
		return res
	}
	for _, what := range []string{"first", "at once again"} {
		res := apply()
		if len(res.Waiting) != len(missedByNobody) || off.IsZero() {
			t.Fatalf("%s: waiting are %+v", what, res.Waiting)
		}
		for _, id := range missedByNobody {
			p, _ := w.Estate().Endpoints.Get(id)
			if until, begun := plan.Unnamed(p); !begun || p.State != estate.EndpointAvailable || until.Before(off.Add(plan.NamesTTL)) || until.After(off.Add(3*plan.NamesTTL)) {
				t.Errorf("%s: %s, names off %v until %s, and it went off at %s", what, id, begun, until, off)
			}
		}
	}
	planned := walkPlan(t, r, w)
	if got := foreign(planned.Plan); len(got[plan.Update]) > 0 || !slices.Equal(got[plan.Delete], missedByNobody) {
		t.Errorf("between the runs the plan touches %v", got)
	}
	if err := w.Clock.Sleep(t.Context(), 2*plan.NamesTTL); err != nil {
		t.Fatal(err)
	}
	if res := apply(); !res.Complete() {
		t.Errorf("after the deadline: %v, waiting %v", res.States, res.Waiting)
	}
	if len(early) > 0 {
		t.Errorf("an endpoint went too early: %v after its names", early)
	}
	if last := walkPlan(t, r, w); !last.Empty() {
		t.Errorf("left to do: %v", last.Changes)
	}
}

// TestRetireStale: a saved plan is refused when the shared endpoint, what leads
// to it, or anything that cleared the removal is something else now; not for
// other changes.
func TestRetireStale(t *testing.T) {
	r := retiring(t)
	planned := walkPlan(t, r, r.world())
	raw, err := planned.Save()
	if err != nil {
		t.Fatal(err)
	}
	bucket := func(document string) func(*estate.Estate) {
		return func(e *estate.Estate) {
			e.ResourcePolicies.Put(estate.ResourcePolicy{ARN: "arn:aws:s3:::shop", Account: "444444444444", Region: ireland, Document: document})
		}
	}
	for _, tt := range []struct {
		name   string
		change func(*estate.Estate)
		stale  string
	}{
		{"nothing", func(*estate.Estate) {}, ""},
		{"a bucket of no concern", bucket(denies(`"aws:PrincipalOrgID":"o-acmeexample"`)), ""},
		{"a bucket policy that names the endpoint", bucket(denies(`"aws:SourceVpce":"` + shopEC2 + `"`)), "endpoint " + shopEC2 + " would not be removed any more: arn:aws:s3:::shop"},
		{"the shared endpoint's policy", func(e *estate.Estate) {
			for p := range e.Endpoints.By(estate.ByVPC(retireHub)) {
				p.Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`
				e.Endpoints.Put(p)
			}
		}, "has changed since the plan was made"},
		{"the association", func(e *estate.Estate) {
			for a := range e.ProfileAssociations.By(estate.ByVPC(retireShop)) {
				e.ProfileAssociations.Delete(a.ID)
			}
		}, "has changed since the plan was made"},
		{"the endpoint", func(e *estate.Estate) {
			p, _ := e.Endpoints.Get(shopEC2)
			p.Groups = nil
			e.Endpoints.Put(p)
		}, "has changed since the plan was made"},
		{"a record that leads to it", func(e *estate.Estate) {
			p, _ := e.Endpoints.Get(shopEC2)
			name := dnsname.MustParse("shop.internal")
			e.Zones.Put(estate.Zone{ID: "ZSHOP", Account: "444444444444", Name: name, Private: true, CallerReference: "shop", VPCs: []estate.VPCRef{{Region: ireland, ID: retireShop}}})
			e.Records.Put(estate.RecordSet{Zone: "ZSHOP", Name: dnsname.MustParse("ec2.shop.internal"), Type: "CNAME", TTL: 60, Values: []string{p.Names[0].Name.String()}})
		}, "endpoint " + shopEC2 + " would not be removed any more: ZSHOP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			saved, err := plan.Load(raw)
			if err != nil {
				t.Fatal(err)
			}
			r := r
			tt.change(&r.start)
			stale, err := r.process(r.world(), nil).Stale(t.Context(), saved, reconcile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if tt.stale == "" && len(stale) > 0 || tt.stale != "" && !strings.Contains(fmt.Sprint(stale.Err()), tt.stale) {
				t.Errorf("stale: %v, want %q", stale, tt.stale)
			}
		})
	}
}

// removed applies until nothing is left to do, and says what stands of what
// nobody misses.
func removed(t *testing.T, r rig) (standing []string, err error) {
	w := r.world()
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		return nil, err
	}
	for _, id := range missedByNobody {
		if _, stands := w.Estate().Endpoints.Get(id); stands {
			standing = append(standing, id)
		}
	}
	return standing, nil
}

// TestRetireLeastPrivilege: sharing and the removal run with exactly the roles
// that `orgdns iam --observe` prints; without a statement that they have for the
// removal nothing of others is deleted.
func TestRetireLeastPrivilege(t *testing.T) {
	r := duplicates(t)
	known, err := r.process(r.world(), nil).Observe(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	least, _ := printed(t, r, known)
	if standing, err := removed(t, least); err != nil || len(standing) > 0 {
		t.Fatalf("%v: %v still stand", err, standing)
	}
	r = retiring(t)
	if known, err = r.process(r.world(), nil).Observe(t.Context(), reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	least, docs := printed(t, r, known)
	needed := map[estate.AccountID][]string{
		"444444444444": {"RetireEndpoints", "ReadPrincipals", "ListBuckets", "ListKeys"},
		"555555555555": {"ReadBucketPolicies"},
	}
	tried := 0
	for i, d := range docs {
		for _, p := range d.Policies {
			for n, sid := range statements(p.Document) {
				if !slices.Contains(needed[d.Account], sid) {
					continue
				}
				tried++
				t.Run(fmt.Sprintf("%s/without/%s", d.Account, sid), func(t *testing.T) {
					less := least
					less.start.Roles.Put(roleOf(d, i, func(policy string, statement int) bool { return policy == p.Name && statement == n }))
					standing, err := removed(t, less)
					if err == nil && !slices.Contains(standing, shopEC2) {
						t.Errorf("statement %s is not needed: %v stand", sid, standing)
					}
				})
			}
		}
	}
	if tried != 5 {
		t.Errorf("%d statements were left out, of 5", tried)
	}
}
