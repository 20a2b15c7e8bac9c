package audit

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// namespace is a domain of AWS's in which accounts take names first come, first
// served, so that a name given up can be taken by another account. AWS names S3
// buckets, Elastic Beanstalk environments and CloudFront distributions as those
// that are taken over in practice (AWS Security Blog, Threat tactic spotlight:
// subdomain takeover, 2026).
type namespace struct {
	domain dnsname.Name   // that holds them all
	name   *regexp.Regexp // a whole name in it
}

// The names of interface endpoints and of VPC Lattice services are in none: AWS
// generates them with the endpoint or service, so one that is gone leaves an
// alias dangling, and nobody takes it.
var namespaces = []namespace{
	// Buckets as websites: "another AWS account can use the same general
	// purpose bucket name" (S3 User Guide, delete-bucket.html). An estate holds
	// no buckets besides, so those used as plain storage are not judged.
	{dnsname.MustParse("amazonaws.com"), regexp.MustCompile(`(^|\.)s3-website[.-][a-z0-9-]+\.amazonaws\.com$`)},
	// Environments choose their label, which CheckDNSAvailability tells to be
	// free (Elastic Beanstalk API, API_CheckDNSAvailability.html).
	{dnsname.MustParse("elasticbeanstalk.com"), regexp.MustCompile(`\.elasticbeanstalk\.com$`)},
	// A distribution's own name is drawn at random, but its alternate names
	// become free with it (CloudFront Developer Guide, CNAMEs.html).
	{dnsname.MustParse("cloudfront.net"), regexp.MustCompile(`\.cloudfront\.net$`)},
}

// claimableTargets are the aliases and CNAMEs that lead to a free name in a
// namespace. Without knowing all targets there are for certain none.
func claimableTargets(e estate.Estate) []Finding {
	if !e.Closed() {
		return nil
	}
	var out []Finding
	for _, ns := range namespaces {
		for rs := range e.Records.ByPrefix(estate.ByTarget(ns.domain)) {
			target := rs.Target()
			if !ns.name.MatchString(target.String()) || holds(e, rs) {
				continue
			}
			z, _ := e.Zones.Get(rs.Zone)
			out = append(out, Finding{Code: ClaimableTarget, Account: z.Account, Zone: rs.Zone, Name: rs.Name, Type: rs.Type,
				Text: fmt.Sprintf("%s does not exist in the organization, and another account can make it", target)})
		}
	}
	return out
}

// holds reports whether the estate has the AWS resource that a record leads to.
// The websites of a Region share one name; an alias means the bucket of the
// record's name, a CNAME has the bucket before the Region's name.
func holds(e estate.Estate, rs estate.RecordSet) bool {
	target := rs.Target()
	if parent, ok := target.Parent(); ok && target.Relative(parent) == "dualstack" {
		target = parent // a load balancer's
	}
	for p := range e.Endpoints.By(estate.ByName(target)) { // by the name that AWS generated
		if p.State != estate.EndpointDeleting {
			return true
		}
	}
	for s := range e.LatticeServices.By(estate.ByName(target)) {
		if !s.Gone() {
			return true
		}
	}
	for n := range target.Ancestors() {
		for t := range e.Targets.By(estate.ByName(n)) {
			bucket := target.Relative(n)
			if n == target {
				bucket = rs.Name.String()
			}
			if t.Kind == estate.TargetS3Website {
				if slices.ContainsFunc(t.Domains, func(d dnsname.Name) bool { return d.String() == bucket }) {
					return true
				}
			} else if n == target {
				return true
			}
		}
	}
	return false
}

// Aliases are the alias records whose target does not exist: a record of the
// same zone, or an AWS resource when all of these are known.
func Aliases(e estate.Estate) []Finding {
	var out []Finding
	for rs := range e.Records.ByPrefix(estate.AllTargets) {
		if rs.Alias == nil {
			continue
		}
		if rs.Alias.Zone == rs.Zone {
			if _, ok := estate.First(e.Records.Prefix(estate.RecordsAt(rs.Zone, rs.Alias.Name) + rs.Type + "\x01")); ok {
				continue
			}
		} else if !e.Closed() || holds(e, rs) {
			continue
		}
		z, _ := e.Zones.Get(rs.Zone)
		out = append(out, Finding{Code: DanglingAlias, Account: z.Account, Zone: rs.Zone, Name: rs.Name, Type: rs.Type,
			Text: fmt.Sprintf("the alias target %s does not exist", rs.Alias.Name)})
	}
	return sorted(out)
}
