// Package acm is the twin's AWS Certificate Manager: public certificates that
// are validated by DNS. A validation really looks the record up in the twin's
// public DNS, and CAA records are obeyed.
//
// Not here: validation by e-mail or HTTP, private, imported and exported
// certificates, renewal and expiry, ACME. What is not here is refused.
package acm

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's ACM.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(requestCertificate),
		wire.Handle(describeCertificate),
		wire.Handle(listCertificates),
		wire.Handle(getCertificate),
		wire.Handle(deleteCertificate),
		wire.Handle(updateCertificateOptions),
		wire.Handle(addTagsToCertificate),
		wire.Handle(removeTagsFromCertificate),
		wire.Handle(listTagsForCertificate),
	}
}

// Rate is the bucket of one action in an account and Region, in requests (ACM
// User Guide, acm-limits.html#api-rate-limits). The page names no burst; here
// it is one second's worth.
func Rate(operation string) world.Rate {
	perSecond := 5.0
	switch operation {
	case "DescribeCertificate", "GetCertificate", "DeleteCertificate", "ListTagsForCertificate":
		perSecond = 10
	case "ListCertificates":
		perSecond = 8
	}
	return world.Rate{Burst: perSecond, Refill: perSecond}
}

// Quotas of an account in a Region (ACM User Guide, acm-limits.html).
const (
	certificateQuota = 2500
	nameQuota        = 10 // names of a certificate
	tagQuota         = 50 // tags of a certificate
)

// validity is how long a public certificate is good (ACM User Guide,
// acm-certificate-characteristics.html, since February 2026).
const validity = 198 * 24 * time.Hour

// moreTable holds, by ARN, what is said of a certificate and stands not in the
// estate.
var moreTable = world.Private[more]{Name: "acm.certificates"}

type more struct {
	algorithm types.KeyAlgorithm
	opaque    bool // kept out of certificate transparency logs
	// seen is when each name's validation record was first found.
	seen []time.Time
}

// tokenTable remembers requests by account, Region, token and content.
var tokenTable = world.Private[remembered]{Name: "acm.tokens"}

type remembered struct {
	arn string
	at  time.Time
}

func notFound(c *world.Call, arn string) error {
	return &types.ResourceNotFoundException{Message: aws.String(fmt.Sprintf("Could not find certificate %s in account %s.", arn, c.Account()))}
}

// find asks for the permission to do the operation on a certificate, brings
// all certificates up to date, and finds it.
func find(c *world.Call, arn *string) (estate.Certificate, error) {
	id := aws.ToString(arn)
	before, _ := c.Estate().Certificates.Get(id)
	conditions := world.Conditions{}
	for k, v := range before.Tags {
		conditions["aws:resourcetag/"+strings.ToLower(k)] = []string{v}
	}
	if err := c.Authorize("acm:"+c.Operation, id, conditions); err != nil {
		return before, err
	}
	Settle(c.State, c.Now)
	cert, ok := c.Estate().Certificates.Get(id)
	if !ok || cert.Account != c.Account() || cert.Region != c.Region {
		return cert, notFound(c, id)
	}
	return cert, nil
}

// checkTags holds tags to the restrictions that AWS sets (ACM User Guide,
// tags-restrictions.html).
func checkTags(tags estate.Tags) error {
	for k := range tags {
		if strings.HasPrefix(strings.ToLower(k), "aws:") {
			return &types.InvalidTagException{Message: aws.String("aws: prefixed tag key names are not allowed for external use.")}
		}
	}
	if len(tags) > tagQuota {
		return &types.TooManyTagsException{Message: aws.String(fmt.Sprintf("The number of tags exceeds the limit of %d.", tagQuota))}
	}
	return nil
}

func tagsOf(list []types.Tag) estate.Tags {
	tags := estate.Tags{}
	for _, t := range list {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return tags
}

func listed(tags estate.Tags) []types.Tag {
	var out []types.Tag
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return out
}
