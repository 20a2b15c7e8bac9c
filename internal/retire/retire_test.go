package retire

import (
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/cost"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

const (
	consumer estate.AccountID = "111111111111"
	provider estate.AccountID = "222222222222"
	region   estate.Region    = "eu-west-1"
	service                   = "com.amazonaws.eu-west-1.sqs"
)

// world is a consumer with an endpoint of its own for what is shared, of which
// nobody would miss the own one.
func world() estate.Estate {
	var e estate.Estate
	e.Organization = estate.Organization{ID: "o-1", Root: "r-1", Management: "999999999999"}
	e.Units.Put(estate.Unit{ID: "ou-apps", Parent: "r-1"}, estate.Unit{ID: "ou-net", Parent: "r-1"})
	e.Accounts.Put(estate.Account{ID: consumer, Parent: "ou-apps"}, estate.Account{ID: provider, Parent: "ou-net"},
		estate.Account{ID: "333333333333", Parent: "r-1", Status: estate.AccountSuspended})
	e.VPCs.Put(
		estate.VPC{ID: "vpc-own", Account: consumer, Region: region, CIDRs: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}},
		estate.VPC{ID: "vpc-hub", Account: provider, Region: region, CIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}})
	e.Endpoints.Put(own(), estate.Endpoint{
		ID: "vpce-hub", Account: provider, Region: region, VPC: "vpc-hub", Type: estate.EndpointInterface, Service: service,
		State: estate.EndpointAvailable, PrivateDNS: true, Subnets: []string{"a", "b"}, Groups: []string{"sg-hub"},
	})
	e.SecurityGroups.Put(group("sg-own", "10.1.0.0/16"), group("sg-hub", "10.0.0.0/8"))
	e.Zones.Put(estate.Zone{ID: "ZOWN", Account: consumer, Name: dnsname.MustParse("own.example"), VPCs: []estate.VPCRef{{Region: region, ID: "vpc-own"}}})
	for _, q := range append(Queries(e, []estate.Region{region}),
		estate.Query{Kind: estate.QueryAccounts}, estate.Query{Kind: estate.QueryEndpoints, Account: consumer, Region: region},
		estate.Query{Kind: estate.QueryRecords, Account: consumer, ID: "ZOWN"}) {
		e.Answers.Put(estate.Answer{Query: q})
	}
	for _, q := range NearQueries(e, own()) {
		e.Answers.Put(estate.Answer{Query: q})
	}
	return e
}

func own() estate.Endpoint {
	return estate.Endpoint{
		ID: "vpce-own", Account: consumer, Region: region, VPC: "vpc-own", Type: estate.EndpointInterface, Service: service,
		State: estate.EndpointAvailable, PrivateDNS: true, Subnets: []string{"a", "b"}, Groups: []string{"sg-own"},
		Names:     []estate.EndpointName{{Name: dnsname.MustParse("vpce-own-abc.sqs.eu-west-1.vpce.amazonaws.com")}},
		Addresses: []estate.EndpointAddress{{IPv4: netip.MustParseAddr("10.1.0.9")}},
	}
}

func group(id string, ranges ...string) estate.SecurityGroup {
	g := estate.SecurityGroup{ID: id, Rules: []estate.GroupRule{{Egress: true, Protocol: "-1", From: -1, To: -1, CIDR: netip.MustParsePrefix("0.0.0.0/0")}}}
	for _, r := range ranges {
		g.Rules = append(g.Rules, estate.GroupRule{Protocol: "tcp", From: 443, To: 443, CIDR: netip.MustParsePrefix(r)})
	}
	return g
}

func find(e estate.Estate, accepted ...Code) Report {
	return Find(Input{Estate: e, Shared: []string{"vpce-hub"}, Consumers: []string{"vpc-own"}, Prices: cost.Builtin(), Accepted: accepted,
		Begun: func(p estate.Endpoint) bool { return p.Tags["begun"] != "" }})
}

// told are the findings as code, place and text.
func told(findings []Finding) []string {
	var out []string
	for _, f := range findings {
		out = append(out, fmt.Sprintf("%s %s: %s", f.Code, f.Where, f.Text))
	}
	return out
}

