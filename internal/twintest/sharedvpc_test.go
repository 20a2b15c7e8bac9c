package twintest

import (
	"slices"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// TestSharedVPC: a VPC of which the selected account only shares a subnet is
// associated by its owner; where the owner cannot be read, it is left as it is.
func TestSharedVPC(t *testing.T) {
	const vpc, subnet = "vpc-0333333333333333a", "subnet-0333333333333333a"
	r := private(t)
	for i := range r.cfg.PrivateZones {
		z := &r.cfg.PrivateZones[i]
		z.VPCs[0].Tags = nil // all that the shop account sees
	}
	owner := estate.AccountID("333333333333")
	r.start.Organization.TrustedServices = append(r.start.Organization.TrustedServices, estate.ShareService)
	r.start.Subnets.Put(estate.Subnet{ID: subnet, VPC: vpc, Account: owner, Region: ireland, Zone: "eu-west-1a"})
	r.start.Shares.Put(estate.Share{
		ARN: "arn:aws:ram:eu-west-1:333333333333:resource-share/1", Account: owner, Region: ireland, Name: "subnets",
		Resources:  []estate.ShareMember{{ID: "arn:aws:ec2:eu-west-1:333333333333:subnet/" + subnet, Status: estate.ShareAssociated}},
		Principals: []estate.ShareMember{{ID: "444444444444", Status: estate.ShareAssociated}},
	})
	uses := func(w *world.World) bool {
		for z := range w.Estate().Zones.All() {
			if slices.Contains(z.VPCs, estate.VPCRef{Region: ireland, ID: vpc}) {
				return true
			}
		}
		return false
	}

	w := r.world() // the owner has no role for orgdns
	planned, err := r.process(w, nil).Plan(t.Context(), reconcile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	said := slices.ContainsFunc(planned.Diagnostics, func(d diag.Diagnostic) bool {
		return d.Code == "unread" && strings.Contains(d.Summary, vpc+" is left as it is")
	})
	if !said || planned.Diagnostics.HasErrors() {
		t.Fatalf("what cannot be read is not told: %v", planned.Diagnostics)
	}
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	if uses(w) {
		t.Fatal("associated without its owner")
	}

	role, _ := r.start.Roles.Get("arn:aws:iam::444444444444:role/orgdns")
	role.ARN, role.ID, role.Account = "arn:aws:iam::333333333333:role/orgdns", "AROAORGDNS33333A", owner
	r.start.Roles.Put(role)
	w = r.world()
	if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
		t.Fatal(err)
	}
	if !uses(w) {
		t.Fatal("not associated by its owner")
	}
}
