package openshift

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
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

func (c *check) credentials() {
	i := c.Install
	if i.Role.IsZero() {
		c.add("credentials", OK, i.Credentials.Pos, "no role is assumed, any credentialsMode will do", "")
		return
	}
	if mode := i.Credentials.Value; mode == Passthrough || mode == Manual {
		c.add("credentials", OK, i.Credentials.Pos, "credentialsMode is "+mode, "")
		return
	}
	c.add("credentials", Problem, i.Credentials.Pos, "credentialsMode is "+orNone(i.Credentials.Value)+", and a role is given", "write Passthrough or Manual")
}

// vpcs are the VPCs of the subnets, and the subnets that are not there.
func (c *check) vpcs() (ids []string, gone []Text) {
	for _, id := range c.Install.Subnets {
		s, ok := c.Estate.Subnets.Get(id.Value)
		if !ok || s.Region != c.Install.Region {
			gone = append(gone, id)
		} else if !slices.Contains(ids, s.VPC) {
			ids = append(ids, s.VPC)
		}
	}
	slices.Sort(ids)
	return ids, gone
}

// vpcAccounts are who can tell of the subnets' VPCs: the owner of a shared one
// alone knows its attributes.
func (c *check) vpcAccounts() []estate.AccountID {
	var out []estate.AccountID
	for _, id := range c.Install.Subnets {
		if s, ok := c.Estate.Subnets.Get(id.Value); ok && !slices.Contains(out, s.Account) {
			out = append(out, s.Account)
		}
	}
	slices.Sort(out)
	return out
}

func (c *check) subnets() {
	i := c.Install
	if len(i.Subnets) == 0 {
		if i.HostedZone.Value != "" {
			c.add("subnets", Problem, i.HostedZone.Pos, "a zone is given and no subnets", "list the VPC's subnets under platform.aws.vpc.subnets")
			return
		}
		c.add("subnets", OK, i.Pos, "the installer makes a VPC", "")
		return
	}
	q := estate.Query{Kind: estate.QuerySubnets, Account: c.Account, Region: i.Region}
	if !c.Estate.Answered(q) {
		c.unread("subnets", q, "the installer's identity needs ec2:DescribeSubnets")
		return
	}
	ids, gone := c.vpcs()
	switch {
	case len(gone) > 0:
		var names []string
		for _, g := range gone {
			names = append(names, g.Value)
		}
		c.add("subnets", Problem, gone[0].Pos, fmt.Sprintf("account %s sees no subnet %s in %s", c.Account, strings.Join(names, ", "), i.Region), "share them with the account (RAM), or mend the IDs and the Region")
	case len(ids) > 1:
		c.add("subnets", Problem, i.Subnets[0].Pos, "the subnets are of several VPCs: "+strings.Join(ids, ", "), "list subnets of one VPC")
	default:
		c.add("subnets", OK, i.Subnets[0].Pos, fmt.Sprintf("%d of %s", len(i.Subnets), ids[0]), "")
	}
}

// vpc is the VPC of the cluster, when there is one and it is known.
func (c *check) vpc() (estate.VPCRef, bool) {
	ids, gone := c.vpcs()
	if len(ids) != 1 || len(gone) > 0 {
		return estate.VPCRef{}, false
	}
	return estate.VPCRef{Region: c.Install.Region, ID: ids[0]}, true
}

func (c *check) attributes() {
	ref, ok := c.vpc()
	if !ok {
		return
	}
	v, ok := c.Estate.VPCs.Get(ref.ID)
	if !ok {
		for _, account := range c.vpcAccounts() {
			if q := (estate.Query{Kind: estate.QueryVPCs, Account: account, Region: ref.Region}); !c.Estate.Answered(q) {
				c.unread("VPC", q, "the account of the VPC must be readable")
				return
			}
		}
		c.add("VPC", Problem, diag.Pos{}, fmt.Sprintf("%s is gone", ref.ID), "list subnets of a VPC that stands")
		return
	}
	var off []string
	if !v.DNSSupport {
		off = append(off, "enableDnsSupport")
	}
	if !v.DNSHostnames {
		off = append(off, "enableDnsHostnames")
	}
	if len(off) > 0 {
		c.add("VPC", Problem, diag.Pos{}, fmt.Sprintf("%s is off in %s of account %s, so private zones are not seen there", strings.Join(off, " and "), v.ID, v.Account), "turn it on (ModifyVpcAttribute), as the VPC's owner")
		return
	}
	c.add("VPC", OK, diag.Pos{}, v.ID+" has enableDnsSupport and enableDnsHostnames", "")
}

