package reconcile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/probe"
	"github.com/orgdns/orgdns/internal/recipe"
)

const (
	// looking bounds the probes under way.
	looking = 16
	// lookNames is how many names one request has: a function has a minute for
	// them.
	lookNames = 32
)

// look is what is to be seen from inside one VPC, for one share.
type look struct {
	from    estate.VPC
	by      *config.Probe
	request probe.Request
	wants   []string // of each name, for people
	// function runs it; empty when there is none.
	function string
	checks   []Check
}

// inside looks from inside the consumer VPCs of every share that has a probe,
// side by side. What does not run is a check that failed.
func (p *Pass) inside(ctx context.Context, in recipe.Input) ([]Check, error) {
	looks := looksOf(in)
	if len(looks) > 0 {
		p.say("looking from inside VPCs: %d probe(s)", len(looks))
	}
	sideBySide(p.Ports.Clock, len(looks), looking, func(i int) { p.patientLook(ctx, &looks[i]) })
	var out []Check
	for _, l := range looks {
		out = append(out, l.checks...)
	}
	slices.SortStableFunc(out, func(a, b Check) int { return strings.Compare(a.Name, b.Name) }) // neighbours are told together
	return out, ctx.Err()
}

// looksOf are the looks that shares ask for, as far as their endpoints stand, by
// VPC and share.
func looksOf(in recipe.Input) []look {
	var out []look
	last := map[string]int{} // VPC and share -> its latest look
	for _, n := range recipe.SharedNames(in) {
		if n.Probe == nil || len(addressesOf(n.Endpoints)) == 0 {
			continue // of names that are not there yet the plan tells
		}
		for _, v := range n.VPCs {
			promise := promised(n, v)
			for _, t := range promise.types {
				key := v.ID + " " + n.Share
				i, begun := last[key]
				if !begun || len(out[i].request.Names) == lookNames {
					one := look{from: v, by: n.Probe}
					if s, ok := plan.OwnObject(in.Estate, in.Config.Owner, plan.KindProbe, n.ProbeAddress(v.ID), v.Account, v.Region); ok {
						one.function = s.ID
					}
					i = len(out)
					out, last[key] = append(out, one), i
				}
				out[i].request.Names = append(out[i].request.Names, lookFor(n, t, promise.addresses))
				out[i].wants = append(out[i].wants, promise.want+", reached")
			}
		}
	}
	return out
}

// lookFor asks for a name of a share, for one type of address, and connects to its
// ports; where TLS is spoken, with a certificate for the name.
func lookFor(n recipe.SharedName, rrtype string, addresses []string) probe.Name {
	out := probe.Name{Name: n.Name, Type: rrtype}
	for _, a := range addresses {
		if ip, err := netip.ParseAddr(a); err == nil && ip.Is4() == (rrtype == "A") {
			out.Want = append(out.Want, ip)
		}
	}
	for _, port := range n.Ports[:min(len(n.Ports), probe.MaxConnects)] {
		c := probe.Connect{Port: uint16(port), TLS: slices.Contains(n.Secure, port)}
		if n.Probe.HTTP {
			c.Path = "/"
		}
		out.Connect = append(out.Connect, c)
	}
	return out
}

// patientLook looks until all is as wanted, as long as [Pass.check] asks.
func (p *Pass) patientLook(ctx context.Context, l *look) {
	for try := 0; ; try++ {
		ran := p.lookOnce(ctx, l)
		good := !slices.ContainsFunc(l.checks, func(c Check) bool { return !c.OK })
		if good || !ran || try == checkTries || ctx.Err() != nil {
			return
		}
		if p.Ports.Clock.Sleep(ctx, checkPause) != nil {
			return
		}
	}
}

// lookOnce runs the probe and judges its report; it tells whether it ran.
func (p *Pass) lookOnce(ctx context.Context, l *look) bool {
	by := "command"
	if l.by.Lambda {
		by = "lambda"
	}
	report, err := p.report(ctx, *l)
	problems := make([][]string, len(l.request.Names))
	if err == nil {
		problems = l.request.Judge(report)
	}
	l.checks = nil
	for i, n := range l.request.Names {
		c := Check{From: l.from.ID, Name: n.Name.String(), Type: n.Type, Want: l.wants[i], Inside: by, Pos: l.by.Pos}
		switch {
		case err != nil:
			c.Got = "the probe did not run: " + err.Error()
		case len(problems[i]) > 0:
			c.Got = strings.Join(problems[i], "; ")
		default:
			c.Got, c.OK = report.Results[i].String(), true
		}
		l.checks = append(l.checks, c)
	}
	return err == nil
}

// report runs the probe.
func (p *Pass) report(ctx context.Context, l look) (probe.Report, error) {
	request, err := json.Marshal(l.request)
	if err != nil {
		return probe.Report{}, err
	}
	var answer []byte
	switch {
	case l.by.Lambda && l.function == "":
		err = errors.New("its function does not stand in the VPC; `orgdns apply` makes it")
	case l.by.Lambda && p.Ports.Invoke == nil, !l.by.Lambda && p.Ports.Command == nil:
		err = errors.New("nothing can run it here")
	case l.by.Lambda:
		answer, err = p.Ports.Invoke(ctx, l.from.Account, l.from.Region, l.function, request)
	default:
		answer, err = p.Ports.Command(ctx, l.by.Command, l.from, request)
	}
	if err != nil {
		return probe.Report{}, err
	}
	report, err := probe.ReadReport(bytes.NewReader(answer))
	if err != nil {
		return report, fmt.Errorf("%w; what it answers begins with %.100q", err, answer)
	}
	return report, nil
}
