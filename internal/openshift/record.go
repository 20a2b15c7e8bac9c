package openshift

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// DefaultTTL is the TTL, in seconds, of a DNSRecord that gives none
// (openshift/api, DNSRecordSpec).
const DefaultTTL = 30

// DNSRecord is the object of that name of ingress.operator.openshift.io/v1.
type DNSRecord struct {
	Pos    diag.Pos
	Object string       // namespace/name
	Name   dnsname.Name // spec.dnsName
	Type   string       // A or CNAME
	TTL    uint32       // seconds
	// Unmanaged: its dnsManagementPolicy leaves the record to somebody else.
	Unmanaged bool
	// Going: the object is being deleted, and with it the record.
	Going   bool
	Created time.Time
	Targets []Text

	generation, observed int64
	tree                 config.Tree // all of the object, so that its status is written back into it
}

func (r *reader) record(t config.Tree) {
	d := DNSRecord{Pos: t.Pos(), Object: objectName(t), tree: t}
	before := len(r.problems)
	d.generation = r.integer(t, "metadata.generation", "metadata", "generation")
	d.observed = r.integer(t, "status.observedGeneration", "status", "observedGeneration")
	d.Going = r.optional(t, "metadata", "deletionTimestamp").Value != ""
	if created := r.optional(t, "metadata", "creationTimestamp"); created.Value != "" {
		at, err := time.Parse(time.RFC3339, created.Value)
		if err != nil {
			r.problem(created.Pos, CodeBadValue, fmt.Sprintf("metadata.creationTimestamp: %q is not a time", shorten(created.Value)), "", `write it as in "2025-01-31T12:00:00Z"`)
		}
		d.Created = at
	}
	name := r.text(t, "spec.dnsName", "spec", "dnsName")
	if d.Name = r.name(name, "spec.dnsName"); name.Value == "" {
		r.missing(t, "spec.dnsName", "write the record's name, as in *.apps.mine.example.com.")
	}
	policy := r.text(t, "spec.dnsManagementPolicy", "spec", "dnsManagementPolicy")
	if d.Unmanaged = policy.Value == "Unmanaged"; policy.Value != "" && policy.Value != "Managed" && !d.Unmanaged {
		r.problem(policy.Pos, CodeBadValue, fmt.Sprintf("spec.dnsManagementPolicy: %q is not a policy", shorten(policy.Value)), "", "write Managed or Unmanaged; nothing means Managed")
	}
	ttl := r.integer(t, "spec.recordTTL", "spec", "recordTTL")
	if d.TTL = uint32(ttl); ttl > config.MaxTTL {
		r.problem(t.At("spec", "recordTTL").Pos(), CodeBadValue, fmt.Sprintf("spec.recordTTL: %d is too long", ttl), fmt.Sprintf("it is seconds, at most %d (RFC 2181 section 8)", config.MaxTTL), "")
	} else if ttl == 0 {
		d.TTL = DefaultTTL
	}
	r.targets(t, &d)
	if d.observed > d.generation && d.generation > 0 {
		r.problem(t.At("status", "observedGeneration").Pos(), CodeStale, fmt.Sprintf("DNSRecord %s is stale: its status knows generation %d, the object is generation %d", d.Object, d.observed, d.generation),
			"spec and status are of two moments", "read it again: oc get dnsrecord -A -o yaml")
	}
	if d.Going {
		r.report(diag.Note, d.Pos, CodeGoing, fmt.Sprintf("DNSRecord %s is being deleted, so its record goes", d.Object), "", "its finalizer is the ingress operator's to take off")
	}
	if d.Going && !d.Name.IsZero() || !slices.ContainsFunc(r.problems[before:], func(d diag.Diagnostic) bool { return d.Severity == diag.Error }) {
		r.out.Records = append(r.out.Records, d)
	}
}

// integer reads a field that takes a whole number of 0 or more.
func (r *reader) integer(t config.Tree, field string, keys ...string) int64 {
	v := t.At(keys...)
	if !v.There() {
		return 0
	}
	s, ok := v.Text()
	i, err := strconv.ParseInt(s, 10, 64)
	if !ok || err != nil || i < 0 || v.IsText() {
		r.problem(v.Pos(), CodeBadValue, field+": expected a whole number from 0, found "+v.String(), "", "")
		return 0
	}
	return i
}

