package world

import (
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
)

func TestCredentials(t *testing.T) {
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	make1 := func() (w *World, user, session Credential) {
		w = New(clock.NewVirtual(start), estate.Estate{})
		err := w.Update(func(s *State) error {
			s.Admit("111111111111")
			user = s.NewKey(Caller{Account: "111111111111", ARN: "arn:aws:iam::111111111111:user/ana"}, start)
			session = s.NewSession(Caller{Account: "012345678901", ARN: "arn:aws:sts::012345678901:assumed-role/r/s"}, start, start.Add(time.Hour))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return w, user, session
	}
	w, user, session := make1()
	_, user2, session2 := make1()
	if user.AccessKey != user2.AccessKey || session.Token != session2.Token || session.Secret != session2.Secret {
		t.Error("worlds that were treated alike have different keys")
	}
	if len(user.AccessKey) != 20 || user.AccessKey[:4] != "AKIA" || len(user.Secret) != 40 || user.Token != "" {
		t.Errorf("long-term key %+v", user)
	}
	if session.AccessKey[:4] != "ASIA" || len(session.Token) < 100 || session.Caller.IssuedAt != start || session.Caller.AccessKey != session.AccessKey {
		t.Errorf("session %+v", session)
	}
	for key, want := range map[string]estate.AccountID{
		user.AccessKey: "111111111111", session.AccessKey: "012345678901", "222222222222": "222222222222",
		"": "", "AKIA": "", "22222222222x": "", "AKIA!!!!!!!!!!!!!!!!": "",
	} {
		if got, ok := AccountOf(key); ok != (want != "") || ok && got != want {
			t.Errorf("AccountOf(%q) = %q, %v", key, got, ok)
		}
	}

	admin, ok := w.Credential("222222222222")
	if !ok || admin.Secret != "twin" || !admin.Caller.Administrator || admin.Caller.ARN != "arn:aws:iam::222222222222:user/twin-administrator" {
		t.Errorf("administrator %+v", admin)
	}
	if _, ok := w.Credential("22222222222"); ok {
		t.Error("eleven digits are no account")
	}
	if got, ok := w.Credential(session.AccessKey); !ok || got.Token != session.Token {
		t.Error("session not found")
	}
	user.Inactive = true
	err := w.Update(func(s *State) error {
		if keys := s.Keys("arn:aws:iam::111111111111:user/ana"); len(keys) != 1 || keys[0].AccessKey != user.AccessKey {
			t.Errorf("keys of the user: %+v", keys)
		}
		s.SetKey(user)
		return nil
	})
	if _, ok := w.Credential(user.AccessKey); ok || err != nil {
		t.Error("an inactive key signs")
	}
	if a, ok := w.Estate().Accounts.Get("111111111111"); !ok || a.Parent != "" || a.Status != estate.AccountActive {
		t.Errorf("admitted account %+v", a)
	}
}
