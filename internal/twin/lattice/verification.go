package lattice

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/vpclattice"
	"github.com/aws/aws-sdk-go-v2/service/vpclattice/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// verification is how the owner of resource configurations proves that a domain is
// theirs: by a TXT record in public DNS (create-and-verify.html). What it proves
// stands in the estate, with the resource configurations that name it.
type verification struct {
	id, arn     string
	domain      dnsname.Name
	status      types.VerificationStatus
	name, value string // of the record, relative to the domain
	created     time.Time
	verified    time.Time // last
	next        time.Time // when AWS looks again, while it is pending
}

var verifications = world.Private[verification]{Name: "lattice.verifications"} // by ARN

// AWS looks for the record every so often, and gives up at last; it does not tell
// when.
const (
	VerifyEvery = time.Minute
	verifyFor   = 72 * time.Hour
)

// Settle looks for the records of the verifications that are due at a time. The
// assembly calls it before each call.
func Settle(s *world.State, now time.Time) {
	var due []verification
	verifications.Walk(s, "", func(_ string, v verification) bool {
		if v.status == types.VerificationStatusPending && !now.Before(v.next) {
			due = append(due, v)
		}
		return true
	})
	if len(due) == 0 {
		return
	}
	policy := resolve.DefaultPolicy
	policy.Closed = true
	dns := resolve.New(s.Estate, policy)
	for _, v := range due {
		v.next = now.Add(VerifyEvery)
		switch {
		case proven(dns, s.Estate.Public, v):
			v.status, v.verified = types.VerificationStatusVerified, now
			for r := range s.Estate.LatticeResources.By(estate.ByMember(v.arn)) {
				r.Verified = true
				s.Estate.LatticeResources.Put(r)
			}
		case now.Sub(v.created) >= verifyFor:
			v.status = types.VerificationStatusVerificationTimedOut
		}
		verifications.Put(s, v.arn, v)
	}
}

// proven reports whether public DNS has the record, as far as the world holds its
// zone; else what was seen there counts.
func proven(dns *resolve.Resolver, seen estate.Table[estate.PublicAnswer], v verification) bool {
	name, err := v.domain.Child(v.name)
	if err != nil {
		return false
	}
	there, _ := seen.Get(estate.PublicAnswer{Name: name, Type: "TXT"}.Key())
	return slices.ContainsFunc(append(dns.Resolve(resolve.Vantage{}, name, "TXT").Values(), there.Values...), func(value string) bool {
		return strings.Trim(value, `"`) == v.value
	})
}

func startDomainVerification(_ context.Context, c *world.Call, in *vpclattice.StartDomainVerificationInput) (*vpclattice.StartDomainVerificationOutput, error) {
	tags := estate.Tags(in.Tags)
	if err := may(c, estate.LatticeARN(c.Account(), c.Region, kindVerification, "*"), conditions(nil, tags)); err != nil {
		return nil, err
	}
	arn, err := repeated(c, in.ClientToken, in)
	if err != nil {
		return nil, err
	}
	v, ok := verifications.Get(c.State, arn)
	if !ok {
		if v, err = newVerification(c, in.DomainName, tags); err != nil {
			return nil, err
		}
		remember(c, in.ClientToken, in, v.arn)
	}
	return &vpclattice.StartDomainVerificationOutput{Arn: &v.arn, Id: &v.id, DomainName: nameOf(v.domain), Status: v.status, TxtMethodConfig: v.record()}, nil
}

func newVerification(c *world.Call, domain *string, tags estate.Tags) (v verification, err error) {
	if v.domain, err = domainOf(domain); err != nil {
		return v, err
	}
	if err := checkTags(tags); err != nil {
		return v, err
	}
	all := verificationsOf(c)
	if i := slices.IndexFunc(all, func(o verification) bool { return o.domain == v.domain }); i >= 0 {
		return v, conflict("DOMAIN_VERIFICATION", all[i].id, "A domain verification for %s already exists.", v.domain)
	}
	if err := over(c, slices.Values(all), domains); err != nil {
		return v, err
	}
	v.id = "dv-" + c.State.HexID(c.Account(), "dv", string(c.Region)+"/"+v.domain.String(), 17)
	v.arn = estate.LatticeARN(c.Account(), c.Region, kindVerification, v.id)
	v.status, v.created, v.next = types.VerificationStatusPending, c.Now, c.Now.Add(VerifyEvery)
	v.name = "_" + c.State.HexID(c.Account(), "dv name", v.id, 14)
	v.value = "vpc-lattice:" + c.State.HexID(c.Account(), "dv value", v.id, 16)
	verifications.Put(c.State, v.arn, v)
	if len(tags) > 0 {
		world.Tags.Put(c.State, v.arn, tags.With(nil))
	}
	c.TagsChanged(v.arn, nil, tags)
	return v, nil
}

