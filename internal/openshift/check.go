package openshift

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Input is what an install-config is held against.
type Input struct {
	Install InstallConfig
	Estate  estate.Estate // what is known so far
	// Account is where the cluster will be: that of the installer's identity.
	Account estate.AccountID
	// Installer is the role's trial by the identity that installs, Operator that
	// by the ingress operator's own role, which is there only after an
	// installation with credentialsMode Manual. Neither sends an external ID.
	Installer, Operator Access
}

// Access is what came of trying a role: assuming it, then calling every one of
// [Actions] with it. The zero Access was not tried.
type Access struct {
	Principal string // ARN of who tried
	Assumed   Trial
	Detail    string           // what AWS said of a refusal
	Actions   map[string]Trial // by IAM action; absent: not tried
}

// Trial is what came of one attempt. STS answers alike to most refusals, so the
// caller tells them apart by reading the role; Refused is what is left.
type Trial string

// The outcomes of a trial.
const (
	Untried    Trial = ""
	Granted    Trial = "granted"
	NoRole     Trial = "no such role"
	Distrusted Trial = "not trusted"   // the trust policy does not name who tried
	ExternalID Trial = "external ID"   // the trust policy asks for one
	Forbidden  Trial = "not permitted" // who tried has no permission of its own; of an action: the role has none
	Refused    Trial = "refused"       // for a reason that cannot be told
	Unreadable Trial = "unreadable"    // it could not be tried
)

// Actions are what the installer and the ingress operator do with the role, by
// IAM action. All but GetChange are on the zone.
var Actions = []string{
	"route53:ChangeResourceRecordSets",
	"route53:ChangeTagsForResource",
	"route53:GetChange",
	"route53:GetHostedZone",
	"route53:ListResourceRecordSets",
}

// State of a check.
type State string

// The states.
const (
	OK      State = "ok"
	Problem State = "problem"
	Unknown State = "unknown" // it could not be told, for what was not read
)

// Finding is one check and what came of it.
type Finding struct {
	Name   string   `json:"name"`
	State  State    `json:"state"`
	Detail string   `json:"detail"`
	Hint   string   `json:"hint,omitempty"`
	Pos    diag.Pos `json:"pos,omitzero"`
}

// Report says whether the DNS of an installation will work.
type Report struct {
	Cluster dnsname.Name `json:"cluster"`
	Checks  []Finding    `json:"checks"`
	State   State        `json:"state"`   // the worst of the checks
	Verdict string       `json:"verdict"` // in a sentence
}

// needs collects queries that were not asked yet.
type needs struct {
	e    estate.Estate
	list []estate.Query
}

func (n *needs) ask(q estate.Query) {
	if _, asked := n.e.Asked(q); !asked && !slices.Contains(n.list, q) {
		n.list = append(n.list, q)
	}
}

// zone asks for a zone by its ID: by the list of zones, and where that is
// refused, as with a role for the one zone, for the zone alone.
func (n *needs) zone(account estate.AccountID, id string) {
	list := estate.Query{Kind: estate.QueryZones, Account: account}
	n.ask(list)
	if _, asked := n.e.Asked(list); asked && !n.e.Answered(list) {
		n.ask(estate.Query{Kind: estate.QueryZone, Account: account, ID: id})
	}
}

// zoneAnswer is the query that says whether a zone stands: either of the two
// that was answered, else the last one that was refused.
func zoneAnswer(e estate.Estate, account estate.AccountID, id string) estate.Query {
	list := estate.Query{Kind: estate.QueryZones, Account: account}
	alone := estate.Query{Kind: estate.QueryZone, Account: account, ID: id}
	if _, asked := e.Asked(alone); asked && !e.Answered(list) {
		return alone
	}
	return list
}

