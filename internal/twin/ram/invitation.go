package ram

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// How long an invitation can be accepted, by what the share holds: a week where
// all of it is of the types that have a week, otherwise twelve hours (RAM User
// Guide, working-with-shared-invitations.html; for a mixed share our reading).
const (
	valid     = 12 * time.Hour
	validWeek = 7 * 24 * time.Hour
)

func lasts(s estate.Share) time.Duration {
	for _, r := range s.Resources {
		if k, _ := estate.ShareKindOf(r.ID); !k.Week {
			return valid
		}
	}
	if len(s.Resources) == 0 {
		return valid
	}
	return validWeek
}

// invite sees to it that each principal of a share whose answer is awaited has an
// invitation, also where the share came with the estate and none did.
func invite(c *world.Call, s estate.Share) {
	e := c.Estate()
	for _, p := range s.Principals {
		if p.Status != estate.ShareAssociating {
			continue
		}
		if slices.ContainsFunc(slices.Collect(e.Invitations.By(estate.ByMember(s.ARN))), func(i estate.Invitation) bool {
			return string(i.Receiver) == p.ID && i.Status == string(types.ResourceShareInvitationStatusPending)
		}) {
			continue
		}
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d", s.ARN, p.ID, p.Since.UnixNano()))
		e.Invitations.Put(estate.Invitation{
			ARN:   fmt.Sprintf("arn:aws:ram:%s:%s:resource-share-invitation/%s", s.Region, s.Account, uuid(fmt.Sprintf("%x", sum))),
			Share: s.ARN, Name: s.Name, Sender: s.Account, Receiver: estate.AccountID(p.ID), Region: s.Region,
			Status: string(types.ResourceShareInvitationStatusPending), Made: p.Since,
		})
	}
}

// withdraw takes back the invitations to a share that nobody answered, of the
// given principals.
func withdraw(c *world.Call, share string, principals []string) {
	e := c.Estate()
	for _, i := range slices.Collect(e.Invitations.By(estate.ByMember(share))) {
		if i.Status == string(types.ResourceShareInvitationStatusPending) && slices.Contains(principals, string(i.Receiver)) {
			e.Invitations.Delete(i.ARN)
		}
	}
}

// shownInvitation is an invitation as RAM shows it.
func shownInvitation(c *world.Call, i estate.Invitation) types.ResourceShareInvitation {
	s, _ := c.Estate().Shares.Get(i.Share)
	if s.Name != "" {
		i.Name = s.Name
	}
	in := types.ResourceShareInvitation{
		ResourceShareInvitationArn: &i.ARN, ResourceShareArn: &i.Share, ResourceShareName: &i.Name,
		SenderAccountId: aws.String(string(i.Sender)), ReceiverAccountId: aws.String(string(i.Receiver)),
		ReceiverArn: text("arn:aws:iam::%s:root", i.Receiver), InvitationTimestamp: &i.Made, Status: types.ResourceShareInvitationStatus(i.Status),
	}
	if in.Status == types.ResourceShareInvitationStatusPending && !c.Now.Before(i.Made.Add(lasts(s))) {
		in.Status = types.ResourceShareInvitationStatusExpired
	}
	return in
}

// invited are the invitations that the caller got, in the Region.
func invited(c *world.Call) []types.ResourceShareInvitation {
	e := c.Estate()
	for _, s := range slices.Collect(e.Shares.By(estate.ByMember(string(c.Account())))) {
		if s.Region == c.Region {
			invite(c, s)
		}
	}
	var all []types.ResourceShareInvitation
	for i := range e.Invitations.By(estate.ByRegion(c.Account(), c.Region)) {
		all = append(all, shownInvitation(c, i))
	}
	return all
}

func getResourceShareInvitations(_ context.Context, c *world.Call, in *ram.GetResourceShareInvitationsInput) (*ram.GetResourceShareInvitationsOutput, error) {
	if err := allow(c, "*", nil); err != nil {
		return nil, err
	}
	all := invited(c)
	for _, arn := range in.ResourceShareInvitationArns {
		if !slices.ContainsFunc(all, func(i types.ResourceShareInvitation) bool { return *i.ResourceShareInvitationArn == arn }) {
			return nil, noInvitation(arn)
		}
	}
	all = slices.DeleteFunc(all, func(i types.ResourceShareInvitation) bool {
		return !wanted(in.ResourceShareInvitationArns, *i.ResourceShareInvitationArn) || !wanted(in.ResourceShareArns, *i.ResourceShareArn)
	})
	list, next, err := page(all, func(i types.ResourceShareInvitation) string { return *i.ResourceShareInvitationArn }, in.MaxResults, in.NextToken)
	if list == nil {
		list = []types.ResourceShareInvitation{}
	}
	return &ram.GetResourceShareInvitationsOutput{ResourceShareInvitations: list, NextToken: next}, err
}

