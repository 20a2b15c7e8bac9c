package awsapi

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// readEndpointServices reads the account's own endpoint services, who may make
// endpoints to them, and who did.
func (c *caller) readEndpointServices(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.ec2(q.Account, q.Region)
	var found []estate.EndpointService
	pages := ec2.NewDescribeVpcEndpointServiceConfigurationsPaginator(client, &ec2.DescribeVpcEndpointServiceConfigurationsInput{MaxResults: aws.Int32(ec2Page)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, v := range page.ServiceConfigurations {
			one, err := serviceOf(q.Account, q.Region, v)
			if err != nil {
				return nil, err
			}
			if one.State == string(types.ServiceStateDeleted) {
				continue
			}
			one.Principals, err = allowedPrincipals(ctx, client, one.ID)
			if absent(err) {
				continue // deleted meanwhile
			}
			if err != nil {
				return nil, err
			}
			found = append(found, one)
		}
	}
	if len(found) > 0 {
		byService, err := connections(ctx, client)
		if err != nil {
			return nil, err
		}
		for i := range found {
			found[i].Connections = byService[found[i].ID]
		}
	}
	return func(e *estate.Estate) { replaceRegion(&e.EndpointServices, q, found) }, nil
}

// serviceOf is an endpoint service as EC2 shows it, without its principals and
// connections.
func serviceOf(account estate.AccountID, region estate.Region, v types.ServiceConfiguration) (estate.EndpointService, error) {
	out := estate.EndpointService{
		ID: aws.ToString(v.ServiceId), Name: aws.ToString(v.ServiceName), Account: account, Region: region, State: string(v.ServiceState),
		LoadBalancers: slices.Sorted(slices.Values(v.NetworkLoadBalancerArns)), Zones: slices.Sorted(slices.Values(v.AvailabilityZones)),
		Acceptance: aws.ToBool(v.AcceptanceRequired), Tags: ec2Tags(v.Tags),
	}
	for _, t := range v.SupportedIpAddressTypes {
		out.IPTypes = append(out.IPTypes, string(t))
	}
	for _, r := range v.SupportedRegions {
		out.Regions = append(out.Regions, estate.Region(aws.ToString(r.Region)))
	}
	slices.Sort(out.Regions)
	if name := aws.ToString(v.PrivateDnsName); name != "" {
		var err error
		if out.PrivateName, err = dnsname.Parse(name); err != nil {
			return out, readError("private name of "+out.ID, err)
		}
	}
	if p := v.PrivateDnsNameConfiguration; p != nil {
		out.NameState, out.VerifyName, out.VerifyValue = string(p.State), aws.ToString(p.Name), aws.ToString(p.Value)
	}
	return out, nil
}

func allowedPrincipals(ctx context.Context, client *ec2.Client, service string) ([]string, error) {
	var out []string
	pages := ec2.NewDescribeVpcEndpointServicePermissionsPaginator(client, &ec2.DescribeVpcEndpointServicePermissionsInput{ServiceId: &service, MaxResults: aws.Int32(ec2Page)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range page.AllowedPrincipals {
			out = append(out, aws.ToString(p.Principal))
		}
	}
	slices.Sort(out)
	return out, nil
}

// connections are the endpoints to the account's services, by service.
func connections(ctx context.Context, client *ec2.Client, filters ...types.Filter) (map[string][]estate.EndpointConnection, error) {
	out := map[string][]estate.EndpointConnection{}
	pages := ec2.NewDescribeVpcEndpointConnectionsPaginator(client, &ec2.DescribeVpcEndpointConnectionsInput{MaxResults: aws.Int32(ec2Page), Filters: filters})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, c := range page.VpcEndpointConnections {
			id := aws.ToString(c.ServiceId)
			out[id] = append(out[id], estate.EndpointConnection{
				Endpoint: aws.ToString(c.VpcEndpointId), Owner: estate.AccountID(aws.ToString(c.VpcEndpointOwner)), State: endpointState(c.VpcEndpointState),
			})
		}
	}
	for _, list := range out {
		slices.SortFunc(list, func(a, b estate.EndpointConnection) int { return cmp.Compare(a.Endpoint, b.Endpoint) })
	}
	return out, nil
}

var endpointServiceBinding = binding{
	reads:   []estate.QueryKind{estate.QueryEndpointServices},
	do:      (*Writer).doEndpointService,
	settled: (*Writer).endpointServiceSettled,
	needs: map[plan.Action][]plan.May{
		plan.Create: {plan.MayMake(plan.KindEndpointService)},
		plan.Update: {plan.MayMake(plan.KindEndpointService)},
		plan.Await:  {plan.MayReadEndpoints},
		plan.Delete: {plan.MayMake(plan.KindEndpointService)},
	},
}

func (w *Writer) doEndpointService(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client := w.ec2(s.Account, s.Region)
	switch s.Action {
	case plan.Create:
		id, err := w.createService(ctx, client, s)
		if err != nil {
			return nil, err
		}
		return w.completeService(ctx, client, s, id)
	case plan.Update:
		return w.completeService(ctx, client, s, s.ID)
	case plan.Await:
		return plan.Attributes{}, nil
	case plan.Delete:
		return plan.Attributes{"id": {s.ID}}, w.deleteService(ctx, client, s)
	}
	return nil, impossible(s)
}

// createService makes the service with its ledger, so that no principal is ever
// let in that the ledger does not list.
func (w *Writer) createService(ctx context.Context, client *ec2.Client, s plan.Step) (string, error) {
	if w.doubted(s.Address) {
		if id, err := w.findService(ctx, client, s); id != "" || err != nil {
			return id, err
		}
	}
	o := *s.Object
	tags := plan.Marks(w.opt.Owner, s.Address)
	maps.Copy(tags, plan.MemberTags(plan.TagMembers, o.Fields["principals"]))
	in := &ec2.CreateVpcEndpointServiceConfigurationInput{
		NetworkLoadBalancerArns: o.Fields["loadBalancers"], AcceptanceRequired: aws.Bool(o.One("acceptance") == plan.True), SupportedRegions: o.Fields["regions"],
		TagSpecifications: specified(types.ResourceTypeVpcEndpointService, tags),
	}
	if name := o.One("privateName"); name != "" {
		in.PrivateDnsName = &name
	}
	for n := 1; n <= maxRequests; n++ {
		in.ClientToken = w.requestToken(s, n)
		out, err := client.CreateVpcEndpointServiceConfiguration(ctx, in)
		switch {
		case Code(err) == "IdempotentParameterMismatch":
			if id, err := w.findService(ctx, client, s); id != "" || err != nil {
				return id, err
			}
		case err != nil:
			return "", err
		case out.ServiceConfiguration != nil && !serviceGoing(string(out.ServiceConfiguration.ServiceState)):
			w.settledDoubt(s.Address)
			return aws.ToString(out.ServiceConfiguration.ServiceId), nil
		}
	}
	return "", fmt.Errorf("%s: EC2 still remembers earlier requests for this endpoint service; run again tomorrow", s.Address)
}

func serviceGoing(state string) bool {
	return state == string(types.ServiceStateDeleting) || state == string(types.ServiceStateDeleted) || state == string(types.ServiceStateFailed)
}

// findService looks for a service with our mark that is not going.
func (w *Writer) findService(ctx context.Context, client *ec2.Client, s plan.Step) (string, error) {
	out, err := client.DescribeVpcEndpointServiceConfigurations(ctx, &ec2.DescribeVpcEndpointServiceConfigurationsInput{Filters: w.marked(s)})
	if err != nil {
		return "", err
	}
	for _, v := range out.ServiceConfigurations {
		if !serviceGoing(string(v.ServiceState)) {
			return aws.ToString(v.ServiceId), nil
		}
	}
	return "", nil
}

// describeService reads one service; false when there is none.
func describeService(ctx context.Context, client *ec2.Client, s plan.Step, id string) (estate.EndpointService, bool, error) {
	out, err := client.DescribeVpcEndpointServiceConfigurations(ctx, &ec2.DescribeVpcEndpointServiceConfigurationsInput{ServiceIds: []string{id}})
	if absent(err) || err == nil && len(out.ServiceConfigurations) == 0 {
		return estate.EndpointService{}, false, nil
	}
	if err != nil {
		return estate.EndpointService{}, false, err
	}
	v, err := serviceOf(s.Account, s.Region, out.ServiceConfigurations[0])
	return v, err == nil, err
}

// waitService reads a service until it is as asked, or patience ends.
func (w *Writer) waitService(ctx context.Context, client *ec2.Client, s plan.Step, id string, patience time.Duration, enough func(estate.EndpointService) bool) (estate.EndpointService, error) {
	var v estate.EndpointService
	early := fmt.Errorf("%s: EC2 did not bring endpoint service %s further in %s; run again", s.Address, id, patience)
	err := w.outlast(ctx, patience, func(err error) bool { return err == early }, func() error {
		found, ok, err := describeService(ctx, client, s, id)
		if err != nil {
			return err
		}
		v = found
		if !ok || !enough(v) {
			return early
		}
		return nil
	})
	return v, err
}

// completeService brings a service that stands to what is wanted: first the
// ledger, which then lists the principals of before and after, then the service,
// its principals, and what the ledger no longer needs to list.
func (w *Writer) completeService(ctx context.Context, client *ec2.Client, s plan.Step, id string) (plan.Attributes, error) {
	v, err := w.waitService(ctx, client, s, id, ec2Appearance, func(estate.EndpointService) bool { return true })
	if err != nil {
		return nil, err
	}
	o := *s.Object
	if in := serviceChanges(v, o); in != nil {
		if _, err := client.ModifyVpcEndpointServiceConfiguration(ctx, in); err != nil {
			now, ok, readErr := describeService(ctx, client, s, id)
			if readErr != nil || !ok || serviceChanges(now, o) != nil {
				return nil, err
			}
		}
	}
	if wanted, said := o.Fields["principals"]; said {
		ledger := plan.MemberTags(plan.TagMembers, wanted)
		if err := w.withLedger(ctx, client, id, v.Tags, plan.TagMembers, ledger, plan.MemberTags(plan.TagMembers, union(wanted, o.Before["principals"])), func() error {
			return w.permit(ctx, client, id, wanted, o.Removed("principals"))
		}); err != nil {
			return nil, err
		}
	}
	v, err = w.waitService(ctx, client, s, id, ec2Appearance, func(v estate.EndpointService) bool {
		return len(o.Fields["privateName"]) == 0 || v.PrivateName.String() == o.One("privateName") && v.VerifyName != ""
	})
	if err != nil {
		return nil, err
	}
	return plan.ServiceAttributes(v), nil
}

// withLedger does something between two states of a ledger: one that lists both
// what was and what will be, written before, and the one that stays. tags are
// what the resource has.
func (w *Writer) withLedger(ctx context.Context, client *ec2.Client, id string, tags map[string]string, key string, stays, during map[string]string, do func() error) error {
	have := map[string]string{}
	maps.Copy(have, tags)
	set := func(ledger map[string]string, remove []string) error {
		write := map[string]string{}
		for k, v := range ledger {
			if have[k] != v {
				write[k], have[k] = v, v
			}
		}
		return setTags(ctx, client, id, write, remove)
	}
	if err := set(during, nil); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	return set(stays, staleKeys(ledgerKeys(have, key), stays))
}

// serviceChanges are what must be changed of a service but its principals; nil
// for nothing.
func serviceChanges(v estate.EndpointService, want plan.ObjectStep) *ec2.ModifyVpcEndpointServiceConfigurationInput {
	o := plan.ObjectStep{Fields: want.Fields, Before: map[string][]string{
		"loadBalancers": v.LoadBalancers, "acceptance": boolField(v.Acceptance), "regions": {}, "privateName": {},
	}}
	for _, r := range v.Regions {
		o.Before["regions"] = append(o.Before["regions"], string(r))
	}
	if !v.PrivateName.IsZero() {
		o.Before["privateName"] = []string{v.PrivateName.String()}
	}
	in, differs := &ec2.ModifyVpcEndpointServiceConfigurationInput{ServiceId: &v.ID}, false
	changes := func(field string) bool {
		c := o.Changes(field)
		differs = differs || c
		return c
	}
	if changes("loadBalancers") {
		in.AddNetworkLoadBalancerArns, in.RemoveNetworkLoadBalancerArns = o.Added("loadBalancers"), o.Removed("loadBalancers")
	}
	if changes("acceptance") {
		in.AcceptanceRequired = aws.Bool(o.One("acceptance") == plan.True)
	}
	if changes("regions") {
		in.AddSupportedRegions, in.RemoveSupportedRegions = o.Added("regions"), o.Removed("regions")
	}
	if changes("privateName") {
		if name := o.One("privateName"); name != "" {
			in.PrivateDnsName = &name
		} else {
			in.RemovePrivateDnsName = aws.Bool(true)
		}
	}
	if !differs {
		return nil
	}
	return in
}

// permit lets principals in and takes the permission from others, as far as that
// is not so already.
func (w *Writer) permit(ctx context.Context, client *ec2.Client, id string, wanted, unwanted []string) error {
	lacking := func() (*ec2.ModifyVpcEndpointServicePermissionsInput, error) {
		have, err := allowedPrincipals(ctx, client, id)
		if err != nil {
			return nil, err
		}
		o := plan.ObjectStep{Fields: map[string][]string{"": wanted}, Before: map[string][]string{"": have}}
		in := &ec2.ModifyVpcEndpointServicePermissionsInput{ServiceId: &id, AddAllowedPrincipals: o.Added("")}
		for _, p := range unwanted {
			if slices.Contains(have, p) {
				in.RemoveAllowedPrincipals = append(in.RemoveAllowedPrincipals, p)
			}
		}
		if len(in.AddAllowedPrincipals)+len(in.RemoveAllowedPrincipals) == 0 {
			return nil, nil
		}
		return in, nil
	}
	in, err := lacking()
	if in == nil || err != nil {
		return err
	}
	_, err = client.ModifyVpcEndpointServicePermissions(ctx, in)
	if err != nil {
		if in, readErr := lacking(); in == nil && readErr == nil {
			return nil // done by a try whose answer was lost
		}
	}
	return err
}

// deleteService deletes a service, which EC2 refuses while endpoints are
// connected; those that are being deleted go within minutes.
func (w *Writer) deleteService(ctx context.Context, client *ec2.Client, s plan.Step) error {
	const connected = "ExistingVpcEndpointConnections"
	err := w.outlast(ctx, ec2Release, func(err error) bool { return itemCode(err) == connected }, func() error {
		out, err := client.DeleteVpcEndpointServiceConfigurations(ctx, &ec2.DeleteVpcEndpointServiceConfigurationsInput{ServiceIds: []string{s.ID}})
		if err != nil {
			return err
		}
		return unsuccessful(s, "DeleteVpcEndpointServiceConfigurations", out.Unsuccessful)
	})
	switch {
	case err != nil && strings.HasSuffix(itemCode(err), ".NotFound"):
		return nil
	case err != nil && itemCode(err) == connected:
		return hinted(err, "endpoints of others use the service: have them deleted, or reject them, first")
	}
	return err
}

func (w *Writer) endpointServiceSettled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	id := stepID(s, done)
	v, ok, err := describeService(ctx, w.ec2(s.Account, s.Region), s, id)
	switch {
	case err != nil:
		return false, err
	case s.Action == plan.Delete:
		return !ok || v.State == string(types.ServiceStateDeleted), nil
	case ok && serviceGoing(v.State):
		return false, &Error{Account: s.Account, Region: s.Region, Service: "ec2", Operation: "CreateVpcEndpointServiceConfiguration", Code: v.State,
			Message: fmt.Sprintf("endpoint service %s is %s", id, v.State), Hint: "look at its load balancers, delete it and run again"}
	}
	return ok && v.State == string(types.ServiceStateAvailable), nil
}

