package cloudfront

import (
	"cmp"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

// complete sets what a configuration leaves out, since CloudFront answers with
// complete ones. The values are the defaults of API_DistributionConfig and of
// the types below it.
func complete(f *types.DistributionConfig) {
	none := func() *int32 { return aws.Int32(0) }
	set(&f.Aliases, &types.Aliases{Quantity: none()})
	set(&f.Origins, &types.Origins{Quantity: none()})
	set(&f.OriginGroups, &types.OriginGroups{Quantity: none()})
	set(&f.CacheBehaviors, &types.CacheBehaviors{Quantity: none()})
	set(&f.CustomErrorResponses, &types.CustomErrorResponses{Quantity: none()})
	set(&f.Comment, aws.String(""))
	set(&f.DefaultRootObject, aws.String(""))
	set(&f.Enabled, aws.Bool(false))
	set(&f.IsIPV6Enabled, aws.Bool(true))
	set(&f.Staging, aws.Bool(false))
	set(&f.WebACLId, aws.String(""))
	set(&f.ContinuousDeploymentPolicyId, aws.String(""))
	set(&f.Logging, &types.LoggingConfig{})
	set(&f.Logging.Enabled, aws.Bool(false))
	set(&f.Logging.IncludeCookies, aws.Bool(false))
	set(&f.Logging.Bucket, aws.String(""))
	set(&f.Logging.Prefix, aws.String(""))
	set(&f.Restrictions, &types.Restrictions{})
	set(&f.Restrictions.GeoRestriction, &types.GeoRestriction{RestrictionType: types.GeoRestrictionTypeNone, Quantity: none()})
	f.HttpVersion = cmp.Or(f.HttpVersion, types.HttpVersionHttp2)
	f.PriceClass = cmp.Or(f.PriceClass, types.PriceClassPriceClassAll)
	for i := range f.Origins.Items {
		completeOrigin(&f.Origins.Items[i])
	}
	set(&f.DefaultCacheBehavior, &types.DefaultCacheBehavior{})
	b := f.DefaultCacheBehavior
	set(&b.AllowedMethods, &types.AllowedMethods{Items: []types.Method{types.MethodHead, types.MethodGet}, Quantity: aws.Int32(2)})
	set(&b.AllowedMethods.CachedMethods, &types.CachedMethods{Items: []types.Method{types.MethodHead, types.MethodGet}, Quantity: aws.Int32(2)})
	set(&b.TrustedSigners, &types.TrustedSigners{Enabled: aws.Bool(false), Quantity: none()})
	set(&b.TrustedKeyGroups, &types.TrustedKeyGroups{Enabled: aws.Bool(false), Quantity: none()})
	set(&b.LambdaFunctionAssociations, &types.LambdaFunctionAssociations{Quantity: none()})
	set(&b.FunctionAssociations, &types.FunctionAssociations{Quantity: none()})
	set(&b.GrpcConfig, &types.GrpcConfig{Enabled: aws.Bool(false)})
	set(&b.Compress, aws.Bool(false))
	set(&b.SmoothStreaming, aws.Bool(false))
	set(&b.FieldLevelEncryptionId, aws.String(""))

	set(&f.ViewerCertificate, &types.ViewerCertificate{})
	v := f.ViewerCertificate
	if v.ACMCertificateArn == nil && v.IAMCertificateId == nil {
		v.CloudFrontDefaultCertificate = aws.Bool(true)
		v.SSLSupportMethod, v.CertificateSource = types.SSLSupportMethodVip, types.CertificateSourceCloudfront
		v.MinimumProtocolVersion = cmp.Or(v.MinimumProtocolVersion, types.MinimumProtocolVersionTLSv1)
		return
	}
	v.CloudFrontDefaultCertificate = aws.Bool(false)
	v.MinimumProtocolVersion = cmp.Or(v.MinimumProtocolVersion, types.MinimumProtocolVersionTLSv1)
	if v.ACMCertificateArn != nil {
		v.Certificate, v.CertificateSource = v.ACMCertificateArn, types.CertificateSourceAcm
	}
}

func completeOrigin(o *types.Origin) {
	set(&o.CustomHeaders, &types.CustomHeaders{Quantity: aws.Int32(0)})
	set(&o.OriginPath, aws.String(""))
	set(&o.ConnectionAttempts, aws.Int32(3))
	set(&o.ConnectionTimeout, aws.Int32(10))
	set(&o.OriginShield, &types.OriginShield{Enabled: aws.Bool(false)})
	set(&o.OriginAccessControlId, aws.String(""))
	if o.CustomOriginConfig != nil {
		set(&o.CustomOriginConfig.OriginReadTimeout, aws.Int32(30))
		set(&o.CustomOriginConfig.OriginKeepaliveTimeout, aws.Int32(5))
	}
}

// set gives a field a value where it has none.
func set[T any](field **T, value *T) {
	if *field == nil {
		*field = value
	}
}
