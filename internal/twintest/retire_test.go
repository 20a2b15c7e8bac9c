package twintest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/orgdns/orgdns/examples"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// The consumers of examples/endpointshare-profile in eu-west-1, and the hub.
const (
	retireHub  = "vpc-022222222222222a0"
	retireShop = "vpc-044444444444444a0"
	retireAPI  = "vpc-033333333333333a0"
	retireData = "vpc-066666666666666a0"
)

// organizationOnly is the policy that the share gives its endpoints.
const organizationOnly = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-acmeexample"}}}]}`

// retireRig is examples/endpointshare-profile with more keys in its share.
func retireRig(t testing.TB, mode string, start estate.Estate) rig {
	t.Helper()
	raw, err := examples.FS.ReadFile("endpointshare-profile/orgdns.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(raw), "    connect: {", "    retireDuplicates: report\n    connect: {", 1)
	r := rig{loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(text)}}, "orgdns.yaml"), start}
	r.cfg.EndpointShares[0].RetireDuplicates = mode // a configuration cannot say `remove` yet
	return r
}

// ownEndpoint is one that a team makes in its VPC, by the SDK: for a service,
// with a policy, and a group that admits ranges on 443.
func ownEndpoint(t testing.TB, w *world.World, vpc, service, policy string, ranges ...string) string {
	t.Helper()
	v, _ := w.Estate().VPCs.Get(vpc)
	c := ec2.NewFromConfig(administrator(w, v.Account).config)
	group, err := c.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: sdk.String("own-" + service), Description: sdk.String("own"), VpcId: &vpc})
	if err != nil {
		t.Fatal(err)
	}
	allow := ec2types.IpPermission{IpProtocol: sdk.String("tcp"), FromPort: sdk.Int32(443), ToPort: sdk.Int32(443)}
	for _, r := range ranges {
		allow.IpRanges = append(allow.IpRanges, ec2types.IpRange{CidrIp: &r})
	}
	if _, err := c.AuthorizeSecurityGroupIngress(t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: group.GroupId, IpPermissions: []ec2types.IpPermission{allow}}); err != nil {
		t.Fatal(err)
	}
	in := &ec2.CreateVpcEndpointInput{
		VpcEndpointType: ec2types.VpcEndpointTypeInterface, VpcId: &vpc, ServiceName: sdk.String("com.amazonaws." + string(ireland) + "." + service),
		PrivateDnsEnabled: sdk.Bool(true), SecurityGroupIds: []string{*group.GroupId},
	}
	for s := range w.Estate().Subnets.By(estate.ByVPC(vpc)) {
		in.SubnetIds = append(in.SubnetIds, s.ID)
	}
	if policy != "" {
		in.PolicyDocument = &policy
	}
	made, err := c.CreateVpcEndpoint(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	return *made.VpcEndpoint.VpcEndpointId
}

