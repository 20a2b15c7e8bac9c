package awsapi

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

var resolverRuleBinding = binding{
	reads:   []estate.QueryKind{estate.QueryResolverRules},
	do:      (*Writer).doResolverRule,
	settled: (*Writer).resolverRuleSettled,
	needs:   making(plan.KindResolverRule, plan.Create, plan.Update, plan.Delete, plan.Await),
}

func (w *Writer) doResolverRule(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client := w.resolver(s.Account, s.Region)
	arn := estate.InPartition(w.partition(), estate.ResolverRule{ID: s.ID, Account: s.Account, Region: s.Region}.ARN())
	made := plan.Attributes{attrID: {s.ID}, attrARN: {arn}}
	switch s.Action {
	case plan.Create:
		return w.createResolverRule(ctx, client, s)
	case plan.Update:
		return made, w.updateResolverRule(ctx, client, s, s.ID)
	case plan.Await:
		return made, nil
	}
	return made, w.patiently(ctx, func() (bool, error) {
		_, err := client.DeleteResolverRule(ctx, &route53resolver.DeleteResolverRuleInput{ResolverRuleId: &s.ID})
		switch Code(err) {
		case notFound:
			return false, nil
		case "ResourceInUseException": // associations that go still have it
			return true, err
		case invalidRequest:
			status, _, look := ruleStatus(ctx, client, s.ID)
			if Code(look) == notFound || status == estate.StatusDeleting {
				return false, nil
			}
		}
		return false, err
	})
}

// createResolverRule makes a rule, or takes the one that an earlier try made, as
// createResolverEndpoint does.
func (w *Writer) createResolverRule(ctx context.Context, client *route53resolver.Client, s plan.Step) (plan.Attributes, error) {
	want := *s.Object
	in := &route53resolver.CreateResolverRuleInput{
		Name: aws.String(plan.MarkName(w.opt.Owner, s.Address)), RuleType: types.RuleTypeOption(want.One("type")), DomainName: aws.String(want.One("domain")),
		ResolverEndpointId: optional(want.One("endpoint")), TargetIps: targetsOf(want), Tags: w.resolverMarks(s),
	}
	domain, err := dnsname.Parse(want.One("domain"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Address, err)
	}
	same := func(r *types.ResolverRule) bool {
		if r == nil || r.RuleType != in.RuleType || r.Status == types.ResolverRuleStatusDeleting {
			return false
		}
		n, err := dnsname.Parse(aws.ToString(r.DomainName))
		return err == nil && n == domain
	}
	made := func(r types.ResolverRule) plan.Attributes {
		return plan.Attributes{attrID: {aws.ToString(r.Id)}, attrARN: {aws.ToString(r.Arn)}}
	}
	reference, others := plan.Reference(w.opt.Owner, s.Address), 0
	for n := 1; n <= maxNumber && others < maxRequests; n++ {
		in.CreatorRequestId = aws.String(plan.NumberedReference(reference, n))
		var out *route53resolver.CreateResolverRuleOutput
		err := w.patiently(ctx, func() (again bool, err error) {
			out, err = client.CreateResolverRule(ctx, in)
			return Code(err) == unavailable, err
		})
		if err == nil && same(out.ResolverRule) {
			return made(*out.ResolverRule), nil
		}
		if err == nil {
			others++
		}
		if err != nil && Code(err) != exists {
			return nil, err
		}
		rules, err := listRules(ctx, client)
		if err != nil {
			return nil, err
		}
		for _, r := range rules {
			if ref, _, ok := plan.ParseReference(aws.ToString(r.CreatorRequestId)); !ok || ref != reference || !same(&r) {
				continue
			}
			have, err := ruleOf(estate.Query{Region: s.Region}, r)
			if err != nil {
				return nil, err
			}
			targets := []string{}
			for _, t := range have.Targets {
				targets = append(targets, t.IP.String())
			}
			if have.Endpoint != want.One("endpoint") || !sameSet(targets, want.Fields["targets"]) {
				if err := w.updateResolverRule(ctx, client, s, have.ID); err != nil {
					return nil, err
				}
			}
			return made(r), nil
		}
	}
	return nil, usedUp(s)
}

// updateResolverRule changes where a rule sends to.
func (w *Writer) updateResolverRule(ctx context.Context, client *route53resolver.Client, s plan.Step, id string) error {
	return w.patiently(ctx, func() (bool, error) {
		_, err := client.UpdateResolverRule(ctx, &route53resolver.UpdateResolverRuleInput{ResolverRuleId: &id, Config: &types.ResolverRuleConfig{
			Name: aws.String(plan.MarkName(w.opt.Owner, s.Address)), ResolverEndpointId: optional(s.Object.One("endpoint")), TargetIps: targetsOf(*s.Object),
		}})
		return Code(err) == unavailable, err
	})
}

// dnsPort is where targets of rules listen.
const dnsPort = 53

func targetsOf(o plan.ObjectStep) []types.TargetAddress {
	var out []types.TargetAddress
	for _, s := range o.Fields["targets"] {
		t := types.TargetAddress{Port: aws.Int32(dnsPort)}
		if ip, err := netip.ParseAddr(s); err == nil && ip.Is6() {
			t.Ipv6 = &s
		} else {
			t.Ip = &s
		}
		out = append(out, t)
	}
	return out
}

