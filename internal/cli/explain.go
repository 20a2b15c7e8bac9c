package cli

import (
	"fmt"
	"strings"

	mdns "github.com/miekg/dns"
	"github.com/spf13/cobra"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/recipe"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/resolve"
)

func (a *app) explainCommand() *cobra.Command {
	var where, rrtype string
	c := &cobra.Command{
		Use:   "explain NAME",
		Short: "Tell what a name resolves to from a VPC or the internet, and why",
		Example: `  orgdns explain beta.api.example.com
  orgdns explain beta.api.example.com --from vpc-0123456789abcdef0 --type AAAA`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("explain takes one name, not %d; as in: orgdns explain www.example.com", len(args))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			name, err := dnsname.Parse(args[0])
			if err != nil {
				return err
			}
			rrtype = strings.ToUpper(rrtype)
			if _, known := mdns.StringToType[rrtype]; !known {
				return fmt.Errorf("--type is %q; it must be a record type, such as A, AAAA, CNAME, NS or TXT", rrtype)
			}
			from := resolve.Vantage{}
			if where != "internet" {
				if !strings.HasPrefix(where, "vpc-") {
					return fmt.Errorf("--from is %q; it must be a VPC's ID or `internet`", where)
				}
				from.VPC = where
			}
			cfg, p, err := a.prepare(c.Context())
			if err != nil {
				return err
			}
			answer, unread, err := p.Explain(c.Context(), from, name, rrtype)
			a.diagnostics(unread)
			if err != nil {
				return err
			}
			if a.output == "json" {
				err = a.json("explain", answer)
			} else {
				a.explain(cfg, from, answer)
			}
			if err == nil && answer.Outcome == resolve.Unread {
				return fmt.Errorf("what decides on %s could not be read, or lies in no account of the configuration", name)
			}
			return err
		},
	}
	c.Flags().StringVar(&where, "from", "internet", "VPC ID, or internet")
	c.Flags().StringVar(&rrtype, "type", "A", "record type")
	proposes(c, "from", func() []string { return []string{"internet"} })
	proposes(c, "type", func() []string { return recordTypes })
	return c
}

// explain prints an answer for people, and what there is to know besides.
func (a *app) explain(cfg *config.Config, from resolve.Vantage, answer reconcile.Explained) {
	a.printf("%s %s, asked from %s\n\n", answer.Name, answer.Type, from)
	a.printf("  %s\n", a.paint(a.Out, bold, answer.String()))
	for _, rr := range answer.Records {
		value := rr.Value
		if !rr.Alias.IsZero() {
			value = "the addresses of " + rr.Alias.String()
		}
		a.printf("    %s %d %s %s\n", rr.Name, rr.TTL, rr.Type, value)
	}
	for _, s := range answer.Services {
		a.printf("    -> %s\n", serviceTitle(cfg, s))
		if s.ARN != "" {
			a.printf("       %s\n", s.ARN)
		}
	}
	a.printf("\nWhy\n")
	for i, s := range answer.Trace {
		a.printf("  %2d. %s [%s]\n", i+1, s.Text, s.Rule)
	}
	a.printf("\nDecided by %s: %s (%s)\n", answer.Rule, answer.Rule.Text(), answer.Rule.Provenance())
	if answer.Reach != nil {
		a.way(*answer.Reach)
	}
	a.claims(cfg, answer.Claims)
	a.private(cfg, answer)
}

// serviceTitle is a VPC Lattice service in words.
func serviceTitle(cfg *config.Config, s estate.LatticeService) string {
	if s.Account == "" {
		return fmt.Sprintf("VPC Lattice service %s in %s, of none of the accounts that were asked", s.ID, s.Region)
	}
	text := fmt.Sprintf("VPC Lattice service %s (%s) of account %s in %s", s.Name, s.ID, accountTitle(cfg, s.Account), s.Region)
	if s.Status != estate.LatticeActive {
		text += ", " + s.Status
	}
	return text
}

// claims prints who claims a name, who has it, and why the others have not.
func (a *app) claims(cfg *config.Config, list []recipe.LatticeClaim) {
	if len(list) == 0 {
		return
	}
	a.printf("\n%s\n", a.paint(a.Out, bold, "Claims"))
	for _, c := range list {
		kind := "private"
		if c.Public {
			kind = "public"
		}
		in := fmt.Sprintf("the name in %s zone %s", kind, c.Zone)
		if c.Refused == nil {
			a.printf("  %s has %s\n    %s\n", serviceTitle(cfg, c.Service), in, c.Grant)
			continue
		}
		a.printf("  %s is %s %s\n    %s\n", serviceTitle(cfg, c.Service), a.paint(a.Out, yellow, "refused"), in, c.Refused.Summary)
		if c.Refused.Detail != "" {
			a.printf("    %s\n", c.Refused.Detail)
		}
		if c.Refused.Hint != "" {
			a.printf("    -> %s\n", c.Refused.Hint)
		}
	}
}

// private prints which private zones there are for a name besides those that
// answered, who sees them, and how to ask from there.
func (a *app) private(cfg *config.Config, answer reconcile.Explained) {
	const most = 10
	if len(answer.Private) == 0 {
		return
	}
	a.printf("\n%s\n", a.paint(a.Out, bold, "In private zones"))
	for _, z := range answer.Private {
		has := "has no record at this name"
		if len(z.Types) > 0 {
			has = "has " + strings.Join(z.Types, ", ") + " at this name"
		}
		a.printf("  %s (%s) of account %s %s", z.Name, z.ID, accountTitle(cfg, z.Account), has)
		if len(z.VPCs) == 0 {
			a.printf("; no VPC is known to see it\n")
			continue
		}
		a.printf("; these VPCs see it:\n")
		for i, v := range z.VPCs {
			if i == most {
				a.printf("    and %d more\n", len(z.VPCs)-most)
				break
			}
			whose := "none of the accounts that were asked"
			if v.Account != "" {
				whose = "account " + accountTitle(cfg, v.Account)
			}
			a.printf("    %s of %s in %s\n", v.ID, whose, v.Region)
		}
		a.printf("    -> orgdns explain %s --from %s --type %s\n", answer.Name, asker(z.VPCs), answer.Type)
	}
}

// asker is the VPC from which a name is best asked: the first whose account is known.
func asker(list []reconcile.VPCView) string {
	for _, v := range list {
		if v.Account != "" {
			return v.ID
		}
	}
	return list[0].ID
}
