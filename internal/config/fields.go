package config

import (
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// This file is the one description of the configuration: what each key is
// called, takes and means. Words here are read in docs/configuration.md and in
// editors.

var root = object("configuration", "a configuration",
	"A configuration is one YAML file, or a folder of `*.yaml` files so that teams own theirs. Files are merged: lists are appended, mappings united; what is said twice is an error that names both places.",
	[]field[Config]{
		key("owner", ownerKind, "Marks what this configuration owns in AWS; two configurations that share a zone need different owners. Changing it makes everything foreign.", func(c *Config) *string { return &c.Owner }).must(),
		key("organization", organizationKind, "The AWS organization.", func(c *Config) **Access { return &c.Access }),
		key("defaults", defaultsKind, "What holds for each account that does not say otherwise.", func(c *Config) *Defaults { return &c.Defaults }),
		key("accounts", named(accountKind, nameAccount), "Names for account IDs. With `organization`, accounts can be used by their own names, too.", func(c *Config) *[]Account { return &c.Accounts }),
		key("delegations", listOf(delegationKind), "Public subdomains that are given to other accounts.", func(c *Config) *[]Delegation { return &c.Delegations }),
		key("privateZones", listOf(privateZoneKind), "Private hosted zones that accounts share.", func(c *Config) *[]PrivateZone { return &c.PrivateZones }),
		key("endpointShares", listOf(endpointShareKind), "VPC interface endpoints that accounts share.", func(c *Config) *[]EndpointShare { return &c.EndpointShares }),
		key("latticeDomains", listOf(latticeDomainKind), "Zones in which the custom domain names of VPC Lattice services resolve.", func(c *Config) *[]LatticeDomain { return &c.LatticeDomains }),
		key("latticeEvents", optional(latticeEventsKind), "How the services of VPC Lattice are told of at once.", func(c *Config) **LatticeEvents { return &c.LatticeEvents }),
		key("expect", listOf(expectKind), "DNS tests: checked on the twin at plan time, live after apply.", func(c *Config) *[]Expectation { return &c.Expect }),
		key("limits", limitsKind, "Stops a run that would change more than this, until it is told `--accept-limits`.", func(c *Config) *Limits { return &c.Limits }),
		key("policies", policiesKind, "What kinds of change may be made, by a run or for an event.", func(c *Config) *Policies { return &c.Policies }),
		key("quotas", quotasKind, "Quotas that AWS raised in every account that does not say otherwise.", func(c *Config) *Quotas { return &c.Quotas }),
	}, nil)

type organization struct{ access *Access }

var organizationKind = func() kind[*Access] {
	k := object("organization", "the organization",
		"Any account may ask which organization it belongs to. Its accounts and units are read from the management account or a delegated administrator; selectors by unit, and accounts by their own names, need that.",
		[]field[organization]{
			key("access", optional(accessKind), "How accounts and units are read.", func(o *organization) **Access { return &o.access }).must(),
		}, nil)
	return kind[*Access]{k.desc, func(r *reader, n *node) (*Access, bool) {
		o, ok := k.read(r, n)
		return o.access, ok
	}}
}()

var accessKind = object("access", "the access to the organization", "",
	[]field[Access]{
		key("account", accountRefKind, "The management account, or a delegated administrator.", func(a *Access) *AccountRef { return &a.Account }).must(),
		key("role", roleKind, "The role to assume there.", func(a *Access) *string { return &a.Role }).or("as for the account"),
		key("externalID", secretKind, "The external ID that the role asks for.", func(a *Access) *Secret { return &a.ExternalID }),
	}, nil)

// defaultRole is the role of an account when nothing is said.
const defaultRole = "orgdns"

var defaultsKind = object("defaults", "the defaults", "",
	[]field[Defaults]{
		key("role", roleKind, "The role that is assumed in each account.", func(d *Defaults) *string { return &d.Role }).or(defaultRole),
		key("region", regionKind, "The Region of what has to be in one.", func(d *Defaults) *estate.Region { return &d.Region }),
		key("externalID", secretKind, "The external ID that the roles ask for: `env:NAME` reads it from the environment; it is never shown.", func(d *Defaults) *Secret { return &d.ExternalID }),
	}, nil)

var accountKind = object("account", "an account", "",
	[]field[Account]{
		key("id", accountIDKind, "The twelve digits of the account, in quotes.", func(a *Account) *estate.AccountID { return &a.ID }).must(),
		key("role", roleKind, "The role that is assumed there.", func(a *Account) *string { return &a.Role }).or("`defaults.role`"),
		key("externalID", secretKind, "The external ID that the role asks for.", func(a *Account) *Secret { return &a.ExternalID }).or("`defaults.externalID`"),
		key("regions", oneOrMany(regionKind), "The Regions in which the account has VPCs.", func(a *Account) *[]estate.Region { return &a.Regions }).or("`defaults.region`"),
		key("quotas", quotasKind, "Quotas that AWS raised there.", func(a *Account) *Quotas { return &a.Quotas }).or("`quotas` of the configuration"),
	}, nil)

func nameAccount(r *reader, a *Account, name string, pos diag.Pos) {
	a.Name, a.Pos = name, pos
	if !accountName.MatchString(name) {
		r.problem(pos, CodeBadValue, quote(name)+" cannot be the name of an account", "a name begins with a letter, and has letters, digits, dots, - and _", "")
	}
}

var delegationKind = object("delegation", "a delegation",
	"Creates the zone of the domain in the child account, and in the parent zone the NS record that points at it.",
	[]field[Delegation]{
		key("domain", zoneNameKind, "The subdomain that is given away.", func(d *Delegation) *dnsname.Name { return &d.Domain }).must(),
		key("parent", parentKind, "The account that holds the parent zone, or where the parent is.", func(d *Delegation) *Parent { return &d.Parent }).must(),
		key("child", accountRefKind, "The account that gets the domain.", func(d *Delegation) *AccountRef { return &d.Child }).must(),
		key("ttl", delegationTTLKind, "The TTL of the NS records. `auto` begins at 5 minutes and grows to 2 days once the delegation has been stable for a day.", func(d *Delegation) *TTL { return &d.TTL }).or("5m"),
		key("certificate", oneOrMany(certificateKind), "ACM certificates in the child account, validated by DNS in the child zone.", func(d *Delegation) *[]Certificate { return &d.Certificates }),
		key("records", listOf(recordKind), "Records of the child zone.", func(d *Delegation) *[]Record { return &d.Records }),
		key("adopt", boolKind, "Take over a zone of this name that stands in the child account already.", func(d *Delegation) *bool { return &d.Adopt }).or("false"),
		key("moveRecords", boolKind, "Carry records that the parent has at or below the domain into the child zone first; they would vanish from sight.", func(d *Delegation) *bool { return &d.MoveRecords }).or("false"),
	}, (*reader).finishDelegation)

var parentKind = short(object("parent", "a parent", "The zone that holds the NS record of the domain.",
	[]field[Parent]{
		key("account", accountRefKind, "The account that holds it.", func(p *Parent) *AccountRef { return &p.Account }),
		key("domain", zoneNameKind, "The name of the parent zone.", func(p *Parent) *dnsname.Name { return &p.Domain }).or("the longest match"),
		key("zone", zoneIDKind, "The ID of the parent zone, where the account has several of that name.", func(p *Parent) *string { return &p.Zone }),
		key("external", freeText, "Who runs the parent, such as `registrar`, when it is outside the organization or outside Route 53. The NS records to enter there are printed, and public DNS is asked until they are right.", func(p *Parent) *string { return &p.External }),
	}, (*reader).finishParent), accountRefKind, func(ref AccountRef, pos diag.Pos) Parent {
	return Parent{Source: Source{Pos: pos}, Account: ref}
})

var certificateKind = object("certificate", "a certificate", "",
	[]field[Certificate]{
		key("names", oneOrMany(nameKind), "The names that it covers, in the delegated domain; a wildcard covers one level.", func(c *Certificate) *[]dnsname.Name { return &c.Names }).or("the domain"),
		key("region", regionKind, "The Region in which it is used.", func(c *Certificate) *estate.Region { return &c.Region }).or("the child's Region"),
		key("usedBy", enum("a user of certificates", UsedByCloudFront, UsedByAPIGatewayEdge), "What uses it, where that decides the Region: CloudFront and edge-optimized API Gateway take certificates from us-east-1 only.", func(c *Certificate) *string { return &c.UsedBy }),
	}, nil)

var recordKind = object("record", "a record", "",
	[]field[Record]{
		key("name", labelKind, "Relative to the domain (`beta`, `*.x`, `@` for the domain itself), or absolute with a dot at the end.", func(r *Record) *string { return &r.written }).must(),
		key("type", enum("a record type", recordTypes...), "The record type.", func(r *Record) *string { return &r.Type }).or("A for an alias"),
		key("ttl", ttlKind, "How long the answer may be kept. An alias has none.", func(r *Record) *uint32 { return &r.TTL }).or("5m"),
		key("values", oneOrMany(scalar("a record value", map[string]any{"type": "string", "minLength": 1}, nonEmpty)), "The values. Names are absolute, with or without a dot at the end. Plain text of a TXT record is quoted, and split at 255 bytes.", func(r *Record) *[]string { return &r.Values }),
		key("alias", optional(aliasKind), "The AWS resource that answers, in place of values.", func(r *Record) **Alias { return &r.Alias }),
		key("set", freeText, "Tells the record sets of one name and type with a routing policy apart.", func(r *Record) *string { return &r.SetID }),
		key("weight", optional(integer[int64]("a weight", 0, 255)), "Weighted routing.", func(r *Record) **int64 { return &r.Routing.Weight }),
		key("latency", regionKind, "Latency routing: the Region of the resource.", func(r *Record) *estate.Region { return &r.Routing.Latency }),
		key("failover", failoverKind, "Failover routing.", func(r *Record) *string { return &r.Routing.Failover }),
		key("geolocation", optional(geoKind), "Geolocation routing.", func(r *Record) **estate.Geo { return &r.Routing.Geo }),
		key("geoproximity", optional(proximityKind), "Geoproximity routing.", func(r *Record) **estate.GeoProximity { return &r.Routing.GeoProximity }),
		key("multivalue", boolKind, "Multivalue answer routing.", func(r *Record) *bool { return &r.Routing.MultiValue }),
		key("cidr", optional(cidrKind), "IP-based routing, in public zones.", func(r *Record) **estate.CIDR { return &r.Routing.CIDR }),
		key("healthCheck", freeText, "The ID of the health check that decides whether the record is answered.", func(r *Record) *string { return &r.HealthCheck }),
	}, nil)

var aliasKind = object("alias", "an alias", "One target, by the name that AWS gives it.",
	[]field[Alias]{
		key("apiGateway", nameKind, "The target of a custom domain of API Gateway: `d-….execute-api.REGION.amazonaws.com`, or the distribution of an edge-optimized one.", target(estate.TargetAPIGateway)),
		key("cloudFront", nameKind, "A CloudFront distribution: `d….cloudfront.net`.", target(estate.TargetCloudFront)),
		key("loadBalancer", nameKind, "A load balancer, by its DNS name.", target(estate.TargetLoadBalancer)),
		key("s3Website", nameKind, "The website endpoint of the bucket's Region: `s3-website-REGION.amazonaws.com`. The bucket has the record's name.", target(estate.TargetS3Website)),
		key("region", regionKind, "The Region of the target; needed only where its name does not show it.", func(a *Alias) *estate.Region { return &a.Region }),
		key("evaluateTargetHealth", boolKind, "Answer only while the target is healthy.", func(a *Alias) *bool { return &a.EvaluateTargetHealth }).or("false"),
	}, (*reader).finishAliasKeys)

// target stores a target with its kind.
func target(kind string) func(*Alias) *dnsname.Name {
	return func(a *Alias) *dnsname.Name {
		a.Kind = kind
		return &a.Target
	}
}

var failoverKind = func() kind[string] {
	k := enum("primary or secondary", "primary", "secondary")
	return kind[string]{k.desc, func(r *reader, n *node) (string, bool) {
		v, ok := k.read(r, n)
		return map[string]string{"primary": "PRIMARY", "secondary": "SECONDARY"}[v], ok
	}}
}()

var geoKind = object("geolocation", "a geolocation", "",
	[]field[estate.Geo]{
		key("continent", enum("a continent", "AF", "AN", "AS", "EU", "NA", "OC", "SA"), "A continent's code.", func(g *estate.Geo) *string { return &g.Continent }),
		key("country", freeText, "A country's code (ISO 3166-1 alpha-2), or `*` for everybody else.", func(g *estate.Geo) *string { return &g.Country }),
		key("subdivision", freeText, "A subdivision of the country, such as a state of the USA.", func(g *estate.Geo) *string { return &g.Subdivision }),
	}, nil)

var cidrKind = object("cidr", "an IP-based location", "",
	[]field[estate.CIDR]{
		key("collection", freeText, "The ID of the CIDR collection.", func(c *estate.CIDR) *string { return &c.Collection }).must(),
		key("location", freeText, "The name of a location in it, or `*` for everybody else.", func(c *estate.CIDR) *string { return &c.Location }).must(),
	}, nil)

var proximityKind = object("geoproximity", "a geoproximity", "One of a Region, a Local Zone, or coordinates.",
	[]field[estate.GeoProximity]{
		key("region", regionKind, "A Region.", func(g *estate.GeoProximity) *estate.Region { return &g.Region }),
		key("localZone", freeText, "A Local Zone group.", func(g *estate.GeoProximity) *string { return &g.LocalZone }),
		key("latitude", freeText, "Degrees north, in quotes.", func(g *estate.GeoProximity) *string { return &g.Latitude }),
		key("longitude", freeText, "Degrees east, in quotes.", func(g *estate.GeoProximity) *string { return &g.Longitude }),
		key("bias", integer[int32]("a bias", -99, 99), "Widens or narrows the area.", func(g *estate.GeoProximity) *int32 { return &g.Bias }).or("0"),
	}, nil)

var expectKind = object("test", "a DNS test", "What a name must resolve to. At least one of `resolvesTo`, `values`, `rcode` and `not` is given; all that are given must hold.",
	[]field[Expectation]{
		key("from", vantageKind, "`internet`, or a selection of VPCs: the test holds in each of them.", func(e *Expectation) *Vantage { return &e.From }).must(),
		key("name", nameKind, "The name that is asked for.", func(e *Expectation) *dnsname.Name { return &e.Name }).must(),
		key("type", enum("a record type", recordTypes...), "The record type that is asked for.", func(e *Expectation) *string { return &e.Type }).or("A"),
		key("resolvesTo", nameKind, "A name by which the answer must come: the target of a CNAME or an alias. Or the name of an endpoint share: the answer is the addresses of its endpoints.", func(e *Expectation) *dnsname.Name { return &e.ResolvesTo }),
		key("values", oneOrMany(freeText), "The values of the answer, in any order.", func(e *Expectation) *[]string { return &e.Values }),
		key("rcode", enum("an outcome", RCodes...), "The outcome.", func(e *Expectation) *string { return &e.RCode }),
		key("not", oneOrMany(enum("an outcome", RCodes...)), "Outcomes that must not be.", func(e *Expectation) *[]string { return &e.Not }),
	}, (*reader).finishExpectation)

var vantageKind = func() kind[Vantage] {
	internet := enum("internet", "internet")
	d := &desc{word: "internet, or a selection of VPCs", either: []*desc{internet.desc, selectorKind.desc}}
	return kind[Vantage]{d, func(r *reader, n *node) (Vantage, bool) {
		if n.shape == text {
			_, ok := internet.read(r, n)
			return Vantage{true, Selector{Source: Source{Pos: n.pos}}}, ok
		}
		if n.shape != mapping && n.shape != broken {
			r.wrongType(n, d.word)
			return Vantage{}, false
		}
		s, ok := selectorKind.read(r, n)
		return Vantage{false, s}, ok
	}}
}()

var selectorKind = object("selector", "a selection", "`account`, `accounts` and `organizationalUnits` together say whose VPCs; without them, those of all known accounts. `regions`, `tags` and `vpcs` narrow the selection: a VPC must satisfy each that is given.",
	[]field[Selector]{
		key("account", optional(accountRefKind), "One account.", func(s *Selector) **AccountRef { return &s.account }),
		key("accounts", oneOrMany(accountRefKind), "Several accounts.", func(s *Selector) *[]AccountRef { return &s.Accounts }),
		key("organizationalUnits", oneOrMany(freeText), "The accounts in these units and below, by name, by ID, or by path from the root (`Workloads/Prod`).", func(s *Selector) *[]string { return &s.Units }),
		key("region", optional(regionKind), "One Region.", func(s *Selector) **estate.Region { return &s.region }),
		key("regions", oneOrMany(regionKind), "Several Regions.", func(s *Selector) *[]estate.Region { return &s.Regions }),
		key("tags", tagsKind, "Tags that a VPC has, each with this value.", func(s *Selector) *map[string]string { return &s.Tags }),
		key("vpc", optional(vpcIDKind), "One VPC.", func(s *Selector) **string { return &s.vpc }),
		key("vpcs", narrowedKind, "Several VPCs, by ID; or a mapping of `tags` and `regions` that narrow the selection.", func(s *Selector) *narrowed { return &s.narrowed }),
	}, (*reader).finishSelector)

var tagsKind = func() kind[map[string]string] {
	type tag struct{ key, value string }
	k := named(kind[tag]{tagValueKind.desc, func(r *reader, n *node) (tag, bool) {
		v, ok := tagValueKind.read(r, n)
		return tag{value: v}, ok
	}}, func(_ *reader, t *tag, name string, _ diag.Pos) { t.key = name })
	return kind[map[string]string]{k.desc, func(r *reader, n *node) (map[string]string, bool) {
		list, ok := k.read(r, n)
		out := map[string]string{}
		for _, t := range list {
			out[t.key] = t.value
		}
		return out, ok
	}}
}()

var limitsKind = object("limits", "the limits", "",
	[]field[Limits]{
		key("deletes", allowanceKind, "How much of what it manages a run may delete: a number, or a percentage of at least 10 things.", func(l *Limits) *Allowance { return &l.Deletes }).or("25%"),
		key("answers", optional(integer[int]("a number of answers", 0, 1<<31-1)), "For how many pairs of name and type a run may change the answer of anybody who had one; new names do not count.", func(l *Limits) **int { return &l.Answers }).or("any number"),
	}, nil)

// quotasKind has a key for each quota that may have been raised.
var quotasKind = func() kind[Quotas] {
	var fields []field[Quotas]
	for _, q := range estate.RaisedQuotas {
		k := integer[int]("a quota", 1, 1_000_000)
		fields = append(fields, field[Quotas]{fieldDesc{key: q.Name, doc: q.Meaning, def: itoa(q.Usual), value: k.desc}, func(r *reader, n *node, into *Quotas) {
			if into.Values == nil {
				into.Values = map[string]int{}
			}
			if v, ok := k.read(r, n); ok {
				into.Values[q.Name] = v
			}
		}})
	}
	return object("quotas", "the quotas", "What AWS raised quotas to when it was asked. orgdns cannot read these; a plan that would exceed one is an error.", fields, nil)
}()

var policiesKind = object("policies", "the policies", "",
	[]field[Policies]{
		key("changes", enum("a kind of changes", ChangesAll, ChangesNoDeletes, ChangesCreateOnly), "`all` changes; `noDeletes` creates and changes; `createOnly` creates. What is left out is listed.", func(p *Policies) *string { return &p.Changes }).or("all"),
	}, nil)
