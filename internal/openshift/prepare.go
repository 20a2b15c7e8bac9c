package openshift

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// Preparation is what the zone's account does before an installation: the
// private zone, its association with the cluster's VPC, and the role.
type Preparation struct {
	Install InstallConfig
	Estate  estate.Estate
	Account estate.AccountID // of the cluster
	Holder  estate.AccountID // of the zone; that of the role, when one is given
	Role    string           // name, when the install-config gives none
	Anchor  string           // VPC of the holder with which the zone is made, when the cluster's own is another's
	// Principals may assume the role: the installer, and with Operator the
	// ingress operator's own role, which IAM must find.
	Principals []string
	Operator   string
	ExternalID string
	// InfraID, where it is known already, lets the role keep the ledger that
	// orgdns writes for the cluster.
	InfraID string
	FixVPC  bool // turn on the VPC's DNS attributes
}

// Owner is under whose name what is prepared stands. It follows from the
// cluster's domain, since that is all that is known before an installation.
func (p Preparation) Owner() string {
	sum := sha256.Sum256([]byte(p.Install.Domain.String()))
	name := p.Install.Name
	if i := strings.IndexByte(name, '.'); i > 0 {
		name = name[:i]
	}
	return "ocp-" + name[:min(len(name), 16)] + "-" + hex.EncodeToString(sum[:4])
}

// RoleName is the name of the role.
func (p Preparation) RoleName() string {
	if !p.Install.Role.IsZero() {
		return p.Install.Role.Name
	}
	if p.Role != "" {
		return p.Role
	}
	name := "openshift-" + strings.ReplaceAll(p.Install.Name, ".", "-") + "-dns"
	return name[:min(len(name), 64)] // IAM User Guide, reference_iam-quotas.html
}

// holder is the account of the zone.
func (p Preparation) holder() estate.AccountID {
	if r := p.Install.Role; !r.IsZero() {
		return r.Account
	}
	return p.Holder
}

// Needs lists the queries whose answers Zone needs next.
func (p Preparation) Needs() []estate.Query {
	n := needs{e: p.Estate}
	n.ask(estate.Query{Kind: estate.QuerySubnets, Account: p.Account, Region: p.Install.Region})
	c := check{Input: Input{Install: p.Install, Estate: p.Estate, Account: p.Account}}
	for _, owner := range c.vpcAccounts() {
		n.ask(estate.Query{Kind: estate.QueryVPCs, Account: owner, Region: p.Install.Region})
	}
	if holder := p.holder(); holder != "" {
		n.ask(estate.Query{Kind: estate.QueryZones, Account: holder})
	}
	if p.Operator != "" {
		n.ask(estate.Query{Kind: estate.QueryRole, Account: p.Account, ID: p.Operator[strings.LastIndexByte(p.Operator, '/')+1:]})
	}
	return n.list
}

// Zone is the private zone as a configuration has it. Where one stands that
// this owner did not make, it is used and stays as it is.
func (p Preparation) Zone() (config.PrivateZone, diag.List) {
	var problems diag.List
	i := p.Install
	z := config.PrivateZone{Domain: i.Domain, FixVPCAttributes: p.FixVPC}
	z.Pos = i.Pos
	fail := func(pos diag.Pos, code, summary, detail, hint string) {
		problems.Add(diag.Diagnostic{Code: code, Pos: pos, Summary: summary, Detail: detail, Hint: hint})
	}
	holder := p.holder()
	if holder == "" {
		fail(i.Pos, CodeMissing, "it is not known which account is to hold the private zone", "the install-config has no hostedZoneRole", "say it with --zone-account")
		return z, problems
	}
	if a, asked := p.Estate.Asked(estate.Query{Kind: estate.QueryZones, Account: holder}); asked && a.Code != "" {
		fail(i.Pos, "unread", fmt.Sprintf("the zones of account %s could not be read", holder), a.Why(), "")
		return z, problems
	}
	z.Account = config.AccountRef{Name: string(holder), Pos: i.Pos}
	p.standing(&z, holder, fail)
	p.vpc(&z, holder, fail)
	z.Writers = []config.Writer{p.writer(z, fail)}
	return z, problems
}

type failing func(pos diag.Pos, code, summary, detail, hint string)

