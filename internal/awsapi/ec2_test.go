package awsapi

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// ec2Fake answers EC2 by action; an answer that begins with "!" is an error
// code. It notes the actions that it was asked for.
type ec2Fake struct {
	fake
	t       *testing.T
	actions []string
	answers map[string]func(url.Values) string
}

func newEC2(t *testing.T, answers map[string]func(url.Values) string) *ec2Fake {
	f := &ec2Fake{t: t, answers: answers}
	f.answer = func(r request) (int, string, error) {
		if strings.HasPrefix(r.URL.Host, "sts.") {
			return 200, assumed(start.Add(24 * time.Hour)), nil
		}
		action := r.form().Get("Action")
		f.actions = append(f.actions, action)
		answer := f.answers[action]
		if answer == nil {
			t.Errorf("unexpected %s", r.body)
			return 400, ec2Refused("Unexpected"), nil
		}
		body := answer(r.form())
		if code, ok := strings.CutPrefix(body, "!"); ok {
			return 400, ec2Refused(code), nil
		}
		return 200, "<" + action + "Response>" + body + "</" + action + "Response>", nil
	}
	return f
}

func ec2Refused(code string) string {
	return "<Response><Errors><Error><Code>" + code + "</Code><Message>text of " + code + "</Message></Error></Errors><RequestID>r</RequestID></Response>"
}

// always gives the same answer, inTurn one after the other and then the last again.
func always(body string) func(url.Values) string { return func(url.Values) string { return body } }

func inTurn(bodies ...string) func(url.Values) string {
	n := 0
	return func(url.Values) string {
		n++
		return bodies[min(n, len(bodies))-1]
	}
}

func (f *ec2Fake) writer(t *testing.T) (*Writer, *clock.Virtual) {
	s, c := over(t, &f.fake, nil)
	return s.Writer(nil), c
}

func objectStep(k plan.Kind, a plan.Action, id string, fields, before map[string][]string) plan.Step {
	return plan.Step{Address: "shares/x/it", Kind: k, Action: a, Account: account, Region: "eu-west-1", ID: id, Object: &plan.ObjectStep{Fields: fields, Before: before}}
}

const endpointXML = `<vpcEndpointId>vpce-1</vpcEndpointId><vpcEndpointType>Interface</vpcEndpointType><vpcId>vpc-1</vpcId><ownerId>222222222222</ownerId>
<serviceName>com.amazonaws.vpce.eu-west-1.vpce-svc-1</serviceName><state>available</state><privateDnsEnabled>true</privateDnsEnabled><networkInterfaceIdSet><item>eni-2</item><item>eni-1</item></networkInterfaceIdSet>
<subnetIdSet><item>subnet-1</item></subnetIdSet><groupSet><item><groupId>sg-1</groupId></item></groupSet><dnsEntrySet>
<item><dnsName>vpce-1-abc-eu-west-1b.vpce-svc-1.eu-west-1.vpce.amazonaws.com</dnsName><hostedZoneId>Z1</hostedZoneId></item>
<item><dnsName>vpce-1-abc.vpce-svc-1.eu-west-1.vpce.amazonaws.com</dnsName><hostedZoneId>Z1</hostedZoneId></item>
<item><dnsName>pay.example.com</dnsName><hostedZoneId>Z9</hostedZoneId></item></dnsEntrySet>`

