package openshift

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// vpcs are the VPCs of the subnets, and the subnets that are not there.
func (c *check) vpcs() (ids []string, gone []Text) {
	for _, id := range c.Install.Subnets {
		s, ok := c.Estate.Subnets.Get(id.Value)
		if !ok || s.Region != c.Install.Region {
			gone = append(gone, id)
		} else if !slices.Contains(ids, s.VPC) {
			ids = append(ids, s.VPC)
		}
	}
	slices.Sort(ids)
	return ids, gone
}

// vpcAccounts are who can tell of the subnets' VPCs: the owner of a shared one
// alone knows its attributes.
func (c *check) vpcAccounts() []estate.AccountID {
	var out []estate.AccountID
	for _, id := range c.Install.Subnets {
		if s, ok := c.Estate.Subnets.Get(id.Value); ok && !slices.Contains(out, s.Account) {
			out = append(out, s.Account)
		}
	}
	slices.Sort(out)
	return out
}

func (c *check) subnets() {
	i := c.Install
	if len(i.Subnets) == 0 {
		if i.HostedZone.Value != "" {
			c.add("subnets", Problem, i.HostedZone.Pos, "a zone is given and no subnets", "list the VPC's subnets under platform.aws.vpc.subnets")
			return
		}
		c.add("subnets", OK, i.Pos, "the installer makes a VPC", "")
		return
	}
	q := estate.Query{Kind: estate.QuerySubnets, Account: c.Account, Region: i.Region}
	if !c.Estate.Answered(q) {
		c.unread("subnets", q, "the installer's identity needs ec2:DescribeSubnets")
		return
	}
	ids, gone := c.vpcs()
	switch {
	case len(gone) > 0:
		var names []string
		for _, g := range gone {
			names = append(names, g.Value)
		}
		c.add("subnets", Problem, gone[0].Pos, fmt.Sprintf("account %s sees no subnet %s in %s", c.Account, strings.Join(names, ", "), i.Region), "share them with the account (RAM), or mend the IDs and the Region")
	case len(ids) > 1:
		c.add("subnets", Problem, i.Subnets[0].Pos, "the subnets are of several VPCs: "+strings.Join(ids, ", "), "list subnets of one VPC")
	default:
		c.add("subnets", OK, i.Subnets[0].Pos, fmt.Sprintf("%d of %s", len(i.Subnets), ids[0]), "")
	}
}

// vpc is the VPC of the cluster, when there is one and it is known.
func (c *check) vpc() (estate.VPCRef, bool) {
	ids, gone := c.vpcs()
	if len(ids) != 1 || len(gone) > 0 {
		return estate.VPCRef{}, false
	}
	return estate.VPCRef{Region: c.Install.Region, ID: ids[0]}, true
}

func (c *check) attributes() {
	ref, ok := c.vpc()
	if !ok {
		return
	}
	v, ok := c.Estate.VPCs.Get(ref.ID)
	if !ok {
		for _, account := range c.vpcAccounts() {
			if q := (estate.Query{Kind: estate.QueryVPCs, Account: account, Region: ref.Region}); !c.Estate.Answered(q) {
				c.unread("VPC", q, "the account of the VPC must be readable")
				return
			}
		}
		c.add("VPC", Problem, diag.Pos{}, fmt.Sprintf("%s is gone", ref.ID), "list subnets of a VPC that stands")
		return
	}
	var off []string
	if !v.DNSSupport {
		off = append(off, "enableDnsSupport")
	}
	if !v.DNSHostnames {
		off = append(off, "enableDnsHostnames")
	}
	if len(off) > 0 {
		c.add("VPC", Problem, diag.Pos{}, fmt.Sprintf("%s is off in %s of account %s, so private zones are not seen there", strings.Join(off, " and "), v.ID, v.Account), "turn it on (ModifyVpcAttribute), as the VPC's owner")
		return
	}
	c.add("VPC", OK, diag.Pos{}, v.ID+" has enableDnsSupport and enableDnsHostnames", "")
}

