package cli

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/orgdns/orgdns/internal/apply"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reach"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
)

// Colours, by meaning.
const (
	red    = "31"
	green  = "32"
	yellow = "33"
	bold   = "1"
	dim    = "2"
)

// paint colours text for a stream that is a terminal, unless colour is off
// (no-color.org).
func (a *app) paint(w any, colour, s string) string {
	if _, tty := terminal(w); !tty || a.noColor || os.Getenv("NO_COLOR") != "" {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

func (a *app) printf(format string, args ...any) { fmt.Fprintf(a.Out, format, args...) }

// json writes a result for machines: the version of its form first.
func (a *app) json(kind string, v any) error {
	enc := json.NewEncoder(a.Out)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		Version int    `json:"version"`
		Kind    string `json:"kind"`
		Result  any    `json:"result"`
	}{1, kind, v})
}

// progress prints what goes on: one line that is overwritten on a terminal,
// plain lines elsewhere.
func (a *app) progress() func(string) {
	var mu sync.Mutex
	if a.output == "json" {
		return nil
	}
	said := map[string]bool{}
	return func(s string) {
		mu.Lock()
		defer mu.Unlock()
		if said[s] { // a later round, or the look at what was done
			return
		}
		said[s] = true
		a.waits.line()
		fmt.Fprintln(a.Err, a.paint(a.Err, dim, s))
	}
}

var signs = map[plan.Action]string{
	plan.Create: "+", plan.Update: "~", plan.Delete: "-", plan.Claim: "*", plan.Forget: "x", plan.Await: ".",
}

var actionColours = map[plan.Action]string{
	plan.Create: green, plan.Update: yellow, plan.Delete: red, plan.Claim: yellow, plan.Forget: yellow, plan.Await: dim,
}

// plan prints a plan for people.
func (a *app) plan(cfg *config.Config, p *plan.Plan) {
	if p.Empty() && len(p.Waiting) == 0 && p.Managed == 0 {
		a.printf("Nothing to do: nothing of this configuration's stands, and nothing is wanted.\n")
		return
	}
	if p.Empty() && len(p.Waiting) == 0 {
		a.printf("Nothing to do: everything stands as configured (%d things managed).\n", p.Managed)
		a.retirement(cfg, p.Duplicates)
		return
	}
	a.changes(cfg, p)
	a.answers(p.Answers)
	a.retirement(cfg, p.Duplicates)
	a.unproven(p)
	a.waiting(p.Waiting)
	if !p.Empty() {
		a.printf("\n%s.\nWithin AWS's quotas it takes about %s, in %d API calls.\n", capital(counts(p)), short(p.Takes), calls(p.Calls))
		a.printf("%s create  %s change  %s delete  %s adopt  %s forget  %s wait for\n",
			signs[plan.Create], signs[plan.Update], signs[plan.Delete], signs[plan.Claim], signs[plan.Forget], signs[plan.Await])
	}
}

// changes prints the API changes by account.
func (a *app) changes(cfg *config.Config, p *plan.Plan) {
	byAccount := map[estate.AccountID][]plan.Change{}
	var order []estate.AccountID
	for _, c := range p.Changes {
		if byAccount[c.Account] == nil {
			order = append(order, c.Account)
		}
		byAccount[c.Account] = append(byAccount[c.Account], c)
	}
	for _, id := range order {
		a.printf("\n%s\n", a.paint(a.Out, bold, accountTitle(cfg, id)))
		for _, c := range byAccount[id] {
			if c.Item().Record != nil && c.Bookkeeping() { // said below
				continue
			}
			c = p.Shown(c)
			a.printf("  %s %s\n", a.paint(a.Out, actionColours[c.Action], signs[c.Action]), describe(c))
			for _, line := range details(c) {
				a.printf("      %s\n", a.paint(a.Out, dim, line))
			}
			if !c.NotBefore.IsZero() {
				a.printf("      %s\n", a.paint(a.Out, dim, "not before "+c.NotBefore.UTC().Format(time.RFC3339)))
			}
		}
	}
	if len(p.Ledgers) > 0 {
		label, _, _ := strings.Cut(plan.LedgerName(p.Ledgers[0].ZoneName, p.Owner, 0).String(), ".")
		a.printf("\n%s\n", a.paint(a.Out, dim, "The ledgers of these zones (TXT "+label+") are kept with them."))
	}
}

