package twintest

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/orgdns/orgdns/examples"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/twin"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// The accounts of examples/privatezone.
const (
	network estate.AccountID = "222222222222"
	partner estate.AccountID = "333333333333"
	shop    estate.AccountID = "444444444444"
)

// corporate is the rig of examples/privatezone, its configuration changed by
// pairs of old and new text.
func corporate(t testing.TB, changes ...string) rig {
	t.Helper()
	raw, err := examples.FS.ReadFile("privatezone/orgdns.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer(changes...).Replace(string(raw))
	if len(changes) > 0 && text == string(raw) {
		t.Fatalf("nothing of %q is in the example", changes)
	}
	return rig{loadConfig(t, fstest.MapFS{"orgdns.yaml": {Data: []byte(text)}}, "orgdns.yaml"), loadEstate(t, "privatezone/estate.json")}
}

// outsider is somebody with the SDK, in no connection to orgdns.
type outsider struct {
	config sdk.Config
}

func newOutsider(w *world.World, key, secret, token string) outsider {
	return outsider{sdk.Config{
		Region: string(ireland), Credentials: credentials.NewStaticCredentialsProvider(key, secret, token), RetryMaxAttempts: 1,
		HTTPClient: &http.Client{Transport: twin.New(w)},
	}}
}

// administrator of an account.
func administrator(w *world.World, id estate.AccountID) outsider {
	return newOutsider(w, string(id), world.AdministratorSecret, "")
}

func (o outsider) route53() *route53.Client { return route53.NewFromConfig(o.config) }

// assume takes a role on.
func (o outsider) assume(ctx context.Context, w *world.World, arn, externalID string) (outsider, error) {
	in := &sts.AssumeRoleInput{RoleArn: &arn, RoleSessionName: sdk.String("writer")}
	if externalID != "" {
		in.ExternalId = &externalID
	}
	out, err := sts.NewFromConfig(o.config).AssumeRole(ctx, in)
	if err != nil {
		return outsider{}, err
	}
	c := out.Credentials
	return newOutsider(w, *c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken), nil
}

// change sends one batch: "CREATE A a.example.com 192.0.2.1", with commas
// between changes.
func (o outsider) change(ctx context.Context, zone, batch string) error {
	var changes []r53types.Change
	for _, line := range strings.Split(batch, ", ") {
		f := strings.SplitN(line, " ", 4)
		changes = append(changes, r53types.Change{Action: r53types.ChangeAction(f[0]), ResourceRecordSet: &r53types.ResourceRecordSet{
			Type: r53types.RRType(f[1]), Name: &f[2], TTL: sdk.Int64(60), ResourceRecords: []r53types.ResourceRecord{{Value: &f[3]}},
		}})
	}
	_, err := o.route53().ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &zone, ChangeBatch: &r53types.ChangeBatch{Changes: changes},
	})
	return err
}

const shopWriter = "arn:aws:iam::222222222222:role/shop-dns-writer"

// written is a world in which examples/privatezone was applied, with the zone.
func written(t *testing.T, changes ...string) (*world.World, estate.Zone) {
	t.Helper()
	r := corporate(t, changes...)
	w := r.world()
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	w = now(w.Estate())
	for z := range w.Estate().Zones.All() {
		return w, z
	}
	t.Fatal("there is no zone")
	return nil, estate.Zone{}
}

// now is a world of today: the SDK alone signs with the time of the wall.
func now(e estate.Estate) *world.World { return world.New(clock.NewVirtual(time.Now()), e) }

// must are the batches that a writer of the example has to be able to write.
var must = []string{
	"CREATE A a.shop.corp.acme.internal 10.40.0.1",
	"UPSERT A a.shop.corp.acme.internal 10.40.0.2",
	"CREATE TXT deep.a.shop.corp.acme.internal \"x\", CREATE AAAA b.shop.corp.acme.internal fd00::1, CREATE CNAME c.shop.corp.acme.internal b.shop.corp.acme.internal",
	"CREATE A *.apps.shop.corp.acme.internal 10.40.0.3",
	"DELETE A *.apps.shop.corp.acme.internal 10.40.0.3",
	`CREATE A \052.apps.shop.corp.acme.internal 10.40.0.3`,
	"DELETE A a.shop.corp.acme.internal 10.40.0.2",
}

