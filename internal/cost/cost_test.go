package cost

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
)

var regions = []estate.Region{"eu-west-1", "eu-central-1"}

const hub estate.AccountID = "100000000000"

// organization is 1,000 consumer VPCs in 200 accounts, half of them in each of
// two Regions, 10 services in 2 zones: own, or shared by a Profile or rules over
// a Transit Gateway.
func organization(via Via) (e estate.Estate, consumers []string) {
	set := func(account estate.AccountID, r estate.Region, vpc string) {
		for s := range 10 {
			e.Endpoints.Put(estate.Endpoint{
				ID: fmt.Sprintf("vpce-%s-%d", vpc, s), Account: account, Region: r, VPC: vpc, Type: estate.EndpointInterface,
				Service: fmt.Sprintf("com.amazonaws.%s.s%d", r, s), State: estate.EndpointAvailable, Subnets: []string{"a", "b"},
			})
		}
	}
	attach := func(account estate.AccountID, r estate.Region, vpc string) {
		e.TransitAttachments.Put(estate.TransitAttachment{
			ID: "tgw-attach-" + vpc, Gateway: "tgw-" + string(r), Owner: hub, Account: account, Region: r, VPC: vpc, State: estate.AttachmentAvailable,
		})
	}
	for _, r := range regions {
		profile, rule := "rp-"+string(r), "rslvr-rr-"+string(r)
		if via != ViaOwn {
			set(hub, r, "hub-"+string(r))
			attach(hub, r, "hub-"+string(r))
		}
		switch via {
		case ViaProfile:
			e.Profiles.Put(estate.Profile{ID: profile, Account: hub, Region: r})
		case ViaResolver:
			e.ResolverRules.Put(estate.ResolverRule{ID: rule, Account: hub, Region: r, Type: estate.RuleForward})
			for _, d := range []string{estate.EndpointInbound, estate.EndpointOutbound} {
				e.ResolverEndpoints.Put(estate.ResolverEndpoint{
					ID: d + string(r), Account: hub, Region: r, Direction: d, Status: estate.StatusOperational, Addresses: make([]estate.ResolverAddress, 2),
				})
			}
		}
		for n := range 500 {
			vpc, account := fmt.Sprintf("vpc-%s-%03d", r, n), estate.AccountID(fmt.Sprintf("%012d", n%200))
			consumers = append(consumers, vpc)
			e.VPCs.Put(estate.VPC{ID: vpc, Account: account, Region: r})
			switch via {
			case ViaOwn:
				set(account, r, vpc)
				continue
			case ViaProfile:
				e.ProfileAssociations.Put(estate.ProfileAssociation{ID: "rpassoc-" + vpc, Profile: profile, VPC: vpc, Account: account, Region: r, Status: estate.StatusComplete})
			case ViaResolver:
				e.RuleAssociations.Put(estate.RuleAssociation{ID: "rslvr-rrassoc-" + vpc, Rule: rule, VPC: vpc, Account: account, Region: r})
			}
			attach(account, r, vpc)
		}
	}
	return e, consumers
}

func rows(b Bill) string {
	var out strings.Builder
	for _, r := range b.Rows() {
		fmt.Fprintln(&out, strings.Join(slices.Delete(r, 5, 6), " | "))
	}
	return out.String() + "total " + b.Total.String()
}

var assumed = Traffic{GB: 100, Queries: 3}

