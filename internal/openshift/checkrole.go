package openshift

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/estate"
)

func (c *check) credentials() {
	i := c.Install
	if i.Role.IsZero() {
		c.add("credentials", OK, i.Credentials.Pos, "no role is assumed, any credentialsMode will do", "")
		return
	}
	if mode := i.Credentials.Value; mode == Passthrough || mode == Manual {
		c.add("credentials", OK, i.Credentials.Pos, "credentialsMode is "+mode, "")
		return
	}
	c.add("credentials", Problem, i.Credentials.Pos, "credentialsMode is "+orNone(i.Credentials.Value)+", and a role is given", "write Passthrough or Manual")
}

func (c *check) role() {
	role := c.Install.Role
	if role.IsZero() {
		return
	}
	q := estate.Query{Kind: estate.QueryRole, Account: role.Account, ID: role.Name}
	standing, known := estate.First(c.Estate.Roles.By(estate.ByRole(role.Account, role.Name)))
	known = known && standing.ARN == role.ARN
	gone := c.Estate.Answered(q) && !known
	switch {
	case known:
		c.add("role", OK, role.Pos, role.ARN+" stands", "")
	case gone || c.Installer.Assumed == NoRole:
		c.add("role", Problem, role.Pos, "there is no role "+role.ARN, "`orgdns openshift prepare` makes it; mind its path")
		return
	case c.Installer.Assumed == Granted:
		c.add("role", OK, role.Pos, role.ARN+" can be assumed", "")
	default:
		c.unread("role", q, "iam:GetRole in its account is needed to tell why it cannot be assumed")
	}
	c.trust(role, standing, known)
	c.permissions(role)
	c.operator()
}

func (c *check) trust(role Role, standing estate.Role, known bool) {
	a := c.Installer
	who := orDefault(a.Principal, "the installer")
	detail := ""
	if a.Detail != "" {
		detail = ": " + a.Detail
	}
	const name = "trust"
	asks := known && asksExternalID(standing.Trust)
	switch {
	case a.Assumed == Granted:
		if a.Detail != "" { // on a twin
			c.add(name, OK, role.Pos, who+" may assume the role"+detail, "")
		} else {
			c.add(name, OK, role.Pos, who+" assumed the role", "")
		}
	case a.Assumed == ExternalID || asks && a.Assumed != Distrusted && a.Assumed != Forbidden:
		c.add(name, Problem, role.Pos, "the role's trust policy asks for an external ID, and a stock installer sends none", "take the condition sts:ExternalId out of the trust policy")
	case a.Assumed == Distrusted:
		c.add(name, Problem, role.Pos, fmt.Sprintf("the role's trust policy does not let %s in%s", who, detail), "name it in the trust policy: `orgdns openshift prepare`")
	case a.Assumed == Forbidden:
		c.add(name, Problem, role.Pos, fmt.Sprintf("%s has no permission to assume the role%s", who, detail), fmt.Sprintf("allow it sts:AssumeRole on %s, in its own account", role.ARN))
	case a.Assumed == Refused:
		c.add(name, Problem, role.Pos, fmt.Sprintf("%s was refused the role%s", who, detail), "it is one of: no such role, not in the trust policy, an external ID, no permission of its own; iam:GetRole in the role's account tells which")
	case a.Assumed == Unreadable:
		c.add(name, Unknown, role.Pos, fmt.Sprintf("%s could not try the role%s", who, detail), "")
	default:
		c.add(name, Unknown, role.Pos, "nobody tried to assume the role", "")
	}
}

// asksExternalID reports whether every statement of a trust policy that lets
// somebody in is under a condition of sts:ExternalId. That is no judgement of
// the policy: where the role was tried, what came of it counts.
func asksExternalID(document string) bool {
	var policy struct {
		Statement json.RawMessage
	}
	type statement struct {
		Effect    string
		Condition map[string]map[string]any
	}
	if json.Unmarshal([]byte(document), &policy) != nil {
		return false
	}
	var all []statement
	if json.Unmarshal(policy.Statement, &all) != nil {
		var one statement
		if json.Unmarshal(policy.Statement, &one) != nil {
			return false
		}
		all = []statement{one}
	}
	asks := false
	for _, s := range all {
		if s.Effect != "Allow" {
			continue
		}
		here := false
		for operator, keys := range s.Condition {
			for key := range keys {
				here = here || strings.EqualFold(key, "sts:ExternalId") && strings.HasPrefix(operator, "String") && !strings.HasSuffix(operator, "IfExists")
			}
		}
		if !here {
			return false
		}
		asks = true
	}
	return asks
}

func orDefault(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

func (c *check) permissions(role Role) {
	const name = "permissions"
	zone := c.Install.HostedZone.Value
	var denied, open []string
	for _, action := range Actions {
		switch c.Installer.Actions[action] {
		case Granted:
		case Untried, Unreadable:
			open = append(open, action)
		default:
			denied = append(denied, action)
		}
	}
	switch {
	case len(denied) > 0:
		hint := fmt.Sprintf("allow them in the role's policy, on arn:%s:route53:::hostedzone/%s", role.Partition, zone)
		if slices.Contains(denied, "route53:GetChange") {
			hint += fmt.Sprintf("; GetChange on arn:%s:route53:::change/*", role.Partition)
		}
		c.add(name, Problem, role.Pos, "the role may not "+strings.Join(denied, ", ")+" for zone "+zone, hint)
	case len(open) > 0:
		hint := "they can be tried once the role can be assumed"
		if c.Installer.Assumed == Granted {
			hint = "what writes is tried on a twin: for that the role must be readable, by iam:GetRole in its account"
		}
		c.add(name, Unknown, role.Pos, fmt.Sprintf("not tried with the role: %s", strings.Join(open, ", ")), hint)
	default:
		c.add(name, OK, role.Pos, fmt.Sprintf("the role may do all of %d actions", len(Actions)), "")
	}
}

// operator: who writes the records on day 2.
func (c *check) operator() {
	const name = "day 2"
	a := c.Operator
	switch {
	case c.Install.Credentials.Value != Manual:
		c.add(name, OK, c.Install.Credentials.Pos, "the ingress operator has the installer's credentials", "")
	case a.Assumed == Granted:
		denied := slices.DeleteFunc(slices.Sorted(maps.Keys(a.Actions)), func(k string) bool { return a.Actions[k] == Granted })
		if len(denied) > 0 {
			c.add(name, Problem, c.Install.Credentials.Pos, fmt.Sprintf("%s may not %s with the role", orDefault(a.Principal, "the ingress operator"), strings.Join(denied, ", ")), "allow them in the role's policy")
			return
		}
		did := " assumed the role"
		if a.Detail != "" { // on a twin
			did = " may assume the role: " + a.Detail
		}
		c.add(name, OK, c.Install.Credentials.Pos, orDefault(a.Principal, "the ingress operator")+did, "")
	case a.Assumed == Untried:
		c.add(name, OK, c.Install.Credentials.Pos, "not yet: the ingress operator's own role must be trusted once it is there", "then run `orgdns openshift prepare --finalize`")
	default:
		c.add(name, Problem, c.Install.Credentials.Pos, fmt.Sprintf("%s cannot assume the role: %s", orDefault(a.Principal, "the ingress operator"), a.Assumed), "run `orgdns openshift prepare --finalize`")
	}
}
