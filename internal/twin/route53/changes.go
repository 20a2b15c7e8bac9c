package route53

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// change is a change that was submitted. Answers change with the call; only
// the status waits.
type change struct {
	Account   estate.AccountID
	Submitted time.Time
	Comment   string
}

var changes = world.Private[change]{Name: "route53.changes"}

// newChange notes a change for GetChange.
func newChange(c *world.Call, about, comment string) *types.ChangeInfo {
	id := "C" + c.State.ID(c.Account(), "change", about, 20)
	ch := change{c.Account(), c.Now, comment}
	changes.Put(c.State, id, ch)
	return ch.info(c, id)
}

func (ch change) info(c *world.Call, id string) *types.ChangeInfo {
	info := &types.ChangeInfo{
		Id:          aws.String(changePrefix + id),
		Status:      types.ChangeStatusPending,
		SubmittedAt: aws.Time(ch.Submitted),
	}
	if ch.Comment != "" {
		info.Comment = aws.String(ch.Comment)
	}
	if !c.Now.Before(ch.Submitted.Add(Propagation)) {
		info.Status = types.ChangeStatusInsync
	}
	return info
}

func getChange(_ context.Context, c *world.Call, in *sdk.GetChangeInput) (*sdk.GetChangeOutput, error) {
	id := bare(in.Id, changePrefix)
	if err := authorize(c, changeARN(id), nil); err != nil {
		return nil, err
	}
	ch, ok := changes.Get(c.State, id)
	switch {
	case !ok:
		return nil, &types.NoSuchChange{Message: text("A change with ID %s doesn't exist.", id)}
	case ch.Account != c.Account():
		return nil, foreign(c)
	}
	return &sdk.GetChangeOutput{ChangeInfo: ch.info(c, id)}, nil
}