func ruleStatus(ctx context.Context, client *route53resolver.Client, id string) (status, message string, err error) {
	out, err := client.GetResolverRule(ctx, &route53resolver.GetResolverRuleInput{ResolverRuleId: &id})
	if err != nil || out.ResolverRule == nil {
		return "", "", err
	}
	return string(out.ResolverRule.Status), aws.ToString(out.ResolverRule.StatusMessage), nil
}

func (w *Writer) resolverRuleSettled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	id, client := idOf(s, done), w.resolver(s.Account, s.Region)
	return w.inEffect(ctx, s, id, func(ctx context.Context) effect {
		status, message, err := ruleStatus(ctx, client, id)
		return effect{status: status, message: message, err: err}
	}, func(ctx context.Context, _ []question) (map[string]effect, error) {
		list, err := listRules(ctx, client)
		out := map[string]effect{}
		for _, r := range list {
			out[aws.ToString(r.Id)] = effect{status: string(r.Status), message: aws.ToString(r.StatusMessage)}
		}
		return out, err
	}).judge(s, "route53resolver", "GetResolverRule", id)
}

var ruleAssociationBinding = binding{
	reads:   []estate.QueryKind{estate.QueryRuleAssociations},
	do:      (*Writer).doRuleAssociation,
	settled: (*Writer).ruleAssociationSettled,
	needs:   making(plan.KindRuleAssociation, plan.Create, plan.Delete, plan.Await),
}

// doRuleAssociation associates a rule with a VPC, in the VPC's account. A rule
// that another account shares may take a while to be seen there.
func (w *Writer) doRuleAssociation(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client := w.resolver(s.Account, s.Region)
	rule, vpc := s.Object.One("rule"), s.Object.One("vpc")
	made := plan.Attributes{attrID: {s.ID}}
	switch s.Action {
	case plan.Await:
		return made, nil
	case plan.Create:
		err := w.patiently(ctx, func() (bool, error) {
			out, err := client.AssociateResolverRule(ctx, &route53resolver.AssociateResolverRuleInput{
				ResolverRuleId: &rule, VPCId: &vpc, Name: aws.String(plan.MarkName(w.opt.Owner, s.Address)),
			})
			switch {
			case err == nil:
				made[attrID] = []string{aws.ToString(out.ResolverRuleAssociation.Id)}
				return false, nil
			case Code(err) == exists:
				a, look := ruleAssociation(ctx, client, rule, vpc)
				if look != nil || a == nil {
					return false, errors.Join(look, err)
				}
				if a.Status == types.ResolverRuleAssociationStatusDeleting {
					return true, err
				}
				made[attrID] = []string{aws.ToString(a.Id)}
				return false, nil
			}
			return Code(err) == unavailable || notShared(err), err
		})
		return made, err
	}
	_, err := client.DisassociateResolverRule(ctx, &route53resolver.DisassociateResolverRuleInput{ResolverRuleId: &rule, VPCId: &vpc})
	switch Code(err) {
	case notFound:
		return made, nil
	case invalidRequest:
		a, look := ruleAssociation(ctx, client, rule, vpc)
		if look == nil && (a == nil || a.Status == types.ResolverRuleAssociationStatusDeleting) {
			return made, nil
		}
	}
	return made, err
}

// ruleAssociation finds the association of a rule with a VPC; nil if there is
// none.
func ruleAssociation(ctx context.Context, client *route53resolver.Client, rule, vpc string) (*types.ResolverRuleAssociation, error) {
	list, err := listRuleAssociations(ctx, client,
		types.Filter{Name: aws.String("ResolverRuleId"), Values: []string{rule}}, types.Filter{Name: aws.String("VPCId"), Values: []string{vpc}})
	for _, a := range list {
		if aws.ToString(a.ResolverRuleId) == rule && aws.ToString(a.VPCId) == vpc {
			return &a, err
		}
	}
	return nil, err
}

func (w *Writer) ruleAssociationSettled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	id, client := idOf(s, done), w.resolver(s.Account, s.Region)
	effectOf := func(a types.ResolverRuleAssociation) effect {
		return effect{status: string(a.Status), message: aws.ToString(a.StatusMessage)}
	}
	return w.inEffect(ctx, s, id, func(ctx context.Context) effect {
		out, err := client.GetResolverRuleAssociation(ctx, &route53resolver.GetResolverRuleAssociationInput{ResolverRuleAssociationId: &id})
		if err != nil || out.ResolverRuleAssociation == nil {
			return effect{err: err}
		}
		return effectOf(*out.ResolverRuleAssociation)
	}, func(ctx context.Context, all []question) (map[string]effect, error) {
		list, err := listRuleAssociations(ctx, client, types.Filter{Name: aws.String("VPCId"), Values: fieldOf(all, "vpc")})
		out := map[string]effect{}
		for _, a := range list {
			out[aws.ToString(a.Id)] = effectOf(a)
		}
		return out, err
	}).judge(s, "route53resolver", "GetResolverRuleAssociation", id)
}
