package awsapi

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// told is a fake that answers by operation: the target of a JSON request, or the
// path of one of REST, and notes what was called.
func told(t *testing.T, calls *[]string, answer func(operation, body string) (int, string)) *Writer {
	t.Helper()
	f := &fake{answer: func(r request) (int, string, error) {
		if strings.HasPrefix(r.URL.Host, "sts.") {
			return 200, assumed(start.Add(100 * time.Hour)), nil
		}
		operation := r.Header.Get("X-Amz-Target")
		if operation == "" {
			operation = r.Method + " " + r.URL.Path
		}
		operation = strings.TrimPrefix(operation[strings.LastIndexByte(operation, '.')+1:], "POST /")
		*calls = append(*calls, operation)
		status, body := answer(operation, r.body)
		return status, body, nil
	}}
	s, _ := over(t, f, nil)
	return s.Writer(nil)
}

func refusal(code string) string { return `{"__type":"` + code + `","message":"text of ` + code + `"}` }

func object(k plan.Kind, action plan.Action, id string, fields, before map[string][]string) plan.Step {
	return plan.Step{Address: "a", Kind: k, Action: action, Account: account, Region: "eu-west-1", ID: id, Object: &plan.ObjectStep{Fields: fields, Before: before}}
}

const shareARN = "arn:aws:ram:eu-west-1:222222222222:resource-share/1"

// TestShareLedger: a member of ours stands in the ledger before it is put in and
// until it is taken out.
func TestShareLedger(t *testing.T) {
	stands := map[string]bool{"arn:old": true, "333333333333": true}
	old := plan.MemberTags(plan.TagMembers, []string{"arn:old", "333333333333"})
	ledger := old[plan.TagMembers]
	listed := func(member string) bool {
		return strings.Contains(ledger, plan.MemberTags(plan.TagMembers, []string{member})[plan.TagMembers])
	}
	var calls []string
	w := told(t, &calls, func(operation, body string) (int, string) {
		switch operation {
		case "getresourceshares":
			return 200, fmt.Sprintf(`{"resourceShares":[{"resourceShareArn":%q,"status":"ACTIVE","allowExternalPrincipals":false,"tags":[{"key":%q,"value":%q}]}]}`,
				shareARN, plan.TagMembers, ledger)
		case "getresourceshareassociations":
			kind, all := "PRINCIPAL", []string{}
			if strings.Contains(body, `"RESOURCE"`) {
				kind = "RESOURCE"
			}
			for id := range stands {
				if strings.HasPrefix(id, "arn:") == (kind == "RESOURCE") {
					all = append(all, fmt.Sprintf(`{"resourceShareArn":%q,"associatedEntity":%q,"associationType":%q,"status":"ASSOCIATED"}`, shareARN, id, kind))
				}
			}
			return 200, `{"resourceShareAssociations":[` + strings.Join(all, ",") + `]}`
		case "tagresource":
			_, rest, _ := strings.Cut(body, `"value":"`)
			ledger, _, _ = strings.Cut(rest, `"`)
		case "associateresourceshare":
			stands["arn:new"] = true
		case "disassociateresourceshare":
			delete(stands, "arn:old")
		}
		for id := range stands {
			if !listed(id) {
				t.Errorf("after %s %s is in the share and not in the ledger", operation, id)
			}
		}
		return 200, `{}`
	})
	step := object(plan.KindShare, plan.Update, shareARN,
		map[string][]string{"external": {plan.False}, "resources": {"arn:new"}, "principals": {"333333333333"}},
		map[string][]string{"external": {plan.False}, "resources": {"arn:old"}, "principals": {"333333333333"}})
	made, err := w.Do(t.Context(), step)
	if err != nil || made["arn"][0] != shareARN {
		t.Fatal(made, err)
	}
	if !stands["arn:new"] || stands["arn:old"] || listed("arn:old") || !listed("arn:new") || !listed("333333333333") {
		t.Errorf("share %v, ledger %q", stands, ledger)
	}
	if settled, err := w.Settled(t.Context(), step, made); !settled || err != nil {
		t.Errorf("settled %v, %v", settled, err)
	}
	// Once more, as after an answer that was lost: nothing is written.
	calls = nil
	if _, err := w.Do(t.Context(), object(plan.KindShare, plan.Update, shareARN, step.Object.Fields, step.Object.Fields)); err != nil {
		t.Error(err)
	}
	if i := slices.IndexFunc(calls, func(c string) bool { return !strings.HasPrefix(c, "get") }); i >= 0 {
		t.Errorf("a second time calls %v", calls)
	}
}

