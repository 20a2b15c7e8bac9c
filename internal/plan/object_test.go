package plan

import (
	"reflect"
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
)

// TestAcceptance: of the route tables of an attachment that was taken in, those
// are ours that the ledger on it lists; those that its gateway gives by default
// stay when it is let go.
func TestAcceptance(t *testing.T) {
	given := map[string][]string{"association": {"tgw-rtb-1"}, "propagation": {"tgw-rtb-2"}}
	none := map[string][]string{"association": {}, "propagation": {}}
	for _, tt := range []struct {
		name   string
		ledger map[string][]string
		want   map[string][]string
	}{
		{"given by us", given, given},
		{"given by default", none, none},
		{"claimed, and given by nobody", map[string][]string{"association": {"tgw-rtb-9"}, "propagation": {"tgw-rtb-9"}}, none},
		{"its association is ours alone", map[string][]string{"association": {"tgw-rtb-1"}}, map[string][]string{"association": {"tgw-rtb-1"}, "propagation": {}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tags := AcceptanceMarks(owner, "accepted", tt.ledger)
			var e estate.Estate
			e.TransitAttachments.Put(estate.TransitAttachment{ID: "tgw-attach-1", Gateway: "tgw-1", Owner: "1", Account: "2", Region: "eu",
				State: estate.AttachmentAvailable, Table: "tgw-rtb-1", Tags: estate.Tags{}, OwnerTags: tags})
			e.TransitTables.Put(estate.TransitTable{ID: "tgw-rtb-1", Gateway: "tgw-1", Account: "1", Region: "eu"},
				estate.TransitTable{ID: "tgw-rtb-2", Gateway: "tgw-1", Account: "1", Region: "eu", Propagating: []string{"tgw-attach-1"}})
			for _, q := range ObjectQueries(owner, "1", "eu") {
				e.Answers.Put(estate.Answer{Query: q})
			}
			p := Make(Input{Owner: owner, Now: now, Estate: e})
			if len(p.Changes) != 1 || p.Changes[0].Action != Delete {
				t.Fatalf("planned %s", brief(p))
			}
			got := map[string][]string{}
			for field := range tt.want {
				got[field] = []string{}
				for _, v := range p.Changes[0].Before.Object.Fields[field] {
					s, _ := v.Literal()
					got[field] = append(got[field], s)
				}
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("lets go of %v, want %v", got, tt.want)
			}
		})
	}
}
