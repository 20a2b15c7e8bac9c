package estate

import "net/netip"

// What decides whether an address can be reached: routes, Transit Gateways,
// peering, security groups and network ACLs.

// SecurityGroup is a security group of a VPC.
type SecurityGroup struct {
	ID          string      `json:"id"` // sg-…
	Account     AccountID   `json:"account"`
	Region      Region      `json:"region"`
	VPC         string      `json:"vpc"`
	Name        string      `json:"name"`
	Description string      `json:"description,omitempty"`
	Rules       []GroupRule `json:"rules,omitempty"`
	Tags        Tags        `json:"tags,omitzero"`
}

func (g SecurityGroup) Key() string { return g.ID }
func (g SecurityGroup) IndexKeys() []string {
	return []string{ByRegion(g.Account, g.Region), ByVPC(g.VPC)}
}

// GroupRule is one rule of a security group with one other side: a range, a
// group or a prefix list.
type GroupRule struct {
	ID          string       `json:"id,omitempty"` // sgr-…
	Egress      bool         `json:"egress,omitempty"`
	Protocol    string       `json:"protocol"` // tcp, udp, icmp, icmpv6, a number, or -1 for all
	From        int32        `json:"from"`     // port; -1 for all
	To          int32        `json:"to"`
	CIDR        netip.Prefix `json:"cidr,omitzero"`
	PrefixList  string       `json:"prefixList,omitempty"`
	Group       string       `json:"group,omitempty"`
	Description string       `json:"description,omitempty"`
}

// RouteTable is a route table of a VPC.
type RouteTable struct {
	ID      string    `json:"id"` // rtb-…
	Account AccountID `json:"account"`
	Region  Region    `json:"region"`
	VPC     string    `json:"vpc"`
	Main    bool      `json:"main,omitempty"`    // of all subnets that no other table names
	Subnets []string  `json:"subnets,omitempty"` // explicitly associated
	Routes  []Route   `json:"routes,omitempty"`
	Tags    Tags      `json:"tags,omitzero"`
}

func (t RouteTable) Key() string { return t.ID }
func (t RouteTable) IndexKeys() []string {
	return []string{ByRegion(t.Account, t.Region), ByVPC(t.VPC)}
}

// States of a route (EC2 API, Route and TransitGatewayRoute).
const (
	RouteActive    = "active"
	RouteBlackhole = "blackhole"
)

// Route is a route of a VPC. Target is the ID of what traffic goes to: "local",
// or that of a Transit Gateway (tgw-…), peering (pcx-…), internet gateway
// (igw-…), NAT gateway (nat-…), interface (eni-…), gateway endpoint (vpce-…).
type Route struct {
	To         netip.Prefix `json:"to,omitzero"`
	PrefixList string       `json:"prefixList,omitempty"` // in place of To
	Target     string       `json:"target"`
	State      string       `json:"state"`            // RouteActive, RouteBlackhole
	Origin     string       `json:"origin,omitempty"` // CreateRouteTable, CreateRoute, EnableVgwRoutePropagation
}

// NetworkACL is a network access control list.
type NetworkACL struct {
	ID      string     `json:"id"` // acl-…
	Account AccountID  `json:"account"`
	Region  Region     `json:"region"`
	VPC     string     `json:"vpc"`
	Default bool       `json:"default,omitempty"`
	Subnets []string   `json:"subnets,omitempty"`
	Entries []ACLEntry `json:"entries,omitempty"`
	Tags    Tags       `json:"tags,omitzero"`
}

func (a NetworkACL) Key() string { return a.ID }
func (a NetworkACL) IndexKeys() []string {
	return []string{ByRegion(a.Account, a.Region), ByVPC(a.VPC)}
}

// ACLEntry is a rule of a network ACL; the lowest number that matches decides,
// and what no entry matches is denied.
type ACLEntry struct {
	Number   int32        `json:"number"`
	Egress   bool         `json:"egress,omitempty"`
	Allow    bool         `json:"allow,omitempty"`
	Protocol string       `json:"protocol"` // a number, or -1 for all
	CIDR     netip.Prefix `json:"cidr"`
	From     int32        `json:"from,omitempty"` // port; 0 and 0 with protocol -1
	To       int32        `json:"to,omitempty"`
}

// States of a VPC peering connection (EC2 API, VpcPeeringConnectionStateReason).
const (
	PeeringPending = "pending-acceptance"
	PeeringActive  = "active"
)

// Peering is a VPC peering connection.
type Peering struct {
	ID        string      `json:"id"` // pcx-…
	Requester PeeringSide `json:"requester"`
	Accepter  PeeringSide `json:"accepter"`
	State     string      `json:"state"` // one of the Peering… states, or another that EC2 names
	Tags      Tags        `json:"tags,omitzero"`
}

