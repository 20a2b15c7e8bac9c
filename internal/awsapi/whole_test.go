package awsapi

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// lagging is a connection whose writes return once the answer has begun, as on a
// busy machine with the server on it.
type lagging struct {
	net.Conn
	begun chan struct{} // gets one when the head of an answer was read
}

func (l *lagging) Write(p []byte) (int, error) {
	n, err := l.Conn.Write(p)
	select {
	case <-l.begun:
		time.Sleep(20 * time.Millisecond) // so that the SDK has seen it, too
	case <-time.After(50 * time.Millisecond): // not the last of the request
	}
	return n, err
}

func (l *lagging) Read(p []byte) (int, error) {
	n, err := l.Conn.Read(p)
	select {
	case l.begun <- struct{}{}:
	default:
	}
	return n, err
}

// TestWhole: an answer that begins before the transport has noticed the end of
// its request is read to its end. With the SDK's own body the transport closes the
// connection in the middle of it.
func TestWhole(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		_, _ = io.WriteString(w, `{"Messages":[`)
		_ = http.NewResponseController(w).Flush()
		time.Sleep(100 * time.Millisecond) // longer than the writer is held
		_, _ = io.WriteString(w, `{"MessageId":"m"}]}`)
	}))
	defer server.Close()
	receive := func(around func(http.RoundTripper) http.RoundTripper) error {
		client := sqs.New(sqs.Options{
			BaseEndpoint: &server.URL, Region: "eu-central-1", Credentials: aws.AnonymousCredentials{}, RetryMaxAttempts: 1,
			HTTPClient: &http.Client{Transport: around(&http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
				c, err := (&net.Dialer{}).DialContext(ctx, network, address)
				return &lagging{c, make(chan struct{}, 1)}, err
			}})},
		})
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &server.URL})
		if err == nil && len(out.Messages) != 1 {
			t.Errorf("received %d messages, want 1", len(out.Messages))
		}
		return err
	}
	if err := receive(func(r http.RoundTripper) http.RoundTripper { return whole{r} }); err != nil {
		t.Errorf("with the body kept: %v", err)
	}
	if err := receive(func(r http.RoundTripper) http.RoundTripper { return r }); err == nil {
		t.Error("the SDK's own body does no harm any more: whole may go")
	}
}
