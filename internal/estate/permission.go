package estate

import "strings"

// ShareKind is a type of resource that can be shared by RAM (RAM User Guide,
// shareable.html).
type ShareKind struct {
	Name            string // as RAM has it, "ec2:Subnet"
	Service, Prefix string // of its ARNs
	// Inside: it is shared only within the organization.
	Inside bool
	// Week: an invitation to it waits seven days, otherwise twelve hours (RAM
	// User Guide, working-with-shared-invitations.html).
	Week bool
	// Permission is the default one of RAM, and Actions what it allows.
	Permission string
	Actions    []string
}

// ShareKinds are the types of resources known here. What their permissions
// allow is documented for Resolver rules (API_route53resolver_PutResolverRulePolicy),
// query-log configurations (API_route53resolver_PutResolverQueryLogConfigPolicy),
// parameters (Systems Manager User Guide, parameter-store-shared-parameters.html),
// and in words for Profiles: consumers see what is associated and associate
// VPCs (Route 53 Developer Guide, sharing-profiles.html), and for VPC Lattice
// (VPC Lattice User Guide, sharing.html); the exact lists of the others are our
// reading of what consumers can do, as is the permission's name for services; that
// for resource configurations is in Amazon EventBridge's User Guide, connection-private.
var ShareKinds = []ShareKind{
	{Name: "ec2:Subnet", Service: "ec2", Prefix: "subnet/", Inside: true, Week: true, Permission: "AWSRAMDefaultPermissionSubnet", Actions: []string{
		"ec2:CreateNetworkInterface", "ec2:DescribeSubnets", "ec2:RunInstances",
	}},
	{Name: "ec2:TransitGateway", Service: "ec2", Prefix: "transit-gateway/", Week: true, Permission: "AWSRAMDefaultPermissionTransitGateway", Actions: []string{
		"ec2:CreateTransitGatewayVpcAttachment", "ec2:DeleteTransitGatewayVpcAttachment", "ec2:DescribeTransitGateways", "ec2:ModifyTransitGatewayVpcAttachment",
	}},
	{Name: "route53profiles:Profile", Service: "route53profiles", Prefix: "profile/", Permission: "AWSRAMPermissionRoute53ProfileAllowAssociation", Actions: []string{
		"route53profiles:AssociateProfile", "route53profiles:DisassociateProfile", "route53profiles:GetProfile", "route53profiles:GetProfileResourceAssociation",
		"route53profiles:ListProfileAssociations", "route53profiles:ListProfileResourceAssociations", "route53profiles:ListProfiles",
	}},
	{Name: "route53resolver:FirewallRuleGroup", Service: "route53resolver", Prefix: "firewall-rule-group/", Permission: "AWSRAMDefaultPermissionResolverFirewallRuleGroup", Actions: []string{
		"route53resolver:AssociateFirewallRuleGroup", "route53resolver:DisassociateFirewallRuleGroup", "route53resolver:GetFirewallRuleGroup", "route53resolver:ListFirewallRuleGroups",
	}},
	{Name: "route53resolver:ResolverQueryLogConfig", Service: "route53resolver", Prefix: "resolver-query-log-config/", Permission: "AWSRAMDefaultPermissionResolverQueryLogConfig", Actions: []string{
		"route53resolver:AssociateResolverQueryLogConfig", "route53resolver:DisassociateResolverQueryLogConfig", "route53resolver:ListResolverQueryLogConfigs",
	}},
	{Name: "route53resolver:ResolverRule", Service: "route53resolver", Prefix: "resolver-rule/", Week: true, Permission: "AWSRAMDefaultPermissionResolverRule", Actions: []string{
		"route53resolver:AssociateResolverRule", "route53resolver:DisassociateResolverRule", "route53resolver:GetResolverRule",
		"route53resolver:ListResolverRuleAssociations", "route53resolver:ListResolverRules",
	}},
	{Name: "ssm:Parameter", Service: "ssm", Prefix: "parameter/", Permission: "AWSRAMDefaultPermissionSSMParameterReadOnly", Actions: []string{
		"ssm:DescribeParameters", "ssm:GetParameter", "ssm:GetParameters",
	}},
	{Name: "vpc-lattice:ResourceConfiguration", Service: "vpc-lattice", Prefix: "resourceconfiguration/", Permission: "AWSRAMPermissionVpcLatticeResourceConfiguration", Actions: []string{
		"vpc-lattice:CreateServiceNetworkResourceAssociation", "vpc-lattice:GetResourceConfiguration",
	}},
	{Name: "vpc-lattice:Service", Service: "vpc-lattice", Prefix: "service/", Permission: "AWSRAMPermissionVpcLatticeServiceReadWrite", Actions: []string{
		"vpc-lattice:CreateServiceNetworkServiceAssociation", "vpc-lattice:GetService",
	}},
	{Name: "vpc-lattice:ServiceNetwork", Service: "vpc-lattice", Prefix: "servicenetwork/", Permission: "AWSRAMPermissionVpcLatticeServiceNetworkReadWrite", Actions: []string{
		"vpc-lattice:CreateServiceNetworkResourceAssociation", "vpc-lattice:CreateServiceNetworkServiceAssociation",
		"vpc-lattice:CreateServiceNetworkVpcAssociation", "vpc-lattice:GetServiceNetwork",
	}},
}

