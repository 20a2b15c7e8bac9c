package plan

import (
	"maps"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
)

// TestAcceptance: of the route tables of an attachment that was taken in, those
// are ours that the ledger on it lists; those that its gateway gives by default
// stay when it is let go.
func TestAcceptance(t *testing.T) {
	given := map[string][]string{"association": {"tgw-rtb-1"}, "propagation": {"tgw-rtb-2"}}
	none := map[string][]string{"association": {}, "propagation": {}}
	for _, tt := range []struct {
		name   string
		ledger map[string][]string
		want   map[string][]string
	}{
		{"given by us", given, given},
		{"given by default", none, none},
		{"claimed, and given by nobody", map[string][]string{"association": {"tgw-rtb-9"}, "propagation": {"tgw-rtb-9"}}, none},
		{"its association is ours alone", map[string][]string{"association": {"tgw-rtb-1"}}, map[string][]string{"association": {"tgw-rtb-1"}, "propagation": {}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tags := AcceptanceMarks(owner, "accepted", tt.ledger)
			var e estate.Estate
			e.TransitAttachments.Put(estate.TransitAttachment{ID: "tgw-attach-1", Gateway: "tgw-1", Owner: "1", Account: "2", Region: "eu",
				State: estate.AttachmentAvailable, Table: "tgw-rtb-1", Tags: estate.Tags{}, OwnerTags: tags})
			e.TransitTables.Put(estate.TransitTable{ID: "tgw-rtb-1", Gateway: "tgw-1", Account: "1", Region: "eu"},
				estate.TransitTable{ID: "tgw-rtb-2", Gateway: "tgw-1", Account: "1", Region: "eu", Propagating: []string{"tgw-attach-1"}})
			for _, q := range ObjectQueries(owner, "1", "eu") {
				e.Answers.Put(estate.Answer{Query: q})
			}
			p := Make(Input{Owner: owner, Now: now, Estate: e})
			if len(p.Changes) != 1 || p.Changes[0].Action != Delete {
				t.Fatalf("planned %s", brief(p))
			}
			got := map[string][]string{}
			for field := range tt.want {
				got[field] = []string{}
				for _, v := range p.Changes[0].Before.Object.Fields[field] {
					s, _ := v.Literal()
					got[field] = append(got[field], s)
				}
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("lets go of %v, want %v", got, tt.want)
			}
		})
	}
}

// TestStaleLedger: a run that ended between taking something out and its ledger
// leaves an entry behind; the next run writes the ledger anew.
func TestStaleLedger(t *testing.T) {
	members := MemberTags(TagMembers, []string{"arn:gone"})
	marked := func(address string, ledger map[string]string) estate.Tags {
		tags := estate.Tags{}
		maps.Copy(tags, Marks(owner, address))
		maps.Copy(tags, ledger)
		return tags
	}
	attachment := func(e *estate.Estate, tables map[string][]string) {
		e.TransitAttachments.Put(estate.TransitAttachment{ID: "tgw-attach-1", Gateway: "tgw-1", Owner: "1", Account: "2", Region: "eu",
			State: estate.AttachmentAvailable, Tags: estate.Tags{}, OwnerTags: AcceptanceMarks(owner, "a", tables)})
	}
	for _, tt := range []struct {
		kind         Kind
		address      string
		fields       map[string][]Value
		clean, stale func(*estate.Estate)
	}{
		{KindShare, "a", map[string][]Value{"name": Lits([]string{"s"}), "resources": {}, "principals": {}},
			func(e *estate.Estate) {
				e.Shares.Put(estate.Share{ARN: "arn:share", Account: "1", Region: "eu", Name: "s", Tags: marked("a", nil)})
			},
			func(e *estate.Estate) {
				e.Shares.Put(estate.Share{ARN: "arn:share", Account: "1", Region: "eu", Name: "s", Tags: marked("a", members)})
			}},
		{KindEndpointService, "a", map[string][]Value{"principals": {}},
			func(e *estate.Estate) {
				e.EndpointServices.Put(estate.EndpointService{ID: "vpce-svc-1", Account: "1", Region: "eu", Tags: marked("a", nil)})
			},
			func(e *estate.Estate) {
				e.EndpointServices.Put(estate.EndpointService{ID: "vpce-svc-1", Account: "1", Region: "eu", Tags: marked("a", members)})
			}},
		{KindTransitAcceptance, "a", map[string][]Value{"attachment": Lits([]string{"tgw-attach-1"}), "association": {}, "propagation": {}},
			func(e *estate.Estate) { attachment(e, nil) },
			func(e *estate.Estate) { attachment(e, map[string][]string{"association": {"tgw-rtb-9"}}) }},
		{KindRoutes, RoutesAddress("rtb-1"), map[string][]Value{"table": Lits([]string{"rtb-1"}), "routes": Lits([]string{"10.0.0.0/16 tgw-1"})},
			func(e *estate.Estate) { routeTable(e, "10.0.0.0/16 tgw-1") },
			func(e *estate.Estate) { routeTable(e, "10.0.0.0/16 tgw-1", "10.1.0.0/16 tgw-1") }},
	} {
		t.Run(string(tt.kind), func(t *testing.T) {
			planned := func(put func(*estate.Estate)) []Change {
				var e estate.Estate
				for _, q := range ObjectQueries(owner, "1", "eu") {
					e.Answers.Put(estate.Answer{Query: q})
				}
				put(&e)
				return Make(Input{Owner: owner, Now: now, Estate: e, Wanted: []Wanted{
					{Address: tt.address, Account: "1", Region: "eu", Item: Item{Object: &Object{tt.kind, tt.fields}}},
				}}).Changes
			}
			if got := planned(tt.clean); len(got) > 0 {
				t.Errorf("nothing is to be done, and it plans %s %s", got[0].Action, got[0].Address)
			}
			if got := planned(tt.stale); len(got) != 1 || got[0].Action != Update || !strings.Contains(got[0].Reason, "ledger") {
				t.Errorf("planned %+v", got)
			}
		})
	}
}

