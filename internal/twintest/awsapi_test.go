package twintest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/pace"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/twin"
	"github.com/orgdns/orgdns/internal/twin/world"
)

const (
	management estate.AccountID = "000000000001"
	parent     estate.AccountID = "111111111111"
	child      estate.AccountID = "333333333333"

	ireland estate.Region = "eu-west-1"
)

const (
	owner = "acme"

	everything = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// aws is a twin with what orgdns needs to use it, run by the administrator of
// the management account.
type aws struct {
	world    *world.World
	clock    *clock.Virtual
	options  awsapi.Options
	sessions *awsapi.Sessions
}

// newAWS makes a twin that holds an estate; the test is a worker of its clock.
func newAWS(t *testing.T, e estate.Estate, change func(*awsapi.Options)) aws {
	t.Helper()
	c := clock.NewVirtual(start)
	t.Cleanup(c.Enter())
	w := world.New(c, e)
	w.Limits = true
	a := aws{world: w, clock: c}.as(string(management), world.AdministratorSecret, "", awsapi.Access{Role: "orgdns"})
	if change != nil {
		change(&a.options)
		a.sessions = awsapi.New(a.options)
	}
	return a
}

// as is the twin used with other credentials.
func (a aws) as(key, secret, token string, access awsapi.Access) aws {
	a.options = awsapi.Options{
		Owner: owner, Base: credentials.NewStaticCredentialsProvider(key, secret, token),
		HTTPClient: &http.Client{Transport: twin.New(a.world)},
		Clock:      a.clock, Loop: pace.New(a.clock), Region: ireland, Default: access,
	}
	a.sessions = awsapi.New(a.options)
	return a
}

// count is how many calls of an operation were made, refused ones included.
func (a aws) count(operation string) int {
	n := 0
	for _, c := range a.world.Calls() {
		if c.Operation == operation {
			n += c.Count
		}
	}
	return n
}

func name(s string) dnsname.Name { return dnsname.MustParse(s) }

// role is a role of an account that the management account may assume.
func role(account estate.AccountID, policy string) estate.Role {
	return estate.Role{
		ARN: "arn:aws:iam::" + string(account) + ":role/orgdns", ID: "AROAORGDNS" + string(account), Account: account,
		Path: "/", Name: "orgdns", MaxSession: 3600, Created: start.Add(-time.Hour), Tags: estate.Tags{},
		Trust:  trust(""),
		Inline: map[string]string{"orgdns": policy},
	}
}

func trust(condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"arn:aws:iam::` +
		string(management) + `:root"}` + condition + `}]}`
}

// zone is a public zone with its apex records.
func zone(id string, account estate.AccountID, n string) (estate.Zone, []estate.RecordSet) {
	z := estate.Zone{
		ID: id, Account: account, Name: name(n), CallerReference: "by-hand-" + id, Tags: estate.Tags{},
		NameServers: []dnsname.Name{name("ns-1.awsdns-01.com"), name("ns-2.awsdns-01.net"), name("ns-3.awsdns-01.org"), name("ns-4.awsdns-01.co.uk")},
	}
	var servers []string
	for _, s := range z.NameServers {
		servers = append(servers, s.FQDN())
	}
	return z, []estate.RecordSet{
		{Zone: id, Name: z.Name, Type: "NS", TTL: 172800, Values: servers},
		{Zone: id, Name: z.Name, Type: "SOA", TTL: 900, Values: []string{servers[0] + " awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}},
	}
}

// populated is an estate with something of everything that is read.
func populated() estate.Estate {
	e := estate.Estate{Organization: estate.Organization{
		ID: "o-acme", ARN: "arn:aws:organizations::000000000001:organization/o-acme", Management: management,
		Root: "r-acme",
	}}
	e.Units.Put(
		estate.Unit{ID: "ou-acme-infra001", Name: "Infrastructure", Parent: "r-acme"},
		estate.Unit{ID: "ou-acme-work0001", Name: "Workloads", Parent: "ou-acme-infra001"},
	)
	account := func(id estate.AccountID, name, status, parent string) estate.Account {
		return estate.Account{ID: id, Name: name, Email: name + "@example.com", Status: status, Parent: parent}
	}
	e.Accounts.Put(
		account(management, "management", estate.AccountActive, "r-acme"),
		account(parent, "dns", estate.AccountActive, "ou-acme-infra001"),
		account(child, "api", estate.AccountActive, "ou-acme-work0001"),
		account("444444444444", "gone", estate.AccountSuspended, "ou-acme-work0001"),
	)

	z, records := zone("ZPARENT", parent, "example.com")
	z.Comment, z.Tags = "Acme's", estate.Tags{"team": "dns", plan.TagOwner: owner}
	weight := func(w int64) estate.Routing { return estate.Routing{Weight: &w} }
	at := func(n, rrtype string, r estate.RecordSet) {
		r.Zone, r.Name, r.Type = z.ID, name(n), rrtype
		if r.Alias == nil {
			r.TTL = 300
		}
		records = append(records, r)
	}
	v4 := []string{"192.0.2.1"}
	at("example.com", "A", estate.RecordSet{Alias: &estate.Alias{Name: name("www.example.com"), Zone: z.ID, EvaluateTargetHealth: true}})
	at("example.com", "TXT", estate.RecordSet{Values: []string{`"v=spf1 -all"`, `"two" "strings"`}})
	at(`*.example.com`, "A", estate.RecordSet{Values: v4})
	at(`a\040b.example.com`, "A", estate.RecordSet{Values: v4})
	at("www.example.com", "A", estate.RecordSet{Values: []string{"192.0.2.1", "192.0.2.2"}})
	at("w.example.com", "A", estate.RecordSet{Values: v4, SetID: "one", Routing: weight(0)})
	at("w.example.com", "A", estate.RecordSet{Values: v4, SetID: "two", Routing: weight(9)})
	at("l.example.com", "A", estate.RecordSet{Values: v4, SetID: "ie", Routing: estate.Routing{Latency: "eu-west-1"}})
	at("f.example.com", "A", estate.RecordSet{Values: v4, SetID: "p", Routing: estate.Routing{Failover: "PRIMARY"}, HealthCheck: "11111111-2222-3333-4444-555555555555"})
	at("m.example.com", "A", estate.RecordSet{Values: v4, SetID: "m", Routing: estate.Routing{MultiValue: true}})
	at("g.example.com", "A", estate.RecordSet{Values: v4, SetID: "de", Routing: estate.Routing{Geo: &estate.Geo{Country: "DE"}}})
	at("g.example.com", "A", estate.RecordSet{Values: v4, SetID: "us", Routing: estate.Routing{Geo: &estate.Geo{Country: "US", Subdivision: "NY"}}})
	at("p.example.com", "A", estate.RecordSet{Values: v4, SetID: "here", Routing: estate.Routing{
		GeoProximity: &estate.GeoProximity{Latitude: "49.22", Longitude: "-74.01", Bias: -5}}})
	at("p.example.com", "A", estate.RecordSet{Values: v4, SetID: "there", Routing: estate.Routing{GeoProximity: &estate.GeoProximity{Region: "eu-west-1"}}})
	at("c.example.com", "A", estate.RecordSet{Values: v4, SetID: "c", Routing: estate.Routing{CIDR: &estate.CIDR{Collection: "c8c02a84-aaaa-bbbb-cccc-dddddddddddd", Location: "office"}}})
	z.RecordCount = int64(len(records))
	e.Zones.Put(z)
	e.Records.Put(records...)
	for i, n := range []string{"one.example", "two.example"} {
		z, records := zone("ZOTHER"+string(rune('A'+i)), parent, n)
		z.RecordCount = 2
		e.Zones.Put(z)
		e.Records.Put(records...)
	}
	private, records := zone("ZPRIVATE", child, "corp.internal")
	private.Private, private.RecordCount, private.NameServers = true, 2, nil
	private.VPCs = []estate.VPCRef{{Region: "eu-central-1", ID: "vpc-0b"}, {Region: ireland, ID: "vpc-0a"}}
	e.Zones.Put(private)
	e.Records.Put(records...)

	e.VPCs.Put(
		estate.VPC{ID: "vpc-0a", Account: child, Region: ireland, DNSSupport: true, DNSHostnames: true,
			CIDRs: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/16")}, Tags: estate.Tags{"dns": "corp"}},
		estate.VPC{ID: "vpc-0b", Account: child, Region: "eu-central-1", DNSSupport: true,
			CIDRs: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")}, Tags: estate.Tags{}},
	)
	e.Certificates.Put(
		certificate("11111111-1111-4111-8111-111111111111", estate.CertificateIssued, estate.Tags{plan.TagOwner: owner, plan.TagAddress: "a"}, "api.example.com", "*.api.example.com"),
		certificate("22222222-2222-4222-8222-222222222222", estate.CertificateIssued, estate.Tags{"team": "api"}, "other.example.com"),
	)
	managed := estate.ManagedPolicy{
		ARN: "arn:aws:iam::333333333333:policy/net/orgdns", ID: "ANPAORGDNS", Account: child, Path: "/net/", Name: "orgdns",
		Default: "v2", Created: start, Versions: []estate.PolicyVersion{
			{ID: "v2", Document: everything, Created: start},
		},
	}
	e.ManagedPolicies.Put(managed)
	for _, id := range []estate.AccountID{management, parent, child} {
		r := role(id, everything)
		if id == child {
			r.Attached, r.Boundary, r.Description = []string{managed.ARN}, managed.ARN, "DNS"
			r.Tags = estate.Tags{"team": "dns"}
		}
		e.Roles.Put(r)
	}
	return e
}

func certificate(id, status string, tags estate.Tags, names ...string) estate.Certificate {
	c := estate.Certificate{
		ARN: "arn:aws:acm:eu-west-1:333333333333:certificate/" + id, Account: child, Region: ireland, Status: status,
		Created: start.Add(-time.Hour), Tags: tags,
	}
	if status == estate.CertificateIssued {
		c.Issued = c.Created.Add(time.Minute)
	}
	for _, n := range names {
		c.Names = append(c.Names, name(n))
		c.Validation = append(c.Validation, estate.Validation{
			Name: name(n), Status: "SUCCESS", Record: name("_x." + strings.TrimPrefix(n, "*.")), Value: "_y.acm-validations.aws.",
		})
	}
	return c
}

// read applies the answers to queries, in order.
func read(t *testing.T, ctx context.Context, r *awsapi.Reader, e *estate.Estate, queries ...estate.Query) {
	t.Helper()
	for _, q := range queries {
		patch, err := r.Read(ctx, q)
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		patch(e)
	}
}

func text(t *testing.T, v any) string {
	t.Helper()
	b, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
