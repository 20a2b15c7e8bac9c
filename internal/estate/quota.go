package estate

// RaisedQuota is a quota that AWS raises when asked, and that no call tells which
// orgdns makes: the configuration may tell what it was raised to. In a Quota its
// Name is the Code, and there is no ID; without an Account it holds in all that
// have none of their own.
type RaisedQuota struct {
	Name    string // in the configuration, and Quota.Code
	Meaning string
	Usual   int // what AWS gives to an account that never asked
}

// Names of quotas that may have been raised.
const (
	QuotaProfiles              = "profiles"
	QuotaVPCsPerProfile        = "vpcsPerProfile"
	QuotaZonesPerProfile       = "zonesPerProfile"
	QuotaRulesPerProfile       = "rulesPerProfile"
	QuotaResolverEndpoints     = "resolverEndpoints"
	QuotaResolverRules         = "resolverRules"
	QuotaRuleAssociations      = "ruleAssociations"
	QuotaEndpointsPerVPC       = "endpointsPerVPC"
	QuotaRulesPerSecurityGroup = "rulesPerSecurityGroup"
	QuotaResourcesPerShare     = "resourcesPerShare"
	QuotaPrincipalsPerShare    = "principalsPerShare"
)

// RaisedQuotas are all of them (Route 53 Developer Guide, DNSLimitations.html;
// PrivateLink guide, vpc-limits-endpoints.html; VPC User Guide,
// amazon-vpc-limits.html; RAM User Guide, service-quotas.html).
var RaisedQuotas = []RaisedQuota{
	{QuotaProfiles, "Profiles of an account in a Region.", 5},
	{QuotaVPCsPerProfile, "VPCs of a Profile, in the account that owns it.", 1000},
	{QuotaZonesPerProfile, "Private zones that a Profile carries.", 5000},
	{QuotaRulesPerProfile, "Resolver rules that a Profile carries.", 1000},
	{QuotaResolverEndpoints, "Resolver endpoints of an account in a Region.", 4},
	{QuotaResolverRules, "Resolver rules of an account in a Region.", 1000},
	{QuotaRuleAssociations, "Associations of Resolver rules with VPCs, in the VPCs' account and a Region.", 2000},
	{QuotaEndpointsPerVPC, "Interface endpoints of a VPC.", 50},
	{QuotaRulesPerSecurityGroup, "Inbound rules of a security group.", 60},
	{QuotaResourcesPerShare, "Resources of a RAM resource share.", 5000},
	{QuotaPrincipalsPerShare, "Principals of a RAM resource share.", 5000},
}

// Raised is what a quota of an account was raised to, as far as that is known;
// else usual.
func (e Estate) Raised(account AccountID, name string, usual int) int {
	for _, holder := range []AccountID{account, ""} {
		if q, ok := e.Quotas.Get(Quota{Account: holder, Code: name}.Key()); ok {
			return int(q.Value)
		}
	}
	return usual
}

// UsualQuota is what AWS gives to an account that never asked for more of a
// quota.
func UsualQuota(name string) int {
	for _, q := range RaisedQuotas {
		if q.Name == name {
			return q.Usual
		}
	}
	return 0
}
