package twintest

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/event"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// TestServeFullZone: a zone with the default quota of 10,000 records fills while
// events tell of services. From 80 % on sweeps warn; the services for which there is
// no room get none and are told by name, when they come and at each sweep; and when
// others go, they get theirs.
func TestServeFullZone(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	const quota, foreign = 10_000, 7_900 // of others, with those that stand
	r := chained(lattices(t, 4), 4)
	for i := range foreign - 3 {
		r.start.Records.Put(estate.RecordSet{Zone: latticeZone, Name: dnsname.MustParse(fmt.Sprintf("h%d.corp.internal", i)), Type: "A", TTL: 60, Values: []string{"10.0.0.1"}})
	}
	w := r.world()
	defer w.Clock.Enter()()
	s := r.replica(t, w, nil)
	wait(t, w, time.Minute)
	var all []estate.LatticeService
	come := func(n int) {
		t.Helper()
		var list []estate.LatticeService
		for range n {
			i := len(all) + len(list)
			list = append(list, serviceOf(team(i%4), i+1, fmt.Sprintf("s%04d.svc.corp.internal", i), w.Now().Add(time.Duration(i)*time.Millisecond)))
		}
		all = append(all, list...)
		services(t, w, list)
		told(t, w, "ServiceCreated", list...)
		wait(t, w, 16*time.Minute) // with a sweep
	}
	// said is what the last sweep says of the quota.
	said := func() string {
		s.notes.mu.Lock()
		defer s.notes.mu.Unlock()
		out := ""
		for _, d := range s.notes.sweeps[len(s.notes.sweeps)-1].Swept.Problems {
			if d.Code == "quota" {
				out += d.Summary + " " + d.Detail + "\n"
			}
		}
		return out
	}
	come(40) // 7,981 records with the ledger
	if got := said(); got != "" {
		t.Errorf("below 80 %% is said %s", got)
	}
	come(20)
	if got := said(); !strings.Contains(got, "of 10000 records") {
		t.Errorf("from 80 %% on is said %q", got)
	}
	come(1000)
	const room = (quota - foreign - 1) / 2 // one record is the ledger's
	have := leads(t, w)
	if n := entries(w); len(have) != room || n > quota {
		t.Errorf("%d services have names, want %d; the zone has %d records", len(have), room, n)
	}
	// those that have none are told by name, each with its service
	without := map[string]bool{}
	got := said()
	for _, v := range all {
		_, has := have[v.CustomDomain.String()]
		without[v.ARN] = !has
		if told := strings.Contains(got, v.CustomDomain.String()+" (service "+v.ID); told == has {
			t.Errorf("%s has its records: %v; it is told: %v", v.CustomDomain, has, told)
		}
	}
	s.notes.mu.Lock()
	for _, e := range s.notes.entries {
		if e.Outcome == event.Unserved && (e.Code != "quota" || !without[e.Hint.Service]) {
			t.Errorf("unserved: %s %s %s", e.Hint.Service, e.Code, e.Detail)
		}
	}
	s.notes.mu.Unlock()
	if n := s.notes.outcomes()["unserved"]; n != len(all)-room {
		t.Errorf("%d services were told when they came that there is no room, want %d", n, len(all)-room)
	}

	// others go, and nothing is told of those that wait
	gone := all[:30]
	var arns []string
	for _, v := range gone {
		arns = append(arns, v.ARN)
	}
	services(t, w, nil, arns...)
	told(t, w, "ServiceDeleted", gone...)
	wait(t, w, 31*time.Minute)
	equal(t, "after others went", leads(t, w), promisedOf(all[30:]))
	s.end(t)
}

// promisedOf is what the names of services should lead to.
func promisedOf(list []estate.LatticeService) map[string]string {
	out := map[string]string{}
	for _, v := range list {
		out[v.CustomDomain.String()] = v.DNS.Name.String()
	}
	return out
}

// entries is how many records the zone has.
func entries(w *world.World) (n int) {
	for range w.Estate().Records.Prefix(estate.RecordsOf(latticeZone)) {
		n++
	}
	return n
}
