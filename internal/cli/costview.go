package cli

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/cost"
	"github.com/orgdns/orgdns/internal/estate"
)

// viaWords name the ways to have endpoints: at the head of a column, and in a
// sentence.
var viaWords = map[cost.Via]struct{ column, text string }{
	cost.ViaNow:        {"now", "what stands now"},
	cost.ViaOwn:        {"own", "endpoints of each VPC's own"},
	cost.ViaProfile:    {"Profile", "shared by Route 53 Profile"},
	cost.ViaResolver:   {"Resolver", "shared by Resolver rules"},
	cost.ViaConfigured: {"configured", "each share as it is configured"},
}

func (a *app) showCosts(c costs) error {
	if a.output == "json" {
		return a.json("cost", c)
	}
	several := len(c.Reports) > 1
	for i, r := range c.Reports {
		if i > 0 {
			a.printf("\n")
		}
		a.costReport(r, several)
	}
	a.assumptions(c)
	return nil
}

// costReport prints one report: the totals side by side, what a change saves,
// what duplicates there are, and every sum.
func (a *app) costReport(r cost.Report, several bool) {
	a.printf("%s\n", a.paint(a.Out, bold, costTitle(r, several)))
	var regions []string
	for _, x := range r.Regions {
		regions = append(regions, string(x))
	}
	for _, line := range wrapped("in "+strings.Join(regions, ", "), aLine-2) {
		a.printf("  %s\n", line)
	}
	a.printf("\n")
	a.costTable(r)
	a.comparisons(r)
	a.duplicates(r.Duplicates)
	for _, o := range r.Options {
		a.sums(o)
	}
}

func costTitle(r cost.Report, several bool) string {
	vpcs := fmt.Sprintf("%d consumer VPC%s", r.VPCs, plural(int(r.VPCs)))
	if r.Accounts > 0 {
		vpcs += fmt.Sprintf(" of %d account%s", r.Accounts, plural(int(r.Accounts)))
	}
	switch {
	case r.Share != "":
		return fmt.Sprintf("%s, %s: %s", r.Share, viaWords[r.Configured].text, vpcs)
	case several:
		return "All together, what they have in common once: " + vpcs
	}
	return vpcs
}

// costTable prints what each item costs by each way.
func (a *app) costTable(r cost.Report) {
	const label, column = 34, 11
	var names, totals []string
	shown := r.Options
	if slices.ContainsFunc(shown, func(o cost.Option) bool { return o.Via == cost.ViaConfigured }) { // what fits on a line
		shown = slices.DeleteFunc(slices.Clone(shown), func(o cost.Option) bool { return o.Via == cost.ViaProfile || o.Via == cost.ViaResolver })
	}
	rows := map[string][]string{}
	var order []string
	for _, change := range cost.Compare(union(shown), cost.Bill{}).Items {
		order = append(order, change.What)
	}
	for _, o := range shown {
		name := viaWords[o.Via].column
		if o.Via == r.Configured {
			name += "*"
		}
		names = append(names, fmt.Sprintf("%*s", column, name))
		items := cost.Compare(o.Bill, cost.Bill{}).Items
		for _, what := range order {
			cell := ""
			if i := slices.IndexFunc(items, func(c cost.Change) bool { return c.What == what }); i >= 0 {
				cell = items[i].Before.String()
			}
			rows[what] = append(rows[what], fmt.Sprintf("%*s", column, cell))
		}
		total := o.Bill.Total.String()
		if o.Problem != "" {
			total = "not open"
		}
		totals = append(totals, fmt.Sprintf("%*s", column, total))
	}
	a.printf("%-*s%s\n", label, "USD a month", strings.Join(names, ""))
	for _, what := range order {
		a.printf("%s\n", strings.TrimRight(fmt.Sprintf("%-*s%s", label, what, strings.Join(rows[what], "")), " "))
	}
	a.printf("%s\n", a.paint(a.Out, bold, fmt.Sprintf("%-*s%s", label, "together", strings.Join(totals, ""))))
	if r.Configured != "" {
		a.printf("* as configured\n")
	}
}

// union is a bill with the lines of several.
func union(options []cost.Option) cost.Bill {
	var out cost.Bill
	for _, o := range options {
		out.Lines = append(out.Lines, o.Bill.Lines...)
	}
	return out
}

// comparisons say in words what a change saves, and which ways are not open.
func (a *app) comparisons(r cost.Report) {
	for _, s := range r.Comparisons {
		colour := green
		if s.Saving < 0 {
			colour = red
		}
		a.printf("\n%s instead of %s\n  %s\n", capital(viaWords[s.To].text), viaWords[s.From].text, a.paint(a.Out, colour, s.String()))
	}
	for _, o := range r.Options {
		if o.Problem != "" {
			a.printf("\n%s is not open, its bill not whole\n", capital(viaWords[o.Via].text))
			for _, line := range folded(o.Problem, aLine-2) {
				a.printf("  %s\n", line)
			}
		}
	}
}

