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

// valid is how long an invitation can be accepted (RAM User Guide,
// working-with-shared-invitations.html; a few types of resources have seven
// days, none of which is in [kinds]).
const valid = 12 * time.Hour

// answered are the invitations that were accepted or rejected, by ARN. An open
// one is a principal of a share that is ASSOCIATING; its ARN derives from both.
var answered = world.Private[types.ResourceShareInvitation]{Name: "ram.invitations"}

// open are the invitations that wait for an answer, and those that waited too
// long, of shares of an account; of all where it is empty.
func open(c *world.Call, sender estate.AccountID) []types.ResourceShareInvitation {
	var out []types.ResourceShareInvitation
	shares := c.Estate().Shares.All()
	if sender != "" {
		shares = c.Estate().Shares.By(estate.ByAccount(sender))
	}
	for s := range shares {
		for _, p := range s.Principals {
			if s.Region == c.Region && p.Status == estate.ShareAssociating {
				out = append(out, invitation(c, s, p))
			}
		}
	}
	return out
}

func invitation(c *world.Call, s estate.Share, p estate.ShareMember) types.ResourceShareInvitation {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%s/%d", s.ARN, p.ID, p.Since.UnixNano()))
	in := types.ResourceShareInvitation{
		ResourceShareInvitationArn: text("arn:aws:ram:%s:%s:resource-share-invitation/%s", s.Region, s.Account, uuid(fmt.Sprintf("%x", sum))),
		ResourceShareArn:           &s.ARN, ResourceShareName: &s.Name, SenderAccountId: aws.String(string(s.Account)), ReceiverAccountId: &p.ID,
		ReceiverArn: text("arn:aws:iam::%s:root", p.ID), InvitationTimestamp: aws.Time(p.Since), Status: types.ResourceShareInvitationStatusPending,
	}
	if !c.Now.Before(p.Since.Add(valid)) {
		in.Status = types.ResourceShareInvitationStatusExpired
	}
	return in
}

// invited are the invitations that the caller got, in the Region.
func invited(c *world.Call) []types.ResourceShareInvitation {
	all := open(c, "")
	answered.Walk(c.State, "arn:aws:ram:"+string(c.Region)+":", func(_ string, in types.ResourceShareInvitation) bool {
		all = append(all, in)
		return true
	})
	return slices.DeleteFunc(all, func(in types.ResourceShareInvitation) bool { return *in.ReceiverAccountId != string(c.Account()) })
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
	s, _ := c.Estate().Shares.Get(*in.ResourceShareArn)
	s.Principals = slices.Clone(s.Principals)
	i := slices.IndexFunc(s.Principals, func(p estate.ShareMember) bool { return p.ID == *in.ReceiverAccountId })
	if status == types.ResourceShareInvitationStatusAccepted {
		s.Principals[i].Status, s.Principals[i].Since = estate.ShareAssociated, c.Now
	} else {
		s.Principals = slices.Delete(s.Principals, i, i+1)
	}
	c.Estate().Shares.Put(s)
	in.Status = status
	answered.Put(c.State, *in.ResourceShareInvitationArn, in)
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
