package estate

import (
	"cmp"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/dnsname"
)

// States of a VPC Lattice service and of an association (VPC Lattice API,
// ServiceSummary, ServiceNetworkVpcAssociationSummary).
const (
	LatticeActive       = "ACTIVE"
	LatticeCreating     = "CREATE_IN_PROGRESS"
	LatticeUpdating     = "UPDATE_IN_PROGRESS" // of an association
	LatticeDeleting     = "DELETE_IN_PROGRESS"
	LatticeCreateFailed = "CREATE_FAILED"
	LatticeDeleteFailed = "DELETE_FAILED"
)

// LatticeService is a VPC Lattice service as its owner sees it (VPC Lattice API,
// ServiceSummary): ListServices already tells its custom domain and DNS entry.
type LatticeService struct {
	ID      string    `json:"id"` // svc-…
	ARN     string    `json:"arn"`
	Name    string    `json:"name"`
	Account AccountID `json:"account"` // its owner
	Region  Region    `json:"region"`
	Status  string    `json:"status,omitempty"` // one of the Lattice… states
	// CustomDomain is the name that its owner gave it, none or one, and never
	// changed; Lattice makes no record for it (R7.3).
	CustomDomain dnsname.Name `json:"customDomain,omitzero"`
	// DNS is the name that Lattice generated, which public DNS holds (R7.1).
	DNS     LatticeName `json:"dns,omitzero"`
	Created time.Time   `json:"created,omitzero"`
	Tags    Tags        `json:"tags,omitzero"`
}

func (s LatticeService) Key() string { return s.ARN }
func (s LatticeService) IndexKeys() []string {
	keys := []string{ByAccount(s.Account), ByRegion(s.Account, s.Region), ByName(s.DNS.Name)}
	if !s.CustomDomain.IsZero() {
		keys = append(keys, ByCustomDomain(s.CustomDomain))
	}
	return append(keys, ByLatticeName(s.Account, s.Region, s.Name))
}

// ByLatticeName is the index key of Lattice services, and of service networks,
// by the name that their owner gave them, which is unique in its account and
// Region (API_CreateService, API_CreateServiceNetwork).
func ByLatticeName(a AccountID, r Region, name string) string {
	return "latticeName/" + string(a) + "/" + string(r) + "/" + name
}

// ByCustomDomain is the index key of Lattice services by custom domain.
func ByCustomDomain(n dnsname.Name) string { return "domain/" + n.Key() }

// Same reports whether two services are the same, in all that is read of them; their
// tags are not.
func (s LatticeService) Same(o LatticeService) bool {
	return s.ID == o.ID && s.ARN == o.ARN && s.Name == o.Name && s.Account == o.Account && s.Region == o.Region && s.Status == o.Status &&
		s.CustomDomain == o.CustomDomain && s.DNS == o.DNS && s.Created.Equal(o.Created)
}

// Gone reports whether the service is going or never came.
func (s LatticeService) Gone() bool {
	return s.Status == LatticeDeleting || s.Status == LatticeCreateFailed
}

// LatticeName is the DNS entry of a Lattice service (VPC Lattice API, DnsEntry).
type LatticeName struct {
	Name dnsname.Name `json:"name"`
	Zone string       `json:"zone"` // the hosted zone ID that an alias to it gives
}

// LatticeNetwork is a VPC Lattice service network: what is associated with it can
// be reached from the VPCs that are (VPC Lattice API, ServiceNetworkSummary).
type LatticeNetwork struct {
	ID      string    `json:"id"` // sn-…
	ARN     string    `json:"arn"`
	Name    string    `json:"name"`
	Account AccountID `json:"account"` // its owner
	Region  Region    `json:"region"`
	Created time.Time `json:"created,omitzero"`
	Tags    Tags      `json:"tags,omitzero"`
}

func (n LatticeNetwork) Key() string { return n.ARN }
func (n LatticeNetwork) IndexKeys() []string {
	return []string{ByAccount(n.Account), ByRegion(n.Account, n.Region), ByLatticeName(n.Account, n.Region, n.Name)}
}

// LatticeAssociation is a service, a VPC or a resource in a service network (VPC
// Lattice API, ServiceNetworkServiceAssociationSummary,
// ServiceNetworkVpcAssociationSummary, ServiceNetworkResourceAssociationSummary).
type LatticeAssociation struct {
	ID       string    `json:"id"`      // snsa-… of a service, snva-… of a VPC, snra-… of a resource
	Account  AccountID `json:"account"` // who made it
	Region   Region    `json:"region"`
	Network  string    `json:"network"`            // ARN of the service network
	Service  string    `json:"service,omitempty"`  // ARN, or
	VPC      string    `json:"vpc,omitempty"`      // or
	Resource string    `json:"resource,omitempty"` // ARN of a resource configuration
	Groups   []string  `json:"groups,omitempty"`   // security groups of a VPC's
	Status   string    `json:"status"`             // one of the Lattice… states
	// PrivateDNS lets VPC Lattice manage hosted zones for custom domains of
	// resources: of a VPC's for those of Domains, of a resource's at all (R7.4).
	PrivateDNS bool           `json:"privateDNS,omitempty"`
	Domains    PrivateDomains `json:"domains,omitzero"`
	Created    time.Time      `json:"created,omitzero"`
	Tags       Tags           `json:"tags,omitzero"`
}

func (a LatticeAssociation) Key() string { return a.ID }
func (a LatticeAssociation) IndexKeys() []string {
	keys := []string{ByAccount(a.Account), ByRegion(a.Account, a.Region), ByMember(a.Network)}
	if a.VPC != "" {
		return append(keys, ByVPC(a.VPC))
	}
	return append(keys, ByMember(a.Member()))
}

// Member is the ARN of the service or resource configuration that is associated.
func (a LatticeAssociation) Member() string { return cmp.Or(a.Service, a.Resource) }

// ARN of the association in an account: its maker has one, and the owner of what
// is associated (VPC Lattice User Guide, sharing.html).
func (a LatticeAssociation) ARN(in AccountID) string {
	kind := "service"
	switch {
	case a.VPC != "":
		kind = "vpc"
	case a.Resource != "":
		kind = "resource"
	}
	return LatticeARN(in, a.Region, "servicenetwork"+kind+"association", a.ID)
}

// LatticeARN is the ARN of a resource of VPC Lattice (Service Authorization
// Reference, list_amazonvpclattice.html, resource types).
func LatticeARN(a AccountID, r Region, kind, id string) string {
	return "arn:aws:vpc-lattice:" + string(r) + ":" + string(a) + ":" + kind + "/" + id
}

// LatticeID is the ID of the service that a generated name belongs to,
// "svc-0a1b…": the name is NAME-SERVICE_ID.PARTITION_ID.vpc-lattice-svcs.REGION.on.aws,
// the ID there without its prefix (R7.1; VPC Lattice User Guide,
// service-custom-domain-name.html). False for every other name.
func LatticeID(n dnsname.Name) (id string, r Region, ok bool) {
	labels := strings.Split(n.String(), ".")
	if len(labels) != 6 || labels[2] != "vpc-lattice-svcs" || labels[4] != "on" || labels[5] != "aws" {
		return "", "", false
	}
	i := strings.LastIndexByte(labels[0], '-')
	if i < 0 || i == len(labels[0])-1 {
		return "", "", false
	}
	return "svc-" + labels[0][i+1:], Region(labels[3]), true
}
