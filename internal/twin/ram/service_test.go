package ram

import (
	"testing"

	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// TestService: the handlers fit the wire's tables, and each asks first.
func TestService(t *testing.T) {
	share := wire.Tree{"resourceShareArn": "arn:aws:ram:eu-west-1:111111111111:resource-share/none"}
	invitation := wire.Tree{"resourceShareInvitationArn": "arn:aws:ram:eu-west-1:222222222222:resource-share-invitation/none"}
	self := wire.Tree{"resourceOwner": "SELF"}
	worldtest.Handlers(t, "ram", Service(), map[string]wire.Tree{
		"CreateResourceShare": {"name": "s"}, "UpdateResourceShare": share, "DeleteResourceShare": share, "AssociateResourceShare": share,
		"DisassociateResourceShare": share, "ListResourceSharePermissions": share, "TagResource": {"tags": []any{}}, "UntagResource": {"tagKeys": []any{}},
		"AcceptResourceShareInvitation": invitation, "RejectResourceShareInvitation": invitation, "ListPendingInvitationResources": invitation,
		"GetResourceShares": self, "ListResources": self, "ListPrincipals": self, "GetResourceShareAssociations": {"associationType": "PRINCIPAL"},
	})
}
