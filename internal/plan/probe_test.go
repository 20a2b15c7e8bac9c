package plan

import (
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
)

// TestProbesGo: the role outlives the network interfaces of the functions, and
// the group, which leads to all of it, goes last; also when a run ended on the way.
func TestProbesGo(t *testing.T) {
	const group = "endpointShares/s/eu/vpcs/vpc-1" + ProbeGroup
	role, name := ProbeRoleAddress("1"), MarkName(owner, "endpointShares/s/eu/vpcs/vpc-1/probe")
	function := "probes/" + name
	waits := "await " + group + "/released"
	last := "delete " + role + " <" + group + "/released!\ndelete " + group + " <" + group + "/released! <" + role + "!\n"
	for _, tt := range []struct {
		name         string
		runs, stands bool // the function, its role
		want         string
	}{
		{"all of it", true, true, "delete " + function + "\n" + waits + " <" + function + "!\ndelete " + role + " <" + group + "/released!\ndelete " + group + " <" + group + "/released! <" + function + "! <" + role + "!\n"},
		{"the function went", false, true, waits + "\n" + last},
		{"the role went, too", false, false, waits + "\ndelete " + group + " <" + group + "/released!\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var e estate.Estate
			e.SecurityGroups.Put(estate.SecurityGroup{ID: "sg-1", Account: "1", Region: "eu", VPC: "vpc-1", Tags: Marks(owner, group)})
			if tt.runs {
				e.Functions.Put(estate.Function{ARN: "arn:f", Name: name, Account: "1", Region: "eu", VPC: "vpc-1", Groups: []string{"sg-1"}, Status: estate.FunctionActive})
			}
			if tt.stands {
				e.Roles.Put(estate.Role{ARN: "arn:r", Name: ProbeRole(owner), Account: "1", Tags: Marks(owner, role)})
			}
			for _, q := range ObjectQueries(owner, "1", "eu") {
				e.Answers.Put(estate.Answer{Query: q})
			}
			p := Make(Input{Owner: owner, Now: now, Estate: e})
			if got := brief(p); got != tt.want {
				t.Errorf("planned\n%swant\n%s", got, tt.want)
			}
			for _, c := range p.Changes {
				if c.Action == Await && (!c.Settle || (Step{Kind: KindSecurityGroup, Action: Await}).Patience() != estate.FunctionRelease) {
					t.Errorf("does not wait long enough for Lambda: %+v", c)
				}
			}
		})
	}
}