func (v verification) record() *types.TxtMethodConfig {
	return &types.TxtMethodConfig{Name: &v.name, Value: &v.value}
}

// verificationsOf are the caller's in its Region.
func verificationsOf(c *world.Call) []verification {
	var out []verification
	verifications.Walk(c.State, estate.LatticeARN(c.Account(), c.Region, kindVerification, ""), func(_ string, v verification) bool {
		out = append(out, v)
		return true
	})
	return out
}

// ownVerification finds one of the caller's.
func ownVerification(c *world.Call, identifier *string) (verification, error) {
	arn := arnOf(c, kindVerification, identifier)
	v, ok := verifications.Get(c.State, arn)
	if !ok || ownerOf(arn) != c.Account() || !strings.HasPrefix(arn, estate.LatticeARN(c.Account(), c.Region, kindVerification, "")) {
		return v, missing("DOMAIN_VERIFICATION", idOf(arn))
	}
	return v, nil
}

func mayVerify(c *world.Call, identifier *string) (verification, error) {
	arn := arnOf(c, kindVerification, identifier)
	tags, _ := world.Tags.Get(c.State, arn)
	if err := may(c, arn, conditions(tags, nil)); err != nil {
		return verification{}, err
	}
	return ownVerification(c, identifier)
}

func getDomainVerification(_ context.Context, c *world.Call, in *vpclattice.GetDomainVerificationInput) (*vpclattice.GetDomainVerificationOutput, error) {
	v, err := mayVerify(c, in.DomainVerificationIdentifier)
	if err != nil {
		return nil, err
	}
	tags, _ := world.Tags.Get(c.State, v.arn)
	return &vpclattice.GetDomainVerificationOutput{
		Arn: &v.arn, Id: &v.id, DomainName: nameOf(v.domain), Status: v.status, TxtMethodConfig: v.record(), CreatedAt: &v.created, LastVerifiedTime: at(v.verified), Tags: tags,
	}, nil
}

func listDomainVerifications(_ context.Context, c *world.Call, in *vpclattice.ListDomainVerificationsInput) (*vpclattice.ListDomainVerificationsOutput, error) {
	if err := c.Authorize("vpc-lattice:ListDomainVerifications", "*", nil); err != nil {
		return nil, err
	}
	all, next, err := page(verificationsOf(c), func(v verification) string { return v.arn }, in.MaxResults, in.NextToken)
	out := &vpclattice.ListDomainVerificationsOutput{NextToken: next}
	for _, v := range all {
		tags, _ := world.Tags.Get(c.State, v.arn)
		out.Items = append(out.Items, types.DomainVerificationSummary{
			Arn: &v.arn, Id: &v.id, DomainName: nameOf(v.domain), Status: v.status, TxtMethodConfig: v.record(), CreatedAt: &v.created, LastVerifiedTime: at(v.verified), Tags: tags,
		})
	}
	return out, err
}

// deleteDomainVerification takes a proof away; what is used already stays verified
// (create-and-verify.html).
func deleteDomainVerification(_ context.Context, c *world.Call, in *vpclattice.DeleteDomainVerificationInput) (*vpclattice.DeleteDomainVerificationOutput, error) {
	v, err := mayVerify(c, in.DomainVerificationIdentifier)
	if err != nil {
		return nil, err
	}
	verifications.Delete(c.State, v.arn)
	world.Tags.Delete(c.State, v.arn)
	return &vpclattice.DeleteDomainVerificationOutput{}, nil
}
