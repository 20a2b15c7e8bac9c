package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"

	"github.com/spf13/cobra"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/probe"
	"github.com/orgdns/orgdns/internal/probe/inside"
	"github.com/orgdns/orgdns/internal/runtimeapi"
)

// probeArgs are the flags by which a request is made without a file.
type probeArgs struct {
	resolver, rrtype, serverName, path string
	names, want                        []string
	ports                              []uint
	none, tls                          bool
}

func (p *probeArgs) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringSliceVar(&p.names, "name", nil, "name to ask for; may be repeated")
	f.StringVar(&p.rrtype, "type", "A", "A or AAAA")
	f.StringSliceVar(&p.want, "want", nil, "address that the answer may have; may be repeated (default any)")
	f.BoolVar(&p.none, "none", false, "the names must have no address")
	f.UintSliceVar(&p.ports, "port", nil, "port to connect to; may be repeated")
	f.BoolVar(&p.tls, "tls", false, "check the certificate on these ports")
	f.StringVar(&p.serverName, "server-name", "", "what the certificate must be for (default the name)")
	f.StringVar(&p.path, "path", "", "path to ask for by HTTP on these ports")
	f.StringVar(&p.resolver, "resolver", "system", "whom to ask: system, or an address with or without a port")
	proposes(c, "type", func() []string { return []string{"A", "AAAA"} })
	proposes(c, "resolver", func() []string { return []string{"system"} })
}

// request is what the flags ask for.
func (p *probeArgs) request() (probe.Request, error) {
	var r probe.Request
	if err := r.Resolver.UnmarshalText([]byte(p.resolver)); err != nil {
		return r, fmt.Errorf("--resolver: %w", err)
	}
	shared := probe.Name{Type: p.rrtype, None: p.none}
	for _, s := range p.want {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return r, fmt.Errorf("--want is %q; it must be an IP address", s)
		}
		shared.Want = append(shared.Want, a)
	}
	var server dnsname.Name
	if p.serverName != "" {
		var err error
		if server, err = dnsname.Parse(p.serverName); err != nil {
			return r, fmt.Errorf("--server-name: %w", err)
		}
	}
	for _, port := range p.ports {
		if port == 0 || port > 65535 {
			return r, fmt.Errorf("--port is %d; it must be 1 to 65535", port)
		}
		shared.Connect = append(shared.Connect, probe.Connect{Port: uint16(port), TLS: p.tls, ServerName: server, Path: p.path})
	}
	if len(p.ports) == 0 && (p.tls || p.path != "" || p.serverName != "") {
		return r, errors.New("--tls, --path and --server-name are about ports; add --port, as in --port 443")
	}
	for _, s := range p.names {
		name, err := dnsname.Parse(s)
		if err != nil {
			return r, err
		}
		n := shared
		n.Name = name
		r.Names = append(r.Names, n)
	}
	return r, r.Check()
}

func (a *app) probeCommand() *cobra.Command {
	args := &probeArgs{}
	c := &cobra.Command{
		Use:   "probe [FILE]",
		Short: "Look from inside a VPC: ask its resolver for names, and connect to them",
		Long: `probe runs where names are used: on an instance, in a container, or as a Lambda
function (see 'orgdns lambda'). It asks the resolver of that place for each name,
connects to the addresses, checks certificates, and says what is not as wanted.
It needs no configuration and no credentials, and changes nothing.

What to look at is told by flags, or by a request in JSON: a file, or - for
stdin. The request's form is in docs/probe.md.

Exit code 0: all is as wanted. 1: it is not, or the probe failed.`,
		Example: `  orgdns probe --name ec2.eu-west-1.amazonaws.com --port 443 --tls
  orgdns probe --output json - <request.json`,
		Args: atMostOne,
		RunE: func(c *cobra.Command, files []string) error {
			r, err := a.probeRequest(c, args, files)
			if err != nil {
				return err
			}
			return a.showProbe(r, probe.Run(c.Context(), a.clock, inside.Network{Clock: a.clock}, r))
		},
	}
	args.flags(c)
	return c
}

func (a *app) probeRequest(c *cobra.Command, args *probeArgs, files []string) (probe.Request, error) {
	if len(files) == 0 {
		if len(args.names) == 0 {
			return probe.Request{}, errors.New("probe has no name to ask for; name one with --name, or give a request: a file, or - for stdin")
		}
		return args.request()
	}
	for _, f := range []string{"name", "type", "want", "none", "port", "tls", "server-name", "path", "resolver"} {
		if c.Flags().Changed(f) {
			return probe.Request{}, fmt.Errorf("--%s and a request do not go together; write it into the request", f)
		}
	}
	if files[0] == "-" {
		return probe.ReadRequest(a.In)
	}
	f, err := os.Open(files[0])
	if err != nil {
		return probe.Request{}, err
	}
	defer f.Close()
	return probe.ReadRequest(f)
}

// probeProblem is what is not as wanted of a name.
type probeProblem struct {
	Name     dnsname.Name `json:"name"`
	Type     string       `json:"type"`
	Problems []string     `json:"problems"`
}

func (a *app) showProbe(r probe.Request, got probe.Report) error {
	wrong := []probeProblem{}
	for i, problems := range r.Judge(got) {
		if len(problems) > 0 {
			wrong = append(wrong, probeProblem{r.Names[i].Name, r.Names[i].Type, problems})
		}
		if a.output == "json" {
			continue
		}
		mark := a.paint(a.Out, green, "ok  ")
		if len(problems) > 0 {
			mark = a.paint(a.Out, red, "FAIL")
		}
		a.printf("%s %s %s: %s\n", mark, r.Names[i].Name, r.Names[i].Type, got.Results[i])
		for _, p := range problems {
			a.printf("     %s\n", p)
		}
	}
	if a.output == "json" {
		if err := a.json("probe", struct {
			probe.Report
			Wrong []probeProblem `json:"wrong"`
		}{got, wrong}); err != nil {
			return err
		}
	}
	if len(wrong) > 0 {
		return exit(exitFailed)
	}
	return nil
}

// runtimeVariable is where Lambda says where its runtime API is
// (configuration-envvars.html).
const runtimeVariable = "AWS_LAMBDA_RUNTIME_API"

func (a *app) lambdaCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "lambda",
		Short: "Run as a Lambda function",
		Args:  noArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(&cobra.Command{
		Use:   "probe",
		Short: "Be the Lambda function that looks from inside a VPC",
		Long: `lambda probe is what the bootstrap of a Lambda function runs: it takes requests
of 'orgdns probe' as events and gives reports. How such a function is made is in
docs/probe.md.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return a.lambdaServe(c.Context(), a.probeEvent) },
	}, a.lambdaEventsCommand())
	return c
}

// lambdaServe is a Lambda function until it is told to stop.
func (a *app) lambdaServe(ctx context.Context, h runtimeapi.Handler) error {
	api := os.Getenv(runtimeVariable)
	if api == "" {
		return fmt.Errorf("%s is not set: this is no Lambda function; outside of one, use `orgdns probe` or `orgdns serve`", runtimeVariable)
	}
	return runtimeapi.Serve(ctx, a.clock, &http.Client{}, api, h)
}

// probeEvent answers a request with a report.
func (a *app) probeEvent(ctx context.Context, event []byte) ([]byte, error) {
	r, err := probe.ReadRequest(bytes.NewReader(event))
	if err != nil {
		return nil, err
	}
	return json.Marshal(probe.Run(ctx, a.clock, inside.Network{Clock: a.clock}, r))
}