func TestRemovable(t *testing.T) {
	e := world()
	gateway, other, going := own(), own(), own()
	gateway.ID, gateway.Type = "vpce-gateway", estate.EndpointGateway
	other.ID, other.Service = "vpce-other", "com.amazonaws.eu-west-1.sns"
	going.ID, going.State = "vpce-going", estate.EndpointDeleting
	e.Endpoints.Put(gateway, other, going)
	r := find(e)
	if len(r.Duplicates) != 2 || len(r.Unread) != 0 {
		t.Fatalf("found %+v", r)
	}
	free, d := r.Duplicates[0], r.Duplicates[1]
	if d.Endpoint.ID != "vpce-own" || d.Shared != "vpce-hub" || !d.Removable || d.Blocks != nil || d.Notices != nil || d.Monthly.String() != "16.06" {
		t.Errorf("the duplicate is %+v", d)
	}
	if free.Removable || free.Monthly != 0 || len(free.Notices) != 1 || free.Notices[0].Code != Free {
		t.Errorf("the gateway endpoint is %+v", free)
	}
	if r.Monthly.String() != "16.06" || r.Removable != r.Monthly {
		t.Errorf("%s a month, %s removable", r.Monthly, r.Removable)
	}
}

func bucket(condition string) estate.ResourcePolicy {
	return estate.ResourcePolicy{ARN: "arn:aws:s3:::data", Account: provider, Region: region,
		Document: `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*","Condition":` + condition + `}]}`}
}

// TestConditions: a condition that requests through the shared endpoint meet
// otherwise blocks, wherever it stands.
func TestConditions(t *testing.T) {
	for _, tt := range []struct {
		condition string
		want      Code // none: nothing found
	}{
		{`{"StringNotEquals":{"aws:SourceVpce":"vpce-own"}}`, Condition},
		{`{"StringNotEquals":{"aws:SourceVpce":["vpce-own","vpce-hub"]}}`, Mentioned},
		{`{"StringEquals":{"AWS:sourcevpce":"vpce-own"}}`, Condition},
		{`{"StringEquals":{"aws:SourceVpce":"vpce-else"}}`, ""},
		{`{"StringLike":{"aws:SourceVpce":"vpce-*"}}`, ""},
		{`{"StringLike":{"aws:SourceVpce":"vpce-o?n"}}`, Condition},
		{`{"StringNotLike":{"aws:SourceVpce":"*-hub"}}`, Condition},
		{`{"StringEqualsIgnoreCase":{"aws:SourceVpce":"VPCE-OWN"}}`, Condition},
		{`{"StringNotEqualsIfExists":{"aws:SourceVpc":"vpc-own"}}`, Condition},
		{`{"ForAnyValue:StringEquals":{"aws:SourceVpc":["vpc-x","vpc-own"]}}`, Condition},
		{`{"ForAllValues:StringNotLike":{"aws:SourceVpc":"vpc-own"}}`, Condition},
		{`{"stringequals":{"aws:SourceVpc":["vpc-own","vpc-hub"]}}`, Mentioned},
		{`{"ArnLike":{"aws:SourceVpcArn":"arn:aws:ec2:*:111111111111:vpc/*"}}`, Condition},
		{`{"ArnNotEquals":{"aws:SourceVpcArn":"arn:aws:ec2:*:*:vpc/*"}}`, ""},
		{`{"StringNotEquals":{"aws:VpceAccount":"111111111111"}}`, Condition},
		{`{"StringNotEquals":{"aws:VpceAccount":"333333333333"}}`, ""},
		{`{"StringNotEquals":{"aws:VpceOrgID":"o-1"}}`, ""},
		{`{"StringLike":{"aws:VpceOrgPaths":"o-1/r-1/ou-apps/*"}}`, Condition},
		{`{"StringLike":{"aws:VpceOrgPaths":"o-1/r-1/*"}}`, ""},
		{`{"Null":{"aws:SourceVpce":"true"}}`, ""},
		{`{"Null":{"aws:SourceVpce":true,"aws:SourceVpc":["false"]}}`, ""},
		{`{"StringEquals":{"aws:SourceVpce":"${aws:PrincipalTag/vpce}"}}`, Condition},
		{`{"StringEquals":{"aws:PrincipalTag/vpce":"${aws:SourceVpce}"}}`, Condition},
		{`{"StringNotEquals":{"s3:prefix":["home","${AWS:sourceVpc}/*"]}}`, Condition},
		{`{"StringLike":{"s3:prefix":"${aws:username}-${aws:VpceAccount, 'none'}"}}`, Condition},
		{`{"StringEquals":{"s3:prefix":"${aws:username}"}}`, ""},
		{`{"StringEquals":{"s3:prefix":"aws:SourceVpce"}}`, ""},
		{`{"NumericEquals":{"aws:SourceVpce":7}}`, Condition},
		{`{"StringEquals":{"aws:VpceColour":"red"}}`, Condition},
		{`{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}`, ""},
		{`{"StringEquals":{"s3:prefix":"vpce-own"}}`, Mentioned},
		{`{"StringEquals":{"aws:SourceVpce":{"a":"b"}}}`, Unparsed},
		{`{"StringEquals":"vpce-own"}`, Unparsed},
		{`["vpce-own"]`, Unparsed},
	} {
		e := world()
		e.ResourcePolicies.Put(bucket(tt.condition))
		d := find(e).Duplicates[0]
		blocked := tt.want == Condition || tt.want == Unparsed
		findings := slices.Concat(d.Blocks, d.Notices)
		if d.Removable == blocked || tt.want == "" && len(findings) > 0 || tt.want != "" && (len(findings) != 1 || findings[0].Code != tt.want) {
			t.Errorf("%s: removable %v, found %v, want %q", tt.condition, d.Removable, told(findings), tt.want)
		}
	}
}

