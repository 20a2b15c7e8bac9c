package acm

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// longestCommonName is the limit of the first name (API_RequestCertificate,
// after RFC 5280).
const longestCommonName = 64

func requestCertificate(_ context.Context, c *world.Call, in *acm.RequestCertificateInput) (*acm.RequestCertificateOutput, error) {
	tags := tagsOf(in.Tags)
	asked := append([]string{aws.ToString(in.DomainName)}, in.SubjectAlternativeNames...)
	conditions := world.Conditions{
		"acm:domainnames": lower(asked), "acm:validationmethod": {string(in.ValidationMethod)}, "acm:keyalgorithm": {string(in.KeyAlgorithm)},
	}
	for k, v := range tags {
		conditions["aws:requesttag/"+strings.ToLower(k)] = []string{v}
		conditions["aws:tagkeys"] = append(conditions["aws:tagkeys"], k)
	}
	slices.Sort(conditions["aws:tagkeys"])
	everything := fmt.Sprintf("arn:aws:acm:%s:%s:certificate/", c.Region, c.Account())
	if err := c.Authorize("acm:RequestCertificate", everything+"*", conditions); err != nil {
		return nil, err
	}
	Settle(c.State, c.Now)
	details := more{algorithm: in.KeyAlgorithm}
	switch {
	case in.CertificateAuthorityArn != nil:
		return nil, c.Unsupported("CertificateAuthorityArn")
	case in.ManagedBy != "":
		return nil, c.Unsupported("ManagedBy")
	case in.ValidationMethod != types.ValidationMethodDns: // none is EMAIL
		return nil, c.Unsupported("ValidationMethod other than DNS")
	}
	if o := in.Options; o != nil {
		if o.Export == types.CertificateExportEnabled {
			return nil, c.Unsupported("Options.Export")
		}
		details.opaque = o.CertificateTransparencyLoggingPreference == types.CertificateTransparencyLoggingPreferenceDisabled
	}
	switch in.KeyAlgorithm {
	case "":
		details.algorithm = types.KeyAlgorithmRsa2048
	case types.KeyAlgorithmRsa2048, types.KeyAlgorithmEcPrime256v1, types.KeyAlgorithmEcSecp384r1:
	default: // gs-acm-request-public.html
		return nil, &types.InvalidParameterException{Message: aws.String(fmt.Sprintf("Key algorithm %s is not supported for public certificates.", in.KeyAlgorithm))}
	}
	names, err := parseNames(c, asked)
	if err != nil {
		return nil, err
	}
	for _, o := range in.DomainValidationOptions {
		if err := validationOption(names, o); err != nil {
			return nil, err
		}
	}
	if err := checkTags(tags); err != nil {
		return nil, err
	}
	token := ""
	if t := aws.ToString(in.IdempotencyToken); t != "" {
		// The same token within an hour is the same request (API_RequestCertificate).
		token = fmt.Sprintf("%s/%s/%s/%v/%v/%v", c.Account(), c.Region, t, names, details.algorithm, details.opaque)
		if r, ok := tokenTable.Get(c.State, token); ok && c.Now.Before(r.at.Add(time.Hour)) {
			if _, stands := c.Estate().Certificates.Get(r.arn); stands {
				return &acm.RequestCertificateOutput{CertificateArn: aws.String(r.arn)}, nil
			}
		}
	}
	if c.World.Limits {
		count := 0
		for range c.Estate().Certificates.By(estate.ByRegion(c.Account(), c.Region)) {
			count++
		}
		if count >= certificateQuota {
			return nil, limitExceeded("Error: you have reached your limit of %d certificates.", certificateQuota)
		}
	}
	h := c.State.HexID(c.Account(), "certificate", string(c.Region)+"/"+names[0].String(), 32)
	cert := estate.Certificate{
		ARN:     fmt.Sprintf("%s%s-%s-4%s-8%s-%s", everything, h[:8], h[8:12], h[13:16], h[17:20], h[20:]),
		Account: c.Account(), Region: c.Region, Names: names, Status: estate.CertificatePending, Created: c.Now, Tags: tags,
	}
	for _, n := range names {
		cert.Validation = append(cert.Validation, estate.Validation{Name: n, Status: validationPending})
	}
	c.Estate().Certificates.Put(cert)
	moreTable.Put(c.State, cert.ARN, details)
	if token != "" {
		tokenTable.Put(c.State, token, remembered{cert.ARN, c.Now})
	}
	return &acm.RequestCertificateOutput{CertificateArn: aws.String(cert.ARN)}, nil
}

func lower(list []string) []string {
	out := make([]string, len(list))
	for i, s := range list {
		out[i] = strings.ToLower(s)
	}
	return out
}

