// Package cloudtrail is the twin's AWS CloudTrail: which trails there are and
// whether they are on. They come with the estate; what a trail records goes to
// EventBridge from the path of a call (package twin), nothing is written down.
//
// Not here: making and changing trails, log files, event selectors, event history,
// event data stores.
package cloudtrail

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// Service is every operation of the twin's CloudTrail.
func Service() []wire.Handler[*world.Call] {
	return []wire.Handler[*world.Call]{wire.Handle(describeTrails), wire.Handle(getTrailStatus)}
}

// Reads is the rate of all that reads together (CloudTrail User Guide,
// WhatIsCloudTrail-Limits.html: 10 a second for the Get, Describe, and List APIs).
// The page names no burst; one second's worth.
var Reads = world.Rate{Burst: 10, Refill: 10}

// Rate is that of one action, which has no less.
func Rate(string) world.Rate { return Reads }

// named reports whether a trail is meant: by its ARN, or by its name where it is
// at home (API_DescribeTrails, trailNameList).
func named(c *world.Call, t estate.Trail, name string) bool {
	return t.ARN == name || t.Name == name && t.Account == c.Account() && t.Region == c.Region
}

// describeTrails tells the trails that record the caller's account in the Region:
// its own and the organization's, those of elsewhere as shadows.
func describeTrails(_ context.Context, c *world.Call, in *cloudtrail.DescribeTrailsInput) (*cloudtrail.DescribeTrailsOutput, error) {
	if err := c.Authorize("cloudtrail:DescribeTrails", "*", nil); err != nil {
		return nil, err
	}
	e, out := c.Estate(), &cloudtrail.DescribeTrailsOutput{}
	for t := range e.Trails.All() {
		shadow := t.Account != c.Account() || t.Region != c.Region
		if !e.Seen(t, c.Account(), c.Region) || shadow && in.IncludeShadowTrails != nil && !*in.IncludeShadowTrails ||
			len(in.TrailNameList) > 0 && !slices.ContainsFunc(in.TrailNameList, func(name string) bool { return named(c, t, name) }) {
			continue
		}
		out.TrailList = append(out.TrailList, types.Trail{
			TrailARN: &t.ARN, Name: &t.Name, HomeRegion: aws.String(string(t.Region)), IsMultiRegionTrail: &t.Everywhere, IsOrganizationTrail: &t.Organization,
			HasCustomEventSelectors: &t.Selective, IncludeGlobalServiceEvents: &t.Everywhere,
		})
	}
	return out, nil
}

// getTrailStatus tells whether a trail is on; one of the organization, and one of
// another Region, is named by its ARN (API_GetTrailStatus).
func getTrailStatus(_ context.Context, c *world.Call, in *cloudtrail.GetTrailStatusInput) (*cloudtrail.GetTrailStatusOutput, error) {
	name := aws.ToString(in.Name)
	arn := name
	if !strings.HasPrefix(arn, "arn:") {
		arn = "arn:aws:cloudtrail:" + string(c.Region) + ":" + string(c.Account()) + ":trail/" + name
	}
	if err := c.Authorize("cloudtrail:GetTrailStatus", arn, nil); err != nil {
		return nil, err
	}
	e := c.Estate()
	t, ok := e.Trails.Get(arn)
	if !ok || !e.Seen(t, c.Account(), c.Region) || !named(c, t, name) {
		return nil, &types.TrailNotFoundException{Message: aws.String(fmt.Sprintf("Unknown trail: %s for the user: %s", arn, c.Account()))}
	}
	return &cloudtrail.GetTrailStatusOutput{IsLogging: &t.Logging}, nil
}
