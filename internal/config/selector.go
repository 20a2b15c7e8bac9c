package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
)

// Selector selects VPCs. Accounts and units together say whose; without them,
// those of all known accounts. Each of the others that is given narrows the
// selection: a VPC is selected when it satisfies all of them.
type Selector struct {
	Source
	Accounts []AccountRef
	Units    []string          // by name, by ID, or by path from the root
	Regions  []estate.Region   // one of these
	Tags     map[string]string // every one of these
	VPCs     []string          // one of these IDs

	account  *AccountRef
	region   *estate.Region
	vpc      *string
	narrowed narrowed
}

// narrowed is what stands under vpcs: IDs, or tags and Regions.
type narrowed struct {
	Source
	ids     []string
	tags    map[string]string
	regions []estate.Region
}

var narrowedKind = func() kind[narrowed] {
	ids := oneOrMany(vpcIDKind)
	by := object("vpcs", "a selection of VPCs", "Narrows a selection, as its own keys of the same names do.",
		[]field[narrowed]{
			key("tags", tagsKind, "Tags that a VPC has, each with this value.", func(v *narrowed) *map[string]string { return &v.tags }),
			key("regions", oneOrMany(regionKind), "The Regions of the VPCs.", func(v *narrowed) *[]estate.Region { return &v.regions }),
		}, func(r *reader, v *narrowed) {
			if len(v.node.pairs) == 0 {
				r.problem(v.Pos, CodeSelector, "the selection is empty", "", "write tags or regions")
			}
		})
	return kind[narrowed]{&desc{word: "VPCs", either: append(ids.either, by.desc)}, func(r *reader, n *node) (narrowed, bool) {
		if n.shape == mapping {
			return by.read(r, n)
		}
		v, ok := ids.read(r, n)
		return narrowed{ids: v}, ok
	}}
}()

func (r *reader) finishSelector(s *Selector) {
	for _, pair := range [][2]string{{"account", "accounts"}, {"region", "regions"}, {"vpc", "vpcs"}} {
		if s.node.value(pair[0]) != nil && s.node.value(pair[1]) != nil {
			r.problem(s.At(pair[0]), CodeKeyConflict, fmt.Sprintf("%s and %s say the same twice", pair[0], pair[1]), "", "put all of them under "+pair[1])
		}
	}
	s.VPCs = append(s.VPCs, s.narrowed.ids...)
	if s.narrowed.node != nil {
		for _, k := range [][2]string{{"tags", "tags"}, {"regions", "regions"}, {"regions", "region"}} {
			if s.narrowed.node.value(k[0]) != nil && s.node.value(k[1]) != nil {
				r.problem(s.narrowed.At(k[0]), CodeKeyConflict, fmt.Sprintf("%s and vpcs.%s say the same twice", k[1], k[0]), "", "put all of them under "+k[0])
			}
		}
		if s.Tags == nil {
			s.Tags = s.narrowed.tags
		}
		s.Regions = append(s.Regions, s.narrowed.regions...)
	}
	if s.account != nil {
		s.Accounts = append(s.Accounts, *s.account)
	}
	if s.region != nil {
		s.Regions = append(s.Regions, *s.region)
	}
	if s.vpc != nil {
		s.VPCs = append(s.VPCs, *s.vpc)
	}
	s.account, s.region, s.vpc, s.narrowed = nil, nil, nil, narrowed{}
	if len(s.node.pairs) == 0 {
		r.problem(s.Pos, CodeSelector, "the selection is empty", "", "write at least one of account, accounts, organizationalUnits, regions, tags, vpcs")
	}
}

