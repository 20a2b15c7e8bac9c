// Package sigv4 verifies AWS Signature Version 4 on the server's side: what a
// request says about who signed it, whether the signature is that of the
// secret, and whether it is fresh.
//
// The rules are those of the IAM User Guide, "Create a signed AWS API request"
// (reference_sigv-create-signed-request.html), and of the S3 API Reference,
// "Authenticating Requests" (sig-v4-authenticating-requests.html). Not here:
// whose secret it is, the error codes of the services, SigV4a and SigV2.
package sigv4

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Skew is how far the date of a request may lie from the service's clock.
const Skew = 5 * time.Minute

const (
	algorithm = "AWS4-HMAC-SHA256"
	terminal  = "aws4_request"
	// isoFormat is the date of a request; its first eight characters are the
	// date of the credential scope.
	isoFormat = "20060102T150405Z"
)

// Signature is what a request says about its signer; nothing of it is proven
// before Verify.
type Signature struct {
	AccessKey string
	Token     string // session token, empty with long-term keys
	Region    string // of the credential scope
	Service   string // signing name of the credential scope
	Date      time.Time
	Presigned bool
	Expires   time.Duration // of a presigned request; 0 when it says nothing

	signed    []string // signed headers, lower case, in the signer's order
	signature string
	stamp     string // Date as it was written
}

// Reason is why a request is not authentic.
type Reason int

// The reasons.
const (
	Missing    Reason = iota // no signature at all
	Incomplete               // a signature that lacks parts or is malformed
	Mismatch                 // the signature is not that of the secret
	Expired                  // too old, or from the future
	Payload                  // x-amz-content-sha256 is not the hash of the body
)

// Error is a refusal; its text is AWS's.
type Error struct {
	Reason  Reason
	Message string
}

func (e *Error) Error() string { return e.Message }

const mismatchText = "The request signature we calculated does not match the signature you provided. " +
	"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."

// Parse reads the signature of a request, from the Authorization header or,
// presigned, from the query. Its errors are *Error of Missing and Incomplete.
func Parse(r *http.Request) (*Signature, error) {
	if h := r.Header.Get("Authorization"); h != "" {
		return parseHeader(r, h)
	}
	if strings.Contains(r.URL.RawQuery, "X-Amz-Algorithm=") {
		return parseQuery(r.URL.Query())
	}
	return nil, &Error{Missing, "Missing Authentication Token"}
}