func accountTitle(cfg *config.Config, id estate.AccountID) string {
	if name := cfg.AccountByID(id).Name; name != string(id) {
		return fmt.Sprintf("%s (%s)", name, id)
	}
	return string(id)
}

// describe is a change in one line.
func describe(c plan.Change) string {
	switch item := c.Item(); {
	case item.Zone != nil:
		s := "hosted zone " + item.Zone.Name.String()
		if c.ID != "" {
			s += " " + c.ID
		}
		return s
	case item.ZoneTags != nil:
		var tags []string
		for k, v := range item.ZoneTags.Set {
			tags = append(tags, k+"="+shown(v))
		}
		for _, k := range item.ZoneTags.Remove {
			tags = append(tags, "without "+k)
		}
		slices.Sort(tags)
		return "tags of zone " + item.ZoneTags.Name.String() + ": " + strings.Join(tags, ", ")
	case item.Certificate != nil:
		var names []string
		for _, n := range item.Certificate.Names {
			names = append(names, n.String())
		}
		return fmt.Sprintf("certificate %s in %s", strings.Join(names, ", "), c.Region)
	case item.Authorization != nil:
		return fmt.Sprintf("authorization of %s for zone %s", vpcText(item.Authorization.VPC), item.Authorization.ZoneName)
	case item.Association != nil:
		return fmt.Sprintf("association of %s with zone %s", vpcText(item.Association.VPC), item.Association.ZoneName)
	case item.VPCAttributes != nil:
		return "DNS attributes of " + item.VPCAttributes.VPC
	case item.Role != nil:
		return "role " + item.Role.Name
	case item.Object != nil:
		return objectText(c)
	case item.Record != nil && item.Record.Entry != "":
		return "ledger entry " + item.Record.Entry + " in zone " + item.Record.ZoneName.String()
	case item.Record != nil:
		return shown(item.Record.Name) + " " + item.Record.Type + " in zone " + item.Record.ZoneName.String()
	}
	return c.Address
}

// objectWords is how a kind of object is shown: what people call it, the field
// that it is about, and the fields that need no line of their own.
type objectWords struct {
	text, about string
	unsaid      []string
}

var kindWords = map[plan.Kind]objectWords{
	plan.KindSecurityGroup:      {"security group", "name", []string{"description"}},
	plan.KindEndpoint:           {"VPC endpoint for", "service", nil},
	plan.KindEndpointService:    {"endpoint service", "privateName", nil},
	plan.KindVerification:       {"verification of the name of", "service", []string{"name"}},
	plan.KindConnection:         {"acceptance of", "endpoint", nil},
	plan.KindPrivateDNS:         {"private DNS of", "endpoint", nil},
	plan.KindProfile:            {"Route 53 Profile", "name", nil},
	plan.KindProfileResource:    {"Route 53 Profile carries", "resource", nil},
	plan.KindProfileAssociation: {"Route 53 Profile on", "vpc", nil},
	plan.KindShare:              {"resource share", "name", nil},
	plan.KindInvitation:         {"acceptance of resource share", "share", []string{"account"}},
	plan.KindResolverEndpoint:   {"Resolver endpoint", "direction", nil},
	plan.KindResolverRule:       {"Resolver rule for", "domain", nil},
	plan.KindRuleAssociation:    {"Resolver rule on", "vpc", nil},
	plan.KindTransitAttachment:  {"Transit Gateway attachment of", "vpc", nil},
	plan.KindTransitAcceptance:  {"acceptance of Transit Gateway attachment", "attachment", nil},
	plan.KindRoutes:             {"routes in", "table", nil},
	plan.KindProbeRole:          {"role", "name", []string{"trust", "policy"}},
	plan.KindProbe:              {"Lambda function in", "vpc", nil},
	plan.KindEventBus:           {"event bus", "name", []string{"policy"}},
	plan.KindEventRule:          {"event rule", "name", []string{"bus", "role", "state"}},
	plan.KindEventRole:          {"role", "name", []string{"trust", "policy"}},
	plan.KindQueue:              {"queue", "name", []string{"policy", "visibility", "retention", "admits", "delay", "wait", "maxSize"}},
	plan.KindParameter:          {"parameter", "name", nil},
}

