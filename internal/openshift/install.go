package openshift

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
	"github.com/orgdns/orgdns/internal/estate"
)

// Credentials modes with which a role can be used. In Passthrough the cluster's
// operators have the installer's own credentials, in Manual each has its own
// (openshift/installer, pkg/types InstallConfig).
const (
	Passthrough = "Passthrough"
	Manual      = "Manual"
)

// InstallConfig is what install-config.yaml says of DNS.
type InstallConfig struct {
	Pos         diag.Pos
	BaseDomain  dnsname.Name
	Name        string       // of the cluster
	Domain      dnsname.Name // of the cluster: its name below the base domain
	Credentials Text         // credentialsMode
	Internal    bool         // publish: Internal, no public records
	// Unmanaged: the cluster's own DNS is provided by the user, so that the
	// installer makes no records.
	Unmanaged  bool
	DualStack  bool
	Region     estate.Region
	Subnets    []Text
	HostedZone Text // the ID of a standing private zone
	Role       Role
}

var (
	// clusterName is a DNS-1123 subdomain, as the installer has it.
	clusterName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`)
	zoneID      = regexp.MustCompile(`^Z[A-Z0-9]{1,31}$`)            // Route 53 API, ResourceId
	subnetID    = regexp.MustCompile(`^subnet-[0-9a-f]{8,17}$`)      // EC2 User Guide, resource-ids.html
	regionCode  = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]$`) // EC2 User Guide, using-regions-availability-zones.html
)

// isInstallConfig: such a file has no kind, but keys that no other has.
func isInstallConfig(t config.Tree) bool {
	return t.At("baseDomain").There() || t.At("platform").There() || t.At("controlPlane").There()
}

func (r *reader) installConfig(t config.Tree) {
	c := InstallConfig{Pos: t.Pos()}
	base := r.text(t, "baseDomain", "baseDomain")
	if c.BaseDomain = r.name(base, "baseDomain"); base.Value == "" {
		r.missing(t, "baseDomain", "write the public domain under which the cluster gets its own")
	}
	name := r.text(t, "metadata.name", "metadata", "name")
	switch {
	case name.Value == "":
		r.missing(t, "metadata.name", "write the name of the cluster")
	case !clusterName.MatchString(name.Value):
		r.problem(name.Pos, CodeBadValue, fmt.Sprintf("metadata.name: %q is not a cluster's name", shorten(name.Value)), "it becomes labels of domain names", "write lower-case letters, digits and -")
	case !c.BaseDomain.IsZero():
		c.Name = name.Value
		domain, err := c.BaseDomain.Child(name.Value)
		if err != nil {
			r.problem(name.Pos, CodeBadValue, "metadata.name: "+err.Error(), "the cluster's domain is its name below baseDomain", "write a shorter name")
		}
		c.Domain = domain
	}
	c.Credentials = r.text(t, "credentialsMode", "credentialsMode")
	if !slices.Contains([]string{"", "Mint", Passthrough, Manual}, c.Credentials.Value) {
		r.problem(c.Credentials.Pos, CodeBadValue, fmt.Sprintf("credentialsMode: %q is not a mode", shorten(c.Credentials.Value)), "", "write Passthrough or Manual with a role; without one, Mint or nothing will do as well")
	}
	publish := r.text(t, "publish", "publish")
	if c.Internal = publish.Value == "Internal"; publish.Value != "" && publish.Value != "External" && !c.Internal {
		r.problem(publish.Pos, CodeBadValue, fmt.Sprintf("publish: %q is not a way to publish on AWS", shorten(publish.Value)), "", "write External or Internal")
	}
	if aws, ok := r.mapping(t, "platform.aws", "platform", "aws"); ok {
		r.installAWS(aws, &c)
	} else if !t.At("platform", "aws").There() {
		r.missing(t, "platform.aws", "only clusters on AWS are checked")
	}
	r.installGate(t)
	if r.out.Install != nil {
		r.twice("install-config", r.out.Install.Pos, c.Pos)
		return
	}
	r.out.Install = &c
}

