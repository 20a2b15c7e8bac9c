package awsapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// certificatesPage is the largest page of certificates (API_ListCertificates).
const certificatesPage = 1000

// validationPatience is how long ACM is given to make up the validation
// records of a certificate; it takes seconds.
const validationPatience = 5 * time.Minute

// readCertificates lists the certificates of a Region. Those that ACM issues
// are asked for their tags, and those tagged as this owner's for the details
// that the list does not tell.
func (c *caller) readCertificates(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.acm(q.Account, q.Region)
	summaries, err := listCertificates(ctx, client)
	if err != nil {
		return nil, err
	}
	var out []estate.Certificate
	for _, s := range summaries {
		cert, err := certificateOf(q, s)
		if err != nil {
			return nil, err
		}
		if s.Type == types.CertificateTypeAmazonIssued && live(cert.Status) {
			if cert.Tags, err = certificateTags(ctx, client, cert.ARN); err != nil {
				return nil, err
			}
		}
		if cert.Tags[plan.TagOwner] == c.opt.Owner || aws.ToBool(s.HasAdditionalSubjectAlternativeNames) {
			detailed, err := describe(ctx, client, cert)
			if Code(err) == "ResourceNotFoundException" {
				continue // deleted meanwhile
			}
			if err != nil {
				return nil, err
			}
			cert = detailed
		}
		out = append(out, cert)
	}
	return func(e *estate.Estate) {
		var gone []string
		for cert := range e.Certificates.By(estate.ByRegion(q.Account, q.Region)) {
			gone = append(gone, cert.ARN)
		}
		e.Certificates.Delete(gone...)
		e.Certificates.Put(out...)
	}, nil
}

// live reports whether a certificate is one that orgdns may have to do with:
// wanted, or failed and to be cleared away.
func live(status string) bool {
	switch status {
	case estate.CertificatePending, estate.CertificateIssued, estate.CertificateFailed, estate.CertificateTimeout:
		return true
	}
	return false
}

// listCertificates lists all, of every kind of key; without a filter ACM lists
// RSA keys up to 2,048 bits only (API_ListCertificates, Includes).
func listCertificates(ctx context.Context, client *acm.Client) ([]types.CertificateSummary, error) {
	in := &acm.ListCertificatesInput{
		MaxItems: aws.Int32(certificatesPage),
		Includes: &types.Filters{KeyTypes: types.KeyAlgorithm("").Values()},
	}
	var out []types.CertificateSummary
	for {
		page, err := client.ListCertificates(ctx, in)
		if err != nil {
			return nil, err
		}
		out = append(out, page.CertificateSummaryList...)
		if page.NextToken == nil {
			return out, nil
		}
		in.NextToken = page.NextToken
	}
}

func certificateOf(q estate.Query, s types.CertificateSummary) (estate.Certificate, error) {
	out := estate.Certificate{
		ARN: aws.ToString(s.CertificateArn), Account: q.Account, Region: q.Region, Status: string(s.Status),
		InUse: aws.ToBool(s.InUse), Created: aws.ToTime(s.CreatedAt), Issued: aws.ToTime(s.IssuedAt),
	}
	var err error
	out.Names, err = certificateNames(out.ARN, s.DomainName, s.SubjectAlternativeNameSummaries)
	return out, err
}

// certificateNames are the domain name and the alternative names, which ACM
// lists with the domain name among them.
func certificateNames(arn string, domain *string, others []string) ([]dnsname.Name, error) {
	var out []dnsname.Name
	if domain != nil {
		others = append([]string{*domain}, others...)
	}
	for _, s := range others {
		n, err := dnsname.Parse(s)
		if err != nil {
			return nil, fmt.Errorf("certificate %s: %w", arn, err)
		}
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out, nil
}

func certificateTags(ctx context.Context, client *acm.Client, arn string) (estate.Tags, error) {
	out, err := client.ListTagsForCertificate(ctx, &acm.ListTagsForCertificateInput{CertificateArn: &arn})
	if err != nil && Code(err) != "ResourceNotFoundException" {
		return nil, err
	}
	tags := estate.Tags{}
	if out != nil {
		for _, t := range out.Tags {
			tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
	}
	return tags, nil
}

// describe adds to a certificate what only DescribeCertificate tells.
func describe(ctx context.Context, client *acm.Client, c estate.Certificate) (estate.Certificate, error) {
	out, err := client.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &c.ARN})
	if err != nil {
		return c, err
	}
	d := out.Certificate
	c.Status, c.Failure, c.InUse = string(d.Status), string(d.FailureReason), len(d.InUseBy) > 0
	c.Created, c.Issued = aws.ToTime(d.CreatedAt), aws.ToTime(d.IssuedAt)
	if c.Names, err = certificateNames(c.ARN, d.DomainName, d.SubjectAlternativeNames); err != nil {
		return c, err
	}
	c.Validation = nil
	for _, o := range d.DomainValidationOptions {
		name, err := dnsname.Parse(aws.ToString(o.DomainName))
		if err != nil {
			return c, fmt.Errorf("certificate %s: %w", c.ARN, err)
		}
		v := estate.Validation{Name: name, Status: string(o.ValidationStatus)}
		if r := o.ResourceRecord; r != nil {
			if v.Record, err = dnsname.Parse(aws.ToString(r.Name)); err != nil {
				return c, fmt.Errorf("validation record of certificate %s: %w", c.ARN, err)
			}
			v.Value = aws.ToString(r.Value)
		}
		c.Validation = append(c.Validation, v)
	}
	return c, nil
}

