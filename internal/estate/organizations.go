package estate

import "slices"

// Organization is what DescribeOrganization says; any member account may ask.
type Organization struct {
	ID         string    `json:"id,omitempty"` // o-…
	ARN        string    `json:"arn,omitempty"`
	Management AccountID `json:"management,omitempty"`
	Root       string    `json:"root,omitempty"` // r-…
	// TrustedServices are the service principals with trusted access,
	// "ram.amazonaws.com".
	TrustedServices []string `json:"trustedServices,omitempty"`
	// PolicyTypes enabled on the root: SERVICE_CONTROL_POLICY, ….
	PolicyTypes []string `json:"policyTypes,omitempty"`
	// Delegated are the accounts that administer a service, by its principal.
	Delegated map[string][]AccountID `json:"delegated,omitempty"`
}

// Caller is the identity that runs orgdns, as GetCallerIdentity tells it.
type Caller struct {
	Account AccountID `json:"account,omitempty"`
	ARN     string    `json:"arn,omitempty"`
}

// Account statuses (Organizations API, Account).
const (
	AccountActive         = "ACTIVE"
	AccountSuspended      = "SUSPENDED"
	AccountPendingClosure = "PENDING_CLOSURE"
)

// Account is an AWS account, in the organization or, with no Parent, outside.
type Account struct {
	ID     AccountID `json:"id"`
	Name   string    `json:"name,omitempty"`
	Email  string    `json:"email,omitempty"`
	Status string    `json:"status,omitempty"`
	Parent string    `json:"parent,omitempty"` // the unit or root it lies in
	Tags   Tags      `json:"tags,omitzero"`
}

func (a Account) Key() string         { return string(a.ID) }
func (a Account) IndexKeys() []string { return []string{ByParent(a.Parent)} }

// Unit is an organizational unit.
type Unit struct {
	ID     string `json:"id"` // ou-…
	Name   string `json:"name"`
	Parent string `json:"parent"` // the unit or root it lies in
	Tags   Tags   `json:"tags,omitzero"`
}

func (u Unit) Key() string         { return u.ID }
func (u Unit) IndexKeys() []string { return []string{ByParent(u.Parent)} }

// OrganizationPolicy is a service or resource control policy.
type OrganizationPolicy struct {
	ID          string   `json:"id"`
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	Type        string   `json:"type"` // SERVICE_CONTROL_POLICY, RESOURCE_CONTROL_POLICY
	AWSManaged  bool     `json:"awsManaged,omitempty"`
	Document    string   `json:"document"`
	Targets     []string `json:"targets,omitempty"` // root, units, accounts
	Tags        Tags     `json:"tags,omitzero"`
}

func (p OrganizationPolicy) Key() string { return p.ID }

// IndexKeys are the targets.
func (p OrganizationPolicy) IndexKeys() []string {
	var keys []string
	for _, t := range p.Targets {
		keys = append(keys, ByAttachment(t))
	}
	return keys
}

// ByAttachment is the index key of the policies attached to a root, unit or account.
func ByAttachment(id string) string { return "target/" + id }

// ByParent is the index key of what lies directly in a root or unit.
func ByParent(id string) string { return "parent/" + id }

// maxDepth bounds a path, so that a snapshot whose units contain each other
// does no harm; AWS allows five levels of units.
const maxDepth = 16

// Path is the way from the organization's root to an account or unit: the root,
// its units from the top, itself. It is nil outside the organization.
func (e Estate) Path(id string) []string {
	var path []string
	for at := id; len(path) < maxDepth; {
		path = append(path, at)
		if at == e.Organization.Root && at != "" {
			slices.Reverse(path)
			return path
		}
		if a, ok := e.Accounts.Get(at); ok {
			at = a.Parent
		} else if u, ok := e.Units.Get(at); ok {
			at = u.Parent
		} else {
			return nil
		}
	}
	return nil
}