// TestPartitions: the VPC's ARN is that of the organization's partition (IAM User
// Guide, reference-arns.html), so a condition on it blocks there, too.
func TestPartitions(t *testing.T) {
	for _, partition := range []string{"aws", "aws-cn", "aws-us-gov"} {
		e := world()
		e.Caller.ARN = "arn:" + partition + ":iam::999999999999:user/somebody"
		e.ResourcePolicies.Put(bucket(`{"ArnNotEquals":{"aws:SourceVpcArn":"arn:` + partition + `:ec2:eu-west-1:111111111111:vpc/vpc-own"}}`))
		if d := find(e).Duplicates[0]; d.Removable || len(d.Blocks) != 1 || d.Blocks[0].Code != Condition {
			t.Errorf("%s: removable %v, blocked by %v", partition, d.Removable, told(d.Blocks))
		}
	}
}

// TestResourceOfNetwork: what a statement is about may hang on the network, too.
func TestResourceOfNetwork(t *testing.T) {
	for resource, want := range map[string]bool{
		`"Resource":["arn:aws:s3:::data/*","arn:aws:s3:::data/${aws:SourceVpc}/*"]`: true,
		`"NotResource":"arn:aws:s3:::data/${AWS:SOURCEVPCE}/*"`:                     true,
		`"Resource":"arn:aws:s3:::data/${aws:username}/*"`:                          false,
	} {
		e := world()
		p := bucket(`{}`)
		p.Document = strings.Replace(p.Document, `"Resource":"*"`, resource, 1)
		e.ResourcePolicies.Put(p)
		d := find(e).Duplicates[0]
		if found := len(d.Blocks) == 1 && d.Blocks[0].Code == Condition && strings.Contains(d.Blocks[0].Text, "which cannot be judged"); found != want || d.Removable == want {
			t.Errorf("%s: %v", resource, told(d.Blocks))
		}
	}
}

// TestBucketPolicy tells what a blocked removal says.
func TestBucketPolicy(t *testing.T) {
	e := world()
	e.ResourcePolicies.Put(bucket(`{"StringNotEquals":{"aws:SourceVpce":"vpce-own"}}`))
	r := find(e)
	want := []Finding{{Code: Condition, Account: provider, Where: "arn:aws:s3:::data",
		Text: "it says StringNotEquals aws:SourceVpce vpce-own: this does not hold for requests through vpce-own, and holds through vpce-hub",
		Hint: "add what requests through the shared endpoint have: vpce-hub"}}
	if d := r.Duplicates[0]; d.Removable || !reflect.DeepEqual(d.Blocks, want) {
		t.Errorf("blocked by %+v, want %+v", d.Blocks, want)
	}
	if r.Monthly.String() != "16.06" || r.Removable != 0 {
		t.Errorf("%s a month, %s removable", r.Monthly, r.Removable)
	}
}

