// Package awsapi is how orgdns reads and changes AWS: sessions per account,
// what AWS's errors mean, what a call costs, and for each kind of resource how
// it is read, written and permitted. Every call goes through package pace; the
// SDK's own retries and credential caches, which use real time, are off.
//
// A [Reader] has no method that writes. Not here: when to read and what to
// change (packages reconcile and apply), and what public DNS says.
package awsapi

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/smithy-go/middleware"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/pace"
	"github.com/orgdns/orgdns/internal/plan"
)

// Access is how an account is reached.
type Access struct {
	// Role is the name of a role in the account, with its path if it has one,
	// or its ARN. Without a role the base identity is used, if it belongs to
	// the account.
	Role       string
	ExternalID string
	// Roles are the roles by which records are changed, where one role cannot
	// hold all policies: Spread. Role is among them.
	Roles map[Place]string
	// LatticeBy is the account with which it shares its VPC Lattice services, and
	// which they are read by; empty where it is read itself.
	LatticeBy estate.AccountID
}

// Others are the roles besides the first, sorted.
func (a Access) Others() []string {
	var out []string
	for _, r := range a.Roles {
		if r != a.Role {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return slices.Compact(out)
}

// at are the roles by which records may be changed, the likely one first.
func (a Access) at(p Place) []string {
	all := append([]string{a.Role}, a.Others()...)
	if i := slices.Index(all, a.Roles[p]); i > 0 {
		all = slices.Insert(slices.Delete(all, i, i+1), 0, a.Roles[p])
	}
	return all
}

// Options are what sessions are made of.
type Options struct {
	Owner string                  // names the sessions, and marks what is made
	Base  aws.CredentialsProvider // the identity that assumes the roles

	// HTTPClient carries the requests; nil is a client for the internet.
	HTTPClient aws.HTTPClient
	// EndpointURL is where all services are, such as a twin; empty is AWS.
	EndpointURL string

	// Package gives the zip file of a program that was told by its hash, for
	// functions that are made.
	Package func(code string) ([]byte, error)

	// Called hears of every try of a call, from several workers. Optional.
	Called func(account estate.AccountID, service, operation string, throttled bool)
	// Unanswered hears of every try that nothing answered, and why, before it is made
	// again; from several workers. Optional.
	Unanswered func(why string)

	// Patience is for how long a call of a Reader is repeated that AWS throttles: its
	// query is refused then, and the account unread. Zero: as long as its context lives.
	Patience time.Duration

	Clock  clock.Clock
	Loop   *pace.Loop
	Region estate.Region // of STS; decides the partition

	// Accounts by ID; that of no ID is the one through which the
	// organization is read.
	Accounts map[estate.AccountID]Access
	Default  Access // of accounts not listed
}

// Scope is what a run may do, by account; its sessions are narrowed to that.
// An account that is missing from a Scope can only be read.
type Scope map[estate.AccountID][]plan.Permission

// Sessions reach accounts. Methods may be called concurrently, by workers of
// the clock.
type Sessions struct {
	opt    Options
	http   aws.HTTPClient
	signer *clockSigner
	base   shared[identity]

	mu    sync.Mutex
	notes []diag.Diagnostic
}

// New makes sessions; it calls nothing yet.
func New(opt Options) *Sessions {
	s := &Sessions{opt: opt, http: opt.HTTPClient, signer: &clockSigner{opt.Clock, v4.NewSigner()}}
	if s.http == nil {
		// Not the SDK's own client type, which every service client copies
		// with connections of its own.
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 32
		s.http = &http.Client{
			Transport:     whole{t},
			Timeout:       time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return s
}

// Wall is the real clock.
func Wall() clock.Clock { return clock.Wall(time.Now, time.After) }

// Reader gives read access; a nil scope permits every read.
func (s *Sessions) Reader(scope Scope) *Reader {
	c := s.caller(scope, readAll)
	c.patience = s.opt.Patience
	return &Reader{c}
}

// Writer gives write access, and reads as far as they go with it. A nil scope
// does not narrow the roles.
func (s *Sessions) Writer(scope Scope) *Writer {
	w := &Writer{caller: s.caller(scope, nil), doubtful: map[string]bool{}, restarted: map[string]int{}}
	if scope != nil {
		w.otherwise = readAll
	}
	return w
}

// Notes are what a person should know of the sessions: policies that had to be
// wider than the run needs. In account order.
func (s *Sessions) Notes() diag.List {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := diag.List(slices.Clone(s.notes))
	slices.SortFunc(out, func(a, b diag.Diagnostic) int {
		return strings.Compare(a.Account+a.Summary, b.Account+b.Summary)
	})
	return slices.Compact(out)
}

func (s *Sessions) note(account estate.AccountID, summary, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes = append(s.notes, diag.Diagnostic{
		Severity: diag.Note, Code: "wide-session", Account: string(account), Summary: summary, Detail: detail,
	})
}

func (s *Sessions) access(account estate.AccountID) Access {
	if a, ok := s.opt.Accounts[account]; ok || account == "" {
		return a
	}
	return s.opt.Default
}

func (s *Sessions) caller(scope Scope, otherwise []plan.Permission) *caller {
	return &caller{Sessions: s, scope: scope, otherwise: otherwise, sessions: map[string]*session{}}
}

// caller makes sessions and clients for one scope.
type caller struct {
	*Sessions
	scope     Scope
	otherwise []plan.Permission // for accounts not in scope; nil: not narrowed
	patience  time.Duration     // with throttling; zero: without end

	mu       sync.Mutex
	sessions map[string]*session
	shared   map[string]*turns[[]estate.LatticeService] // lists by account and Region that several read
}

// permissions are what sessions in an account are narrowed to; nil is
// everything that the role may do.
func (c *caller) permissions(account estate.AccountID) []plan.Permission {
	if p, ok := c.scope[account]; ok {
		return p
	}
	return c.otherwise
}

// session is the account's session, not yet begun; role empty is its own.
func (c *caller) session(account estate.AccountID, role string) *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	access := c.access(account)
	if role == "" {
		role = access.Role
	}
	key := string(account) + "/" + role
	s := c.sessions[key]
	if s == nil {
		if account == "" {
			account = accountOf(role)
		}
		s = &session{caller: c, account: account, role: role, externalID: access.ExternalID, clients: map[string]any{}}
		c.sessions[key] = s
	}
	return s
}

// session is one account reached through one role. It is the credentials
// provider of its clients.
type session struct {
	caller     *caller
	account    estate.AccountID // empty: that of the base identity
	role       string           // name or ARN; empty: the base identity itself
	externalID string
	creds      shared[aws.Credentials]

	mu      sync.Mutex
	clients map[string]any // service/region -> client
}

// client gives the client of a service in a Region, made once.
func client[C any](s *session, service string, region estate.Region, build func(config) C) C {
	s.mu.Lock()
	defer s.mu.Unlock()
	key := service + "/" + string(region)
	if c, ok := s.clients[key].(C); ok {
		return c
	}
	c := build(s.caller.config(s.account, s.role, region, s))
	s.clients[key] = c
	return c
}

// config is what every service client is made of.
type config struct {
	credentials aws.CredentialsProvider
	http        aws.HTTPClient
	signer      *clockSigner
	endpoint    *string
	region      string
	api         []func(*middleware.Stack) error
}

func (s *Sessions) config(account estate.AccountID, role string, region estate.Region, p aws.CredentialsProvider) config {
	c := config{
		credentials: p, http: s.http, signer: s.signer, region: string(region),
		api: []func(*middleware.Stack) error{s.paced(account, role, region, p)},
	}
	if s.opt.EndpointURL != "" {
		c.endpoint = &s.opt.EndpointURL
	}
	return c
}

// global is the Region in which requests to global services are signed, by
// partition (General Reference, rande.html).
func (s *Sessions) global() estate.Region {
	return Home(s.partition())
}

// Home is the Region of a partition's global services.
func Home(partition string) estate.Region {
	switch partition {
	case "aws-cn":
		return "cn-northwest-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	}
	return "us-east-1"
}

func (s *Sessions) partition() string { return s.opt.Region.Partition() }

// clockSigner signs with the time of the injected clock instead of the wall's.
type clockSigner struct {
	clock clock.Clock
	v4    *v4.Signer
}

func (s *clockSigner) SignHTTP(ctx context.Context, creds aws.Credentials, r *http.Request, payloadHash, service, region string, _ time.Time, opts ...func(*v4.SignerOptions)) error {
	return s.v4.SignHTTP(ctx, creds, r, payloadHash, service, region, s.clock.Now().UTC(), opts...)
}

// shared is a value that one worker fetches while others who want it wait on
// the clock.
type shared[T any] struct {
	mu      sync.Mutex
	busy    bool
	waiting []*clock.Mailbox[struct{}]
	value   T
	err     error
	until   time.Time // when to fetch again; zero: never fetched
}

// get gives the value; fetch says until when it holds, or its error.
func (s *shared[T]) get(ctx context.Context, c clock.Clock, fetch func(context.Context) (T, time.Time, error)) (T, error) {
	for {
		s.mu.Lock()
		if c.Now().Before(s.until) {
			defer s.mu.Unlock()
			return s.value, s.err
		}
		if !s.busy {
			s.busy = true
			s.mu.Unlock()
			break
		}
		box := clock.NewMailbox[struct{}](c)
		s.waiting = append(s.waiting, box)
		s.mu.Unlock()
		box.Receive()
		if err := ctx.Err(); err != nil {
			var zero T
			return zero, err
		}
	}
	value, until, err := fetch(ctx)
	if ctx.Err() != nil {
		until = time.Time{} // our own end says nothing to the others
	}
	s.mu.Lock()
	s.value, s.until, s.err, s.busy = value, until, err, false
	waiting := s.waiting
	s.waiting = nil
	s.mu.Unlock()
	for _, box := range waiting {
		box.Send(struct{}{})
	}
	return value, err
}

// accountOf is the account in an ARN.
func accountOf(arn string) estate.AccountID {
	if f := strings.SplitN(arn, ":", 6); len(f) == 6 {
		return estate.AccountID(f[4])
	}
	return ""
}

func (s *Sessions) roleARN(account estate.AccountID, role string) string {
	return RoleARN(s.partition(), account, role)
}

// RoleARN is the ARN of a role given by name, with its path if it has one, or by
// ARN.
func RoleARN(partition string, account estate.AccountID, role string) string {
	if strings.HasPrefix(role, "arn:") {
		return role
	}
	return fmt.Sprintf("arn:%s:iam::%s:role/%s", partition, account, strings.TrimPrefix(role, "/"))
}
