package twintest

import (
	"testing"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
)

// TestAcceptanceOfOthers: an attachment of somebody else that waits to be
// accepted is taken in, and stays so. When the share goes the attachment stays as
// it was made, on the gateway's default route tables, and what was accepted stays
// accepted; without default tables it is taken off those that it was given.
func TestAcceptanceOfOthers(t *testing.T) {
	t.Parallel()
	const gateway, table = "tgw-022222222222222a0", "tgw-rtb-022222222222222a0"
	for _, defaults := range []bool{true, false} {
		r := shareRig(t, "resolver")
		theirs := estate.TransitAttachment{
			ID: "tgw-attach-04444444444444aff", Gateway: gateway, Owner: walkHub, Account: "444444444444", Region: ireland,
			VPC: "vpc-044444444444444a0", Subnets: []string{"subnet-04444444444444a00", "subnet-04444444444444a10"}, State: estate.AttachmentPendingAcceptance,
		}
		r.start.TransitAttachments.Put(theirs)
		if g, _ := r.start.TransitGateways.Get(gateway); !defaults {
			g.AssociationTable, g.PropagationTable = "", ""
			r.start.TransitGateways.Put(g)
		}
		w := r.world()
		check := func(when string, on bool) {
			e := w.Estate()
			a, _ := e.TransitAttachments.Get(theirs.ID)
			tt, _ := e.TransitTables.Get(table)
			if a.State != estate.AttachmentAvailable || (a.Table == table) != on || (len(tt.Propagating) > 0) != on {
				t.Errorf("default tables %v, %s: the attachment is %s on %q, and %s learns from %v", defaults, when, a.State, a.Table, table, tt.Propagating)
			}
		}
		if err := r.converge(t.Context(), w, reconcile.Options{}); err != nil {
			t.Fatal(err)
		}
		check("applied", true)
		if err := r.converge(t.Context(), w, reconcile.Options{Destroy: true}); err != nil {
			t.Fatal(err)
		}
		check("destroyed", defaults)
	}
}