// fieldText is what people call a field of an object, where that is another
// word.
var fieldText = map[string]string{
	"acceptance": "asks for acceptance", "deadLetters": "dead letters to", "deleteAfter": "not removed before", "dnsIPType": "DNS records", "egress": "lets out to", "external": "accounts outside the organization",
	"inboundOnly": "private DNS for inbound Resolver endpoints alone", "ingress": "admits", "ipType": "IP addresses",
	"groups": "security groups", "loadBalancers": "load balancers", "maxAge": "tried for seconds", "maxReceives": "handed out at most", "maxRetries": "tried again at most", "policy": "endpoint policy", "privateDNS": "private DNS", "privateName": "private DNS name",
	"serviceRegion": "service in", "vpc": "VPC",
}

// objectText is an object in one line: its kind, what it is about, where.
func objectText(c plan.Change) string {
	o := c.Item().Object
	words := kindWords[o.Kind]
	out := []string{words.text}
	if v := o.Fields[words.about]; len(v) > 0 {
		out = append(out, objectValue(v[0]))
	} else if o.Kind == plan.KindEndpoint { // of another's some fields change, and no more is said
		out[0] = "VPC endpoint"
	}
	if o.Kind == plan.KindResolverEndpoint { // an inbound Resolver endpoint
		slices.Reverse(out)
		out[0] = strings.ToLower(out[0])
	}
	if c.ID != "" && c.Action != plan.Create && !slices.Contains(out, c.ID) && !strings.Contains(c.ID, "/") {
		out = append(out, c.ID)
	}
	if c.Region != "" {
		out = append(out, "in", string(c.Region))
	}
	return strings.Join(out, " ")
}

// objectValue is a value of an object's field. What is known only once another
// thing is made is told by the place of that thing in the configuration.
func objectValue(v plan.Value) string {
	ref, unknown := v.Ref()
	if !unknown {
		s := shown(v)
		if len(s) > 3*aLine { // a policy of somebody's
			s = s[:3*aLine] + "…"
		}
		return s
	}
	address := ref.Address
	if rest, ok := strings.CutPrefix(address, "connect/"); ok { // Region, gateway, what
		_, address, _ = strings.Cut(rest, "/")
	}
	if rest, ok := strings.CutPrefix(address, "endpointShares/"); ok {
		if parts := strings.SplitN(rest, "/", 3); len(parts) == 3 { // name, Region, what
			address = parts[2]
		}
	}
	return "(" + address + ")"
}

// fields are the fields of an object: as made, or those that change.
func fields(c plan.Change) []string {
	text := func(values []plan.Value) string {
		var out []string
		for _, v := range values {
			out = append(out, objectValue(v))
		}
		switch {
		case len(out) == 0:
			return "none"
		case slices.Equal(out, []string{plan.True}):
			return "yes"
		case slices.Equal(out, []string{plan.False}):
			return "no"
		}
		return strings.Join(out, ", ")
	}
	var out []string
	if c.Action != plan.Update && c.Action != plan.Create {
		return nil
	}
	words := kindWords[c.After.Object.Kind]
	for _, f := range slices.Sorted(maps.Keys(c.After.Object.Fields)) {
		name := cmp.Or(fieldText[f], f)
		if f == "policy" && c.After.Object.Kind != plan.KindEndpoint {
			name = f
		}
		values := c.After.Object.Fields[f]
		is := text(values)
		switch {
		case c.Action == plan.Update:
			if was := text(c.Before.Object.Fields[f]); was != is {
				out = append(out, name+": "+was+" -> "+is)
			}
		case slices.Contains(words.unsaid, f):
		case f == words.about || len(values) == 0 || is == "no" && f != "privateDNS":
		default:
			out = append(out, name+": "+is)
		}
	}
	return out
}

func vpcText(v estate.VPCRef) string { return v.ID + " (" + string(v.Region) + ")" }