func invalidName(format string, args ...any) error {
	return &types.InvalidDomainValidationOptionsException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func limitExceeded(format string, args ...any) error {
	return &types.LimitExceededException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// parseNames reads the names of a request, the domain name first, each once.
func parseNames(c *world.Call, asked []string) ([]dnsname.Name, error) {
	if len(asked[0]) > longestCommonName {
		return nil, invalidName("The first domain name can be no longer than %d characters.", longestCommonName)
	}
	var names []dnsname.Name
	for _, s := range asked {
		n, err := dnsname.Parse(s)
		if err != nil || n.Depth() < 2 || strings.Contains(base(n).Normalized(), `\`) {
			return nil, invalidName("The domain name %q is not valid.", s)
		}
		if record, _ := validationRecord(c.Account(), n); record.IsZero() {
			return nil, invalidName("The domain name %q is too long for DNS validation.", s)
		}
		if !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	if c.World.Limits && len(names) > nameQuota {
		return nil, limitExceeded("Error: Certificate has too many domains. The limit is %d.", nameQuota)
	}
	return names, nil
}

// validationOption checks what matters to e-mail only, as ACM does: the
// validation domain is the name or above it (API_DomainValidationOption).
func validationOption(names []dnsname.Name, o types.DomainValidationOption) error {
	n, err := dnsname.Parse(aws.ToString(o.DomainName))
	if err != nil || !slices.Contains(names, n) {
		return invalidName("The domain name %q is not one of the certificate's.", aws.ToString(o.DomainName))
	}
	above, err := dnsname.Parse(aws.ToString(o.ValidationDomain))
	if err != nil || !n.Under(above) {
		return invalidName("The validation domain %q is not a superdomain of %q.", aws.ToString(o.ValidationDomain), aws.ToString(o.DomainName))
	}
	return nil
}

func deleteCertificate(_ context.Context, c *world.Call, in *acm.DeleteCertificateInput) (*acm.DeleteCertificateOutput, error) {
	cert, err := find(c, in.CertificateArn)
	if err != nil {
		return nil, err
	}
	if len(c.State.Users(cert.ARN)) > 0 {
		return nil, &types.ResourceInUseException{Message: aws.String(fmt.Sprintf("Certificate %s in account %s is in use.", cert.ARN, c.Account()))}
	}
	c.Estate().Certificates.Delete(cert.ARN)
	moreTable.Delete(c.State, cert.ARN)
	return &acm.DeleteCertificateOutput{}, nil
}

func updateCertificateOptions(_ context.Context, c *world.Call, in *acm.UpdateCertificateOptionsInput) (*acm.UpdateCertificateOptionsOutput, error) {
	cert, err := find(c, in.CertificateArn)
	if err != nil {
		return nil, err
	}
	if in.Options.Export == types.CertificateExportEnabled {
		return nil, c.Unsupported("Options.Export")
	}
	if cert.Status != estate.CertificateIssued {
		return nil, &types.InvalidStateException{Message: aws.String(fmt.Sprintf("Certificate %s is not in the ISSUED state.", cert.ARN))}
	}
	details, _ := moreTable.Get(c.State, cert.ARN)
	details.opaque = in.Options.CertificateTransparencyLoggingPreference == types.CertificateTransparencyLoggingPreferenceDisabled
	moreTable.Put(c.State, cert.ARN, details)
	return &acm.UpdateCertificateOptionsOutput{}, nil
}

func addTagsToCertificate(_ context.Context, c *world.Call, in *acm.AddTagsToCertificateInput) (*acm.AddTagsToCertificateOutput, error) {
	cert, err := find(c, in.CertificateArn)
	if err != nil {
		return nil, err
	}
	added := tagsOf(in.Tags)
	if err := checkTags(added); err != nil {
		return nil, err
	}
	cert.Tags = cert.Tags.With(added)
	if err := checkTags(cert.Tags); err != nil {
		return nil, err
	}
	c.Estate().Certificates.Put(cert)
	return &acm.AddTagsToCertificateOutput{}, nil
}

// removeTagsFromCertificate removes a tag whatever its value when the request
// gives none (API_RemoveTagsFromCertificate).
func removeTagsFromCertificate(_ context.Context, c *world.Call, in *acm.RemoveTagsFromCertificateInput) (*acm.RemoveTagsFromCertificateOutput, error) {
	cert, err := find(c, in.CertificateArn)
	if err != nil {
		return nil, err
	}
	cert.Tags = cert.Tags.With(nil)
	for _, t := range in.Tags {
		if k := aws.ToString(t.Key); t.Value == nil || cert.Tags[k] == *t.Value {
			delete(cert.Tags, k)
		}
	}
	c.Estate().Certificates.Put(cert)
	return &acm.RemoveTagsFromCertificateOutput{}, nil
}

func listTagsForCertificate(_ context.Context, c *world.Call, in *acm.ListTagsForCertificateInput) (*acm.ListTagsForCertificateOutput, error) {
	cert, err := find(c, in.CertificateArn)
	return &acm.ListTagsForCertificateOutput{Tags: listed(cert.Tags)}, err
}
