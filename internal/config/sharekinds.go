package config

import (
	"encoding/json"
	"regexp"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// How endpoint shares are written: the kinds of their parts.

// Patterns of identifiers (EC2 User Guide, resource-ids.html; Route 53 API), and
// of service names (EC2 API, DescribeVpcEndpointServices).
var (
	labelPattern    = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$`) // ours
	servicePattern  = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$`)
	ownServiceName  = regexp.MustCompile(`^(?:cn\.)?com\.amazonaws\.vpce\.([a-z0-9-]+)\.(vpce-svc-[0-9a-f]+)$`)
	awsServiceName  = regexp.MustCompile(`^(?:cn\.)?com\.amazonaws\.([a-z]{2,4}(?:-[a-z]+)+-[0-9])\.(.+)$`)
	endpointID      = regexp.MustCompile(`^vpce-[0-9a-f]{8,17}$`)
	subnetID        = regexp.MustCompile(`^subnet-[0-9a-f]{8,17}$`)
	gatewayID       = regexp.MustCompile(`^tgw-[0-9a-f]{8,17}$`)
	profileID       = regexp.MustCompile(`^rp-[0-9a-z]{1,64}$`)
	ruleID          = regexp.MustCompile(`^rslvr-(autodefined-)?rr-[0-9a-z-]{1,64}$`)
	firewallGroupID = regexp.MustCompile(`^rslvr-frg-[0-9a-z]{1,64}$`)
	queryLogID      = regexp.MustCompile(`^rqlc-[0-9a-z]{1,64}$`)
	inboundID       = regexp.MustCompile(`^rslvr-in-[0-9a-z]{1,64}$`)
	outboundID      = regexp.MustCompile(`^rslvr-out-[0-9a-z]{1,64}$`)
	balancerARN     = regexp.MustCompile(`^arn:aws(-cn|-us-gov)?:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:loadbalancer/net/[A-Za-z0-9-]{1,32}/[0-9a-f]+$`)
)

var (
	shareNameKind     = lower("a name for addresses", labelPattern, "write up to 40 lower-case letters, digits and -")
	serviceNameKind   = lower("the name of a service", servicePattern, `write it as in "ec2", "ecr.dkr" or "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"`)
	subnetIDKind      = pattern[string]("a subnet ID", subnetID, `write it as in "subnet-0123456789abcdef0"`)
	ruleIDKind        = pattern[string]("the ID of a Resolver rule", ruleID, `write it as in "rslvr-rr-0123456789abcdef0"`)
	queryLogIDKind    = pattern[string]("the ID of a query log configuration", queryLogID, `write it as in "rqlc-0123456789abcdef0"`)
	portKind          = integer[int32]("a port", 1, 65535)
	ipTypeKind        = enum("an IP address type", estate.DNSIPv4, estate.DNSDualStack, estate.DNSIPv6)
	dnsIPTypeKind     = enum("a type of DNS records", estate.DNSIPv4, estate.DNSDualStack, estate.DNSIPv6, estate.DNSServiceDefined)
	endpointsKind     = oneOrMany(pick("endpoint", "an endpoint", endpointID, `write it as in "vpce-0123456789abcdef0"`))
	inboundsKind      = oneOrMany(pick("inbound endpoint", "an inbound endpoint", inboundID, `write it as in "rslvr-in-0123456789abcdef0"`))
	outboundsKind     = oneOrMany(pick("outbound endpoint", "an outbound endpoint", outboundID, `write it as in "rslvr-out-0123456789abcdef0"`))
	firewallGroupKind = object("firewall group", "a firewall group", "A DNS Firewall rule group that the Profile carries.",
		[]field[SharedFirewallGroup]{
			key("id", pattern[string]("the ID of a rule group", firewallGroupID, `write it as in "rslvr-frg-0123456789abcdef0"`), "Its ID.", func(g *SharedFirewallGroup) *string { return &g.ID }).must(),
			key("priority", integer[int32]("a priority", 100, 9900), "Its place among the groups, the lowest first.", func(g *SharedFirewallGroup) *int32 { return &g.Priority }).must(),
		}, nil)
)

// lower is pattern for names that are written in lower case.
func lower(word string, re *regexp.Regexp, hint string) kind[string] {
	return scalar(word, map[string]any{"type": "string", "pattern": jsonPattern(re)}, func(s string) (string, *fault) {
		if re.MatchString(s) {
			return s, nil
		}
		f := &fault{CodeBadValue, quote(s) + " is not " + word, "", hint}
		if l := strings.ToLower(s); l != s && re.MatchString(l) {
			f.detail, f.hint = "it is written in lower case", "did you mean "+quote(l)+"?"
		}
		return "", f
	})
}