// TestPlaces: every place where a policy stands is looked at.
func TestPlaces(t *testing.T) {
	document := bucket(`{"StringEquals":{"aws:SourceVpc":"vpc-own"}}`).Document
	for where, put := range map[string]func(*estate.Estate){
		"SERVICE_CONTROL_POLICY p-1": func(e *estate.Estate) {
			e.Policies.Put(estate.OrganizationPolicy{ID: "p-1", Type: "SERVICE_CONTROL_POLICY", Document: document})
		},
		"arn:key": func(e *estate.Estate) {
			e.ResourcePolicies.Put(estate.ResourcePolicy{ARN: "arn:key", Document: document})
		},
		"arn:managed": func(e *estate.Estate) {
			e.ManagedPolicies.Put(estate.ManagedPolicy{ARN: "arn:managed", Default: "v2",
				Versions: []estate.PolicyVersion{{ID: "v1", Document: "old"}, {ID: "v2", Document: document}}})
		},
		"arn:role trust": func(e *estate.Estate) { e.Roles.Put(estate.Role{ARN: "arn:role", Trust: document}) },
		"arn:role policy in": func(e *estate.Estate) {
			e.Roles.Put(estate.Role{ARN: "arn:role", Inline: map[string]string{"in": document}})
		},
		"arn:group policy in": func(e *estate.Estate) {
			e.Groups.Put(estate.Group{ARN: "arn:group", Inline: map[string]string{"in": document}})
		},
		"arn:user policy in": func(e *estate.Estate) {
			e.Users.Put(estate.User{ARN: "arn:user", Inline: map[string]string{"in": document}})
		},
	} {
		e := world()
		put(&e)
		if d := find(e).Duplicates[0]; len(d.Blocks) != 1 || d.Blocks[0].Where != where || d.Blocks[0].Code != Condition {
			t.Errorf("%s: blocked by %v", where, told(d.Blocks))
		}
	}
	e := world()
	e.Policies.Put(estate.OrganizationPolicy{ID: "p-FullAWSAccess", AWSManaged: true, Document: "not looked at"})
	if d := find(e).Duplicates[0]; !d.Removable {
		t.Errorf("a policy of AWS's blocks: %v", told(d.Blocks))
	}
}

// TestUnread: what was not read blocks, by one finding for each kind.
func TestUnread(t *testing.T) {
	for _, tt := range []struct {
		query estate.Query
		want  string
	}{
		{estate.Query{Kind: estate.QueryAccounts}, "unread organization: the accounts of the organization were not read"},
		{estate.Query{Kind: estate.QueryControlPolicies}, "the service and resource control policies were not read"},
		{estate.Query{Kind: estate.QueryPrincipals, Account: consumer}, "roles, users, groups and managed policies of account 111111111111 were not read"},
		{estate.Query{Kind: estate.QueryResourcePolicies, Account: provider, Region: region, ID: estate.PoliciesS3}, "the bucket policies of account 222222222222 were not read"},
		{estate.Query{Kind: estate.QueryResourcePolicies, Account: provider, Region: region, ID: estate.PoliciesKMS}, "the policies of KMS keys of account 222222222222 were not read"},
		{estate.Query{Kind: estate.QueryZones, Account: consumer}, "the zones of the account were not read"},
		{estate.Query{Kind: estate.QueryRecords, Account: consumer, ID: "ZOWN"}, "the records of own.example were not read"},
		{estate.Query{Kind: estate.QueryVPCZones, Account: consumer, Region: region, ID: "vpc-own"}, "the zones that the VPC uses were not read"},
		{estate.Query{Kind: estate.QueryProfiles, Account: consumer, Region: region}, "the Route 53 Profiles of the account were not read"},
		{estate.Query{Kind: estate.QueryResolverEndpoints, Account: consumer, Region: region}, "the Resolver endpoints of the account were not read"},
	} {
		e := world()
		e.Answers.Put(estate.Answer{Query: tt.query, Code: "AccessDenied"})
		d := find(e).Duplicates[0]
		if d.Removable || len(d.Blocks) != 1 || d.Blocks[0].Code != Unread || !strings.Contains(told(d.Blocks)[0], tt.want) {
			t.Errorf("%s refused: blocked by %v, want %s", tt.query, told(d.Blocks), tt.want)
		}
		if d := find(e, Unread).Duplicates[0]; d.Removable {
			t.Errorf("%s refused, and accepted", tt.query)
		}
	}
	e := world()
	for n := range 5 {
		e.Accounts.Put(estate.Account{ID: estate.AccountID(fmt.Sprintf("44444444444%d", n)), Parent: "r-1"})
	}
	want := []string{
		"unread bucket policies: the bucket policies of 5 accounts (444444444440, 444444444441, 444444444442, …) were not read, and may name the endpoint or its VPC",
		"unread policies of KMS keys: the policies of KMS keys of 5 accounts (444444444440, 444444444441, 444444444442, …) were not read, and may name the endpoint or its VPC",
		"unread roles, users, groups and managed policies: the roles, users, groups and managed policies of 5 accounts (444444444440, 444444444441, 444444444442, …) were not read, and may name the endpoint or its VPC",
	}
	if d := find(e).Duplicates[0]; !slices.Equal(told(d.Blocks), want) {
		t.Errorf("blocked by\n%s", strings.Join(told(d.Blocks), "\n"))
	}
	e = world()
	e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryEndpoints, Account: consumer, Region: region}, Code: "AccessDenied"})
	if r := find(e); len(r.Duplicates) != 0 || len(r.Unread) != 1 || r.Unread[0].Where != "vpc-own" {
		t.Errorf("with endpoints unread: %+v", r)
	}
	// A world of its own was not read from anywhere, and is all there is.
	e = world()
	e.Answers = estate.Table[estate.Answer]{}
	if d := find(e).Duplicates[0]; !d.Removable {
		t.Errorf("in a world of its own: %v", told(d.Blocks))
	}
}

