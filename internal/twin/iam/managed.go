package iam

import (
	"maps"
	"slices"
	"strings"
)

// managedPrefix begins the ARN of a policy that AWS manages.
const managedPrefix = "arn:aws:iam::aws:policy/"

// managed are policies of AWS by path and name, as AWS publishes them (AWS
// Managed Policy Reference), but for the ReadOnlyAccess policies of no single
// service and of VPC: those list each action, here patterns over the services
// that the twin has.
var managed = map[string]string{
	"AdministratorAccess": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`,
	"PowerUserAccess": `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","NotAction":["iam:*","organizations:*","account:*"],"Resource":"*"},
		{"Effect":"Allow","Action":["account:GetAccountInformation","account:GetGovCloudAccountInformation","account:GetPrimaryEmail",
			"account:ListRegions","iam:CreateServiceLinkedRole","iam:DeleteServiceLinkedRole","iam:ListRoles",
			"organizations:DescribeEffectivePolicy","organizations:DescribeOrganization"],"Resource":"*"}]}`,
	"ReadOnlyAccess": `{"Version":"2012-10-17","Statement":[{"Sid":"ReadOnlyActionsGroup1","Effect":"Allow","Action":[
		"acm:Describe*","acm:Get*","acm:List*","apigateway:GET","cloudfront:Describe*","cloudfront:Get*","cloudfront:List*",
		"cloudtrail:Describe*","cloudtrail:Get*","cloudtrail:List*",
		"ec2:Describe*","ec2:Get*","ec2:List*","elasticloadbalancing:Describe*","events:Describe*","events:List*",
		"iam:Generate*","iam:Get*","iam:List*","iam:Simulate*","lambda:Get*","lambda:List*",
		"organizations:Describe*","organizations:List*","ram:Get*","ram:List*","route53:Get*","route53:List*","route53:Test*",
		"route53profiles:Get*","route53profiles:List*","route53resolver:Get*","route53resolver:List*",
		"s3:Describe*","s3:Get*","s3:List*","sqs:Get*","sqs:List*","ssm:Describe*","ssm:Get*","ssm:List*",
		"sts:GetAccessKeyInfo","sts:GetCallerIdentity","sts:GetSessionToken","tag:Get*","vpc-lattice:Get*","vpc-lattice:List*"],"Resource":"*"}]}`,
	"AmazonRoute53FullAccess": `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["route53:*","route53domains:*","cloudfront:ListDistributions",
			"cloudfront:GetDistributionTenantByDomain","cloudfront:GetConnectionGroup","cloudwatch:DescribeAlarms",
			"cloudwatch:GetMetricStatistics","cloudwatch:GetMetricData","ec2:DescribeVpcs","ec2:DescribeVpcEndpoints",
			"ec2:DescribeRegions","elasticloadbalancing:DescribeLoadBalancers","elasticbeanstalk:DescribeEnvironments",
			"es:ListDomainNames","es:DescribeDomains","lightsail:GetContainerServices","s3:ListBucket","s3:GetBucketLocation",
			"s3:GetBucketWebsite","sns:ListTopics","sns:ListSubscriptionsByTopic","tag:GetResources"],"Resource":"*"},
		{"Effect":"Allow","Action":"apigateway:GET","Resource":"arn:aws:apigateway:*::/domainnames"}]}`,
	"AmazonRoute53ReadOnlyAccess": `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["route53:Get*","route53:List*","route53:TestDNSAnswer"],"Resource":["*"]}]}`,
	"AmazonVPCReadOnlyAccess": `{"Version":"2012-10-17","Statement":[{"Sid":"AmazonVPCReadOnlyAccess","Effect":"Allow",
		"Action":["ec2:Describe*","ec2:Get*","ec2:List*"],"Resource":"*"}]}`,
	"IAMReadOnlyAccess": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:GenerateCredentialReport",
		"iam:GenerateServiceLastAccessedDetails","iam:Get*","iam:List*","iam:SimulateCustomPolicy","iam:SimulatePrincipalPolicy"],"Resource":"*"}]}`,
	"IAMFullAccess": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["iam:*","organizations:DescribeAccount",
		"organizations:DescribeOrganization","organizations:DescribeOrganizationalUnit","organizations:DescribePolicy",
		"organizations:ListChildren","organizations:ListParents","organizations:ListPoliciesForTarget","organizations:ListRoots",
		"organizations:ListPolicies","organizations:ListTargetsForPolicy"],"Resource":"*"}]}`,
	"AWSOrganizationsReadOnlyAccess": `{"Version":"2012-10-17","Statement":[{"Sid":"AWSOrganizationsReadOnly","Effect":"Allow",
		"Action":["organizations:Describe*","organizations:List*"],"Resource":"*"}]}`,
	"AWSOrganizationsFullAccess": `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"organizations:*","Resource":"*"},
		{"Effect":"Allow","Action":["account:PutAlternateContact","account:DeleteAlternateContact","account:GetAlternateContact"],"Resource":"*"},
		{"Effect":"Allow","Action":"iam:CreateServiceLinkedRole","Resource":"*","Condition":{"StringEquals":{"iam:AWSServiceName":"organizations.amazonaws.com"}}}]}`,
	"service-role/AWSLambdaBasicExecutionRole": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
		"Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents"],"Resource":"*"}]}`,
	"service-role/AWSLambdaVPCAccessExecutionRole": `{"Version":"2012-10-17","Statement":[{"Sid":"AWSLambdaVPCAccessExecutionPermissions",
		"Effect":"Allow","Action":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents","ec2:CreateNetworkInterface",
			"ec2:DescribeNetworkInterfaces","ec2:DescribeSubnets","ec2:DeleteNetworkInterface","ec2:AssignPrivateIpAddresses",
			"ec2:UnassignPrivateIpAddresses"],"Resource":"*"}]}`,
	"AWSCertificateManagerFullAccess": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["acm:*"],"Resource":"*"}]}`,
	"AWSCertificateManagerReadOnly": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["acm:DescribeCertificate",
		"acm:ListCertificates","acm:GetCertificate","acm:ListTagsForCertificate","acm:GetAccountConfiguration"],"Resource":"*"}}`,
}

// AdministratorAccess is the ARN of the policy that allows everything.
const AdministratorAccess = managedPrefix + "AdministratorAccess"

// Managed is the document of a policy that AWS manages, by ARN.
func Managed(arn string) (document string, ok bool) {
	name, ok := strings.CutPrefix(arn, managedPrefix)
	if !ok {
		return "", false
	}
	document, ok = managed[name]
	return document, ok
}

// ManagedARNs are the ARNs that Managed knows, sorted.
func ManagedARNs() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(managed)) {
		out = append(out, managedPrefix+name)
	}
	return out
}
