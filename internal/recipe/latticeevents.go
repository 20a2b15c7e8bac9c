package recipe

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// What tells orgdns of VPC Lattice services at once: in each account that was
// granted names, the spokes, a rule of the default bus sends their events to a
// bus of the networking account, the hub; a rule there puts them into a queue.
// It is made by a command of its own, `orgdns deploy lattice`, and belongs to an
// owner of its own (plan.EventsOwner).

const (
	hubPrefix   = "events/hub/"
	hubBus      = hubPrefix + "bus"
	hubRule     = hubPrefix + "rule"
	hubQueue    = hubPrefix + "queue"
	unhandled   = hubPrefix + "unhandled"
	undelivered = hubPrefix + "undelivered"
	parameter   = hubPrefix + "parameter"
)

// Times of the chain, in seconds. An event that did not come through in an hour is
// a dead letter, for somebody to look at: the next sweep has seen its service long
// before. Dead letters are kept as long as SQS keeps anything.
const (
	eventAge       = "3600"
	eventRetries   = "185"     // the most that EventBridge tries (eb-rule-retry-policy.html)
	queueRetention = "345600"  // four days
	deadRetention  = "1209600" // fourteen days
	deadVisibility = "120"
	queueReceives  = "20"
)

// What queues do by themselves is nothing: a message is there at once, of any size
// that SQS has (API_SetQueueAttributes), and a call that does not say so does not
// wait.
const (
	queueDelay = "0"
	queueWait  = "0"
	queueSize  = "1048576"
)

// EventPlace is where a part of the chain stands. A template has its own words for
// these in place of values.
type EventPlace struct {
	Partition, Account, Region string
	Role                       string // as which orgdns acts there; empty: nobody knows
}

func (p EventPlace) arn(service, resource string) string {
	return strings.Join([]string{"arn", p.Partition, service, p.Region, p.Account, resource}, ":")
}

// EventChain is what is wanted of hub and spokes.
type EventChain struct {
	config.LatticeEvents
	Owner        string // of what is made: plan.EventsOwner
	Hub          EventPlace
	Organization string // ID
	// Shared is the organization's ARN, as RAM names principals.
	Shared string
	// Bus is the ARN of the hub's bus, where a template has a word for it.
	Bus string
}

// EventQueues are the ARNs of the queue from which orgdns takes events, and of what
// holds dead letters besides that queue's own: of the rule in the hub, and of those
// in the spokes. Accounts that are not in the configuration's list are left out.
func EventQueues(in Input, partition string) (queue string, dead []string) {
	hub, problems := in.Config.FindAccount(in.Config.LatticeEvents.Account, in.Estate)
	if len(problems) > 0 {
		return "", nil
	}
	c := EventChain{Owner: plan.EventsOwner(in.Config.Owner)}
	at := EventPlace{Partition: partition, Account: string(hub.ID), Region: string(in.Config.LatticeEvents.Region)}
	dead = []string{at.arn("sqs", c.name("undelivered"))}
	for _, s := range ownSpokes(in) {
		spoke := EventPlace{Partition: partition, Account: string(s.Account), Region: string(s.Region)}
		dead = append(dead, spoke.arn("sqs", c.name("unsent")))
	}
	return at.arn("sqs", c.name("")), dead
}

func (c EventChain) name(part string) string {
	if part == "" {
		return plan.EventName(c.Owner)
	}
	return plan.EventName(c.Owner) + "-" + part
}

func (c EventChain) bus() string {
	return cmp.Or(c.Bus, c.Hub.arn("events", "event-bus/"+c.name("")))
}

func (c EventChain) wanted(p EventPlace, address, reason string, k plan.Kind, fields map[string][]plan.Value) plan.Wanted {
	o := object(k, fields)
	return plan.Wanted{Address: address, Account: estate.AccountID(p.Account), Region: estate.Region(p.Region), Pos: c.Pos, Reason: reason, Item: plan.Item{Object: &o}}
}

// eventForm is a form of events: from whom, of which types, about what.
type eventForm struct {
	sid, source string
	types       []string
	detail      map[string][]string
}