// TestOrganization shows the sums of the organization of the task, from its
// estate and from its numbers.
func TestOrganization(t *testing.T) {
	bills := map[Via]Bill{}
	for _, tt := range []struct {
		via  Via
		want string
	}{
		{ViaOwn, `
interface endpoints |  | eu-central-1 | 10000 | 7300000 | 0.012 | 87600.00
interface endpoints |  | eu-west-1 | 10000 | 7300000 | 0.011 | 80300.00
data through interface endpoints |  | eu-central-1 | 50000 | 50000 | 0.01 | 500.00
data through interface endpoints |  | eu-west-1 | 50000 | 50000 | 0.01 | 500.00
total 168900.00`},
		{ViaProfile, `
interface endpoints |  | eu-central-1 | 20 | 14600 | 0.012 | 175.20
interface endpoints |  | eu-west-1 | 20 | 14600 | 0.011 | 160.60
data through interface endpoints |  | eu-central-1 | 50000 | 50000 | 0.01 | 500.00
data through interface endpoints |  | eu-west-1 | 50000 | 50000 | 0.01 | 500.00
Route 53 Profiles |  | eu-central-1 | 1 | 730 | 0.75 | 547.50
Route 53 Profiles |  | eu-west-1 | 1 | 730 | 0.75 | 547.50
VPCs with a Route 53 Profile |  | eu-central-1 | 100 | 73000 | 0.00 | 0.00
VPCs with a Route 53 Profile |  | eu-central-1 | 400 | 292000 | 0.0014 | 408.80
VPCs with a Route 53 Profile |  | eu-west-1 | 100 | 73000 | 0.00 | 0.00
VPCs with a Route 53 Profile |  | eu-west-1 | 400 | 292000 | 0.0014 | 408.80
Transit Gateway attachments |  | eu-central-1 | 501 | 365730 | 0.06 | 21943.80
Transit Gateway attachments |  | eu-west-1 | 501 | 365730 | 0.05 | 18286.50
data through Transit Gateways |  | eu-central-1 | 50000 | 50000 | 0.02 | 1000.00
data through Transit Gateways |  | eu-west-1 | 50000 | 50000 | 0.02 | 1000.00
total 45478.70`},
		{ViaResolver, `
interface endpoints |  | eu-central-1 | 20 | 14600 | 0.012 | 175.20
interface endpoints |  | eu-west-1 | 20 | 14600 | 0.011 | 160.60
data through interface endpoints |  | eu-central-1 | 50000 | 50000 | 0.01 | 500.00
data through interface endpoints |  | eu-west-1 | 50000 | 50000 | 0.01 | 500.00
Resolver endpoints |  | eu-central-1 | 4 | 2920 | 0.125 | 365.00
Resolver endpoints |  | eu-west-1 | 4 | 2920 | 0.125 | 365.00
queries through Resolver endpoints |  | eu-central-1 | 1000 | 1000 | 0.40 | 400.00
queries through Resolver endpoints |  | eu-central-1 | 2000 | 2000 | 0.20 | 400.00
queries through Resolver endpoints |  | eu-west-1 | 1000 | 1000 | 0.40 | 400.00
queries through Resolver endpoints |  | eu-west-1 | 2000 | 2000 | 0.20 | 400.00
Transit Gateway attachments |  | eu-central-1 | 501 | 365730 | 0.06 | 21943.80
Transit Gateway attachments |  | eu-west-1 | 501 | 365730 | 0.05 | 18286.50
data through Transit Gateways |  | eu-central-1 | 50000 | 50000 | 0.02 | 1000.00
data through Transit Gateways |  | eu-west-1 | 50000 | 50000 | 0.02 | 1000.00
total 45896.10`},
	} {
		e, consumers := organization(tt.via)
		bill, err := Builtin().Of(e, consumers, assumed)
		if err != nil {
			t.Fatal(err)
		}
		bills[tt.via] = bill
		if got := "\n" + rows(bill.Summary()); got != tt.want {
			t.Errorf("%s: %s\nwant %s", tt.via, got, tt.want)
		}
		if bill.Summary().Total != bill.Total {
			t.Errorf("%s: the summary comes to %s, the bill to %s", tt.via, bill.Summary().Total, bill.Total)
		}
		numbers, err := Builtin().OfDesign(Design{Regions: regions, Via: tt.via, Services: 10, Zones: 2, VPCs: 1000, Network: NetworkTransit, Traffic: assumed})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := rows(numbers), rows(bill.Summary()); got != want {
			t.Errorf("%s: the design's bill is not the estate's:\n%s\nwant\n%s", tt.via, got, want)
		}
	}
	for via, want := range map[Via]string{
		ViaProfile:  "saves 123421.30 USD a month: 168900.00 before, 45478.70 after",
		ViaResolver: "saves 123003.90 USD a month: 168900.00 before, 45896.10 after",
	} {
		if got := Compare(bills[ViaOwn], bills[via]).String(); got != want {
			t.Errorf("%s %s, want %s", via, got, want)
		}
	}
	if n := len(bills[ViaOwn].Lines); n != 200*2+2 {
		t.Errorf("%d lines for 200 accounts in 2 Regions", n)
	}
}

