package route53

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// TestRefusedBatches holds the texts and that a refused batch changes nothing.
// Each batch begins with a change that would be fine.
func TestRefusedBatches(t *testing.T) {
	b := newBed(t)
	z := bare(b.zone("example.com").HostedZone.Id, zonePrefix)
	other := bare(b.zone("other.com").HostedZone.Id, zonePrefix)
	p := b.privateZone("z", "vpc-net")
	b.change(z,
		create(rr("www.example.com", "A", 60, "192.0.2.1", "192.0.2.2")),
		create(rr("alias.example.com", "CNAME", 60, "www.example.com")),
		create(weighted(rr("w.example.com", "A", 60, "192.0.2.1"), "one", 1)),
		create(weighted(rr("l.example.com", "CNAME", 60, "a"), "one", 1)),
	)
	a := func(name string) types.ResourceRecordSet { return rr(name, "A", 60, "192.0.2.1") }
	latency := func(set types.ResourceRecordSet, id, region string) types.ResourceRecordSet {
		set.SetIdentifier, set.Region = &id, types.ResourceRecordSetRegion(region)
		return set
	}
	cidr := a("c.z")
	cidr.SetIdentifier, cidr.CidrRoutingConfig = aws.String("x"), &types.CidrRoutingConfig{CollectionId: aws.String("c"), LocationName: aws.String("l")}
	checked := a("c.z")
	evaluated := alias("h.example.com", "A", "d1.cloudfront.net", "Z2FDTNDATAQYW2")
	evaluated.AliasTarget.EvaluateTargetHealth = true
	long := `"` + strings.Repeat("x", 256) + `"`
	for _, tt := range []struct {
		zone    string
		want    string
		changes []types.Change
	}{
		{z, "Tried to create resource record set [name='www.example.com.', type='A'] but it already exists", []types.Change{create(a("www.example.com"))}},
		{z, "Tried to create resource record set [name='w.example.com.', type='A', set-identifier='one'] but it already exists", []types.Change{create(weighted(a("w.example.com"), "one", 2))}},
		{z, "Tried to delete resource record set [name='nope.example.com.', type='A'] but it was not found", []types.Change{remove(a("nope.example.com"))}},
		{z, "Tried to delete resource record set [name='www.example.com.', type='A'] but the values provided do not match the current values", []types.Change{remove(a("www.example.com"))}},
		{z, "values provided do not match", []types.Change{remove(rr("www.example.com", "A", 61, "192.0.2.1", "192.0.2.2"))}},
		{z, "RRSet of type CNAME with DNS name www.example.com. is not permitted as it conflicts with other records with the same DNS name in zone example.com.", []types.Change{create(rr("www.example.com", "CNAME", 60, "a"))}},
		{z, "RRSet of type A with DNS name alias.example.com. is not permitted because a conflicting RRSet of type CNAME with the same DNS name already exists in zone example.com.", []types.Change{create(a("alias.example.com"))}},
		{z, "RRSet of type CNAME with DNS name example.com. is not permitted at apex in zone example.com.", []types.Change{create(rr("example.com", "CNAME", 60, "a"))}},
		{p, "RRSet of type CNAME with DNS name z. is not permitted at apex in zone z.", []types.Change{create(rr("z", "CNAME", 60, "x"))}}, // T37
		{z, "RRSet with DNS name www.example.org. is not permitted in zone example.com.", []types.Change{create(a("www.example.org"))}},
		{z, "RRSet with DNS name notexample.com. is not permitted in zone example.com.", []types.Change{create(a("notexample.com"))}},
		{z, "RRSet with DNS name s.example.com. is not permitted in zone", []types.Change{create(rr("s.example.com", "SOA", 60, "a. b. 1 2 3 4 5"))}},
		{z, `RRSet of type NS with DNS name \052.example.com. is not permitted`, []types.Change{create(rr("*.example.com", "NS", 60, "ns.example.net"))}},
		{z, "A HostedZone must contain at least one NS record for the zone itself.", nil},
		{z, "The request contains an invalid set of changes for a resource record set 'A n.example.com.'", []types.Change{create(a("n.example.com")), create(a("n.example.com"))}},
		{z, "The request contains an invalid set of changes for a resource record set 'A n.example.com.'", []types.Change{create(a("n.example.com")), remove(a("n.example.com"))}},
		{z, "The request contains an invalid set of changes", []types.Change{upsert(a("n.example.com")), upsert(a("N.example.com."))}},
		{z, "FATAL problem: DomainLabelEmpty (Domain label is empty) encountered with 'a..example.com'", []types.Change{create(a("a..example.com"))}},
		{z, "Duplicate Resource Record: '192.0.2.1'", []types.Change{create(rr("n.example.com", "A", 60, "192.0.2.1", "192.0.2.1"))}},
		{z, "must have exactly one value", []types.Change{create(rr("n.example.com", "CNAME", 60, "a", "b"))}},
		{z, "Invalid Resource Record: 'FATAL problem: ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address) encountered with '999.1.1.1''", []types.Change{create(rr("n.example.com", "A", 60, "999.1.1.1"))}},
		{z, "FATAL problem: CharacterStringTooLong (Value is too long)", []types.Change{create(rr("n.example.com", "TXT", 60, long))}},
		// Routing.
		{z, "RRSet with DNS name w.example.com., type A cannot be created as other RRSets exist with the same name and type.", []types.Change{upsert(a("w.example.com"))}},
		{z, "RRSet with DNS name www.example.com., type A, SetIdentifier two cannot be created as a non-weighted set exists with the same name and type.", []types.Change{create(weighted(a("www.example.com"), "two", 1))}},
		{z, "cannot be created as a non-latency set exists", []types.Change{create(latency(a("w.example.com"), "two", "eu-west-1"))}},
		{z, "RRSet with DNS name n.example.com., type A, SetIdentifier two, and Region Name=eu-west-1 cannot be created because a latency RRSet with the same name, type and region already exists.", []types.Change{create(latency(a("n.example.com"), "one", "eu-west-1")), create(latency(a("n.example.com"), "two", "eu-west-1"))}},
		{z, "RRSet with DNS name w.example.com. and type A, SetIdentifier two cannot be created as weighted sets must contain the same TTL.", []types.Change{create(weighted(rr("w.example.com", "A", 61, "192.0.2.3"), "two", 1))}},
		{p, "IP-based routing", []types.Change{create(cidr)}},
		// Aliases: R6.1 to R6.4, T37.
		{z, "Tried to create an alias that targets nope.example.com., type A in zone " + z + ", but that target was not found", []types.Change{create(alias("n.example.com", "A", "nope.example.com", z))}},
		{z, "but that target was not found", []types.Change{create(alias("n.example.com", "AAAA", "www.example.com", z))}},
		{z, "Tried to create an alias that targets lb.eu-west-1.elb.amazonaws.com., type A in zone " + z + ", but the alias target name does not lie within the target zone, Tried to create an alias that targets lb.eu-west-1.elb.amazonaws.com., type A in zone " + z + ", but that target was not found",
			[]types.Change{create(alias("n.example.com", "A", "lb.eu-west-1.elb.amazonaws.com", z))}},
		{z, "type A in zone Z35SXDOTRQ7X7K, but the alias target name does not lie within the target zone", []types.Change{create(alias("n.example.com", "A", "lb.eu-west-1.elb.amazonaws.com", "Z35SXDOTRQ7X7K"))}},
		{z, "but that target was not found", []types.Change{create(alias("n.example.com", "MX", "lb.eu-west-1.elb.amazonaws.com", "Z32O12XQLNTSW2"))}},
		{z, "but that target was not found", []types.Change{create(alias("n.example.com", "A", "www.other.com", other))}},
		{p, "CloudFront", []types.Change{create(alias("cdn.z", "A", "d1.cloudfront.net", "Z2FDTNDATAQYW2"))}},
		{z, "EvaluateTargetHealth", []types.Change{create(evaluated)}},
		{z, "can't be aliases", []types.Change{create(alias("n.example.com", "NS", "w.example.com", z))}},
	} {
		ok := create(a("fine." + map[string]string{z: "example.com", p: "z"}[tt.zone]))
		changes := append([]types.Change{ok}, tt.changes...)
		if tt.changes == nil {
			apex := must(b, listResourceRecordSets, &sdk.ListResourceRecordSetsInput{HostedZoneId: &z}).ResourceRecordSets
			changes = append(changes, remove(apex[0]))
		}
		refused(b, "InvalidChangeBatch", tt.want, changeResourceRecordSets, changesOf(tt.zone, changes...))
	}
	checked.HealthCheckId = aws.String("no-such-check")
	refused(b, "NoSuchHealthCheck", "", changeResourceRecordSets, changesOf(p, create(checked)))
}

