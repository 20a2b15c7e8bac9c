package organizations

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/organizations/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// invitation is a handshake by which an account joins the organization.
type invitation struct {
	ID      string
	Account estate.AccountID
	Notes   string
	State   types.HandshakeState
	Sent    time.Time
	Tags    estate.Tags
}

// An invitation is open for 15 days (orgs_manage_accounts_invites.html).
const invitationLasts = 15 * 24 * time.Hour

var invitations = world.Private[invitation]{Name: "organizations.invitations"}

// now is an invitation as it stands at the time of the call.
func (i invitation) now(c *world.Call) invitation {
	if i.State == types.HandshakeStateOpen && c.Now.After(i.Sent.Add(invitationLasts)) {
		i.State = types.HandshakeStateExpired
	}
	return i
}

func handshake(c *world.Call, i invitation) *types.Handshake {
	o := c.Estate().Organization
	its := "arn:aws:organizations::" + string(o.Management) + ":handshake/" + o.ID + "/invite/" + i.ID
	until, account := i.Sent.Add(invitationLasts), string(i.Account)
	h := &types.Handshake{
		Id: &i.ID, Arn: &its, Action: types.ActionTypeInviteAccountToOrganization, State: i.State,
		RequestedTimestamp: &i.Sent, ExpirationTimestamp: &until,
		Parties: []types.HandshakeParty{{Id: &o.ID, Type: types.HandshakePartyTypeOrganization}, {Id: &account, Type: types.HandshakePartyTypeAccount}},
		Resources: []types.HandshakeResource{{Type: types.HandshakeResourceTypeOrganization, Value: &o.ID},
			{Type: types.HandshakeResourceTypeAccount, Value: &account}},
	}
	if i.Notes != "" {
		h.Resources = append(h.Resources, types.HandshakeResource{Type: types.HandshakeResourceTypeNotes, Value: &i.Notes})
	}
	return h
}

func inviteAccount(_ context.Context, c *world.Call, in *organizations.InviteAccountToOrganizationInput) (*organizations.InviteAccountToOrganizationOutput, error) {
	if err := begin(c, management); err != nil {
		return nil, err
	}
	if in.Target.Type != types.HandshakePartyTypeAccount {
		return nil, c.Unsupported("Target of type " + string(in.Target.Type))
	}
	tags, err := newTags(in.Tags)
	if err != nil {
		return nil, err
	}
	id := estate.AccountID(text(in.Target.Id))
	switch {
	case len(id) != 12:
		return nil, invalid(types.InvalidInputExceptionReasonInvalidPattern, "You provided a value that doesn't match the required pattern.")
	case member(c.Estate(), id):
		message := "The specified account is already a member of an organization."
		return nil, &types.HandshakeConstraintViolationException{Message: &message, Reason: types.HandshakeConstraintViolationExceptionReasonAlreadyInAnOrganization}
	case slices.ContainsFunc(sent(c, id), func(i invitation) bool { return i.State == types.HandshakeStateOpen }):
		return nil, fail("DuplicateHandshakeException", "A handshake with the same action and target already exists.")
	}
	i := invitation{ID: "h-" + newID(c, "handshake", string(id), 32), Account: id, Notes: text(in.Notes), State: types.HandshakeStateOpen, Sent: c.Now, Tags: tags}
	invitations.Put(c.State, i.ID, i)
	return &organizations.InviteAccountToOrganizationOutput{Handshake: handshake(c, i)}, nil
}

// sent are the invitations of an account, or all of them.
func sent(c *world.Call, to estate.AccountID) []invitation {
	var out []invitation
	invitations.Walk(c.State, "", func(_ string, i invitation) bool {
		if to == "" || i.Account == to {
			out = append(out, i.now(c))
		}
		return true
	})
	return out
}

// party finds an invitation for one of its two sides; asked is the side that
// must be the caller, the account or the organization.
func party(c *world.Call, id string, account, organization bool) (invitation, error) {
	settle(c)
	o := c.Estate().Organization
	its := "arn:aws:organizations::" + string(o.Management) + ":handshake/" + o.ID + "/invite/" + id
	if err := c.Authorize("organizations:"+c.Operation, its, nil); err != nil {
		return invitation{}, err
	}
	i, ok := invitations.Get(c.State, id)
	if !ok || !(account && c.Account() == i.Account || organization && c.Account() == o.Management) {
		return i, fail("HandshakeNotFoundException", "You specified a handshake that doesn't exist.")
	}
	return i.now(c), nil
}