// pick reads {id} or {tags}; the ID alone for short.
func pick(name, word string, re *regexp.Regexp, hint string) kind[Pick] {
	id := pattern[string]("the ID of "+word, re, hint)
	return short(object(name, word, "One that stands, by ID or by tags.",
		[]field[Pick]{
			key("id", id, "Its ID.", func(p *Pick) *string { return &p.ID }),
			key("tags", tagsKind, "Its tags, in every Region.", func(p *Pick) *map[string]string { return &p.Tags }),
		}, func(r *reader, p *Pick) { r.one(p.Source, word, "id", "tags") }),
		id, func(id string, pos diag.Pos) Pick { return Pick{Source: Source{Pos: pos}, ID: id} })
}

// one reports a thing that is not chosen, or chosen twice.
func (r *reader) one(s Source, word string, keys ...string) {
	var used []string
	for _, k := range keys {
		if s.node.value(k) != nil {
			used = append(used, k)
		}
	}
	switch {
	case len(used) == 0:
		r.problem(s.Pos, CodeMissingKey, word+" is not chosen", "", "write one of "+strings.Join(keys, ", "))
	case len(used) > 1:
		r.problem(s.At(used[1]), CodeKeyConflict, word+" is chosen by one key, not "+strings.Join(used, " and "), "", "keep one")
	}
}

// subnetsKind reads {tags}, or IDs.
var subnetsKind = func() kind[Subnets] {
	type chosen struct {
		Source
		tags map[string]string
	}
	byTags := object("subnets", "a choice of subnets", "The subnets of the VPC that have these tags.",
		[]field[chosen]{
			key("tags", tagsKind, "Tags that a subnet has, each with this value.", func(c *chosen) *map[string]string { return &c.tags }).must(),
		}, nil)
	ids := oneOrMany(subnetIDKind)
	d := &desc{word: "subnets", either: append([]*desc{byTags.desc}, ids.either...)}
	return kind[Subnets]{d, func(r *reader, n *node) (Subnets, bool) {
		if n.shape == mapping {
			c, ok := byTags.read(r, n)
			return Subnets{Tags: c.tags}, ok
		}
		v, ok := ids.read(r, n)
		return Subnets{IDs: v}, ok
	}}
}()

// hubKind reads a hub VPC, as an anchor is chosen.
var hubKind = func() kind[Selector] {
	type hub struct {
		Source
		vpc    string
		region estate.Region
		tags   map[string]string
	}
	k := object("hub", "a hub VPC", "Exactly one VPC of the account in a Region, by ID or by tags.",
		[]field[hub]{
			key("vpc", vpcIDKind, "Its ID.", func(h *hub) *string { return &h.vpc }),
			key("tags", tagsKind, "Its tags.", func(h *hub) *map[string]string { return &h.tags }),
			key("region", regionKind, "Its Region.", func(h *hub) *estate.Region { return &h.region }).or("each Region of the share"),
		}, func(r *reader, h *hub) {
			if h.vpc == "" && len(h.tags) == 0 && h.node.value("vpc") == nil {
				r.problem(h.Pos, CodeMissingKey, "the hub VPC is not chosen", "", "write vpc or tags")
			}
		})
	whole := kind[Selector]{k.desc, func(r *reader, n *node) (Selector, bool) {
		h, ok := k.read(r, n)
		out := Selector{Source: h.Source, Tags: h.tags}
		if h.vpc != "" {
			out.VPCs = []string{h.vpc}
		}
		if h.region != "" {
			out.Regions = []estate.Region{h.region}
		}
		return out, ok
	}}
	return short(whole, vpcIDKind, func(id string, pos diag.Pos) Selector {
		return Selector{Source: Source{Pos: pos}, VPCs: []string{id}}
	})
}()

var policyKind = scalar("an endpoint policy", map[string]any{"type": "string", "minLength": 1}, func(s string) (string, *fault) {
	var statement map[string]any
	if s == PolicyOrganization || s == PolicyOpen || json.Unmarshal([]byte(s), &statement) == nil && statement != nil {
		return s, nil
	}
	hint := nearest(s, []string{PolicyOrganization, PolicyOpen})
	if hint == "" {
		hint = "write organization, open, or the text of a policy in JSON"
	}
	return "", &fault{CodeBadValue, quote(s) + " is not an endpoint policy", "", hint}
})

