package cli_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

const (
	hostileShop   = estate.AccountID("444444444444") // may have names below svc
	hostilePay    = estate.AccountID("555555555555") // may have any name of the zone
	hostileNobody = estate.AccountID("666666666666") // may have none
	hostileHub    = estate.AccountID("222222222222")
	hostileVPC    = "vpc-0c0c0c0c0c0c0c0c0"
	hostileBus    = "arn:aws:events:eu-west-1:222222222222:event-bus/"
	hostileConfig = `owner: acme
organization: { access: { account: management, role: orgdns-read } }
defaults: { role: orgdns, region: eu-west-1 }
accounts:
  management: { id: "000000000001" }
  network: { id: "222222222222" }
  shop: { id: "444444444444" }
  pay: { id: "555555555555" }
  nobody: { id: "666666666666" }
latticeDomains:
  - zone: corp.internal
    account: network
    grants:
      - { account: shop, names: "*.svc.corp.internal" }
      - { account: pay, names: "*.corp.internal" }
latticeEvents: { account: network, guidance: true }
`
)

// hostile is a site on which accounts do what they should not.
type hostile struct{ *site }

func (h hostile) keys(account estate.AccountID) aws.CredentialsProvider {
	return credentials.NewStaticCredentialsProvider(string(account), "twin", "")
}

// service makes a service of an account that is tagged so that it is told of, and
// gives its ARN.
func (h hostile) service(account estate.AccountID, domain string) string {
	h.t.Helper()
	c := vpclattice.New(vpclattice.Options{Region: "eu-west-1", BaseEndpoint: &h.url, Credentials: h.keys(account)})
	name := fmt.Sprintf("s-%x", rand.Uint64())
	out, err := c.CreateService(h.t.Context(), &vpclattice.CreateServiceInput{Name: &name, CustomDomainName: &domain, Tags: map[string]string{"NewService": "true"}})
	if err != nil {
		h.t.Fatal(err)
	}
	return *out.Arn
}

// put puts an event onto a bus, and gives the code with which that is refused.
func (h hostile) put(account estate.AccountID, bus, source, kind, detail string) string {
	h.t.Helper()
	c := eventbridge.New(eventbridge.Options{Region: "eu-west-1", BaseEndpoint: &h.url, Credentials: h.keys(account)})
	out, err := c.PutEvents(h.t.Context(), &eventbridge.PutEventsInput{Entries: []ebtypes.PutEventsRequestEntry{{EventBusName: &bus, Source: &source, DetailType: &kind, Detail: &detail}}})
	if err != nil {
		h.t.Fatal(err)
	}
	return aws.ToString(out.Entries[0].ErrorCode)
}

func (h hostile) queues(account estate.AccountID) *sqs.Client {
	return sqs.New(sqs.Options{Region: "eu-west-1", BaseEndpoint: &h.url, Credentials: h.keys(account)})
}

// queue makes a queue of one's own, into which anybody of its account can put what
// he likes, with a queue for its dead letters.
func (h hostile) queue(name string) string {
	h.t.Helper()
	c := h.queues(hostileHub)
	if _, err := c.CreateQueue(h.t.Context(), &sqs.CreateQueueInput{QueueName: aws.String(name + "-dead")}); err != nil {
		h.t.Fatal(err)
	}
	out, err := c.CreateQueue(h.t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{
		"RedrivePolicy": fmt.Sprintf(`{"deadLetterTargetArn":"%s-dead","maxReceiveCount":20}`, estate.QueueARN(hostileHub, "eu-west-1", name)), "MaximumMessageSize": "1048576",
	}})
	if err != nil {
		h.t.Fatal(err)
	}
	return *out.QueueUrl
}

// counted is how many messages a replica has decided on, by outcome and reason.
func (h hostile) counted(c *replica) map[string]int {
	h.t.Helper()
	out := map[string]int{}
	line := regexp.MustCompile(`^orgdns_events_total\{form="[a-z]*",outcome="(\w+)",reason="(\w*)"\}$`)
	for name, n := range h.metrics(c) {
		if m := line.FindStringSubmatch(name); m != nil {
			out[strings.TrimSpace(m[1]+" "+m[2])] += int(n)
		}
	}
	return out
}

