package awsapi

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	"github.com/aws/aws-sdk-go-v2/service/ram/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// sharesPage is the largest page of all lists of RAM (API_GetResourceShares and
// its like, MaxResults).
const sharesPage = 500

// membersPerCall is how many resources RAM takes in a call (RAM User Guide,
// service-quotas.html); principals are cut the same way.
const membersPerCall = 100

// unknownShare is RAM's code for what does not exist, or is not seen.
const unknownShare = "UnknownResourceException"

// readShares reads the shares that an account owns, with all that they hold.
func (c *caller) readShares(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.ram(q.Account, q.Region)
	listed, err := listShares(ctx, client, ram.GetResourceSharesInput{ResourceOwner: types.ResourceOwnerSelf})
	if err != nil {
		return nil, err
	}
	var found []estate.Share
	at := map[string]int{} // ARN -> index in found
	for _, s := range listed {
		if !shareStands(s) {
			continue
		}
		out := estate.Share{
			ARN: aws.ToString(s.ResourceShareArn), Account: q.Account, Region: q.Region, Name: aws.ToString(s.Name),
			AllowExternal: aws.ToBool(s.AllowExternalPrincipals), Created: aws.ToTime(s.CreationTime), Tags: estate.Tags{},
		}
		for _, t := range s.Tags {
			out.Tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
		}
		at[out.ARN] = len(found)
		found = append(found, out)
	}
	if len(found) > 0 {
		members, err := shareMembers(ctx, client, nil)
		if err != nil {
			return nil, err
		}
		for _, m := range members {
			i, ok := at[aws.ToString(m.ResourceShareArn)]
			if !ok {
				continue
			}
			if m.AssociationType == types.ResourceShareAssociationTypeResource {
				found[i].Resources = append(found[i].Resources, memberOf(m))
			} else {
				found[i].Principals = append(found[i].Principals, memberOf(m))
			}
		}
	}
	return func(e *estate.Estate) {
		known := map[string]estate.Share{}
		var gone []string
		for s := range e.Shares.By(estate.ByRegion(q.Account, q.Region)) {
			gone = append(gone, s.ARN)
			known[s.ARN] = s
		}
		e.Shares.Delete(gone...)
		for _, s := range found {
			s.Permissions = known[s.ARN].Permissions
			e.Shares.Put(s)
		}
	}, nil
}

func shareStands(s types.ResourceShare) bool {
	return s.Status == types.ResourceShareStatusActive || s.Status == types.ResourceShareStatusPending
}

func memberOf(a types.ResourceShareAssociation) estate.ShareMember {
	since := a.LastUpdatedTime
	if since == nil {
		since = a.CreationTime
	}
	return estate.ShareMember{ID: aws.ToString(a.AssociatedEntity), Status: string(a.Status), External: aws.ToBool(a.External), Since: aws.ToTime(since)}
}

func listShares(ctx context.Context, client *ram.Client, in ram.GetResourceSharesInput) ([]types.ResourceShare, error) {
	in.MaxResults = aws.Int32(sharesPage)
	var out []types.ResourceShare
	pages := ram.NewGetResourceSharesPaginator(client, &in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, page.ResourceShares...)
	}
	return out, nil
}

