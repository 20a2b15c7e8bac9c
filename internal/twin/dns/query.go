package dns

import (
	"context"
	"fmt"

	mdns "github.com/miekg/dns"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/resolve"
)

// Reply is what a DNS server answered.
type Reply struct {
	RCode         string // NOERROR, NXDOMAIN, …
	Records       []resolve.RR
	Authority     []resolve.RR
	Additional    []resolve.RR
	Authoritative bool
	Reason        string // extended error text (RFC 8914), if it gave one
}

// Query asks a server, at host:port, over UDP and, when the reply is truncated,
// over TCP. It wants recursion. An error means that no reply came before ctx
// was done or the time-out of two seconds was over, or that it made no sense.
func Query(ctx context.Context, server string, name dnsname.Name, qtype string) (Reply, error) {
	t, ok := mdns.StringToType[qtype]
	if !ok {
		return Reply{}, fmt.Errorf("unknown record type %q", qtype)
	}
	m := new(mdns.Msg)
	m.SetQuestion(presentation(name), t)
	m.SetEdns0(maxUDP, false)
	var in *mdns.Msg
	for _, network := range []string{"udp", "tcp"} {
		var err error
		c := mdns.Client{Net: network, UDPSize: maxUDP}
		if in, _, err = c.ExchangeContext(ctx, m, server); err != nil {
			return Reply{}, fmt.Errorf("query %s %s at %s: %w", name, qtype, server, err)
		}
		if !in.Truncated {
			break
		}
	}
	r := Reply{RCode: mdns.RcodeToString[in.Rcode], Authoritative: in.Authoritative}
	for _, s := range []struct {
		to   *[]resolve.RR
		from []mdns.RR
	}{{&r.Records, in.Answer}, {&r.Authority, in.Ns}, {&r.Additional, in.Extra}} {
		var err error
		if *s.to, err = records(s.from); err != nil {
			return Reply{}, fmt.Errorf("reply to %s %s from %s: %w", name, qtype, server, err)
		}
	}
	if opt := in.IsEdns0(); opt != nil {
		for _, o := range opt.Option {
			if ede, ok := o.(*mdns.EDNS0_EDE); ok {
				r.Reason = ede.ExtraText
			}
		}
	}
	return r, nil
}
