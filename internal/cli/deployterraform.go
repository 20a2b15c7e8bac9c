package cli

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/orgdns/orgdns/internal/plan"
)

// terraformWords are a template's words in Terraform.
var terraformWords = strings.NewReplacer(
	wordPartition, "${data.aws_partition.here.partition}", wordAccount, "${data.aws_caller_identity.here.account_id}", wordRegion, "${data.aws_region.here.name}",
	wordOrganization, "${var.organization_id}", wordShared, "${var.organization_arn}", wordBus, "${var.bus_arn}",
)

// terraformTypes are the resources of which others use the ARN.
var terraformTypes = map[plan.Kind]string{
	plan.KindEventBus: "aws_cloudwatch_event_bus", plan.KindQueue: "aws_sqs_queue", plan.KindParameter: "aws_ssm_parameter", plan.KindEventRole: "aws_iam_role",
}

// chainModule is a Terraform module (provider hashicorp/aws).
func chainModule(p chainPart) (string, error) {
	m := &module{chainPart: p}
	m.write("# %s.\n\nterraform {\n  required_providers {\n    aws = { source = \"hashicorp/aws\" }\n  }\n}\n", p.about())
	variable := func(name, about, more string) {
		m.write("\nvariable %q {\n  description = %q\n%s}\n", name, about, more)
	}
	if p.name == "hub" {
		variable("organization_id", "The organization whose accounts may send", "  type        = string\n")
		variable("organization_arn", "Its ARN: with it the parameter is shared", "  type        = string\n")
	} else {
		variable("bus_arn", "The ARN of the event bus of the networking account", "  type        = string\n")
	}
	for _, d := range []string{"aws_partition", "aws_caller_identity", "aws_region"} {
		m.write("\ndata %q \"here\" {}\n", d)
	}
	for _, w := range p.list {
		m.resource(w)
	}
	if p.name == "hub" {
		m.write("\noutput \"bus_arn\" {\n  value = aws_cloudwatch_event_bus.bus.arn\n}\n\noutput \"queue_arn\" {\n  value = aws_sqs_queue.queue.arn\n}\n")
	}
	return m.String(), nil
}

// module is a module that is being written.
type module struct {
	chainPart
	strings.Builder
}

func (m *module) write(format string, args ...any) { fmt.Fprintf(m, format, args...) }

// block writes a resource; each argument is a name and an expression.
func (m *module) block(kind, label string, arguments ...[2]string) {
	width := 0
	for _, a := range arguments {
		if !strings.HasPrefix(a[1], "{") {
			width = max(width, len(a[0]))
		}
	}
	m.write("\nresource %q %q {\n", kind, label)
	for _, a := range arguments {
		if strings.HasPrefix(a[1], "{") {
			m.write("  %s %s\n", a[0], a[1])
		} else {
			m.write("  %-*s = %s\n", width, a[0], a[1])
		}
	}
	m.write("}\n")
}

// quotedWords is a text as an expression; one word is a value by itself.
func quotedWords(s string) string {
	text := terraformWords.Replace(s)
	if word, ok := strings.CutPrefix(text, "${"); ok && strings.IndexByte(word, '}') == len(word)-1 {
		return word[:len(word)-1]
	}
	return strconv.Quote(text)
}

// documentText is a document of JSON as a heredoc.
func documentText(text string) string {
	return "<<-EOT\n" + terraformWords.Replace(indented(text)) + "\n  EOT"
}

// expression is what a field refers to.
func (m *module) expression(v plan.Value) string {
	ref, known := v.Ref()
	if !known {
		s, _ := v.Literal()
		return quotedWords(s)
	}
	for _, w := range m.list {
		if w.Address != ref.Address {
			continue
		}
		return terraformTypes[w.Item.Object.Kind] + "." + chainLabel(ref.Address) + ".arn"
	}
	return quotedWords("") // a part refers to itself alone
}

