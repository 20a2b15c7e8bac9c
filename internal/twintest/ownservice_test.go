package twintest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/orgdns/orgdns/examples"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// shareVariant is an example of shared endpoints with some lines written
// otherwise: pairs of what is there and what stands for it.
func shareVariant(t testing.TB, via string, pairs ...string) rig {
	t.Helper()
	raw, err := examples.FS.ReadFile("endpointshare-" + via + "/orgdns.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := string(raw)
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the example has no %q", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return rig{loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(text)}}, "orgdns.yaml"), loadEstate(t, "endpointshare-"+via+"/estate.json")}
}

// Lines of the examples, and what takes their place.
const (
	expectPay  = "  - { from: { accounts: [shop, api, data], tags: { dns: corp } }, name: pay.payments.example.com, resolvesTo: shared }\n"
	expectEC2  = "  - { from: { accounts: [shop, api, data], tags: { dns: corp }, region: eu-west-1 }, name: ec2.eu-west-1.amazonaws.com, resolvesTo: shared }\n"
	domainLine = "        domain: pay.payments.example.com"
)

// live applies a share, holds every promise, finds nothing left to do, and
// leaves on destroy what was there before. While it stands look may look at it.
func live(t *testing.T, r rig, w *world.World, look func()) {
	t.Helper()
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	verified, err := r.process(w, nil).Verify(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(verified.Checks) == 0 {
		t.Error("nothing was checked")
	}
	for _, c := range verified.Checks {
		if !c.OK || c.Computed {
			t.Errorf("%+v", c)
		}
	}
	look()
	if err := r.converge(t.Context(), w, reconcile.Options{Destroy: true}); err != nil {
		t.Fatal(err)
	}
	if left := remains(r, w.Estate()); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// remains are how many things of a share stand more than in the beginning.
func remains(r rig, e estate.Estate) map[string]int {
	out := map[string]int{}
	for what, n := range map[string]int{
		"endpoints": e.Endpoints.Len() - r.start.Endpoints.Len(), "services": e.EndpointServices.Len() - r.start.EndpointServices.Len(),
		"profiles": e.Profiles.Len() - r.start.Profiles.Len(), "resources": e.ProfileResources.Len() - r.start.ProfileResources.Len(),
		"profile associations": e.ProfileAssociations.Len() - r.start.ProfileAssociations.Len(), "resolver endpoints": e.ResolverEndpoints.Len() - r.start.ResolverEndpoints.Len(),
		"rules": e.ResolverRules.Len() - r.start.ResolverRules.Len(), "rule associations": e.RuleAssociations.Len() - r.start.RuleAssociations.Len(),
		"shares": e.Shares.Len() - r.start.Shares.Len(), "groups": e.SecurityGroups.Len() - r.start.SecurityGroups.Len(),
		"attachments": e.TransitAttachments.Len() - r.start.TransitAttachments.Len(), "zones": e.Zones.Len() - r.start.Zones.Len(), "records": e.Records.Len() - r.start.Records.Len(),
	} {
		if n != 0 {
			out[what] = n
		}
	}
	return out
}

// TestAcceptance: a service of one's own that asks for acceptance is shared
// either way, though AWS refuses private DNS until the endpoint was accepted.
func TestAcceptance(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, via string
		pairs     []string
		private   bool
	}{
		{"profile", "profile", []string{domainLine, "        acceptance: true\n" + domainLine}, true},
		{"resolver", "profile", []string{"    via: profile", "    via: resolver", domainLine, "        acceptance: true\n" + domainLine}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := shareVariant(t, tt.via, tt.pairs...)
			w := r.world()
			live(t, r, w, func() {
				found := 0
				for p := range w.Estate().Endpoints.All() {
					if strings.Contains(p.Service, "vpce-svc-") {
						found++
						if p.State != estate.EndpointAvailable || p.PrivateDNS != tt.private {
							t.Errorf("endpoint %s: %s, private DNS %v", p.ID, p.State, p.PrivateDNS)
						}
					}
				}
				if found != 2 {
					t.Errorf("%d endpoints of the service, not one a Region", found)
				}
			})
		})
	}
}

// TestExternalProof: where the public zone is somebody else's to write, the
// service is made, who has to publish which record is told, and what needs the
// name is left to the run that finds the record in public DNS. What stands by
// then stays when the proof is gone again, or cannot be looked for.
func TestExternalProof(t *testing.T) {
	t.Parallel()
	const (
		parent  = "        parent: { external: Payments Registrar }\n"
		foreign = estate.AccountID("777777777777")
	)
	profile := []string{"expect:\n" + expectEC2 + expectPay, "", domainLine, parent + domainLine}
	own := append(slices.Clone(profile), "    via: profile", "    via: own", "    vpc: { tags: { role: shared-services } }\n", "",
		"    connect: { transitGateway: { tags: { role: backbone }, account: network } }\n", "")
	for _, tt := range []struct {
		name       string
		holder     estate.AccountID // of the public zone
		stands     int              // endpoints of the service, once it is proven
		as, change []string         // what the example says, and goes over to while nothing is proven
	}{
		{"a zone in an account that is listed", "555555555555", 2, profile, own},
		{"a zone in an account that is not read", foreign, 2, profile, profile},
		{"endpoints of the consumers' own", foreign, 6, own, profile},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := shareVariant(t, "profile", tt.as...)
			for z := range r.start.Zones.All() {
				z.Account = tt.holder
				r.start.Zones.Put(z)
			}
			w := r.world()
			p := proofs{T: t, rig: r, world: w}
			for range 2 {
				p.waits(`TXT "vpce:`)
			}
			if n := len(p.endpoints()); n > 0 {
				t.Errorf("%d endpoints were made before their name was proven", n)
			}
			p.publish(true)
			p.waits()
			standing := p.endpoints()
			if len(standing) != tt.stands {
				t.Errorf("%d endpoints once it is proven, not %d", len(standing), tt.stands)
			}
			p.answered()

			p.publish(false)
			p.waits("to publish the record")
			p.silent = true
			p.waits("whether it is published is not known")
			p.cfg = shareVariant(t, "profile", tt.change...).cfg
			p.waits("whether it is published is not known")
			if left := p.endpoints(); !slices.Equal(left, standing) {
				t.Errorf("of the endpoints %v these are left once the proof is gone: %v", standing, left)
			}
			p.answered()
		})
	}
}

