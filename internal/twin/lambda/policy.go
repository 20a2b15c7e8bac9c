package lambda

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// statement is one of a function's resource policy, as Lambda writes it
// (API_AddPermission).
type statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

func addPermission(_ context.Context, c *world.Call, in *lambda.AddPermissionInput) (*lambda.AddPermissionOutput, error) {
	f, err := find(c, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if in.EventSourceToken != nil || in.FunctionUrlAuthType != "" {
		return nil, c.Unsupported("EventSourceToken, FunctionUrlAuthType")
	}
	if i := f.statement(aws.ToString(in.StatementId)); i >= 0 {
		return nil, &types.ResourceConflictException{Message: text("The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", *in.StatementId), Type: aws.String("User")}
	}
	s := statement{Sid: aws.ToString(in.StatementId), Effect: "Allow", Action: aws.ToString(in.Action), Resource: *f.FunctionArn, Condition: map[string]map[string]string{}}
	switch p := aws.ToString(in.Principal); {
	case p == "*":
		s.Principal = p
	case strings.HasSuffix(p, ".amazonaws.com"):
		s.Principal = map[string]string{"Service": p}
	case len(p) == 12 && strings.Trim(p, "0123456789") == "":
		s.Principal = map[string]string{"AWS": "arn:aws:iam::" + p + ":root"}
	case strings.HasPrefix(p, "arn:"):
		s.Principal = map[string]string{"AWS": p}
	default:
		return nil, invalid("The provided principal was invalid. Please check the principal and try again.")
	}
	equals := map[string]string{}
	for key, v := range map[string]*string{"AWS:SourceAccount": in.SourceAccount, "aws:PrincipalOrgID": in.PrincipalOrgID} {
		if v != nil {
			equals[key] = *v
		}
	}
	if len(equals) > 0 {
		s.Condition["StringEquals"] = equals
	}
	if in.SourceArn != nil {
		s.Condition["ArnLike"] = map[string]string{"AWS:SourceArn": *in.SourceArn}
	}
	text, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	f.statements = append(slices.Clone(f.statements), string(text))
	functions.Put(c.State, *f.FunctionArn, f)
	return &lambda.AddPermissionOutput{Statement: aws.String(string(text))}, nil
}

// statement is the place of a statement in the policy, or -1.
func (f function) statement(sid string) int {
	return slices.IndexFunc(f.statements, func(text string) bool {
		var s statement
		return json.Unmarshal([]byte(text), &s) == nil && s.Sid == sid
	})
}

func noPolicy() error {
	return &types.ResourceNotFoundException{Message: text("The resource you requested does not exist."), Type: aws.String("User")}
}

func removePermission(_ context.Context, c *world.Call, in *lambda.RemovePermissionInput) (*lambda.RemovePermissionOutput, error) {
	f, err := find(c, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	i := f.statement(aws.ToString(in.StatementId))
	if i < 0 {
		return nil, noPolicy()
	}
	f.statements = slices.Delete(slices.Clone(f.statements), i, i+1)
	functions.Put(c.State, *f.FunctionArn, f)
	return &lambda.RemovePermissionOutput{}, nil
}

func getPolicy(_ context.Context, c *world.Call, in *lambda.GetPolicyInput) (*lambda.GetPolicyOutput, error) {
	f, err := find(c, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if len(f.statements) == 0 {
		return nil, noPolicy()
	}
	return &lambda.GetPolicyOutput{Policy: aws.String(f.policy()), RevisionId: f.RevisionId}, nil
}

// policy is the resource policy; empty without statements.
func (f function) policy() string {
	if len(f.statements) == 0 {
		return ""
	}
	return `{"Version":"2012-10-17","Id":"default","Statement":[` + strings.Join(f.statements, ",") + `]}`
}

// tagged asks for the permission to do the operation on a function, and finds
// its tags.
func tagged(c *world.Call, arn *string, added estate.Tags) (estate.Tags, error) {
	id := aws.ToString(arn)
	if err := allow(c, id, added); err != nil {
		return nil, err
	}
	adopt(c)
	if _, ok := functions.Get(c.State, id); !ok || !strings.HasPrefix(id, arnOf(c, "")) {
		return nil, notFound(id)
	}
	tags, _ := world.Tags.Get(c.State, id)
	return tags, nil
}

func tagResource(_ context.Context, c *world.Call, in *lambda.TagResourceInput) (*lambda.TagResourceOutput, error) {
	tags, err := tagged(c, in.Resource, in.Tags)
	if err != nil {
		return nil, err
	}
	world.Tags.Put(c.State, *in.Resource, tags.With(in.Tags))
	return &lambda.TagResourceOutput{}, nil
}

func untagResource(_ context.Context, c *world.Call, in *lambda.UntagResourceInput) (*lambda.UntagResourceOutput, error) {
	tags, err := tagged(c, in.Resource, nil)
	if err != nil {
		return nil, err
	}
	tags = tags.With(nil)
	for _, k := range in.TagKeys {
		delete(tags, k)
	}
	world.Tags.Put(c.State, *in.Resource, tags)
	return &lambda.UntagResourceOutput{}, nil
}

func listTags(_ context.Context, c *world.Call, in *lambda.ListTagsInput) (*lambda.ListTagsOutput, error) {
	tags, err := tagged(c, in.Resource, nil)
	return &lambda.ListTagsOutput{Tags: tags}, err
}
