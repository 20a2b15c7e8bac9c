package twintest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// queues is an estate with a queue and its dead letters in an account whose role
// may do what docs/serve.md says and nothing else.
func queues() estate.Estate {
	var e estate.Estate
	e.Accounts.Put(estate.Account{ID: management, Status: estate.AccountActive}, estate.Account{ID: parent, Status: estate.AccountActive})
	work, dead := estate.QueueARN(parent, ireland, "work"), estate.QueueARN(parent, ireland, "dead")
	e.Roles.Put(role(parent, fmt.Sprintf(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["sqs:ReceiveMessage","sqs:DeleteMessage","sqs:ChangeMessageVisibility","sqs:GetQueueAttributes"],"Resource":[%q,%q]},
		{"Effect":"Allow","Action":"sqs:SendMessage","Resource":[%q,%q]}]}`, work, dead, work, dead)))
	q := estate.Queue{ARN: work, Account: parent, Region: ireland, Name: "work", Visibility: 30 * time.Second, Retention: 24 * time.Hour, MaxSize: 1 << 20, DeadLetters: dead, MaxReceives: 20}
	d := q
	d.ARN, d.Name, d.DeadLetters, d.MaxReceives, d.MaxSize = dead, "dead", "", 0, 256<<10
	e.Queues.Put(q, d)
	return e
}

func queueID(t *testing.T, name string) awsapi.QueueID {
	t.Helper()
	id, err := awsapi.ParseQueue(name, ireland)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// TestQueue: messages are taken, hidden, let go and rejected, with no more than
// the permissions that are documented; a queue is named by ARN or URL.
func TestQueue(t *testing.T) {
	a := newAWS(t, queues(), nil)
	id := queueID(t, estate.QueueARN(parent, ireland, "work"))
	q, ctx := a.sessions.Queue(id), t.Context()
	to := a.sessions.Backlog(queueID(t, "https://sqs.eu-west-1.amazonaws.com/"+string(parent)+"/work"))
	var bodies []string
	for i := range 23 {
		bodies = append(bodies, fmt.Sprint("body ", i))
		if err := to.Send(ctx, awsapi.Message{Body: bodies[i], Attributes: map[string]string{"n": fmt.Sprint(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := q.Depth(ctx); err != nil || n != 23 {
		t.Errorf("%d wait, %v", n, err)
	}
	var all []awsapi.Message
	for len(all) < 23 {
		list, err := q.Receive(ctx, 20*time.Second, time.Minute)
		if err != nil || len(list) == 0 {
			t.Fatalf("%d of 23 received: %v", len(all), err)
		}
		all = append(all, list...)
	}
	var got []string
	for _, m := range all {
		got = append(got, m.Body)
		if m.Receives != 1 || m.Sent.IsZero() || m.Attributes["n"] != strings.TrimPrefix(m.Body, "body ") {
			t.Errorf("%+v", m)
		}
	}
	if slices.Sort(got); !slices.Equal(got, slices.Sorted(slices.Values(bodies))) {
		t.Errorf("received %q", got)
	}

	// hidden longer, though that costs three calls
	if err := a.clock.Sleep(ctx, 50*time.Second); err != nil {
		t.Fatal(err)
	}
	if err := q.Hide(ctx, all, time.Minute); err != nil {
		t.Fatal(err)
	}
	if err := a.clock.Sleep(ctx, 50*time.Second); err != nil {
		t.Fatal(err)
	}
	if list, err := q.Receive(ctx, 0, time.Minute); err != nil || len(list) != 0 {
		t.Errorf("received %d while they are hidden: %v", len(list), err)
	}

	// rejected, whatever its length
	long := all[0]
	long.Body = strings.Repeat("x", 900<<10)
	if err := q.Reject(ctx, long, "oversize: "+strings.Repeat("y", 20<<10)); err != nil {
		t.Fatal(err)
	}
	if err := q.Reject(ctx, all[1], "forged"); err != nil {
		t.Fatal(err)
	}
	dead, err := a.sessions.DeadLetters(queueID(t, estate.QueueARN(parent, ireland, "dead"))).Receive(ctx, 0, time.Minute)
	if err != nil || len(dead) != 2 {
		t.Fatalf("%d dead letters: %v", len(dead), err)
	}
	slices.SortFunc(dead, func(x, y awsapi.Message) int { return len(x.Body) - len(y.Body) })
	if dead[0].Body != all[1].Body || dead[0].Attributes[awsapi.AttributeReason] != "forged" || dead[0].Attributes[awsapi.AttributeQueue] != q.Name() {
		t.Errorf("a dead letter: %+v", dead[0])
	}
	if n := len(dead[1].Body); n < 200<<10 || n > 250<<10 {
		t.Errorf("a long dead letter has %d bytes", n)
	}

	// let go; again is no error, and neither is hiding what is gone
	for range 2 {
		if err := q.Delete(ctx, all); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Hide(ctx, all, time.Minute); err != nil {
		t.Errorf("hiding what is gone: %v", err)
	}
	if err := a.clock.Sleep(ctx, 5*time.Minute); err != nil {
		t.Fatal(err)
	}
	if list, err := q.Receive(ctx, 0, time.Minute); err != nil || len(list) != 0 {
		t.Errorf("%d messages are left: %v", len(list), err)
	}

	// a session for taking cannot send
	if err := q.Send(ctx, awsapi.Message{Body: "x"}); !awsapi.Denied(err) || !strings.Contains(err.Error(), "sqs SendMessage") {
		t.Errorf("a session that only takes sends: %v", err)
	}
	a.world.Inject(world.Fault{Service: "sqs", Kind: world.FaultServer, Count: 2})
	if _, err := q.Depth(ctx); err != nil {
		t.Errorf("after two faults: %v", err)
	}
}

func TestParseQueue(t *testing.T) {
	for _, tt := range []struct{ name, arn, url string }{
		{"arn:aws:sqs:eu-west-1:222222222222:events", "arn:aws:sqs:eu-west-1:222222222222:events", "https://sqs.eu-west-1.amazonaws.com/222222222222/events"},
		{"arn:aws-cn:sqs:cn-north-1:222222222222:e", "arn:aws-cn:sqs:cn-north-1:222222222222:e", "https://sqs.cn-north-1.amazonaws.com.cn/222222222222/e"},
		{"https://sqs.us-east-2.amazonaws.com/222222222222/events", "arn:aws:sqs:us-east-2:222222222222:events", "https://sqs.us-east-2.amazonaws.com/222222222222/events"},
		{"https://us-east-2.queue.amazonaws.com/222222222222/events", "arn:aws:sqs:us-east-2:222222222222:events", "https://us-east-2.queue.amazonaws.com/222222222222/events"},
		{"https://vpce-1.sqs.us-gov-west-1.vpce.amazonaws.com/222222222222/e", "arn:aws-us-gov:sqs:us-gov-west-1:222222222222:e", "https://vpce-1.sqs.us-gov-west-1.vpce.amazonaws.com/222222222222/e"},
		{"http://127.0.0.1:4577/222222222222/events", "arn:aws:sqs:eu-west-1:222222222222:events", "http://127.0.0.1:4577/222222222222/events"},
	} {
		id, err := awsapi.ParseQueue(tt.name, ireland)
		if err != nil || id.ARN() != tt.arn || id.URL() != tt.url {
			t.Errorf("%s: %s, %s, %v", tt.name, id.ARN(), id.URL(), err)
		}
	}
	for _, bad := range []string{"", "events", "arn:aws:sns:eu-west-1:222222222222:events", "https://sqs.eu-west-1.amazonaws.com/2222/events", "arn:aws:sqs:eu-west-1:222222222222:e.fifo", "https://x/222222222222/../e"} {
		if id, err := awsapi.ParseQueue(bad, ireland); err == nil {
			t.Errorf("%q is taken for %s", bad, id.ARN())
		}
	}
	if _, err := awsapi.ParseQueue("http://127.0.0.1/222222222222/events", ""); err == nil {
		t.Error("a queue without Region is taken")
	}
}
