package plan

import (
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

const (
	corpZone = "privateZones/1/corp.test/zone"
	vpcAt    = "privateZones/1/corp.test/vpcs/"
)

var (
	corp     = dnsname.MustParse("corp.test")
	anchor   = estate.VPCRef{Region: "eu", ID: "vpc-a"}
	consumer = estate.VPCRef{Region: "eu", ID: "vpc-b"}
)

// privately is an estate with a private zone of ours in account 1, made with
// the anchor, read whole.
func privately(entries ...string) estate.Estate {
	var e estate.Estate
	put(&e, estate.Zone{ID: "ZX", Account: "1", Name: corp, Private: true, VPCs: []estate.VPCRef{anchor}, NameServers: []dnsname.Name{},
		CallerReference: NumberedReference(Reference(owner, corpZone), 1), Comment: AnchorComment("vpc-a")})
	for _, q := range []estate.Query{
		{Kind: estate.QueryAuthorizations, Account: "1", ID: "ZX"},
		{Kind: estate.QueryVPCZones, Account: "2", Region: "eu", ID: "vpc-b"},
		{Kind: estate.QueryRole, Account: "1", ID: "writer"},
	} {
		e.Answers.Put(estate.Answer{Query: q})
	}
	if len(entries) > 0 {
		claim(&e, "ZX", entries...)
	}
	return e
}

func wantPrivate(goes bool) Wanted {
	return Wanted{Address: corpZone, Account: "1", Item: Item{Zone: &Zone{
		Name: corp, Reference: Reference(owner, corpZone), Anchor: &anchor, AnchorGoes: goes, Comment: AnchorComment("vpc-a"),
	}}}
}

func wantVPC(account estate.AccountID, v estate.VPCRef) Wanted {
	return Wanted{Address: vpcAt + v.ID, Account: account, Region: v.Region, Item: Item{Association: &Association{
		Zone: Of(corpZone, "id"), ZoneName: corp, VPC: v, Owner: "1",
	}}}
}

func TestAssociations(t *testing.T) {
	both := []Wanted{wantPrivate(false), wantVPC("1", anchor), wantVPC("2", consumer)}
	joined := func(e *estate.Estate) {
		z, _ := e.Zones.Get("ZX")
		z.VPCs = append(z.VPCs, consumer)
		e.Zones.Put(z)
	}
	chain := "claim " + vpcAt + "vpc-b/claim\ncreate " + vpcAt + "vpc-b/authorization <" + vpcAt + "vpc-b/claim\n" +
		"create " + vpcAt + "vpc-b <" + vpcAt + "vpc-b/authorization <" + vpcAt + "vpc-b/claim\n" +
		"delete " + vpcAt + "vpc-b/authorization-withdrawn <" + vpcAt + "vpc-b\n"
	for _, tt := range []struct {
		name    string
		entries []string
		estate  func(*estate.Estate)
		wanted  []Wanted
		adopt   bool
		want    string
	}{
		{"everything is to be made", nil, func(e *estate.Estate) {
			*e = estate.Estate{}
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryZones, Account: "1"}})
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryVPCZones, Account: "1", Region: "eu", ID: "vpc-a"}})
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryVPCZones, Account: "2", Region: "eu", ID: "vpc-b"}})
		}, both, false, "create " + corpZone + "\nclaim " + vpcAt + "vpc-a/claim <" + corpZone + "\nclaim " + vpcAt + "vpc-b/claim <" + corpZone + "\n" +
			"create " + vpcAt + "vpc-b/authorization <" + vpcAt + "vpc-b/claim <" + corpZone + "\n" +
			"create " + vpcAt + "vpc-b <" + vpcAt + "vpc-b/authorization <" + vpcAt + "vpc-b/claim <" + corpZone + "\n" +
			"delete " + vpcAt + "vpc-b/authorization-withdrawn <" + vpcAt + "vpc-b\n"},
		{"another zone of the name, ours still to be made", nil, func(e *estate.Estate) {
			*e = estate.Estate{}
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryZones, Account: "1"}})
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryVPCZones, Account: "1", Region: "eu", ID: "vpc-a"}})
			e.VPCZones.Put(estate.VPCZone{VPC: "vpc-a", Zone: "ZY", Name: corp, Owner: "vpce.amazonaws.com"})
		}, both[:2], false, "create " + corpZone + "\nerror conflict: VPC vpc-a (account 1) already uses another zone corp.test [standing: ZY, owned by vpce.amazonaws.com; wanted: a zone of our own, owned by 1]\n"},
		{"an endpoint of ours answers for the name, and makes room", nil, func(e *estate.Estate) {
			*e = estate.Estate{}
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryZones, Account: "1"}})
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryVPCZones, Account: "1", Region: "eu", ID: "vpc-a"}})
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryEndpoints, Account: "1", Region: "eu"}})
			e.VPCZones.Put(estate.VPCZone{VPC: "vpc-a", Zone: "ZY", Name: corp, Owner: "vpce.amazonaws.com"})
			e.Endpoints.Put(estate.Endpoint{ID: "vpce-1", Account: "1", Region: "eu", VPC: "vpc-a", PrivateDNS: true, PrivateNames: []dnsname.Name{corp}, Tags: Marks(owner, "endpoint")})
		}, append([]Wanted{{Address: "endpoint", Account: "1", Region: "eu", Item: Item{Object: &Object{KindEndpoint, map[string][]Value{"privateDNS": {Bool(false)}}}}}}, both[:2]...), false,
			"update endpoint\ncreate " + corpZone + " <endpoint!\nclaim " + vpcAt + "vpc-a/claim <" + corpZone + "\n"},
		{"a VPC is new", []string{"VPC vpc-a"}, func(*estate.Estate) {}, both, false, chain},
		{"stopped after the zone was made", nil, func(*estate.Estate) {}, both, false, "claim " + vpcAt + "vpc-a/claim\n" + chain},
		{"stopped after the claim", []string{"VPC vpc-a", "VPC vpc-b"}, func(*estate.Estate) {}, both, false,
			strings.ReplaceAll(strings.TrimPrefix(chain, "claim "+vpcAt+"vpc-b/claim\n"), " <"+vpcAt+"vpc-b/claim", "")},
		{"stopped after the authorization", []string{"VPC vpc-a", "VPC vpc-b"}, func(e *estate.Estate) {
			e.Authorizations.Put(estate.ZoneAuthorization{Zone: "ZX", VPC: consumer})
		}, both, false, "create " + vpcAt + "vpc-b\ndelete " + vpcAt + "vpc-b/authorization-withdrawn <" + vpcAt + "vpc-b\n"},
		{"stopped before the authorization was withdrawn", []string{"VPC vpc-a", "VPC vpc-b"}, func(e *estate.Estate) {
			joined(e)
			e.Authorizations.Put(estate.ZoneAuthorization{Zone: "ZX", VPC: consumer})
		}, both, false, "delete " + vpcAt + "vpc-b/authorization-withdrawn\n"},
		{"everything stands", []string{"VPC vpc-a", "VPC vpc-b"}, joined, both, false, ""},
		{"somebody else associated it, and left the authorization", []string{"VPC vpc-a"}, func(e *estate.Estate) {
			joined(e)
			e.Authorizations.Put(estate.ZoneAuthorization{Zone: "ZX", VPC: consumer})
		}, both, false, ""},
		{"somebody else associated it, and it is adopted", []string{"VPC vpc-a"}, joined, both, true, "claim " + vpcAt + "vpc-b/claim\n"},
		{"somebody else's is not wanted", []string{"VPC vpc-a"}, joined, both[:2], false, ""},
		{"ours is no longer wanted", []string{"VPC vpc-a", "VPC vpc-b"}, joined, both[:2], false,
			"delete associations/corp.test/vpc-b\nforget ledger/corp.test/VPC vpc-b <associations/corp.test/vpc-b\n"},
		{"whether it is wanted is not known", []string{"VPC vpc-a", "VPC vpc-b"}, joined,
			append([]Wanted{func() Wanted { w := wantVPC("2", consumer); w.Frozen = true; return w }()}, both[:2]...), false, ""},
		{"a claim behind which nothing came", []string{"VPC vpc-a", "VPC vpc-b"}, func(*estate.Estate) {}, both[:2], false, "forget ledger/corp.test/VPC vpc-b\n"},
		{"stopped after the authorization, then no longer wanted", []string{"VPC vpc-a", "VPC vpc-b"}, func(e *estate.Estate) {
			e.Authorizations.Put(estate.ZoneAuthorization{Zone: "ZX", VPC: consumer})
		}, both[:2], false, "delete associations/corp.test/vpc-b/authorization-withdrawn\n" +
			"forget ledger/corp.test/VPC vpc-b <associations/corp.test/vpc-b/authorization-withdrawn\n"},
		{"stopped before the authorization was withdrawn, then no longer wanted", []string{"VPC vpc-a", "VPC vpc-b"}, func(e *estate.Estate) {
			joined(e)
			e.Authorizations.Put(estate.ZoneAuthorization{Zone: "ZX", VPC: consumer})
		}, both[:2], false, "delete associations/corp.test/vpc-b\ndelete associations/corp.test/vpc-b/authorization-withdrawn\n" +
			"forget ledger/corp.test/VPC vpc-b <associations/corp.test/vpc-b <associations/corp.test/vpc-b/authorization-withdrawn\n"},
		{"somebody else's authorization", []string{"VPC vpc-a"}, func(e *estate.Estate) {
			e.Authorizations.Put(estate.ZoneAuthorization{Zone: "ZX", VPC: consumer})
		}, both[:2], false, ""},
		{"the last one stays", []string{"VPC vpc-a"}, func(*estate.Estate) {}, both[:1], false,
			"warning last-vpc: VPC vpc-a stays on zone corp.test (ZX): a private zone keeps at least one\n"},
		{"the anchor goes once another stands", []string{"VPC vpc-a"}, func(*estate.Estate) {}, []Wanted{wantPrivate(true), wantVPC("2", consumer)}, false,
			strings.Replace(chain, "delete ", "delete associations/corp.test/vpc-a <"+vpcAt+"vpc-b\nforget ledger/corp.test/VPC vpc-a <associations/corp.test/vpc-a\ndelete ", 1)},
		{"another zone of the name", []string{"VPC vpc-a"}, func(e *estate.Estate) {
			e.VPCZones.Put(estate.VPCZone{VPC: "vpc-b", Zone: "ZY", Name: corp, Owner: "account 3"})
		}, both, false, "error conflict: VPC vpc-b (account 2) already uses another zone corp.test [standing: ZY, owned by account 3; wanted: ZX, owned by 1]\n"},
		{"what zones it uses is unread", []string{"VPC vpc-a"}, func(e *estate.Estate) {
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryVPCZones, Account: "2", Region: "eu", ID: "vpc-b"}, Code: "AccessDenied", Message: "no"})
		}, both, false, "error unread: vpcZones 2 eu vpc-b could not be read, so nothing is planned for " + vpcAt + "vpc-b [AccessDenied: no]\n"},
		{"the zone is no longer wanted", []string{"VPC vpc-a", "VPC vpc-b"}, joined, nil, false,
			"update " + corpZone + "/goes\nforget ledger/corp.test/VPC vpc-a <" + corpZone + "/goes\nforget ledger/corp.test/VPC vpc-b <" + corpZone + "/goes\n" +
				"delete " + corpZone + " <ledger/corp.test/VPC vpc-a <ledger/corp.test/VPC vpc-b <" + corpZone + "/goes\n"},
		{"stopped after its ledger was withdrawn", nil, func(e *estate.Estate) {
			joined(e)
			z, _ := e.Zones.Get("ZX")
			z.Tags = estate.Tags{TagDeleteAfter: "2026-06-01T12:00:00Z"}
			e.Zones.Put(z)
		}, nil, false, "delete " + corpZone + "\n"},
		{"others use the zone", []string{"VPC vpc-a"}, joined, nil, false,
			"waiting " + corpZone + " for others to leave zone corp.test (ZX); until then it stays, with the records and VPCs of ours\n" +
				"warning foreign-records: zone corp.test (ZX) stays: others use it [VPC vpc-b]\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := privately(tt.entries...)
			tt.estate(&e)
			p := Make(Input{Owner: owner, Now: now, Estate: e, Wanted: tt.wanted, Adopt: tt.adopt})
			if got := brief(p); got != tt.want {
				t.Errorf("planned\n%swant\n%s", got, tt.want)
			}
		})
	}
}

