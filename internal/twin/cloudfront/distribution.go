package cloudfront

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// DeployDelay is how long a distribution is InProgress after a change; in AWS
// it takes minutes.
const DeployDelay = 30 * time.Second

// Quotas (Developer Guide, cloudfront-limits.html).
const (
	distributionQuota = 500 // of an account
	aliasQuota        = 100 // of a distribution
)

// answerTTL is the TTL of the addresses, in seconds.
const answerTTL = 60

// distributions holds those of all accounts by identifier: alternate names are
// unique over all of them.
var distributions = world.Private[distribution]{Name: "cloudfront.distributions"}

type distribution struct {
	id      string
	account estate.AccountID
	config  *types.DistributionConfig // complete; nobody changes it in place
	etag    string
	changed time.Time
	tags    estate.Tags
}

func (d distribution) domain() string { return "d" + strings.ToLower(d.id[1:]) + ".cloudfront.net" }

func (d distribution) deployed(now time.Time) bool { return !now.Before(d.changed.Add(DeployDelay)) }

func (d distribution) status(now time.Time) string {
	if d.deployed(now) {
		return "Deployed"
	}
	return "InProgress"
}

// show is the distribution as answers have it.
func (d distribution) show(c *world.Call) *types.Distribution {
	return &types.Distribution{
		ARN: aws.String(arn(c, d.id)), Id: aws.String(d.id), DomainName: aws.String(d.domain()), DistributionConfig: d.config,
		Status: aws.String(d.status(c.Now)), LastModifiedTime: aws.Time(d.changed), InProgressInvalidationBatches: aws.Int32(0),
		ActiveTrustedSigners:   &types.ActiveTrustedSigners{Enabled: aws.Bool(false), Quantity: aws.Int32(0)},
		ActiveTrustedKeyGroups: &types.ActiveTrustedKeyGroups{Enabled: aws.Bool(false), Quantity: aws.Int32(0)},
	}
}

func createDistribution(_ context.Context, c *world.Call, in *cloudfront.CreateDistributionInput) (*cloudfront.CreateDistributionOutput, error) {
	d, err := create(c, in.DistributionConfig, nil)
	if err != nil {
		return nil, err
	}
	return &cloudfront.CreateDistributionOutput{Distribution: d.show(c), ETag: &d.etag, Location: d.location()}, nil
}

func createDistributionWithTags(_ context.Context, c *world.Call, in *cloudfront.CreateDistributionWithTagsInput) (*cloudfront.CreateDistributionWithTagsOutput, error) {
	tags, err := tagsOf(in.DistributionConfigWithTags.Tags)
	if err != nil {
		return nil, err
	}
	if err := allow(c, "TagResource", arn(c, "*"), tags); err != nil {
		return nil, err
	}
	d, err := create(c, in.DistributionConfigWithTags.DistributionConfig, tags)
	if err != nil {
		return nil, err
	}
	return &cloudfront.CreateDistributionWithTagsOutput{Distribution: d.show(c), ETag: &d.etag, Location: d.location()}, nil
}

func (d distribution) location() *string {
	return aws.String("https://cloudfront.amazonaws.com/2020-05-31/distribution/" + d.id)
}

func create(c *world.Call, config *types.DistributionConfig, tags estate.Tags) (distribution, error) {
	d := distribution{account: c.Account(), config: config, tags: tags}
	if err := allow(c, "CreateDistribution", arn(c, "*"), tags); err != nil {
		return d, err
	}
	complete(config)
	own := 0
	var same *distribution
	distributions.Walk(c.State, "", func(_ string, have distribution) bool {
		if have.account == c.Account() {
			own++
			if aws.ToString(have.config.CallerReference) == aws.ToString(config.CallerReference) {
				same = &have
			}
		}
		return true
	})
	if same != nil { // API_DistributionConfig, CallerReference
		if equal(same.config, config) {
			return *same, nil
		}
		return d, &types.DistributionAlreadyExists{Message: text("The caller reference that you are using to create a distribution is associated with another distribution. Already exists: %s", same.id)}
	}
	if c.World.Limits && own >= distributionQuota {
		return d, &types.TooManyDistributions{Message: text("Processing your request would cause you to exceed the maximum number of distributions allowed.")}
	}
	d.id = "E" + c.State.ID(c.Account(), "distribution", "", 13)
	if err := d.check(c); err != nil {
		return d, err
	}
	d.put(c)
	return distributionOf(c, d.id), nil
}