func (c *check) privateZone() {
	i := c.Install
	if i.HostedZone.Value == "" {
		if !i.Role.IsZero() {
			c.add("private zone", Problem, i.Role.Pos, "a role is given and no zone", "write the zone's ID in platform.aws.hostedZone")
			return
		}
		if ref, ok := c.vpc(); ok { // AWS makes a zone only with a VPC of its own account
			if v, known := c.Estate.VPCs.Get(ref.ID); known && v.Account != c.Account {
				c.add("private zone", Problem, i.Pos, fmt.Sprintf("none is given, and account %s cannot make one for %s, which is of account %s", c.Account, v.ID, v.Account),
					"run `orgdns openshift prepare`, and write what it prints into platform.aws.hostedZone and hostedZoneRole")
				return
			}
		}
		c.add("private zone", OK, i.Pos, fmt.Sprintf("the installer makes one, %s, in account %s", i.Domain, c.Account), "")
		c.rivals(estate.Zone{Name: i.Domain})
		return
	}
	account := c.zoneAccount()
	q := zoneAnswer(c.Estate, account, i.HostedZone.Value)
	c.partition()
	z, known := c.Estate.Zones.Get(i.HostedZone.Value)
	switch {
	case !known && !c.Estate.Answered(q):
		c.unread("private zone", q, "the zone's account must be readable")
		return
	case !known:
		c.add("private zone", Problem, i.HostedZone.Pos, fmt.Sprintf("there is no zone %s in account %s", i.HostedZone.Value, account), "mend the ID; with hostedZoneRole the zone is looked for in the role's account, else in the cluster's")
		return
	case z.Account != account:
		hint := "give the role of that account in platform.aws.hostedZoneRole"
		if !i.Role.IsZero() {
			hint = "give a role of the account that holds the zone"
		}
		c.add("private zone", Problem, i.HostedZone.Pos, fmt.Sprintf("%s (%s) is in account %s, not in %s", z.Name, z.ID, z.Account, account), hint)
		return
	case !z.Private:
		c.add("private zone", Problem, i.HostedZone.Pos, fmt.Sprintf("%s (%s) is public", z.Name, z.ID), "give a private zone; the public one is found by baseDomain")
		return
	}
	c.add("private zone", OK, i.HostedZone.Pos, fmt.Sprintf("%s (%s) in account %s", z.Name, z.ID, z.Account), "")
	c.domain(z)
	c.association(z)
	c.rivals(z)
	c.records("private records", z)
}

func (c *check) domain(z estate.Zone) {
	if c.Install.Domain.Under(z.Name) {
		c.add("domain", OK, c.Install.HostedZone.Pos, fmt.Sprintf("%s can hold %s", z.Name, c.Install.Domain), "")
		return
	}
	c.add("domain", Problem, c.Install.HostedZone.Pos, fmt.Sprintf("%s is not %s, nor above it", z.Name, c.Install.Domain), "give a zone of the cluster's domain or of one above it, or mend metadata.name and baseDomain")
}

func (c *check) association(z estate.Zone) {
	q := estate.Query{Kind: estate.QueryZone, Account: z.Account, ID: z.ID}
	ref, ok := c.vpc()
	switch {
	case !c.Estate.Answered(q):
		c.unread("association", q, "route53:GetHostedZone on the zone is needed")
	case !ok:
		c.add("association", Unknown, c.Install.HostedZone.Pos, "the cluster's VPC is not known", "mend the subnets first")
	case slices.Contains(z.VPCs, ref):
		c.add("association", OK, c.Install.HostedZone.Pos, fmt.Sprintf("%s is associated with %s", z.Name, ref.ID), "")
	default:
		var others []string
		for _, v := range z.VPCs {
			others = append(others, v.ID+" in "+string(v.Region))
		}
		slices.Sort(others)
		detail := fmt.Sprintf("%s is not associated with %s in %s", z.Name, ref.ID, ref.Region)
		if len(others) > 0 {
			detail += "; it is with " + strings.Join(others[:min(len(others), 3)], ", ")
		}
		c.add("association", Problem, c.Install.HostedZone.Pos, detail, "`orgdns openshift prepare` associates it")
	}
}

