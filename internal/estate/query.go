package estate

// QueryKind is what a query asks for.
type QueryKind string

// The kinds of queries. The comment names what Account, Region and ID mean
// where they matter, and the AWS calls behind it.
const (
	QueryIdentity            QueryKind = "identity"            // GetCallerIdentity: of whoever runs orgdns, or with Account through its role
	QueryOrganization        QueryKind = "organization"        // DescribeOrganization
	QueryAccounts            QueryKind = "accounts"            // ListAccounts and the tree of units, through organization.access
	QueryZones               QueryKind = "zones"               // Account: ListHostedZones
	QueryZone                QueryKind = "zone"                // Account; ID zone: GetHostedZone (name servers, VPCs)
	QueryRecords             QueryKind = "records"             // Account; ID zone: ListResourceRecordSets
	QueryZoneTags            QueryKind = "zoneTags"            // Account; ID zone: ListTagsForResource
	QueryVPCs                QueryKind = "vpcs"                // Account, Region: DescribeVpcs, DescribeVpcAttribute
	QueryAuthorizations      QueryKind = "authorizations"      // Account; ID zone: ListVPCAssociationAuthorizations
	QueryVPCZones            QueryKind = "vpcZones"            // Account, Region; ID VPC: ListHostedZonesByVPC
	QuerySubnets             QueryKind = "subnets"             // Account, Region: DescribeSubnets, with those that others share
	QueryEndpoints           QueryKind = "endpoints"           // Account, Region: DescribeVpcEndpoints, DescribeNetworkInterfaces
	QueryEndpointServices    QueryKind = "endpointServices"    // Account, Region: its own, with permissions and connections
	QueryOffers              QueryKind = "offers"              // Account, Region; ID Region of the services, where it is another one: DescribeVpcEndpointServices
	QueryLoadBalancers       QueryKind = "loadBalancers"       // Account, Region: network load balancers with their listeners
	QuerySecurityGroups      QueryKind = "securityGroups"      // Account, Region: DescribeSecurityGroups
	QueryRouteTables         QueryKind = "routeTables"         // Account, Region: DescribeRouteTables
	QueryNetworkACLs         QueryKind = "networkACLs"         // Account, Region: DescribeNetworkAcls
	QueryPeerings            QueryKind = "peerings"            // Account, Region: DescribeVpcPeeringConnections
	QueryTransitGateways     QueryKind = "transitGateways"     // Account, Region: those it owns and those that others share
	QueryTransitAttachments  QueryKind = "transitAttachments"  // Account, Region: of its VPCs, and to its gateways
	QueryTransitTables       QueryKind = "transitTables"       // Account, Region: of its gateways, with routes and propagations
	QueryResolverEndpoints   QueryKind = "resolverEndpoints"   // Account, Region: ListResolverEndpoints with their addresses
	QueryResolverRules       QueryKind = "resolverRules"       // Account, Region: ListResolverRules, its own and those that others share
	QueryRuleAssociations    QueryKind = "ruleAssociations"    // Account, Region: ListResolverRuleAssociations
	QueryFirewallGroup       QueryKind = "firewallGroup"       // Account, Region; ID group: GetFirewallRuleGroup, its rules and their domain lists
	QueryQueryLog            QueryKind = "queryLog"            // Account, Region; ID configuration: GetResolverQueryLogConfig
	QueryProfiles            QueryKind = "profiles"            // Account, Region: ListProfiles, its own and those that others share, with their resources
	QueryProfileAssociations QueryKind = "profileAssociations" // Account, Region: ListProfileAssociations, of its VPCs
	QueryShares              QueryKind = "shares"              // Account, Region: resource shares that it owns, with their members
	QueryInvitations         QueryKind = "invitations"         // Account, Region: GetResourceShareInvitations that wait
	QueryFunctions           QueryKind = "functions"           // Account, Region: ListFunctions
	QueryCertificates        QueryKind = "certificates"        // Account, Region: ListCertificates, DescribeCertificate, tags
	QueryLatticeServices     QueryKind = "latticeServices"     // Account, Region: ListServices, those that it owns and those that others share
	QueryLatticeService      QueryKind = "latticeService"      // Account, Region; ID an ARN, or the ID of one of its own: GetService
	QueryTrails              QueryKind = "trails"              // Account, Region: DescribeTrails, GetTrailStatus: what records the account there
	QueryEvents              QueryKind = "events"              // Account, Region; ID how names begin: event buses, and rules of these and the default bus, with their targets
	QueryQueues              QueryKind = "queues"              // Account, Region; ID how names begin: ListQueues, GetQueueAttributes, ListQueueTags
	QueryParameters          QueryKind = "parameters"          // Account, Region; ID how names begin: DescribeParameters, GetParameter
	QueryTargets             QueryKind = "targets"             // every alias target that there is; only the twin can answer
	QueryRole                QueryKind = "role"                // Account; ID name: GetRole and its policies
	QueryPrincipals          QueryKind = "principals"          // Account: every role and user with its policies, and every customer managed policy
	QueryControlPolicies     QueryKind = "controlPolicies"     // service and resource control policies: ListPolicies, DescribePolicy, ListTargetsForPolicy
	QueryResourcePolicies    QueryKind = "resourcePolicies"    // Account, Region; ID one of the Policies… services: of every bucket (GetBucketPolicy) or customer key (GetKeyPolicy)
	QueryLimits              QueryKind = "limits"              // Account: GetAccountLimit; with ID zone: GetHostedZoneLimit
	QueryPublic              QueryKind = "public"              // ID name/type: public DNS, by the probe
)

