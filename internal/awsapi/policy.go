package awsapi

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// breadth is how far a policy goes beyond what is needed, to be shorter.
type breadth int

const (
	exact     breadth = iota
	anyName           // record names are not limited
	anyRecord         // nor their types and verbs
	anyZone           // nor the zones, roles and Regions
	anyNoun           // nor what the verbs of actions are about
	anyAction         // nor the actions of the services
	breadths          // how many there are
)

type (
	conditions  = plan.Conditions
	list[T any] = plan.List[T]
)

// statement is one of a policy, and what it permits records for.
type statement struct {
	plan.PolicyStatement
	places []Place
}

func document(statements []statement) string {
	out := make([]plan.PolicyStatement, len(statements))
	for i, st := range statements {
		out[i] = st.PolicyStatement
	}
	return plan.NewDocument(out...)
}

// part is a statement that a permission needs. Parts of one sid become one
// statement, with the resources of all.
type part struct {
	sid     string
	actions []string
	// resources are ARNs, or "*"; regional ones are then limited to the Region
	// by condition.
	resources func(arns, plan.Permission) []string
	regional  bool
	vpcs      bool // limited to VPCs
}

// parts by permission; MayChangeRecords is apart, in recordStatements.
var parts = map[plan.May][]part{
	plan.MayReadOrganization: {{"Organization", []string{"organizations:DescribeOrganization"}, anyResource, false, false}},
	plan.MayReadAccounts: {{"Accounts", []string{
		"organizations:ListRoots", "organizations:ListOrganizationalUnitsForParent", "organizations:ListAccountsForParent",
	}, anyResource, false, false}},
	plan.MayReadZones: {{"Zones", []string{"route53:ListHostedZones"}, anyResource, false, false}},
	plan.MayReadZone: {{"ReadZone", []string{
		"route53:GetHostedZone", "route53:ListResourceRecordSets", "route53:ListTagsForResource",
	}, arns.zones, false, false}},
	plan.MayReadVPCs: {{"VPCs", []string{"ec2:DescribeVpcs", "ec2:DescribeVpcAttribute"}, anyResource, true, false}},
	plan.MayReadCertificates: {
		{"Certificates", []string{"acm:ListCertificates"}, anyResource, true, false},
		{"ReadCertificate", []string{"acm:DescribeCertificate", "acm:ListTagsForCertificate"}, arns.certificates, false, false},
	},
	plan.MayReadRole: {{"ReadRole", []string{
		"iam:GetRole", "iam:ListRolePolicies", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:GetPolicy", "iam:GetPolicyVersion",
	}, arns.roleAndPolicies, false, false}},
	plan.MayReadPrincipals: {{"ReadPrincipals", []string{"iam:GetAccountAuthorizationDetails"}, anyResource, false, false}},
	plan.MayReadControlPolicies: {{"ReadControlPolicies", []string{
		"organizations:ListPolicies", "organizations:DescribePolicy", "organizations:ListTargetsForPolicy",
	}, anyResource, false, false}},
	plan.MayReadResourcePolicies: {
		// The list of buckets is one for all Regions.
		{"ListBuckets", []string{"s3:ListAllMyBuckets"}, anyResource, false, false},
		{"ReadBucketPolicies", []string{"s3:GetBucketPolicy"}, arns.buckets, false, false},
		{"ListKeys", []string{"kms:ListKeys"}, anyResource, true, false},
		{"ReadKeyPolicies", []string{"kms:GetKeyPolicy"}, arns.keys, false, false},
	},
	plan.MayReadLimits: {
		{"AccountLimit", []string{"route53:GetAccountLimit"}, anyResource, false, false},
		{"ZoneLimit", []string{"route53:GetHostedZoneLimit"}, arns.zones, false, false},
	},
	plan.MayCreateZone: {
		{"CreateZone", []string{"route53:CreateHostedZone", "route53:ListHostedZonesByName"}, anyResource, false, false},
		following,
	},
	plan.MayDeleteZone: {{"DeleteZone", []string{"route53:DeleteHostedZone"}, arns.zones, false, false}, following},
	plan.MayTagZone:    {{"TagZone", []string{"route53:ChangeTagsForResource"}, arns.zones, false, false}},
	plan.MayMakeCertificates: {
		{"RequestCertificate", []string{"acm:RequestCertificate"}, anyResource, true, false},
		{"MakeCertificate", []string{"acm:AddTagsToCertificate", "acm:DeleteCertificate"}, arns.certificates, false, false},
	},
	plan.MayCreatePrivateZone: {
		{"CreatePrivateZone", []string{"route53:CreateHostedZone"}, anyResource, false, true},
		{"FindZone", []string{"route53:ListHostedZonesByName", "ec2:DescribeVpcs"}, anyResource, false, false},
	},
	plan.MayAuthorizeVPCs: {
		{"AuthorizeVPCs", []string{"route53:CreateVPCAssociationAuthorization", "route53:DeleteVPCAssociationAuthorization"}, arns.zones, false, true},
	},
	plan.MayReadAssociations: {{"ReadAuthorizations", []string{"route53:ListVPCAssociationAuthorizations"}, arns.zones, false, false}},
	plan.MayReadVPCZones: {
		{"ReadVPCZones", []string{"route53:ListHostedZonesByVPC", "ec2:DescribeVpcs", "ec2:DescribeSubnets"}, anyResource, false, false},
	},
	plan.MayAssociateVPCs: {
		{"AssociateVPCs", []string{"route53:AssociateVPCWithHostedZone"}, arns.zones, false, true},
		{"FindVPCs", []string{"ec2:DescribeVpcs"}, anyResource, false, false},
	},
	plan.MayDisassociateVPCs: {
		{"DisassociateVPCs", []string{"route53:DisassociateVPCFromHostedZone"}, arns.zones, false, true},
		{"FindVPCs", []string{"ec2:DescribeVpcs"}, anyResource, false, false},
	},
	plan.MayChangeVPCs: {{"ChangeVPCs", []string{"ec2:ModifyVpcAttribute"}, anyResource, true, false}},
	plan.MayMakeRole: {{"MakeRole", []string{
		"iam:CreateRole", "iam:TagRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRolePolicy", "iam:DeleteRole",
	}, arns.roles, false, false}},
	plan.MayReadEndpoints: {{"ReadEndpoints", []string{
		"ec2:DescribeVpcEndpoints", "ec2:DescribeNetworkInterfaces", "ec2:DescribeVpcEndpointServices", "ec2:DescribeVpcEndpointServiceConfigurations",
		"ec2:DescribeVpcEndpointServicePermissions", "ec2:DescribeVpcEndpointConnections",
	}, anyResource, true, false}},
	plan.MayReadNetwork: {{"ReadNetwork", []string{
		"ec2:DescribeSecurityGroups", "ec2:DescribeRouteTables", "ec2:DescribeNetworkAcls", "ec2:DescribeVpcPeeringConnections",
		"ec2:DescribeTransitGateways", "ec2:DescribeTransitGatewayVpcAttachments", "ec2:DescribeTransitGatewayAttachments",
		"ec2:DescribeTransitGatewayRouteTables", "ec2:SearchTransitGatewayRoutes", "ec2:GetTransitGatewayRouteTablePropagations",
	}, anyResource, true, false}},
	plan.MayReadLoadBalancers: {{"ReadLoadBalancers", []string{
		"elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeListeners", "elasticloadbalancing:DescribeTags", "ec2:DescribeSubnets",
	}, anyResource, true, false}},
	plan.MayMake(plan.KindSecurityGroup): {{"MakeSecurityGroup", []string{
		"ec2:CreateSecurityGroup", "ec2:DeleteSecurityGroup", "ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress", "ec2:CreateTags",
	}, anyResource, true, false}},
	plan.MayMake(plan.KindEndpoint): {{"MakeEndpoint", []string{
		"ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint", "ec2:DeleteVpcEndpoints", "ec2:CreateTags", "vpce:AllowMultiRegion",
	}, anyResource, true, false}},
	plan.MayRetireEndpoints: {
		{"RetireEndpoints", []string{"ec2:ModifyVpcEndpoint", "ec2:DeleteVpcEndpoints"}, arns.retired, true, false},
		{deadlines, []string{"ec2:CreateTags"}, arns.retired, true, false},
	},
	plan.MayMake(plan.KindEndpointService): {{"MakeEndpointService", []string{
		"ec2:CreateVpcEndpointServiceConfiguration", "ec2:ModifyVpcEndpointServiceConfiguration", "ec2:DeleteVpcEndpointServiceConfigurations",
		"ec2:ModifyVpcEndpointServicePermissions", "ec2:CreateTags", "ec2:DeleteTags", "vpce:AllowMultiRegion",
	}, anyResource, true, false}},
	plan.MayMake(plan.KindVerification): {{"VerifyName", []string{"ec2:StartVpcEndpointServicePrivateDnsVerification"}, anyResource, true, false}},
	plan.MayMake(plan.KindConnection):   {{"AcceptEndpoint", []string{"ec2:AcceptVpcEndpointConnections"}, anyResource, true, false}},
	plan.MayMake(plan.KindTransitAttachment): {{"MakeAttachment", []string{
		"ec2:CreateTransitGatewayVpcAttachment", "ec2:ModifyTransitGatewayVpcAttachment", "ec2:DeleteTransitGatewayVpcAttachment", "ec2:CreateTags",
	}, anyResource, true, false}},
	plan.MayMake(plan.KindTransitAcceptance): {{"AcceptAttachment", []string{
		"ec2:AcceptTransitGatewayVpcAttachment", "ec2:AssociateTransitGatewayRouteTable", "ec2:DisassociateTransitGatewayRouteTable",
		"ec2:EnableTransitGatewayRouteTablePropagation", "ec2:DisableTransitGatewayRouteTablePropagation", "ec2:CreateTags", "ec2:DeleteTags",
	}, anyResource, true, false}},
	plan.MayMake(plan.KindRoutes): {{"MakeRoutes", []string{"ec2:CreateRoute", "ec2:DeleteRoute", "ec2:CreateTags", "ec2:DeleteTags"}, anyResource, true, false}},

	plan.MayReadResolver: {{"ReadResolver", []string{
		"route53resolver:ListResolverEndpoints", "route53resolver:ListResolverEndpointIpAddresses", "route53resolver:ListResolverRules",
		"route53resolver:ListResolverRuleAssociations", "route53resolver:ListTagsForResource",
	}, anyResource, true, false}},
	plan.MayReadFirewall: {{"ReadFirewall", []string{
		"route53resolver:GetFirewallRuleGroup", "route53resolver:ListFirewallRules", "route53resolver:GetFirewallDomainList", "route53resolver:ListFirewallDomains",
		"route53resolver:GetResolverQueryLogConfig",
	}, anyResource, true, false}},
	plan.MayReadProfiles: {{"ReadProfiles", []string{
		"route53profiles:ListProfiles", "route53profiles:GetProfile", "route53profiles:ListTagsForResource",
		"route53profiles:ListProfileResourceAssociations", "route53profiles:ListProfileAssociations",
	}, anyResource, true, false}},
	plan.MayReadShares: {{"ReadShares", []string{
		"ram:GetResourceShares", "ram:GetResourceShareAssociations", "ram:GetResourceShareInvitations",
	}, anyResource, true, false}},
	plan.MayMake(plan.KindResolverEndpoint): {
		{"MakeResolverEndpoints", []string{
			"route53resolver:CreateResolverEndpoint", "route53resolver:GetResolverEndpoint", "route53resolver:DeleteResolverEndpoint",
			"route53resolver:AssociateResolverEndpointIpAddress", "route53resolver:DisassociateResolverEndpointIpAddress",
			"route53resolver:ListResolverEndpoints", "route53resolver:ListResolverEndpointIpAddresses",
			"route53resolver:ListTagsForResource", "route53resolver:TagResource",
		}, anyResource, true, false},
		// Resolver makes the network interfaces with the caller's permissions
		// (AWS managed policy AmazonRoute53ResolverFullAccess).
		{"MakeResolverInterfaces", []string{
			"ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission", "ec2:ModifyNetworkInterfaceAttribute", "ec2:DeleteNetworkInterface",
			"ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets", "ec2:DescribeSecurityGroups", "ec2:DescribeVpcs", "ec2:DescribeAvailabilityZones",
		}, anyResource, true, false},
	},
	plan.MayMake(plan.KindResolverRule): {{"MakeResolverRules", []string{
		"route53resolver:CreateResolverRule", "route53resolver:GetResolverRule", "route53resolver:UpdateResolverRule", "route53resolver:DeleteResolverRule",
		"route53resolver:ListResolverRules", "route53resolver:ListTagsForResource", "route53resolver:TagResource",
	}, anyResource, true, false}},
	plan.MayMake(plan.KindRuleAssociation): {{"AssociateResolverRules", []string{
		"route53resolver:AssociateResolverRule", "route53resolver:DisassociateResolverRule", "route53resolver:GetResolverRuleAssociation",
		"route53resolver:ListResolverRuleAssociations", "ec2:DescribeVpcs",
	}, anyResource, true, false}},
	plan.MayMake(plan.KindProfile): {{"MakeProfiles", []string{
		"route53profiles:CreateProfile", "route53profiles:GetProfile", "route53profiles:DeleteProfile", "route53profiles:TagResource",
		"route53profiles:ListProfiles", "route53profiles:ListTagsForResource", "route53profiles:ListProfileResourceAssociations",
	}, anyResource, true, false}},
	plan.MayMake(plan.KindProfileResource): {
		{"FillProfiles", []string{
			"route53profiles:AssociateResourceToProfile", "route53profiles:UpdateProfileResourceAssociation", "route53profiles:DisassociateResourceFromProfile",
			"route53profiles:GetProfileResourceAssociation", "route53profiles:ListProfileResourceAssociations", "route53profiles:ListProfiles",
			"route53profiles:GetProfile", "route53profiles:ListTagsForResource",
		}, anyResource, true, false},
		// What Profiles look up of a resource (AWS managed policy
		// AmazonRoute53ProfilesFullAccess); that of an endpoint is our reading.
		{"ProfileRules", []string{
			"route53resolver:GetResolverRule", "route53resolver:GetFirewallRuleGroup", "route53resolver:GetResolverQueryLogConfig", "ec2:DescribeVpcEndpoints",
		}, anyResource, true, false},
		{"ProfileZones", []string{"route53:GetHostedZone"}, arns.zones, false, false},
	},
	plan.MayMake(plan.KindProfileAssociation): {{"AssociateProfiles", []string{
		"route53profiles:AssociateProfile", "route53profiles:DisassociateProfile", "route53profiles:GetProfileAssociation",
		"route53profiles:ListProfileAssociations",
		// AWS managed policy AmazonRoute53ProfilesFullAccess, of VPCs
		"ec2:DescribeVpcs", "route53resolver:GetFirewallConfig", "route53resolver:GetResolverConfig", "route53resolver:GetResolverDnssecConfig",
	}, anyResource, true, false}},
	plan.MayMake(plan.KindShare): {{"MakeShares", []string{
		"ram:CreateResourceShare", "ram:UpdateResourceShare", "ram:DeleteResourceShare", "ram:AssociateResourceShare", "ram:DisassociateResourceShare",
		"ram:TagResource", "ram:UntagResource", "ram:GetResourceShares", "ram:GetResourceShareAssociations",
	}, anyResource, true, false}},
	// RAM asks for what writes the policy of each resource (RAM User Guide,
	// iam-policies-examples.html; Developer Guide, security-iam-awsmanpol.html, of
	// Profiles); that of a Transit Gateway is our reading.
	plan.MayShareNetwork: {{"ShareResources", []string{
		"route53profiles:GetProfilePolicy", "route53profiles:PutProfilePolicy", "route53resolver:GetResolverRulePolicy", "route53resolver:PutResolverRulePolicy",
		"ec2:GetResourcePolicy", "ec2:PutResourcePolicy", "ec2:DeleteResourcePolicy",
	}, anyResource, true, false}},
	plan.MayMake(plan.KindInvitation): {{"AcceptShares", []string{
		"ram:GetResourceShareInvitations", "ram:AcceptResourceShareInvitation", "ram:GetResourceShares",
	}, anyResource, true, false}},
	plan.MayReadFunctions: {{"ReadFunctions", []string{"lambda:ListFunctions"}, anyResource, true, false}},
	plan.MayReadLattice:   {{"ReadLattice", []string{"vpc-lattice:ListServices", "vpc-lattice:GetService"}, anyResource, true, false}},
	plan.MayReadTrails:    {{"ReadTrails", []string{"cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"}, anyResource, true, false}},
	plan.MayProbe:         {{"Probe", []string{"lambda:InvokeFunction"}, arns.functions, false, false}},
	plan.MayLimitEgress: {{"LimitEgress", []string{
		"ec2:AuthorizeSecurityGroupEgress", "ec2:RevokeSecurityGroupEgress", "ec2:DescribeNetworkInterfaces",
	}, anyResource, true, false}},
	plan.MayMake(plan.KindProbeRole): {{"MakeProbeRole", []string{
		"iam:CreateRole", "iam:TagRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRolePolicy", "iam:DeleteRole",
	}, arns.roles, false, false}},
	plan.MayMake(plan.KindProbe): {
		{"MakeProbes", []string{
			"lambda:CreateFunction", "lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration", "lambda:GetFunctionConfiguration", "lambda:DeleteFunction",
		}, arns.functions, false, false},
		// What Lambda looks up with the caller's permissions (Lambda Developer
		// Guide, configuration-vpc.html, required permissions).
		{"ProbeNetwork", []string{"ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"}, anyResource, true, false},
		{passing, []string{"iam:PassRole"}, arns.roles, false, false},
	},
	plan.MayReadEvents: {
		{"ListEvents", []string{"events:ListEventBuses", "events:ListRules"}, anyResource, true, false},
		{"ReadEvents", []string{"events:ListTargetsByRule", "events:ListTagsForResource"}, arns.events, false, false},
	},
	plan.MayReadQueues: {
		{"ListQueues", []string{"sqs:ListQueues"}, anyResource, true, false},
		{"ReadQueues", []string{"sqs:GetQueueAttributes", "sqs:ListQueueTags"}, arns.queues, false, false},
	},
	plan.MayReadParameters: {
		{"ListParameters", []string{"ssm:DescribeParameters"}, anyResource, true, false},
		{"ReadParameters", []string{"ssm:GetParameter", "ssm:ListTagsForResource"}, arns.parameters, false, false},
	},
	plan.MayMake(plan.KindEventBus): {{"MakeEventBus", []string{
		"events:CreateEventBus", "events:PutPermission", "events:DeleteEventBus", "events:TagResource",
	}, arns.events, false, false}},
	plan.MayMake(plan.KindEventRule): {{"MakeEventRules", []string{
		"events:PutRule", "events:PutTargets", "events:RemoveTargets", "events:DeleteRule", "events:TagResource",
	}, arns.events, false, false}},
	plan.MayPassEventRole: {{passingEvents, []string{"iam:PassRole"}, arns.roles, false, false}},
	plan.MayMake(plan.KindEventRole): {{"MakeEventRole", []string{
		"iam:CreateRole", "iam:TagRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:DeleteRolePolicy", "iam:DeleteRole",
	}, arns.roles, false, false}},
	plan.MayMake(plan.KindQueue): {{"MakeQueues", []string{
		"sqs:CreateQueue", "sqs:TagQueue", "sqs:GetQueueUrl", "sqs:SetQueueAttributes", "sqs:DeleteQueue",
	}, arns.queues, false, false}},
	plan.MayMake(plan.KindParameter): {{"MakeParameters", []string{
		"ssm:PutParameter", "ssm:AddTagsToResource", "ssm:DeleteParameter",
		// What RAM asks for to share one (Systems Manager User Guide,
		// parameter-store-shared-parameters.html); that to take it back is our reading.
		"ssm:GetResourcePolicies", "ssm:PutResourcePolicy", "ssm:DeleteResourcePolicy",
	}, arns.parameters, false, false}},
	plan.MayTakeMessages: {{"TakeMessages", []string{
		"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes",
	}, arns.queues, false, false}},
	plan.MaySendMessages: {{"SendMessages", []string{"sqs:SendMessage"}, arns.queues, false, false}},
	// SQS Developer Guide, sqs-key-management.html.
	plan.MayUseKeys:       {{queueKeys, []string{"kms:Decrypt", "kms:GenerateDataKey"}, arns.queueKeys, false, false}},
	plan.MayChangeRecords: {following},
	plan.MayAssume:        {{"Assume", []string{"sts:AssumeRole"}, arns.roles, false, false}},
}