// partition: zones, roles and VPCs of two partitions never meet.
func (c *check) partition() {
	z, _ := c.Estate.Zones.Get(c.Install.HostedZone.Value)
	want := c.Install.Region.Partition()
	var wrong []string
	if r := c.Install.Role; !r.IsZero() && r.Partition != want {
		wrong = append(wrong, "the role is in "+r.Partition)
	}
	for _, v := range z.VPCs {
		if p := v.Region.Partition(); p != want {
			wrong = append(wrong, fmt.Sprintf("the zone is in %s, where its VPC %s is", p, v.ID))
			break
		}
	}
	if len(wrong) > 0 {
		c.add("partition", Problem, c.Install.Role.Pos, fmt.Sprintf("%s, and %s in %s", strings.Join(wrong, " and "), c.Install.Region, want), "an association or a role reaches no other partition: make a zone and a role in "+want)
		return
	}
	c.add("partition", OK, c.Install.HostedZone.Pos, "all in "+want, "")
}

// rivals: the longest name that matches wins, so another private zone of the
// same VPC can hide the cluster's records; of one name there can be but one.
func (c *check) rivals(zone estate.Zone) {
	ref, ok := c.vpc()
	if !ok {
		return
	}
	for z := range c.Estate.Zones.By(estate.ByVPC(ref.ID)) {
		if z.ID == zone.ID || !z.Private || !slices.Contains(z.VPCs, ref) {
			continue
		}
		if z.Name == zone.Name || z.Name.Below(zone.Name) && (c.Install.Domain.Under(z.Name) || z.Name.Under(c.Install.Domain)) {
			hint := "take that association away, or use that zone"
			if z.LinkedService != "" {
				hint = "it is a zone of " + z.LinkedService + ": choose another domain, or turn off its private DNS"
			}
			c.add("other zones", Problem, diag.Pos{}, fmt.Sprintf("%s (%s) of account %s is associated with %s and answers for names of the cluster", z.Name, z.ID, z.Account, ref.ID), hint)
			return
		}
	}
}

// records: the installer refuses a zone in which anything stands below the
// cluster's domain.
func (c *check) records(name string, z estate.Zone) {
	q := estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID}
	if !c.Estate.Answered(q) {
		c.unread(name, q, "route53:ListResourceRecordSets on the zone is needed")
		return
	}
	var stand []string
	hint := "delete them, or install under another name"
	for r := range c.Estate.Records.Prefix(estate.RecordsBelow(z.ID, c.Install.Domain)) {
		if !r.Name.Below(c.Install.Domain) {
			continue
		}
		if plan.IsLedger(r) {
			hint = "a ledger of orgdns is among them: take its records out with orgdns first, or use a zone above the cluster's domain"
		}
		stand = append(stand, r.Name.Relative(c.Install.Domain)+" "+r.Type)
	}
	if len(stand) == 0 {
		c.add(name, OK, diag.Pos{}, fmt.Sprintf("nothing stands below %s in %s (%s)", c.Install.Domain, z.Name, z.ID), "")
		return
	}
	detail := fmt.Sprintf("below %s stand in %s (%s) already: %s", c.Install.Domain, z.Name, z.ID, strings.Join(stand[:min(len(stand), 5)], ", "))
	if more := len(stand) - 5; more > 0 {
		detail += fmt.Sprintf(" and %d more", more)
	}
	c.add(name, Problem, diag.Pos{}, detail, hint)
}

