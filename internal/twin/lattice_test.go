package twin_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

func (b bench) lattice(c aws.Credentials) *vpclattice.Client {
	return vpclattice.NewFromConfig(b.config(c), func(o *vpclattice.Options) { o.HTTPSignerV4 = b.signer() })
}

// gathered makes a queue that gets, over the bus of another account, what the
// default bus of an account has that fits a pattern; it gives a poll of it.
func gathered(t *testing.T, b bench, pattern string) (poll func() []world.BusEvent) {
	t.Helper()
	spoke, hub, queues, roles := b.events(keys(caller)), b.events(keys(other)), b.sqs(keys(other)), b.iam(keys(caller))
	bus, queue := "arn:aws:events:eu-west-1:"+other+":event-bus/central", "arn:aws:sqs:eu-west-1:"+other+":work"
	must[*eventbridge.CreateEventBusOutput](t)(hub.CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: aws.String("central")}))
	must[*eventbridge.PutPermissionOutput](t)(hub.PutPermission(t.Context(), &eventbridge.PutPermissionInput{
		EventBusName: aws.String("central"), StatementId: aws.String("spoke"), Action: aws.String("events:PutEvents"), Principal: aws.String(caller),
	}))
	url := must[*sqs.CreateQueueOutput](t)(queues.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("work"), Attributes: map[string]string{
		"Policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`,
	}})).QueueUrl
	must[*eventbridge.PutRuleOutput](t)(hub.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("to-queue"), EventBusName: aws.String("central"), EventPattern: &pattern}))
	must[*eventbridge.PutTargetsOutput](t)(hub.PutTargets(t.Context(), &eventbridge.PutTargetsInput{
		Rule: aws.String("to-queue"), EventBusName: aws.String("central"), Targets: []ebtypes.Target{{Id: aws.String("queue"), Arn: &queue}},
	}))
	role := must[*iam.CreateRoleOutput](t)(roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("forward"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})).Role.Arn
	must[*iam.PutRolePolicyOutput](t)(roles.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: aws.String("forward"), PolicyName: aws.String("put"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"events:PutEvents","Resource":"` + bus + `"}]}`)}))
	must[*eventbridge.PutRuleOutput](t)(spoke.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("to-hub"), EventPattern: &pattern}))
	must[*eventbridge.PutTargetsOutput](t)(spoke.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("to-hub"), Targets: []ebtypes.Target{{Id: aws.String("hub"), Arn: &bus, RoleArn: role}}}))
	return func() (out []world.BusEvent) {
		for {
			got := must[*sqs.ReceiveMessageOutput](t)(queues.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})).Messages
			if len(got) == 0 {
				return out
			}
			for _, m := range got {
				var e struct {
					Source     string          `json:"source"`
					DetailType string          `json:"detail-type"`
					Account    string          `json:"account"`
					Region     string          `json:"region"`
					Resources  []string        `json:"resources"`
					Detail     json.RawMessage `json:"detail"`
				}
				if err := json.Unmarshal([]byte(*m.Body), &e); err != nil {
					t.Fatal(err)
				}
				out = append(out, world.BusEvent{Source: e.Source, DetailType: e.DetailType, Account: estate.AccountID(e.Account), Region: estate.Region(e.Region), Resources: e.Resources, Detail: string(e.Detail)})
				must[*sqs.DeleteMessageOutput](t)(queues.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle}))
			}
		}
	}
}

// TestLatticeTagEvents: each change of a service's tags reaches a queue through the
// buses of two accounts, as AWS tells it (Tagging AWS Resources User Guide,
// tag-monitor.html); what is no change is not told, nor a service that is deleted with
// its tags on, and a lost event is lost.
func TestLatticeTagEvents(t *testing.T) {
	b := newBench()
	leave := b.clock.Enter()
	defer leave()
	poll := gathered(t, b, `{"source":["aws.tag"],"detail-type":["Tag Change on Resource"],"detail":{"service":["vpc-lattice"],"resource-type":["service"]}}`)
	services := b.lattice(keys(caller))
	made := must[*vpclattice.CreateServiceOutput](t)(services.CreateService(t.Context(), &vpclattice.CreateServiceInput{
		Name: aws.String("rates"), CustomDomainName: aws.String("rates.example.com"), Tags: map[string]string{"NewService": "true", "team": "a"},
	}))
	tag := func(k, v string) {
		must[*vpclattice.TagResourceOutput](t)(services.TagResource(t.Context(), &vpclattice.TagResourceInput{ResourceArn: made.Arn, Tags: map[string]string{k: v}}))
	}
	untag := func(k string) {
		must[*vpclattice.UntagResourceOutput](t)(services.UntagResource(t.Context(), &vpclattice.UntagResourceInput{ResourceArn: made.Arn, TagKeys: []string{k}}))
	}
	expect := func(want ...string) {
		t.Helper()
		var got []string
		for _, e := range poll() {
			if e.Source != "aws.tag" || e.Account != caller || e.Region != "eu-west-1" || len(e.Resources) != 1 || e.Resources[0] != *made.Arn {
				t.Errorf("told %+v", e)
			}
			got = append(got, e.Detail)
		}
		if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
			t.Errorf("told\n%s\nwant\n%s", g, w)
		}
	}
	detail := func(version int, changed, tags string) string {
		return fmt.Sprintf(`{"changed-tag-keys":[%s],"tags":{%s},"service":"vpc-lattice","resource-type":"service","version":%d}`, changed, tags, version)
	}
	expect(detail(1, `"NewService","team"`, `"NewService":"true","team":"a"`))
	tag("team", "a") // as it is
	untag("none")
	tag("team", "b")
	untag("NewService")
	expect(detail(2, `"team"`, `"NewService":"true","team":"b"`), detail(3, `"NewService"`, `"team":"b"`))

	b.world.Inject(world.Fault{Account: caller, Service: "aws.tag", Kind: world.FaultEventDrop})
	tag("NewService", "true")
	tag("team", "c")
	expect(detail(5, `"team"`, `"NewService":"true","team":"c"`))

	must[*vpclattice.DeleteServiceOutput](t)(services.DeleteService(t.Context(), &vpclattice.DeleteServiceInput{ServiceIdentifier: made.Id}))
	expect() // its tags go untold
}

// TestLatticeRecorded: where a trail that is on records the account, EventBridge
// gets the calls, too, with who called and what they asked and got (VPC Lattice
// User Guide, monitoring-cloudtrail.html); a refused call is not told.
func TestLatticeRecorded(t *testing.T) {
	b := newBench()
	leave := b.clock.Enter()
	defer leave()
	poll := gathered(t, b, `{"source":["aws.vpc-lattice"],"detail-type":["AWS API Call via CloudTrail"],"detail":{"eventSource":["vpc-lattice.amazonaws.com"]}}`)
	services := b.lattice(keys(caller))
	trail := func(on bool) {
		b.put(t, func(e *estate.Estate) {
			e.Trails.Put(estate.Trail{ARN: "arn:aws:cloudtrail:eu-west-1:" + caller + ":trail/t", Name: "t", Account: caller, Region: "eu-west-1", Logging: on})
		})
	}
	create := func(name string) *vpclattice.CreateServiceOutput {
		return must[*vpclattice.CreateServiceOutput](t)(services.CreateService(t.Context(), &vpclattice.CreateServiceInput{Name: &name, ClientToken: aws.String(name)}))
	}
	create("before")
	trail(false)
	create("off")
	trail(true)
	made := create("rates")
	b.clock.Advance(time.Minute)
	must[*vpclattice.UpdateServiceOutput](t)(services.UpdateService(t.Context(), &vpclattice.UpdateServiceInput{ServiceIdentifier: made.Arn, AuthType: "AWS_IAM"}))
	must[*vpclattice.TagResourceOutput](t)(services.TagResource(t.Context(), &vpclattice.TagResourceInput{ResourceArn: made.Arn, Tags: map[string]string{"NewService": "true"}}))
	must[*vpclattice.GetServiceOutput](t)(services.GetService(t.Context(), &vpclattice.GetServiceInput{ServiceIdentifier: made.Arn}))
	if _, err := services.CreateService(t.Context(), &vpclattice.CreateServiceInput{Name: aws.String("rates")}); code(err) != "ConflictException" {
		t.Errorf("made twice: %v", err)
	}
	must[*vpclattice.UntagResourceOutput](t)(services.UntagResource(t.Context(), &vpclattice.UntagResourceInput{ResourceArn: made.Arn, TagKeys: []string{"NewService"}}))
	must[*vpclattice.DeleteServiceOutput](t)(services.DeleteService(t.Context(), &vpclattice.DeleteServiceInput{ServiceIdentifier: made.Id}))

	var got []string
	for _, e := range poll() {
		var call struct {
			EventName, EventSource, AWSRegion, RecipientAccountID string
			UserIdentity                                          struct{ Type, ARN, AccountID string }
			RequestParameters, ResponseElements                   map[string]any
		}
		if err := json.Unmarshal([]byte(e.Detail), &call); err != nil {
			t.Fatal(err)
		}
		if u := call.UserIdentity; u.Type != "IAMUser" || u.AccountID != caller || u.ARN != "arn:aws:iam::"+caller+":user/twin-administrator" || call.RecipientAccountID != caller || call.AWSRegion != "eu-west-1" {
			t.Errorf("told %s", e.Detail)
		}
		got = append(got, fmt.Sprint(call.EventName, " ", call.RequestParameters, " ", call.ResponseElements["status"]))
	}
	want := []string{
		"CreateService map[clientToken:rates name:rates] CREATE_IN_PROGRESS",
		"UpdateService map[authType:AWS_IAM serviceIdentifier:" + *made.Arn + "] <nil>",
		"TagResource map[resourceArn:" + *made.Arn + " tags:map[NewService:true]] <nil>",
		"UntagResource map[resourceArn:" + *made.Arn + " tagKeys:[NewService]] <nil>",
		"DeleteService map[serviceIdentifier:" + *made.Id + "] DELETE_IN_PROGRESS",
	}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("told\n%s\nwant\n%s", g, w)
	}
}

// TestLatticeVectors: a service made through the API answers as the vectors have it
// (T41): its alias from the VPCs of the private zone, its generated name from
// anywhere, its custom domain from nowhere while no record leads to it (R7.2, R7.3).
func TestLatticeVectors(t *testing.T) {
	b := newBench()
	app, hub := b.vpc(t, caller), b.vpc(t, other)
	services := b.lattice(keys(caller))
	made := must[*vpclattice.CreateServiceOutput](t)(services.CreateService(t.Context(), &vpclattice.CreateServiceInput{Name: aws.String("rates"), CustomDomainName: aws.String("s.svc.corp")}))
	zone := b.private(t, caller, "svc.corp", app)
	ask := func(v types.VPC, name, rrtype string) (string, resolve.Rule) {
		a := resolve.New(b.world.Estate(), resolve.DefaultPolicy).Resolve(resolve.Vantage{VPC: aws.ToString(v.VPCId)}, dnsname.MustParse(name), rrtype)
		if len(a.Records) == 0 {
			return string(a.Outcome), a.Rule
		}
		return a.Records[0].Value, a.Rule
	}
	expect := func(v types.VPC, name, rrtype, prefix string, rule resolve.Rule) {
		t.Helper()
		if got, by := ask(v, name, rrtype); !strings.HasPrefix(got, prefix) || rule != "" && by != rule {
			t.Errorf("%s %s from %s: %s by %s, want %s by %s", name, rrtype, aws.ToString(v.VPCId), got, by, prefix, rule)
		}
	}
	expect(app, "s.svc.corp", "A", "NXDOMAIN", "")
	try := func(action types.ChangeAction, target *string, rrtypes ...types.RRType) error {
		batch := &types.ChangeBatch{}
		for _, rrtype := range rrtypes {
			batch.Changes = append(batch.Changes, types.Change{Action: action, ResourceRecordSet: &types.ResourceRecordSet{
				Name: aws.String("s.svc.corp"), Type: rrtype, AliasTarget: &types.AliasTarget{DNSName: made.DnsEntry.DomainName, HostedZoneId: target},
			}})
		}
		_, err := b.route53(keys(caller)).ChangeResourceRecordSets(t.Context(), &route53.ChangeResourceRecordSetsInput{HostedZoneId: &zone, ChangeBatch: batch})
		return err
	}
	change := func(action types.ChangeAction) {
		t.Helper()
		if err := try(action, made.DnsEntry.HostedZoneId, types.RRTypeA, types.RRTypeAaaa); err != nil {
			t.Fatal(err)
		}
	}
	for _, err := range []error{try(types.ChangeActionCreate, aws.String("Z0123456789"), types.RRTypeA), try(types.ChangeActionCreate, made.DnsEntry.HostedZoneId, types.RRTypeMx)} {
		if code(err) != "InvalidChangeBatch" {
			t.Errorf("an alias into another zone, or of a type that a service has not: %v", err)
		}
	}
	change(types.ChangeActionCreate)
	expect(app, "s.svc.corp", "A", "169.254.171.", "R7.2")
	expect(app, "s.svc.corp", "AAAA", "fd00:ec2:80::", "R7.2")
	expect(hub, "s.svc.corp", "A", "NXDOMAIN", "")
	expect(hub, *made.DnsEntry.DomainName, "A", "169.254.171.", "R7.2")
	expect(types.VPC{}, *made.DnsEntry.DomainName, "AAAA", "fd00:ec2:80::", "R7.2")
	must[*vpclattice.DeleteServiceOutput](t)(services.DeleteService(t.Context(), &vpclattice.DeleteServiceInput{ServiceIdentifier: made.Arn}))
	expect(app, "s.svc.corp", "A", "169.254.171.", "R7.2") // it goes
	b.clock.Advance(time.Minute)
	expect(app, "s.svc.corp", "A", "NOERROR", "") // and no record (R6.8)
	change(types.ChangeActionDelete)              // what dangles can be taken away
	expect(app, "s.svc.corp", "A", "NXDOMAIN", "")
}