// TestAllMessages: everything wrong is told at once, in Messages and in the
// message.
func TestAllMessages(t *testing.T) {
	b := newBed(t)
	z := bare(b.zone("example.com").HostedZone.Id, zonePrefix)
	_, err := call(b, changeResourceRecordSets, changesOf(z, remove(rr("a.example.com", "A", 1, "192.0.2.1")), remove(rr("b.example.com", "A", 1, "192.0.2.1"))))
	refusal, ok := err.(*types.InvalidChangeBatch)
	if !ok || len(refusal.Messages) != 2 || *refusal.Message != "["+refusal.Messages[0]+", "+refusal.Messages[1]+"]" {
		t.Errorf("%#v", err)
	}
}

func TestRefusedForms(t *testing.T) {
	b := newBed(t)
	z := bare(b.zone("example.com").HostedZone.Id, zonePrefix)
	a := func() types.ResourceRecordSet { return rr("a.example.com", "A", 60, "192.0.2.1") }
	edit := func(set types.ResourceRecordSet, f func(*types.ResourceRecordSet)) types.ResourceRecordSet {
		f(&set)
		return set
	}
	for _, tt := range []struct {
		want string
		set  types.ResourceRecordSet
	}{
		{"Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none in Change with [Action=CREATE, Name=a.example.com, Type=A, SetIdentifier=null]",
			edit(a(), func(s *types.ResourceRecordSet) { s.TTL = nil })},
		{"but found more than one in Change with", edit(alias("a.example.com", "A", "b.example.com", z), func(s *types.ResourceRecordSet) { s.TTL = aws.Int64(60) })},
		{"Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, MultiValueAnswer, GeoProximityLocation, or CidrRoutingConfig], but found none in Change with [Action=CREATE, Name=a.example.com, Type=A, SetIdentifier=x]",
			edit(a(), func(s *types.ResourceRecordSet) { s.SetIdentifier = aws.String("x") })},
		{"but found more than one", edit(weighted(a(), "x", 1), func(s *types.ResourceRecordSet) { s.Failover = "PRIMARY" })},
		{"Invalid request: Missing field 'SetIdentifier' in Change with", edit(a(), func(s *types.ResourceRecordSet) { s.Weight = aws.Int64(1) })},
		{"simple routing only", weighted(rr("a.example.com", "NS", 60, "ns.example.net"), "x", 1)},
		{"neither for CNAME", edit(rr("a.example.com", "CNAME", 60, "b"), func(s *types.ResourceRecordSet) {
			s.MultiValueAnswer, s.SetIdentifier = aws.Bool(true), aws.String("x")
		})},
		{"GeoLocation must have a known", edit(a(), func(s *types.ResourceRecordSet) {
			s.SetIdentifier, s.GeoLocation = aws.String("x"), &types.GeoLocation{SubdivisionCode: aws.String("CA")}
		})},
		{"Expected exactly one of [AWSRegion", edit(a(), func(s *types.ResourceRecordSet) {
			s.SetIdentifier, s.GeoProximityLocation = aws.String("x"), &types.GeoProximityLocation{}
		})},
	} {
		refused(b, "InvalidInput", tt.want, changeResourceRecordSets, changesOf(z, create(tt.set)))
	}
	refused(b, "InvalidInput", "at least one change", changeResourceRecordSets, changesOf(z))
	refused(b, "NoSuchHostedZone", "No hosted zone found with ID: Z0", changeResourceRecordSets, changesOf("Z0", create(a())))
}