// TestNegative: three VPCs with one service do not pay for a Profile.
func TestNegative(t *testing.T) {
	own := Design{Regions: []estate.Region{"us-east-1"}, Via: ViaOwn, Services: 1, Zones: 2, VPCs: 3, Network: NetworkPeering, Traffic: Traffic{GB: 10, CrossZone: 5}}
	shared := own
	shared.Via = ViaProfile
	before, err := Builtin().OfDesign(own)
	if err != nil {
		t.Fatal(err)
	}
	after, err := Builtin().OfDesign(shared)
	if err != nil {
		t.Fatal(err)
	}
	c := Compare(before, after)
	// 6 x 7.30 + 0.30 before; 2 x 7.30 + 0.30 + 547.50 + 30 GB x 0.01 after.
	if want := "costs 518.60 USD a month more: 44.10 before, 562.70 after"; c.String() != want {
		t.Errorf("%s, want %s", c, want)
	}
	got := map[Item]string{}
	for _, i := range c.Items {
		got[i.Item] = i.Saving.String()
	}
	if want := map[Item]string{
		EndpointHour: "29.20", EndpointGB: "0.00", ProfileHour: "-547.50", ProfileVPCHour: "0.00", CrossZoneGB: "-0.30",
	}; !reflect.DeepEqual(got, want) {
		t.Errorf("savings %v, want %v", got, want)
	}
	if same := Compare(before, before).String(); same != "saves nothing: 44.10 USD a month before and after" {
		t.Error(same)
	}
}

// TestNetworks: where the consumers are attached already, attachments stand on
// both sides, and the saving grows by them.
func TestNetworks(t *testing.T) {
	for network, want := range map[Network]string{
		// 6 x 7.30 own; 2 x 7.30 + 547.50 shared, and attachments of 36.50 each.
		NetworkPeering:  "costs 518.30 USD a month more: 43.80 before, 562.10 after",
		NetworkAttached: "costs 554.80 USD a month more: 153.30 before, 708.10 after",
		NetworkTransit:  "costs 664.30 USD a month more: 43.80 before, 708.10 after",
	} {
		r, err := Builtin().OfNumbers(Design{Regions: []estate.Region{"us-east-1"}, Services: 1, Zones: 2, VPCs: 3, Network: network})
		if err != nil {
			t.Fatal(err)
		}
		if s := r.Comparisons[0]; s.From != ViaOwn || s.To != ViaProfile || s.String() != want {
			t.Errorf("%s: from %s to %s %s, want %s", network, s.From, s.To, s, want)
		}
	}
	r, err := Builtin().OfNumbers(Design{Regions: regions, Services: 1, Zones: 7, VPCs: 5, Network: NetworkPeering})
	if err != nil {
		t.Fatal(err)
	}
	own, resolver := r.Options[0].Bill, r.Options[2].Bill
	if own.Lines[0].Count != 3*7 || own.Lines[1].Count != 2*7 {
		t.Errorf("5 VPCs are spread as %d and %d endpoint zones", own.Lines[0].Count, own.Lines[1].Count)
	}
	for _, l := range resolver.Lines {
		if l.Item == ResolverHour && l.Count != 12 {
			t.Errorf("%d addresses of Resolver endpoints in 7 zones, want 6 each", l.Count)
		}
	}
}