// TestFrozenKeeps: a wanted object of which nobody knows for whom else it is wanted
// loses nothing to which several may have added, and gets what is new.
func TestFrozenKeeps(t *testing.T) {
	var e estate.Estate
	for _, q := range ObjectQueries(owner, "1", "eu") {
		e.Answers.Put(estate.Answer{Query: q})
	}
	tags := estate.Tags(Marks(owner, "a"))
	maps.Copy(tags, MemberTags(TagMembers, []string{"arn:old", "2", "3"}))
	e.Shares.Put(estate.Share{ARN: "arn:share", Account: "1", Region: "eu", Name: "s", AllowExternal: true, Tags: tags,
		Resources:  []estate.ShareMember{{ID: "arn:old", Status: estate.ShareAssociated}},
		Principals: []estate.ShareMember{{ID: "2", Status: estate.ShareAssociated}, {ID: "3", Status: estate.ShareAssociated}}})
	for _, tt := range []struct {
		frozen                          []string
		external, resources, principals string
	}{
		{nil, "false", "arn:new", "3 4"},
		{[]string{"arn:share"}, "true", "arn:new arn:old", "2 3 4"},
	} {
		p := Make(Input{Owner: owner, Now: now, Estate: e, Frozen: tt.frozen, Wanted: []Wanted{{Address: "a", Account: "1", Region: "eu", Item: Item{Object: &Object{KindShare, map[string][]Value{
			"name": Lits([]string{"s"}), "external": {Bool(false)}, "resources": Lits([]string{"arn:new"}), "principals": Lits([]string{"3", "4"}),
		}}}}}})
		if len(p.Changes) != 1 || p.Changes[0].Action != Update {
			t.Fatalf("planned %s", brief(p))
		}
		for field, want := range map[string]string{"external": tt.external, "resources": tt.resources, "principals": tt.principals} {
			var got []string
			for _, v := range p.Changes[0].After.Object.Fields[field] {
				s, _ := v.Literal()
				got = append(got, s)
			}
			if slices.Sort(got); strings.Join(got, " ") != want {
				t.Errorf("frozen %v: %s is to be %v, want %s", tt.frozen, field, got, want)
			}
		}
	}
}

// routeTable puts a table with a route of ours, and a ledger that lists these.
func routeTable(e *estate.Estate, ledger ...string) {
	e.RouteTables.Put(estate.RouteTable{ID: "rtb-1", Account: "1", Region: "eu", Tags: MemberTags(RoutesTag(owner), ledger),
		Routes: []estate.Route{{To: netip.MustParsePrefix("10.0.0.0/16"), Target: "tgw-1", State: estate.RouteActive}}})
}

