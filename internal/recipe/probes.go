package recipe

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// What looks from inside the consumer VPCs of a share: with `probe: { lambda }` a
// function in each, a security group that lets it reach the endpoints and nothing
// else, and one role in an account as which its functions run.

// Code is a program for functions, as whoever runs orgdns has it.
type Code struct {
	Hash         string // by which it is known
	Architecture string // x86_64 or arm64, as Lambda calls it
	// Problem is why there is none, and Hint what to do; both empty when there is.
	Problem, Hint string
}

// probes asks for what the functions of a share must know.
func (n *needs) probes(in *shareIn) {
	if in.Probe == nil || !in.Probe.Lambda {
		return
	}
	for _, v := range in.consumers {
		n.probesOf(v.Account, in.region)
	}
}

func (n *needs) probesOf(account estate.AccountID, r estate.Region) {
	for _, q := range probeQueries(n.Config.Owner, account, r) {
		n.ask(q)
	}
}

// probeQueries see the functions of an owner and their role.
func probeQueries(owner string, account estate.AccountID, r estate.Region) []estate.Query {
	return []estate.Query{plan.ObjectQuery(plan.KindProbe, owner, account, r), plan.ObjectQuery(plan.KindProbeRole, owner, account, "")}
}

// probesThatStand asks for functions wherever the security group of one stands,
// though no share wants it any more.
func (n *needs) probesThatStand() {
	for g := range plan.ProbeGroups(n.Estate, n.Config.Owner) {
		n.probesOf(g.Account, g.Region)
	}
}

// unseenProbes leaves an account's role and groups as they are, where functions
// or the role may stand that could not be read.
func unseenProbes(in Input, out *Output) {
	unseen := map[estate.AccountID]bool{}
	for g := range plan.ProbeGroups(in.Estate, in.Config.Owner) {
		for _, q := range probeQueries(in.Config.Owner, g.Account, g.Region) {
			a, _ := in.Estate.Asked(q)
			unseen[g.Account] = unseen[g.Account] || a.Code != ""
		}
	}
	out.keepProbes(in, func(a estate.AccountID) bool { return unseen[a] })
}

// keepProbes leaves the role of functions as it is, and the groups that lead to
// it.
func (out *Output) keepProbes(in Input, of func(estate.AccountID) bool) {
	for o := range plan.Objects(in.Estate, plan.KindProbeRole) {
		if o.OwnedBy(in.Config.Owner) && of(o.Account) {
			out.Frozen = append(out.Frozen, o.ID)
		}
	}
	for g := range plan.ProbeGroups(in.Estate, in.Config.Owner) {
		if of(g.Account) {
			out.Frozen = append(out.Frozen, g.ID)
		}
	}
}

func everywhere(estate.AccountID) bool { return true }

// probes says that verify looks from inside, and wants what it looks by.
func (s *shareIn) probes() {
	if s.Probe == nil || len(s.consumers) == 0 {
		return
	}
	by := "the command of the configuration"
	if s.Probe.Lambda {
		by = "a Lambda function in each"
	}
	s.problem(s.At("probe"), diag.Note, "probe", fmt.Sprintf("apply and verify look from inside %d VPC(s) in %s that use %s, by %s", len(s.consumers), s.region, s.Name, by), "", "")
	if !s.Probe.Lambda {
		return
	}
	code := s.Codes[s.Probe.Code]
	if code.Problem != "" {
		s.problem(s.Probe.At("lambda"), diag.Error, "probe-code", "there is no program for the function of the probe: "+code.Problem, "", code.Hint)
		return
	}
	for _, v := range s.consumers {
		s.probe(v, code)
	}
}