// forms are those that are told.
func (c EventChain) forms() []eventForm {
	out := []eventForm{{"Tag", TagSource, []string{TagChange}, map[string][]string{
		"service": {"vpc-lattice"}, "resource-type": {"service"}, "changed-tag-keys": {c.Tag},
	}}}
	if c.CloudTrail {
		out = append(out, eventForm{"CloudTrail", TrailSource, []string{TrailCall}, map[string][]string{
			"eventSource": {TrailAPI},
			"eventName":   TrailCalls,
		}})
	}
	if c.Guidance {
		out = append(out, eventForm{"Guidance", GuidanceSource, []string{GuidanceCreated, GuidanceDeleted}, nil})
	}
	return out
}

// pattern is the event pattern of both rules.
func (c EventChain) pattern() string {
	var all []map[string]any
	for _, f := range c.forms() {
		one := map[string]any{"source": []string{f.source}, "detail-type": f.types}
		if f.detail != nil {
			one["detail"] = f.detail
		}
		all = append(all, one)
	}
	var of any = all[0]
	if len(all) > 1 {
		of = map[string]any{"$or": all} // eb-create-pattern-operators.html
	}
	raw, err := json.Marshal(of)
	if err != nil { // texts, and maps of them: cannot be
		return ""
	}
	return string(raw)
}

// busPolicy lets the accounts of the organization put events of these forms alone.
// The key events:source has several values, events:detail-type one (EventBridge
// User Guide, eb-event-bus-example-policy-cross-account-custom-bus-source.html).
func (c EventChain) busPolicy() string {
	var statements []plan.PolicyStatement
	for _, f := range c.forms() {
		conditions := plan.Conditions{"StringEquals": {"aws:PrincipalOrgID": {c.Organization}, "events:detail-type": f.types}}
		conditions.ForAll("StringEquals", "events:source", []string{f.source})
		statements = append(statements, plan.PolicyStatement{
			Sid: f.sid, Effect: "Allow", Principal: map[string]plan.List[string]{"AWS": {"*"}},
			Action: plan.List[string]{"events:PutEvents"}, Resource: plan.List[string]{c.bus()}, Condition: conditions,
		})
	}
	return plan.NormalDocument(plan.NewDocument(statements...))
}

// queuePolicy lets one rule send, if any, and nobody else whatever their own
// policies say: who could put a message in past the bus could forge the account
// that an event comes from. orgdns itself puts dead letters back.
func queuePolicy(p EventPlace, queue, rule string) string {
	arn := p.arn("sqs", queue)
	var statements []plan.PolicyStatement
	others := plan.Conditions{}
	if rule != "" { // eb-rule-dlq.html, eb-use-resource-based.html
		statements = append(statements, plan.PolicyStatement{
			Sid: "Rule", Effect: "Allow", Principal: map[string]plan.List[string]{"Service": {plan.EventService}},
			Action: plan.List[string]{"sqs:SendMessage"}, Resource: plan.List[string]{arn},
			Condition: plan.Conditions{"ArnEquals": {"aws:SourceArn": {rule}}},
		})
		others["ArnNotEquals"] = map[string]plan.List[string]{"aws:SourceArn": {rule}}
	}
	if p.Role != "" {
		others["ArnNotLike"] = map[string]plan.List[string]{"aws:PrincipalArn": {fmt.Sprintf("arn:%s:iam::%s:role/%s", p.Partition, p.Account, strings.TrimPrefix(p.Role, "/"))}}
	}
	statements = append(statements, plan.PolicyStatement{
		Sid: "NobodyElse", Effect: "Deny", Principal: map[string]plan.List[string]{"AWS": {"*"}},
		Action: plan.List[string]{"sqs:SendMessage"}, Resource: plan.List[string]{arn}, Condition: others,
	})
	return plan.NormalDocument(plan.NewDocument(statements...))
}

