package recipe

// The events that tell of VPC Lattice services: who sends them, of which detail type.
// The chain lets them through, and package event reads them. Sources that begin with
// "aws." are AWS's own: PutEvents refuses them from others
// (API_PutEventsRequestEntry).
const (
	// A change of a service's tags (Tagging AWS Resources User Guide,
	// tag-monitor.html).
	TagSource = "aws.tag"
	TagChange = "Tag Change on Resource"
	// An API call that CloudTrail recorded (EventBridge User Guide,
	// eb-service-event-cloudtrail.html; VPC Lattice User Guide,
	// monitoring-cloudtrail.html).
	TrailSource = "aws.vpc-lattice"
	TrailCall   = "AWS API Call via CloudTrail"
	TrailAPI    = "vpc-lattice.amazonaws.com" // its eventSource
	// What AWS's guidance on automated DNS for VPC Lattice sends from account to
	// account.
	GuidanceSource  = "vpclattice_information"
	GuidanceCreated = "ServiceCreated"
	GuidanceDeleted = "ServiceDeleted"
)

// TrailCalls are the calls that change what a service is.
var TrailCalls = []string{"CreateService", "UpdateService", "DeleteService", "TagResource", "UntagResource"}
