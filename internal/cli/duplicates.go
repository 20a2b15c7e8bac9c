package cli

import (
	"fmt"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/plan"
)

var duplicateColours = map[plan.DuplicateState]string{plan.Removable: green, plan.Blocked: yellow, plan.Free: dim, plan.Pending: dim}

// retirement prints the consumers' own endpoints for what is shared with them:
// what each costs, and who would notice if it went.
func (a *app) retirement(cfg *config.Config, list []plan.Duplicates) {
	for _, d := range list {
		a.printf("\n%s\n", a.paint(a.Out, bold, fmt.Sprintf("Own endpoints beside those of %s in %s", d.Share, d.Region)))
		account := ""
		for _, x := range d.Endpoints {
			if title := accountTitle(cfg, x.Account); title != account {
				account = title
				a.printf("  %s\n", title)
			}
			a.printf("    %s %s for %s in %s, USD %s a month\n", a.paint(a.Out, duplicateColours[x.State], fmt.Sprintf("%-9s", x.State)), x.ID, x.Service, x.VPC, x.Monthly)
			for _, f := range x.Findings {
				mark := "notice"
				if f.Blocks && x.State == plan.Blocked {
					mark = "keeps it"
				}
				a.printf("      %s: %s\n", mark, f.Where+": "+f.Text)
				if f.Blocks && f.Hint != "" {
					a.printf("        -> %s\n", f.Hint)
				}
			}
		}
		saving := "USD " + d.Saving + " are saved"
		if less, negative := strings.CutPrefix(d.Saving, "-"); negative {
			saving = "USD " + less + " more are paid"
		}
		a.printf("  together USD %s a month, of which %s can go now; sharing costs %s, so %s once all are gone\n", d.Monthly, d.Removable, d.Sharing, saving)
		a.printf("  %s\n", a.paint(a.Out, dim, "prices of "+d.Prices+", without data; orgdns cost says more"))
	}
}
