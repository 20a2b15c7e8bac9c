package cost

import (
	"bytes"
	_ "embed"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
)

// Item is something that AWS charges for, as the price table names it.
type Item string

// The items. An hour is of each thing, in each zone where the thing is in
// zones.
const (
	EndpointHour    Item = "endpointHour"           // an interface endpoint in a zone
	EndpointGB      Item = "endpointGB"             // through interface endpoints; tiers by the organization's GB in a Region
	GatewayEndpoint Item = "gatewayEndpoint"        // of S3 and DynamoDB
	ProfileHour     Item = "profileHour"            // for each account that owns Profiles with VPCs, in a Region
	ProfileVPCHour  Item = "profileAssociationHour" // a VPC with a Profile; tiers by the owner's VPCs in a Region
	ResolverHour    Item = "resolverHour"           // an address of a Resolver endpoint
	ResolverQueries Item = "resolverQueries"        // million queries through a Resolver endpoint; tiers by the organization's in a Region
	TransitHour     Item = "transitHour"            // the attachment of a VPC to a Transit Gateway
	TransitGB       Item = "transitGB"              // into a Transit Gateway
	CrossZoneGB     Item = "crossZoneGB"            // over peering from zone to zone, each direction
	EventSent       Item = "eventSent"              // of EventBridge, to a bus of another account or Region
	QueueRequests   Item = "queueRequests"          // a thousand of a standard queue
	ParameterMonth  Item = "parameterMonth"         // a parameter of the tier Advanced
)

// items in the order of a bill.
var items = []Item{
	EndpointHour, EndpointGB, GatewayEndpoint, ProfileHour, ProfileVPCHour, ResolverHour, ResolverQueries, TransitHour, TransitGB, CrossZoneGB,
	EventSent, QueueRequests, ParameterMonth,
}

// everywhere is the Region of a price that is the same in all.
const everywhere estate.Region = "*"

// Prices is a price table.
type Prices struct {
	Date    string        // on which the table was put together, 2026-11-30
	Hours   int64         // of a month
	Default estate.Region // whose prices stand for those of a Region that the table does not hold
	items   map[Item]entry
}

type entry struct {
	what, unit   string
	source, read string
	unconfirmed  []estate.Region
	prices       map[estate.Region][]tier
}

// tier is a price up to a quantity; the last has no bound.
type tier struct {
	upTo  int64 // 0: no bound
	price Money
}

// Regions are those of which the table has prices of its own.
func (p *Prices) Regions() []estate.Region {
	var out []estate.Region
	for _, e := range p.items {
		for r := range e.prices {
			if r != everywhere && !slices.Contains(out, r) {
				out = append(out, r)
			}
		}
	}
	slices.Sort(out)
	return out
}

//go:embed prices.json
var builtin []byte

// Builtin is the table that orgdns comes with.
func Builtin() *Prices {
	p, err := Load("prices.json", bytes.NewReader(builtin))
	if err != nil {
		panic(err) // a test loads it
	}
	return p
}

// Load reads a price table in place of the one that orgdns comes with. The file
// is named in errors, which say line and column.
func Load(file string, r io.Reader) (*Prices, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("prices %s: %w", file, err)
	}
	l := &loader{file: file, raw: raw}
	p := l.table()
	if err := l.problems.Err(); err != nil {
		return nil, err
	}
	return p, nil
}

// loader checks a table, and keeps what is wrong with it.
type loader struct {
	file     string
	raw      []byte
	problems diag.List
}

func (l *loader) problem(at int, hint, format string, args ...any) {
	l.problems.Add(diag.Diagnostic{
		Code: "prices", Summary: fmt.Sprintf(format, args...), Hint: hint, Pos: position(l.file, l.raw, at),
	})
}

