// Package plan turns what is wanted and what stands into a graph of changes.
// A plan is data: it saves, loads, compares and prints; carrying it out is the
// business of packages apply and awsapi.
//
// A kind of resource is one file here: what it is, how it is marked as ours,
// when two are the same, and how long it must stand after its last referrer
// went. Its other half, the API calls, is one file in package awsapi.
package plan

import (
	"time"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Kind names a kind of resource.
type Kind string

// The kinds. A test of package awsapi requires a binding for each.
const (
	KindZone          Kind = "zone"
	KindZoneTags      Kind = "zoneTags"
	KindRecord        Kind = "record"
	KindCertificate   Kind = "certificate"
	KindAuthorization Kind = "authorization"
	KindAssociation   Kind = "association"
	KindVPCAttributes Kind = "vpcAttributes"
	KindRole          Kind = "role"
)

// Kinds lists every kind.
var Kinds = []Kind{KindZone, KindZoneTags, KindRecord, KindCertificate, KindAuthorization, KindAssociation, KindVPCAttributes, KindRole,
	KindSecurityGroup, KindEndpoint, KindEndpointService, KindVerification, KindConnection, KindPrivateDNS,
	KindProfile, KindProfileResource, KindProfileAssociation, KindShare, KindInvitation,
	KindResolverEndpoint, KindResolverRule, KindRuleAssociation,
	KindTransitAttachment, KindTransitAcceptance, KindRoutes,
	KindProbeRole, KindProbe,
	KindEventBus, KindEventRule, KindEventRole, KindQueue, KindParameter,
}

// Item is the content of a resource, wanted or standing; exactly one field is
// set, and says the kind.
type Item struct {
	Zone          *Zone          `json:"zone,omitempty"`
	ZoneTags      *ZoneTags      `json:"zoneTags,omitempty"`
	Record        *Record        `json:"record,omitempty"`
	Certificate   *Certificate   `json:"certificate,omitempty"`
	Authorization *Association   `json:"authorization,omitempty"`
	Association   *Association   `json:"association,omitempty"`
	VPCAttributes *VPCAttributes `json:"vpcAttributes,omitempty"`
	Role          *Role          `json:"role,omitempty"`
	Object        *Object        `json:"object,omitempty"`
}

// Kind is the kind of the item.
func (i Item) Kind() Kind {
	switch {
	case i.Zone != nil:
		return KindZone
	case i.ZoneTags != nil:
		return KindZoneTags
	case i.Record != nil:
		return KindRecord
	case i.Certificate != nil:
		return KindCertificate
	case i.Authorization != nil:
		return KindAuthorization
	case i.Association != nil:
		return KindAssociation
	case i.VPCAttributes != nil:
		return KindVPCAttributes
	case i.Role != nil:
		return KindRole
	case i.Object != nil:
		return i.Object.Kind
	}
	return ""
}

// Wanted is a resource that a recipe wants to stand.
type Wanted struct {
	Address string // unique and stable: "delegations/api.example.com/zone"
	Account estate.AccountID
	Region  estate.Region // none for Route 53
	Item    Item
	After   []Dependency // beyond the references in Item
	// SettleAfter are addresses after which it can settle at all, such as the
	// validation records of a certificate; Settle asks the run to wait for it.
	Settle      bool
	SettleAfter []string
	Reason      string // why, for people
	// Frozen: what stands is left as it is, and is no orphan either.
	Frozen bool
	// Outside: what stands comes into effect when somebody outside does something,
	// so that no run awaits it.
	Outside bool
	// Service is the ARN of the VPC Lattice service whose name it is; empty of all
	// else.
	Service string
	Pos     diag.Pos
}

// Dependency is a change that must be done first; with Settled, also in effect
// everywhere: a Route 53 change INSYNC, a certificate ISSUED.
type Dependency struct {
	Address string `json:"address"`
	Settled bool   `json:"settled,omitempty"`
}

// Action is what a change does.
type Action string

// The actions. Update of a record is DELETE and CREATE in one batch.
const (
	Create Action = "create"
	Update Action = "update"
	Delete Action = "delete"
	// Claim enters a standing thing into the ledger, or marks it, and leaves
	// it as it is: adoption of something that is already as wanted.
	Claim Action = "claim"
	// Await waits until something that was made before is in effect.
	Await Action = "await"
	// Forget withdraws a ledger entry that nothing stands behind.
	Forget Action = "forget"
)

// Change is one step of a plan.
type Change struct {
	Address string           `json:"address"`
	Action  Action           `json:"action"`
	Account estate.AccountID `json:"account"`
	Region  estate.Region    `json:"region,omitempty"`
	ID      string           `json:"id,omitempty"` // of what stands: zone ID, certificate ARN
	Before  *Item            `json:"before,omitempty"`
	After   *Item            `json:"after,omitempty"`
	Needs   []Dependency     `json:"needs,omitempty"`
	// NotBefore is a deadline read from AWS; Delays count from the moment at
	// which another change of this run was done.
	NotBefore time.Time `json:"notBefore,omitzero"`
	Delays    []Delay   `json:"delays,omitempty"`

	Settle      bool     `json:"settle,omitempty"`
	SettleAfter []string `json:"settleAfter,omitempty"`
	Reason      string   `json:"reason,omitempty"`
	// Foreign: orgdns did not make what is deleted; the configuration says that
	// it goes all the same (see Retired).
	Foreign bool `json:"foreign,omitempty"`
	// Unproven says what the rehearsal could not prove, since it was not read.
	Unproven []string `json:"unproven,omitempty"`
	Basis    []Basis  `json:"basis,omitempty"`
	Pos      diag.Pos `json:"pos,omitzero"`
}

// Bookkeeping reports whether a change serves only another one and undoes
// nothing that anybody uses: an entry of a ledger, an authorization.
func (c Change) Bookkeeping() bool {
	item := c.Item()
	return item.Authorization != nil || item.Record != nil && item.Record.Entry != "" && c.Reason != Nothing
}

// Nothing is the reason of withdrawing a claim behind which nothing stands.
const Nothing = "nothing stands behind the claim"

// Item is the content that says the kind: what will be, else what was.
func (c Change) Item() Item {
	if c.After != nil {
		return *c.After
	}
	return *c.Before
}

// Delay is a wait counted from another change.
type Delay struct {
	After string        `json:"after"`
	Wait  time.Duration `json:"wait"` // nanoseconds
}

// Basis is an object that the change relies on, and what it was when the plan
// was made. The plan is refused when it has become something else.
type Basis struct {
	Query estate.Query `json:"query"`
	Table string       `json:"table"` // zones, records, certificates, associations, roles
	Key   string       `json:"key"`
	Hash  string       `json:"hash"` // empty: it was absent
}

// Waiting is something that this run cannot finish: it waits for a deadline,
// a registrar, a person.
type Waiting struct {
	Address string    `json:"address"`
	For     string    `json:"for"`
	Until   time.Time `json:"until,omitzero"`
}

// Forgetting is what an endpoint that goes waits for, once it has lost its names.
const Forgetting = "every cache to forget the endpoint's addresses"

// Version of the saved form; a plan of another version is refused.
const Version = 1

// Plan is what a run would do.
type Plan struct {
	Version int       `json:"version"`
	Owner   string    `json:"owner"`
	Made    time.Time `json:"made"`
	// Configuration are the files and folders that a saved plan was made from,
	// where they were then.
	Configuration []string `json:"configuration,omitempty"`
	// Known are attributes of things that stand already and that changes
	// refer to.
	Known   map[string]Attributes `json:"known,omitempty"`
	Changes []Change              `json:"changes"`
	Ledgers []Ledger              `json:"ledgers,omitempty"`
	Waiting []Waiting             `json:"waiting,omitempty"`
	// Managed is how many things the configuration owns now, for the share
	// that limits speak of.
	Managed     int       `json:"managed"`
	Diagnostics diag.List `json:"diagnostics,omitempty"`
	// Refused is why VPC Lattice services do not get their custom domain names, by
	// ARN; all of it stands among the Diagnostics, too. One that gets it in one zone
	// and not in another is among them.
	Refused map[string]diag.Diagnostic `json:"-"`
	Answers []Answer                   `json:"answers,omitempty"`
	// Duplicates are the consumers' own endpoints for what is shared with them.
	Duplicates []Duplicates `json:"duplicates,omitempty"`
	// Takes is how long the quotas make it take, as the rehearsal found,
	// waits for deadlines not counted.
	Takes time.Duration `json:"takes,omitempty"`
	Calls []Calls       `json:"calls,omitempty"`
}

// Answer is a DNS answer that the plan changes, as the rehearsal found.
type Answer struct {
	Name   dnsname.Name `json:"name"`
	Type   string       `json:"type"`
	From   []string     `json:"from"` // vantages that see it: "internet", VPC IDs
	Before string       `json:"before"`
	After  string       `json:"after"`
	// New: nobody had an answer before; it does not count for limits.
	New bool `json:"new,omitempty"`
}

// Calls counts API calls of the rehearsal.
type Calls struct {
	Account   estate.AccountID `json:"account"`
	Service   string           `json:"service"`
	Operation string           `json:"operation"`
	Count     int              `json:"count"`
}

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Changes) == 0 }

