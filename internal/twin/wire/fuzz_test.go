package wire

import (
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
)

// FuzzRequest throws requests at the router, the decoder and the validator:
// none may panic, and every refusal has a service or is ErrNoService.
func FuzzRequest(f *testing.F) {
	d := newDoor(f, nil)
	f.Add("POST", "/", "", "application/x-www-form-urlencoded", "", "sts", []byte("Action=AssumeRole&Version=2011-06-15&Tags.member.1.Key=a&Tags.member.x=b"))
	f.Add("POST", "/", "", "application/x-www-form-urlencoded", "", "ec2", []byte("Action=CreateVpc&CidrBlock=10.0.0.0%2F16&TagSpecification.1.Tag.1.Key=Name"))
	f.Add("POST", "/", "", "application/x-amz-json-1.1", "CertificateManager.RequestCertificate", "acm", []byte(`{"DomainName":"a.b","SubjectAlternativeNames":["c",null],"Options":{"x":1e400}}`))
	f.Add("POST", "/2013-04-01/hostedzone/Z1/rrset/", "", "application/xml", "", "route53", []byte(`<C xmlns="x"><ChangeBatch><Changes><Change><Action>CREATE</Action><ResourceRecordSet><Name>a</Name><TTL>9</TTL></ResourceRecordSet></Change></Changes></ChangeBatch></C>`))
	f.Add("GET", "/v2/domainnames/a", "maxResults=%zz", "", "", "apigateway", []byte(nil))
	f.Add("PUT", "/b", "tagging", "", "", "s3", []byte(`<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>`))
	for _, file := range []string{"query", "ec2", "json", "rest-json", "rest-xml"} {
		for _, suite := range readSuites(f, filepath.Join("testdata", "protocols", "input", file+".json")) {
			for _, c := range suite.Cases {
				f.Add(c.Serialized.Method, c.Serialized.URI, "", c.Serialized.Headers["Content-Type"], c.Serialized.Headers["X-Amz-Target"], "", []byte(c.Serialized.Body))
			}
		}
	}
	f.Fuzz(func(t *testing.T, method, path, query, media, target, signing string, body []byte) {
		req := &http.Request{Method: method, URL: &url.URL{Path: path, RawQuery: query}, Host: "localhost", Header: http.Header{}}
		req.Header.Set("Content-Type", media)
		req.Header.Set("X-Amz-Target", target)
		call, err := d.router.Route(req, body, signing)
		if err != nil {
			if s := ServiceOf(err); s != nil {
				s.EncodeError(err, "id")
			} else if !errors.Is(err, ErrNoService) {
				t.Errorf("no service of %v", err)
			}
			return
		}
		in, err := call.Decode()
		if err == nil {
			err = call.Operation.Validate(in)
		}
		if err != nil {
			if ServiceOf(err) != call.Operation.Service {
				t.Errorf("the service of %v is %v", err, ServiceOf(err))
			}
			call.Operation.Service.EncodeError(err, "id")
		}
	})
}

// FuzzDecode decodes a body as every shape of Smithy's tests, some of which
// contain themselves.
func FuzzDecode(f *testing.F) {
	var ops []*Operation
	for _, file := range []string{"query", "ec2", "json", "rest-json", "rest-xml"} {
		for _, suite := range readSuites(f, filepath.Join("testdata", "protocols", "input", file+".json")) {
			for _, c := range suite.Cases {
				op, err := caseOperation(suite, c)
				if err != nil {
					f.Fatal(err)
				}
				ops = append(ops, op)
				f.Add(len(ops)-1, []byte(c.Serialized.Body))
			}
		}
	}
	f.Fuzz(func(t *testing.T, n int, body []byte) {
		op := ops[uint(n)%uint(len(ops))]
		q := &Request{Operation: op, HTTP: &http.Request{Header: http.Header{}}, Body: body}
		q.form, _ = url.ParseQuery(string(body)) // what can be read of it
		in, err := q.Decode()
		if err == nil {
			err = op.Validate(in)
		}
		if err != nil && ServiceOf(err) != op.Service {
			t.Errorf("no service of %v", err)
		}
	})
}
