package cli

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"

	"github.com/orgdns/orgdns/internal/awsapi"
	"github.com/orgdns/orgdns/internal/clock"
	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/reconcile"
	"github.com/orgdns/orgdns/internal/stage"
)

// paths are the files and folders of the configuration.
func (a *app) paths() []string {
	if len(a.configPaths) == 0 {
		if _, err := os.Stat("orgdns.yaml"); err == nil {
			return []string{"orgdns.yaml"}
		}
		return []string{"."}
	}
	var out []string
	for _, p := range a.configPaths {
		out = append(out, filepath.Clean(p))
	}
	return out
}

// load reads the configuration; its problems are printed, errors end the
// command.
func (a *app) load() (*config.Config, error) {
	paths := a.paths()
	for _, p := range paths {
		if _, err := os.Stat(p); err != nil {
			return nil, fmt.Errorf("no configuration: %w; write an orgdns.yaml, or name one with --config", err)
		}
	}
	cfg, problems := config.Load(osFS{}, paths...)
	a.diagnostics(slices.DeleteFunc(slices.Clone(problems), func(d diag.Diagnostic) bool { return d.Severity == diag.Error }))
	if problems.HasErrors() {
		return nil, problems.Err()
	}
	return cfg, nil
}

// configuredAccounts are the names of the accounts of the configuration, as far
// as it can be read.
func (a *app) configuredAccounts() []string {
	var out []string
	quiet := &app{Streams: Streams{Err: io.Discard}, configPaths: a.configPaths}
	if cfg, err := quiet.load(); err == nil {
		for _, acc := range cfg.Accounts {
			out = append(out, acc.Name)
		}
	}
	return out
}

// osFS is the file system with paths as the user writes them, so that problems
// name files as the user does.
type osFS struct{}

func (osFS) Open(name string) (fs.File, error)          { return os.Open(name) }
func (osFS) ReadDir(name string) ([]fs.DirEntry, error) { return os.ReadDir(name) }
func (osFS) ReadFile(name string) ([]byte, error)       { return os.ReadFile(name) }
func (osFS) Stat(name string) (fs.FileInfo, error)      { return os.Stat(name) }

// pass wires a configuration to AWS, as the environment says where that is.
func (a *app) pass(ctx context.Context, cfg *config.Config) (*reconcile.Pass, error) {
	access, err := stage.Accesses(cfg, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	return a.passBy(ctx, cfg, access)
}

// passBy is pass with accounts reached in another way than the configuration
// says.
func (a *app) passBy(ctx context.Context, cfg *config.Config, access map[estate.AccountID]awsapi.Access) (*reconcile.Pass, error) {
	say := a.progress()
	_, p, err := a.connect(ctx, cfg, access, unanswered(say))
	if err != nil {
		return nil, err
	}
	if p.Progress = say; a.output != "json" {
		a.waits = newWaits(p.Ports.Clock, a)
		p.Ports.Clock = a.waits
	}
	return p, nil
}

// unanswered tells that AWS does not answer, while it is asked again.
func unanswered(say func(string)) func(*awsapi.Options) {
	return func(o *awsapi.Options) {
		if say != nil {
			o.Unanswered = func(why string) { say("AWS does not answer, it is asked again: " + why) }
		}
	}
}

// connect wires a configuration to AWS, and tells nobody what goes on.
func (a *app) connect(ctx context.Context, cfg *config.Config, access map[estate.AccountID]awsapi.Access, more ...func(*awsapi.Options)) (*awsapi.Sessions, *reconcile.Pass, error) {
	base, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithRegion(string(stage.Region(cfg))), awsconfig.WithLogger(logging.Nop{}))
	if err != nil {
		return nil, nil, fmt.Errorf("credentials for AWS: %w", err)
	}
	endpoint := os.Getenv("AWS_ENDPOINT_URL")
	c := a.clock
	if ahead := twinAhead(ctx, endpoint, c.Now()); ahead != 0 { // its clock was moved
		c = clock.Ahead(c, ahead)
	}
	programs := programsOf(cfg)
	sessions := stage.Sessions(cfg.Owner, c, base.Credentials, nil, endpoint, stage.Region(cfg), access, append(more, stage.Package(programs.packed))...)
	ports := stage.PortsOf(sessions, c)
	ports.Prober, ports.Command = newProber(endpoint), runProbe
	return sessions, &reconcile.Pass{
		Config: cfg, Ports: ports, Codes: programs.codes, Secrets: stage.Secrets(cfg, os.LookupEnv),
		Stage: func(ctx context.Context, e estate.Estate) (*reconcile.Stage, error) {
			return stage.New(cfg, e, c.Now(), access)
		},
	}, nil
}
