package resolve

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Outcome is what came of a query: an rcode, or one of the ends that have no
// rcode.
type Outcome string

// Outcomes. NoError without records is NODATA (RFC 2308 section 2.2).
const (
	NoError  Outcome = "NOERROR"
	NXDomain Outcome = "NXDOMAIN"
	ServFail Outcome = "SERVFAIL"
	Refused  Outcome = "REFUSED"
	// NoResponse is silence: the client times out.
	NoResponse Outcome = "NO_RESPONSE"
	// External is a query that was forwarded to an address that is not in the
	// estate; Answer.Targets has it.
	External Outcome = "EXTERNAL"
	// Outside is a name whose public answer the estate cannot tell.
	Outside Outcome = "OUTSIDE"
	// Unread is an answer that lies in something that was not read.
	Unread Outcome = "UNREAD"
)

// Answer is what a resolver or name server answers, and why.
type Answer struct {
	Name    dnsname.Name `json:"name"`
	Type    string       `json:"type"`
	Outcome Outcome      `json:"outcome"`
	Records []RR         `json:"records,omitempty"`
	// Authority holds the SOA of a negative answer, the NS of a referral or,
	// from a name server, the NS of the zone (R5.8). Additional holds glue.
	Authority  []RR `json:"authority,omitempty"`
	Additional []RR `json:"additional,omitempty"`
	// Authoritative is the AA bit of a name server's answer.
	Authoritative bool `json:"authoritative,omitempty"`
	// TTL is how long the answer may be kept, in seconds: the least of its
	// records, for a negative answer RFC 2308's.
	TTL uint32 `json:"ttl"`
	// Choices are the record sets of routing policies that were chosen from.
	Choices []Choice `json:"choices,omitempty"`
	// Targets are where an External query went.
	Targets []netip.AddrPort `json:"targets,omitempty"`
	Rule    Rule             `json:"rule"` // the one that decided
	Trace   []Step           `json:"trace,omitempty"`

	depends dependence
}

// dependence says which attributes of the asking VPC itself an answer rests
// on, besides what is associated with it.
type dependence uint8

const (
	onRegion dependence = 1 << iota
	onVPC
)

// RR is one record of an answer.
type RR struct {
	Name dnsname.Name `json:"name"`
	Type string       `json:"type"`
	TTL  uint32       `json:"ttl"` // seconds
	// Value is the record's data as Route 53 writes it; a host name alone is
	// lower case with the trailing dot.
	Value string `json:"value,omitempty"`
	// Alias is the AWS resource that answers, when the estate does not hold
	// its addresses; then there is no Value.
	Alias dnsname.Name `json:"alias,omitzero"`
}

// Choice is one record set of a routing policy.
type Choice struct {
	Name    dnsname.Name   `json:"name"`
	Type    string         `json:"type"`
	SetID   string         `json:"setID"`
	Routing estate.Routing `json:"routing"`
	Healthy bool           `json:"healthy"`
	Chosen  bool           `json:"chosen"`
	Records []RR           `json:"records,omitempty"`
}

// Step is one step of how an answer came about.
type Step struct {
	Rule Rule         `json:"rule"`
	Name dnsname.Name `json:"name"`           // the name sought at this point
	Hop  int          `json:"hop,omitempty"`  // CNAMEs followed so far
	VPC  string       `json:"vpc,omitempty"`  // in whose view; none on the internet
	Zone string       `json:"zone,omitempty"` // hosted zone ID
	// Endpoint is the Resolver endpoint that the query goes through here.
	Endpoint string `json:"endpoint,omitempty"`
	Text     string `json:"text"`
}

// NoData reports whether the name exists but has no record of the type.
func (a Answer) NoData() bool { return a.Outcome == NoError && !a.Positive() }

// Positive reports whether the query got what it asked for: a record of the
// type asked, not only CNAMEs on the way.
func (a Answer) Positive() bool {
	return a.Outcome == NoError && slices.ContainsFunc(a.Records, func(r RR) bool { return r.Type == a.Type })
}

// Values are the values of the records of the type asked, sorted; a record
// that stands for an AWS resource gives the resource's name.
func (a Answer) Values() []string {
	var out []string
	for _, r := range a.Records {
		if r.Type == a.Type {
			out = append(out, r.text())
		}
	}
	slices.Sort(out)
	return out
}

func (r RR) text() string {
	if r.Value == "" && !r.Alias.IsZero() {
		return "alias " + r.Alias.String()
	}
	return r.Value
}

// Same reports whether two answers say the same: outcome, records and what
// routing policies choose from. TTLs, order and the way to the answer do not
// matter; neither does the difference between two negative answers.
func (a Answer) Same(b Answer) bool {
	if a.negative() && b.negative() {
		return true
	}
	return a.Outcome == b.Outcome && slices.Equal(a.said(), b.said()) &&
		slices.Equal(sortedTargets(a.Targets), sortedTargets(b.Targets))
}

// negative reports whether the answer is that there is nothing.
func (a Answer) negative() bool {
	return a.Outcome == NXDomain || a.NoData()
}

func (a Answer) said() []string {
	var out []string
	for _, r := range a.Records {
		out = append(out, r.Name.String()+" "+r.Type+" "+r.text())
	}
	for _, c := range a.Choices {
		for _, r := range c.Records {
			out = append(out, c.SetID+" "+routing(c.Routing)+" "+r.Name.String()+" "+r.Type+" "+r.text())
		}
	}
	slices.Sort(out)
	return out
}

// routing writes a routing policy in one line, to compare and to show.
func routing(r estate.Routing) string {
	switch {
	case r.Weight != nil:
		return fmt.Sprintf("weight %d", *r.Weight)
	case r.Latency != "":
		return "latency " + string(r.Latency)
	case r.Failover != "":
		return "failover " + r.Failover
	case r.MultiValue:
		return "multivalue"
	case r.Geo != nil:
		return fmt.Sprintf("geolocation %+v", *r.Geo)
	case r.GeoProximity != nil:
		return fmt.Sprintf("geoproximity %+v", *r.GeoProximity)
	case r.CIDR != nil:
		return fmt.Sprintf("CIDR %+v", *r.CIDR)
	}
	return "simple"
}

func sortedTargets(t []netip.AddrPort) []netip.AddrPort {
	t = slices.Clone(t)
	slices.SortFunc(t, netip.AddrPort.Compare)
	return t
}

// String is a short form for people: the values, or the outcome.
func (a Answer) String() string {
	switch {
	case a.Positive():
		return strings.Join(a.Values(), ", ")
	case a.Outcome == NoError:
		return "NODATA"
	case a.Outcome == External && len(a.Targets) > 0:
		return "forwarded to " + a.Targets[0].Addr().String()
	}
	return string(a.Outcome)
}