// TestBatchLimits holds section 9; T46 is the batch of 501 UPSERTs.
func TestBatchLimits(t *testing.T) {
	b := newBed(t)
	z := bare(b.zone("example.com").HostedZone.Id, zonePrefix)
	many := func(n int, f func(types.ResourceRecordSet) types.Change, value string, rrtype string) []types.Change {
		var out []types.Change
		for i := range n {
			out = append(out, f(rr(fmt.Sprintf("n%d.example.com", i), rrtype, 60, value)))
		}
		return out
	}
	text := `"` + strings.Repeat("x", 98) + `"` // 100 characters
	refused(b, "InvalidChangeBatch", "Number of records limit of 1000 exceeded.", changeResourceRecordSets, changesOf(z, many(501, upsert, "192.0.2.1", "A")...))
	refused(b, "InvalidChangeBatch", "Number of records limit of 1000 exceeded.", changeResourceRecordSets, changesOf(z, many(1001, create, "192.0.2.1", "A")...))
	refused(b, "InvalidChangeBatch", "Number of characters limit of 32000 exceeded.", changeResourceRecordSets, changesOf(z, many(321, create, text, "TXT")...))
	refused(b, "InvalidChangeBatch", "Number of characters limit of 32000 exceeded.", changeResourceRecordSets, changesOf(z, many(161, upsert, text, "TXT")...))
	b.change(z, many(320, create, text, "TXT")...)
	b.change(z, many(160, upsert, text, "TXT")...)
	b.change(z, many(500, upsert, "192.0.2.1", "A")...)
}

