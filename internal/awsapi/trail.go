package awsapi

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"

	"github.com/orgdns/orgdns/internal/estate"
)

// readTrails reads the trails that record an account in a Region, its own and the
// organization's, and whether they are on.
func (c *caller) readTrails(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.cloudtrail(q.Account, q.Region)
	listed, err := client.DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{IncludeShadowTrails: aws.Bool(true)})
	if err != nil {
		return nil, err
	}
	var found []estate.Trail
	for _, t := range listed.TrailList {
		// By its ARN, as one of the organization must be named (API_GetTrailStatus).
		status, err := client.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: t.TrailARN})
		if Code(err) == "TrailNotFoundException" { // deleted meanwhile
			continue
		}
		if err != nil {
			return nil, err
		}
		found = append(found, estate.Trail{
			ARN: aws.ToString(t.TrailARN), Name: aws.ToString(t.Name), Account: ownerIn(t.TrailARN), Region: estate.Region(aws.ToString(t.HomeRegion)),
			Everywhere: aws.ToBool(t.IsMultiRegionTrail), Organization: aws.ToBool(t.IsOrganizationTrail), Selective: aws.ToBool(t.HasCustomEventSelectors),
			Logging: aws.ToBool(status.IsLogging),
		})
	}
	return func(e *estate.Estate) {
		var gone []string
		for t := range e.Trails.All() {
			if e.Seen(t, q.Account, q.Region) {
				gone = append(gone, t.ARN)
			}
		}
		e.Trails.Delete(gone...)
		e.Trails.Put(found...)
	}, nil
}
