package sigv4

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"pgregory.net/rapid"
)

var (
	now         = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	credentials = aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"}
	session     = aws.Credentials{AccessKeyID: "ASIAEXAMPLE", SecretAccessKey: "secret", SessionToken: "token/with+signs="}
)

// sign lets the SDK's own signer sign a request.
func sign(t testing.TB, r *http.Request, body []byte, c aws.Credentials, service string) {
	t.Helper()
	payload := hash(body)
	if service == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", payload)
	}
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
	if err := signer.SignHTTP(t.Context(), c, r, payload, service, "eu-west-1", now); err != nil {
		t.Fatal(err)
	}
}

func request(t testing.TB, method, target string, body []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, target, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func check(r *http.Request, body []byte, secret string) error {
	s, err := Parse(r)
	if err != nil {
		return err
	}
	return s.Verify(r, body, secret)
}

// What the SDK signs is verified in process and after a trip through net/http,
// and not with another secret.
func TestVerify(t *testing.T) {
	tests := []struct {
		name, method, target, service string
		body                          string
		credentials                   aws.Credentials
	}{
		{"query", "POST", "https://sts.amazonaws.com/", "sts", "Action=GetCallerIdentity&Version=2011-06-15", credentials},
		{"session", "POST", "https://sts.amazonaws.com", "sts", "Action=GetCallerIdentity", session},
		{"no body", "GET", "https://route53.amazonaws.com/2013-04-01/hostedzone?maxitems=3&name=a%20b&empty", "route53", "", credentials},
		{"escaped path", "GET", "https://apigateway.eu-west-1.amazonaws.com/v2/tags/arn%3Aaws%3Aa%2Fb", "apigateway", "", credentials},
		{"S3 path", "GET", "https://bucket.s3.amazonaws.com/a%20b//c/./d?website&prefix=x/y", "s3", "", credentials},
		{"port", "POST", "http://127.0.0.1:4577/", "ec2", "Action=DescribeVpcs", credentials},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := []byte(tt.body)
			r := request(t, tt.method, tt.target, body)
			r.Header.Set("X-Amz-Meta-Spaces", "  a   b  ")
			sign(t, r, body, tt.credentials, tt.service)
			if err := check(r, body, tt.credentials.SecretAccessKey); err != nil {
				t.Errorf("in process: %v", err)
			}
			wantReason(t, check(r, body, "another secret"), Mismatch)
			if tt.body != "" && tt.service != "s3" {
				wantReason(t, check(r, append(body, 'x'), tt.credentials.SecretAccessKey), Mismatch)
			}

			var raw bytes.Buffer
			if err := r.Write(&raw); err != nil {
				t.Fatal(err)
			}
			served := served(t, &raw)
			if err := check(served, body, tt.credentials.SecretAccessKey); err != nil {
				t.Errorf("served: %v", err)
			}
			if s, _ := Parse(served); s.Token != tt.credentials.SessionToken || s.Service != tt.service || s.Region != "eu-west-1" {
				t.Errorf("parsed %+v", s)
			}
		})
	}
}

// served is the request as an http.Server hands it on.
func served(t *testing.T, raw *bytes.Buffer) *http.Request {
	t.Helper()
	got := make(chan *http.Request, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got <- r }))
	defer server.Close()
	c, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write(raw.Bytes()); err != nil {
		t.Fatal(err)
	}
	return <-got
}

func TestPresigned(t *testing.T) {
	for _, service := range []string{"sts", "s3"} {
		r := request(t, "GET", "https://host.amazonaws.com/a%20b?Action=GetCallerIdentity&X-Amz-Expires=900", nil)
		payload := hash(nil)
		if service == "s3" {
			payload = unsigned
		}
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
		target, _, err := signer.PresignHTTP(t.Context(), session, r, payload, service, "eu-west-1", now)
		if err != nil {
			t.Fatal(err)
		}
		r = request(t, "GET", target, nil)
		s, err := Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(r, nil, session.SecretAccessKey); err != nil {
			t.Errorf("%s: %v", service, err)
		}
		if !s.Presigned || s.Expires != 15*time.Minute || s.Token != session.SessionToken {
			t.Errorf("%s: parsed %+v", service, s)
		}
		if err := s.Fresh(now.Add(15 * time.Minute)); err != nil {
			t.Errorf("%s: within its life: %v", service, err)
		}
		wantReason(t, s.Fresh(now.Add(15*time.Minute+time.Second)), Expired)
	}
}

func TestFresh(t *testing.T) {
	s := &Signature{Date: now, stamp: now.Format(isoFormat)}
	tests := []struct {
		now  time.Duration // of the service, from the request's date
		want string
	}{
		{0, ""},
		{5 * time.Minute, ""},
		{5*time.Minute + time.Second, "Signature expired: 20260304T050607Z is now earlier than 20260304T050608Z (20260304T051108Z - 5 min.)"},
		{-5 * time.Minute, ""},
		{-5*time.Minute - time.Second, "Signature not yet current: 20260304T050607Z is still later than 20260304T050606Z (20260304T050106Z + 5 min.)"},
	}
	for _, tt := range tests {
		got := ""
		if err := s.Fresh(now.Add(tt.now)); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("at %v: %q, want %q", tt.now, got, tt.want)
		}
	}
}

