package profiles

import (
	"testing"

	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world/worldtest"
)

// TestService: the handlers fit the wire's tables, and each asks first.
func TestService(t *testing.T) {
	vpc := wire.Tree{"ProfileId": "rp-1", "ResourceId": "vpc-1", "Name": "n"}
	worldtest.Handlers(t, "route53profiles", Service(), map[string]wire.Tree{
		"CreateProfile": {"ClientToken": "t", "Name": "n"}, "AssociateProfile": vpc, "DisassociateProfile": vpc, "DeleteProfile": vpc,
		"AssociateResourceToProfile":      {"ProfileId": "rp-1", "Name": "n", "ResourceArn": "arn:aws:route53:::hostedzone/Z1"},
		"ListProfileResourceAssociations": vpc,
	})
}