// HubParts are what the networking account gets: dead-letter queues, the queue,
// the bus, the rule between them, and where the bus is told.
func (c EventChain) HubParts() []plan.Wanted {
	rule := c.Hub.arn("events", "rule/"+c.name("")+"/"+c.name(""))
	queue := func(part, rule string, admits ...string) map[string][]plan.Value {
		return c.queue(c.Hub, part, rule, cmp.Or(c.KMSKey, plan.EncryptedBySQS), admits...)
	}
	work := queue("", rule)
	work["visibility"], work["retention"] = lits(strconv.Itoa(int(c.Visibility))), lits(queueRetention)
	work["deadLetters"], work["maxReceives"] = just(plan.Of(unhandled, "arn")), lits(queueReceives)
	share := c.wanted(c.Hub, hubPrefix+"share", "lets the accounts read the parameter", plan.KindShare, map[string][]plan.Value{
		"name": lits(c.name("")), "external": just(plan.Bool(false)), "resources": just(plan.Of(parameter, "arn")), "principals": lits(c.Shared),
	})
	share.Settle = true
	return []plan.Wanted{
		c.wanted(c.Hub, unhandled, "takes what orgdns received in vain", plan.KindQueue, queue("unhandled", "", c.name(""))),
		c.wanted(c.Hub, undelivered, "takes what did not come from the bus into the queue", plan.KindQueue, queue("undelivered", rule)),
		c.wanted(c.Hub, hubQueue, "holds the events for orgdns", plan.KindQueue, work),
		c.wanted(c.Hub, hubBus, "takes the events of all accounts", plan.KindEventBus, map[string][]plan.Value{"name": lits(c.name("")), "policy": lits(c.busPolicy())}),
		c.wanted(c.Hub, hubRule, "puts the events into the queue", plan.KindEventRule, c.rule(plan.Of(hubBus, "arn"), plan.Of(hubQueue, "arn"), nil, undelivered)),
		c.wanted(c.Hub, parameter, "tells the accounts where the bus is", plan.KindParameter, map[string][]plan.Value{
			"name": lits(c.name("bus")), "value": just(plan.Of(hubBus, "arn")),
		}),
		share,
	}
}

// queue are the fields of a queue for dead letters, into which one rule may send, if
// any.
func (c EventChain) queue(p EventPlace, part, rule, encryption string, admits ...string) map[string][]plan.Value {
	return map[string][]plan.Value{
		"name": lits(c.name(part)), "policy": lits(queuePolicy(p, c.name(part), rule)), "encryption": lits(encryption), "visibility": lits(deadVisibility), "retention": lits(deadRetention),
		"delay": lits(queueDelay), "wait": lits(queueWait), "maxSize": lits(queueSize), "deadLetters": {}, "maxReceives": {}, "admits": lits(admits...),
	}
}

// rule are the fields of a rule.
func (c EventChain) rule(bus, target plan.Value, role []plan.Value, dead string) map[string][]plan.Value {
	return map[string][]plan.Value{
		"bus": just(bus), "name": lits(c.name("")), "pattern": lits(plan.NormalDocument(c.pattern())), "state": lits("ENABLED"), "target": just(target), "role": append([]plan.Value{}, role...),
		"input": {}, "deadLetters": just(plan.Of(dead, "arn")), "maxAge": lits(eventAge), "maxRetries": lits(eventRetries),
	}
}

// SpokeParts are what an account gets that tells of its services. bus is the ARN of
// the hub's bus, as far as it is known.
func (c EventChain) SpokeParts(p EventPlace, bus plan.Value) []plan.Wanted {
	base := "events/spokes/" + p.Account + "/" + p.Region + "/"
	unsent, role := base+"unsent", plan.EventRoleAddress(estate.AccountID(p.Account))
	anywhere := p
	anywhere.Region = "*"
	trust := plan.NewDocument(plan.PolicyStatement{
		Effect: "Allow", Principal: map[string]plan.List[string]{"Service": {plan.EventService}}, Action: plan.List[string]{"sts:AssumeRole"},
		// IAM User Guide, confused-deputy.html
		Condition: plan.Conditions{"StringEquals": {"aws:SourceAccount": {p.Account}}, "ArnLike": {"aws:SourceArn": {anywhere.arn("events", "rule/"+c.name(""))}}},
	})
	policy := plan.NewDocument(plan.PolicyStatement{Effect: "Allow", Action: plan.List[string]{"events:PutEvents"}, Resource: plan.List[string]{c.bus()}})
	sends := c.wanted(p, base+"rule", "sends the events of services to the networking account", plan.KindEventRule,
		c.rule(plan.Lit(p.arn("events", "event-bus/"+estate.DefaultBus)), bus, just(plan.Of(role, "arn")), unsent))
	sends.After = []plan.Dependency{{Address: hubRule}}
	acts := c.wanted(p, role, "the rules of the account send as it", plan.KindEventRole, map[string][]plan.Value{
		"name": lits(c.name("")), "trust": lits(plan.NormalDocument(trust)), "policy": lits(plan.NormalDocument(policy)),
	})
	acts.Region = ""
	return []plan.Wanted{
		acts,
		c.wanted(p, unsent, "takes what did not come to the bus of the networking account", plan.KindQueue, c.queue(p, "unsent", p.arn("events", "rule/"+c.name("")), plan.EncryptedBySQS)),
		sends,
	}
}

