package recipe

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// childTypes are the types of records that orgdns may write into a zone of its
// own; NS among them for delegations further down. SOA is never written.
var childTypes = []string{"A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"}

// Permissions is the least that each account must permit orgdns for the whole
// life of this configuration: observing, making, repairing and removing. What
// is not known of the organization yet is permitted more widely: a parent zone
// whose ID was not read by any zone of the account.
func Permissions(in Input) []plan.Permission {
	p := &permissions{seen: map[string]bool{}}
	for _, a := range accounts(in) {
		p.add(plan.Permission{Account: a.ID, May: plan.MayReadZones})
		p.add(plan.Permission{Account: a.ID, May: plan.MayReadZone})
		if a.Role != "" {
			p.add(plan.Permission{Account: a.ID, May: plan.MayReadRole, Role: a.Role})
		}
	}
	for _, z := range in.Config.PrivateZones {
		p.privateZone(in, z)
	}
	for _, s := range in.Config.EndpointShares {
		p.endpointShare(in, s)
	}
	lattice, _ := latticeDomainsOf(in)
	for _, d := range lattice {
		p.latticeDomain(in, d)
	}
	if in.Config.LatticeEvents != nil {
		p.latticeEvents(in)
	}
	parents := map[parentZone][]dnsname.Name{}
	for _, d := range in.Config.Delegations {
		child, problems := in.Config.FindAccount(d.Child, in.Estate)
		if len(problems) > 0 {
			continue
		}
		for _, may := range []plan.May{plan.MayCreateZone, plan.MayDeleteZone, plan.MayTagZone} {
			p.add(plan.Permission{Account: child.ID, May: may})
		}
		create := []plan.Verb{plan.VerbCreate, plan.VerbDelete}
		p.add(plan.Permission{
			Account: child.ID, May: plan.MayChangeRecords, ZoneName: d.Domain, Statement: plan.StatementRecords,
			Names: []dnsname.Name{d.Domain}, Like: []string{plan.LikeUnder(d.Domain)}, Types: childTypes, Verbs: create,
		})
		p.add(plan.Permission{
			Account: child.ID, May: plan.MayChangeRecords, ZoneName: d.Domain, Statement: plan.StatementApex,
			Names: []dnsname.Name{d.Domain}, Types: []string{"NS"}, Verbs: []plan.Verb{plan.VerbUpsert},
		})
		p.limits(child.ID, in.Estate.ZonesNamed(child.ID, d.Domain, false), len(d.Records))
		for _, c := range d.Certificates {
			r := certificateRegion(c)
			p.add(plan.Permission{Account: child.ID, May: plan.MayMakeCertificates, Region: r})
			p.add(plan.Permission{Account: child.ID, May: plan.MayReadCertificates, Region: r})
		}
		parent, problems := in.Config.FindAccount(d.Parent.Account, in.Estate)
		if d.Parent.External != "" || len(problems) > 0 {
			continue
		}
		if _, chained := chain(in, d, parent.ID); chained {
			continue // a zone of our own, permitted above
		}
		at := parentZone{account: parent.ID}
		c := parentCandidates(in, d, parent.ID)
		p.limits(parent.ID, c, len(in.Config.Delegations))
		if len(c) == 1 {
			at.id, at.name = c[0].ID, c[0].Name
		} else if at.name = d.Parent.Domain; at.name.IsZero() {
			at.name, _ = d.Domain.Parent()
		}
		parents[at] = append(parents[at], d.Domain)
	}
	for at, names := range parents {
		p.parent(at, names, in.Config.Owner)
	}
	for _, e := range in.Config.Expect {
		if e.From.Internet {
			continue
		}
		for _, q := range VPCQueries(in.Config, e.From.Selector, in.Estate) {
			p.add(plan.Permission{Account: q.Account, May: plan.MayReadVPCs, Region: q.Region})
		}
	}
	return p.sorted()
}

// parentZone is a zone that others own and that holds links of ours; without
// an ID it was not read.
type parentZone struct {
	account estate.AccountID
	id      string
	name    dnsname.Name
}

type permissions struct {
	list []plan.Permission
	seen map[string]bool
}

func (p *permissions) add(x plan.Permission) {
	key := fmt.Sprintf("%+v", x)
	if !p.seen[key] {
		p.seen[key] = true
		p.list = append(p.list, x)
	}
}