var sharedServiceKind = short(object("shared service", "a service", "A service whose endpoints are shared.",
	[]field[SharedService]{
		key("name", serviceNameKind, "Short, as in `ec2` for `com.amazonaws.REGION.ec2`, or whole, as in `com.amazonaws.vpce.eu-west-1.vpce-svc-…`.", func(s *SharedService) *string { return &s.Name }).must(),
		key("endpoint", endpointsKind, "An endpoint that stands in the hub VPC; it is used and never changed. By IDs, one a Region.", func(s *SharedService) *[]Pick { return &s.Endpoints }).or("one is made"),
		key("ports", oneOrMany(portKind), "The TCP ports that its security group opens to the consumers.", func(s *SharedService) *[]int32 { return &s.Ports }).or("443"),
		key("policy", policyKind, "Who may use it: `organization`, `open`, or the text of a policy in JSON.", func(s *SharedService) *string { return &s.Policy }).or("organization"),
		key("ipType", ipTypeKind, "The addresses of the endpoint.", func(s *SharedService) *string { return &s.IPType }).or("as EC2 chooses"),
		key("dnsIPType", dnsIPTypeKind, "The records that its names have.", func(s *SharedService) *string { return &s.DNSIPType }).or("as EC2 chooses"),
		key("inboundOnly", boolKind, "Its private names hold only for queries that come through an inbound Resolver endpoint, as S3 offers.", func(s *SharedService) *bool { return &s.InboundOnly }).or("false"),
		key("serviceRegion", regionKind, "The Region of the service, where it is not the endpoint's.", func(s *SharedService) *estate.Region { return &s.ServiceRegion }).or("the endpoint's Region"),
	}, (*reader).finishSharedService), serviceNameKind, func(name string, pos diag.Pos) SharedService {
	return SharedService{Source: Source{Pos: pos}, Name: name, Ports: []int32{443}, Policy: PolicyOrganization}
})

var loadBalancerKind = object("load balancer", "a load balancer", "A network load balancer that stands, by one of its ARN, its name and its tags.",
	[]field[LoadBalancerRef]{
		key("arn", pattern[string]("the ARN of a network load balancer", balancerARN, `write it as in "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/shop/0123456789abcdef"`), "Its ARN.", func(l *LoadBalancerRef) *string { return &l.ARN }),
		key("name", freeText, "Its name, in each Region of the service.", func(l *LoadBalancerRef) *string { return &l.Name }),
		key("tags", tagsKind, "Its tags, in each Region of the service.", func(l *LoadBalancerRef) *map[string]string { return &l.Tags }),
	}, func(r *reader, l *LoadBalancerRef) { r.one(l.Source, "the load balancer", "arn", "name", "tags") })

var ownServiceKind = object("own service", "an endpoint service of one's own", "An endpoint service that is made from a network load balancer, and shared as the others are.",
	[]field[OwnService]{
		key("name", shareNameKind, "Its name in addresses, unique in the share: up to 40 lower-case letters, digits and `-`.", func(s *OwnService) *string { return &s.Name }).must(),
		key("account", accountRefKind, "The account that provides it.", func(s *OwnService) *AccountRef { return &s.Account }).or("the share's account"),
		key("region", regionKind, "Its Region.", func(s *OwnService) *estate.Region { return &s.Region }).or("that of the load balancer's ARN; else one service in each Region of the share"),
		key("loadBalancer", oneOrMany(loadBalancerKind), "The load balancers behind it.", func(s *OwnService) *[]LoadBalancerRef { return &s.LoadBalancers }).must(),
		key("domain", nameKind, "Its private DNS name; a wildcard covers all names below. The record that proves it is put into the public zone, and the proof is awaited.", func(s *OwnService) *dnsname.Name { return &s.Domain }).or("none: only the names that AWS generates"),
		key("acceptance", boolKind, "Each endpoint waits to be accepted. Those of the share are accepted.", func(s *OwnService) *bool { return &s.Acceptance }).or("false"),
		key("ports", oneOrMany(portKind), "The TCP ports that the endpoint's security group opens to the consumers.", func(s *OwnService) *[]int32 { return &s.Ports }).or("those of the load balancer's listeners"),
		key("principals", oneOrMany(accountRefKind), "The accounts that may make endpoints to it.", func(s *OwnService) *[]AccountRef { return &s.Principals }).or("the share's account; with `via: own` those of the consumers"),
		key("supportedRegions", oneOrMany(regionKind), "Regions from which endpoints may reach it, besides its own.", func(s *OwnService) *[]estate.Region { return &s.Regions }).or("the other Regions of the share, with `region`"),
		key("parent", parentKind, "The account, or the zone, that holds the public zone for the record that proves the domain.", func(s *OwnService) *Parent { return &s.Parent }).or("the longest match in its account"),
	}, (*reader).finishOwnService)