// details are the lines below a change: what it was and will be, and why.
func details(c plan.Change) []string {
	var out []string
	if r := c.Item().Record; r != nil && r.Entry == "" {
		switch c.Action {
		case plan.Create:
			out = append(out, content(c.After.Record))
		case plan.Update:
			out = append(out, "was "+content(c.Before.Record), "now "+content(c.After.Record))
		case plan.Delete:
			out = append(out, "was "+content(c.Before.Record))
		}
	}
	if r := c.Item().Role; r != nil && c.After != nil {
		out = append(out, granted(*r)...)
	}
	if c.Item().Object != nil {
		out = append(out, fields(c)...)
	}
	if a := c.Item().VPCAttributes; a != nil {
		if a.Support {
			out = append(out, "enableDnsSupport on")
		}
		if a.Hostnames {
			out = append(out, "enableDnsHostnames on")
		}
	}
	if c.Reason != "" && c.Reason != recipe.Configured {
		out = append(out, c.Reason)
	}
	return out
}

// granted says who may assume a role, and what it may change.
func granted(r plan.Role) []string {
	who := strings.Join(r.Principals, ", ")
	if r.Path != "" {
		who = r.Path
	}
	if !r.ExternalID.IsZero() {
		who += ", with an external ID"
	}
	out := []string{"assumed by " + who}
	for _, g := range r.Grants {
		var names, verbs []string
		for _, n := range g.Names {
			names = append(names, n.Normalized())
		}
		for _, n := range g.Below {
			names = append(names, plan.LikeUnder(n))
		}
		for _, v := range g.Verbs {
			verbs = append(verbs, string(v))
		}
		out = append(out, fmt.Sprintf("may %s %s of %s", strings.Join(verbs, ", "), strings.Join(g.Types, ", "), strings.Join(names, ", ")))
	}
	return out
}

func content(r *plan.Record) string {
	switch {
	case r.Alias != nil:
		return "alias " + r.Alias.Name.String() + routed(r)
	case r.To != nil:
		return "alias " + objectValue(r.To.Name) + routed(r)
	}
	var values []string
	for _, v := range r.Values {
		values = append(values, shown(v))
	}
	return strings.Join(values, ", ") + fmt.Sprintf(" (TTL %d)", r.TTL) + routed(r)
}

// routed is the routing policy of a record, and the set that it is.
func routed(r *plan.Record) string {
	if r.SetID == "" {
		return ""
	}
	policy := ""
	switch x := r.Routing; {
	case x.Weight != nil:
		policy = fmt.Sprintf(", weight %d", *x.Weight)
	case x.Latency != "":
		policy = ", latency of " + string(x.Latency)
	case x.Failover != "":
		policy = ", failover " + strings.ToLower(x.Failover)
	case x.Geo != nil:
		policy = strings.TrimRight(", geolocation "+strings.TrimSpace(x.Geo.Continent+x.Geo.Country+" "+x.Geo.Subdivision), " ")
	case x.GeoProximity != nil:
		policy = ", geoproximity"
	case x.MultiValue:
		policy = ", multivalue"
	case x.CIDR != nil:
		policy = ", IP-based"
	}
	return ", set " + r.SetID + policy
}

func shown(v plan.Value) string {
	if rest, ok := strings.CutPrefix(v.String(), "@now+"); ok {
		return rest + " after this step"
	}
	if _, ok := v.Ref(); ok {
		return "(known after apply)"
	}
	return v.String()
}

// endpointNames are what EC2 names endpoints below.
var endpointNames = dnsname.MustParse("vpce.amazonaws.com")

// answers prints the DNS answers that change, but for the names that EC2
// generates for a new endpoint.
func (a *app) answers(list []plan.Answer) {
	list = slices.DeleteFunc(slices.Clone(list), func(x plan.Answer) bool { return x.New && x.Name.Under(endpointNames) })
	if len(list) == 0 {
		return
	}
	a.printf("\n%s\n", a.paint(a.Out, bold, "DNS answers that change"))
	for _, x := range list {
		colour := yellow
		if x.New {
			colour = green
		}
		a.printf("  %s %s, from %s\n", a.paint(a.Out, colour, x.Name.String()), x.Type, from(x.From))
		a.printf("      before  %s\n      after   %s\n", answered(x.Before), answered(x.After))
	}
}