// PermissionARN is the ARN of the kind's default permission.
func (k ShareKind) PermissionARN() string { return "arn:aws:ram::aws:permission/" + k.Permission }

// ShareKindOf finds the type of a resource by its ARN.
func ShareKindOf(arn string) (ShareKind, bool) {
	if parts := strings.SplitN(arn, ":", 6); len(parts) == 6 {
		for _, k := range ShareKinds {
			if k.Service == parts[2] && strings.HasPrefix(parts[5], k.Prefix) {
				return k, true
			}
		}
	}
	return ShareKind{}, false
}

// Permission is a customer managed permission of RAM (RAM API,
// ResourceSharePermissionDetail).
type Permission struct {
	ARN      string              `json:"arn"`
	Account  AccountID           `json:"account"`
	Region   Region              `json:"region"`
	Name     string              `json:"name"`
	Type     string              `json:"type"`     // of the resources, a ShareKind's Name
	Default  int                 `json:"default"`  // the version that new shares get
	Versions []PermissionVersion `json:"versions"` // by number
	Tags     Tags                `json:"tags,omitzero"`
}

// PermissionVersion is a version of a customer managed permission.
type PermissionVersion struct {
	Version int      `json:"version"`
	Actions []string `json:"actions"`
	Policy  string   `json:"policy,omitempty"` // its policy template
}

func (p Permission) Key() string         { return p.ARN }
func (p Permission) IndexKeys() []string { return []string{ByRegion(p.Account, p.Region)} }

// Version finds a version; 0 is the default one.
func (p Permission) Version(n int) (PermissionVersion, bool) {
	if n == 0 {
		n = p.Default
	}
	for _, v := range p.Versions {
		if v.Version == n {
			return v, true
		}
	}
	return PermissionVersion{}, false
}

// SharePermission is a permission that was put on a share. A type of resource
// without one has its default permission.
type SharePermission struct {
	ARN     string `json:"arn"`
	Version int    `json:"version,omitempty"` // of a customer managed one; 0: its default
}

// PermissionOf is the permission that a share has for a type of resource.
func (e Estate) PermissionOf(s Share, k ShareKind) SharePermission {
	for _, p := range s.Permissions {
		if own, ok := e.Permissions.Get(p.ARN); member(p.ARN) == member(k.PermissionARN()) || ok && own.Type == k.Name {
			return p
		}
	}
	return SharePermission{ARN: k.PermissionARN()}
}

// Allowed are the actions that a share lets its principals do with a resource
// that it holds. A permission that was not read counts as the default one.
func (e Estate) Allowed(s Share, arn string) []string {
	k, ok := ShareKindOf(arn)
	if !ok {
		return nil
	}
	p := e.PermissionOf(s, k)
	if own, ok := e.Permissions.Get(p.ARN); ok {
		v, _ := own.Version(p.Version)
		return v.Actions
	}
	return k.Actions
}