// The statements by which a role is given to functions, or to EventBridge, and to
// nothing else (Service Authorization Reference, iam:PassedToService).
const (
	passing       = "PassProbeRole"
	passingEvents = "PassEventRole"
)

var passedTo = map[string]string{passing: plan.ProbeService, passingEvents: plan.EventService}

// deadlines is the statement by which the deadline is written on endpoints of
// others, and no other tag (Service Authorization Reference, aws:TagKeys).
const deadlines = "RetireDeadlines"

var following = part{"Changes", []string{"route53:GetChange"}, arns.changes, false, false}

// implied are permissions that go with another: what is changed is read too.
func implied(p plan.Permission) []plan.Permission {
	also := plan.Permission{Account: p.Account, Zone: p.Zone, Region: p.Region}
	switch p.May {
	case plan.MayCreateZone, plan.MayCreatePrivateZone, plan.MayChangeRecords, plan.MayDisassociateVPCs:
		also.May = plan.MayReadZone
	case plan.MayAssociateVPCs: // one that was made stands, though the answer was lost
		also.May, also.Zone = plan.MayReadVPCZones, ""
	case plan.MayChangeVPCs:
		also.May = plan.MayReadVPCs
	case plan.MayMakeRole, plan.MayMake(plan.KindProbeRole), plan.MayMake(plan.KindEventRole):
		also.May, also.Role = plan.MayReadRole, p.Role
	case plan.MayMakeCertificates:
		also.May = plan.MayReadCertificates
	case plan.MayRetireEndpoints, plan.MayMake(plan.KindEndpoint), plan.MayMake(plan.KindEndpointService), plan.MayMake(plan.KindVerification), plan.MayMake(plan.KindConnection):
		also.May = plan.MayReadEndpoints
	case plan.MayMake(plan.KindSecurityGroup), plan.MayMake(plan.KindTransitAttachment), plan.MayMake(plan.KindTransitAcceptance), plan.MayMake(plan.KindRoutes):
		also.May = plan.MayReadNetwork
	case plan.MayMake(plan.KindEventBus), plan.MayMake(plan.KindEventRule):
		also.May, also.Named = plan.MayReadEvents, p.Named
	case plan.MayMake(plan.KindQueue):
		also.May, also.Named = plan.MayReadQueues, p.Named
	case plan.MayMake(plan.KindParameter):
		also.May, also.Named = plan.MayReadParameters, p.Named
	default:
		return []plan.Permission{p}
	}
	return []plan.Permission{also, p}
}

