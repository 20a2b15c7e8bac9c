package twin

import (
	"fmt"
	"strings"
	"sync"

	"github.com/orgdns/orgdns/internal/twin/acm"
	"github.com/orgdns/orgdns/internal/twin/apigateway"
	"github.com/orgdns/orgdns/internal/twin/cloudfront"
	"github.com/orgdns/orgdns/internal/twin/cloudtrail"
	"github.com/orgdns/orgdns/internal/twin/ec2"
	"github.com/orgdns/orgdns/internal/twin/elbv2"
	"github.com/orgdns/orgdns/internal/twin/eventbridge"
	"github.com/orgdns/orgdns/internal/twin/iamapi"
	"github.com/orgdns/orgdns/internal/twin/kms"
	"github.com/orgdns/orgdns/internal/twin/lambda"
	"github.com/orgdns/orgdns/internal/twin/lattice"
	"github.com/orgdns/orgdns/internal/twin/organizations"
	"github.com/orgdns/orgdns/internal/twin/profiles"
	"github.com/orgdns/orgdns/internal/twin/ram"
	"github.com/orgdns/orgdns/internal/twin/resolver"
	"github.com/orgdns/orgdns/internal/twin/route53"
	"github.com/orgdns/orgdns/internal/twin/s3"
	"github.com/orgdns/orgdns/internal/twin/sqs"
	"github.com/orgdns/orgdns/internal/twin/ssm"
	"github.com/orgdns/orgdns/internal/twin/sts"
	"github.com/orgdns/orgdns/internal/twin/tagging"
	"github.com/orgdns/orgdns/internal/twin/wire"
	"github.com/orgdns/orgdns/internal/twin/world"
)

// service is a service as the assembly has it.
type service struct {
	mux *wire.Mux[*world.Call]
	rates
	// global services have one endpoint, in us-east-1 whatever Region a
	// client signs for.
	global bool
}

// rates are the token buckets of a service's requests, which are per account
// and Region: one of each action and one over all. The zero rates are none.
type rates struct {
	action func(operation string) world.Rate
	all    world.Rate
}

// list is every service of the twin, by botocore's name.
var list = []struct {
	name     string
	handlers func() []wire.Handler[*world.Call]
	rates    rates
	global   bool
}{
	// Unsigned requests are tried in this order.
	{name: "sts", handlers: sts.Service},
	{name: "iam", handlers: iamapi.Service, global: true},
	{name: "organizations", handlers: organizations.Service, global: true},
	{name: "route53", handlers: route53.Handlers, rates: rates{route53.Rate, route53.AllActions}, global: true},
	{name: "ec2", handlers: ec2.Service, rates: rates{action: ec2.Rate}},
	{name: "ram", handlers: ram.Service},
	{name: "route53resolver", handlers: resolver.Service, rates: rates{resolver.Rate, resolver.AllRequests}},
	{name: "route53profiles", handlers: profiles.Service},
	{name: "lambda", handlers: lambda.Service},
	{name: "acm", handlers: acm.Service},
	{name: "elbv2", handlers: elbv2.Service},
	{name: "resourcegroupstaggingapi", handlers: tagging.Service},
	{name: "apigatewayv2", handlers: apigateway.Service},
	{name: "cloudfront", handlers: cloudfront.Service, global: true},
	{name: "kms", handlers: kms.Service},
	{name: "s3", handlers: s3.Service},
	{name: "sqs", handlers: sqs.Service},
	{name: "ssm", handlers: ssm.Service, rates: rates{action: ssm.Rate}},
	{name: "events", handlers: eventbridge.Service, rates: rates{action: eventbridge.Rate}},
	{name: "vpc-lattice", handlers: lattice.Service},
	{name: "cloudtrail", handlers: cloudtrail.Service, rates: rates{cloudtrail.Rate, cloudtrail.Reads}},
}

// assembly is what all twins of a process share.
type assembly struct {
	services map[string]*service
	router   *wire.Router
	names    string
}

// assembled makes the assembly once. That the handlers fit the shape tables is
// a property of the program, held by a test.
var assembled = sync.OnceValue(func() *assembly {
	a := &assembly{services: map[string]*service{}}
	var tables []*wire.Service
	var names []string
	for _, s := range list {
		table, err := wire.Load(s.name)
		if err != nil {
			panic(err)
		}
		mux, err := wire.NewMux(table, s.handlers()...)
		if err != nil {
			panic(fmt.Errorf("assembly of the twin: %w", err))
		}
		a.services[s.name] = &service{mux: mux, rates: s.rates, global: s.global}
		tables = append(tables, table)
		names = append(names, s.name)
	}
	a.router = wire.NewRouter(tables...)
	a.names = strings.Join(names, ", ")
	return a
})