func (r *reader) installAWS(aws config.Tree, c *InstallConfig) {
	region := r.text(aws, "platform.aws.region", "region")
	switch {
	case region.Value == "":
		r.missing(aws, "platform.aws.region", `write its code, as in "eu-west-1"`)
	case !regionCode.MatchString(region.Value):
		r.problem(region.Pos, CodeBadValue, fmt.Sprintf("platform.aws.region: %q is not a Region", shorten(region.Value)), "", `write its code, as in "eu-west-1"`)
	default:
		c.Region = estate.Region(region.Value)
	}
	old := r.subnets(aws.At("subnets"), "platform.aws.subnets")
	c.Subnets = append(old, r.subnets(aws.At("vpc", "subnets"), "platform.aws.vpc.subnets")...)
	if len(old) > 0 && len(c.Subnets) > len(old) {
		r.problem(aws.At("subnets").Pos(), CodeSubnets, "platform.aws.subnets and platform.aws.vpc.subnets are both given", "the installer takes one of them", "keep vpc.subnets; subnets is the older form")
	}
	c.HostedZone = r.text(aws, "platform.aws.hostedZone", "hostedZone")
	if id, prefixed := strings.CutPrefix(c.HostedZone.Value, "/hostedzone/"); c.HostedZone.Value != "" && !zoneID.MatchString(c.HostedZone.Value) {
		hint := `write the ID alone, as in "Z0123456789ABCDEFGHIJ"`
		if prefixed && zoneID.MatchString(id) {
			hint = fmt.Sprintf("write %q", id)
		}
		r.problem(c.HostedZone.Pos, CodeBadValue, fmt.Sprintf("platform.aws.hostedZone: %q is not the ID of a hosted zone", shorten(c.HostedZone.Value)), "", hint)
		c.HostedZone.Value = ""
	}
	zoneGiven := aws.At("hostedZone").There() && c.HostedZone.Pos != diag.Pos{}
	if zoneGiven && len(c.Subnets) == 0 && !aws.At("subnets").There() && !aws.At("vpc", "subnets").There() {
		r.problem(c.HostedZone.Pos, CodeSubnets, "platform.aws.hostedZone is given without subnets", "the installer makes a VPC of its own then, with which a zone that stands cannot be associated", "list the subnets of the VPC under platform.aws.vpc.subnets")
	}
	c.Role = r.role(aws, "platform.aws.hostedZoneRole", "hostedZoneRole")
	role := r.optional(aws, "hostedZoneRole")
	if role.Value != "" && !zoneGiven {
		r.problem(role.Pos, CodeZone, "platform.aws.hostedZoneRole is given without platform.aws.hostedZone", "the role is for one private zone that stands already", "write the zone's ID in hostedZone, or leave the role out")
	}
	if role.Value != "" && c.Credentials.Value != Passthrough && c.Credentials.Value != Manual {
		pos, found := c.Credentials.Pos, fmt.Sprintf("it is %q", c.Credentials.Value)
		if pos == (diag.Pos{}) {
			pos, found = role.Pos, "it is not given"
		}
		r.problem(pos, CodeCredential, "credentialsMode must be Passthrough or Manual with platform.aws.hostedZoneRole", found+"; credentials that the cluster mints for itself may not assume the role", "write credentialsMode: Passthrough, or Manual")
	}
	c.DualStack = strings.HasPrefix(r.optional(aws, "ipFamily").Value, "DualStack")
	c.Unmanaged = r.optional(aws, "userProvisionedDNS").Value == "Enabled"
}

// optional is a text of somebody else's API that is not ours to judge.
func (r *reader) optional(t config.Tree, keys ...string) Text {
	v := t.At(keys...)
	s, ok := v.Text()
	if !ok {
		return Text{}
	}
	return Text{s, v.Pos()}
}

// subnets reads a list of subnet IDs, or of mappings with an id.
func (r *reader) subnets(t config.Tree, field string) []Text {
	if !t.There() {
		return nil
	}
	items, ok := t.Items()
	if !ok {
		r.problem(t.Pos(), CodeBadValue, field+": expected a list, found "+t.String(), "", "")
		return nil
	}
	var out []Text
	for i, item := range items {
		at := fmt.Sprintf("%s[%d]", field, i)
		var id Text
		if item.IsMapping() {
			if id = r.text(item, at+".id", "id"); id.Value == "" {
				r.missing(item, at+".id", "write the subnet's ID")
				continue
			}
		} else {
			s, ok := item.Text()
			if !ok {
				r.problem(item.Pos(), CodeBadValue, at+": expected a subnet's ID, found "+item.String(), "", "")
				continue
			}
			id = Text{s, item.Pos()}
		}
		if !subnetID.MatchString(id.Value) {
			r.problem(id.Pos, CodeBadValue, fmt.Sprintf("%s: %q is not a subnet's ID", at, shorten(id.Value)), "", `write it as in "subnet-0123456789abcdef0"`)
			continue
		}
		if j := slices.IndexFunc(out, func(o Text) bool { return o.Value == id.Value }); j >= 0 {
			r.problem(id.Pos, CodeTwice, fmt.Sprintf("%s: %s is listed twice", at, id.Value), "first at "+out[j].Pos.String(), "remove one")
			continue
		}
		out = append(out, id)
	}
	return out
}

// installGate diagnoses the feature gate in the installer's form, "NAME=true".
func (r *reader) installGate(t config.Tree) {
	gates, _ := t.At("featureGates").Items()
	for _, g := range gates {
		s, ok := g.Text()
		if name, value, _ := strings.Cut(s, "="); ok && name == GateName {
			r.gateIs(g.Pos(), strings.EqualFold(value, "true"), "featureGates")
		}
	}
}
