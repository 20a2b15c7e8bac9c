package apigateway

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"github.com/orgdns/orgdns/internal/twin/world"
)

// The tables of the caller's in a Region: APIs by identifier, stages by API
// and name, mappings by domain name and identifier.
var (
	apis     = world.Private[types.Api]{Name: "apigateway.apis"}
	stages   = world.Private[types.Stage]{Name: "apigateway.stages"}
	mappings = world.Private[types.ApiMapping]{Name: "apigateway.mappings"}
)

func createAPI(_ context.Context, c *world.Call, in *api.CreateApiInput) (*api.CreateApiOutput, error) {
	if err := allow(c, "/apis", in.Tags); err != nil {
		return nil, err
	}
	if in.Target != nil || in.RouteKey != nil || in.CredentialsArn != nil {
		return nil, c.Unsupported("Target")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	if in.ProtocolType == types.ProtocolTypeWebsocket && in.RouteSelectionExpression == nil {
		return nil, badRequest("RouteSelectionExpression is required for a WEBSOCKET API")
	}
	id := newID(c, "api", 10)
	scheme := "https://"
	if in.ProtocolType == types.ProtocolTypeWebsocket {
		scheme = "wss://"
	}
	a := types.Api{
		ApiId: &id, ApiEndpoint: aws.String(scheme + id + ".execute-api." + string(c.Region) + ".amazonaws.com"), CreatedDate: aws.Time(c.Now),
		RouteSelectionExpression:  aws.String("$request.method $request.path"),
		ApiKeySelectionExpression: aws.String("$request.header.x-api-key"), DisableExecuteApiEndpoint: aws.Bool(false),
		IpAddressType: types.IpAddressTypeIpv4,
	}
	merge(&a, in)
	apis.Put(c.State, owned(c, id), a)
	return merge(&api.CreateApiOutput{}, a), nil
}

// findAPI asks for the permission to do the operation on an API or what lies
// below it, and finds it.
func findAPI(c *world.Call, id *string, below string, tags map[string]string) (types.Api, error) {
	if err := allow(c, "/apis/"+aws.ToString(id)+below, tags); err != nil {
		return types.Api{}, err
	}
	a, ok := apis.Get(c.State, owned(c, aws.ToString(id)))
	if !ok {
		return a, notFound("API", aws.ToString(id))
	}
	return a, nil
}

func getAPI(_ context.Context, c *world.Call, in *api.GetApiInput) (*api.GetApiOutput, error) {
	a, err := findAPI(c, in.ApiId, "", nil)
	if err != nil {
		return nil, err
	}
	return merge(&api.GetApiOutput{}, a), nil
}

func getAPIs(_ context.Context, c *world.Call, in *api.GetApisInput) (*api.GetApisOutput, error) {
	if err := allow(c, "/apis", nil); err != nil {
		return nil, err
	}
	items, next, err := page(all(c, apis, owned(c)), func(a types.Api) string { return *a.ApiId }, in.MaxResults, in.NextToken)
	return &api.GetApisOutput{Items: items, NextToken: next}, err
}

func updateAPI(_ context.Context, c *world.Call, in *api.UpdateApiInput) (*api.UpdateApiOutput, error) {
	a, err := findAPI(c, in.ApiId, "", nil)
	if err != nil {
		return nil, err
	}
	if in.Target != nil || in.RouteKey != nil || in.CredentialsArn != nil {
		return nil, c.Unsupported("Target")
	}
	merge(&a, in)
	apis.Put(c.State, owned(c, *a.ApiId), a)
	return merge(&api.UpdateApiOutput{}, a), nil
}

func deleteAPI(_ context.Context, c *world.Call, in *api.DeleteApiInput) (*api.DeleteApiOutput, error) {
	a, err := findAPI(c, in.ApiId, "", nil)
	if err != nil {
		return nil, err
	}
	for _, m := range all(c, mappings, owned(c)) {
		if *m.ApiId == *a.ApiId {
			return nil, mapped("API", *a.ApiId)
		}
	}
	for _, s := range all(c, stages, owned(c, *a.ApiId)+"/") {
		stages.Delete(c.State, owned(c, *a.ApiId, *s.StageName))
	}
	apis.Delete(c.State, owned(c, *a.ApiId))
	return &api.DeleteApiOutput{}, nil
}

// mapped refuses to delete what a domain name is mapped to. No page says so.
func mapped(kind, id string) error {
	return &world.Undocumented{Rule: "apigateway.mapped", Err: badRequest("Deletion of %s %s is not allowed: it is mapped to a domain name", kind, id)}
}

func createStage(_ context.Context, c *world.Call, in *api.CreateStageInput) (*api.CreateStageOutput, error) {
	a, err := findAPI(c, in.ApiId, "/stages", in.Tags)
	if err != nil {
		return nil, err
	}
	if in.DeploymentId != nil {
		return nil, c.Unsupported("DeploymentId")
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	key := owned(c, *a.ApiId, aws.ToString(in.StageName))
	if _, exists := stages.Get(c.State, key); exists {
		return nil, conflict("Stage already exists")
	}
	s := types.Stage{
		AutoDeploy: aws.Bool(false), CreatedDate: aws.Time(c.Now), LastUpdatedDate: aws.Time(c.Now),
		DefaultRouteSettings: &types.RouteSettings{DetailedMetricsEnabled: aws.Bool(false)},
		RouteSettings:        map[string]types.RouteSettings{}, StageVariables: map[string]string{},
	}
	merge(&s, in)
	stages.Put(c.State, key, s)
	return merge(&api.CreateStageOutput{}, s), nil
}

func findStage(c *world.Call, id, name *string) (types.Stage, error) {
	if _, err := findAPI(c, id, "/stages/"+aws.ToString(name), nil); err != nil {
		return types.Stage{}, err
	}
	s, ok := stages.Get(c.State, owned(c, aws.ToString(id), aws.ToString(name)))
	if !ok {
		return s, notFound("Stage", aws.ToString(name))
	}
	return s, nil
}

func getStage(_ context.Context, c *world.Call, in *api.GetStageInput) (*api.GetStageOutput, error) {
	s, err := findStage(c, in.ApiId, in.StageName)
	if err != nil {
		return nil, err
	}
	return merge(&api.GetStageOutput{}, s), nil
}

func getStages(_ context.Context, c *world.Call, in *api.GetStagesInput) (*api.GetStagesOutput, error) {
	a, err := findAPI(c, in.ApiId, "/stages", nil)
	if err != nil {
		return nil, err
	}
	items, next, err := page(all(c, stages, owned(c, *a.ApiId)+"/"), func(s types.Stage) string { return *s.StageName }, in.MaxResults, in.NextToken)
	return &api.GetStagesOutput{Items: items, NextToken: next}, err
}

func updateStage(_ context.Context, c *world.Call, in *api.UpdateStageInput) (*api.UpdateStageOutput, error) {
	s, err := findStage(c, in.ApiId, in.StageName)
	if err != nil {
		return nil, err
	}
	if in.DeploymentId != nil {
		return nil, c.Unsupported("DeploymentId")
	}
	merge(&s, in)
	s.LastUpdatedDate = aws.Time(c.Now)
	stages.Put(c.State, owned(c, *in.ApiId, *in.StageName), s)
	return merge(&api.UpdateStageOutput{}, s), nil
}

func deleteStage(_ context.Context, c *world.Call, in *api.DeleteStageInput) (*api.DeleteStageOutput, error) {
	if _, err := findStage(c, in.ApiId, in.StageName); err != nil {
		return nil, err
	}
	for _, m := range all(c, mappings, owned(c)) {
		if *m.ApiId == *in.ApiId && *m.Stage == *in.StageName {
			return nil, mapped("stage", *in.StageName)
		}
	}
	stages.Delete(c.State, owned(c, *in.ApiId, *in.StageName))
	return &api.DeleteStageOutput{}, nil
}

func createAPIMapping(_ context.Context, c *world.Call, in *api.CreateApiMappingInput) (*api.CreateApiMappingOutput, error) {
	d, err := findDomain(c, in.DomainName, "/apimappings")
	if err != nil {
		return nil, err
	}
	m := types.ApiMapping{ApiMappingId: aws.String(newID(c, "mapping", 6)), ApiMappingKey: aws.String("")}
	merge(&m, in)
	if err := putMapping(c, d, m); err != nil {
		return nil, err
	}
	return merge(&api.CreateApiMappingOutput{}, m), nil
}

// putMapping checks that API and stage are there and the key is free.
func putMapping(c *world.Call, d domain, m types.ApiMapping) error {
	if _, ok := stages.Get(c.State, owned(c, aws.ToString(m.ApiId), aws.ToString(m.Stage))); !ok {
		return badRequest("Invalid stage identifier specified")
	}
	for _, have := range all(c, mappings, owned(c, d.name())+"/") {
		if *have.ApiMappingKey == *m.ApiMappingKey && *have.ApiMappingId != *m.ApiMappingId {
			return conflict("ApiMapping key already exists for this domain name")
		}
	}
	mappings.Put(c.State, owned(c, d.name(), *m.ApiMappingId), m)
	return nil
}

func findMapping(c *world.Call, name, id *string) (domain, types.ApiMapping, error) {
	d, err := findDomain(c, name, "/apimappings/"+aws.ToString(id))
	if err != nil {
		return d, types.ApiMapping{}, err
	}
	m, ok := mappings.Get(c.State, owned(c, d.name(), aws.ToString(id)))
	if !ok {
		return d, m, notFound("ApiMapping", aws.ToString(id))
	}
	return d, m, nil
}

func getAPIMapping(_ context.Context, c *world.Call, in *api.GetApiMappingInput) (*api.GetApiMappingOutput, error) {
	_, m, err := findMapping(c, in.DomainName, in.ApiMappingId)
	if err != nil {
		return nil, err
	}
	return merge(&api.GetApiMappingOutput{}, m), nil
}

func getAPIMappings(_ context.Context, c *world.Call, in *api.GetApiMappingsInput) (*api.GetApiMappingsOutput, error) {
	d, err := findDomain(c, in.DomainName, "/apimappings")
	if err != nil {
		return nil, err
	}
	items, next, err := page(all(c, mappings, owned(c, d.name())+"/"), func(m types.ApiMapping) string { return *m.ApiMappingId }, in.MaxResults, in.NextToken)
	return &api.GetApiMappingsOutput{Items: items, NextToken: next}, err
}

func updateAPIMapping(_ context.Context, c *world.Call, in *api.UpdateApiMappingInput) (*api.UpdateApiMappingOutput, error) {
	d, m, err := findMapping(c, in.DomainName, in.ApiMappingId)
	if err != nil {
		return nil, err
	}
	merge(&m, in)
	if err := putMapping(c, d, m); err != nil {
		return nil, err
	}
	return merge(&api.UpdateApiMappingOutput{}, m), nil
}

func deleteAPIMapping(_ context.Context, c *world.Call, in *api.DeleteApiMappingInput) (*api.DeleteApiMappingOutput, error) {
	d, m, err := findMapping(c, in.DomainName, in.ApiMappingId)
	if err != nil {
		return nil, err
	}
	mappings.Delete(c.State, owned(c, d.name(), *m.ApiMappingId))
	return &api.DeleteApiMappingOutput{}, nil
}

// tagged asks for the permission to change or read the tags of an ARN, finds
// them, and tells how to write them.
func tagged(c *world.Call, id *string, requested map[string]string) (map[string]string, func(map[string]string), error) {
	if err := allow(c, "/tags/"+aws.ToString(id), requested); err != nil {
		return nil, nil, err
	}
	unknown := notFound("resource", aws.ToString(id))
	path, ok := strings.CutPrefix(aws.ToString(id), arn(c, "/"))
	parts := strings.Split(path, "/")
	switch {
	case !ok:
	case len(parts) == 2 && parts[0] == "domainnames":
		if d, ok := domains.Get(c.State, string(c.Region)+"/"+parts[1]); ok && d.account == c.Account() {
			return d.Tags, func(t map[string]string) { d.Tags = t; domains.Put(c.State, d.key(c), d) }, nil
		}
	case len(parts) == 2 && parts[0] == "apis":
		if a, ok := apis.Get(c.State, owned(c, parts[1])); ok {
			return a.Tags, func(t map[string]string) { a.Tags = t; apis.Put(c.State, owned(c, parts[1]), a) }, nil
		}
	case len(parts) == 4 && parts[0] == "apis" && parts[2] == "stages":
		key := owned(c, parts[1], parts[3])
		if s, ok := stages.Get(c.State, key); ok {
			return s.Tags, func(t map[string]string) { s.Tags = t; stages.Put(c.State, key, s) }, nil
		}
	}
	return nil, nil, unknown
}

func getTags(_ context.Context, c *world.Call, in *api.GetTagsInput) (*api.GetTagsOutput, error) {
	tags, _, err := tagged(c, in.ResourceArn, nil)
	return &api.GetTagsOutput{Tags: tags}, err
}

func tagResource(_ context.Context, c *world.Call, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	tags, put, err := tagged(c, in.ResourceArn, in.Tags)
	if err != nil {
		return nil, err
	}
	after := map[string]string{}
	maps.Copy(after, tags)
	maps.Copy(after, in.Tags)
	if err := checkTags(after); err != nil {
		return nil, err
	}
	put(after)
	return &api.TagResourceOutput{}, nil
}

func untagResource(_ context.Context, c *world.Call, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	tags, put, err := tagged(c, in.ResourceArn, nil)
	if err != nil {
		return nil, err
	}
	after := maps.Clone(tags)
	maps.DeleteFunc(after, func(k, _ string) bool { return slices.Contains(in.TagKeys, k) })
	put(after)
	return &api.UntagResourceOutput{}, nil
}