// TestShareMadeOnce: a share that stands with our marks is taken, and a token
// that was used is not used again.
func TestShareMadeOnce(t *testing.T) {
	for _, tt := range []struct {
		name   string
		stands bool
		want   []string
	}{
		{"new", false, []string{"getresourceshares", "createresourceshare", "createresourceshare"}},
		{"made before", true, []string{"getresourceshares", "getresourceshares", "getresourceshareassociations", "getresourceshareassociations"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var calls, tokens []string
			w := told(t, &calls, func(operation, body string) (int, string) {
				tag := plan.MemberTags(plan.TagMembers, []string{"arn:r"})[plan.TagMembers]
				switch {
				case operation == "getresourceshares" && tt.stands:
					return 200, fmt.Sprintf(`{"resourceShares":[{"resourceShareArn":%q,"status":"ACTIVE","tags":[{"key":%q,"value":%q}]}]}`, shareARN, plan.TagMembers, tag)
				case operation == "getresourceshares":
					return 200, `{"resourceShares":[]}`
				case operation == "getresourceshareassociations":
					return 200, `{"resourceShareAssociations":[{"associatedEntity":"arn:r","status":"ASSOCIATED"}]}`
				}
				_, rest, _ := strings.Cut(body, `"clientToken":"`)
				token, _, _ := strings.Cut(rest, `"`)
				if tokens = append(tokens, token); len(tokens) == 1 {
					return 400, refusal("IdempotentParameterMismatchException")
				}
				if !strings.Contains(body, plan.TagOwner) || !strings.Contains(body, plan.TagMembers) {
					t.Errorf("made without marks or ledger: %s", body)
				}
				return 200, fmt.Sprintf(`{"resourceShare":{"resourceShareArn":%q,"status":"ACTIVE","creationTime":%d}}`, shareARN, start.Unix())
			})
			made, err := w.Do(t.Context(), object(plan.KindShare, plan.Create, "", map[string][]string{"name": {"n"}, "external": {plan.False}, "resources": {"arn:r"}, "principals": {}}, nil))
			if err != nil || made["id"][0] != shareARN || !slices.Equal(calls, tt.want) {
				t.Errorf("%v, %v, calls %v", made, err, calls)
			}
			if len(tokens) == 2 && tokens[0] == tokens[1] {
				t.Errorf("tokens %v", tokens)
			}
		})
	}
}

// TestInvitation: the one of the share is waited for and accepted; an account
// that sees the share without one is done.
func TestInvitation(t *testing.T) {
	step := object(plan.KindInvitation, plan.Create, "", map[string][]string{"share": {shareARN}, "account": {string(account)}}, nil)
	for _, tt := range []struct {
		name           string
		comes, visible int // at which look
		accepted       bool
		fails          bool
	}{
		{"invited later", 3, 0, true, false},
		{"seen without", 0, 3, false, false},
		{"neither", 0, 0, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var calls []string
			looks, accepted := 0, false
			w := told(t, &calls, func(operation, body string) (int, string) {
				switch operation {
				case "getresourceshareinvitations":
					if looks++; tt.comes > 0 && looks >= tt.comes {
						return 200, fmt.Sprintf(`{"resourceShareInvitations":[{"resourceShareArn":%q,"resourceShareInvitationArn":"arn:i","status":"PENDING"}]}`, shareARN)
					}
					return 200, `{"resourceShareInvitations":[]}`
				case "acceptresourceshareinvitation":
					accepted = true
					return 200, `{}`
				}
				if tt.visible > 0 && looks >= tt.visible || accepted {
					return 200, fmt.Sprintf(`{"resourceShares":[{"resourceShareArn":%q,"status":"ACTIVE"}]}`, shareARN)
				}
				return 400, refusal(unknownShare)
			})
			_, err := w.Do(t.Context(), step)
			if (err != nil) != tt.fails || accepted != tt.accepted {
				t.Fatalf("%v, accepted %v, calls %v", err, accepted, calls)
			}
			if settled, err := w.Settled(t.Context(), step, nil); err != nil || settled == tt.fails {
				t.Errorf("settled %v, %v", settled, err)
			}
		})
	}
}

// TestReadShares: members come to their shares, what was deleted or taken out is
// left out, and what stood before is replaced.
func TestReadShares(t *testing.T) {
	var calls []string
	w := told(t, &calls, func(operation, body string) (int, string) {
		switch {
		case operation == "getresourceshares":
			return 200, fmt.Sprintf(`{"resourceShares":[{"resourceShareArn":%q,"name":"n","status":"ACTIVE","tags":[{"key":"k","value":"v"}]},{"resourceShareArn":"arn:gone","status":"DELETED"}]}`, shareARN)
		case strings.Contains(body, `"RESOURCE"`):
			return 200, fmt.Sprintf(`{"resourceShareAssociations":[{"resourceShareArn":%[1]q,"associatedEntity":"arn:r","status":"ASSOCIATED"},{"resourceShareArn":%[1]q,"associatedEntity":"arn:was","status":"DISASSOCIATED"}]}`, shareARN)
		}
		return 200, fmt.Sprintf(`{"resourceShareAssociations":[{"resourceShareArn":%q,"associatedEntity":"333333333333","status":"ASSOCIATING","external":true}]}`, shareARN)
	})
	patch, err := w.readShares(t.Context(), estate.Query{Kind: estate.QueryShares, Account: account, Region: "eu-west-1"})
	if err != nil {
		t.Fatal(err)
	}
	var e estate.Estate
	e.Shares.Put(estate.Share{ARN: "arn:before", Account: account, Region: "eu-west-1"}, estate.Share{ARN: "arn:there", Account: account, Region: "eu-west-2"})
	patch(&e)
	s, _ := e.Shares.Get(shareARN)
	if e.Shares.Len() != 2 || s.Tags["k"] != "v" || len(s.Resources) != 1 || s.Resources[0].ID != "arn:r" || len(s.Principals) != 1 || !s.Principals[0].External {
		t.Errorf("%d shares, %+v", e.Shares.Len(), s)
	}
}