func (c *check) role() {
	role := c.Install.Role
	if role.IsZero() {
		return
	}
	q := estate.Query{Kind: estate.QueryRole, Account: role.Account, ID: role.Name}
	standing, known := estate.First(c.Estate.Roles.By(estate.ByRole(role.Account, role.Name)))
	known = known && standing.ARN == role.ARN
	gone := c.Estate.Answered(q) && !known
	switch {
	case known:
		c.add("role", OK, role.Pos, role.ARN+" stands", "")
	case gone || c.Installer.Assumed == NoRole:
		c.add("role", Problem, role.Pos, "there is no role "+role.ARN, "`orgdns openshift prepare` makes it; mind its path")
		return
	case c.Installer.Assumed == Granted:
		c.add("role", OK, role.Pos, role.ARN+" can be assumed", "")
	default:
		c.unread("role", q, "iam:GetRole in its account is needed to tell why it cannot be assumed")
	}
	c.trust(role, standing, known)
	c.permissions(role)
	c.operator()
}

func (c *check) trust(role Role, standing estate.Role, known bool) {
	a := c.Installer
	who := orDefault(a.Principal, "the installer")
	detail := ""
	if a.Detail != "" {
		detail = ": " + a.Detail
	}
	const name = "trust"
	asks := known && asksExternalID(standing.Trust)
	switch {
	case a.Assumed == Granted:
		if a.Detail != "" { // on a twin
			c.add(name, OK, role.Pos, who+" may assume the role"+detail, "")
		} else {
			c.add(name, OK, role.Pos, who+" assumed the role", "")
		}
	case a.Assumed == ExternalID || asks && a.Assumed != Distrusted && a.Assumed != Forbidden:
		c.add(name, Problem, role.Pos, "the role's trust policy asks for an external ID, and a stock installer sends none", "take the condition sts:ExternalId out of the trust policy")
	case a.Assumed == Distrusted:
		c.add(name, Problem, role.Pos, fmt.Sprintf("the role's trust policy does not let %s in%s", who, detail), "name it in the trust policy: `orgdns openshift prepare`")
	case a.Assumed == Forbidden:
		c.add(name, Problem, role.Pos, fmt.Sprintf("%s has no permission to assume the role%s", who, detail), fmt.Sprintf("allow it sts:AssumeRole on %s, in its own account", role.ARN))
	case a.Assumed == Refused:
		c.add(name, Problem, role.Pos, fmt.Sprintf("%s was refused the role%s", who, detail), "it is one of: no such role, not in the trust policy, an external ID, no permission of its own; iam:GetRole in the role's account tells which")
	case a.Assumed == Unreadable:
		c.add(name, Unknown, role.Pos, fmt.Sprintf("%s could not try the role%s", who, detail), "")
	default:
		c.add(name, Unknown, role.Pos, "nobody tried to assume the role", "")
	}
}

// asksExternalID reports whether every statement of a trust policy that lets
// somebody in is under a condition of sts:ExternalId. That is no judgement of
// the policy: where the role was tried, what came of it counts.
func asksExternalID(document string) bool {
	var policy struct {
		Statement json.RawMessage
	}
	type statement struct {
		Effect    string
		Condition map[string]map[string]any
	}
	if json.Unmarshal([]byte(document), &policy) != nil {
		return false
	}
	var all []statement
	if json.Unmarshal(policy.Statement, &all) != nil {
		var one statement
		if json.Unmarshal(policy.Statement, &one) != nil {
			return false
		}
		all = []statement{one}
	}
	asks := false
	for _, s := range all {
		if s.Effect != "Allow" {
			continue
		}
		here := false
		for operator, keys := range s.Condition {
			for key := range keys {
				here = here || strings.EqualFold(key, "sts:ExternalId") && strings.HasPrefix(operator, "String") && !strings.HasSuffix(operator, "IfExists")
			}
		}
		if !here {
			return false
		}
		asks = true
	}
	return asks
}