// PeeringSide is one VPC of a peering connection.
type PeeringSide struct {
	Account AccountID      `json:"account"`
	Region  Region         `json:"region"`
	VPC     string         `json:"vpc"`
	CIDRs   []netip.Prefix `json:"cidrs,omitempty"`
	// DNS resolves the other side's public EC2 names to private addresses
	// (AllowDnsResolutionFromRemoteVpc).
	DNS bool `json:"dns,omitempty"`
}

func (p Peering) Key() string { return p.ID }
func (p Peering) IndexKeys() []string {
	return []string{
		ByRegion(p.Requester.Account, p.Requester.Region), ByRegion(p.Accepter.Account, p.Accepter.Region),
		ByVPC(p.Requester.VPC), ByVPC(p.Accepter.VPC),
	}
}

// TransitGateway is a Transit Gateway (EC2 API, TransitGateway).
type TransitGateway struct {
	ID      string    `json:"id"` // tgw-…
	Account AccountID `json:"account"`
	Region  Region    `json:"region"`
	State   string    `json:"state"` // pending, available, deleting, deleted
	ASN     int64     `json:"asn,omitempty"`
	// AutoAccept takes attachments of other accounts without being asked.
	AutoAccept bool `json:"autoAccept,omitempty"`
	// AssociationTable and PropagationTable are the route tables that a new
	// attachment is associated with and propagates to; none when that is off.
	AssociationTable string `json:"associationTable,omitempty"`
	PropagationTable string `json:"propagationTable,omitempty"`
	DNSSupport       bool   `json:"dnsSupport,omitempty"`
	Tags             Tags   `json:"tags,omitzero"`
}

func (g TransitGateway) Key() string         { return g.ID }
func (g TransitGateway) IndexKeys() []string { return []string{ByRegion(g.Account, g.Region)} }

// ARN of the gateway.
func (g TransitGateway) ARN() string {
	return "arn:aws:ec2:" + string(g.Region) + ":" + string(g.Account) + ":transit-gateway/" + g.ID
}

// States of a Transit Gateway attachment (EC2 API, TransitGatewayVpcAttachment).
const (
	AttachmentPendingAcceptance = "pendingAcceptance"
	AttachmentPending           = "pending"
	AttachmentAvailable         = "available"
	AttachmentDeleting          = "deleting"
	AttachmentDeleted           = "deleted"
	AttachmentRejected          = "rejected"
)

// TransitAttachment is the attachment of a VPC to a Transit Gateway.
type TransitAttachment struct {
	ID      string    `json:"id"` // tgw-attach-…
	Gateway string    `json:"gateway"`
	Owner   AccountID `json:"owner"`   // of the gateway
	Account AccountID `json:"account"` // of the VPC
	Region  Region    `json:"region"`
	VPC     string    `json:"vpc"`
	Subnets []string  `json:"subnets,omitempty"`
	State   string    `json:"state"` // one of the Attachment… states
	// Table is the gateway's route table that it is associated with.
	Table string `json:"table,omitempty"`
	// Tags are those that the VPC's owner gave, OwnerTags the gateway's.
	Tags      Tags `json:"tags,omitzero"`
	OwnerTags Tags `json:"ownerTags,omitzero"`
}

func (a TransitAttachment) Key() string { return a.ID }
func (a TransitAttachment) IndexKeys() []string {
	return []string{ByRegion(a.Account, a.Region), ByOwner(a.Owner, a.Region), ByVPC(a.VPC), ByGateway(a.Gateway)}
}

// ByOwner is the index key of the attachments to the gateways of an account in a
// Region.
func ByOwner(id AccountID, r Region) string { return "owner/" + string(id) + "/" + string(r) }

// ByGateway is the index key of what belongs to a Transit Gateway.
func ByGateway(id string) string { return "gateway/" + id }

// TransitTable is a route table of a Transit Gateway.
type TransitTable struct {
	ID      string    `json:"id"` // tgw-rtb-…
	Gateway string    `json:"gateway"`
	Account AccountID `json:"account"`
	Region  Region    `json:"region"`
	// Propagating are the attachments whose VPC's ranges it has as routes.
	Propagating []string       `json:"propagating,omitempty"`
	Routes      []TransitRoute `json:"routes,omitempty"`
	Tags        Tags           `json:"tags,omitzero"`
}

func (t TransitTable) Key() string { return t.ID }
func (t TransitTable) IndexKeys() []string {
	return []string{ByRegion(t.Account, t.Region), ByGateway(t.Gateway)}
}

// TransitRoute is a route of a Transit Gateway.
type TransitRoute struct {
	To         netip.Prefix `json:"to"`
	Attachment string       `json:"attachment,omitempty"` // none of a blackhole
	Propagated bool         `json:"propagated,omitempty"` // else static
	State      string       `json:"state"`                // RouteActive, RouteBlackhole
}