// TestUnverifiedName: while the private name of a service is not verified, an
// endpoint waits for it; any other refusal with the same code is final.
func TestUnverifiedName(t *testing.T) {
	service := func(state string) string {
		return "<serviceDetailSet><item><serviceName>com.amazonaws.vpce.eu-west-1.vpce-svc-1</serviceName><owner>333333333333</owner><privateDnsName>pay.example.com</privateDnsName><privateDnsNameVerificationState>" + state + "</privateDnsNameVerificationState></item></serviceDetailSet>"
	}
	made := "<vpcEndpoint>" + endpointXML + "</vpcEndpoint>"
	tests := []struct {
		name    string
		creates []string
		state   string
		code    string // of the error
		waited  time.Duration
	}{
		{"verified meanwhile", []string{"!InvalidParameter", "!InvalidParameter", made}, "pendingVerification", "", 6 * time.Second},
		{"something else", []string{"!InvalidParameter"}, "verified", "InvalidParameter", 0},
		{"never", []string{"!InvalidParameter"}, "failed", "unverified-name", ec2Transition},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tokens := map[string]bool{}
			create := inTurn(tt.creates...)
			f := newEC2(t, map[string]func(url.Values) string{
				"CreateVpcEndpoint": func(v url.Values) string {
					tokens[v.Get("ClientToken")] = true
					if v.Get("TagSpecification.1.Tag.1.Value")+v.Get("TagSpecification.1.Tag.2.Value") != "shares/x/itacme" {
						t.Errorf("tags %v", v)
					}
					return create(v)
				},
				"DescribeVpcEndpointServices": always(service(tt.state)),
				"DescribeVpcEndpoints":        always("<vpcEndpointSet><item>" + endpointXML + "</item></vpcEndpointSet>"),
			})
			w, c := f.writer(t)
			got, err := w.Do(t.Context(), objectStep(plan.KindEndpoint, plan.Create, "", map[string][]string{
				"vpc": {"vpc-1"}, "service": {"com.amazonaws.vpce.eu-west-1.vpce-svc-1"}, "privateDNS": {plan.True}, "subnets": {"subnet-1"}, "groups": {"sg-1"},
			}, nil))
			code := Code(err)
			var d diag.Diagnostic
			if errors.As(err, &d) && code == "" {
				code = d.Code
				if !strings.Contains(d.Hint, "333333333333") || !strings.Contains(d.Summary, "pay.example.com") {
					t.Errorf("diagnostic %v", d)
				}
			}
			if code != tt.code || c.Now().Sub(start) < tt.waited || tt.waited == 0 && c.Now() != start {
				t.Errorf("%v after %s, want code %q after %s", err, c.Now().Sub(start), tt.code, tt.waited)
			}
			if err == nil && (got["name"][0] != "vpce-1-abc.vpce-svc-1.eu-west-1.vpce.amazonaws.com" || got["zone"][0] != "Z1") {
				t.Errorf("attributes %v", got)
			}
			if len(tokens) != 1 {
				t.Errorf("tokens %v: one request has one", tokens)
			}
		})
	}
}

// TestEndpointChanges: only what differs is sent.
func TestEndpointChanges(t *testing.T) {
	p := estate.Endpoint{ID: "vpce-1", Subnets: []string{"a", "b"}, Groups: []string{"g"}, PrivateDNS: true, Policy: `{"Version": "1"}`, IPType: "ipv4", DNSIPType: "ipv4"}
	in := endpointChanges(p, plan.ObjectStep{Fields: map[string][]string{
		"subnets": {"b", "c"}, "groups": {"g"}, "privateDNS": {plan.False}, "policy": {`{"Version":"1"}`}, "ipType": {"ipv4"}, "dnsIPType": {"dualstack"},
	}})
	if in == nil || !slices.Equal(in.AddSubnetIds, []string{"c"}) || !slices.Equal(in.RemoveSubnetIds, []string{"a"}) ||
		in.AddSecurityGroupIds != nil || in.PolicyDocument != nil || in.ResetPolicy != nil || in.IpAddressType != "" || *in.PrivateDnsEnabled || in.DnsOptions.DnsRecordIpType != "dualstack" {
		t.Errorf("%+v", in)
	}
	if in := endpointChanges(p, plan.ObjectStep{Fields: map[string][]string{"policy": {}}}); in == nil || in.ResetPolicy == nil {
		t.Errorf("a policy that is not wanted stays: %+v", in)
	}
	if in := endpointChanges(p, plan.ObjectStep{Fields: map[string][]string{"subnets": {"b", "a"}, "privateDNS": {plan.True}}}); in != nil {
		t.Errorf("nothing differs, and %+v is sent", in)
	}
}