// TestReplace: a DELETE before a CREATE of the same set, or of what conflicts
// with it, in one batch; not the other way round.
func TestReplace(t *testing.T) {
	b := newBed(t)
	z := bare(b.zone("example.com").HostedZone.Id, zonePrefix)
	a := rr("x.example.com", "A", 60, "192.0.2.1")
	c := rr("x.example.com", "CNAME", 60, "y.example.com")
	b.change(z, create(a))
	b.change(z, remove(a), create(rr("x.example.com", "A", 60, "192.0.2.2")))
	b.change(z, remove(rr("X.example.com.", "A", 60, "192.0.2.2")), create(c))
	refused(b, "InvalidChangeBatch", "is not permitted", changeResourceRecordSets, changesOf(z, create(a), remove(c)))
	if got, want := b.names(z), []string{"example.com. NS", "example.com. SOA", "x.example.com. CNAME"}; !slices.Equal(got, want) {
		t.Errorf("records %q", got)
	}
	apex := must(b, listResourceRecordSets, &sdk.ListResourceRecordSetsInput{HostedZoneId: &z}).ResourceRecordSets[0]
	b.change(z, remove(apex), create(rr("example.com", "NS", 60, "ns-1.awsdns-00.com.")))
	if n := *must(b, getHostedZone, &sdk.GetHostedZoneInput{Id: &z}).HostedZone.ResourceRecordSetCount; n != 3 {
		t.Errorf("%d records", n)
	}
	// A weighted group changes its TTL together.
	w := func(id string, ttl int64) types.ResourceRecordSet {
		return weighted(rr("w.example.com", "A", ttl, "192.0.2.1"), id, 1)
	}
	b.change(z, create(w("a", 60)), create(w("b", 60)))
	refused(b, "InvalidChangeBatch", "weighted sets must contain the same TTL", changeResourceRecordSets, changesOf(z, upsert(w("a", 30))))
	b.change(z, upsert(w("a", 30)), upsert(w("b", 30)))
	// An alias after its target.
	b.change(z, create(rr("t.example.com", "A", 60, "192.0.2.1")), create(alias("example.com", "A", "T.example.com.", z)))
	b.change(z, create(alias("lb.example.com", "AAAA", "dualstack.lb-1.eu-west-1.elb.amazonaws.com", "Z32O12XQLNTSW2")))
	b.change(z, create(alias("ep.example.com", "A", "vpce-1-abc.ec2.eu-west-1.vpce.amazonaws.com", "Z38GZ743OKFT7T")))
}

func TestRecordConditions(t *testing.T) {
	b := newBed(t)
	z := bare(b.zone("example.com").HostedZone.Id, zonePrefix)
	b.change(z, create(rr("*.Example.com.", "A", 60, "192.0.2.1")), upsert(rr("b/c.example.com", "TXT", 60, `"x"`)))
	for key, want := range map[string][]string{
		"route53:changeresourcerecordsetsnormalizedrecordnames": {`\052.example.com`, `b\057c.example.com`},
		"route53:changeresourcerecordsetsrecordtypes":           {"A", "TXT"},
		"route53:changeresourcerecordsetsactions":               {"CREATE", "UPSERT"},
	} {
		if !slices.Equal(b.keys[key], want) {
			t.Errorf("%s = %q, want %q", key, b.keys[key], want)
		}
	}
	b.deny = "route53:ChangeResourceRecordSets"
	refused(b, "AccessDenied", "denied", changeResourceRecordSets, changesOf("Znope", create(rr("a..b", "A", 60, "x"))))
}

func TestListOrder(t *testing.T) {
	b := newBed(t)
	z := bare(b.zone("example.com").HostedZone.Id, zonePrefix)
	for _, n := range []string{"b", "a", "x.a", "a-b", "*", "ab", `\041`} {
		b.change(z, create(rr(n+".example.com", "A", 60, "192.0.2.1")))
	}
	b.change(z, create(rr("a.example.com", "AAAA", 60, "2001:db8::1")))
	want := []string{
		"example.com. NS", "example.com. SOA", `\041.example.com. A`, `\052.example.com. A`, "a-b.example.com. A", "a.example.com. A", "a.example.com. AAAA",
		"x.a.example.com. A", "ab.example.com. A", "b.example.com. A",
	}
	if got := b.names(z); !slices.Equal(got, want) {
		t.Errorf("order\n got %q\nwant %q", got, want)
	}
	page := must(b, listResourceRecordSets, &sdk.ListResourceRecordSetsInput{
		HostedZoneId: &z, StartRecordName: aws.String("A.example.com."), StartRecordType: "AAAA", MaxItems: aws.Int32(1)})
	if !page.IsTruncated || *page.ResourceRecordSets[0].Name != "a.example.com." || page.ResourceRecordSets[0].Type != "AAAA" ||
		*page.NextRecordName != "x.a.example.com." || page.NextRecordType != "A" || *page.MaxItems != 1 {
		t.Errorf("page %+v", page)
	}
	refused(b, "InvalidInput", "", listResourceRecordSets, &sdk.ListResourceRecordSetsInput{HostedZoneId: &z, StartRecordType: "A"})
	refused(b, "InvalidInput", "", listResourceRecordSets, &sdk.ListResourceRecordSetsInput{HostedZoneId: &z, MaxItems: aws.Int32(0)})
}