// readAll is every read, for sessions that only look.
var readAll = []plan.Permission{
	{May: plan.MayReadOrganization}, {May: plan.MayReadAccounts}, {May: plan.MayReadZones}, {May: plan.MayReadZone},
	{May: plan.MayReadVPCs}, {May: plan.MayReadCertificates}, {May: plan.MayReadRole}, {May: plan.MayReadLimits},
	{May: plan.MayReadAssociations}, {May: plan.MayReadVPCZones},
	{May: plan.MayReadEndpoints}, {May: plan.MayReadNetwork}, {May: plan.MayReadLoadBalancers},
	{May: plan.MayReadResolver}, {May: plan.MayReadFirewall}, {May: plan.MayReadProfiles}, {May: plan.MayReadShares}, {May: plan.MayReadFunctions}, {May: plan.MayReadLattice}, {May: plan.MayReadTrails},
	{May: plan.MayReadEvents}, {May: plan.MayReadQueues}, {May: plan.MayReadParameters},
	{May: plan.MayReadPrincipals}, {May: plan.MayReadControlPolicies}, {May: plan.MayReadResourcePolicies},
}

// onlyReads reports whether permissions change nothing.
func onlyReads(permissions []plan.Permission) bool {
	return !slices.ContainsFunc(permissions, func(p plan.Permission) bool { return !strings.HasPrefix(string(p.May), "read") })
}

