package awsapi

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53profiles"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice"

	"github.com/orgdns/orgdns/internal/estate"
)

// What each service's client is made of. They are made directly, not from an
// aws.Config, so that none looks into the environment. One try a call: package
// pace repeats.

func (c *caller) route53(account estate.AccountID, role string) *route53.Client {
	return client(c.session(account, role), "route53", c.global(), func(c config) *route53.Client {
		return route53.New(route53.Options{
			Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
			APIOptions: c.api, Retryer: aws.NopRetryer{}, DisableClockSkewCorrection: true,
		})
	})
}

func (c *caller) acm(account estate.AccountID, region estate.Region) *acm.Client {
	return client(c.session(account, ""), "acm", region, func(c config) *acm.Client {
		return acm.New(acm.Options{
			Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
			APIOptions: c.api, Retryer: aws.NopRetryer{}, DisableClockSkewCorrection: true,
		})
	})
}

func (c *caller) ec2(account estate.AccountID, region estate.Region) *ec2.Client {
	return client(c.session(account, ""), "ec2", region, func(c config) *ec2.Client {
		return ec2.New(ec2.Options{
			Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
			APIOptions: c.api, Retryer: aws.NopRetryer{}, DisableClockSkewCorrection: true,
		})
	})
}

func (c *caller) elbv2(account estate.AccountID, region estate.Region) *elasticloadbalancingv2.Client {
	return client(c.session(account, ""), "elbv2", region, func(c config) *elasticloadbalancingv2.Client {
		return elasticloadbalancingv2.New(elasticloadbalancingv2.Options{
			Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
			APIOptions: c.api, Retryer: aws.NopRetryer{}, DisableClockSkewCorrection: true,
		})
	})
}

func (c *caller) resolver(account estate.AccountID, region estate.Region) *route53resolver.Client {
	return client(c.session(account, ""), "route53resolver", region, func(c config) *route53resolver.Client {
		return route53resolver.New(route53resolver.Options{
			Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
			APIOptions: c.api, Retryer: aws.NopRetryer{},
		})
	})
}

func (c *caller) profiles(account estate.AccountID, region estate.Region) *route53profiles.Client {
	return client(c.session(account, ""), "route53profiles", region, func(c config) *route53profiles.Client {
		return route53profiles.New(route53profiles.Options{
			Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
			APIOptions: c.api, Retryer: aws.NopRetryer{},
		})
	})
}

func (c *caller) ram(account estate.AccountID, region estate.Region) *ram.Client {
	return client(c.session(account, ""), "ram", region, func(c config) *ram.Client {
		return ram.New(ram.Options{
			Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
			APIOptions: c.api, Retryer: aws.NopRetryer{}, DisableClockSkewCorrection: true,
		})
	})
}

func (c *caller) lambda(account estate.AccountID, region estate.Region) *lambda.Client {
	return client(c.session(account, ""), "lambda", region, func(c config) *lambda.Client {
		return lambda.New(lambda.Options{
			Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
			APIOptions: c.api, Retryer: aws.NopRetryer{},
		})
	})
}

func (c *caller) lattice(account estate.AccountID, region estate.Region) *vpclattice.Client {
	return client(c.session(account, ""), "vpc-lattice", region, func(c config) *vpclattice.Client {
		return vpclattice.New(vpclattice.Options{
			Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
			APIOptions: c.api, Retryer: aws.NopRetryer{},
		})
	})
}

func (c *caller) cloudtrail(account estate.AccountID, region estate.Region) *cloudtrail.Client {
	return client(c.session(account, ""), "cloudtrail", region, func(c config) *cloudtrail.Client {
		return cloudtrail.New(cloudtrail.Options{
			Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
			APIOptions: c.api, Retryer: aws.NopRetryer{},
		})
	})
}

func (c *caller) organizations(account estate.AccountID) *organizations.Client {
	return client(c.session(account, ""), "organizations", c.global(), func(c config) *organizations.Client {
		return organizations.New(organizations.Options{
			Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
			APIOptions: c.api, Retryer: aws.NopRetryer{}, DisableClockSkewCorrection: true,
		})
	})
}

func (c *caller) iam(account estate.AccountID) *iam.Client {
	return client(c.session(account, ""), "iam", c.global(), func(c config) *iam.Client { return iam.New(iamOptions(c)) })
}

func (c *caller) kms(account estate.AccountID, region estate.Region) *kms.Client {
	return client(c.session(account, ""), "kms", region, func(c config) *kms.Client {
		return kms.New(kms.Options{
			Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
			APIOptions: c.api, Retryer: aws.NopRetryer{}, DisableClockSkewCorrection: true,
		})
	})
}

// s3 asks by paths: a bucket whose name has dots fits no certificate as a host
// (S3 User Guide, VirtualHosting.html).
func (c *caller) s3(account estate.AccountID, region estate.Region) *s3.Client {
	return client(c.session(account, ""), "s3", region, func(c config) *s3.Client {
		return s3.New(s3.Options{
			Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
			APIOptions: c.api, Retryer: aws.NopRetryer{}, DisableClockSkewCorrection: true, UsePathStyle: true,
		})
	})
}

func (c *caller) events(account estate.AccountID, region estate.Region) *eventbridge.Client {
	return client(c.session(account, ""), "events", region, func(c config) *eventbridge.Client {
		return eventbridge.New(eventbridge.Options{
			Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
			APIOptions: c.api, Retryer: aws.NopRetryer{}, DisableClockSkewCorrection: true,
		})
	})
}

func (c *caller) sqs(account estate.AccountID, region estate.Region) *sqs.Client {
	return client(c.session(account, ""), "sqs", region, func(c config) *sqs.Client {
		return sqs.New(sqs.Options{
			Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
			APIOptions: c.api, Retryer: aws.NopRetryer{}, DisableClockSkewCorrection: true,
		})
	})
}

func (c *caller) ssm(account estate.AccountID, region estate.Region) *ssm.Client {
	return client(c.session(account, ""), "ssm", region, func(c config) *ssm.Client {
		return ssm.New(ssm.Options{
			Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
			APIOptions: c.api, Retryer: aws.NopRetryer{}, DisableClockSkewCorrection: true,
		})
	})
}

func (c *caller) sts(account estate.AccountID) *sts.Client {
	return client(c.session(account, ""), "sts", c.opt.Region, func(c config) *sts.Client { return sts.New(stsOptions(c)) })
}

func iamOptions(c config) iam.Options {
	return iam.Options{
		Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
		APIOptions: c.api, Retryer: aws.NopRetryer{}, DisableClockSkewCorrection: true,
	}
}

func stsOptions(c config) sts.Options {
	return sts.Options{
		Region: c.region, Credentials: c.credentials, HTTPClient: c.http, HTTPSignerV4: c.signer, BaseEndpoint: c.endpoint,
		APIOptions: c.api, Retryer: aws.NopRetryer{}, DisableClockSkewCorrection: true,
	}
}
