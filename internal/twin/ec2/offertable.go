package ec2

import (
	"strings"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// awsService is a service of AWS to which endpoints can be made.
type awsService struct {
	name string // after com.amazonaws.REGION.
	// base is the name of its endpoints before .REGION.vpce.amazonaws.com;
	// empty: as name.
	base string
	// private are its private DNS names before .REGION.amazonaws.com; nil: as
	// base.
	private []string
	types   []string        // nil: Interface
	only    []estate.Region // nil: every Region
	cross   bool            // endpoints can be in other Regions
}

// awsServices are the common ones: names as in the PrivateLink guide,
// aws-services-privatelink-support.html, those with cross from
// aws-services-cross-region-privatelink-support.html. Private names that do not
// follow the service's name are of the services' own guides (ECR, vpc-endpoints.html;
// API Gateway, apigateway-private-apis.html; S3, privatelink-interface-endpoints.html;
// ECS, vpc-endpoints.html; CodeArtifact, vpc-endpoints.html). DynamoDB has none. Newer names in
// api.aws and on.aws, which AWS adds service by service, are left out.
var awsServices = []awsService{
	{name: "access-analyzer"},
	{name: "acm-pca"},
	{name: "application-autoscaling"},
	{name: "athena"},
	{name: "autoscaling"},
	{name: "autoscaling-plans"},
	{name: "backup"},
	{name: "batch"},
	{name: "bedrock-runtime"},
	{name: "cloudformation"},
	{name: "cloudtrail"},
	{name: "codeartifact.api", base: "codeartifact", only: codeArtifact},
	{name: "codeartifact.repositories", base: "d.codeartifact", private: []string{"*.d.codeartifact"}, only: codeArtifact},
	{name: "codebuild"},
	{name: "codecommit"},
	{name: "codedeploy"},
	{name: "codepipeline"},
	{name: "config"},
	{name: "datasync"},
	{name: "detective", private: []string{"api.detective"}},
	{name: "dms"},
	{name: "dynamodb", private: []string{}, types: []string{estate.EndpointGateway, estate.EndpointInterface}},
	{name: "ebs"},
	{name: "ec2"},
	{name: "ec2messages"},
	{name: "ecr.api", base: "api.ecr", cross: true},
	{name: "ecr.dkr", base: "dkr.ecr", private: []string{"dkr.ecr", "*.dkr.ecr"}, cross: true},
	{name: "ecs", cross: true},
	{name: "ecs-agent", base: "ecs-a"},
	{name: "ecs-telemetry", base: "ecs-t"},
	{name: "eks"},
	{name: "elasticache"},
	{name: "elasticbeanstalk"},
	{name: "elasticfilesystem"},
	{name: "elasticloadbalancing"},
	{name: "elasticmapreduce"},
	{name: "email-smtp"},
	{name: "events"},
	{name: "execute-api", private: []string{"execute-api", "*.execute-api"}},
	{name: "fsx"},
	{name: "glue"},
	{name: "guardduty-data"},
	{name: "imagebuilder"},
	{name: "inspector2"},
	{name: "kinesis-firehose", base: "firehose", cross: true},
	{name: "kinesis-streams", base: "kinesis"},
	{name: "kms", cross: true},
	{name: "lakeformation"},
	{name: "lambda", cross: true},
	{name: "license-manager"},
	{name: "logs"},
	{name: "monitoring"},
	{name: "rds"},
	{name: "rds-data"},
	{name: "redshift"},
	{name: "redshift-data"},
	{
		name: "s3", private: []string{"s3", "*.s3", "*.s3-accesspoint", "*.s3-control"},
		types: []string{estate.EndpointGateway, estate.EndpointInterface}, cross: true,
	},
	{name: "sagemaker.api", base: "api.sagemaker"},
	{name: "sagemaker.runtime", base: "runtime.sagemaker"},
	{name: "secretsmanager"},
	{name: "servicecatalog"},
	{name: "servicediscovery"},
	{name: "sns"},
	{name: "sqs"},
	{name: "ssm"},
	{name: "ssmmessages"},
	{name: "states"},
	{name: "sts"},
	{name: "transfer"},
	{name: "xray"},
}

// codeArtifact are the Regions that have CodeArtifact (General Reference,
// codeartifact.html).
var codeArtifact = []estate.Region{
	"ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "eu-central-1", "eu-north-1", "eu-south-1",
	"eu-west-1", "eu-west-2", "eu-west-3", "us-east-1", "us-east-2", "us-west-2",
}

// privateNames are the service's private DNS names in a Region.
func (s awsService) privateNames(r estate.Region) []dnsname.Name {
	labels := s.private
	if labels == nil {
		labels = []string{s.baseName()}
	}
	var out []dnsname.Name
	for _, l := range labels {
		out = append(out, dnsname.MustParse(l+"."+string(r)+".amazonaws.com"))
	}
	return out
}

func (s awsService) baseName() string {
	if s.base != "" {
		return s.base
	}
	return s.name
}

// baseOf is the name below which the endpoints of a service of AWS have their
// generated names. One that is in no table has that of its name, in which the
// labels of a compound stand the other way round, as ecr.api has api.ecr.
func baseOf(service string, r estate.Region) string {
	short := strings.TrimPrefix(service, "com.amazonaws."+string(r)+".")
	for _, s := range awsServices {
		if s.name == short {
			return s.baseName() + "." + string(r) + ".vpce.amazonaws.com"
		}
	}
	if id, own := strings.CutPrefix(service, "com.amazonaws.vpce."+string(r)+"."); own {
		return id + "." + string(r) + ".vpce.amazonaws.com"
	}
	if a, b, compound := strings.Cut(short, "."); compound {
		short = b + "." + a
	}
	return short + "." + string(r) + ".vpce.amazonaws.com"
}

// endpointZones are the hosted zones of the generated names by the endpoint's
// Region, as DescribeVpcEndpoints shows them (seen in
// kubernetes-sigs/external-dns, whose table is public). Other Regions have
// one that is derived.
var endpointZones = map[estate.Region]string{
	"af-south-1":     "Z09302161J80N9A7UTP7U",
	"ap-east-1":      "Z2LIHJ7PKBEMWN",
	"ap-northeast-1": "Z2E726K9Y6RL4W",
	"ap-northeast-2": "Z27UANNT0PRK1T",
	"ap-northeast-3": "Z376B5OMM2JZL2",
	"ap-south-1":     "Z2KVTB3ZLFM7JR",
	"ap-south-2":     "Z0952991RWSF5AHIQDIY",
	"ap-southeast-1": "Z18LLCSTV4NVNL",
	"ap-southeast-2": "ZDK2GCRPAFKGO",
	"ap-southeast-3": "Z03881013RZ9BYYZO8N5W",
	"ap-southeast-4": "Z07508191CO1RNBX3X3AU",
	"ca-central-1":   "ZRCXCF510Y6P9",
	"eu-central-1":   "Z273ZU8SZ5RJPC",
	"eu-central-2":   "Z045369019J4FUQ4S272E",
	"eu-north-1":     "Z3OWWK6JFDEDGC",
	"eu-south-1":     "Z2A5FDNRLY7KZG",
	"eu-south-2":     "Z014396544HENR57XQCJ",
	"eu-west-1":      "Z38GZ743OKFT7T",
	"eu-west-2":      "Z7K1066E3PUKB",
	"eu-west-3":      "Z1DWHTMFP0WECP",
	"me-central-1":   "Z07122992YCEUCB9A9570",
	"me-south-1":     "Z3B95P3VBGEQGY",
	"sa-east-1":      "Z2LXUWEVLCVZIB",
	"us-east-1":      "Z7HUB22UULQXV",
	"us-east-2":      "ZC8PG0KIFKBRI",
	"us-west-1":      "Z12I86A8N7VCZO",
	"us-west-2":      "Z1YSA3EXCYUU9Z",
}