var verificationBinding = binding{
	reads:   []estate.QueryKind{estate.QueryEndpointServices},
	do:      (*Writer).doVerification,
	settled: (*Writer).verificationSettled,
	needs:   map[plan.Action][]plan.May{plan.Create: {plan.MayMake(plan.KindVerification)}},
}

// doVerification lets AWS look for the TXT record, unless it has found it.
func (w *Writer) doVerification(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil || s.Object.One("service") == "" {
		return nil, impossible(s)
	}
	client, id := w.ec2(s.Account, s.Region), s.Object.One("service")
	v, err := w.waitService(ctx, client, s, id, ec2Appearance, func(estate.EndpointService) bool { return true })
	if err != nil || v.NameState == estate.NameVerified {
		return plan.Attributes{}, err
	}
	return plan.Attributes{}, startVerification(ctx, client, id)
}

func startVerification(ctx context.Context, client *ec2.Client, id string) error {
	_, err := client.StartVpcEndpointServicePrivateDnsVerification(ctx, &ec2.StartVpcEndpointServicePrivateDnsVerificationInput{ServiceId: &id})
	return err
}

// maxVerifications is how often a verification is started again after AWS did
// not find the record: what was just published is not seen everywhere at once.
const maxVerifications = 3

func (w *Writer) verificationSettled(ctx context.Context, s plan.Step, _ plan.Attributes) (bool, error) {
	if s.Object == nil || s.Object.One("service") == "" {
		return false, impossible(s)
	}
	client, id := w.ec2(s.Account, s.Region), s.Object.One("service")
	v, ok, err := describeService(ctx, client, s, id)
	if err != nil || !ok || v.NameState == estate.NamePending {
		return false, err
	}
	if v.NameState == estate.NameVerified {
		return true, nil
	}
	w.mu.Lock()
	w.restarted[s.Address]++
	again := w.restarted[s.Address]
	w.mu.Unlock()
	if again <= maxVerifications && !v.PrivateName.IsZero() {
		return false, startVerification(ctx, client, id)
	}
	a := plan.ServiceAttributes(v)
	return false, &Error{
		Account: s.Account, Region: s.Region, Service: "ec2", Operation: "StartVpcEndpointServicePrivateDnsVerification", Code: v.NameState,
		Message: fmt.Sprintf("AWS did not find the proof of the private name %s of %s", v.PrivateName, id),
		Hint: fmt.Sprintf("public DNS must have the TXT record %s with %s: look at the delegation of its zone, then run again",
			strings.Join(a["verifyName"], ""), strings.Join(a["verifyValue"], "")),
	}
}