// answered words an answer that lies outside what orgdns reads.
func answered(s string) string {
	if s == string(resolve.Outside) {
		return "whatever public DNS says"
	}
	return s
}

// from names who sees an answer: one by name, several VPCs by number.
func from(vantages []string) string {
	internet := len(vantages) > 0 && vantages[0] == resolve.Vantage{}.String()
	vpcs := vantages
	if internet {
		vpcs = vantages[1:]
	}
	switch {
	case len(vpcs) <= 1:
		return strings.Join(vantages, " and ")
	case internet:
		return fmt.Sprintf("%s and %d VPCs", vantages[0], len(vpcs))
	}
	return fmt.Sprintf("%d VPCs", len(vpcs))
}

// unproven prints what the rehearsal could not prove.
func (a *app) unproven(p *plan.Plan) {
	steps := map[string][]string{}
	for _, c := range p.Changes {
		for _, u := range c.Unproven {
			steps[u] = append(steps[u], c.Address)
		}
	}
	if len(steps) > 0 {
		a.printf("\n%s\n", a.paint(a.Out, yellow, "Not proven, since it could not be read"))
	}
	for _, u := range sorted(steps) {
		a.printf("  %s\n      concerns %s\n", u, listed(steps[u]))
	}
	if !p.Empty() {
		a.printf("\n%s\n", a.paint(a.Out, dim, "Never read, so never proven: service control policies, and changed quotas."))
	}
}

func listed(s []string) string {
	if len(s) <= 4 {
		return strings.Join(s, ", ")
	}
	return strings.Join(s[:3], ", ") + fmt.Sprintf(" and %d more", len(s)-3)
}

func (a *app) waiting(list []plan.Waiting) {
	if len(list) == 0 {
		return
	}
	a.printf("\n%s\n", a.paint(a.Out, bold, "Waiting"))
	for _, w := range list {
		a.printf("  %s: for %s", w.Address, w.For)
		if !w.Until.IsZero() {
			a.printf(", until %s", w.Until.UTC().Format(time.RFC3339))
		}
		a.printf("\n")
	}
}

func counts(p *plan.Plan) string {
	n := map[plan.Action]int{}
	accounts := map[estate.AccountID]bool{}
	for _, c := range p.Changes {
		accounts[c.Account] = true
		if c.Item().Record == nil || !c.Bookkeeping() {
			n[c.Action]++
		}
	}
	var parts []string
	for _, x := range []struct {
		action plan.Action
		verb   string
	}{{plan.Create, "to create"}, {plan.Update, "to change"}, {plan.Delete, "to delete"}, {plan.Claim, "to adopt"}, {plan.Forget, "to forget"}, {plan.Await, "to wait for"}} {
		if n[x.action] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[x.action], x.verb))
		}
	}
	return fmt.Sprintf("%s, in %d account%s", strings.Join(parts, ", "), len(accounts), plural(len(accounts)))
}

func calls(list []plan.Calls) int {
	n := 0
	for _, c := range list {
		n += c.Count
	}
	return n
}

// events prints the progress of a run.
func (a *app) events() func(apply.Event) {
	if a.output == "json" {
		return nil
	}
	words := map[apply.State]string{
		apply.Done: "done", apply.Settled: "in effect", apply.Failed: "FAILED", apply.Held: "waits", apply.Skipped: "skipped", apply.Stopped: "stopped",
	}
	colours := map[apply.State]string{apply.Done: green, apply.Settled: dim, apply.Failed: red, apply.Held: yellow, apply.Skipped: yellow, apply.Stopped: yellow}
	return func(e apply.Event) {
		switch e.State {
		case apply.Settled:
			a.waits.over(waitEffect)
		case apply.Held:
			a.waits.over(waitDeadline)
		}
		if e.Change.Item().Record != nil && e.Change.Bookkeeping() && e.State != apply.Failed {
			return
		}
		if w := words[e.State]; w != "" {
			a.waits.line()
			fmt.Fprintf(a.Err, "%s  %s %s\n", a.paint(a.Err, colours[e.State], fmt.Sprintf("%-9s", w)), signs[e.Change.Action], describe(e.Change))
		}
	}
}

