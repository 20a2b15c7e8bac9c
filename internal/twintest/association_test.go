package twintest

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/twin/world"
)

const (
	anchorVPC  = "vpc-0222222222222222a"
	partnerVPC = "vpc-0333333333333333a"
	shopVPC    = "vpc-0444444444444444a"
)

func irish(id string) *r53types.VPC { return &r53types.VPC{VPCId: &id, VPCRegion: "eu-west-1"} }

// TestBesideTerraform does by SDK calls what Terraform's AWS provider 5.100
// does with a zone that has a vpc block, and an association beside it: each run
// takes off every VPC that its block does not name. orgdns, which has adopted
// the zone, associates its own again and never takes one off.
func TestBesideTerraform(t *testing.T) {
	ctx := t.Context()
	r := corporate(t, "fixVpcAttributes: true", "fixVpcAttributes: true\n    adopt: true")
	w := now(r.start)
	terraform := administrator(w, network).route53()
	made, err := terraform.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{
		Name: sdk.String("corp.acme.internal"), CallerReference: sdk.String("terraform-1"), VPC: irish(anchorVPC),
	})
	if err != nil {
		t.Fatal(err)
	}
	zone := made.HostedZone.Id
	invite := func(w *world.World) { // aws_route53_vpc_association_authorization, aws_route53_zone_association
		t.Helper()
		if _, err := administrator(w, network).route53().CreateVPCAssociationAuthorization(ctx, &route53.CreateVPCAssociationAuthorizationInput{HostedZoneId: zone, VPC: irish(partnerVPC)}); err != nil {
			t.Fatal(err)
		}
		if _, err := administrator(w, partner).route53().AssociateVPCWithHostedZone(ctx, &route53.AssociateVPCWithHostedZoneInput{HostedZoneId: zone, VPC: irish(partnerVPC)}); err != nil {
			t.Fatal(err)
		}
	}
	uses := func(w *world.World) (out []string) {
		z, _ := w.Estate().Zones.Get(strings.TrimPrefix(*zone, "/hostedzone/"))
		for _, v := range z.VPCs {
			out = append(out, v.ID)
		}
		return out
	}
	orgdns := func(from *world.World) *world.World {
		t.Helper()
		w := now(from.Estate())
		var off []string
		w.OnCall(func(e world.Event) {
			if e.Operation == "DisassociateVPCFromHostedZone" {
				off = append(off, e.Operation)
			}
		})
		if err := r.converge(ctx, w, reconcile.Options{}); err != nil {
			t.Fatal(err)
		}
		if len(off) > 0 {
			t.Errorf("orgdns took %d VPCs off", len(off))
		}
		return now(w.Estate())
	}
	invite(w)
	w = orgdns(w)
	for round := range 2 {
		if got := uses(w); len(got) != 4 || !slices.Contains(got, partnerVPC) {
			t.Fatalf("round %d: after orgdns the zone has %v", round, got)
		}
		terraform = administrator(w, network).route53()
		got, err := terraform.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: zone})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.VPCs) == 1 {
			t.Fatal("Terraform would see no difference")
		}
		for _, v := range got.VPCs {
			if *v.VPCId == anchorVPC {
				continue
			}
			if _, err := terraform.DisassociateVPCFromHostedZone(ctx, &route53.DisassociateVPCFromHostedZoneInput{HostedZoneId: zone, VPC: &v}); err != nil {
				t.Fatal(err)
			}
		}
		if got := uses(w); !slices.Equal(got, []string{anchorVPC}) {
			t.Fatalf("round %d: after Terraform the zone has %v", round, got)
		}
		w = orgdns(w)
		if got := uses(w); len(got) != 3 || !slices.Contains(got, shopVPC) {
			t.Fatalf("round %d: orgdns left %v", round, got)
		}
		invite(w)
	}
}

