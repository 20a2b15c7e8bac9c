package world

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/orgdns/orgdns/internal/estate"
)

// AdministratorSecret is the secret of the 12-digit access keys: an account ID
// as an access key is the administrator of that account.
const AdministratorSecret = "twin"

// Credential is what signs requests, and for whom.
type Credential struct {
	AccessKey string
	Secret    string
	Token     string // of a session; empty for a long-term key
	Caller    Caller
	Created   time.Time
	Expires   time.Time // zero: never
	Inactive  bool
}

// The keys of users and those of sessions, by access key.
var (
	userKeys    = Private[Credential]{Name: "world.userKeys"}
	sessionKeys = Private[Credential]{Name: "world.sessionKeys"}
)

// Credential finds the credential of an access key as it is now, the 12-digit
// keys included. Inactive keys are not found; expired ones are.
func (w *World) Credential(accessKey string) (Credential, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c, ok := w.state.Credential(accessKey)
	return c, ok && !c.Inactive
}

// Credential finds the credential of an access key, inactive ones included.
func (s *State) Credential(accessKey string) (Credential, bool) {
	if id, ok := AccountOf(accessKey); ok && string(id) == accessKey {
		return Credential{
			AccessKey: accessKey,
			Secret:    AdministratorSecret,
			Caller: Caller{
				Account: id, ARN: AdministratorARN(id), ID: "AIDA" + digest("administrator/" + accessKey)[:17],
				Administrator: true, AccessKey: accessKey,
			},
		}, true
	}
	if c, ok := sessionKeys.Get(s, accessKey); ok {
		return c, true
	}
	return userKeys.Get(s, accessKey)
}

// AdministratorARN is the user behind an account's 12-digit key.
func AdministratorARN(id estate.AccountID) string {
	return "arn:aws:iam::" + string(id) + ":user/twin-administrator"
}

// Admit lets an account that nobody spoke of before come into being, outside
// the organization, as at its first authentic call.
func (s *State) Admit(id estate.AccountID) {
	if _, ok := s.Estate.Accounts.Get(string(id)); !ok && id != "" {
		s.Estate.Accounts.Put(estate.Account{ID: id, Name: string(id), Status: estate.AccountActive})
	}
}

// NewKey makes a long-term key of a user.
func (s *State) NewKey(user Caller, now time.Time) Credential {
	c := s.issue(user, "AKIA", now)
	userKeys.Put(s, c.AccessKey, c)
	return c
}

// NewSession makes temporary credentials, which expire.
func (s *State) NewSession(session Caller, now, expires time.Time) Credential {
	c := s.issue(session, "ASIA", now)
	c.Caller.IssuedAt = now
	c.Expires = expires
	// Session tokens are opaque; AWS's begin like this one.
	token := "IQoJb3JpZ2luX2Vj"
	for i := range 5 {
		sum := sha256.Sum256(fmt.Appendf(nil, "%s/token/%d", c.Secret, i))
		token += base64.StdEncoding.EncodeToString(sum[:30])
	}
	c.Token = token
	sessionKeys.Put(s, c.AccessKey, c)
	return c
}

func (s *State) issue(caller Caller, prefix string, now time.Time) Credential {
	seed := s.ID(caller.Account, "key", caller.ARN, 52)
	secret := sha256.Sum256([]byte("secret/" + seed))
	c := Credential{
		AccessKey: accessKey(prefix, caller.Account, seed),
		Secret:    base64.StdEncoding.EncodeToString(secret[:30]),
		Caller:    caller,
		Created:   now,
	}
	c.Caller.AccessKey = c.AccessKey
	return c
}

// Keys are the long-term keys of a user by its ARN, ordered by access key.
func (s *State) Keys(user string) []Credential {
	var out []Credential
	userKeys.Walk(s, "", func(_ string, c Credential) bool {
		if c.Caller.ARN == user {
			out = append(out, c)
		}
		return true
	})
	return out
}

// SetKey changes a long-term key.
func (s *State) SetKey(c Credential) { userKeys.Put(s, c.AccessKey, c) }

// DeleteKey removes a long-term key.
func (s *State) DeleteKey(accessKey string) { userKeys.Delete(s, accessKey) }

// accessKey makes an access key ID. Like AWS's own it holds the account: of the
// ten bytes that its base32 stands for, bits 1 to 40.
func accessKey(prefix string, account estate.AccountID, seed string) string {
	sum := sha256.Sum256([]byte("access/" + seed))
	n, err := strconv.ParseUint(string(account), 10, 40)
	if err != nil {
		n = 0 // not an account of AWS; the key is as good
	}
	var b [10]byte
	binary.BigEndian.PutUint64(b[:8], 1<<63|n<<23|uint64(binary.BigEndian.Uint32(sum[:4]))>>9)
	copy(b[8:], sum[4:6])
	return prefix + base32.StdEncoding.EncodeToString(b[:])
}

// AccountOf reads the account out of an access key ID, whether or not it is
// still in use.
func AccountOf(accessKey string) (estate.AccountID, bool) {
	if len(accessKey) == 12 {
		_, err := strconv.ParseUint(accessKey, 10, 64)
		return estate.AccountID(accessKey), err == nil
	}
	if len(accessKey) != 20 {
		return "", false
	}
	b, err := base32.StdEncoding.DecodeString(accessKey[4:])
	if err != nil {
		return "", false
	}
	n := binary.BigEndian.Uint64(b) << 1 >> 24
	return estate.AccountID(fmt.Sprintf("%012d", n)), n < 1e12
}

// digest is 52 characters of A-Z and 2-7.
func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base32.StdEncoding.EncodeToString(sum[:])
}

// Expired reports whether the credential has ended at a time.
func (c Credential) Expired(now time.Time) bool { return !c.Expires.IsZero() && !now.Before(c.Expires) }