// EventSpoke is an account and Region whose services are told of.
type EventSpoke struct {
	Account estate.AccountID
	Region  estate.Region
}

func (s EventSpoke) compare(o EventSpoke) int {
	return cmp.Or(cmp.Compare(s.Account, o.Account), cmp.Compare(s.Region, o.Region))
}

// ownSpokes are the EventSpokes that orgdns reaches by a role of theirs; where
// services are shared with it instead, a spoke's part is deployed by its own people.
func ownSpokes(in Input) []EventSpoke {
	shared := in.Config.LatticeShares()
	return slices.DeleteFunc(EventSpokes(in), func(s EventSpoke) bool { return shared[s.Account] != "" })
}

// EventSpokes are those of all accounts that were granted names, where their
// services are looked for.
func EventSpokes(in Input) []EventSpoke {
	domains, _ := latticeDomainsOf(in)
	seen := map[EventSpoke]bool{}
	var out []EventSpoke
	for _, d := range domains {
		for _, g := range d.grants {
			for _, id := range g.accounts {
				for _, q := range d.queries[id] {
					if s := (EventSpoke{id, q.Region}); !seen[s] && active(in.Estate, id) {
						seen[s] = true
						out = append(out, s)
					}
				}
			}
		}
	}
	slices.SortFunc(out, EventSpoke.compare)
	return out
}

// events is what of the configuration's Lattice events stands, and what is wanted.
type events struct {
	Input
	hub   config.Account
	owner string
	out   Output
}

// newEvents finds the networking account. The configuration has Lattice events.
func newEvents(in Input) (*events, diag.List) {
	hub, problems := in.Config.FindAccount(in.Config.LatticeEvents.Account, in.Estate)
	return &events{Input: in, hub: hub, owner: plan.EventsOwner(in.Config.Owner), out: Output{Apart: map[string]bool{}}}, problems
}

// organization is how the hub's organization is seen: any member may ask.
func (e *events) organization() estate.Query {
	return estate.Query{Kind: estate.QueryOrganization, Account: e.hub.ID}
}

// queries are how the parts of an account in a Region are seen; the share is the
// hub's alone.
func (e *events) queries(account estate.AccountID, region estate.Region) []estate.Query {
	kinds := []plan.Kind{plan.KindEventRule, plan.KindQueue}
	if account == e.hub.ID && (e.Sweep || region == e.Config.LatticeEvents.Region) { // one may have stood elsewhere
		kinds = append(kinds, plan.KindParameter, plan.KindShare)
	}
	out := []estate.Query{plan.ObjectQuery(plan.KindEventRole, e.owner, account, "")}
	for _, k := range kinds {
		out = append(out, plan.ObjectQuery(k, e.owner, account, region))
	}
	return out
}

// EventNeeds are the queries whose answers are needed next; see Needs.
func EventNeeds(in Input) []estate.Query {
	n := &needs{Input: in, seen: map[estate.Query]bool{}}
	n.organization()
	e, problems := newEvents(in)
	if len(problems) > 0 {
		return n.list
	}
	n.ask(e.organization())
	for _, p := range e.places() {
		for _, q := range e.queries(p.Account, p.Region) {
			n.ask(q)
		}
	}
	if in.Destroy {
		n.liveNames()
	} else if in.Config.LatticeEvents.CloudTrail {
		for _, s := range ownSpokes(in) {
			n.ask(trailsOf(s))
		}
	}
	return n.list
}

// trailsOf is how the trails are seen that record an account in a Region.
func trailsOf(s EventSpoke) estate.Query {
	return estate.Query{Kind: estate.QueryTrails, Account: s.Account, Region: s.Region}
}

// liveNames asks for the records and services that keep the chain from being
// removed.
func (n *needs) liveNames() {
	domains, _ := latticeDomainsOf(n.Input)
	for _, d := range domains {
		n.ask(estate.Query{Kind: estate.QueryZones, Account: d.account})
		for _, z := range d.standing(n.Estate) {
			n.ask(estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID})
		}
		for _, rec := range d.latticeRecords(n.Estate) {
			for _, g := range d.granted(rec.Name) {
				for _, id := range g.accounts {
					for _, q := range d.queries[id] {
						n.ask(q)
					}
				}
			}
		}
	}
}