// TestReadEndpoints: names in order, private names, addresses by zone.
func TestReadEndpoints(t *testing.T) {
	f := newEC2(t, map[string]func(url.Values) string{
		"DescribeVpcEndpoints": always("<vpcEndpointSet><item>" + endpointXML + "</item><item><vpcEndpointId>vpce-2</vpcEndpointId><vpcEndpointType>Interface</vpcEndpointType><serviceName>com.amazonaws.eu-west-1.ec2</serviceName><state>Pending</state></item></vpcEndpointSet>"),
		"DescribeNetworkInterfaces": always(`<networkInterfaceSet><item><networkInterfaceId>eni-2</networkInterfaceId><availabilityZone>eu-west-1b</availabilityZone><privateIpAddress>10.0.1.5</privateIpAddress></item>
<item><networkInterfaceId>eni-1</networkInterfaceId><availabilityZone>eu-west-1a</availabilityZone><privateIpAddress>10.0.0.5</privateIpAddress></item></networkInterfaceSet>`),
		"DescribeVpcEndpointServices": always(`<serviceDetailSet><item><serviceName>com.amazonaws.eu-west-1.ec2</serviceName><privateDnsName>ec2.eu-west-1.amazonaws.com</privateDnsName></item></serviceDetailSet>`),
	})
	s, _ := over(t, &f.fake, nil)
	var e estate.Estate
	e.Endpoints.Put(estate.Endpoint{ID: "vpce-old", Account: account, Region: "eu-west-1"})
	for _, k := range []estate.QueryKind{estate.QueryEndpoints, estate.QueryOffers} {
		patch, err := s.Reader(nil).Read(t.Context(), estate.Query{Kind: k, Account: account, Region: "eu-west-1"})
		if err != nil {
			t.Fatal(err)
		}
		patch(&e)
	}
	p, _ := e.Endpoints.Get("vpce-1")
	if len(p.Names) != 2 || p.Names[0].AZ != "" || p.Names[1].AZ != "eu-west-1b" || len(p.Addresses) != 2 || p.Addresses[0].Interface != "eni-1" {
		t.Errorf("%+v", p)
	}
	if !slices.Equal(p.PrivateNames, []dnsname.Name{dnsname.MustParse("pay.example.com")}) {
		t.Errorf("private names %v", p.PrivateNames)
	}
	p, _ = e.Endpoints.Get("vpce-2")
	if p.State != estate.EndpointPending || len(p.PrivateNames) != 1 {
		t.Errorf("an endpoint with private DNS off has the names of its service: %+v", p)
	}
	if e.Endpoints.Len() != 2 {
		t.Error("what is gone stays")
	}
}

// TestServiceLedger: the ledger lists a principal before it is let in, and until
// it is out.
func TestServiceLedger(t *testing.T) {
	allowed := []string{"arn:a", "arn:others"}
	ledger := ""
	f := newEC2(t, map[string]func(url.Values) string{
		"DescribeVpcEndpointServiceConfigurations": func(url.Values) string {
			return "<serviceConfigurationSet><item><serviceId>vpce-svc-1</serviceId><serviceName>n</serviceName><serviceState>Available</serviceState><acceptanceRequired>true</acceptanceRequired><networkLoadBalancerArnSet><item>nlb</item></networkLoadBalancerArnSet></item></serviceConfigurationSet>"
		},
		"DescribeVpcEndpointServicePermissions": func(url.Values) string {
			out := "<allowedPrincipals>"
			for _, p := range allowed {
				out += "<item><principal>" + p + "</principal></item>"
			}
			return out + "</allowedPrincipals>"
		},
		"CreateTags": func(v url.Values) string { ledger = v.Get("Tag.1.Value"); return "<return>true</return>" },
		"ModifyVpcEndpointServicePermissions": func(v url.Values) string {
			if ledger != plan.MemberTags(plan.TagMembers, []string{"arn:a", "arn:b"})[plan.TagMembers] {
				t.Errorf("the ledger is %q when principals change", ledger)
			}
			if v.Get("AddAllowedPrincipals.1") != "arn:b" || v.Get("RemoveAllowedPrincipals.1") != "arn:a" || v.Get("RemoveAllowedPrincipals.2") != "" {
				t.Errorf("permissions %v", v)
			}
			allowed = []string{"arn:b", "arn:others"}
			return "!InternalThing" // the change was made, and its answer lost
		},
	})
	w, _ := f.writer(t)
	step := objectStep(plan.KindEndpointService, plan.Update, "vpce-svc-1",
		map[string][]string{"principals": {"arn:b"}, "loadBalancers": {"nlb"}, "acceptance": {plan.True}},
		map[string][]string{"principals": {"arn:a"}})
	if _, err := w.Do(t.Context(), step); err != nil {
		t.Fatal(err)
	}
	if ledger != plan.MemberTags(plan.TagMembers, []string{"arn:b"})[plan.TagMembers] {
		t.Errorf("in the end the ledger is %q", ledger)
	}
	if slices.Contains(f.actions, "ModifyVpcEndpointServiceConfiguration") {
		t.Error("what is as wanted was changed")
	}
}