// arns makes ARNs (Service Authorization Reference, resource types).
type arns struct {
	partition string
	account   estate.AccountID
	wide      bool // any zone, role and Region
}

func anyResource(arns, plan.Permission) []string { return []string{"*"} }

// region is that of a permission, or any.
func (a arns) region(p plan.Permission) string {
	if p.Region == "" || a.wide {
		return "*"
	}
	return string(p.Region)
}

func (a arns) zones(p plan.Permission) []string { return []string{a.zone(p)} }

func (a arns) zone(p plan.Permission) string {
	if p.Zone == "" || a.wide {
		return "arn:" + a.partition + ":route53:::hostedzone/*"
	}
	return "arn:" + a.partition + ":route53:::hostedzone/" + p.Zone
}

func (a arns) changes(plan.Permission) []string {
	return []string{"arn:" + a.partition + ":route53:::change/*"}
}

func (a arns) certificates(p plan.Permission) []string {
	return []string{fmt.Sprintf("arn:%s:acm:%s:%s:certificate/*", a.partition, a.region(p), a.account)}
}

// retired are the endpoints that may be deleted though others made them.
func (a arns) retired(p plan.Permission) []string {
	ids := p.Endpoints
	if len(ids) == 0 || a.wide {
		ids = []string{"*"}
	}
	var out []string
	for _, id := range ids {
		out = append(out, fmt.Sprintf("arn:%s:ec2:%s:%s:vpc-endpoint/%s", a.partition, a.region(p), a.account, id))
	}
	return out
}