// fields hands the value of each key of an object to its reader; a key without
// one is a problem, as is a key without which the object means nothing.
func (l *loader) fields(n node, what string, readers map[string]func(node), optional ...string) {
	if n.kind != '{' {
		l.problem(n.at, "", "%s is no object", what)
		return
	}
	have := map[string]bool{}
	for _, f := range n.fields {
		read, known := readers[f.name]
		switch {
		case !known:
			l.problem(f.at, "known are "+strings.Join(slices.Sorted(maps.Keys(readers)), ", "), "%s has an unknown key %q", what, f.name)
		case have[f.name]:
			l.problem(f.at, "", "%s has the key %q twice", what, f.name)
		default:
			read(f.value)
		}
		have[f.name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(readers)) {
		if !have[name] && !slices.Contains(optional, name) {
			l.problem(n.at, "", "%s misses %q", what, name)
		}
	}
}

func (l *loader) text(to *string) func(node) {
	return func(n node) {
		if *to = n.text; n.kind != 's' || n.text == "" {
			l.problem(n.at, "", "this is not a text")
		}
	}
}

func (l *loader) date(to *string) func(node) {
	return func(n node) {
		*to = n.text
		if _, err := time.Parse(time.DateOnly, n.text); err != nil || n.kind != 's' {
			l.problem(n.at, "", "this is not a date such as 2026-10-06")
		}
	}
}

// With maxPrice these keep sums from overflowing.
const (
	maxCount  = 1_000_000_000 // of GB or million queries
	maxThings = 10_000_000    // paid by the hour
	maxHours  = 744           // of a month
)

func (l *loader) count(to *int64, most int64) func(node) {
	return func(n node) {
		v, err := strconv.ParseInt(n.text, 10, 64)
		if *to = v; n.kind != 'n' || err != nil || v < 1 || v > most {
			l.problem(n.at, "", "this is not a whole number from 1 to %d", most)
		}
	}
}

func (l *loader) table() *Prices {
	root, err := parse(l.raw)
	if err != nil {
		l.problem(err.at, "", "this is not JSON: %s", err.text)
		return nil
	}
	p := &Prices{items: map[Item]entry{}}
	var currency string
	l.fields(root, "the price table", map[string]func(node){
		"date": l.date(&p.Date),
		"currency": func(n node) {
			if l.text(&currency)(n); currency != "USD" {
				l.problem(n.at, "convert the prices", "the currency is not USD")
			}
		},
		"hoursPerMonth": l.count(&p.Hours, maxHours),
		"default":       l.text((*string)(&p.Default)),
		"items": func(n node) {
			readers := map[string]func(node){}
			for _, i := range items {
				readers[string(i)] = func(n node) { p.items[i] = l.item(n, string(i)) }
			}
			l.fields(n, "items", readers)
		},
	})
	if len(l.problems) > 0 {
		return nil
	}
	for _, i := range items {
		have := p.items[i].prices
		if have[p.Default] == nil && have[everywhere] == nil {
			l.problem(root.at, "every item needs a price of the default Region, or of \"*\"", "%s has no price of %s", i, p.Default)
		}
	}
	return p
}

func (l *loader) item(n node, name string) entry {
	e := entry{prices: map[estate.Region][]tier{}}
	l.fields(n, name, map[string]func(node){
		"what":   l.text(&e.what),
		"unit":   l.text(&e.unit),
		"source": l.text(&e.source),
		"read":   l.date(&e.read),
		"unconfirmed": func(n node) {
			for _, r := range n.items {
				var region string
				l.text(&region)(r)
				e.unconfirmed = append(e.unconfirmed, estate.Region(region))
			}
			if n.kind != '[' {
				l.problem(n.at, "", "this is not a list of Regions")
			}
		},
		"prices": func(n node) {
			if n.kind != '{' || len(n.fields) == 0 {
				l.problem(n.at, "", "these are not prices by Region")
			}
			for _, f := range n.fields {
				region := estate.Region(f.name)
				if e.prices[region] != nil {
					l.problem(f.at, "", "%s has a price of %s twice", name, region)
				}
				e.prices[region] = l.tiers(f.value)
			}
		},
	}, "unconfirmed")
	return e
}

// tiers reads a price, or a list of them with bounds that grow.
func (l *loader) tiers(n node) []tier {
	if n.kind != '[' {
		return []tier{{price: l.price(n)}}
	}
	var out []tier
	for i, item := range n.items {
		var t tier
		bounded := i < len(n.items)-1
		readers := map[string]func(node){"price": func(n node) { t.price = l.price(n) }}
		if bounded {
			readers["upTo"] = l.count(&t.upTo, maxCount)
		}
		l.fields(item, "the tier", readers)
		if bounded && i > 0 && t.upTo <= out[i-1].upTo {
			l.problem(item.at, "sort the tiers", "the tier ends before the one above it")
		}
		out = append(out, t)
	}
	if len(out) == 0 {
		l.problem(n.at, "", "there is no price")
	}
	return out
}

func (l *loader) price(n node) Money {
	if n.kind != 's' && n.kind != 'n' {
		l.problem(n.at, "", "this is not a price")
		return 0
	}
	m, err := parseMoney(n.text)
	switch {
	case err != nil:
		l.problem(n.at, "a price is in dollars, such as \"0.0125\", zero or more", "the price %s", err)
	case m > maxPrice:
		l.problem(n.at, "", "the price %s is more than %s", n.text, maxPrice)
	}
	return m
}
