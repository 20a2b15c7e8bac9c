package config

import (
	"strings"
	"testing"
	"testing/fstest"
)

// base is what most cases need around them; it has eight lines.
const base = `owner: acme
defaults: { region: eu-west-1 }
accounts:
  dns: { id: "111111111111" }
  api: { id: "333333333333" }
  shop: { id: "444444444444" }
  network: { id: "222222222222" }
delegations:
`

// api is a delegation for records, to be indented by six.
const api = base + `  - domain: api.example.com
    parent: dns
    child: api
    records:
`

// grants are writers of a private zone whose grants hold too much, or names of
// others.
const grants = `owner: acme
accounts:
  dns: { id: "111111111111", role: orgdns }
privateZones:
  - domain: corp.test
    account: dns
    anchor: { tags: { role: anchor } }
    records:
      - { name: db, type: A, values: 10.0.0.1 }
    writers:
      - { account: dns, role: apex, names: corp.test }
      - { account: dns, role: meant, names: corp.test, apex: true, overlap: true }
      - { account: dns, role: outside, names: "*.example.com" }
      - { account: dns, role: ledger, names: _orgdns-0.corp.test }
      - { account: dns, role: delegates, names: ns.corp.test, types: NS }
      - { account: dns, role: wild, names: '\052.apps.corp.test' }
      - { account: dns, role: below, names: "*.apps.corp.test" }
      - { account: dns, role: deep, names: x.apps.corp.test }
      - { account: dns, role: wider, names: "*.corp.test" }
`

// lattice grants too much, or what others have.
const lattice = `owner: acme
accounts:
  dns: { id: "111111111111" }
  shop: { id: "444444444444" }
privateZones:
  - domain: corp.test
    account: dns
    anchor: { tags: { role: anchor } }
    records:
      - { name: db.svc, type: A, values: 10.0.0.1 }
      - { name: db.svc, type: TXT, values: kept }
    writers:
      - { account: shop, role: writer, names: "*.b.svc.corp.test" }
latticeDomains:
  - zone: corp.test
    account: dns
    grants:
      - { account: shop, names: "*.svc.corp.test" }
      - { accounts: [dns, shop], names: [x.corp.test, "*.svc.corp.test"] }
      - { account: shop, names: corp.test }
      - { account: shop, names: "*.example.com" }
      - { account: shop, names: _orgdns-0.corp.test }
      - { account: shop, names: '\052.corp.test' }
      - { account: shop, accounts: dns, names: y.corp.test }
      - { names: z.corp.test }
      - { account: nobody, names: z.corp.test }
      - { account: shop }
  - { zone: corp.test, account: "111111111111", grants: [] }
  - { zone: corp.test, account: dns, public: true, zoneID: Z0123, regions: eu-west-1, grants: [{ account: shop, names: "*.corp.test" }] }
  - { zone: corp.test, account: dns, public: true, grants: [] }
  - { zone: shared.test, account: dns, regions: eu-west-1, grants: [{ account: dns, shared: true, names: a.shared.test }, { account: shop, shared: true, names: b.shared.test }] }
`

// shareBase is what endpoint shares need around them; it has eight lines.
const shareBase = `owner: acme
defaults: { region: eu-west-1 }
accounts:
  dns: { id: "111111111111" }
  shop: { id: "444444444444" }
  network: { id: "222222222222" }
# The shares.
endpointShares:
`

// lines reports each problem as it is printed.
func problemsOf(files map[string]string, paths ...string) string {
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	_, list := Load(fsys, paths...)
	var b strings.Builder
	for _, d := range list {
		b.WriteString(d.Code + " " + d.Error() + "\n")
	}
	return b.String()
}