// sharedZoneKind takes the ID of a zone for short, too.
var sharedZoneKind = short(object("shared zone", "a zone", "A private hosted zone that the Profile carries.",
	[]field[SharedZone]{
		key("domain", zoneNameKind, "The domain of one of `privateZones`.", func(z *SharedZone) *dnsname.Name { return &z.Domain }),
		key("zone", zoneIDKind, "The ID of any other zone.", func(z *SharedZone) *string { return &z.Zone }),
		key("account", accountRefKind, "The account that owns it.", func(z *SharedZone) *AccountRef { return &z.Account }).or("that of `privateZones`; for an ID the share's"),
	}, func(r *reader, z *SharedZone) { r.one(z.Source, "the zone", "domain", "zone") }),
	scalar("a domain or a hosted zone ID", nameSchema, func(s string) (SharedZone, *fault) {
		if zoneID.MatchString(s) {
			return SharedZone{Zone: s}, nil
		}
		n, f := parseZone(s)
		return SharedZone{Domain: n}, f
	}), func(z SharedZone, pos diag.Pos) SharedZone {
		z.Source = Source{Pos: pos}
		return z
	})

var shareWithKind = func() kind[ShareWith] {
	organization := enum("organization", "organization")
	entries := listOf(kind[AccountRef]{&desc{word: "an account or a unit", schema: map[string]any{"type": "string", "minLength": 1}}, func(r *reader, n *node) (AccountRef, bool) {
		s, ok := freeText.read(r, n)
		return AccountRef{s, n.pos}, ok
	}})
	d := &desc{word: "organization, or a list of accounts and units", either: []*desc{organization.desc, entries.desc}}
	return kind[ShareWith]{d, func(r *reader, n *node) (ShareWith, bool) {
		out := ShareWith{Source: Source{Pos: n.pos}}
		if n.shape == text {
			_, ok := organization.read(r, n)
			out.Organization = ok
			return out, ok
		}
		if n.shape != list && n.shape != broken {
			r.wrongType(n, d.word)
			return out, false
		}
		v, ok := entries.read(r, n)
		out.written = v
		return out, ok
	}}
}()

var profileRefKind = object("profile", "a Profile", "A Profile that stands, by ID or by name.",
	[]field[ProfileRef]{
		key("id", pattern[string]("the ID of a Profile", profileID, `write it as in "rp-0123456789abcdef"`), "Its ID.", func(p *ProfileRef) *string { return &p.ID }),
		key("name", freeText, "Its name, in every Region.", func(p *ProfileRef) *string { return &p.Name }),
	}, func(r *reader, p *ProfileRef) { r.one(p.Source, "the Profile", "id", "name") })

var resolverEndpointsKind = object("resolver endpoints", "Resolver endpoints", "Those that stand are used; what is not given is made.",
	[]field[ResolverEndpoints]{
		key("inbound", inboundsKind, "An inbound endpoint that stands in the hub VPC. By IDs, one a Region.", func(e *ResolverEndpoints) *[]Pick { return &e.Inbound }).or("one is made"),
		key("outbound", outboundsKind, "An outbound endpoint that stands in the account. By IDs, one a Region.", func(e *ResolverEndpoints) *[]Pick { return &e.Outbound }).or("one is made"),
		key("subnets", subnetsKind, "Where those that are made get their addresses: two Availability Zones or more.", func(e *ResolverEndpoints) *Subnets { return &e.Subnets }).or("the share's `subnets`"),
	}, nil)

var transitGatewayKind = func() kind[TransitGateway] {
	const word = "a Transit Gateway"
	return object("transit gateway", word, "A Transit Gateway that stands, by ID or by tags.",
		[]field[TransitGateway]{
			key("id", pattern[string]("the ID of "+word, gatewayID, `write it as in "tgw-0123456789abcdef0"`), "Its ID.", func(t *TransitGateway) *string { return &t.ID }),
			key("tags", tagsKind, "Its tags, in every Region.", func(t *TransitGateway) *map[string]string { return &t.Tags }),
			key("account", accountRefKind, "The account that owns it.", func(t *TransitGateway) *AccountRef { return &t.Account }).or("the share's account"),
		}, func(r *reader, t *TransitGateway) { r.one(t.Source, "the Transit Gateway", "id", "tags") })
}()

