package openshift

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
)

// DNS is the object of that name of config.openshift.io/v1, "cluster": where
// a cluster's records stand.
type DNS struct {
	Pos             diag.Pos
	Domain          dnsname.Name // spec.baseDomain, which is the cluster's own domain
	Public, Private ZoneRef
	Role            Role // spec.platform.aws.privateZoneIAMRole
}

// ZoneRef names a zone: by its ID, by tags, or a public zone by its name. The
// zero ZoneRef means that no records stand in such a zone.
type ZoneRef struct {
	ID   string
	Tags map[string]string
	Name dnsname.Name
	Pos  diag.Pos
}

// IsZero reports whether it names nothing.
func (z ZoneRef) IsZero() bool { return z.ID == "" && len(z.Tags) == 0 && z.Name.IsZero() }

// Infrastructure is the object of that name of config.openshift.io/v1.
type Infrastructure struct {
	Pos       diag.Pos
	DualStack bool // status.platformStatus.aws.ipFamily
}

// GateName is the feature gate under which OpenShift 4.14 brought the role.
const GateName = "PrivateHostedZoneAWS"

// Gate is what a file says about that feature gate.
type Gate struct {
	Pos     diag.Pos
	Enabled bool
}

func (r *reader) dns(t config.Tree) {
	d := DNS{Pos: t.Pos()}
	base := r.text(t, "spec.baseDomain", "spec", "baseDomain")
	if d.Domain = r.name(base, "spec.baseDomain"); base.Value == "" {
		r.missing(t, "spec.baseDomain", "write the cluster's own domain, its name included")
	}
	d.Public = r.zoneRef(t, "publicZone")
	d.Private = r.zoneRef(t, "privateZone")
	if platform, ok := r.mapping(t, "spec.platform", "spec", "platform"); ok {
		d.Role = r.platform(platform)
	}
	if !d.Role.IsZero() {
		switch {
		case d.Private.IsZero():
			r.problem(d.Role.Pos, CodeZone, "spec.platform.aws.privateZoneIAMRole is given without spec.privateZone", "the role is for the private zone alone", "write spec.privateZone.id, or leave the role out")
		case d.Private.ID == "":
			r.problem(d.Private.Pos, CodeZone, "spec.privateZone has no id, which a role needs", "zones are looked up by tag with the cluster's own credentials, which do not see the zone's account", "write the zone's ID in spec.privateZone.id")
		}
	}
	if r.out.DNS != nil {
		r.twice("DNS object", r.out.DNS.Pos, d.Pos)
		return
	}
	r.out.DNS = &d
}

// platform judges the union: aws stands if and only if the type is AWS.
func (r *reader) platform(t config.Tree) Role {
	aws, has := r.mapping(t, "spec.platform.aws", "aws")
	kind := t.At("type")
	name := r.text(t, "spec.platform.type", "type")
	const rule = "spec.platform.aws is required when spec.platform.type is AWS, and forbidden otherwise"
	switch {
	case !kind.There():
		r.missing(t, "spec.platform.type", `write type: AWS, or leave spec.platform out`)
		return Role{}
	case !kind.IsText():
		return Role{} // reported
	case name.Value != "" && name.Value != "AWS":
		hint := `write AWS, or ""`
		if strings.EqualFold(strings.TrimSpace(name.Value), "AWS") {
			hint = "write AWS, in capitals"
		}
		r.problem(name.Pos, CodeBadValue, fmt.Sprintf("spec.platform.type: %q is not allowed", shorten(name.Value)), `allowed are "" and "AWS"`, hint)
		return Role{}
	case name.Value == "AWS" && !t.At("aws").There():
		r.problem(name.Pos, CodeUnion, rule, "the type is AWS and aws is not given", "write aws: with privateZoneIAMRole:, or leave spec.platform out")
	case name.Value == "" && has:
		r.problem(aws.Pos(), CodeUnion, rule, `the type is "" and aws is given`, "write type: AWS")
		return Role{}
	}
	return r.role(aws, "spec.platform.aws.privateZoneIAMRole", "privateZoneIAMRole")
}

func (r *reader) zoneRef(t config.Tree, key string) ZoneRef {
	field := "spec." + key
	v, ok := r.mapping(t, field, "spec", key)
	if !ok {
		return ZoneRef{}
	}
	z := ZoneRef{Pos: v.Pos()}
	id := r.text(v, field+".id", "id")
	z.ID = strings.TrimPrefix(id.Value, "/hostedzone/") // as the installer once wrote it
	if z.ID != "" && !zoneID.MatchString(z.ID) {
		r.problem(id.Pos, CodeBadValue, fmt.Sprintf("%s.id: %q is not the ID of a hosted zone", field, shorten(id.Value)), "", `write it as in "Z0123456789ABCDEFGHIJ"`)
		return ZoneRef{}
	}
	tags, ok := r.mapping(v, field+".tags", "tags")
	if ok {
		z.Tags = map[string]string{}
		for _, k := range tags.Keys() {
			z.Tags[k] = r.text(tags, field+".tags."+k, k).Value
		}
	}
	if z.IsZero() {
		r.missing(v, field+".id or "+field+".tags", "write one of them, or leave "+field+" out, which means no such records")
	}
	return z
}

