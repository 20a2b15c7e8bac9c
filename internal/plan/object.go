package plan

import (
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/estate"
)

// Objects are the resources that carry a mark of ours from the call that makes
// them, by tags or by their name: endpoints, Profiles, shares, rules and what
// belongs to them. They differ in their fields alone, so one way of planning
// serves them all; what is particular to a kind stands in objectkinds.go.

// Object is such a resource. A field that is not in the map is left as it
// stands; one with an empty list is wanted empty.
type Object struct {
	Kind   Kind               `json:"kind"`
	Fields map[string][]Value `json:"fields"`
}

// objectKind is what planning must know of a kind.
type objectKind struct {
	// query is how those of an account and Region are seen; with id, the one of
	// an owner in an account.
	query estate.QueryKind
	id    func(owner string) string
	// fixed fields cannot be changed: another value is another object.
	fixed []string
	// apart are made by a command of its own, under an owner of its own
	// (EventsOwner): a sweep for what recipes made does not look for them.
	apart bool
	// named are marked by their name, for want of tags.
	named bool
	// early objects are what brings those that they refer to into effect, such as
	// the acceptance of an attachment: they wait for these to be made, no more.
	early bool
	// determines are the attributes that follow from a field: once it is changed
	// they are others.
	determines map[string][]string
	// gathered are the fields to which several may have added.
	gathered []string
	// standing lists those of the estate, whoever made them.
	standing func(estate.Estate) iter.Seq[Standing]
	// done is of kinds that are acts, such as accepting an invitation: whether
	// nothing of it is left to do. What was done is not undone.
	done func(e estate.Estate, fields map[string][]string) bool
}

// Standing is an object of the estate.
type Standing struct {
	Kind    Kind
	ID      string
	Account estate.AccountID
	Region  estate.Region
	Tags    estate.Tags // of kinds that are marked by tags
	Name    string      // of kinds that are marked by their name
	Fields  map[string][]string
	// Attributes are what others may refer to; "id" is always among them.
	Attributes Attributes
	// Going: it is being deleted, and as good as absent. Pending: it is not in
	// effect yet, or somebody has to mend it. Failed: it will never be, and is in
	// the way of one that is.
	// Stale: its ledger lists what is not there, since a run ended between the two.
	Going, Pending, Failed, Stale bool
}

// Values of fields that are true or false.
const (
	True  = "true"
	False = "false"
)

// Bool is such a value.
func Bool(b bool) Value {
	if b {
		return Lit(True)
	}
	return Lit(False)
}

// IsAct reports whether objects of a kind are acts, which leave nothing that is
// ours.
func IsAct(k Kind) bool { return objectKinds[k].done != nil }

// Objects lists the standing objects of a kind.
func Objects(e estate.Estate, k Kind) iter.Seq[Standing] { return objectKinds[k].all(e) }

func (k objectKind) all(e estate.Estate) iter.Seq[Standing] {
	if k.standing == nil {
		return func(func(Standing) bool) {}
	}
	return k.standing(e)
}

// ObjectQuery is how an owner's objects of a kind are seen in an account and
// Region.
func ObjectQuery(k Kind, owner string, account estate.AccountID, region estate.Region) estate.Query {
	q := estate.Query{Kind: objectKinds[k].query, Account: account, Region: region}
	if id := objectKinds[k].id; id != nil {
		q.ID = id(owner)
	}
	return q
}

// ObjectQueries are how all objects that recipes make for an owner in an account
// and Region are seen.
func ObjectQueries(owner string, account estate.AccountID, region estate.Region) []estate.Query {
	seen := map[estate.Query]bool{}
	for k, kind := range objectKinds {
		r := region
		if kind.id != nil { // by a name of the account's, which is in no Region
			r = ""
		}
		if kind.standing != nil && !kind.apart {
			seen[ObjectQuery(k, owner, account, r)] = true
		}
	}
	return slices.SortedFunc(maps.Keys(seen), func(a, b estate.Query) int { return strings.Compare(string(a.Kind), string(b.Kind)) })
}

