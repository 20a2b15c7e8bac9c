package twintest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/twin/world"
)

const zoneAddress = "delegations/api.example.com/zone"

func zoneStep(action plan.Action, id string) plan.Step {
	return plan.Step{
		Address: zoneAddress, Kind: plan.KindZone, Action: action, Account: child, ID: id,
		Zone: &plan.Zone{Name: name("api.example.com"), Reference: plan.Reference(owner, zoneAddress), Comment: "by orgdns"},
	}
}

func certificateStep(action plan.Action, arn string) plan.Step {
	return plan.Step{
		Address: "delegations/api.example.com/certificate", Kind: plan.KindCertificate, Action: action, Account: child, Region: ireland, ID: arn,
		Certificate: &plan.Certificate{Names: []dnsname.Name{name("api.example.com"), name("*.api.example.com")}},
	}
}

func do(t *testing.T, w *awsapi.Writer, s plan.Step) plan.Attributes {
	t.Helper()
	got, err := w.Do(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func zonesNamed(e estate.Estate, n string) []estate.Zone {
	return slices.Collect(e.Zones.By(estate.ByName(name(n))))
}

// TestZoneOnce: whatever goes wrong with the call that makes a zone, or with
// the look for it, one zone is made; and a step that is repeated gives the same.
func TestZoneOnce(t *testing.T) {
	fault := func(kind world.FaultKind, operation string, delay time.Duration) world.Fault {
		return world.Fault{Service: "route53", Operation: operation, Kind: kind, Delay: delay}
	}
	tests := map[string][]world.Fault{
		"nothing":                     nil,
		"the answer is lost":          {fault(world.FaultLostResponse, "CreateHostedZone", 0)},
		"twice lost":                  {fault(world.FaultLostResponse, "CreateHostedZone", 0), fault(world.FaultLostResponse, "GetHostedZone", 0)},
		"lost, and the list is stale": {fault(world.FaultLostResponse, "CreateHostedZone", 0), {Service: "route53", Operation: "ListHostedZonesByName", Kind: world.FaultStale, Delay: 10 * time.Second, Count: 3}},
		"throttled":                   {fault(world.FaultThrottle, "CreateHostedZone", 0)},
		"5xx":                         {fault(world.FaultServer, "CreateHostedZone", 0)},
		"timeout":                     {fault(world.FaultTimeout, "CreateHostedZone", 0)},
		"reset":                       {fault(world.FaultReset, "CreateHostedZone", 0)},
	}
	for name, faults := range tests {
		t.Run(name, func(t *testing.T) {
			a := newAWS(t, populated(), nil)
			a.world.Inject(faults...)
			w := a.sessions.Writer(nil)
			first := do(t, w, zoneStep(plan.Create, ""))
			again := do(t, a.sessions.Writer(nil), zoneStep(plan.Create, ""))
			made := zonesNamed(a.world.Estate(), "api.example.com")
			if len(made) != 1 {
				t.Fatalf("%d zones", len(made))
			}
			z := made[0]
			if z.CallerReference != "orgdns/acme/"+zoneAddress+"/1" || z.Comment != "by orgdns" {
				t.Errorf("reference %q, comment %q", z.CallerReference, z.Comment)
			}
			var servers []string
			for _, s := range z.NameServers {
				servers = append(servers, s.String())
			}
			for _, got := range []plan.Attributes{first, again} {
				if !slices.Equal(got["id"], []string{z.ID}) || !slices.Equal(got["nameServers"], servers) {
					t.Errorf("attributes %v, want %s %v", got, z.ID, servers)
				}
			}
		})
	}
}

// TestZoneAgain: a zone that was deleted is made again, under the next number;
// a zone of the same name that somebody else made is left alone.
func TestZoneAgain(t *testing.T) {
	e := populated()
	foreign, records := zone("ZFOREIGN", child, "api.example.com")
	e.Zones.Put(foreign)
	e.Records.Put(records...)
	a := newAWS(t, e, nil)
	w := a.sessions.Writer(nil)
	first := do(t, w, zoneStep(plan.Create, ""))
	do(t, w, zoneStep(plan.Delete, first["id"][0]))
	do(t, w, zoneStep(plan.Delete, first["id"][0])) // done already
	second := do(t, w, zoneStep(plan.Create, ""))
	if second["id"][0] == first["id"][0] || second["id"][0] == "ZFOREIGN" {
		t.Errorf("made %v again", second)
	}
	z, _ := a.world.Estate().Zones.Get(second["id"][0])
	if z.CallerReference != "orgdns/acme/"+zoneAddress+"/2" {
		t.Errorf("reference %q", z.CallerReference)
	}
}

func TestZoneClaimAndTags(t *testing.T) {
	a := newAWS(t, populated(), nil)
	w := a.sessions.Writer(nil)
	step := zoneStep(plan.Claim, "ZPARENT")
	step.Account = parent
	got := do(t, w, step)
	if got["id"][0] != "ZPARENT" || len(got["nameServers"]) != 4 {
		t.Errorf("attributes %v", got)
	}
	set := map[string]string{plan.TagDeleteAfter: "2026-03-02T12:00:00Z"}
	for i := range 12 {
		set["more"+string(rune('a'+i))] = "x"
	}
	before := a.count("ChangeTagsForResource")
	do(t, w, plan.Step{
		Address: "t", Kind: plan.KindZoneTags, Action: plan.Update, Account: parent,
		Tags: &plan.Tags{Zone: "ZPARENT", Set: set, Remove: []string{"team", "not-there"}},
	})
	if n := a.count("ChangeTagsForResource") - before; n != 2 {
		t.Errorf("%d requests for 13 tags, want 2", n)
	}
	z, _ := a.world.Estate().Zones.Get("ZPARENT")
	want := estate.Tags{plan.TagOwner: owner, plan.TagAddress: zoneAddress}.With(set)
	if g, w := text(t, z.Tags), text(t, want); g != w {
		t.Errorf("tags %s, want %s", g, w)
	}
	gone := plan.Step{Address: "t", Kind: plan.KindZoneTags, Action: plan.Delete, Account: parent, Tags: &plan.Tags{Zone: "ZGONE", Remove: []string{"team"}}}
	do(t, w, gone) // went with its zone
	gone.Tags.Set = set
	if _, err := w.Do(t.Context(), gone); awsapi.Code(err) != "NoSuchHostedZone" {
		t.Errorf("tags on a zone that is not there: %v", err)
	}
}

func record(n string, values ...string) estate.RecordSet {
	return estate.RecordSet{Zone: "ZPARENT", Name: name(n), Type: "A", TTL: 60, Values: values}
}

func batchStep(changes ...plan.RecordChange) plan.Step {
	return plan.Step{
		Address: "records", Kind: plan.KindRecord, Action: plan.Create, Account: parent,
		Batch: &plan.Batch{Zone: "ZPARENT", ZoneName: name("example.com"), Statement: plan.StatementRecords, Changes: changes},
	}
}

// TestEveryRecord: any record that was read can be deleted and made again by
// what was read.
func TestEveryRecord(t *testing.T) {
	a := newAWS(t, populated(), nil)
	var e estate.Estate
	read(t, t.Context(), a.sessions.Reader(nil), &e, query(estate.QueryRecords, parent, "ZPARENT"))
	var changes []plan.RecordChange
	add := func(verb plan.Verb, alias bool) {
		for r := range e.Records.All() {
			if apex := r.Name == name("example.com"); (r.Alias != nil) == alias && (!apex || r.Type != "NS" && r.Type != "SOA") {
				changes = append(changes, plan.RecordChange{Verb: verb, Set: r})
			}
		}
	}
	add(plan.VerbDelete, true) // before its target goes
	add(plan.VerbDelete, false)
	add(plan.VerbCreate, false)
	add(plan.VerbCreate, true)
	want := text(t, slices.Collect(a.world.Estate().Records.Prefix(estate.RecordsOf("ZPARENT"))))
	do(t, a.sessions.Writer(nil), batchStep(changes...))
	if got := text(t, slices.Collect(a.world.Estate().Records.Prefix(estate.RecordsOf("ZPARENT")))); got != want {
		t.Error(firstDifference(got, want))
	}
}

func TestBatch(t *testing.T) {
	a := newAWS(t, populated(), nil)
	w := a.sessions.Writer(nil)
	step := batchStep(plan.RecordChange{Verb: plan.VerbCreate, Set: record("new.example.com", "192.0.2.9")})
	done := do(t, w, step)
	if settled, err := w.Settled(t.Context(), step, done); settled || err != nil {
		t.Errorf("in effect at once: %v, %v", settled, err)
	}
	if err := a.clock.Sleep(t.Context(), 2*time.Minute); err != nil {
		t.Fatal(err)
	}
	if settled, err := w.Settled(t.Context(), step, done); !settled || err != nil {
		t.Errorf("in effect after two minutes: %v, %v", settled, err)
	}
	if _, err := w.Do(t.Context(), step); !w.Refused(err) || !strings.Contains(err.Error(), "already exists") {
		t.Errorf("the same again: %v", err)
	}

	// A batch whose answer was lost is refused when it is sent again; what
	// stands says that it was done.
	a.world.Inject(world.Fault{Operation: "ChangeResourceRecordSets", Kind: world.FaultLostResponse})
	lost := batchStep(plan.RecordChange{Verb: plan.VerbCreate, Set: record("lost.example.com", "192.0.2.9")})
	if _, err := w.Do(t.Context(), lost); !w.Refused(err) {
		t.Errorf("a lost answer: %v", err)
	}
	got, err := w.Records(t.Context(), parent, "ZPARENT", []plan.RecordID{{Name: name("lost.example.com"), Type: "A"}})
	if err != nil || len(got) != 1 || !got[0].Same(lost.Batch.Changes[0].Set) {
		t.Errorf("stands: %v, %v", got, err)
	}
}

// TestCertificateOnce: one certificate, whatever happens to the request; its
// records are given once ACM has made them; it is settled when it is issued.
func TestCertificateOnce(t *testing.T) {
	fault := func(kind world.FaultKind, operation string) world.Fault {
		return world.Fault{Service: "acm", Operation: operation, Kind: kind}
	}
	tests := map[string][]world.Fault{
		"nothing":            nil,
		"the answer is lost": {fault(world.FaultLostResponse, "RequestCertificate")},
		"all answers are lost": {{Service: "acm", Operation: "RequestCertificate", Kind: world.FaultLostResponse, Count: 8},
			fault(world.FaultServer, "ListCertificates")},
		"5xx": {fault(world.FaultServer, "RequestCertificate"), fault(world.FaultServer, "DescribeCertificate")},
	}
	for name, faults := range tests {
		t.Run(name, func(t *testing.T) {
			e := populated()
			e.Certificates = estate.Table[estate.Certificate]{}
			a := newAWS(t, e, nil)
			a.world.Inject(faults...)
			w := a.sessions.Writer(nil)
			step := certificateStep(plan.Create, "")
			got, err := w.Do(t.Context(), step)
			if err != nil {
				if name != "all answers are lost" {
					t.Fatal(err)
				}
				if err := a.clock.Sleep(t.Context(), 2*time.Hour); err != nil { // the token is forgotten
					t.Fatal(err)
				}
				got = do(t, w, step)
			} else if name == "all answers are lost" {
				t.Fatal("no error")
			}
			certs := slices.Collect(a.world.Estate().Certificates.All())
			if len(certs) != 1 {
				t.Fatalf("%d certificates", len(certs))
			}
			c := certs[0]
			if c.Tags[plan.TagOwner] != owner || c.Tags[plan.TagAddress] != step.Address || !step.Certificate.Same(c) {
				t.Errorf("certificate %+v", c)
			}
			want := plan.Attributes{"arn": {c.ARN}}
			for _, v := range c.Validation {
				want["record:"+v.Name.String()] = []string{v.Record.String()}
				want["value:"+v.Name.String()] = []string{v.Value}
			}
			if g, w := text(t, got), text(t, want); g != w || len(want) != 5 {
				t.Errorf("attributes %s, want %s", g, w)
			}
			if settled, err := w.Settled(t.Context(), step, got); settled || err != nil {
				t.Errorf("issued without its records: %v, %v", settled, err)
			}
			do(t, w, certificateStep(plan.Delete, c.ARN))
			do(t, w, certificateStep(plan.Delete, c.ARN))
			if n := a.world.Estate().Certificates.Len(); n != 0 {
				t.Errorf("%d certificates after the deletion", n)
			}
		})
	}
}

// TestCertificateAfterFailure: within the hour of its token, a certificate that
// failed is followed by another one.
func TestCertificateAfterFailure(t *testing.T) {
	a := newAWS(t, populated(), nil)
	w := a.sessions.Writer(nil)
	step := certificateStep(plan.Create, "")
	first := do(t, w, step)
	fail := func(s *world.State) error {
		c, _ := s.Estate.Certificates.Get(first["arn"][0])
		c.Status, c.Failure = estate.CertificateFailed, "CAA_ERROR"
		s.Estate.Certificates.Put(c)
		return nil
	}
	if err := a.world.Update(fail); err != nil {
		t.Fatal(err)
	}
	const want = "is not issued: FAILED, CAA_ERROR; a CAA record of the domain does not let Amazon issue; add amazon.com to it"
	if _, err := w.Settled(t.Context(), step, first); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("a failed certificate is settled with %v", err)
	}
	if err := a.clock.Sleep(t.Context(), 10*time.Minute); err != nil {
		t.Fatal(err)
	}
	second := do(t, a.sessions.Writer(nil), step)
	if second["arn"][0] == first["arn"][0] {
		t.Error("the failed certificate was taken again")
	}
	if again := do(t, a.sessions.Writer(nil), step); again["arn"][0] != second["arn"][0] {
		t.Error("the repeated step made a third certificate")
	}
}

func TestCertificateInUse(t *testing.T) {
	e := populated()
	a := newAWS(t, e, nil)
	arn := "arn:aws:acm:eu-west-1:333333333333:certificate/11111111-1111-4111-8111-111111111111"
	if err := a.world.Update(func(s *world.State) error {
		s.Use(arn, "arn:aws:elasticloadbalancing:eu-west-1:333333333333:loadbalancer/app/x")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	_, err := a.sessions.Writer(nil).Do(t.Context(), certificateStep(plan.Delete, arn))
	if awsapi.Code(err) != "ResourceInUseException" || !strings.HasSuffix(err.Error(), "; detach it first from what serves it (load balancer, distribution, API), or keep it") {
		t.Errorf("error %v", err)
	}
}
