package cli_test

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/rogpeppe/go-internal/testscript"
)

// mail QUEUE N FILE: puts N messages with the text of a file into a queue, named by
// its ARN.
func mail(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: mail QUEUE N FILE")
	}
	q, ok := snapshot(ts).Queues.Get(args[0])
	if !ok {
		ts.Fatalf("there is no queue %s", args[0])
	}
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	body := ts.ReadFile(args[2])
	c := sqs.New(sqs.Options{
		Region: string(q.Region), BaseEndpoint: aws.String(twinOf(ts).url),
		Credentials: credentials.NewStaticCredentialsProvider(string(q.Account), "twin", ""),
	})
	at := fmt.Sprintf("https://sqs.%s.amazonaws.com/%s/%s", q.Region, q.Account, q.Name)
	for sent := 0; sent < n; {
		in := &sqs.SendMessageBatchInput{QueueUrl: &at}
		for ; sent < n && len(in.Entries) < 10; sent++ {
			in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(sent)), MessageBody: &body})
		}
		out, err := c.SendMessageBatch(context.Background(), in)
		ts.Check(err)
		if len(out.Failed) > 0 {
			ts.Fatalf("not sent: %+v", out.Failed)
		}
	}
}