func noInvitation(arn string) error {
	return &types.ResourceShareInvitationArnNotFoundException{Message: text("ResourceShareInvitation %s could not be found.", arn)}
}

// waiting asks for the permission to answer an invitation, and finds it among
// those that can still be answered.
func waiting(c *world.Call, arn *string) (types.ResourceShareInvitation, error) {
	id := aws.ToString(arn)
	if err := allow(c, id, nil); err != nil {
		return types.ResourceShareInvitation{}, err
	}
	if !strings.HasPrefix(id, "arn:aws:ram:") {
		return types.ResourceShareInvitation{}, malformedARN(id)
	}
	for _, in := range invited(c) {
		if *in.ResourceShareInvitationArn != id {
			continue
		}
		switch in.Status {
		case types.ResourceShareInvitationStatusAccepted:
			return in, &types.ResourceShareInvitationAlreadyAcceptedException{Message: text("ResourceShareInvitation %s was already accepted.", id)}
		case types.ResourceShareInvitationStatusRejected:
			return in, &types.ResourceShareInvitationAlreadyRejectedException{Message: text("ResourceShareInvitation %s was already rejected.", id)}
		case types.ResourceShareInvitationStatusExpired:
			return in, &types.ResourceShareInvitationExpiredException{Message: text("ResourceShareInvitation %s has expired.", id)}
		}
		return in, nil
	}
	return types.ResourceShareInvitation{}, noInvitation(id)
}

// answer closes an invitation: the principal is in the share from now on, or
// out of it.
func answer(c *world.Call, in types.ResourceShareInvitation, status types.ResourceShareInvitationStatus) *types.ResourceShareInvitation {
	e := c.Estate()
	s, there := e.Shares.Get(*in.ResourceShareArn)
	s.Principals = slices.Clone(s.Principals)
	// The share may be unknown here: who reads an estate sees the invitations
	// also where it cannot read the sender.
	if i := slices.IndexFunc(s.Principals, func(p estate.ShareMember) bool { return p.ID == *in.ReceiverAccountId }); there && i >= 0 {
		if status == types.ResourceShareInvitationStatusAccepted {
			s.Principals[i].Status, s.Principals[i].Since = estate.ShareAssociated, c.Now
		} else {
			s.Principals = slices.Delete(s.Principals, i, i+1)
		}
		e.Shares.Put(s)
	}
	row, _ := e.Invitations.Get(*in.ResourceShareInvitationArn)
	row.Status = string(status)
	e.Invitations.Put(row)
	in.Status = status
	return &in
}

func acceptResourceShareInvitation(_ context.Context, c *world.Call, in *ram.AcceptResourceShareInvitationInput) (*ram.AcceptResourceShareInvitationOutput, error) {
	i, err := waiting(c, in.ResourceShareInvitationArn)
	if err != nil {
		return nil, err
	}
	return &ram.AcceptResourceShareInvitationOutput{ResourceShareInvitation: answer(c, i, types.ResourceShareInvitationStatusAccepted), ClientToken: in.ClientToken}, nil
}

func rejectResourceShareInvitation(_ context.Context, c *world.Call, in *ram.RejectResourceShareInvitationInput) (*ram.RejectResourceShareInvitationOutput, error) {
	i, err := waiting(c, in.ResourceShareInvitationArn)
	if err != nil {
		return nil, err
	}
	return &ram.RejectResourceShareInvitationOutput{ResourceShareInvitation: answer(c, i, types.ResourceShareInvitationStatusRejected), ClientToken: in.ClientToken}, nil
}

// listPendingInvitationResources lists what an invitation is about. That an
// accepted one is refused too is derived: its resources are ListResources'.
func listPendingInvitationResources(_ context.Context, c *world.Call, in *ram.ListPendingInvitationResourcesInput) (*ram.ListPendingInvitationResourcesOutput, error) {
	i, err := waiting(c, in.ResourceShareInvitationArn)
	if err != nil {
		return nil, err
	}
	s, _ := c.Estate().Shares.Get(*i.ResourceShareArn)
	list, next, err := page(resources(s), resourceKey, in.MaxResults, in.NextToken)
	return &ram.ListPendingInvitationResourcesOutput{Resources: list, NextToken: next}, err
}