// TestRoles: a role is marked by its tag, found again by the ledger, and never
// taken over or widened in silence.
func TestRoles(t *testing.T) {
	role := Role{Name: "writer", Zone: Of(corpZone, "id"), ZoneName: corp, Partition: "aws", Principals: []string{"222222222222"}, ExternalID: NewSecret("hush"),
		Grants: []Grant{{Below: []dnsname.Name{dnsname.MustParse("shop.corp.test")}, Types: []string{"A"}, Verbs: []Verb{VerbCreate}}}}
	moved := role
	moved.Zone, moved.ZoneName = Lit("ZY"), dnsname.MustParse("other.test")
	address := "privateZones/1/corp.test/writers/writer"
	wanted := []Wanted{wantPrivate(false), wantVPC("1", anchor), {Address: address, Account: "1", Item: Item{Role: &role}}}
	standing := func(change func(*estate.Role)) func(*estate.Estate) {
		return func(e *estate.Estate) {
			r := estate.Role{ARN: "arn:aws:iam::1:role/writer", Account: "1", Name: "writer", Trust: role.TrustPolicy(),
				Inline: map[string]string{RolePolicy: role.Policy("ZX")}, Tags: estate.Tags{TagOwner: owner}}
			change(&r)
			e.Roles.Put(r)
		}
	}
	none := func(*estate.Role) {}
	for _, tt := range []struct {
		name    string
		entries []string
		estate  func(*estate.Estate)
		wanted  []Wanted
		adopt   bool
		want    string
	}{
		{"to be made", []string{"VPC vpc-a"}, func(*estate.Estate) {}, wanted, false, "claim " + address + "/claim\ncreate " + address + " <" + address + "/claim\n"},
		{"stands", []string{"VPC vpc-a", "ROLE writer"}, standing(none), wanted, false, ""},
		{"written with other white space", []string{"VPC vpc-a", "ROLE writer"}, standing(func(r *estate.Role) { r.Trust = strings.ReplaceAll(r.Trust, ":", " : ") }), wanted, false,
			"update " + address + "\n"}, // the colons of ARNs, too
		{"another external ID", []string{"VPC vpc-a", "ROLE writer"}, standing(func(r *estate.Role) { r.Trust = strings.ReplaceAll(r.Trust, "hush", "psst") }), wanted, false, "update " + address + "\n"},
		{"another zone in its policy", []string{"VPC vpc-a", "ROLE writer"}, standing(func(r *estate.Role) { r.Inline = map[string]string{RolePolicy: role.Policy("ZY")} }), wanted, false, "update " + address + "\n"},
		{"widened by somebody", []string{"VPC vpc-a", "ROLE writer"}, standing(func(r *estate.Role) { r.Attached = []string{"arn:aws:iam::aws:policy/AdministratorAccess"} }), wanted, false,
			"error widened: role writer has policies that orgdns did not give it [arn:aws:iam::aws:policy/AdministratorAccess]\n"},
		{"somebody else's", []string{"VPC vpc-a"}, standing(func(r *estate.Role) { r.Tags = nil }), wanted, false,
			"error conflict: account 1 already has a role writer that orgdns did not make [standing: arn:aws:iam::1:role/writer]\n"},
		{"adopted", []string{"VPC vpc-a"}, standing(func(r *estate.Role) { r.Tags = nil }), wanted, true, "claim " + address + "/claim\nupdate " + address + " <" + address + "/claim\n"},
		{"no longer wanted", []string{"VPC vpc-a", "ROLE writer"}, standing(none), wanted[:2], false,
			"delete roles/1/writer\nforget ledger/corp.test/ROLE writer <roles/1/writer\n"},
		{"no longer wanted, nor ours", []string{"VPC vpc-a", "ROLE writer"}, standing(func(r *estate.Role) { r.Tags = nil }), wanted[:2], false,
			"forget ledger/corp.test/ROLE writer\nwarning handed-over: role arn:aws:iam::1:role/writer is no longer wanted, but somebody took our mark off it: it stays\n"},
		{"no longer wanted, widened", []string{"VPC vpc-a", "ROLE writer"}, standing(func(r *estate.Role) { r.Inline["more"] = "{}" }), wanted[:2], false,
			"warning widened: role arn:aws:iam::1:role/writer stays: it has policies that orgdns did not give it [more]\n"},
		{"wanted for another zone", []string{"VPC vpc-a", "ROLE writer"}, func(e *estate.Estate) {
			standing(none)(e)
			put(e, estate.Zone{ID: "ZY", Account: "1", Name: moved.ZoneName, Private: true, CallerReference: "theirs"})
		}, append(wanted[:2:2], Wanted{Address: "elsewhere", Account: "1", Item: Item{Role: &moved}}), false,
			"claim elsewhere/claim\nupdate elsewhere <elsewhere/claim\nforget ledger/corp.test/ROLE writer <elsewhere\n"},
		{"unread", []string{"VPC vpc-a", "ROLE writer"}, func(e *estate.Estate) {
			e.Answers.Put(estate.Answer{Query: estate.Query{Kind: estate.QueryRole, Account: "1", ID: "writer"}, Code: "AccessDenied", Message: "no"})
		}, wanted, false, "error unread: role 1 writer could not be read, so nothing is planned for " + address + " [AccessDenied: no]\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e := privately(tt.entries...)
			tt.estate(&e)
			p := Make(Input{Owner: owner, Now: now, Estate: e, Wanted: tt.wanted, Adopt: tt.adopt})
			if got := brief(p); got != tt.want {
				t.Errorf("planned\n%swant\n%s", got, tt.want)
			}
			if raw, err := p.Save(); err != nil || strings.Contains(string(raw), "hush") {
				t.Errorf("the saved plan shows the external ID: %v", err)
			}
		})
	}
}