func (c *check) privateZone() {
	i := c.Install
	if i.HostedZone.Value == "" {
		if !i.Role.IsZero() {
			c.add("private zone", Problem, i.Role.Pos, "a role is given and no zone", "write the zone's ID in platform.aws.hostedZone")
			return
		}
		if ref, ok := c.vpc(); ok { // AWS makes a zone only with a VPC of its own account
			if v, known := c.Estate.VPCs.Get(ref.ID); known && v.Account != c.Account {
				c.add("private zone", Problem, i.Pos, fmt.Sprintf("none is given, and account %s cannot make one for %s, which is of account %s", c.Account, v.ID, v.Account),
					"run `orgdns openshift prepare`, and write what it prints into platform.aws.hostedZone and hostedZoneRole")
				return
			}
		}
		c.add("private zone", OK, i.Pos, fmt.Sprintf("the installer makes one, %s, in account %s", i.Domain, c.Account), "")
		c.rivals(estate.Zone{Name: i.Domain})
		return
	}
	account := c.zoneAccount()
	q := zoneAnswer(c.Estate, account, i.HostedZone.Value)
	c.partition()
	z, known := c.Estate.Zones.Get(i.HostedZone.Value)
	switch {
	case !known && !c.Estate.Answered(q):
		c.unread("private zone", q, "the zone's account must be readable")
		return
	case !known:
		c.add("private zone", Problem, i.HostedZone.Pos, fmt.Sprintf("there is no zone %s in account %s", i.HostedZone.Value, account), "mend the ID; with hostedZoneRole the zone is looked for in the role's account, else in the cluster's")
		return
	case z.Account != account:
		hint := "give the role of that account in platform.aws.hostedZoneRole"
		if !i.Role.IsZero() {
			hint = "give a role of the account that holds the zone"
		}
		c.add("private zone", Problem, i.HostedZone.Pos, fmt.Sprintf("%s (%s) is in account %s, not in %s", z.Name, z.ID, z.Account, account), hint)
		return
	case !z.Private:
		c.add("private zone", Problem, i.HostedZone.Pos, fmt.Sprintf("%s (%s) is public", z.Name, z.ID), "give a private zone; the public one is found by baseDomain")
		return
	}
	c.add("private zone", OK, i.HostedZone.Pos, fmt.Sprintf("%s (%s) in account %s", z.Name, z.ID, z.Account), "")
	c.domain(z)
	c.association(z)
	c.rivals(z)
	c.records("private records", z)
}

func (c *check) domain(z estate.Zone) {
	if c.Install.Domain.Under(z.Name) {
		c.add("domain", OK, c.Install.HostedZone.Pos, fmt.Sprintf("%s can hold %s", z.Name, c.Install.Domain), "")
		return
	}
	c.add("domain", Problem, c.Install.HostedZone.Pos, fmt.Sprintf("%s is not %s, nor above it", z.Name, c.Install.Domain), "give a zone of the cluster's domain or of one above it, or mend metadata.name and baseDomain")
}

func (c *check) association(z estate.Zone) {
	q := estate.Query{Kind: estate.QueryZone, Account: z.Account, ID: z.ID}
	ref, ok := c.vpc()
	switch {
	case !c.Estate.Answered(q):
		c.unread("association", q, "route53:GetHostedZone on the zone is needed")
	case !ok:
		c.add("association", Unknown, c.Install.HostedZone.Pos, "the cluster's VPC is not known", "mend the subnets first")
	case slices.Contains(z.VPCs, ref):
		c.add("association", OK, c.Install.HostedZone.Pos, fmt.Sprintf("%s is associated with %s", z.Name, ref.ID), "")
	default:
		var others []string
		for _, v := range z.VPCs {
			others = append(others, v.ID+" in "+string(v.Region))
		}
		slices.Sort(others)
		detail := fmt.Sprintf("%s is not associated with %s in %s", z.Name, ref.ID, ref.Region)
		if len(others) > 0 {
			detail += "; it is with " + strings.Join(others[:min(len(others), 3)], ", ")
		}
		c.add("association", Problem, c.Install.HostedZone.Pos, detail, "`orgdns openshift prepare` associates it")
	}
}

// partition: zones, roles and VPCs of two partitions never meet.
func (c *check) partition() {
	z, _ := c.Estate.Zones.Get(c.Install.HostedZone.Value)
	want := c.Install.Region.Partition()
	var wrong []string
	if r := c.Install.Role; !r.IsZero() && r.Partition != want {
		wrong = append(wrong, "the role is in "+r.Partition)
	}
	for _, v := range z.VPCs {
		if p := v.Region.Partition(); p != want {
			wrong = append(wrong, fmt.Sprintf("the zone is in %s, where its VPC %s is", p, v.ID))
			break
		}
	}
	if len(wrong) > 0 {
		c.add("partition", Problem, c.Install.Role.Pos, fmt.Sprintf("%s, and %s in %s", strings.Join(wrong, " and "), c.Install.Region, want), "an association or a role reaches no other partition: make a zone and a role in "+want)
		return
	}
	c.add("partition", OK, c.Install.HostedZone.Pos, "all in "+want, "")
}