// latticeRecords are the alias records to VPC Lattice within granted names.
func (d *latticeDomain) latticeRecords(e estate.Estate) []estate.RecordSet {
	var out []estate.RecordSet
	for _, z := range d.standing(e) {
		for rec := range e.Records.Prefix(estate.RecordsOf(z.ID)) {
			if plan.IsLattice(rec) && len(d.granted(rec.Name)) > 0 {
				out = append(out, rec)
			}
		}
	}
	return out
}

// parts are the hub and the spokes.
func (e *events) parts() []EventSpoke {
	return append([]EventSpoke{{e.hub.ID, e.Config.LatticeEvents.Region}}, ownSpokes(e.Input)...)
}

// places are where something of ours may stand: the parts, and with Sweep every
// Region of every account.
func (e *events) places() []EventSpoke {
	out := e.parts()
	if e.Sweep {
		for _, a := range accounts(e.Input) {
			for _, r := range a.Regions {
				out = append(out, EventSpoke{a.ID, r})
			}
		}
	}
	slices.SortFunc(out, EventSpoke.compare)
	return slices.Compact(out)
}

// MakeEvents gives what is wanted of the chain, or with Destroy nothing.
func MakeEvents(in Input) Output {
	e, problems := newEvents(in)
	e.out.Diagnostics.Add(problems...)
	switch {
	case len(problems) > 0:
	case in.Destroy:
		e.refuseLive()
		e.inReverse()
	default:
		e.make()
	}
	if len(problems) == 0 && in.Sweep {
		e.unswept()
	}
	e.out.Diagnostics.Sort()
	return e.out
}

func (e *events) problem(s diag.Severity, code string, account estate.AccountID, summary, detail, hint string) {
	e.out.Diagnostics.Add(diag.Diagnostic{Severity: s, Code: code, Account: string(account), Pos: e.Config.LatticeEvents.Pos, Summary: summary, Detail: detail, Hint: hint})
}

// refused are the queries of a place that were refused, in words.
func (e *events) refused(p EventSpoke) string {
	var out []string
	for _, q := range e.queries(p.Account, p.Region) {
		if a, asked := e.Estate.Asked(q); asked && a.Code != "" {
			out = append(out, fmt.Sprintf("%s (%s)", q.Kind, a.Code))
		}
	}
	return strings.Join(out, ", ")
}

const seeIAM = "see `orgdns iam` for the role that this account needs"

// make wants hub and spokes. A spoke that could not be read is left as it is, and
// the others are made.
func (e *events) make() {
	settings := *e.Config.LatticeEvents
	o := e.Estate.Organization
	if o.ID == "" {
		a, _ := e.Estate.Asked(e.organization())
		why := a.Why()
		if a.Code == "" {
			why = "it is in none"
		}
		e.problem(diag.Error, "organization", e.hub.ID, fmt.Sprintf("the organization of account %s is not known, so nobody can be let in to the bus", e.hub.ID), why, seeIAM)
		return
	}
	chain := EventChain{
		LatticeEvents: settings, Owner: e.owner, Organization: o.ID, Shared: cmp.Or(o.ARN, o.UnitARN(o.Root)),
		Hub: EventPlace{e.Estate.Partition(), string(e.hub.ID), string(settings.Region), e.hub.Role},
	}
	e.out.Wanted = chain.HubParts()
	spokes, all := ownSpokes(e.Input), EventSpokes(e.Input)
	if len(spokes) < len(all) {
		shared := slices.DeleteFunc(all, func(s EventSpoke) bool { return slices.Contains(spokes, s) })
		var names []string
		for _, s := range shared {
			names = append(names, fmt.Sprintf("%s in %s", s.Account, s.Region))
		}
		e.problem(diag.Note, "shared-spoke", "", "accounts that share their services give orgdns no role: their people deploy the part that tells of services", strings.Join(names, ", "), "`orgdns deploy lattice --print` prints it; until then sweeps find their services")
	} else if len(spokes) == 0 {
		e.problem(diag.Warning, "no-spoke", "", "no account is granted a name, so nobody tells of services", "", "add grants to latticeDomains")
	}
	made := map[string]bool{}
	for _, s := range spokes {
		if _, member := e.Estate.Accounts.Get(string(s.Account)); !member && e.Estate.Answered(estate.Query{Kind: estate.QueryAccounts}) {
			e.problem(diag.Warning, "outside", s.Account, fmt.Sprintf("account %s is not in the organization, so the bus lets no event of it in", s.Account), "", "sweeps find its services; invite it, or take it out of the grants")
			continue
		}
		why := e.refused(s)
		if why != "" {
			e.problem(diag.Warning, "unread", s.Account, fmt.Sprintf("account %s could not be read in %s, so its rule is left as it is", s.Account, s.Region), why, seeIAM)
		}
		p := EventPlace{e.Estate.Partition(), string(s.Account), string(s.Region), e.Config.AccountByID(s.Account).Role}
		for _, w := range chain.SpokeParts(p, plan.Of(hubBus, "arn")) {
			if w.Frozen = why != ""; made[w.Address] { // the role, in another Region
				continue
			}
			made[w.Address] = true
			e.out.Wanted = append(e.out.Wanted, w)
		}
	}
	e.foreignTargets()
	if settings.CloudTrail {
		e.trails(spokes)
	}
	if settings.KMSKey != "" {
		e.problem(diag.Note, "kms-key", e.hub.ID, fmt.Sprintf("the policy of key %s must let %s do kms:GenerateDataKey and kms:Decrypt, or no event comes into the queues", settings.KMSKey, plan.EventService),
			"SQS Developer Guide, sqs-key-management.html", "")
	}
}

