package resolver

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53resolver"
	"github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// logged are the VPCs whose queries are logged, by configuration and VPC; no
// answer depends on it.
var logged = world.Private[types.ResolverQueryLogConfigAssociation]{Name: "resolver.queryLogs"}

// destinations are where logs go, by the service in the ARN.
var destinations = map[string]string{"s3": "S3", "logs": "CloudWatchLogs", "firehose": "KinesisFirehose"}

func destination(arn string) string {
	if p := strings.SplitN(arn, ":", 6); len(p) == 6 && p[0] == "arn" {
		return destinations[p[2]]
	}
	return ""
}

func createResolverQueryLogConfig(_ context.Context, c *world.Call, in *sdk.CreateResolverQueryLogConfigInput) (*sdk.CreateResolverQueryLogConfigOutput, error) {
	tags := tagsOf(in.Tags)
	if err := allow(c, myARN(c, kindLog, "*"), nil, tags); err != nil {
		return nil, err
	}
	if err := once(c, "Resolver query log config", in.CreatorRequestId); err != nil {
		return nil, err
	}
	if err := checkTags(c, tags); err != nil {
		return nil, err
	}
	if destination(aws.ToString(in.DestinationArn)) == "" {
		return nil, invalid("DestinationArn", "'%s' is no S3 bucket, CloudWatch Logs log group or Firehose delivery stream.", aws.ToString(in.DestinationArn))
	}
	if over(c, c.Estate().QueryLogConfigs.By(estate.ByRegion(c.Account(), c.Region)), logQuota) {
		return nil, exceeded(c, "max-query-log-configs")
	}
	q := estate.QueryLogConfig{
		ID: newID(c, "rqlc"), Account: c.Account(), Region: c.Region, Name: aws.ToString(in.Name), Destination: aws.ToString(in.DestinationArn), Tags: tags,
	}
	c.Estate().QueryLogConfigs.Put(q)
	remember(c, q.ID, in.CreatorRequestId, "")
	return &sdk.CreateResolverQueryLogConfigOutput{ResolverQueryLogConfig: showLog(c, q)}, nil
}

// vpcsOf are the associations of a configuration that still stand.
func vpcsOf(c *world.Call, q estate.QueryLogConfig) []types.ResolverQueryLogConfigAssociation {
	var out []types.ResolverQueryLogConfigAssociation
	logged.Walk(c.State, q.ID+"/", func(_ string, a types.ResolverQueryLogConfigAssociation) bool {
		if v, ok := c.Estate().VPCs.Get(*a.ResourceId); ok && c.Estate().Lends(q.ARN(), q.Account, v.Account) {
			out = append(out, a)
		}
		return true
	})
	return out
}

func showLog(c *world.Call, q estate.QueryLogConfig) *types.ResolverQueryLogConfig {
	m, _ := moreTable.Get(c.State, q.ID)
	return &types.ResolverQueryLogConfig{
		Id: &q.ID, Arn: aws.String(q.ARN()), AssociationCount: int32(len(vpcsOf(c, q))), CreationTime: stamp(m.created), CreatorRequestId: &m.request,
		DestinationArn: &q.Destination, Name: &q.Name, OwnerId: aws.String(string(q.Account)), ShareStatus: shareStatus(c, q.ARN(), q.Account),
		Status: types.ResolverQueryLogConfigStatusCreated,
	}
}

// seenLog asks for the permission to do the operation on a configuration of the
// caller's, or one that is shared with it, and finds it.
func seenLog(c *world.Call, id *string) (estate.QueryLogConfig, error) {
	q, ok := c.Estate().QueryLogConfigs.Get(aws.ToString(id))
	ok = ok && q.Region == c.Region && c.Lent(q.ARN(), q.Account)
	resource := myARN(c, kindLog, aws.ToString(id))
	var tags estate.Tags
	if ok {
		if resource = q.ARN(); q.Account == c.Account() {
			tags = q.Tags
		}
	}
	if err := allow(c, resource, tags, nil); err != nil {
		return q, err
	}
	if !ok {
		return q, missing("Resolver query log config", aws.ToString(id))
	}
	return q, nil
}

func getResolverQueryLogConfig(_ context.Context, c *world.Call, in *sdk.GetResolverQueryLogConfigInput) (*sdk.GetResolverQueryLogConfigOutput, error) {
	q, err := seenLog(c, in.ResolverQueryLogConfigId)
	if err != nil {
		return nil, err
	}
	return &sdk.GetResolverQueryLogConfigOutput{ResolverQueryLogConfig: showLog(c, q)}, nil
}