// bucketFor is a bucket of an account that lets only one endpoint in.
func bucketFor(t testing.TB, w *world.World, account estate.AccountID, name, endpoint string) {
	t.Helper()
	c := s3.NewFromConfig(administrator(w, account).config)
	if _, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name, CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: s3types.BucketLocationConstraint(ireland)}}); err != nil {
		t.Fatal(err)
	}
	policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::%s/*","Condition":{"StringNotEquals":{"aws:SourceVpce":%q}}}]}`, name, endpoint)
	if _, err := c.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: &name, Policy: &policy}); err != nil {
		t.Fatal(err)
	}
}

// ownEndpoints is the organization in which each consumer VPC of eu-west-1 has
// endpoints of its own for ec2 and sts. Three of the six can go; each of the
// others stays for a reason of its own, as told.
func ownEndpoints(t testing.TB) (_ *world.World, free []string, stay map[string]string) {
	t.Helper()
	w := shareRig(t, "profile").world()
	free = []string{
		ownEndpoint(t, w, retireShop, "ec2", organizationOnly, "10.30.0.0/16"),
		ownEndpoint(t, w, retireShop, "sts", organizationOnly, "10.30.0.0/17", "10.30.128.0/17"),
		ownEndpoint(t, w, retireAPI, "sts", organizationOnly, "10.40.0.0/16"),
	}
	named := ownEndpoint(t, w, retireData, "sts", organizationOnly, "10.50.0.0/16")
	bucketFor(t, w, "555555555555", "payments-reports", named)
	return w, free, map[string]string{
		named: "arn:aws:s3:::payments-reports",
		ownEndpoint(t, w, retireAPI, "ec2", "", "10.40.0.0/16"):                                "its policy permits",
		ownEndpoint(t, w, retireData, "ec2", organizationOnly, "10.50.0.0/16", "192.0.2.0/24"): "192.0.2.0/24",
	}
}

// retirePlan plans, and checks that nothing but warnings is said.
func retirePlan(t testing.TB, r rig, w *world.World) *reconcile.Planned {
	t.Helper()
	planned, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := planned.Diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	return planned
}

// foreign are the endpoints of others that a plan touches, by what it does.
func foreign(p *plan.Plan) map[plan.Action][]string {
	out := map[plan.Action][]string{}
	for _, c := range p.Changes {
		if c.Foreign {
			out[c.Action] = append(out[c.Action], c.ID)
		}
	}
	for _, ids := range out {
		slices.Sort(ids)
	}
	return out
}

// states are the duplicates of a plan by state.
func states(p *plan.Plan) map[plan.DuplicateState][]string {
	out := map[plan.DuplicateState][]string{}
	for _, d := range p.Duplicates {
		for _, x := range d.Endpoints {
			out[x.State] = append(out[x.State], x.ID)
		}
	}
	for _, ids := range out {
		slices.Sort(ids)
	}
	return out
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// TestRetireDuplicates: the first run brings the shared way and touches nothing
// of the teams'; the second lets go of what nobody would miss, and says of the
// rest why it stays; then nothing is left to do. Each consumer VPC has a right
// answer for each name after every call.
func TestRetireDuplicates(t *testing.T) {
	w, free, stay := ownEndpoints(t)
	r := retireRig(t, config.RetireRemove, w.Estate())
	watch := newShareWatch(retireHub, []string{"ec2", "sts"}, policies())
	watch.look(w.Estate(), "before")
	watch.at(w)

	first := retirePlan(t, r, w)
	if got := foreign(first.Plan); len(got) > 0 {
		t.Fatalf("the first plan touches %v", got)
	}
	if got := states(first.Plan); len(got) != 1 || len(got[plan.Pending]) != len(free)+len(stay) {
		t.Errorf("the first plan judges what does not stand yet: %v", got)
	}
	walkApply(t, r, w, first.Plan)

	second := retirePlan(t, r, w)
	if got := foreign(second.Plan); !slices.Equal(got[plan.Delete], sorted(free)) || !slices.Equal(got[plan.Update], sorted(free)) || len(second.Changes) != 2*len(free) {
		t.Fatalf("the second plan touches %v of %d changes, want %v", got, len(second.Changes), sorted(free))
	}
	retireTold(t, second, stay)
	walkApply(t, r, w, second.Plan)

	last := retirePlan(t, r, w)
	for _, c := range last.Changes {
		t.Errorf("left to do: %s %s", c.Action, c.Address)
	}
	retireTold(t, last, stay)
	watch.look(w.Estate(), "at the end")
	for _, x := range watch.wrong {
		t.Error(x)
	}
	if watch.asked == 0 {
		t.Error("nothing was asked")
	}
	e := w.Estate()
	for _, id := range free {
		if p, stands := e.Endpoints.Get(id); stands {
			t.Errorf("%s stands: %s", id, p.State)
		}
	}
	for id := range stay {
		if p, _ := e.Endpoints.Get(id); p.State != estate.EndpointAvailable || !p.PrivateDNS {
			t.Errorf("%s does not stand as before: %+v", id, p)
		}
	}
}

// retireTold: each endpoint that stays is told with its reason.
func retireTold(t testing.TB, p *reconcile.Planned, stay map[string]string) {
	t.Helper()
	for id, why := range stay {
		if !slices.ContainsFunc(p.Diagnostics, func(d diag.Diagnostic) bool {
			return d.Code == "duplicate-stays" && d.Severity == diag.Warning && strings.Contains(d.Detail, id) && strings.Contains(d.Summary, why)
		}) {
			t.Errorf("nothing says that %s stays because of %q: %v", id, why, p.Diagnostics)
		}
	}
	if got := states(p.Plan)[plan.Blocked]; len(got) != len(stay) {
		t.Errorf("blocked are %v, want %d", got, len(stay))
	}
}

// TestReportDuplicates: a report touches nothing of the teams', and has of each
// endpoint whether it could go.
func TestReportDuplicates(t *testing.T) {
	w, free, stay := ownEndpoints(t)
	r := retireRig(t, config.RetireReport, w.Estate())
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	planned := retirePlan(t, r, w)
	if got := states(planned.Plan); !slices.Equal(got[plan.Removable], sorted(free)) || len(got[plan.Blocked]) != len(stay) {
		t.Errorf("reported are %v, want %v removable", got, sorted(free))
	}
	e := w.Estate()
	for p := range r.start.Endpoints.All() {
		if now, _ := e.Endpoints.Get(p.ID); now.State != estate.EndpointAvailable || !now.PrivateDNS {
			t.Errorf("%s does not stand as before: %+v", p.ID, now)
		}
	}

	// Where the keys of one account cannot be read nothing goes anywhere, and the
	// plan says so.
	for role := range e.Roles.By(estate.ByRole("555555555555", "orgdns")) {
		role.Inline = map[string]string{"no-keys": `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"kms:ListKeys","Resource":"*"}]}`}
		e.Roles.Put(role)
	}
	r = retireRig(t, config.RetireRemove, e)
	planned = retirePlan(t, r, world.New(clock.NewVirtual(w.Now()), e))
	if len(planned.Changes) > 0 || len(states(planned.Plan)[plan.Removable]) > 0 {
		t.Errorf("with keys unread the plan has %d changes and %v", len(planned.Changes), states(planned.Plan))
	}
	if !slices.ContainsFunc(planned.Diagnostics, func(d diag.Diagnostic) bool {
		return d.Code == "duplicate-stays" && strings.Contains(d.Summary, "the policies of KMS keys of account 555555555555 were not read")
	}) {
		t.Errorf("said %v", planned.Diagnostics)
	}
}