// Needs lists the queries that were not asked yet and whose answers Check needs
// next. It is called again until it lists nothing.
func Needs(in Input) []estate.Query {
	n := needs{e: in.Estate}
	c := check{Input: in}
	if len(in.Install.Subnets) > 0 {
		n.ask(estate.Query{Kind: estate.QuerySubnets, Account: in.Account, Region: in.Install.Region})
		for _, account := range c.vpcAccounts() {
			n.ask(estate.Query{Kind: estate.QueryVPCs, Account: account, Region: in.Install.Region})
		}
	}
	if !in.Install.Internal {
		n.ask(estate.Query{Kind: estate.QueryZones, Account: in.Account})
		for _, z := range c.publicZones() {
			n.ask(estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID})
		}
	}
	if id := in.Install.HostedZone.Value; id != "" {
		account := c.zoneAccount()
		n.zone(account, id)
		if z, ok := in.Estate.Zones.Get(id); ok && z.Account == account {
			n.ask(estate.Query{Kind: estate.QueryZone, Account: account, ID: id})
			n.ask(estate.Query{Kind: estate.QueryRecords, Account: account, ID: id})
		}
	}
	if role := in.Install.Role; !role.IsZero() {
		n.ask(estate.Query{Kind: estate.QueryRole, Account: role.Account, ID: role.Name})
	}
	return n.list
}

// Check holds an install-config against what is known. What was in error when
// the install-config was read is judged as far as it was understood.
func Check(in Input) Report {
	c := check{Input: in}
	c.credentials()
	if in.Install.Unmanaged {
		c.add("installer", OK, in.Install.Pos, "userProvisionedDNS is Enabled: the installer makes no records, the user does", "")
	}
	c.subnets()
	c.attributes()
	c.privateZone()
	c.role()
	c.public()
	r := Report{Cluster: in.Install.Domain, Checks: c.found, State: OK}
	problems, unknown := 0, 0
	for _, f := range c.found {
		switch f.State {
		case Problem:
			problems++
		case Unknown:
			unknown++
		}
	}
	switch {
	case problems == 1:
		r.State, r.Verdict = Problem, "DNS will not work: 1 problem"
	case problems > 1:
		r.State, r.Verdict = Problem, fmt.Sprintf("DNS will not work: %d problems", problems)
	case unknown > 0:
		r.State, r.Verdict = Unknown, fmt.Sprintf("it cannot be told whether DNS will work: %d of %d checks are open", unknown, len(c.found))
	default:
		r.Verdict = "DNS will work"
	}
	return r
}

// check makes a report.
type check struct {
	Input
	found []Finding
	told  []string // why something could not be read
}

func (c *check) add(name string, s State, pos diag.Pos, detail, hint string) {
	c.found = append(c.found, Finding{name, s, detail, hint, pos})
}

// unread adds a check that an answer is missing for.
func (c *check) unread(name string, q estate.Query, hint string) {
	detail := q.String() + " was not read"
	if a, ok := c.Estate.Asked(q); ok {
		why, _, _ := strings.Cut(a.Message, "; ") // what follows are guesses and hints
		if detail = fmt.Sprintf("%s could not be read: %s: %s", q, a.Code, why); slices.Contains(c.told, why) && len(why) > 80 {
			detail = q.String() + " could not be read, for the same reason"
		}
		c.told = append(c.told, why)
	}
	c.add(name, Unknown, diag.Pos{}, detail, hint)
}

// zoneAccount is where the private zone is looked for.
func (c *check) zoneAccount() estate.AccountID {
	if r := c.Install.Role; !r.IsZero() {
		return r.Account
	}
	return c.Account
}

// String is the report on one screen, 80 columns wide.
func (r Report) String() string {
	var b strings.Builder
	b.WriteString(wrap("", fmt.Sprintf("%s: %s.", r.Cluster, r.Verdict)) + "\n")
	for _, f := range r.Checks {
		mark := map[State]string{OK: "ok", Problem: "PROBLEM", Unknown: "?"}[f.State]
		b.WriteString(wrap(fmt.Sprintf("%-7s  %-15s  ", mark, f.Name), f.Detail))
		if f.Hint != "" {
			b.WriteString(wrap(strings.Repeat(" ", 24)+"-> ", f.Hint))
		}
	}
	return b.String()
}

// wrap writes text after a head, further lines indented as far.
func wrap(head, text string) string {
	const width = 80
	indent := strings.Repeat(" ", len(head))
	line, out := head, ""
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
			line += word
		case len(line)+1+len(word) > width:
			out += strings.TrimRight(line, " ") + "\n"
			line = indent + word
		default:
			line += " " + word
		}
	}
	return out + strings.TrimRight(line, " ") + "\n"
}