const routeTableXML = `<routeTableSet><item><routeTableId>rtb-1</routeTableId><ownerId>222222222222</ownerId><routeSet>
<item><destinationCidrBlock>10.1.0.0/16</destinationCidrBlock><transitGatewayId>tgw-1</transitGatewayId></item>
<item><destinationCidrBlock>10.2.0.0/16</destinationCidrBlock><natGatewayId>nat-1</natGatewayId></item></routeSet></item></routeTableSet>`

// TestRoutes: the ledger is written first and cleared last; a route that leads
// elsewhere meanwhile is nobody's to delete; what is done is not done again.
func TestRoutes(t *testing.T) {
	f := newEC2(t, map[string]func(url.Values) string{
		"DescribeRouteTables": always(routeTableXML),
		"CreateTags":          always("<return>true</return>"),
		"DeleteTags":          always("<return>true</return>"),
		"CreateRoute":         inTurn("!InvalidTransitGatewayID.NotFound", "<return>true</return>"),
		"DeleteRoute": func(v url.Values) string {
			if v.Get("DestinationCidrBlock") != "10.1.0.0/16" {
				t.Errorf("deletes %s", v.Get("DestinationCidrBlock"))
			}
			return "!InvalidRoute.NotFound"
		},
	})
	w, _ := f.writer(t)
	fields := map[string][]string{"table": {"rtb-1"}, "routes": {"10.1.0.0/16 tgw-1", "10.3.0.0/16 tgw-1"}}
	if _, err := w.Do(t.Context(), objectStep(plan.KindRoutes, plan.Create, "", fields, nil)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"DescribeRouteTables", "CreateTags", "CreateRoute", "CreateRoute"}; !slices.Equal(f.actions, want) {
		t.Errorf("calls %v, want %v", f.actions, want)
	}
	f.actions = nil
	gone := map[string][]string{"table": {"rtb-1"}, "routes": {"10.1.0.0/16 tgw-1", "10.2.0.0/16 tgw-1"}}
	f.answers["DescribeRouteTables"] = always(strings.Replace(routeTableXML, "</routeSet>", "</routeSet><tagSet><item><key>"+plan.RoutesTag("acme")+"</key><value>x</value></item></tagSet>", 1))
	if _, err := w.Do(t.Context(), objectStep(plan.KindRoutes, plan.Delete, "routes/rtb-1", gone, gone)); err != nil {
		t.Fatal(err)
	}
	if want := []string{"DescribeRouteTables", "DeleteRoute", "DeleteTags"}; !slices.Equal(f.actions, want) {
		t.Errorf("calls %v, want %v", f.actions, want)
	}
	f.answers["CreateRoute"] = always("!RouteAlreadyExists")
	taken := map[string][]string{"table": {"rtb-1"}, "routes": {"10.2.0.0/16 tgw-1"}}
	if _, err := w.Do(t.Context(), objectStep(plan.KindRoutes, plan.Create, "", taken, nil)); Code(err) != "RouteAlreadyExists" {
		t.Errorf("a route of somebody else's: %v", err)
	}
}