// end moves an open invitation to its last state.
func end(c *world.Call, i invitation, state types.HandshakeState) (invitation, error) {
	switch i.State {
	case types.HandshakeStateOpen:
	case state:
		return i, fail("HandshakeAlreadyInStateException", "The specified handshake is already in the requested state.")
	default:
		return i, fail("InvalidHandshakeTransitionException", "You can't perform the operation on the handshake in its current state.")
	}
	i.State = state
	invitations.Put(c.State, i.ID, i)
	return i, nil
}

func acceptHandshake(_ context.Context, c *world.Call, in *organizations.AcceptHandshakeInput) (*organizations.AcceptHandshakeOutput, error) {
	i, err := party(c, *in.HandshakeId, true, false)
	if err != nil {
		return nil, err
	}
	if i, err = end(c, i, types.HandshakeStateAccepted); err != nil {
		return nil, err
	}
	c.State.Admit(i.Account)
	a, _ := c.Estate().Accounts.Get(string(i.Account))
	a.Parent, a.Tags = c.Estate().Organization.Root, a.Tags.With(i.Tags)
	if a.Email == "" {
		a.Email = string(a.ID) + "@account.invalid"
	}
	join(c, a, c.Now)
	return &organizations.AcceptHandshakeOutput{Handshake: handshake(c, i)}, nil
}

func declineHandshake(_ context.Context, c *world.Call, in *organizations.DeclineHandshakeInput) (*organizations.DeclineHandshakeOutput, error) {
	i, err := party(c, *in.HandshakeId, true, false)
	if err != nil {
		return nil, err
	}
	i, err = end(c, i, types.HandshakeStateDeclined)
	return &organizations.DeclineHandshakeOutput{Handshake: handshake(c, i)}, err
}

func cancelHandshake(_ context.Context, c *world.Call, in *organizations.CancelHandshakeInput) (*organizations.CancelHandshakeOutput, error) {
	i, err := party(c, *in.HandshakeId, false, true)
	if err != nil {
		return nil, err
	}
	i, err = end(c, i, types.HandshakeStateCanceled)
	return &organizations.CancelHandshakeOutput{Handshake: handshake(c, i)}, err
}

func describeHandshake(_ context.Context, c *world.Call, in *organizations.DescribeHandshakeInput) (*organizations.DescribeHandshakeOutput, error) {
	i, err := party(c, *in.HandshakeId, true, true)
	if err != nil {
		return nil, err
	}
	return &organizations.DescribeHandshakeOutput{Handshake: handshake(c, i)}, nil
}

func handshakePage(c *world.Call, list []invitation, token *string, max *int32) ([]types.Handshake, *string, error) {
	list, next, err := page(list, func(i invitation) string { return i.ID }, token, max)
	out := []types.Handshake{}
	for _, i := range list {
		out = append(out, *handshake(c, i))
	}
	return out, next, err
}

func listHandshakesForAccount(_ context.Context, c *world.Call, in *organizations.ListHandshakesForAccountInput) (*organizations.ListHandshakesForAccountOutput, error) {
	settle(c)
	if err := c.Authorize("organizations:ListHandshakesForAccount", "*", nil); err != nil {
		return nil, err
	}
	list, next, err := handshakePage(c, sent(c, c.Account()), in.NextToken, in.MaxResults)
	return &organizations.ListHandshakesForAccountOutput{Handshakes: list, NextToken: next}, err
}

func listHandshakesForOrganization(_ context.Context, c *world.Call, in *organizations.ListHandshakesForOrganizationInput) (*organizations.ListHandshakesForOrganizationOutput, error) {
	if err := begin(c, reader); err != nil {
		return nil, err
	}
	list, next, err := handshakePage(c, sent(c, ""), in.NextToken, in.MaxResults)
	return &organizations.ListHandshakesForOrganizationOutput{Handshakes: list, NextToken: next}, err
}
