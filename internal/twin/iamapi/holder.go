package iamapi

import (
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/iam"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// holder is a role or a user, as far as policies and tags hang on it.
type holder struct {
	kind     string // "role", "user"
	arn      string
	name     string
	found    bool
	inline   map[string]string
	attached []string
	boundary string
	tags     estate.Tags
}

// holderOf finds a role or user of the caller's account by name. One that is
// not there still has an ARN, by which the call is authorized.
func holderOf(c *world.Call, kind, name string) holder {
	h := holder{kind: kind, name: name, arn: arnOf(c, kind, "/", name)}
	if kind == "role" {
		if r, ok := roleNamed(c, name); ok {
			h.found, h.arn, h.inline, h.attached, h.boundary, h.tags = true, r.ARN, r.Inline, r.Attached, r.Boundary, r.Tags
		}
	} else if u, ok := userNamed(c, name); ok {
		h.found, h.arn, h.inline, h.attached, h.boundary, h.tags = true, u.ARN, u.Inline, u.Attached, u.Boundary, u.Tags
	}
	return h
}

func roleNamed(c *world.Call, name string) (estate.Role, bool) {
	return estate.First(c.Estate().Roles.By(estate.ByRole(c.Account(), name)))
}

func userNamed(c *world.Call, name string) (estate.User, bool) {
	return estate.First(c.Estate().Users.By(estate.ByUser(c.Account(), name)))
}

// put writes the policies and tags back.
func (h holder) put(c *world.Call) {
	if h.kind == "role" {
		r, _ := c.Estate().Roles.Get(h.arn)
		r.Inline, r.Attached, r.Boundary, r.Tags = h.inline, h.attached, h.boundary, h.tags
		c.Estate().Roles.Put(r)
		return
	}
	u, _ := c.Estate().Users.Get(h.arn)
	u.Inline, u.Attached, u.Boundary, u.Tags = h.inline, h.attached, h.boundary, h.tags
	c.Estate().Users.Put(u)
}

// authorized finds a holder for a call that needs it: first the caller must be
// allowed, then the holder be there.
func authorized(c *world.Call, kind, name string, conditions world.Conditions) (holder, error) {
	h := holderOf(c, kind, name)
	all := resourceTags(h.tags)
	if h.boundary != "" {
		all["iam:permissionsboundary"] = []string{h.boundary}
	}
	maps.Copy(all, conditions)
	if err := c.Authorize("iam:"+c.Operation, h.arn, all); err != nil {
		return h, err
	}
	if !h.found {
		return h, fail("NoSuchEntity", "The %s with name %s cannot be found.", kind, name)
	}
	return h, nil
}

// resourceTags are the condition keys of a resource's tags.
func resourceTags(tags estate.Tags) world.Conditions {
	out := world.Conditions{}
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out["aws:resourcetag/"+strings.ToLower(k)] = []string{tags[k]}
		out["iam:resourcetag/"+strings.ToLower(k)] = []string{tags[k]}
	}
	return out
}

func (h holder) putInline(c *world.Call, name, document string) error {
	if _, err := checked(document, iam.IdentityBased); err != nil {
		return err
	}
	inline := map[string]string{}
	maps.Copy(inline, h.inline)
	inline[name] = document
	size, limit := 0, roleInlineSize
	if h.kind == "user" {
		limit = userInlineSize
	}
	for d := range maps.Values(inline) {
		size += iam.Size(d)
	}
	if size > limit {
		return fail("LimitExceeded", "Maximum policy size of %d bytes exceeded for %s %s", limit, h.kind, h.name)
	}
	h.inline = inline
	h.put(c)
	return nil
}

func (h holder) inlineDocument(name string) (*string, error) {
	d, ok := h.inline[name]
	if !ok {
		return nil, fail("NoSuchEntity", "The %s policy with name %s cannot be found.", h.kind, name)
	}
	return encoded(d), nil
}

func (h holder) deleteInline(c *world.Call, name string) error {
	if _, err := h.inlineDocument(name); err != nil {
		return err
	}
	h.inline = maps.Clone(h.inline)
	delete(h.inline, name)
	h.put(c)
	return nil
}

func (h holder) attach(c *world.Call, arn string) error {
	if err := attachable(c, arn); err != nil {
		return err
	}
	if slices.Contains(h.attached, arn) {
		return nil
	}
	quota := "PoliciesPerRole"
	if h.kind == "user" {
		quota = "PoliciesPerUser"
	}
	if err := within(c, quota, len(h.attached)+1); err != nil {
		return err
	}
	h.attached = append(slices.Clone(h.attached), arn)
	h.put(c)
	return nil
}

func (h holder) detach(c *world.Call, arn string) error {
	i := slices.Index(h.attached, arn)
	if i < 0 {
		return fail("NoSuchEntity", "Policy %s was not found.", arn)
	}
	h.attached = slices.Delete(slices.Clone(h.attached), i, i+1)
	h.put(c)
	return nil
}

// attachable reports whether a managed policy can be used in the caller's
// account: its own, or AWS's.
func attachable(c *world.Call, arn string) error {
	p, own := c.Estate().ManagedPolicies.Get(arn)
	if _, ok := iam.Managed(arn); ok || own && p.Account == c.Account() {
		return nil
	}
	return fail("NoSuchEntity", "Policy %s does not exist or is not attachable.", arn)
}

// scoped is attachable for a boundary.
func scoped(c *world.Call, arn string) error {
	if attachable(c, arn) != nil {
		return fail("NoSuchEntity", "Scope ARN: %s does not exist or is not attachable.", arn)
	}
	return nil
}

// deletable refuses to delete what still holds policies.
func (h holder) deletable() error {
	switch {
	case len(h.attached) > 0:
		return fail("DeleteConflict", "Cannot delete entity, must detach all policies first.")
	case len(h.inline) > 0:
		return fail("DeleteConflict", "Cannot delete entity, must delete policies first.")
	}
	return nil
}

func (h holder) setBoundary(c *world.Call, arn string) error {
	if err := scoped(c, arn); err != nil {
		return err
	}
	h.boundary = arn
	h.put(c)
	return nil
}

// attachedPage lists the managed policies by name.
func (h holder) attachedPage(prefix, marker *string, max *int32) ([]types.AttachedPolicy, bool, *string, error) {
	list := []types.AttachedPolicy{}
	for _, arn := range h.attached {
		path, name := pathAndName(arn)
		if strings.HasPrefix(path, pathOr(prefix)) {
			list = append(list, types.AttachedPolicy{PolicyArn: &arn, PolicyName: &name})
		}
	}
	return page(list, func(p types.AttachedPolicy) string { return *p.PolicyName + " " + *p.PolicyArn }, marker, max)
}

// pathAndName reads both out of a policy's ARN.
func pathAndName(arn string) (path, name string) {
	_, rest, _ := strings.Cut(arn, ":policy")
	i := strings.LastIndexByte(rest, '/') + 1
	return rest[:i], rest[i:]
}

func itself(s string) string { return s }

// policyARN is the condition key of what is attached.
func policyARN(arn string) world.Conditions { return world.Conditions{"iam:policyarn": {arn}} }