// zone is every record of the zone, as text.
func (h hostile) zone() string {
	h.t.Helper()
	var lines []string
	for rec := range h.estate().Records.All() {
		raw, err := json.Marshal(rec)
		if err != nil {
			h.t.Fatal(err)
		}
		lines = append(lines, string(raw))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// newHostile is such a site, with the chain that tells of services.
func newHostile(t *testing.T) hostile {
	t.Helper()
	e := organizationOf(hostileHub, hostileShop, hostilePay, hostileNobody)
	name := dnsname.MustParse("corp.internal")
	e.VPCs.Put(estate.VPC{ID: hostileVPC, Account: hostileHub, Region: "eu-west-1", DNSSupport: true, DNSHostnames: true})
	e.Zones.Put(estate.Zone{ID: "ZCORP", Account: hostileHub, Name: name, Private: true, CallerReference: "by hand", VPCs: []estate.VPCRef{{ID: hostileVPC, Region: "eu-west-1"}}})
	e.Records.Put(
		estate.RecordSet{Zone: "ZCORP", Name: name, Type: "NS", TTL: 172800, Values: []string{"ns-1536.awsdns-00.co.uk."}},
		estate.RecordSet{Zone: "ZCORP", Name: name, Type: "SOA", TTL: 900, Values: []string{"ns-1536.awsdns-00.co.uk. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"}},
		estate.RecordSet{Zone: "ZCORP", Name: dnsname.MustParse("db.corp.internal"), Type: "A", TTL: 60, Values: []string{"10.0.0.10"}},
	)
	h := hostile{newSite(t, e, hostileConfig)}
	h.output("deploy", "lattice", "--yes")
	return h
}

// TestHostile: what accounts tell that they should not changes no record. What
// passes the buses is refused or unserved, what is put into a queue past them is
// refused; each is counted by its reason and lies among the dead letters, or is
// dropped where docs/serve.md says so.
func TestHostile(t *testing.T) {
	t.Parallel()
	h := newHostile(t)
	own := h.queue("own")
	hubQueue := ""
	for q := range h.estate().Queues.All() {
		if strings.HasSuffix(q.Name, "-events") {
			hubQueue = q.Name
		}
	}
	orders := h.service(hostileShop, "orders.svc.corp.internal")
	ledger := h.service(hostilePay, "ledger.corp.internal")
	serve := h.serve("--listen", "127.0.0.1:0", "--queue", estate.QueueARN(hostileHub, "eu-west-1", hubQueue), "--queue", own)
	h.ready(serve)
	want := map[string]int{}
	// counts waits until everything that is wanted has been decided on.
	counts := func(after string) {
		t.Helper()
		var got map[string]int
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
			if got = h.counted(serve); maps.Equal(got, want) {
				return
			}
		}
		t.Fatalf("after %s: decided %v, want %v", after, got, want)
	}
	want["settled"] = 2 // the first sweep found them
	counts("two services that came")
	before := h.zone()
	if !strings.Contains(before, "orders.svc.corp.internal") || !strings.Contains(before, "ledger.corp.internal") {
		t.Fatalf("the services have no records:\n%s", before)
	}

	// names that an account may not have, or nobody
	for _, domain := range []string{"cart.corp.internal", "ledger.corp.internal", "svc.corp.internal"} {
		h.service(hostileShop, domain)
		want["unserved"]++
	}
	for _, domain := range []string{"corp.internal", "_orgdns.corp.internal", "_orgdns-0123456789ab.corp.internal", "*.corp.internal", "db.corp.internal", "orders.svc.corp.internal"} {
		h.service(hostilePay, domain)
		want["unserved"]++
	}
	counts("names that they may not have")

	// services of others, and of accounts that may have no name
	arn := func(service string) string { return fmt.Sprintf(`{"ServiceArn":%q}`, service) }
	bus := hostileBus + hubQueue
	for _, kind := range []string{"ServiceDeleted", "ServiceCreated"} {
		if code := h.put(hostileShop, "default", "vpclattice_information", kind, arn(ledger)); code != "" {
			t.Errorf("%s is not taken by the account's bus: %s", kind, code)
		}
		want["refused forged"]++
		if code := h.put(hostileNobody, bus, "vpclattice_information", kind, arn(orders)); code != "" {
			t.Errorf("%s is not taken by the hub's bus: %s", kind, code)
		}
		want["refused forged"]++
		h.put(hostileNobody, bus, "vpclattice_information", kind, arn(strings.ReplaceAll(orders, string(hostileShop), string(hostileNobody))))
		want["refused notGranted"]++
		h.put(hostileShop, "default", "vpclattice_information", kind, arn(strings.Replace(orders, "eu-west-1", "eu-central-1", 1)))
		want["refused forged"]++
	}
	for _, detail := range []string{`{}`, `{"ServiceArn":7}`, `{"ServiceArn":"orders.svc.corp.internal"}`, `{"ServiceArn":["` + orders + `"]}`} {
		h.put(hostileShop, "default", "vpclattice_information", "ServiceDeleted", detail)
		want["refused malformed"]++
	}
	counts("services of others")

	// sources of others come to no bus, and nobody gets past it
	for _, source := range []string{"aws.tag", "aws.vpc-lattice"} {
		for _, to := range []string{"default", bus} {
			if code := h.put(hostileShop, to, source, "Tag Change on Resource", `{}`); code == "" {
				t.Errorf("an account puts events of %s onto %s", source, to)
			}
		}
	}
	for _, x := range [][2]string{{"shop", "ServiceCreated"}, {"vpclattice_information", "ServiceMoved"}} {
		if code := h.put(hostileShop, bus, x[0], x[1], arn(orders)); code == "" {
			t.Errorf("the hub's bus takes %s of %s", x[1], x[0])
		}
		h.put(hostileShop, "default", x[0], x[1], arn(orders)) // no rule takes it along
	}
	url := strings.TrimSuffix(own, "own") + hubQueue
	for _, account := range []estate.AccountID{hostileHub, hostileShop} {
		if _, err := h.queues(account).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: aws.String("{}")}); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("account %s puts a message into the queue past the bus: %v", account, err)
		}
	}

	// a queue that others can write to
	valid := func(account estate.AccountID, source, kind, resource, detail string) string {
		return fmt.Sprintf(`{"version":"0","id":"e-1","detail-type":%q,"source":%q,"account":%q,"time":"2026-11-30T12:00:00Z","region":"eu-west-1","resources":[%q],"detail":%s}`,
			kind, source, account, resource, detail)
	}
	tags := func(value string) string {
		return `{"changed-tag-keys":["NewService"],"service":"vpc-lattice","resource-type":"service","tags":{` + value + `}}`
	}
	tag := valid(hostileShop, "aws.tag", "Tag Change on Resource", orders, tags(`"NewService":"true"`))
	bodies := map[string][]string{
		"malformed": {"x", "[]", "{", "null", `"` + orders + `"`, strings.Repeat("[", 100_000), strings.Replace(tag, "444444444444", "44444", 1), strings.Replace(tag, `"e-1"`, `""`, 1),
			valid(hostileShop, "aws.tag", "Tag Change on Resource", orders, tags(`"NewService":"TRUE"`)), valid(hostileShop, "aws.tag", "Tag Change on Resource", orders, `[]`),
			valid(hostileShop, "aws.tag", "Tag Change on Resource", "orders", tags(`"NewService":"true"`))},
		"foreign": {valid(hostileShop, "shop", "Tag Change on Resource", orders, tags(`"NewService":"true"`)), valid(hostileShop, "aws.tag", "ServiceDeleted", orders, `{}`)},
		"forged": {valid(hostilePay, "aws.tag", "Tag Change on Resource", orders, tags("")), strings.Replace(tag, `"eu-west-1","resources"`, `"eu-west-2","resources"`, 1),
			strings.Replace(tag, `"arn:aws:`, `"arn:aws-cn:`, 1)},
		"notGranted": {strings.ReplaceAll(tag, string(hostileShop), string(hostileNobody)), strings.ReplaceAll(tag, string(hostileShop), "999999999999")},
		"oversize":   {tag + strings.Repeat(" ", 257<<10), strings.Repeat("A", 900<<10)},
		"irrelevant": {valid(hostileShop, "aws.tag", "Tag Change on Resource", orders, strings.Replace(tags(""), `"NewService"]`, `"team"]`, 1)),
			valid(hostileShop, "aws.tag", "Tag Change on Resource", orders, strings.Replace(tags(""), "vpc-lattice", "ec2", 1))},
	}
	send := func(body string) {
		t.Helper()
		if _, err := h.queues(hostileHub).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &own, MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
	}
	for _, reason := range slices.Sorted(maps.Keys(bodies)) {
		for _, body := range bodies[reason] {
			send(body)
			want["refused "+reason]++
		}
	}
	counts("a queue that others write to")

	// and bytes turned at random, in an event that tells that what stands is going
	random, fuzzed := rand.New(rand.NewPCG(1, 2)), 150
	gone := valid(hostileShop, "aws.tag", "Tag Change on Resource", orders, tags(""))
	for range fuzzed {
		body := []byte(gone)
		for range 1 + random.IntN(4) {
			body[random.IntN(len(body))] = "\"{}[]:,0a \\"[random.IntN(11)]
		}
		send(string(body))
	}
	decided := func(of map[string]int) (n int) {
		for outcome, k := range of {
			if outcome != "retried" { // and comes again
				n += k
			}
		}
		return n
	}
	for end := time.Now().Add(patience); decided(h.counted(serve)) < decided(want)+fuzzed/2; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("decided %v", h.counted(serve))
		}
	}
	if after := h.zone(); after != before {
		t.Errorf("the zone has\n%s\nand had\n%s", after, before)
	}
	h.stop(serve)

	// the reasons stand beside what was refused
	reasons := map[string]int{}
	for _, queue := range []string{hubQueue, "own"} {
		var out struct {
			Result []struct{ Reason string }
		}
		if err := json.Unmarshal([]byte(h.output("events", "list", "--queue", estate.QueueARN(hostileHub, "eu-west-1", queue), "--output", "json")), &out); err != nil {
			t.Fatal(err)
		}
		for _, l := range out.Result {
			reason, _, _ := strings.Cut(l.Reason, ":")
			reasons[reason]++
		}
	}
	for _, reason := range []string{"malformed", "foreign", "forged", "notGranted", "oversize"} {
		if n := want["refused "+reason]; reasons[reason] < n {
			t.Errorf("%d dead letters are %s, want %d at least", reasons[reason], reason, n)
		}
	}
	if reasons["irrelevant"] > 0 {
		t.Error("what tells nothing lies among the dead letters")
	}
}