func parseHeader(r *http.Request, header string) (*Signature, error) {
	scheme, rest, _ := strings.Cut(header, " ")
	if scheme != algorithm {
		return nil, &Error{Incomplete, "Unsupported authorization type: '" + scheme + "'. The twin verifies " + algorithm + "."}
	}
	params := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		part = strings.TrimSpace(part)
		key, value, ok := strings.Cut(part, "=")
		if !ok {
			return nil, &Error{Incomplete, "'" + part + "' not a valid key=value pair (missing equal-sign) in Authorization header: '" + header + "'."}
		}
		params[key] = value
	}
	var lacks []string
	for _, key := range []string{"Credential", "Signature", "SignedHeaders"} {
		if params[key] == "" {
			lacks = append(lacks, "Authorization header requires '"+key+"' parameter.")
		}
	}
	stamp := r.Header.Get("X-Amz-Date")
	if stamp == "" {
		stamp = r.Header.Get("Date")
	}
	if stamp == "" {
		lacks = append(lacks, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	if lacks != nil {
		return nil, &Error{Incomplete, strings.Join(lacks, " ") + " Authorization=" + header}
	}
	s := &Signature{
		Token:     r.Header.Get("X-Amz-Security-Token"),
		signed:    strings.Split(params["SignedHeaders"], ";"),
		signature: params["Signature"],
	}
	return s, s.complete(params["Credential"], stamp)
}

func parseQuery(q url.Values) (*Signature, error) {
	if a := q.Get("X-Amz-Algorithm"); a != algorithm {
		return nil, &Error{Incomplete, "Unsupported AWS 'algorithm': '" + a + "'. The twin verifies " + algorithm + "."}
	}
	var lacks []string
	for _, key := range []string{"X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"} {
		if q.Get(key) == "" {
			lacks = append(lacks, "AWS query-string parameters must include '"+key+"'.")
		}
	}
	if lacks != nil {
		return nil, &Error{Incomplete, strings.Join(lacks, " ") + " Re-examine the query-string parameters."}
	}
	s := &Signature{
		Token:     q.Get("X-Amz-Security-Token"),
		Presigned: true,
		signed:    strings.Split(q.Get("X-Amz-SignedHeaders"), ";"),
		signature: q.Get("X-Amz-Signature"),
	}
	if e := q.Get("X-Amz-Expires"); e != "" {
		n, err := strconv.Atoi(e)
		if err != nil || n < 0 || n > 7*24*60*60 { // a week: sigv4-query-string-auth.html
			return nil, &Error{Incomplete, "X-Amz-Expires must be a number of seconds, at most a week: '" + e + "'."}
		}
		s.Expires = time.Duration(n) * time.Second
	}
	return s, s.complete(q.Get("X-Amz-Credential"), q.Get("X-Amz-Date"))
}

// complete reads the credential scope and the date, and holds them against
// each other.
func (s *Signature) complete(credential, stamp string) error {
	parts := strings.Split(credential, "/")
	// An access key may hold slashes, the scope does not.
	n := len(parts)
	if n < 5 || parts[n-1] != terminal {
		return &Error{Incomplete, "Credential must have exactly 5 slash-delimited elements, e.g. " +
			"keyid/date/region/service/term, got '" + credential + "'"}
	}
	s.AccessKey = strings.Join(parts[:n-4], "/")
	s.Region, s.Service = parts[n-3], parts[n-2]
	var err error
	if s.Date, err = time.Parse(isoFormat, stamp); err != nil {
		if s.Date, err = http.ParseTime(stamp); err != nil {
			return &Error{Incomplete, "Date must be in ISO-8601 'basic format'. Got '" + stamp +
				"'. See http://en.wikipedia.org/wiki/ISO_8601"}
		}
	}
	s.stamp = s.Date.UTC().Format(isoFormat)
	if date := parts[n-4]; date != s.stamp[:8] {
		return &Error{Mismatch, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" +
			date + "' != '" + s.stamp[:8] + "', from '" + s.stamp + "'."}
	}
	if !slices.Contains(s.signed, "host") {
		return &Error{Mismatch, "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."}
	}
	return nil
}

// Fresh reports, as an *Error of Expired, that the request was signed too long
// before now or after it.
func (s *Signature) Fresh(now time.Time) error {
	life := max(Skew, s.Expires)
	stamp := func(t time.Time) string { return t.UTC().Format(isoFormat) }
	switch now = now.Truncate(time.Second); {
	case s.Date.Add(life).Before(now):
		return &Error{Expired, "Signature expired: " + s.stamp + " is now earlier than " + stamp(now.Add(-life)) +
			" (" + stamp(now) + " - " + minutes(life) + " min.)"}
	case s.Date.After(now.Add(Skew)):
		return &Error{Expired, "Signature not yet current: " + s.stamp + " is still later than " + stamp(now.Add(Skew)) +
			" (" + stamp(now) + " + " + minutes(Skew) + " min.)"}
	}
	return nil
}

func minutes(d time.Duration) string { return strconv.Itoa(int(d.Minutes())) }

// Verify reports, as an *Error of Mismatch or Payload, that the request was not
// signed with the secret. body is the whole body as it was sent.
func (s *Signature) Verify(r *http.Request, body []byte, secret string) error {
	payload := r.Header.Get("X-Amz-Content-Sha256")
	switch {
	case payload == "" && s.Presigned && s.Service == "s3":
		payload = unsigned
	case payload == "":
		payload = hash(body)
	case payload == unsigned, strings.HasPrefix(payload, streaming):
	case payload != hash(body):
		return &Error{Payload, "The provided 'x-amz-content-sha256' header does not match what was computed."}
	}
	scope := s.stamp[:8] + "/" + s.Region + "/" + s.Service + "/" + terminal
	toSign := algorithm + "\n" + s.stamp + "\n" + scope + "\n" + hash([]byte(s.canonical(r, payload)))
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.stamp[:8], s.Region, s.Service, terminal, toSign} {
		key = sum(key, part)
	}
	if !hmac.Equal([]byte(hex.EncodeToString(key)), []byte(s.signature)) {
		return &Error{Mismatch, mismatchText}
	}
	return nil
}

func sum(key []byte, data string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(data))
	return h.Sum(nil)
}

func hash(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
