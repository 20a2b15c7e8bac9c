package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
	"github.com/orgdns/orgdns/internal/reconcile"
)

// savePlan writes a plan; it holds no secret.
func (a *app) savePlan(path string, p plan.Plan) (err error) {
	if p.Configuration, err = absolute(a.paths()); err != nil {
		return err
	}
	raw, err := p.Save()
	if err != nil {
		return err
	}
	return os.WriteFile(path, raw, 0o600)
}

func absolute(paths []string) ([]string, error) {
	var out []string
	for _, p := range paths {
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		out = append(out, abs)
	}
	return out, nil
}

// applying is the command that carries out a saved plan.
func applying(file string, configuration []string) string {
	out := "orgdns apply"
	for _, c := range configuration {
		out += " --config " + c
	}
	return out + " " + file
}

// applySaved carries out a saved plan.
func (a *app) applySaved(ctx context.Context, file string, args *applyArgs) error {
	saved, err := readPlan(file)
	if err != nil {
		return err
	}
	cfg, p, err := a.prepare(ctx)
	if err != nil {
		if here, e := absolute(a.paths()); e == nil && len(a.configPaths) == 0 && !slices.Equal(here, saved.Configuration) {
			return elsewhere(file, saved, "it is not here, and none is named")
		}
		return err
	}
	if saved.Owner != cfg.Owner {
		return elsewhere(file, saved, "the owner of this one is "+cfg.Owner)
	}
	if err := fresh(ctx, p, saved, args.Options); err != nil {
		return err
	}
	secrets, problems := p.Secrets(estate.Estate{})
	if problems.HasErrors() {
		return problems.Err()
	}
	if err := saved.Fill(secrets); err != nil {
		return err
	}
	args.yes = true
	return a.carryOut(ctx, cfg, p, &reconcile.Planned{Plan: saved}, args)
}

// readPlan reads a saved plan that can be carried out.
func readPlan(file string) (*plan.Plan, error) {
	if info, err := os.Stat(file); err == nil && (info.IsDir() || slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(file))) {
		return nil, fmt.Errorf("%s is no saved plan; a configuration is named with --config", file)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	saved, err := plan.Load(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if saved.Diagnostics.HasErrors() {
		return nil, fmt.Errorf("%s has errors and cannot be applied", file)
	}
	return saved, nil
}

// elsewhere says to which configuration a saved plan belongs.
func elsewhere(file string, saved *plan.Plan, why string) error {
	return diag.Diagnostic{Code: "other-configuration",
		Summary: fmt.Sprintf("%s was made from %s, of owner %s; %s", file, strings.Join(saved.Configuration, ", "), saved.Owner, why),
		Hint:    "name it: " + applying(file, saved.Configuration)}
}

// fresh refuses a plan when what it relies on has changed since it was made.
func fresh(ctx context.Context, p *reconcile.Pass, made *plan.Plan, o reconcile.Options) error {
	stale, err := p.Stale(ctx, made, o)
	if err != nil {
		return err
	}
	return stale.Err()
}