// TestFullSecurityGroup: where a group has no room for what comes beside what
// goes, rules are exchanged one by one, and every consumer is admitted all the
// time.
func TestFullSecurityGroup(t *testing.T) {
	const room = 5
	var consumers []netip.Addr
	for _, c := range []string{"10.0.0.1", "10.1.0.1", "10.2.0.1", "10.3.0.1", "10.4.0.1", "10.7.0.1", "10.8.0.1"} {
		consumers = append(consumers, netip.MustParseAddr(c))
	}
	before := []string{"10.0.0.0/16", "10.1.0.0/16", "10.2.0.0/15", "10.4.0.0/16", "10.6.0.0/15"} // and nobody of 10.8
	after := []string{"10.0.0.0/15", "10.2.0.0/16", "10.3.0.0/16", "10.4.0.0/14", "10.8.0.0/16"}  // joined, taken apart, joined, new
	rules := map[string]bool{}
	for _, r := range before {
		rules[r] = true
	}
	named := func(v url.Values) []string {
		var out []string
		for i := 1; v.Get(fmt.Sprintf("IpPermissions.1.IpRanges.%d.CidrIp", i)) != ""; i++ {
			out = append(out, v.Get(fmt.Sprintf("IpPermissions.1.IpRanges.%d.CidrIp", i)))
		}
		return out
	}
	f := newEC2(t, map[string]func(url.Values) string{
		"DescribeSecurityGroups": func(url.Values) string {
			var list strings.Builder
			for _, r := range slices.Sorted(maps.Keys(rules)) {
				fmt.Fprintf(&list, "<item><cidrIp>%s</cidrIp></item>", r)
			}
			return `<securityGroupInfo><item><groupId>sg-1</groupId><groupName>orgdns-x</groupName><ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort>
<ipRanges>` + list.String() + `</ipRanges></item></ipPermissions></item></securityGroupInfo>`
		},
		"AuthorizeSecurityGroupIngress": func(v url.Values) string {
			if len(rules)+len(named(v)) > room {
				return "!RulesPerSecurityGroupLimitExceeded"
			}
			for _, r := range named(v) {
				rules[r] = true
			}
			return "<return>true</return>"
		},
		"RevokeSecurityGroupIngress": func(v url.Values) string {
			for _, r := range named(v) {
				delete(rules, r)
			}
			for _, c := range consumers[:len(consumers)-1] {
				if !slices.ContainsFunc(slices.Collect(maps.Keys(rules)), func(r string) bool { return netip.MustParsePrefix(r).Contains(c) }) {
					t.Errorf("%s is kept out", c)
				}
			}
			return "<return>true</return>"
		},
	})
	w, _ := f.writer(t)
	ingress := func(list []string) map[string][]string {
		out := map[string][]string{"vpc": {"vpc-1"}, "name": {"orgdns-x"}, "description": {"d"}}
		for _, r := range list {
			out["ingress"] = append(out["ingress"], "tcp 443 "+r)
		}
		return out
	}
	if _, err := w.Do(t.Context(), objectStep(plan.KindSecurityGroup, plan.Update, "sg-1", ingress(after), ingress(before))); err == nil {
		t.Error("a group that is full admits no other rule")
	}
	delete(rules, "10.6.0.0/15") // room for one more
	before, consumers = slices.DeleteFunc(before, func(r string) bool { return r == "10.6.0.0/15" }), slices.DeleteFunc(consumers, func(c netip.Addr) bool { return c.String() == "10.7.0.1" })
	if _, err := w.Do(t.Context(), objectStep(plan.KindSecurityGroup, plan.Update, "sg-1", ingress(after), ingress(before))); err != nil {
		t.Fatal(err)
	}
	if got := slices.Sorted(maps.Keys(rules)); !slices.Equal(got, after) {
		t.Errorf("the group has %v, want %v", got, after)
	}
}

