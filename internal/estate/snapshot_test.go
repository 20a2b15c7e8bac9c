package estate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/orgdns/orgdns/internal/dnsname"
)

// fill sets every field of a value, so that one which a snapshot forgets is
// seen; n makes two values differ.
func fill(t *testing.T, v reflect.Value, n int) {
	switch v.Interface().(type) {
	case dnsname.Name:
		v.Set(reflect.ValueOf(dnsname.MustParse(fmt.Sprintf("*.n%d.example", n))))
		return
	case netip.Addr:
		v.Set(reflect.ValueOf(netip.AddrFrom4([4]byte{10, 0, 0, byte(n)})))
		return
	case netip.Prefix:
		v.Set(reflect.ValueOf(netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n), 0, 0}), 16)))
		return
	case time.Time:
		v.Set(reflect.ValueOf(time.Date(2026, 1, 1, 0, n, 0, 0, time.UTC)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprintf("text-%d", n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(n))
	case reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(n))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), n)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(t, v.Index(0), n)
		fill(t, v.Index(1), n+1)
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(t, key, n)
		fill(t, value, n)
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(t, v.Field(i), n)
		}
	default:
		t.Fatalf("no way to fill a %s", v.Type())
	}
}

// full is an estate with two filled rows in every table.
func full(t *testing.T) Estate {
	var e Estate
	v := reflect.ValueOf(&e).Elem()
	for i := range v.NumField() {
		field := v.Field(i)
		put := field.Addr().MethodByName("Put")
		if !put.IsValid() {
			fill(t, field, 1)
			continue
		}
		for n := 1; n <= 2; n++ {
			r := reflect.New(put.Type().In(0).Elem()).Elem()
			fill(t, r, n)
			put.Call([]reflect.Value{r})
		}
	}
	return e
}

// contents are an estate's fields as plain values: tables as lists of rows.
func contents(e Estate) map[string]any {
	out := map[string]any{}
	v := reflect.ValueOf(e)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		all := v.Field(i).MethodByName("All")
		if !all.IsValid() {
			out[name] = v.Field(i).Interface()
			continue
		}
		var rows []any
		for r := range all.Call(nil)[0].Seq() {
			rows = append(rows, r.Interface())
		}
		out[name] = rows
	}
	return out
}

func TestSnapshot(t *testing.T) {
	e := full(t)
	raw, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	var back Estate
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	got, want := contents(back), contents(e)
	for field := range want {
		if !reflect.DeepEqual(got[field], want[field]) {
			t.Errorf("%s comes back as\n     %+v\nnot  %+v", field, got[field], want[field])
		}
	}
	for field, rows := range want {
		if list, table := rows.([]any); table && len(list) != 2 {
			t.Errorf("%s holds %d rows of two", field, len(list))
		}
	}
	again, err := json.Marshal(back)
	if err != nil || !bytes.Equal(raw, again) {
		t.Errorf("the same estate gives other bytes (%v)\n%s\n%s", err, raw, again)
	}
	var indented bytes.Buffer
	if err := e.Write(&indented); err != nil {
		t.Fatal(err)
	}
	var written Estate
	if err := json.Unmarshal(indented.Bytes(), &written); err != nil || !reflect.DeepEqual(contents(written), want) {
		t.Errorf("Write does not read back: %v", err)
	}
}

// TestSnapshotUnread holds that what was read and is empty does not come back
// as unread.
func TestSnapshotUnread(t *testing.T) {
	for _, tt := range []struct {
		tags    Tags
		servers []dnsname.Name
	}{{nil, nil}, {Tags{}, []dnsname.Name{}}, {Tags{"a": "b"}, []dnsname.Name{dnsname.Root}}} {
		var e, back Estate
		e.Zones.Put(Zone{ID: "Z1", Tags: tt.tags, NameServers: tt.servers})
		e.Certificates.Put(Certificate{ARN: "a", Tags: tt.tags})
		e.VPCs.Put(VPC{ID: "v", Tags: tt.tags})
		raw, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		z, _ := back.Zones.Get("Z1")
		c, _ := back.Certificates.Get("a")
		v, _ := back.VPCs.Get("v")
		for what, unread := range map[string]bool{"zone": z.Tags == nil, "certificate": c.Tags == nil, "VPC": v.Tags == nil} {
			if unread != (tt.tags == nil) {
				t.Errorf("tags %#v of a %s come back unread: %v", tt.tags, what, unread)
			}
		}
		if (z.NameServers == nil) != (tt.servers == nil) {
			t.Errorf("name servers %#v come back as %#v", tt.servers, z.NameServers)
		}
	}
}