// TestFailed: what AWS gave up is no way to anything: it makes room for another,
// and what was ordered after it waits for that one (Profiles API and Resolver API,
// Status; EC2 API, VpcEndpoint state). What can still be mended is waited for.
func TestFailed(t *testing.T) {
	const vpc, old = "vpc-1", "rpassoc-old"
	base := func() estate.Estate {
		var e estate.Estate
		e.ProfileAssociations.Put(estate.ProfileAssociation{ID: old, Name: MarkName(owner, "old"), Profile: "rp-1", VPC: vpc, Account: "1", Region: "eu", Status: estate.StatusComplete})
		for _, q := range ObjectQueries(owner, "1", "eu") {
			e.Answers.Put(estate.Answer{Query: q})
		}
		return e
	}
	fields := func(pairs ...string) map[string][]Value {
		out := map[string][]Value{}
		for i := 0; i < len(pairs); i += 2 {
			out[pairs[i]] = []Value{Lit(pairs[i+1])}
		}
		return out
	}
	association := func(status string) func(*estate.Estate) {
		return func(e *estate.Estate) {
			e.RuleAssociations.Put(estate.RuleAssociation{ID: "rslvr-rrassoc-1", Name: MarkName(owner, "new"), Rule: "rslvr-rr-1", VPC: vpc, Account: "1", Region: "eu", Status: status})
		}
	}
	endpoint := func(state string) func(*estate.Estate) {
		return func(e *estate.Estate) {
			e.Endpoints.Put(estate.Endpoint{ID: "vpce-1", VPC: vpc, Service: "s", Account: "1", Region: "eu", State: state, Tags: Marks(owner, "new")})
		}
	}
	rule := func(e *estate.Estate) {
		e.ResolverRules.Put(estate.ResolverRule{ID: "rslvr-rr-1", Type: "FORWARD", Account: "1", Region: "eu", Status: estate.StatusFailed, Tags: Marks(owner, "new")})
	}
	for _, tt := range []struct {
		name   string
		kind   Kind
		fields map[string][]Value
		stands func(*estate.Estate)
		want   string // action and address < what it waits for
	}{
		{"in effect", KindRuleAssociation, fields("rule", "rslvr-rr-1", "vpc", vpc), association(estate.StatusComplete), "delete profileAssociations/rpassoc-old"},
		{"failed", KindRuleAssociation, fields("rule", "rslvr-rr-1", "vpc", vpc), association(estate.StatusFailed),
			"delete ruleAssociations/rslvr-rrassoc-1; create new < ruleAssociations/rslvr-rrassoc-1; delete profileAssociations/rpassoc-old < new"},
		{"an endpoint that failed", KindEndpoint, fields("vpc", vpc, "service", "s"), endpoint(estate.EndpointFailed),
			"delete new/vpce-1; create new < new/vpce-1; delete profileAssociations/rpassoc-old < new"},
		{"an endpoint that nobody accepted in time", KindEndpoint, fields("vpc", vpc, "service", "s"), endpoint(estate.EndpointExpired),
			"delete new/vpce-1; create new < new/vpce-1; delete profileAssociations/rpassoc-old < new"},
		{"an endpoint that was rejected", KindEndpoint, fields("vpc", vpc, "service", "s"), endpoint(estate.EndpointRejected),
			"await new; delete profileAssociations/rpassoc-old < new"},
		{"a rule that failed", KindResolverRule, fields("type", "FORWARD"), rule, "await new; delete profileAssociations/rpassoc-old < new"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := base()
			tt.stands(&e)
			p := Make(Input{Owner: owner, Now: now, Estate: e, Orders: []Order{{First: "new", Then: old}},
				Wanted: []Wanted{{Address: "new", Account: "1", Region: "eu", Settle: true, Item: Item{Object: &Object{Kind: tt.kind, Fields: tt.fields}}}}})
			if p.Diagnostics.HasErrors() {
				t.Fatal(p.Diagnostics)
			}
			var got []string
			for _, c := range p.Changes {
				line := string(c.Action) + " " + c.Address
				for i, n := range c.Needs {
					line += map[bool]string{true: " < ", false: ", "}[i == 0] + n.Address
				}
				got = append(got, line)
			}
			if strings.Join(got, "; ") != tt.want {
				t.Errorf("planned\n%s\nwant\n%s", strings.Join(got, "; "), tt.want)
			}
		})
	}
}
