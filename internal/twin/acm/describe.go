package acm

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

func describeCertificate(_ context.Context, c *world.Call, in *acm.DescribeCertificateInput) (*acm.DescribeCertificateOutput, error) {
	cert, err := find(c, in.CertificateArn)
	if err != nil {
		return nil, err
	}
	s := summary(c, cert)
	details, _ := moreTable.Get(c.State, cert.ARN)
	out := &types.CertificateDetail{
		CertificateArn: s.CertificateArn, DomainName: s.DomainName, SubjectAlternativeNames: s.SubjectAlternativeNameSummaries,
		Status: s.Status, Type: s.Type, KeyAlgorithm: s.KeyAlgorithm, CertificateKeyPairOrigin: s.CertificateKeyPairOrigin,
		CreatedAt: s.CreatedAt, IssuedAt: s.IssuedAt, NotBefore: s.NotBefore, NotAfter: s.NotAfter, RenewalEligibility: s.RenewalEligibility,
		InUseBy: c.State.Users(cert.ARN), FailureReason: types.FailureReason(cert.Failure),
		Issuer: aws.String("Amazon"), Subject: aws.String("CN=" + cert.Names[0].String()),
		SignatureAlgorithm: aws.String(signatures[s.KeyAlgorithm]),
		Options: &types.CertificateOptions{
			CertificateTransparencyLoggingPreference: types.CertificateTransparencyLoggingPreferenceEnabled,
			Export:                                   types.CertificateExportDisabled,
		},
	}
	if details.opaque {
		out.Options.CertificateTransparencyLoggingPreference = types.CertificateTransparencyLoggingPreferenceDisabled
	}
	if cert.Status == estate.CertificateIssued {
		var parts []string
		for _, b := range serial(cert) {
			parts = append(parts, fmt.Sprintf("%02x", b))
		}
		out.Serial = aws.String(strings.Join(parts, ":"))
		for _, u := range s.KeyUsages {
			out.KeyUsages = append(out.KeyUsages, types.KeyUsage{Name: u})
		}
		out.ExtendedKeyUsages = []types.ExtendedKeyUsage{{
			Name: types.ExtendedKeyUsageNameTlsWebServerAuthentication, OID: aws.String("1.3.6.1.5.5.7.3.1"),
		}}
	}
	for _, v := range cert.Validation {
		d := types.DomainValidation{
			DomainName: aws.String(v.Name.String()), ValidationDomain: aws.String(v.Name.String()),
			ValidationMethod: types.ValidationMethodDns, ValidationStatus: types.DomainStatus(v.Status),
		}
		if !v.Record.IsZero() {
			d.ResourceRecord = &types.ResourceRecord{
				Name: aws.String(v.Record.FQDN()), Type: types.RecordTypeCname, Value: aws.String(v.Value),
			}
		}
		out.DomainValidationOptions = append(out.DomainValidationOptions, d)
	}
	return &acm.DescribeCertificateOutput{Certificate: out}, nil
}

var signatures = map[types.KeyAlgorithm]string{
	types.KeyAlgorithmRsa2048:      "SHA256WITHRSA",
	types.KeyAlgorithmEcPrime256v1: "SHA256WITHECDSA",
	types.KeyAlgorithmEcSecp384r1:  "SHA384WITHECDSA",
}

func summary(c *world.Call, cert estate.Certificate) types.CertificateSummary {
	details, _ := moreTable.Get(c.State, cert.ARN)
	inUse := len(c.State.Users(cert.ARN)) > 0
	s := types.CertificateSummary{
		CertificateArn: aws.String(cert.ARN), DomainName: aws.String(cert.Names[0].String()),
		HasAdditionalSubjectAlternativeNames: aws.Bool(false), Status: types.CertificateStatus(cert.Status),
		Type: types.CertificateTypeAmazonIssued, KeyAlgorithm: cmp.Or(details.algorithm, types.KeyAlgorithmRsa2048),
		CertificateKeyPairOrigin: types.CertificateKeyPairOriginAwsManaged, Exported: aws.Bool(false), ExportOption: types.CertificateExportDisabled,
		InUse: aws.Bool(inUse), CreatedAt: aws.Time(cert.Created), RenewalEligibility: types.RenewalEligibilityIneligible,
	}
	for _, n := range cert.Names {
		s.SubjectAlternativeNameSummaries = append(s.SubjectAlternativeNameSummaries, n.String())
	}
	if cert.Status == estate.CertificateIssued {
		from, until := period(cert)
		s.IssuedAt, s.NotBefore, s.NotAfter = aws.Time(cert.Issued), aws.Time(from), aws.Time(until)
		s.KeyUsages = []types.KeyUsageName{types.KeyUsageNameDigitalSignature, types.KeyUsageNameKeyEncipherment}
		s.ExtendedKeyUsages = []types.ExtendedKeyUsageName{types.ExtendedKeyUsageNameTlsWebServerAuthentication}
		if inUse {
			s.RenewalEligibility = types.RenewalEligibilityEligible
		}
	}
	return s
}

// period is when a certificate is good: from midnight of its day of issue on.
func period(cert estate.Certificate) (from, until time.Time) {
	from = cert.Issued.UTC().Truncate(24 * time.Hour)
	return from, from.Add(validity - time.Second)
}

