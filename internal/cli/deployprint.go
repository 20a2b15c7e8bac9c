package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/recipe"
)

// The chain for those who deploy by other tools: the parts that the recipe wants,
// with words of the tool where a value depends on where they are deployed.

// chainParts are the parts of the chain.
var chainParts = []string{"hub", "spoke", "stackset"}

// chainFormats write a part.
var chainFormats = map[string]struct {
	suffix string
	write  func(chainPart) (string, error)
}{
	"cloudformation": {".template.json", chainTemplate},
	"terraform":      {"/main.tf", chainModule},
}

// chainPart is a part, with its resources in order.
type chainPart struct {
	name   string
	list   []plan.Wanted
	chain  recipe.EventChain
	spokes []string
}

// about says what a template is for.
func (p chainPart) about() string {
	return map[string]string{
		"hub":      "Takes the events of VPC Lattice services of all accounts, for orgdns",
		"spoke":    "Sends the events of VPC Lattice services to the networking account, for orgdns",
		"stackset": "Sends the events of VPC Lattice services of all accounts of units to the networking account, now and later, for orgdns",
	}[p.name]
}

// Words of a template for what is known when it is deployed. Terraform has others
// for the same.
const (
	wordPartition    = "${AWS::Partition}"
	wordAccount      = "${AWS::AccountId}"
	wordRegion       = "${AWS::Region}"
	wordOrganization = "${OrganizationId}"
	wordShared       = "${OrganizationArn}"
	wordBus          = "${BusArn}"
)

// partOf is a part of a configuration's chain.
func partOf(cfg *config.Config, name string) chainPart {
	role := cfg.Defaults.Role
	if hub, ok := cfg.Account(cfg.LatticeEvents.Account); ok && name == "hub" {
		role = hub.Role
	}
	here := recipe.EventPlace{Partition: wordPartition, Account: wordAccount, Region: wordRegion, Role: role}
	p := chainPart{name: name, chain: recipe.EventChain{
		LatticeEvents: *cfg.LatticeEvents, Owner: plan.EventsOwner(cfg.Owner), Hub: here, Organization: wordOrganization, Shared: wordShared,
	}}
	for _, s := range recipe.EventSpokes(recipe.Input{Config: cfg}) {
		if r := string(s.Region); !slices.Contains(p.spokes, r) {
			p.spokes = append(p.spokes, r)
		}
	}
	slices.Sort(p.spokes)
	if name == "hub" {
		p.list = p.chain.HubParts()
		return p
	}
	p.chain.Bus = wordBus
	p.list = p.chain.SpokeParts(here, plan.Lit(wordBus))
	for _, w := range p.list {
		if o := w.Item.Object; o.Kind == plan.KindEventRole {
			// Roles are of the account, and a StackSet that deploys by itself follows
			// no order of Regions (CloudFormation Template Reference, RegionOrder): so
			// each Region has its own.
			o.Fields["name"] = []plan.Value{plan.Lit(one(o, "name") + "-" + wordRegion)}
		}
	}
	return p
}

// printChain writes one part to Out, or all into a folder.
func (a *app) printChain(cfg *config.Config, args *deployArgs) error {
	format := chainFormats[args.print]
	parts := chainParts
	if args.print == "terraform" {
		parts = parts[:2]
	}
	if args.part != "" {
		parts = []string{args.part}
	} else if args.dir == "" {
		return fmt.Errorf("say which part to print with --part (%s), or name a folder for all with --dir", strings.Join(parts, ", "))
	}
	for _, name := range parts {
		text, err := format.write(partOf(cfg, name))
		if err != nil {
			return err
		}
		if args.dir == "" {
			a.printf("%s", text)
			continue
		}
		file := filepath.Join(args.dir, name+format.suffix)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			return err
		}
		a.printf("%s\n", file)
	}
	return nil
}

// chainLabel is what a resource is called in a template.
func chainLabel(address string) string {
	if strings.HasPrefix(address, "events/roles/") {
		return "role"
	}
	return address[strings.LastIndexByte(address, '/')+1:]
}