func TestGroups(t *testing.T) {
	rule := func(change func(*estate.GroupRule)) estate.SecurityGroup {
		r := estate.GroupRule{Protocol: "tcp", From: 443, To: 443}
		change(&r)
		return estate.SecurityGroup{ID: "sg-own", Rules: []estate.GroupRule{r}}
	}
	for _, tt := range []struct {
		what      string
		own, hub  estate.SecurityGroup
		want      Code
		removable bool
	}{
		{"two halves", group("sg-own", "10.1.0.0/16"), group("sg-hub", "10.1.0.0/17", "10.1.128.0/17"), "", true},
		{"one half", group("sg-own", "10.1.0.0/16"), group("sg-hub", "10.1.0.0/17"), Group, false},
		{"another range", group("sg-own", "10.1.0.0/16", "192.168.0.0/24"), group("sg-hub", "10.0.0.0/8"), Group, false},
		{"everybody, of whom the VPC", group("sg-own", "0.0.0.0/0"), group("sg-hub", "10.0.0.0/8"), Wider, true},
		{"everybody, but not the VPC", group("sg-own", "0.0.0.0/0"), group("sg-hub", "10.0.0.0/16"), Group, false},
		{"everybody on both", group("sg-own", "0.0.0.0/0"), group("sg-hub", "0.0.0.0/0"), "", true},
		{"everybody of IPv6 alone", group("sg-own", "::/0"), group("sg-hub", "::/0"), "", true},
		{"its own members", rule(func(r *estate.GroupRule) { r.Group = "sg-own" }), group("sg-hub", "10.0.0.0/8"), "", true},
		{"members, not all of them", rule(func(r *estate.GroupRule) { r.Group = "sg-app" }), group("sg-hub", "10.1.1.0/24"), Group, false},
		{"a prefix list", rule(func(r *estate.GroupRule) { r.PrefixList = "pl-1" }), group("sg-hub", "0.0.0.0/0"), Group, false},
		{"all ports", rule(func(r *estate.GroupRule) {
			r.Protocol, r.From, r.To, r.CIDR = "-1", -1, -1, netip.MustParsePrefix("10.1.0.0/16")
		}), group("sg-hub", "10.0.0.0/8"), "", true},
		{"another port", rule(func(r *estate.GroupRule) { r.From, r.To, r.CIDR = 9142, 9142, netip.MustParsePrefix("10.1.0.0/16") }), group("sg-hub", "10.0.0.0/8"), Group, false},
		{"UDP", rule(func(r *estate.GroupRule) { r.Protocol, r.CIDR = "udp", netip.MustParsePrefix("192.168.0.0/16") }), group("sg-hub"), "", true},
		{"an unread group", estate.SecurityGroup{ID: "sg-else"}, group("sg-hub", "10.0.0.0/8"), Unread, false},
	} {
		e := world()
		e.SecurityGroups = estate.Table[estate.SecurityGroup]{}
		e.SecurityGroups.Put(tt.own, tt.hub)
		d := find(e).Duplicates[0]
		findings := slices.Concat(d.Blocks, d.Notices)
		if d.Removable != tt.removable || tt.want == "" && len(findings) > 0 || tt.want != "" && (len(findings) != 1 || findings[0].Code != tt.want) {
			t.Errorf("%s: removable %v, found %v, want %q", tt.what, d.Removable, told(findings), tt.want)
		}
		if tt.want == Group && !find(e, Group).Duplicates[0].Removable {
			t.Errorf("%s: blocks, though accepted", tt.what)
		}
	}
}