// standing finds the zone that is there already.
func (p Preparation) standing(z *config.PrivateZone, holder estate.AccountID, fail failing) {
	i := p.Install
	var have estate.Zone
	if id := i.HostedZone.Value; id != "" {
		var ok bool
		have, ok = p.Estate.Zones.Get(id)
		switch {
		case !ok || have.Account != holder:
			fail(i.HostedZone.Pos, CodeZone, fmt.Sprintf("there is no zone %s in account %s", id, holder), "", "mend the ID, or leave hostedZone and hostedZoneRole out: one is made then")
			return
		case !have.Private:
			fail(i.HostedZone.Pos, CodeZone, fmt.Sprintf("%s (%s) is public", have.Name, id), "", "give a private zone; the public one is found by baseDomain")
			return
		case !i.Domain.Under(have.Name):
			fail(i.HostedZone.Pos, CodeZone, fmt.Sprintf("%s (%s) is not %s, nor above it", have.Name, id, i.Domain), "", "give a zone of the cluster's domain or of one above it")
			return
		}
	} else {
		for _, other := range p.Estate.ZonesNamed(holder, i.Domain, true) {
			if _, _, ours := plan.MarkOf(other, p.Owner()); ours {
				have = other
			}
		}
	}
	if have.ID != "" {
		z.Domain = have.Name
		if _, _, ours := plan.MarkOf(have, p.Owner()); !ours {
			z.Foreign, z.Zone = true, have.ID
		}
	}
	z.NoLedger = z.Domain == i.Domain
}

// vpc selects the cluster's VPC, and the one with which a new zone is made: the
// same, where the zone's account owns it.
func (p Preparation) vpc(z *config.PrivateZone, holder estate.AccountID, fail failing) {
	i := p.Install
	c := check{Input: Input{Install: i, Estate: p.Estate, Account: p.Account}}
	ref, ok := c.vpc()
	if !ok {
		q := estate.Query{Kind: estate.QuerySubnets, Account: p.Account, Region: i.Region}
		detail := "the subnets must be of one VPC, and seen by account " + string(p.Account)
		if a, asked := p.Estate.Asked(q); asked && a.Code != "" {
			detail = a.Why()
		} else if _, gone := c.vpcs(); len(gone) > 0 {
			detail = fmt.Sprintf("account %s sees no subnet %s in %s", p.Account, gone[0].Value, i.Region)
		}
		fail(i.Pos, CodeSubnets, "the cluster's VPC is not known", detail, "list the subnets of the VPC under platform.aws.vpc.subnets")
		return
	}
	owner := c.vpcAccounts()[0]
	if _, stands := p.Estate.VPCs.Get(ref.ID); !stands && p.Estate.Answered(estate.Query{Kind: estate.QueryVPCs, Account: owner, Region: i.Region}) {
		fail(i.Pos, CodeSubnets, fmt.Sprintf("the VPC %s of account %s is gone", ref.ID, owner), "", "list subnets of a VPC that stands")
		return
	}
	selected := config.Selector{Accounts: []config.AccountRef{{Name: string(owner)}}, Regions: []estate.Region{i.Region}, VPCs: []string{ref.ID}}
	z.VPCs = []config.Selector{selected}
	anchor := selected
	if owner != holder {
		anchor.VPCs = []string{p.Anchor}
	}
	if anchor.VPCs[0] == "" && !z.Foreign {
		fail(i.Pos, CodeMissing, fmt.Sprintf("the VPC %s belongs to account %s, and AWS makes a private zone only with a VPC of its own account, %s", ref.ID, owner, holder), "", "name one with --anchor")
	}
	if owner != holder && z.NoLedger && !z.Foreign { // the anchor shall not see the cluster's names
		z.Anchor.Release = true
	}
	z.Anchor.Selector = anchor
}

// writer is the role: the cluster's own names, wildcard records included, and no
// other.
func (p Preparation) writer(z config.PrivateZone, fail failing) config.Writer {
	i := p.Install
	w := config.Writer{
		Account: config.AccountRef{Name: string(p.Account)}, Role: p.RoleName(), Principals: slices.Clone(p.Principals),
		Names: []config.GrantedName{{Name: i.Domain, Below: true}}, Wildcards: true,
		Types: []string{"A", "AAAA", "CNAME", "TXT"}, Actions: []string{"CREATE", "DELETE", "UPSERT"}, Tagging: true,
	}
	w.Pos = i.Pos
	if r := i.Role; !r.IsZero() && !strings.HasSuffix(r.ARN, ":role/"+r.Name) {
		fail(r.Pos, CodeRole, "the role "+r.ARN+" has a path, and roles are made without one", "", "write "+strings.SplitAfter(r.ARN, ":role/")[0]+r.Name)
	}
	if p.Operator != "" {
		name := p.Operator[strings.LastIndexByte(p.Operator, '/')+1:]
		q := estate.Query{Kind: estate.QueryRole, Account: p.Account, ID: name}
		if _, ok := estate.First(p.Estate.Roles.By(estate.ByRole(p.Account, name))); !ok && p.Estate.Answered(q) {
			fail(i.Pos, CodeRole, fmt.Sprintf("account %s has no role %s yet", p.Account, name), "IAM refuses a trust policy that names a principal which does not exist", "run again once the ingress operator's role is there, or name another with --operator-principal")
		}
		w.Principals = append(w.Principals, p.Operator)
	}
	if p.ExternalID != "" {
		w.ExternalID = config.NewSecret(p.ExternalID)
	}
	if p.InfraID != "" {
		w.Ledger = plan.LedgerName(z.Domain, Cluster{InfraID: p.InfraID}.Owner(), 0)
	}
	return w
}