// OwnObject finds the object of ours that stands for an address.
func OwnObject(e estate.Estate, owner string, k Kind, address string, account estate.AccountID, region estate.Region) (Standing, bool) {
	mark := Mark(owner, k, address)
	for s := range Objects(e, k) {
		if s.Account == account && s.Region == region && !s.Going && s.mark() == mark {
			return s, true
		}
	}
	return Standing{}, false
}

// objectIndex finds the standing objects of an estate by their IDs. A kind is
// listed once: a plan looks at each of its objects, and they are many.
type objectIndex struct {
	e    estate.Estate
	byID map[Kind]map[string][]Standing
}

func indexOf(e estate.Estate) *objectIndex {
	return &objectIndex{e, map[Kind]map[string][]Standing{}}
}

func (x *objectIndex) find(k Kind, id string) []Standing {
	if x.byID[k] == nil {
		x.byID[k] = map[string][]Standing{}
		for s := range Objects(x.e, k) {
			x.byID[k][s.ID] = append(x.byID[k][s.ID], s)
		}
	}
	return x.byID[k][id]
}

// maxTag is the longest value of a tag (Tagging Best Practices, the same for
// all services that objects belong to).
const maxTag = 256

// Marks are the tags of an object of ours.
func Marks(owner, address string) map[string]string {
	if len(address) > maxTag {
		address = "#" + hash(address, 52)
	}
	return map[string]string{TagOwner: owner, TagAddress: address}
}

// MarkName is the name of an object of ours that takes no tags: at most 64
// characters, letters, digits and "-" (Route 53 Resolver API and Profiles API,
// Name).
func MarkName(owner, address string) string { return nameMark(owner) + hash(address, 26) }

func nameMark(owner string) string { return "orgdns-" + hash(owner, 12) + "-" }

// Mark is how the object of an address is told from all others.
func Mark(owner string, k Kind, address string) string {
	if objectKinds[k].named {
		return MarkName(owner, address)
	}
	m := Marks(owner, address)
	return m[TagOwner] + " " + m[TagAddress]
}

func (s Standing) mark() string {
	if objectKinds[s.Kind].named {
		return s.Name
	}
	return s.Tags[TagOwner] + " " + s.Tags[TagAddress]
}

// OwnedBy reports whether an object is one of this owner's.
func (s Standing) OwnedBy(owner string) bool {
	if objectKinds[s.Kind].named {
		return strings.HasPrefix(s.Name, nameMark(owner))
	}
	return s.Tags[TagOwner] == owner
}

// item is the standing content of the fields that are wanted, or of all.
func (s Standing) item(want map[string][]Value) *Item {
	o := Object{Kind: s.Kind, Fields: map[string][]Value{}}
	for k, v := range s.Fields {
		if _, ok := want[k]; ok || want == nil {
			o.Fields[k] = Lits(v)
		}
	}
	return &Item{Object: &o}
}

// objects plans what is wanted of every kind.
func (b *builder) objects() {
	b.own = map[string][]Standing{}
	b.kept, b.left = map[string]bool{}, map[string]bool{}
	for _, id := range b.in.Frozen {
		b.left[id] = true
	}
	for _, k := range slices.Sorted(maps.Keys(objectKinds)) {
		for s := range Objects(b.e, k) {
			if s.OwnedBy(b.in.Owner) && !s.Going {
				key := objectKey(k, s.Account, s.Region, s.mark())
				b.own[key] = append(b.own[key], s)
			}
		}
	}
	// What is referred to must be known first: a wanted object is planned after
	// those that its fields name.
	done := map[string]bool{}
	wanted := map[string]Wanted{}
	for _, w := range b.in.Wanted {
		if w.Item.Object != nil {
			wanted[w.Address] = w
		}
	}
	var visit func(w Wanted)
	visit = func(w Wanted) {
		if done[w.Address] {
			return
		}
		done[w.Address] = true
		for _, r := range w.Item.refs() {
			if on, ok := wanted[r.Address]; ok {
				visit(on)
			}
		}
		b.object(w, *w.Item.Object)
	}
	for _, w := range b.in.Wanted {
		if w.Item.Object != nil {
			visit(w)
		}
	}
}