func (a arns) buckets(plan.Permission) []string { return []string{"arn:" + a.partition + ":s3:::*"} }

func (a arns) keys(p plan.Permission) []string {
	return []string{fmt.Sprintf("arn:%s:kms:%s:%s:key/*", a.partition, a.region(p), a.account)}
}

func (a arns) functions(p plan.Permission) []string { return a.named(p, "lambda", "function:") }

// events are buses and rules; the ARN of a rule has the name of its bus, unless
// that is the default one.
func (a arns) events(p plan.Permission) []string { return a.named(p, "events", "event-bus/", "rule/") }

func (a arns) queues(p plan.Permission) []string { return a.named(p, "sqs", "") }

func (a arns) parameters(p plan.Permission) []string { return a.named(p, "ssm", "parameter/") }

// named are resources of a name pattern.
func (a arns) named(p plan.Permission, service string, types ...string) []string {
	name := p.Named
	if name == "" || a.wide {
		name = "*"
	}
	var out []string
	for _, t := range types {
		out = append(out, fmt.Sprintf("arn:%s:%s:%s:%s:%s%s", a.partition, service, a.region(p), a.account, t, name))
	}
	return out
}

func (a arns) roles(p plan.Permission) []string {
	switch {
	case strings.HasPrefix(p.Role, "arn:") && !a.wide:
		return []string{p.Role}
	case p.May == plan.MayAssume:
		return []string{"arn:" + a.partition + ":iam::*:role/*"}
	case p.Role == "" || a.wide:
		return []string{fmt.Sprintf("arn:%s:iam::%s:role/*", a.partition, a.account)}
	}
	return []string{fmt.Sprintf("arn:%s:iam::%s:role/%s", a.partition, a.account, strings.TrimPrefix(p.Role, "/"))}
}