var certificateBinding = binding{
	reads:   []estate.QueryKind{estate.QueryCertificates},
	do:      (*Writer).doCertificate,
	settled: (*Writer).certificateSettled,
	needs: map[plan.Action][]plan.May{
		plan.Create: {plan.MayMakeCertificates},
		plan.Claim:  {plan.MayMakeCertificates},
		plan.Await:  {plan.MayReadCertificates},
		plan.Delete: {plan.MayMakeCertificates},
	},
}

func (w *Writer) doCertificate(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	client := w.acm(s.Account, s.Region)
	switch s.Action {
	case plan.Create:
		return w.createCertificate(ctx, client, s)
	case plan.Claim:
		_, err := client.AddTagsToCertificate(ctx, &acm.AddTagsToCertificateInput{CertificateArn: &s.ID, Tags: w.certificateMark(s)})
		if err != nil {
			return nil, err
		}
		return w.validationRecords(ctx, client, s, s.ID, time.Time{})
	case plan.Await:
		return w.validationRecords(ctx, client, s, s.ID, time.Time{})
	case plan.Delete:
		_, err := client.DeleteCertificate(ctx, &acm.DeleteCertificateInput{CertificateArn: &s.ID})
		switch Code(err) {
		case "ResourceNotFoundException":
			err = nil
		case "ResourceInUseException":
			err = hinted(err, "detach it first from what serves it (load balancer, distribution, API), or keep it")
		}
		if err != nil {
			return nil, err
		}
		return plan.Attributes{attrARN: {s.ID}}, nil
	}
	return nil, impossible(s)
}

// maxRequests bounds the tokens of one step: it takes another one when the
// token leads to a certificate of before, which failed or was deleted.
const maxRequests = 4

// createCertificate requests a certificate and waits for its validation
// records. The token makes a repeated request find the first one for an hour
// (API_RequestCertificate); later in the same run, after a request that did
// not come to its end, it looks first.
func (w *Writer) createCertificate(ctx context.Context, client *acm.Client, s plan.Step) (plan.Attributes, error) {
	if s.Certificate == nil || len(s.Certificate.Names) == 0 {
		return nil, impossible(s)
	}
	if w.doubted(s.Address) {
		arn, err := w.findCertificate(ctx, client, s)
		if err != nil {
			return nil, err
		}
		if arn != "" {
			return w.requested(ctx, client, s, arn, time.Time{})
		}
	}
	in := &acm.RequestCertificateInput{
		DomainName:       aws.String(s.Certificate.Names[0].String()),
		ValidationMethod: types.ValidationMethodDns,
		Tags:             w.certificateMark(s),
	}
	for _, n := range s.Certificate.Names[1:] {
		in.SubjectAlternativeNames = append(in.SubjectAlternativeNames, n.String())
	}
	began := w.opt.Clock.Now()
	for n := 1; ; n++ {
		in.IdempotencyToken = aws.String(w.certificateToken(s, n))
		out, err := client.RequestCertificate(ctx, in)
		if err != nil {
			return nil, err
		}
		a, err := w.requested(ctx, client, s, aws.ToString(out.CertificateArn), began)
		if !errors.Is(err, errOld) || n == maxRequests {
			return a, err
		}
	}
}

// requested waits for the validation records and ends the doubt.
func (w *Writer) requested(ctx context.Context, client *acm.Client, s plan.Step, arn string, began time.Time) (plan.Attributes, error) {
	a, err := w.validationRecords(ctx, client, s, arn, began)
	if err == nil {
		w.mu.Lock()
		delete(w.doubtful, s.Address)
		w.mu.Unlock()
	}
	return a, err
}

// doubted reports whether this step was begun before and not ended, and notes
// that it is begun.
func (w *Writer) doubted(address string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.doubtful[address]
	w.doubtful[address] = true
	return before
}

// findCertificate looks for a certificate with our mark and the wanted names.
func (w *Writer) findCertificate(ctx context.Context, client *acm.Client, s plan.Step) (string, error) {
	summaries, err := listCertificates(ctx, client)
	if err != nil {
		return "", err
	}
	for _, sum := range summaries {
		c, err := certificateOf(estate.Query{Account: s.Account, Region: s.Region}, sum)
		if err != nil {
			return "", err
		}
		if !s.Certificate.Same(c) || !usable(c) {
			continue
		}
		tags, err := certificateTags(ctx, client, c.ARN)
		if err != nil {
			return "", err
		}
		if tags[plan.TagOwner] == w.opt.Owner && tags[plan.TagAddress] == s.Address {
			return c.ARN, nil
		}
	}
	return "", nil
}