// targets reads the record's type and what it leads to.
func (r *reader) targets(t config.Tree, d *DNSRecord) {
	kind := r.text(t, "spec.recordType", "spec", "recordType")
	if d.Type = kind.Value; d.Type == "" {
		r.missing(t, "spec.recordType", "write A or CNAME")
	} else if d.Type != "A" && d.Type != "CNAME" {
		r.problem(kind.Pos, CodeBadValue, fmt.Sprintf("spec.recordType: %q is not allowed", shorten(d.Type)), "", "write A or CNAME")
	}
	list := t.At("spec", "targets")
	items, ok := list.Items()
	switch {
	case list.There() && !ok:
		r.problem(list.Pos(), CodeBadValue, "spec.targets: expected a list, found "+list.String(), "", "")
		return
	case len(items) == 0:
		r.missing(t, "spec.targets", "write at least one")
		return
	}
	for _, i := range items {
		if s, ok := i.Text(); ok {
			d.Targets = append(d.Targets, Text{s, i.Pos()})
		} else {
			r.problem(i.Pos(), CodeBadValue, "spec.targets: expected a name or an address, found "+i.String(), "", "")
		}
	}
	_, balanced := d.balancer()
	for _, target := range d.Targets {
		addr, err := netip.ParseAddr(target.Value)
		switch {
		case balanced:
		case d.Type == "A" && err != nil:
			r.problem(target.Pos, CodeTarget, fmt.Sprintf("spec.targets: %q is neither an IPv4 address nor one load balancer", shorten(target.Value)), "the record's type is A", "write addresses, or recordType: CNAME for a name")
		case d.Type == "A" && !addr.Is4():
			r.problem(target.Pos, CodeTarget, fmt.Sprintf("spec.targets: %q is not an IPv4 address", shorten(target.Value)), "the record's type is A, and there is none for IPv6 alone", "write IPv4 addresses, or a load balancer with both")
		case d.Type == "CNAME" && err == nil:
			r.problem(target.Pos, CodeTarget, fmt.Sprintf("spec.targets: %q is an address", target.Value), "the record's type is CNAME", "write recordType: A")
		case d.Type == "CNAME":
			r.name(target, "spec.targets")
		}
	}
	if d.Type == "CNAME" && len(items) > 1 {
		r.problem(list.Pos(), CodeTarget, fmt.Sprintf("spec.targets has %d names", len(items)), "a CNAME leads to one (RFC 1034 section 3.6.2)", "keep one")
	}
}

// balancer is the load balancer that the record's one target is, whatever the
// record's type: OpenShift's own operator makes an alias of it as well.
func (d DNSRecord) balancer() (Balancer, bool) {
	if len(d.Targets) != 1 {
		return Balancer{}, false
	}
	name, err := dnsname.Parse(d.Targets[0].Value)
	if err != nil {
		return Balancer{}, false
	}
	zone, ok := estate.AliasZone(name)
	return Balancer{Name: name, Zone: zone.ID}, ok && zone.Kind == estate.TargetLoadBalancer
}

// newest leaves one of the copies of an object, and of several objects of one
// name the oldest, as the ingress operator does.
func (r *reader) newest() {
	byObject := map[string]int{}
	var kept []DNSRecord
	for _, d := range r.out.Records {
		i, again := byObject[d.Object]
		if !again {
			byObject[d.Object] = len(kept)
			kept = append(kept, d)
			continue
		}
		first := kept[i]
		switch {
		case first.generation == d.generation:
			r.problem(d.Pos, CodeTwice, fmt.Sprintf("DNSRecord %s stands twice", d.Object), "first at "+first.Pos.String()+"; neither is newer", "remove one")
			continue
		case first.generation < d.generation:
			kept[i], d = d, first
		}
		r.report(diag.Warning, d.Pos, CodeStale, fmt.Sprintf("DNSRecord %s is stale: generation %d stands at %s", d.Object, kept[i].generation, kept[i].Pos),
			fmt.Sprintf("this one is generation %d, and is left out", d.generation), "remove it")
	}
	r.out.Records = kept
}

// Conflicts splits records that share a name: the oldest object holds it, the
// others are refused. When their age does not tell, all are.
func conflicts(records []DNSRecord) (refused map[string]diag.Diagnostic) {
	refused = map[string]diag.Diagnostic{}
	byName := map[dnsname.Name][]DNSRecord{}
	for _, d := range records {
		if !d.Going && !d.Unmanaged {
			byName[d.Name] = append(byName[d.Name], d)
		}
	}
	for name, same := range byName {
		if len(same) < 2 {
			continue
		}
		slices.SortFunc(same, func(a, b DNSRecord) int {
			if c := a.Created.Compare(b.Created); c != 0 {
				return c
			}
			return strings.Compare(a.Object, b.Object)
		})
		var all []string
		for _, d := range same {
			all = append(all, d.Object)
		}
		problem := diag.Diagnostic{Code: CodeConflict, Hint: "delete all but one of them"}
		if oldest := same[0]; !oldest.Created.IsZero() && oldest.Created.Before(same[1].Created) {
			problem.Summary = fmt.Sprintf("%s is the name of DNSRecord %s already", name, oldest.Object)
			problem.Detail = "of several objects with one name the oldest holds it"
			same = same[1:]
		} else {
			problem.Summary = fmt.Sprintf("%s is the name of several DNSRecords: %s", name, strings.Join(all, ", "))
			problem.Detail = "their creationTimestamp does not tell which is the oldest, so none is taken"
		}
		for _, d := range same {
			problem.Pos, problem.Address = d.Pos, d.Object
			refused[d.Object] = problem
		}
	}
	return refused
}