// roleAndPolicies are a role and the managed policies that it may have: the
// account's and AWS's own.
func (a arns) roleAndPolicies(p plan.Permission) []string {
	return append(a.roles(p), "arn:"+a.partition+":iam::*:policy/*")
}

// statements are what the permissions in one account come to, those about
// records apart.
func statements(partition string, account estate.AccountID, permissions []plan.Permission, wide breadth) (general, records []statement) {
	a := arns{partition, account, wide >= anyZone}
	type group struct {
		part
		permissions              []plan.Permission
		resources, regions, vpcs []string // of all permissions
		everywhere, anyVPC       bool
	}
	groups := map[string]*group{}
	var order []string
	for _, given := range permissions {
		for _, p := range implied(given) {
			for _, part := range parts[p.May] {
				g := groups[part.sid]
				if g == nil {
					g = &group{part: part}
					groups[part.sid] = g
					order = append(order, part.sid)
				}
				g.permissions = append(g.permissions, p)
				g.resources = append(g.resources, part.resources(a, p)...)
				g.regions = append(g.regions, string(p.Region))
				values := vpcValues(p)
				g.vpcs = append(g.vpcs, values...)
				g.anyVPC = g.anyVPC || len(values) == 0 || a.wide
				g.everywhere = g.everywhere || p.Region == "" || a.wide
			}
		}
	}
	slices.Sort(order)
	for _, sid := range order {
		g := groups[sid]
		st := statement{PolicyStatement: plan.PolicyStatement{Sid: sid, Effect: "Allow", Action: g.actions, Resource: widest(g.resources)}}
		if g.regional && !g.everywhere {
			slices.Sort(g.regions)
			st.Condition = conditions{"StringEquals": {"aws:RequestedRegion": slices.Compact(g.regions)}}
		}
		if service := passedTo[sid]; service != "" {
			st.Condition = conditions{"StringEquals": {"iam:PassedToService": {service}}}
		}
		if sid == queueKeys {
			st.Condition = a.throughQueues(g.permissions)
		}
		if sid == deadlines {
			if st.Condition == nil {
				st.Condition = conditions{}
			}
			st.Condition.ForAll("StringEquals", "aws:TagKeys", []string{plan.TagDeleteAfter})
		}
		if g.part.vpcs && !g.anyVPC {
			st.Condition = conditions{}
			st.Condition.ForAll("StringLike", plan.KeyVPCs, g.vpcs)
		}
		general = append(general, st)
	}
	return general, recordStatements(a, permissions, wide)
}

