package awsapi

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
	"github.com/orgdns/orgdns/internal/plan"
)

// readEndpoints reads the VPC endpoints of an account, of every type, and the
// addresses of their network interfaces.
func (c *caller) readEndpoints(ctx context.Context, q estate.Query) (Patch, error) {
	client := c.ec2(q.Account, q.Region)
	var found []estate.Endpoint
	at := map[string]int{} // network interface -> endpoint
	pages := ec2.NewDescribeVpcEndpointsPaginator(client, &ec2.DescribeVpcEndpointsInput{MaxResults: aws.Int32(ec2Page)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, v := range page.VpcEndpoints {
			p, err := endpointOf(q.Account, q.Region, v)
			if err != nil {
				return nil, err
			}
			if others(q, v.OwnerId) || p.State == "deleted" {
				continue
			}
			for _, id := range v.NetworkInterfaceIds {
				at[id] = len(found)
			}
			found = append(found, p)
		}
	}
	if len(at) > 0 {
		if err := c.placeEndpoints(ctx, client, found, at); err != nil {
			return nil, err
		}
	}
	for _, p := range found {
		slices.SortFunc(p.Addresses, func(a, b estate.EndpointAddress) int {
			return cmp.Or(cmp.Compare(a.Zone, b.Zone), cmp.Compare(a.Interface, b.Interface))
		})
	}
	return func(e *estate.Estate) {
		for i, p := range found {
			if before, ok := e.Endpoints.Get(p.ID); ok && len(p.PrivateNames) == 0 {
				found[i].PrivateNames = before.PrivateNames
			}
		}
		replaceRegion(&e.Endpoints, q, found)
		namePrivately(e, q)
	}, nil
}

// placeEndpoints gives endpoints the addresses of their network interfaces. Those
// of one that has just come into service may not be seen yet: it would answer with
// nothing, so they are waited for.
func (c *caller) placeEndpoints(ctx context.Context, client *ec2.Client, found []estate.Endpoint, at map[string]int) error {
	early := errors.New("not every network interface is seen yet")
	err := c.outlast(ctx, ec2Appearance, func(err error) bool { return err == early }, func() error {
		for i := range found {
			found[i].Addresses = nil
		}
		seen := map[string]bool{}
		err := endpointAddresses(ctx, client, func(id string, a estate.EndpointAddress) {
			if i, ok := at[id]; ok {
				seen[id] = true
				found[i].Addresses = append(found[i].Addresses, a)
			}
		})
		for id, i := range at {
			p := found[i]
			fresh := p.Type == estate.EndpointInterface && p.State == estate.EndpointAvailable && c.opt.Clock.Now().Sub(p.Created) < ec2Appearance
			if err == nil && fresh && !seen[id] {
				err = early
			}
		}
		return err
	})
	if err == early {
		err = nil
	}
	return err
}

// endpointAddresses tells of each network interface of interface endpoints.
func endpointAddresses(ctx context.Context, client *ec2.Client, tell func(string, estate.EndpointAddress)) error {
	pages := ec2.NewDescribeNetworkInterfacesPaginator(client, &ec2.DescribeNetworkInterfacesInput{
		MaxResults: aws.Int32(ec2Page), Filters: []types.Filter{{Name: aws.String("interface-type"), Values: []string{string(types.NetworkInterfaceTypeVpcEndpoint)}}},
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, n := range page.NetworkInterfaces {
			a := estate.EndpointAddress{Interface: aws.ToString(n.NetworkInterfaceId), Subnet: aws.ToString(n.SubnetId), Zone: aws.ToString(n.AvailabilityZone)}
			if a.IPv4, err = address(n.PrivateIpAddress); err != nil {
				return readError("address of "+a.Interface, err)
			}
			if len(n.Ipv6Addresses) > 0 {
				if a.IPv6, err = address(n.Ipv6Addresses[0].Ipv6Address); err != nil {
					return readError("address of "+a.Interface, err)
				}
			}
			tell(a.Interface, a)
		}
	}
	return nil
}

func address(text *string) (netip.Addr, error) {
	if aws.ToString(text) == "" {
		return netip.Addr{}, nil
	}
	return netip.ParseAddr(*text)
}

// endpointOf is an endpoint as EC2 shows it, without its addresses.
func endpointOf(account estate.AccountID, region estate.Region, v types.VpcEndpoint) (estate.Endpoint, error) {
	p := estate.Endpoint{
		ID: aws.ToString(v.VpcEndpointId), Account: account, Region: region, VPC: aws.ToString(v.VpcId), Type: string(v.VpcEndpointType),
		Service: aws.ToString(v.ServiceName), State: endpointState(v.State), Policy: aws.ToString(v.PolicyDocument), Requester: aws.ToBool(v.RequesterManaged),
		Subnets: slices.Sorted(slices.Values(v.SubnetIds)), PrivateDNS: aws.ToBool(v.PrivateDnsEnabled), IPType: string(v.IpAddressType),
		RouteTables: slices.Sorted(slices.Values(v.RouteTableIds)), Created: aws.ToTime(v.CreationTimestamp), Tags: ec2Tags(v.Tags),
	}
	if r := estate.Region(aws.ToString(v.ServiceRegion)); r != region {
		p.ServiceRegion = r
	}
	for _, g := range v.Groups {
		p.Groups = append(p.Groups, aws.ToString(g.GroupId))
	}
	slices.Sort(p.Groups)
	if o := v.DnsOptions; o != nil {
		p.DNSIPType, p.InboundOnly = string(o.DnsRecordIpType), aws.ToBool(o.PrivateDnsOnlyForInboundResolverEndpoint)
	}
	for _, e := range v.DnsEntries {
		name, err := dnsname.Parse(aws.ToString(e.DnsName))
		if err != nil {
			return p, readError("a name of "+p.ID, err)
		}
		if az, ours := generated(p.ID, name); ours {
			p.Names = append(p.Names, estate.EndpointName{Name: name, Zone: aws.ToString(e.HostedZoneId), AZ: az})
		} else if !slices.Contains(p.PrivateNames, name) {
			p.PrivateNames = append(p.PrivateNames, name)
		}
	}
	slices.SortStableFunc(p.Names, func(a, b estate.EndpointName) int { return cmp.Compare(a.AZ, b.AZ) })
	return p, nil
}

// generated tells the names that AWS generates for an endpoint from those of its
// service, and the Availability Zone of a zonal one: their label is the
// endpoint's ID with a hash, and the zone (AWS PrivateLink Guide,
// privatelink-access-aws-services.html#interface-endpoint-dns-hostnames).
func generated(id string, name dnsname.Name) (az string, ok bool) {
	labels := strings.Split(name.String(), ".")
	if labels[0] == "*" && len(labels) > 1 { // of Amazon S3
		labels = labels[1:]
	}
	rest, ok := strings.CutPrefix(labels[0], id+"-")
	if !ok {
		return "", false
	}
	_, az, _ = strings.Cut(rest, "-")
	return az, true
}

// endpointState is a state as the API's text has it; the SDK's constants begin
// with a capital letter.
func endpointState(s types.State) string {
	if s == "" {
		return ""
	}
	return strings.ToLower(string(s[:1])) + string(s[1:])
}

// namePrivately gives endpoints whose private names EC2 does not list, since
// their private DNS is off, those that their services are offered with.
func namePrivately(e *estate.Estate, q estate.Query) {
	var named []estate.Endpoint
	for p := range e.Endpoints.By(estate.ByRegion(q.Account, q.Region)) {
		o, ok := e.Offers.Get(estate.ServiceOffer{Account: q.Account, Region: q.Region, Name: p.Service, ServiceRegion: p.ServiceRegion}.Key())
		if ok && p.Type == estate.EndpointInterface && len(p.PrivateNames) == 0 && len(o.PrivateNames) > 0 {
			p.PrivateNames = o.PrivateNames
			named = append(named, p)
		}
	}
	e.Endpoints.Put(named...)
}

// readOffers reads the services of a Region to which an account can make
// endpoints in its own: AWS tells those of other Regions where they are asked for
// (EC2 API, DescribeVpcEndpointServices, ServiceRegion).
func (c *caller) readOffers(ctx context.Context, q estate.Query) (Patch, error) {
	var found []estate.ServiceOffer
	in := &ec2.DescribeVpcEndpointServicesInput{MaxResults: aws.Int32(ec2Page)}
	if q.ID != "" {
		in.ServiceRegions = []string{q.ID}
	}
	for {
		page, err := c.ec2(q.Account, q.Region).DescribeVpcEndpointServices(ctx, in)
		if err != nil {
			return nil, err
		}
		for _, d := range page.ServiceDetails {
			o, err := offerOf(q, d)
			if err != nil {
				return nil, err
			}
			found = append(found, o)
		}
		if in.NextToken = page.NextToken; aws.ToString(in.NextToken) == "" {
			break
		}
	}
	return func(e *estate.Estate) {
		var gone []string
		for o := range e.Offers.By(estate.ByRegion(q.Account, q.Region)) {
			if o.ServiceRegion == estate.Region(q.ID) {
				gone = append(gone, o.Key())
			}
		}
		e.Offers.Delete(gone...)
		e.Offers.Put(found...)
		namePrivately(e, q)
	}, nil
}

func offerOf(q estate.Query, d types.ServiceDetail) (estate.ServiceOffer, error) {
	o := estate.ServiceOffer{
		Account: q.Account, Region: q.Region, Name: aws.ToString(d.ServiceName), Owner: aws.ToString(d.Owner), Zones: d.AvailabilityZones,
		NameState: string(d.PrivateDnsNameVerificationState), Acceptance: aws.ToBool(d.AcceptanceRequired), Policy: aws.ToBool(d.VpcEndpointPolicySupported),
	}
	if r := estate.Region(aws.ToString(d.ServiceRegion)); r != q.Region {
		o.ServiceRegion = r
	}
	for _, t := range d.ServiceType {
		o.Types = append(o.Types, string(t.ServiceType))
	}
	for _, t := range d.SupportedIpAddressTypes {
		o.IPTypes = append(o.IPTypes, string(t))
	}
	names := []*string{d.PrivateDnsName}
	for _, n := range d.PrivateDnsNames {
		names = append(names, n.PrivateDnsName)
	}
	for _, text := range names {
		if aws.ToString(text) == "" {
			continue
		}
		n, err := dnsname.Parse(*text)
		if err != nil {
			return o, readError("a private name of "+o.Name, err)
		}
		if !slices.Contains(o.PrivateNames, n) {
			o.PrivateNames = append(o.PrivateNames, n)
		}
	}
	return o, nil
}

var endpointBinding = binding{
	reads:   []estate.QueryKind{estate.QueryEndpoints},
	do:      (*Writer).doEndpoint,
	settled: (*Writer).endpointSettled,
	needs: map[plan.Action][]plan.May{
		plan.Create: {plan.MayMake(plan.KindEndpoint)},
		plan.Update: {plan.MayMake(plan.KindEndpoint)},
		plan.Await:  {plan.MayReadEndpoints},
		plan.Delete: {plan.MayMake(plan.KindEndpoint)},
	},
}

func (w *Writer) doEndpoint(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil {
		return nil, impossible(s)
	}
	client := w.ec2(s.Account, s.Region)
	switch s.Action {
	case plan.Create:
		id, err := w.createEndpoint(ctx, client, s)
		if err != nil {
			return nil, err
		}
		return w.namedEndpoint(ctx, client, s, id)
	case plan.Update:
		if until := s.Object.One("deleteAfter"); until != "" { // of one that goes: nothing else changes
			return plan.Attributes{"id": {s.ID}}, setTags(ctx, client, s.ID, map[string]string{plan.TagDeleteAfter: until}, nil)
		}
		if err := w.updateEndpoint(ctx, client, s); err != nil {
			return nil, err
		}
		return w.namedEndpoint(ctx, client, s, s.ID)
	case plan.Await:
		return plan.Attributes{}, nil
	case plan.Delete:
		out, err := client.DeleteVpcEndpoints(ctx, &ec2.DeleteVpcEndpointsInput{VpcEndpointIds: []string{s.ID}})
		if err == nil {
			err = unsuccessful(s, "DeleteVpcEndpoints", out.Unsuccessful)
		}
		if err != nil && strings.HasSuffix(itemCode(err), ".NotFound") {
			err = nil
		}
		return plan.Attributes{"id": {s.ID}}, err
	}
	return nil, impossible(s)
}

// createEndpoint makes an endpoint. The token makes a repeated request find the
// first one; when that led to an endpoint that is going, another token is taken.
func (w *Writer) createEndpoint(ctx context.Context, client *ec2.Client, s plan.Step) (string, error) {
	if w.doubted(s.Address) {
		if id, err := w.findEndpoint(ctx, client, s); id != "" || err != nil {
			return id, err
		}
	}
	in := endpointWanted(*s.Object)
	in.TagSpecifications = specified(types.ResourceTypeVpcEndpoint, plan.Marks(w.opt.Owner, s.Address))
	for n := 1; n <= maxRequests; n++ {
		in.ClientToken = w.requestToken(s, n)
		var made types.VpcEndpoint
		err := w.onceVerified(ctx, client, s, func() error {
			out, err := client.CreateVpcEndpoint(ctx, in)
			if err == nil && out.VpcEndpoint != nil {
				made = *out.VpcEndpoint
			}
			return err
		})
		switch {
		case Code(err) == "IdempotentParameterMismatch":
			if id, err := w.findEndpoint(ctx, client, s); id != "" || err != nil {
				return id, err
			}
		case err != nil:
			return "", err
		case !endpointGoing(endpointState(made.State)):
			w.settledDoubt(s.Address)
			return aws.ToString(made.VpcEndpointId), nil
		}
	}
	return "", fmt.Errorf("%s: EC2 still remembers earlier requests for this endpoint; run again tomorrow", s.Address)
}

func endpointGoing(state string) bool {
	switch state {
	case estate.EndpointDeleting, "deleted", estate.EndpointRejected, estate.EndpointFailed, "expired":
		return true
	}
	return false
}

// endpointWanted is the request for an endpoint.
func endpointWanted(o plan.ObjectStep) *ec2.CreateVpcEndpointInput {
	in := &ec2.CreateVpcEndpointInput{
		VpcEndpointType: types.VpcEndpointTypeInterface, VpcId: aws.String(o.One("vpc")), ServiceName: aws.String(o.One("service")),
		SubnetIds: o.Fields["subnets"], SecurityGroupIds: o.Fields["groups"], IpAddressType: types.IpAddressType(o.One("ipType")),
		// AWS turns it on where it is not asked (API_CreateVpcEndpoint).
		PrivateDnsEnabled: aws.Bool(o.One("privateDNS") == plan.True),
	}
	if r := o.One("serviceRegion"); r != "" {
		in.ServiceRegion = &r
	}
	if p := o.One("policy"); p != "" {
		in.PolicyDocument = &p
	}
	in.DnsOptions = dnsOptions(o)
	return in
}

func dnsOptions(o plan.ObjectStep) *types.DnsOptionsSpecification {
	record, inbound := o.One("dnsIPType"), o.One("inboundOnly")
	if record == "" && inbound == "" {
		return nil
	}
	out := &types.DnsOptionsSpecification{DnsRecordIpType: types.DnsRecordIpType(record)}
	if inbound != "" {
		out.PrivateDnsOnlyForInboundResolverEndpoint = aws.Bool(inbound == plan.True)
	}
	return out
}

// findEndpoint looks for an endpoint with our mark that is not going.
func (w *Writer) findEndpoint(ctx context.Context, client *ec2.Client, s plan.Step) (string, error) {
	out, err := client.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{Filters: w.marked(s)})
	if err != nil {
		return "", err
	}
	for _, v := range out.VpcEndpoints {
		if !endpointGoing(endpointState(v.State)) && aws.ToString(v.VpcId) == s.Object.One("vpc") && aws.ToString(v.ServiceName) == s.Object.One("service") {
			return aws.ToString(v.VpcEndpointId), nil
		}
	}
	return "", nil
}

// describeEndpoint reads one endpoint; false when there is none.
func describeEndpoint(ctx context.Context, client *ec2.Client, s plan.Step, id string) (estate.Endpoint, bool, error) {
	out, err := client.DescribeVpcEndpoints(ctx, &ec2.DescribeVpcEndpointsInput{VpcEndpointIds: []string{id}})
	if absent(err) || err == nil && len(out.VpcEndpoints) == 0 {
		return estate.Endpoint{}, false, nil
	}
	if err != nil {
		return estate.Endpoint{}, false, err
	}
	p, err := endpointOf(s.Account, s.Region, out.VpcEndpoints[0])
	return p, err == nil, err
}

// waitEndpoint reads an endpoint until it is as asked, or patience ends.
func (w *Writer) waitEndpoint(ctx context.Context, client *ec2.Client, s plan.Step, id string, patience time.Duration, enough func(estate.Endpoint) bool) (estate.Endpoint, error) {
	var p estate.Endpoint
	early := fmt.Errorf("%s: EC2 did not bring endpoint %s further in %s; run again", s.Address, id, patience)
	err := w.outlast(ctx, patience, func(err error) bool { return err == early }, func() error {
		found, ok, err := describeEndpoint(ctx, client, s, id)
		if err != nil {
			return err
		}
		p = found
		if !ok || !enough(p) {
			return early
		}
		return nil
	})
	return p, err
}

// namedEndpoint waits until an endpoint has its regional name, and gives what
// others may refer to.
func (w *Writer) namedEndpoint(ctx context.Context, client *ec2.Client, s plan.Step, id string) (plan.Attributes, error) {
	p, err := w.waitEndpoint(ctx, client, s, id, ec2Appearance, func(p estate.Endpoint) bool {
		// One that waits to be accepted may have no names until then, and the
		// acceptance waits for its ID.
		return len(p.Names) > 0 || p.State == estate.EndpointPendingAcceptance || endpointGoing(p.State)
	})
	if err != nil {
		return nil, err
	}
	return plan.EndpointAttributes(p, w.partition()), nil
}

// updateEndpoint changes what is not as wanted, judged by the endpoint as it is
// now.
func (w *Writer) updateEndpoint(ctx context.Context, client *ec2.Client, s plan.Step) error {
	p, err := w.waitEndpoint(ctx, client, s, s.ID, ec2Transition, func(p estate.Endpoint) bool { return p.State != estate.EndpointPending })
	if err != nil {
		return err
	}
	in := endpointChanges(p, *s.Object)
	if in == nil {
		return nil
	}
	err = w.onceVerified(ctx, client, s, func() error {
		_, err := client.ModifyVpcEndpoint(ctx, in)
		return err
	})
	if err == nil {
		return nil
	}
	now, ok, readErr := describeEndpoint(ctx, client, s, s.ID)
	if readErr == nil && ok && endpointChanges(now, *s.Object) == nil {
		return nil // done by a try whose answer was lost
	}
	return err
}

// endpointChanges are what must be changed of an endpoint; nil for nothing.
func endpointChanges(p estate.Endpoint, want plan.ObjectStep) *ec2.ModifyVpcEndpointInput {
	o := plan.ObjectStep{Fields: want.Fields, Before: map[string][]string{
		"subnets": p.Subnets, "groups": p.Groups, "privateDNS": boolField(p.PrivateDNS), "inboundOnly": boolField(p.InboundOnly),
		"policy": {plan.NormalDocument(p.Policy)}, "ipType": {p.IPType}, "dnsIPType": {p.DNSIPType},
	}}
	in, differs := &ec2.ModifyVpcEndpointInput{VpcEndpointId: &p.ID}, false
	changes := func(field string) bool {
		c := o.Changes(field)
		differs = differs || c
		return c
	}
	if changes("subnets") {
		in.AddSubnetIds, in.RemoveSubnetIds = o.Added("subnets"), o.Removed("subnets")
	}
	if changes("groups") {
		in.AddSecurityGroupIds, in.RemoveSecurityGroupIds = o.Added("groups"), o.Removed("groups")
	}
	if changes("privateDNS") {
		in.PrivateDnsEnabled = aws.Bool(o.One("privateDNS") == plan.True)
	}
	if policy := o.One("policy"); len(o.Fields["policy"]) > 0 && plan.NormalDocument(policy) != o.Before["policy"][0] {
		in.PolicyDocument, differs = &policy, true
	} else if o.Fields["policy"] != nil && policy == "" && p.Policy != "" {
		in.ResetPolicy, differs = aws.Bool(true), true
	}
	if len(o.Fields["ipType"]) > 0 && changes("ipType") {
		in.IpAddressType = types.IpAddressType(o.One("ipType"))
	}
	record, inbound := len(o.Fields["dnsIPType"]) > 0 && changes("dnsIPType"), changes("inboundOnly")
	if record || inbound {
		in.DnsOptions = dnsOptions(o)
	}
	if !differs {
		return nil
	}
	return in
}

func boolField(b bool) []string {
	if b {
		return []string{plan.True}
	}
	return []string{plan.False}
}

var privateDNSBinding = binding{
	reads:   []estate.QueryKind{estate.QueryEndpoints},
	do:      (*Writer).doPrivateDNS,
	settled: (*Writer).privateDNSSettled,
	needs:   map[plan.Action][]plan.May{plan.Create: {plan.MayMake(plan.KindEndpoint)}},
}

// doPrivateDNS turns on the private DNS of an endpoint that its service has
// accepted.
func (w *Writer) doPrivateDNS(ctx context.Context, s plan.Step) (plan.Attributes, error) {
	if s.Object == nil || s.Object.One("endpoint") == "" {
		return nil, impossible(s)
	}
	client := w.ec2(s.Account, s.Region)
	s.ID = s.Object.One("endpoint")
	p, err := w.waitEndpoint(ctx, client, s, s.ID, ec2Transition, func(p estate.Endpoint) bool { return p.State == estate.EndpointAvailable })
	if err != nil {
		return nil, err
	}
	s.Object = &plan.ObjectStep{Fields: map[string][]string{
		"privateDNS": {plan.True}, "service": {p.Service}, "serviceRegion": {string(p.ServiceRegion)},
	}}
	return plan.Attributes{}, w.updateEndpoint(ctx, client, s)
}

func (w *Writer) privateDNSSettled(ctx context.Context, s plan.Step, _ plan.Attributes) (bool, error) {
	if s.Object == nil || s.Object.One("endpoint") == "" {
		return false, impossible(s)
	}
	p, ok, err := describeEndpoint(ctx, w.ec2(s.Account, s.Region), s, s.Object.One("endpoint"))
	return ok && p.PrivateDNS && p.State == estate.EndpointAvailable, err
}

// onceVerified makes or changes an endpoint. As long as the private name of its
// service is not verified AWS refuses private DNS, with a code that it gives for
// much else: the state of the name decides, and is waited for.
func (w *Writer) onceVerified(ctx context.Context, client *ec2.Client, s plan.Step, try func() error) error {
	var service types.ServiceDetail
	unverified := func(err error) bool {
		service = types.ServiceDetail{}
		if Code(err) != "InvalidParameter" || s.Object.One("privateDNS") != plan.True {
			return false
		}
		in := &ec2.DescribeVpcEndpointServicesInput{ServiceNames: []string{s.Object.One("service")}}
		if r := s.Object.One("serviceRegion"); r != "" {
			in.ServiceRegions = []string{r}
		}
		out, readErr := client.DescribeVpcEndpointServices(ctx, in)
		if readErr != nil || len(out.ServiceDetails) == 0 {
			return false
		}
		service = out.ServiceDetails[0]
		return unproven(service)
	}
	err := w.outlast(ctx, ec2Transition, unverified, try)
	if Code(err) != "InvalidParameter" || !unproven(service) {
		return err
	}
	return diag.Diagnostic{
		Code: "unverified-name", Address: s.Address, Account: string(s.Account), Region: string(s.Region),
		Summary: fmt.Sprintf("endpoint %s waits for the private name %s of %s, which AWS has not verified", s.Address, aws.ToString(service.PrivateDnsName), aws.ToString(service.ServiceName)),
		Detail:  fmt.Sprintf("its state is %s after %s; until it is verified AWS refuses private DNS (%s)", service.PrivateDnsNameVerificationState, ec2Transition, Code(err)),
		Hint:    fmt.Sprintf("the TXT record that proves the name must be in public DNS, and account %s, which owns the service, start the verification; then run again", aws.ToString(service.Owner)),
	}
}

// unproven reports whether a service has a private name that is not verified.
func unproven(d types.ServiceDetail) bool {
	state := d.PrivateDnsNameVerificationState
	return state == types.DnsNameStatePendingVerification || state == types.DnsNameStateFailed
}

// endpointSettled asks whether an endpoint is in service, or gone.
func (w *Writer) endpointSettled(ctx context.Context, s plan.Step, done plan.Attributes) (bool, error) {
	id := stepID(s, done)
	client := w.ec2(s.Account, s.Region)
	got := w.inEffect(ctx, s, id, func(ctx context.Context) effect {
		p, _, err := describeEndpoint(ctx, client, s, id)
		return effect{status: p.State, message: p.Service, privateDNS: boolField(p.PrivateDNS)[0], err: err}
	}, func(ctx context.Context, all []question) (map[string]effect, error) {
		return endpointStates(ctx, client, all)
	})
	switch {
	case got.err != nil:
		return false, got.err
	case s.Action == plan.Delete:
		return got.status == "" || got.status == "deleted", nil
	case endpointGoing(got.status):
		return false, &Error{Account: s.Account, Region: s.Region, Service: "ec2", Operation: "CreateVpcEndpoint", Code: got.status,
			Message: fmt.Sprintf("endpoint %s of %s is %s", id, got.message, got.status), Hint: "delete it and run again; the owner of the service may have rejected it"}
	}
	named := s.Object == nil || !s.Object.Changes("privateDNS") || s.Object.One("privateDNS") == got.privateDNS
	return got.status == estate.EndpointAvailable && named, nil
}

// endpointStates reads the states of many endpoints. By a filter, an ID that is
// not there is no error.
func endpointStates(ctx context.Context, client *ec2.Client, all []question) (map[string]effect, error) {
	out := map[string]effect{}
	for ids := range slices.Chunk(idsOf(all), maxFilterValues) {
		pages := ec2.NewDescribeVpcEndpointsPaginator(client, &ec2.DescribeVpcEndpointsInput{
			Filters: []types.Filter{{Name: aws.String("vpc-endpoint-id"), Values: ids}}, MaxResults: aws.Int32(ec2Page),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, v := range page.VpcEndpoints {
				out[aws.ToString(v.VpcEndpointId)] = effect{status: endpointState(v.State), message: aws.ToString(v.ServiceName), privateDNS: boolField(aws.ToBool(v.PrivateDnsEnabled))[0]}
			}
		}
	}
	return out, nil
}
