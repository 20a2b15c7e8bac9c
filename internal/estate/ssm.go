package estate

import (
	"strings"
	"time"
)

// Parameter is a parameter of AWS Systems Manager in its latest version
// (Systems Manager API, API_Parameter, API_ParameterMetadata). No secret: those
// of type SecureString are not held here.
type Parameter struct {
	ARN         string            `json:"arn"`
	Account     AccountID         `json:"account"`
	Region      Region            `json:"region"`
	Name        string            `json:"name"` // with its hierarchy, "/a/b"
	Type        string            `json:"type"` // String or StringList
	Tier        string            `json:"tier"` // Standard or Advanced; the latter can be shared
	Value       string            `json:"value"`
	Version     int64             `json:"version"`
	Description string            `json:"description,omitempty"`
	Pattern     string            `json:"pattern,omitempty"` // AllowedPattern
	Modified    time.Time         `json:"modified,omitzero"`
	ModifiedBy  string            `json:"modifiedBy,omitempty"` // ARN
	Policies    map[string]string `json:"policies,omitempty"`   // resource policies, by ID
	Tags        Tags              `json:"tags,omitzero"`
}

func (p Parameter) Key() string { return p.ARN }
func (p Parameter) IndexKeys() []string {
	return []string{ByAccount(p.Account), ByRegion(p.Account, p.Region)}
}

// ParameterARN is the ARN of a parameter, in which a leading slash of the name is
// the one before it.
func ParameterARN(account AccountID, region Region, name string) string {
	return strings.Join([]string{"arn:aws:ssm", string(region), string(account), "parameter/" + strings.TrimPrefix(name, "/")}, ":")
}