// vpcValues are the VPCs of a permission as route53:VPCs has them: those it
// names, or all of its Region.
func vpcValues(p plan.Permission) []string {
	if len(p.VPCs) == 0 && p.Region != "" {
		return []string{plan.VPCValue("*", string(p.Region))}
	}
	var out []string
	for _, v := range p.VPCs {
		out = append(out, plan.VPCValue(v.ID, string(v.Region)))
	}
	return out
}

// widest sorts ARNs and leaves out those that a pattern among them covers.
func widest(resources []string) []string {
	slices.Sort(resources)
	resources = slices.Compact(resources)
	return slices.DeleteFunc(slices.Clone(resources), func(r string) bool {
		return slices.ContainsFunc(resources, func(w string) bool {
			prefix, ok := strings.CutSuffix(w, "*")
			return ok && w != r && strings.HasPrefix(r, prefix)
		})
	})
}

// recordGroup are permissions that share a statement.
type recordGroup struct {
	plan.Permission
	names  []string // normalized names and patterns
	size   int
	places []Place
}

// recordStatements are the statements about records. Permissions that differ
// in names only share a statement, as long as it is not too long: then a batch
// of one permission's names still finds them all in one.
func recordStatements(a arns, permissions []plan.Permission, wide breadth) []statement {
	groups := map[string][]*recordGroup{}
	for _, p := range permissions {
		if p.May != plan.MayChangeRecords {
			continue
		}
		given := p.Statement
		if wide >= anyName {
			p.Names, p.Like = nil, nil
		}
		if wide >= anyRecord {
			p.Types, p.Verbs, p.Statement = nil, nil, ""
		}
		next := &recordGroup{Permission: p, names: slices.Clone(p.Like), places: []Place{{p.ZoneName, given}}}
		for _, n := range p.Names {
			next.names = append(next.names, n.Normalized())
		}
		for _, n := range next.names {
			next.size += len(n) + len(`"",`)
		}
		key := fmt.Sprint(p.Statement, "\x00", a.zone(p), "\x00", len(p.Like) > 0, len(next.names) > 0, p.Types, p.Verbs)
		i := slices.IndexFunc(groups[key], func(g *recordGroup) bool { return g.size+next.size <= plan.StatementSize })
		if i < 0 {
			groups[key] = append(groups[key], next)
			continue
		}
		g := groups[key][i]
		g.names, g.size, g.places = append(g.names, next.names...), g.size+next.size, append(g.places, next.places...)
	}
	var out []statement
	seen := map[string]int{}
	for _, key := range slices.Sorted(maps.Keys(groups)) {
		for _, g := range groups[key] {
			st := recordStatement(a, g)
			if seen[st.Sid]++; seen[st.Sid] > 1 {
				st.Sid = fmt.Sprintf("%sPart%d", st.Sid, seen[st.Sid])
			}
			out = append(out, st)
		}
	}
	return out
}

