package awsapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// What the files about EC2 share.

// ec2Page is the largest page of EC2's operations (EC2 API, MaxResults).
const ec2Page = 1000

// maxFilterValues is how many values a filter takes (EC2 User Guide,
// Using_Filtering.html).
const maxFilterValues = 200

// replaceRegion puts what was read in place of all that a table held for the
// account and Region of a query.
func replaceRegion[V estate.Row](t *estate.Table[V], q estate.Query, rows []V) {
	var gone []string
	for v := range t.By(estate.ByRegion(q.Account, q.Region)) {
		gone = append(gone, v.Key())
	}
	t.Delete(gone...)
	t.Put(rows...)
}

func ec2Tags(list []types.Tag) estate.Tags {
	out := estate.Tags{}
	for _, t := range list {
		out[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	return out
}

func tagList(tags map[string]string) []types.Tag {
	var out []types.Tag
	for _, k := range sortedKeys(tags) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return out
}

func specified(kind types.ResourceType, tags map[string]string) []types.TagSpecification {
	return []types.TagSpecification{{ResourceType: kind, Tags: tagList(tags)}}
}

// marked are filters that find what carries the mark of a step.
func (w *Writer) marked(s plan.Step) []types.Filter {
	var out []types.Filter
	marks := plan.Marks(w.opt.Owner, s.Address)
	for _, k := range sortedKeys(marks) {
		out = append(out, types.Filter{Name: aws.String("tag:" + k), Values: []string{marks[k]}})
	}
	return out
}

// setTags writes tags and takes others away, each in one call.
func setTags(ctx context.Context, client *ec2.Client, id string, set map[string]string, remove []string) error {
	if len(set) > 0 {
		if _, err := client.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{id}, Tags: tagList(set)}); err != nil {
			return err
		}
	}
	if len(remove) == 0 {
		return nil
	}
	in := &ec2.DeleteTagsInput{Resources: []string{id}}
	for _, k := range slices.Sorted(slices.Values(remove)) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(k)})
	}
	_, err := client.DeleteTags(ctx, in)
	return err
}

// ledgerKeys are the keys among tags that make up a ledger of plan.MemberTags.
func ledgerKeys(tags map[string]string, key string) []string {
	var out []string
	for _, k := range sortedKeys(tags) {
		if k == key || strings.HasPrefix(k, key+".") {
			out = append(out, k)
		}
	}
	return out
}

// staleKeys are those of a ledger that the new one no longer has.
func staleKeys(old []string, ledger map[string]string) []string {
	var out []string
	for _, k := range old {
		if _, ok := ledger[k]; !ok && !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

// union of two lists, sorted.
func union(a, b []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(slices.Concat(a, b))))
}

// absent reports whether a call was refused because what it names does not
// exist: EC2's codes for it end so (EC2 API, errors-overview.html).
func absent(err error) bool { return strings.HasSuffix(Code(err), ".NotFound") }

// What AWS is given time for.
const (
	// ec2Appearance: what was just made, or shared, is not seen everywhere at
	// once (EC2 Developer Guide, eventual-consistency.html).
	ec2Appearance = 5 * time.Minute
	// ec2Release: network interfaces and attachments go after what they belong
	// to was deleted.
	ec2Release = 15 * time.Minute
	// ec2Transition: endpoints and attachments pass from state to state.
	ec2Transition = 15 * time.Minute
)

// outlast tries until there is no error that time mends, or patience ends; then
// the last error is the answer.
func (c *caller) outlast(ctx context.Context, patience time.Duration, mends func(error) bool, try func() error) error {
	first := c.opt.Clock.Now()
	for wait := 2 * time.Second; ; wait = min(2*wait, 30*time.Second) {
		err := try()
		if err == nil || !mends(err) {
			return err
		}
		left := patience - c.opt.Clock.Now().Sub(first)
		if left <= 0 {
			return err
		}
		if err := c.opt.Clock.Sleep(ctx, min(wait, left)); err != nil {
			return err
		}
	}
}

// coded reports errors with one of the codes.
func coded(codes ...string) func(error) bool {
	return func(err error) bool { return slices.Contains(codes, Code(err)) }
}

// requestToken is the n-th token for what a step makes: the same for the same
// address of the same owner, so that a repeated request makes nothing twice.
func (w *Writer) requestToken(s plan.Step, n int) *string {
	sum := sha256.Sum256([]byte(strings.Join([]string{w.opt.Owner, string(s.Kind), s.Address, strconv.Itoa(n)}, "\x00")))
	return aws.String(hex.EncodeToString(sum[:])[:32])
}

// settledDoubt ends the doubt whether a step's request came to its end.
func (w *Writer) settledDoubt(address string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.doubtful, address)
}

// unsuccessful is the error of an item that EC2 did not act on, though it took
// the call.
func unsuccessful(s plan.Step, operation string, items []types.UnsuccessfulItem) error {
	for _, i := range items {
		if i.Error == nil {
			continue
		}
		return &Error{Account: s.Account, Region: s.Region, Service: "ec2", Operation: operation,
			Code: aws.ToString(i.Error.Code), Message: aws.ToString(i.ResourceId) + ": " + aws.ToString(i.Error.Message)}
	}
	return nil
}

// itemCode is the code of an error that EC2 gave for an item.
func itemCode(err error) string {
	if e, ok := plain(err).(*Error); ok {
		return e.Code
	}
	return Code(err)
}

// stepID is what a step is about: what Do gave, or what stands.
func stepID(s plan.Step, done plan.Attributes) string {
	if id := done["id"]; len(id) > 0 {
		return id[0]
	}
	return s.ID
}

// prefixes parses ranges; those that are missing are left out.
func prefixes(what string, texts ...*string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for _, t := range texts {
		if aws.ToString(t) == "" {
			continue
		}
		p, err := netip.ParsePrefix(*t)
		if err != nil {
			return nil, readError(what, err)
		}
		out = append(out, p)
	}
	return out, nil
}