// TestSecurityGroup: one that was made before is found by its mark; rules are
// revoked with the ports that they have, and only what lacks is admitted.
func TestSecurityGroup(t *testing.T) {
	f := newEC2(t, map[string]func(url.Values) string{
		"CreateSecurityGroup": always("!InvalidGroup.Duplicate"),
		"DescribeSecurityGroups": always(`<securityGroupInfo><item><groupId>sg-1</groupId><groupName>orgdns-x</groupName><ipPermissions><item><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>8443</toPort>
<ipRanges><item><cidrIp>10.9.0.0/16</cidrIp></item></ipRanges></item><item><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort><toPort>443</toPort><ipRanges><item><cidrIp>10.1.0.0/16</cidrIp></item></ipRanges></item></ipPermissions></item></securityGroupInfo>`),
		"AuthorizeSecurityGroupIngress": func(v url.Values) string {
			if v.Get("IpPermissions.1.IpRanges.1.CidrIp") != "10.2.0.0/16" || v.Get("IpPermissions.1.IpRanges.2.CidrIp") != "10.3.0.0/16" || v.Get("IpPermissions.1.Ipv6Ranges.1.CidrIpv6") != "2001:db8::/56" {
				t.Errorf("admits %v", v)
			}
			return "<return>true</return>"
		},
		"RevokeSecurityGroupIngress": func(v url.Values) string {
			if v.Get("IpPermissions.1.ToPort") != "8443" || v.Get("IpPermissions.2.ToPort") != "" {
				t.Errorf("revokes %v", v)
			}
			return "<return>true</return>"
		},
		"DeleteSecurityGroup": inTurn("!DependencyViolation", "!InvalidGroup.NotFound"),
	})
	w, c := f.writer(t)
	fields := map[string][]string{"vpc": {"vpc-1"}, "name": {"orgdns-x"}, "description": {"d"},
		"ingress": {"tcp 443 10.3.0.0/16", "tcp 443 10.1.0.0/16", "tcp 443 10.2.0.0/16", "tcp 443 2001:db8::/56"}}
	got, err := w.Do(t.Context(), objectStep(plan.KindSecurityGroup, plan.Create, "", fields, map[string][]string{"ingress": {"tcp 443 10.9.0.0/16"}}))
	if err != nil || got["id"][0] != "sg-1" {
		t.Fatalf("%v %v", got, err)
	}
	if f.count("Action=AuthorizeSecurityGroupIngress") != 1 || f.count("Action=RevokeSecurityGroupIngress") != 1 {
		t.Errorf("calls %v", f.actions)
	}
	if _, err := w.Do(t.Context(), objectStep(plan.KindSecurityGroup, plan.Delete, "sg-1", fields, fields)); err != nil || c.Now() == start {
		t.Errorf("a group in use is waited for: %v", err)
	}
}

const attachmentXML = `<transitGatewayVpcAttachments><item><transitGatewayAttachmentId>tgw-attach-1</transitGatewayAttachmentId><transitGatewayId>tgw-1</transitGatewayId><vpcId>vpc-1</vpcId>
<vpcOwnerId>222222222222</vpcOwnerId><state>STATE</state><tagSet><item><key>Side</key><value>SEEN</value></item></tagSet></item></transitGatewayVpcAttachments>`

func attachmentIn(state, seen string) string {
	return strings.NewReplacer("STATE", state, "SEEN", seen).Replace(attachmentXML)
}

// TestTransitAttachment: a gateway that was just shared is waited for; an
// attachment whose answer was lost is found by its mark, somebody else's is not.
func TestTransitAttachment(t *testing.T) {
	fields := map[string][]string{"gateway": {"tgw-1"}, "vpc": {"vpc-1"}, "subnets": {"subnet-1"}}
	step := objectStep(plan.KindTransitAttachment, plan.Create, "", fields, nil)
	for _, tt := range []struct{ found, id, code string }{
		{attachmentIn("pendingAcceptance", ""), "tgw-attach-1", ""},
		{attachmentIn("deleted", ""), "", "DuplicateTransitGatewayAttachment"},
	} {
		f := newEC2(t, map[string]func(url.Values) string{
			"CreateTransitGatewayVpcAttachment":    inTurn("!InvalidTransitGatewayID.NotFound", "!DuplicateTransitGatewayAttachment"),
			"DescribeTransitGatewayVpcAttachments": always(tt.found),
		})
		w, _ := f.writer(t)
		got, err := w.Do(t.Context(), step)
		if Code(err) != tt.code || err == nil && got["id"][0] != tt.id {
			t.Errorf("%v %v, want %s %q", got, err, tt.id, tt.code)
		}
		if err == nil {
			if settled, err := w.Settled(t.Context(), step, got); settled || err != nil {
				t.Errorf("one that waits to be accepted is settled: %v", err)
			}
		}
	}
}