func listResolverQueryLogConfigs(_ context.Context, c *world.Call, in *sdk.ListResolverQueryLogConfigsInput) (*sdk.ListResolverQueryLogConfigsOutput, error) {
	if err := allow(c, myARN(c, kindLog, "*"), nil, nil); err != nil {
		return nil, err
	}
	if in.SortBy != nil || in.SortOrder != "" {
		return nil, c.Unsupported("SortBy")
	}
	configs := append(slices.Collect(c.Estate().QueryLogConfigs.By(estate.ByRegion(c.Account(), c.Region))),
		lent(c, c.Estate().QueryLogConfigs, kindLog, func(q estate.QueryLogConfig) (string, estate.AccountID, estate.Region) {
			return q.ARN(), q.Account, q.Region
		})...)
	var all []types.ResolverQueryLogConfig
	for _, q := range configs {
		all = append(all, *showLog(c, q))
	}
	total := len(all)
	all, err := filtered(all, in.Filters, func(q types.ResolverQueryLogConfig) attributes {
		return attributes{
			"arn": opt(q.Arn), "associationcount": {fmt.Sprint(q.AssociationCount)}, "creationtime": opt(q.CreationTime), "creatorrequestid": opt(q.CreatorRequestId),
			"destination": {destination(aws.ToString(q.DestinationArn))}, "destinationarn": opt(q.DestinationArn), "id": opt(q.Id), "name": opt(q.Name),
			"ownerid": opt(q.OwnerId), "sharestatus": one(q.ShareStatus), "status": one(q.Status),
		}
	})
	if err != nil {
		return nil, err
	}
	left := len(all)
	list, next, err := page(all, func(q types.ResolverQueryLogConfig) string { return *q.Id }, in.MaxResults, in.NextToken)
	return &sdk.ListResolverQueryLogConfigsOutput{ResolverQueryLogConfigs: list, NextToken: next, TotalCount: int32(total), TotalFilteredCount: int32(left)}, err
}

// deleteResolverQueryLogConfig refuses while VPCs are associated or the
// configuration is shared (API_route53resolver_DeleteResolverQueryLogConfig).
func deleteResolverQueryLogConfig(_ context.Context, c *world.Call, in *sdk.DeleteResolverQueryLogConfigInput) (*sdk.DeleteResolverQueryLogConfigOutput, error) {
	q, err := seenLog(c, in.ResolverQueryLogConfigId)
	if err != nil {
		return nil, err
	}
	switch {
	case q.Account != c.Account():
		return nil, notOwner("Resolver query log config", q.ID, q.Account)
	case len(vpcsOf(c, q)) > 0:
		return nil, badRequest("Disassociate all VPCs from the query logging configuration '%s' before you delete it.", q.ID)
	case c.IsShared(q.ARN(), q.Account):
		return nil, badRequest("Stop sharing the query logging configuration '%s' before you delete it.", q.ID)
	}
	out := showLog(c, q)
	out.Status = types.ResolverQueryLogConfigStatusDeleting
	c.Estate().QueryLogConfigs.Delete(q.ID)
	forget(c, q.ID, q.ARN())
	return &sdk.DeleteResolverQueryLogConfigOutput{ResolverQueryLogConfig: out}, nil
}

func notOwner(noun, id string, owner estate.AccountID) error {
	return &types.AccessDeniedException{Message: text("%s '%s' is shared with you by account %s; only its owner can change it.", noun, id, owner)}
}

func associateResolverQueryLogConfig(_ context.Context, c *world.Call, in *sdk.AssociateResolverQueryLogConfigInput) (*sdk.AssociateResolverQueryLogConfigOutput, error) {
	q, err := seenLog(c, in.ResolverQueryLogConfigId)
	if err != nil {
		return nil, err
	}
	v, ok := ownVPC(c, aws.ToString(in.ResourceId))
	if !ok {
		return nil, missing("VPC", aws.ToString(in.ResourceId))
	}
	all := vpcsOf(c, q)
	for _, a := range all {
		if *a.ResourceId == v.ID {
			return nil, exists("Resolver query log config association", "Query logging configuration '%s' is already associated with VPC '%s'.", q.ID, v.ID)
		}
	}
	if c.World.Limits && len(all) >= logVPCQuota {
		return nil, exceeded(c, "max-query-log-config-associations")
	}
	a := types.ResolverQueryLogConfigAssociation{
		Id: aws.String(newID(c, "rqlca")), ResolverQueryLogConfigId: &q.ID, ResourceId: &v.ID, CreationTime: stamp(c.Now),
		Status: types.ResolverQueryLogConfigAssociationStatusActive, Error: types.ResolverQueryLogConfigAssociationErrorNone,
	}
	logged.Put(c.State, q.ID+"/"+v.ID, a)
	return &sdk.AssociateResolverQueryLogConfigOutput{ResolverQueryLogConfigAssociation: &a}, nil
}