func distributionOf(c *world.Call, id string) distribution {
	d, _ := distributions.Get(c.State, id)
	return d
}

func text(format string, args ...any) *string { return aws.String(fmt.Sprintf(format, args...)) }

// equal compares configurations by their content.
func equal(a, b *types.DistributionConfig) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// aliases are the alternate names of a configuration, parsed.
func aliases(config *types.DistributionConfig) ([]dnsname.Name, error) {
	var out []dnsname.Name
	for _, a := range config.Aliases.Items {
		n, err := dnsname.Parse(a)
		if err != nil || n.Depth() < 2 {
			return nil, &types.InvalidArgument{Message: text("The parameter CNAME contains one or more parameters that are not valid: %s", a)}
		}
		out = append(out, n)
	}
	return out, nil
}

// check holds a distribution to the rules about origins, alternate names and
// certificates (API_CreateDistribution; Developer Guide, CNAMEs.html).
func (d distribution) check(c *world.Call) error {
	config := d.config
	switch {
	case int(*config.Aliases.Quantity) != len(config.Aliases.Items), int(aws.ToInt32(config.Origins.Quantity)) != len(config.Origins.Items):
		return &types.InconsistentQuantities{Message: text("The value of Quantity and the size of Items don't match.")}
	case !slices.ContainsFunc(config.Origins.Items, func(o types.Origin) bool {
		return aws.ToString(o.Id) == aws.ToString(config.DefaultCacheBehavior.TargetOriginId)
	}) && len(config.OriginGroups.Items) == 0:
		return &types.NoSuchOrigin{Message: text("One or more of your origins or origin groups do not exist.")}
	case aws.ToBool(config.Staging):
		return c.Unsupported("Staging")
	case config.TenantConfig != nil || config.ConnectionMode == types.ConnectionModeTenantOnly:
		return c.Unsupported("TenantConfig")
	case c.World.Limits && len(config.Aliases.Items) > aliasQuota:
		return &types.TooManyDistributionCNAMEs{Message: text("Your request contains more CNAMEs than are allowed per distribution.")}
	}
	names, err := aliases(config)
	if err != nil {
		return err
	}
	viewer := config.ViewerCertificate
	switch {
	case viewer.IAMCertificateId != nil:
		return c.Unsupported("ViewerCertificate.IAMCertificateId")
	case viewer.ACMCertificateArn == nil && len(names) > 0:
		return &types.InvalidViewerCertificate{Message: text("To add an alternate domain name (CNAME) to a CloudFront distribution, you must attach a trusted certificate that validates your authorization to use the domain name. For more details, see: %s", requirements)}
	case viewer.ACMCertificateArn != nil:
		cert, ok := c.Issued(*viewer.ACMCertificateArn, "us-east-1")
		if !ok {
			return &types.InvalidViewerCertificate{Message: text("The specified SSL certificate doesn't exist, isn't in us-east-1 region, isn't valid, or doesn't include a valid certificate chain.")}
		}
		if slices.ContainsFunc(names, func(n dnsname.Name) bool { return !cert.Covers(n) }) {
			return &types.InvalidViewerCertificate{Message: text("The certificate that is attached to your distribution doesn't cover the alternate domain name (CNAME) that you're trying to add. For more details, see: %s", requirements)}
		}
	}
	taken := false
	distributions.Walk(c.State, "", func(_ string, o distribution) bool {
		others, _ := aliases(o.config) // parsed when it was made
		taken = taken || o.id != d.id && slices.ContainsFunc(names, func(n dnsname.Name) bool {
			return slices.ContainsFunc(others, func(m dnsname.Name) bool {
				return n == m || o.account != d.account && (wildcardFor(n, m) || wildcardFor(m, n))
			})
		})
		return !taken
	})
	if taken {
		return &types.CNAMEAlreadyExists{Message: text("One or more of the CNAMEs you provided are already associated with a different resource.")}
	}
	return nil
}

const requirements = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/CNAMEs.html#alternate-domain-names-requirements"

// wildcardFor reports whether w is the wildcard that stands for n's leftmost
// label. Names that overlap so must belong to one account (CNAMEs.html,
// alternate-domain-names-wildcard).
func wildcardFor(w, n dnsname.Name) bool {
	above, _ := w.Parent()
	parent, _ := n.Parent()
	return w.IsWildcard() && !n.IsWildcard() && above == parent
}

