package twintest

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/orgdns/orgdns/examples"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
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
// name is left to the run that finds the record in public DNS.
func TestExternalProof(t *testing.T) {
	r := shareVariant(t, "profile", expectPay, "", domainLine, "        parent: { external: Payments Registrar }\n"+domainLine)
	w := r.world()
	waits := func() []string {
		t.Helper()
		if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
			t.Fatal(err)
		}
		verified, err := r.process(w, nil).Verify(t.Context(), reconcile.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range verified.Checks {
			if !c.OK {
				t.Errorf("%+v", c)
			}
		}
		var out []string
		for _, x := range verified.Waiting {
			out = append(out, x.For)
		}
		return out
	}
	for range 2 {
		list := waits()
		if len(list) != 2 {
			t.Fatalf("waits for %q, not for a record in each Region", list)
		}
		for _, x := range list {
			for _, part := range []string{"Payments Registrar", "pay.payments.example.com", " TXT \"vpce:"} {
				if !strings.Contains(x, part) {
					t.Errorf("%q does not say %q", x, part)
				}
			}
		}
	}
	for p := range w.Estate().Endpoints.All() {
		if strings.Contains(p.Service, "vpce-svc-") {
			t.Errorf("endpoint %s was made before its name was proven", p.ID)
		}
	}
}

// TestWildcardNames: private names that are wildcards are shared either way, for
// whatever is asked below them.
func TestWildcardNames(t *testing.T) {
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