func TestPolicies(t *testing.T) {
	const (
		full   = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}`
		again  = `{"Version":"2008-10-17","Statement":{"Sid":"x","Resource":["*"],"Action":"*","Principal":{"AWS":["*"]},"Effect":"Allow"}}`
		send   = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":["sqs:SendMessage","SQS:ReceiveMessage"],"Resource":"*"}]}`
		sorted = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":["sqs:receivemessage","sqs:sendmessage"],"Resource":"*"}]}`
		org    = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}}]}`
		denies = `{"Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"},{"Effect":"Deny","Principal":"*","Action":"sqs:DeleteQueue","Resource":"*"}]}`
	)
	for _, tt := range []struct {
		what, own, hub string
		want           []Code
		removable      bool
	}{
		{"none and none", "", "", nil, true},
		{"none and full access", "", full, nil, true},
		{"written otherwise", full, again, nil, true},
		{"actions in another order and case", send, sorted, nil, true},
		{"narrower than the shared one", send, "", []Code{Wider}, true},
		{"wider than the shared one", "", send, []Code{Policy}, false},
		{"for everybody, and for the organization", "", org, []Code{Policy}, false},
		{"another", send, org, []Code{Policy, Wider}, false},
		{"with a denial of its own", denies, "", []Code{Wider}, true},
		{"without the shared one's denial", "", denies, []Code{Policy}, false},
		{"not JSON", "{", "", []Code{Unparsed}, false},
		{"without statement", "", "{}", []Code{Unparsed}, false},
		{"of another effect", `{"Statement":[{"Effect":"Maybe"}]}`, "", []Code{Unparsed}, false},
	} {
		e := world()
		p := own()
		p.Policy = tt.own
		hub, _ := e.Endpoints.Get("vpce-hub")
		hub.Policy = tt.hub
		e.Endpoints.Put(p, hub)
		d := find(e).Duplicates[0]
		var got []Code
		for _, f := range slices.Concat(d.Blocks, d.Notices) {
			got = append(got, f.Code)
		}
		if d.Removable != tt.removable || !slices.Equal(got, tt.want) {
			t.Errorf("%s: removable %v, found %v, want %v", tt.what, d.Removable, told(slices.Concat(d.Blocks, d.Notices)), tt.want)
		}
		if accepted := find(e, Policy).Duplicates[0].Removable; accepted != !slices.Contains(tt.want, Unparsed) {
			t.Errorf("%s: removable %v when accepted", tt.what, accepted)
		}
	}
}

func TestState(t *testing.T) {
	record := func(name, rrtype string, values ...string) func(*estate.Estate) {
		return func(e *estate.Estate) {
			e.Records.Put(estate.RecordSet{Zone: "ZOWN", Name: dnsname.MustParse(name), Type: rrtype, TTL: 60, Values: values})
		}
	}
	for _, tt := range []struct {
		what   string
		change func(*estate.Estate)
		want   Code
	}{
		{"private DNS off", func(e *estate.Estate) { p := own(); p.PrivateDNS = false; e.Endpoints.Put(p) }, NoPrivateDNS},
		{"private DNS off since a removal began", func(e *estate.Estate) {
			p := own()
			p.PrivateDNS, p.Tags = false, estate.Tags{"begun": "yes"}
			e.Endpoints.Put(p)
		}, Begun},
		{"an inbound Resolver endpoint", func(e *estate.Estate) {
			e.ResolverEndpoints.Put(estate.ResolverEndpoint{ID: "rslvr-in-1", Account: consumer, VPC: "vpc-own", Direction: estate.EndpointInbound})
		}, Inbound},
		{"an outbound Resolver endpoint", func(e *estate.Estate) {
			e.ResolverEndpoints.Put(estate.ResolverEndpoint{ID: "rslvr-out-1", Account: consumer, VPC: "vpc-own", Direction: estate.EndpointOutbound})
		}, ""},
		{"an inbound Resolver endpoint elsewhere", func(e *estate.Estate) {
			e.ResolverEndpoints.Put(estate.ResolverEndpoint{ID: "rslvr-in-1", Account: provider, VPC: "vpc-hub", Direction: estate.EndpointInbound})
		}, ""},
		{"made by a service", func(e *estate.Estate) { p := own(); p.Requester = true; e.Endpoints.Put(p) }, Managed},
		{"the shared one pending", func(e *estate.Estate) {
			p, _ := e.Endpoints.Get("vpce-hub")
			p.State = estate.EndpointPending
			e.Endpoints.Put(p)
		}, NotReady},
		{"a CNAME", record("q.own.example", "CNAME", "VPCE-own-abc.sqs.eu-west-1.vpce.amazonaws.com."), Named},
		{"an address", record("q.own.example", "A", "10.9.9.9", "10.1.0.9"), Named},
		{"an alias elsewhere", func(e *estate.Estate) {
			e.Records.Put(estate.RecordSet{Zone: "ZELSE", Name: dnsname.MustParse("q.example"), Type: "A", Alias: &estate.Alias{Name: own().Names[0].Name}})
		}, Named},
		{"another CNAME", record("q.own.example", "CNAME", "vpce-hub-abc.sqs.eu-west-1.vpce.amazonaws.com."), ""},
		{"in a Profile", func(e *estate.Estate) {
			e.ProfileResources.Put(estate.ProfileResource{ID: "rpr-1", Profile: "rp-1", ARN: own().ARN(), Type: estate.ProfileEndpoint})
		}, Named},
	} {
		e := world()
		tt.change(&e)
		d := find(e).Duplicates[0]
		findings := slices.Concat(d.Blocks, d.Notices)
		if tt.want == "" && len(findings) > 0 || tt.want != "" && (len(findings) != 1 || findings[0].Code != tt.want) ||
			d.Removable != (tt.want == "" || tt.want == Begun) {
			t.Errorf("%s: removable %v, found %v, want %q", tt.what, d.Removable, told(findings), tt.want)
		}
	}
}

// TestComing: what a shared endpoint will serve that does not stand yet is
// counted, and not judged.
func TestComing(t *testing.T) {
	e := world()
	hub, _ := e.Endpoints.Get("vpce-hub")
	e.Endpoints.Delete("vpce-hub")
	coming := estate.Endpoint{Service: hub.Service, Region: hub.Region, VPC: hub.VPC, Account: hub.Account}
	r := Find(Input{Estate: e, Coming: []estate.Endpoint{coming}, Consumers: []string{"vpc-own"}, Prices: cost.Builtin()})
	if len(r.Duplicates) != 1 || r.Monthly == 0 || r.Removable != 0 || len(r.Duplicates[0].Blocks) != 1 || r.Duplicates[0].Blocks[0].Code != NotReady {
		t.Errorf("found %+v", r)
	}
}

// TestWay: what the caller finds of the way blocks.
func TestWay(t *testing.T) {
	r := Find(Input{Estate: world(), Shared: []string{"vpce-hub"}, Consumers: []string{"vpc-own"}, Prices: cost.Builtin(),
		Way: func(own, shared estate.Endpoint, v estate.VPC) []Finding {
			return []Finding{{Code: Unreached, Account: v.Account, Where: v.ID, Text: own.ID + " " + shared.ID}}
		}})
	if d := r.Duplicates[0]; d.Removable || len(d.Blocks) != 1 || d.Blocks[0].Text != "vpce-own vpce-hub" {
		t.Errorf("found %+v", d)
	}
	r = Find(Input{Estate: world(), Shared: []string{"vpce-hub"}, Consumers: []string{"vpc-own"}, Prices: cost.Builtin(), Accepted: []Code{Isolated},
		Way: func(own, shared estate.Endpoint, v estate.VPC) []Finding {
			return []Finding{{Code: Isolated, Where: v.ID}}
		}})
	if d := r.Duplicates[0]; !d.Removable || len(d.Notices) != 1 {
		t.Errorf("somebody looked at it: %+v", d)
	}
}

// TestKept: what orgdns made or a share uses is no duplicate, nor is what the
// hub VPC has beside the shared endpoint.
func TestKept(t *testing.T) {
	e := world()
	beside := own()
	beside.ID, beside.VPC, beside.Account = "vpce-beside", "vpc-hub", provider
	e.Endpoints.Put(beside)
	in := Input{Estate: e, Shared: []string{"vpce-hub"}, Consumers: []string{"vpc-own", "vpc-hub"}}
	if got := Pairs(in); len(got) != 1 || got[0].Own.ID != "vpce-own" || got[0].Shared.ID != "vpce-hub" {
		t.Errorf("found %+v", got)
	}
	in.Kept = func(p estate.Endpoint) bool { return p.ID == "vpce-own" }
	if got := Pairs(in); len(got) != 0 {
		t.Errorf("found %+v, which is kept", got)
	}
}

// TestServiceRegion: an endpoint to the service in another Region is no
// duplicate.
func TestServiceRegion(t *testing.T) {
	e := world()
	p := own()
	p.ServiceRegion = "eu-central-1"
	e.Endpoints.Put(p)
	if r := find(e); len(r.Duplicates) != 0 {
		t.Errorf("found %+v", r.Duplicates)
	}
	p.ServiceRegion = region
	e.Endpoints.Put(p)
	if r := find(e); len(r.Duplicates) != 1 {
		t.Errorf("found %+v", r.Duplicates)
	}
}

func TestLike(t *testing.T) {
	for _, tt := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true}, {"", "a", false}, {"*", "", true}, {"**", "abc", true}, {"a*c", "abbc", true}, {"a*c", "abcd", false},
		{"*b*d", "abcbd", true}, {"?", "", false}, {"a?c", "abc", true}, {"abc", "ab", false}, {"a*", "a", true},
	} {
		if like(tt.pattern, tt.s) != tt.want {
			t.Errorf("%q like %q: %v", tt.s, tt.pattern, !tt.want)
		}
	}
	start := time.Now()
	if like(strings.Repeat("*a", 50)+"b", strings.Repeat("a", 5000)) {
		t.Error("no b is like a b")
	}
	if d := time.Since(start); d > 5*time.Second {
		t.Errorf("a match took %s", d)
	}
}

// TestScale: 1,000 consumer VPCs with 10 endpoints each in an organization of
// 200 accounts with 4,000 policies are judged in seconds.
func TestScale(t *testing.T) {
	e := world()
	e.Answers = estate.Table[estate.Answer]{}
	var shared, consumers []string
	put := func(account estate.AccountID, vpc string) {
		e.VPCs.Put(estate.VPC{ID: vpc, Account: account, Region: region, CIDRs: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}})
		for s := range 10 {
			p := own()
			p.ID, p.VPC, p.Account, p.Service, p.Names = fmt.Sprintf("vpce-%s-%d", vpc, s), vpc, account, fmt.Sprintf("com.amazonaws.eu-west-1.s%d", s), nil
			e.Endpoints.Put(p)
			if vpc == "vpc-0" {
				shared = append(shared, p.ID)
			}
		}
	}
	put(provider, "vpc-0")
	for n := range 1000 {
		vpc := fmt.Sprintf("vpc-%d", n+1)
		put(estate.AccountID(fmt.Sprintf("%012d", n%200)), vpc)
		consumers = append(consumers, vpc)
	}
	for n := range 4000 {
		e.Roles.Put(estate.Role{ARN: fmt.Sprintf("arn:%d", n), Trust: bucket(`{"StringEquals":{"aws:SourceVpc":"vpc-7"}}`).Document})
	}
	r := Find(Input{Estate: e, Shared: shared, Consumers: consumers, Prices: cost.Builtin()})
	blocked := 0
	for _, d := range r.Duplicates {
		if !d.Removable {
			blocked++
		}
	}
	if len(r.Duplicates) != 10000 || blocked != 10 || r.Monthly.String() != "160600.00" || r.Removable.String() != "160439.40" {
		t.Errorf("%d duplicates, %d blocked, %s a month, %s removable", len(r.Duplicates), blocked, r.Monthly, r.Removable)
	}
}