// put writes a distribution as changed now, and the alias target that it is.
func (d distribution) put(c *world.Call) {
	d.forget(c)
	d.changed, d.etag = c.Now, "E"+c.State.ID(c.Account(), "etag", d.id, 13)
	if cert := d.config.ViewerCertificate.ACMCertificateArn; cert != nil {
		c.State.Use(*cert, arn(c, d.id))
	}
	distributions.Put(c.State, d.id, d)
	names, _ := aliases(d.config) // checked
	c.Estate().Targets.Put(estate.AliasTarget{
		Name: dnsname.MustParse(d.domain()), Zone: estate.CloudFrontZone, Kind: estate.TargetCloudFront, Account: d.account,
		Domains: names, Addresses: world.Addresses(d.domain(), 4, aws.ToBool(d.config.IsIPV6Enabled)), TTL: answerTTL,
	})
}

// forget takes a distribution out of the state as it stands there.
func (d distribution) forget(c *world.Call) {
	old, ok := distributions.Get(c.State, d.id)
	if !ok {
		return
	}
	if cert := old.config.ViewerCertificate.ACMCertificateArn; cert != nil {
		c.State.Unuse(*cert, arn(c, d.id))
	}
	distributions.Delete(c.State, d.id)
	c.Estate().Targets.Delete(estate.AliasTarget{Name: dnsname.MustParse(old.domain())}.Key())
}

// find asks for the permission to do the operation on a distribution, and
// finds it.
func find(c *world.Call, id *string) (distribution, error) {
	if err := allow(c, c.Operation, arn(c, aws.ToString(id)), nil); err != nil {
		return distribution{}, err
	}
	d, ok := distributions.Get(c.State, aws.ToString(id))
	if !ok || d.account != c.Account() {
		return d, &types.NoSuchDistribution{Message: text("The specified distribution does not exist.")}
	}
	return d, nil
}

// match compares the ETag that a change must give.
func (d distribution) match(etag *string) error {
	switch aws.ToString(etag) {
	case d.etag:
		return nil
	case "":
		return &types.InvalidIfMatchVersion{Message: text("The If-Match version is missing or not valid for the resource.")}
	}
	return &types.PreconditionFailed{Message: text("The request failed because it didn't meet the preconditions in one or more request-header fields.")}
}

