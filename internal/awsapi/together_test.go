package awsapi

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/plan"
)

// TestTogether: what is asked of an account and Region within a moment becomes
// one list, begun after all of them asked; who asks alone gets a call of its own.
func TestTogether(t *testing.T) {
	v := clock.NewVirtual(start)
	defer v.Enter()()
	w := New(Options{Clock: v}).Writer(nil)
	type asked struct {
		id    string
		after time.Duration
		at    plan.Step
	}
	here := plan.Step{Kind: plan.KindRuleAssociation, Account: account, Region: "eu-west-1"}
	there := plan.Step{Kind: plan.KindRuleAssociation, Account: account, Region: "eu-central-1"}
	refused := errors.New("refused")
	for _, tt := range []struct {
		name  string
		asked []asked
		err   error
		calls []string
	}{
		{"together", []asked{{"a", 0, here}, {"b", time.Second, here}, {"c", time.Second, here}}, nil, []string{"list of 3 at 2s"}},
		{"alone", []asked{{"a", 0, here}}, nil, []string{"get a at 2s"}},
		{"apart", []asked{{"a", 0, here}, {"b", 500 * time.Millisecond, there}}, nil, []string{"get a at 2s", "get b at 2.5s"}},
		{"one after another", []asked{{"a", 0, here}, {"b", 3 * time.Second, here}}, nil, []string{"get a at 2s", "get b at 5s"}},
		{"refused", []asked{{"a", 0, here}, {"b", 0, here}}, refused, []string{"list of 2 at 2s"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			began := v.Now()
			var calls []string
			called := func(format string, args ...any) {
				calls = append(calls, fmt.Sprintf(format, args...)+fmt.Sprintf(" at %s", v.Now().Sub(began)))
			}
			done := clock.NewMailbox[error](v)
			for _, q := range tt.asked {
				v.Go(func() {
					if err := v.Sleep(context.Background(), q.after); err != nil {
						done.Send(err)
						return
					}
					got := w.inEffect(context.Background(), q.at, q.id, func(context.Context) effect {
						called("get %s", q.id)
						return effect{status: q.id, err: tt.err}
					}, func(_ context.Context, all []question) (map[string]effect, error) {
						called("list of %d", len(all))
						out := map[string]effect{}
						for _, one := range all {
							out[one.id] = effect{status: one.id}
						}
						return out, tt.err
					})
					if got.status != q.id && tt.err == nil {
						got.err = fmt.Errorf("%s was told of %q", q.id, got.status)
					}
					done.Send(got.err)
				})
			}
			for range tt.asked {
				if err := done.Receive(); !errors.Is(err, tt.err) {
					t.Error(err)
				}
			}
			if fmt.Sprint(calls) != fmt.Sprint(tt.calls) {
				t.Errorf("called %v, want %v", calls, tt.calls)
			}
		})
	}
}
