package organizations

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// unitDepth is how many levels of units there may be (orgs_reference_limits.html).
const unitDepth = 5

func createOrganizationalUnit(_ context.Context, c *world.Call, in *organizations.CreateOrganizationalUnitInput) (*organizations.CreateOrganizationalUnitOutput, error) {
	e := c.Estate()
	if err := begin(c, management, arnOf(e, *in.ParentId)); err != nil {
		return nil, err
	}
	tags, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	switch {
	case !holds(e, *in.ParentId):
		return nil, fail("ParentNotFoundException", "You specified parent that doesn't exist.")
	case len(e.Path(*in.ParentId)) > unitDepth:
		return nil, violation(types.ConstraintViolationExceptionReasonOuDepthLimitExceeded, "You have exceeded the allowed depth of OUs.")
	case nameTaken(e, *in.ParentId, "", *in.Name):
		return nil, fail("DuplicateOrganizationalUnitException", "An OU with the same name already exists.")
	}
	u := estate.Unit{
		ID:   "ou-" + strings.TrimPrefix(e.Organization.Root, "r-") + "-" + newID(c, "unit", *in.ParentId+"/"+*in.Name, 8),
		Name: *in.Name, Parent: *in.ParentId, Tags: tags,
	}
	e.Units.Put(u)
	attachDefaults(e, u.ID)
	return &organizations.CreateOrganizationalUnitOutput{OrganizationalUnit: unit(e, u)}, nil
}

// nameTaken reports whether another unit of a parent has the name.
func nameTaken(e *estate.Estate, parent, but, name string) bool {
	for u := range e.Units.By(estate.ByParent(parent)) {
		if u.ID != but && strings.EqualFold(u.Name, name) {
			return true
		}
	}
	return false
}

func unit(e *estate.Estate, u estate.Unit) *types.OrganizationalUnit {
	its := arn(e, "ou", u.ID)
	path := e.Organization.ID + "/" + strings.Join(e.Path(u.ID), "/") + "/"
	return &types.OrganizationalUnit{Id: &u.ID, Arn: &its, Name: &u.Name, Path: &path}
}

// unitFor begins an operation on a unit.
func unitFor(c *world.Call, as role, id string) (estate.Unit, error) {
	if err := begin(c, as, arn(c.Estate(), "ou", id)); err != nil {
		return estate.Unit{}, err
	}
	u, ok := c.Estate().Units.Get(id)
	if !ok {
		return u, fail("OrganizationalUnitNotFoundException", "You specified an organizational unit that doesn't exist.")
	}
	return u, nil
}

func describeOrganizationalUnit(_ context.Context, c *world.Call, in *organizations.DescribeOrganizationalUnitInput) (*organizations.DescribeOrganizationalUnitOutput, error) {
	u, err := unitFor(c, reader, *in.OrganizationalUnitId)
	if err != nil {
		return nil, err
	}
	return &organizations.DescribeOrganizationalUnitOutput{OrganizationalUnit: unit(c.Estate(), u)}, nil
}

func updateOrganizationalUnit(_ context.Context, c *world.Call, in *organizations.UpdateOrganizationalUnitInput) (*organizations.UpdateOrganizationalUnitOutput, error) {
	u, err := unitFor(c, management, *in.OrganizationalUnitId)
	if err != nil {
		return nil, err
	}
	if in.Name != nil {
		if nameTaken(c.Estate(), u.Parent, u.ID, *in.Name) {
			return nil, fail("DuplicateOrganizationalUnitException", "An OU with the same name already exists.")
		}
		u.Name = *in.Name
		c.Estate().Units.Put(u)
	}
	return &organizations.UpdateOrganizationalUnitOutput{OrganizationalUnit: unit(c.Estate(), u)}, nil
}

func deleteOrganizationalUnit(_ context.Context, c *world.Call, in *organizations.DeleteOrganizationalUnitInput) (*organizations.DeleteOrganizationalUnitOutput, error) {
	u, err := unitFor(c, management, *in.OrganizationalUnitId)
	if err != nil {
		return nil, err
	}
	e := c.Estate()
	_, units := estate.First(e.Units.By(estate.ByParent(u.ID)))
	_, accounts := estate.First(e.Accounts.By(estate.ByParent(u.ID)))
	if units || accounts {
		return nil, fail("OrganizationalUnitNotEmptyException", "The specified OU is not empty. Move all accounts to another root or to other OUs, remove all child OUs, and try the operation again.")
	}
	detachAll(e, u.ID)
	e.Units.Delete(u.ID)
	return &organizations.DeleteOrganizationalUnitOutput{}, nil
}

func listOrganizationalUnitsForParent(_ context.Context, c *world.Call, in *organizations.ListOrganizationalUnitsForParentInput) (*organizations.ListOrganizationalUnitsForParentOutput, error) {
	if err := inParent(c, *in.ParentId); err != nil {
		return nil, err
	}
	list := []types.OrganizationalUnit{}
	for u := range c.Estate().Units.By(estate.ByParent(*in.ParentId)) {
		list = append(list, *unit(c.Estate(), u))
	}
	list, next, err := page(list, func(u types.OrganizationalUnit) string { return text(u.Id) }, in.NextToken, in.MaxResults)
	return &organizations.ListOrganizationalUnitsForParentOutput{OrganizationalUnits: list, NextToken: next}, err
}

func listParents(_ context.Context, c *world.Call, in *organizations.ListParentsInput) (*organizations.ListParentsOutput, error) {
	e := c.Estate()
	if err := begin(c, reader, arnOf(e, *in.ChildId)); err != nil {
		return nil, err
	}
	path := e.Path(*in.ChildId)
	if len(path) < 2 {
		return nil, fail("ChildNotFoundException", "You specified a child that doesn't exist.")
	}
	parent := types.Parent{Id: &path[len(path)-2], Type: types.ParentTypeOrganizationalUnit}
	if *parent.Id == e.Organization.Root {
		parent.Type = types.ParentTypeRoot
	}
	return &organizations.ListParentsOutput{Parents: []types.Parent{parent}}, nil
}

func listChildren(_ context.Context, c *world.Call, in *organizations.ListChildrenInput) (*organizations.ListChildrenOutput, error) {
	if err := inParent(c, *in.ParentId); err != nil {
		return nil, err
	}
	list := []types.Child{}
	if in.ChildType == types.ChildTypeAccount {
		for a := range c.Estate().Accounts.By(estate.ByParent(*in.ParentId)) {
			id := string(a.ID)
			list = append(list, types.Child{Id: &id, Type: in.ChildType})
		}
	} else {
		for u := range c.Estate().Units.By(estate.ByParent(*in.ParentId)) {
			list = append(list, types.Child{Id: &u.ID, Type: in.ChildType})
		}
	}
	list, next, err := page(list, func(ch types.Child) string { return text(ch.Id) }, in.NextToken, in.MaxResults)
	return &organizations.ListChildrenOutput{Children: list, NextToken: next}, err
}
