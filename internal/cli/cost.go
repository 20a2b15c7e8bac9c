package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgdns/orgdns/internal/cost"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
)

// costArgs are the flags of cost.
type costArgs struct {
	prices  string
	traffic cost.Traffic
	design  cost.Design
	regions []string
	network string
}

// designFlags make up a design in numbers.
var designFlags = []string{"vpcs", "services", "zones", "regions", "network"}

func (p *costArgs) flags(c *cobra.Command) {
	f := c.Flags()
	f.StringVar(&p.prices, "prices", "", "price table in place of the one that orgdns comes with")
	f.Int64Var(&p.traffic.GB, "gb", 100, "assumed GB a month of each consumer VPC through endpoints")
	f.Int64Var(&p.traffic.CrossZone, "cross-zone-gb", 50, "assumed GB of these that cross zones, where the way is peering")
	f.Int64Var(&p.traffic.Queries, "queries", 3, "assumed million queries a month of each consumer VPC, where rules forward them")
	f.Int64Var(&p.design.VPCs, "vpcs", 0, "ask from numbers alone: consumer VPCs, spread over the Regions")
	f.Int64Var(&p.design.Services, "services", 1, "with --vpcs: services that are shared")
	f.Int64Var(&p.design.Zones, "zones", 2, "with --vpcs: zones of availability of each endpoint")
	f.StringSliceVar(&p.regions, "regions", nil, "with --vpcs: Regions (default the one of the price table)")
	f.StringVar(&p.network, "network", string(cost.NetworkTransit), "with --vpcs: transit (a Transit Gateway is to connect them), attached (it does already), peering")
	proposes(c, "network", func() []string {
		var out []string
		for _, n := range cost.Networks {
			out = append(out, string(n))
		}
		return out
	})
	proposes(c, "regions", func() []string {
		var out []string
		for _, r := range cost.Builtin().Regions() {
			out = append(out, string(r))
		}
		return out
	})
}

// costs is the result of cost: what is assumed, what each share costs, and where
// the prices stand.
type costs struct {
	Prices      priceTable    `json:"prices"`
	Assumed     assumed       `json:"assumed"` // of each consumer VPC, a month
	Reports     []cost.Report `json:"reports"`
	priceSource string
}

type priceTable struct {
	Date    string        `json:"date"`
	Hours   int64         `json:"hoursPerMonth"`
	Sources []cost.Source `json:"sources"`
}

type assumed struct {
	GB             int64 `json:"gb"`
	CrossZoneGB    int64 `json:"crossZoneGB"`
	MillionQueries int64 `json:"millionQueries"`
}

func (a *app) costCommand() *cobra.Command {
	args := &costArgs{}
	c := &cobra.Command{
		Use:   "cost",
		Short: "Tell what interface endpoints cost a month, own and shared",
		Long: `cost tells what the endpoints of each share of the configuration cost a month:
as it stands, with endpoints of each consumer's own, shared by Route 53 Profile,
and shared by Resolver rules; and what a change saves, or costs more. It reads
the organization as plan does, and changes nothing.

With --vpcs it needs no configuration and asks nobody: the numbers of an
organization are enough. In how many accounts its VPCs are changes no price.

Every sum is shown, by a price table with its date; --prices gives another
table. What nobody can read is assumed: see the flags. What is counted and what
is not is in docs/cost.md.

Exit code 0: done, also when sharing costs more. 1: failed.`,
		Example: `  orgdns cost
  orgdns cost --vpcs 1000 --services 10 --regions eu-west-1,eu-central-1`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			prices, err := readPrices(args.prices)
			if err != nil {
				return err
			}
			reports, err := a.costReports(c, args, prices)
			if err != nil {
				return err
			}
			return a.showCosts(args.result(prices, reports))
		},
	}
	args.flags(c)
	return c
}

// readPrices reads a price table, or takes the one that orgdns comes with.
func readPrices(file string) (*cost.Prices, error) {
	if file == "" {
		return cost.Builtin(), nil
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("--prices: %w; docs/cost.md tells the form of a price table", err)
	}
	return cost.Load(file, bytes.NewReader(raw))
}

func (a *app) costReports(c *cobra.Command, args *costArgs, prices *cost.Prices) ([]cost.Report, error) {
	if !c.Flags().Changed("vpcs") {
		for _, f := range designFlags {
			if c.Flags().Changed(f) {
				return nil, fmt.Errorf("--%s is for numbers alone and needs --vpcs; without it the configuration and the organization tell", f)
			}
		}
		return a.configuredCosts(c.Context(), args, prices)
	}
	if len(a.configPaths) > 0 {
		return nil, errors.New("--vpcs and --config do not go together: the numbers stand for a configuration")
	}
	r, err := args.numbers(prices)
	return []cost.Report{r}, err
}

// numbers is the report of a design in numbers.
func (p *costArgs) numbers(prices *cost.Prices) (cost.Report, error) {
	d := p.design
	d.Traffic, d.Network = p.traffic, cost.Network(p.network)
	known := prices.Regions()
	known = append(known, estate.Regions()...)
	for _, name := range p.regions {
		r := estate.Region(strings.TrimSpace(name))
		if !slices.Contains(known, r) {
			return cost.Report{}, unknownRegion(r, known)
		}
		d.Regions = append(d.Regions, r)
	}
	if len(d.Regions) == 0 {
		d.Regions = []estate.Region{prices.Default}
	}
	return prices.OfNumbers(d)
}

// unknownRegion says which Region was probably meant.
func unknownRegion(r estate.Region, known []estate.Region) error {
	var names []string
	for _, k := range known {
		names = append(names, string(k))
	}
	hint := "a Region that is newer than this orgdns may stand in a table of your own: --prices"
	if near := diag.Nearest(string(r), names); near != "" {
		hint = fmt.Sprintf("did you mean %q? %s", near, hint)
	}
	return diag.Diagnostic{Code: "unknown-region", Summary: fmt.Sprintf("--regions: %q is no Region of AWS", r), Hint: hint}
}

// configuredCosts is a report of each share of the configuration.
func (a *app) configuredCosts(ctx context.Context, args *costArgs, prices *cost.Prices) ([]cost.Report, error) {
	cfg, err := a.load()
	if err != nil {
		return nil, err
	}
	if len(cfg.EndpointShares) == 0 {
		return nil, errors.New("the configuration shares no endpoints, so there is nothing to tell; ask from numbers alone with --vpcs")
	}
	p, err := a.pass(ctx, cfg)
	if err != nil {
		return nil, err
	}
	reports, problems, err := p.Costs(ctx, prices, args.traffic)
	a.diagnostics(problems)
	return reports, err
}

func (p *costArgs) result(prices *cost.Prices, reports []cost.Report) costs {
	var bills []cost.Bill
	for _, r := range reports {
		for _, o := range r.Options {
			bills = append(bills, o.Bill)
		}
	}
	return costs{
		Prices:      priceTable{prices.Date, prices.Hours, prices.Sources(bills...)},
		Assumed:     assumed{p.traffic.GB, p.traffic.CrossZone, p.traffic.Queries},
		Reports:     reports,
		priceSource: p.prices,
	}
}