var connectKind = short(object("connect", "a connection", "How consumers are connected with the hub VPC, where they are not.",
	[]field[Connect]{
		key("transitGateway", oneOrMany(transitGatewayKind), "By this Transit Gateway: attachments, their acceptance, and routes both ways are made where they are missing. By IDs, one a Region.", func(c *Connect) *[]TransitGateway { return &c.TransitGateways }).must(),
	}, func(_ *reader, c *Connect) { c.TransitGateway = true }),
	enum("none or transitGateway", "none", "transitGateway"), func(s string, pos diag.Pos) Connect {
		return Connect{Source: Source{Pos: pos}, TransitGateway: s == "transitGateway"}
	})

var probeKind = func() kind[*Probe] {
	type lambda struct {
		on      bool
		subnets Subnets
		code    string
	}
	type inVPC struct {
		Source
		subnets Subnets
		code    string
	}
	function := object("probe function", "a Lambda function", "",
		[]field[inVPC]{
			key("subnets", subnetsKind, "The subnets of the consumer VPC in which it runs.", func(v *inVPC) *Subnets { return &v.subnets }).or("one of each Availability Zone"),
			key("code", freeText, "The function's program: the path of an orgdns for Linux, on amd64 or arm64, from where orgdns is run.", func(v *inVPC) *string { return &v.code }).or("the orgdns that runs, if it is one"),
		}, nil)
	lambdaKind := short(kind[lambda]{function.desc, func(r *reader, n *node) (lambda, bool) {
		v, ok := function.read(r, n)
		return lambda{ok, v.subnets, v.code}, ok
	}}, boolKind, func(on bool, _ diag.Pos) lambda { return lambda{on: on} })
	type probe struct {
		Source
		lambda  lambda
		command string
		http    bool
	}
	k := object("probe", "a probe", "How names and connections are tested from inside the consumer VPCs.",
		[]field[probe]{
			key("lambda", lambdaKind, "By a Lambda function that is made in each VPC, with the least privilege.", func(p *probe) *lambda { return &p.lambda }).or("false"),
			key("command", freeText, "By a command of yours, which runs `orgdns probe` inside the VPC in `$ORGDNS_VPC`, with the request on its input and the report on its output.", func(p *probe) *string { return &p.command }),
			key("http", boolKind, "Ask by HTTP, too.", func(p *probe) *bool { return &p.http }).or("false"),
		}, func(r *reader, p *probe) {
			if !p.lambda.on && p.command == "" && p.node.value("lambda") == nil && p.node.value("command") == nil {
				r.problem(p.Pos, CodeMissingKey, "the probe has nothing to run by", "", "write lambda or command")
			}
			if p.lambda.on && p.command != "" {
				r.problem(p.At("command"), CodeKeyConflict, "the probe runs by one thing, not lambda and command", "", "keep one")
			}
		})
	return kind[*Probe]{k.desc, func(r *reader, n *node) (*Probe, bool) {
		p, ok := k.read(r, n)
		return &Probe{p.Source, p.lambda.on, p.lambda.subnets, p.lambda.code, p.command, p.http}, ok
	}}
}()

