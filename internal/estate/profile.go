package estate

// Statuses of Profiles, Resolver endpoints and what is associated with either
// (Route 53 Profiles API, ProfileStatus; Route 53 Resolver API,
// ResolverEndpointStatus, ResolverRuleAssociationStatus).
const (
	StatusComplete    = "COMPLETE"    // in effect
	StatusOperational = "OPERATIONAL" // of a Resolver endpoint
	StatusCreating    = "CREATING"
	StatusUpdating    = "UPDATING"
	StatusDeleting    = "DELETING"
	StatusFailed      = "FAILED"
)

// Profile is a Route 53 Profile: DNS settings and resources that VPCs of its
// Region take over (API_route53profiles_Profile). At most one is associated
// with a VPC.
type Profile struct {
	ID      string    `json:"id"` // rp-…
	ARN     string    `json:"arn"`
	Account AccountID `json:"account"` // the owner
	Region  Region    `json:"region"`
	Name    string    `json:"name"`
	Status  string    `json:"status"`
	Tags    Tags      `json:"tags,omitzero"` // read by the owner alone
	// Reverse says what becomes of the autodefined reverse rules in the VPCs:
	// ENABLE, DISABLE, or what each VPC says when empty (R2.2).
	Reverse string `json:"reverse,omitempty"`
}

func (p Profile) Key() string { return p.ID }
func (p Profile) IndexKeys() []string {
	return []string{ByAccount(p.Account), ByRegion(p.Account, p.Region)}
}

// Kinds of resources that a Profile carries (API_route53profiles_ProfileResourceAssociation,
// ResourceType).
const (
	ProfileZone          = "PRIVATE_HOSTED_ZONE"
	ProfileRule          = "RESOLVER_RULE"
	ProfileFirewallGroup = "FIREWALL_RULE_GROUP"
	ProfileEndpoint      = "VPC_ENDPOINT"
	ProfileQueryLog      = "RESOLVER_QUERY_LOG_CONFIG"
)

// ProfileResource is a resource that a Profile carries.
type ProfileResource struct {
	ID       string `json:"id"` // rpr-…
	Profile  string `json:"profile"`
	ARN      string `json:"arn"`  // of the resource
	Type     string `json:"type"` // one of the Profile… kinds
	Name     string `json:"name"`
	Status   string `json:"status"`
	Priority int32  `json:"priority,omitempty"` // of a firewall rule group
}

func (r ProfileResource) Key() string { return r.ID }
func (r ProfileResource) IndexKeys() []string {
	return []string{ByProfile(r.Profile), ByProfileType(r.Profile, r.Type), ByMember(r.ARN)}
}

// ByProfile is the index key of what belongs to a Profile.
func ByProfile(id string) string { return "profile/" + id }

// ByProfileType is the index key of a Profile's resources of one kind.
func ByProfileType(id, kind string) string { return "profile/" + id + "/" + kind }

// ProfileAssociation puts a Profile into effect in a VPC.
type ProfileAssociation struct {
	ID      string    `json:"id"` // rpassoc-…
	Profile string    `json:"profile"`
	VPC     string    `json:"vpc"`
	Account AccountID `json:"account"` // the VPC's owner
	Region  Region    `json:"region"`
	Name    string    `json:"name"`
	Status  string    `json:"status"`
	Tags    Tags      `json:"tags,omitzero"`
}

func (a ProfileAssociation) Key() string { return a.ID }
func (a ProfileAssociation) IndexKeys() []string {
	return []string{ByRegion(a.Account, a.Region), ByVPC(a.VPC), ByProfile(a.Profile)}
}
