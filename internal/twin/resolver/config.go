package resolver

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// settings are what VPCs and Profiles have besides the reverse rules, by kind
// and ID: nothing in the twin is signed, and its firewall does not fail.
var settings = world.Private[string]{Name: "resolver.settings"}

const (
	dnssec   = "dnssec/"
	failOpen = "failOpen/"
)

// configured asks for the permission to do the operation on the configuration of
// a VPC or Profile of the caller's.
func configured(c *world.Call, kind string, id *string) (profile bool, err error) {
	if err := allow(c, myARN(c, kind, "*"), nil, nil); err != nil {
		return false, err
	}
	if p, ok := c.Estate().Profiles.Get(aws.ToString(id)); ok && p.Account == c.Account() && p.Region == c.Region {
		return true, nil
	}
	if _, ok := ownVPC(c, aws.ToString(id)); !ok {
		return false, missing("Resource", aws.ToString(id))
	}
	return false, nil
}

// configID is the ID of a configuration, which comes with what it is of.
func configID(prefix, of string) *string { return aws.String(world.Derived(prefix, of)) }

func showConfig(c *world.Call, id string) *types.ResolverConfig {
	status := types.ResolverAutodefinedReverseStatusEnabled
	if p, ok := c.Estate().Profiles.Get(id); ok {
		switch p.Reverse {
		case string(types.AutodefinedReverseFlagDisable):
			status = types.ResolverAutodefinedReverseStatusDisabled
		case "":
			status = types.ResolverAutodefinedReverseStatusUseLocalResourceSetting
		}
	} else if v, _ := c.Estate().ResolverConfigs.Get(id); v.ReverseDisabled {
		status = types.ResolverAutodefinedReverseStatusDisabled
	}
	return &types.ResolverConfig{Id: configID("rslvr-rc", id), OwnerId: aws.String(string(c.Account())), ResourceId: &id, AutodefinedReverse: status}
}

func getResolverConfig(_ context.Context, c *world.Call, in *sdk.GetResolverConfigInput) (*sdk.GetResolverConfigOutput, error) {
	if _, err := configured(c, "resolver-config", in.ResourceId); err != nil {
		return nil, err
	}
	return &sdk.GetResolverConfigOutput{ResolverConfig: showConfig(c, *in.ResourceId)}, nil
}

// updateResolverConfig turns the autodefined rules for reverse lookups on or off
// (R1.21); only a Profile can leave it to each VPC.
func updateResolverConfig(_ context.Context, c *world.Call, in *sdk.UpdateResolverConfigInput) (*sdk.UpdateResolverConfigOutput, error) {
	profile, err := configured(c, "resolver-config", in.ResourceId)
	if err != nil {
		return nil, err
	}
	local := in.AutodefinedReverseFlag == types.AutodefinedReverseFlagUseLocalResourceSetting
	switch {
	case profile:
		p, _ := c.Estate().Profiles.Get(*in.ResourceId)
		if p.Reverse = string(in.AutodefinedReverseFlag); local {
			p.Reverse = ""
		}
		c.Estate().Profiles.Put(p)
	case local:
		return nil, invalid("AutodefinedReverseFlag", "Only a Profile can use the local resource setting.")
	default:
		c.Estate().ResolverConfigs.Put(estate.ResolverConfig{VPC: *in.ResourceId, ReverseDisabled: in.AutodefinedReverseFlag == types.AutodefinedReverseFlagDisable})
	}
	return &sdk.UpdateResolverConfigOutput{ResolverConfig: showConfig(c, *in.ResourceId)}, nil
}

// listResolverConfigs lists the configurations that were defined.
func listResolverConfigs(_ context.Context, c *world.Call, in *sdk.ListResolverConfigsInput) (*sdk.ListResolverConfigsOutput, error) {
	if err := allow(c, myARN(c, "resolver-config", "*"), nil, nil); err != nil {
		return nil, err
	}
	var all []types.ResolverConfig
	for v := range c.Estate().VPCs.By(estate.ByRegion(c.Account(), c.Region)) {
		if _, ok := c.Estate().ResolverConfigs.Get(v.ID); ok {
			all = append(all, *showConfig(c, v.ID))
		}
	}
	for p := range c.Estate().Profiles.By(estate.ByRegion(c.Account(), c.Region)) {
		if p.Reverse != "" {
			all = append(all, *showConfig(c, p.ID))
		}
	}
	list, next, err := page(all, func(v types.ResolverConfig) string { return *v.Id }, in.MaxResults, in.NextToken)
	return &sdk.ListResolverConfigsOutput{ResolverConfigs: list, NextToken: next}, err
}

// initial is a setting that nobody made: off, and in a Profile the VPC's.
func initial(c *world.Call, id string) string {
	if _, ok := c.Estate().Profiles.Get(id); ok {
		return string(types.ValidationUseLocalResourceSetting)
	}
	return "DISABLED"
}

func setting(c *world.Call, kind, id string) string {
	if v, ok := settings.Get(c.State, kind+id); ok {
		return v
	}
	return initial(c, id)
}

