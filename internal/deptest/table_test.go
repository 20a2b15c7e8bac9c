package deptest

import "slices"

// module is the import path of this one.
const module = "github.com/orgdns/orgdns"

// rule says what a package may import besides the standard library. The lists
// are complete: what is not in them must not be imported.
type rule struct {
	layer string // as in docs/architecture.md
	ours  set    // packages of ours
	other []string
	// tests and otherTests are what its test files may import on top.
	tests      set
	otherTests []string
	// pure packages open no file and no socket, and see no client of AWS, not
	// even through others.
	pure bool
	// testOnly packages are imported by test files alone.
	testOnly bool
}

// set is packages of ours, without "internal/".
type set []string

func (s set) and(more ...string) set { return append(slices.Clone(s), more...) }

// What a package may import of the layers below it. services is what a service
// of the twin stands on: no other service.
var (
	layer0   = set{"clock", "diag", "dnsname", "pace"}
	layer1   = layer0.and("estate")
	layer2   = layer1.and("resolve", "config", "reach", "cost", "probe", "history")
	layer3   = layer2.and("plan", "audit", "retire")
	layer4   = layer3.and("recipe", "apply")
	layer5   = layer4.and("reconcile")
	layer6   = layer5.and("event")
	services = layer1.and("resolve", "twin/wire", "twin/world", "twin/iam")
	allTwin  = services.and("twin", "twin/sigv4", "twin/dns", "twin/acm", "twin/apigateway", "twin/cloudfront", "twin/cloudtrail",
		"twin/ec2", "twin/elbv2", "twin/eventbridge", "twin/iamapi", "twin/kms", "twin/lambda", "twin/lattice", "twin/organizations", "twin/profiles", "twin/ram", "twin/resolver", "twin/route53", "twin/s3", "twin/sqs", "twin/ssm", "twin/sts", "twin/tagging")
)

// Modules of others.
const (
	sdk     = "github.com/aws/aws-sdk-go-v2"
	smithy  = "github.com/aws/smithy-go"
	radix   = "github.com/hashicorp/go-immutable-radix/v2"
	yaml    = "github.com/goccy/go-yaml"
	dns     = "github.com/miekg/dns"
	cobra   = "github.com/spf13/cobra"
	term    = "golang.org/x/term"
	rapid   = "pgregory.net/rapid"
	scripts = "github.com/rogpeppe/go-internal"
	sqlite  = "modernc.org/sqlite"
	pgx     = "github.com/jackc/pgx/v5"
	metrics = "github.com/prometheus/client_golang"
	traces  = "go.opentelemetry.io/otel"
)

// service is the rule of a service of the twin: inputs and outputs come from its
// own client in the SDK, so that EC2's, which takes long to compile, is seen
// by few.
func service(client string) rule {
	return rule{
		layer: "E, a service of the twin", ours: services,
		other: []string{sdk + "/aws", sdk + "/service/" + client, smithy},
		tests: set{"twin/world/worldtest"}, otherTests: []string{rapid},
	}
}