// one is the value of a field that is known, or empty.
func one(o *plan.Object, field string) string {
	if v := o.Fields[field]; len(v) > 0 {
		s, _ := v[0].Literal()
		return s
	}
	return ""
}

type object = map[string]any

// chainTemplate is a CloudFormation template. Names of types and properties are
// those of the CloudFormation Template Reference.
func chainTemplate(p chainPart) (string, error) {
	text := func(about string, more object) object {
		out := object{"Type": "String", "Description": about}
		for k, v := range more {
			out[k] = v
		}
		return out
	}
	template := object{"AWSTemplateFormatVersion": "2010-09-09", "Description": p.about()}
	bus := text("The ARN of the event bus of the networking account", object{"AllowedPattern": "arn:[a-z-]+:events:.+:event-bus/.+"})
	switch p.name {
	case "stackset":
		spoke := p
		spoke.name = "spoke"
		body, err := chainTemplate(spoke)
		if err != nil {
			return "", err
		}
		list := func(about string, values ...string) object {
			out := object{"Type": "CommaDelimitedList", "Description": about}
			if len(values) > 0 {
				out["Default"] = strings.Join(values, ",")
			}
			return out
		}
		template["Parameters"] = object{
			"BusArn":                bus,
			"OrganizationalUnitIds": list("The units whose accounts send, with those that come later"),
			"Regions":               list("The Regions in which accounts have services", p.spokes...),
			"CallAs": text("SELF in the management account, DELEGATED_ADMIN in a delegated administrator", object{
				"Default": "SELF", "AllowedValues": []string{"SELF", "DELEGATED_ADMIN"},
			}),
		}
		template["Resources"] = object{"StackSet": object{"Type": "AWS::CloudFormation::StackSet", "Properties": object{
			"StackSetName": plan.EventName(p.chain.Owner), "Description": spoke.about(), "PermissionModel": "SERVICE_MANAGED", "CallAs": object{"Ref": "CallAs"},
			"AutoDeployment": object{"Enabled": true, "RetainStacksOnAccountRemoval": false}, "Capabilities": []string{"CAPABILITY_NAMED_IAM"},
			"Parameters": []any{object{"ParameterKey": "BusArn", "ParameterValue": object{"Ref": "BusArn"}}}, "TemplateBody": body,
			"StackInstancesGroup": []any{object{"Regions": object{"Ref": "Regions"}, "DeploymentTargets": object{"OrganizationalUnitIds": object{"Ref": "OrganizationalUnitIds"}}}},
		}}}
		return indentedJSON(template)
	case "hub":
		template["Parameters"] = object{
			"OrganizationId":  text("The organization whose accounts may send", object{"AllowedPattern": "o-[a-z0-9]{10,32}"}),
			"OrganizationArn": text("Its ARN: with it the parameter is shared", object{"AllowedPattern": "arn:[a-z-]+:organizations::[0-9]{12}:organization/o-.+"}),
		}
		template["Outputs"] = object{
			"BusArn":   object{"Value": object{"Fn::GetAtt": []string{"Bus", "Arn"}}},
			"QueueArn": object{"Value": object{"Fn::GetAtt": []string{"Queue", "Arn"}}},
		}
	default:
		template["Parameters"] = object{"BusArn": bus}
	}
	resources := object{}
	for _, w := range p.list {
		p.resources(w, resources)
	}
	template["Resources"] = resources
	return indentedJSON(template)
}

func indentedJSON(v any) (string, error) {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(v)
	return b.String(), err
}

