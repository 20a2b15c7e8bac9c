package event

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/recipe"
)

// MaxSize is the largest body that is looked at, in bytes: what EventBridge
// carries (EventBridge User Guide, eb-putevents.html). A queue may take more.
const MaxSize = 256 << 10

// DefaultTagKey is the tag that marks services where nothing else is said.
const DefaultTagKey = config.DefaultLatticeTag

// Form is how something was told.
type Form string

// The forms that are understood.
const (
	FormTag Form = "tag" // a change of a service's tags
	// FormTrail is an API call that CloudTrail recorded. It needs a trail in the
	// account or the organization.
	FormTrail    Form = "cloudtrail"
	FormGuidance Form = "guidance" // what AWS's guidance sends
)

// Forms lists every form.
var Forms = []Form{FormTag, FormTrail, FormGuidance}

// Hint says that something may have happened to a service. Nothing else of an
// event is believed: what the service is, AWS is asked.
type Hint struct {
	Event   string           `json:"event,omitempty"` // ID
	Form    Form             `json:"form,omitempty"`
	Account estate.AccountID `json:"account,omitempty"` // who sent it, and owns the service
	Region  estate.Region    `json:"region,omitempty"`
	Service string           `json:"service,omitempty"` // ARN
	Gone    bool             `json:"gone,omitempty"`    // the service is said to be going
	Time    time.Time        `json:"time,omitzero"`
	// Principal is the ARN of who made the call, as CloudTrail tells it, for people;
	// other forms do not tell (CloudTrail User Guide,
	// cloudtrail-event-reference-user-identity.html, arn).
	Principal string `json:"principal,omitempty"`
}

// By is who told, for people: the principal, or the account, with the form. Empty
// when nothing of it was understood.
func (h Hint) By() string {
	switch {
	case h.Account == "":
		return ""
	case h.Principal != "":
		return fmt.Sprintf("%s of account %s (%s)", h.Principal, h.Account, h.Form)
	case h.Form == "":
		return "account " + string(h.Account)
	}
	return fmt.Sprintf("account %s (%s)", h.Account, h.Form)
}

// Reason says why an event is not followed.
type Reason string

// The reasons of a refusal.
const (
	Oversize   Reason = "oversize"   // longer than MaxSize
	Malformed  Reason = "malformed"  // no event, or one that lacks what its form has
	Foreign    Reason = "foreign"    // none of the forms
	Forged     Reason = "forged"     // its service belongs to another account, or another Region
	NotGranted Reason = "notGranted" // no name is granted to the account
	// Irrelevant events are in order, but tell nothing: another tag, another
	// kind of resource, a call that failed. They are dropped.
	Irrelevant Reason = "irrelevant"
)

// Reasons lists every reason.
var Reasons = []Reason{Oversize, Malformed, Foreign, Forged, NotGranted, Irrelevant}

// Refusal is the error of an event that is not followed.
type Refusal struct {
	Reason Reason
	Detail string
	Hint   Hint // as far as it was understood
}

// Error says why.
func (r *Refusal) Error() string { return string(r.Reason) + ": " + r.Detail }

// envelope is an event as EventBridge delivers it (EventBridge User Guide,
// eb-events-structure.html). Its account and Region are EventBridge's word:
// whoever puts an event cannot choose them.
type envelope struct {
	ID         string           `json:"id"`
	Source     string           `json:"source"`
	DetailType string           `json:"detail-type"`
	Account    estate.AccountID `json:"account"`
	Region     estate.Region    `json:"region"`
	Time       time.Time        `json:"time"`
	Resources  []string         `json:"resources"`
	Detail     json.RawMessage  `json:"detail"`
}

// forms are the events that are taken, by source and detail type.
var forms = map[[2]string]struct {
	form Form
	read func(envelope, string) (service string, gone bool, r *Refusal)
}{
	{recipe.TagSource, recipe.TagChange}:            {FormTag, tagChange},
	{recipe.TrailSource, recipe.TrailCall}:          {FormTrail, trailCall},
	{recipe.GuidanceSource, recipe.GuidanceCreated}: {FormGuidance, guidance},
	{recipe.GuidanceSource, recipe.GuidanceDeleted}: {FormGuidance, guidance},
}

// Decode reads an event. tagKey is the tag that marks services. The error is a
// *Refusal.
func Decode(body string, tagKey string) (Hint, error) {
	if len(body) > MaxSize {
		return Hint{}, refuse(Oversize, "it has %d bytes; an event has %d at most", len(body), MaxSize)
	}
	var e envelope
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		return Hint{}, refuse(Malformed, "it is no event: %s", short(err.Error()))
	}
	h := Hint{Event: short(e.ID), Account: e.Account, Region: e.Region, Time: e.Time}
	if !accountForm.MatchString(string(e.Account)) || !regionForm.MatchString(string(e.Region)) || e.ID == "" || e.Time.IsZero() {
		return Hint{}, refuse(Malformed, "account, Region, ID or time is missing, or not in the form that EventBridge gives it")
	}
	f, ok := forms[[2]string{e.Source, e.DetailType}]
	if !ok {
		r := refuse(Foreign, "source %q with detail type %q is not followed", short(e.Source), short(e.DetailType))
		r.Hint = h
		return Hint{}, r
	}
	h.Form = f.form
	if f.form == FormTrail {
		h.Principal = caller(e)
	}
	service, gone, r := f.read(e, tagKey)
	if r == nil {
		h.Service, h.Gone = short(service), gone
		r = owned(h)
	}
	if r != nil {
		r.Hint = h
		return Hint{}, r
	}
	return h, nil
}

