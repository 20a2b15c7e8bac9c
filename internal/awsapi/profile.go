package awsapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53profiles"
	"github.com/aws/aws-sdk-go-v2/service/route53profiles/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// profilesPage is the largest page of all lists of Profiles
// (API_route53profiles_ListProfiles and its like).
const profilesPage = 100

// readProfiles reads the Profiles that an account sees with what they carry: its
// own with their tags, and those that others share with it, whose tags the owner
// knows.
func (c *caller) readProfiles(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.profiles(q.Account, q.Region)
	var own, shared []estate.Profile
	carried := map[string][]estate.ProfileResource{} // by Profile, of those that told it
	pages := route53profiles.NewListProfilesPaginator(client, &route53profiles.ListProfilesInput{MaxResults: aws.Int32(profilesPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, summary := range page.ProfileSummaries {
			p := estate.Profile{
				ID: aws.ToString(summary.Id), ARN: aws.ToString(summary.Arn), Account: ownerIn(summary.Arn), Region: q.Region, Name: aws.ToString(summary.Name),
			}
			mine := p.Account == q.Account
			status, _, err := profileStatus(ctx, client, p.ID)
			p.Status = status
			if err == nil && mine {
				p.Tags, err = profileTags(ctx, client, p.ARN)
			}
			var resources []types.ProfileResourceAssociation
			if err == nil {
				resources, err = profileResources(ctx, client, p.ID)
			}
			switch {
			case Code(err) == notFound:
				continue // deleted or taken back meanwhile
			case Denied(err) && !mine: // a share need not let its contents be seen
				shared = append(shared, p)
				continue
			case err != nil:
				return nil, err
			}
			carried[p.ID] = nil
			for _, r := range resources {
				out, err := profileResourceOf(r)
				if err != nil {
					return nil, err
				}
				carried[p.ID] = append(carried[p.ID], out)
			}
			if mine {
				own = append(own, p)
			} else {
				shared = append(shared, p)
			}
		}
	}
	return func(e *estate.Estate) {
		known := map[string]estate.Profile{}
		var gone, resources []string
		for p := range e.Profiles.By(estate.ByRegion(q.Account, q.Region)) {
			known[p.ID] = p
			gone = append(gone, p.ID)
			if _, told := carried[p.ID]; !told {
				carried[p.ID] = nil
			}
		}
		for id := range carried {
			for r := range e.ProfileResources.By(estate.ByProfile(id)) {
				resources = append(resources, r.ID)
			}
		}
		e.Profiles.Delete(gone...)
		e.ProfileResources.Delete(resources...)
		for _, p := range own {
			p.Reverse = known[p.ID].Reverse
			e.Profiles.Put(p)
		}
		for _, p := range shared {
			k, _ := e.Profiles.Get(p.ID)
			p.Tags, p.Reverse = k.Tags, k.Reverse
			if p.Status == "" {
				p.Status = k.Status
			}
			e.Profiles.Put(p)
		}
		for _, id := range sortedKeys(carried) {
			e.ProfileResources.Put(carried[id]...)
		}
	}, nil
}

func profileTags(ctx context.Context, client *route53profiles.Client, arn string) (estate.Tags, error) {
	out, err := client.ListTagsForResource(ctx, &route53profiles.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil {
		return nil, err
	}
	tags := estate.Tags{}
	for k, v := range out.Tags {
		tags[k] = v
	}
	return tags, nil
}

func profileResources(ctx context.Context, client *route53profiles.Client, profile string) ([]types.ProfileResourceAssociation, error) {
	var out []types.ProfileResourceAssociation
	pages := route53profiles.NewListProfileResourceAssociationsPaginator(client,
		&route53profiles.ListProfileResourceAssociationsInput{ProfileId: &profile, MaxResults: aws.Int32(profilesPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, page.ProfileResourceAssociations...)
	}
	return out, nil
}

// properties are the resource properties of a firewall rule group
// (API_route53profiles_AssociateResourceToProfile).
type properties struct {
	Priority int32 `json:"priority"`
}

func profileResourceOf(r types.ProfileResourceAssociation) (estate.ProfileResource, error) {
	out := estate.ProfileResource{
		ID: aws.ToString(r.Id), Profile: aws.ToString(r.ProfileId), ARN: aws.ToString(r.ResourceArn), Type: aws.ToString(r.ResourceType),
		Name: aws.ToString(r.Name), Status: string(r.Status),
	}
	if s := aws.ToString(r.ResourceProperties); s != "" && out.Type == estate.ProfileFirewallGroup {
		var p properties
		if err := json.Unmarshal([]byte(s), &p); err != nil {
			return out, fmt.Errorf("properties of %s in Profile %s: %w", out.ARN, out.Profile, err)
		}
		out.Priority = p.Priority
	}
	return out, nil
}

// readProfileAssociations reads which Profiles the account's VPCs have.
func (c *caller) readProfileAssociations(ctx context.Context, q estate.Query) (Patch, error) {
	listed, err := profileAssociations(ctx, c.profiles(q.Account, q.Region), "")
	if err != nil {
		return nil, err
	}
	var found []estate.ProfileAssociation
	for _, a := range listed {
		out := estate.ProfileAssociation{
			ID: aws.ToString(a.Id), Profile: aws.ToString(a.ProfileId), VPC: bareID(a.ResourceId), Account: estate.AccountID(aws.ToString(a.OwnerId)),
			Region: q.Region, Name: aws.ToString(a.Name), Status: string(a.Status),
		}
		if out.Account == "" {
			out.Account = q.Account
		}
		found = append(found, out)
	}
	return func(e *estate.Estate) {
		tags := map[string]estate.Tags{}
		var gone []string
		for a := range e.ProfileAssociations.By(estate.ByRegion(q.Account, q.Region)) {
			gone = append(gone, a.ID)
			tags[a.ID] = a.Tags
		}
		e.ProfileAssociations.Delete(gone...)
		for _, a := range found {
			a.Tags = tags[a.ID]
			e.ProfileAssociations.Put(a)
		}
	}, nil
}

// profileAssociations lists those of the account's VPCs, or of one VPC.
func profileAssociations(ctx context.Context, client *route53profiles.Client, vpc string) ([]types.ProfileAssociation, error) {
	var out []types.ProfileAssociation
	pages := route53profiles.NewListProfileAssociationsPaginator(client,
		&route53profiles.ListProfileAssociationsInput{MaxResults: aws.Int32(profilesPage), ResourceId: optional(vpc)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, page.ProfileAssociations...)
	}
	return out, nil
}

var profileBinding = binding{
	reads:   []estate.QueryKind{estate.QueryProfiles},
	do:      (*Writer).doProfile,
	settled: (*Writer).profileSettled,
	needs:   making(plan.KindProfile, plan.Create, plan.Delete, plan.Await),
}

func (w *Writer) doProfile(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client := w.profiles(s.Account, s.Region)
	made := plan.Attributes{attrID: {s.ID}}
	switch s.Action {
	case plan.Create:
		return w.createProfile(ctx, client, s)
	case plan.Await:
		return made, nil
	}
	return made, w.patiently(ctx, func() (bool, error) {
		_, err := client.DeleteProfile(ctx, &route53profiles.DeleteProfileInput{ProfileId: &s.ID})
		switch Code(err) {
		case notFound:
			return false, nil
		case conflict: // what it is associated with, or its share, is going
			return true, err
		}
		return false, err
	})
}

// createProfile makes a Profile. The ClientToken, made of the address and a
// number, gives the same Profile for the same call again
// (API_route53profiles_CreateProfile). AWS does not document for how long, nor
// what the token of a Profile that was deleted gives: a Profile that is older
// than this call is looked at, and where it does not stand, or the token is
// refused, the next number is used.
func (w *Writer) createProfile(ctx context.Context, client *route53profiles.Client, s plan.Step) (plan.Attributes, error) {
	marks := plan.Marks(w.opt.Owner, s.Address)
	in := &route53profiles.CreateProfileInput{Name: aws.String(s.Object.One("name"))}
	for _, k := range sortedKeys(marks) {
		in.Tags = append(in.Tags, types.Tag{Key: aws.String(k), Value: aws.String(marks[k])})
	}
	began := w.opt.Clock.Now()
	for n := 1; ; n++ {
		in.ClientToken = aws.String(token(w.opt.Owner, s.Address, n))
		out, err := client.CreateProfile(ctx, in)
		switch {
		case err == nil && out.Profile != nil:
			p := out.Profile
			stands := aws.ToString(p.Name) == *in.Name && p.Status != types.ProfileStatusDeleting && p.Status != types.ProfileStatusDeleted
			if stands && aws.ToTime(p.CreationTime).Before(began.Add(-skew)) {
				status, _, err := profileStatus(ctx, client, aws.ToString(p.Id))
				if err != nil && Code(err) != notFound {
					return nil, err
				}
				stands = err == nil && status != estate.StatusDeleting
			}
			if stands {
				return plan.Attributes{attrID: {aws.ToString(p.Id)}, attrARN: {aws.ToString(p.Arn)}}, nil
			}
			err = fmt.Errorf("%s: earlier requests with the same tokens are still remembered; run again later", s.Address)
			if n == maxRequests {
				return nil, err
			}
		case Code(err) == "InvalidParameterException" && n < maxRequests:
		default:
			return nil, err
		}
	}
}

func profileStatus(ctx context.Context, client *route53profiles.Client, id string) (status, message string, err error) {
	out, err := client.GetProfile(ctx, &route53profiles.GetProfileInput{ProfileId: &id})
	if err != nil || out.Profile == nil {
		return "", "", err
	}
	return string(out.Profile.Status), aws.ToString(out.Profile.StatusMessage), nil
}

func (w *Writer) profileSettled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	id := idOf(s, done)
	status, message, err := profileStatus(ctx, w.profiles(s.Account, s.Region), id)
	return effect{status: status, message: message, err: err}.judge(s, "route53profiles", "GetProfile", id)
}

var profileResourceBinding = binding{
	reads:   []estate.QueryKind{estate.QueryProfiles},
	do:      (*Writer).doProfileResource,
	settled: (*Writer).profileResourceSettled,
	needs:   making(plan.KindProfileResource, plan.Create, plan.Update, plan.Delete, plan.Await),
}

// doProfileResource puts a resource into a Profile, or takes it out.
func (w *Writer) doProfileResource(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client := w.profiles(s.Account, s.Region)
	profile, resource := s.Object.One("profile"), s.Object.One("resource")
	made := plan.Attributes{attrID: {s.ID}}
	name := aws.String(plan.MarkName(w.opt.Owner, s.Address))
	var values *string
	if p := s.Object.One("priority"); p != "" {
		values = aws.String(`{"priority":` + p + `}`)
	}
	switch s.Action {
	case plan.Await:
		return made, nil
	case plan.Create:
		return made, w.patiently(ctx, func() (bool, error) {
			out, err := client.AssociateResourceToProfile(ctx, &route53profiles.AssociateResourceToProfileInput{
				Name: name, ProfileId: &profile, ResourceArn: &resource, ResourceProperties: values,
			})
			if err == nil {
				made[attrID] = []string{aws.ToString(out.ProfileResourceAssociation.Id)}
				return false, nil
			}
			if c := Code(err); c != conflict && c != exists {
				return false, err
			}
			// It is there, by a call whose answer was lost or by somebody else, or
			// it conflicts with what is on its way or for good.
			list, look := profileResources(ctx, client, profile)
			if look != nil {
				return false, errors.Join(look, err)
			}
			moving := false
			for _, r := range list {
				moving = moving || onItsWay(r.Status)
				if aws.ToString(r.ResourceArn) != resource || r.Status == types.ProfileStatusDeleting {
					continue
				}
				if aws.ToString(r.Name) == *name {
					made[attrID] = []string{aws.ToString(r.Id)}
					return false, nil
				}
				return false, hinted(err, fmt.Sprintf("somebody put it into the Profile as %q; take it out, or leave it to them", aws.ToString(r.Name)))
			}
			return moving, err
		})
	case plan.Update:
		return made, w.patiently(ctx, func() (bool, error) {
			_, err := client.UpdateProfileResourceAssociation(ctx, &route53profiles.UpdateProfileResourceAssociationInput{
				ProfileResourceAssociationId: &s.ID, Name: name, ResourceProperties: values,
			})
			return Code(err) == conflict, err
		})
	}
	return made, w.patiently(ctx, func() (bool, error) {
		_, err := client.DisassociateResourceFromProfile(ctx, &route53profiles.DisassociateResourceFromProfileInput{ProfileId: &profile, ResourceArn: &resource})
		if Code(err) == notFound {
			return false, nil
		}
		return Code(err) == conflict, err
	})
}

func onItsWay(s types.ProfileStatus) bool {
	return s == types.ProfileStatusCreating || s == types.ProfileStatusUpdating || s == types.ProfileStatusDeleting
}

func (w *Writer) profileResourceSettled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	id, client := idOf(s, done), w.profiles(s.Account, s.Region)
	effectOf := func(r types.ProfileResourceAssociation) effect {
		return effect{status: string(r.Status), message: aws.ToString(r.StatusMessage)}
	}
	return w.inEffect(ctx, s, id, func(ctx context.Context) effect {
		out, err := client.GetProfileResourceAssociation(ctx, &route53profiles.GetProfileResourceAssociationInput{ProfileResourceAssociationId: &id})
		if err != nil || out.ProfileResourceAssociation == nil {
			return effect{err: err}
		}
		return effectOf(*out.ProfileResourceAssociation)
	}, func(ctx context.Context, all []question) (map[string]effect, error) {
		out := map[string]effect{}
		for _, profile := range fieldOf(all, "profile") {
			list, err := profileResources(ctx, client, profile)
			if err != nil && Code(err) != notFound {
				return nil, err
			}
			for _, r := range list {
				out[aws.ToString(r.Id)] = effectOf(r)
			}
		}
		return out, nil
	}).judge(s, "route53profiles", "GetProfileResourceAssociation", id)
}

var profileAssociationBinding = binding{
	reads:   []estate.QueryKind{estate.QueryProfileAssociations},
	do:      (*Writer).doProfileAssociation,
	settled: (*Writer).profileAssociationSettled,
	needs:   making(plan.KindProfileAssociation, plan.Create, plan.Delete, plan.Await),
}

// doProfileAssociation associates a Profile with a VPC, in the VPC's account. A
// Profile that another account shares may take a while to be seen there, and the
// VPC's Profile of before a while to go.
func (w *Writer) doProfileAssociation(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client := w.profiles(s.Account, s.Region)
	profile, vpc := s.Object.One("profile"), s.Object.One("vpc")
	made := plan.Attributes{attrID: {s.ID}}
	switch s.Action {
	case plan.Await:
		return made, nil
	case plan.Create:
		return made, w.patiently(ctx, func() (bool, error) {
			out, err := client.AssociateProfile(ctx, &route53profiles.AssociateProfileInput{
				Name: aws.String(plan.MarkName(w.opt.Owner, s.Address)), ProfileId: &profile, ResourceId: &vpc,
			})
			if err == nil {
				made[attrID] = []string{aws.ToString(out.ProfileAssociation.Id)}
				return false, nil
			}
			if c := Code(err); c != conflict && c != exists {
				return notShared(err), err
			}
			list, look := profileAssociations(ctx, client, vpc)
			if look != nil {
				return false, errors.Join(look, err)
			}
			for _, a := range list {
				switch {
				case bareID(a.ResourceId) != vpc || a.Status == types.ProfileStatusDeleting || a.Status == types.ProfileStatusDeleted:
				case aws.ToString(a.ProfileId) == profile:
					made[attrID] = []string{aws.ToString(a.Id)}
					return false, nil
				default:
					return false, hinted(err, fmt.Sprintf("the VPC has the Profile %s, and a VPC has one at most: take it off that one", aws.ToString(a.ProfileId)))
				}
			}
			return true, err
		})
	}
	return made, w.patiently(ctx, func() (bool, error) {
		_, err := client.DisassociateProfile(ctx, &route53profiles.DisassociateProfileInput{ProfileId: &profile, ResourceId: &vpc})
		if Code(err) == notFound {
			return false, nil
		}
		return Code(err) == conflict, err
	})
}

func (w *Writer) profileAssociationSettled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	id, client := idOf(s, done), w.profiles(s.Account, s.Region)
	effectOf := func(a types.ProfileAssociation) effect {
		return effect{status: string(a.Status), message: aws.ToString(a.StatusMessage)}
	}
	return w.inEffect(ctx, s, id, func(ctx context.Context) effect {
		out, err := client.GetProfileAssociation(ctx, &route53profiles.GetProfileAssociationInput{ProfileAssociationId: &id})
		if err != nil || out.ProfileAssociation == nil {
			return effect{err: err}
		}
		return effectOf(*out.ProfileAssociation)
	}, func(ctx context.Context, _ []question) (map[string]effect, error) {
		list, err := profileAssociations(ctx, client, "")
		out := map[string]effect{}
		for _, a := range list {
			out[aws.ToString(a.Id)] = effectOf(a)
		}
		return out, err
	}).judge(s, "route53profiles", "GetProfileAssociation", id)
}

// token is the n-th client token of what stands for an address, in the
// characters and the length that every service takes.
func token(parts ...any) string {
	return plan.MarkName("token", strings.TrimSpace(fmt.Sprintln(parts...)))
}
