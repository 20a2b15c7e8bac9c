package twin_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/probe"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// TestProbeFunction: orgdns's Lambda function resolves as its VPC does, and
// reaches what can be reached from there.
func TestProbeFunction(t *testing.T) {
	const account, region = estate.AccountID("111111111111"), estate.Region("eu-west-1")
	name := dnsname.MustParse("ec2.eu-west-1.amazonaws.com")
	at := netip.MustParseAddr("10.0.0.5")
	b := newBench()
	if err := b.world.Update(func(s *world.State) error {
		e := &s.Estate
		e.Accounts.Put(estate.Account{ID: account, Status: estate.AccountActive})
		e.Roles.Put(estate.Role{
			ARN: "arn:aws:iam::111111111111:role/probe", ID: "AROA1", Account: account, Name: "probe", Path: "/",
			Trust:    `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
			Attached: []string{"arn:aws:iam::aws:policy/service-role/AWSLambdaVPCAccessExecutionRole"},
		})
		all := netip.MustParsePrefix("0.0.0.0/0")
		e.VPCs.Put(estate.VPC{ID: "vpc-1", Account: account, Region: region, CIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}, DNSSupport: true, DNSHostnames: true})
		e.Subnets.Put(estate.Subnet{ID: "subnet-1", VPC: "vpc-1", Account: account, Region: region, CIDR: netip.MustParsePrefix("10.0.0.0/24"), Zone: "eu-west-1a"})
		e.SecurityGroups.Put(
			estate.SecurityGroup{ID: "sg-probe", VPC: "vpc-1", Account: account, Region: region, Rules: []estate.GroupRule{{Protocol: "tcp", From: 1, To: 1023, CIDR: all, Egress: true}}},
			estate.SecurityGroup{ID: "sg-https", VPC: "vpc-1", Account: account, Region: region, Rules: []estate.GroupRule{{Protocol: "tcp", From: 443, To: 443, CIDR: all}}},
		)
		e.RouteTables.Put(estate.RouteTable{ID: "rtb-1", VPC: "vpc-1", Account: account, Region: region, Main: true})
		e.Endpoints.Put(estate.Endpoint{
			ID: "vpce-1", Account: account, Region: region, VPC: "vpc-1", Type: estate.EndpointInterface, Service: "com.amazonaws.eu-west-1.ec2",
			State: estate.EndpointAvailable, Subnets: []string{"subnet-1"}, Groups: []string{"sg-https"}, PrivateDNS: true,
			PrivateNames: []dnsname.Name{name}, Addresses: []estate.EndpointAddress{{Subnet: "subnet-1", IPv4: at}},
		})
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	var code bytes.Buffer
	if err := zip.NewWriter(&code).Close(); err != nil {
		t.Fatal(err)
	}
	cl := lambda.NewFromConfig(b.config(keys(string(account))), func(o *lambda.Options) { o.HTTPSignerV4 = b.signer() })
	if _, err := cl.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String("orgdns-probe-vpc-1"), Role: aws.String("arn:aws:iam::111111111111:role/probe"),
		Runtime: types.RuntimeProvidedal2023, Handler: aws.String("probe"), Code: &types.FunctionCode{ZipFile: code.Bytes()},
		Environment: &types.Environment{Variables: map[string]string{"ORGDNS_HANDLER": "probe"}},
		VpcConfig:   &types.VpcConfig{SubnetIds: []string{"subnet-1"}, SecurityGroupIds: []string{"sg-probe"}},
	}); err != nil {
		t.Fatal(err)
	}
	b.clock.Advance(time.Minute)
	look := func(request string) (probe.Report, string) {
		t.Helper()
		out, err := cl.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("orgdns-probe-vpc-1"), Payload: []byte(request)})
		if err != nil {
			t.Fatal(err)
		}
		if out.FunctionError != nil {
			return probe.Report{}, string(out.Payload)
		}
		var r probe.Report
		if err := json.Unmarshal(out.Payload, &r); err != nil {
			t.Fatalf("%s: %v", out.Payload, err)
		}
		return r, ""
	}
	got, failed := look(`{"names": [{"name": "ec2.eu-west-1.amazonaws.com", "connect": [{"port": 443, "tls": true, "path": "/"}, {"port": 80}]},
		{"name": "ec2.eu-west-1.amazonaws.com", "connect": [{"port": 443, "tls": true, "serverName": "sqs.eu-west-1.amazonaws.com"}]},
		{"name": "no.such.invalid", "none": true}]}`)
	if failed != "" || len(got.Results) != 3 {
		t.Fatalf("%+v %s", got, failed)
	}
	r := got.Results[0]
	if r.RCode != "NOERROR" || len(r.Addresses()) != 1 || r.Addresses()[0] != at || len(r.Connections) != 2 {
		t.Fatalf("got %+v", r)
	}
	if c := r.Connections[0]; c.TCP != probe.OK || c.TLS != probe.OK || c.HTTP != "403" {
		t.Errorf("on 443: %+v", c)
	}
	if c := r.Connections[1]; !strings.Contains(c.TCP, "sg-https") {
		t.Errorf("on 80, which the group does not admit: %+v", c)
	}
	if c := got.Results[1].Connections[0]; c.TLS != "the certificate is not for sqs.eu-west-1.amazonaws.com" {
		t.Errorf("another name: %+v", c)
	}
	if len(got.Results[2].Addresses()) != 0 {
		t.Errorf("a name that is not there: %+v", got.Results[2])
	}
	if _, failed := look(`{"names": []}`); !strings.Contains(failed, "no name to ask for") {
		t.Errorf("a bad request: %q", failed)
	}
}
