package probe

import (
	"context"
	"net/netip"

	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/dnsname"
)

// Network is how names are asked for and addresses connected to from a place.
type Network interface {
	// Resolve asks for the records of a name: the response code, and the values
	// of the answer in its order, those of CNAME records among them. An error
	// means that no answer came.
	Resolve(ctx context.Context, by Resolver, name dnsname.Name, rrtype string) (rcode string, answers []string, err error)
	// Connect connects to an address as c says, whose ServerName is given.
	Connect(ctx context.Context, to netip.Addr, c Connect) Connection
}

// sideBySide is how many names are looked at at a time.
const sideBySide = 16

// Run looks at every name of a request that was checked, some at a time. Names
// that ctx leaves no time for have that as their error.
func Run(ctx context.Context, c clock.Clock, n Network, r Request) Report {
	defer c.Enter()()
	out := Report{Results: make([]Result, len(r.Names))}
	done := clock.NewMailbox[struct{}](c)
	started := 0
	start := func() {
		i := started
		started++
		c.Go(func() {
			began := c.Now()
			out.Results[i] = Look(ctx, n, r.Resolver, r.Names[i])
			out.Results[i].Duration = c.Now().Sub(began)
			done.Send(struct{}{})
		})
	}
	for started < min(sideBySide, len(r.Names)) {
		start()
	}
	for range r.Names {
		done.Receive()
		if started < len(r.Names) {
			start()
		}
	}
	return out
}

// Look looks at one name.
func Look(ctx context.Context, n Network, by Resolver, name Name) Result {
	out := Result{Name: name.Name, Type: name.Type}
	if err := ctx.Err(); err != nil {
		out.Error = "there was no time left to ask"
		return out
	}
	rcode, answers, err := n.Resolve(ctx, by, name.Name, name.Type)
	if err != nil {
		out.Error = err.Error()
		return out
	}
	out.RCode, out.Answers = rcode, answers[:min(len(answers), maxAnswers)]
	addresses := out.Addresses()
	for _, a := range addresses[:min(len(addresses), maxTried)] {
		for _, c := range name.Connect {
			if c.ServerName.IsZero() {
				c.ServerName = name.Name
			}
			out.Connections = append(out.Connections, n.Connect(ctx, a, c))
		}
	}
	return out
}
