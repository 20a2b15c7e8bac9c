package twintest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/event"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/stage"
	"github.com/orgdns/orgdns/internal/twin"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// actionsOf are the actions of a statement.
func actionsOf(document string, statement int) []string {
	var doc struct {
		Statement []struct{ Action plan.List[string] }
	}
	if err := json.Unmarshal([]byte(document), &doc); err != nil {
		panic(err)
	}
	return doc.Statement[statement].Action
}

// withoutAction leaves an action out of a policy.
func withoutAction(document, action string) string {
	var doc map[string]any
	if err := json.Unmarshal([]byte(document), &doc); err != nil {
		panic(err)
	}
	var left []any
	for n, s := range doc["Statement"].([]any) {
		actions := slices.DeleteFunc(slices.Clone(actionsOf(document, n)), func(a string) bool { return a == action })
		if len(actions) > 0 {
			s.(map[string]any)["Action"] = actions
			left = append(left, s)
		}
	}
	doc["Statement"] = left
	raw, err := json.Marshal(doc)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

// chainLife is all that is done with the chain: it is made, mended after somebody
// changed it, and used; what could not be followed is looked at and sent again;
// and it is taken out.
func (r eventRig) chainLife(ctx context.Context, t *testing.T, w *world.World) error {
	if err := r.converge(ctx, w, reconcile.Options{}); err != nil {
		return fmt.Errorf("made: %w", err)
	}
	err := w.Update(func(s *world.State) error {
		for b := range s.Estate.EventBuses.All() {
			b.Policy = ""
			s.Estate.EventBuses.Put(b)
		}
		for v := range s.Estate.EventRules.All() {
			v.State = "DISABLED"
			s.Estate.EventRules.Put(v)
		}
		for q := range s.Estate.Queues.All() {
			q.Visibility = time.Second
			s.Estate.Queues.Put(q)
		}
		for v := range s.Estate.Shares.All() {
			v.AllowExternal, v.Principals, v.Resources = true, nil, nil
			var before []string // whom it was shared with, so many that they take several tags
			for i := range 30 {
				before = append(before, fmt.Sprintf("arn:aws:organizations::%s:ou/o-acmeexample/ou-acme-old%05d", management, i))
				v.Principals = append(v.Principals, estate.ShareMember{ID: before[i], Status: estate.ShareAssociated})
			}
			v.Tags = v.Tags.With(plan.MemberTags(plan.TagMembers, before))
			s.Estate.Shares.Put(v)
		}
		for p := range s.Estate.Parameters.All() {
			p.Value = "nowhere"
			s.Estate.Parameters.Put(p)
		}
		for role := range s.Estate.Roles.All() {
			if role.Name == plan.EventName(plan.EventsOwner(r.cfg.Owner)) {
				role.Trust, role.Inline = strings.ReplaceAll(role.Trust, "events.amazonaws.com", "lambda.amazonaws.com"), map[string]string{}
				s.Estate.Roles.Put(role)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := r.converge(ctx, w, reconcile.Options{}); err != nil {
		return fmt.Errorf("mended: %w", err)
	}
	if err := r.used(ctx, t, w); err != nil {
		return fmt.Errorf("used: %w", err)
	}
	if err := errors.Join(r.rig.converge(ctx, w, reconcile.Options{Destroy: true}), r.converge(ctx, w, reconcile.Options{Destroy: true})); err != nil {
		return fmt.Errorf("taken out: %w", err)
	}
	return nil
}

// sessions are those of the program in a world.
func (r eventRig) sessions(w *world.World) (*awsapi.Sessions, error) {
	access, err := stage.Accesses(r.cfg, func(string) (string, bool) { return "", false })
	if err != nil {
		return nil, err
	}
	base := credentials.NewStaticCredentialsProvider(string(management), world.AdministratorSecret, "")
	return stage.Sessions(r.cfg.Owner, w.Clock, base, &http.Client{Transport: twin.New(w)}, "", ireland, access), nil
}

// used lets services come and go, and then looks at the dead letters.
func (r eventRig) used(ctx context.Context, t *testing.T, w *world.World) error {
	defer w.Clock.Enter()()
	sessions, err := r.sessions(w)
	if err != nil {
		return err
	}
	var failed []error
	server := r.replica(t, w, func(s *event.Server) {
		s.Queues = []event.Queue{r.deployedQueue(t, w)}
		s.Failed = func(_ string, err error) { failed = append(failed, err) } // by one worker at a time
	})
	wait(t, w, time.Minute)
	lattice := r.spoke(w, shop, ireland)
	made, err := lattice.CreateService(ctx, &vpclattice.CreateServiceInput{
		Name: sdk.String("new"), CustomDomainName: sdk.String("new.svc.corp.acme.internal"), Tags: map[string]string{event.DefaultTagKey: "true"},
	})
	if err != nil {
		return err
	}
	wait(t, w, 10*time.Second)
	tag := func(value string) error {
		_, err := lattice.TagResource(ctx, &vpclattice.TagResourceInput{ResourceArn: made.Arn, Tags: map[string]string{event.DefaultTagKey: value}})
		return err
	}
	_, err = lattice.UntagResource(ctx, &vpclattice.UntagResourceInput{ResourceArn: made.Arn, TagKeys: []string{event.DefaultTagKey}})
	err = errors.Join(err, tag("perhaps")) // refused
	wait(t, w, time.Minute)
	server.end(t)
	if err = errors.Join(append(failed, err)...); err != nil {
		return err
	}
	if got := server.notes.outcomes(); got["applied"] != 1 || got["refused malformed"] != 1 || got["retried"] == 0 {
		return fmt.Errorf("outcomes %v", got)
	}

	// what comes to no bus is a dead letter of the account
	if err := w.Update(func(s *world.State) error {
		for b := range s.Estate.EventBuses.All() {
			b.Policy = ""
			s.Estate.EventBuses.Put(b)
		}
		return nil
	}); err != nil {
		return err
	}
	if err := tag("true"); err != nil {
		return err
	}
	wait(t, w, time.Minute)
	at, dead := recipe.EventQueues(recipe.Input{Config: r.cfg}, "aws")
	hub, err := awsapi.ParseQueue(at, "")
	if err != nil {
		return err
	}
	settings, err := sessions.Queue(hub).Settings(ctx)
	if err != nil {
		return err
	}
	letters := []*awsapi.Queue{settings.Dead}
	for _, name := range dead {
		id, err := awsapi.ParseQueue(name, "")
		if err != nil {
			return err
		}
		letters = append(letters, sessions.DeadLetters(id))
	}
	found := 0
	for _, q := range letters {
		n, err := q.Depth(ctx)
		if err != nil {
			return err
		}
		list, err := q.Receive(ctx, time.Second, time.Minute)
		if err != nil || len(list) != n {
			return fmt.Errorf("%s: %d messages of %d: %w", q.Name(), len(list), n, err)
		}
		for _, m := range list {
			found++
			err = errors.Join(err, sessions.Backlog(hub).Send(ctx, awsapi.Message{Body: m.Body}), q.Hide(ctx, list, time.Second), q.Delete(ctx, list))
		}
		if err != nil {
			return err
		}
	}
	if found != 2 {
		return fmt.Errorf("%d dead letters, want the one that was refused and the one that did not arrive", found)
	}
	return nil
}

// unheld are actions that AWS asks for and the twin does not: those by which RAM
// writes a parameter's policy, and tags on creation where no page says so.
var unheld = []string{"ssm:GetResourcePolicies", "ssm:PutResourcePolicy", "ssm:DeleteResourcePolicy", "ssm:AddTagsToResource", "ram:TagResource"}

// TestLatticeEventsActions: every action that `orgdns iam` prints for the chain, in
// the networking account and in the others, is needed for its life, and all of them
// together are enough: to make it, mend it, use it, look at its dead letters and
// take it out, with queues that a key of the account encrypts.
func TestLatticeEventsActions(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	full := latticeRig(t)
	full.cfg.LatticeEvents.KMSKey, full.cfg.Expect = "alias/events", nil
	r, docs := printed(t, full, full.start)
	plain := latticeRig(t)
	plain.cfg.LatticeEvents = nil
	_, others := printed(t, plain, plain.start)
	actions := func(docs []awsapi.RoleDocument, account estate.AccountID) map[string]bool {
		out := map[string]bool{}
		for _, d := range docs {
			for _, p := range d.Policies {
				for n := range statements(p.Document) {
					for _, a := range actionsOf(p.Document, n) {
						if d.Account == account {
							out[a] = true
						}
					}
				}
			}
		}
		return out
	}
	made := r.world()
	noErr(t, r.converge(t.Context(), made, reconcile.Options{}))
	noErr(t, eventRig{r}.chainLife(t.Context(), t, made.Fork(clock.NewVirtual(made.Now()))))
	tried := 0
	for _, account := range []estate.AccountID{network, shop} { // the pay team's is as the shop's
		old := actions(others, account)
		for _, action := range slices.Sorted(maps.Keys(actions(docs, account))) {
			if old[action] || slices.Contains(unheld, action) {
				continue
			}
			tried++
			w := made.Fork(clock.NewVirtual(made.Now()))
			noErr(t, w.Update(func(s *world.State) error {
				for i, d := range docs {
					if d.Account == account {
						less := roleOf(d, i, nil)
						for name, document := range less.Inline {
							less.Inline[name] = withoutAction(document, action)
						}
						s.Estate.Roles.Put(less)
					}
				}
				return nil
			}))
			if err := (eventRig{r}).chainLife(t.Context(), t, w); err == nil {
				t.Errorf("account %s: %s is not needed", account, action)
			}
		}
	}
	if tried < 50 {
		t.Errorf("only %d actions were tried", tried)
	}
}

// TestLatticeEventsKey: with what `orgdns iam` prints, the key of the configuration is
// used, by whatever it is named, for messages that it encrypts; no other key is.
func TestLatticeEventsKey(t *testing.T) {
	t.Parallel()
	const (
		id    = "1234abcd-12ab-34cd-56ef-1234567890ab"
		other = "99999999-12ab-34cd-56ef-1234567890ab"
		here  = "arn:aws:kms:eu-west-1:222222222222:"
	)
	for _, x := range []struct {
		key    string
		others []string
	}{
		{"alias/events", []string{"alias/other", id}},
		{here + "alias/events", []string{"alias/other", id}},
		{id, []string{"alias/events", other}},
		{here + "key/" + id, []string{"alias/events", here + "key/" + other}},
	} {
		t.Run(x.key, func(t *testing.T) {
			t.Parallel()
			full := latticeEvents(t, ", kmsKey: '"+x.key+"'")
			least, _ := printed(t, full.rig, full.start)
			r := eventRig{least}
			w := r.world()
			noErr(t, r.converge(t.Context(), w, reconcile.Options{}))
			defer w.Clock.Enter()()
			sessions, err := r.sessions(w)
			noErr(t, err)
			arn, _ := recipe.EventQueues(recipe.Input{Config: r.cfg}, "aws")
			queue, err := awsapi.ParseQueue(arn, "")
			noErr(t, err)
			use := func() (send, receive error) {
				send = sessions.Backlog(queue).Send(t.Context(), awsapi.Message{Body: "{}"})
				_, receive = sessions.Queue(queue).Receive(t.Context(), time.Second, time.Second)
				return send, receive
			}
			send, receive := use()
			noErr(t, errors.Join(send, receive))
			for _, key := range x.others {
				noErr(t, w.Update(func(s *world.State) error {
					q, _ := s.Estate.Queues.Get(arn)
					q.KMSKey = key
					s.Estate.Queues.Put(q)
					return nil
				}))
				if send, receive := use(); send == nil || receive == nil || !strings.Contains(send.Error(), "kms:") || !strings.Contains(receive.Error(), "kms:Decrypt") {
					t.Errorf("%s is used: %v, %v", key, send, receive)
				}
			}
		})
	}
}