func TestCheckValue(t *testing.T) {
	for _, tt := range []struct{ rrtype, value, code string }{
		{"A", "192.0.2.1", ""},
		{"A", "192.0.2.01", "ARRDATAIllegalIPv4Address"},
		{"A", "2001:db8::1", "ARRDATAIllegalIPv4Address"},
		{"A", "a b", "ARRDATANotSingleField"},
		{"A", "", "ARRDATAIllegalIPv4Address"},
		{"AAAA", "2001:db8::1", ""},
		{"AAAA", "::ffff:192.0.2.1", ""},
		{"AAAA", "192.0.2.1", "AAAARRDATAIllegalIPv6Address"},
		{"AAAA", "fe80::1%eth0", "AAAARRDATAIllegalIPv6Address"},
		{"CNAME", "www.example.com.", ""},
		{"CNAME", "a..b", "DomainLabelEmpty"},
		{"CNAME", "a b", "UnsupportedCharacter"},
		{"CNAME", `a\09b`, "DomainNameInvalid"},
		{"MX", "10 mail.example.com", ""},
		{"MX", "mail.example.com", "MXRRDATANotTwoFields"},
		{"MX", "65536 mail.example.com", "MXRRDATAIllegalNumber"},
		{"SRV", "1 2 3 a.example.com", ""},
		{"SRV", "1 2 a.example.com", "SRVRRDATANotFourFields"},
		{"CAA", `0 issue "amazon.com"`, ""},
		{"CAA", `0 issue ";"`, ""},
		{"CAA", "0 issue amazon.com", "InvalidCharacterString"},
		{"CAA", `256 issue "amazon.com"`, "CAARRDATAIllegalNumber"},
		{"CAA", `0 is-sue "amazon.com"`, "CAARRDATAIllegalTag"},
		{"TXT", `"a" "b c"`, ""},
		{"TXT", `"a \"b\" \\ \303\244"`, ""},
		{"TXT", `""`, ""},
		{"TXT", `"` + strings.Repeat("x", 255) + `" "` + strings.Repeat("y", 255) + `"`, ""},
		{"TXT", `"` + strings.Repeat("x", 256) + `"`, "CharacterStringTooLong"},
		{"TXT", `"` + strings.Repeat(`\303`, 255) + `"`, ""},
		{"TXT", "two words", "InvalidCharacterString"},
		{"TXT", `"open`, "InvalidCharacterString"},
		{"TXT", `""v=x""`, "InvalidCharacterString"},
		{"TXT", `"a\`, "InvalidCharacterString"},
		{"TXT", "", "InvalidCharacterString"},
		{"SPF", `"v=spf1 -all"`, ""},
		{"NS", "ns-1.awsdns-00.com", ""},
		{"PTR", "a.example.com", ""},
		{"SOA", "a. b. 1 2 3 4 5", ""},
		{"SOA", "a. b. 1 2 3 4", "SOARRDATANotSevenFields"},
		{"NAPTR", `100 50 "u" "E2U+sip" "!^.*$!sip:x@example.com!" .`, ""},
		{"NAPTR", `100 50 "u"`, "NAPTRRRDATANotSixFields"},
		{"DS", "12345 13 2 0123456789ABCDEF", ""},
		{"DS", "12345 13 2 xyz", "DSRRDATAIllegalHex"},
		{"SSHFP", "4 2 abcd", ""},
		{"TLSA", "3 1 1 abc", "TLSARRDATAIllegalHex"},
		{"HTTPS", `1 . alpn="h2"`, ""},
		{"SVCB", "1", "SVCBRRDATANotTwoFields"},
	} {
		var got string
		if err := checkValue(tt.rrtype, tt.value); err != nil {
			got = err.(*problem).code
		}
		if got != tt.code {
			t.Errorf("%s %.60q: got %q, want %q", tt.rrtype, tt.value, got, tt.code)
		}
	}
}