// made are the VPCs and Profiles of the caller's in the Region with a setting.
func made(c *world.Call, kind string) []string {
	var out []string
	settings.Walk(c.State, kind, func(key, _ string) bool {
		id := strings.TrimPrefix(key, kind)
		p, ok := c.Estate().Profiles.Get(id)
		_, vpc := ownVPC(c, id)
		if vpc || ok && p.Account == c.Account() && p.Region == c.Region {
			out = append(out, id)
		}
		return true
	})
	return out
}

func showDnssec(c *world.Call, id string) *types.ResolverDnssecConfig {
	return &types.ResolverDnssecConfig{
		Id: configID("rslvr-rdsc", id), OwnerId: aws.String(string(c.Account())), ResourceId: &id, ValidationStatus: types.ResolverDNSSECValidationStatus(setting(c, dnssec, id)),
	}
}

func getResolverDnssecConfig(_ context.Context, c *world.Call, in *sdk.GetResolverDnssecConfigInput) (*sdk.GetResolverDnssecConfigOutput, error) {
	if _, err := configured(c, "resolver-dnssec-config", in.ResourceId); err != nil {
		return nil, err
	}
	return &sdk.GetResolverDnssecConfigOutput{ResolverDNSSECConfig: showDnssec(c, *in.ResourceId)}, nil
}

func updateResolverDnssecConfig(_ context.Context, c *world.Call, in *sdk.UpdateResolverDnssecConfigInput) (*sdk.UpdateResolverDnssecConfigOutput, error) {
	profile, err := configured(c, "resolver-dnssec-config", in.ResourceId)
	if err != nil {
		return nil, err
	}
	status := map[types.Validation]types.ResolverDNSSECValidationStatus{
		types.ValidationEnable: types.ResolverDNSSECValidationStatusEnabled, types.ValidationDisable: types.ResolverDNSSECValidationStatusDisabled,
		types.ValidationUseLocalResourceSetting: types.ResolverDNSSECValidationStatusUseLocalResourceSetting,
	}[in.Validation]
	if status == types.ResolverDNSSECValidationStatusUseLocalResourceSetting && !profile {
		return nil, invalid("Validation", "Only a Profile can use the local resource setting.")
	}
	settings.Put(c.State, dnssec+*in.ResourceId, string(status))
	return &sdk.UpdateResolverDnssecConfigOutput{ResolverDNSSECConfig: showDnssec(c, *in.ResourceId)}, nil
}

func listResolverDnssecConfigs(_ context.Context, c *world.Call, in *sdk.ListResolverDnssecConfigsInput) (*sdk.ListResolverDnssecConfigsOutput, error) {
	if err := allow(c, myARN(c, "resolver-dnssec-config", "*"), nil, nil); err != nil {
		return nil, err
	}
	if in.Filters != nil {
		return nil, c.Unsupported("Filters")
	}
	var all []types.ResolverDnssecConfig
	for _, id := range made(c, dnssec) {
		all = append(all, *showDnssec(c, id))
	}
	list, next, err := page(all, func(v types.ResolverDnssecConfig) string { return *v.Id }, in.MaxResults, in.NextToken)
	return &sdk.ListResolverDnssecConfigsOutput{ResolverDnssecConfigs: list, NextToken: next}, err
}

func showFirewallConfig(c *world.Call, id string) *types.FirewallConfig {
	return &types.FirewallConfig{
		Id: configID("rslvr-fc", id), OwnerId: aws.String(string(c.Account())), ResourceId: &id, FirewallFailOpen: types.FirewallFailOpenStatus(setting(c, failOpen, id)),
	}
}

func getFirewallConfig(_ context.Context, c *world.Call, in *sdk.GetFirewallConfigInput) (*sdk.GetFirewallConfigOutput, error) {
	if _, err := configured(c, "firewall-config", in.ResourceId); err != nil {
		return nil, err
	}
	return &sdk.GetFirewallConfigOutput{FirewallConfig: showFirewallConfig(c, *in.ResourceId)}, nil
}

func updateFirewallConfig(_ context.Context, c *world.Call, in *sdk.UpdateFirewallConfigInput) (*sdk.UpdateFirewallConfigOutput, error) {
	profile, err := configured(c, "firewall-config", in.ResourceId)
	if err != nil {
		return nil, err
	}
	if in.FirewallFailOpen == types.FirewallFailOpenStatusUseLocalResourceSetting && !profile {
		return nil, validation("Only a Profile can use the local resource setting.")
	}
	settings.Put(c.State, failOpen+*in.ResourceId, string(in.FirewallFailOpen))
	return &sdk.UpdateFirewallConfigOutput{FirewallConfig: showFirewallConfig(c, *in.ResourceId)}, nil
}

func listFirewallConfigs(_ context.Context, c *world.Call, in *sdk.ListFirewallConfigsInput) (*sdk.ListFirewallConfigsOutput, error) {
	if err := allow(c, myARN(c, "firewall-config", "*"), nil, nil); err != nil {
		return nil, err
	}
	var all []types.FirewallConfig
	for _, id := range made(c, failOpen) {
		all = append(all, *showFirewallConfig(c, id))
	}
	list, next, err := page(all, func(v types.FirewallConfig) string { return *v.Id }, in.MaxResults, in.NextToken)
	return &sdk.ListFirewallConfigsOutput{FirewallConfigs: list, NextToken: next}, err
}
