package cli

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/stage"
)

func (a *app) iamCommand() *cobra.Command {
	var trust awsapi.Trust
	var observe, external bool
	var writers bool
	var format, only, dir string
	c := &cobra.Command{
		Use:   "iam",
		Short: "Print the IAM roles and policies that each account needs",
		Long: `iam prints, for each account of the configuration, the role that orgdns assumes
there: its trust policy and its permissions, the least with which IAM lets this
configuration be carried out. Records are limited to the configured names and
types. Creating, deleting and tagging zones cannot be limited by a zone's name:
in an account that owns child zones the role may do that with any zone.

With --observe the organization is read first, so that statements name
the parent zones by ID.

Names that fill more than ten policies are spread over several roles, orgdns,
orgdns-2 and so on: a run writes each name through the role that holds it. The
ARNs are of the partition of defaults.region: aws, aws-cn or aws-us-gov.

--format prints them for whoever makes them: as a CloudFormation template, as
Terraform, or as commands of the AWS CLI, for one account (--account) or in one
file an account (--dir). External IDs are secrets: there they are a parameter,
unless --external-ids is given.

With --writers it prints what orgdns makes for the writers of private zones: the
role in the zone's account, and for the account that writes the permission to
assume it. A zone that was not read (--observe) stands there as ZONE-ID.

Where a delegation is being removed, keep the policies of before until it is
gone: the new ones no longer permit its NS record.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "text" && format != "json" && iamFormats[format].write == nil {
				return fmt.Errorf("--format is %q; it must be one of %s", format, strings.Join(iamFormatNames(), ", "))
			}
			if format == "json" {
				a.output = "json"
			}
			cfg, p, err := a.prepare(c.Context())
			if err != nil {
				return err
			}
			var e estate.Estate
			if observe {
				if e, err = p.Observe(c.Context(), reconcile.Options{}); err != nil {
					return err
				}
				if trust.Principal == "" {
					trust.Principal = e.Caller.ARN
				}
			}
			if trust.Principal == "" && !writers {
				return fmt.Errorf("say who runs orgdns with --principal (an account, or the ARN of a role or user), or read it with --observe")
			}
			if p := trust.Principal; p != "" && !strings.HasPrefix(p, "arn:") && (len(p) != 12 || strings.Trim(p, "0123456789") != "") {
				return fmt.Errorf("--principal is %q; it must be the twelve digits of an account, or the ARN of a role or user", p)
			}
			partition := stage.Region(cfg).Partition()
			if p := estate.PartitionOf(trust.Principal); strings.HasPrefix(trust.Principal, "arn:") && p != partition {
				return fmt.Errorf("--principal is in partition %s, the configuration in %s; set defaults.region to a Region of it", p, partition)
			}
			access, err := stage.Accesses(cfg, os.LookupEnv)
			if err != nil {
				return err
			}
			permissions := recipe.Permissions(recipe.Input{Config: cfg, Estate: e, Now: p.Ports.Clock.Now()})
			permissions = append(permissions, assumes(partition, trust.Principal, access, recipe.Unlisted(cfg))...)
			shown := func(id estate.AccountID) awsapi.Access {
				x := access[id]
				if x.ExternalID != "" && !external {
					x.ExternalID = placeholder + cmp.Or(strings.ToUpper(cfg.AccountByID(id).Name), organization)
				}
				return x
			}
			roles, notes := awsapi.Documents(partition, trust, shown, permissions)
			if writers {
				if roles, notes, err = writerDocuments(cfg, e, partition, external); err != nil {
					return err
				}
				trust.Principal = ""
			} else if o := cfg.Access; o != nil { // the role that reads the organization
				account, _ := cfg.Account(o.Account)
				var reads []plan.Permission
				for _, may := range recipe.OrganizationReads(cfg) {
					reads = append(reads, plan.Permission{Account: account.ID, May: may})
				}
				more, n := awsapi.Documents(partition, trust, func(estate.AccountID) awsapi.Access { return shown("") }, reads)
				roles, notes = append(roles, more...), append(notes, n...)
			}
			if only != "" {
				account, ok := accountNamed(cfg, only, roles)
				if !ok {
					return fmt.Errorf("--account %s: nothing is needed in an account of that name or number; there are %s", only, strings.Join(accountNames(cfg, roles), ", "))
				}
				roles = slices.DeleteFunc(roles, func(r awsapi.RoleDocument) bool { return r.Account != account })
				notes = slices.DeleteFunc(notes, func(d diag.Diagnostic) bool { return d.Account != string(account) })
			}
			if a.output == "json" {
				return a.json("iam", roles)
			}
			a.diagnostics(notes)
			if format != "text" {
				return a.iamFiles(cfg, format, dir, trust.Principal, roles)
			}
			for _, r := range roles {
				a.printf("\n%s\n", a.paint(a.Out, bold, accountTitle(cfg, r.Account)))
				if r.Name == "" && writers {
					a.printf("  whoever writes\n")
				} else if r.Name == "" {
					a.printf("  the identity that runs orgdns\n")
				} else {
					a.printf("  role %s, trust policy\n%s\n", r.Name, indented(r.Trust))
				}
				for _, d := range r.Policies {
					a.printf("  policy %s\n%s\n", d.Name, indented(d.Document))
				}
			}
			return nil
		},
	}
	c.Flags().StringVar(&trust.Principal, "principal", "", "who runs orgdns: an account ID, or the ARN of a role or user")
	c.Flags().StringVar(&trust.Organization, "organization", "", "limit the trust to principals of this organization (o-…)")
	c.Flags().BoolVar(&observe, "observe", false, "read the organization first")
	c.Flags().BoolVar(&writers, "writers", false, "print the roles of the writers of private zones instead, and what those who assume them need")
	c.Flags().BoolVar(&external, "external-ids", false, "print external IDs instead of placeholders")
	c.Flags().StringVar(&format, "format", "text", strings.Join(iamFormatNames(), ", "))
	c.Flags().StringVar(&only, "account", "", "only what is needed in this account, by its name or number")
	c.Flags().StringVar(&dir, "dir", "", "write a file for each account into this folder")
	proposes(c, "format", iamFormatNames)
	proposes(c, "account", a.configuredAccounts)
	return c
}

// writerDocuments are the roles of writers, and what those who assume them must
// be permitted.
func writerDocuments(cfg *config.Config, e estate.Estate, partition string, external bool) ([]awsapi.RoleDocument, diag.List, error) {
	list, problems := recipe.WriterRoles(recipe.Input{Config: cfg, Estate: e})
	if problems.HasErrors() {
		return nil, nil, problems.Err()
	}
	var out []awsapi.RoleDocument
	for _, w := range list {
		w.Partition = partition
		if !w.Secret.IsZero() {
			secret := placeholder + writerPlaceholder + strings.ToUpper(w.Name)
			if external {
				var err error
				if secret, err = w.Secret.Resolve(os.LookupEnv); err != nil {
					return nil, nil, err
				}
			}
			w.ExternalID = plan.NewSecret(secret)
		}
		out = append(out, awsapi.RoleDocument{Account: w.Account, Name: w.Name, Trust: w.TrustPolicy(),
			Policies: []awsapi.PolicyDocument{{Name: w.Name, Document: w.Policy(cmp.Or(w.ZoneID, "ZONE-ID"))}}})
		if w.From != "" {
			out = append(out, awsapi.RoleDocument{Account: w.From, Policies: []awsapi.PolicyDocument{{Name: "assume-" + w.Name,
				Document: plan.NewDocument(plan.PolicyStatement{Effect: "Allow", Action: plan.List[string]{"sts:AssumeRole"},
					Resource: plan.List[string]{awsapi.RoleARN(partition, w.Account, w.Name)}})}}})
		}
	}
	slices.SortStableFunc(out, func(a, b awsapi.RoleDocument) int { return cmp.Compare(a.Account, b.Account) })
	return out, nil, nil
}

// accountNamed is the account of a name or number, among those with roles.
func accountNamed(cfg *config.Config, ref string, roles []awsapi.RoleDocument) (estate.AccountID, bool) {
	for _, r := range roles {
		if string(r.Account) == ref || cfg.AccountByID(r.Account).Name == ref {
			return r.Account, true
		}
	}
	return "", false
}

func accountNames(cfg *config.Config, roles []awsapi.RoleDocument) []string {
	var out []string
	for _, r := range roles {
		out = append(out, cmp.Or(cfg.AccountByID(r.Account).Name, string(r.Account)))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// assumes are the roles that whoever runs orgdns must be allowed to assume.
// With beyond, those of accounts that are not listed, too.
func assumes(partition, principal string, access map[estate.AccountID]awsapi.Access, beyond bool) []plan.Permission {
	account := estate.AccountID(principal)
	if parts := strings.Split(principal, ":"); len(parts) > 4 {
		account = estate.AccountID(parts[4])
	}
	var out []plan.Permission
	for _, id := range sortedAccounts(access) {
		if access[id].Role == "" || id == stage.Unlisted && !beyond {
			continue
		}
		if id == stage.Unlisted {
			id = "*"
			out = append(out, plan.Permission{Account: account, May: plan.MayAssume, Role: awsapi.RoleARN(partition, id, access[stage.Unlisted].Role)})
			continue
		}
		for _, role := range append([]string{access[id].Role}, access[id].Others()...) {
			out = append(out, plan.Permission{Account: account, May: plan.MayAssume, Role: awsapi.RoleARN(partition, id, role)})
		}
	}
	return out
}

func sortedAccounts(m map[estate.AccountID]awsapi.Access) []estate.AccountID {
	byText := map[string]estate.AccountID{}
	for id := range m {
		byText[string(id)] = id
	}
	var out []estate.AccountID
	for _, s := range sorted(byText) {
		out = append(out, byText[s])
	}
	return out
}

func indented(document string) string {
	var b bytes.Buffer
	if json.Indent(&b, []byte(document), "    ", "  ") != nil {
		return "    " + document
	}
	return "    " + b.String()
}
