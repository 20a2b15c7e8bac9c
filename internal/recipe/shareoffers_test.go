package recipe

import (
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
)

// TestShareUnknownService: a name that no Region of a share offers is an error in its
// place, with the name that was meant; where one offers it, where it was not asked,
// where something stands of it, and where it is somebody else's, it is none.
func TestShareUnknownService(t *testing.T) {
	const typo = "ecr-dkr"
	with := func(services, regions string) string {
		return strings.Replace(sharedEC2, "services: [ec2]", "services: ["+services+"]"+regions, 1)
	}
	const both = ", regions: [eu-west-1, eu-central-1]"
	asked := estate.Query{Kind: estate.QueryOffers, Account: netAccount, Region: "eu-west-1"}
	for _, tt := range []struct {
		name, share   string
		refused       bool
		stands        string // an endpoint of ours
		unknown, hint string
		warnings      []string
	}{
		{"a slip", with("ec2, "+typo, ""), false, "", typo, `did you mean "ecr.dkr"?`, nil},
		{"a slip in a whole name", with("ec2, com.amazonaws.eu-west-1."+typo, ""), false, "", "com.amazonaws.eu-west-1." + typo, `did you mean "com.amazonaws.eu-west-1.ecr.dkr"?`, nil},
		{"nothing like it", with("ec2, no-such-service", ""), false, "", "no-such-service", "`aws ec2 describe-vpc-endpoint-services --region eu-west-1` lists the names", nil},
		{"offered in one of two", with("ec2, sts", both), false, "", "", "", []string{"not-offered"}},
		{"offered in none of two, told once", with("ec2, "+typo, both), false, "", typo, `did you mean "ecr.dkr"?`, nil},
		{"not asked", with("ec2, "+typo, ""), true, "", "", "", []string{"unread"}},
		{"of somebody else, who may permit it", with("ec2, com.amazonaws.vpce.eu-west-1.vpce-svc-0777777777777777f", ""), false, "", "", "", []string{"not-offered"}},
		{"one stands", with("ec2, "+typo, ""), false, typo, "", "", []string{"not-offered"}},
		{"with gateway endpoints alone", with("ec2, s3", ""), false, "", "", "", []string{"not-offered"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSharing(t, tt.share)
			s.refused[asked] = tt.refused
			hub, _ := s.e.VPCs.Get("vpc-hub")
			hub.ID, hub.Region = "vpc-hub-two", "eu-central-1"
			s.e.VPCs.Put(hub)
			offer := func(name string, r estate.Region, kind string) {
				s.e.Offers.Put(estate.ServiceOffer{Account: netAccount, Region: r, Name: "com.amazonaws." + string(r) + "." + name, Types: []string{kind}})
			}
			offer("ecr.dkr", "eu-west-1", estate.EndpointInterface)
			offer("s3", "eu-west-1", estate.EndpointGateway)
			offer("ec2", "eu-central-1", estate.EndpointInterface)
			if tt.stands != "" {
				s.endpoint(tt.stands)
			}
			out := s.make()
			var got []diag.Diagnostic
			for _, d := range out.Diagnostics {
				if d.Severity == diag.Error && d.Code == "unknown-service" { // the second hub lacks more
					got = append(got, d)
				}
			}
			switch {
			case tt.unknown == "" && len(got) > 0, tt.unknown != "" && len(got) != 1:
				t.Fatalf("errors: %v", got)
			case tt.unknown != "":
				line, column := place(tt.share, tt.unknown)
				if d := got[0]; !strings.Contains(d.Summary, `"`+tt.unknown+`"`) || !strings.HasPrefix(d.Hint, tt.hint) || d.Pos.Column != column || d.Pos.Line < line {
					t.Errorf("%v at %v", d, d.Pos)
				}
			}
			for _, code := range tt.warnings {
				if got := codes(out, diag.Warning); !slices.Contains(got, code) {
					t.Errorf("warnings %v, want %s", got, code)
				}
			}
			if tt.unknown == "" && slices.Contains(codes(out, diag.Warning), "not-offered") != slices.Contains(tt.warnings, "not-offered") {
				t.Errorf("warnings %v, want %v", codes(out, diag.Warning), tt.warnings)
			}
		})
	}
}

// place is the line in a text, and the column, where a word begins.
func place(text, word string) (line, column int) {
	before := text[:strings.Index(text, word)]
	return strings.Count(before, "\n") + 1, len(before) - strings.LastIndexByte(before, '\n')
}