// serial is the serial number, derived from the ARN.
func serial(cert estate.Certificate) []byte {
	sum := sha256.Sum256([]byte("serial/" + cert.ARN))
	sum[0] = sum[0]&0x3f | 0x01 // positive and never zero (RFC 5280 section 4.1.2.2)
	return sum[:16]
}

// listCertificates shows, unless asked otherwise, RSA certificates of at most
// 2,048 bits (API_Filters, keyTypes). Without an order they come by ARN.
func listCertificates(_ context.Context, c *world.Call, in *acm.ListCertificatesInput) (*acm.ListCertificatesOutput, error) {
	if err := c.Authorize("acm:ListCertificates", "*", nil); err != nil {
		return nil, err
	}
	Settle(c.State, c.Now)
	if (in.SortBy == "") != (in.SortOrder == "") {
		return nil, &types.ValidationException{Message: aws.String("SortBy and SortOrder must be specified together.")}
	}
	var all []types.CertificateSummary
	for cert := range c.Estate().Certificates.By(estate.ByRegion(c.Account(), c.Region)) {
		if s := summary(c, cert); wanted(s, in) {
			all = append(all, s)
		}
	}
	if in.SortBy != "" {
		slices.SortFunc(all, func(a, b types.CertificateSummary) int {
			order := cmp.Or(a.CreatedAt.Compare(*b.CreatedAt), cmp.Compare(*a.CertificateArn, *b.CertificateArn))
			if in.SortOrder == types.SortOrderDescending {
				order = -order
			}
			return order
		})
	}
	out := &acm.ListCertificatesOutput{}
	if in.NextToken != nil {
		last, err := base64.RawURLEncoding.DecodeString(*in.NextToken)
		i := slices.IndexFunc(all, func(s types.CertificateSummary) bool { return *s.CertificateArn == string(last) })
		if err != nil || i < 0 {
			return nil, &types.ValidationException{Message: aws.String("The NextToken is not valid.")}
		}
		all = all[i+1:]
	}
	limit := int(cmp.Or(aws.ToInt32(in.MaxItems), 1000))
	if len(all) > limit {
		all = all[:limit]
		out.NextToken = aws.String(base64.RawURLEncoding.EncodeToString([]byte(*all[limit-1].CertificateArn)))
	}
	out.CertificateSummaryList = all
	return out, nil
}

func wanted(s types.CertificateSummary, in *acm.ListCertificatesInput) bool {
	f := types.Filters{}
	if in.Includes != nil {
		f = *in.Includes
	}
	if f.KeyTypes == nil {
		f.KeyTypes = []types.KeyAlgorithm{types.KeyAlgorithmRsa1024, types.KeyAlgorithmRsa2048}
	}
	return slices.Contains(f.KeyTypes, s.KeyAlgorithm) &&
		(in.CertificateStatuses == nil || slices.Contains(in.CertificateStatuses, s.Status)) &&
		(in.CertificateKeyPairOrigins == nil || slices.Contains(in.CertificateKeyPairOrigins, s.CertificateKeyPairOrigin)) &&
		(f.ExportOption == "" || f.ExportOption == s.ExportOption) && f.ManagedBy == s.ManagedBy &&
		usable(f.KeyUsage, s.KeyUsages, types.KeyUsageNameAny) &&
		usable(f.ExtendedKeyUsage, s.ExtendedKeyUsages, types.ExtendedKeyUsageNameAny)
}

func usable[T comparable](wanted, has []T, any T) bool {
	return !slices.ContainsFunc(wanted, func(w T) bool { return w != any && !slices.Contains(has, w) })
}

func getCertificate(_ context.Context, c *world.Call, in *acm.GetCertificateInput) (*acm.GetCertificateOutput, error) {
	cert, err := find(c, in.CertificateArn)
	if err != nil {
		return nil, err
	}
	switch cert.Status {
	case estate.CertificateIssued:
	case estate.CertificatePending:
		return nil, &types.RequestInProgressException{Message: aws.String(fmt.Sprintf("The certificate %s is not yet issued.", cert.ARN))}
	default:
		return nil, notFound(c, cert.ARN)
	}
	text, err := pemOf(cert)
	return &acm.GetCertificateOutput{Certificate: aws.String(text), CertificateChain: aws.String(text)}, err
}

// pemOf makes the certificate: self-signed, with a key that follows from the
// ARN, so that it is the same each time. Nobody's software trusts it.
func pemOf(cert estate.Certificate) (string, error) {
	seed := sha256.Sum256([]byte("key/" + cert.ARN))
	key := ed25519.NewKeyFromSeed(seed[:])
	from, until := period(cert)
	template := &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(serial(cert)), Subject: pkix.Name{CommonName: cert.Names[0].String()},
		NotBefore: from, NotAfter: until, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, n := range cert.Names {
		template.DNSNames = append(template.DNSNames, n.String())
	}
	der, err := x509.CreateCertificate(bytes.NewReader(nil), template, template, key.Public(), key)
	if err != nil {
		return "", fmt.Errorf("certificate %s: %w", cert.ARN, err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), nil
}
