package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
)

// accountRoles are the roles of one account, to be written in a format.
type accountRoles struct {
	title     string // "dns (111111111111)"
	account   string
	principal string // who runs orgdns
	roles     []awsapi.RoleDocument
}

// about says what a file is for.
func (x accountRoles) about() string {
	if x.principal == "" {
		return "What writers of private zones need in account " + x.title
	}
	return "What orgdns may do in account " + x.title
}

// iamFormats are the forms in which roles are made by others.
var iamFormats = map[string]struct {
	suffix string
	write  func(accountRoles) (string, error)
}{
	"cloudformation": {".template.json", cloudFormation},
	"terraform":      {".tf", terraform},
	"aws-cli":        {".sh", awsCLI},
}

func iamFormatNames() []string { return append([]string{"text", "json"}, sorted(iamFormats)...) }

// maxTemplate is the longest template that is not read from S3 (CloudFormation
// User Guide, cloudformation-limits.html).
const maxTemplate = 51_200

// iamFiles writes the roles in a format, one file an account, or that of one
// account to Out.
func (a *app) iamFiles(cfg *config.Config, format, dir, principal string, roles []awsapi.RoleDocument) error {
	if names := accountNames(cfg, roles); dir == "" && len(names) > 1 {
		return fmt.Errorf("--format %s is for one account: name it with --account (%s), or a folder for all with --dir", format, strings.Join(names, ", "))
	}
	var list []accountRoles
	for _, r := range roles {
		if i := slices.IndexFunc(list, func(x accountRoles) bool { return x.account == string(r.Account) }); i >= 0 {
			list[i].roles = append(list[i].roles, r)
			continue
		}
		x := accountRoles{
			title: accountTitle(cfg, r.Account), account: string(r.Account), principal: principal, roles: []awsapi.RoleDocument{r},
		}
		list = append(list, x)
	}
	for _, x := range list {
		text, err := iamFormats[format].write(x)
		if err != nil {
			return err
		}
		if format == "cloudformation" && len(text) > maxTemplate {
			a.diagnostics(diag.List{{Severity: diag.Note, Account: x.account, Summary: "the template is longer than 51,200 characters: CloudFormation reads it from S3 only (--template-url)"}})
		}
		if dir == "" {
			a.printf("%s", text)
			continue
		}
		if err := os.MkdirAll(dir, 0o777); err != nil {
			return err
		}
		file := filepath.Join(dir, strings.Fields(x.title)[0]+iamFormats[format].suffix)
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			return err
		}
		a.printf("%s\n", file)
	}
	return nil
}

// An external ID that is not to be printed stands as a placeholder in the trust
// policy, and becomes a parameter.
const placeholder = "EXTERNAL-ID-OF-"

// external finds the placeholder in a trust policy, and names its parameter: of
// the role that reads the organization apart, since it may be in the same account.
func external(trust string) (found, parameter string) {
	_, rest, ok := strings.Cut(trust, `"`+placeholder)
	name, _, _ := strings.Cut(rest, `"`)
	switch {
	case !ok:
		return "", ""
	case name == organization:
		return placeholder + name, "organization_external_id"
	case strings.HasPrefix(name, writerPlaceholder):
		return placeholder + name, "external_id_" + strings.ToLower(strings.NewReplacer("-", "_", ".", "_").Replace(strings.TrimPrefix(name, writerPlaceholder)))
	}
	return placeholder + name, "external_id"
}

// writerPlaceholder begins the placeholder's name for the role of a writer.
const writerPlaceholder = "WRITER-"

// organization is the placeholder's name for the role that reads the organization.
const organization = "THE-ORGANIZATION"

// runner is the kind and name of the identity that runs orgdns: a role, a user,
// or neither, when only its account is known.
func (x accountRoles) runner() (kind, name string) {
	_, rest, _ := strings.Cut(strings.TrimPrefix(x.principal, "arn:"), "::")
	parts := strings.Split(rest, "/")
	switch {
	case strings.HasSuffix(parts[0], ":role"), strings.HasSuffix(parts[0], ":user"):
		return parts[0][len(parts[0])-len("role"):], parts[len(parts)-1]
	case strings.HasSuffix(parts[0], ":assumed-role") && len(parts) > 1:
		return "role", parts[1]
	}
	return "", ""
}

// identifier is a name in letters and digits, each word with a capital.
func identifier(name string) string {
	var b strings.Builder
	up := true
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z' && up:
			r += 'A' - 'a'
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
		default:
			up = true
			continue
		}
		b.WriteRune(r)
		up = false
	}
	return b.String()
}