// TestCounted: what is paid for and what is not.
func TestCounted(t *testing.T) {
	endpoint := estate.Endpoint{ID: "vpce-1", Account: "1", Region: "us-east-1", VPC: "v", Type: estate.EndpointInterface, State: estate.EndpointAvailable, Subnets: []string{"a", "b", "c"}}
	attachment := estate.TransitAttachment{ID: "tgw-attach-1", Account: "1", Region: "us-east-1", VPC: "v", State: estate.AttachmentAvailable}
	with := func(change func(*estate.Endpoint)) func(*estate.Estate) {
		p := endpoint
		change(&p)
		return func(e *estate.Estate) { e.Endpoints.Put(p) }
	}
	state := func(s string) func(*estate.Estate) {
		a := attachment
		a.State = s
		return func(e *estate.Estate) { e.TransitAttachments.Put(a) }
	}
	for _, tt := range []struct {
		what string
		put  func(*estate.Estate)
		want string // total
	}{
		{"an endpoint in three zones", with(func(*estate.Endpoint) {}), "21.90"},
		{"one whose subnets were not read", with(func(p *estate.Endpoint) { p.Subnets, p.Addresses = nil, make([]estate.EndpointAddress, 2) }), "14.60"},
		{"one that waits to be accepted", with(func(p *estate.Endpoint) { p.State = estate.EndpointPendingAcceptance }), "21.90"},
		{"one that goes", with(func(p *estate.Endpoint) { p.State = estate.EndpointDeleting }), "0.00"},
		{"a service's own", with(func(p *estate.Endpoint) { p.Requester = true }), "0.00"},
		{"a gateway endpoint", with(func(p *estate.Endpoint) { p.Type = estate.EndpointGateway }), "0.00"},
		{"another type", with(func(p *estate.Endpoint) { p.Type = "GatewayLoadBalancer" }), "0.00"},
		{"an attachment", state(estate.AttachmentAvailable), "36.50"},
		{"one not accepted", state(estate.AttachmentPendingAcceptance), "0.00"},
		{"one deleted", state(estate.AttachmentDeleted), "0.00"},
		{"a VPC with somebody's Profile", func(e *estate.Estate) {
			e.ProfileAssociations.Put(estate.ProfileAssociation{ID: "a", Profile: "rp-1", VPC: "v", Region: "us-east-1", Status: estate.StatusComplete})
		}, "547.50"},
		{"one that failed", func(e *estate.Estate) {
			e.ProfileAssociations.Put(estate.ProfileAssociation{ID: "a", Profile: "rp-1", VPC: "v", Region: "us-east-1", Status: estate.StatusFailed})
		}, "0.00"},
		{"a Resolver endpoint", func(e *estate.Estate) {
			e.ResolverEndpoints.Put(estate.ResolverEndpoint{ID: "r", Region: "us-east-1", Status: estate.StatusOperational, Addresses: make([]estate.ResolverAddress, 3)})
		}, "273.75"},
	} {
		var e estate.Estate
		tt.put(&e)
		bill, err := Builtin().Of(e, nil, Traffic{})
		if err != nil || bill.Total.String() != tt.want {
			t.Errorf("%s costs %s, %v; want %s", tt.what, bill.Total, err, tt.want)
		}
	}
	gateway := endpoint
	gateway.Type = estate.EndpointGateway
	if b := Builtin().Endpoint(gateway); rows(b) != "gateway endpoints (S3, DynamoDB) | 1 | us-east-1 | 1 | 1 | 0.00 | 0.00\ntotal 0.00" {
		t.Errorf("a gateway endpoint is not on the bill as free: %s", rows(b))
	}
}

// TestWays: a consumer's data goes through its own endpoint, else over the
// Transit Gateway, else over peering.
func TestWays(t *testing.T) {
	var e estate.Estate
	e.VPCs.Put(estate.VPC{ID: "own", Region: "us-east-1"}, estate.VPC{ID: "transit", Region: "us-east-1"}, estate.VPC{ID: "peer", Region: "us-east-1"},
		estate.VPC{ID: "hub", Region: "us-east-1"})
	for _, v := range []string{"own", "hub"} {
		e.Endpoints.Put(estate.Endpoint{ID: "vpce-" + v, Region: "us-east-1", VPC: v, Type: estate.EndpointInterface, Subnets: []string{"a"}})
	}
	for _, v := range []string{"own", "transit"} {
		e.TransitAttachments.Put(estate.TransitAttachment{ID: "a-" + v, VPC: v, Region: "us-east-1", State: estate.AttachmentAvailable})
	}
	bill, err := Builtin().Of(e, []string{"peer", "own", "transit", "own"}, Traffic{GB: 1000, CrossZone: 100, Queries: 1})
	if err != nil {
		t.Fatal(err)
	}
	got := map[Item]int64{}
	for _, l := range bill.Lines {
		got[l.Item] += l.Count
	}
	if want := map[Item]int64{EndpointHour: 2, EndpointGB: 3000, TransitHour: 2, TransitGB: 1000, CrossZoneGB: 200}; !reflect.DeepEqual(got, want) {
		t.Errorf("counted %v, want %v", got, want)
	}
	if _, err := Builtin().Of(e, []string{"lost"}, Traffic{}); err == nil || !strings.Contains(err.Error(), "VPC lost is not in the estate") {
		t.Errorf("a consumer that was not read: %v", err)
	}
}

