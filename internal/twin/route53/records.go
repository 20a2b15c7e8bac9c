package route53

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Limits of one batch (Developer Guide, DNSLimitations.html): values, where an
// alias counts as one, and characters of values; both double for an UPSERT.
const (
	maxElements   = 1000
	maxCharacters = 32_000
)

// changeResourceRecordSets applies a batch whole or not at all. The changes are
// taken in their order, each against what those before it left; all that is
// wrong is answered at once.
func changeResourceRecordSets(_ context.Context, c *world.Call, in *sdk.ChangeResourceRecordSetsInput) (*sdk.ChangeResourceRecordSetsOutput, error) {
	id := bare(in.HostedZoneId, zonePrefix)
	var given []types.Change
	var comment string
	if in.ChangeBatch != nil {
		given, comment = in.ChangeBatch.Changes, aws.ToString(in.ChangeBatch.Comment)
	}
	if err := authorize(c, zoneARN(id), recordConditions(given)); err != nil {
		return nil, err
	}
	z, err := ownZone(c, id)
	switch {
	case err != nil:
		return nil, err
	case z.LinkedService != "":
		return nil, managed(z)
	case len(given) == 0:
		return nil, invalidInput("Invalid request: ChangeBatch must have at least one change")
	}
	if err := claimZone(c, id); err != nil {
		return nil, err
	}
	count := recordCount(c.Estate(), z)
	b := batch{call: c, e: c.Estate(), zone: z, before: count, count: count}
	if err := b.read(given); err != nil {
		return nil, err
	}
	for _, ch := range b.changes {
		b.apply(ch)
	}
	b.judge()
	switch {
	case len(b.messages) == 0:
	case len(b.messages) == b.readings:
		return nil, &world.Undocumented{Rule: "R6.1", Err: invalidBatch(b.messages)}
	default:
		return nil, invalidBatch(b.messages)
	}
	if err := spend(c, b.tokens); err != nil {
		return nil, err
	}
	z.RecordCount = b.count
	b.e.Zones.Put(z)
	return &sdk.ChangeResourceRecordSetsOutput{ChangeInfo: newChange(c, id, comment)}, nil
}

// recordConditions are the condition keys of a batch, each with the values of
// all its changes (Developer Guide, specifying-rrset-conditions.html).
func recordConditions(given []types.Change) world.Conditions {
	names, kinds, actions := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, ch := range given {
		actions[string(ch.Action)] = true
		if ch.ResourceRecordSet == nil {
			continue
		}
		kinds[string(ch.ResourceRecordSet.Type)] = true
		s := aws.ToString(ch.ResourceRecordSet.Name)
		if n, err := dnsname.Parse(s); err == nil {
			s = n.Normalized()
		} else {
			s = strings.ToLower(s) // refused later, but not before it was judged
		}
		names[s] = true
	}
	return world.Conditions{
		"route53:changeresourcerecordsetsnormalizedrecordnames": keys(names),
		"route53:changeresourcerecordsetsrecordtypes":           keys(kinds),
		"route53:changeresourcerecordsetsactions":               keys(actions),
	}
}

