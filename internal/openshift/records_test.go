package openshift

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

var now = time.Date(2025, 2, 1, 12, 0, 0, 0, time.UTC)

const (
	nlb = "x-1.elb.eu-west-1.amazonaws.com"
	alb = "y-2.eu-west-1.elb.amazonaws.com"
)

// mine is the cluster of the tests.
func mine() Cluster {
	return Cluster{
		InfraID: "mine-x7k2p", Account: app, Domain: dnsname.MustParse("mine.example.com"),
		Private: ZoneRef{ID: privateID}, Public: ZoneRef{Name: dnsname.MustParse("example.com")},
		Role: Role{ARN: "arn:aws:iam::111111111111:role/dns/mine", Partition: "aws", Account: dns, Name: roleName},
	}
}

func balancers() *Balancers {
	b := func(name string) Balancer { return Balancer{Name: dnsname.MustParse(name)} }
	return &Balancers{API: b("ext." + nlb), Internal: b("int." + nlb), Apps: b(alb)}
}

// object is a DNSRecord in YAML.
func object(name, spec, more string) string {
	return fmt.Sprintf("---\napiVersion: ingress.operator.openshift.io/v1\nkind: DNSRecord\nmetadata: { namespace: ns, name: %s, generation: 2 }\nspec: { %s }\n%s", name, spec, more)
}

