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
	"R4.3":  {Documented, "A FORWARD rule sends the query to its targets."},
	"R4.5":  {Modelled, "A FORWARD rule without a reachable target fails; there is no fallback."},
	"R5.2":  {Documented, "Of several public zones of one name, the one whose servers are listed above is reached."},
	"R5.3":  {Documented, "An NS record in the parent refers to the child zone's servers."},
	"R5.4":  {Modelled, "A delegation hides the parent's records at and below its name; DS is the parent's."},
	"R5.5":  {Documented, "Without an NS record in the parent, the parent answers."},
	"R5.6":  {Modelled, "A listed server without the zone refuses; when all do, resolution fails."},
	"R5.8":  {Documented, "Positive answers carry the zone's NS, NXDOMAIN its SOA."},
	"R5.15": {Modelled, "NS below a private zone's apex is data, not a cut, unless a DELEGATE rule matches."},
	"R6.1":  {Documented, "An alias to an AWS resource answers with its addresses."},
	"R6.2":  {Documented, "An alias to a record of the same zone answers with that record."},
	"R6.5":  {Documented, "An alias answers for its own type only; a CNAME for every type."},
	"R6.7":  {Documented, "Routing policies choose among healthy record sets."},
	"R6.8":  {Modelled, "An alias whose target is gone answers NODATA."},
	"R6.10": {Modelled, "A CNAME starts a new query for its target, in the same VPC."},
	"R6.12": {Modelled, "A CNAME whose target is negative keeps the CNAME and takes the target's rcode."},
	"R6.13": {Documented, "A wildcard stands for names below it that do not exist."},
	"R6.14": {Modelled, "A wildcard applies at the closest encloser only; empty non-terminals exist."},
}
