package plan

import (
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/estate"
)

// What brings events from accounts to orgdns. All of it is marked by tags, and
// named by its owner, so that what an owner has is listed by how names begin.
//
// KindEventBus: name, policy. Attributes: id and arn, both the ARN.
//
// KindEventRule: bus (ARN), name, pattern, state; and its one target of ours:
// target (ARN), role (ARN; none where the target's own policy decides), input
// (what it gets in place of the event; none, so that it gets the event),
// deadLetters (ARN of a queue), maxAge (seconds) and maxRetries. Attributes as
// above. Targets of others are left alone.
//
// KindEventRole is as what EventBridge sends: name, trust, policy. It is in no
// Region. Attributes: id (its name), arn.
//
// KindQueue: name, policy, encryption (EncryptedBySQS, or a KMS key), visibility,
// retention, delay and wait (seconds; wait is how long a call waits that does not
// say so), maxSize (of a message, bytes), deadLetters (ARN of the queue for what
// was received maxReceives times) and admits (names of the queues beside it whose dead letters
// it takes; with none it takes nobody's). Attributes as of a bus.
//
// KindParameter, a String of the tier Advanced: name, value. Attributes as of a
// bus.

// EventsOwner marks what brings events to an owner. It is an owner apart, so that
// neither a run for the owner's recipes takes it for something of theirs, nor the
// other way round. No configuration can have it: an owner has no "+".
func EventsOwner(owner string) string { return owner + ofEvents }

const ofEvents = "+events"

// EventName is the name of the bus, the rules, the role and the queue of an owner
// of events.
func EventName(owner string) string { return NamePrefix(owner) + "events" }

// EventService is the principal that delivers events.
const EventService = "events.amazonaws.com"

// EventTarget is the ID of our target of a rule.
const EventTarget = "orgdns"

// EncryptedBySQS is the encryption of a queue with keys of SQS itself.
const EncryptedBySQS = "sqs"

// EventRoleAddress is the address of the role in an account.
func EventRoleAddress(account estate.AccountID) string { return eventRoles + string(account) }

const eventRoles = "events/roles/"

func inSeconds(d time.Duration) []string { return []string{strconv.Itoa(int(d.Seconds()))} }

func standingBuses(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for b := range e.EventBuses.All() {
			if !yield(Standing{Kind: KindEventBus, ID: b.ARN, Account: b.Account, Region: b.Region, Tags: b.Tags,
				Fields:     map[string][]string{"name": one(b.Name), "policy": one(NormalDocument(b.Policy))},
				Attributes: Attributes{"id": {b.ARN}, "arn": {b.ARN}},
			}) {
				return
			}
		}
	}
}

func standingEventRules(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for r := range e.EventRules.All() {
			s := Standing{Kind: KindEventRule, ID: r.ARN, Account: r.Account, Region: r.Region, Tags: r.Tags,
				Fields: map[string][]string{
					"bus": one(r.Bus), "name": one(r.Name), "pattern": one(NormalDocument(r.Pattern)), "state": one(r.State),
					"target": {}, "role": {}, "input": {}, "deadLetters": {}, "maxAge": {}, "maxRetries": {},
				},
				Attributes: Attributes{"id": {r.ARN}, "arn": {r.ARN}},
			}
			for _, t := range r.Targets {
				if t.ID != EventTarget {
					continue
				}
				s.Fields["target"], s.Fields["role"], s.Fields["deadLetters"] = one(t.ARN), one(t.Role), one(t.DeadLetters)
				s.Fields["input"] = one(t.Input + t.InputPath + t.Template) // one of them at most (API_Target)
				s.Fields["maxAge"] = inSeconds(t.MaxAge)
				if t.MaxRetries != nil {
					s.Fields["maxRetries"] = []string{strconv.Itoa(int(*t.MaxRetries))}
				}
			}
			if !yield(s) {
				return
			}
		}
	}
}

func standingEventRoles(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for r := range e.Roles.All() {
			if !strings.HasPrefix(r.Tags[TagAddress], eventRoles) {
				continue
			}
			if !yield(Standing{Kind: KindEventRole, ID: r.Name, Account: r.Account, Tags: r.Tags,
				Fields:     map[string][]string{"name": one(r.Name), "trust": one(NormalDocument(r.Trust)), "policy": one(NormalDocument(r.Inline[RolePolicy]))},
				Attributes: Attributes{"id": {r.Name}, "arn": {r.ARN}},
			}) {
				return
			}
		}
	}
}

func standingQueues(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for q := range e.Queues.All() {
			s := Standing{Kind: KindQueue, ID: q.ARN, Account: q.Account, Region: q.Region, Tags: q.Tags,
				Fields: map[string][]string{
					"name": one(q.Name), "policy": one(NormalDocument(q.Policy)), "encryption": one(q.KMSKey),
					"visibility": inSeconds(q.Visibility), "retention": inSeconds(q.Retention), "delay": inSeconds(q.Delay), "wait": inSeconds(q.Wait),
					"maxSize":     {strconv.Itoa(q.MaxSize)},
					"deadLetters": one(q.DeadLetters), "maxReceives": {}, "admits": {},
				},
				Attributes: Attributes{"id": {q.ARN}, "arn": {q.ARN}},
			}
			if q.Encrypted {
				s.Fields["encryption"] = one(EncryptedBySQS)
			}
			if q.DeadLetters != "" {
				s.Fields["maxReceives"] = []string{strconv.Itoa(q.MaxReceives)}
			}
			for _, arn := range q.Redrive.Sources {
				s.Fields["admits"] = append(s.Fields["admits"], arn[strings.LastIndexByte(arn, ':')+1:])
			}
			if len(q.Redrive.Sources) == 0 && q.Redrive.Permission != "denyAll" { // it takes anybody's
				s.Fields["admits"] = []string{"*"}
			}
			if !yield(s) {
				return
			}
		}
	}
}

func standingParameters(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for p := range e.Parameters.All() {
			if !yield(Standing{Kind: KindParameter, ID: p.ARN, Account: p.Account, Region: p.Region, Tags: p.Tags,
				Fields:     map[string][]string{"name": one(p.Name), "value": one(p.Value)},
				Attributes: Attributes{"id": {p.ARN}, "arn": {p.ARN}},
			}) {
				return
			}
		}
	}
}