func objectKey(k Kind, account estate.AccountID, region estate.Region, mark string) string {
	return string(k) + " " + string(account) + " " + string(region) + " " + mark
}

// object plans one.
func (b *builder) object(w Wanted, want Object) {
	kind := objectKinds[want.Kind]
	if kind.done != nil {
		b.act(w, want, kind)
		return
	}
	candidates := b.own[objectKey(want.Kind, w.Account, w.Region, Mark(b.in.Owner, want.Kind, w.Address))]
	i := slices.IndexFunc(candidates, func(s Standing) bool { return !b.hopeless(s) && len(b.differs(want, s, kind.fixed)) == 0 })
	if w.Frozen {
		for _, s := range candidates {
			b.keep(w, s)
		}
		return
	}
	q := ObjectQuery(want.Kind, b.in.Owner, w.Account, w.Region)
	if !b.e.Answered(q) {
		b.unread(w, q)
		return
	}
	if i < 0 {
		c := Change{Action: Create, After: &w.Item, Basis: []Basis{b.basisObject(q, want.Kind, "")}}
		for _, s := range candidates {
			if b.hopeless(s) {
				address, _ := b.leavingAddress(s)
				c.Needs = append(c.Needs, Dependency{Address: address, Settled: true})
			}
		}
		b.add(w, c)
		return
	}
	s := candidates[i]
	b.keep(w, s)
	b.plan.Managed++
	if b.left[s.ID] {
		want = kind.withStanding(want, s)
		w.Item.Object = &want
	}
	changed := b.differs(want, s, slices.Sorted(maps.Keys(want.Fields)))
	differs := len(changed) > 0
	switch {
	case differs || s.Stale:
		b.outdate(w, kind, changed)
		c := Change{Action: Update, ID: s.ID, Before: s.item(want.Fields), After: &w.Item, Basis: []Basis{b.basisObject(q, want.Kind, s.ID)}}
		if !differs {
			c.Reason = "its ledger lists what is no longer there"
		}
		b.add(w, c)
	case s.Pending && !w.Outside:
		b.add(w, Change{Action: Await, ID: s.ID, After: &w.Item})
		b.plan.Changes[len(b.plan.Changes)-1].Settle = true
	}
}

// hopeless reports whether a standing object has to go before another takes its
// place: a VPC has one Profile and one rule of a name at most, and to keep what
// failed would let the old way go as if the new one were in effect.
func (b *builder) hopeless(s Standing) bool { return s.Failed && !b.left[s.ID] }

// leavingAddress is the address of what is ours and goes, and of what stands in for
// it, if anything does. An object without tags does not tell what it was made for.
func (b *builder) leavingAddress(s Standing) (address, replaced string) {
	switch address = s.Tags[TagAddress]; {
	case address == "":
		return string(s.Kind) + "s/" + s.ID, ""
	case b.wanted[address]:
		return address + "/" + s.ID, address
	}
	return address, ""
}

// act plans what is done once and leaves nothing that is ours.
func (b *builder) act(w Wanted, want Object, kind objectKind) {
	q := ObjectQuery(want.Kind, b.in.Owner, w.Account, w.Region)
	fields, err := want.Resolved(b.known)
	switch {
	case w.Frozen:
	case !b.e.Answered(q):
		b.unread(w, q)
	case err != nil || !kind.done(b.e, fields):
		b.add(w, Change{Action: Create, After: &w.Item})
	}
}

// keep makes what a standing object is known for others to refer to.
func (b *builder) keep(w Wanted, s Standing) {
	b.kept[objectKey(s.Kind, s.Account, s.Region, s.ID)] = true
	b.plan.Known[w.Address] = s.Attributes
	b.knownBy[w.Address] = b.basisObject(ObjectQuery(s.Kind, b.in.Owner, s.Account, s.Region), s.Kind, s.ID)
}