// foreignTargets tells what somebody else put on the rule of the hub. The queue
// takes whatever that rule sends, so such a target can put in what names any account.
func (e *events) foreignTargets() {
	for r := range e.Estate.EventRules.All() {
		if r.Tags[plan.TagOwner] != e.owner || r.Tags[plan.TagAddress] != hubRule {
			continue
		}
		for _, t := range r.Targets {
			if t.ID != plan.EventTarget {
				e.problem(diag.Warning, "foreign-target", r.Account, fmt.Sprintf("somebody else put the target %s (%s) on rule %s in %s", t.ID, t.ARN, r.Name, r.Region),
					"what a rule sends, its targets may shape: if it leads to the queue, messages in it may name any account", fmt.Sprintf("take it off, and put it on a rule of its own: aws events remove-targets --region %s --event-bus-name %s --rule %s --ids %s", r.Region, r.Bus, r.Name, t.ID))
			}
		}
	}
}

// trails tells which accounts have no trail, so that their calls are not told.
func (e *events) trails(spokes []EventSpoke) {
	for _, s := range spokes {
		switch a, _ := e.Estate.Asked(trailsOf(s)); {
		case a.Code != "":
			e.problem(diag.Warning, "unread", s.Account, fmt.Sprintf("the trails of account %s in %s could not be read, so its calls may not be told", s.Account, s.Region), a.Why(), seeIAM)
		case !e.Estate.Recorded(s.Account, s.Region):
			e.problem(diag.Warning, "no-trail", s.Account, fmt.Sprintf("no trail records account %s in %s, so its calls are not told: changes of the tag %s alone are", s.Account, s.Region, e.Config.LatticeEvents.Tag),
				"EventBridge gets the calls that a trail of CloudTrail records (EventBridge User Guide, eb-service-event-cloudtrail.html)", "make a trail of management events there, or one of the organization")
		case !e.Estate.RecordedAll(s.Account, s.Region):
			e.problem(diag.Warning, "selective-trail", s.Account, fmt.Sprintf("the trails that record account %s in %s have event selectors, so some of its calls may not be told", s.Account, s.Region),
				"a trail with selectors may leave out management events, or those that write (CloudTrail User Guide, logging-management-events-with-cloudtrail.html)", "see that one of them records management events that write, or make one that does")
		}
	}
}

