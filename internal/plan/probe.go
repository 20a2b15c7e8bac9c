package plan

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/estate"
)

// What looks from inside a VPC: KindProbe is a Lambda function of package
// probe, marked by its name. Fields: vpc, subnets, groups, role (its name),
// architecture, code (what its program is known by, a variable of its
// environment).
//
// KindProbeRole is what such functions run as, one in an account: name, trust,
// policy. It belongs to no Region. A role is found by its name, which follows
// from the owner alone, and marked by tags.

// ProbeRole is the name of the role of an owner's functions.
func ProbeRole(owner string) string { return nameMark(owner) + "probe" }

// ProbeRoleAddress is the address of that role in an account.
func ProbeRoleAddress(account estate.AccountID) string { return probeRoles + string(account) }

const probeRoles = "probes/role/"

// LikeNames is the pattern of the names of what is named by its owner.
func LikeNames(owner string) string { return NamePrefix(owner) + "*" }

// NamePrefix is how these names begin.
func NamePrefix(owner string) string { return nameMark(owner) }

// ProbeService is the principal that runs the functions.
const ProbeService = "lambda.amazonaws.com"

// ProbeTrust is the trust policy of the role (Lambda Developer Guide,
// lambda-intro-execution-role.html).
func ProbeTrust() string {
	return NewDocument(PolicyStatement{Effect: "Allow", Principal: map[string]List[string]{"Service": {ProbeService}}, Action: List[string]{"sts:AssumeRole"}})
}

// ProbePolicy is what the role may do: what Lambda does with network interfaces
// of a function in a VPC, and not the function itself. It writes no logs, since
// what it has to say is its answer (Lambda Developer Guide,
// configuration-vpc.html: required permissions, and the statement that denies
// them to the function's own code).
func ProbePolicy(owner string, account estate.AccountID) string {
	actions := List[string]{
		"ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface", "ec2:DeleteNetworkInterface", "ec2:DescribeNetworkInterfaces",
		"ec2:DescribeSubnets", "ec2:UnassignPrivateIpAddresses",
	}
	code := Conditions{}
	code.set("StringLike", "lambda:SourceFunctionArn", []string{fmt.Sprintf("arn:*:lambda:*:%s:function:%s", account, LikeNames(owner))})
	return NewDocument(
		PolicyStatement{Sid: "Network", Effect: "Allow", Action: actions, Resource: List[string]{"*"}},
		PolicyStatement{Sid: "NotByCode", Effect: "Deny", Action: actions, Resource: List[string]{"*"}, Condition: code},
	)
}

func standingProbeRoles(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for r := range e.Roles.All() {
			if !strings.HasPrefix(r.Tags[TagAddress], probeRoles) { // a writer's
				continue
			}
			if !yield(Standing{Kind: KindProbeRole, ID: r.ARN, Account: r.Account, Tags: r.Tags,
				Fields:     map[string][]string{"name": one(r.Name), "trust": one(NormalDocument(r.Trust)), "policy": one(NormalDocument(r.Inline[RolePolicy]))},
				Attributes: Attributes{"id": {r.ARN}},
			}) {
				return
			}
		}
	}
}

func standingProbes(e estate.Estate) iter.Seq[Standing] {
	return func(yield func(Standing) bool) {
		for f := range e.Functions.All() {
			role := f.Role[strings.LastIndexByte(f.Role, '/')+1:]
			if !yield(Standing{Kind: KindProbe, ID: f.Name, Account: f.Account, Region: f.Region, Name: f.Name,
				Fields: map[string][]string{
					"vpc": one(f.VPC), "subnets": f.Subnets, "groups": f.Groups, "role": one(role), "architecture": one(f.Architecture), "code": one(f.Variables[ProbeCode]),
				},
				Attributes: Attributes{"id": {f.Name}},
				Going:      f.Status == estate.FunctionReleasing,
			}) {
				return
			}
		}
	}
}

// ProbeGroups are the security groups of an owner's functions. The group is made
// first and goes last: where one stands, there may be functions and their role.
func ProbeGroups(e estate.Estate, owner string) iter.Seq[estate.SecurityGroup] {
	return func(yield func(estate.SecurityGroup) bool) {
		for g := range e.SecurityGroups.All() {
			if g.Tags[TagOwner] == owner && strings.HasSuffix(g.Tags[TagAddress], ProbeGroup) && !yield(g) {
				return
			}
		}
	}
}

// ProbeGroup ends the address of the security group of a function.
const ProbeGroup = "/probe/group"

// probesGo orders how functions go. Lambda takes their network interfaces away as
// their role, long after them, and no more once that is gone
// (github.com/awslabs/aws-support-tools, pull 174): so the role waits for the
// interfaces, and the group, by which all this is found, for the role.
func (b *builder) probesGo() {
	roles := map[estate.AccountID]*Change{}
	var groups []*Change
	for i := range b.plan.Changes {
		c := &b.plan.Changes[i]
		switch o := c.Item().Object; {
		case o == nil || c.Action != Delete:
		case o.Kind == KindProbeRole:
			roles[c.Account] = c
		case o.Kind == KindSecurityGroup && strings.Contains(c.Address, ProbeGroup):
			groups = append(groups, c)
		}
	}
	var waits []Change
	for _, g := range groups {
		released := *g
		released.Address, released.Action, released.Settle = g.Address+"/released", Await, true
		released.Before, released.After, released.Reason = nil, g.Before, "Lambda lets go of the function's network interfaces"
		released.Needs = slices.Clone(g.Needs)
		waits = append(waits, released)
		first := []Dependency{{Address: released.Address, Settled: true}}
		if role := roles[g.Account]; role != nil {
			role.Needs = append(role.Needs, first...)
			first = append(first, Dependency{Address: role.Address, Settled: true})
		}
		g.Needs = append(g.Needs, first...)
	}
	b.plan.Changes = append(b.plan.Changes, waits...)
}

// Variables of the environment of a function: which function of orgdns it is, and
// what its program is known by.
const (
	ProbeHandler = "ORGDNS_HANDLER"
	ProbeCode    = "ORGDNS_CODE"
)