// substituted is a value of a template: texts with words are filled in there.
func substituted(v any) any {
	switch v := v.(type) {
	case string:
		if strings.Contains(v, "${") {
			return object{"Fn::Sub": v}
		}
	case []any:
		for i := range v {
			v[i] = substituted(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = substituted(v[k])
		}
	}
	return v
}

// document is a policy or a pattern as a value.
func document(text string) any {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	return substituted(v)
}

// arnOf is what a field refers to, as a value.
func (p chainPart) arnOf(v plan.Value) any {
	ref, known := v.Ref()
	if !known {
		s, _ := v.Literal()
		return substituted(s)
	}
	label := chainLabel(ref.Address)
	for _, w := range p.list {
		if w.Address != ref.Address {
			continue
		}
		if o := w.Item.Object; o.Kind == plan.KindParameter { // has no attribute of that kind
			return substituted("arn:" + wordPartition + ":ssm:" + wordRegion + ":" + wordAccount + ":parameter/" + one(o, "name"))
		}
	}
	return object{"Fn::GetAtt": []string{identifier(label), "Arn"}}
}

// resources adds what a part is made of to a template.
func (p chainPart) resources(w plan.Wanted, to object) {
	o, id := w.Item.Object, identifier(chainLabel(w.Address))
	number := func(field string) any { n, _ := strconv.Atoi(one(o, field)); return n } // written by the recipe
	add := func(id, kind string, properties object) { to[id] = object{"Type": kind, "Properties": properties} }
	name := one(o, "name")
	switch o.Kind {
	case plan.KindEventBus:
		add(id, "AWS::Events::EventBus", object{"Name": name, "Policy": document(one(o, "policy"))})
	case plan.KindEventRule:
		target := object{
			"Id": plan.EventTarget, "Arn": p.arnOf(o.Fields["target"][0]), "DeadLetterConfig": object{"Arn": p.arnOf(o.Fields["deadLetters"][0])},
			"RetryPolicy": object{"MaximumEventAgeInSeconds": number("maxAge"), "MaximumRetryAttempts": number("maxRetries")},
		}
		properties := object{"Name": name, "EventPattern": document(one(o, "pattern")), "State": one(o, "state"), "Targets": []any{target}}
		if ref, made := o.Fields["bus"][0].Ref(); made {
			properties["EventBusName"] = object{"Ref": identifier(chainLabel(ref.Address))}
		}
		if role := o.Fields["role"]; len(role) > 0 {
			target["RoleArn"] = p.arnOf(role[0])
		}
		add(id, "AWS::Events::Rule", properties)
	case plan.KindEventRole:
		add(id, "AWS::IAM::Role", object{"RoleName": substituted(name), "AssumeRolePolicyDocument": document(one(o, "trust")),
			"Policies": []any{object{"PolicyName": plan.RolePolicy, "PolicyDocument": document(one(o, "policy"))}}})
	case plan.KindQueue:
		properties := object{"QueueName": name, "VisibilityTimeout": number("visibility"), "MessageRetentionPeriod": number("retention"), "RedriveAllowPolicy": p.admitted(o)}
		if key := one(o, "encryption"); key == plan.EncryptedBySQS {
			properties["SqsManagedSseEnabled"] = true
		} else {
			properties["KmsMasterKeyId"] = key
		}
		if dead := o.Fields["deadLetters"]; len(dead) > 0 {
			properties["RedrivePolicy"] = object{"deadLetterTargetArn": p.arnOf(dead[0]), "maxReceiveCount": number("maxReceives")}
		}
		add(id, "AWS::SQS::Queue", properties)
		add(id+"Policy", "AWS::SQS::QueuePolicy", object{"Queues": []any{object{"Ref": id}}, "PolicyDocument": document(one(o, "policy"))})
	case plan.KindParameter:
		add(id, "AWS::SSM::Parameter", object{"Name": name, "Type": "String", "Tier": "Advanced", "Value": p.arnOf(o.Fields["value"][0])})
	case plan.KindShare:
		add(id, "AWS::RAM::ResourceShare", object{"Name": name, "AllowExternalPrincipals": false,
			"ResourceArns": []any{p.arnOf(o.Fields["resources"][0])}, "Principals": []any{p.arnOf(o.Fields["principals"][0])}})
		to[id].(object)["DependsOn"] = []string{"Parameter"}
	}
}

// admitted says whose dead letters a queue takes.
func (p chainPart) admitted(o *plan.Object) any {
	names := o.Fields["admits"]
	if len(names) == 0 {
		return object{"redrivePermission": "denyAll"}
	}
	var arns []any
	for _, v := range names {
		name, _ := v.Literal()
		arns = append(arns, substituted("arn:"+wordPartition+":sqs:"+wordRegion+":"+wordAccount+":"+name))
	}
	return object{"redrivePermission": "byQueue", "sourceQueueArns": arns}
}
