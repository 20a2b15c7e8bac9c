package resolver

import (
	"testing"

	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// TestService: the handlers fit the wire's tables, and each asks first.
func TestService(t *testing.T) {
	vpc, config := wire.Tree{"ResourceId": "vpc-1"}, wire.Tree{"ResolverQueryLogConfigId": "rqlc-1", "ResourceId": "vpc-1"}
	worldtest.Handlers(t, "route53resolver", Service(), map[string]wire.Tree{
		"CreateResolverRule":              {"CreatorRequestId": "r", "RuleType": "SYSTEM", "DomainName": "example.com"},
		"DisassociateResolverRule":        {"ResolverRuleId": internet, "VPCId": "vpc-1"},
		"GetResolverRule":                 {"ResolverRuleId": internet},
		"DeleteResolverRule":              {"ResolverRuleId": internet},
		"GetResolverConfig":               vpc,
		"GetResolverDnssecConfig":         vpc,
		"GetFirewallConfig":               vpc,
		"AssociateResolverQueryLogConfig": config, "DisassociateResolverQueryLogConfig": config,
		"TagResource": {"ResourceArn": "arn:aws:route53resolver:eu-west-1:111111111111:resolver-rule/none", "Tags": []any{}},
	})
}
