package resolve

// Rule is the number of a rule of the resolution model, "R1.9".
type Rule string

// Provenance says what a rule rests on.
type Provenance string

// Provenances.
const (
	Documented Provenance = "documented" // AWS documentation or an RFC that AWS names
	Derived    Provenance = "derived"    // follows from documented rules
	Modelled   Provenance = "modelled"   // our reading: no page states it
)

type ruleInfo struct {
	provenance Provenance
	text       string
}

// Provenance says what the rule rests on.
func (r Rule) Provenance() Provenance { return rules[r].provenance }

// Text is the rule in one sentence.
func (r Rule) Text() string { return rules[r].text }

// The rules that a trace can name. Sources: Route 53 Developer Guide (DG)
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/, pages
// resolver-overview-DSN-queries-to-vpc, hosted-zone-private-considerations,
// resolver-overview-forward-vpc-to-network-*, resolver-dns-firewall-*,
// SOA-NSrecords, DNSBehavior, dns-routing-traffic-for-subdomains,
// resource-record-sets-choosing-alias-non-alias, DomainNameFormat; the VPC
// guide's AmazonDNS-concepts.
var rules = map[Rule]ruleInfo{
	"R1.2":  {Modelled, "A VPC without DNS support gets no response from the Amazon server."},
	"R1.4":  {Derived, "Private zones and autodefined names need both DNS attributes of the VPC; without them custom rules and recursion remain."},
	"R1.6":  {Documented, "DNS Firewall inspects the query first; the first matching rule ends it."},
	"R1.7":  {Documented, "What no other rule takes, the Internet Resolver rule resolves recursively."},
	"R1.8":  {Documented, "A private zone counts as a rule for its name in the VPCs that it is associated with."},
	"R1.9":  {Documented, "The candidate with the most specific matching name answers."},
	"R1.10": {Documented, "A custom rule beats a private zone of the same name."},
	"R1.11": {Documented, "A custom rule beats an autodefined rule of the same name."},
	"R1.12": {Documented, "A FORWARD rule for \".\" replaces recursion only."},
	"R1.13": {Documented, "A SYSTEM rule switches a shallower FORWARD rule off."},
	"R1.14": {Modelled, "Of a SYSTEM rule and a private zone of one name, the zone answers."},
	"R1.17": {Documented, "AWS defines the names of EC2 instances in the VPC."},
	"R1.18": {Documented, "AWS defines reverse lookups of private addresses and of the VPC's own."},
	"R1.19": {Documented, "AWS defines localhost and its reverse names."},
	"R1.21": {Documented, "The autodefined reverse rules can be disabled for a VPC."},
	"R1.22": {Modelled, "An unknown name under an autodefined zone does not exist."},
	"R1.23": {Documented, "A private zone that matches answers alone, and never falls through to public DNS."},
	"R1.24": {Documented, "Of overlapping private zones only the deepest is searched."},
	"R1.25": {Modelled, "NODATA when the name exists or has names below it, else NXDOMAIN."},
	"R1.26": {Documented, "A negative answer lives for the lesser of the SOA's minimum and its TTL."},
	"R1.27": {Documented, "With a private and a public zone of one name, associated VPCs see the private one only."},
	"R1.30": {Documented, "A VPC that is not associated with a private zone resolves its name on the internet."},
	"R2.6":  {Modelled, "Of a VPC's own settings and its Profile's for one name, the VPC's own apply; for rules this is documented, across kinds it is our reading."},
	"R2.8":  {Documented, "A Profile puts its resources into effect in every VPC that it is associated with."},
	"R2.9":  {Documented, "A Profile that is not shared any more leaves VPCs with their own settings."},
	"R2.12": {Modelled, "An endpoint in a Profile answers its private name in the Profile's VPCs."},
	"R3.1":  {Modelled, "The names that AWS generates for an endpoint are public; they answer with all its addresses, or those of one zone."},
	"R3.3":  {Documented, "Private DNS puts a zone of AWS's own with the service's name into the endpoint's VPC."},
	"R3.4":  {Modelled, "That zone has the private name alone, and everything below it where the name is a wildcard."},
	"R3.6":  {Derived, "An endpoint's private name stands against rules and zones for shorter names; a rule for the same name wins."},
	"R3.7":  {Documented, "The private name of an endpoint service is a CNAME for the endpoint's regional name."},
	"R3.8":  {Documented, "An endpoint may keep its private names for queries through an inbound endpoint."},
	"R3.10": {Documented, "An alias to an endpoint's generated name answers with the endpoint's addresses."},
	"R4.2":  {Documented, "What enters through an inbound endpoint is resolved as if asked in its VPC."},
	"R4.3":  {Documented, "A FORWARD rule sends the query to its targets, through its outbound endpoint."},
	"R4.4":  {Modelled, "A target that is an inbound endpoint leads into its VPC; the resolver of another VPC is no target."},
	"R4.5":  {Modelled, "A FORWARD rule without a reachable target fails; there is no fallback."},
	"R4.6":  {Documented, "What the target answers is the answer, NXDOMAIN too."},
	"R4.7":  {Modelled, "A query that comes back to where it was asked is a loop, and fails."},
	"R4.9":  {Documented, "A rule that is not shared any more counts as disassociated."},
	"R5.2":  {Documented, "Of several public zones of one name, the one whose servers are listed above is reached."},
	"R5.3":  {Documented, "An NS record in the parent refers to the child zone's servers."},
	"R5.4":  {Modelled, "A delegation hides the parent's records at and below its name; DS is the parent's."},
	"R5.5":  {Documented, "Without an NS record in the parent, the parent answers."},
	"R5.6":  {Modelled, "A listed server without the zone refuses; when all do, resolution fails."},
	"R5.8":  {Documented, "Positive answers carry the zone's NS, NXDOMAIN its SOA."},
	"R5.12": {Documented, "A DELEGATE rule sends through its outbound endpoint to the name servers that a zone refers to."},
	"R5.13": {Documented, "A DELEGATE rule takes name servers at or below its DelegationRecord; of several rules the deepest is taken."},
	"R5.14": {Documented, "A referral may lead outside, to a public zone or to another VPC; a name server without glue is resolved by the VPC's own rules."},
	"R5.17": {Modelled, "An INBOUND_DELEGATION endpoint answers for its VPC's private zones and refuses the rest; no other endpoint is a name server."},
	"R5.15": {Modelled, "NS below a private zone's apex is data, not a cut, unless a DELEGATE rule matches."},
	"R6.1":  {Documented, "An alias to an AWS resource answers with its addresses."},
	"R6.2":  {Documented, "An alias to a record of the same zone answers with that record."},
	"R6.5":  {Documented, "An alias answers for its own type only; a CNAME for every type."},
	"R6.7":  {Documented, "Routing policies choose among healthy record sets."},
	"R6.8":  {Modelled, "An alias whose target is gone answers NODATA."},
	"R6.10": {Modelled, "A CNAME starts a new query for its target, in the same VPC."},
	"R6.11": {Modelled, "CNAMEs in a forwarded reply are not asked again."},
	"R6.12": {Modelled, "A CNAME whose target is negative keeps the CNAME and takes the target's rcode."},
	"R6.13": {Documented, "A wildcard stands for names below it that do not exist."},
	"R6.14": {Modelled, "A wildcard applies at the closest encloser only; empty non-terminals exist."},
	"R7.2":  {Documented, "The name that VPC Lattice generates for a service is public and answers with link-local addresses."},
	"R7.3":  {Documented, "VPC Lattice makes no record for the custom domain of a service."},
	"R7.4":  {Documented, "VPC Lattice manages a zone for the custom domain of a resource in the VPCs that reach it, as far as private DNS is on and their preference takes it."},
	"R7.5":  {Documented, "The names of a service-network endpoint are public and answer with its addresses."},
}
