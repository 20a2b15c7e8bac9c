package audit

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// delegation is an NS set outside the zone that it leads to: a record set below
// a public zone's apex, or a registration.
type delegation struct {
	account estate.AccountID
	zone    string // that holds the record; none for a registration
	name    dnsname.Name
	servers []dnsname.Name // sorted
}

// delegations walks all NS sets that lead somewhere. NS in private zones lead
// only together with DELEGATE rules, so they are not among them.
func delegations(e estate.Estate) iter.Seq[delegation] {
	return func(yield func(delegation) bool) {
		for rs := range e.Records.ByPrefix(estate.AllNS) {
			z, ok := e.Zones.Get(rs.Zone)
			if !ok || z.Private || rs.Name == z.Name {
				continue
			}
			if !yield(delegation{z.Account, z.ID, rs.Name, hosts(rs)}) {
				return
			}
		}
		for r := range e.Registrations.All() {
			servers := slices.SortedFunc(slices.Values(r.NameServers), dnsname.Name.Compare)
			if !yield(delegation{r.Account, "", r.Domain, servers}) {
				return
			}
		}
	}
}

// hosts are the host names of an NS set, sorted; a value that is no name is
// nobody's server.
func hosts(rs estate.RecordSet) []dnsname.Name {
	var out []dnsname.Name
	for _, v := range rs.Values {
		if n, err := dnsname.Parse(v); err == nil {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, dnsname.Name.Compare)
	return slices.Compact(out)
}

// zones are the public zones of a name.
func zones(e estate.Estate, n dnsname.Name) []estate.Zone {
	var out []estate.Zone
	for z := range e.Zones.By(estate.ByName(n)) {
		if !z.Private {
			out = append(out, z)
		}
	}
	return out
}

// servers are a public zone's: its delegation set or, when that was not read,
// its own NS record.
func servers(e estate.Estate, z estate.Zone) []dnsname.Name {
	if len(z.NameServers) > 0 {
		return slices.SortedFunc(slices.Values(z.NameServers), dnsname.Name.Compare)
	}
	rs, _ := e.Records.Get(estate.RecordKey(z.ID, z.Name, "NS", ""))
	return hosts(rs)
}

// route53 reports whether a host is one of Route 53's public name servers,
// ns-1536.awsdns-00.co.uk (DG SOA-NSrecords.html).
func route53(host dnsname.Name) bool {
	labels := strings.Split(host.String(), ".")
	return len(labels) >= 3 && strings.HasPrefix(labels[1], "awsdns-")
}

// held parts the servers of a delegation into those that hold a zone of its
// name and the rest.
func (d delegation) held(e estate.Estate) (held, rest []dnsname.Name) {
	var have []dnsname.Name
	for _, z := range zones(e, d.name) {
		have = append(have, servers(e, z)...)
	}
	for _, s := range d.servers {
		if slices.Contains(have, s) {
			held = append(held, s)
		} else {
			rest = append(rest, s)
		}
	}
	return held, rest
}

func (d delegation) finding(code, format string, args ...any) Finding {
	return Finding{Code: code, Account: d.account, Zone: d.zone, Name: d.name, Type: "NS", Text: fmt.Sprintf(format, args...)}
}

// Claimable are the names that another party could claim: NS records and
// registrations that name Route 53 servers without a zone of that name in the
// organization, and records that lead to a free name of AWS's which others can
// register. Its cost grows with the number of NS records and of records that
// lead to such names, not with the estate.
func Claimable(e estate.Estate) []Finding {
	var out []Finding
	all := complete(e)
	for d := range delegations(e) {
		_, rest := d.held(e)
		rest = slices.DeleteFunc(rest, func(s dnsname.Name) bool { return !route53(s) })
		if len(rest) == 0 {
			continue
		}
		f := d.finding(ClaimableDelegation, "no zone %s of the organization is on %s", d.name, list(rest))
		f.Unproven = !all
		out = append(out, f)
	}
	return sorted(append(out, claimableTargets(e)...))
}

// Delegations are the NS sets that do not fit the zones they lead to, and the
// zones that nothing leads to. The sets must be equal (DG
// dns-routing-traffic-for-subdomains.html).
func Delegations(e estate.Estate) []Finding {
	var out []Finding
	for d := range delegations(e) {
		at := zones(e, d.name)
		held, rest := d.held(e)
		switch {
		case len(held) == 0 && (len(at) > 0 || slices.ContainsFunc(d.servers, route53)):
			out = append(out, d.finding(LameDelegation, "none of %s holds a zone of that name", list(d.servers)))
		case len(held) > 0 && len(rest) > 0:
			out = append(out, d.finding(PartialDelegation, "%s holds no zone of that name", list(rest)))
		case len(held) > 0 && !slices.ContainsFunc(at, func(z estate.Zone) bool { return slices.Equal(servers(e, z), d.servers) }):
			out = append(out, d.finding(PartialDelegation, "%s are not all the servers of one zone", list(d.servers)))
		}
		ds, signed := e.Records.Get(estate.RecordKey(d.zone, d.name, "DS", ""))
		if signed && len(at) > 0 && !slices.ContainsFunc(at, func(z estate.Zone) bool { return z.Signed }) {
			out = append(out, Finding{Code: UnsignedChild, Account: d.account, Zone: ds.Zone, Name: d.name, Type: "DS",
				Text: "the zone is not signed, so validating resolvers fail"})
		}
	}
	for z := range e.Zones.All() {
		if z.Private {
			continue
		}
		if parent, ok := above(e, z.Name); ok && !delegates(e, parent, z.Name) {
			out = append(out, Finding{Code: Undelegated, Account: z.Account, Zone: z.ID, Name: z.Name, Type: "NS",
				Text: fmt.Sprintf("zone %s above it has no NS record for it", parent.Name)})
		}
	}
	return sorted(out)
}

// above is the nearest public zone above a name.
func above(e estate.Estate, n dnsname.Name) (estate.Zone, bool) {
	for parent, ok := n.Parent(); ok; parent, ok = parent.Parent() {
		if at := zones(e, parent); len(at) > 0 {
			return at[0], true
		}
	}
	return estate.Zone{}, false
}

// delegates reports whether any public zone of the parent's name has an NS
// record for n, or a registration leads to it past all of them.
func delegates(e estate.Estate, parent estate.Zone, n dnsname.Name) bool {
	if _, ok := e.Registrations.Get(n.Key()); ok {
		return true
	}
	return slices.ContainsFunc(zones(e, parent.Name), func(p estate.Zone) bool {
		_, ok := e.Records.Get(estate.RecordKey(p.ID, n, "NS", ""))
		return ok
	})
}
