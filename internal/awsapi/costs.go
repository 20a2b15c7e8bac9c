package awsapi

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/pace"
)

// service is an AWS service as far as orgdns uses it: every operation that can
// be called, with the bucket that it has to itself.
type service struct {
	prefix string // of its IAM actions
	global bool   // one bucket for all Regions
	all    rate   // bucket of all operations together
	// operations and their own buckets; a zero rate is a bucket that is never
	// emptier than the shared one, or that AWS does not document.
	operations map[string]rate
}

// rate is a token bucket.
type rate struct{ burst, refill float64 }

// services by the SDK's service ID.
var services = map[string]service{
	// Developer Guide, DNSLimitations.html and throttling-api-requests.html:
	// 50/10 over all actions and for each, but for those named here.
	"Route 53": {prefix: "route53", global: true, all: rate{50, 10}, operations: map[string]rate{
		"ListHostedZones":                   {},
		"ListHostedZonesByName":             {},
		"GetHostedZone":                     {},
		"CreateHostedZone":                  {40, 2},
		"DeleteHostedZone":                  {40, 5},
		"ListResourceRecordSets":            {},
		"ChangeResourceRecordSets":          {},
		"GetChange":                         {},
		"ListTagsForResource":               {},
		"ChangeTagsForResource":             {},
		"GetAccountLimit":                   {},
		"GetHostedZoneLimit":                {},
		"AssociateVPCWithHostedZone":        {20, 5},
		"DisassociateVPCFromHostedZone":     {10, 5},
		"CreateVPCAssociationAuthorization": {},
		"DeleteVPCAssociationAuthorization": {},
		"ListVPCAssociationAuthorizations":  {},
		"ListHostedZonesByVPC":              {},
	}},
	// ACM User Guide, acm-limits.html, requests per second of each operation.
	"ACM": {prefix: "acm", operations: map[string]rate{
		"ListCertificates":       {8, 8},
		"DescribeCertificate":    {10, 10},
		"ListTagsForCertificate": {10, 10},
		"RequestCertificate":     {5, 5},
		"AddTagsToCertificate":   {5, 5},
		"DeleteCertificate":      {10, 10},
	}},
	// EC2 Developer Guide, ec2-api-throttling.html: per account and Region, a
	// bucket for each action; 100/20 for actions that read. DescribeSecurityGroups
	// and DescribeNetworkInterfaces have 50/10 where neither page nor filter is
	// asked for; orgdns reads them in pages. PrivateLink is throttled by the
	// organization, too, at rates that AWS does not tell (PrivateLink guide,
	// vpc-limits-endpoints.html): what that refuses is repeated.
	"EC2": {prefix: "ec2", operations: map[string]rate{
		"DescribeVpcs":         {100, 20},
		"DescribeVpcAttribute": {100, 20},
		"DescribeSubnets":      {100, 20},
		"ModifyVpcAttribute":   {50, 5},

		"DescribeVpcEndpoints":                     {100, 20},
		"DescribeNetworkInterfaces":                {100, 20},
		"DescribeVpcEndpointServices":              {100, 20},
		"DescribeVpcEndpointServiceConfigurations": {100, 20},
		"DescribeVpcEndpointServicePermissions":    {100, 20},
		"DescribeVpcEndpointConnections":           {100, 20},
		"DescribeSecurityGroups":                   {100, 20},
		"DescribeRouteTables":                      {100, 20},
		"DescribeNetworkAcls":                      {100, 20},
		"DescribeVpcPeeringConnections":            {100, 20},
		"DescribeTransitGateways":                  {100, 20},
		"DescribeTransitGatewayVpcAttachments":     {100, 20},
		"DescribeTransitGatewayAttachments":        {100, 20},
		"DescribeTransitGatewayRouteTables":        {100, 20},
		"SearchTransitGatewayRoutes":               {100, 20},
		"GetTransitGatewayRouteTablePropagations":  {100, 20},
		// Actions with buckets of their own, as listed there.
		"CreateVpcEndpoint":                      {4, 0.3},
		"ModifyVpcEndpoint":                      {4, 0.3},
		"DeleteVpcEndpoints":                     {4, 0.3},
		"CreateVpcEndpointServiceConfiguration":  {10, 1},
		"ModifyVpcEndpointServiceConfiguration":  {10, 1},
		"DeleteVpcEndpointServiceConfigurations": {10, 1},
		"AcceptVpcEndpointConnections":           {10, 1},
		"CreateTags":                             {100, 10},
		"DeleteTags":                             {100, 10},
		// All other actions that change something: 50/5, the resource-intensive
		// ones (security group ingress) the same.
		"ModifyVpcEndpointServicePermissions":           {50, 5},
		"StartVpcEndpointServicePrivateDnsVerification": {50, 5},
		"CreateSecurityGroup":                           {50, 5},
		"DeleteSecurityGroup":                           {50, 5},
		"AuthorizeSecurityGroupIngress":                 {50, 5},
		"RevokeSecurityGroupIngress":                    {50, 5},
		"AuthorizeSecurityGroupEgress":                  {50, 5},
		"RevokeSecurityGroupEgress":                     {50, 5},
		"CreateTransitGatewayVpcAttachment":             {50, 5},
		"ModifyTransitGatewayVpcAttachment":             {50, 5},
		"DeleteTransitGatewayVpcAttachment":             {50, 5},
		"AcceptTransitGatewayVpcAttachment":             {50, 5},
		"AssociateTransitGatewayRouteTable":             {50, 5},
		"DisassociateTransitGatewayRouteTable":          {50, 5},
		"EnableTransitGatewayRouteTablePropagation":     {50, 5},
		"DisableTransitGatewayRouteTablePropagation":    {50, 5},
		"CreateRoute": {50, 5},
		"DeleteRoute": {50, 5},
	}},
	// Elastic Load Balancing throttles at rates that it does not document.
	"Elastic Load Balancing v2": {prefix: "elasticloadbalancing", operations: map[string]rate{
		"DescribeLoadBalancers": {},
		"DescribeListeners":     {},
		"DescribeTags":          {},
	}},
	// IAM and Organizations throttle at rates that they do not document.
	"IAM": {prefix: "iam", global: true, operations: map[string]rate{
		"GetRole":                  {},
		"ListRolePolicies":         {},
		"GetRolePolicy":            {},
		"ListAttachedRolePolicies": {},
		"GetPolicy":                {},
		"GetPolicyVersion":         {},
		"CreateRole":               {},
		"TagRole":                  {},
		"PutRolePolicy":            {},
		"UpdateAssumeRolePolicy":   {},
		"DeleteRolePolicy":         {},
		"DeleteRole":               {},

		"GetAccountAuthorizationDetails": {},
	}},
	"Organizations": {prefix: "organizations", global: true, operations: map[string]rate{
		"DescribeOrganization":             {},
		"ListRoots":                        {},
		"ListOrganizationalUnitsForParent": {},
		"ListAccountsForParent":            {},
		"ListPolicies":                     {},
		"DescribePolicy":                   {},
		"ListTargetsForPolicy":             {},
	}},
	// KMS Developer Guide, requests-per-second.html.
	"KMS": {prefix: "kms", operations: map[string]rate{
		"ListKeys":     {500, 500},
		"GetKeyPolicy": {1000, 1000},
	}},
	// S3 throttles requests about buckets at rates that it does not document.
	"S3": {prefix: "s3", operations: map[string]rate{
		"ListBuckets":     {},
		"GetBucketPolicy": {},
	}},
	// Developer Guide, DNSLimitations.html: 5 requests a second over all actions,
	// per account and Region.
	"Route53Resolver": {prefix: "route53resolver", all: rate{5, 5}, operations: map[string]rate{
		"ListResolverEndpoints":                 {},
		"ListResolverEndpointIpAddresses":       {},
		"GetResolverEndpoint":                   {},
		"CreateResolverEndpoint":                {},
		"AssociateResolverEndpointIpAddress":    {},
		"DisassociateResolverEndpointIpAddress": {},
		"DeleteResolverEndpoint":                {},
		"ListResolverRules":                     {},
		"GetResolverRule":                       {},
		"CreateResolverRule":                    {},
		"UpdateResolverRule":                    {},
		"DeleteResolverRule":                    {},
		"ListResolverRuleAssociations":          {},
		"GetResolverRuleAssociation":            {},
		"AssociateResolverRule":                 {},
		"DisassociateResolverRule":              {},
		"GetFirewallRuleGroup":                  {},
		"ListFirewallRules":                     {},
		"GetFirewallDomainList":                 {},
		"ListFirewallDomains":                   {},
		"GetResolverQueryLogConfig":             {},
		"ListTagsForResource":                   {},
	}},
	// Profiles and RAM throttle at rates that they do not document: neither
	// DNSLimitations.html nor RAM's service-quotas.html has any.
	"Route53Profiles": {prefix: "route53profiles", operations: map[string]rate{
		"ListProfiles":                     {},
		"GetProfile":                       {},
		"CreateProfile":                    {},
		"DeleteProfile":                    {},
		"ListTagsForResource":              {},
		"ListProfileResourceAssociations":  {},
		"GetProfileResourceAssociation":    {},
		"AssociateResourceToProfile":       {},
		"UpdateProfileResourceAssociation": {},
		"DisassociateResourceFromProfile":  {},
		"ListProfileAssociations":          {},
		"GetProfileAssociation":            {},
		"AssociateProfile":                 {},
		"DisassociateProfile":              {},
	}},
	"RAM": {prefix: "ram", operations: map[string]rate{
		"GetResourceShares":             {},
		"GetResourceShareAssociations":  {},
		"GetResourceShareInvitations":   {},
		"AcceptResourceShareInvitation": {},
		"CreateResourceShare":           {},
		"UpdateResourceShare":           {},
		"AssociateResourceShare":        {},
		"DisassociateResourceShare":     {},
		"DeleteResourceShare":           {},
		"TagResource":                   {},
		"UntagResource":                 {},
	}},
	// Lambda Developer Guide, gettingstarted-limits.html: 15 requests a second of
	// its control plane over all actions; more invocations than that are not asked
	// for.
	"Lambda": {prefix: "lambda", all: rate{15, 15}, operations: map[string]rate{
		"ListFunctions":               {},
		"GetFunctionConfiguration":    {},
		"CreateFunction":              {},
		"UpdateFunctionCode":          {},
		"UpdateFunctionConfiguration": {},
		"DeleteFunction":              {},
		"Invoke":                      {},
	}},
	// CloudTrail User Guide, WhatIsCloudTrail-Limits.html: 10 requests a second of
	// all that reads.
	"CloudTrail": {prefix: "cloudtrail", all: rate{10, 10}, operations: map[string]rate{
		"DescribeTrails": {},
		"GetTrailStatus": {},
	}},
	// VPC Lattice throttles at rates that it does not document.
	"VPC Lattice": {prefix: "vpc-lattice", operations: map[string]rate{
		"ListServices": {},
		"GetService":   {},
	}},
	// EventBridge User Guide, eb-quota.html: 50 requests a second of each operation
	// that is no PutEvents. SQS names no rate of what is not about messages.
	"EventBridge": {prefix: "events", operations: map[string]rate{
		"ListEventBuses":      {50, 50},
		"ListRules":           {50, 50},
		"ListTargetsByRule":   {50, 50},
		"ListTagsForResource": {50, 50},
		"CreateEventBus":      {50, 50},
		"DeleteEventBus":      {50, 50},
		"PutPermission":       {50, 50},
		"PutRule":             {50, 50},
		"DeleteRule":          {50, 50},
		"PutTargets":          {50, 50},
		"RemoveTargets":       {50, 50},
	}},
	"SQS": {prefix: "sqs", operations: map[string]rate{
		"ListQueues":         {},
		"GetQueueUrl":        {},
		"GetQueueAttributes": {},
		"ListQueueTags":      {},
		"CreateQueue":        {},
		"SetQueueAttributes": {},
		"DeleteQueue":        {},
		// A standard queue takes nearly any number of messages (SQS Developer Guide,
		// quotas-messages.html).
		"ReceiveMessage":               {},
		"DeleteMessageBatch":           {},
		"ChangeMessageVisibilityBatch": {},
		"SendMessage":                  {},
	}},
	// AWS General Reference, ssm.html: 40 a second to get, 3 to put.
	"SSM": {prefix: "ssm", operations: map[string]rate{
		"DescribeParameters":  {},
		"GetParameter":        {40, 40},
		"ListTagsForResource": {},
		"PutParameter":        {3, 3},
		"DeleteParameter":     {},
	}},
	// IAM User Guide, reference_iam-quotas.html: 600 requests a second per
	// account and Region.
	"STS": {prefix: "sts", all: rate{600, 600}, operations: map[string]rate{
		"GetCallerIdentity": {},
		"AssumeRole":        {},
	}},
}

