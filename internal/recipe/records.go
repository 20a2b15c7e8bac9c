package recipe

import (
	"fmt"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// configured is a record of the configuration as one that is wanted in a zone.
func configured(zone plan.Value, name dnsname.Name, rec config.Record, problem func(pos diag.Pos, s diag.Severity, code, summary, detail, hint string)) (plan.Record, bool) {
	w := plan.Record{
		Zone: zone, ZoneName: name, Name: plan.Lit(rec.Name.String()), Type: rec.Type, TTL: rec.TTL, Values: plan.Lits(rec.Values),
		SetID: rec.SetID, Routing: rec.Routing, Health: rec.HealthCheck, Statement: plan.StatementRecords,
	}
	if rec.Alias == nil {
		return w, true
	}
	// AWS fixes the hosted zone of an alias target per service and Region.
	target, ok := estate.AliasZone(rec.Alias.Target)
	if !ok || target.Kind != rec.Alias.Kind {
		problem(rec.Alias.Pos, diag.Error, "alias-target",
			fmt.Sprintf("%s is no name of a %s that an alias can point at", rec.Alias.Target, rec.Alias.Kind),
			"AWS fixes the hosted zone of such names per service and Region", "give the name that the AWS console shows as the target domain")
		return w, false
	}
	w.Alias = &estate.Alias{Name: rec.Alias.Target, Zone: target.ID, EvaluateTargetHealth: rec.Alias.EvaluateTargetHealth}
	return w, true
}

func recordAddress(of, part string, zone, name dnsname.Name, rrtype, setID string) string {
	a := of + "/" + part + "/" + name.Relative(zone) + "/" + rrtype
	if setID != "" {
		a += "/" + setID
	}
	return a
}