// withStanding adds to what is wanted all that stands in the fields to which
// others may have added, who cannot be asked. Of true and false true stands.
func (k objectKind) withStanding(want Object, s Standing) Object {
	fields := maps.Clone(want.Fields)
	for _, f := range k.gathered {
		list := slices.Clone(fields[f])
		for _, v := range Lits(s.Fields[f]) {
			if !slices.Contains(list, v) {
				list = append(list, v)
			}
		}
		if slices.Contains(list, Bool(true)) {
			list = []Value{Bool(true)}
		}
		fields[f] = list
	}
	return Object{Kind: want.Kind, Fields: fields}
}

// outdate forgets what will be known anew once fields of a standing object are
// changed, so that whatever refers to it waits and is changed, too.
func (b *builder) outdate(w Wanted, kind objectKind, changed []string) {
	known := maps.Clone(b.plan.Known[w.Address])
	for _, f := range changed {
		for _, a := range kind.determines[f] {
			b.outdated[Ref{w.Address, a}] = known[a]
			delete(known, a)
		}
	}
	b.plan.Known[w.Address] = known
}

// differs are the fields among these in which a standing object is not as
// wanted. A value that is not known yet differs from whatever stands.
func (b *builder) differs(want Object, s Standing, fields []string) []string {
	var out []string
	for _, f := range fields {
		values, said := want.Fields[f]
		if !said {
			continue
		}
		var wanted []string
		known := true
		for _, v := range values {
			got, err := b.known(v)
			known = known && err == nil
			wanted = append(wanted, got...)
		}
		if !known || !sameValues(wanted, s.Fields[f]) {
			out = append(out, f)
		}
	}
	return out
}

// sameValues compares lists as sets.
func sameValues(a, b []string) bool {
	a, b = slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b)))
	return slices.Equal(a, b)
}

// orphanObjects deletes what is ours and not wanted. What others of ours refer
// to goes after them.
func (b *builder) orphanObjects() {
	for _, k := range slices.Sorted(maps.Keys(objectKinds)) {
		for s := range Objects(b.e, k) {
			if !s.OwnedBy(b.in.Owner) || s.Going || b.kept[objectKey(k, s.Account, s.Region, s.ID)] || b.left[s.ID] {
				continue
			}
			address, replaced := b.leavingAddress(s)
			w := Wanted{Address: address, Account: s.Account, Region: s.Region, Reason: "no longer in the configuration"}
			switch {
			case s.Failed:
				w.Reason = "it failed"
			case replaced != "":
				w.Reason = "replaced"
				if k != KindProfileAssociation { // of which a VPC has one: see servedLast
					w.After = []Dependency{{Address: replaced, Settled: true}}
				}
			}
			b.plan.Managed++
			b.add(w, Change{Action: Delete, ID: s.ID, Before: s.item(nil), Basis: []Basis{b.basisObject(ObjectQuery(k, b.in.Owner, s.Account, s.Region), k, s.ID)}})
		}
	}
}

// inOrder makes each thing that is deleted wait for what points at it: an object
// that is deleted or changed so that it no longer does, an alias record.
func (b *builder) inOrder() {
	gone := map[string]int{} // identifiers of what is deleted -> change
	for i, c := range b.plan.Changes {
		switch item := c.Item(); {
		case c.Action != Delete:
		case item.Object != nil:
			for _, id := range b.identifiers(item.Object.Kind, c.Account, c.Region, c.ID) {
				gone[id] = i
			}
		case item.Zone != nil:
			gone[c.ID] = i
			gone[b.e.Local(estate.Zone{ID: c.ID}.ARN())] = i
		}
	}
	if len(gone) == 0 {
		return
	}
	waits := func(id string, c Change) {
		if i, ok := gone[id]; ok && b.plan.Changes[i].Address != c.Address {
			b.plan.Changes[i].Needs = append(b.plan.Changes[i].Needs, Dependency{Address: c.Address, Settled: c.Item().Object != nil})
		}
	}
	for _, c := range b.plan.Changes {
		if c.Before == nil {
			continue
		}
		if r := c.Before.Record; r != nil && r.Alias != nil {
			waits(r.Alias.Name.String(), c)
		}
		if o := c.Before.Object; o != nil {
			for _, f := range slices.Sorted(maps.Keys(o.Fields)) {
				for _, v := range o.Fields[f] {
					id, _ := v.Literal()
					waits(id, c)
					for part := range strings.SplitSeq(id, " ") { // a route names its target last
						if part != id {
							waits(part, c)
						}
					}
				}
			}
		}
	}
}