// TestTransitAcceptance: marked, then accepted, then routed once it is in
// service.
func TestTransitAcceptance(t *testing.T) {
	f := newEC2(t, map[string]func(url.Values) string{
		"DescribeTransitGatewayVpcAttachments": inTurn(attachmentIn("pendingAcceptance", ""), attachmentIn("pending", ""), attachmentIn("available", "")),
		"CreateTags": func(v url.Values) string {
			if v.Get("Tag.1.Key")+v.Get("Tag.2.Key")+v.Get("Tag.3.Key") != "orgdns:accepted-addressorgdns:accepted-ownerorgdns:accepted-tables" {
				t.Errorf("marks and ledger %v", v)
			}
			return "<return>true</return>"
		},
		"AcceptTransitGatewayVpcAttachment":         always(""),
		"DescribeTransitGatewayAttachments":         always(""),
		"AssociateTransitGatewayRouteTable":         always(""),
		"EnableTransitGatewayRouteTablePropagation": always("!TransitGatewayRouteTablePropagation.Duplicate"),
	})
	w, _ := f.writer(t)
	fields := map[string][]string{"attachment": {"tgw-attach-1"}, "association": {"tgw-rtb-1"}, "propagation": {"tgw-rtb-2"}}
	if _, err := w.Do(t.Context(), objectStep(plan.KindTransitAcceptance, plan.Create, "", fields, nil)); err != nil {
		t.Fatal(err)
	}
	d := "DescribeTransitGatewayVpcAttachments"
	want := []string{d, "CreateTags", "AcceptTransitGatewayVpcAttachment", d, d, "DescribeTransitGatewayAttachments", "AssociateTransitGatewayRouteTable", "EnableTransitGatewayRouteTablePropagation"}
	if !slices.Equal(f.actions, want) {
		t.Errorf("calls %v, want %v", f.actions, want)
	}
	f.answers["DisableTransitGatewayRouteTablePropagation"] = always("!TransitGatewayRouteTablePropagation.NotFound")
	f.answers["DisassociateTransitGatewayRouteTable"] = always("!InvalidTransitGatewayAttachmentID.NotFound")
	f.answers["DeleteTags"] = always("!InvalidTransitGatewayAttachmentID.NotFound")
	if _, err := w.Do(t.Context(), objectStep(plan.KindTransitAcceptance, plan.Delete, "accepted/tgw-attach-1", fields, fields)); err != nil {
		t.Errorf("what is gone is not let go: %v", err)
	}
}

// TestReadAttachments: each side's read keeps what only the other sees.
func TestReadAttachments(t *testing.T) {
	const hub = estate.AccountID("111111111111")
	seen := ""
	f := newEC2(t, map[string]func(url.Values) string{
		"DescribeTransitGatewayVpcAttachments": func(url.Values) string { return attachmentIn("available", seen) },
		"DescribeTransitGatewayAttachments": func(url.Values) string {
			return "<transitGatewayAttachments><item><transitGatewayAttachmentId>tgw-attach-1</transitGatewayAttachmentId><transitGatewayOwnerId>111111111111</transitGatewayOwnerId><association><state>associated</state><transitGatewayRouteTableId>tgw-rtb-1</transitGatewayRouteTableId></association><tagSet><item><key>Side</key><value>" + seen + "</value></item></tagSet></item></transitGatewayAttachments>"
		},
	})
	f.fake.answer = answerAlso(f.fake.answer)
	s, _ := over(t, &f.fake, func(o *Options) { o.Accounts[hub] = Access{} })
	var e estate.Estate
	for range 2 {
		for who, side := range map[estate.AccountID]string{hub: "hub", account: "spoke"} {
			seen = side
			patch, err := s.Reader(nil).Read(t.Context(), estate.Query{Kind: estate.QueryTransitAttachments, Account: who, Region: "eu-west-1"})
			if err != nil {
				t.Fatal(err)
			}
			patch(&e)
		}
	}
	a, _ := e.TransitAttachments.Get("tgw-attach-1")
	if a.Tags["Side"] != "spoke" || a.OwnerTags["Side"] != "hub" || a.Table != "tgw-rtb-1" || a.Owner != hub || a.Account != account {
		t.Errorf("%+v", a)
	}
}