func keys(set map[string]bool) []string {
	out := make([]string, 0, len(set))
	for k := range set {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// edit is a change that was read.
type edit struct {
	action types.ChangeAction
	set    estate.RecordSet
}

// batch is a change batch on its way. It edits the transaction's estate, which
// is thrown away when anything is wrong.
type batch struct {
	call     *world.Call
	e        *estate.Estate
	zone     estate.Zone
	changes  []edit
	before   int64 // records in the zone
	count    int64 // the same as far as the batch was applied
	tokens   int
	messages []string
	readings int // how many of the messages are our reading of R6.1
}

func (b *batch) fail(format string, args ...any) {
	b.messages = append(b.messages, fmt.Sprintf(format, args...))
}

// read takes in the changes and judges what can be judged without the zone. It
// fails at once for what is no batch, and when a record set is no record set.
func (b *batch) read(given []types.Change) error {
	var elements, characters int
	for i := range given {
		ch, problems, err := readChange(b.zone, &given[i])
		if err != nil {
			return err
		}
		b.messages = append(b.messages, problems...)
		if ch.set.Name.IsZero() {
			continue
		}
		if id := ch.set.HealthCheck; id != "" && ch.action != types.ChangeActionDelete && !checkKnown(b.call, id) {
			return noSuchCheck(id)
		}
		factor := 1
		if ch.action == types.ChangeActionUpsert {
			factor = 2
		}
		b.tokens += factor
		elements += factor * max(1, len(ch.set.Values))
		for _, v := range ch.set.Values {
			characters += factor * len(v)
		}
		if most, limited := quota(b.call, b.zone.Account, quotaValues, b.zone.ID); limited && int64(len(ch.set.Values)) > most {
			b.fail("Number of records limit of %d exceeded in RRSet with DNS name %s, type %s.", most, ch.set.Name.Route53(), ch.set.Type)
		}
		b.changes = append(b.changes, ch)
	}
	if elements > maxElements {
		b.fail("Number of records limit of %d exceeded.", maxElements) // getmoto/moto's text, said to be AWS's
	}
	if characters > maxCharacters {
		b.fail("Number of characters limit of %d exceeded.", maxCharacters)
	}
	b.duplicates()
	if len(b.messages) > 0 {
		return invalidBatch(b.messages)
	}
	return nil
}

// duplicates refuses several changes of one record set, but for a DELETE that
// is followed by one CREATE or UPSERT, the way to replace a record set.
func (b *batch) duplicates() {
	seen := map[string][]types.ChangeAction{}
	for _, ch := range b.changes {
		key := ch.set.Key()
		before := seen[key]
		seen[key] = append(before, ch.action)
		replaced := len(before) == 1 && before[0] == types.ChangeActionDelete && ch.action != types.ChangeActionDelete
		if len(before) > 0 && !replaced {
			b.fail("The request contains an invalid set of changes for a resource record set '%s %s'", ch.set.Type, ch.set.Name.Route53())
		}
	}
}

// label names a record set in a message.
func label(set estate.RecordSet) string {
	s := fmt.Sprintf("[name='%s', type='%s'", set.Name.Route53(), set.Type)
	if set.SetID != "" {
		s += fmt.Sprintf(", set-identifier='%s'", set.SetID)
	}
	return s + "]"
}

// apply does one change.
func (b *batch) apply(ch edit) {
	old, exists := b.e.Records.Get(ch.set.Key())
	switch {
	case ch.action == types.ChangeActionCreate && exists:
		b.fail("Tried to create resource record set %s but it already exists", label(ch.set))
	case ch.action == types.ChangeActionDelete && !exists:
		b.fail("Tried to delete resource record set %s but it was not found", label(ch.set))
	case ch.action == types.ChangeActionDelete && !old.Same(ch.set):
		b.fail("Tried to delete resource record set %s but the values provided do not match the current values", label(ch.set))
	case ch.action == types.ChangeActionDelete:
		b.e.Records.Delete(ch.set.Key())
		b.count--
	case b.beside(ch.set) && b.alias(ch.set):
		b.e.Records.Put(ch.set)
		if !exists {
			b.count++
		}
	}
}

// beside judges a record set by the others of its name: a CNAME stands alone,
// and record sets of one name and type have one routing policy.
func (b *batch) beside(set estate.RecordSet) bool {
	before := len(b.messages)
	var group int64
	for other := range b.e.Records.Prefix(estate.RecordsAt(set.Zone, set.Name)) {
		switch {
		case other.Type != set.Type && set.Type == "CNAME":
			b.fail("RRSet of type CNAME with DNS name %s is not permitted as it conflicts with other records with the same DNS name in zone %s", set.Name.Route53(), b.zone.Name.Route53())
			return false
		case other.Type != set.Type && other.Type == "CNAME":
			b.fail("RRSet of type %s with DNS name %s is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone %s", set.Type, set.Name.Route53(), b.zone.Name.Route53())
			return false
		case other.Type != set.Type || other.SetID == set.SetID:
			continue
		case set.SetID == "":
			// chef-boneyard/route53#100
			b.fail("RRSet with DNS name %s, type %s cannot be created as other RRSets exist with the same name and type.", set.Name.Route53(), set.Type)
			return false
		case policy(other.Routing) != policy(set.Routing):
			// kubernetes-sigs/external-dns#3141
			b.fail("RRSet with DNS name %s, type %s, SetIdentifier %s cannot be created as a non-%s set exists with the same name and type.", set.Name.Route53(), set.Type, set.SetID, policy(set.Routing))
			return false
		}
		group++
	}
	code := quotaGroup
	if set.Routing.GeoProximity != nil {
		code = quotaGeoProximity
	}
	if most, limited := quota(b.call, b.zone.Account, code, b.zone.ID); limited && group >= most {
		b.fail("RRSet with DNS name %s, type %s, SetIdentifier %s cannot be created: at most %d sets can have the same name and type.", set.Name.Route53(), set.Type, set.SetID, most)
	}
	return len(b.messages) == before
}

// judge looks at the zone as the batch left it.
func (b *batch) judge() {
	for _, ch := range b.changes {
		if _, ok := b.e.Records.Get(ch.set.Key()); ok || ch.set.Name != b.zone.Name {
			continue
		}
		switch ch.set.Type {
		case "NS":
			b.fail("A HostedZone must contain at least one NS record for the zone itself.")
		case "SOA":
			b.fail("A HostedZone must contain exactly one SOA record.")
		}
	}
	if most, limited := quota(b.call, b.zone.Account, quotaRecords, b.zone.ID); limited && b.count > most && b.count > b.before {
		b.fail("%s", *limitExceeded(quotaRecords, "resource record sets"))
	}
	judged := map[string]bool{}
	for _, ch := range b.changes {
		group := estate.RecordsAt(ch.set.Zone, ch.set.Name) + ch.set.Type + "\x01"
		if !ch.set.Routing.Simple() && !judged[group] {
			b.judgeGroup(group)
		}
		judged[group] = true
	}
}

// judgeGroup looks at the record sets of one name, type and routing policy:
// weighted ones have one TTL (API_ResourceRecordSet), and of the others no two
// route the same.
func (b *batch) judgeGroup(group string) {
	var sets []estate.RecordSet
	for rec := range b.e.Records.Prefix(group) {
		for _, other := range sets {
			name := rec.Name.Route53()
			switch {
			case rec.Routing.Weight != nil:
				if rec.Alias == nil && other.Alias == nil && rec.TTL != other.TTL {
					// aws/aws-sdk-go-v2#518
					b.fail("RRSet with DNS name %s and type %s, SetIdentifier %s cannot be created as weighted sets must contain the same TTL.", name, rec.Type, rec.SetID)
					return
				}
			case rec.Routing.MultiValue || !rec.Routing.Same(other.Routing):
			case rec.Routing.Latency != "":
				// kubernetes-sigs/external-dns#3945
				b.fail("RRSet with DNS name %s, type %s, SetIdentifier %s, and Region Name=%s cannot be created because a latency RRSet with the same name, type and region already exists.", name, rec.Type, rec.SetID, rec.Routing.Latency)
			default:
				b.fail("RRSet with DNS name %s, type %s, SetIdentifier %s cannot be created because a %s RRSet with the same name, type and location already exists.", name, rec.Type, rec.SetID, policy(rec.Routing))
			}
		}
		sets = append(sets, rec)
	}
}