// changes is Route 53's bucket of record changes, per account (Developer Guide,
// DNSLimitations.html).
var changes = rate{1500, 100}

// costs are the buckets from which a call takes tokens.
func (s service) costs(operation string, region estate.Region, input any) ([]pace.Cost, error) {
	own, known := s.operations[operation]
	if !known {
		return nil, fmt.Errorf("awsapi: %s %s is not among the operations that orgdns uses", s.prefix, operation)
	}
	where := s.prefix
	if !s.global {
		where += " " + string(region)
	}
	var out []pace.Cost
	add := func(bucket string, r rate, tokens float64) {
		if r != (rate{}) && tokens > 0 {
			out = append(out, pace.Cost{Bucket: where + " " + bucket, Tokens: tokens, Burst: r.burst, Refill: r.refill})
		}
	}
	add("requests", s.all, 1)
	add(operation, own, 1)
	add("changes", changes, changeTokens(input))
	return out, nil
}

// changeTokens is how many record changes Route 53 counts: CREATE and DELETE
// are 1, UPSERT is 2, making or deleting a zone, or its association with a VPC, is 2.
func changeTokens(input any) float64 {
	switch in := input.(type) {
	case *route53.CreateHostedZoneInput, *route53.DeleteHostedZoneInput,
		*route53.AssociateVPCWithHostedZoneInput, *route53.DisassociateVPCFromHostedZoneInput:
		return 2
	case *route53.ChangeResourceRecordSetsInput:
		if in.ChangeBatch == nil {
			return 0
		}
		n := 0.0
		for _, c := range in.ChangeBatch.Changes {
			n++
			if c.Action == r53types.ChangeActionUpsert {
				n++
			}
		}
		return n
	}
	return 0
}
