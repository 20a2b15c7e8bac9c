package twintest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// latticeService is an active service of an account.
func latticeService(account estate.AccountID, label, id, domain string) estate.LatticeService {
	s := estate.LatticeService{
		ID: "svc-" + id, ARN: estate.LatticeARN(account, ireland, "service", "svc-"+id), Name: label, Account: account, Region: ireland,
		Status: estate.LatticeActive, DNS: world.LatticeName(ireland, label, "svc-"+id), Created: start,
	}
	if domain != "" {
		s.CustomDomain = name(domain)
	}
	return s
}

// TestReadTrails: the trails that record an account are read, its own and the
// organization's, with whether they are on; one that went is absent, and one of an
// account that nobody asked for stays.
func TestReadTrails(t *testing.T) {
	arn := func(region estate.Region, account estate.AccountID, label string) string {
		return "arn:aws:cloudtrail:" + string(region) + ":" + string(account) + ":trail/" + label
	}
	trail := func(region estate.Region, account estate.AccountID, label string) estate.Trail {
		return estate.Trail{ARN: arn(region, account, label), Name: label, Account: account, Region: region}
	}
	all, own, elsewhere := trail("us-east-1", management, "all"), trail(ireland, child, "own"), trail(ireland, parent, "own")
	all.Everywhere, all.Organization, all.Logging, own.Selective = true, true, true, true
	e := populated()
	e.Trails.Put(all, own, elsewhere)
	a := newAWS(t, e, nil)
	var got estate.Estate
	got.Trails.Put(trail(ireland, child, "gone"), elsewhere)
	q := query(estate.QueryTrails, child, string(ireland))
	read(t, t.Context(), a.sessions.Reader(nil), &got, q)
	got.Answers.Put(estate.Answer{Query: q})
	if g, w := text(t, slices.Collect(got.Trails.All())), text(t, slices.Collect(e.Trails.All())); g != w || !got.Recorded(child, ireland) {
		t.Errorf("read %s\nwant %s", g, w)
	}
}

// TestReadLattice: services are read as they are, in full pages, with those that
// others share; tags that were known stay; what went is absent, in the list and
// asked for alone, and a service that the account may not see is not.
func TestReadLattice(t *testing.T) {
	e := populated()
	for i := range 150 {
		e.LatticeServices.Put(latticeService(child, fmt.Sprintf("s%03d", i), fmt.Sprintf("%017x", i), fmt.Sprintf("s%03d.svc.example.com", i)))
	}
	lent, kept := latticeService(parent, "lent", fmt.Sprintf("%017x", 1000), ""), latticeService(parent, "kept", fmt.Sprintf("%017x", 1001), "")
	e.LatticeServices.Put(lent, kept)
	e.Shares.Put(estate.Share{
		ARN: "arn:aws:ram:eu-west-1:111111111111:resource-share/1", Account: parent, Region: ireland,
		Resources:  []estate.ShareMember{{ID: lent.ARN, Status: estate.ShareAssociated}},
		Principals: []estate.ShareMember{{ID: string(child), Status: estate.ShareAssociated}},
	})
	a := newAWS(t, e, nil)
	want := a.world.Estate().LatticeServices
	reader := a.sessions.Reader(nil)

	gone, tagged := latticeService(child, "old", "0123456789abcdef0", "old.example.com"), latticeService(child, "s000", fmt.Sprintf("%017x", 0), "")
	tagged.Tags = estate.Tags{"team": "a"}
	var got estate.Estate
	got.LatticeServices.Put(gone, tagged, kept)
	read(t, t.Context(), reader, &got, query(estate.QueryLatticeServices, child, string(ireland)))
	if got.LatticeServices.Len() != 152 || a.count("ListServices") != 2 {
		t.Errorf("%d services by %d calls", got.LatticeServices.Len(), a.count("ListServices"))
	}
	for s := range got.LatticeServices.All() {
		w, _ := want.Get(s.ARN)
		if s.ARN == tagged.ARN {
			w.Tags = tagged.Tags
		}
		if g, w := fmt.Sprintf("%+v", s), fmt.Sprintf("%+v", w); g != w {
			t.Errorf("read %s\nwant %s", g, w)
		}
	}

	// where its owner's list was read, which does not have it
	var listed estate.Estate
	listed.Answers.Put(estate.Answer{Query: query(estate.QueryLatticeServices, parent, string(ireland))})
	read(t, t.Context(), reader, &listed, query(estate.QueryLatticeServices, child, string(ireland)))
	if _, back := listed.LatticeServices.Get(lent.ARN); back || listed.LatticeServices.Len() != 150 {
		t.Errorf("a list of others tells of %d services, %s among them: %v", listed.LatticeServices.Len(), lent.Name, back)
	}

	var one estate.Estate
	one.LatticeServices.Put(gone)
	read(t, t.Context(), reader, &one,
		query(estate.QueryLatticeService, child, string(ireland), gone.ARN), query(estate.QueryLatticeService, child, string(ireland), lent.ARN),
		query(estate.QueryLatticeService, child, string(ireland), tagged.ID))
	if s, ok := one.LatticeServices.Get(tagged.ARN); !ok || s.CustomDomain != name("s000.svc.example.com") || one.LatticeServices.Len() != 2 {
		t.Errorf("%d services, with %+v", one.LatticeServices.Len(), s)
	}
	if _, err := reader.Read(t.Context(), query(estate.QueryLatticeService, child, string(ireland), kept.ARN)); !awsapi.Denied(err) {
		t.Errorf("a service that is not shared: %v", err)
	}
}