func (r *reader) infrastructure(t config.Tree) {
	i := Infrastructure{Pos: t.Pos()}
	r.infraID(t, "status", "infrastructureName")
	aws := t.At("status", "platformStatus", "aws")
	i.DualStack = strings.HasPrefix(r.optional(aws, "ipFamily").Value, "DualStack")
	for _, at := range []struct {
		field string
		tree  config.Tree
	}{
		{"status.platformStatus.aws.privateHostedZoneRole", aws.At("privateHostedZoneRole")},
		{"spec.platformSpec.aws.privateHostedZoneRole", t.At("spec", "platformSpec", "aws", "privateHostedZoneRole")},
	} {
		if s, ok := at.tree.Text(); ok && s != "" {
			r.roleOf(Text{s, at.tree.Pos()}, at.field)
			r.problem(at.tree.Pos(), CodeMisplaced, at.field+" is not read by anything", "the field was proposed for Infrastructure and not taken; the role stands in the object DNS", "move it to spec.platform.aws.privateZoneIAMRole of dns.config.openshift.io cluster")
		}
	}
	if r.out.Infrastructure != nil {
		r.twice("Infrastructure object", r.out.Infrastructure.Pos, i.Pos)
		return
	}
	r.out.Infrastructure = &i
}

// gate reads a FeatureGate: what it asks for, and what each version found.
func (r *reader) gate(t config.Tree) {
	found := false
	look := func(list config.Tree, enabled bool, field string) {
		items, _ := list.Items()
		for _, i := range items {
			name, ok := i.Text()
			if !ok {
				name, ok = i.At("name").Text()
			}
			if ok && name == GateName {
				found = true
				r.gateIs(i.Pos(), enabled, field)
			}
		}
	}
	custom := t.At("spec", "customNoUpgrade")
	look(custom.At("enabled"), true, "spec.customNoUpgrade.enabled")
	look(custom.At("disabled"), false, "spec.customNoUpgrade.disabled")
	versions, _ := t.At("status", "featureGates").Items()
	for _, v := range versions {
		look(v.At("enabled"), true, "status.featureGates.enabled")
		look(v.At("disabled"), false, "status.featureGates.disabled")
	}
	if !found {
		r.report(diag.Note, t.Pos(), CodeGate, "the feature gate "+GateName+" is not named here", "it is on by itself since OpenShift 4.14, and gone in later versions", "")
	}
	if set := r.optional(t, "spec", "featureSet"); set.Value == "TechPreviewNoUpgrade" || set.Value == "CustomNoUpgrade" {
		r.report(diag.Note, set.Pos, CodeGate, "spec.featureSet is "+set.Value+", under which a cluster cannot be upgraded", "the role needs no feature set since OpenShift 4.14", "")
	}
}

func (r *reader) gateIs(pos diag.Pos, enabled bool, field string) {
	r.out.Gates = append(r.out.Gates, Gate{pos, enabled})
	if enabled {
		r.report(diag.Note, pos, CodeGate, "the feature gate "+GateName+" is enabled in "+field, "it is on by itself since OpenShift 4.14", "")
		return
	}
	r.problem(pos, CodeGate, "the feature gate "+GateName+" is disabled in "+field, "the ingress operator then assumes no role, and cannot write to the private zone", "enable it, or use OpenShift 4.14 or later, where it is on by itself")
}

// agree holds the install-config against the DNS object of the same files.
func (r *reader) agree(i InstallConfig, d DNS) {
	differ := func(pos diag.Pos, what, installed, object string) {
		r.report(diag.Warning, pos, CodeTwice, fmt.Sprintf("%s differs: %s in the object DNS, %s in the install-config", what, orNone(object), orNone(installed)), "a cluster goes by the object DNS once it stands", "give files of one cluster")
	}
	if !i.Domain.IsZero() && !d.Domain.IsZero() && i.Domain != d.Domain {
		differ(d.Pos, "the cluster's domain", i.Domain.String(), d.Domain.String())
	}
	if i.HostedZone.Value != "" && i.HostedZone.Value != d.Private.ID {
		differ(d.Pos, "the private zone", i.HostedZone.Value, d.Private.ID)
	}
	if i.Role.ARN != d.Role.ARN {
		differ(d.Pos, "the role", i.Role.ARN, d.Role.ARN)
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// sortedTags writes tags for people.
func sortedTags(tags map[string]string) string {
	var out []string
	for k, v := range tags {
		out = append(out, k+"="+v)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}