func TestParseErrors(t *testing.T) {
	const scope = "AKID/20260304/eu-west-1/sts/aws4_request"
	tests := []struct {
		name, authorization, date string
		reason                    Reason
		text                      string // part of it
	}{
		{"none", "", "", Missing, "Missing Authentication Token"},
		{"another scheme", "Bearer x", "", Incomplete, "'Bearer'"},
		{"blank in the key", "AWS4-HMAC-SHA256 Credential= x, y, Signature=z", "20260304T050607Z", Incomplete, "'y' not a valid key=value pair (missing equal-sign)"},
		{"no parts", "AWS4-HMAC-SHA256 a=b", "", Incomplete, "requires 'Credential' parameter. Authorization header requires 'Signature' parameter."},
		{"no date", "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host, Signature=x", "", Incomplete, "existence of either a 'X-Amz-Date' or a 'Date' header."},
		{"bad date", "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host, Signature=x", "yesterday", Incomplete, "Got 'yesterday'"},
		{"short scope", "AWS4-HMAC-SHA256 Credential=AKID/20260304/sts, SignedHeaders=host, Signature=x", "20260304T050607Z", Incomplete, "exactly 5 slash-delimited elements"},
		{"another day", "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=host, Signature=x", "20260305T050607Z", Mismatch, "'20260304' != '20260305'"},
		{"host not signed", "AWS4-HMAC-SHA256 Credential=" + scope + ", SignedHeaders=x-amz-date, Signature=x", "20260304T050607Z", Mismatch, "'Host'"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := request(t, "POST", "https://sts.amazonaws.com/", nil)
			if tt.authorization != "" {
				r.Header.Set("Authorization", tt.authorization)
			}
			if tt.date != "" {
				r.Header.Set("X-Amz-Date", tt.date)
			}
			_, err := Parse(r)
			wantReason(t, err, tt.reason)
			if err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("%q does not contain %q", err, tt.text)
			}
		})
	}
}

func TestPayloads(t *testing.T) {
	body := []byte("content")
	for _, payload := range []string{unsigned, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"} {
		r := request(t, "PUT", "https://bucket.s3.amazonaws.com/key", body)
		r.Header.Set("X-Amz-Content-Sha256", payload)
		signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
		if err := signer.SignHTTP(t.Context(), credentials, r, payload, "s3", "eu-west-1", now); err != nil {
			t.Fatal(err)
		}
		if err := check(r, body, credentials.SecretAccessKey); err != nil {
			t.Errorf("%s: %v", payload, err)
		}
	}
	r := request(t, "PUT", "https://bucket.s3.amazonaws.com/key", body)
	sign(t, r, body, credentials, "s3")
	wantReason(t, check(r, []byte("another"), credentials.SecretAccessKey), Payload)
}

func TestContent(t *testing.T) {
	tests := []struct{ payload, body, want, err string }{
		{"", "5\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n", ""},
		{"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "5\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "hello!", ""},
		{"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "5;chunk-signature=ab\r\nhello\r\n0;chunk-signature=cd\r\n\r\n", "hello", ""},
		{"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "5\r\nhel", "", "inside a chunk"},
		{"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "x\r\nhello", "", `size "x"`},
		{"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "", "", "before its last chunk"},
	}
	for _, tt := range tests {
		r := request(t, "PUT", "https://bucket.s3.amazonaws.com/key", nil)
		r.Header.Set("X-Amz-Content-Sha256", tt.payload)
		got, err := Content(r, []byte(tt.body))
		if string(got) != tt.want || (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%q: %q, %v", tt.body, got, err)
		}
	}
}

// Whatever path, query and headers a client sends, the SDK's signature of it is
// verified.
func TestVerifyAny(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		u := url.URL{Scheme: "https", Host: "route53.amazonaws.com"}
		u.Path = "/" + strings.Join(rapid.SliceOfN(rapid.StringMatching(`[ -.0-~]{1,8}`), 0, 4).Draw(rt, "path"), "/")
		q := url.Values{}
		for k, v := range rapid.MapOfN(rapid.StringMatching(`[a-zA-Z\-]{1,5}`), rapid.SliceOfN(rapid.String(), 0, 3), 0, 4).Draw(rt, "query") {
			q[k] = v
		}
		u.RawQuery = q.Encode()
		if strings.Contains(u.Path, "/.") {
			rt.Skip("the SDK does not normalize paths")
		}
		body := []byte(rapid.String().Draw(rt, "body"))
		r := request(t, "POST", u.String(), body)
		r.Header.Set("X-Any", rapid.StringMatching(`[ -~]{0,20}`).Draw(rt, "header"))
		sign(t, r, body, session, rapid.SampledFrom([]string{"s3", "route53"}).Draw(rt, "service"))
		if err := check(r, body, session.SecretAccessKey); err != nil {
			rt.Fatalf("%s %v: %v", r.URL, r.Header, err)
		}
	})
}

func wantReason(t *testing.T, err error, want Reason) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Reason != want {
		t.Errorf("%v is not reason %d", err, want)
	}
}

func BenchmarkVerify(b *testing.B) {
	body := []byte("Action=GetCallerIdentity&Version=2011-06-15")
	r := request(b, "POST", "https://sts.amazonaws.com/", body)
	sign(b, r, body, session, "sts")
	b.ReportAllocs()
	for b.Loop() {
		if err := check(r, body, session.SecretAccessKey); err != nil {
			b.Fatal(err)
		}
	}
}

// Nothing that a request says makes the verification panic.
func FuzzParse(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=A/20260304/r/s/aws4_request, SignedHeaders=host, Signature=x", "20260304T050607Z", "", "/")
	f.Add("", "", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=1", "/a//b/../c")
	f.Fuzz(func(t *testing.T, authorization, date, query, path string) {
		r := &http.Request{Method: "GET", Header: http.Header{}, URL: &url.URL{Path: path, RawQuery: query}}
		r.Header.Set("Authorization", authorization)
		r.Header.Set("X-Amz-Date", date)
		if err := check(r, nil, "secret"); err == nil {
			t.Error("an arbitrary request is authentic")
		}
	})
}