func disassociateResolverQueryLogConfig(_ context.Context, c *world.Call, in *sdk.DisassociateResolverQueryLogConfigInput) (*sdk.DisassociateResolverQueryLogConfigOutput, error) {
	q, err := seenLog(c, in.ResolverQueryLogConfigId)
	if err != nil {
		return nil, err
	}
	key := q.ID + "/" + aws.ToString(in.ResourceId)
	a, ok := logged.Get(c.State, key)
	if _, mine := ownVPC(c, aws.ToString(in.ResourceId)); !ok || !mine {
		return nil, missing("Resolver query log config association of VPC", aws.ToString(in.ResourceId))
	}
	logged.Delete(c.State, key)
	a.Status = types.ResolverQueryLogConfigAssociationStatusDeleting
	return &sdk.DisassociateResolverQueryLogConfigOutput{ResolverQueryLogConfigAssociation: &a}, nil
}

// loggedHere are the associations of the caller's VPCs in the Region.
func loggedHere(c *world.Call) []types.ResolverQueryLogConfigAssociation {
	var out []types.ResolverQueryLogConfigAssociation
	logged.Walk(c.State, "", func(_ string, a types.ResolverQueryLogConfigAssociation) bool {
		q, ok := c.Estate().QueryLogConfigs.Get(*a.ResolverQueryLogConfigId)
		if _, mine := ownVPC(c, *a.ResourceId); ok && mine && c.Estate().Lends(q.ARN(), q.Account, c.Account()) {
			out = append(out, a)
		}
		return true
	})
	return out
}

func getResolverQueryLogConfigAssociation(_ context.Context, c *world.Call, in *sdk.GetResolverQueryLogConfigAssociationInput) (*sdk.GetResolverQueryLogConfigAssociationOutput, error) {
	if err := allow(c, myARN(c, kindLog, "*"), nil, nil); err != nil {
		return nil, err
	}
	for _, a := range loggedHere(c) {
		if *a.Id == aws.ToString(in.ResolverQueryLogConfigAssociationId) {
			return &sdk.GetResolverQueryLogConfigAssociationOutput{ResolverQueryLogConfigAssociation: &a}, nil
		}
	}
	return nil, missing("Resolver query log config association", aws.ToString(in.ResolverQueryLogConfigAssociationId))
}

func listResolverQueryLogConfigAssociations(_ context.Context, c *world.Call, in *sdk.ListResolverQueryLogConfigAssociationsInput) (*sdk.ListResolverQueryLogConfigAssociationsOutput, error) {
	if err := allow(c, myARN(c, kindLog, "*"), nil, nil); err != nil {
		return nil, err
	}
	if in.SortBy != nil || in.SortOrder != "" {
		return nil, c.Unsupported("SortBy")
	}
	all := loggedHere(c)
	total := len(all)
	all, err := filtered(all, in.Filters, func(a types.ResolverQueryLogConfigAssociation) attributes {
		return attributes{
			"creationtime": opt(a.CreationTime), "error": one(a.Error), "id": opt(a.Id), "resolverquerylogconfigid": opt(a.ResolverQueryLogConfigId),
			"resourceid": opt(a.ResourceId), "status": one(a.Status),
		}
	})
	if err != nil {
		return nil, err
	}
	left := len(all)
	list, next, err := page(all, func(a types.ResolverQueryLogConfigAssociation) string { return *a.Id }, in.MaxResults, in.NextToken)
	return &sdk.ListResolverQueryLogConfigAssociationsOutput{ResolverQueryLogConfigAssociations: list, NextToken: next, TotalCount: int32(total), TotalFilteredCount: int32(left)}, err
}

func getResolverQueryLogConfigPolicy(_ context.Context, c *world.Call, in *sdk.GetResolverQueryLogConfigPolicyInput) (*sdk.GetResolverQueryLogConfigPolicyOutput, error) {
	doc, err := sharingPolicy(c, aws.ToString(in.Arn), kindLog, []string{"AssociateResolverQueryLogConfig", "DisassociateResolverQueryLogConfig", "ListResolverQueryLogConfigs"})
	return &sdk.GetResolverQueryLogConfigPolicyOutput{ResolverQueryLogConfigPolicy: doc}, err
}

func putResolverQueryLogConfigPolicy(_ context.Context, c *world.Call, in *sdk.PutResolverQueryLogConfigPolicyInput) (*sdk.PutResolverQueryLogConfigPolicyOutput, error) {
	return nil, putPolicy(c, aws.ToString(in.Arn), kindLog)
}