// proofs looks at the proof of pay.payments.example.com, which somebody else
// publishes.
type proofs struct {
	*testing.T
	rig
	world  *world.World
	silent bool // public DNS does not answer
}

// waits brings the share to rest and holds what is waited for against parts of
// it, one a Region.
func (p proofs) waits(parts ...string) {
	p.Helper()
	one := p.process(p.world, nil)
	if p.silent {
		one.Ports.Prober = silent{one.Ports.Prober}
	}
	for try := 0; ; try++ {
		planned, err := one.Plan(p.Context(), reconcile.Options{})
		if err != nil || planned.Diagnostics.Err() != nil || try == 3 {
			p.Fatal("no rest: ", err, planned.Diagnostics)
		}
		if planned.Empty() {
			break
		}
		if err := one.run(p.Context(), reconcile.Options{}); err != nil {
			p.Fatal(err)
		}
	}
	verified, err := one.Verify(p.Context(), reconcile.Options{})
	if err != nil {
		p.Fatal(err)
	}
	for _, c := range verified.Checks {
		if !c.OK {
			p.Errorf("%+v", c)
		}
	}
	if want := min(len(parts), 1) * 2; len(verified.Waiting) != want {
		p.Fatalf("waits for %v, not for a record in each of %d Regions", verified.Waiting, want)
	}
	for _, x := range verified.Waiting {
		for _, part := range append(parts, "Payments Registrar", "pay.payments.example.com") {
			if !strings.Contains(x.For, part) {
				p.Errorf("%q does not say %q", x.For, part)
			}
		}
	}
}

// publish puts the records into public DNS, or takes them out, whereupon AWS
// finds the names unproven.
func (p proofs) publish(on bool) {
	p.Helper()
	err := p.world.Update(func(s *world.State) error {
		for v := range s.Estate.EndpointServices.All() {
			name := dnsname.MustParse(plan.ServiceAttributes(v)["verifyName"][0])
			rs := estate.RecordSet{Zone: "Z0PAYMENTSEXAMPLE", Name: name, Type: "TXT", TTL: 300, Values: []string{`"` + v.VerifyValue + `"`}}
			if on {
				s.Estate.Records.Put(rs)
				continue
			}
			s.Estate.Records.Delete(rs.Key())
			v.NameState = estate.NameFailed
			s.Estate.EndpointServices.Put(v)
		}
		return nil
	})
	if err != nil {
		p.Fatal(err)
	}
}