// identifiers are the names by which others refer to an object.
func (b *builder) identifiers(k Kind, account estate.AccountID, region estate.Region, id string) []string {
	out := []string{id}
	for _, s := range b.prints.objects.find(k, id) {
		if s.Account == account && s.Region == region {
			for _, a := range slices.Sorted(maps.Keys(s.Attributes)) {
				out = append(out, s.Attributes[a]...)
			}
		}
	}
	return out
}

// orders makes changes wait for others, as the recipes ask: by address or by the
// ID of what stands, whatever is done to it.
func (b *builder) orders() {
	find := map[string][]int{}
	for i, c := range b.plan.Changes {
		find[c.Address] = append(find[c.Address], i)
		if c.ID != "" && c.Item().Object != nil {
			find[c.ID] = append(find[c.ID], i)
		}
	}
	for _, o := range b.in.Orders {
		for _, then := range find[o.Then] {
			for _, first := range find[o.First] {
				if c := &b.plan.Changes[then]; then != first {
					c.Needs = append(c.Needs, Dependency{Address: b.plan.Changes[first].Address, Settled: true})
				}
			}
		}
	}
}

// Order is a change that waits for another to be in effect, where a plan has
// both. Each is an address, or the ID of an object that stands.
type Order struct{ First, Then string }

func (b *builder) basisObject(q estate.Query, k Kind, id string) Basis {
	return b.basis(q, "objects", string(k)+"/"+id)
}

// fingerprint is what Prints tell of an object.
func (x *objectIndex) fingerprint(key string) string {
	kind, id, _ := strings.Cut(key, "/")
	if _, ok := objectKinds[Kind(kind)]; !ok || id == "" {
		return ""
	}
	for _, s := range x.find(Kind(kind), id) {
		if !s.Going {
			fields := map[string][]string{}
			for f, v := range s.Fields {
				fields[f] = slices.Sorted(slices.Values(v))
			}
			return fingerprint([]any{s.Account, s.Region, fields, s.mark()}, true)
		}
	}
	return ""
}

// objectRefs are the references in an object's fields.
func (o Object) values() []Value {
	var out []Value
	for _, f := range slices.Sorted(maps.Keys(o.Fields)) {
		out = append(out, o.Fields[f]...)
	}
	return out
}

// ObjectStep is an object with every value resolved.
type ObjectStep struct {
	Fields map[string][]string // as wanted; of a deletion as it stands
	Before map[string][]string // as it stands
}

// One is the value of a field that has one.
func (o ObjectStep) One(field string) string {
	if v := o.Fields[field]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Added and Removed are the values by which a field of a set changes.
func (o ObjectStep) Added(field string) []string   { return without(o.Fields[field], o.Before[field]) }
func (o ObjectStep) Removed(field string) []string { return without(o.Before[field], o.Fields[field]) }

// Changes reports whether a field is wanted other than it stands.
func (o ObjectStep) Changes(field string) bool {
	_, wanted := o.Fields[field]
	return wanted && !sameValues(o.Fields[field], o.Before[field])
}

func without(list, others []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(others, s) && !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	slices.Sort(out)
	return out
}

// Resolved is the object with every value resolved.
func (o Object) Resolved(resolve func(Value) ([]string, error)) (map[string][]string, error) {
	out := map[string][]string{}
	for _, f := range slices.Sorted(maps.Keys(o.Fields)) {
		out[f] = []string{}
		for _, v := range o.Fields[f] {
			got, err := resolve(v)
			if err != nil {
				return nil, err
			}
			out[f] = append(out[f], got...)
		}
	}
	return out, nil
}
