package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/miekg/dns"
	"github.com/rogpeppe/go-internal/testscript"
)

// Commands of scripts about private zones.

// ask FROM NAME TYPE: asks the twin's resolver of a VPC, or "internet", over
// UDP, and prints the outcome with the values of the answer.
func ask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: ask FROM NAME TYPE")
	}
	got, err := answerOf(twinOf(ts).url, args[0], args[1], args[2])
	ts.Check(err)
	fmt.Fprintln(ts.Stdout(), got)
}

// answerOf is what the resolver of a VPC in a twin answers over UDP, as ask prints
// it.
func answerOf(url, from, name, kind string) (string, error) {
	resolvers, err := resolversOf(url)
	if err != nil {
		return "", err
	}
	resolver, ok := resolvers[from]
	if !ok {
		return "", fmt.Errorf("there is no resolver of %s", from)
	}
	in, err := exchanged(resolver, name, kind)
	if err != nil {
		return "", err
	}
	line := []string{dns.RcodeToString[in.Rcode]}
	for _, rr := range in.Answer {
		fields := strings.Fields(rr.String())
		line = append(line, fields[len(fields)-1])
	}
	slices.Sort(line[1:])
	return strings.Join(line, " "), nil
}

// exchanged is what a resolver answers over UDP.
func exchanged(resolver, name, kind string) (*dns.Msg, error) {
	m := new(dns.Msg).SetQuestion(dns.Fqdn(name), dns.StringToType[kind])
	in, _, err := (&dns.Client{Net: "udp"}).Exchange(m, resolver)
	return in, err
}

// resolversOf are the addresses of a twin's resolvers, by VPC.
func resolversOf(url string) (map[string]string, error) {
	raw, err := admin(url, http.MethodGet, "resolvers", "")
	if err != nil {
		return nil, err
	}
	var rows []struct{ VPC, UDP string }
	if err := json.Unmarshal(raw, &rows); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for _, r := range rows {
		out[r.VPC] = r.UDP
	}
	return out, nil
}

// vpcs ZONE: prints the VPCs of a private zone, and the authorizations that are
// open.
func vpcs(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: vpcs ZONE")
	}
	e := snapshot(ts)
	for z := range e.Zones.All() {
		if z.Name.String() != args[0] || !z.Private {
			continue
		}
		for _, v := range z.VPCs {
			fmt.Fprintln(ts.Stdout(), v.ID, v.Region)
		}
		for a := range e.Authorizations.Prefix(z.ID + "/") {
			fmt.Fprintln(ts.Stdout(), "authorized", a.VPC.ID)
		}
	}
}

// associate ACCOUNT ZONE VPC: what the two owners do by hand to let a VPC of
// another account use a private zone.
func associate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: associate ACCOUNT ZONE VPC")
	}
	v, ok := snapshot(ts).VPCs.Get(args[2])
	if !ok {
		ts.Fatalf("there is no VPC %s", args[2])
	}
	z, vpc, ctx := zoneNamed(ts, args[0], args[1]), &types.VPC{VPCId: &v.ID, VPCRegion: types.VPCRegion(v.Region)}, context.Background()
	owner := client(ts, args[0])
	_, err := owner.CreateVPCAssociationAuthorization(ctx, &route53.CreateVPCAssociationAuthorizationInput{HostedZoneId: &z.ID, VPC: vpc})
	ts.Check(err)
	_, err = client(ts, string(v.Account)).AssociateVPCWithHostedZone(ctx, &route53.AssociateVPCWithHostedZoneInput{HostedZoneId: &z.ID, VPC: vpc})
	ts.Check(err)
	_, err = owner.DeleteVPCAssociationAuthorization(ctx, &route53.DeleteVPCAssociationAuthorizationInput{HostedZoneId: &z.ID, VPC: vpc})
	ts.Check(err)
}

// tag VPC KEY [VALUE]: sets a tag of a VPC as its owner, or takes it off.
func tag(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: tag VPC KEY [VALUE]")
	}
	v, _ := snapshot(ts).VPCs.Get(args[0])
	c := ec2.New(ec2.Options{
		Region: string(v.Region), BaseEndpoint: aws.String(twinOf(ts).url),
		Credentials: credentials.NewStaticCredentialsProvider(string(v.Account), "twin", ""),
	})
	var err error
	if len(args) == 3 {
		_, err = c.CreateTags(context.Background(), &ec2.CreateTagsInput{Resources: args[:1], Tags: []ec2types.Tag{{Key: &args[1], Value: &args[2]}}})
	} else {
		_, err = c.DeleteTags(context.Background(), &ec2.DeleteTagsInput{Resources: args[:1], Tags: []ec2types.Tag{{Key: &args[1]}}})
	}
	ts.Check(err)
}

// healthcheck ACCOUNT FILE: makes a health check, and writes its ID into the file
// in place of HEALTHCHECK.
func healthcheck(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: healthcheck ACCOUNT FILE")
	}
	out, err := client(ts, args[0]).CreateHealthCheck(context.Background(), &route53.CreateHealthCheckInput{
		CallerReference:   aws.String("by hand"),
		HealthCheckConfig: &types.HealthCheckConfig{Type: types.HealthCheckTypeTcp, IPAddress: aws.String("192.0.2.1"), Port: aws.Int32(443)},
	})
	ts.Check(err)
	text := strings.ReplaceAll(ts.ReadFile(args[1]), "HEALTHCHECK", *out.HealthCheck.Id)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// hasten PROGRAM ARGS: like exec, while the twin's time moves on, so that a
// program that waits for AWS need not.
func hasten(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 {
		ts.Fatalf("usage: [!] hasten PROGRAM ARGS")
	}
	stop := make(chan struct{})
	var moving sync.WaitGroup
	moving.Go(func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				_, _ = admin(twinOf(ts).url, http.MethodPost, "clock", `{"advance":"10s"}`)
			}
		}
	})
	err := ts.Exec(args[0], args[1:]...)
	close(stop)
	moving.Wait()
	if neg && err == nil {
		ts.Fatalf("it did not fail")
	}
	if !neg {
		ts.Check(err)
	}
}

// until LINE: prints what was printed last, up to this line.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: until LINE")
	}
	before, _, found := strings.Cut(ts.ReadFile("stdout"), "\n"+args[0]+"\n")
	if !found {
		ts.Fatalf("there is no line %q", args[0])
	}
	fmt.Fprintln(ts.Stdout(), before)
}
