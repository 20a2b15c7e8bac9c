package estate

import (
	"slices"
	"time"
)

// Role is an IAM role.
type Role struct {
	ARN         string            `json:"arn"`
	ID          string            `json:"id"` // AROA…
	Account     AccountID         `json:"account"`
	Path        string            `json:"path"` // "/" or "/…/"
	Name        string            `json:"name"`
	Description string            `json:"description,omitempty"`
	Trust       string            `json:"trust"`              // AssumeRolePolicyDocument
	Inline      map[string]string `json:"inline,omitempty"`   // policy name -> document
	Attached    []string          `json:"attached,omitempty"` // managed policy ARNs
	Boundary    string            `json:"boundary,omitempty"` // managed policy ARN
	MaxSession  int32             `json:"maxSession"`         // seconds
	Created     time.Time         `json:"created,omitzero"`
	Tags        Tags              `json:"tags,omitzero"`
}

func (r Role) Key() string         { return r.ARN }
func (r Role) IndexKeys() []string { return []string{ByAccount(r.Account), ByRole(r.Account, r.Name)} }

// ByRole is the index key of a role: names are unique in an account whatever
// the path.
func ByRole(id AccountID, name string) string { return "role/" + string(id) + "/" + name }

// User is an IAM user; its access keys stand in the twin, never here.
type User struct {
	ARN      string            `json:"arn"`
	ID       string            `json:"id"` // AIDA…
	Account  AccountID         `json:"account"`
	Path     string            `json:"path"`
	Name     string            `json:"name"`
	Inline   map[string]string `json:"inline,omitempty"`
	Attached []string          `json:"attached,omitempty"`
	Boundary string            `json:"boundary,omitempty"`
	Created  time.Time         `json:"created,omitzero"`
	Tags     Tags              `json:"tags,omitzero"`
}

func (u User) Key() string { return u.ARN }
func (u User) IndexKeys() []string {
	return []string{ByAccount(u.Account), ByUser(u.Account, u.Name)}
}

// ByUser is the index key of a user: names are unique in an account whatever
// the path.
func ByUser(id AccountID, name string) string { return "user/" + string(id) + "/" + name }

// Group is an IAM group: its policies are those of every user in it.
type Group struct {
	ARN      string            `json:"arn"`
	ID       string            `json:"id"` // AGPA…
	Account  AccountID         `json:"account"`
	Path     string            `json:"path"`
	Name     string            `json:"name"`
	Inline   map[string]string `json:"inline,omitempty"`
	Attached []string          `json:"attached,omitempty"`
	Created  time.Time         `json:"created,omitzero"`
}

func (g Group) Key() string         { return g.ARN }
func (g Group) IndexKeys() []string { return []string{ByAccount(g.Account)} }

// ManagedPolicy is a customer managed IAM policy with its versions.
type ManagedPolicy struct {
	ARN         string          `json:"arn"`
	ID          string          `json:"id"` // ANPA…
	Account     AccountID       `json:"account"`
	Path        string          `json:"path"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Versions    []PolicyVersion `json:"versions"` // oldest first
	Default     string          `json:"default"`  // version ID
	Created     time.Time       `json:"created,omitzero"`
	Tags        Tags            `json:"tags,omitzero"`
}

func (p ManagedPolicy) Key() string         { return p.ARN }
func (p ManagedPolicy) IndexKeys() []string { return []string{ByAccount(p.Account)} }

// Document is the text of the default version.
func (p ManagedPolicy) Document() string {
	i := slices.IndexFunc(p.Versions, func(v PolicyVersion) bool { return v.ID == p.Default })
	if i < 0 {
		return ""
	}
	return p.Versions[i].Document
}

// PolicyVersion is one version of a managed policy.
type PolicyVersion struct {
	ID       string    `json:"id"` // v1, v2, …
	Document string    `json:"document"`
	Created  time.Time `json:"created,omitzero"`
}

// ResourcePolicy is the policy of a resource of another service: of a bucket or
// a KMS key. A resource without one has no row.
type ResourcePolicy struct {
	ARN      string    `json:"arn"` // of the resource
	Account  AccountID `json:"account"`
	Region   Region    `json:"region"`
	Document string    `json:"document"`
}

func (p ResourcePolicy) Key() string { return p.ARN }
func (p ResourcePolicy) IndexKeys() []string {
	return []string{ByAccount(p.Account), ByRegion(p.Account, p.Region)}
}

// Services whose resource policies are read: the ID of a QueryResourcePolicies.
const (
	PoliciesS3  = "s3"
	PoliciesKMS = "kms"
)