// probe wants the function in a VPC.
func (s *shareIn) probe(v estate.VPC, code Code) {
	address := s.vpcAddress(v.ID) + "/probe"
	standing, _ := plan.OwnObject(s.Estate, s.Config.Owner, plan.KindProbe, address, v.Account, s.region)
	subnets := s.spread(v, s.Probe.Subnets, nil, standing.Fields["subnets"])
	if len(subnets) == 0 {
		s.problem(s.Probe.At("lambda"), diag.Error, "no-subnet", fmt.Sprintf("VPC %s (account %s) has no subnet for the function of the probe", v.ID, v.Account), "",
			"add a subnet, or choose others by `subnets`")
		return
	}
	group := s.vpcAddress(v.ID) + plan.ProbeGroup
	s.want(group, v.Account, object(plan.KindSecurityGroup, map[string][]plan.Value{
		"vpc": lits(v.ID), "name": lits("orgdns-" + s.Name + "-probe"), "description": lits("Lets the probe reach the endpoints of " + s.Name + "; made by orgdns"),
		"ingress": {}, "egress": lits(s.reachable(v)...),
	}), plan.Wanted{Pos: s.At("probe"), Reason: "lets the probe reach the endpoints, and nothing else"})
	s.probeRole(v.Account, group)
	s.want(address, v.Account, object(plan.KindProbe, map[string][]plan.Value{
		"vpc": lits(v.ID), "subnets": lits(subnets...), "groups": {plan.Of(group, "id")}, "role": lits(plan.ProbeRole(s.Config.Owner)),
		"code": lits(code.Hash), "architecture": lits(code.Architecture),
	}), plan.Wanted{Pos: s.At("probe"), Settle: true, After: []plan.Dependency{{Address: plan.ProbeRoleAddress(v.Account)}}, Reason: "looks from inside the VPC"})
}

// reachable is what a function in a VPC must be let out to: the services' ports
// in the hub VPC and at the endpoints that answer in its place while they stand,
// or with endpoints of its own in its own. A security group does not filter what
// goes to the VPC's resolver (VPC User Guide, vpc-security-groups.html).
func (s *shareIn) reachable(v estate.VPC) []string {
	to, own := s.vpc.CIDRs, []netip.Prefix(nil)
	if s.Via == config.ViaOwn {
		to = v.CIDRs
	} else {
		for _, d := range s.beside() {
			if d.Own.VPC == v.ID && !slices.ContainsFunc(s.out.Retired, func(r plan.Retired) bool { return r.ID == d.Own.ID }) {
				for _, a := range d.Own.Addresses {
					for _, ip := range []netip.Addr{a.IPv4, a.IPv6} {
						if ip.IsValid() {
							own = append(own, netip.PrefixFrom(ip, ip.BitLen()))
						}
					}
				}
			}
		}
	}
	ports := s.ports(s.services)
	room := s.Estate.Raised(v.Account, estate.QuotaRulesPerSecurityGroup, estate.UsualQuota(estate.QuotaRulesPerSecurityGroup))
	var out []string
	for _, port := range ports {
		for _, c := range slices.Concat(to, fitting(joined(own), room/len(ports)-len(to))) {
			out = append(out, fmt.Sprintf("tcp %d %s", port, c))
		}
	}
	return out
}

// probeRole wants the role of an account's functions, once. The first group
// comes before it, since it leads to what else stands.
func (s *shareIn) probeRole(account estate.AccountID, group string) {
	address := plan.ProbeRoleAddress(account)
	if slices.ContainsFunc(s.out.Wanted, func(w plan.Wanted) bool { return w.Address == address }) {
		return
	}
	w := plan.Wanted{Address: address, Account: account, Pos: s.At("probe"), Frozen: s.frozen, Reason: "the functions in this account run as it"}
	stands := false
	for g := range plan.ProbeGroups(s.Estate, s.Config.Owner) {
		stands = stands || g.Account == account
	}
	if !stands {
		w.After = []plan.Dependency{{Address: group}}
	}
	o := object(plan.KindProbeRole, map[string][]plan.Value{
		"name": lits(plan.ProbeRole(s.Config.Owner)), "trust": lits(plan.NormalDocument(plan.ProbeTrust())),
		"policy": lits(plan.NormalDocument(plan.ProbePolicy(s.Config.Owner, account))),
	})
	w.Item = plan.Item{Object: &o}
	s.out.Wanted = append(s.out.Wanted, w)
}

// secure are the ports of a service on which TLS is spoken: 443 of AWS's
// services, the TLS listeners of one's own.
func (s *shareIn) secure(one *sharedService) []int32 {
	if one.own == nil {
		return []int32{443}
	}
	provider, _ := s.Config.FindAccount(one.own.Account, s.Estate)
	var out []int32
	for _, b := range s.balancers(*one.own, provider.ID) {
		for _, l := range b.Listeners {
			if l.Protocol == "TLS" {
				out = append(out, l.Port)
			}
		}
	}
	return out
}