var connectionBinding = binding{
	reads:   []estate.QueryKind{estate.QueryEndpointServices},
	do:      (*Writer).doConnection,
	settled: (*Writer).connectionSettled,
	needs:   map[plan.Action][]plan.May{plan.Create: {plan.MayMake(plan.KindConnection)}},
}

// doConnection accepts an endpoint that waits for it, once its request has
// arrived.
func (w *Writer) doConnection(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client, service, endpoint := w.ec2(s.Account, s.Region), s.Object.One("service"), s.Object.One("endpoint")
	early := fmt.Errorf("%s: no request of endpoint %s has reached service %s; run again", s.Address, endpoint, service)
	err := w.outlast(ctx, ec2Appearance, func(err error) bool { return err == early }, func() error {
		state, err := w.connection(ctx, client, s)
		if err != nil {
			return err
		}
		switch state {
		case "":
			return early
		case estate.EndpointPendingAcceptance:
		default: // accepted before, or gone: Settled tells
			return nil
		}
		out, err := client.AcceptVpcEndpointConnections(ctx, &ec2.AcceptVpcEndpointConnectionsInput{ServiceId: &service, VpcEndpointIds: []string{endpoint}})
		if err == nil {
			err = unsuccessful(s, "AcceptVpcEndpointConnections", out.Unsuccessful)
		}
		if err != nil {
			if now, readErr := w.connection(ctx, client, s); readErr == nil && (now == estate.EndpointPending || now == estate.EndpointAvailable) {
				return nil // accepted by a try whose answer was lost
			}
		}
		return err
	})
	return plan.Attributes{}, err
}