// Change finds a change by address and action.
func (p *Plan) Change(address string) (Change, bool) {
	for _, c := range p.Changes {
		if c.Address == address {
			return c, true
		}
	}
	return Change{}, false
}

// Shown is a change with every reference that is known already put in: as
// people should read it. What stays a reference is known after apply.
func (p *Plan) Shown(c Change) Change {
	known := func(v Value) []Value {
		if ref, ok := v.Ref(); ok {
			if got := p.Known[ref.Address][ref.Attribute]; len(got) > 0 {
				return Lits(got)
			}
		}
		return []Value{v}
	}
	for _, item := range []**Item{&c.Before, &c.After} {
		if *item == nil {
			continue
		}
		if o := (*item).Object; o != nil {
			shown := Object{Kind: o.Kind, Fields: map[string][]Value{}}
			for f, values := range o.Fields {
				shown.Fields[f] = []Value{}
				for _, v := range values {
					shown.Fields[f] = append(shown.Fields[f], known(v)...)
				}
			}
			*item = &Item{Object: &shown}
		}
		if (*item).Record == nil {
			continue
		}
		r := *(*item).Record
		r.Name = known(r.Name)[0]
		r.Values = nil
		for _, v := range (*item).Record.Values {
			r.Values = append(r.Values, known(v)...)
		}
		*item = &Item{Record: &r}
	}
	return c
}