var (
	accountForm = regexp.MustCompile(`^\d{12}$`)
	regionForm  = regexp.MustCompile(`^[a-z]{2}(-[a-z]{1,12}){1,3}-\d{1,2}$`)
	// serviceForm is the ARN of a service, and idForm its ID (VPC Lattice API,
	// GetService).
	serviceForm = regexp.MustCompile(`^arn:(aws[a-z-]*):vpc-lattice:([a-z0-9-]+):(\d{12}):service/(svc-[0-9a-z]{17})$`)
	idForm      = regexp.MustCompile(`^svc-[0-9a-z]{17}$`)
)

// owned holds the service of an event against who sent it.
func owned(h Hint) *Refusal {
	m := serviceForm.FindStringSubmatch(h.Service)
	switch {
	case m == nil:
		return refuse(Malformed, "%q is no ARN of a VPC Lattice service", short(h.Service))
	case m[3] != string(h.Account):
		return refuse(Forged, "account %s tells of a service of account %s", h.Account, m[3])
	case m[2] != string(h.Region):
		return refuse(Forged, "an event of %s tells of a service in %s", h.Region, m[2])
	case m[1] != h.Region.Partition():
		return refuse(Forged, "there is no partition %s in %s", m[1], h.Region)
	}
	return nil
}

// tagChange: the tag says true when the service was made, and is gone when it
// went. What else it says is nothing that anybody agreed on.
func tagChange(e envelope, tagKey string) (service string, gone bool, r *Refusal) {
	var d struct {
		Service string            `json:"service"`
		Type    string            `json:"resource-type"`
		Changed []string          `json:"changed-tag-keys"`
		Tags    map[string]string `json:"tags"`
	}
	if err := json.Unmarshal(e.Detail, &d); err != nil {
		return "", false, refuse(Malformed, "the detail is not that of a tag change: %s", short(err.Error()))
	}
	value, set := d.Tags[tagKey]
	switch {
	case d.Service != "vpc-lattice" || d.Type != "service":
		return "", false, refuse(Irrelevant, "it is about a %q of %q", short(d.Type), short(d.Service))
	case len(e.Resources) != 1:
		return "", false, refuse(Malformed, "it names %d resources, not one", len(e.Resources))
	case !slices.Contains(d.Changed, tagKey):
		return "", false, refuse(Irrelevant, "the tag %s did not change", tagKey)
	case set && value != "true":
		return "", false, refuse(Malformed, "the tag %s says %q; it says true, or is not there", tagKey, short(value))
	}
	return e.Resources[0], !set, nil
}

// trailCall: the service stands in the answer, or in what was asked, by ID or
// ARN (VPC Lattice API, serviceIdentifier).
func trailCall(e envelope, _ string) (service string, gone bool, r *Refusal) {
	var d struct {
		Source  string `json:"eventSource"`
		Name    string `json:"eventName"`
		Error   string `json:"errorCode"`
		Request struct {
			Service  string `json:"serviceIdentifier"`
			Resource string `json:"resourceArn"`
		} `json:"requestParameters"`
		Response struct {
			ARN string `json:"arn"`
		} `json:"responseElements"`
	}
	if err := json.Unmarshal(e.Detail, &d); err != nil {
		return "", false, refuse(Malformed, "the detail is not that of an API call: %s", short(err.Error()))
	}
	gone = d.Name == "DeleteService"
	switch {
	case d.Source != recipe.TrailAPI:
		return "", false, refuse(Malformed, "the call is one of %q", short(d.Source))
	case !slices.Contains(recipe.TrailCalls, d.Name):
		return "", false, refuse(Irrelevant, "%q changes no service", short(d.Name))
	case d.Error != "":
		return "", false, refuse(Irrelevant, "%s failed with %q", d.Name, short(d.Error))
	case d.Response.ARN != "":
		return d.Response.ARN, gone, nil
	case idForm.MatchString(d.Request.Service):
		return fmt.Sprintf("arn:%s:vpc-lattice:%s:%s:service/%s", e.Region.Partition(), e.Region, e.Account, d.Request.Service), gone, nil
	case d.Request.Service != "":
		return d.Request.Service, gone, nil
	}
	// A listener and its rules have ARNs below their service's (Service
	// Authorization Reference, list_amazonvpclattice).
	_, id, _ := strings.Cut(d.Request.Resource, ":service/")
	if d.Request.Resource != "" && !idForm.MatchString(id) {
		return "", false, refuse(Irrelevant, "%s is about %q", d.Name, short(d.Request.Resource))
	}
	return d.Request.Resource, gone, nil
}

// caller is the ARN of who made a call, empty where it is not told, as of calls by
// AWS's services.
func caller(e envelope) string {
	var d struct {
		Who struct {
			ARN string `json:"arn"`
		} `json:"userIdentity"`
	}
	if json.Unmarshal(e.Detail, &d) != nil {
		return "" // what is wrong with it, is told by who reads the call
	}
	return short(d.Who.ARN)
}

// guidance: names and targets that stand in its detail are not looked at.
func guidance(e envelope, _ string) (service string, gone bool, r *Refusal) {
	var d struct{ ServiceArn string }
	if err := json.Unmarshal(e.Detail, &d); err != nil {
		return "", false, refuse(Malformed, "the detail is not that of the guidance: %s", short(err.Error()))
	}
	return d.ServiceArn, e.DetailType == recipe.GuidanceDeleted, nil
}

func refuse(r Reason, format string, args ...any) *Refusal {
	return &Refusal{Reason: r, Detail: fmt.Sprintf(format, args...)}
}

// short cuts what a stranger wrote to a length that a log line bears; no ARN of a
// service is longer.
func short(s string) string {
	const most = 160
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