func TestBadInput(t *testing.T) {
	label64, label63 := strings.Repeat("a", 64), strings.Repeat("b", 63)
	name256 := strings.Join([]string{label63, label63, label63, strings.Repeat("c", 50), "example.com"}, ".")
	tests := []struct{ name, in, want string }{
		{"unknown section", "owner: acme\ndelegation: []\n", `
unknown-key orgdns.yaml:2:1: unknown key "delegation"; did you mean "delegations"?
`},
		{"unknown key", base + "  - { domain: api.example.com, parent: dns, child: api, tll: 5m }\n", `
unknown-key orgdns.yaml:9:57: unknown key "tll"; did you mean "ttl"?
`},
		{"unknown key, nothing near", "owner: acme\ndefaults: { colour: red }\n", `
unknown-key orgdns.yaml:2:13: unknown key "colour"; known here: role, region, externalID
`},
		{"Lattice domains", lattice, `
two-owners orgdns.yaml:10:17: db.svc.corp.test is granted to VPC Lattice services: granted at orgdns.yaml:18:33; remove it, or narrow the grant
two-owners orgdns.yaml:13:47: *.b.svc.corp.test is granted to VPC Lattice services: granted at orgdns.yaml:18:33; remove it, or narrow the grant
missing-key orgdns.yaml:15:5: no Region is known in which the services of shop, dns are looked for: neither the Lattice domain, nor the account, nor the defaults have one; write regions
duplicate orgdns.yaml:19:55: *.svc.corp.test is granted to shop twice: first at orgdns.yaml:18:33; remove one
two-owners orgdns.yaml:20:33: corp.test is the zone's own name: who may change it speaks for the whole zone; grant names below it
outside-parent orgdns.yaml:21:33: *.example.com lies outside corp.test; write a name that ends in corp.test
reserved-name orgdns.yaml:22:33: names that begin with _orgdns are orgdns's own: its ledgers stand there; remove it
bad-name orgdns.yaml:23:33: \052.corp.test cannot be the name of a VPC Lattice service: it has letters, digits, - and _ only (VPC Lattice API, CreateService); remove it
key-conflict orgdns.yaml:24:20: account and accounts say the same twice; put all of them under accounts
missing-key orgdns.yaml:25:9: the key "account" is missing: a name is granted to somebody; write account or accounts
unknown-account orgdns.yaml:26:20: account "nobody" is not in the list of accounts; add it under accounts, or write its twelve digits
missing-key orgdns.yaml:27:9: the key "names" is missing: it is required in a grant
duplicate orgdns.yaml:28:13: the zone corp.test of account 111111111111 stands twice: first at orgdns.yaml:15:11; put both into one
duplicate orgdns.yaml:30:13: which zones corp.test of account dns are meant is not clear: the other is at orgdns.yaml:29:13; write the zoneID of both
key-conflict orgdns.yaml:31:69: the services of dns are read in two ways: the other grant is at orgdns.yaml:24:9; write shared in all its grants, of zones of one account, or in none
key-conflict orgdns.yaml:31:93: account dns shares nothing with itself: the zone is its own; remove shared
key-conflict orgdns.yaml:31:123: the services of shop are read in two ways: the other grant is at orgdns.yaml:29:96; write shared in all its grants, of zones of one account, or in none
`},
		{"wrong type", "owner: [acme]\ndefaults: 5\naccounts: []\ndelegations: {}\nlimits: { answers: many }\n", `
wrong-type orgdns.yaml:1:8: expected text, an owner, found a list
wrong-type orgdns.yaml:2:11: expected the defaults, a mapping, found the number 5
wrong-type orgdns.yaml:3:11: expected a mapping, found a list
wrong-type orgdns.yaml:4:14: expected a list, found a mapping
wrong-type orgdns.yaml:5:20: expected a number of answers, found the text "many"
`},
		{"number for text", "owner: 5\naccounts: { dns: { id: 000000000001 } }\n", `
wrong-type orgdns.yaml:1:8: expected text, an owner, found the number 5; put it in quotes: "5"
wrong-type orgdns.yaml:2:24: expected text, an account ID, found the number 000000000001; put it in quotes: "000000000001"
`},
		{"missing keys", "accounts: { dns: {} }\ndelegations: [ { domain: api.example.com } ]\n", `
missing-key orgdns.yaml:1:1: the key "owner" is missing: it is required in a configuration
missing-key orgdns.yaml:1:18: the key "id" is missing: it is required in an account
missing-key orgdns.yaml:2:16: the key "child" is missing: it is required in a delegation
missing-key orgdns.yaml:2:16: the key "parent" is missing: it is required in a delegation
`},
		{"account ID", "owner: acme\naccounts: { dns: { id: \"1111-1111-1111\" }, api: { id: \"33\" } }\n", `
bad-value orgdns.yaml:2:24: "1111-1111-1111" is not an account ID; did you mean "111111111111"?
bad-value orgdns.yaml:2:55: "33" is not an account ID; write twelve digits
`},
		{"account name", "owner: acme\naccounts: { \"111111111111\": { id: \"111111111111\" } }\n", `
bad-value orgdns.yaml:2:13: "111111111111" cannot be the name of an account: a name begins with a letter, and has letters, digits, dots, - and _
`},
		{"account twice", "owner: acme\naccounts:\n  dns: { id: \"111111111111\" }\n  api: { id: \"111111111111\" }\n", `
duplicate orgdns.yaml:4:14: the account 111111111111 has two names, "dns" and "api": first at orgdns.yaml:3:14; keep one name
`},
		{"unknown account", base + "  - { domain: api.example.com, parent: dsn, child: apis }\n  - { domain: x.example.com, parent: dns, child: marketing }\n", `
unknown-account orgdns.yaml:9:40: account "dsn" is not in the list of accounts; did you mean "dns"?
unknown-account orgdns.yaml:9:52: account "apis" is not in the list of accounts; did you mean "api"?
unknown-account orgdns.yaml:10:50: account "marketing" is not in the list of accounts; add it under accounts, or write its twelve digits
`},
		{"account with dashes", base + "  - { domain: api.example.com, parent: dns, child: 3333-3333-3333 }\n", `
unknown-account orgdns.yaml:9:52: account "3333-3333-3333" is not in the list of accounts; did you mean "333333333333"?
`},
		{"secret", "owner: acme\ndefaults: { externalID: \"with space\", role: \"arn:aws:iam::1:role/x\", region: eu-west1 }\naccounts: { dns: { id: \"111111111111\", externalID: env:9 }, api: { id: \"333333333333\", externalID: 42 } }\n", `
bad-value orgdns.yaml:2:25: this is not an external ID: it has 2 to 1,224 letters, digits and any of +=,.@:/-_ (STS API, AssumeRole)
bad-value orgdns.yaml:2:45: "arn:aws:iam::1:role/x" is not a role name; write the name of the role, without its ARN
bad-value orgdns.yaml:2:78: "eu-west1" is not a Region; write its code, as in "eu-west-1"
bad-value orgdns.yaml:3:52: env: must be followed by the name of an environment variable; write it as in env:ORGDNS_EXTERNAL_ID
wrong-type orgdns.yaml:3:100: expected text, a secret; put it in quotes, or write env:NAME
`},
		{"IDN", base + "  - { domain: bücher.example.com, parent: dns, child: api }\n  - { domain: 日本語.example.com, parent: dns, child: api }\n", `
bad-name orgdns.yaml:9:15: "bücher.example.com" is not a domain name: it has a character outside ASCII; did you mean "xn--bcher-kva.example.com"?
bad-name orgdns.yaml:10:15: "日本語.example.com" is not a domain name: it has a character outside ASCII; did you mean "xn--wgv71a119e.example.com"?
`},
		{"URL for name", base + "  - { domain: \"https://api.example.com/\", parent: dns, child: api }\n", `
bad-name orgdns.yaml:9:15: "https://api.example.com/" is not a domain name: it is a URL; did you mean "api.example.com"?
`},
		{"empty label", base + "  - { domain: api..example.com, parent: dns, child: api }\n", `
bad-name orgdns.yaml:9:15: "api..example.com" is not a domain name: it has an empty label; did you mean "api.example.com"?
`},
		{"escaped names", base + "  - { domain: 'a\\160i.example.com', parent: dns, child: api }\n  - { domain: 'a\\100i.example.com', parent: dns, child: api }\n  - { domain: 'a\\9.example.com', parent: dns, child: api }\n", `
bad-name orgdns.yaml:9:15: "a\160i.example.com" is written with an escape that it does not need; did you mean "api.example.com"?
bad-name orgdns.yaml:10:15: "a\100i.example.com" cannot be the name of a zone: its labels are letters, digits, - and _
bad-name orgdns.yaml:11:15: "a\9.example.com" is not a domain name: a backslash must be followed by three octal digits, \000 to \377
`},
		{"label of 64", base + "  - { domain: " + label64 + ".example.com, parent: dns, child: api }\n", `
bad-name orgdns.yaml:9:15: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com" is not a domain name: a label has 64 bytes, at most 63 are allowed; shorten it by 1 or more
`},
		{"name of 256", base + "  - { domain: " + name256 + ", parent: dns, child: api }\n", `
bad-name orgdns.yaml:9:15: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb…cccccccccccccccccccccccc.example.com" is not a domain name: it has 256 bytes, at most 255 are allowed; shorten it by 1 or more
`},
		{"wildcard delegated", base + "  - { domain: \"*.example.com\", parent: dns, child: api }\n", `
wildcard orgdns.yaml:9:15: "*.example.com" is a wildcard, which cannot be delegated: a wildcard has no NS record of its own (RFC 4592 section 4.2); did you mean "example.com"?
`},
		{"wildcard without quotes", base + "  - { domain: *.example.com, parent: dns, child: api }\n", `
yaml-alias orgdns.yaml:9:15: no anchor &.example.com stands before this alias: an unquoted * begins an alias; put a name that begins with * in quotes: "*.example.com"
`},
		{"root delegated", base + "  - { domain: ., parent: dns, child: api }\n", `
bad-name orgdns.yaml:9:15: the root is not a zone that can be given away
`},
		{"equal to parent", base + "  - { domain: example.com, parent: { account: dns, domain: example.com }, child: api }\n", `
outside-parent orgdns.yaml:9:15: example.com cannot be delegated from a zone of the same name; write the parent's own name, or leave parent.domain out
`},
		{"outside parent", base + "  - { domain: api.example.org, parent: { account: dns, domain: example.com }, child: api }\n", `
outside-parent orgdns.yaml:9:15: api.example.org lies outside example.com; did you mean "api.example.com"?
`},
		{"same account", base + "  - { domain: api.example.com, parent: api, child: \"333333333333\" }\n", `
same-account orgdns.yaml:9:52: parent and child of api.example.com are the same account
`},
		{"parent", base + "  - { domain: a.example.com, parent: {}, child: api }\n  - { domain: b.example.com, parent: { external: registrar, account: dns }, child: api }\n  - { domain: c.example.com, parent: { account: dns, zone: /hostedzone/Z1 }, child: api }\n", `
missing-key orgdns.yaml:9:38: the key "account" is missing: a parent has an account, or is external
key-conflict orgdns.yaml:10:50: an external parent has no account and no zone; remove the key external, or the others
bad-value orgdns.yaml:11:60: "/hostedzone/Z1" is not a hosted zone ID; write the ID alone, as in "Z0123456789ABCDEFGHIJ"
`},
		{"delegated twice", base + "  - { domain: api.example.com, parent: dns, child: api }\n  - { domain: API.example.com., parent: dns, child: api }\n  - { domain: api.example.com, parent: dns, child: shop }\n", `
duplicate orgdns.yaml:10:15: api.example.com is delegated twice: first at orgdns.yaml:9:15; remove one
two-owners orgdns.yaml:11:15: api.example.com is delegated twice, to api and to shop: first at orgdns.yaml:9:15; remove one
`},
		{"chain of another", base + "  - { domain: api.example.com, parent: dns, child: api }\n  - { domain: dev.api.example.com, parent: dns, child: network }\n  - { domain: beta.api.example.com, parent: { external: registrar }, child: network }\n  - { domain: alpha.api.example.com, parent: { account: api, domain: example.com }, child: network }\n", `
two-owners orgdns.yaml:10:44: dev.api.example.com lies in api.example.com, which is delegated to api, so dns cannot give it away: delegated at orgdns.yaml:9:15; did you mean "api"?
two-owners orgdns.yaml:11:45: beta.api.example.com lies in api.example.com, which is delegated to api, so its parent is not external: delegated at orgdns.yaml:9:15; did you mean "api"?
two-owners orgdns.yaml:12:70: alpha.api.example.com lies in api.example.com, not directly in example.com: delegated at orgdns.yaml:9:15; did you mean "api.example.com"?
`},
		{"record delegated on", api + "      - { name: dev, type: A, values: 192.0.2.1 }\n      - { name: x.dev, type: A, values: 192.0.2.1 }\n  - { domain: dev.api.example.com, parent: api, child: network }\n", `
two-owners orgdns.yaml:13:9: dev.api.example.com is delegated to network: the delegation is at orgdns.yaml:15:15; move the record there
two-owners orgdns.yaml:14:9: x.dev.api.example.com lies in dev.api.example.com, which is delegated to network: the delegation is at orgdns.yaml:15:15; move the record there
`},
		{"record below NS", api + "      - { name: eu, type: NS, values: [ns1.example.net] }\n      - { name: www.eu, type: A, values: 192.0.2.1 }\n      - { name: eu, type: TXT, values: hidden }\n", `
two-owners orgdns.yaml:14:9: www.eu.api.example.com is given away by the NS record of eu.api.example.com: what stands beside or below that record, at orgdns.yaml:13:9, would be invisible (RFC 1034 section 4.3.2); remove one of the two
two-owners orgdns.yaml:15:9: eu.api.example.com is given away by the NS record of eu.api.example.com: what stands beside or below that record, at orgdns.yaml:13:9, would be invisible (RFC 1034 section 4.3.2); remove one of the two
`},
		{"record outside", api + "      - { name: beta.example.com., type: A, values: 192.0.2.1 }\n      - { name: beta.api.example.com, type: A, values: 192.0.2.1 }\n      - { name: beta., type: A, values: 192.0.2.1 }\n", `
outside-parent orgdns.yaml:13:17: beta.example.com lies outside api.example.com; did you mean "beta.api.example.com."?
bad-name orgdns.yaml:14:17: "beta.api.example.com" is relative to api.example.com and would become beta.api.example.com.api.example.com: a name that does not end in a dot is relative; write "beta", or "beta.api.example.com."
outside-parent orgdns.yaml:15:17: beta lies outside api.example.com; did you mean "beta.api.example.com."?
`},
		{"record names", api + "      - { name: \"\", type: A, values: 192.0.2.1 }\n      - { name: \"a b\", type: A, values: 192.0.2.1 }\n      - { name: küche, type: A, values: 192.0.2.1 }\n      - { name: _orgdns-1, type: TXT, values: x }\n      - { name: " + label64 + ", type: TXT, values: x }\n", `
bad-value orgdns.yaml:13:17: the text is empty
bad-name orgdns.yaml:14:17: "a b" is not a domain name: it has a space or a control character; write it as \NNN, octal
bad-name orgdns.yaml:15:17: "küche" is not a domain name: it has a character outside ASCII; did you mean "xn--kche-0ra"?
reserved-name orgdns.yaml:16:17: names that begin with _orgdns are orgdns's own: its ledgers stand there; choose another name
bad-name orgdns.yaml:17:17: "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" is not a domain name: a label has 64 bytes, at most 63 are allowed; shorten it by 1 or more
`},
		{"record types", api + "      - { name: a, type: a, values: 192.0.2.1 }\n      - { name: b, type: SOA, values: x }\n      - { name: c, values: 192.0.2.1 }\n      - { name: d, type: A }\n      - { name: e }\n", `
bad-value orgdns.yaml:13:26: "a" is not a record type; did you mean "A"?
bad-value orgdns.yaml:14:26: "SOA" is not a record type; write one of A, AAAA, CAA, CNAME, DS, HTTPS, MX, NAPTR, NS, PTR, SRV, SSHFP, SVCB, TLSA, TXT
missing-key orgdns.yaml:15:9: the key "type" is missing: a record with values has a type
missing-key orgdns.yaml:16:9: the key "values" is missing: a record has values or an alias
missing-key orgdns.yaml:17:9: the key "values" is missing: a record has values or an alias
`},
		{"addresses", api + "      - { name: a, type: A, values: [192.0.2.256, \"2001:db8::1\", www.example.com] }\n      - { name: b, type: AAAA, values: [192.0.2.1, \"fe80::1%eth0\"] }\n", `
bad-record orgdns.yaml:13:38: "192.0.2.256" is not an IPv4 address
bad-record orgdns.yaml:13:51: "2001:db8::1" is not an IPv4 address; did you mean the type AAAA?
bad-record orgdns.yaml:13:66: "www.example.com" is not an IPv4 address; did you mean the type CNAME?
bad-record orgdns.yaml:14:41: "192.0.2.1" is not an IPv6 address; did you mean the type A?
bad-record orgdns.yaml:14:52: "fe80::1%eth0" is not an IPv6 address
`},
		{"other values", api + "      - { name: a, type: MX, values: [mail.example.com, 99999 mail.example.com] }\n      - { name: b, type: SRV, values: 1 2 3 }\n      - { name: c, type: CAA, values: '0 issue' }\n      - { name: d, type: DS, values: 1 2 3 zz }\n      - { name: e, type: CNAME, values: [www] }\n      - { name: f, type: CNAME, values: [a.example.org, b.example.org] }\n      - { name: g, type: A, values: [192.0.2.1, 192.0.2.1] }\n", `
bad-record orgdns.yaml:13:39: "mail.example.com" is not the value of a record of type MX; write it as in "10 mail.example.com"
bad-record orgdns.yaml:13:57: "99999" is not a number from 0 to 65535: in a record of type MX; write it as in "10 mail.example.com"
bad-record orgdns.yaml:14:39: "1 2 3" is not the value of a record of type SRV; write it as in "1 10 5269 xmpp.example.com"
bad-record orgdns.yaml:15:39: "0 issue" is not the value of a record of type CAA; write it as in "0 issue \"amazon.com\""
bad-record orgdns.yaml:16:38: "zz" is not hexadecimal digits: in a record of type DS; write it as in "12345 13 2 49FD46E6…"
bad-record orgdns.yaml:17:42: "www" is a single label where a whole name belongs: targets are absolute, with or without a dot at the end; did you mean "www.api.example.com"?
bad-record orgdns.yaml:18:41: a CNAME has one value: a name is an alias of one name (RFC 1034 section 3.6.2); keep one
duplicate orgdns.yaml:19:49: the value "192.0.2.1" stands twice; remove one
`},
		{"TXT", api + "      - { name: a, type: TXT, values: '\"open' }\n      - { name: b, type: TXT, values: '\"a\" b' }\n      - { name: c, type: TXT, values: '\"" + strings.Repeat("x", 256) + "\"' }\n      - { name: d, type: TXT, values: " + strings.Repeat("x", 4000) + " }\n", `
bad-record orgdns.yaml:13:39: "\"open" has an opening quote without a closing one; close it, or leave the quotes out: orgdns quotes plain text
bad-record orgdns.yaml:14:39: "\"a\" b" has text outside quotes; quote all of it, or none: orgdns quotes and splits plain text
bad-record orgdns.yaml:15:39: a quoted string is too long: it has 256 bytes, at most 255 are allowed; leave the quotes out: orgdns splits plain text
bad-record orgdns.yaml:16:39: the text is too long: it has 4047 characters in quotes, at most 4000 are allowed
`},
		{"grants of a private zone", grants, "\ntwo-owners orgdns.yaml:9:17: db.corp.test is granted to dns: granted at orgdns.yaml:19:45; remove the record, narrow the grant, or write `overlap: true` there\ntwo-owners orgdns.yaml:11:44: corp.test is the zone's own name: who may change it speaks for the whole zone; write `apex: true` if it is meant\noutside-parent orgdns.yaml:13:47: *.example.com lies outside corp.test; write a name that ends in corp.test\nreserved-name orgdns.yaml:14:46: names that begin with _orgdns are orgdns's own: its ledgers stand there; remove it\nreserved-name orgdns.yaml:15:70: records of type NS are not for writers: they would give parts of the zone away; remove it\ntwo-owners orgdns.yaml:18:44: x.apps.corp.test and *.apps.corp.test have names in common: granted to dns at orgdns.yaml:17:45; narrow one of them, or write `overlap: true` if it is meant\ntwo-owners orgdns.yaml:19:45: *.corp.test and *.apps.corp.test have names in common: granted to dns at orgdns.yaml:17:45; narrow one of them, or write `overlap: true` if it is meant\ntwo-owners orgdns.yaml:19:45: *.corp.test and _orgdns-0.corp.test have names in common: granted to dns at orgdns.yaml:14:46; narrow one of them, or write `overlap: true` if it is meant\ntwo-owners orgdns.yaml:19:45: *.corp.test and ns.corp.test have names in common: granted to dns at orgdns.yaml:15:49; narrow one of them, or write `overlap: true` if it is meant\ntwo-owners orgdns.yaml:19:45: *.corp.test and x.apps.corp.test have names in common: granted to dns at orgdns.yaml:18:44; narrow one of them, or write `overlap: true` if it is meant\n"},
		{"CNAME at apex", api + "      - { name: \"@\", type: CNAME, values: www.example.org }\n      - { name: \"@\", type: NS, values: ns1.example.org }\n      - { name: \"@\", type: DS, values: 1 13 2 AB }\n", `
record-conflict orgdns.yaml:13:9: a CNAME cannot stand at api.example.com itself: NS and SOA stand there, and a CNAME stands alone (RFC 1034 section 3.6.2); use an alias record
record-conflict orgdns.yaml:14:9: a CNAME and a record of type NS cannot both stand at api.example.com: a CNAME stands alone (RFC 1034 section 3.6.2); the other is at orgdns.yaml:13:9; remove one
reserved-name orgdns.yaml:14:9: the NS record of api.example.com itself is kept by Route 53; remove it
record-conflict orgdns.yaml:15:9: a CNAME and a record of type DS cannot both stand at api.example.com: a CNAME stands alone (RFC 1034 section 3.6.2); the other is at orgdns.yaml:13:9; remove one
reserved-name orgdns.yaml:15:9: the DS record of api.example.com belongs into its parent zone: RFC 4035 section 2.4; remove it
`},
		{"CNAME with others", api + "      - { name: www, type: CNAME, values: a.example.org }\n      - { name: www, type: TXT, values: x }\n      - { name: web, type: A, values: 192.0.2.1 }\n      - { name: web, type: CNAME, values: a.example.org }\n", `
record-conflict orgdns.yaml:14:9: a CNAME and a record of type TXT cannot both stand at www.api.example.com: a CNAME stands alone (RFC 1034 section 3.6.2); the other is at orgdns.yaml:13:9; remove one
record-conflict orgdns.yaml:16:9: a CNAME and a record of type A cannot both stand at web.api.example.com: a CNAME stands alone (RFC 1034 section 3.6.2); the other is at orgdns.yaml:15:9; remove one
`},
		{"record twice", api + "      - { name: www, type: A, values: 192.0.2.1 }\n      - { name: www.api.example.com., type: A, values: 192.0.2.2 }\n", `
duplicate orgdns.yaml:14:9: the A record of www.api.example.com stands twice: first at orgdns.yaml:13:9; put the values into one record
`},
		{"TTL", api + "      - { name: a, type: A, values: 192.0.2.1, ttl: 2147483648 }\n      - { name: b, type: A, values: 192.0.2.1, ttl: 5 min }\n      - { name: c, type: A, values: 192.0.2.1, ttl: 1.5h }\n      - { name: d, type: A, values: 192.0.2.1, ttl: -1 }\n      - { name: e, type: A, values: 192.0.2.1, ttl: 100000w }\n      - { name: f, type: A, values: 192.0.2.1, ttl: auto }\n      - { name: g, type: A, values: 192.0.2.1, ttl: 99999999999999999999 }\n", `
bad-value orgdns.yaml:13:53: the TTL "2147483648" is too large: at most 2147483647 seconds are allowed (RFC 2181 section 8); write at most "24855d"
bad-value orgdns.yaml:14:53: "5 min" is not a duration; write it as in "5m", "1h30m" or "2d"; a number is seconds
bad-value orgdns.yaml:15:53: "1.5h" is not a duration; write it as in "5m", "1h30m" or "2d"; a number is seconds
bad-value orgdns.yaml:16:53: "-1" is not a duration; write it as in "5m", "1h30m" or "2d"; a number is seconds
bad-value orgdns.yaml:17:53: the TTL "100000w" is too large: at most 2147483647 seconds are allowed (RFC 2181 section 8); write at most "24855d"
bad-value orgdns.yaml:18:53: "auto" is not a duration; write it as in "5m", "1h30m" or "2d"; a number is seconds
bad-value orgdns.yaml:19:53: the TTL "99999999999999999999" is too large: at most 2147483647 seconds are allowed (RFC 2181 section 8); write at most "24855d"
`},
		{"alias", api + `      - { name: a, alias: { apiGateway: api.example.com } }
      - { name: b, alias: { cloudFront: d1.cloudfront.net, evaluateTargetHealth: true }, ttl: 5m }
      - { name: c, alias: { loadBalancer: x-1.eu-west-1.elb.amazonaws.com, region: us-east-1 }, values: [x] }
      - { name: d, alias: { cloudFront: d1.cloudfront.net, loadBalancer: x-1.eu-west-1.elb.amazonaws.com } }
      - { name: e, alias: {} }
      - { name: f, type: TXT, alias: { cloudFront: d1.cloudfront.net } }
      - { name: g, alias: { cloudFront: d1.cloudfront.net, region: us-east-1 } }
      - { name: h, alias: { s3Website: other.s3-website-eu-west-1.amazonaws.com } }
      - { name: i, alias: d1.cloudfront.net }
      - { name: j, alias: { apiGateway: abc123.execute-api.eu-west-1.amazonaws.com } }
      - { name: k, alias: { apiGateway: x-1.eu-west-1.elb.amazonaws.com } }
      - { name: l, alias: { loadBalancer: x-1.xx-west-1.elb.amazonaws.com } }
      - { name: m, alias: { loadBalancer: eu-west-1.elb.amazonaws.com } }
`, `
bad-record orgdns.yaml:13:41: "api.example.com" is not the name of a target of the kind apiGateway; write it as in "d-abc123.execute-api.eu-west-1.amazonaws.com"
key-conflict orgdns.yaml:14:82: the health of a CloudFront distribution cannot be evaluated: Route 53 API, AliasTarget; remove the key
key-conflict orgdns.yaml:14:95: an alias has no TTL of its own: it has its target's; remove it
key-conflict orgdns.yaml:15:27: a record has values or an alias, not both; remove one
key-conflict orgdns.yaml:16:74: an alias has one target, not cloudFront and loadBalancer; keep one
missing-key orgdns.yaml:17:27: the alias has no target; write one of apiGateway, cloudFront, loadBalancer, s3Website
bad-record orgdns.yaml:18:26: an alias to an AWS resource is of type A or AAAA: Route 53 Developer Guide, resource-record-sets-values-alias-common.html
region orgdns.yaml:19:68: "d1.cloudfront.net" is in no Region; remove the key
bad-record orgdns.yaml:20:40: "other.s3-website-eu-west-1.amazonaws.com" is not the name of a target of the kind s3Website; write it as in "s3-website-eu-west-1.amazonaws.com"
wrong-type orgdns.yaml:21:27: expected an alias, a mapping, found the text "d1.cloudfront.net"
bad-record orgdns.yaml:22:41: "abc123.execute-api.eu-west-1.amazonaws.com" is not the name of a target of the kind apiGateway; write it as in "d-abc123.execute-api.eu-west-1.amazonaws.com"
bad-record orgdns.yaml:23:41: "x-1.eu-west-1.elb.amazonaws.com" is not the name of a target of the kind apiGateway; did you mean the key loadBalancer?
bad-record orgdns.yaml:24:43: "x-1.xx-west-1.elb.amazonaws.com" is not the name of a target of the kind loadBalancer; write it as in "shop-1234567890.eu-west-1.elb.amazonaws.com", or add its region when that is not known here
bad-record orgdns.yaml:25:43: "eu-west-1.elb.amazonaws.com" is not the name of a target of the kind loadBalancer; write it as in "shop-1234567890.eu-west-1.elb.amazonaws.com"
`},
		{"routing", api + `      - { name: a, type: A, values: 192.0.2.1, weight: 1 }
      - { name: b, type: A, values: 192.0.2.1, set: x }
      - { name: c, type: A, values: 192.0.2.1, set: x, weight: 256 }
      - { name: d, type: A, values: 192.0.2.1, set: x, weight: 1, latency: eu-west-1 }
      - { name: e, type: A, values: 192.0.2.1, set: x, weight: 1 }
      - { name: e, type: A, values: 192.0.2.1 }
      - { name: f, type: A, values: 192.0.2.1, set: x, weight: 1, ttl: 1m }
      - { name: f, type: A, values: 192.0.2.2, set: y, weight: 1, ttl: 2m }
      - { name: g, type: A, values: 192.0.2.2, set: y, failover: main }
      - { name: h, type: A, values: 192.0.2.2, set: x, failover: primary }
      - { name: h, type: A, values: 192.0.2.2, set: y, failover: primary }
      - { name: i, type: A, values: 192.0.2.2, set: y, geolocation: { continent: Europe } }
      - { name: j, type: A, values: 192.0.2.2, set: y, geolocation: { subdivision: NY } }
      - { name: k, type: CNAME, values: a.example.org, set: y, multivalue: true }
`, `
missing-key orgdns.yaml:13:9: the key "set" is missing: records with a routing policy are told apart by it
key-conflict orgdns.yaml:14:53: a set identifier belongs to a routing policy; remove it, or add one of weight, latency, failover, geolocation, geoproximity, multivalue, cidr
bad-value orgdns.yaml:15:64: "256" is not a weight: it is a whole number from 0 to 255
key-conflict orgdns.yaml:16:76: a record has one routing policy, not weight and latency; remove one
record-conflict orgdns.yaml:18:9: the record sets of the A record of e.api.example.com have different routing policies, weight and simple: the other is at orgdns.yaml:17:9; give all of them the same
record-conflict orgdns.yaml:20:72: the record sets of the A record of f.api.example.com have different TTLs, 60 s and 120 s: the other is at orgdns.yaml:19:9; give all of them the same
bad-value orgdns.yaml:21:66: "main" is not primary or secondary; write one of primary, secondary
record-conflict orgdns.yaml:23:66: two record sets of the A record of h.api.example.com have the same failover: the other is at orgdns.yaml:22:9
bad-value orgdns.yaml:24:82: "Europe" is not a continent; write one of AF, AN, AS, EU, NA, OC, SA
bad-value orgdns.yaml:25:69: a geolocation is a continent, or a country with or without its subdivision: Route 53 API, GeoLocation; write it as in { continent: EU }, { country: FR } or { country: US, subdivision: NY }; { country: "*" } is the default
bad-record orgdns.yaml:26:76: a CNAME cannot be a multivalue answer: Route 53 API, ResourceRecordSet; remove the key
`},
		{"certificates", base + `  - domain: api.example.com
    parent: dns
    child: api
    certificate:
      - { names: [api.example.com, www.example.com, api.example.com] }
      - { names: [x.dev.api.example.com, "*.dev.api.example.com"] }
      - { usedBy: cloudFront, region: eu-west-1 }
      - { usedBy: cloudfront }
      - { names: "` + label63 + `.api.example.com" }
  - { domain: dev.api.example.com, parent: api, child: network }
`, `
outside-parent orgdns.yaml:13:36: www.example.com lies outside api.example.com: its validation record could not stand in the child zone; did you mean "www.api.example.com"?
duplicate orgdns.yaml:13:53: api.example.com stands twice in the certificate; remove one
two-owners orgdns.yaml:14:19: x.dev.api.example.com lies in dev.api.example.com, which is delegated to network: its validation record could not stand in the zone of api.example.com; ask for the certificate at orgdns.yaml:18:15
two-owners orgdns.yaml:14:42: *.dev.api.example.com lies in dev.api.example.com, which is delegated to network: its validation record could not stand in the zone of api.example.com; ask for the certificate at orgdns.yaml:18:15
region orgdns.yaml:15:39: cloudFront takes certificates from us-east-1 only, not from eu-west-1: ACM User Guide, acm-regions.html; remove the key
bad-value orgdns.yaml:16:19: "cloudfront" is not a user of certificates; did you mean "cloudFront"?
bad-name orgdns.yaml:17:18: the first name of a certificate has at most 64 characters, this one 79: ACM API, RequestCertificate; put a shorter name first
`},
		{"certificate without Region", "owner: acme\naccounts: { dns: { id: \"111111111111\" }, api: { id: \"333333333333\" } }\ndelegations:\n  - { domain: api.example.com, parent: dns, child: api, certificate: {} }\n", `
region orgdns.yaml:4:70: the Region of the certificate is not known: a certificate is used in the Region in which it was made; add region, usedBy, or defaults.region
`},
		{"tests", "owner: acme\naccounts: { dns: { id: \"111111111111\" } }\nexpect:\n" + `  - { from: internet, name: a.example.com }
  - { from: intranet, name: a.example.com, rcode: NOERROR }
  - { from: {}, name: a.example.com, rcode: NXDOMIAN }
  - { from: { organizationalUnits: Workloads }, name: a.example.com, not: NXDOMAIN }
  - { from: { account: dns, accounts: [dns] }, name: a.example.com, values: [x] }
  - { from: { vpc: main }, name: a.example.com, values: [192.0.2.1], rcode: NXDOMAIN }
  - { from: internet, name: a.example.com, resolvesTo: aws-services }
  - { from: { tags: { n: 1 } }, name: a.example.com, not: NXDOMAIN }
  - { from: 5, name: a.example.com, not: NXDOMAIN }
`, `
missing-key orgdns.yaml:4:5: the test expects nothing; write one of resolvesTo, values, rcode, not
bad-value orgdns.yaml:5:13: "intranet" is not internet; did you mean "internet"?
selector orgdns.yaml:6:13: the selection is empty; write at least one of account, accounts, organizationalUnits, regions, tags, vpcs
bad-value orgdns.yaml:6:45: "NXDOMIAN" is not an outcome; did you mean "NXDOMAIN"?
selector orgdns.yaml:7:36: units cannot be read without access to the organization; add organization.access, or name the accounts
key-conflict orgdns.yaml:8:24: account and accounts say the same twice; put all of them under accounts
bad-record orgdns.yaml:8:78: "x" is not an IPv4 address
bad-value orgdns.yaml:9:20: "main" is not a VPC ID; write it as in "vpc-0123456789abcdef0"
key-conflict orgdns.yaml:9:77: an answer with the outcome NXDOMAIN has no values; remove one
unknown-share orgdns.yaml:10:56: there is no endpoint share "aws-services"; write the name of an endpoint share, or the whole name of a target
wrong-type orgdns.yaml:11:26: expected text, a tag value, found the number 1; put it in quotes: "1"
wrong-type orgdns.yaml:12:13: expected internet, or a selection of VPCs, found the number 5
`},
		{"endpoint shares", shareBase + `  - { name: AWS, account: network, via: profiles, vpc: main, services: [EC2, "ec2 "], consumers: {} }
  - { account: netwrok, services: [ec2], colour: red }
  - { name: empty, account: network, via: profile, vpc: { region: eu-west-1 }, consumers: { account: shop } }
  - { name: nowhere, account: network, via: resolver, services: [], consumers: { account: shop } }
  - { name: nowhere, account: network, via: own, services: [kms, { name: kms }, { name: com.amazonaws.eu-west-1.kms }, { name: kms, serviceRegion: us-east-1 }], consumers: { account: dns } }
`, `
bad-value orgdns.yaml:9:13: "AWS" is not a name for addresses: it is written in lower case; did you mean "aws"?
bad-value orgdns.yaml:9:41: "profiles" is not a way to share; did you mean "profile"?
bad-value orgdns.yaml:9:56: "main" is not a VPC ID; write it as in "vpc-0123456789abcdef0"
bad-value orgdns.yaml:9:73: "EC2" is not the name of a service: it is written in lower case; did you mean "ec2"?
bad-value orgdns.yaml:9:78: "ec2 " is not the name of a service; write it as in "ec2", "ecr.dkr" or "com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0"
selector orgdns.yaml:9:98: the selection is empty; write at least one of account, accounts, organizationalUnits, regions, tags, vpcs
missing-key orgdns.yaml:10:5: the key "consumers" is missing: it is required in an endpoint share
missing-key orgdns.yaml:10:5: the key "name" is missing: it is required in an endpoint share
missing-key orgdns.yaml:10:5: the key "via" is missing: it is required in an endpoint share
unknown-account orgdns.yaml:10:16: account "netwrok" is not in the list of accounts; did you mean "network"?
unknown-key orgdns.yaml:10:42: unknown key "colour"; known here: name, account, via, regions, vpc, subnets, services, own, zones, rules, firewallGroups, queryLogs, consumers, shareWith, external, profile, intoExistingProfile, forward, resolverEndpoints, connect, retireDuplicates, acceptDuplicates, probe
missing-key orgdns.yaml:11:5: there is nothing to share; write services, own or zones, or remove the share
missing-key orgdns.yaml:11:57: the hub VPC is not chosen; write vpc or tags
missing-key orgdns.yaml:12:5: the key "vpc" is missing: the endpoints stand in a hub VPC; write its ID or tags, or ` + "`" + `via: own` + "`" + `
missing-key orgdns.yaml:12:5: there is nothing to share; write services, own or zones, or remove the share
duplicate orgdns.yaml:13:13: two endpoint shares are called nowhere: first at orgdns.yaml:12:13; give each its own name
duplicate orgdns.yaml:13:74: the service kms stands twice: first at orgdns.yaml:13:61; remove one
duplicate orgdns.yaml:13:89: the service kms stands twice: first at orgdns.yaml:13:61; remove one
`},
		{"endpoint shares by the wrong way", shareBase + `  - { name: a, account: network, via: resolver, vpc: { tags: { a: b } }, services: [a], consumers: { account: shop }, zones: [Z1], rules: rslvr-rr-1, firewallGroups: [], queryLogs: rqlc-1, profile: { id: rp-1 }, intoExistingProfile: true }
  - { name: b, account: network, via: own, vpc: { tags: { a: b } }, services: [{ name: b, endpoint: vpce-0123456789abcdef0 }], consumers: { account: shop }, connect: none, shareWith: organization, retireDuplicates: report, forward: suffix }
  - { name: c, account: network, via: profile, vpc: { tags: { a: b } }, services: [c], consumers: { account: shop }, resolverEndpoints: {}, forward: suffix }
`, `
key-conflict orgdns.yaml:9:126: the key zones is not for ` + "`" + `via: resolver` + "`" + `: only a Profile carries it; remove it, or choose another via
key-conflict orgdns.yaml:9:139: the key rules is not for ` + "`" + `via: resolver` + "`" + `: only a Profile carries it; remove it, or choose another via
key-conflict orgdns.yaml:9:167: the key firewallGroups is not for ` + "`" + `via: resolver` + "`" + `: only a Profile carries it; remove it, or choose another via
key-conflict orgdns.yaml:9:182: the key queryLogs is not for ` + "`" + `via: resolver` + "`" + `: only a Profile carries it; remove it, or choose another via
key-conflict orgdns.yaml:9:199: the key profile is not for ` + "`" + `via: resolver` + "`" + `: there is no Profile; remove it, or choose another via
key-conflict orgdns.yaml:9:234: the key intoExistingProfile is not for ` + "`" + `via: resolver` + "`" + `: there is no Profile; remove it, or choose another via
key-conflict orgdns.yaml:10:49: the key vpc is not for ` + "`" + `via: own` + "`" + `: no endpoints are shared, so nobody has to reach any; remove it, or choose another via
key-conflict orgdns.yaml:10:101: the key endpoint is not for ` + "`" + `via: own` + "`" + `: each consumer VPC has an endpoint of its own; remove it, or choose another via
key-conflict orgdns.yaml:10:167: the key connect is not for ` + "`" + `via: own` + "`" + `: no endpoints are shared, so nobody has to reach any; remove it, or choose another via
key-conflict orgdns.yaml:10:184: the key shareWith is not for ` + "`" + `via: own` + "`" + `: nothing is shared with consumers; remove it, or choose another via
key-conflict orgdns.yaml:10:216: the key retireDuplicates is not for ` + "`" + `via: own` + "`" + `: the consumers' own endpoints are what is wanted; remove it, or choose another via
key-conflict orgdns.yaml:10:233: ` + "`" + `forward: suffix` + "`" + ` is not for ` + "`" + `via: own` + "`" + `: only rules forward; remove it, or write ` + "`" + `via: resolver` + "`" + `
key-conflict orgdns.yaml:11:137: the key resolverEndpoints is not for ` + "`" + `via: profile` + "`" + `: only rules forward to Resolver endpoints; remove it, or choose another via
key-conflict orgdns.yaml:11:150: ` + "`" + `forward: suffix` + "`" + ` is not for ` + "`" + `via: profile` + "`" + `: only rules forward; remove it, or write ` + "`" + `via: resolver` + "`" + `
`},
		{"endpoint shares' values", shareBase + `  - name: a
    account: network
    via: profile
    vpc: [{ vpc: vpc-0123456789abcdef0, region: eu-west-3 }, { tags: { a: b } }, { tags: { c: d } }]
    subnets: { tags: { a: 1 } }
    services:
      - { name: a, endpoint: { id: vpce-x }, ports: [0, 70000], policy: organisation, ipType: IPv4, dnsIPType: both }
      - { name: b, endpoint: {}, policy: '{"Statement"', ipType: ipv4, dnsIPType: ipv6 }
      - { name: c, endpoint: { id: vpce-0123456789abcdef0, tags: { a: b } } }
      - { name: com.amazonaws.vpce.eu-west-1.vpce-svc-0123456789abcdef0, serviceRegion: eu-west-3 }
    zones: [corp.tset, nowhere.example.com, Z1, Z1, {}, "*.corp.test"]
    rules: [rslvr-rr-1, rslvr-rr-1, rslvr-x-1]
    firewallGroups:
      - { id: rslvr-frg-1, priority: 99 }
      - { id: rslvr-frg-2, priority: 9901 }
      - { id: rslvr-frg-3, priority: 200 }
      - { id: rslvr-frg-3, priority: 300 }
      - { id: rslvr-frg-4, priority: 200 }
      - { id: rslvr-frg-5 }
    queryLogs: rqlc
    consumers: [{ organizationalUnits: Workloads }, { tags: { a: b }, vpcs: { tags: { c: d }, regions: eu-west-1 }, region: eu-west-1 }, { vpcs: {} }]
    shareWith: [shop, Workloads]
    external: [partner]
    profile: {}
    connect: transitgateway
    retireDuplicates: delete
    probe: { http: true }
  - { name: b, account: network, via: profile, regions: [eu-west-1, eu-west-3, eu-west-1], vpc: vpc-0123456789abcdef0, services: b1, consumers: { account: shop }, shareWith: all, connect: { transitGateway: {} }, probe: { lambda: 1 }, retireDuplicates: removed, acceptDuplicates: [condition] }
  - { name: c, account: network, via: profile, regions: [eu-west-1, eu-west-3], vpc: [{ tags: { a: b }, region: eu-west-1 }, { tags: { c: d }, region: eu-west-1 }], services: c1, consumers: { account: shop }, shareWith: { units: x }, probe: { lambda: true, command: look }, acceptDuplicates: security-group }
`, `
region orgdns.yaml:12:49: eu-west-3 is not a Region of the share; add it to regions, or remove this VPC
duplicate orgdns.yaml:12:82: two hub VPCs are selected in every Region: first at orgdns.yaml:12:62; add region, or remove one
wrong-type orgdns.yaml:13:27: expected text, a tag value, found the number 1; put it in quotes: "1"
bad-value orgdns.yaml:15:36: "vpce-x" is not the ID of an endpoint; write it as in "vpce-0123456789abcdef0"
bad-value orgdns.yaml:15:54: "0" is not a port: it is a whole number from 1 to 65535
bad-value orgdns.yaml:15:57: "70000" is not a port: it is a whole number from 1 to 65535
bad-value orgdns.yaml:15:73: "organisation" is not an endpoint policy; did you mean "organization"?
bad-value orgdns.yaml:15:95: "IPv4" is not an IP address type; did you mean "ipv4"?
bad-value orgdns.yaml:15:112: "both" is not a type of DNS records; write one of ipv4, dualstack, ipv6, service-defined
missing-key orgdns.yaml:16:30: an endpoint is not chosen; write one of id, tags
bad-value orgdns.yaml:16:42: "{\"Statement\"" is not an endpoint policy; write organization, open, or the text of a policy in JSON
key-conflict orgdns.yaml:16:83: an endpoint with ipv4 addresses has no other records: AWS PrivateLink Guide, privatelink-access-aws-services.html; write ` + "`" + `ipType: dualstack` + "`" + `, or remove the key
key-conflict orgdns.yaml:17:66: an endpoint is chosen by one key, not id and tags; keep one
region orgdns.yaml:18:89: the service is in eu-west-1, as its name says, not in eu-west-3; remove the key
unknown-zone orgdns.yaml:19:13: privateZones has no zone corp.tset; add it to privateZones, or write the ID of the zone
unknown-zone orgdns.yaml:19:24: privateZones has no zone nowhere.example.com; add it to privateZones, or write the ID of the zone
duplicate orgdns.yaml:19:49: the zone Z1 stands twice: first at orgdns.yaml:19:45; remove one
missing-key orgdns.yaml:19:53: the zone is not chosen; write one of domain, zone
wildcard orgdns.yaml:19:57: "*.corp.test" is a wildcard, which cannot be delegated: a wildcard has no NS record of its own (RFC 4592 section 4.2); did you mean "corp.test"?
duplicate orgdns.yaml:20:25: rslvr-rr-1 stands twice: first at orgdns.yaml:20:13; remove one
bad-value orgdns.yaml:20:37: "rslvr-x-1" is not the ID of a Resolver rule; write it as in "rslvr-rr-0123456789abcdef0"
bad-value orgdns.yaml:22:38: "99" is not a priority: it is a whole number from 100 to 9900
bad-value orgdns.yaml:23:38: "9901" is not a priority: it is a whole number from 100 to 9900
duplicate orgdns.yaml:25:15: the rule group rslvr-frg-3 stands twice: first at orgdns.yaml:24:15; remove one
duplicate orgdns.yaml:26:38: two rule groups have the priority 200: first at orgdns.yaml:24:38; give each its own
missing-key orgdns.yaml:27:9: the key "priority" is missing: it is required in a firewall group
bad-value orgdns.yaml:28:16: "rqlc" is not the ID of a query log configuration; write it as in "rqlc-0123456789abcdef0"
selector orgdns.yaml:29:40: units cannot be read without access to the organization; add organization.access, or name the accounts
key-conflict orgdns.yaml:29:85: tags and vpcs.tags say the same twice; put all of them under tags
key-conflict orgdns.yaml:29:104: region and vpcs.regions say the same twice; put all of them under regions
selector orgdns.yaml:29:146: the selection is empty; write tags or regions
selector orgdns.yaml:30:23: "Workloads" is no account of the list, and units cannot be read without access to the organization; add organization.access, or name the accounts
unknown-account orgdns.yaml:31:16: account "partner" is not in the list of accounts; add it under accounts, or write its twelve digits
missing-key orgdns.yaml:32:14: the Profile is not chosen; write one of id, name
bad-value orgdns.yaml:33:14: "transitgateway" is not none or transitGateway; did you mean "transitGateway"?
bad-value orgdns.yaml:34:23: "delete" is not a way to treat duplicates; write one of report, remove
missing-key orgdns.yaml:35:12: the probe has nothing to run by; write lambda or command
duplicate orgdns.yaml:36:80: eu-west-1 stands twice: first at orgdns.yaml:36:58; remove one
region orgdns.yaml:36:97: the share has 3 Regions, and 1 hub VPC: there is one in each Region; name the VPC of each Region, or select it by tags
bad-value orgdns.yaml:36:175: "all" is not organization; write one of organization
missing-key orgdns.yaml:36:207: the Transit Gateway is not chosen; write one of id, tags
wrong-type orgdns.yaml:36:230: expected true or false, found the number 1
bad-value orgdns.yaml:36:253: "removed" is not a way to treat duplicates; did you mean "remove"?
bad-value orgdns.yaml:36:281: "condition" is not a difference; write one of endpoint-policy, security-group, isolated-subnet
duplicate orgdns.yaml:37:152: eu-west-1 has two hub VPCs: first at orgdns.yaml:37:87; remove one
wrong-type orgdns.yaml:37:221: expected organization, or a list of accounts and units, found a mapping
key-conflict orgdns.yaml:37:267: the probe runs by one thing, not lambda and command; keep one
key-conflict orgdns.yaml:37:293: nothing is accepted where duplicates are not looked for; write retireDuplicates, or remove the key
`},
		{"own endpoint services", shareBase + `  - name: a
    account: network
    via: profile
    vpc: { tags: { a: b } }
    consumers: { account: shop }
    services: orders
    own:
      - { name: orders, loadBalancer: { arn: "arn:aws:elasticloadbalancing:eu-west-1:222222222222:loadbalancer/app/x/1" }, domain: "a.*.example.com" }
      - { name: Two, loadBalancer: {}, domain: "*.com" }
      - { name: three, account: shop, region: eu-west-3, loadBalancer: { arn: "arn:aws:elasticloadbalancing:eu-west-1:222222222222:loadbalancer/net/x/1" }, domain: x.example.com, parent: { account: dns, domain: example.org } }
      - { name: four, loadBalancer: { name: x, tags: { a: b } }, domain: x.example.com, supportedRegions: eu-west-3 }
      - { name: three }
`, `
duplicate orgdns.yaml:16:17: two services are called orders: first at orgdns.yaml:14:15; give each its own name
bad-value orgdns.yaml:16:46: "arn:aws:elasticloadbalancing:eu-west-1:222222222222:loadbalancer/app/x/1" is not the ARN of a network load balancer; write it as in "arn:aws:elasticloadbalancing:eu-west-1:111122223333:loadbalancer/net/shop/0123456789abcdef"
wildcard orgdns.yaml:16:132: "a.*.example.com" has a * below its first label: a wildcard is the first label (RFC 4592 section 2.1.1); write one service for each name
bad-value orgdns.yaml:17:17: "Two" is not a name for addresses: it is written in lower case; did you mean "two"?
missing-key orgdns.yaml:17:36: the load balancer is not chosen; write one of arn, name, tags
bad-name orgdns.yaml:17:48: "*.com" cannot be proven: it is the domain of nobody's own: the proof is a record in the domain's public zone; write a name below a domain of yours
region orgdns.yaml:18:47: the service three is in eu-west-3, which is not a Region of the share: a service is made, and told of, in a Region of its share; add eu-west-3 to regions
unknown-account orgdns.yaml:18:79: the load balancer is in account 222222222222, the service in 444444444444: a service takes load balancers of its own account; write account: with the load balancer's
region orgdns.yaml:18:79: the load balancer is in eu-west-1, the service in eu-west-3: a service takes load balancers of its own Region; change one of them
outside-parent orgdns.yaml:18:212: x.example.com does not lie in example.org: the record that proves the domain stands in its own public zone; leave parent.domain out for the longest match
key-conflict orgdns.yaml:19:54: the load balancer is chosen by one key, not name and tags; keep one
two-owners orgdns.yaml:19:74: two services have the private DNS name x.example.com: first at orgdns.yaml:18:165; give each its own
region orgdns.yaml:19:107: the Region of the service is not known: without it one service is made in each Region of the share, and none needs others; add region
missing-key orgdns.yaml:20:9: the key "loadBalancer" is missing: it is required in an endpoint service of one's own
duplicate orgdns.yaml:20:17: two services are called three: first at orgdns.yaml:18:17; give each its own name
`},
		{"zones by Profile", shareBase + `  - { name: p, account: network, via: profile, vpc: { tags: { a: b } }, consumers: { account: shop } }
  - { name: r, account: network, via: resolver, vpc: { tags: { a: b } }, services: ec2, consumers: { account: shop } }
privateZones:
  - { domain: a.test, account: dns, anchor: { tags: { a: b } }, via: profile, profile: p, vpcs: { account: shop } }
  - { domain: b.test, account: dns, anchor: { tags: { a: b } }, via: profile }
  - { domain: c.test, account: dns, anchor: { tags: { a: b } }, profile: p }
  - { domain: d.test, account: dns, anchor: { tags: { a: b } }, via: profile, profile: q }
  - { domain: e.test, account: dns, anchor: { tags: { a: b } }, via: profile, profile: r }
  - { domain: f.test, account: dns, anchor: { tags: { a: b } }, via: resolver, profile: p }
`, `
key-conflict orgdns.yaml:12:97: a zone that a Profile carries has no VPCs of its own: its VPCs are the consumers of the endpoint share; remove vpcs, or via and profile
missing-key orgdns.yaml:13:70: the key "profile" is missing: it names the endpoint share whose Profile carries the zone
missing-key orgdns.yaml:14:74: the zone has a Profile, and does not say that it is reached by it; add ` + "`" + `via: profile` + "`" + `
unknown-share orgdns.yaml:15:88: there is no endpoint share "q"; name an endpoint share with ` + "`" + `via: profile` + "`" + `
key-conflict orgdns.yaml:16:88: the endpoint share r has no Profile: it is via resolver: see orgdns.yaml:10:39; name a share with ` + "`" + `via: profile` + "`" + `, or associate the VPCs
bad-value orgdns.yaml:17:70: "resolver" is not a way to reach VPCs; write one of profile
`},
		{"limits", "owner: acme\nlimits: { deletes: 101%, answers: -1 }\npolicies: { changes: none }\n", `
bad-value orgdns.yaml:2:20: "101%" is not a number or a percentage; write it as in 20 or "25%"
bad-value orgdns.yaml:2:35: "-1" is not a number of answers: it is a whole number from 0 to 2147483647
bad-value orgdns.yaml:3:22: "none" is not a kind of changes; write one of all, noDeletes, createOnly
`},
		{"quotas", "owner: acme\naccounts:\n  dns: { id: \"111111111111\", quotas: { vpcsPerProfil: 5, profiles: many } }\nquotas: { firewallGroups: 7, endpointsPerVPC: 0 }\n", `
unknown-key orgdns.yaml:3:40: unknown key "vpcsPerProfil"; did you mean "vpcsPerProfile"?
wrong-type orgdns.yaml:3:68: expected a quota, found the text "many"
unknown-key orgdns.yaml:4:11: unknown key "firewallGroups"; known here: profiles, vpcsPerProfile, zonesPerProfile, rulesPerProfile, resolverEndpoints, resolverRules, ruleAssociations, endpointsPerVPC, rulesPerSecurityGroup, resourcesPerShare, principalsPerShare
bad-value orgdns.yaml:4:47: "0" is not a quota: it is a whole number from 1 to 1000000
`},
		{"owner", "owner: acme/network\n", `
bad-value orgdns.yaml:1:8: "acme/network" is not an owner; write up to 32 letters, digits, dots, - and _
`},
		{"duplicate key", "owner: acme\nowner: other\ndefaults: { role: a, role: b }\n", `
duplicate orgdns.yaml:2:1: the key "owner" stands twice: first at orgdns.yaml:1:1; remove one
duplicate orgdns.yaml:3:22: the key "role" stands twice: first at orgdns.yaml:3:13; remove one
`},
		{"several documents", "owner: acme\n---\nowner: other\n", `
yaml-stream orgdns.yaml:3:1: the file holds a second YAML document; put it in a file of its own in the same folder; files are merged
`},
		{"empty file", "", `
file orgdns.yaml:1:1: the file holds no configuration; write at least one section, or remove the file
`},
		{"comments only", "# nothing here\n---\n", `
file orgdns.yaml:1:1: the file holds no configuration; write at least one section, or remove the file
`},
		{"not YAML", "owner: [acme\n", `
yaml-syntax orgdns.yaml:1:8: this is not YAML: sequence end token ']' not found
`},
		{"plain text", "hello world\n", `
wrong-type orgdns.yaml:1:1: expected a mapping of sections, found the text "hello world"; begin with owner: and accounts:
`},
		{"a list", "- owner: acme\n", `
wrong-type orgdns.yaml:1:1: expected a mapping of sections, found a list; begin with owner: and accounts:
`},
		{"JSON", `{"owner": "acme", "owners": []}`, `
unknown-key orgdns.yaml:1:19: unknown key "owners"; did you mean "owner"?
`},
		{"not text", "owner: \xff\xfe\n", `
yaml-utf8 orgdns.yaml:1:8: the file is not UTF-8 text; save it in UTF-8, without control characters
`},
		{"NUL", "owner: a\x00b\n", `
yaml-utf8 orgdns.yaml:1:9: the file is not UTF-8 text; save it in UTF-8, without control characters
`},
		{"tab", "owner: acme\ndefaults:\n\trole: x\n", `
yaml-tab orgdns.yaml:3:1: the line is indented with a tab: YAML allows spaces only (YAML 1.2 section 6.1); put spaces in its place
`},
		{"tab in a list", "owner: acme\ndelegations:\n\t- domain: x\n", `
yaml-tab orgdns.yaml:3:1: the line is indented with a tab: YAML allows spaces only (YAML 1.2 section 6.1); put spaces in its place
`},
		{"at sign", api + "      - { name: @, type: A, values: 192.0.2.1 }\n", `
yaml-syntax orgdns.yaml:13:17: this is not YAML: '@' is a reserved character; put it in quotes: "@"
`},
		{"alias without anchor", "owner: acme\ndefaults: *base\n", `
yaml-alias orgdns.yaml:2:11: no anchor &base stands before this alias: an unquoted * begins an alias; put &base before what it stands for
`},
		{"alias inside its anchor", "owner: acme\ndelegations: &a [*a]\n", `
yaml-alias orgdns.yaml:2:18: no anchor &a stands before this alias: an unquoted * begins an alias; put &a before what it stands for
`},
		{"tag", "owner: !secret acme\n", `
yaml-tag orgdns.yaml:1:8: the YAML tag "!secret" has no meaning here; leave it out
`},
		{"merge of a text", "owner: acme\ndefaults: { <<: x }\n", `
wrong-type orgdns.yaml:2:17: a merge key takes a mapping, found the text "x"
`},
		{"deep", "owner: " + strings.Repeat("[", 200) + "\n", `
too-large orgdns.yaml:1:108: the file nests too deep: at most 100 levels are read
`},
		{"complex key", "owner: acme\n? [a]\n: b\n", `
yaml-syntax orgdns.yaml:3:1: this is not YAML: found an invalid key for this map
`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := problemsOf(map[string]string{"orgdns.yaml": test.in}, "orgdns.yaml")
			if want := strings.TrimPrefix(test.want, "\n"); got != want {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}