// recordStatement permits the changes of a group.
func recordStatement(a arns, g *recordGroup) statement {
	c := conditions{}
	operator := "StringEquals"
	if len(g.Like) > 0 {
		operator = "StringLike"
	}
	var verbs []string
	for _, v := range g.Verbs {
		verbs = append(verbs, string(v))
	}
	c.ForAll(operator, plan.KeyNames, g.names)
	c.ForAll("StringEquals", plan.KeyTypes, g.Types)
	c.ForAll("StringEquals", plan.KeyVerbs, verbs)
	return statement{plan.PolicyStatement{
		Sid: sid(g.Statement), Effect: "Allow", Condition: c,
		Action: list[string]{"route53:ChangeResourceRecordSets"}, Resource: list[string]{a.zone(g.Permission)},
	}, g.places}
}

// sid is a statement's name in the letters and digits that IAM takes.
func sid(st plan.Statement) string {
	var b strings.Builder
	up := true
	for _, r := range string(st) {
		switch {
		case r >= 'a' && r <= 'z' && up:
			b.WriteRune(r - 'a' + 'A')
			up = false
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			b.WriteRune(r)
			up = false
		default:
			up = true
		}
	}
	return b.String()
}

// broader is an action with all that have its verb, such as ec2:Describe*, so
// that a session that only reads still cannot write; or with all of its service.
func broader(action string, wide breadth) string {
	service, name, _ := strings.Cut(action, ":")
	verb := strings.IndexFunc(name[1:], unicode.IsUpper)
	if wide >= anyAction || verb < 0 {
		return service + ":*"
	}
	return service + ":" + name[:1+verb] + "*"
}

// maxSessionPolicy is the longest session policy (API_AssumeRole, Policy).
const maxSessionPolicy = 2048

// sessionPolicy is a session policy: the statements of the role once more,
// without what only serves people and without the guards against a request
// that names no records, since the role's own policy has them.
func sessionPolicy(partition string, account estate.AccountID, permissions []plan.Permission, wide breadth) string {
	general, records := statements(partition, account, permissions, wide)
	all := append(general, records...)
	if wide >= anyNoun {
		var actions []string
		for _, st := range all {
			for _, a := range st.Action {
				actions = append(actions, broader(a, wide))
			}
		}
		slices.Sort(actions)
		all = []statement{{PolicyStatement: plan.PolicyStatement{Action: slices.Compact(actions), Resource: list[string]{"*"}}}}
	}
	// Statements with the same resources and conditions become one.
	var merged []statement
	for _, st := range all {
		st.Sid, st.Effect = "", "Allow"
		delete(st.Condition, "Null")
		i := slices.IndexFunc(merged, func(m statement) bool {
			return slices.Equal(m.Resource, st.Resource) && len(m.Condition) == 0 && len(st.Condition) == 0
		})
		if i < 0 {
			merged = append(merged, st)
			continue
		}
		merged[i].Action = slices.Concat(merged[i].Action, st.Action)
	}
	if len(merged) == 0 {
		merged = []statement{{PolicyStatement: plan.PolicyStatement{Effect: "Deny", Action: list[string]{"*"}, Resource: list[string]{"*"}}}}
	}
	return document(merged)
}
