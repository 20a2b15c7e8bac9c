package twin_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	profiles "github.com/aws/aws-sdk-go-v2/service/route53profiles"
	resolver "github.com/aws/aws-sdk-go-v2/service/route53resolver"
	resolvertypes "github.com/aws/aws-sdk-go-v2/service/route53resolver/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

const (
	public  = "192.0.2.7" // db.corp.test in the public zone
	private = "10.0.9.7"  // and in the private zone of the hub
	lent    = "rslvr-rr-1"
	profile = "rp-1"
)

// lending is a hub of OWNER whose private zone answers other accounts by a rule
// to its inbound endpoint, or by a Profile; the same name is public, too. CALLER
// and OTHER have a VPC each; nothing is shared yet.
type lending struct {
	bench
	t *testing.T
}

func newLending(t *testing.T) lending {
	l := lending{newBench(), t}
	l.put(t, func(e *estate.Estate) {
		for id, account := range map[string]estate.AccountID{"vpc-hub": owner, "vpc-app": caller, "vpc-lab": other} {
			e.Accounts.Put(estate.Account{ID: account})
			e.VPCs.Put(estate.VPC{ID: id, Account: account, Region: "eu-west-1", DNSSupport: true, DNSHostnames: true})
		}
		name := dnsname.MustParse("corp.test")
		e.Zones.Put(estate.Zone{ID: "ZPUBLIC", Account: owner, Name: name, NameServers: []dnsname.Name{dnsname.MustParse("ns-1.awsdns-01.org")}},
			estate.Zone{ID: "ZPRIVATE", Account: owner, Name: name, Private: true, VPCs: []estate.VPCRef{{ID: "vpc-hub", Region: "eu-west-1"}}})
		for zone, ip := range map[string]string{"ZPUBLIC": public, "ZPRIVATE": private} {
			e.Records.Put(estate.RecordSet{Zone: zone, Name: dnsname.MustParse("db.corp.test"), Type: "A", TTL: 60, Values: []string{ip}})
		}
		inbound := []estate.ResolverAddress{{IP: netip.MustParseAddr("10.0.0.5")}, {IP: netip.MustParseAddr("10.0.1.5")}}
		for _, p := range []estate.ResolverEndpoint{{ID: "rslvr-in-1", Direction: estate.EndpointInbound, Addresses: inbound}, {ID: "rslvr-out-1", Direction: estate.EndpointOutbound}} {
			p.Account, p.Region, p.VPC, p.Status = owner, "eu-west-1", "vpc-hub", estate.StatusOperational
			e.ResolverEndpoints.Put(p)
		}
		e.ResolverRules.Put(estate.ResolverRule{ID: lent, Account: owner, Region: "eu-west-1", Domain: name, Type: estate.RuleForward,
			Targets: []estate.RuleTarget{{IP: inbound[0].IP}, {IP: inbound[1].IP}}, Endpoint: "rslvr-out-1"})
		e.Profiles.Put(estate.Profile{ID: profile, ARN: "arn:aws:route53profiles:eu-west-1:" + owner + ":profile/" + profile, Account: owner, Region: "eu-west-1", Status: estate.StatusComplete})
		e.ProfileResources.Put(estate.ProfileResource{ID: "rpr-1", Profile: profile, ARN: "arn:aws:route53:::hostedzone/ZPRIVATE",
			Type: estate.ProfileZone, Status: estate.StatusComplete})
	})
	return l
}

func (l lending) resolver(account string) *resolver.Client {
	return resolver.NewFromConfig(l.config(keys(account)), func(o *resolver.Options) { o.HTTPSignerV4 = l.signer() })
}

func (l lending) profiles(account string) *profiles.Client {
	return profiles.NewFromConfig(l.config(keys(account)), func(o *profiles.Options) { o.HTTPSignerV4 = l.signer() })
}

func (l lending) useRule(account, id, vpc string) error {
	_, err := l.resolver(account).AssociateResolverRule(l.t.Context(), &resolver.AssociateResolverRuleInput{ResolverRuleId: &id, VPCId: &vpc})
	return err
}

func (l lending) useProfile(account, id, vpc string) error {
	_, err := l.profiles(account).AssociateProfile(l.t.Context(), &profiles.AssociateProfileInput{ProfileId: &id, ResourceId: &vpc, Name: aws.String("corp")})
	return err
}

