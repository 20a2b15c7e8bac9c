package twin_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/orgdns/orgdns/internal/clock"
)

func (b bench) sqs(c aws.Credentials) *sqs.Client {
	return sqs.NewFromConfig(b.config(c), func(o *sqs.Options) { o.HTTPSignerV4 = b.signer() })
}

// TestLongPoll: a poll is parked on the clock until a message comes, or its
// delay is over, or the time that it waits at most.
func TestLongPoll(t *testing.T) {
	b := newBench()
	c := b.sqs(keys(caller))
	leave := b.clock.Enter()
	defer leave()
	queue := must[*sqs.CreateQueueOutput](t)(c.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("q")})).QueueUrl
	poll := func() (body string, took time.Duration) {
		from := b.clock.Now()
		out := must[*sqs.ReceiveMessageOutput](t)(c.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: queue, WaitTimeSeconds: 20, VisibilityTimeout: 600}))
		if len(out.Messages) > 0 {
			body = *out.Messages[0].Body
		}
		return body, b.clock.Now().Sub(from)
	}
	if body, took := poll(); body != "" || took != 20*time.Second {
		t.Errorf("a poll of an empty queue took %s and gave %q", took, body)
	}
	sent := clock.NewMailbox[error](b.clock)
	for _, tc := range []struct {
		body  string
		delay int32
		want  time.Duration
	}{{"soon", 0, 5 * time.Second}, {"late", 7, 12 * time.Second}} {
		b.clock.Go(func() {
			err := b.clock.Sleep(context.WithoutCancel(t.Context()), 5*time.Second)
			if err == nil {
				_, err = c.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: queue, MessageBody: &tc.body, DelaySeconds: tc.delay})
			}
			sent.Send(err)
		})
		if body, took := poll(); body != tc.body || took != tc.want {
			t.Errorf("a poll took %s and gave %q; want %s and %q", took, body, tc.want, tc.body)
		}
		if err := sent.Receive(); err != nil {
			t.Error(err)
		}
	}
}
