package config

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"os"
	"path"
	"testing"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// TestExamples loads every folder of examples that holds a configuration.
func TestExamples(t *testing.T) {
	fsys := os.DirFS("../../examples")
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		t.Fatal(err)
	}
	loaded := 0
	for _, e := range entries {
		if yaml, _ := fs.Glob(fsys, path.Join(e.Name(), "*.yaml")); len(yaml) == 0 {
			continue
		}
		loaded++
		c, problems := Load(fsys, e.Name())
		for _, p := range problems {
			t.Error(p)
		}
		if c.Owner == "" || len(c.Accounts) == 0 {
			t.Errorf("%s: the configuration is empty", e.Name())
		}
		if _, err := fs.Stat(fsys, path.Join(e.Name(), "README.md")); err != nil {
			t.Error(err)
		}
	}
	if loaded < 2 {
		t.Errorf("%d examples were loaded", loaded)
	}
}

// TestAcme holds the example's estate against its configuration.
func TestAcme(t *testing.T) {
	fsys := os.DirFS("../../examples/acme")
	c, _ := Load(fsys)
	src, err := fs.ReadFile(fsys, "estate.json")
	if err != nil {
		t.Fatal(err)
	}
	var e estate.Estate
	if err := json.Unmarshal(src, &e); err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := e.Write(&again); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.Bytes(), src) {
		t.Error("estate.json is not in the form in which a snapshot is written")
	}
	for _, a := range c.Accounts {
		if got, ok := e.Accounts.Get(string(a.ID)); !ok || got.Name != a.Name {
			t.Errorf("account %s (%s) is %q in the estate", a.Name, a.ID, got.Name)
		}
		if e.Path(string(a.ID)) == nil {
			t.Errorf("account %s lies outside the organization", a.Name)
		}
		if _, ok := estate.First(e.Roles.By(estate.ByRole(a.ID, a.Role))); !ok {
			t.Errorf("account %s has no role %s", a.Name, a.Role)
		}
	}
	access, _ := c.Account(c.Access.Account)
	if _, ok := estate.First(e.Roles.By(estate.ByRole(access.ID, c.Access.Role))); !ok {
		t.Errorf("account %s has no role %s", access.Name, c.Access.Role)
	}
	if e.Units.Len() != 2 {
		t.Errorf("%d units, want 2", e.Units.Len())
	}
	for role := range e.Roles.All() {
		documents := map[string]string{"trust": role.Trust}
		for name, text := range role.Inline {
			documents[name] = text
		}
		for name, text := range documents {
			if !json.Valid([]byte(text)) {
				t.Errorf("%s: the policy %s is not JSON", role.ARN, name)
			}
		}
	}
	targets := map[dnsname.Name]bool{}
	for target := range e.Targets.All() {
		targets[target.Name] = true
		if z, ok := estate.AliasZone(target.Name); !ok || z.ID != target.Zone || z.Kind != target.Kind {
			t.Errorf("target %s: zone %s, kind %s", target.Name, target.Zone, target.Kind)
		}
	}
	for _, d := range c.Delegations {
		for _, r := range d.Records {
			if r.Alias != nil && !targets[r.Alias.Target] {
				t.Errorf("%s: the estate has no target %s", r.Pos, r.Alias.Target)
			}
		}
	}
	for z := range e.Zones.All() {
		count := int64(0)
		for range e.Records.Prefix(estate.RecordsOf(z.ID)) {
			count++
		}
		if count != z.RecordCount {
			t.Errorf("zone %s has %d records, and says %d", z.Name, count, z.RecordCount)
		}
	}
	occluded := 0
	for z := range e.Zones.All() {
		for _, d := range c.Delegations {
			for range e.Records.Prefix(estate.RecordsBelow(z.ID, d.Domain)) {
				occluded++
			}
		}
	}
	if occluded != 1 {
		t.Errorf("%d records would be occluded, want 1", occluded)
	}
	for _, x := range c.Expect {
		vpcs, problems := c.SelectVPCs(x.From.Selector, e)
		if !x.From.Internet && (len(vpcs) != 1 || len(problems) > 0) {
			t.Errorf("%s: %d VPCs are selected %v", x.Pos, len(vpcs), problems)
		}
	}
}