// ways are the two things that are lent: a test holds for either.
var ways = []struct {
	name string
	arn  string
	use  func(l lending, account, vpc string) error
	uses func(l lending, account string) int // how many VPCs of the account's have it
}{
	{"rule", "arn:aws:route53resolver:eu-west-1:" + owner + ":resolver-rule/" + lent,
		func(l lending, account, vpc string) error { return l.useRule(account, lent, vpc) },
		func(l lending, account string) int {
			filter := resolvertypes.Filter{Name: aws.String("ResolverRuleId"), Values: []string{lent}}
			return len(must[*resolver.ListResolverRuleAssociationsOutput](l.t)(l.resolver(account).ListResolverRuleAssociations(l.t.Context(),
				&resolver.ListResolverRuleAssociationsInput{Filters: []resolvertypes.Filter{filter}})).ResolverRuleAssociations)
		}},
	{"profile", "arn:aws:route53profiles:eu-west-1:" + owner + ":profile/" + profile,
		func(l lending, account, vpc string) error { return l.useProfile(account, profile, vpc) },
		func(l lending, account string) int {
			return len(must[*profiles.ListProfileAssociationsOutput](l.t)(l.profiles(account).ListProfileAssociations(l.t.Context(),
				&profiles.ListProfileAssociationsInput{})).ProfileAssociations)
		}},
}

// share lends what has an ARN to accounts by RAM, as people do across
// organizations: by invitation.
func (l lending) share(arn string, principals ...string) *string {
	l.t.Helper()
	return must[*ram.CreateResourceShareOutput](l.t)(l.ram(keys(owner)).CreateResourceShare(l.t.Context(), &ram.CreateResourceShareInput{
		Name: aws.String("corp"), AllowExternalPrincipals: aws.Bool(true), ResourceArns: []string{arn}, Principals: principals})).ResourceShare.ResourceShareArn
}

// accept accepts the one invitation of an account.
func (l lending) accept(account string) {
	l.t.Helper()
	c := l.ram(keys(account))
	all := must[*ram.GetResourceShareInvitationsOutput](l.t)(c.GetResourceShareInvitations(l.t.Context(), &ram.GetResourceShareInvitationsInput{})).ResourceShareInvitations
	if len(all) != 1 {
		l.t.Fatalf("%d invitations of %s", len(all), account)
	}
	must[*ram.AcceptResourceShareInvitationOutput](l.t)(c.AcceptResourceShareInvitation(l.t.Context(), &ram.AcceptResourceShareInvitationInput{ResourceShareInvitationArn: all[0].ResourceShareInvitationArn}))
	l.settle()
}

// settle lets pass what takes a moment.
func (l lending) settle() { l.clock.Advance(world.Sharing + 10*world.Sharing) }

// answers checks what db.corp.test is in a VPC: an address, or a response code.
func (l lending) answers(vpc, want, when string) {
	l.t.Helper()
	a := resolve.New(l.world.Estate(), resolve.DefaultPolicy).Resolve(resolve.Vantage{VPC: vpc}, dnsname.MustParse("db.corp.test"), "A")
	got := string(a.Outcome)
	if len(a.Records) > 0 {
		got = a.Records[0].Value
	}
	if got != want {
		l.t.Errorf("%s: %s gets %s, want %s", when, vpc, got, want)
	}
}

// refused checks a refusal's code and words.
func refused(t *testing.T, when string, err error, want, words string) {
	t.Helper()
	if code(err) != want || !strings.Contains(err.Error(), words) {
		t.Errorf("%s: %v, want %s %q", when, err, want, words)
	}
}

// TestLendUnaccepted: what is shared outside the organization is not there until
// it is accepted, and the name stays what it was (RAM User Guide,
// working-with-shared-invitations.html; Developer Guide, sharing-profiles.html,
// resolver-rules-managing.html).
func TestLendUnaccepted(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			l := newLending(t)
			l.share(w.arn, caller)
			l.settle()
			refused(t, "not accepted", w.use(l, caller, "vpc-app"), "ResourceNotFoundException", "")
			l.answers("vpc-app", public, "not accepted")
			l.accept(caller)
			if err := w.use(l, caller, "vpc-app"); err != nil {
				t.Fatal(err)
			}
			l.settle()
			l.answers("vpc-app", private, "accepted")
		})
	}
}

// TestLendWrongPrincipal: who is no principal of the share has no invitation, and
// what is shared is not there for it (RAM User Guide, getting-started-sharing.html);
// principals that are none are refused (hashicorp/terraform-provider-aws#7769, #12169).
func TestLendWrongPrincipal(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			l := newLending(t)
			share := l.share(w.arn, other)
			l.accept(other)
			c := l.ram(keys(caller))
			if all := must[*ram.GetResourceShareInvitationsOutput](t)(c.GetResourceShareInvitations(t.Context(), &ram.GetResourceShareInvitationsInput{})).ResourceShareInvitations; len(all) != 0 {
				t.Errorf("an invitation of somebody else: %+v", all)
			}
			refused(t, "shared with another account", w.use(l, caller, "vpc-app"), "ResourceNotFoundException", "")
			l.answers("vpc-app", public, "shared with another account")
			refused(t, "another account's VPC", w.use(l, other, "vpc-app"), "ResourceNotFoundException", "vpc-app")
			for principal, words := range map[string]string{
				"o-acme": "is malformed", "arn:aws:organizations::" + owner + ":organization/o-none": "Organization o-none could not be found.",
			} {
				_, err := l.ram(keys(owner)).AssociateResourceShare(t.Context(), &ram.AssociateResourceShareInput{ResourceShareArn: share, Principals: []string{principal}})
				if code(err) == "" || !strings.Contains(err.Error(), words) {
					t.Errorf("principal %s: %v", principal, err)
				}
			}
		})
	}
}

