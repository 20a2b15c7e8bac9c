// Package cost says what interface endpoints cost a month, each account's own or
// shared ones, with what sharing needs: Route 53 Profiles, Resolver endpoints,
// Transit Gateways. Bills come from an estate or from the numbers of a design,
// by a dated price table that a file can replace.
//
// Amounts are whole millionths of a dollar and quantities whole, so every sum is
// exact. Not here: taxes, discounts and other charges of AWS, and how a bill is
// shown; docs/cost.md says what is not counted.
package cost

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"github.com/orgdns/orgdns/internal/estate"
)

// Line is one line of a bill.
type Line struct {
	Item    Item             `json:"item"`
	What    string           `json:"what"`
	Account estate.AccountID `json:"account,omitempty"` // who pays; empty: several, or nobody knows
	Region  estate.Region    `json:"region"`
	Count   int64            `json:"count"` // of things
	// Quantity is what is paid for: Count, or Count times the hours of the
	// month.
	Quantity int64  `json:"quantity"`
	Unit     string `json:"unit"`
	Price    Money  `json:"price"` // for one Unit
	Sum      Money  `json:"sum"`   // Quantity times Price
	// Unconfirmed: no page was found that says this price of this Region.
	Unconfirmed bool `json:"unconfirmed,omitempty"`
}

// Sources tells where the prices of a bill stand.
func (p *Prices) Sources(bills ...Bill) []Source {
	var out []Source
	for _, i := range items {
		on := slices.ContainsFunc(bills, func(b Bill) bool {
			return slices.ContainsFunc(b.Lines, func(l Line) bool { return l.Item == i })
		})
		if e := p.items[i]; on {
			out = append(out, Source{i, e.what, e.source, e.read})
		}
	}
	return out
}

// Source is where the prices of an item stand, and when they were read there.
type Source struct {
	Item Item   `json:"item"`
	What string `json:"what"`
	Page string `json:"page"`
	Read string `json:"read"`
}

// Bill is what a month costs.
type Bill struct {
	Date  string   `json:"date"` // of the price table
	Lines []Line   `json:"lines"`
	Total Money    `json:"total"`
	Notes []string `json:"notes,omitempty"` // where a price is not that of the Region, or not confirmed
}

// Header names the columns of Rows.
var Header = []string{"what", "account", "region", "count", "quantity", "unit", "price", "sum"}

// Rows are the lines as text, without the total.
func (b Bill) Rows() [][]string {
	var out [][]string
	for _, l := range b.Lines {
		out = append(out, []string{
			l.What, string(l.Account), string(l.Region), strconv.FormatInt(l.Count, 10), strconv.FormatInt(l.Quantity, 10), l.Unit,
			l.Price.String(), l.Sum.String(),
		})
	}
	return out
}

// Summary is the bill with the accounts taken together: a line for each item,
// Region and price.
func (b Bill) Summary() Bill {
	out := Bill{Date: b.Date, Notes: b.Notes}
	for _, l := range b.Lines {
		l.Account = ""
		i := slices.IndexFunc(out.Lines, func(o Line) bool {
			return o.Item == l.Item && o.Region == l.Region && o.Price == l.Price
		})
		if i < 0 {
			out.Lines = append(out.Lines, l)
			continue
		}
		out.Lines[i].Count += l.Count
		out.Lines[i].Quantity += l.Quantity
		out.Lines[i].Sum += l.Sum
	}
	out.finish()
	return out
}

// finish sorts the lines, by item, Region, account and, for tiers, price from
// the first on, and adds them up.
func (b *Bill) finish() {
	slices.SortStableFunc(b.Lines, func(x, y Line) int {
		return cmp.Or(
			cmp.Compare(slices.Index(items, x.Item), slices.Index(items, y.Item)),
			cmp.Compare(x.Region, y.Region),
			cmp.Compare(x.Account, y.Account),
		)
	})
	slices.Sort(b.Notes)
	b.Notes = slices.Compact(b.Notes)
	b.Total = 0
	for _, l := range b.Lines {
		b.Total += l.Sum
	}
}

// add puts what n things cost on the bill, a line for each tier that they
// reach; hours is 1 for what is not paid by the hour.
func (p *Prices) add(b *Bill, i Item, account estate.AccountID, region estate.Region, n, hours int64) {
	e := p.items[i]
	tiers, in, unconfirmed := e.prices[region], region, false
	if tiers == nil {
		tiers, in = e.prices[everywhere], everywhere
	}
	if tiers == nil {
		tiers, in, unconfirmed = e.prices[p.Default], p.Default, true
		b.Notes = append(b.Notes, fmt.Sprintf("%s: the table has no price of %s, that of %s stands for it", e.what, region, p.Default))
	}
	if slices.Contains(e.unconfirmed, in) && n > 0 {
		unconfirmed = true
		b.Notes = append(b.Notes, fmt.Sprintf("%s: the price of %s is not confirmed, look at %s", e.what, region, e.source))
	}
	below := int64(0)
	for _, t := range tiers {
		count := n - below
		if t.upTo > 0 {
			count = min(count, t.upTo-below)
		}
		if count <= 0 {
			break
		}
		b.Lines = append(b.Lines, Line{
			Item: i, What: e.what, Account: account, Region: region, Count: count, Quantity: count * hours,
			Unit: e.unit, Price: t.price, Sum: Money(count*hours) * t.price,
			Unconfirmed: unconfirmed,
		})
		below = t.upTo
	}
}

// Comparison is what a change of a bill saves.
type Comparison struct {
	Before Money    `json:"before"`
	After  Money    `json:"after"`
	Saving Money    `json:"saving"` // a month; negative when it then costs more
	Items  []Change `json:"items"`
}

// Change is the part of a comparison that one item has.
type Change struct {
	Item   Item   `json:"item"`
	What   string `json:"what"`
	Before Money  `json:"before"`
	After  Money  `json:"after"`
	Saving Money  `json:"saving"`
}

// Compare holds two bills against each other, with every item that is on
// either.
func Compare(before, after Bill) Comparison {
	c := Comparison{Before: before.Total, After: after.Total, Saving: before.Total - after.Total}
	for _, i := range items {
		change, on := Change{Item: i}, false
		for _, l := range before.Lines {
			if l.Item == i {
				change.What, change.Before, on = l.What, change.Before+l.Sum, true
			}
		}
		for _, l := range after.Lines {
			if l.Item == i {
				change.What, change.After, on = l.What, change.After+l.Sum, true
			}
		}
		if on {
			change.Saving = change.Before - change.After
			c.Items = append(c.Items, change)
		}
	}
	return c
}

// String states the saving, also when there is none.
func (c Comparison) String() string {
	switch {
	case c.Saving > 0:
		return fmt.Sprintf("saves %s USD a month: %s before, %s after", c.Saving, c.Before, c.After)
	case c.Saving < 0:
		return fmt.Sprintf("costs %s USD a month more: %s before, %s after", -c.Saving, c.Before, c.After)
	}
	return fmt.Sprintf("saves nothing: %s USD a month before and after", c.Before)
}
