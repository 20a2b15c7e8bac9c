package sts

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Limits of API_AssumeRole.
const (
	chainedSession  = time.Hour // "role chaining" limits the session
	policyText      = 2048      // characters, inline and managed session policies together
	sessionPolicies = 10        // managed ones
)

// assumeRole answers one text to a role that does not exist, to a trust policy
// that does not allow, and to an identity that may not: STS tells nobody which
// roles there are.
func assumeRole(_ context.Context, c *world.Call, in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
	switch {
	case in.SerialNumber != nil || in.TokenCode != nil:
		return nil, c.Unsupported("SerialNumber")
	case in.ProvidedContexts != nil:
		return nil, c.Unsupported("ProvidedContexts")
	}
	account, err := accountOfRole(*in.RoleArn)
	if err != nil {
		return nil, err
	}
	tags, err := sessionTags(c.Caller, in)
	if err != nil {
		return nil, err
	}
	role, err := authorize(c, in, account, tags)
	if err != nil {
		return nil, err
	}

	lasts := duration(in.DurationSeconds, time.Hour)
	switch {
	case c.Caller.Role != "" && lasts > chainedSession:
		return nil, fail("ValidationError", "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
	case lasts > time.Duration(role.MaxSession)*time.Second && role.MaxSession > 0:
		return nil, fail("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
	}
	policies, packed, err := narrow(c, role, in)
	if err != nil {
		return nil, err
	}
	sourceIdentity := c.Caller.SourceIdentity
	if in.SourceIdentity != nil {
		sourceIdentity = *in.SourceIdentity
	}
	name := *in.RoleSessionName
	session := world.Caller{
		Account:         role.Account,
		ARN:             "arn:aws:sts::" + string(role.Account) + ":assumed-role/" + role.Name + "/" + name,
		ID:              role.ID + ":" + name,
		Role:            role.ARN,
		SessionPolicies: policies,
		Tags:            tags.all,
		Transitive:      tags.transitive,
		SourceIdentity:  sourceIdentity,
	}
	out := &sts.AssumeRoleOutput{
		AssumedRoleUser: &types.AssumedRoleUser{Arn: &session.ARN, AssumedRoleId: &session.ID},
		Credentials:     issue(c, session, lasts),
	}
	if packed > 0 {
		out.PackedPolicySize = &packed
	}
	if sourceIdentity != "" {
		out.SourceIdentity = &sourceIdentity
	}
	return out, nil
}

// accountOfRole reads the account out of a role's ARN.
func accountOfRole(arn string) (estate.AccountID, error) {
	p := strings.SplitN(arn, ":", 6)
	if len(p) != 6 || p[0] != "arn" || p[2] != "iam" || !strings.HasPrefix(p[5], "role/") {
		return "", fail("ValidationError", "Request ARN is invalid")
	}
	return estate.AccountID(p[4]), nil
}

// authorize finds the role if the caller may assume it.
func authorize(c *world.Call, in *sts.AssumeRoleInput, account estate.AccountID, tags tagSet) (estate.Role, error) {
	role, ok := c.Estate().Roles.Get(*in.RoleArn)
	if !ok || !active(c.Estate(), account) {
		return role, &iam.Denied{Principal: c.Caller.ARN, Action: "sts:AssumeRole", Resource: *in.RoleArn, Bare: true, Service: c.Service}
	}
	conditions := world.Conditions{
		"sts:rolesessionname": {*in.RoleSessionName},
		"sts:durationseconds": {strconv.Itoa(int(duration(in.DurationSeconds, time.Hour).Seconds()))},
	}
	if in.ExternalId != nil {
		conditions["sts:externalid"] = []string{*in.ExternalId}
	}
	if from := c.Caller.SourceIdentity; from != "" && in.SourceIdentity != nil && *in.SourceIdentity != from {
		// "After the source identity is set, the value cannot be changed"
		// (id_credentials_temp_control-access_monitor.html).
		return role, &iam.Denied{Principal: c.Caller.ARN, Action: "sts:SetSourceIdentity", Resource: role.ARN, Bare: true, Service: c.Service}
	}
	actions := []string{"sts:AssumeRole"}
	if in.SourceIdentity != nil || c.Caller.SourceIdentity != "" {
		actions = append(actions, "sts:SetSourceIdentity")
		conditions["sts:sourceidentity"] = []string{c.Caller.SourceIdentity}
		if in.SourceIdentity != nil {
			conditions["sts:sourceidentity"] = []string{*in.SourceIdentity}
		}
	}
	if len(tags.all) > 0 {
		actions = append(actions, "sts:TagSession")
		for _, k := range slices.Sorted(maps.Keys(tags.all)) {
			conditions["aws:requesttag/"+strings.ToLower(k)] = []string{tags.all[k]}
			conditions["aws:tagkeys"] = append(conditions["aws:tagkeys"], k)
		}
		conditions["sts:transitivetagkeys"] = tags.transitive
	}
	for _, action := range actions {
		err := iam.Authorize(c, action, iam.Resource{ARN: role.ARN, Account: role.Account, Policy: role.Trust, Trust: true}, conditions)
		var denied *iam.Denied
		if errors.As(err, &denied) {
			denied.Bare = true
		}
		if err != nil {
			return role, err
		}
	}
	return role, nil
}

// tagSet are the tags of a new session (id_session-tags.html).
type tagSet struct {
	all        estate.Tags
	transitive []string
}

// sessionTags joins the tags that the caller's session passes on with those
// asked for; what is passed on cannot be changed.
func sessionTags(caller world.Caller, in *sts.AssumeRoleInput) (tagSet, error) {
	t := tagSet{all: estate.Tags{}, transitive: slices.Clone(caller.Transitive)}
	folded := map[string]bool{}
	for _, k := range caller.Transitive {
		t.all[k] = caller.Tags[k]
		folded[strings.ToLower(k)] = true
	}
	inherited := maps.Clone(folded)
	for _, tag := range in.Tags {
		k := strings.ToLower(*tag.Key)
		switch {
		case inherited[k]:
			return t, fail("InvalidParameterValue", "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
		case folded[k]:
			return t, fail("InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		folded[k] = true
		t.all[*tag.Key] = *tag.Value
	}
	for _, k := range in.TransitiveTagKeys {
		if _, ok := t.all[k]; !ok {
			return t, fail("InvalidParameterValue", "The specified transitive tag key must be included in the requested tags.")
		}
		if !slices.Contains(t.transitive, k) {
			t.transitive = append(t.transitive, k)
		}
	}
	return t, nil
}

// narrow reads the session policies: their texts, and how full the packed form
// is in percent. AWS packs policies, ARNs and tags into a binary form whose
// size it does not document; here it is their characters without white space,
// against the limit for plain text.
func narrow(c *world.Call, role estate.Role, in *sts.AssumeRoleInput) (texts []string, packed int32, err error) {
	size := 0
	if in.Policy != nil {
		if len(*in.Policy) > policyText {
			return nil, 0, fail("ValidationError", "1 validation error detected: Value '%s' at 'policy' failed to satisfy constraint: "+
				"Member must have length less than or equal to %d", *in.Policy, policyText)
		}
		if _, err := iam.Check(*in.Policy, iam.Session); err != nil {
			message := err.Error()
			return nil, 0, &types.MalformedPolicyDocumentException{Message: &message}
		}
		texts = append(texts, *in.Policy)
		size += iam.Size(*in.Policy)
	}
	if len(in.PolicyArns) > sessionPolicies {
		return nil, 0, fail("ValidationError", "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d", sessionPolicies)
	}
	for _, p := range in.PolicyArns {
		arn := ""
		if p.Arn != nil {
			arn = *p.Arn
		}
		text, ok := iam.ManagedDocument(c.Estate(), arn)
		if own, custom := c.Estate().ManagedPolicies.Get(arn); !ok || custom && own.Account != role.Account {
			return nil, 0, fail("ValidationError", "Policy %s does not exist or is not attachable.", arn)
		}
		texts = append(texts, text)
		size += len(arn)
	}
	for _, tag := range in.Tags {
		size += len(*tag.Key) + len(*tag.Value)
	}
	packed = int32((size*100 + policyText - 1) / policyText)
	if packed > 100 {
		message := "Packed policy consumes " + strconv.Itoa(int(packed)) + "% of allotted space, please use smaller policy."
		return nil, 0, &types.PackedPolicyTooLargeException{Message: &message}
	}
	return texts, packed, nil
}