// table is every package, by its path without "internal/".
var table = map[string]rule{
	"clock":   {layer: "0", pure: true, otherTests: []string{rapid}},
	"diag":    {layer: "0", pure: true, otherTests: []string{rapid}},
	"dnsname": {layer: "0", pure: true, otherTests: []string{rapid}},
	"pace":    {layer: "0", pure: true, ours: set{"clock"}, otherTests: []string{rapid}},

	"estate": {layer: "1", pure: true, ours: layer0, other: []string{radix}, otherTests: []string{rapid}},

	"resolve": {layer: "2", pure: true, ours: layer1, otherTests: []string{rapid}},
	"config":  {layer: "2", pure: true, ours: layer1, other: []string{yaml}, otherTests: []string{rapid}},
	"reach":   {layer: "2", pure: true, ours: layer1},
	"cost":    {layer: "2", pure: true, ours: layer1},
	"probe":   {layer: "2", pure: true, ours: layer0},
	"history": {layer: "2", pure: true, ours: layer1, otherTests: []string{rapid}},

	"plan":   {layer: "3", pure: true, ours: layer1, otherTests: []string{rapid}},
	"audit":  {layer: "3", pure: true, ours: layer1.and("resolve"), otherTests: []string{rapid}},
	"retire": {layer: "3", pure: true, ours: layer1.and("cost")},

	"recipe":    {layer: "4", pure: true, ours: layer3, otherTests: []string{rapid}},
	"openshift": {layer: "4", pure: true, ours: layer3},
	"apply":     {layer: "4", pure: true, ours: layer1.and("plan"), otherTests: []string{rapid}},

	"reconcile": {layer: "5", pure: true, ours: layer4, otherTests: []string{rapid}},

	"event": {layer: "6", pure: true, ours: layer5},

	"probe/inside": {layer: "E", ours: layer0.and("probe"), other: []string{dns}},
	"runtimeapi":   {layer: "E", ours: set{"clock"}},
	"store":        {layer: "E", ours: layer1.and("history"), other: []string{sqlite, pgx}, otherTests: []string{rapid}},

	"awsapi": {layer: "E", ours: layer1.and("plan"), other: []string{sdk, smithy}, otherTests: []string{rapid}},

	"twin":                     {layer: "E", ours: allTwin.and("probe", "reach"), other: []string{smithy}, otherTests: []string{sdk}},
	"twin/dns":                 {layer: "E", ours: layer1.and("resolve", "twin/world"), other: []string{dns}, otherTests: []string{rapid}},
	"twin/iam":                 {layer: "E", ours: layer1.and("twin/world"), other: []string{smithy}, otherTests: []string{rapid}},
	"twin/sigv4":               {layer: "E", otherTests: []string{sdk, rapid}},
	"twin/wire":                {layer: "E", ours: set{"twin/wire/internal/model"}, other: []string{smithy}, otherTests: []string{sdk, rapid}},
	"twin/wire/internal/model": {layer: "E"},
	"twin/wire/internal/trim":  {layer: "E", ours: set{"twin/wire/internal/model"}},
	"twin/world":               {layer: "E", ours: layer1, other: []string{radix, smithy}, otherTests: []string{rapid}},
	"twin/world/worldtest":     {layer: "E", ours: layer1.and("twin/wire", "twin/world"), testOnly: true},

	"twin/acm":           service("acm"),
	"twin/apigateway":    service("apigatewayv2"),
	"twin/cloudfront":    service("cloudfront"),
	"twin/cloudtrail":    service("cloudtrail"),
	"twin/ec2":           service("ec2"),
	"twin/elbv2":         service("elasticloadbalancingv2"),
	"twin/eventbridge":   service("eventbridge"),
	"twin/iamapi":        service("iam"),
	"twin/lambda":        service("lambda"),
	"twin/lattice":       service("vpclattice"),
	"twin/organizations": service("organizations"),
	"twin/profiles":      service("route53profiles"),
	"twin/ram":           service("ram"),
	"twin/resolver":      service("route53resolver"),
	"twin/route53":       service("route53"),
	"twin/kms":           service("kms"),
	"twin/s3":            service("s3"),
	"twin/sqs":           service("sqs"),
	"twin/ssm":           service("ssm"),
	"twin/sts":           service("sts"),
	"twin/tagging":       service("resourcegroupstaggingapi"),

	"stage": {
		layer: "7", ours: layer6.and("openshift", "awsapi", "twin", "twin/world"), other: []string{sdk + "/aws", sdk + "/credentials"},
	},

	"cli": {
		layer: "8", ours: layer6.and("openshift", "probe/inside", "runtimeapi", "stage", "awsapi", "store", "twin", "twin/dns", "twin/world", "examples"),
		other: []string{cobra, dns, term, metrics, traces, sdk + "/aws", sdk + "/config", sdk + "/credentials", smithy + "/logging"},
		tests: allTwin, otherTests: []string{scripts, sdk, smithy},
	},
	"cmd/orgdns": {layer: "8", ours: set{"cli"}, otherTests: []string{scripts}},
	"examples":   {layer: "8", tests: layer2},

	// Tests and nothing else.
	"deptest":      {},
	"twin/clients": {tests: allTwin, otherTests: []string{scripts}},
	"twintest":     {tests: layer6.and("stage", "awsapi", "cli", "examples").and(allTwin...), otherTests: []string{dns, rapid, scripts, sdk, smithy}},
}

// ban is what code outside tests must not call, but for a few places.
type ban struct {
	path  string // of a package of the standard library
	names []string
	why   string
	but   []string // "package", "package/file.go", or "package/file.go Function"
}

var bans = []ban{
	{"time", []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"},
		"time comes from the injected clock", []string{
			"awsapi/sessions.go Wall", // the clock of real runs
			"twin/offset.go",          // that of a twin that runs as a server
			"twin/server.go Start",    // what clients of such a twin sign with
		}},
	{"context", []string{"Background", "TODO"},
		"a context comes from the caller", []string{"cli/cli.go", "twin/world/worldtest"}},
	{"os", []string{"Getenv", "LookupEnv", "Environ", "ExpandEnv"},
		"nothing below package cli looks at the environment", []string{"cli"}},
	{"os", []string{"Exit"}, "package cli returns the exit code", []string{"cmd/orgdns", "twin/wire/internal/trim"}},
	{"fmt", []string{"Print", "Printf", "Println"}, "nothing below package cli prints, and cli prints to its Streams", nil},
}