// privateTypes are the types of records in a private zone.
var privateTypes = []string{"A", "AAAA", "CAA", "CNAME", "HTTPS", "MX", "NAPTR", "PTR", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"}

// privateZone permits the life of a private zone in its account, and its
// association in each account whose VPCs may be selected.
func (p *permissions) privateZone(in Input, z config.PrivateZone) {
	account, problems := in.Config.FindAccount(z.Account, in.Estate)
	if len(problems) > 0 {
		return
	}
	id := ""
	if have, ok := plan.OwnZone(in.Estate, in.Config.Owner, account.ID, plan.Zone{
		Name: z.Domain, Reference: plan.Reference(in.Config.Owner, privateZoneAddress(account.ID, z.Domain)+"/zone"), Anchor: &estate.VPCRef{},
	}); ok {
		id = have.ID
	}
	anchors := VPCQueries(in.Config, anchorSelector(z, account), in.Estate)
	for _, q := range anchors {
		p.add(plan.Permission{Account: account.ID, May: plan.MayCreatePrivateZone, Region: q.Region})
	}
	for _, may := range []plan.May{plan.MayDeleteZone, plan.MayTagZone, plan.MayReadAssociations} {
		p.add(plan.Permission{Account: account.ID, May: may})
	}
	p.add(plan.Permission{
		Account: account.ID, May: plan.MayChangeRecords, Zone: id, ZoneName: z.Domain, Statement: plan.StatementRecords,
		Names: []dnsname.Name{z.Domain}, Like: []string{plan.LikeUnder(z.Domain)}, Types: privateTypes, Verbs: []plan.Verb{plan.VerbCreate, plan.VerbDelete},
	})
	p.limits(account.ID, in.Estate.ZonesNamed(account.ID, z.Domain, true), len(z.Records))
	for _, w := range z.Writers {
		p.add(plan.Permission{Account: account.ID, May: plan.MayMakeRole, Role: w.Role})
	}
	queries := anchors
	for _, s := range z.VPCs {
		queries = append(queries, VPCQueries(in.Config, s, in.Estate)...)
	}
	for _, q := range queries {
		p.add(plan.Permission{Account: q.Account, May: plan.MayReadVPCs, Region: q.Region})
		p.add(plan.Permission{Account: q.Account, May: plan.MayAssociateVPCs, Region: q.Region})
		p.add(plan.Permission{Account: q.Account, May: plan.MayReadVPCZones})
		if q.Account != account.ID {
			p.add(plan.Permission{Account: account.ID, May: plan.MayAuthorizeVPCs, Zone: id, Region: q.Region})
		}
		p.add(plan.Permission{Account: account.ID, May: plan.MayDisassociateVPCs, Zone: id, Region: q.Region})
		if z.FixVPCAttributes {
			p.add(plan.Permission{Account: q.Account, May: plan.MayChangeVPCs, Region: q.Region})
		}
	}
}

// limits permits reading the quota of zones that may become full.
func (p *permissions) limits(account estate.AccountID, zones []estate.Zone, wanted int) {
	count := int64(wanted)
	for _, z := range zones {
		count = max(count, z.RecordCount+int64(wanted))
	}
	if count > plan.RecordsWarning {
		p.add(plan.Permission{Account: account, May: plan.MayReadLimits})
	}
}

// parent permits NS records of exactly the delegated names, in as many
// statements as their length asks for, and our ledger.
func (p *permissions) parent(at parentZone, names []dnsname.Name, owner string) {
	verbs := []plan.Verb{plan.VerbCreate, plan.VerbDelete}
	for _, share := range plan.StatementDelegation.Spread(names) {
		p.add(plan.Permission{
			Account: at.account, May: plan.MayChangeRecords, Zone: at.id, ZoneName: at.name,
			Statement: share.Statement, Names: share.Names, Types: []string{"NS"}, Verbs: verbs,
		})
	}
	p.add(plan.Permission{
		Account: at.account, May: plan.MayChangeRecords, Zone: at.id, ZoneName: at.name,
		Statement: plan.StatementLedger, Like: []string{plan.LikeLedger(at.name, owner)}, Types: []string{"TXT"}, Verbs: verbs,
	})
}

func (p *permissions) sorted() []plan.Permission {
	slices.SortStableFunc(p.list, func(a, b plan.Permission) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.May, b.May), cmp.Compare(a.Zone, b.Zone),
			a.ZoneName.Compare(b.ZoneName), cmp.Compare(a.Statement, b.Statement), cmp.Compare(a.Region, b.Region))
	})
	return p.list
}