func getDistribution(_ context.Context, c *world.Call, in *cloudfront.GetDistributionInput) (*cloudfront.GetDistributionOutput, error) {
	d, err := find(c, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfront.GetDistributionOutput{Distribution: d.show(c), ETag: &d.etag}, nil
}

func getDistributionConfig(_ context.Context, c *world.Call, in *cloudfront.GetDistributionConfigInput) (*cloudfront.GetDistributionConfigOutput, error) {
	d, err := find(c, in.Id)
	if err != nil {
		return nil, err
	}
	return &cloudfront.GetDistributionConfigOutput{DistributionConfig: d.config, ETag: &d.etag}, nil
}

func updateDistribution(_ context.Context, c *world.Call, in *cloudfront.UpdateDistributionInput) (*cloudfront.UpdateDistributionOutput, error) {
	d, err := find(c, in.Id)
	if err != nil {
		return nil, err
	}
	if err := d.match(in.IfMatch); err != nil {
		return nil, err
	}
	complete(in.DistributionConfig)
	if aws.ToString(in.DistributionConfig.CallerReference) != aws.ToString(d.config.CallerReference) {
		return nil, &types.InvalidArgument{Message: text("The caller reference cannot be changed.")}
	}
	d.config = in.DistributionConfig
	if err := d.check(c); err != nil {
		return nil, err
	}
	d.put(c)
	d = distributionOf(c, d.id)
	return &cloudfront.UpdateDistributionOutput{Distribution: d.show(c), ETag: &d.etag}, nil
}

// deleteDistribution needs a distribution that is disabled, everywhere
// (Developer Guide, HowToDeleteDistribution.html).
func deleteDistribution(_ context.Context, c *world.Call, in *cloudfront.DeleteDistributionInput) (*cloudfront.DeleteDistributionOutput, error) {
	d, err := find(c, in.Id)
	if err != nil {
		return nil, err
	}
	if err := d.match(in.IfMatch); err != nil {
		return nil, err
	}
	if aws.ToBool(d.config.Enabled) || !d.deployed(c.Now) {
		return nil, &types.DistributionNotDisabled{Message: text("The distribution you are trying to delete has not been disabled.")}
	}
	d.forget(c)
	return &cloudfront.DeleteDistributionOutput{}, nil
}

func listDistributions(_ context.Context, c *world.Call, in *cloudfront.ListDistributionsInput) (*cloudfront.ListDistributionsOutput, error) {
	if err := allow(c, "ListDistributions", "*", nil); err != nil {
		return nil, err
	}
	limit := cmp.Or(aws.ToInt32(in.MaxItems), 100)
	out := &types.DistributionList{Marker: aws.String(aws.ToString(in.Marker)), MaxItems: &limit, IsTruncated: aws.Bool(false)}
	distributions.Walk(c.State, "", func(id string, d distribution) bool {
		if d.account != c.Account() || id <= aws.ToString(in.Marker) {
			return true
		}
		if len(out.Items) == int(limit) {
			out.IsTruncated, out.NextMarker = aws.Bool(true), out.Items[limit-1].Id
			return false
		}
		f := d.config
		out.Items = append(out.Items, types.DistributionSummary{
			ARN: aws.String(arn(c, id)), Id: aws.String(id), DomainName: aws.String(d.domain()), Status: aws.String(d.status(c.Now)),
			LastModifiedTime: aws.Time(d.changed), ETag: aws.String(d.etag), Aliases: f.Aliases, CacheBehaviors: f.CacheBehaviors, Comment: f.Comment,
			CustomErrorResponses: f.CustomErrorResponses, DefaultCacheBehavior: f.DefaultCacheBehavior, Enabled: f.Enabled,
			HttpVersion: f.HttpVersion, IsIPV6Enabled: f.IsIPV6Enabled, OriginGroups: f.OriginGroups, Origins: f.Origins, PriceClass: f.PriceClass,
			Restrictions: f.Restrictions, Staging: f.Staging, ViewerCertificate: f.ViewerCertificate, WebACLId: f.WebACLId,
		})
		return true
	})
	out.Quantity = aws.Int32(int32(len(out.Items)))
	return &cloudfront.ListDistributionsOutput{DistributionList: out}, nil
}

// tagged asks for the permission to do the operation on an ARN, and finds the
// distribution that it names.
func tagged(c *world.Call, resource *string, tags estate.Tags) (distribution, error) {
	if err := allow(c, c.Operation, aws.ToString(resource), tags); err != nil {
		return distribution{}, err
	}
	id, ok := strings.CutPrefix(aws.ToString(resource), arn(c, ""))
	d, stands := distributions.Get(c.State, id)
	if !ok || !stands || d.account != c.Account() {
		return d, &types.NoSuchResource{Message: text("The specified resource does not exist: %s", aws.ToString(resource))}
	}
	return d, nil
}

func listTagsForResource(_ context.Context, c *world.Call, in *cloudfront.ListTagsForResourceInput) (*cloudfront.ListTagsForResourceOutput, error) {
	d, err := tagged(c, in.Resource, nil)
	if err != nil {
		return nil, err
	}
	return &cloudfront.ListTagsForResourceOutput{Tags: listed(d.tags)}, nil
}

func tagResource(_ context.Context, c *world.Call, in *cloudfront.TagResourceInput) (*cloudfront.TagResourceOutput, error) {
	tags, err := tagsOf(in.Tags)
	if err != nil {
		return nil, err
	}
	d, err := tagged(c, in.Resource, tags)
	if err != nil {
		return nil, err
	}
	d.tags = d.tags.With(tags)
	if err := checkTags(d.tags); err != nil {
		return nil, err
	}
	distributions.Put(c.State, d.id, d)
	return &cloudfront.TagResourceOutput{}, nil
}

func untagResource(_ context.Context, c *world.Call, in *cloudfront.UntagResourceInput) (*cloudfront.UntagResourceOutput, error) {
	d, err := tagged(c, in.Resource, nil)
	if err != nil {
		return nil, err
	}
	d.tags = d.tags.With(nil)
	for _, k := range in.TagKeys.Items {
		delete(d.tags, k)
	}
	distributions.Put(c.State, d.id, d)
	return &cloudfront.UntagResourceOutput{}, nil
}
