package cli_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	ramtypes "github.com/aws/aws-sdk-go-v2/service/ram/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/orgdns/orgdns/internal/estate"
)

// Commands of scripts by which people change AWS behind orgdns's back, and by
// which runs die.

func client(ts *testscript.TestScript, account string) *route53.Client {
	return route53.New(route53.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(twinOf(ts).url),
		Credentials: credentials.NewStaticCredentialsProvider(account, "twin", ""),
	})
}

// zone ACCOUNT create|delete NAME: makes a public zone, or empties and deletes
// the one of that name.
func zone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: zone ACCOUNT create|delete NAME")
	}
	c, ctx := client(ts, args[0]), context.Background()
	if args[1] == "create" {
		_, err := c.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{
			Name: &args[2], CallerReference: aws.String("by hand " + strconv.FormatInt(rand.Int64(), 36)),
		})
		ts.Check(err)
		return
	}
	z := zoneNamed(ts, args[0], args[2])
	var changes []types.Change
	list, err := c.ListResourceRecordSets(ctx, &route53.ListResourceRecordSetsInput{HostedZoneId: &z.ID})
	ts.Check(err)
	for _, r := range list.ResourceRecordSets {
		if strings.TrimSuffix(*r.Name, ".") != args[2] || r.Type != types.RRTypeNs && r.Type != types.RRTypeSoa {
			changes = append(changes, types.Change{Action: types.ChangeActionDelete, ResourceRecordSet: &r})
		}
	}
	if len(changes) > 0 {
		_, err = c.ChangeResourceRecordSets(ctx, &route53.ChangeResourceRecordSetsInput{
			HostedZoneId: &z.ID, ChangeBatch: &types.ChangeBatch{Changes: changes},
		})
		ts.Check(err)
	}
	_, err = c.DeleteHostedZone(ctx, &route53.DeleteHostedZoneInput{Id: &z.ID})
	ts.Check(err)
}

func zoneNamed(ts *testscript.TestScript, account, name string) (found estate.Zone) {
	for z := range snapshot(ts).Zones.All() {
		if string(z.Account) == account && z.Name.String() == name {
			found = z
		}
	}
	if found.ID == "" {
		ts.Fatalf("account %s has no zone %s", account, name)
	}
	return found
}

// record ACCOUNT ZONE CREATE|DELETE|UPSERT NAME TYPE TTL VALUE...: changes one
// record set.
func record(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 7 {
		ts.Fatalf("usage: record ACCOUNT ZONE CREATE|DELETE|UPSERT NAME TYPE TTL VALUE...")
	}
	ttl, err := strconv.ParseInt(args[5], 10, 64)
	ts.Check(err)
	set := &types.ResourceRecordSet{Name: &args[3], Type: types.RRType(args[4]), TTL: &ttl}
	for _, v := range args[6:] {
		set.ResourceRecords = append(set.ResourceRecords, types.ResourceRecord{Value: &v})
	}
	z := zoneNamed(ts, args[0], args[1])
	_, err = client(ts, args[0]).ChangeResourceRecordSets(context.Background(), &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &z.ID,
		ChangeBatch:  &types.ChangeBatch{Changes: []types.Change{{Action: types.ChangeAction(args[2]), ResourceRecordSet: set}}},
	})
	ts.Check(err)
}

// copyns ACCOUNT ZONE CHILD-ACCOUNT CHILD: sets the NS record of the child in the
// zone to the child zone's servers, as a registrar does when asked.
func copyns(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: copyns ACCOUNT ZONE CHILD-ACCOUNT CHILD")
	}
	line := []string{args[0], args[1], "UPSERT", args[3], "NS", "300"}
	for _, s := range zoneNamed(ts, args[2], args[3]).NameServers {
		line = append(line, s.String())
	}
	record(ts, false, line)
}

// killed WRITES PROGRAM ARGS: starts a program and kills it (SIGKILL) once the
// twin has answered so many calls that change something.
func killed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: killed WRITES PROGRAM ARGS")
	}
	after, err := strconv.Atoi(args[0])
	ts.Check(err)
	path, err := exec.LookPath(args[1])
	if err != nil {
		path = ts.Getenv("PATH")[:strings.IndexByte(ts.Getenv("PATH"), ':')] + "/" + args[1]
	}
	cmd := exec.Command(path, args[2:]...)
	cmd.Dir = ts.MkAbs(".")
	cmd.Env = environment(ts)
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	before := writes(ts)
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	defer func() { ts.Logf("%s", out.String()) }()
	for end := time.Now().Add(patience); writes(ts) < before+after; time.Sleep(5 * time.Millisecond) {
		select {
		case err := <-ended:
			ts.Fatalf("it ended by itself after %d calls that change something: %v", writes(ts)-before, err)
		default:
		}
		if time.Now().After(end) {
			_ = cmd.Process.Kill()
			<-ended
			ts.Fatalf("%d calls that change something do not come", after)
		}
	}
	ts.Check(cmd.Process.Kill())
	if err := <-ended; cmd.ProcessState.Exited() {
		ts.Fatalf("it was not killed, but ended: %v", err)
	}
}

