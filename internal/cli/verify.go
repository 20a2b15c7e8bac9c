package cli

import (
	"github.com/spf13/cobra"

	"github.com/orgdns/orgdns/internal/apply"
	"github.com/orgdns/orgdns/internal/reconcile"
)

func (a *app) verifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Check that the names resolve as configured, and look from inside VPCs",
		Long: `verify does what apply does at its end: it reads the organization and asks DNS
whether the names resolve as promised. Where an endpoint share has a probe, it
looks from inside each consumer VPC, too. It changes nothing.

Exit code 0: all is as promised. 2: something waits for the world outside, or
for the next run of apply. 1: it is not, or a probe did not run.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, p, err := a.prepare(c.Context())
			if err != nil {
				return err
			}
			a.waits.over(waitDNS)
			verified, err := p.Verify(c.Context(), reconcile.Options{})
			if err != nil {
				return err
			}
			a.waits.line()
			return a.showOutcome("verify", outcome{Changes: map[string]apply.State{}, Waiting: verified.Waiting, Checks: verified.Checks})
		},
	}
}