// refuseLive refuses to remove the chain while a service has a name by it.
func (e *events) refuseLive() {
	domains, problems := latticeDomainsOf(e.Input)
	e.out.Diagnostics.Add(problems...)
	for i := range domains {
		d := &domains[i]
		for _, z := range d.standing(e.Estate) {
			if q := (estate.Query{Kind: estate.QueryRecords, Account: z.Account, ID: z.ID}); !e.Estate.Answered(q) {
				e.problem(diag.Error, "unread", z.Account, fmt.Sprintf("the records of zone %s could not be read, so services may have names in it", z.Name), "", seeIAM)
			}
		}
		if q := (estate.Query{Kind: estate.QueryZones, Account: d.account}); !e.Estate.Answered(q) {
			e.problem(diag.Error, "unread", d.account, fmt.Sprintf("the zones of account %s could not be read, so services may have names in %s", d.account, d.Zone), "", seeIAM)
		}
		var names []string
		for _, rec := range d.latticeRecords(e.Estate) {
			if n := rec.Name.String(); e.mayLive(d, rec) && !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
		if len(names) > 0 {
			slices.Sort(names)
			e.out.Diagnostics.Add(diag.Diagnostic{Code: "live-names", Account: string(d.account), Pos: d.At("zone"),
				Summary: fmt.Sprintf("services have %d name(s) in zone %s: without events they would go stale until the next sweep", len(names), d.Zone), Detail: strings.Join(names, ", "),
				Hint: "let the services go, or stop `orgdns serve` and run `orgdns destroy`, which removes the names with all else of the configuration; then this again"})
		}
	}
	for _, s := range e.parts() {
		if why := e.refused(s); why != "" {
			e.problem(diag.Error, "unread", s.Account, fmt.Sprintf("account %s could not be read in %s, so what is ours there would stay behind", s.Account, s.Region), why, seeIAM)
		}
	}
}

// mayLive reports whether the service of a record stands, or nobody knows.
func (e *events) mayLive(d *latticeDomain, rec estate.RecordSet) bool {
	for s := range e.Estate.LatticeServices.By(estate.ByName(rec.Alias.Name)) {
		return !s.Gone()
	}
	return d.mayStand(e.Input, rec)
}

// inReverse lets the rule of the hub stand until no spoke sends any more.
func (e *events) inReverse() {
	for r := range plan.Objects(e.Estate, plan.KindEventRule) {
		if address := r.Tags[plan.TagAddress]; r.OwnedBy(e.owner) && address != hubRule {
			e.out.Orders = append(e.out.Orders, plan.Order{First: address, Then: hubRule})
		}
	}
}

// unswept lists where nothing is wanted, and could not be searched.
func (e *events) unswept() {
	parts := e.parts()
	for _, s := range e.places() {
		if why := e.refused(s); why != "" && !slices.Contains(parts, s) {
			e.problem(diag.Note, "unread", s.Account, fmt.Sprintf("account %s could not be searched in %s, so what is ours there is not found", s.Account, s.Region), why, seeIAM)
		}
	}
}

// latticeEvents permits the life of the chain.
func (p *permissions) latticeEvents(in Input) {
	e, problems := newEvents(in)
	if len(problems) > 0 {
		return
	}
	named := func(account estate.AccountID, region estate.Region, list ...plan.Kind) {
		for _, k := range list {
			p.add(plan.Permission{Account: account, May: plan.MayMake(k), Region: region, Named: plan.LikeNames(e.owner)})
		}
	}
	messages := func(account estate.AccountID, region estate.Region, list ...plan.May) { // of `orgdns serve` and `orgdns events`
		for _, m := range list {
			p.add(plan.Permission{Account: account, May: m, Region: region, Named: plan.LikeNames(e.owner)})
		}
	}
	region := in.Config.LatticeEvents.Region
	p.add(plan.Permission{Account: e.hub.ID, May: plan.MayReadOrganization})
	p.add(plan.Permission{Account: e.hub.ID, May: plan.MayReadRole, Role: plan.EventName(e.owner)})
	p.make(e.hub.ID, region, plan.KindShare)
	named(e.hub.ID, region, plan.KindEventBus, plan.KindEventRule, plan.KindQueue, plan.KindParameter)
	messages(e.hub.ID, region, plan.MayTakeMessages, plan.MaySendMessages)
	if key := in.Config.LatticeEvents.KMSKey; key != "" {
		p.add(plan.Permission{Account: e.hub.ID, May: plan.MayUseKeys, Region: region, Key: key})
	}
	for _, s := range ownSpokes(in) {
		named(s.Account, s.Region, plan.KindEventRule, plan.KindQueue)
		messages(s.Account, s.Region, plan.MayTakeMessages) // dead letters, which go back to the hub's queue
		if in.Config.LatticeEvents.CloudTrail {
			p.may(s.Account, s.Region, plan.MayReadTrails)
		}
		for _, m := range []plan.May{plan.MayMake(plan.KindEventRole), plan.MayPassEventRole} {
			p.add(plan.Permission{Account: s.Account, May: m, Role: plan.EventName(e.owner)})
		}
	}
}