// SelectAccounts is the accounts whose VPCs s may select, in the order of their
// IDs. It reads the accounts of the organization from the estate when s names
// units, names accounts by their own names, or names none. A suspended account
// is skipped, with a note. Units without an answer to who the accounts are,
// are an error, never an empty selection.
func (c *Config) SelectAccounts(s Selector, e estate.Estate) ([]estate.AccountID, diag.List) {
	var problems diag.List
	picked := map[estate.AccountID]bool{}
	pick := func(id estate.AccountID) {
		a, ok := e.Accounts.Get(string(id))
		if !ok || a.Status == "" || a.Status == estate.AccountActive {
			picked[id] = true
			return
		}
		problems.Add(diag.Diagnostic{Severity: diag.Note, Code: CodeSuspended, Pos: s.Pos, Account: string(id),
			Summary: fmt.Sprintf("account %s (%s) is %s and is skipped", a.Name, id, strings.ToLower(strings.ReplaceAll(a.Status, "_", " ")))})
	}
	for _, ref := range s.Accounts {
		a, list := c.FindAccount(ref, e)
		problems.Add(list...)
		if a.ID != "" {
			pick(a.ID)
		}
	}
	if len(s.Units) > 0 && !e.Answered(estate.Query{Kind: estate.QueryAccounts}) {
		d := diag.Diagnostic{Code: CodeSelector, Pos: s.At("organizationalUnits"),
			Summary: "units cannot be selected: the accounts of the organization could not be read",
			Hint:    "give organization.access a role in the management account or a delegated administrator"}
		if a, asked := e.Asked(estate.Query{Kind: estate.QueryAccounts}); asked {
			d.Detail = a.Code + " " + a.Message
		}
		problems.Add(d)
		return nil, problems
	}
	for i, u := range s.Units {
		roots := findUnits(u, e)
		if len(roots) != 1 {
			problems.Add(unitProblem(u, roots, s.At("organizationalUnits", i), e))
			continue
		}
		for _, id := range accountsBelow(roots[0], e) {
			pick(id)
		}
	}
	if len(s.Accounts) == 0 && len(s.Units) == 0 {
		for _, a := range c.Accounts {
			pick(a.ID)
		}
		for a := range e.Accounts.All() {
			if a.Parent != "" && !picked[a.ID] && !c.listed(a.ID) {
				pick(a.ID)
			}
		}
	}
	return slices.Sorted(maps.Keys(picked)), problems
}

func (c *Config) listed(id estate.AccountID) bool {
	return slices.ContainsFunc(c.Accounts, func(a Account) bool { return a.ID == id })
}

// SelectVPCs is the VPCs of the estate that s selects, in the order of their
// IDs. The caller has read the VPCs of SelectAccounts before: what was not read
// is not there.
func (c *Config) SelectVPCs(s Selector, e estate.Estate) ([]estate.VPC, diag.List) {
	accounts, problems := c.SelectAccounts(s, e)
	var out []estate.VPC
	for v := range e.VPCs.All() {
		if slices.Contains(accounts, v.Account) && s.Matches(v) {
			out = append(out, v)
		}
	}
	return out, problems
}

// Matches reports whether a VPC of a selected account satisfies what narrows
// the selection.
func (s Selector) Matches(v estate.VPC) bool {
	return (len(s.Regions) == 0 || slices.Contains(s.Regions, v.Region)) &&
		(len(s.VPCs) == 0 || slices.Contains(s.VPCs, v.ID)) &&
		v.Tags.Match(s.Tags)
}

// FindUnit finds a unit of the organization by ID, path from the root, or name;
// not one that several have.
func (c *Config) FindUnit(want string, e estate.Estate) (estate.Unit, bool) {
	found := findUnits(want, e)
	if len(found) != 1 {
		return estate.Unit{}, false
	}
	return found[0], true
}

// findUnits finds units by ID, path from the root, or name.
func findUnits(want string, e estate.Estate) []estate.Unit {
	if u, ok := e.Units.Get(want); ok {
		return []estate.Unit{u}
	}
	var found []estate.Unit
	for u := range e.Units.All() {
		if u.Name == want || unitPath(u, e) == strings.TrimPrefix(want, "/") {
			found = append(found, u)
		}
	}
	return found
}

// unitPath is the names of the units from the root down to u.
func unitPath(u estate.Unit, e estate.Estate) string {
	var names []string
	for _, id := range e.Path(u.ID) {
		if step, ok := e.Units.Get(id); ok {
			names = append(names, step.Name)
		}
	}
	return strings.Join(names, "/")
}

func unitProblem(want string, found []estate.Unit, pos diag.Pos, e estate.Estate) diag.Diagnostic {
	if len(found) > 1 {
		var paths []string
		for _, u := range found {
			paths = append(paths, unitPath(u, e))
		}
		slices.Sort(paths)
		return diag.Diagnostic{Code: CodeSelector, Pos: pos, Summary: "several units are called " + quote(want), Detail: strings.Join(paths, ", "), Hint: "write the path or the ID of one"}
	}
	var known []string
	for u := range e.Units.All() {
		known = append(known, u.Name)
	}
	return diag.Diagnostic{Code: CodeSelector, Pos: pos, Summary: "the organization has no unit " + quote(want), Hint: nearest(want, known)}
}

func accountsBelow(u estate.Unit, e estate.Estate) []estate.AccountID {
	var out []estate.AccountID
	seen := map[string]bool{}
	for todo := []string{u.ID}; len(todo) > 0; {
		id := todo[0]
		todo = todo[1:]
		if seen[id] {
			continue
		}
		seen[id] = true
		for a := range e.Accounts.By(estate.ByParent(id)) {
			out = append(out, a.ID)
		}
		for sub := range e.Units.By(estate.ByParent(id)) {
			todo = append(todo, sub.ID)
		}
	}
	return out
}
