package estate

import (
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
)

func TestLatticeID(t *testing.T) {
	for _, x := range []struct {
		name, id string
		region   Region
	}{
		{"rates-0123456789abcdef0.7d67968.vpc-lattice-svcs.eu-west-1.on.aws", "svc-0123456789abcdef0", "eu-west-1"},
		{"a-b-0a.1.vpc-lattice-svcs.us-east-2.on.aws", "svc-0a", "us-east-2"},
		{"rates.7d67968.vpc-lattice-svcs.eu-west-1.on.aws", "", ""},
		{"rates-.7d67968.vpc-lattice-svcs.eu-west-1.on.aws", "", ""},
		{"x.rates-0a.7d67968.vpc-lattice-svcs.eu-west-1.on.aws", "", ""},
		{"rates-0a.7d67968.vpc-lattice-rsc.eu-west-1.on.aws", "", ""},
		{"vpc-lattice-svcs.eu-west-1.on.aws", "", ""},
	} {
		id, region, ok := LatticeID(dnsname.MustParse(x.name))
		if id != x.id || region != x.region || ok != (x.id != "") {
			t.Errorf("LatticeID(%s) = %q, %q, %v", x.name, id, region, ok)
		}
	}
}