func orDefault(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

func (c *check) permissions(role Role) {
	const name = "permissions"
	zone := c.Install.HostedZone.Value
	var denied, open []string
	for _, action := range Actions {
		switch c.Installer.Actions[action] {
		case Granted:
		case Untried, Unreadable:
			open = append(open, action)
		default:
			denied = append(denied, action)
		}
	}
	switch {
	case len(denied) > 0:
		hint := fmt.Sprintf("allow them in the role's policy, on arn:%s:route53:::hostedzone/%s", role.Partition, zone)
		if slices.Contains(denied, "route53:GetChange") {
			hint += fmt.Sprintf("; GetChange on arn:%s:route53:::change/*", role.Partition)
		}
		c.add(name, Problem, role.Pos, "the role may not "+strings.Join(denied, ", ")+" for zone "+zone, hint)
	case len(open) > 0:
		hint := "they can be tried once the role can be assumed"
		if c.Installer.Assumed == Granted {
			hint = "what writes is tried on a twin: for that the role must be readable, by iam:GetRole in its account"
		}
		c.add(name, Unknown, role.Pos, fmt.Sprintf("not tried with the role: %s", strings.Join(open, ", ")), hint)
	default:
		c.add(name, OK, role.Pos, fmt.Sprintf("the role may do all of %d actions", len(Actions)), "")
	}
}

// operator: who writes the records on day 2.
func (c *check) operator() {
	const name = "day 2"
	a := c.Operator
	switch {
	case c.Install.Credentials.Value != Manual:
		c.add(name, OK, c.Install.Credentials.Pos, "the ingress operator has the installer's credentials", "")
	case a.Assumed == Granted:
		denied := slices.DeleteFunc(slices.Sorted(maps.Keys(a.Actions)), func(k string) bool { return a.Actions[k] == Granted })
		if len(denied) > 0 {
			c.add(name, Problem, c.Install.Credentials.Pos, fmt.Sprintf("%s may not %s with the role", orDefault(a.Principal, "the ingress operator"), strings.Join(denied, ", ")), "allow them in the role's policy")
			return
		}
		did := " assumed the role"
		if a.Detail != "" { // on a twin
			did = " may assume the role: " + a.Detail
		}
		c.add(name, OK, c.Install.Credentials.Pos, orDefault(a.Principal, "the ingress operator")+did, "")
	case a.Assumed == Untried:
		c.add(name, OK, c.Install.Credentials.Pos, "not yet: the ingress operator's own role must be trusted once it is there", "then run `orgdns openshift prepare --finalize`")
	default:
		c.add(name, Problem, c.Install.Credentials.Pos, fmt.Sprintf("%s cannot assume the role: %s", orDefault(a.Principal, "the ingress operator"), a.Assumed), "run `orgdns openshift prepare --finalize`")
	}
}

// publicZones are the zones in which the installer looks for the base domain.
func (c *check) publicZones() []estate.Zone {
	var out []estate.Zone
	for z := range c.Estate.Zones.By(estate.ByName(c.Install.BaseDomain)) {
		if z.Account == c.Account && !z.Private {
			out = append(out, z)
		}
	}
	return out
}

func (c *check) public() {
	const name = "public zone"
	if c.Install.Internal {
		c.add(name, OK, diag.Pos{}, "publish is Internal, none is needed", "")
		return
	}
	q := estate.Query{Kind: estate.QueryZones, Account: c.Account}
	if !c.Estate.Answered(q) {
		c.unread(name, q, "the installer's identity needs route53:ListHostedZones")
		return
	}
	zones := c.publicZones()
	switch len(zones) {
	case 0:
		c.add(name, Problem, diag.Pos{}, fmt.Sprintf("account %s has no public zone %s", c.Account, c.Install.BaseDomain), "give the account that domain, as with `delegations`, or write publish: Internal")
		return
	case 1:
		c.add(name, OK, diag.Pos{}, fmt.Sprintf("%s (%s) in account %s", zones[0].Name, zones[0].ID, c.Account), "")
	default:
		c.add(name, Problem, diag.Pos{}, fmt.Sprintf("account %s has %d public zones %s: %s and %s", c.Account, len(zones), c.Install.BaseDomain, zones[0].ID, zones[1].ID), "the installer takes one of them, perhaps not the one that the world asks: delete the other")
		return
	}
	c.records("public records", zones[0])
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