var endpointShareKind = object("endpoint share", "an endpoint share",
	"One set of VPC interface endpoints in one account that VPCs of all others use, so that the services' names resolve to it everywhere. All of it is made in each Region.",
	[]field[EndpointShare]{
		key("name", shareNameKind, "Its name in addresses, unique: up to 40 lower-case letters, digits and `-`.", func(s *EndpointShare) *string { return &s.Name }).must(),
		key("account", accountRefKind, "The hub account: it owns the endpoints, and the Profile or the Resolver endpoints and rules.", func(s *EndpointShare) *AccountRef { return &s.Account }).must(),
		key("via", enum("a way to share", ViaProfile, ViaResolver, ViaOwn), "`profile`: by a Route 53 Profile; `resolver`: by Resolver endpoints and rules; `own`: nothing is shared, each consumer VPC gets endpoints of its own.", func(s *EndpointShare) *string { return &s.Via }).must(),
		key("regions", oneOrMany(regionKind), "The Regions in which all of it is made.", func(s *EndpointShare) *[]estate.Region { return &s.Regions }).or("the account's Regions"),
		key("vpc", oneOrMany(hubKind), "The hub VPC of each Region. Required, but not with `via: own`.", func(s *EndpointShare) *[]Selector { return &s.Hubs }),
		key("subnets", subnetsKind, "Where the endpoints get their addresses.", func(s *EndpointShare) *Subnets { return &s.Subnets }).or("one subnet of each Availability Zone"),
		key("services", oneOrMany(sharedServiceKind), "The services whose endpoints are shared.", func(s *EndpointShare) *[]SharedService { return &s.Services }),
		key("own", listOf(ownServiceKind), "Endpoint services of one's own, made and shared.", func(s *EndpointShare) *[]OwnService { return &s.Own }),
		key("zones", oneOrMany(sharedZoneKind), "Private hosted zones that the Profile carries: domains of `privateZones`, or IDs.", func(s *EndpointShare) *[]SharedZone { return &s.Zones }),
		key("rules", oneOrMany(ruleIDKind), "Resolver rules that the Profile carries.", func(s *EndpointShare) *[]string { return &s.Rules }),
		key("firewallGroups", listOf(firewallGroupKind), "DNS Firewall rule groups that the Profile carries.", func(s *EndpointShare) *[]SharedFirewallGroup { return &s.FirewallGroups }),
		key("queryLogs", oneOrMany(queryLogIDKind), "Query log configurations that the Profile carries.", func(s *EndpointShare) *[]string { return &s.QueryLogs }),
		key("consumers", oneOrMany(selectorKind), "The VPCs that use the endpoints, found anew at each run.", func(s *EndpointShare) *[]Selector { return &s.Consumers }).must(),
		key("shareWith", shareWithKind, "With whom the Profile or the rules are shared: `organization`, or a list. What is the name or the digits of an account under `accounts`, or twelve digits, is an account; all else is a unit, by name, by ID, or by path.", func(s *EndpointShare) *ShareWith { return &s.ShareWith }).or("as the consumers are selected"),
		key("external", oneOrMany(accountRefKind), "Accounts outside the organization with which it may be shared.", func(s *EndpointShare) *[]AccountRef { return &s.External }).or("none"),
		key("profile", oneOrMany(profileRefKind), "A Profile that stands, to which all is added. By IDs, one a Region.", func(s *EndpointShare) *[]ProfileRef { return &s.Profiles }).or("one is made"),
		key("intoExistingProfile", boolKind, "A VPC that has another Profile keeps it, and all is added to that one, where we may. The plan lists every VPC whose answers change.", func(s *EndpointShare) *bool { return &s.IntoExistingProfile }).or("false: it is a conflict"),
		key("forward", enum("names or suffix", ForwardNames, ForwardSuffix), "With `via: resolver`, a rule for each name, or one for each suffix (`REGION.amazonaws.com`) with SYSTEM rules for what must not be forwarded.", func(s *EndpointShare) *string { return &s.Forward }).or("names"),
		key("resolverEndpoints", resolverEndpointsKind, "Resolver endpoints that stand and are used.", func(s *EndpointShare) *ResolverEndpoints { return &s.ResolverEndpoints }),
		key("connect", connectKind, "`none`: what cannot be reached is reported. `transitGateway`, or a mapping that names it: what is missing is made.", func(s *EndpointShare) *Connect { return &s.Connect }).or("none"),
		key("retireDuplicates", enum("a way to treat duplicates", RetireReport, RetireRemove), "The consumers' own endpoints for the same services: `report` them with their cost and who would notice; `remove` deletes those that nobody would miss, though orgdns did not make them.", func(s *EndpointShare) *string { return &s.RetireDuplicates }).or("they are left alone"),
		key("acceptDuplicates", oneOrMany(enum("a difference", AcceptPolicy, AcceptGroup, AcceptAlone)), "What does not keep an own endpoint, since somebody looked at it: `endpoint-policy`, that its policy permits what the shared one's does not; `security-group`, that its security groups admit whom the shared one's do not; `isolated-subnet`, that nothing leads out of the VPC from some of its subnets.", func(s *EndpointShare) *[]string { return &s.AcceptDuplicates }).or("all of them keep it"),
		key("probe", probeKind, "Verify from inside the consumer VPCs.", func(s *EndpointShare) **Probe { return &s.Probe }).or("nothing runs there"),
	}, (*reader).finishEndpointShare)
