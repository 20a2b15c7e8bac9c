package config

import (
	"fmt"
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// ledgerLabel begins the names of orgdns's own record sets in a zone.
const ledgerLabel = "_orgdns"

// Reserved reports whether a name is kept for orgdns's own record sets, by its
// first label.
func Reserved(n dnsname.Name) bool { return strings.HasPrefix(n.String(), ledgerLabel) }

// finishRecords makes the records of a zone whole, and judges each alone and
// beside the others. The zone is the zero Name when it could not be read.
func (r *reader) finishRecords(zone dnsname.Name, records []Record) {
	for i := range records {
		r.finishRecord(zone, &records[i])
	}
	r.recordsSideBySide(zone, records)
}

func (r *reader) finishRecord(zone dnsname.Name, rec *Record) {
	if rec.written != "" && !zone.IsZero() {
		n, f := inZone(rec.written, zone)
		if f != nil {
			r.fault(rec.At("name"), f)
		}
		rec.Name = n
		if Reserved(n) {
			r.problem(rec.At("name"), CodeReserved, "names that begin with "+ledgerLabel+" are orgdns's own", "its ledgers stand there", "choose another name")
		}
	}
	has := func(key string) bool { return rec.node.value(key) != nil }
	if rec.Type == "" && rec.Alias != nil && !has("type") {
		rec.Type = "A"
	}
	switch {
	case has("alias") && has("values"):
		r.problem(rec.At("alias"), CodeKeyConflict, "a record has values or an alias, not both", "", "remove one")
	case !has("alias") && !has("values"):
		r.problem(rec.Pos, CodeMissingKey, `the key "values" is missing`, "a record has values or an alias", "")
	case has("alias"):
		r.finishAlias(rec)
	case !has("type"):
		r.problem(rec.Pos, CodeMissingKey, `the key "type" is missing`, "a record with values has a type", "")
	default:
		if !has("ttl") {
			rec.TTL = DefaultTTL
		}
		if rec.Type != "" {
			r.fillValues(rec, zone)
		}
	}
	switch {
	case rec.Type == "NS" && rec.Name == zone && !zone.IsZero():
		r.problem(rec.Pos, CodeReserved, "the NS record of "+zone.String()+" itself is kept by Route 53", "", "remove it")
	case rec.Type == "DS" && rec.Name == zone && !zone.IsZero():
		r.problem(rec.Pos, CodeReserved, "the DS record of "+zone.String()+" belongs into its parent zone", "RFC 4035 section 2.4", "remove it")
	case rec.Type == "NS" && rec.Name.IsWildcard():
		r.problem(rec.At("name"), CodeWildcard, rec.Name.String()+" is a wildcard, which cannot be delegated", "a wildcard has no NS record of its own (RFC 4592 section 4.2)", "")
	case rec.Type == "CNAME" && rec.Name == zone && !zone.IsZero():
		r.problem(rec.Pos, CodeRecordConflict, "a CNAME cannot stand at "+zone.String()+" itself", "NS and SOA stand there, and a CNAME stands alone (RFC 1034 section 3.6.2)", "use an alias record")
	}
	r.finishRouting(rec)
}

// The targets of API Gateway are those of custom domains, d-…; an API's own
// name is none (API Gateway Developer Guide, apigateway-regional-api-custom-
// domain-create.html).
var targetExamples = map[string]string{
	estate.TargetAPIGateway:   "d-abc123.execute-api.eu-west-1.amazonaws.com",
	estate.TargetCloudFront:   "d111111abcdef8.cloudfront.net",
	estate.TargetLoadBalancer: "shop-1234567890.eu-west-1.elb.amazonaws.com",
	estate.TargetS3Website:    "s3-website-eu-west-1.amazonaws.com",
}

func (r *reader) finishAlias(rec *Record) {
	if rec.node.value("ttl") != nil {
		r.problem(rec.At("ttl"), CodeKeyConflict, "an alias has no TTL of its own", "it has its target's", "remove it")
		rec.TTL = 0
	}
	if rec.Type != "" && rec.Type != "A" && rec.Type != "AAAA" {
		r.problem(rec.At("type"), CodeBadRecord, "an alias to an AWS resource is of type A or AAAA", "Route 53 Developer Guide, resource-record-sets-values-alias-common.html", "")
	}
	a := rec.Alias
	if a == nil || a.Target.IsZero() {
		return
	}
	target := a.Target.String()
	if a.Kind == estate.TargetS3Website && !rec.Name.IsZero() {
		// The bucket has the record's name, and the alias names the Region's
		// website endpoint alone (WebsiteHosting guide of S3).
		if rest, ok := strings.CutPrefix(target, rec.Name.String()+"."); ok {
			if n, f := parseName(rest); f == nil {
				a.Target, target = n, rest
			}
		}
	}
	zone, known := estate.AliasZone(a.Target)
	edge := a.Kind == estate.TargetAPIGateway && zone.Kind == estate.TargetCloudFront
	switch {
	case !known && a.Region != "" && strings.Contains(a.Target.FQDN(), ".amazonaws.com."):
		return // in a Region that is not known here
	case !known, zone.Kind != a.Kind && !edge, a.Target == zone.Name && a.Kind != estate.TargetS3Website,
		a.Target != zone.Name && a.Kind == estate.TargetS3Website,
		a.Kind == estate.TargetAPIGateway && !edge && !strings.HasPrefix(target, "d-"):
		hint := "write it as in " + quote(targetExamples[a.Kind])
		if _, ok := targetExamples[zone.Kind]; ok && zone.Kind != a.Kind {
			hint = "did you mean the key " + zone.Kind + "?"
		} else if !known && strings.Contains(a.Target.FQDN(), ".amazonaws.com.") {
			hint += ", or add its region when that is not known here"
		}
		r.problem(a.At(a.Kind), CodeBadRecord, quote(target)+" is not the name of a target of the kind "+a.Kind, "", hint)
		return
	case zone.Region == "" && a.Region != "":
		r.problem(a.At("region"), CodeRegion, quote(target)+" is in no Region", "", "remove the key")
	case a.Region != "" && zone.Region != a.Region:
		r.problem(a.At("region"), CodeRegion, fmt.Sprintf("%s is in %s, not in %s", quote(target), zone.Region, a.Region), "", "remove the key: the name shows it")
	}
	a.Region = zone.Region
	if zone.Region == "" && a.EvaluateTargetHealth {
		r.problem(a.At("evaluateTargetHealth"), CodeKeyConflict, "the health of a CloudFront distribution cannot be evaluated", "Route 53 API, AliasTarget", "remove the key")
	}
}

// routingKeys are the keys of routing policies; a record has one at most.
var routingKeys = []string{"weight", "latency", "failover", "geolocation", "geoproximity", "multivalue", "cidr"}

func (r *reader) finishRouting(rec *Record) {
	var used []string
	for _, k := range routingKeys {
		if rec.node.value(k) != nil {
			used = append(used, k)
		}
	}
	switch {
	case len(used) > 1:
		r.problem(rec.At(used[1]), CodeKeyConflict, fmt.Sprintf("a record has one routing policy, not %s and %s", used[0], used[1]), "", "remove one")
	case len(used) == 1 && rec.node.value("set") == nil:
		r.problem(rec.Pos, CodeMissingKey, `the key "set" is missing`, "records with a routing policy are told apart by it", "")
	case len(used) == 0 && rec.node.value("set") != nil:
		r.problem(rec.At("set"), CodeKeyConflict, "a set identifier belongs to a routing policy", "", "remove it, or add one of "+strings.Join(routingKeys, ", "))
	case rec.Type == "NS" && len(used) == 1:
		r.problem(rec.At(used[0]), CodeBadRecord, "an NS record has no routing policy", "Route 53 API, ResourceRecordSet", "remove the key")
	}
	if rec.Routing.MultiValue && rec.Alias != nil {
		r.problem(rec.At("multivalue"), CodeKeyConflict, "an alias cannot be a multivalue answer", "Route 53 API, ResourceRecordSet", "remove one")
	}
	if rec.Routing.MultiValue && rec.Type == "CNAME" {
		r.problem(rec.At("multivalue"), CodeBadRecord, "a CNAME cannot be a multivalue answer", "Route 53 API, ResourceRecordSet", "remove the key")
	}
	if g := rec.node.value("geolocation"); g != nil && g.shape == mapping && ((g.value("continent") == nil) == (g.value("country") == nil) || g.value("country") == nil && g.value("subdivision") != nil) {
		r.problem(rec.At("geolocation"), CodeBadValue, "a geolocation is a continent, or a country with or without its subdivision", "Route 53 API, GeoLocation", `write it as in { continent: EU }, { country: FR } or { country: US, subdivision: NY }; { country: "*" } is the default`)
	}
}

// recordsSideBySide judges records of one zone against each other.
func (r *reader) recordsSideBySide(zone dnsname.Name, records []Record) {
	type id struct {
		name        dnsname.Name
		rrtype, set string
	}
	sets := map[id]*Record{}
	groups := map[id]*Record{}           // by name and type: the first
	others := map[dnsname.Name]*Record{} // the first that is not a CNAME
	cnames := map[dnsname.Name]*Record{}
	for i := range records {
		rec := &records[i]
		if rec.Name.IsZero() || rec.Type == "" {
			continue
		}
		what := rec.Type + " record of " + rec.Name.String()
		if before, twice := sets[id{rec.Name, rec.Type, rec.SetID}]; twice {
			if rec.SetID != "" {
				what += " with the set identifier " + quote(rec.SetID)
			}
			r.problem(rec.Pos, CodeDuplicate, "the "+what+" stands twice", "first at "+before.Pos.String(), "put the values into one record")
			continue
		}
		sets[id{rec.Name, rec.Type, rec.SetID}] = rec
		if before, ok := groups[id{rec.Name, rec.Type, ""}]; !ok {
			groups[id{rec.Name, rec.Type, ""}] = rec
		} else {
			r.sameGroup(what, before, rec)
		}
		if rec.Type == "CNAME" {
			if other, ok := others[rec.Name]; ok {
				r.cnameConflict(rec, other, rec)
			} else if cnames[rec.Name] == nil {
				cnames[rec.Name] = rec
			}
			continue
		}
		if others[rec.Name] == nil {
			others[rec.Name] = rec
		}
		if cname, ok := cnames[rec.Name]; ok {
			r.cnameConflict(cname, rec, rec)
		}
	}
	r.belowCuts(zone, records)
}

func (r *reader) cnameConflict(cname, other, at *Record) {
	before := cname
	if at == cname {
		before = other
	}
	r.problem(at.Pos, CodeRecordConflict, fmt.Sprintf("a CNAME and a record of type %s cannot both stand at %s", other.Type, cname.Name),
		"a CNAME stands alone (RFC 1034 section 3.6.2); the other is at "+before.Pos.String(), "remove one")
}

// sameGroup judges two record sets of one name and type: one policy and one TTL
// (Route 53 API, ResourceRecordSet).
func (r *reader) sameGroup(what string, before, rec *Record) {
	other := "the other is at " + before.Pos.String()
	switch a, b := policyOf(before), policyOf(rec); {
	case a != b:
		r.problem(rec.Pos, CodeRecordConflict, fmt.Sprintf("the record sets of the %s have different routing policies, %s and %s", what, a, b), other, "give all of them the same")
	case before.Alias == nil && rec.Alias == nil && before.TTL != rec.TTL:
		r.problem(rec.At("ttl"), CodeRecordConflict, fmt.Sprintf("the record sets of the %s have different TTLs, %d s and %d s", what, before.TTL, rec.TTL), other, "give all of them the same")
	case b == "failover" && before.Routing.Failover == rec.Routing.Failover,
		b == "latency" && before.Routing.Latency == rec.Routing.Latency,
		b == "geolocation" && *before.Routing.Geo == *rec.Routing.Geo:
		r.problem(rec.At(b), CodeRecordConflict, fmt.Sprintf("two record sets of the %s have the same %s", what, b), other, "")
	}
}

// policyOf is the key of a record's routing policy, "simple" without one.
func policyOf(rec *Record) string {
	switch p := rec.Routing; {
	case p.Weight != nil:
		return "weight"
	case p.Latency != "":
		return "latency"
	case p.Failover != "":
		return "failover"
	case p.Geo != nil:
		return "geolocation"
	case p.GeoProximity != nil:
		return "geoproximity"
	case p.MultiValue:
		return "multivalue"
	case p.CIDR != nil:
		return "cidr"
	}
	return "simple"
}

// belowCuts finds records that an NS record of the same list would hide.
func (r *reader) belowCuts(zone dnsname.Name, records []Record) {
	cuts := map[dnsname.Name]*Record{}
	for i := range records {
		if rec := &records[i]; rec.Type == "NS" && !rec.Name.IsZero() && rec.Name != zone {
			cuts[rec.Name] = rec
		}
	}
	if len(cuts) == 0 {
		return
	}
	for i := range records {
		rec := &records[i]
		for above := range rec.Name.Ancestors() {
			cut, ok := cuts[above]
			if !ok || cut == rec || rec.Name == cut.Name && (rec.Type == "NS" || rec.Type == "DS") {
				continue
			}
			r.problem(rec.Pos, CodeTwoOwners, fmt.Sprintf("%s is given away by the NS record of %s", rec.Name, cut.Name),
				"what stands beside or below that record, at "+cut.Pos.String()+", would be invisible (RFC 1034 section 4.3.2)", "remove one of the two")
			break
		}
	}
}