func TestTiers(t *testing.T) {
	for _, tt := range []struct {
		gb   int64
		want string
	}{
		{0, "total 0.00"},
		{1, "1 | 0.01 | 0.01 total 0.01"},
		{1048576, "1048576 | 0.01 | 10485.76 total 10485.76"},
		{1048577, "1048576 | 0.01 | 10485.76 1 | 0.006 | 0.006 total 10485.766"},
		{6000000, "1048576 | 0.01 | 10485.76 4194304 | 0.006 | 25165.824 757120 | 0.004 | 3028.48 total 38680.064"},
	} {
		c := &counter{prices: Builtin()}
		c.count(EndpointGB, owner{region: "us-east-1"}, tt.gb)
		b := c.done()
		var got strings.Builder
		for _, r := range b.Rows() {
			got.WriteString(strings.Join([]string{r[4], r[6], r[7]}, " | ") + " ")
		}
		if g := got.String() + "total " + b.Total.String(); g != tt.want {
			t.Errorf("%d GB: %s, want %s", tt.gb, g, tt.want)
		}
	}
}

func TestNotes(t *testing.T) {
	bill, err := Builtin().OfDesign(Design{Regions: []estate.Region{"af-south-1", "us-east-1", "ap-southeast-1"}, Via: ViaOwn, Services: 1, Zones: 1, VPCs: 3, Network: NetworkAttached})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"Transit Gateway attachments: the price of ap-southeast-1 is not confirmed, look at https://aws.amazon.com/transit-gateway/pricing/",
		"Transit Gateway attachments: the table has no price of af-south-1, that of us-east-1 stands for it",
		"interface endpoints: the table has no price of af-south-1, that of us-east-1 stands for it",
	}
	if !slices.Equal(bill.Notes, want) {
		t.Errorf("notes %q, want %q", bill.Notes, want)
	}
	var marked []string
	for _, l := range bill.Lines {
		if l.Unconfirmed {
			marked = append(marked, string(l.Item)+" "+string(l.Region))
		}
	}
	if want := []string{"endpointHour af-south-1", "transitHour af-south-1", "transitHour ap-southeast-1"}; !slices.Equal(marked, want) {
		t.Errorf("marked %q, want %q", marked, want)
	}
}

func TestInput(t *testing.T) {
	good := Design{Regions: regions, Via: ViaProfile, Services: 1, Zones: 1, VPCs: 2, Network: NetworkTransit}
	for _, tt := range []struct {
		change func(*Design)
		want   string
	}{
		{func(d *Design) { d.Via = "hope" }, `not "hope"`},
		{func(d *Design) { d.Regions = nil }, "names no Region"},
		{func(d *Design) { d.Zones = 0 }, "are not between 1 and"},
		{func(d *Design) { d.VPCs = 1 << 40 }, "are not between 1 and"},
		{func(d *Design) { d.VPCs = 1 }, "1 VPCs are fewer than 2 Regions"},
		{func(d *Design) { d.Network = "pigeons" }, `the network is "pigeons"`},
		{func(d *Design) { d.Traffic.GB = -1 }, "-1 GB a month"},
		{func(d *Design) { d.Traffic.Queries = 1 << 60 }, "million queries a month"},
	} {
		d := good
		tt.change(&d)
		if _, err := Builtin().OfDesign(d); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v, want %s", err, tt.want)
		}
	}
}

// TestOrder: the same estate gives the same bytes, however it was filled.
func TestOrder(t *testing.T) {
	e, consumers := organization(ViaResolver)
	a, err := Builtin().Of(e, consumers, assumed)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(consumers)
	b, err := Builtin().Of(e, consumers, assumed)
	if err != nil {
		t.Fatal(err)
	}
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	if string(x) != string(y) {
		t.Error("the order of consumers changes the bill")
	}
	var back Bill
	if err := json.Unmarshal(x, &back); err != nil || !reflect.DeepEqual(back, a) {
		t.Errorf("a bill does not come back from JSON: %v", err)
	}
}

