package plan

import (
	"fmt"
	"slices"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Permission is one thing that orgdns must be allowed to do in an account: what
// a recipe says of it, as plain data. Package awsapi makes the statements of
// IAM and session policies of it.
type Permission struct {
	Account estate.AccountID `json:"account"`
	May     May              `json:"may"`
	Region  estate.Region    `json:"region,omitempty"` // of VPCs and certificates
	// Zone is a hosted zone's ID; empty is any zone of the account, for zones
	// that do not stand yet.
	Zone string `json:"zone,omitempty"`
	// Role is the name of a role to read, or the ARN of one to assume.
	Role string `json:"role,omitempty"`

	// Named is the pattern of the names of what is marked by an owner's name:
	// LikeNames.
	Named string `json:"named,omitempty"`

	// Key is the KMS key that MayUseKeys is about, by ID, ARN or alias; empty is any.
	Key string `json:"key,omitempty"`

	// VPCs limit what is done with VPCs; none does not limit.
	VPCs []estate.VPCRef `json:"vpcs,omitempty"`

	// Endpoints limit MayRetireEndpoints, by ID; none does not limit.
	Endpoints []string `json:"endpoints,omitempty"`

	// What follows limits MayChangeRecords; an empty list does not limit.
	ZoneName  dnsname.Name   `json:"zoneName,omitzero"`
	Statement Statement      `json:"statement,omitempty"`
	Names     []dnsname.Name `json:"names,omitempty"`
	Like      []string       `json:"like,omitempty"` // patterns of normalized names: LikeUnder, LikeLedger
	Types     []string       `json:"types,omitempty"`
	Verbs     []Verb         `json:"verbs,omitempty"`
}

// May is what a permission permits.
type May string

// What may be done. Creating, deleting and changing include following the
// change until it is in effect, but with VPCs, where nothing waits for it.
const (
	MayReadOrganization     May = "readOrganization"     // its ID and management account
	MayReadAccounts         May = "readAccounts"         // accounts and units
	MayReadZones            May = "readZones"            // the list of zones
	MayReadZone             May = "readZone"             // Zone: name servers, VPCs, records, tags
	MayReadVPCs             May = "readVPCs"             // Region
	MayReadCertificates     May = "readCertificates"     // Region
	MayReadRole             May = "readRole"             // Role: the role and its policies
	MayReadResolver         May = "readResolver"         // Region: Resolver endpoints, rules and their associations
	MayReadFirewall         May = "readFirewall"         // Region: DNS Firewall rule groups with their rules, query logging configurations
	MayReadProfiles         May = "readProfiles"         // Region: Profiles, what they carry, their associations
	MayReadShares           May = "readShares"           // Region: resource shares of the account, and invitations to it
	MayReadFunctions        May = "readFunctions"        // Region: Lambda functions, without their code
	MayReadLattice          May = "readLattice"          // Region: VPC Lattice services
	MayReadTrails           May = "readTrails"           // Region: the trails that record the account, and whether they are on
	MayProbe                May = "probe"                // Region, Named: run a Lambda function
	MayLimitEgress          May = "limitEgress"          // Region: what security groups let out
	MayReadPrincipals       May = "readPrincipals"       // every role, user, group and managed policy
	MayReadControlPolicies  May = "readControlPolicies"  // service and resource control policies
	MayReadResourcePolicies May = "readResourcePolicies" // Region: of buckets and KMS keys
	MayRetireEndpoints      May = "retireEndpoints"      // Region; Endpoints: write a deadline on VPC endpoints that others made, take their private DNS off, delete them
	MayReadEvents           May = "readEvents"           // Region, Named: event buses and their rules
	MayReadQueues           May = "readQueues"           // Region, Named: queues, not their messages
	MayReadParameters       May = "readParameters"       // Region, Named: parameters of Systems Manager
	MayTakeMessages         May = "takeMessages"         // Region, Named: receive and let go
	MaySendMessages         May = "sendMessages"         // Region, Named
	MayShareNetwork         May = "shareNetwork"         // Region: what RAM asks for to share rules, Profiles and Transit Gateways
	MayUseKeys              May = "useKeys"              // Region, Key: use a KMS key for the queues that it encrypts, and for nothing else
	MayReadLimits           May = "readLimits"           // quotas of the account and, with Zone, of that zone alone
	MayCreateZone           May = "createZone"           // any; CreateHostedZone cannot be limited by name
	MayDeleteZone           May = "deleteZone"           // Zone
	MayTagZone              May = "tagZone"              // Zone
	MayChangeRecords        May = "changeRecords"        // Zone, as limited
	MayCreatePrivateZone    May = "createPrivateZone"    // with VPCs
	MayReadAssociations     May = "readAssociations"     // Zone: who may be associated
	MayReadVPCZones         May = "readVPCZones"         // what zones a VPC uses, whoever owns them; subnets
	MayAuthorizeVPCs        May = "authorizeVPCs"        // Zone, VPCs: let them be associated, list who may, take it back
	MayAssociateVPCs        May = "associateVPCs"        // VPCs, of this account, with zones of any; list what zones a VPC uses
	MayDisassociateVPCs     May = "disassociateVPCs"     // Zone, VPCs
	MayChangeVPCs           May = "changeVPCs"           // Region: their DNS attributes
	MayReadEndpoints        May = "readEndpoints"        // Region: endpoints, endpoint services, what is offered
	MayReadNetwork          May = "readNetwork"          // Region: security groups, routes, network ACLs, peering, Transit Gateways
	MayReadLoadBalancers    May = "readLoadBalancers"    // Region
	MayMakeRole             May = "makeRole"             // Role: make, change, delete it, with our policy
	MayPassEventRole        May = "passEventRole"        // Role: give it to EventBridge, for a rule's target
	MayMakeCertificates     May = "makeCertificates"     // Region: request, tag, delete
	MayAssume               May = "assume"               // Role: held by whoever runs orgdns
)

// MayMake permits making, changing and deleting objects of a kind, and reading
// those that stand, in a Region.
func MayMake(k Kind) May { return May("make " + string(k)) }

// LikeUnder is the pattern of every name below n, the wildcard record
// included.
func LikeUnder(n dnsname.Name) string { return "*." + n.Normalized() }

// LikeLedger is the pattern of an owner's ledger sets in a zone.
func LikeLedger(zone dnsname.Name, owner string) string {
	return ledgerLabel(owner) + "*." + zone.Normalized()
}

// StatementSize is how many characters of names a statement takes, so that it
// fits a managed policy of 6,144 characters with all that stands around them
// (IAM User Guide, reference_iam-quotas.html).
const StatementSize = 5500

// NameSize is what a name takes of it.
func NameSize(n dnsname.Name) int { return len(n.Normalized()) + len(`"",`) }

// Share is a statement and the names that it permits.
type Share struct {
	Statement Statement
	Names     []dnsname.Name
}

// Spread shares names out over as many statements as they need: st itself,
// then st-2, st-3, …. Since ForAllValues is judged per statement over a whole
// batch, the records of two shares never stand in one batch; giving each
// record the statement of its share cuts the batches so.
func (st Statement) Spread(names []dnsname.Name) []Share {
	names = slices.Clone(names)
	slices.SortFunc(names, dnsname.Name.Compare)
	var out []Share
	room := 0
	for _, n := range slices.Compact(names) {
		size := NameSize(n)
		if size > room {
			next := Share{Statement: st}
			if len(out) > 0 {
				next.Statement = Statement(fmt.Sprintf("%s-%d", st, len(out)+1))
			}
			out, room = append(out, next), StatementSize
		}
		last := &out[len(out)-1]
		last.Names = append(last.Names, n)
		room -= size
	}
	return out
}
