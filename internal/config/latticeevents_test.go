package config

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// TestLatticeEvents: what stands in the files, the defaults, and what is wrong.
func TestLatticeEvents(t *testing.T) {
	const head = "owner: a\naccounts:\n  hub: { id: \"111111111111\", regions: [eu-west-1, eu-west-3] }\n  shop: { id: \"222222222222\" }\n"
	const domain = "latticeDomains:\n  - { zone: a.example, account: hub, regions: eu-west-1, grants: [{ account: shop, names: \"*.a.example\" }] }\n"
	load := func(text string) (*Config, string) {
		c, problems := Load(fstest.MapFS{"orgdns.yaml": {Data: []byte(text)}}, "orgdns.yaml")
		var out []string
		for _, d := range problems {
			out = append(out, d.Error())
		}
		return c, strings.Join(out, "\n")
	}
	for _, tt := range []struct{ name, events, want string }{
		{"the least", "latticeEvents: { account: hub }", "hub eu-west-1 NewService false false  120"},
		{"all of it", "latticeEvents: { account: hub, region: eu-west-3, tag: 'team:Published', cloudTrail: true, guidance: true, kmsKey: alias/events, visibility: 30m }", "hub eu-west-3 team:Published true true alias/events 1800"},
	} {
		c, problems := load(head + domain + tt.events)
		if problems != "" {
			t.Errorf("%s: %s", tt.name, problems)
			continue
		}
		v := c.LatticeEvents
		if got := strings.TrimSpace(fmt.Sprintln(v.Account, v.Region, v.Tag, v.CloudTrail, v.Guidance, v.KMSKey, v.Visibility)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
	for _, tt := range []struct{ name, text, want string }{
		{"nobody has a name", head + "latticeEvents: { account: hub }", `orgdns.yaml:5:16: the key "latticeDomains" is missing`},
		{"no account", head + domain + "latticeEvents: { tag: x }", `orgdns.yaml:7:16: the key "account" is missing`},
		{"no Region", head + domain + "latticeEvents: { account: shop }", `orgdns.yaml:7:16: the key "region" is missing`},
		{"a tag of AWS", head + domain + "latticeEvents: { account: hub, tag: 'aws:x' }", `orgdns.yaml:7:37: "aws:x" cannot be put on a service`},
		{"no tag", head + domain + "latticeEvents: { account: hub, tag: 'a{b' }", `"a{b" is not a tag key`},
		{"a key of AWS", head + domain + "latticeEvents: { account: hub, kmsKey: alias/aws/sqs }", `orgdns.yaml:7:40: "alias/aws/sqs" cannot encrypt the queues`},
		{"a long visibility", head + domain + "latticeEvents: { account: hub, visibility: 13h }", `orgdns.yaml:7:44: a queue has no visibility timeout of 46800 seconds`},
		{"no key", head + domain + "latticeEvents: { account: hub, kmsKey: mine }", `"mine" is not a KMS key`},
		{"a name of the organization's", head + "organization: { access: { account: hub } }\n" + domain + "latticeEvents: { account: Networking }", `orgdns.yaml:8:27: account "Networking" is not in the list of accounts`},
		{"nobody of that name", head + domain + "latticeEvents: { account: hob }", `"hob"`},
	} {
		if _, problems := load(tt.text); !strings.Contains(problems, tt.want) {
			t.Errorf("%s: %s\nwant %s", tt.name, problems, tt.want)
		}
	}
}