// Query is one question about the organization. Queries are comparable: what
// was asked once is not asked again in a run.
type Query struct {
	Kind    QueryKind `json:"kind"`
	Account AccountID `json:"account,omitempty"`
	Region  Region    `json:"region,omitempty"`
	ID      string    `json:"id,omitempty"`
}

func (q Query) String() string {
	s := string(q.Kind)
	for _, part := range []string{string(q.Account), string(q.Region), q.ID} {
		if part != "" {
			s += " " + part
		}
	}
	return s
}

// Answer says what came of a query. What was not answered is not absent.
type Answer struct {
	Query Query `json:"query"`
	// Code is the AWS error code when the question was refused, empty when it
	// was answered.
	Code    string `json:"code,omitempty"`
	Message string `json:"message,omitempty"`
}

// Why is why the question was refused, always in the same words, so that one reason
// for many things can be told as one; empty when it was not, or never asked.
func (a Answer) Why() string {
	if a.Code == "" || a.Message == "" {
		return a.Code + a.Message
	}
	return a.Code + ": " + a.Message
}

func (a Answer) Key() string {
	q := a.Query
	return string(q.Kind) + "\x00" + string(q.Account) + "\x00" + string(q.Region) + "\x00" + q.ID
}

// Answered reports whether the question was asked and answered, so that what
// the estate does not hold is truly absent.
func (e Estate) Answered(q Query) bool {
	a, ok := e.Asked(q)
	return ok && a.Code == ""
}

// Asked finds the answer to a query, whatever it was.
func (e Estate) Asked(q Query) (Answer, bool) { return e.Answers.Get(Answer{Query: q}.Key()) }

// AskedAny reports whether any question of a kind was asked.
func (e Estate) AskedAny(k QueryKind) bool {
	_, asked := First(e.Answers.Prefix(string(k) + "\x00"))
	return asked
}

// Closed reports whether the estate holds all that there is: its alias targets
// are all known, or nothing was ever asked, so that it was not read from
// anywhere and is a world of its own. In any other estate what is not held may
// still be there.
func (e Estate) Closed() bool {
	return e.Answers.Len() == 0 || e.Answered(Query{Kind: QueryTargets})
}
