package lambda

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// A function stands in the estate too, where EC2 finds its network interfaces.
// [function.put] writes the row; [adopt] makes functions of rows that came with
// the estate.

// put writes a function.
func (f function) put(c *world.Call) {
	row := estate.Function{
		ARN: *f.FunctionArn, Name: *f.FunctionName, Account: c.Account(), Region: c.Region, Role: aws.ToString(f.Role), Code: aws.ToString(f.CodeSha256),
		Architecture: string(f.Architectures[0]), Runtime: string(f.Runtime), Handler: aws.ToString(f.Handler), Status: estate.FunctionActive,
	}
	if f.Environment != nil {
		row.Variables = f.Environment.Variables
	}
	if f.VpcConfig != nil {
		row.VPC, row.Subnets, row.Groups = f.vpc(), f.VpcConfig.SubnetIds, f.VpcConfig.SecurityGroupIds
	}
	if f.shown(c.Now).State == types.StatePending {
		row.Status = estate.FunctionPending
		c.State.Later(c.Now.Add(f.ready), world.Later{Kind: world.LaterFunction, ID: row.ARN, From: row.Status, To: estate.FunctionActive})
	}
	release(c, row)
	c.Estate().Functions.Put(row)
	functions.Put(c.State, row.ARN, f)
}

// forget takes a function away.
func (f function) forget(c *world.Call) {
	release(c, estate.Function{ARN: *f.FunctionArn})
	c.Estate().Functions.Delete(*f.FunctionArn)
	functions.Delete(c.State, *f.FunctionArn)
	world.Tags.Delete(c.State, *f.FunctionArn)
}

// release leaves the network interfaces of a function that goes, or goes
// elsewhere, standing for a while: until Lambda takes them away as the function's
// role, if the estate knows that.
func release(c *world.Call, next estate.Function) {
	old, stood := c.Estate().Functions.Get(next.ARN)
	if !stood || old.VPC == "" || slices.Equal(old.Subnets, next.Subnets) && slices.Equal(old.Groups, next.Groups) {
		return
	}
	old.ARN, old.Status = fmt.Sprintf("%s:%s", old.ARN, c.State.HexID(c.Account(), "released function", old.ARN, 8)), estate.FunctionReleasing
	if _, known := c.Estate().Roles.Get(old.Role); !known {
		old.Role = ""
	}
	c.Estate().Functions.Put(old)
	c.State.Later(c.Now.Add(estate.FunctionRelease), world.Later{Kind: world.LaterFunction, ID: old.ARN, From: old.Status})
}

// adopt makes functions of the caller's rows that came with the estate: Active,
// and with what a row does not tell as CreateFunction has it by default.
func adopt(c *world.Call) {
	for row := range c.Estate().Functions.By(estate.ByRegion(c.Account(), c.Region)) {
		if _, ok := functions.Get(c.State, row.ARN); ok || row.Status == estate.FunctionReleasing {
			continue
		}
		f := fresh(row.Name, row.ARN)
		f.Role, f.CodeSha256, f.Runtime, f.Handler = aws.String(row.Role), aws.String(row.Code), types.Runtime(row.Runtime), aws.String(row.Handler)
		f.Architectures = []types.Architecture{types.Architecture(cmp.Or(row.Architecture, string(types.ArchitectureX8664)))}
		if len(row.Variables) > 0 {
			f.Environment = &types.EnvironmentResponse{Variables: row.Variables}
		}
		if row.VPC != "" {
			f.VpcConfig = &types.VpcConfigResponse{VpcId: aws.String(row.VPC), SubnetIds: row.Subnets, SecurityGroupIds: row.Groups, Ipv6AllowedForDualStack: aws.Bool(false)}
		}
		f.revise(c)
		functions.Put(c.State, row.ARN, f)
	}
}

func subnetARN(s estate.Subnet) string {
	return fmt.Sprintf("arn:aws:ec2:%s:%s:subnet/%s", s.Region, s.Account, s.ID)
}
