package twin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strconv"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/probe"
	"github.com/orgdns/orgdns/internal/reach"
	"github.com/orgdns/orgdns/internal/resolve"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// functions are what Lambda runs in this process, by the name in a function's
// environment.
var functions = map[string]world.Function{"probe": probeFunction}

// probeFunction is `orgdns lambda probe` as it would run where the function is:
// names are answered as that VPC's resolver does, and connections are judged by
// package reach, since no packet flows here.
func probeFunction(ctx context.Context, in world.Invocation) ([]byte, error) {
	r, err := probe.ReadRequest(bytes.NewReader(in.Payload))
	if err != nil {
		return nil, err
	}
	out := probe.Report{Results: make([]probe.Result, len(r.Names))}
	place := placed{whole(in.Estate), in.VPC, in.Subnets, in.Groups, resolve.New(in.Estate, resolve.DefaultPolicy)}
	for i, n := range r.Names {
		out.Results[i] = probe.Look(ctx, place, r.Resolver, n)
	}
	return json.Marshal(out)
}

// whole is an estate with the main route table of every VPC, which EC2 keeps only
// once it was changed.
func whole(e estate.Estate) estate.Estate {
	for v := range e.VPCs.All() {
		has := false
		for t := range e.RouteTables.By(estate.ByVPC(v.ID)) {
			has = has || t.Main
		}
		if !has {
			e.RouteTables.Put(estate.RouteTable{ID: world.Derived("rtb", v.ID), Account: v.Account, Region: v.Region, VPC: v.ID, Main: true})
		}
	}
	return e
}

// placed is a [probe.Network] of a VPC; of no VPC it is the internet.
type placed struct {
	e        estate.Estate
	vpc      string
	subnets  []string
	groups   []string
	resolver *resolve.Resolver
}

func (p placed) Resolve(_ context.Context, by probe.Resolver, name dnsname.Name, rrtype string) (string, []string, error) {
	if !by.IsZero() {
		return "", nil, fmt.Errorf("the twin asks the VPC's own resolver, not %s; write \"resolver\": \"system\"", by)
	}
	a := p.resolver.Resolve(resolve.Vantage{VPC: p.vpc}, name, rrtype)
	switch a.Outcome {
	case resolve.NoError, resolve.NXDomain, resolve.ServFail, resolve.Refused:
	case resolve.NoResponse:
		return "", nil, errors.New("the resolver does not answer")
	default: // what the estate cannot tell, as the twin's listeners have it
		return string(resolve.ServFail), nil, nil
	}
	var answers []string
	for _, rr := range a.Records {
		if rr.Type == rrtype || rr.Type == "CNAME" {
			answers = append(answers, rr.Value)
		}
	}
	return string(a.Outcome), answers, nil
}

func (p placed) Connect(_ context.Context, to netip.Addr, c probe.Connect) probe.Connection {
	out := probe.Connection{Address: to, Port: c.Port, TCP: probe.OK}
	from := reach.From(p.e, p.vpc)
	from.Subnets, from.Groups = p.subnets, p.groups
	if b := from.To(to, reach.Port{Number: c.Port, Protocol: "tcp"}).Break(); b != nil {
		out.TCP = b.Text
		return out
	}
	// An endpoint speaks with the certificate of its service, which is for the
	// private names and those that AWS generates. What else stands at an address
	// the twin does not know.
	end, stands := p.endpoint(to)
	if c.TLS {
		if !stands {
			out.TLS = "the twin has no certificate there"
			return out
		}
		out.TLS = "the certificate is not for " + c.ServerName.String()
		for _, n := range certified(end) {
			out.CertificateNames = append(out.CertificateNames, n.String())
			if n == c.ServerName || n.IsWildcard() && covers(n, c.ServerName) {
				out.TLS = probe.OK
			}
		}
	}
	if c.Path != "" && (out.TLS == "" || out.TLS == probe.OK) {
		out.HTTP = strconv.Itoa(403) // what a service says to whoever does not sign
	}
	return out
}

func (p placed) endpoint(at netip.Addr) (estate.Endpoint, bool) {
	for e := range p.e.Endpoints.All() {
		for _, a := range e.Addresses {
			if a.IPv4 == at || a.IPv6 == at {
				return e, true
			}
		}
	}
	return estate.Endpoint{}, false
}

func certified(e estate.Endpoint) []dnsname.Name {
	out := append([]dnsname.Name{}, e.PrivateNames...)
	for _, n := range e.Names {
		out = append(out, n.Name)
	}
	return out
}

// covers reports whether a wildcard stands for a name: of one label only (RFC
// 6125 section 6.4.3).
func covers(wildcard, name dnsname.Name) bool {
	zone, _ := wildcard.Parent()
	parent, ok := name.Parent()
	return ok && parent == zone
}