func TestLoad(t *testing.T) {
	table := string(builtin)
	for _, tt := range []struct{ from, to, want string }{
		{`"date": "2026-11-30"`, `"date": "yesterday"`, "p.json:2:11: this is not a date"},
		{`"USD"`, `"EUR"`, "p.json:3:15: the currency is not USD; convert the prices"},
		{`"hoursPerMonth": 730`, `"hoursPerMonth": 0`, "p.json:4:20: this is not a whole number from 1 to 744"},
		{`"hoursPerMonth"`, `"hours"`, `p.json:4:3: the price table has an unknown key "hours"; known are currency, date, default, hoursPerMonth, items`},
		{`"hoursPerMonth": 730,`, ``, `p.json:1:1: the price table misses "hoursPerMonth"`},
		{`"us-east-1": "0.01"`, `"us-east-1": "-0.01"`, "p.json:13:22: the price -0.01 is negative"},
		{`"us-east-1": "0.01"`, `"us-east-1": -0.01`, "p.json:13:22: the price -0.01 is negative"},
		{`"us-east-1": "0.01"`, `"us-east-1": "1e-2"`, `the price "1e-2" is not a decimal number`},
		{`"us-east-1": "0.01"`, `"us-east-1": "0.0000001"`, "has more than six decimals"},
		{`"us-east-1": "0.01"`, `"us-east-1": "1000"`, "the price 1000 is more than 100.00"},
		{`"us-east-1": "0.01"`, `"us-east-1": null`, "this is not a price"},
		{`"us-east-1": "0.01"`, `"us-east-1": "0.01", "us-east-1": "0.02"`, "endpointHour has a price of us-east-1 twice"},
		{`"us-east-1": "0.01",`, ``, "endpointHour has no price of us-east-1"},
		{`"transitGB"`, `"transitTB"`, `items has an unknown key "transitTB"`},
		{`"transitGB"`, `"transitTB"`, `items misses "transitGB"`},
		{`"transitGB"`, `"transitHour"`, `items has the key "transitHour" twice`},
		{`"upTo": 5242880`, `"upTo": 5`, "the tier ends before the one above it"},
		{`{"price": "0.004"}`, `{"upTo": 9000000, "price": "0.004"}`, `the tier has an unknown key "upTo"`},
		{`{"*": "0.75"}`, `{}`, "these are not prices by Region"},
		{`{"*": "0.75"}`, `{"*": []}`, "there is no price"},
		{`"unconfirmed": [`, `"unconfirmed": "*", "x": [`, "this is not a list of Regions"},
		{`"items": {`, `"items": 7, "x": {`, "items is no object"},
		{`"currency": "USD",`, `"currency": "USD",,`, "p.json:3:21: this is not JSON"},
	} {
		if !strings.Contains(table, tt.from) {
			t.Fatalf("the table has no %s", tt.from)
		}
		_, err := Load("p.json", strings.NewReader(strings.Replace(table, tt.from, tt.to, 1)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("with %s: %v\nwant %s", tt.to, err, tt.want)
		}
	}
	for _, tt := range []struct{ in, want string }{
		{"", "p.json:1:1: this is not JSON: it ends too early"},
		{table[:100], "this is not JSON"},
		{table + "{}", "more follows the table"},
		{"[]", "p.json:1:1: the price table is no object"},
	} {
		if _, err := Load("p.json", strings.NewReader(tt.in)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%.20q: %v, want %s", tt.in, err, tt.want)
		}
	}
	cheaper, err := Load("p.json", strings.NewReader(strings.Replace(table, `"us-east-1": "0.01"`, `"us-east-1": 0.005`, 1)))
	if err != nil {
		t.Fatal(err)
	}
	b := cheaper.Endpoint(estate.Endpoint{Region: "us-east-1", Type: estate.EndpointInterface, Subnets: []string{"a"}})
	if b.Total.String() != "3.65" || b.Date != "2026-11-30" {
		t.Errorf("by the other table it is %s on %s", b.Total, b.Date)
	}
}

// TestTable: every item of the table has a source, and the Regions that it
// promises.
func TestTable(t *testing.T) {
	p := Builtin()
	for _, i := range items {
		e := p.items[i]
		if !strings.HasPrefix(e.source, "https://") || e.read > p.Date {
			t.Errorf("%s: source %q, read on %s, the table is of %s", i, e.source, e.read, p.Date)
		}
		for _, r := range []estate.Region{"us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1"} {
			if p.items[i].prices[r] == nil && p.items[i].prices[everywhere] == nil {
				t.Errorf("%s has no price of %s", i, r)
			}
		}
	}
}

func TestMoney(t *testing.T) {
	for m, want := range map[Money]string{0: "0.00", 1: "0.000001", -12_500_000: "-12.50", 1_400: "0.0014", 167_900 * dollar: "167900.00"} {
		if m.String() != want {
			t.Errorf("%d is %s, want %s", int64(m), m, want)
		}
		var back Money
		if err := back.UnmarshalText([]byte(want)); err != nil || back != m {
			t.Errorf("%s comes back as %s, %v", want, back, err)
		}
	}
	var m Money
	for _, bad := range []string{"", ".", "1.", "--1", "1 ", "0x1", "1e3", "9999999999999"} {
		if m.UnmarshalText([]byte(bad)) == nil {
			t.Errorf("%q is %s", bad, m)
		}
	}
}