func (m *module) resource(w plan.Wanted) {
	o, label := w.Item.Object, chainLabel(w.Address)
	name := [2]string{"name", quotedWords(one(o, "name"))}
	switch o.Kind {
	case plan.KindEventBus:
		m.block("aws_cloudwatch_event_bus", label, name)
		m.block("aws_cloudwatch_event_bus_policy", label, [2]string{"event_bus_name", "aws_cloudwatch_event_bus." + label + ".name"}, [2]string{"policy", documentText(one(o, "policy"))})
	case plan.KindEventRule:
		m.rule(o, label, name)
	case plan.KindEventRole:
		m.block("aws_iam_role", label, name, [2]string{"assume_role_policy", documentText(one(o, "trust"))})
		m.block("aws_iam_role_policy", label, [2]string{"name", strconv.Quote(plan.RolePolicy)}, [2]string{"role", "aws_iam_role." + label + ".name"},
			[2]string{"policy", documentText(one(o, "policy"))})
	case plan.KindQueue:
		m.queue(o, label, name)
	case plan.KindParameter:
		m.block("aws_ssm_parameter", label, name, [2]string{"type", `"String"`}, [2]string{"tier", `"Advanced"`}, [2]string{"value", m.expression(o.Fields["value"][0])})
	case plan.KindShare:
		m.block("aws_ram_resource_share", label, name, [2]string{"allow_external_principals", "false"})
		share := [2]string{"resource_share_arn", "aws_ram_resource_share." + label + ".arn"}
		m.block("aws_ram_resource_association", label, share, [2]string{"resource_arn", m.expression(o.Fields["resources"][0])})
		m.block("aws_ram_principal_association", label, share, [2]string{"principal", m.expression(o.Fields["principals"][0])})
	}
}

func (m *module) rule(o *plan.Object, label string, name [2]string) {
	rule := [][2]string{name, {"event_pattern", documentText(one(o, "pattern"))}, {"state", strconv.Quote(one(o, "state"))}}
	target := [][2]string{{"rule", "aws_cloudwatch_event_rule." + label + ".name"}, {"target_id", strconv.Quote(plan.EventTarget)}, {"arn", m.expression(o.Fields["target"][0])}}
	if ref, made := o.Fields["bus"][0].Ref(); made {
		bus := [2]string{"event_bus_name", "aws_cloudwatch_event_bus." + chainLabel(ref.Address) + ".name"}
		rule, target = append(rule, bus), append(target, bus)
	}
	if role := o.Fields["role"]; len(role) > 0 {
		target = append(target, [2]string{"role_arn", m.expression(role[0])}, [2]string{"depends_on", "[aws_iam_role_policy.role]"})
	}
	target = append(target,
		[2]string{"dead_letter_config", fmt.Sprintf("{\n    arn = %s\n  }", m.expression(o.Fields["deadLetters"][0]))},
		[2]string{"retry_policy", fmt.Sprintf("{\n    maximum_event_age_in_seconds = %s\n    maximum_retry_attempts       = %s\n  }", one(o, "maxAge"), one(o, "maxRetries"))})
	m.block("aws_cloudwatch_event_rule", label, rule...)
	m.block("aws_cloudwatch_event_target", label, target...)
}

func (m *module) queue(o *plan.Object, label string, name [2]string) {
	list := [][2]string{name, {"visibility_timeout_seconds", one(o, "visibility")}, {"message_retention_seconds", one(o, "retention")}}
	if key := one(o, "encryption"); key == plan.EncryptedBySQS {
		list = append(list, [2]string{"sqs_managed_sse_enabled", "true"})
	} else {
		list = append(list, [2]string{"kms_master_key_id", strconv.Quote(key)})
	}
	if dead := o.Fields["deadLetters"]; len(dead) > 0 {
		list = append(list, [2]string{"redrive_policy", fmt.Sprintf("jsonencode({ deadLetterTargetArn = %s, maxReceiveCount = %s })", m.expression(dead[0]), one(o, "maxReceives"))})
	}
	allow := `{ redrivePermission = "denyAll" }`
	if names := o.Fields["admits"]; len(names) > 0 {
		var arns []string
		for _, v := range names {
			s, _ := v.Literal()
			arns = append(arns, quotedWords("arn:"+wordPartition+":sqs:"+wordRegion+":"+wordAccount+":"+s))
		}
		allow = fmt.Sprintf(`{ redrivePermission = "byQueue", sourceQueueArns = [%s] }`, strings.Join(arns, ", "))
	}
	list = append(list, [2]string{"redrive_allow_policy", "jsonencode(" + allow + ")"}, [2]string{"policy", documentText(one(o, "policy"))})
	m.block("aws_sqs_queue", label, list...)
}
