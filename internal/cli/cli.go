// Package cli is the command line: a command is arguments, run, view. It is
// the one place that sees AWS and the twin together and wires them to a pass.
// Nothing below it prints, reads a flag, or looks at the environment.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/store"
)

// Streams are where a command reads and writes. Results go to Out; progress,
// questions and problems to Err.
type Streams struct {
	In       io.Reader
	Out, Err io.Writer
}

// Exit codes (settled point 17).
const (
	exitDone    = 0
	exitFailed  = 1
	exitPending = 2 // plan: changes; apply: something waits
)

// exit ends a command with a code; what there is to say was said.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// app is what all commands share.
type app struct {
	Streams
	configPaths []string
	output      string // text, json
	noColor     bool
	clock       clock.Clock
	cut         context.Context              // ends at the second Ctrl-C; that of a command does at the first
	finishing   atomic.Bool                  // calls are under way that a first Ctrl-C does not cut off
	stopping    atomic.Pointer[func(string)] // says that the run stops, where that is no plain line
	helpless    error                        // help was asked for what there is not
	waits       *waits                       // what a run waits for
	told        map[string]bool
	kept        *store.Store // the history, where a flag says where it is
}

// Main runs a command line and gives its exit code.
func Main(s Streams, args []string) int { return Run(s, awsapi.Wall(), args) }

// Run is Main by another clock.
func Run(s Streams, by clock.Clock, args []string) int {
	cut, cancel := context.WithCancel(context.Background())
	defer cancel()
	ctx, stop := context.WithCancel(cut)
	defer stop()
	a := &app{Streams: s, clock: by, cut: cut}
	a.catchSignals(stop, cancel)
	root := a.root()
	root.SetArgs(args)
	c, err := root.ExecuteContextC(ctx)
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		err = diag.Diagnostic{Code: "stopped", Summary: "stopped before the end"}
	}
	if err == nil {
		err = a.helpless
	}
	if a.kept != nil {
		_ = a.kept.Close() // what is kept is kept
	}
	var code exit
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &code):
		return int(code)
	}
	a.problems(strings.TrimPrefix(c.CommandPath(), "orgdns "), err)
	return exitFailed
}

// catchSignals stops a command at the first Ctrl-C: at once where it only reads;
// where it changes something, calls under way end and no new ones begin. The
// second one cuts them off.
func (a *app) catchSignals(stop, cut context.CancelFunc) {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		const finish = "stopping: calls under way are finished; press Ctrl-C again to cut them off"
		other := a.stopping.Load()
		_, tty := terminal(a.Err)
		switch {
		case other != nil:
			(*other)(finish)
		case a.finishing.Load():
			fmt.Fprintln(a.Err, "\n"+finish)
		case tty: // which shows ^C
			fmt.Fprintln(a.Err)
		}
		stop()
		<-signals
		cut()
	}()
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "orgdns",
		Short: "DNS names that work across the accounts of an AWS organization",
		Long: `orgdns makes DNS work across the accounts of an AWS organization: from one
configuration it plans, rehearses the plan on a twin of the organization,
applies it in every account, and checks that the names resolve as promised.

Exit codes: 0 done or nothing to do, 1 failed, 2 changes pending (plan) or
something waits for a deadline, the world outside or the next run (apply,
destroy, verify).`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          known,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w; see `%s --help`", err, c.CommandPath())
	})
	help := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		if a.helpless = known(root, c.Flags().Args()); c == root && a.helpless != nil {
			return
		}
		a.helpless = nil
		help(c, args)
	})
	root.SetUsageTemplate(strings.ReplaceAll(root.UsageTemplate(), "FlagUsages ", "FlagUsagesWrapped 100 "))
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	flags := root.PersistentFlags()
	flags.StringSliceVarP(&a.configPaths, "config", "c", nil, "configuration file or folder (default orgdns.yaml, or all *.yaml files here)")
	flags.StringVarP(&a.output, "output", "o", "text", "text or json")
	flags.BoolVar(&a.noColor, "no-color", false, "no colour, even on a terminal")
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if a.output != "text" && a.output != "json" {
			return fmt.Errorf("--output is %q; it must be text or json", a.output)
		}
		return nil
	}
	proposes(root, "output", func() []string { return []string{"text", "json"} })
	root.AddCommand(a.validateCommand(), a.planCommand(), a.applyCommand(), a.verifyCommand(), a.destroyCommand(), a.explainCommand(), a.serveCommand(), a.eventsCommand(), a.probeCommand(), a.lambdaCommand(),
		a.deployCommand(), a.costCommand(), a.iamCommand(), a.historyCommand(), a.openshiftCommand(), a.twinCommand(), a.demoCommand(), a.versionCommand())
	return root
}

// known refuses a command that there is not, and names the nearest that there
// is.
func known(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	root.SuggestionsMinimumDistance = 2
	if near := root.SuggestionsFor(args[0]); len(near) > 0 {
		return fmt.Errorf("unknown command %q; did you mean %q?", args[0], near[0])
	}
	return fmt.Errorf("unknown command %q; see `%s --help`", args[0], root.CommandPath())
}

// noArgs refuses arguments of a command that takes none.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := ""
	if c.Flags().Lookup("config") != nil {
		hint = "; a configuration is named with --config"
	}
	return fmt.Errorf("`%s` takes no argument, and %q is one%s; see `%s --help`", c.CommandPath(), args[0], hint, c.CommandPath())
}

// atMostOne refuses more than one argument.
func atMostOne(c *cobra.Command, args []string) error {
	if len(args) <= 1 {
		return nil
	}
	return fmt.Errorf("`%s` takes one argument at most, and %q is one more; see `%s --help`", c.CommandPath(), args[1], c.CommandPath())
}

// recordTypes are proposed for --type.
var recordTypes = []string{"A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"}

// proposes completes the values of a flag.
func proposes(c *cobra.Command, flag string, values func() []string) {
	err := c.RegisterFlagCompletionFunc(flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return values(), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // a flag that is not there: a mistake of ours
	}
}

// terminal reports whether a stream is a terminal, and its width.
func terminal(w any) (width int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) {
		return 80, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 20 {
		width = 80
	}
	return width, true
}
