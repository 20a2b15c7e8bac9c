package estate

import "github.com/orgdns/orgdns/internal/dnsname"

// PublicAnswer is what public DNS says of a name, read by a probe; for parents
// outside the organization or outside Route 53.
type PublicAnswer struct {
	Name   dnsname.Name `json:"name"`
	Type   string       `json:"type"`
	RCode  string       `json:"rcode"` // NOERROR, NXDOMAIN, SERVFAIL, …
	Values []string     `json:"values,omitempty"`
	TTL    uint32       `json:"ttl,omitempty"`
}

func (a PublicAnswer) Key() string { return a.Name.Key() + "\x01" + a.Type }

// Quota is a service quota and how much of it is used (GetAccountLimit,
// GetHostedZoneLimit), or what the configuration tells of a RaisedQuota.
type Quota struct {
	Account AccountID `json:"account"`
	Code    string    `json:"code"` // MAX_HOSTED_ZONES_BY_OWNER, MAX_RRSETS_BY_ZONE, …
	ID      string    `json:"id,omitempty"`
	Value   int64     `json:"value"`
	Used    int64     `json:"used"`
}

func (q Quota) Key() string { return string(q.Account) + "/" + q.Code + "/" + q.ID }
