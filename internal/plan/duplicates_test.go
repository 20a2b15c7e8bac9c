package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// TestRetired: an endpoint of another's goes after its names and their TTL, in
// whichever run that is; what is ours, another owner's, going or unread stays.
func TestRetired(t *testing.T) {
	const whole = "update d/vpce-1/deadline @now+1h1m0s; update d/vpce-1/names false; update d/vpce-1/deadline-final @now+1m0s; delete d/vpce-1 "
	until := now.Add(time.Hour)
	tag := func(values ...string) func(*estate.Endpoint) {
		return func(p *estate.Endpoint) {
			p.Tags = estate.Tags{}
			for i := 0; i < len(values); i += 2 {
				p.Tags[values[i]] = values[i+1]
			}
		}
	}
	for _, tt := range []struct {
		name   string
		change func(*estate.Endpoint)
		want   string
	}{
		{"it stands", func(*estate.Endpoint) {}, whole},
		{"names off by an earlier run", func(p *estate.Endpoint) {
			p.PrivateDNS = false
			tag(TagDeleteAfter, until.Format(time.RFC3339))(p)
		}, "delete d/vpce-1 " + until.UTC().Format(time.RFC3339)},
		{"a deadline, and names on again", tag(TagDeleteAfter, until.Format(time.RFC3339)), whole},
		{"a broken deadline counts as none", tag(TagDeleteAfter, "soon"), whole},
		{"of another owner", tag(TagOwner, "another"), ""},
		{"going already", func(p *estate.Endpoint) { p.State = estate.EndpointDeleting }, ""},
		{"of another account", func(p *estate.Endpoint) { p.Account = "3" }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var e estate.Estate
			q := estate.Query{Kind: estate.QueryEndpoints, Account: "2", Region: "eu"}
			p := estate.Endpoint{ID: "vpce-1", Account: "2", Region: "eu", VPC: "vpc-1", Type: estate.EndpointInterface, State: estate.EndpointAvailable, PrivateDNS: true}
			tt.change(&p)
			hub := estate.Endpoint{ID: "vpce-hub", Account: "1", Region: "eu", VPC: "vpc-hub", Type: estate.EndpointInterface, State: estate.EndpointAvailable}
			e.Endpoints.Put(p, hub)
			retire := Retired{Address: "d/vpce-1", ID: "vpce-1", Account: "2", Region: "eu", On: []Standing{{Kind: KindEndpoint, ID: "vpce-hub", Account: "1"}}}
			in := Input{Owner: owner, Now: now, Estate: e, Retired: []Retired{retire, retire}}
			if made := Make(in); !made.Empty() {
				t.Errorf("unread, the plan has %v", made.Changes)
			}
			in.Estate.Answers.Put(estate.Answer{Query: q})
			made := Make(in)
			var got []string
			for _, c := range made.Changes {
				text := string(c.Action) + " " + c.Address + " "
				if c.After != nil {
					for _, v := range c.After.Object.values() {
						text += v.String()
					}
				}
				if !c.NotBefore.IsZero() {
					text += c.NotBefore.UTC().Format(time.RFC3339)
				}
				got = append(got, text)
				if !c.Foreign || !slices.ContainsFunc(c.Basis, func(b Basis) bool { return b.Key == "endpoint/vpce-hub" && b.Hash != "" }) {
					t.Errorf("%s is marked as ours, or rests on %v", text, c.Basis)
				}
			}
			if s := strings.Join(got, "; "); s != tt.want {
				t.Errorf("the plan is\n%s, want\n%s", s, tt.want)
			}
			if last := len(made.Changes) - 1; tt.want == whole && (len(made.Changes[last].Delays) != 1 || made.Changes[last].Delays[0] != Delay{"d/vpce-1/deadline-final", NamesTTL}) {
				t.Errorf("the endpoint waits for %v", made.Changes[last].Delays)
			}
		})
	}
}

