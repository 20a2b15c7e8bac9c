package cli_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/miekg/dns"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/orgdns/orgdns/internal/estate"
)

// Commands of scripts about shared endpoints.

// sharedName is a name that a share has in a Region, and the service of which it
// is: AWS's short name, or the private name of an endpoint service.
type sharedName struct {
	region  estate.Region
	name    string
	service string
}

// answers keep|kept|shared FILE: asks the resolvers of all VPCs and of the
// internet over UDP, for A and AAAA of each name of the file (REGION NAME
// SERVICE), and keeps what they answer, finds that they answer what was kept, or
// that VPCs of the name's Region that are tagged dns or role (consumers and hub)
// get the addresses of the endpoint that the hub has of that service, and all
// others what was kept. It prints how many questions have an answer.
func answers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 || !slices.Contains([]string{"keep", "kept", "shared"}, args[0]) {
		ts.Fatalf("usage: answers keep|kept|shared FILE")
	}
	r, e := twinOf(ts), snapshot(ts)
	resolvers, err := resolversOf(r.url)
	ts.Check(err)
	names := namesOf(ts, args[1])
	want := maps.Clone(r.answers)
	if args[0] == "shared" {
		for v := range e.VPCs.All() {
			for _, n := range names {
				if n.region == v.Region && (v.Tags["dns"] != "" || v.Tags["role"] != "") {
					want[[3]string{v.ID, n.name, "A"}] = strings.Join(endpointOf(ts, e, n), " ")
					want[[3]string{v.ID, n.name, "AAAA"}] = ""
				}
			}
		}
	}
	got := map[[3]string]string{}
	for _, from := range slices.Sorted(maps.Keys(resolvers)) {
		for _, n := range names {
			for _, kind := range []string{"A", "AAAA"} {
				q := [3]string{from, n.name, kind}
				got[q] = asked(ts, resolvers[from], n.name, kind)
				if args[0] != "keep" && got[q] != want[q] {
					ts.Fatalf("%s is answered %q, want %q", strings.Join(q[:], " "), got[q], want[q])
				}
			}
		}
	}
	led := 0
	for _, a := range got {
		if a != "" {
			led++
		}
	}
	fmt.Fprintf(ts.Stdout(), "%d of %d questions have an answer\n", led, len(got))
	if args[0] == "keep" {
		r.answers = got
	}
}

func namesOf(ts *testscript.TestScript, file string) (names []sharedName) {
	for line := range strings.Lines(ts.ReadFile(file)) {
		f := strings.Fields(line)
		if len(f) != 3 {
			ts.Fatalf("%s: want REGION NAME SERVICE: %s", file, line)
		}
		names = append(names, sharedName{estate.Region(f[0]), f[1], f[2]})
	}
	return names
}

// endpointOf are the addresses of the one endpoint that the hub VPC of a name's
// Region has of its service.
func endpointOf(ts *testscript.TestScript, e estate.Estate, n sharedName) (addresses []string) {
	found := 0
	for p := range e.Endpoints.All() {
		v, _ := e.VPCs.Get(p.VPC)
		own := false
		for s := range e.EndpointServices.By(estate.ByService(p.Service)) {
			own = own || s.PrivateName.String() == n.service
		}
		if v.Region != n.region || v.Tags["role"] == "" || p.State != estate.EndpointAvailable || !own && p.Service != "com.amazonaws."+string(n.region)+"."+n.service {
			continue
		}
		found++
		for _, a := range p.Addresses {
			addresses = append(addresses, a.IPv4.String())
		}
	}
	if found != 1 || len(addresses) < 2 {
		ts.Fatalf("the hub has %d endpoints of %s in %s, with addresses %v", found, n.service, n.region, addresses)
	}
	slices.Sort(addresses)
	return addresses
}

// asked are the addresses that a resolver answers over UDP; none is one answer,
// whether the name is there or not.
func asked(ts *testscript.TestScript, resolver, name, kind string) string {
	in, err := exchanged(resolver, name, kind)
	ts.Check(err)
	if in.Rcode != dns.RcodeSuccess && in.Rcode != dns.RcodeNameError {
		return dns.RcodeToString[in.Rcode]
	}
	var values []string
	for _, rr := range in.Answer {
		if rr.Header().Rrtype == dns.StringToType[kind] { // not the CNAME before
			values = append(values, dns.Field(rr, 1))
		}
	}
	slices.Sort(values)
	return strings.Join(values, " ")
}