// connection is the state in which a service sees an endpoint; none when it does
// not.
func (w *Writer) connection(ctx context.Context, client *ec2.Client, s plan.Step) (string, error) {
	service, endpoint := s.Object.One("service"), s.Object.One("endpoint")
	all, err := connections(ctx, client, types.Filter{Name: aws.String("service-id"), Values: []string{service}}, types.Filter{Name: aws.String("vpc-endpoint-id"), Values: []string{endpoint}})
	if err != nil {
		return "", err
	}
	for _, c := range all[service] {
		if c.Endpoint == endpoint {
			return c.State, nil
		}
	}
	return "", nil
}

func (w *Writer) connectionSettled(ctx context.Context, s plan.Step, _ plan.Attributes) (bool, error) {
	if s.Object == nil {
		return false, impossible(s)
	}
	state, err := w.connection(ctx, w.ec2(s.Account, s.Region), s)
	if err == nil && endpointGoing(state) {
		err = &Error{Account: s.Account, Region: s.Region, Service: "ec2", Operation: "AcceptVpcEndpointConnections", Code: state,
			Message: fmt.Sprintf("the connection of endpoint %s is %s", s.Object.One("endpoint"), state), Hint: "delete the endpoint and run again"}
	}
	return state == estate.EndpointAvailable, err
}