// rivals: the longest name that matches wins, so another private zone of the
// same VPC can hide the cluster's records; of one name there can be but one.
func (c *check) rivals(zone estate.Zone) {
	ref, ok := c.vpc()
	if !ok {
		return
	}
	for z := range c.Estate.Zones.By(estate.ByVPC(ref.ID)) {
		if z.ID == zone.ID || !z.Private || !slices.Contains(z.VPCs, ref) {
			continue
		}
		if z.Name == zone.Name || z.Name.Below(zone.Name) && (c.Install.Domain.Under(z.Name) || z.Name.Under(c.Install.Domain)) {
			hint := "take that association away, or use that zone"
			if z.LinkedService != "" {
				hint = "it is a zone of " + z.LinkedService + ": choose another domain, or turn off its private DNS"
			}
			c.add("other zones", Problem, diag.Pos{}, fmt.Sprintf("%s (%s) of account %s is associated with %s and answers for names of the cluster", z.Name, z.ID, z.Account, ref.ID), hint)
			return
		}
	}
}

// records: the installer refuses a zone in which anything stands below the
// cluster's domain.
func (c *check) records(name string, z estate.Zone) {
	q := estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID}
	if !c.Estate.Answered(q) {
		c.unread(name, q, "route53:ListResourceRecordSets on the zone is needed")
		return
	}
	var stand []string
	hint := "delete them, or install under another name"
	for r := range c.Estate.Records.Prefix(estate.RecordsBelow(z.ID, c.Install.Domain)) {
		if !r.Name.Below(c.Install.Domain) {
			continue
		}
		if plan.IsLedger(r) {
			hint = "a ledger of orgdns is among them: take its records out with orgdns first, or use a zone above the cluster's domain"
		}
		stand = append(stand, r.Name.Relative(c.Install.Domain)+" "+r.Type)
	}
	if len(stand) == 0 {
		c.add(name, OK, diag.Pos{}, fmt.Sprintf("nothing stands below %s in %s (%s)", c.Install.Domain, z.Name, z.ID), "")
		return
	}
	detail := fmt.Sprintf("below %s stand in %s (%s) already: %s", c.Install.Domain, z.Name, z.ID, strings.Join(stand[:min(len(stand), 5)], ", "))
	if more := len(stand) - 5; more > 0 {
		detail += fmt.Sprintf(" and %d more", more)
	}
	c.add(name, Problem, diag.Pos{}, detail, hint)
}

// publicZones are the zones in which the installer looks for the base domain.
func (c *check) publicZones() []estate.Zone {
	var out []estate.Zone
	for z := range c.Estate.Zones.By(estate.ByName(c.Install.BaseDomain)) {
		if z.Account == c.Account && !z.Private {
			out = append(out, z)
		}
	}
	return out
}

func (c *check) public() {
	const name = "public zone"
	if c.Install.Internal {
		c.add(name, OK, diag.Pos{}, "publish is Internal, none is needed", "")
		return
	}
	q := estate.Query{Kind: estate.QueryZones, Account: c.Account}
	if !c.Estate.Answered(q) {
		c.unread(name, q, "the installer's identity needs route53:ListHostedZones")
		return
	}
	zones := c.publicZones()
	switch len(zones) {
	case 0:
		c.add(name, Problem, diag.Pos{}, fmt.Sprintf("account %s has no public zone %s", c.Account, c.Install.BaseDomain), "give the account that domain, as with `delegations`, or write publish: Internal")
		return
	case 1:
		c.add(name, OK, diag.Pos{}, fmt.Sprintf("%s (%s) in account %s", zones[0].Name, zones[0].ID, c.Account), "")
	default:
		c.add(name, Problem, diag.Pos{}, fmt.Sprintf("account %s has %d public zones %s: %s and %s", c.Account, len(zones), c.Install.BaseDomain, zones[0].ID, zones[1].ID), "the installer takes one of them, perhaps not the one that the world asks: delete the other")
		return
	}
	c.records("public records", zones[0])
}
