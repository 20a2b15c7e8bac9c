package twintest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/orgdns/orgdns/examples"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// probeRig is the example of shared endpoints in one Region, with a probe.
func probeRig(t testing.TB, probe string) rig {
	t.Helper()
	raw, err := examples.FS.ReadFile("endpointshare-profile/orgdns.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(raw), "    via: profile\n    regions: [eu-west-1, eu-central-1]\n", "    via: profile\n    regions: [eu-west-1]\n    probe: "+probe+"\n", 1)
	text = text[:strings.Index(text, "\nexpect:")]
	if !strings.Contains(text, probe) {
		t.Fatal("the example has another form")
	}
	return rig{loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(text)}}, "orgdns.yaml"), loadEstate(t, "endpointshare-profile/estate.json")}
}

// verify gives the checks from inside, and whether those of DNS alone are good.
func verifyInside(t *testing.T, p process) (inside []reconcile.Check, dns bool) {
	t.Helper()
	v, err := p.Verify(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	dns = true
	for _, c := range v.Checks {
		if c.Inside != "" {
			inside = append(inside, c)
		} else {
			dns = dns && c.OK
		}
	}
	return inside, dns
}

func bad(list []reconcile.Check) []reconcile.Check {
	return slices.DeleteFunc(slices.Clone(list), func(c reconcile.Check) bool { return c.OK })
}

// TestProbe: with exactly the printed policies orgdns makes a function in each
// consumer VPC, which sees what DNS alone does not; a second plan is empty, and
// destroy leaves nothing, though Lambda keeps network interfaces for a while.
func TestProbe(t *testing.T) {
	t.Parallel()
	full := probeRig(t, "{ lambda: true, http: true }")
	r, _ := printed(t, full, full.start)
	w := r.world()
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	if n := w.Estate().Functions.Len(); n != 3 {
		t.Fatalf("%d functions for 3 consumer VPCs", n)
	}
	inside, dns := verifyInside(t, r.process(w, nil))
	if len(inside) != 3*len([]string{"ec2", "sts", "dkr.ecr", "*.dkr.ecr", "pay"}) || !dns || len(bad(inside)) > 0 {
		t.Fatalf("%d looks from inside, DNS %v: %+v", len(inside), dns, bad(inside))
	}
	for _, c := range inside {
		if !strings.Contains(c.Got, "TCP ok") || strings.HasPrefix(c.Name, "ec2.") && !strings.Contains(c.Got, "TLS ok, HTTP 403") {
			t.Errorf("%s from %s: %s", c.Name, c.From, c.Got)
		}
	}

	// What DNS does not see: the endpoints admit nobody.
	noErr(t, w.Update(func(s *world.State) error {
		for g := range s.Estate.SecurityGroups.All() {
			if g.Name == "orgdns-shared" {
				g.Rules = slices.DeleteFunc(slices.Clone(g.Rules), func(r estate.GroupRule) bool { return !r.Egress })
				s.Estate.SecurityGroups.Put(g)
			}
		}
		return nil
	}))
	inside, dns = verifyInside(t, r.process(w, nil))
	if !dns || len(bad(inside)) != len(inside) {
		t.Errorf("with a closed endpoint %d of %d looks fail, DNS %v", len(bad(inside)), len(inside), dns)
	}
	for _, c := range inside {
		if !strings.Contains(c.Got, "TCP: ") || !strings.Contains(c.Got, "security group") {
			t.Errorf("%s from %s: %s", c.Name, c.From, c.Got)
		}
	}
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	if inside, _ = verifyInside(t, r.process(w, nil)); len(bad(inside)) > 0 {
		t.Errorf("mended: %+v", bad(inside))
	}

	// What a function lets out is limited, and it runs as a role of its own.
	e := w.Estate()
	for f := range e.Functions.All() {
		g, _ := e.SecurityGroups.Get(f.Groups[0])
		for _, rule := range g.Rules {
			if !rule.Egress || rule.CIDR.String() != "10.20.0.0/16" || rule.Protocol != "tcp" {
				t.Errorf("the group of %s has the rule %+v", f.Name, rule)
			}
		}
	}

	// New code is a change, and its functions are changed in place.
	newer := r.process(w, nil)
	code := newer.Codes[""]
	code.Hash = "fedcba9876543210"
	newer.Codes[""] = code
	planned, err := newer.Plan(t.Context(), reconcile.Options{})
	noErr(t, err)
	if len(planned.Changes) != 3 || planned.Changes[0].Action != plan.Update || planned.Diagnostics.HasErrors() {
		t.Errorf("other code: %+v %v", planned.Changes, planned.Diagnostics.Err())
	}
	res, err := newer.Apply(t.Context(), planned.Plan, reconcile.ApplyOptions{Wait: true})
	noErr(t, err)
	noErr(t, res.Diagnostics.Err())
	again, err := newer.Plan(t.Context(), reconcile.Options{})
	noErr(t, err)
	if !again.Empty() {
		t.Errorf("left to do: %v", again.Changes[0].Address)
	}

	if err := r.converge(t.Context(), w, reconcile.Options{Destroy: true}); err != nil {
		t.Fatal(err)
	}
	e = w.Estate()
	if e.Functions.Len() > 0 || e.SecurityGroups.Len() > 0 || e.Roles.Len() != r.start.Roles.Len() {
		t.Errorf("left behind: %d functions, %d groups, %d roles", e.Functions.Len(), e.SecurityGroups.Len(), e.Roles.Len()-r.start.Roles.Len())
	}
}

// TestProbeTakenOut: what a configuration of before made for a probe goes, though
// no share has one any more.
func TestProbeTakenOut(t *testing.T) {
	with := probeRig(t, "{ lambda: true }")
	w := with.world()
	if err := with.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	without := probeRig(t, "{ command: look }")
	if err := without.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	e := w.Estate()
	if e.Functions.Len() > 0 || e.Roles.Len() != with.start.Roles.Len() {
		t.Errorf("left behind: %d functions, %d roles", e.Functions.Len(), e.Roles.Len()-with.start.Roles.Len())
	}

	// A command that does not run is no success.
	p := without.process(w, nil)
	inside, dns := verifyInside(t, p)
	if !dns || len(inside) == 0 || len(bad(inside)) != len(inside) || !strings.Contains(inside[0].Got, "nothing can run it here") {
		t.Errorf("without a way to run it: %+v", inside)
	}
	asked := 0
	p.Ports.Command = func(_ context.Context, command string, from estate.VPC, input []byte) ([]byte, error) {
		asked++
		if command != "look" || from.ID == "" || !strings.Contains(string(input), `"ec2.eu-west-1.amazonaws.com"`) {
			t.Errorf("%s in %s is asked %s", command, from.ID, input)
		}
		return nil, errors.New("no such container")
	}
	inside, _ = verifyInside(t, p)
	if asked != 3 || len(bad(inside)) != len(inside) || !strings.Contains(inside[0].Got, "did not run: no such container") {
		t.Errorf("a command that fails, asked %d times: %+v", asked, inside[0])
	}
}

// TestProbeBeside: where a VPC has endpoints of its own beside the shared ones, the
// function looks at what answers there and reaches it; it is let out there no
// longer once they are gone.
func TestProbeBeside(t *testing.T) {
	probe := []string{"    vpc: { tags: { role: shared-services } }\n", "    vpc: { tags: { role: shared-services } }\n    probe: { lambda: true }\n"}
	r := duplicates(t, append(probe, reporting...)...)
	w := r.world()
	good := func(options reconcile.Options) {
		t.Helper()
		if err := r.converge(t.Context(), w, options); err != nil {
			t.Fatal(err)
		}
		inside, dns := verifyInside(t, r.process(w, nil))
		if len(inside) == 0 || !dns || len(bad(inside)) > 0 {
			t.Fatalf("%d looks from inside, DNS %v: %+v", len(inside), dns, bad(inside))
		}
	}
	out := func() (own int) {
		for g := range w.Estate().SecurityGroups.By(estate.ByVPC(retireShop)) {
			for _, rule := range g.Rules {
				if g.Name == "orgdns-shared-probe" && rule.CIDR.IsSingleIP() {
					own++
				}
			}
		}
		return own
	}
	good(reconcile.Options{})
	if out() == 0 {
		t.Errorf("the function in %s is not let out to the own endpoints", retireShop)
	}
	r.cfg = duplicates(t, probe...).cfg
	good(reconcile.Options{})
	if e, n := w.Estate(), out(); n > 0 || e.Endpoints.Len() >= r.start.Endpoints.Len()+2 {
		t.Errorf("%d rules for what is gone, of %d endpoints", n, e.Endpoints.Len())
	}
}

func noErr(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
