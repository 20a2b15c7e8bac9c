package awsapi

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// Writer carries out steps: it is apply's port. An error that comes back is
// final; every method may be called concurrently, and again.
type Writer struct {
	*caller

	mu sync.Mutex
	// doubtful are addresses of certificates, endpoints and the like whose
	// request was begun in this run and did not come to its end.
	doubtful map[string]bool
	// restarted counts, by address, how often a verification was started again.
	restarted map[string]int

	asked together
}

// binding is a kind of resource on AWS; the other half of its file in package
// plan. What its calls cost stands in services.
type binding struct {
	reads   []estate.QueryKind // the queries that see it
	do      func(*Writer, context.Context, plan.Step) (plan.Attributes, error)
	settled func(*Writer, context.Context, plan.Step, plan.Attributes) (bool, error)
	needs   map[plan.Action][]plan.May // what it needs to be done; an action that is missing cannot be
}

// bindings has every kind.
var bindings = map[plan.Kind]binding{
	plan.KindZone:          zoneBinding,
	plan.KindZoneTags:      zoneTagsBinding,
	plan.KindRecord:        recordBinding,
	plan.KindCertificate:   certificateBinding,
	plan.KindAuthorization: authorizationBinding,
	plan.KindAssociation:   associationBinding,
	plan.KindVPCAttributes: vpcAttributesBinding,
	plan.KindRole:          roleBinding,

	plan.KindSecurityGroup:      securityGroupBinding,
	plan.KindEndpoint:           endpointBinding,
	plan.KindEndpointService:    endpointServiceBinding,
	plan.KindVerification:       verificationBinding,
	plan.KindConnection:         connectionBinding,
	plan.KindPrivateDNS:         privateDNSBinding,
	plan.KindTransitAttachment:  transitAttachmentBinding,
	plan.KindTransitAcceptance:  transitAcceptanceBinding,
	plan.KindRoutes:             routesBinding,
	plan.KindProfile:            profileBinding,
	plan.KindProfileResource:    profileResourceBinding,
	plan.KindProfileAssociation: profileAssociationBinding,
	plan.KindShare:              shareBinding,
	plan.KindInvitation:         invitationBinding,
	plan.KindResolverEndpoint:   resolverEndpointBinding,
	plan.KindResolverRule:       resolverRuleBinding,
	plan.KindRuleAssociation:    ruleAssociationBinding,
	plan.KindProbeRole:          probeRoleBinding,
	plan.KindProbe:              probeBinding,
	plan.KindEventBus:           eventBusBinding,
	plan.KindEventRule:          eventRuleBinding,
	plan.KindEventRole:          eventRoleBinding,
	plan.KindQueue:              queueBinding,
	plan.KindParameter:          parameterBinding,
}

// Do carries out one step. A step that was done before, by an earlier run or
// by a call whose answer was lost, gives the same attributes again and makes
// nothing twice.
func (w *Writer) Do(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	b := bindings[s.Kind]
	if len(b.needs[s.Action]) == 0 {
		return nil, impossible(s)
	}
	a, err := b.do(w, ctx, s)
	if err != nil {
		return nil, plain(err)
	}
	return a, nil
}

// Settled asks once whether what Do did is in effect; done is what Do gave.
func (w *Writer) Settled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	b, ok := bindings[s.Kind]
	if !ok {
		return false, impossible(s)
	}
	settled, err := b.settled(w, ctx, s, done)
	if err != nil {
		return false, plain(err)
	}
	return settled, nil
}

// Refused reports whether a batch of records was refused for what it holds.
func (w *Writer) Refused(err error) bool {
	return Code(err) == "InvalidChangeBatch" || Code(err) == "NoSuchHealthCheck"
}

// Denied reports whether a call was refused for want of permission.
func (w *Writer) Denied(err error) bool { return Denied(err) }

// Needs are the permissions without which a step of a kind cannot be done;
// none when it cannot be done at all.
func Needs(k plan.Kind, a plan.Action) []plan.May { return slices.Clone(bindings[k].needs[a]) }

func (w *Writer) settledAtOnce(context.Context, plan.Step, plan.Attributes) (bool, error) {
	return true, nil
}

func impossible(s plan.Step) error {
	return fmt.Errorf("%s: there is no way to %s a %s", s.Address, s.Action, s.Kind)
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.SortedFunc(maps.Keys(m), strings.Compare)
}