// fewDuplicates are printed; --output json has all.
const fewDuplicates = 20

// duplicates lists the consumers' own endpoints for what is shared.
func (a *app) duplicates(list []cost.Duplicate) {
	if len(list) == 0 {
		return
	}
	var sum cost.Money
	for _, d := range list {
		sum += d.Monthly
	}
	a.printf("\n%s\n", a.paint(a.Out, bold, fmt.Sprintf("Consumers' own endpoints for these services: %d, %s USD a month without data", len(list), sum)))
	var head string
	for i, d := range list {
		if i == fewDuplicates {
			a.printf("  and %d more: --output json has all\n", len(list)-i)
			break
		}
		if h := fmt.Sprintf("%s in %s", d.Service, d.Region); h != head {
			head = h
			a.printf("  %s\n", h)
		}
		a.printf("    %10s  %s  %s  %s\n", d.Monthly, d.Account, d.VPC, d.Endpoint)
	}
	a.printf("`retireDuplicates` reports who would notice, and takes them out.\n")
}

// sums prints each line of a bill as things times hours times price.
func (a *app) sums(o cost.Option) {
	lines := o.Bill.Summary().Lines
	if len(lines) == 0 {
		return
	}
	slices.SortStableFunc(lines, func(x, y cost.Line) int { return cmp.Compare(x.Region, y.Region) })
	a.printf("\n%s\n", a.paint(a.Out, bold, capital(viaWords[o.Via].text)))
	var region estate.Region
	for _, l := range lines {
		if l.Region != region {
			region = l.Region
			a.printf("  %s\n", region)
		}
		price := l.Price.String()
		if l.Unconfirmed {
			price += "?"
		}
		unit, _, _ := strings.Cut(l.Unit, " ") // GB, million
		quantity := fmt.Sprintf("%d %s", l.Count, unit)
		if l.Quantity != l.Count {
			quantity = fmt.Sprintf("%d x %d h", l.Count, l.Quantity/l.Count)
		}
		a.printf("    %-*s%s\n", 34, l.What, fmt.Sprintf("%28s = %10s", quantity+" x "+price, l.Sum))
	}
	a.printf("  %-36s%41s\n", "together", o.Bill.Total)
}

// assumptions print what the sums rest on.
func (a *app) assumptions(c costs) {
	a.printf("\n%s\n", a.paint(a.Out, bold, "Assumed of each consumer VPC, a month"))
	for _, line := range folded(fmt.Sprintf("%d GB through endpoints (--gb), %d GB of them across zones where the way is peering (--cross-zone-gb), %d million queries where rules forward them (--queries)",
		c.Assumed.GB, c.Assumed.CrossZoneGB, c.Assumed.MillionQueries), aLine-2) {
		a.printf("  %s\n", line)
	}
	a.priceSources(c.Prices, c.priceSource)
	var notes []string
	for _, r := range c.Reports {
		for _, o := range r.Options {
			notes = append(notes, o.Bill.Notes...)
		}
	}
	a.uncertain(notes)
}

// priceSources tell where the prices of a table stand; file is one in place of
// the one that orgdns comes with.
func (a *app) priceSources(p priceTable, file string) {
	table := "Prices in USD, a table of " + p.Date
	if file != "" {
		table += ", " + file
	}
	a.printf("\n%s\n", a.paint(a.Out, bold, table))
	pages := map[string][]cost.Source{}
	var order []string
	for _, s := range p.Sources {
		at := s.Page + " (" + s.Read + ")"
		if pages[at] == nil {
			order = append(order, at)
		}
		pages[at] = append(pages[at], s)
	}
	for _, at := range order {
		var what []string
		for _, s := range pages[at] {
			what = append(what, s.What)
		}
		for _, line := range wrapped(strings.Join(what, ", "), aLine-2) {
			a.printf("  %s\n", line)
		}
		a.printf("    %s\n", at)
	}
}

// uncertain prints what of the prices is not certain.
func (a *app) uncertain(notes []string) {
	slices.Sort(notes)
	if notes = slices.Compact(notes); len(notes) > 0 {
		a.printf("\n%s\n", a.paint(a.Out, yellow, "? is not certain"))
	}
	for _, n := range notes {
		for _, line := range folded(n, aLine-2) {
			a.printf("  %s\n", line)
		}
	}
}

// folded breaks a text into lines at its spaces.
func folded(text string, width int) []string {
	var out []string
	for _, w := range strings.Fields(text) {
		if n := len(out); n > 0 && len(out[n-1])+1+len(w) <= width {
			out[n-1] += " " + w
			continue
		}
		out = append(out, w)
	}
	return out
}
