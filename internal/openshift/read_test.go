package openshift

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/orgdns/orgdns/internal/diag"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden holds a text against a file of testdata.
func golden(t *testing.T, file, got string) {
	t.Helper()
	file = filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s:\n got\n%s\nwant\n%s", file, got, want)
	}
}

func show(problems diag.List) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "%s %s %s\n", p.Severity, p.Code, p.Error())
	}
	return b.String()
}

// read reads a file of testdata.
func read(t *testing.T, name string) (Objects, diag.List) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return Read(File{filepath.Base(name), data})
}

// text parses what must be without a problem.
func text(t *testing.T, src string) Objects {
	t.Helper()
	o, problems := Read(File{"-", []byte(src)})
	if problems.HasErrors() {
		t.Fatal(show(problems))
	}
	return o
}

// TestRead holds every message, and what is understood, against golden files.
func TestRead(t *testing.T) {
	files, err := filepath.Glob("testdata/read/*.yaml")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		o, problems := read(t, "read/"+name)
		if bad := !strings.HasPrefix(name, "good-") && !strings.HasPrefix(name, "two-"); problems.HasErrors() != bad {
			t.Errorf("%s: errors: %v", name, problems.HasErrors())
		}
		got := show(problems)
		if o.Install != nil {
			got += fmt.Sprintf("install-config: %+v\n", *o.Install)
		}
		if o.DNS != nil {
			got += fmt.Sprintf("DNS: %+v\n", *o.DNS)
		}
		if o.Infrastructure != nil {
			got += fmt.Sprintf("Infrastructure: %+v\n", *o.Infrastructure)
		}
		for _, g := range o.Gates {
			got += fmt.Sprintf("gate: %+v\n", g)
		}
		for _, d := range o.Records {
			got += fmt.Sprintf("DNSRecord %s: %s %s %d %+v unmanaged=%v going=%v\n", d.Object, d.Name, d.Type, d.TTL, d.Targets, d.Unmanaged, d.Going)
		}
		if o.InfraID != "" {
			got += "infrastructure name: " + o.InfraID + "\n"
		}
		golden(t, "read/"+strings.TrimSuffix(name, ".yaml")+".txt", got)
	}
}

func TestRole(t *testing.T) {
	for _, tt := range []struct{ arn, want string }{
		{"", ""},
		{"arn:aws:iam::111111111111:role/dns", ""},
		{"arn:aws-cn:iam::111111111111:role/a/b/dns+=,.@_-1", ""},
		{"arn:aws-us-gov:iam::111111111111:role/dns", ""},
		{"dns", "it is no ARN"},
		{" arn:aws:iam::111111111111:role/dns", "it has spaces around it"},
		{"arn:aws-iso:iam::111111111111:role/dns", `its partition is "aws-iso"`},
		{"arn:aws:sts::111111111111:assumed-role/dns/me", "it is a session of a role"},
		{"arn:aws:s3:::bucket", `its service is "s3"`},
		{"arn:aws:iam:us-east-1:111111111111:role/dns", `it has a Region, "us-east-1"; IAM has none`},
		{"arn:aws:iam::11111111111:role/dns", `its account is "11111111111"`},
		{"arn:aws:iam::111111111111:user/dns", "it names a user"},
		{"arn:aws:iam::111111111111:role/", "the role has no name"},
		{"arn:aws:iam::111111111111:role/a/", "the role has no name"},
		{"arn:aws:iam::111111111111:role/dns mine", "the role's name has characters that IAM does not take"},
		{"arn:aws:iam::111111111111:role/" + strings.Repeat("x", 200), "the role's name has characters that IAM does not take"},
	} {
		r := &reader{}
		role := r.roleOf(Text{tt.arn, diag.Pos{File: "f", Line: 1, Column: 2}}, "field")
		if got := len(r.problems) == 1; got != (tt.want != "") {
			t.Errorf("%q: %s", tt.arn, show(r.problems))
			continue
		}
		if tt.want == "" {
			if role.ARN != tt.arn || tt.arn != "" && (role.Account != "111111111111" || !strings.HasPrefix(role.Name, "dns") || !strings.HasPrefix(tt.arn, "arn:"+role.Partition+":")) {
				t.Errorf("%q = %+v", tt.arn, role)
			}
			continue
		}
		if p := r.problems[0]; p.Detail != tt.want || p.Hint == "" || p.Pos.Line != 1 || !role.IsZero() || len(p.Summary) > 200 {
			t.Errorf("%q: %+v; want %q", tt.arn, p, tt.want)
		}
	}
}

// TestSecrets: what an install-config keeps secret is in no message.
func TestSecrets(t *testing.T) {
	const secret = "c2VjcmV0LXB1bGw"
	for _, src := range []string{
		"baseDomain: 1\npullSecret: " + secret + "\nsshKey: [" + secret + "]\nplatform: " + secret + "\n",
		"pullSecret: " + secret + "\n",
		"baseDomain: [\npullSecret: " + secret + "\n",
	} {
		_, problems := Read(File{"f", []byte(src)})
		if !problems.HasErrors() {
			t.Errorf("%q has no problem", src)
		}
		if got := show(problems); strings.Contains(got, secret) {
			t.Errorf("%q: %s", src, got)
		}
	}
}