func TestSnapshotErrors(t *testing.T) {
	for _, tt := range []struct{ in, want string }{
		{`{}`, "estate snapshot has version 0; this orgdns reads version 1"},
		{`{"version": 2}`, "estate snapshot has version 2; this orgdns reads version 1"},
		{`{"version": 2, "galaxies": []}`, "estate snapshot has version 2; this orgdns reads version 1"},
		{`{"version": 1, "galaxies": []}`, `estate snapshot: json: unknown field "galaxies"`},
		{`{"version": 1, "zones": [{"id": "Z1", "colour": "red"}]}`, `estate snapshot: json: unknown field "colour"`},
		{`{"version": 1, "zones": [{"id": "Z1", "name": "a..b"}]}`, `"a..b" is not a domain name`},
		{`{"version": "1"}`, "estate snapshot: "},
		{`[]`, "estate snapshot: "},
	} {
		e := full(t)
		err := json.Unmarshal([]byte(tt.in), &e)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("reading %s: %v; want %s", tt.in, err, tt.want)
		}
	}
}

func TestSame(t *testing.T) {
	weight, other := int64(1), int64(2)
	base := RecordSet{Zone: "Z", Name: dnsname.MustParse("a.example"), Type: "A", TTL: 60, Values: []string{"1", "2"}, SetID: "s",
		Routing: Routing{Weight: &weight}, HealthCheck: "h"}
	for _, tt := range []struct {
		what   string
		change func(*RecordSet)
		same   bool
	}{
		{"nothing", func(*RecordSet) {}, true},
		{"the order of values", func(r *RecordSet) { r.Values = []string{"2", "1"} }, true},
		{"an equal weight elsewhere", func(r *RecordSet) { w := weight; r.Routing.Weight = &w }, true},
		{"a value", func(r *RecordSet) { r.Values = []string{"1", "3"} }, false},
		{"a value twice", func(r *RecordSet) { r.Values = []string{"1", "1"} }, false},
		{"the TTL", func(r *RecordSet) { r.TTL = 61 }, false},
		{"the weight", func(r *RecordSet) { r.Routing.Weight = &other }, false},
		{"no routing", func(r *RecordSet) { r.Routing = Routing{} }, false},
		{"an alias", func(r *RecordSet) { r.Alias = &Alias{Zone: "Z2"} }, false},
		{"the health check", func(r *RecordSet) { r.HealthCheck = "" }, false},
		{"the set identifier", func(r *RecordSet) { r.SetID = "t" }, false},
		{"the zone", func(r *RecordSet) { r.Zone = "Y" }, false},
		{"the type", func(r *RecordSet) { r.Type = "AAAA" }, false},
		{"the name", func(r *RecordSet) { r.Name = dnsname.MustParse("b.example") }, false},
	} {
		r := base
		tt.change(&r)
		if base.Same(r) != tt.same || r.Same(base) != tt.same {
			t.Errorf("with another %s: same %v, want %v", tt.what, base.Same(r), tt.same)
		}
	}
}

func TestAnswered(t *testing.T) {
	var e Estate
	zones, refused, never := Query{Kind: QueryZones, Account: "1"}, Query{Kind: QueryZones, Account: "2"}, Query{Kind: QueryZones, Account: "3"}
	if !e.Closed() {
		t.Error("an estate that was never asked for is a world of its own")
	}
	e.Answers.Put(Answer{Query: zones}, Answer{Query: refused, Code: "AccessDenied", Message: "no"})
	for q, want := range map[Query]bool{zones: true, refused: false, never: false} {
		if e.Answered(q) != want {
			t.Errorf("%s answered: %v", q, !want)
		}
	}
	if a, ok := e.Asked(refused); !ok || a.Message != "no" {
		t.Errorf("Asked(refused) = %+v, %v", a, ok)
	}
	if e.Closed() {
		t.Error("an estate that was read is not all that there is")
	}
	e.Answers.Put(Answer{Query: Query{Kind: QueryTargets}})
	if !e.Closed() {
		t.Error("with every target known, it is")
	}
}

func TestPath(t *testing.T) {
	var e Estate
	e.Organization.Root = "r"
	e.Units.Put(Unit{ID: "u", Parent: "r"}, Unit{ID: "v", Parent: "u"}, Unit{ID: "x", Parent: "y"}, Unit{ID: "y", Parent: "x"})
	e.Accounts.Put(Account{ID: "1", Parent: "v"}, Account{ID: "2", Parent: "r"}, Account{ID: "3"}, Account{ID: "4", Parent: "x"})
	for id, want := range map[string]string{"1": "r u v 1", "2": "r 2", "r": "r", "u": "r u", "3": "", "4": "", "x": "", "none": ""} {
		if got := strings.Join(e.Path(id), " "); got != want {
			t.Errorf("Path(%s) = %s, want %s", id, got, want)
		}
	}
}
