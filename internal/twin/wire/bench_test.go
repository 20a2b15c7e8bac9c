package wire

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// The benchmarks are of the server's side of a call: route, decode, validate,
// fill, a handler that does nothing, tree, encode. The SDK client's own work is
// not in them.

// BenchmarkQuery is AssumeRole: a form of six keys, an answer of eight members.
func BenchmarkQuery(b *testing.B) {
	d := newDoor(b, map[string][]Handler[string]{"sts": {handle(func(*sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
		return &sts.AssumeRoleOutput{PackedPolicySize: aws.Int32(1), SourceIdentity: aws.String("x")}, nil
	})}})
	benchmark(b, d, "POST", "https://sts.amazonaws.com/", "application/x-www-form-urlencoded", []byte("Action=AssumeRole&Version=2011-06-15&"+
		"RoleArn=arn%3Aaws%3Aiam%3A%3A222222222222%3Arole%2Forgdns&RoleSessionName=orgdns&ExternalId=secret&DurationSeconds=900"))
}

// BenchmarkChange is ChangeResourceRecordSets with one change of four values.
func BenchmarkChange(b *testing.B) { benchmarkChanges(b, 1) }

// BenchmarkChange100 has a hundred such changes, which is a large batch.
func BenchmarkChange100(b *testing.B) { benchmarkChanges(b, 100) }

func benchmarkChanges(b *testing.B, n int) {
	d := newDoor(b, map[string][]Handler[string]{"route53": {handle(func(*route53.ChangeResourceRecordSetsInput) (*route53.ChangeResourceRecordSetsOutput, error) {
		return &route53.ChangeResourceRecordSetsOutput{ChangeInfo: &r53types.ChangeInfo{Id: aws.String("/change/C1"), Status: r53types.ChangeStatusPending}}, nil
	})}})
	var body bytes.Buffer
	body.WriteString(`<ChangeResourceRecordSetsRequest xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ChangeBatch><Changes>`)
	for i := range n {
		fmt.Fprintf(&body, `<Change><Action>CREATE</Action><ResourceRecordSet><Name>api%d.example.com</Name><Type>NS</Type><TTL>300</TTL><ResourceRecords>`, i)
		for ns := range 4 {
			fmt.Fprintf(&body, `<ResourceRecord><Value>ns-%d.awsdns-01.com.</Value></ResourceRecord>`, ns)
		}
		body.WriteString(`</ResourceRecords></ResourceRecordSet></Change>`)
	}
	body.WriteString(`</Changes></ChangeBatch></ChangeResourceRecordSetsRequest>`)
	benchmark(b, d, "POST", "https://route53.amazonaws.com/2013-04-01/hostedzone/Z1/rrset/", "application/xml", body.Bytes())
}

// BenchmarkList is ListResourceRecordSets with a full page: 300 sets of four values.
func BenchmarkList(b *testing.B) {
	out := &route53.ListResourceRecordSetsOutput{MaxItems: aws.Int32(300)}
	for i := range 300 {
		set := r53types.ResourceRecordSet{Name: aws.String(fmt.Sprintf("api%d.example.com.", i)), Type: r53types.RRTypeNs, TTL: aws.Int64(300)}
		for ns := range 4 {
			set.ResourceRecords = append(set.ResourceRecords, r53types.ResourceRecord{Value: aws.String(fmt.Sprintf("ns-%d.awsdns-01.com.", ns))})
		}
		out.ResourceRecordSets = append(out.ResourceRecordSets, set)
	}
	d := newDoor(b, map[string][]Handler[string]{"route53": {handle(func(*route53.ListResourceRecordSetsInput) (*route53.ListResourceRecordSetsOutput, error) {
		return out, nil
	})}})
	benchmark(b, d, "GET", "https://route53.amazonaws.com/2013-04-01/hostedzone/Z1/rrset", "", nil)
}

func benchmark(b *testing.B, d *door, method, url, media string, body []byte) {
	req, err := http.NewRequest(method, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", media)
	b.ReportAllocs()
	for b.Loop() {
		req.Body = io.NopCloser(bytes.NewReader(body))
		r, err := d.answer(req)
		if err != nil || r.Status != http.StatusOK {
			b.Fatalf("%+v, %v", r, err)
		}
	}
}
