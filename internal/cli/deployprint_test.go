package cli_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// deployed FILE ACCOUNT REGION [PARAMETER=VALUE...]: a CloudFormation template,
// filled in as for that account and Region, makes what stands there on the twin:
// by name the same policies, patterns, targets, values.
func deployed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: deployed FILE ACCOUNT REGION [PARAMETER=VALUE...]")
	}
	f := filled{ts: ts, account: args[1], region: args[2], parameters: map[string]string{"AWS::Partition": "aws", "AWS::AccountId": args[1], "AWS::Region": args[2]}}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &f))
	for name, p := range f.Parameters {
		f.parameters[name] = p.Default
	}
	for _, a := range args[3:] {
		name, value, _ := strings.Cut(a, "=")
		if _, ok := f.Parameters[name]; !ok {
			ts.Fatalf("there is no parameter %s", name)
		}
		f.parameters[name] = value
	}
	for name, v := range f.parameters {
		if v == "" {
			ts.Fatalf("parameter %s has no value", name)
		}
	}
	e := snapshot(ts)
	for _, id := range slices.Sorted(maps.Keys(f.Resources)) {
		r := f.Resources[id]
		wants, stands := f.wants(r.Type, f.value(r.Properties).(map[string]any)), f.stands(e, r.Type, id)
		if wants == nil || stands == nil {
			ts.Fatalf("%s: %s does not stand on the twin, or nobody looks at it", id, r.Type)
		}
		for _, k := range slices.Sorted(maps.Keys(stands)) {
			if !plan.SameDocument(fmt.Sprint(stands[k]), fmt.Sprint(wants[k])) {
				ts.Fatalf("%s: the template has %s\n%v\nand on the twin stands\n%v", id, k, wants[k], stands[k])
			}
		}
	}
}

// filled is a template with values for its parameters.
type filled struct {
	Parameters map[string]struct{ Default string }
	Resources  map[string]struct {
		Type       string
		Properties map[string]any
	}
	ts              *testscript.TestScript
	account, region string
	parameters      map[string]string
}

var word = regexp.MustCompile(`\$\{[^}]*\}`)

// value is a value with its functions worked out.
func (f filled) value(v any) any {
	list := func(v any) []any { return v.([]any) }
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = f.value(v[i])
		}
		return out
	case map[string]any:
		for name, argument := range v {
			switch name {
			case "Ref":
				return f.reference(argument.(string))
			case "Fn::Sub":
				return word.ReplaceAllStringFunc(argument.(string), func(w string) string { return f.reference(w[2 : len(w)-1]) })
			case "Fn::GetAtt":
				return f.arn(list(argument)[0].(string))
			}
		}
		out := map[string]any{}
		for k, x := range v {
			out[k] = f.value(x)
		}
		return out
	}
	return v
}

// reference is what Ref gives: the value of a parameter, the name of a resource.
func (f filled) reference(name string) string {
	if v, ok := f.parameters[name]; ok {
		return v
	}
	r, ok := f.Resources[name]
	if !ok {
		f.ts.Fatalf("nothing is called %s", name)
	}
	return fmt.Sprint(r.Properties[map[string]string{"AWS::Events::EventBus": "Name", "AWS::SQS::Queue": "QueueName"}[r.Type]])
}

// arn is the attribute Arn of a resource.
func (f filled) arn(id string) string {
	r, ok := f.Resources[id]
	name := func(key string) string { return fmt.Sprint(r.Properties[key]) }
	switch account, region := estate.AccountID(f.account), estate.Region(f.region); {
	case !ok:
	case r.Type == "AWS::Events::EventBus":
		return estate.EventBusARN(account, region, name("Name"))
	case r.Type == "AWS::SQS::Queue":
		return estate.QueueARN(account, region, name("QueueName"))
	case r.Type == "AWS::IAM::Role": // without the Region, as orgdns names that of the account
		return "arn:aws:iam::" + f.account + ":role/" + strings.TrimSuffix(f.value(r.Properties["RoleName"]).(string), "-"+f.region)
	}
	f.ts.Fatalf("%s has no Arn", id)
	return ""
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	raw, _ := json.Marshal(v)
	return string(raw)
}