// TestForgotten: an endpoint of ours goes after its names and their TTL, be they
// private DNS or aliases, in whichever run that is; one that never answered goes
// at once.
func TestForgotten(t *testing.T) {
	const regional = "vpce-1.ec2.eu.vpce.amazonaws.com"
	until := now.Add(time.Hour)
	deadline := func(p *estate.Endpoint) { p.Tags[TagDeleteAfter] = until.Format(time.RFC3339) }
	off := func(p *estate.Endpoint) { p.PrivateDNS = false }
	for _, tt := range []struct {
		name   string
		change []func(*estate.Endpoint)
		alias  bool
		want   string
	}{
		{"private DNS", nil, false, "update a/deadline < ; update a/names < a/deadline; update a/deadline-final < a/deadline a/names; delete a < a/deadline-final +1m0s"},
		{"an alias", []func(*estate.Endpoint){off}, true,
			"update a/deadline < ; delete records/example.com/x/A < a/deadline; update a/deadline-final < a/deadline records/example.com/x/A; " +
				"delete a < a/deadline-final records/example.com/x/A +1m0s"},
		{"an alias, and the deadline of another removal", []func(*estate.Endpoint){off, deadline}, true,
			"update a/deadline < ; delete records/example.com/x/A < a/deadline; update a/deadline-final < a/deadline records/example.com/x/A; " +
				"delete a < a/deadline-final records/example.com/x/A +1m0s"},
		{"names off by an earlier run", []func(*estate.Endpoint){off, deadline}, false, "delete a <  not before " + until.UTC().Format(time.RFC3339)},
		{"it never had names", []func(*estate.Endpoint){off}, false, "delete a < "},
		{"it waits to be accepted", []func(*estate.Endpoint){func(p *estate.Endpoint) { p.State = estate.EndpointPendingAcceptance }}, false, "delete a < "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var e estate.Estate
			for _, q := range ObjectQueries(owner, "1", "eu") {
				e.Answers.Put(estate.Answer{Query: q})
			}
			p := estate.Endpoint{ID: "vpce-1", Account: "1", Region: "eu", VPC: "vpc-1", Type: estate.EndpointInterface, State: estate.EndpointAvailable, PrivateDNS: true,
				Names: []estate.EndpointName{{Name: dnsname.MustParse(regional), Zone: "ZAWS"}}, Tags: Marks(owner, "a")}
			for _, f := range tt.change {
				f(&p)
			}
			e.Endpoints.Put(p)
			in := Input{Owner: owner, Now: now, Estate: e}
			if tt.alias {
				z := estate.Zone{ID: "Z1", Account: "1", Name: dnsname.MustParse("example.com"), CallerReference: NumberedReference(Reference(owner, "zone"), 1)}
				put(&in.Estate, z, estate.RecordSet{Name: dnsname.MustParse("x.example.com"), Type: "A", Alias: &estate.Alias{Name: dnsname.MustParse(regional), Zone: "ZAWS"}})
				claim(&in.Estate, "Z1", "A x")
				in.Wanted = []Wanted{{Address: "zone", Account: "1", Item: Item{Zone: &Zone{Name: z.Name, Reference: Reference(owner, "zone")}}}}
			}
			made := Make(in)
			if err := made.Diagnostics.Err(); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, c := range made.Changes {
				text := string(c.Action) + " " + c.Address + " <"
				for _, d := range c.Needs {
					text += " " + d.Address
				}
				if len(c.Needs) == 0 {
					text += " "
				}
				for _, d := range c.Delays {
					text += " +" + d.Wait.String()
				}
				if !c.NotBefore.IsZero() {
					text += " not before " + c.NotBefore.UTC().Format(time.RFC3339)
				}
				got = append(got, text)
				if c.Foreign {
					t.Errorf("%s is marked as of others", text)
				}
			}
			if s := strings.Join(got, "; "); s != tt.want {
				t.Errorf("the plan is\n%s, want\n%s", s, tt.want)
			}
		})
	}
}
