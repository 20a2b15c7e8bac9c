package plan

import (
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
)

// TestWildGrant: below a name a grant leaves wildcard records out unless they are
// granted, and a ledger always.
func TestWildGrant(t *testing.T) {
	grant := Grant{Below: []dnsname.Name{dnsname.MustParse("mine.example.com")}, Types: []string{"A"}, Verbs: []Verb{VerbCreate}}
	r := Role{Name: "r", Partition: "aws", ZoneName: dnsname.MustParse("example.com"), Grants: []Grant{grant}}
	if p := r.Policy("Z1"); !strings.Contains(p, `\\052.*`) || !strings.Contains(p, LedgerPrefix+"*") {
		t.Errorf("wildcard records and ledgers are not left out: %s", p)
	}
	r.Grants[0].Wild = true
	if p := r.Policy("Z1"); strings.Contains(p, `\\052.*`) || !strings.Contains(p, LedgerPrefix+"*") {
		t.Errorf("wildcard records are left out, or ledgers are not: %s", p)
	}
}
