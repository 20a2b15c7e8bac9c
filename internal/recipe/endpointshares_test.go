package recipe

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// sharing is a configuration with one share of account net and an estate in which
// net has vpc-hub, shop vpc-shop and pay vpc-pay, each with subnets in two zones.
type sharing struct {
	cfg     *config.Config
	e       estate.Estate
	refused map[estate.Query]bool
}

func newSharing(t *testing.T, share string) *sharing {
	t.Helper()
	return sharingOf(t, strings.Replace(latticeHeader, "latticeDomains:\n", "endpointShares:\n", 1)+share)
}

func sharingOf(t *testing.T, text string) *sharing {
	t.Helper()
	cfg, problems := config.Load(fstest.MapFS{"orgdns.yaml": {Data: []byte(text)}})
	if problems.HasErrors() {
		t.Fatal(problems.Err())
	}
	s := &sharing{cfg: cfg, refused: map[estate.Query]bool{}}
	s.e.Organization = estate.Organization{ID: "o-acme", Management: netAccount}
	for i, v := range []struct {
		name    string
		account estate.AccountID
	}{{"hub", netAccount}, {"shop", shopAccount}, {"pay", payAccount}} {
		s.e.VPCs.Put(estate.VPC{ID: "vpc-" + v.name, Account: v.account, Region: "eu-west-1", DNSSupport: true, DNSHostnames: true,
			CIDRs: []netip.Prefix{netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/16", i))}, Tags: estate.Tags{"name": v.name}})
		for j, zone := range []string{"a", "b"} {
			s.e.Subnets.Put(estate.Subnet{ID: "subnet-" + v.name + "-" + zone, VPC: "vpc-" + v.name, Account: v.account, Region: "eu-west-1", Zone: "eu-west-1" + zone,
				CIDR: netip.MustParsePrefix(fmt.Sprintf("10.%d.%d.0/24", i, j))})
		}
	}
	for _, name := range []string{"ec2", "sts"} {
		s.e.Offers.Put(estate.ServiceOffer{Account: netAccount, Region: "eu-west-1", Name: "com.amazonaws.eu-west-1." + name, Types: []string{estate.EndpointInterface},
			Policy: true, Zones: []string{"eu-west-1a", "eu-west-1b"}, PrivateNames: []dnsname.Name{dnsname.MustParse(name + ".eu-west-1.amazonaws.com")}})
	}
	return s
}

// make answers what the recipe asks, but for what is refused, and makes.
func (s *sharing) make() Output {
	in := Input{Config: s.cfg, Estate: s.e, Now: now}
	for asked := Needs(in); len(asked) > 0; asked = Needs(in) {
		for _, q := range asked {
			a := estate.Answer{Query: q}
			if s.refused[q] {
				a.Code = "AccessDenied"
			}
			in.Estate.Answers.Put(a)
		}
	}
	s.e = in.Estate
	return Make(in)
}

// endpoint puts the hub's endpoint of ours for a service.
func (s *sharing) endpoint(label string) {
	s.e.Endpoints.Put(estate.Endpoint{ID: "vpce-" + label, Account: netAccount, Region: "eu-west-1", VPC: "vpc-hub", Type: estate.EndpointInterface,
		Service: "com.amazonaws.eu-west-1." + label, State: estate.EndpointAvailable, Subnets: []string{"subnet-hub-a", "subnet-hub-b"}, PrivateDNS: true,
		PrivateNames: []dnsname.Name{dnsname.MustParse(label + ".eu-west-1.amazonaws.com")},
		Tags:         plan.Marks("acme", "endpointShares/shared/eu-west-1/endpoints/"+label)})
}

func codes(out Output, severity diag.Severity) []string {
	var list []string
	for _, d := range out.Diagnostics {
		if d.Severity == severity {
			list = append(list, d.Code)
		}
	}
	return list
}

// field is the first value of a field of what is wanted at an address.
func fieldOf(out Output, address, name string) string {
	for _, w := range out.Wanted {
		if w.Address == address && w.Item.Object != nil && len(w.Item.Object.Fields[name]) > 0 {
			v, _ := w.Item.Object.Fields[name][0].Literal()
			return v
		}
	}
	return ""
}

const (
	sharedEC2   = "  - { name: shared, account: net, via: profile, vpc: { tags: { name: hub } }, services: [ec2], consumers: { accounts: [shop, pay] } }\n"
	sharedBase  = "endpointShares/shared/eu-west-1"
	ec2Endpoint = sharedBase + "/endpoints/ec2"
)

// TestShareOrganization: a policy is never limited to an organization whose ID is
// not known, since it would deny everybody.
func TestShareOrganization(t *testing.T) {
	asked := estate.Query{Kind: estate.QueryOrganization}
	open := strings.Replace(sharedEC2, "[ec2]", "[{ name: ec2, policy: open }]", 1)
	for _, tt := range []struct {
		name, share      string
		refused          bool
		id               string
		errors, warnings []string
		policy           string // part of the endpoint's; empty: nothing is wanted
	}{
		{"known", sharedEC2, false, "o-acme", nil, nil, `"aws:PrincipalOrgID":"o-acme"`},
		{"refused", sharedEC2, true, "", nil, []string{"unread"}, ""},
		{"none", sharedEC2, false, "", []string{"no-organization"}, nil, ""},
		{"refused, and not needed", open, true, "", nil, nil, `"Action":"*"`},
		{"none, and not needed", open, false, "", nil, nil, `"Action":"*"`},
		{"refused, one's own", strings.Replace(strings.Replace(sharedEC2, "via: profile", "via: own", 1), " vpc: { tags: { name: hub } },", "", 1), true, "", nil, []string{"unread"}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSharing(t, tt.share)
			s.e.Organization.ID = tt.id
			s.refused[asked] = tt.refused
			s.endpoint("ec2")
			out := s.make()
			if got := codes(out, diag.Error); !slices.Equal(got, tt.errors) {
				t.Errorf("errors %v, want %v", got, tt.errors)
			}
			if got := codes(out, diag.Warning); !slices.Equal(got, tt.warnings) {
				t.Errorf("warnings %v, want %v", got, tt.warnings)
			}
			if tt.policy == "" {
				if len(out.Wanted) > 0 || !slices.Contains(out.Frozen, "vpce-ec2") {
					t.Errorf("wants %d things and leaves %v as they are", len(out.Wanted), out.Frozen)
				}
				return
			}
			if got := fieldOf(out, ec2Endpoint, "policy"); !strings.Contains(got, tt.policy) {
				t.Errorf("policy %s is without %s", got, tt.policy)
			}
		})
	}
}

// TestShareFreeze: what cannot be read of the hub leaves all that stands of the
// share as it is, also a zone whose address is too long for its reference.
func TestShareFreeze(t *testing.T) {
	for _, name := range []string{"ec2", "the-longest-names-of-endpoint-services.do-not-fit-into-a-caller-reference.so-it-has-a-hash"} {
		t.Run(name, func(t *testing.T) {
			share := "  - { name: shared, account: net, via: resolver, vpc: { tags: { name: hub } }, services: [ec2], consumers: { accounts: [shop, pay] } }\n"
			s := newSharing(t, share)
			domain := dnsname.MustParse(name + ".eu-west-1.amazonaws.com")
			ref := estate.VPCRef{ID: "vpc-hub", Region: "eu-west-1"}
			reference := plan.Reference("acme", sharedBase+"/zones/"+domain.String()+"/zone")
			s.e.Zones.Put(estate.Zone{ID: "ZS", Account: netAccount, Name: domain, Private: true, VPCs: []estate.VPCRef{ref},
				CallerReference: plan.NumberedReference(reference, 1), Comment: plan.AnchorComment(ref.ID), Tags: estate.Tags{}})
			s.e.Records.Put(estate.RecordSet{Zone: "ZS", Name: domain, Type: "A", Alias: &estate.Alias{Name: dnsname.MustParse("vpce-1.vpce.amazonaws.com"), Zone: "ZVPCE"}})
			record(&s.e, "ZS", plan.LedgerName(domain, "acme", 0).String(), "TXT", `"`+plan.Entry(domain, domain, "A", "")+`" "`+plan.VPCEntry(ref.ID)+`"`)
			for _, k := range []estate.QueryKind{estate.QueryZone, estate.QueryRecords, estate.QueryZoneTags} {
				answered(&s.e, estate.Query{Kind: k, Account: netAccount, ID: "ZS"})
			}
			s.refused[estate.Query{Kind: estate.QueryResolverEndpoints, Account: netAccount, Region: "eu-west-1"}] = true
			out := s.make()
			planned := plan.Make(plan.Input{Owner: "acme", Now: now, Estate: s.e, Wanted: out.Wanted, Frozen: out.Frozen})
			for _, d := range planned.Diagnostics {
				t.Error(d.Code, d.Summary)
			}
			for _, c := range planned.Changes {
				t.Errorf("%s %s: %s", c.Action, c.Address, c.Reason)
			}
		})
	}
}

// TestSharePolicy: each service's endpoint admits the organization and the accounts
// in external alone, and STS whoever has no identity yet to their roles.
func TestSharePolicy(t *testing.T) {
	statement := func(action, key, values string) string {
		return `{"Action":` + action + `,"Condition":{"StringEquals":{"` + key + `":` + values + `}},"Effect":"Allow","Principal":"*","Resource":"*"}`
	}
	const federation = `["sts:AssumeRoleWithSAML","sts:AssumeRoleWithWebIdentity"]`
	everything, roles := statement(`"*"`, "aws:PrincipalOrgID", `"o-acme"`), statement(federation, "aws:ResourceOrgID", `"o-acme"`)
	share := strings.Replace(sharedEC2, "[ec2]", "[ec2, sts]", 1)
	beside := func(accounts string) string {
		return strings.Replace(share, "consumers: {", "external: ["+accounts+"], consumers: {", 1)
	}
	for _, tt := range []struct{ share, ec2, sts string }{
		{share, everything, everything + "," + roles},
		{beside("pay"), everything + "," + statement(`"*"`, "aws:PrincipalAccount", `"333333333333"`),
			everything + "," + roles + "," + statement(`"*"`, "aws:PrincipalAccount", `"333333333333"`) + "," + statement(federation, "aws:ResourceAccount", `"333333333333"`)},
		{beside("pay, shop"), everything + "," + statement(`"*"`, "aws:PrincipalAccount", `["222222222222","333333333333"]`), ""},
	} {
		out := newSharing(t, tt.share).make()
		for service, want := range map[string]string{"ec2": tt.ec2, "sts": tt.sts} {
			if got := fieldOf(out, sharedBase+"/endpoints/"+service, "policy"); want != "" && got != `{"Statement":[`+want+`],"Version":"2012-10-17"}` {
				t.Errorf("%s: %s", service, got)
			}
		}
	}
}

// TestSharePick: an endpoint is used when exactly one fits the choice and answers;
// else that is an error, and not one more endpoint.
func TestSharePick(t *testing.T) {
	const first, second, gone = "vpce-0000000000000000a", "vpce-0000000000000000b", "vpce-0000000000000000c"
	for _, tt := range []struct {
		name, pick string
		change     func(*estate.Endpoint) // of the first
		errors     []string
		detail     string
	}{
		{"by ID", first, nil, nil, ""},
		{"by tags", "{ tags: { n: a } }", nil, nil, ""},
		{"no such ID", gone, nil, []string{"no-endpoint"}, ""},
		{"no such tags", "{ tags: { n: z } }", nil, []string{"no-endpoint"}, ""},
		{"several", "{ tags: { team: net } }", nil, []string{"ambiguous-endpoint"}, first + ", " + second},
		{"in another VPC", first, func(p *estate.Endpoint) { p.VPC = "vpc-pay" }, []string{"no-endpoint"}, first + " is in VPC vpc-pay"},
		{"of another service", first, func(p *estate.Endpoint) { p.Service = "com.amazonaws.eu-west-1.sts" }, []string{"no-endpoint"}, first + " is for com.amazonaws.eu-west-1.sts"},
		{"rejected", first, func(p *estate.Endpoint) { p.State = estate.EndpointRejected }, []string{"no-endpoint"}, first + " is rejected"},
		{"going, by tags", "{ tags: { n: a } }", func(p *estate.Endpoint) { p.State = estate.EndpointDeleting }, []string{"no-endpoint"}, first + " is deleting"},
		{"for another Region", first, func(p *estate.Endpoint) { p.Region = "eu-north-1" }, nil, "made"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSharing(t, strings.Replace(sharedEC2, "[ec2]", "[{ name: ec2, endpoint: "+tt.pick+" }]", 1))
			for i, id := range []string{first, second} {
				p := estate.Endpoint{ID: id, Account: netAccount, Region: "eu-west-1", VPC: "vpc-hub", Type: estate.EndpointInterface, Service: "com.amazonaws.eu-west-1.ec2",
					State: estate.EndpointAvailable, PrivateDNS: i == 0, Tags: estate.Tags{"team": "net", "n": string(rune('a' + i))}}
				if i == 0 && tt.change != nil {
					tt.change(&p)
				}
				s.e.Endpoints.Put(p)
			}
			out := s.make()
			if got := codes(out, diag.Error); !slices.Equal(got, tt.errors) {
				t.Fatalf("errors %v, want %v", got, tt.errors)
			}
			for _, d := range out.Diagnostics {
				if d.Severity == diag.Error && d.Detail != tt.detail {
					t.Errorf("detail %q, want %q", d.Detail, tt.detail)
				}
			}
			made := slices.ContainsFunc(out.Wanted, func(w plan.Wanted) bool { return w.Address == ec2Endpoint })
			if len(tt.errors) == 0 && made != (tt.detail == "made") {
				t.Errorf("an endpoint is made: %v", made)
			}
		})
	}
}

// crowd gives vpc-shop so many ranges that lie apart, of IPv6 the last ones.
func (s *sharing) crowd(four, six int) {
	v, _ := s.e.VPCs.Get("vpc-shop")
	for i := range four {
		v.CIDRs = append(v.CIDRs, netip.MustParsePrefix(fmt.Sprintf("10.%d.0.0/20", 20+2*i)))
	}
	for i := range six {
		v.CIDRs = append(v.CIDRs, netip.MustParsePrefix(fmt.Sprintf("2001:db8:%x::/56", 2*i)))
	}
	s.e.VPCs.Put(v)
}

// TestShareWider: ranges that were made wider are told of once, however many ports
// they are for.
func TestShareWider(t *testing.T) {
	s := newSharing(t, strings.Replace(sharedEC2, "[ec2]", "[{ name: ec2, ports: [443, 8443, 9443] }]", 1))
	s.crowd(40, 0)
	if notes := codes(s.make(), diag.Note); !slices.Equal(notes, []string{"wider"}) {
		t.Errorf("notes: %v", notes)
	}
}

// TestShareFamilies: however few rules there is room for, ranges of both families
// are admitted, or that is an error.
func TestShareFamilies(t *testing.T) {
	for _, tt := range []struct {
		ports, six int
		ranges     []string
		errors     []string
	}{
		{25, 0, []string{"10.0.0.0/9"}, nil},
		{25, 3, []string{"10.0.0.0/9", "2001:db8::/45"}, nil},
		{30, 3, []string{"10.0.0.0/9", "2001:db8::/45"}, nil},
		{31, 3, []string{"10.0.0.0/9", "2001:db8::/45"}, []string{"quota"}},
		{61, 0, []string{"10.0.0.0/9"}, []string{"quota"}},
	} {
		var ports []string
		for p := range tt.ports {
			ports = append(ports, strconv.Itoa(8000+p))
		}
		s := newSharing(t, strings.Replace(sharedEC2, "[ec2]", "[{ name: ec2, ports: ["+strings.Join(ports, ", ")+"] }]", 1))
		s.crowd(40, tt.six)
		out := s.make()
		if got := codes(out, diag.Error); !slices.Equal(got, tt.errors) {
			t.Errorf("%d ports: errors %v, want %v", tt.ports, got, tt.errors)
		}
		i := slices.IndexFunc(out.Wanted, func(w plan.Wanted) bool { return w.Address == sharedBase+"/group" })
		var ranges []string
		for _, v := range out.Wanted[i].Item.Object.Fields["ingress"] {
			rule, _ := v.Literal()
			if r, ok := strings.CutPrefix(rule, "tcp 8000 "); ok {
				ranges = append(ranges, r)
			}
		}
		if !slices.Equal(ranges, tt.ranges) {
			t.Errorf("%d ports: admits %v, want %v", tt.ports, ranges, tt.ranges)
		}
	}
}

// TestShareSuffix: one rule sends all names of the Region, but for those that each
// VPC answers for itself; what lies elsewhere has a rule of its own.
func TestShareSuffix(t *testing.T) {
	share := strings.Replace(sharedEC2, "via: profile", "via: resolver, forward: suffix", 1)
	s := newSharing(t, strings.Replace(share, "[ec2]", "[ec2, sts, com.amazonaws.eu-west-1.lambda]", 1))
	s.e.Offers.Put(estate.ServiceOffer{Account: netAccount, Region: "eu-west-1", Name: "com.amazonaws.eu-west-1.lambda", Types: []string{estate.EndpointInterface},
		PrivateNames: []dnsname.Name{dnsname.MustParse("lambda.eu-west-1.api.aws")}})
	out := s.make()
	rules, sent := map[string]string{}, map[string]string{}
	for _, w := range out.Wanted {
		if o := w.Item.Object; o != nil && o.Kind == plan.KindResolverRule {
			domain, _ := o.Fields["domain"][0].Literal()
			rules[domain], _ = o.Fields["type"][0].Literal()
		}
	}
	for name, want := range map[string]string{
		"ec2.eu-west-1.amazonaws.com": "FORWARD eu-west-1.amazonaws.com", "lambda.eu-west-1.api.aws": "FORWARD lambda.eu-west-1.api.aws",
		"fs-0123456789abcdef0.efs.eu-west-1.amazonaws.com":    "SYSTEM efs.eu-west-1.amazonaws.com",
		"fs-0123456789abcdef0.fsx.eu-west-1.amazonaws.com":    "SYSTEM fsx.eu-west-1.amazonaws.com",
		"net-0123456789abcdef.elb.eu-west-1.amazonaws.com":    "SYSTEM elb.eu-west-1.amazonaws.com",
		"db.cluster-0123456789ab.eu-west-1.rds.amazonaws.com": " ",
		"internal-app-0123456789.eu-west-1.elb.amazonaws.com": " ",
		"cache.abc123.0001.euw1.cache.amazonaws.com":          " ",
	} {
		longest := dnsname.Name{}
		for domain := range rules {
			if d := dnsname.MustParse(domain); dnsname.MustParse(name).Under(d) && (longest.IsZero() || d.Below(longest)) {
				longest = d
			}
		}
		if sent[name] = rules[longest.String()] + " " + longest.String(); longest.IsZero() {
			sent[name] = " "
		}
		if sent[name] != want {
			t.Errorf("%s is answered by rule %q, want %q", name, sent[name], want)
		}
	}
	for domain := range rules { // a rule that no name of these meets costs an association in each VPC
		if !slices.ContainsFunc(slices.Collect(maps.Values(sent)), func(by string) bool { return strings.HasSuffix(by, " "+domain) }) {
			t.Errorf("rule for %s serves nothing", domain)
		}
	}
	for _, vpc := range []string{"vpc-shop", "vpc-pay"} {
		for domain := range rules {
			if fieldOf(out, sharedBase+"/vpcs/"+vpc+"/"+domain, "vpc") != vpc {
				t.Errorf("rule for %s is not on %s", domain, vpc)
			}
		}
	}
}

// TestShareLentVPC: a VPC whose owner shares it with a selected account is served
// in its owner's account, which is asked all that a consumer's is.
func TestShareLentVPC(t *testing.T) {
	for via, want := range map[string]string{"profile": "/vpcs/vpc-pay", "resolver": "/vpcs/vpc-pay/ec2.eu-west-1.amazonaws.com"} {
		s := newSharing(t, strings.NewReplacer("via: profile", "via: "+via, "[shop, pay]", "[shop]").Replace(sharedEC2))
		v, _ := s.e.VPCs.Get("vpc-pay")
		v.Participants = []estate.AccountID{shopAccount}
		s.e.VPCs.Put(v)
		out := s.make()
		for _, d := range out.Diagnostics {
			if d.Severity != diag.Note {
				t.Errorf("%s: %s", d.Code, d.Summary)
			}
		}
		if !slices.ContainsFunc(out.Wanted, func(w plan.Wanted) bool { return w.Address == sharedBase+want && w.Account == payAccount }) {
			t.Errorf("by %s nothing is wanted at %s", via, want)
		}
	}
}

// TestShareZones: an endpoint has subnets in the zones of its service alone: those
// of the load balancers, by ID, since names differ by account; and those that the
// account which makes the endpoint is offered.
func TestShareZones(t *testing.T) {
	const share = "  - { name: shared, account: net, via: VIA consumers: { account: shop }, services: SERVICES, own: OWN }\n"
	const pay = "[{ name: pay, account: pay, loadBalancer: { name: pay } }]"
	make := func(via, services, own string, do func(*sharing)) Output {
		s := newSharing(t, strings.NewReplacer("VIA", via, "SERVICES", services, "OWN", own).Replace(share))
		for sub := range s.e.Subnets.All() { // in pay a and b are what b and c are elsewhere
			sub.ZoneID = map[string]string{"eu-west-1a": "az1", "eu-west-1b": "az2"}[sub.Zone]
			if sub.Account == payAccount {
				sub.ZoneID = map[string]string{"eu-west-1a": "az2", "eu-west-1b": "az3"}[sub.Zone]
			}
			s.e.Subnets.Put(sub)
		}
		s.e.LoadBalancers.Put(estate.LoadBalancer{ARN: "arn:aws:elasticloadbalancing:eu-west-1:333333333333:loadbalancer/net/pay/1", Account: payAccount, Region: "eu-west-1", VPC: "vpc-pay", Type: "network",
			Subnets: []string{"subnet-pay-a", "subnet-pay-b"}, Listeners: []estate.Listener{{Port: 443, Protocol: "TCP"}}})
		do(s)
		return s.make()
	}
	none := func(*sharing) {}
	subnets := func(out Output, address string) string { return field(wantedAt(t, out, address), "subnets") }
	const byProfile, each = "profile, vpc: { tags: { name: hub } },", "own,"
	if got := subnets(make(byProfile, "[]", pay, none), sharedBase+"/endpoints/pay"); got != "subnet-hub-b" {
		t.Errorf("in the hub: %s", got)
	}
	if got := subnets(make(each, "[]", pay, none), sharedBase+"/own/vpc-shop/pay"); got != "subnet-shop-b" {
		t.Errorf("in the consumer's VPC: %s", got)
	}
	if got := subnets(make(byProfile, "[]", pay, func(s *sharing) {
		for _, id := range []string{"subnet-pay-a", "subnet-pay-b"} {
			sub, _ := s.e.Subnets.Get(id)
			sub.ZoneID = ""
			s.e.Subnets.Put(sub)
		}
	}), sharedBase+"/endpoints/pay"); got != "subnet-hub-a subnet-hub-b" {
		t.Errorf("by names alone: %s", got)
	}
	offered := func(s *sharing) {
		for account, zone := range map[estate.AccountID]string{netAccount: "eu-west-1a", shopAccount: "eu-west-1b"} {
			s.e.Offers.Put(estate.ServiceOffer{Account: account, Region: "eu-west-1", Name: "com.amazonaws.eu-west-1.ec2", Types: []string{estate.EndpointInterface}, Zones: []string{zone},
				PrivateNames: []dnsname.Name{dnsname.MustParse("ec2.eu-west-1.amazonaws.com")}})
		}
	}
	if got := subnets(make(each, "[{ name: ec2, policy: open }]", "[]", offered), sharedBase+"/own/vpc-shop/ec2"); got != "subnet-shop-b" {
		t.Errorf("where the consumer is offered the service: %s", got)
	}
	if got := subnets(make(byProfile, "[{ name: ec2, policy: open }]", "[]", offered), ec2Endpoint); got != "subnet-hub-a" {
		t.Errorf("where the hub is offered it: %s", got)
	}
}