// TestLendUnshared: what is shared no more acts as if it were disassociated: the
// VPC falls back to what it has by itself, and here the name is public again
// (Developer Guide, resolver-rules-managing.html, "Deleting or unsharing a rule", and
// sharing-profiles.html, "Unsharing a shared Route 53 Profile").
func TestLendUnshared(t *testing.T) {
	for _, w := range ways {
		t.Run(w.name, func(t *testing.T) {
			l := newLending(t)
			share := l.share(w.arn, caller)
			l.settle()
			l.accept(caller)
			if err := w.use(l, caller, "vpc-app"); err != nil {
				t.Fatal(err)
			}
			l.settle()
			l.answers("vpc-app", private, "shared")
			if n := w.uses(l, caller); n != 1 {
				t.Errorf("%d VPCs have it", n)
			}
			must[*ram.DisassociateResourceShareOutput](t)(l.ram(keys(owner)).DisassociateResourceShare(t.Context(), &ram.DisassociateResourceShareInput{ResourceShareArn: share, Principals: []string{caller}}))
			l.answers("vpc-app", public, "unshared")
			if n := w.uses(l, caller); n != 0 {
				t.Errorf("%d VPCs have what is shared no more", n)
			}
			refused(t, "unshared", w.use(l, caller, "vpc-app"), "ResourceNotFoundException", "")
		})
	}
}

// TestLendSecondProfile: a VPC has one Profile, and the first goes on answering
// (Developer Guide, profiles.html; R2.3, whose code is our reading).
func TestLendSecondProfile(t *testing.T) {
	l := newLending(t)
	l.share(ways[1].arn, caller)
	l.settle()
	l.accept(caller)
	if err := l.useProfile(caller, profile, "vpc-app"); err != nil {
		t.Fatal(err)
	}
	l.settle()
	own := must[*profiles.CreateProfileOutput](t)(l.profiles(caller).CreateProfile(t.Context(), &profiles.CreateProfileInput{Name: aws.String("own"), ClientToken: aws.String("own")})).Profile
	l.settle()
	refused(t, "a second Profile", l.useProfile(caller, *own.Id, "vpc-app"), "ConflictException", "vpc-app")
	l.answers("vpc-app", private, "a second Profile")
}

// TestLendLoop: a rule that would send a VPC's queries to its own inbound endpoint
// is refused (aws-samples/aws-network-hub-for-terraform#26). One that comes to do
// so by a change of its targets goes round, and the name fails there; other VPCs
// that have the rule fail with it (Developer Guide,
// best-practices-resolver-endpoints.html; R4.7, whose response code is our reading).
func TestLendLoop(t *testing.T) {
	l := newLending(t)
	refused(t, "the rule on the hub", l.useRule(owner, lent, "vpc-hub"), "InvalidRequestException", "RSLVR-00804")
	l.answers("vpc-hub", private, "the rule on the hub is refused")
	targets := func(ips ...string) {
		t.Helper()
		in := &resolver.UpdateResolverRuleInput{ResolverRuleId: aws.String(lent), Config: &resolvertypes.ResolverRuleConfig{}}
		for _, ip := range ips {
			in.Config.TargetIps = append(in.Config.TargetIps, resolvertypes.TargetAddress{Ip: &ip})
		}
		must[*resolver.UpdateResolverRuleOutput](t)(l.resolver(owner).UpdateResolverRule(t.Context(), in))
		l.settle()
	}
	targets("192.168.0.53") // of an office, say
	if err := l.useRule(owner, lent, "vpc-hub"); err != nil {
		t.Fatal(err)
	}
	l.settle()
	targets("10.0.0.5", "10.0.1.5")
	l.answers("vpc-hub", string(resolve.ServFail), "the rule leads back to the hub")
	l.share(ways[0].arn, caller)
	l.settle()
	l.accept(caller)
	if err := l.useRule(caller, lent, "vpc-app"); err != nil {
		t.Fatal(err)
	}
	l.settle()
	l.answers("vpc-app", string(resolve.ServFail), "the hub's rule leads back to it")
	must[*resolver.DisassociateResolverRuleOutput](t)(l.resolver(owner).DisassociateResolverRule(t.Context(), &resolver.DisassociateResolverRuleInput{ResolverRuleId: aws.String(lent), VPCId: aws.String("vpc-hub")}))
	l.settle()
	l.answers("vpc-hub", private, "taken off the hub")
	l.answers("vpc-app", private, "taken off the hub")
}