// checks prints what was verified.
func (a *app) checks(list []reconcile.Check) {
	if len(list) == 0 {
		return
	}
	a.printf("\n%s\n", a.paint(a.Out, bold, "Verified"))
	width, _ := terminal(a.Out)
	for _, c := range gathered(list) {
		mark, how := a.paint(a.Out, green, "ok  "), ""
		if !c.OK {
			mark = a.paint(a.Out, red, "FAIL")
		}
		if c.Computed {
			how = " (computed: nothing of ours can ask from there)"
		}
		if c.Inside != "" {
			how = " (from inside, by " + map[string]string{"lambda": "its function", "command": "the command"}[c.Inside] + ")"
		}
		head := fmt.Sprintf("%s %s from %s", c.Name, c.Type, c.From)
		if len("  ok   ")+len(head)+len(how)+len(": ")+len(c.Got) <= width {
			a.printf("  %s %s%s: %s\n", mark, head, how, c.Got)
		} else {
			a.printf("  %s %s:\n", mark, head)
			lines := wrapped(c.Got, width-len("       "))
			if how != "" {
				lines = append(lines, strings.TrimSpace(how))
			}
			for _, line := range lines {
				a.printf("       %s\n", line)
			}
		}
		if !c.OK {
			a.printf("       expected %s\n", c.Want)
		}
	}
}

// way prints whether an endpoint is reached from a VPC, on which way, and what
// there is to mend.
func (a *app) way(v reach.Verdict) {
	colours := map[reach.Outcome]string{reach.Reached: green, reach.Unknown: yellow, reach.Broken: red}
	a.printf("\n%s\n", a.paint(a.Out, bold, "Way"))
	for _, p := range v.Parts {
		var to []string
		for _, x := range p.Addresses {
			to = append(to, x.String())
		}
		head := string(p.Outcome)
		if len(to) > 0 {
			head += ": " + strings.Join(to, ", ")
		}
		for _, port := range p.Ports {
			head += ", " + port.String()
		}
		if len(p.Subnets) > 0 {
			head += ", from " + strings.Join(p.Subnets, ", ")
		}
		a.printf("  %s\n", a.paint(a.Out, colours[p.Outcome], head))
		for _, h := range p.Path {
			a.printf("    %s\n", h)
		}
		if b := p.Break; b != nil {
			a.printf("    %s\n", a.paint(a.Out, colours[p.Outcome], b.Text))
			if b.Hint != "" {
				a.printf("      to mend it: %s\n", b.Hint)
			}
		}
	}
	if len(v.Isolated) > 0 {
		a.printf("  not counted, since nothing leads out of the VPC from there: %s\n", strings.Join(v.Isolated, ", "))
	}
	for _, n := range v.Notes {
		a.printf("  %s\n", n)
	}
}

// gathered makes one line of neighbours that say the same of many VPCs.
func gathered(list []reconcile.Check) []reconcile.Check {
	const few = 3
	var out []reconcile.Check
	for i := 0; i < len(list); {
		n := i + 1
		for n < len(list) && same(list[i], list[n]) {
			n++
		}
		if n-i > few {
			c := list[i]
			c.From = fmt.Sprintf("%d VPCs", n-i)
			out = append(out, c)
		} else {
			out = append(out, list[i:n]...)
		}
		i = n
	}
	return out
}

// same reports whether two checks differ in the vantage alone.
func same(a, b reconcile.Check) bool {
	a.From, a.Pos = b.From, b.Pos
	return a == b
}

// wrapped breaks a list of values into lines.
func wrapped(list string, width int) []string {
	var out []string
	for _, v := range strings.SplitAfter(list, ", ") {
		if n := len(out); n > 0 && len(strings.TrimRight(out[n-1]+v, " ")) <= width {
			out[n-1] += v
			continue
		}
		out = append(out, v)
	}
	for i := range out {
		out[i] = strings.TrimRight(out[i], " ")
	}
	return out
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

func short(d time.Duration) string {
	if d < time.Second {
		return "a second"
	}
	return d.Round(time.Second).String()
}

func sorted[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
