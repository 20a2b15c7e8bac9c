package awsapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/pace"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const (
	baseAccount = estate.AccountID("111111111111")
	account     = estate.AccountID("222222222222")
)

// request is a request as a fake AWS got it.
type request struct {
	*http.Request
	body string
}

// form is the body of a request in the query protocol.
func (r request) form() url.Values {
	v, _ := url.ParseQuery(r.body)
	return v
}

// fake is an AWS that answers with canned text.
type fake struct {
	mu       sync.Mutex
	requests []request
	answer   func(request) (status int, body string, err error)
}

func (f *fake) Do(r *http.Request) (*http.Response, error) {
	body := ""
	if r.Body != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		body = string(b)
	}
	got := request{r, body}
	f.mu.Lock()
	f.requests = append(f.requests, got)
	f.mu.Unlock()
	status, text, err := f.answer(got)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:        http.Header{"Date": {time.Unix(0, 0).UTC().Format(http.TimeFormat)}},
		Body:          io.NopCloser(bytes.NewReader([]byte(text))),
		ContentLength: int64(len(text)), Request: r,
	}, nil
}

func (f *fake) count(has string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, r := range f.requests {
		if strings.Contains(r.URL.Host+r.URL.Path+r.body, has) {
			n++
		}
	}
	return n
}

func refused(code string) string {
	return "<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code><Message>text of " + code + "</Message></Error><RequestId>r</RequestId></ErrorResponse>"
}

func assumed(expires time.Time) string {
	return fmt.Sprintf(`<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
<SessionToken>t</SessionToken><Expiration>%s</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`, expires.UTC().Format(time.RFC3339))
}

const (
	identified = `<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::111111111111:user/admin</Arn><UserId>AIDA</UserId>
<Account>111111111111</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`
	noZones = `<ListHostedZonesResponse><HostedZones></HostedZones><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesResponse>`
	changed = `<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2026-01-02T03:04:05Z</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>`
)

type static struct{}

func (static) Retrieve(context.Context) (aws.Credentials, error) {
	return aws.Credentials{AccessKeyID: "AKIABASE", SecretAccessKey: "secret"}, nil
}

// over makes sessions over a fake on a virtual clock, of which the test is a
// worker.
func over(t *testing.T, f *fake, change func(*Options)) (*Sessions, *clock.Virtual) {
	t.Helper()
	c := clock.NewVirtual(start)
	t.Cleanup(c.Enter())
	o := Options{
		Owner: "acme", Base: static{}, HTTPClient: f, Clock: c, Loop: pace.New(c), Region: "eu-west-1",
		Accounts: map[estate.AccountID]Access{account: {Role: "orgdns", ExternalID: "handshake"}},
	}
	if change != nil {
		change(&o)
	}
	return New(o), c
}
