package route53

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/smithy-go"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

func text(format string, args ...any) *string {
	s := fmt.Sprintf(format, args...)
	return &s
}

func generic(code, format string, args ...any) error {
	return &smithy.GenericAPIError{Code: code, Message: fmt.Sprintf(format, args...), Fault: smithy.FaultClient}
}

// throttled is Route 53's answer to too many requests or changes (Developer
// Guide, throttling-api-requests.html).
func throttled() error { return generic("Throttling", "Rate exceeded") }

func invalidInput(format string, args ...any) error {
	return &types.InvalidInput{Message: text(format, args...)}
}

// invalidBatch lists what is wrong with a change batch. The message repeats the
// list in brackets, as clients show it.
func invalidBatch(messages []string) error {
	return &types.InvalidChangeBatch{
		Message:  text("[%s]", strings.Join(messages, ", ")),
		Messages: messages,
	}
}

func noSuchZone(id string) error {
	return &types.NoSuchHostedZone{Message: text("No hosted zone found with ID: %s", id)}
}

// foreign is what the owner of one account hears of a zone, change or set of
// another (hashicorp/terraform-provider-aws#12570).
func foreign(c *world.Call) error {
	return generic("AccessDenied", "User: %s is not authorized to access this resource", c.Caller.ARN)
}

// managed refuses changes by hand of what another service made
// (amazon-archives/service-discovery-ecs-dns#44, which also shows the ARN of
// the service's resource).
func managed(z estate.Zone) error {
	return generic("AccessDenied", "The resource hostedzone/%s can only be managed through %s", z.ID, z.LinkedService)
}

// invalidVPC refuses a VPC that does not exist, or not in that Region, or not
// in the caller's account. The text was seen with a wrong Region.
func invalidVPC(v estate.VPCRef) error {
	return &types.InvalidVPCId{Message: text("The VPC %s in region %s that you provided is not authorized to make the association.", v.ID, v.Region)}
}

// conflictingVPC refuses a second zone of one name on a VPC
// (confluentinc/terraform-provider-confluent#395).
func conflictingVPC(v estate.VPCRef, zone string) error {
	return &types.ConflictingDomainExists{Message: text(
		"The VPC %s in region %s has already been associated with the hosted zone %s with the same domain name.", v.ID, v.Region, zone)}
}

// limitExceeded is the text of a quota, as seen with the number of zones
// ("Limits Exceeded: MAX_HOSTED_ZONES_BY_OWNER - Cannot create more hosted
// zones.").
func limitExceeded(code, what string) *string {
	return text("Limits Exceeded: %s - Cannot create more %s.", code, what)
}

func invalidToken() error {
	return &types.InvalidPaginationToken{Message: text("The value that you specified to get the second or subsequent page of results is invalid.")}
}

// claimZone refuses a change of a zone while an earlier one is not answered.
// AWS names this error for changes of records and associations, and for the
// deletion of a zone (API_AssociateVPCWithHostedZone and its like).
func claimZone(c *world.Call, id string) error {
	if c.Claim(zoneARN(id)) {
		return nil
	}
	return &types.PriorRequestNotComplete{Message: text("The request was rejected because Route 53 was still processing a prior request.")}
}
