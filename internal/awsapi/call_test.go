package awsapi

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

func batch(verbs ...plan.Verb) plan.Step {
	b := &plan.Batch{Zone: "Z1", Statement: plan.StatementRecords}
	for _, v := range verbs {
		b.Changes = append(b.Changes, plan.RecordChange{Verb: v, Set: estate.RecordSet{
			Zone: "Z1", Name: dnsname.MustParse("www.example.com"), Type: "A", TTL: 60, Values: []string{"192.0.2.1"},
		}})
	}
	return plan.Step{Address: "records", Kind: plan.KindRecord, Action: plan.Create, Account: account, Batch: b}
}

// TestRepeat: what is repeated, how often, and whether time passes meanwhile.
func TestRepeat(t *testing.T) {
	lost := &net.OpError{Op: "read", Err: errors.New("connection reset by peer")}
	type answer struct {
		status int
		body   string
		err    error
	}
	ok := answer{200, changed, nil}
	tests := []struct {
		name    string
		answers []answer
		tries   int
		code    string // of the error in the end
		waits   bool
	}{
		{"at once", []answer{ok}, 1, "", false},
		{"throttled twice", []answer{{400, refused("Throttling"), nil}, {400, refused("Throttling"), nil}, ok}, 3, "", true},
		{"server faults", []answer{{500, refused("InternalFailure"), nil}, {503, "", nil}, ok}, 3, "", true},
		{"lost answers", []answer{{0, "", lost}, ok}, 2, "", true},
		{"an answer cut off", []answer{{200, changed[:40], nil}, ok}, 2, "", true},
		{"another change under way", []answer{{400, refused("PriorRequestNotComplete"), nil}, ok}, 2, "", true},
		{"refused", []answer{{400, refused("InvalidChangeBatch"), nil}}, 1, "InvalidChangeBatch", false},
		{"denied", []answer{{403, refused("AccessDenied"), nil}}, 1, "AccessDenied", false},
		{"never well", []answer{{500, refused("InternalFailure"), nil}}, 8, "InternalFailure", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tried := 0
			f := &fake{}
			f.answer = func(r request) (int, string, error) {
				if strings.HasPrefix(r.URL.Host, "sts.") {
					return 200, assumed(start.Add(time.Hour)), nil
				}
				a := tt.answers[min(tried, len(tt.answers)-1)]
				tried++
				return a.status, a.body, a.err
			}
			s, c := over(t, f, nil)
			w := s.Writer(nil)
			got, err := w.Do(t.Context(), batch(plan.VerbCreate))
			if Code(err) != tt.code || (err == nil) != (tt.code == "") {
				t.Fatalf("error %v, want code %q", err, tt.code)
			}
			if err == nil && strings.Join(got["change"], "") != "C1" {
				t.Errorf("attributes %v", got)
			}
			if w.Refused(err) != (tt.code == "InvalidChangeBatch") {
				t.Errorf("refused: %v", w.Refused(err))
			}
			if tried != tt.tries {
				t.Errorf("%d tries, want %d", tried, tt.tries)
			}
			if waited := c.Now().After(start); waited != tt.waits {
				t.Errorf("time passed: %v, want %v", c.Now().Sub(start), tt.waits)
			}
			for _, r := range f.requests {
				if strings.HasPrefix(r.URL.Host, "sts.") {
					continue
				}
				if !strings.Contains(r.body, "<Action>CREATE</Action>") || !strings.HasSuffix(r.body, "</ChangeResourceRecordSetsRequest>") {
					t.Errorf("a try sent half a body: %q", r.body)
				}
			}
		})
	}
}

func TestSignedOnTheClock(t *testing.T) {
	f := &fake{}
	f.answer = func(r request) (int, string, error) {
		if strings.HasPrefix(r.URL.Host, "sts.") {
			return 200, assumed(start.Add(time.Hour)), nil
		}
		return 200, noZones, nil
	}
	s, c := over(t, f, nil)
	r := s.Reader(nil)
	q := estate.Query{Kind: estate.QueryZones, Account: account}
	for range 2 {
		if _, err := r.Read(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		c.Advance(30 * time.Minute)
	}
	want := []string{"20260102T030405Z", "20260102T030405Z", "20260102T033405Z"}
	for i, r := range f.requests {
		if got := r.Header.Get("X-Amz-Date"); got != want[i] {
			t.Errorf("request %d is signed for %s, want %s", i, got, want[i])
		}
	}
}

func TestFailureText(t *testing.T) {
	f := &fake{answer: func(r request) (int, string, error) {
		if strings.HasPrefix(r.URL.Host, "sts.") {
			return 200, assumed(start.Add(time.Hour)), nil
		}
		return 403, refused("AccessDenied"), nil
	}}
	s, _ := over(t, f, nil)
	_, err := s.Reader(nil).Read(t.Context(), estate.Query{Kind: estate.QueryZones, Account: account})
	const want = "account 222222222222: route53 ListHostedZones failed: AccessDenied: text of AccessDenied; " +
		"role orgdns needs route53:ListHostedZones there, and nothing above it may deny it; `orgdns iam` prints the policy"
	if err == nil || err.Error() != want {
		t.Errorf("error\n%v\nwant\n%s", err, want)
	}
}

func TestEndOfTheRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	f := &fake{answer: func(r request) (int, string, error) {
		cancel()
		return 0, "", context.Canceled
	}}
	s, _ := over(t, f, nil)
	_, err := s.Reader(nil).Read(ctx, estate.Query{Kind: estate.QueryZones, Account: account})
	if !errors.Is(err, context.Canceled) || len(f.requests) != 1 {
		t.Errorf("%d requests, then %v", len(f.requests), err)
	}
}
