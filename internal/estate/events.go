package estate

import (
	"strings"
	"time"
)

// EventBus is an event bus of Amazon EventBridge. The bus "default" is in every
// account and Region; it has a row once something is set on it
// (EventBridge API, API_EventBus).
type EventBus struct {
	ARN         string    `json:"arn"`
	Account     AccountID `json:"account"`
	Region      Region    `json:"region"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Policy      string    `json:"policy,omitempty"`
	Created     time.Time `json:"created,omitzero"`
	Modified    time.Time `json:"modified,omitzero"`
	Tags        Tags      `json:"tags,omitzero"`
}

func (b EventBus) Key() string { return b.ARN }
func (b EventBus) IndexKeys() []string {
	return []string{ByAccount(b.Account), ByRegion(b.Account, b.Region)}
}

// DefaultBus is the name of the bus that AWS's services send to.
const DefaultBus = "default"

// EventBusARN is the ARN of a bus.
func EventBusARN(account AccountID, region Region, name string) string {
	return strings.Join([]string{"arn:aws:events", string(region), string(account), "event-bus/" + name}, ":")
}

// EventRule sends the events of a bus that match its pattern to its targets
// (EventBridge API, API_PutRule, API_PutTargets).
type EventRule struct {
	ARN         string        `json:"arn"`
	Account     AccountID     `json:"account"` // of the bus
	Region      Region        `json:"region"`
	Bus         string        `json:"bus"` // ARN
	Name        string        `json:"name"`
	Description string        `json:"description,omitempty"`
	Pattern     string        `json:"pattern"`
	State       string        `json:"state"` // ENABLED, DISABLED, …
	Role        string        `json:"role,omitempty"`
	Maker       AccountID     `json:"maker,omitempty"` // who made it
	Targets     []EventTarget `json:"targets,omitempty"`
	Tags        Tags          `json:"tags,omitzero"`
}

func (r EventRule) Key() string { return r.ARN }
func (r EventRule) IndexKeys() []string {
	return []string{ByAccount(r.Account), ByRegion(r.Account, r.Region), ByMember(r.Bus)}
}

// EventRuleARN is the ARN of a rule of a bus.
func EventRuleARN(account AccountID, region Region, bus, name string) string {
	if bus != DefaultBus {
		name = bus + "/" + name
	}
	return strings.Join([]string{"arn:aws:events", string(region), string(account), "rule/" + name}, ":")
}

// EventTarget is where a rule sends.
type EventTarget struct {
	ID   string `json:"id"`
	ARN  string `json:"arn"`
	Role string `json:"role,omitempty"` // ARN; the rule's policy is the target's without one
	// One of these shapes what is sent; without any it is the event.
	Input     string            `json:"input,omitempty"`
	InputPath string            `json:"inputPath,omitempty"`
	Template  string            `json:"template,omitempty"`
	Paths     map[string]string `json:"paths,omitempty"` // of the template's names

	Group       string        `json:"group,omitempty"`       // message group of a FIFO queue
	DeadLetters string        `json:"deadLetters,omitempty"` // ARN of a queue
	MaxAge      time.Duration `json:"maxAge,omitempty"`      // 0: as EventBridge has it
	MaxRetries  *int32        `json:"maxRetries,omitempty"`  // nil: as EventBridge has it
}
