package twintest

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
)

// TestStandingIsUsed: endpoints that stand are used, by tags and by ID, and so are
// Resolver endpoints; none of them is changed, nor gone with the share. One rule
// sends all names of the Region, but for what each VPC must resolve for itself.
// What a Region lacks, a service or consumers, is told by name, and the rest is
// not bothered.
func TestStandingIsUsed(t *testing.T) {
	t.Parallel()
	r := shareVariant(t, "resolver")
	w := r.world()
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	// What orgdns made there is taken for somebody else's.
	e := w.Estate()
	sts := ""
	for g := range e.SecurityGroups.By(estate.ByRegion(walkHub, ireland)) {
		g.Tags = estate.Tags{}
		g.Name = "theirs-" + g.Name
		r.start.SecurityGroups.Put(g)
	}
	for p := range e.Endpoints.By(estate.ByRegion(walkHub, ireland)) {
		p.Tags = estate.Tags{"role": strings.TrimPrefix(p.Service, "com.amazonaws.eu-west-1.")}
		r.start.Endpoints.Put(p)
		if p.Tags["role"] == "sts" {
			sts = p.ID
		}
	}
	for p := range e.ResolverEndpoints.By(estate.ByRegion(walkHub, ireland)) {
		p.Tags = estate.Tags{}
		r.start.ResolverEndpoints.Put(p)
	}
	for v := range r.start.VPCs.All() {
		if v.Region == "eu-central-1" && v.Account != walkHub {
			v.Tags = estate.Tags{}
			r.start.VPCs.Put(v)
		}
	}
	r.cfg = shareVariant(t, "resolver", "services: [ec2, sts]", "services: [{ name: ec2, endpoint: { tags: { role: ec2 } } }, { name: sts, endpoint: "+sts+" }, com.amazonaws.eu-west-1.kms]\n    forward: suffix").cfg
	w = r.world()
	planned, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"com.amazonaws.eu-west-1.kms has no interface endpoints in eu-central-1",
		"no VPC in eu-central-1 is selected for the share shared", "the inbound endpoint rslvr-in-", "the outbound endpoint rslvr-out-",
	} {
		if got := fmt.Sprint(planned.Diagnostics); !strings.Contains(got, want) {
			t.Errorf("%q is not told: %s", want, got)
		}
	}
	live(t, r, w, func() {
		e := w.Estate()
		for p := range r.start.Endpoints.All() {
			if now, _ := e.Endpoints.Get(p.ID); fmt.Sprint(now) != fmt.Sprint(p) {
				t.Errorf("endpoint %s was changed: %+v", p.ID, now)
			}
		}
		rules := map[string]string{}
		for x := range e.ResolverRules.By(estate.ByRegion(walkHub, ireland)) {
			rules[x.Domain.String()] = x.Type
		}
		want := map[string]string{"eu-west-1.amazonaws.com": estate.RuleForward}
		for _, label := range []string{"efs", "elb", "fsx"} {
			want[label+".eu-west-1.amazonaws.com"] = estate.RuleSystem
		}
		if fmt.Sprint(rules) != fmt.Sprint(want) {
			t.Errorf("rules %v, want %v", rules, want)
		}
		for _, name := range []string{"ec2.eu-west-1.amazonaws.com", "sts.eu-west-1.amazonaws.com"} {
			resolves(t, e, "vpc-044444444444444a0", name, "10.20.")
		}
		a := resolve.New(e, resolve.DefaultPolicy).Resolve(resolve.Vantage{VPC: "vpc-044444444444444a0"}, dnsname.MustParse("db1.rds.eu-west-1.amazonaws.com"), "A")
		if strings.Contains(fmt.Sprint(a), "10.20.") {
			t.Errorf("a database is asked for in the hub: %v", a)
		}
	})
}

// TestDualStack: endpoints with addresses of both families, by Profile and by
// Resolver rules, are answered with both; a hub without IPv6 is refused.
func TestDualStack(t *testing.T) {
	t.Parallel()
	for via, services := range map[string]string{"profile": "services: [ec2, sts, ecr.dkr]", "resolver": "services: [ec2, sts]"} {
		t.Run(via, func(t *testing.T) {
			r := shareVariant(t, via, services, "services: [{ name: ec2, ipType: dualstack }, sts]")
			four := r.world()
			planned, err := r.process(four, nil).Plan(t.Context(), reconcile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(planned.Diagnostics.Err()); !strings.Contains(got, "IPv6") {
				t.Errorf("a hub without IPv6: %s", got)
			}
			n := 0
			for v := range r.start.VPCs.All() {
				if v.Account == walkHub {
					v.CIDRs = append(v.CIDRs, netip.MustParsePrefix(fmt.Sprintf("2001:db8:%x::/56", n)))
					r.start.VPCs.Put(v)
				}
				i := 0
				for s := range r.start.Subnets.By("vpc/" + v.ID) {
					if v.Account == walkHub {
						s.CIDR6 = netip.MustParsePrefix(fmt.Sprintf("2001:db8:%x:%x::/64", n, i))
						r.start.Subnets.Put(s)
					}
					i++
				}
				n++
			}
			w := r.world()
			live(t, r, w, func() {
				answers := resolve.New(w.Estate(), resolve.DefaultPolicy)
				for rrtype, prefix := range map[string]string{"A": "10.20.", "AAAA": "2001:db8:"} {
					a := answers.Resolve(resolve.Vantage{VPC: "vpc-044444444444444a0"}, dnsname.MustParse("ec2.eu-west-1.amazonaws.com"), rrtype)
					if v := a.Values(); len(v) != 2 || !strings.HasPrefix(v[0], prefix) {
						t.Errorf("%s: %s", rrtype, a)
					}
				}
			})
		})
	}
}