// environment is what a program needs of a script's environment.
func environment(ts *testscript.TestScript) []string {
	var out []string
	for _, name := range []string{"PATH", "HOME", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED", "TWIN_CLOCK"} {
		out = append(out, name+"="+ts.Getenv(name))
	}
	return out
}

// writes counts the calls so far that change something.
func writes(ts *testscript.TestScript) int {
	n := 0
	for k, count := range callCounts(ts) {
		if !reads(strings.Fields(k)[2]) {
			n += count
		}
	}
	return n
}

// example NAME [FILE...]: copies files of an example, also out of its folders, here; without files all of
// them, into a folder of its name.
func example(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: example NAME [FILE...]")
	}
	from, to, files := filepath.Join(here, "..", "..", "examples", args[0]), ts.MkAbs("."), args[1:]
	if len(files) == 0 {
		to = ts.MkAbs(args[0])
		ts.Check(os.MkdirAll(to, 0o755))
		list, err := os.ReadDir(from)
		ts.Check(err)
		for _, f := range list {
			if !f.IsDir() {
				files = append(files, f.Name())
			}
		}
	}
	for _, f := range files {
		raw, err := os.ReadFile(filepath.Join(from, f))
		ts.Check(err)
		ts.Check(os.WriteFile(filepath.Join(to, filepath.Base(f)), raw, 0o600))
	}
}

// fill FILE OLD NEW: replaces a text of a file, which must be there. NEW may be
// zone:ACCOUNT:NAME, the ID of that zone.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: fill FILE OLD NEW")
	}
	text, now := ts.ReadFile(args[0]), args[2]
	if part := strings.Split(now, ":"); part[0] == "zone" && len(part) == 3 {
		now = zoneNamed(ts, part[1], part[2]).ID
	}
	if !strings.Contains(text, args[1]) {
		ts.Fatalf("%s has no %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(text, args[1], now)), 0o600))
}

// foreign keep|same: keeps what stands, or finds that all is as it was then,
// but for SOA records and the number of a zone's records. A main route table in
// which nobody made a route comes with its VPC, listed or not.
func foreign(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || args[0] != "keep" && args[0] != "same" {
		ts.Fatalf("usage: foreign keep|same")
	}
	raw, err := admin(twinOf(ts).url, http.MethodGet, "estate", "")
	ts.Check(err)
	var kinds map[string]json.RawMessage
	ts.Check(json.Unmarshal(raw, &kinds))
	var lines []string
	for kind, raw := range kinds {
		var list []map[string]any
		if json.Unmarshal(raw, &list) != nil { // no resources
			continue
		}
		for _, x := range list {
			delete(x, "recordCount")
			if tags, _ := x["tags"].(map[string]any); len(tags) == 0 {
				delete(x, "tags")
			}
			line, err := json.Marshal(x)
			ts.Check(err)
			if x["type"] == "SOA" || x["main"] == true && !strings.Contains(string(line), `"CreateRoute"`) {
				continue
			}
			lines = append(lines, kind+" "+string(line))
		}
	}
	slices.Sort(lines)
	r := twinOf(ts)
	if args[0] == "keep" {
		r.kept = lines
		return
	}
	for _, l := range r.kept {
		if !slices.Contains(lines, l) {
			ts.Fatalf("is gone or changed: %s", l)
		}
	}
	for _, l := range lines {
		if !slices.Contains(r.kept, l) {
			ts.Fatalf("is new or changed: %s", l)
		}
	}
}

func ramOf(ts *testscript.TestScript, account string) *ram.Client {
	return ram.New(ram.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(twinOf(ts).url),
		Credentials: credentials.NewStaticCredentialsProvider(account, "twin", ""),
	})
}

// accept ACCOUNT: the account accepts what others offer to share with it in eu-west-1.
func accept(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: accept ACCOUNT")
	}
	c := ramOf(ts, args[0])
	out, err := c.GetResourceShareInvitations(context.Background(), &ram.GetResourceShareInvitationsInput{})
	ts.Check(err)
	n := 0
	for _, i := range out.ResourceShareInvitations {
		if i.Status != ramtypes.ResourceShareInvitationStatusPending {
			continue
		}
		_, err := c.AcceptResourceShareInvitation(context.Background(), &ram.AcceptResourceShareInvitationInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn})
		ts.Check(err)
		n++
	}
	if n == 0 {
		ts.Fatalf("nobody offers account %s anything", args[0])
	}
}

// unshare ACCOUNT NAME PRINCIPAL: takes a principal out of the account's resource
// share of that name in eu-west-1.
func unshare(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: unshare ACCOUNT NAME PRINCIPAL")
	}
	for s := range snapshot(ts).Shares.All() {
		if string(s.Account) != args[0] || s.Name != args[1] {
			continue
		}
		_, err := ramOf(ts, args[0]).DisassociateResourceShare(context.Background(), &ram.DisassociateResourceShareInput{ResourceShareArn: &s.ARN, Principals: args[2:]})
		ts.Check(err)
		return
	}
	ts.Fatalf("account %s has no resource share %s", args[0], args[1])
}