// wants is what a resource of a template comes to.
func (f filled) wants(kind string, p map[string]any) map[string]string {
	first := func(v any) any { return v.([]any)[0] }
	switch kind {
	case "AWS::Events::EventBus":
		return map[string]string{"policy": text(p["Policy"])}
	case "AWS::Events::Rule":
		t := first(p["Targets"]).(map[string]any)
		role, _ := t["RoleArn"].(string)
		return map[string]string{
			"pattern": text(p["EventPattern"]), "state": text(p["State"]), "target": text(t["Arn"]), "role": role, "id": text(t["Id"]),
			"dead letters": text(t["DeadLetterConfig"].(map[string]any)["Arn"]), "retries": text(t["RetryPolicy"]),
		}
	case "AWS::SQS::Queue":
		return map[string]string{
			"visibility": text(p["VisibilityTimeout"]), "retention": text(p["MessageRetentionPeriod"]), "encrypted": text(p["SqsManagedSseEnabled"]),
			"redrive": text(p["RedrivePolicy"]), "allow": text(p["RedriveAllowPolicy"]),
		}
	case "AWS::SQS::QueuePolicy":
		return map[string]string{"queue": text(first(p["Queues"])), "policy": text(p["PolicyDocument"])}
	case "AWS::IAM::Role":
		return map[string]string{"trust": text(p["AssumeRolePolicyDocument"]), "policy": text(first(p["Policies"]).(map[string]any)["PolicyDocument"])}
	case "AWS::SSM::Parameter":
		return map[string]string{"value": text(p["Value"]), "tier": text(p["Tier"])}
	case "AWS::RAM::ResourceShare":
		return map[string]string{"resource": text(first(p["ResourceArns"])), "principal": text(first(p["Principals"])), "external": text(p["AllowExternalPrincipals"])}
	}
	return nil
}

// stands is the same of what stands on the twin.
func (f filled) stands(e estate.Estate, kind, id string) map[string]string {
	account, region := estate.AccountID(f.account), estate.Region(f.region)
	name := func(key string) string { return text(f.Resources[id].Properties[key]) }
	dead := func(q estate.Queue) string {
		if q.DeadLetters == "" {
			return "null"
		}
		return fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, q.DeadLetters, q.MaxReceives)
	}
	switch kind {
	case "AWS::Events::EventBus":
		b, _ := e.EventBuses.Get(f.arn(id))
		return map[string]string{"policy": b.Policy}
	case "AWS::Events::Rule":
		bus := estate.DefaultBus
		if v := f.Resources[id].Properties["EventBusName"]; v != nil {
			bus = text(f.value(v))
		}
		r, ok := e.EventRules.Get(estate.EventRuleARN(account, region, bus, name("Name")))
		if !ok || len(r.Targets) != 1 {
			return nil
		}
		t := r.Targets[0]
		return map[string]string{
			"pattern": r.Pattern, "state": r.State, "target": t.ARN, "role": t.Role, "id": t.ID, "dead letters": t.DeadLetters,
			"retries": fmt.Sprintf(`{"MaximumEventAgeInSeconds":%d,"MaximumRetryAttempts":%d}`, int(t.MaxAge.Seconds()), *t.MaxRetries),
		}
	case "AWS::SQS::Queue":
		q, ok := e.Queues.Get(f.arn(id))
		if !ok {
			return nil
		}
		allow, _ := json.Marshal(map[string]any{"redrivePermission": q.Redrive.Permission})
		if len(q.Redrive.Sources) > 0 {
			allow, _ = json.Marshal(map[string]any{"redrivePermission": q.Redrive.Permission, "sourceQueueArns": q.Redrive.Sources})
		}
		return map[string]string{
			"visibility": fmt.Sprint(q.Visibility.Seconds()), "retention": fmt.Sprint(int(q.Retention.Seconds())), "encrypted": fmt.Sprint(q.Encrypted), "redrive": dead(q), "allow": string(allow),
		}
	case "AWS::SQS::QueuePolicy":
		queue := strings.TrimSuffix(id, "Policy")
		q, ok := e.Queues.Get(f.arn(queue))
		if !ok {
			return nil
		}
		return map[string]string{"queue": q.Name, "policy": q.Policy}
	case "AWS::IAM::Role":
		r, ok := e.Roles.Get(f.arn(id))
		if !ok {
			return nil
		}
		return map[string]string{"trust": r.Trust, "policy": r.Inline[plan.RolePolicy]}
	case "AWS::SSM::Parameter":
		p, ok := e.Parameters.Get(estate.ParameterARN(account, region, name("Name")))
		if !ok {
			return nil
		}
		return map[string]string{"value": p.Value, "tier": p.Tier}
	case "AWS::RAM::ResourceShare":
		for s := range e.Shares.All() {
			if s.Account == account && s.Region == region && s.Name == name("Name") && len(s.Resources) == 1 && len(s.Principals) == 1 {
				return map[string]string{"resource": s.Resources[0].ID, "principal": s.Principals[0].ID, "external": fmt.Sprint(s.AllowExternal)}
			}
		}
	}
	return nil
}