// changed is the plan of a half in short.
func changed(h Half) string {
	p := plan.Make(h.Plan)
	var out []string
	for _, c := range p.Changes {
		s := string(c.Action) + " "
		switch item := c.Item(); {
		case item.ZoneTags != nil:
			var set []string
			for k, v := range item.ZoneTags.Set {
				set = append(set, k+"="+v.String())
			}
			s += "tag " + strings.Join(set, " ") + strings.Join(item.ZoneTags.Remove, " ")
		default:
			s += item.Record.Name.String() + " " + item.Record.Type
			if c.After != nil && item.Record.Alias != nil {
				s += " -> " + item.Record.Alias.Name.String() + " " + item.Record.Alias.Zone
			} else if c.After != nil {
				for _, v := range item.Record.Values {
					s += " " + v.String()
				}
				s += fmt.Sprintf(" ttl=%d", item.Record.TTL)
			}
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return sort(h.Private()) + " " + h.Plan.Owner + "\n" + strings.Join(append(out, show(p.Diagnostics)), "\n")
}

// applied is the estate after the plan of a half was carried out.
func applied(t *testing.T, e estate.Estate, h Half) estate.Estate {
	t.Helper()
	p := plan.Make(h.Plan)
	if p.Diagnostics.HasErrors() {
		t.Fatal(show(p.Diagnostics))
	}
	var claims, withdrawn []string
	lookup := func(v plan.Value) ([]string, error) { return v.Resolve(now, nil) }
	for _, c := range p.Changes {
		if tags := c.Item().ZoneTags; tags != nil {
			change(&e.Zones, h.Zone.ID, func(z *estate.Zone) {
				z.Tags = z.Tags.With(nil)
				for k, v := range tags.Set {
					z.Tags[k] = v.String()
				}
				for _, k := range tags.Remove {
					delete(z.Tags, k)
				}
			})
			continue
		}
		set, err := c.Item().Record.Set(lookup)
		if err != nil {
			t.Fatal(err)
		}
		entry := plan.Entry(h.Zone.Name, set.Name, set.Type, set.SetID)
		if c.Action == plan.Delete {
			e.Records.Delete(set.Key())
			withdrawn = append(withdrawn, entry)
			continue
		}
		e.Records.Put(set)
		if c.Action == plan.Create {
			claims = append(claims, entry)
		}
	}
	_, sets := plan.ReadLedger(e, h.Zone, h.Plan.Owner).Edit(h.Zone.ID, claims, withdrawn)
	for _, s := range sets {
		if s.Before != nil {
			e.Records.Delete(s.Before.Key())
		}
		if s.After != nil {
			e.Records.Put(*s.After)
		}
	}
	return e
}

// TestLife is the life of a cluster: installed, changed on day 2, mended,
// destroyed. At the end the zones are as they were at first.
func TestLife(t *testing.T) {
	start := world()
	e, c := start, mine()
	step := func(name string, in Changes, want ...string) []Half {
		t.Helper()
		in.Estate, in.Now = e, now
		halves, problems := c.Halves(in)
		if len(problems) > 0 || len(halves) != 2 {
			t.Fatalf("%s: %d halves, %s", name, len(halves), show(problems))
		}
		for i, h := range halves {
			if got := strings.TrimSpace(changed(h)); got != want[i] {
				t.Errorf("%s:\n got %s\nwant %s", name, got, want[i])
			}
			e = applied(t, e, h)
		}
		in.Estate = e // and a second time there is nothing to do
		halves, _ = c.Halves(in)
		for _, h := range halves {
			if p := plan.Make(h.Plan); !p.Empty() {
				t.Errorf("%s: again: %s", name, changed(h))
			}
		}
		return halves
	}
	const private, public = "private ocp-mine-x7k2p", "public ocp-mine-x7k2p"
	const tag = "update tag kubernetes.io/cluster/mine-x7k2p=shared"
	early := *balancers()
	early.Apps = Balancer{}
	step("install", Changes{Balancers: &early},
		private+"\ncreate api-int.mine.example.com A -> int."+nlb+" Z2IFOLAFXWLO4F\ncreate api.mine.example.com A -> int."+nlb+" Z2IFOLAFXWLO4F\n"+tag,
		public+"\ncreate api.mine.example.com A -> ext."+nlb+" Z2IFOLAFXWLO4F\n"+tag)
	wildcard := object("default-wildcard", `dnsName: "*.apps.mine.example.com.", recordType: CNAME, recordTTL: 30, targets: [`+alb+`]`, "")
	extra := object("extra", "dnsName: x.mine.example.com, recordType: CNAME, recordTTL: 0, targets: [www.example.net]", "") +
		object("addresses", "dnsName: a.mine.example.com, recordType: A, recordTTL: 60, targets: [192.0.2.1, 192.0.2.2], dnsManagementPolicy: Managed", "") +
		object("others", "dnsName: o.mine.example.com, recordType: A, recordTTL: 60, targets: [192.0.2.1], dnsManagementPolicy: Unmanaged", "")
	day2 := "\ncreate *.apps.mine.example.com A -> " + alb + " Z32O12XQLNTSW2\ncreate a.mine.example.com A 192.0.2.1 192.0.2.2 ttl=60\ncreate x.mine.example.com CNAME www.example.net. ttl=30"
	step("day 2", Changes{Records: text(t, wildcard+extra).Records, Complete: true}, private+day2, public+day2)
	// The installation again, and objects that are not all: nothing goes.
	step("install again", Changes{Balancers: balancers()}, private, public)
	step("one object", Changes{Records: text(t, wildcard).Records}, private, public)
	// Drift.
	e.Records.Put(estate.RecordSet{Zone: privateID, Name: dnsname.MustParse("a.mine.example.com"), Type: "A", TTL: 60, Values: []string{"198.51.100.1"}})
	e.Records.Delete(estate.RecordKey(publicID, dnsname.MustParse("*.apps.mine.example.com"), "A", ""))
	step("repair", Changes{Records: text(t, wildcard+extra).Records, Complete: true},
		private+"\nupdate a.mine.example.com A 192.0.2.1 192.0.2.2 ttl=60", public+"\ncreate *.apps.mine.example.com A -> "+alb+" Z32O12XQLNTSW2")
	// An object that goes; later all but one are gone. Foreign records stay.
	e.Records.Put(estate.RecordSet{Zone: privateID, Name: dnsname.MustParse("foreign.mine.example.com"), Type: "A", TTL: 60, Values: []string{"198.51.100.1"}})
	going := strings.Replace(object("addresses", "dnsName: a.mine.example.com, recordType: A, recordTTL: 60, targets: [192.0.2.1]", ""), "generation: 2", `generation: 2, deletionTimestamp: "2025-01-31T12:00:00Z"`, 1)
	step("going", Changes{Records: text(t, going).Records}, private+"\ndelete a.mine.example.com A", public+"\ndelete a.mine.example.com A")
	c.DualStack = true
	dual := "\ncreate *.apps.mine.example.com AAAA -> " + alb + " Z32O12XQLNTSW2\ndelete x.mine.example.com CNAME"
	step("complete and dual", Changes{Records: text(t, wildcard).Records, Complete: true}, private+dual, public+dual)
	gone := "\ndelete *.apps.mine.example.com A\ndelete *.apps.mine.example.com AAAA"
	step("destroy", Changes{Destroy: true},
		private+gone+"\ndelete api-int.mine.example.com A\ndelete api.mine.example.com A\nupdate tag kubernetes.io/cluster/mine-x7k2p",
		public+gone+"\ndelete api.mine.example.com A\nupdate tag kubernetes.io/cluster/mine-x7k2p")
	start.Records.Put(estate.RecordSet{Zone: privateID, Name: dnsname.MustParse("foreign.mine.example.com"), Type: "A", TTL: 60, Values: []string{"198.51.100.1"}})
	want, _ := json.Marshal(start)
	if got, _ := json.Marshal(e); string(got) != string(want) {
		t.Errorf("after the cluster\n got %s\nwant %s", got, want)
	}
}

// TestHalves holds what is refused, and that one zone goes on without the other.
func TestHalves(t *testing.T) {
	objects := func(src string) []DNSRecord { return text(t, src).Records }
	spec := func(name string) string { return "dnsName: " + name + ", recordType: A, targets: [192.0.2.1]" }
	older := func(src, at string) string {
		return strings.Replace(src, "generation: 2", "generation: 2, creationTimestamp: \""+at+"\"", 1)
	}
	for _, tt := range []struct {
		name    string
		change  func(*Cluster, *estate.Estate)
		records []DNSRecord
		halves  int
		want    string
	}{
		{"outside", nil, objects(object("a", spec("www.example.com"), "") + object("b", spec("mine.example.com"), "") + object("c", spec("x.mine.example.com"), "")), 2,
			"error openshift-outside -:2:1: DNSRecord ns/a: www.example.com is not below the cluster's domain, mine.example.com: a cluster may write its own names only; give it a name below mine.example.com\n" +
				"error openshift-outside -:7:1: DNSRecord ns/b: mine.example.com is not below the cluster's domain, mine.example.com: a cluster may write its own names only; give it a name below mine.example.com\n"},
		{"two of one name", nil, objects(object("a", spec("x.mine.example.com"), "") + object("b", spec("X.mine.example.com."), "")), 2,
			"error openshift-conflict -:2:1: x.mine.example.com is the name of several DNSRecords: ns/a, ns/b: their creationTimestamp does not tell which is the oldest, so none is taken; delete all but one of them\n" +
				"error openshift-conflict -:7:1: x.mine.example.com is the name of several DNSRecords: ns/a, ns/b: their creationTimestamp does not tell which is the oldest, so none is taken; delete all but one of them\n"},
		{"the oldest of one name", nil, objects(older(object("a", spec("x.mine.example.com"), ""), "2025-01-02T00:00:00Z") + older(object("b", spec("x.mine.example.com"), ""), "2025-01-01T00:00:00Z")), 2,
			"error openshift-conflict -:2:1: x.mine.example.com is the name of DNSRecord ns/b already: of several objects with one name the oldest holds it; delete all but one of them\n"},
		{"private zone unread", func(_ *Cluster, e *estate.Estate) {
			answer(e, "AccessDenied", zones(dns), ofZone(estate.QueryZone, dns, privateID))
		}, nil, 1,
			"error openshift-zone could not read the private zone Z0PRIVATE00000000001 of account 111111111111 with the role arn:aws:iam::111111111111:role/dns/mine: AccessDenied: no\n"},
		{"by its ID alone", func(_ *Cluster, e *estate.Estate) { answer(e, "AccessDenied", zones(dns)) }, nil, 2, ""},
		{"private zone not asked", func(_ *Cluster, e *estate.Estate) {
			e.Answers.Delete(estate.Answer{Query: zones(dns)}.Key(), estate.Answer{Query: ofZone(estate.QueryZone, dns, privateID)}.Key())
		}, nil, 1,
			"error openshift-zone the zones of account 111111111111 could not be read: it was not asked\n"},
		{"private zone gone", func(_ *Cluster, e *estate.Estate) { e.Zones.Delete(privateID) }, nil, 1,
			"error openshift-zone there is no zone Z0PRIVATE00000000001 in account 111111111111; the private zone is looked for in the role's account, else in the cluster's; the public one in the cluster's\n"},
		{"no role", func(c *Cluster, _ *estate.Estate) { c.Role = Role{} }, nil, 1,
			"error openshift-zone zone Z0PRIVATE00000000001 is in account 111111111111, not in 222222222222; give the role of the account that holds the zone\n"},
		{"private zone public", func(_ *Cluster, e *estate.Estate) {
			change(&e.Zones, privateID, func(z *estate.Zone) { z.Private = false })
		}, nil, 1, "error openshift-zone zone mine.example.com (Z0PRIVATE00000000001) is public, not private; write the ID of a private zone\n"},
		{"another domain", func(_ *Cluster, e *estate.Estate) {
			change(&e.Zones, privateID, func(z *estate.Zone) { z.Name = dnsname.MustParse("example.net") })
		}, nil, 1, "error openshift-zone zone example.net (Z0PRIVATE00000000001) cannot hold records of mine.example.com: its name is not the cluster's domain, nor above it\n"},
		{"by tag", func(c *Cluster, e *estate.Estate) {
			c.Role, c.Account, c.Public = Role{}, dns, ZoneRef{}
			c.Private = ZoneRef{Tags: map[string]string{c.Tag(): owned}}
			change(&e.Zones, privateID, func(z *estate.Zone) { z.Tags = estate.Tags{c.Tag(): owned} })
		}, nil, 1, ""},
		{"no such tag", func(c *Cluster, _ *estate.Estate) {
			c.Role, c.Account, c.Public = Role{}, dns, ZoneRef{}
			c.Private = ZoneRef{Tags: map[string]string{"b": "1", "a": "2"}}
		}, nil, 0, "error openshift-zone there is no private zone tagged a=2, b=1 in account 111111111111; make it, or write the zone's ID in the object DNS\n"},
		{"two public zones", func(_ *Cluster, e *estate.Estate) {
			e.Zones.Put(estate.Zone{ID: "Z0SECOND", Account: app, Name: dnsname.MustParse("example.com")})
		}, nil, 1, "error openshift-zone 2 public zones of account 222222222222 are named example.com: Z0PUBLIC000000000001 and Z0SECOND; write the zone's ID in the object DNS\n"},
	} {
		c, e := mine(), world()
		if tt.change != nil {
			tt.change(&c, &e)
		}
		halves, problems := c.Halves(Changes{Estate: e, Now: now, Records: tt.records, Complete: true})
		if got := show(problems); got != tt.want || len(halves) != tt.halves {
			t.Errorf("%s: %d halves, want %d\n got %s\nwant %s", tt.name, len(halves), tt.halves, got, tt.want)
		}
		for _, h := range halves {
			got := changed(h)
			for _, p := range problems {
				if a := p.Address; a != "" && strings.Contains(got, " "+strings.TrimPrefix(a, "ns/")+".") {
					t.Errorf("%s: %s is refused and written: %s", tt.name, a, got)
				}
			}
			if len(tt.records) == 3 && !strings.Contains(got, "create x.mine.example.com A 192.0.2.1 ttl=30") {
				t.Errorf("%s: %s", tt.name, got)
			}
		}
	}
}

// TestClusterNeeds: nothing that Halves misses is left unasked.
func TestClusterNeeds(t *testing.T) {
	c, whole := mine(), world()
	c.Public = ZoneRef{Tags: map[string]string{"a": "b"}}
	e := whole
	e.Answers, e.Zones = estate.Table[estate.Answer]{}, estate.Table[estate.Zone]{}
	var rounds []string
	for list := c.Needs(e); len(list) > 0; list = c.Needs(e) {
		var round []string
		for _, q := range list {
			round = append(round, q.String())
			answer(&e, "", q)
		}
		rounds = append(rounds, strings.Join(round, ", "))
		if e.Zones = whole.Zones; len(rounds) == 2 {
			change(&e.Zones, publicID, func(z *estate.Zone) { z.Tags = estate.Tags{"a": "b"} })
		}
		whole.Zones = e.Zones
	}
	want := []string{
		"zones 111111111111, zones 222222222222",
		"records 111111111111 Z0PRIVATE00000000001, zoneTags 111111111111 Z0PRIVATE00000000001, zoneTags 222222222222 Z0PUBLIC000000000001",
		"records 222222222222 Z0PUBLIC000000000001",
	}
	if !slices.Equal(rounds, want) {
		t.Errorf("rounds\n got %s\nwant %s", strings.Join(rounds, "\n"), strings.Join(want, "\n"))
	}
}

// TestTagsUnread: where the role may not read tags, the tag is set before the
// cluster's first record, and goes with its last.
func TestTagsUnread(t *testing.T) {
	e, c := world(), mine().Only(true)
	answer(&e, "AccessDenied", ofZone(estate.QueryZoneTags, dns, privateID))
	step := func(in Changes, want string) {
		t.Helper()
		in.Estate, in.Now = e, now
		halves, problems := c.Halves(in)
		if len(problems) > 0 || len(halves) != 1 {
			t.Fatalf("%d halves, %s", len(halves), show(problems))
		}
		if got := strings.TrimSpace(changed(halves[0])); got != "private ocp-mine-x7k2p"+want {
			t.Errorf("got %s\nwant %s", got, want)
		}
		for i, ch := range halves[0].Make().Changes {
			tag := ch.Item().ZoneTags != nil
			waits := slices.ContainsFunc(ch.Needs, func(d plan.Dependency) bool { return strings.HasSuffix(d.Address, "/tag") })
			if tag != (i == 0) || waits == tag {
				t.Errorf("%s does not come after the tag", ch.Address)
			}
		}
		e = applied(t, e, halves[0])
	}
	records := text(t, object("a", "dnsName: a.mine.example.com, recordType: A, recordTTL: 60, targets: [192.0.2.1]", "")).Records
	step(Changes{Records: records}, "\ncreate a.mine.example.com A 192.0.2.1 ttl=60\nupdate tag kubernetes.io/cluster/mine-x7k2p=shared")
	step(Changes{Records: records}, "")
	step(Changes{Destroy: true}, "\ndelete a.mine.example.com A\nupdate tag kubernetes.io/cluster/mine-x7k2p")
	step(Changes{Destroy: true}, "")
}

func TestClusterOf(t *testing.T) {
	objects, _ := read(t, "read/good-objects.yaml")
	install, _ := read(t, "read/good-install.yaml")
	own, _ := read(t, "read/good-install-old.yaml")
	install.InfraID, own.InfraID = "mine-x7k2p", "mine-x7k2p"
	for _, tt := range []struct {
		name string
		in   Objects
		want string
	}{
		{"objects", objects, "mine.example.com dual=true private=Z0PRIVATE00000000001 public=Name=public, kubernetes.io/cluster/mine-x7k2p=shared role=arn:aws-us-gov:iam::111111111111:role/dns "},
		{"install-config", install, "mine.example.com dual=false private=Z0PRIVATE00000000001 public=example.com role=arn:aws:iam::111111111111:role/dns/mine "},
		{"own zone", own, "mine.example.com dual=true private=Name=mine-x7k2p-int, kubernetes.io/cluster/mine-x7k2p=owned public= role= "},
		{"nothing", Objects{}, " dual=false private= public= role= error openshift-missing the cluster's infrastructure name is not known; give metadata.json of the installation, or the object: oc get infrastructure cluster -o yaml\nerror openshift-missing it is not known in which zones the records stand; give the object: oc get dns.config.openshift.io cluster -o yaml; or install-config.yaml\n"},
		{"no zones", Objects{InfraID: "x", DNS: &DNS{}}, " dual=false private= public= role= error openshift-missing the cluster has neither a private nor a public zone\n"},
	} {
		c, problems := ClusterOf(tt.in, app)
		zone := func(z ZoneRef) string { return z.ID + sortedTags(z.Tags) + z.Name.String() }
		got := fmt.Sprintf("%s dual=%v private=%s public=%s role=%s %s", c.Domain, c.DualStack, zone(c.Private), zone(c.Public), c.Role.ARN, show(problems))
		if got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
	if got := (Cluster{InfraID: strings.Repeat("x", 40)}).Owner(); len(got) != 32 {
		t.Errorf("owner %s", got)
	}
}

// TestStatus holds what is written back, against a golden file.
func TestStatus(t *testing.T) {
	old := `status:
  observedGeneration: 1
  zones:
    - dnsZone: { id: Z0PRIVATE00000000001 }
      conditions:
        - { type: Failed, status: "False" }
        - { type: Published, status: "True", lastTransitionTime: "2025-01-01T00:00:00Z", reason: Old }
        - { type: Other, status: "True", extra: [1] }
    - dnsZone: { tags: { gone: zone } }
      conditions: [{ type: Published, status: "True" }]
`
	records := text(t, object("same", "dnsName: a.mine.example.com, recordType: A, targets: [192.0.2.1], unheard: { of: <x> }", old)+
		object("new", "dnsName: b.mine.example.com, recordType: A, targets: [192.0.2.1]", "")+
		object("broken", "dnsName: c.mine.example.com, recordType: A, targets: [192.0.2.1]", strings.Replace(old, "Z0PRIVATE", "/hostedzone/Z0PRIVATE", 1))+
		object("left", "dnsName: d.mine.example.com, recordType: A, dnsManagementPolicy: Unmanaged, targets: [192.0.2.1]", "")+
		strings.Replace(object("going", "dnsName: e.mine.example.com, recordType: A, targets: [192.0.2.1]", ""), "generation: 2", `generation: 2, deletionTimestamp: "2025-01-31T12:00:00Z"`, 1)+
		object("outside", "dnsName: e.example.com, recordType: A, targets: [192.0.2.1]", "")).Records
	c, e := mine(), world()
	c.Public = ZoneRef{Tags: map[string]string{"a": "b"}} // there is none
	in := Changes{Estate: e, Now: now, Records: records}
	halves, problems := c.Halves(in)
	failed := map[string]error{"openshift/mine-x7k2p/private/c/A": errors.New("AccessDenied: no")}
	outcomes := c.Outcomes(in, halves, problems, failed)
	if len(outcomes) != 12 || len(halves) != 1 {
		t.Fatalf("%d halves, outcomes %+v", len(halves), outcomes)
	}
	got, err := Status(records, outcomes, now)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "status.json", string(got))
	// What was written is read again, and writing it again changes nothing.
	again, more := Read(File{"-", got})
	if more.HasErrors() || len(again.Records) != len(records) {
		t.Fatal(show(more))
	}
	twice, err := Status(again.Records, outcomes, now.Add(time.Hour))
	if err != nil || string(twice) != string(got) {
		t.Errorf("written twice: %v\n%s", err, twice)
	}
	all := c.Outcomes(in, halves, nil, map[string]error{privateID: errors.New("the role is gone")})
	for _, o := range all {
		if want := "could not change records in the private zone mine.example.com (Z0PRIVATE00000000001) with the role arn:aws:iam::111111111111:role/dns/mine: the role is gone"; o.Zone.ID == privateID && o.Err != want {
			t.Errorf("%+v", o)
		}
	}
	h := halves[0]
	h.Role = Role{}
	if d := h.Failed("read", errors.New("x")); d.Code != CodeFailed || !strings.Contains(d.Error(), "could not read in the private zone mine.example.com (Z0PRIVATE00000000001) with the cluster's own credentials: x") {
		t.Errorf("%+v", d)
	}
	if empty, err := Status(nil, nil, now); err != nil || !strings.Contains(string(empty), `"items": []`) {
		t.Errorf("%s, %v", empty, err)
	}
}

func TestAddOns(t *testing.T) {
	var b strings.Builder
	for _, external := range []string{"", "secret-id"} {
		for _, a := range AddOns(mine().Role, privateID, "eu-west-1", external) {
			fmt.Fprintf(&b, "%s\n  %s\n", a.Title, strings.Join(a.Lines, "\n  "))
		}
	}
	golden(t, "addons.txt", b.String())
}

// TestBalancer: what becomes an alias, and with which types.
func TestBalancer(t *testing.T) {
	for _, tt := range []struct {
		target, kind string
		want         string
	}{
		{nlb, "CNAME", "Z2IFOLAFXWLO4F"},
		{alb, "A", "Z32O12XQLNTSW2"},
		{"d111111abcdef8.cloudfront.net", "CNAME", ""},
		{"x.us-gov-west-1.elb.amazonaws.com", "CNAME", ""}, // no table of that partition
		{"192.0.2.1", "A", ""},
	} {
		b, ok := DNSRecord{Type: tt.kind, Targets: []Text{{tt.target, diag.Pos{}}}}.balancer()
		if ok != (tt.want != "") || ok && b.Zone != tt.want {
			t.Errorf("%s: %+v, %v", tt.target, b, ok)
		}
	}
	e := world()
	name := dnsname.MustParse(alb)
	var target estate.AliasTarget
	if err := json.Unmarshal([]byte(`{"name":"`+alb+`","addresses":["192.0.2.1","2001:db8::1"]}`), &target); err != nil {
		t.Fatal(err)
	}
	if reachable6(e, name) {
		t.Error("an unknown load balancer has IPv6")
	}
	e.Targets.Put(target)
	if !reachable6(e, name) {
		t.Error("IPv6 is not seen")
	}
}

// TestDocs: every code and every check has its place in docs/openshift.md.
func TestDocs(t *testing.T) {
	raw, err := os.ReadFile("../../docs/openshift.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile("openshift.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := regexp.MustCompile(`"(openshift-[a-z]+)"`).FindAllStringSubmatch(string(source), -1)
	if len(codes) < 15 {
		t.Fatalf("%d codes", len(codes))
	}
	names := map[string]bool{}
	for _, c := range codes {
		names["`"+c[1]+"`"] = true
	}
	reports, _ := filepath.Glob("testdata/check/*.txt")
	for _, file := range reports {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^(?:ok|PROBLEM|\?) +([A-Za-z0-9 ]{15})`).FindAllStringSubmatch(string(text), -1) {
			names["| "+strings.TrimSpace(m[1])+" |"] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !strings.Contains(string(raw), name) {
			t.Errorf("docs/openshift.md has no %s", name)
		}
	}
}
