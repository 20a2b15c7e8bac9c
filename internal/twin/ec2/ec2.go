// Package ec2 is the twin's Amazon EC2, as far as names depend on it: VPCs and
// their DNS attributes, subnets, tags, Regions and Availability Zones, and what
// clients read or make beside a VPC: security groups, internet gateways, the
// default network ACL, the main route table, the default DHCP options; and
// subnets that another account shares.
//
// Not here: instances and network interfaces, network ACLs and route tables of
// one's own, IPAM, Outposts, Local Zones. What is not here is refused, with the
// operation's or the parameter's name.
package ec2

import (
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's EC2.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{
		wire.Handle(createVpc),
		wire.Handle(createDefaultVpc),
		wire.Handle(deleteVpc),
		wire.Handle(describeVpcs),
		wire.Handle(modifyVpcAttribute),
		wire.Handle(describeVpcAttribute),
		wire.Handle(associateVpcCidrBlock),
		wire.Handle(disassociateVpcCidrBlock),
		wire.Handle(createSubnet),
		wire.Handle(deleteSubnet),
		wire.Handle(describeSubnets),
		wire.Handle(modifySubnetAttribute),
		wire.Handle(createTags),
		wire.Handle(deleteTags),
		wire.Handle(describeTags),
		wire.Handle(describeRegions),
		wire.Handle(describeAvailabilityZones),
		wire.Handle(describeAccountAttributes),
		wire.Handle(describeDhcpOptions),
		wire.Handle(describeNetworkAcls),
		wire.Handle(describeRouteTables),
		wire.Handle(describeNetworkInterfaces),
		wire.Handle(describeVpcClassicLink),
		wire.Handle(describeVpcClassicLinkDNSSupport),
		wire.Handle(createInternetGateway),
		wire.Handle(deleteInternetGateway),
		wire.Handle(attachInternetGateway),
		wire.Handle(detachInternetGateway),
		wire.Handle(describeInternetGateways),
		wire.Handle(createSecurityGroup),
		wire.Handle(deleteSecurityGroup),
		wire.Handle(describeSecurityGroups),
		wire.Handle(describeSecurityGroupRules),
		wire.Handle(authorizeSecurityGroupIngress),
		wire.Handle(authorizeSecurityGroupEgress),
		wire.Handle(revokeSecurityGroupIngress),
		wire.Handle(revokeSecurityGroupEgress),
	}
}