// answerAlso lets the caller's identity be asked for.
func answerAlso(answer func(request) (int, string, error)) func(request) (int, string, error) {
	return func(r request) (int, string, error) {
		if r.form().Get("Action") == "GetCallerIdentity" {
			return 200, identified, nil
		}
		return answer(r)
	}
}

// TestVerification: started again when AWS did not find the record, and given up
// with the record that is missing.
func TestVerification(t *testing.T) {
	f := newEC2(t, map[string]func(url.Values) string{
		"DescribeVpcEndpointServiceConfigurations": always(`<serviceConfigurationSet><item><serviceId>vpce-svc-1</serviceId><serviceState>Available</serviceState><privateDnsName>*.pay.example.com</privateDnsName>
<privateDnsNameConfiguration><state>failed</state><name>_abc</name><value>vpce:xyz</value></privateDnsNameConfiguration></item></serviceConfigurationSet>`),
		"StartVpcEndpointServicePrivateDnsVerification": always("<return>true</return>"),
	})
	w, _ := f.writer(t)
	step := objectStep(plan.KindVerification, plan.Create, "", map[string][]string{"service": {"vpce-svc-1"}}, nil)
	if _, err := w.Do(t.Context(), step); err != nil {
		t.Fatal(err)
	}
	for range maxVerifications {
		if ok, err := w.Settled(t.Context(), step, nil); ok || err != nil {
			t.Fatalf("%v %v", ok, err)
		}
	}
	_, err := w.Settled(t.Context(), step, nil)
	if err == nil || !strings.Contains(err.Error(), `_abc.pay.example.com with "vpce:xyz"`) {
		t.Errorf("given up with %v", err)
	}
	if n := f.count("Action=StartVpcEndpointServicePrivateDnsVerification"); n != 1+maxVerifications {
		t.Errorf("started %d times", n)
	}
}

// TestDeletions: what is gone is deleted; a service in use is waited for.
func TestDeletions(t *testing.T) {
	item := func(code string) string {
		return "<unsuccessful><item><resourceId>x</resourceId><error><code>" + code + "</code><message>m</message></error></item></unsuccessful>"
	}
	f := newEC2(t, map[string]func(url.Values) string{
		"DeleteVpcEndpoints":                     always(item("InvalidVpcEndpoint.NotFound")),
		"DescribeVpcEndpoints":                   always("!InvalidVpcEndpointId.NotFound"),
		"DeleteVpcEndpointServiceConfigurations": inTurn(item("ExistingVpcEndpointConnections"), "<unsuccessful/>"),
		"DeleteTransitGatewayVpcAttachment":      always("!InvalidTransitGatewayAttachmentID.NotFound"),
		"DescribeRouteTables":                    always("!InvalidRouteTableID.NotFound"),
	})
	w, _ := f.writer(t)
	for k, id := range map[plan.Kind]string{plan.KindEndpoint: "vpce-1", plan.KindEndpointService: "vpce-svc-1", plan.KindTransitAttachment: "tgw-attach-1", plan.KindRoutes: "routes/rtb-1"} {
		if _, err := w.Do(t.Context(), objectStep(k, plan.Delete, id, map[string][]string{"table": {"rtb-1"}}, nil)); err != nil {
			t.Errorf("%s: %v", k, err)
		}
	}
	if n := f.count("Action=DeleteVpcEndpointServiceConfigurations"); n != 2 {
		t.Errorf("%d tries to delete a service in use", n)
	}
	if ok, err := w.Settled(t.Context(), objectStep(plan.KindEndpoint, plan.Delete, "vpce-1", nil, nil), nil); !ok || err != nil {
		t.Errorf("one that is gone is not settled: %v", err)
	}
}