// TestAssociationFaults: what is wrong with a private zone is said before
// anything is done, and nothing is let go for it.
func TestAssociationFaults(t *testing.T) {
	t.Parallel()
	public := func(e *estate.Estate) {
		e.Zones.Put(estate.Zone{ID: "ZPUBLIC0000000000001", Account: network, Name: dnsname.MustParse("corp.acme.internal"), CallerReference: "by hand", RecordCount: 2})
	}
	tests := []struct {
		name   string
		config []string // pairs of old and new text
		stands bool     // the zone was made before
		change func(*estate.Estate)
		want   []string
	}{
		{"a public zone", []string{"fixVpcAttributes: true", "adopt: true\n    zone: ZPUBLIC0000000000001"}, false, public,
			[]string{"error: zone ZPUBLIC0000000000001 (corp.acme.internal) is public", "never turns a public zone"}},
		{"a zone that is not there", []string{"fixVpcAttributes: true", "adopt: true\n    zone: ZNOWHERE000000000001"}, false, public,
			[]string{"error: account 222222222222 has no zone ZNOWHERE000000000001"}},
		{"no anchor", nil, false, func(e *estate.Estate) { e.VPCs.Delete(anchorVPC) },
			[]string{"error: account 222222222222 has no VPC that the anchor of corp.acme.internal selects"}},
		{"several anchors", nil, false, func(e *estate.Estate) {
			v, _ := e.VPCs.Get(anchorVPC)
			v.ID = "vpc-0222222222222222b"
			e.VPCs.Put(v)
		}, []string{"error: the anchor of corp.acme.internal selects 2 VPCs", "vpc-0222222222222222b in eu-west-1", "name one by its ID"}},
		{"a VPC that is gone", []string{"tags: { dns: corp } }     #", "vpc: vpc-0999999999999999a }  #"}, false, func(*estate.Estate) {},
			[]string{"warning: no VPC is selected for corp.acme.internal"}},
		{"attributes off", []string{"fixVpcAttributes: true", "fixVpcAttributes: false"}, false, func(*estate.Estate) {},
			[]string{"warning: VPC vpc-0444444444444444b (account 444444444444) will not see corp.acme.internal: enableDnsHostnames is off", "write `fixVpcAttributes: true`"}},
		{"an account that cannot be read", nil, true, func(e *estate.Estate) { e.Roles.Delete("arn:aws:iam::444444444444:role/orgdns") },
			[]string{"the VPCs of account 444444444444 in eu-west-1 could not be read", "nothing there is let go"}},
		{"an account that is suspended", nil, true, suspend(shop),
			[]string{"note: account shop (444444444444) is suspended and is skipped"}},
		{"the zone's account suspended", nil, true, suspend(network),
			[]string{"warning: account 222222222222 is suspended: the private zone corp.acme.internal is left as it is"}},
		{"accounts that cannot be read", []string{"account: shop, tags: { dns: corp } }     #", "tags: { dns: corp } }     #"}, true, func(e *estate.Estate) { e.Roles.Delete("arn:aws:iam::000000000001:role/orgdns-read") },
			[]string{"the accounts of the organization could not be read", "nothing there is let go"}},
		{"another zone of that name", nil, true, func(e *estate.Estate) {
			for z := range e.Zones.All() {
				z.VPCs = slices.DeleteFunc(slices.Clone(z.VPCs), func(v estate.VPCRef) bool { return v.ID == shopVPC })
				e.Zones.Put(z)
			}
			e.Zones.Put(estate.Zone{ID: "ZTHEIRS0000000000001", Account: partner, Name: dnsname.MustParse("corp.acme.internal"), Private: true,
				CallerReference: "theirs", VPCs: []estate.VPCRef{{Region: ireland, ID: shopVPC}}, RecordCount: 2})
		}, []string{"error: VPC vpc-0444444444444444a (account 444444444444) already uses another zone corp.acme.internal", "ZTHEIRS0000000000001, owned by account 333333333333"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := corporate(t, tt.config...)
			if tt.stands {
				w := r.world()
				if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
					t.Fatal(err)
				}
				r.start = w.Estate()
			}
			tt.change(&r.start)
			planned, err := r.process(r.world(), nil).Plan(t.Context(), reconcile.Options{})
			if err != nil {
				t.Fatal(err)
			}
			var said strings.Builder
			for _, d := range planned.Diagnostics {
				fmt.Fprintf(&said, "%s: %s; %s; %s\n", d.Severity, d.Summary, d.Detail, d.Hint)
			}
			for _, want := range tt.want {
				if !strings.Contains(said.String(), want) {
					t.Errorf("%q is not in\n%s", want, said.String())
				}
			}
			for _, c := range planned.Changes {
				if strings.HasSuffix(tt.name, "suspended") {
					t.Errorf("the plan changes %s", c.Address)
				}
				if strings.HasPrefix(c.Address, "associations/") {
					t.Errorf("the plan lets go: %s", c.Address)
				}
			}
		})
	}
}

func suspend(id estate.AccountID) func(*estate.Estate) {
	return func(e *estate.Estate) {
		a, _ := e.Accounts.Get(string(id))
		a.Status = estate.AccountSuspended
		e.Accounts.Put(a)
	}
}

// TestLostAssociation: an association whose answer was lost is found to stand.
func TestLostAssociation(t *testing.T) {
	r, _ := leastPrivilege(t, corporate(t))
	w := r.world()
	w.Inject(world.Fault{Account: shop, Operation: "AssociateVPCWithHostedZone", Kind: world.FaultLostResponse})
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
}