// endpoints are those of the service.
func (p proofs) endpoints() []string {
	var out []string
	for e := range p.world.Estate().Endpoints.All() {
		if strings.Contains(e.Service, "vpce-svc-") {
			out = append(out, e.ID)
		}
	}
	slices.Sort(out)
	return out
}

// answered holds that every consumer resolves the name to an endpoint.
func (p proofs) answered() {
	p.Helper()
	answers := resolve.New(p.world.Estate(), resolve.DefaultPolicy)
	for v := range p.world.Estate().VPCs.All() {
		if a := answers.Resolve(resolve.Vantage{VPC: v.ID}, dnsname.MustParse("pay.payments.example.com"), "A"); v.Tags["dns"] == "corp" && len(a.Records) == 0 {
			p.Errorf("%s has no answer: %s", v.ID, a)
		}
	}
}

// silent is public DNS that does not answer.
type silent struct{ reconcile.Prober }

func (s silent) Probe(ctx context.Context, from resolve.Vantage, name dnsname.Name, rrtype string) (resolve.Answer, error) {
	if from == (resolve.Vantage{}) {
		return resolve.Answer{}, errors.New("no resolver answers")
	}
	return s.Prober.Probe(ctx, from, name, rrtype)
}

// TestProofUnread: where the account that holds the public zone cannot be read, it
// is named; what needs the name waits, and what has it keeps it.
func TestProofUnread(t *testing.T) {
	const accounts = `  data:       { id: "666666666666"`
	r := shareVariant(t, "profile", "expect:\n"+expectEC2+expectPay, "", accounts, `  registrar:  { id: "777777777777" }`+"\n"+accounts, domainLine, "        parent: { account: registrar }\n"+domainLine)
	r.start.Accounts.Put(estate.Account{ID: "777777777777", Name: "registrar", Status: estate.AccountActive, Parent: r.start.Organization.Root})
	w := r.world()
	rest := func(said string) {
		t.Helper()
		if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
			t.Fatal(err)
		}
		planned, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"the public zone for pay.payments.example.com in account 777777777777", said, "AssumeRole"} {
			if got := fmt.Sprint(planned.Diagnostics); !strings.Contains(got, want) {
				t.Errorf("%q is not in %s", want, got)
			}
		}
	}
	rest("what needs the name waits")
	p := proofs{T: t, rig: r, world: w}
	if n := len(p.endpoints()); n > 0 {
		t.Errorf("%d endpoints were made before their name was proven", n)
	}
	if err := w.Update(func(s *world.State) error {
		for v := range s.Estate.EndpointServices.All() {
			v.NameState = estate.NameVerified
			s.Estate.EndpointServices.Put(v)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	rest("what proves it stays as it is")
	p.answered()
}

// TestWildcardNames: private names that are wildcards are shared either way, for
// whatever is asked below them.
func TestWildcardNames(t *testing.T) {
	t.Parallel()
	for via, line := range map[string]string{"profile": "services: [ec2, sts, ecr.dkr]", "resolver": "services: [ec2, sts]"} {
		t.Run(via, func(t *testing.T) {
			r := shareVariant(t, via, line, "services: [ec2, sts, ecr.dkr, execute-api]")
			w := r.world()
			live(t, r, w, func() {
				answers := resolve.New(w.Estate(), resolve.DefaultPolicy)
				for _, name := range []string{"123456789012.dkr.ecr.eu-west-1.amazonaws.com", "abc123.execute-api.eu-west-1.amazonaws.com", "a.b.execute-api.eu-west-1.amazonaws.com"} {
					a := answers.Resolve(resolve.Vantage{VPC: "vpc-044444444444444a0"}, dnsname.MustParse(name), "A")
					if len(a.Records) != 2 || !strings.HasPrefix(a.Records[0].Value, "10.20.") {
						t.Errorf("%s: %s", name, a)
					}
				}
			})
		})
	}
}