// shareMembers lists what the account's shares hold, or those given: not what
// was taken out.
func shareMembers(ctx context.Context, client *ram.Client, shares []string) ([]types.ResourceShareAssociation, error) {
	var out []types.ResourceShareAssociation
	for _, kind := range []types.ResourceShareAssociationType{types.ResourceShareAssociationTypeResource, types.ResourceShareAssociationTypePrincipal} {
		pages := ram.NewGetResourceShareAssociationsPaginator(client,
			&ram.GetResourceShareAssociationsInput{AssociationType: kind, ResourceShareArns: shares, MaxResults: aws.Int32(sharesPage)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, a := range page.ResourceShareAssociations {
				if a.Status != types.ResourceShareAssociationStatusDisassociated {
					a.AssociationType = kind
					out = append(out, a)
				}
			}
		}
	}
	return out, nil
}

// readInvitations reads the invitations that wait for an account.
func (c *caller) readInvitations(ctx context.Context, q estate.Query) (Patch, error) {
	listed, err := listInvitations(ctx, c.ram(q.Account, q.Region), nil)
	if err != nil {
		return nil, err
	}
	var found []estate.Invitation
	for _, i := range listed {
		if i.Status != types.ResourceShareInvitationStatusPending {
			continue
		}
		found = append(found, estate.Invitation{
			ARN: aws.ToString(i.ResourceShareInvitationArn), Share: aws.ToString(i.ResourceShareArn), Sender: estate.AccountID(aws.ToString(i.SenderAccountId)),
			Receiver: q.Account, Region: q.Region, Status: string(i.Status), Made: aws.ToTime(i.InvitationTimestamp),
		})
	}
	return func(e *estate.Estate) {
		var gone []string
		for i := range e.Invitations.By(estate.ByRegion(q.Account, q.Region)) {
			gone = append(gone, i.ARN)
		}
		e.Invitations.Delete(gone...)
		e.Invitations.Put(found...)
	}, nil
}

func listInvitations(ctx context.Context, client *ram.Client, shares []string) ([]types.ResourceShareInvitation, error) {
	var out []types.ResourceShareInvitation
	pages := ram.NewGetResourceShareInvitationsPaginator(client, &ram.GetResourceShareInvitationsInput{ResourceShareArns: shares, MaxResults: aws.Int32(sharesPage)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		out = append(out, page.ResourceShareInvitations...)
	}
	return out, nil
}

var shareBinding = binding{
	reads:   []estate.QueryKind{estate.QueryShares},
	do:      (*Writer).doShare,
	settled: (*Writer).shareSettled,
	needs:   making(plan.KindShare, plan.Create, plan.Update, plan.Delete, plan.Await),
}

func (w *Writer) doShare(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client := w.ram(s.Account, s.Region)
	made := plan.Attributes{attrID: {s.ID}, attrARN: {s.ID}}
	switch s.Action {
	case plan.Create:
		return w.createShare(ctx, client, s)
	case plan.Update:
		return made, w.updateShare(ctx, client, s, s.ID)
	case plan.Await:
		return made, nil
	}
	_, err := client.DeleteResourceShare(ctx, &ram.DeleteResourceShareInput{ResourceShareArn: &s.ID})
	if Code(err) == unknownShare {
		return made, nil
	}
	if err != nil { // one that goes already is refused
		shares, look := listShares(ctx, client, ram.GetResourceSharesInput{ResourceOwner: types.ResourceOwnerSelf, ResourceShareArns: []string{s.ID}})
		if Code(look) == unknownShare || look == nil && !slices.ContainsFunc(shares, shareStands) {
			return made, nil
		}
	}
	return made, err
}

// createShare makes a share with its marks, the ledger and what it holds in one
// call, or takes the one that an earlier try made, which it finds by its marks.
// The token makes a repeated call give the same share again; when it leads to
// one that was deleted, or that was made with other members, the next is used.
func (w *Writer) createShare(ctx context.Context, client *ram.Client, s plan.Step) (plan.Attributes, error) {
	marks := plan.Marks(w.opt.Owner, s.Address)
	in := ram.GetResourceSharesInput{ResourceOwner: types.ResourceOwnerSelf, ResourceShareStatus: types.ResourceShareStatusActive, Name: optional(s.Object.One("name"))}
	for _, k := range sortedKeys(marks) {
		in.TagFilters = append(in.TagFilters, types.TagFilter{TagKey: aws.String(k), TagValues: []string{marks[k]}})
	}
	standing, err := listShares(ctx, client, in)
	if err != nil {
		return nil, err
	}
	if len(standing) > 0 {
		arn := aws.ToString(standing[0].ResourceShareArn)
		return plan.Attributes{attrID: {arn}, attrARN: {arn}}, w.updateShare(ctx, client, s, arn)
	}
	resources, principals := s.Object.Fields["resources"], s.Object.Fields["principals"]
	first := func(list []string) []string { return list[:min(len(list), membersPerCall)] }
	tags := ledgerOf(s.Object.Fields)
	for k, v := range marks {
		tags[k] = v
	}
	out := &ram.CreateResourceShareInput{
		Name: aws.String(s.Object.One("name")), AllowExternalPrincipals: aws.Bool(s.Object.One("external") == plan.True),
		ResourceArns: first(resources), Principals: first(principals), Tags: ramTags(tags),
	}
	began := w.opt.Clock.Now()
	for n := 1; n <= maxRequests; n++ {
		out.ClientToken = aws.String(token(w.opt.Owner, s.Address, n))
		got, err := client.CreateResourceShare(ctx, out)
		switch {
		case Code(err) == "IdempotentParameterMismatchException" || Code(err) == "IdempotentParameterMismatch":
			continue
		case err != nil:
			return nil, err
		case got.ResourceShare == nil || !shareStands(*got.ResourceShare) || aws.ToTime(got.ResourceShare.CreationTime).Before(began.Add(-skew)):
			continue // one of before, which does not stand: else its marks had been found
		}
		arn := aws.ToString(got.ResourceShare.ResourceShareArn)
		made := plan.Attributes{attrID: {arn}, attrARN: {arn}}
		return made, associateMembers(ctx, client, arn, resources[len(out.ResourceArns):], principals[len(out.Principals):])
	}
	return nil, fmt.Errorf("%s: earlier requests with the same tokens are still remembered; run again later", s.Address)
}

// updateShare brings a share to what is wanted. What is ours in it stands in the
// ledger before it is put in, and until it is taken out, so that a run that comes
// to a sudden end leaves nothing of ours unknown.
func (w *Writer) updateShare(ctx context.Context, client *ram.Client, s plan.Step, arn string) error {
	shares, err := listShares(ctx, client, ram.GetResourceSharesInput{ResourceOwner: types.ResourceOwnerSelf, ResourceShareArns: []string{arn}})
	if err != nil {
		return err
	}
	members, err := shareMembers(ctx, client, []string{arn})
	if err != nil {
		return err
	}
	var share types.ResourceShare
	for _, v := range shares {
		if aws.ToString(v.ResourceShareArn) == arn {
			share = v
		}
	}
	tags := map[string]string{}
	for _, t := range share.Tags {
		tags[aws.ToString(t.Key)] = aws.ToString(t.Value)
	}
	in := map[string]bool{}
	for _, m := range members {
		switch m.Status {
		case types.ResourceShareAssociationStatusAssociated, types.ResourceShareAssociationStatusAssociating:
			in[aws.ToString(m.AssociatedEntity)] = true
		}
	}
	outside := func(id string) bool { return !in[id] }
	inside := func(id string) bool { return in[id] }
	keep := func(list []string, which func(string) bool) []string {
		return slices.DeleteFunc(slices.Clone(list), func(id string) bool { return !which(id) })
	}
	union := map[string][]string{}
	for _, f := range memberFields {
		union[f] = append(slices.Clone(s.Object.Fields[f]), s.Object.Before[f]...)
	}
	if err := tagShare(ctx, client, arn, tags, ledgerOf(union)); err != nil {
		return err
	}
	external := s.Object.One("external") == plan.True
	reach := func() error {
		if _, said := s.Object.Fields["external"]; !said || aws.ToBool(share.AllowExternalPrincipals) == external {
			return nil
		}
		_, err := client.UpdateResourceShare(ctx, &ram.UpdateResourceShareInput{ResourceShareArn: &arn, AllowExternalPrincipals: &external})
		return err
	}
	if external { // before those outside come in
		if err := reach(); err != nil {
			return err
		}
	}
	if err := associateMembers(ctx, client, arn, keep(s.Object.Fields["resources"], outside), keep(s.Object.Fields["principals"], outside)); err != nil {
		return err
	}
	if err := disassociateMembers(ctx, client, arn, keep(s.Object.Removed("resources"), inside), keep(s.Object.Removed("principals"), inside)); err != nil {
		return err
	}
	if !external { // after those outside went
		if err := reach(); err != nil {
			return err
		}
	}
	final := ledgerOf(s.Object.Fields)
	if err := tagShare(ctx, client, arn, tags, final); err != nil {
		return err
	}
	var stale []string
	for _, k := range sortedKeys(tags) {
		if _, wanted := final[k]; !wanted && (k == plan.TagMembers || strings.HasPrefix(k, plan.TagMembers+".")) {
			stale = append(stale, k)
		}
	}
	if len(stale) == 0 {
		return nil
	}
	_, err = client.UntagResource(ctx, &ram.UntagResourceInput{ResourceShareArn: &arn, TagKeys: stale})
	return err
}

// memberFields are the fields of a share that its ledger lists.
var memberFields = []string{"resources", "principals"}

func ledgerOf(fields map[string][]string) map[string]string {
	var members []string
	for _, f := range memberFields {
		members = append(members, fields[f]...)
	}
	return plan.MemberTags(plan.TagMembers, members)
}

// tagShare sets the tags that differ from those that stand, and notes them there.
func tagShare(ctx context.Context, client *ram.Client, arn string, standing, want map[string]string) error {
	differ := map[string]string{}
	for k, v := range want {
		if have, ok := standing[k]; !ok || have != v {
			differ[k] = v
		}
	}
	if len(differ) == 0 {
		return nil
	}
	if _, err := client.TagResource(ctx, &ram.TagResourceInput{ResourceShareArn: &arn, Tags: ramTags(differ)}); err != nil {
		return err
	}
	for k, v := range differ {
		standing[k] = v
	}
	return nil
}

func ramTags(tags map[string]string) []types.Tag {
	var out []types.Tag
	for _, k := range sortedKeys(tags) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return out
}

func associateMembers(ctx context.Context, client *ram.Client, arn string, resources, principals []string) error {
	for len(resources)+len(principals) > 0 {
		in := &ram.AssociateResourceShareInput{ResourceShareArn: &arn}
		in.ResourceArns, resources = cut(resources)
		in.Principals, principals = cut(principals)
		if _, err := client.AssociateResourceShare(ctx, in); err != nil {
			return err
		}
	}
	return nil
}

func disassociateMembers(ctx context.Context, client *ram.Client, arn string, resources, principals []string) error {
	for len(resources)+len(principals) > 0 {
		in := &ram.DisassociateResourceShareInput{ResourceShareArn: &arn}
		in.ResourceArns, resources = cut(resources)
		in.Principals, principals = cut(principals)
		if _, err := client.DisassociateResourceShare(ctx, in); err != nil && Code(err) != unknownShare {
			return err
		}
	}
	return nil
}

// cut takes what a call may hold off a list; an empty list is not sent.
func cut(list []string) (head, rest []string) {
	n := min(len(list), membersPerCall)
	if n == 0 {
		return nil, nil
	}
	return list[:n], list[n:]
}

// shareSettled asks whether everything wanted is in the share, and nothing that
// was taken out. An account that has to accept stays ASSOCIATING until it does;
// its invitation is another object, and waits for that.
func (w *Writer) shareSettled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	arn := idOf(s, done)
	client := w.ram(s.Account, s.Region)
	if s.Action == plan.Delete {
		shares, err := listShares(ctx, client, ram.GetResourceSharesInput{ResourceOwner: types.ResourceOwnerSelf, ResourceShareArns: []string{arn}})
		if Code(err) == unknownShare {
			return true, nil
		}
		return err == nil && !slices.ContainsFunc(shares, func(v types.ResourceShare) bool { return v.Status != types.ResourceShareStatusDeleted }), err
	}
	members, err := shareMembers(ctx, client, []string{arn})
	if Code(err) == unknownShare { // not seen everywhere yet
		return false, nil
	}
	if err != nil {
		return false, err
	}
	by := map[string]types.ResourceShareAssociation{}
	for _, m := range members {
		by[aws.ToString(m.AssociatedEntity)] = m
	}
	for _, f := range memberFields {
		for _, id := range s.Object.Fields[f] {
			switch m := by[id]; {
			case m.Status == types.ResourceShareAssociationStatusAssociated:
			case m.Status == types.ResourceShareAssociationStatusAssociating && f == "principals" && !strings.HasPrefix(id, "arn:"):
			case m.Status == types.ResourceShareAssociationStatusFailed:
				return false, unfit(s, "ram", "GetResourceShareAssociations", id, string(m.Status), aws.ToString(m.StatusMessage))
			default:
				return false, nil
			}
		}
		for _, id := range s.Object.Removed(f) {
			if _, in := by[id]; in {
				return false, nil
			}
		}
	}
	return true, nil
}

var invitationBinding = binding{
	reads:   []estate.QueryKind{estate.QueryInvitations},
	do:      (*Writer).doInvitation,
	settled: (*Writer).invitationSettled,
	needs:   making(plan.KindInvitation, plan.Create),
}

// doInvitation accepts the invitation to a share, in the account that got it. An
// account of the sharer's organization may get none, and sees the share all the
// same.
func (w *Writer) doInvitation(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client, share := w.ram(s.Account, s.Region), s.Object.One("share")
	return plan.Attributes{}, w.patiently(ctx, func() (bool, error) {
		list, err := listInvitations(ctx, client, []string{share})
		if err != nil && Code(err) != unknownShare {
			return false, err
		}
		var latest types.ResourceShareInvitation
		slices.SortStableFunc(list, func(a, b types.ResourceShareInvitation) int { // one that was accepted before says nothing of a newer one
			return aws.ToTime(b.InvitationTimestamp).Compare(aws.ToTime(a.InvitationTimestamp))
		})
		for _, i := range list {
			if aws.ToString(i.ResourceShareArn) != share {
				continue
			}
			switch i.Status {
			case types.ResourceShareInvitationStatusPending:
				_, err := client.AcceptResourceShareInvitation(ctx, &ram.AcceptResourceShareInvitationInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn})
				switch Code(err) {
				case "ResourceShareInvitationAlreadyAcceptedException":
					return false, nil
				case "ResourceShareInvitationArnNotFoundException": // taken back; there may be another
					return true, err
				}
				return false, err
			case types.ResourceShareInvitationStatusAccepted: // seen in a while
				if aws.ToTime(i.InvitationTimestamp).After(w.opt.Clock.Now().Add(-patience)) {
					return false, nil
				}
			}
			if !aws.ToTime(i.InvitationTimestamp).Before(aws.ToTime(latest.InvitationTimestamp)) {
				latest = i
			}
		}
		seen, err := shareSeen(ctx, client, share)
		if seen || err != nil {
			return false, err
		}
		detail := "and got no invitation"
		if latest.Status != "" {
			detail = fmt.Sprintf("and its last invitation, of %s, is %s", aws.ToTime(latest.InvitationTimestamp).UTC().Format(time.RFC3339), latest.Status)
		}
		return true, &Error{
			Account: s.Account, Region: s.Region, Service: "ram", Operation: "GetResourceShareInvitations",
			Message: fmt.Sprintf("after %s the account does not see the share %s, %s", patience, share, detail),
			Hint:    "take the account out of the share in RAM, and run again: it is invited anew",
		}
	})
}

// shareSeen reports whether a share of another account reaches this one.
func shareSeen(ctx context.Context, client *ram.Client, share string) (bool, error) {
	shares, err := listShares(ctx, client, ram.GetResourceSharesInput{ResourceOwner: types.ResourceOwnerOtherAccounts, ResourceShareArns: []string{share}})
	if Code(err) == unknownShare {
		return false, nil
	}
	return slices.ContainsFunc(shares, func(v types.ResourceShare) bool {
		return aws.ToString(v.ResourceShareArn) == share && v.Status == types.ResourceShareStatusActive
	}), err
}

func (w *Writer) invitationSettled(ctx context.Context, s plan.Step, _ plan.Attributes) (bool, error) {
	return shareSeen(ctx, w.ram(s.Account, s.Region), s.Object.One("share"))
}