// TestSharedVPC: a VPC that is shared with a selected account is selected by its
// owner's tags, and associated by its owner. Where the owner cannot be read it
// stays.
func TestSharedVPC(t *testing.T) {
	r := corporate(t, "  shop:       {", "  partner: { id: \"333333333333\" }\n  shop:       {")
	r.start.Subnets.Put(estate.Subnet{ID: "subnet-0333333333333333a", VPC: partnerVPC, Account: partner, Region: ireland, Zone: "eu-west-1a", CIDR: netip.MustParsePrefix("10.30.1.0/24")})
	r.start.Shares.Put(estate.Share{ARN: "arn:aws:ram:eu-west-1:333333333333:resource-share/a", Account: partner, Region: ireland, Name: "a",
		Resources:  []estate.ShareMember{{ID: "arn:aws:ec2:eu-west-1:333333333333:subnet/subnet-0333333333333333a", Status: "ASSOCIATED"}},
		Principals: []estate.ShareMember{{ID: string(shop), Status: "ASSOCIATED"}}})
	v, _ := r.start.VPCs.Get(partnerVPC)
	v.Tags = estate.Tags{"dns": "corp"}
	r.start.VPCs.Put(v)
	for role := range r.start.Roles.By(estate.ByRole(shop, "orgdns")) {
		role.ARN, role.Account = strings.ReplaceAll(role.ARN, string(shop), string(partner)), partner
		r.start.Roles.Put(role)
	}
	w := r.world()
	by := map[estate.AccountID]int{}
	w.OnCall(func(e world.Event) {
		if e.Operation == "AssociateVPCWithHostedZone" {
			by[e.Account]++
		}
	})
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	if by[partner] != 1 || by[shop] != 2 {
		t.Errorf("associations by account: %v", by)
	}
	r.start = w.Estate()
	r.start.Roles.Delete("arn:aws:iam::333333333333:role/orgdns")
	planned, err := r.process(r.world(), nil).Plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(planned.Changes) > 0 {
		t.Errorf("the plan changes %s", planned.Changes[0].Address)
	}
	if !slices.ContainsFunc(planned.Diagnostics, func(d diag.Diagnostic) bool {
		return d.Summary == "the VPCs of account 333333333333 in eu-west-1 could not be read"
	}) {
		t.Errorf("said %v", planned.Diagnostics)
	}
}

// TestSharedByStrangers: a VPC of an account outside the organization, which
// shares a subnet with a selected account, is left as it is, and nobody knocks at
// its account: the external ID is not for strangers.
func TestSharedByStrangers(t *testing.T) {
	r := corporate(t, "defaults: { role: orgdns, region: eu-west-1 }", "defaults: { role: orgdns, region: eu-west-1, externalID: hush }", ", tags: { dns: corp } }     #", " }     #")
	r.start.Accounts.Delete(string(partner))
	r.start.Subnets.Put(estate.Subnet{ID: "subnet-0333333333333333a", VPC: partnerVPC, Account: partner, Region: ireland, Zone: "eu-west-1a", CIDR: netip.MustParsePrefix("10.30.1.0/24")})
	r.start.Shares.Put(estate.Share{ARN: "arn:aws:ram:eu-west-1:333333333333:resource-share/a", Account: partner, Region: ireland, Name: "a",
		Resources:  []estate.ShareMember{{ID: "arn:aws:ec2:eu-west-1:333333333333:subnet/subnet-0333333333333333a", Status: "ASSOCIATED"}},
		Principals: []estate.ShareMember{{ID: string(shop), Status: "ASSOCIATED", External: true}}})
	w := r.world()
	w.OnCall(func(e world.Event) {
		if e.Account == partner {
			t.Errorf("a stranger's account is asked: %s", e.Operation)
		}
	})
	planned, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := planned.Diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(planned.Diagnostics, func(d diag.Diagnostic) bool {
		return strings.Contains(d.Summary, partnerVPC+" is left as it is")
	}) {
		t.Errorf("said %v", planned.Diagnostics)
	}
	if _, touched := planned.Change("privateZones/222222222222/corp.acme.internal/vpcs/" + partnerVPC); touched {
		t.Error("a stranger's VPC is to be associated")
	}
}

// TestUnknownPrincipal: IAM refuses a trust policy that names a role which does
// not exist. The rehearsal cannot know, since the writer's account is not read
// for it; the run says what to do.
func TestUnknownPrincipal(t *testing.T) {
	r := corporate(t, "role: shop-dns-writer", "role: shop-dns-writer\n        principals: arn:aws:iam::444444444444:role/nobody")
	w := r.world()
	p := r.process(w, nil)
	planned, err := p.Plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := planned.Diagnostics.Err(); err != nil {
		t.Fatal(err)
	}
	res, err := p.Apply(t.Context(), planned.Plan, reconcile.ApplyOptions{Wait: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Diagnostics) != 1 {
		t.Fatalf("%d problems: %v", len(res.Diagnostics), res.Diagnostics)
	}
	d := res.Diagnostics[0]
	if d.Code != "MalformedPolicyDocument" || !strings.Contains(d.Detail, "role/nobody") || !strings.Contains(d.Hint, "make it first") {
		t.Errorf("said %s; %s; %s", d.Summary, d.Detail, d.Hint)
	}
	for role := range w.Estate().Roles.By(estate.ByRole(network, "shop-dns-writer")) {
		t.Errorf("%s stands half made", role.ARN)
	}
}