// cloudFormation is a template (CloudFormation User Guide, AWS::IAM::Role and
// AWS::IAM::ManagedPolicy, whose Ref is its ARN).
func cloudFormation(x accountRoles) (string, error) {
	type object = map[string]any
	resources, parameters := object{}, object{}
	template := object{
		"AWSTemplateFormatVersion": "2010-09-09",
		"Description":              x.about(),
		"Resources":                resources,
	}
	for _, r := range x.roles {
		var arns []any
		for _, p := range r.Policies {
			properties := object{"ManagedPolicyName": p.Name, "PolicyDocument": json.RawMessage(p.Document)}
			if kind, name := x.runner(); r.Name == "" && kind != "" {
				properties[identifier(kind)+"s"] = []string{name}
			}
			resources[identifier(p.Name)+"Policy"] = object{"Type": "AWS::IAM::ManagedPolicy", "Properties": properties}
			arns = append(arns, object{"Ref": identifier(p.Name) + "Policy"})
		}
		if r.Name == "" {
			continue
		}
		trust := r.Trust
		if found, parameter := external(trust); found != "" {
			trust = strings.ReplaceAll(trust, `"`+found+`"`, `{"Ref":"`+identifier(parameter)+`"}`)
			parameters[identifier(parameter)] = object{
				"Type": "String", "NoEcho": true, "MinLength": 2, "Description": "The external ID with which " + r.Name + " is assumed",
			}
		}
		properties := object{"RoleName": r.Name, "AssumeRolePolicyDocument": json.RawMessage(trust), "ManagedPolicyArns": arns}
		if r.Path != "" {
			properties["Path"] = r.Path
		}
		resources[identifier(r.Name)+"Role"] = object{"Type": "AWS::IAM::Role", "Properties": properties}
	}
	if len(parameters) > 0 {
		template["Parameters"] = parameters
	}
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(template)
	return b.String(), err
}

// terraform is a module (provider hashicorp/aws: aws_iam_role, aws_iam_policy,
// aws_iam_role_policy_attachment).
func terraform(x accountRoles) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s.\n\nterraform {\n  required_providers {\n    aws = { source = \"hashicorp/aws\" }\n  }\n}\n", x.about())
	block := func(kind, name, format string, args ...any) {
		fmt.Fprintf(&b, "\nresource %q %q {\n%s}\n", kind, label(name), fmt.Sprintf(format, args...))
	}
	variables := map[string]string{}
	for _, r := range x.roles {
		for _, p := range r.Policies {
			block("aws_iam_policy", p.Name, "  name   = %q\n  policy = <<-EOT\n%s\n  EOT\n", p.Name, literal(p.Document))
			switch kind, name := x.runner(); {
			case r.Name != "":
				block("aws_iam_role_policy_attachment", p.Name, "  role       = aws_iam_role.%s.name\n  policy_arn = aws_iam_policy.%s.arn\n", label(r.Name), label(p.Name))
			case kind != "":
				block("aws_iam_"+kind+"_policy_attachment", p.Name, "  %-10s = %q\n  policy_arn = aws_iam_policy.%s.arn\n", kind, name, label(p.Name))
			}
		}
		if r.Name == "" {
			continue
		}
		trust := literal(r.Trust)
		if found, parameter := external(trust); found != "" {
			trust, variables[parameter] = strings.ReplaceAll(trust, found, "${var."+parameter+"}"), r.Name
		}
		path := ""
		if r.Path != "" {
			path = fmt.Sprintf("  path               = %q\n", r.Path)
		}
		block("aws_iam_role", r.Name, "  name               = %q\n%s  assume_role_policy = <<-EOT\n%s\n  EOT\n", r.Name, path, trust)
	}
	for _, v := range sorted(variables) {
		fmt.Fprintf(&b, "\nvariable %q {\n  description = \"The external ID with which %s is assumed\"\n  type        = string\n  sensitive   = true\n}\n", v, variables[v])
	}
	return b.String(), nil
}

// label is a name as Terraform takes it for a resource.
func label(name string) string {
	out := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return '_'
	}, name)
	if out[0] >= '0' && out[0] <= '9' || out[0] == '-' {
		out = "_" + out
	}
	return out
}

// literal is a document in a heredoc, where ${ and %{ mean something.
func literal(document string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{").Replace(indented(document))
}

// awsCLI is a shell script that makes the roles with the AWS CLI. It refuses to
// run in another account.
func awsCLI(x accountRoles) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, `#!/bin/sh
# %s.
set -e
account=$(aws sts get-caller-identity --query Account --output text)
if [ "$account" != %s ]; then
  echo "these roles are for account %s; the credentials are of $account" >&2
  exit 1
fi
`, x.about(), x.account, x.account)
	for _, r := range x.roles {
		path := ""
		if r.Path != "" {
			path = " --path " + quoted(r.Path)
		}
		if r.Name != "" {
			trust := quoted(r.Trust)
			if found, parameter := external(trust); found != "" {
				parameter = strings.ToUpper(parameter)
				fmt.Fprintf(&b, "\n: \"${%s:?set it to the external ID with which %s is assumed}\"\n", parameter, r.Name)
				trust = strings.ReplaceAll(trust, found, `'"$`+parameter+`"'`)
			}
			fmt.Fprintf(&b, "\naws iam create-role --role-name %s%s --query Role.Arn --output text \\\n  --assume-role-policy-document %s\n", quoted(r.Name), path, trust)
		}
		for _, p := range r.Policies {
			fmt.Fprintf(&b, "\narn=$(aws iam create-policy --policy-name %s --query Policy.Arn --output text \\\n  --policy-document %s)\n", quoted(p.Name), quoted(p.Document))
			switch kind, name := x.runner(); {
			case r.Name != "":
				fmt.Fprintf(&b, "aws iam attach-role-policy --role-name %s --policy-arn \"$arn\"\n", quoted(r.Name))
			case kind != "":
				fmt.Fprintf(&b, "aws iam attach-%s-policy --%s-name %s --policy-arn \"$arn\"\n", kind, kind, quoted(name))
			default:
				fmt.Fprintf(&b, "echo \"attach $arn to whoever %s\"\n", map[bool]string{true: "writes", false: "runs orgdns"}[x.principal == ""])
			}
		}
	}
	return b.String(), nil
}

// quoted is one word of a shell (POSIX, 2.2.2).
func quoted(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
