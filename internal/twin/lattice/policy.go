package lattice

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice/types"

	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// policy is a document with its times.
type policy struct {
	text             string
	created, updated time.Time
}

// Resource policies, which let other accounts, and auth policies, which are data
// here: both by the ARN of a service or service network.
var (
	policies     = world.Private[policy]{Name: "lattice.policies"}
	authPolicies = world.Private[policy]{Name: "lattice.authPolicies"}
)

// maxAuthPolicy is the largest auth policy in bytes (quotas.html).
const maxAuthPolicy = 10 << 10

// holder finds the service or service network that an identifier names, for what
// is done with its policies.
func holder(c *world.Call, identifier *string) (arn string, err error) {
	if id := aws.ToString(identifier); strings.HasPrefix(idOf(id), "sn-") {
		n, err := network(c, identifier)
		return n.ARN, err
	}
	v, err := service(c, identifier)
	return v.ARN, err
}

func checkPolicy(text string, of iam.PolicyType) error {
	if strings.Contains(text, "\n") {
		return invalid("policy", "The policy string in JSON must not contain newlines or blank lines.")
	}
	if _, err := iam.Check(text, of); err != nil {
		return invalid("policy", "%v", err)
	}
	return nil
}

func put(c *world.Call, table world.Private[policy], arn, text string) {
	p, ok := table.Get(c.State, arn)
	if !ok {
		p.created = c.Now
	}
	p.text, p.updated = text, c.Now
	table.Put(c.State, arn, p)
}

func putResourcePolicy(_ context.Context, c *world.Call, in *vpclattice.PutResourcePolicyInput) (*vpclattice.PutResourcePolicyOutput, error) {
	arn, err := holder(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	if err := checkPolicy(aws.ToString(in.Policy), iam.ResourceBased); err != nil {
		return nil, err
	}
	put(c, policies, arn, *in.Policy)
	return &vpclattice.PutResourcePolicyOutput{}, nil
}

// getResourcePolicy gives the policy that was put; those that RAM writes for its
// shares are not kept.
func getResourcePolicy(_ context.Context, c *world.Call, in *vpclattice.GetResourcePolicyInput) (*vpclattice.GetResourcePolicyOutput, error) {
	arn, err := holder(c, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	p, ok := policies.Get(c.State, arn)
	if !ok {
		return nil, missing("RESOURCE_POLICY", arn)
	}
	return &vpclattice.GetResourcePolicyOutput{Policy: &p.text}, nil
}

func deleteResourcePolicy(_ context.Context, c *world.Call, in *vpclattice.DeleteResourcePolicyInput) (*vpclattice.DeleteResourcePolicyOutput, error) {
	arn, err := holder(c, in.ResourceArn)
	if err == nil {
		policies.Delete(c.State, arn)
	}
	return &vpclattice.DeleteResourcePolicyOutput{}, err
}

// stateOf: an auth policy acts where the auth type is AWS_IAM (API_PutAuthPolicy).
func stateOf(c *world.Call, arn string) types.AuthPolicyState {
	if moreOf(c, arn).auth == types.AuthTypeAwsIam {
		return types.AuthPolicyStateActive
	}
	return types.AuthPolicyStateInactive
}

func putAuthPolicy(_ context.Context, c *world.Call, in *vpclattice.PutAuthPolicyInput) (*vpclattice.PutAuthPolicyOutput, error) {
	arn, err := holder(c, in.ResourceIdentifier)
	if err != nil {
		return nil, err
	}
	if err := checkPolicy(aws.ToString(in.Policy), iam.ResourceBased); err != nil {
		return nil, err
	}
	if len(*in.Policy) > maxAuthPolicy {
		return nil, invalid("policy", "An auth policy has at most %d bytes.", maxAuthPolicy)
	}
	put(c, authPolicies, arn, *in.Policy)
	return &vpclattice.PutAuthPolicyOutput{Policy: in.Policy, State: stateOf(c, arn)}, nil
}

func getAuthPolicy(_ context.Context, c *world.Call, in *vpclattice.GetAuthPolicyInput) (*vpclattice.GetAuthPolicyOutput, error) {
	arn, err := holder(c, in.ResourceIdentifier)
	if err != nil {
		return nil, err
	}
	p, ok := authPolicies.Get(c.State, arn)
	if !ok {
		return nil, missing("AUTH_POLICY", arn)
	}
	return &vpclattice.GetAuthPolicyOutput{Policy: &p.text, State: stateOf(c, arn), CreatedAt: at(p.created), LastUpdatedAt: at(p.updated)}, nil
}

func deleteAuthPolicy(_ context.Context, c *world.Call, in *vpclattice.DeleteAuthPolicyInput) (*vpclattice.DeleteAuthPolicyOutput, error) {
	arn, err := holder(c, in.ResourceIdentifier)
	if err == nil {
		authPolicies.Delete(c.State, arn)
	}
	return &vpclattice.DeleteAuthPolicyOutput{}, err
}
