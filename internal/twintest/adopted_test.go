package twintest

import (
	"os"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
)

// TestAdopted: a zone that was made by hand is adopted. When its line is taken
// out, with no other that names its parent, a sweep finds it and the link: the
// link goes, and the zone stays with nothing of ours on it.
func TestAdopted(t *testing.T) {
	r := acme(t)
	sandbox := dnsname.MustParse("sandbox.example.com")
	byHand := estate.Zone{ID: "ZBYHAND", Account: "444444444444", Name: sandbox, CallerReference: "by hand", RecordCount: 2}
	for _, s := range []string{"ns-9.awsdns-01.com", "ns-521.awsdns-01.net", "ns-1033.awsdns-01.org", "ns-1545.awsdns-01.co.uk"} {
		byHand.NameServers = append(byHand.NameServers, dnsname.MustParse(s))
	}
	r.start.Zones.Put(byHand)
	r.cfg = loadConfig(t, os.DirFS("testdata/sweep"), "accounts.yaml", "adopted.yaml")
	w := r.world()
	adopt := reconcile.Options{Adopt: true}
	if err := r.converge(t.Context(), w, adopt); err != nil {
		t.Fatal(err)
	}
	link := estate.RecordKey("Z0ACMEEXAMPLECOM", sandbox, "NS", "")
	e := w.Estate()
	if z, _ := e.Zones.Get("ZBYHAND"); z.Tags[plan.TagOwner] != "acme-network" {
		t.Fatalf("not adopted: %v", z.Tags)
	}
	if _, ok := e.Records.Get(link); !ok {
		t.Fatal("not linked")
	}
	r.cfg = loadConfig(t, os.DirFS("testdata/sweep"), "accounts.yaml", "none.yaml")
	if err := r.converge(t.Context(), w, reconcile.Options{Sweep: true, AcceptLimits: true}); err != nil {
		t.Fatal(err)
	}
	e = w.Estate()
	z, stands := e.Zones.Get("ZBYHAND")
	if _, linked := e.Records.Get(link); !stands || len(z.Tags) != 0 || linked {
		t.Errorf("the zone stands: %v, with tags %v, linked: %v", stands, z.Tags, linked)
	}
	if l := plan.ReadLedger(e, estate.Zone{ID: "Z0ACMEEXAMPLECOM", Name: dnsname.MustParse("example.com")}, "acme-network"); len(l.Entries()) > 0 {
		t.Errorf("the ledger still holds %v", l.Entries())
	}
}