// errOld says that a token led to a certificate of before that is of no use:
// it failed, or is there no more.
var errOld = errors.New("an earlier request with the same token is still remembered; run again in an hour")

const (
	// appearance is how long a new certificate may take to be found.
	appearance = 30 * time.Second
	// skew is how far our clock may be from AWS's, which refuses more (IAM
	// User Guide, reference_sigv-troubleshooting.html).
	skew = 5 * time.Minute
)

// validationRecords waits until ACM has made up the record of every name, and
// gives them. began is when the certificate was requested, if it was just now.
func (w *Writer) validationRecords(ctx context.Context, client *acm.Client, s plan.Step, arn string, began time.Time) (plan.Attributes, error) {
	first := w.opt.Clock.Now()
	for wait := 2 * time.Second; ; wait *= 2 {
		waited := w.opt.Clock.Now().Sub(first)
		c, err := describe(ctx, client, estate.Certificate{ARN: arn, Account: s.Account, Region: s.Region})
		switch {
		case Code(err) == "ResourceNotFoundException":
			if !began.IsZero() && waited >= appearance {
				return nil, errOld
			}
		case err != nil:
			return nil, err
		case !usable(c) && c.Created.Before(began.Add(-skew)):
			return nil, errOld
		case !usable(c):
			return nil, unusable(s, c)
		case complete(c):
			a := plan.Attributes{attrARN: {arn}}
			for _, v := range c.Validation {
				a["record:"+v.Name.String()] = []string{v.Record.String()}
				a["value:"+v.Name.String()] = []string{v.Value}
			}
			return a, nil
		}
		if waited >= validationPatience {
			return nil, fmt.Errorf("%s: ACM made no validation records for %s in %s; run again", s.Address, arn, validationPatience)
		}
		if err := w.opt.Clock.Sleep(ctx, min(wait, validationPatience-waited)); err != nil {
			return nil, err
		}
	}
}

// usable reports whether a certificate is issued or may still be.
func usable(c estate.Certificate) bool {
	return c.Status == estate.CertificateIssued || c.Status == estate.CertificatePending
}

// complete reports whether every name has its validation record.
func complete(c estate.Certificate) bool {
	return !slices.ContainsFunc(c.Names, func(n dnsname.Name) bool {
		return !slices.ContainsFunc(c.Validation, func(v estate.Validation) bool { return v.Name == n && v.Value != "" })
	})
}

// certificateSettled asks whether the certificate is issued.
func (w *Writer) certificateSettled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	arns := done[attrARN]
	if s.Action == plan.Delete || len(arns) == 0 {
		return true, nil
	}
	c, err := describe(ctx, w.acm(s.Account, s.Region), estate.Certificate{ARN: arns[0], Account: s.Account, Region: s.Region})
	switch {
	case err != nil:
		return false, err
	case c.Status == estate.CertificateIssued:
		return true, nil
	case usable(c):
		return false, nil
	}
	return false, unusable(s, c)
}

// unusable is the error of a certificate that will never be issued.
func unusable(s plan.Step, c estate.Certificate) error {
	reason := c.Status
	if c.Failure != "" {
		reason += ", " + c.Failure
	}
	return &Error{
		Account: s.Account, Region: s.Region, Service: "acm", Operation: "RequestCertificate", Code: c.Failure,
		Message: fmt.Sprintf("certificate %s for %s is not issued: %s", c.ARN, c.Names[0], reason),
		Hint:    failureHint(c),
	}
}

// failureHint says what to do (ACM User Guide, troubleshooting-failed.html).
func failureHint(c estate.Certificate) string {
	switch types.FailureReason(c.Failure) {
	case types.FailureReasonCaaError:
		return "a CAA record of the domain does not let Amazon issue; add amazon.com to it"
	case types.FailureReasonDomainNotAllowed, types.FailureReasonAdditionalVerificationRequired, types.FailureReasonInvalidPublicDomain:
		return "ACM does not issue for this domain; see troubleshooting-failed in the ACM User Guide"
	}
	if c.Status == estate.CertificateTimeout {
		return "the validation records were not seen for 72 hours; check the delegation, then run again"
	}
	return "delete it and run again"
}

func (w *Writer) certificateMark(s plan.Step) []types.Tag {
	return []types.Tag{
		{Key: aws.String(plan.TagOwner), Value: aws.String(w.opt.Owner)},
		{Key: aws.String(plan.TagAddress), Value: aws.String(s.Address)},
	}
}

// certificateToken is the n-th token, the same for the same certificate of the
// same owner, in the 32 characters that ACM takes.
func (w *Writer) certificateToken(s plan.Step, n int) string {
	parts := []string{w.opt.Owner, s.Address, strconv.Itoa(n)}
	for _, n := range s.Certificate.Names {
		parts = append(parts, n.String())
	}
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:])[:32]
}