// works does everything that a writer must be able to do.
func (o outsider) works(ctx context.Context, zone string) error {
	client := o.route53()
	if _, err := client.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: &zone}); err != nil {
		return err
	}
	if _, err := client.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: &zone}); err != nil {
		return err
	}
	if _, err := client.GetChange(ctx, &route53.GetChangeInput{Id: sdk.String("C0000000000000000000")}); denied(err) {
		return err
	}
	for _, batch := range must {
		if err := o.change(ctx, zone, batch); err != nil {
			return fmt.Errorf("%s: %w", batch, err)
		}
	}
	return nil
}

func denied(err error) bool {
	return err != nil && (strings.Contains(err.Error(), "AccessDenied") || strings.Contains(err.Error(), "AccessDeniedException"))
}

// TestWriter: with the role that orgdns made, a writer does all it must, and
// is refused everything beside it.
func TestWriter(t *testing.T) {
	ctx := t.Context()
	w, zone := written(t)
	o, err := administrator(w, shop).assume(ctx, w, shopWriter, "shop-writes-corp")
	if err != nil {
		t.Fatal(err)
	}
	if err := o.works(ctx, zone.ID); err != nil {
		t.Fatal(err)
	}
	// Another zone of the same account, of the same name even, with another VPC.
	made, err := administrator(w, network).route53().CreateHostedZone(ctx, &route53.CreateHostedZoneInput{
		Name: sdk.String("shop.corp.acme.internal"), CallerReference: sdk.String("another"),
		VPC: &r53types.VPC{VPCId: sdk.String("vpc-0222222222222222a"), VPCRegion: "eu-west-1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	ledger := plan.LedgerName(zone.Name, "acme-private", 0).String()
	for _, tt := range []struct{ name, zone, batch string }{
		{"another name", "", "CREATE A x.corp.acme.internal 10.0.0.1"},
		{"a name that only ends like it", "", "CREATE A x.bookshop.corp.acme.internal 10.0.0.1"},
		{"another team's name", "", "CREATE A x.billing.corp.acme.internal 10.0.0.1"},
		{"a record of the configuration", "", "UPSERT A db.corp.acme.internal 10.0.0.1"},
		{"its deletion", "", "DELETE A db.corp.acme.internal 10.20.0.10"},
		{"another type", "", "CREATE MX x.shop.corp.acme.internal 10 mail.example.com"},
		{"a delegation", "", "CREATE NS x.shop.corp.acme.internal ns.example.com"},
		{"the name above", "", "CREATE A shop.corp.acme.internal 10.0.0.1"},
		{"the apex", "", "CREATE TXT corp.acme.internal \"x\""},
		{"the apex's NS", "", "UPSERT NS corp.acme.internal ns.example.com"},
		{"a wildcard that is not granted", "", "CREATE A *.shop.corp.acme.internal 10.0.0.1"},
		{"one further down", "", "CREATE A *.x.shop.corp.acme.internal 10.0.0.1"},
		{"one below the granted one", "", "CREATE A *.y.apps.shop.corp.acme.internal 10.0.0.1"},
		{"the wildcard of the zone", "", "CREATE A *.corp.acme.internal 10.0.0.1"},
		{"the ledger", "", "UPSERT TXT " + ledger + " \"A x.shop\""},
		{"a ledger below its names", "", "CREATE TXT _orgdns-0123456789.shop.corp.acme.internal \"x\""},
		{"a batch of granted and other names", "", "CREATE A y.shop.corp.acme.internal 10.0.0.1, CREATE A y.corp.acme.internal 10.0.0.1"},
		{"a batch of granted and other types", "", "CREATE A y.shop.corp.acme.internal 10.0.0.1, CREATE SRV z.shop.corp.acme.internal 1 1 1 y.shop.corp.acme.internal"},
		{"another zone", strings.TrimPrefix(*made.HostedZone.Id, "/hostedzone/"), "CREATE A a.shop.corp.acme.internal 10.0.0.1"},
	} {
		id := zone.ID
		if tt.zone != "" {
			id = tt.zone
		}
		if err := o.change(ctx, id, tt.batch); !denied(err) {
			t.Errorf("%s: %s: %v", tt.name, tt.batch, err)
		}
	}
	client, vpc := o.route53(), &r53types.VPC{VPCId: sdk.String("vpc-0333333333333333a"), VPCRegion: "eu-west-1"}
	for name, call := range map[string]func() error{
		"tagging": func() error {
			_, err := client.ChangeTagsForResource(ctx, &route53.ChangeTagsForResourceInput{ResourceId: &zone.ID, ResourceType: "hostedzone",
				AddTags: []r53types.Tag{{Key: sdk.String("orgdns:owner"), Value: sdk.String("me")}}})
			return err
		},
		"deleting the zone": func() error {
			_, err := client.DeleteHostedZone(ctx, &route53.DeleteHostedZoneInput{Id: &zone.ID})
			return err
		},
		"letting a VPC in": func() error {
			_, err := client.CreateVPCAssociationAuthorization(ctx, &route53.CreateVPCAssociationAuthorizationInput{HostedZoneId: &zone.ID, VPC: vpc})
			return err
		},
		"throwing a VPC out": func() error {
			_, err := client.DisassociateVPCFromHostedZone(ctx, &route53.DisassociateVPCFromHostedZoneInput{HostedZoneId: &zone.ID,
				VPC: &r53types.VPC{VPCId: sdk.String("vpc-0444444444444444a"), VPCRegion: "eu-west-1"}})
			return err
		},
		"reading other zones": func() error {
			_, err := client.GetHostedZone(ctx, &route53.GetHostedZoneInput{Id: made.HostedZone.Id})
			return err
		},
		"listing zones": func() error {
			_, err := client.ListHostedZones(ctx, &route53.ListHostedZonesInput{})
			return err
		},
	} {
		if err := call(); !denied(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, tt := range []struct {
		name       string
		account    estate.AccountID
		externalID string
	}{
		{"no external ID", shop, ""},
		{"another external ID", shop, "guess"},
		{"another account", partner, "shop-writes-corp"},
	} {
		if _, err := administrator(w, tt.account).assume(ctx, w, shopWriter, tt.externalID); !denied(err) {
			t.Errorf("the role is assumed with %s: %v", tt.name, err)
		}
	}
}

// TestWriterActions: a grant of some actions leaves the others out.
func TestWriterActions(t *testing.T) {
	const grant = "types: [A, AAAA, CNAME, TXT]"
	w, zone := written(t, grant, grant+"\n        actions: [CREATE, DELETE]")
	o, err := administrator(w, shop).assume(t.Context(), w, shopWriter, "shop-writes-corp")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		batch string
		ok    bool
	}{
		{"CREATE A a.shop.corp.acme.internal 10.40.0.1", true},
		{"UPSERT A a.shop.corp.acme.internal 10.40.0.2", false},
		{"UPSERT A new.shop.corp.acme.internal 10.40.0.2", false},
		{"UPSERT A *.apps.shop.corp.acme.internal 10.40.0.2", false},
		{"CREATE A b.shop.corp.acme.internal 10.40.0.1, UPSERT A a.shop.corp.acme.internal 10.40.0.2", false},
		{"DELETE A a.shop.corp.acme.internal 10.40.0.1", true},
	} {
		if err := o.change(t.Context(), zone.ID, tt.batch); tt.ok && err != nil || !tt.ok && !denied(err) {
			t.Errorf("%s: %v", tt.batch, err)
		}
	}
}

// TestWriterStatements: every statement of the writer's policy is needed.
func TestWriterStatements(t *testing.T) {
	w, zone := written(t)
	var role estate.Role
	for r := range w.Estate().Roles.By(estate.ByRole(network, "shop-dns-writer")) {
		role = r
	}
	whole := role.Inline[plan.RolePolicy]
	sids := statements(whole)
	if len(sids) < 4 {
		t.Fatalf("the policy has the statements %v", sids)
	}
	for n, sid := range sids {
		t.Run(sid, func(t *testing.T) {
			e := w.Estate()
			less := role
			less.Inline = map[string]string{plan.RolePolicy: cut(whole, func(i int) bool { return i == n })}
			e.Roles.Put(less)
			fork := now(e)
			o, err := administrator(fork, shop).assume(t.Context(), fork, shopWriter, "shop-writes-corp")
			if err != nil {
				t.Fatal(err)
			}
			if err := o.works(t.Context(), zone.ID); !denied(err) {
				t.Errorf("without %s it still works: %v", sid, err)
			}
		})
	}
}

// corporateLife is a whole life of examples/privatezone: a VPC loses its tag and
// gets it back, the anchor is let go by somebody and an authorization left
// behind, all is taken out, made again, taken out, and made once more. Steps that could not be
// proven count as a failure.
func corporateLife(t *testing.T, r rig) error {
	put := func(id string, change func(*estate.VPC)) {
		v, _ := r.start.VPCs.Get(id)
		change(&v)
		r.start.VPCs.Put(v)
	}
	put("vpc-0222222222222222a", func(v *estate.VPC) { v.DNSHostnames = false })
	const tagged = "vpc-0444444444444444b"
	var zone estate.Zone
	w := r.world()
	for _, ph := range []struct {
		name   string
		before func()
		o      reconcile.Options
	}{
		{"apply", nil, reconcile.Options{}},
		{"a VPC loses its tag", func() { put(tagged, func(v *estate.VPC) { v.Tags = nil }) }, reconcile.Options{}},
		{"and gets it back", func() {
			put(tagged, func(v *estate.VPC) { v.Tags = estate.Tags{"dns": "corp"} })
			r.start.Authorizations.Put(estate.ZoneAuthorization{Zone: zone.ID, VPC: estate.VPCRef{Region: ireland, ID: "vpc-0444444444444444a"}})
			zone.VPCs = slices.DeleteFunc(slices.Clone(zone.VPCs), func(v estate.VPCRef) bool { return v.ID == "vpc-0222222222222222a" })
			r.start.Zones.Put(zone)
		}, reconcile.Options{}},
		{"destroy", nil, reconcile.Options{Destroy: true}},
		{"apply again", nil, reconcile.Options{}},
		{"destroy again", nil, reconcile.Options{Destroy: true}},
		{"apply with a reference that was used", nil, reconcile.Options{}},
	} {
		if ph.before != nil {
			ph.before()
			w = r.world()
		}
		planned, err := r.process(w, nil).Plan(t.Context(), ph.o)
		if err != nil {
			return err
		}
		if planned.Empty() {
			return fmt.Errorf("%s: nothing to do: %w", ph.name, planned.Diagnostics.Err())
		}
		for _, c := range planned.Changes {
			if len(c.Unproven) > 0 {
				return fmt.Errorf("%s: %s is not proven: %s", ph.name, c.Address, c.Unproven)
			}
		}
		if err := r.converge(t.Context(), w, ph.o); err != nil {
			return fmt.Errorf("%s: %w", ph.name, err)
		}
		r.start = w.Estate()
		zone = estate.Zone{}
		for z := range r.start.Zones.All() {
			zone = z
		}
		if n := r.start.Authorizations.Len(); n > 0 {
			return fmt.Errorf("%s: %d authorizations are left", ph.name, n)
		}
		if stands := zone.ID != ""; stands == ph.o.Destroy {
			return fmt.Errorf("%s: the zone stands: %t", ph.name, stands)
		}
	}
	return nil
}

// unproved are statements that no life of the example can show to be needed,
// with the reason for which they are there.
var unproved = map[string]string{
	"222222222222 FindVPCs": "the twin takes ec2:DescribeVpcs of statement VPCs for it, which is limited to Regions; of AWS that is not known",
	"444444444444 FindVPCs": "the same",
	"222222222222 Changes":  "a public zone and its records are followed until they are in effect; the statement is the same",
	"444444444444 Zones":    "finds zones that an earlier configuration had made there",
	"444444444444 ReadZone": "the same",
}

// TestPrivateLeastPrivilege: the whole life of examples/privatezone runs with
// exactly the policies that `orgdns iam` prints, and every statement of them is
// needed, but for those that are unproved.
func TestPrivateLeastPrivilege(t *testing.T) {
	r, docs := leastPrivilege(t, corporate(t))
	if err := corporateLife(t, r); err != nil {
		t.Fatal(err)
	}
	for i, d := range docs {
		if d.Account == management {
			continue
		}
		for _, p := range d.Policies {
			for n, sid := range statements(p.Document) {
				if unproved[string(d.Account)+" "+sid] != "" {
					continue
				}
				t.Run(fmt.Sprintf("%s/without/%s", d.Account, sid), func(t *testing.T) {
					less := r
					less.start.Roles.Put(roleOf(d, i, func(policy string, statement int) bool { return policy == p.Name && statement == n }))
					if err := corporateLife(t, less); err == nil {
						t.Errorf("statement %s of policy %s in account %s is not needed", sid, p.Name, d.Account)
					}
				})
			}
		}
	}
}
