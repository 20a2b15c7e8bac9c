// Package openshift reads the files and objects by which OpenShift says what
// DNS it wants, and turns them into checks, queries and wanted records:
//
//   - [Read] takes install-config.yaml, metadata.json and the objects DNS,
//     Infrastructure, FeatureGate and DNSRecord, in YAML or JSON, and reports
//     what breaks the rules of those APIs, each problem with its place.
//   - [Needs] and [Check] hold an install-config against an estate before an
//     installation is tried.
//   - [Cluster] gives what a cluster wants in its two zones, one [Half] a zone,
//     so that one goes on where the other fails; [Status] writes back to the
//     DNSRecord objects what came of them.
//   - [AddOns] says what else must be told of the role.
//
// Whether a role can be assumed and what it may do is not judged here: AWS's
// policy language has one reader, the twin's. The caller tries the role, on a
// twin of what was read or live, and hands over what came of it, as [Access].
// So this package stays values in, values out, and there are no two readings
// of one policy that could differ.
//
// Not here: reading files, asking AWS, carrying anything out.
package openshift

import (
	"fmt"
	"slices"
	"strings"

	"github.com/orgdns/orgdns/internal/config"
	"github.com/orgdns/orgdns/internal/diag"
	"github.com/orgdns/orgdns/internal/dnsname"
)

// Codes of the problems that this package reports; they are stable. A file
// that is not YAML has the codes of package config.
const (
	CodeMissing    = "openshift-missing"    // a field that must be there
	CodeBadValue   = "openshift-value"      // a value that its field does not take
	CodeUnion      = "openshift-union"      // spec.platform.aws where it must not be, or not where it must be
	CodeRole       = "openshift-role"       // not the ARN of a role
	CodeTwice      = "openshift-twice"      // two objects where there is one
	CodeSkipped    = "openshift-skipped"    // note: an object that is not read
	CodeMisplaced  = "openshift-misplaced"  // the role in a field that nothing reads
	CodeGate       = "openshift-gate"       // the feature gate PrivateHostedZoneAWS
	CodeSubnets    = "openshift-subnets"    // a zone without subnets, or subnets in two places
	CodeCredential = "openshift-credential" // credentialsMode that a role cannot do with
	CodeZone       = "openshift-zone"       // a zone that is not found, or not the right one
	CodeOutside    = "openshift-outside"    // a name outside the cluster's domain
	CodeConflict   = "openshift-conflict"   // two records of one name
	CodeStale      = "openshift-stale"      // an object that is older than what it says of itself
	CodeTarget     = "openshift-target"     // a target that its record type does not take
	CodeGoing      = "openshift-going"      // note: an object that is being deleted
	CodeFailed     = "openshift-failed"     // something that could not be done in one zone
)

// File is a file's name and content.
type File struct {
	Name string // "-" for standard input
	Data []byte
}

// Text is a text of a file, and where it stands. The zero Text was not given.
type Text struct {
	Value string
	Pos   diag.Pos
}

// Objects are what files hold. What is nil was not there.
type Objects struct {
	Install        *InstallConfig
	DNS            *DNS
	Infrastructure *Infrastructure
	Gates          []Gate
	Records        []DNSRecord
	// InfraID is the infrastructure name of the cluster, from metadata.json or
	// Infrastructure; empty when neither says.
	InfraID string
}

// Read reads files, and reports every problem by place. Keys that are not
// ours to judge are kept silently; objects of other kinds are skipped with a
// note.
func Read(files ...File) (Objects, diag.List) {
	r := &reader{}
	for _, f := range files {
		docs, problems := config.Trees(f.Name, f.Data)
		r.problems.Add(problems...)
		for _, doc := range docs {
			r.object(doc, "", "")
		}
	}
	r.newest()
	if r.out.Install != nil && r.out.DNS != nil {
		r.agree(*r.out.Install, *r.out.DNS)
	}
	r.problems.Sort()
	return r.out, r.problems
}

// reader gathers what files hold.
type reader struct {
	out      Objects
	infra    Text // where the infrastructure name was said first
	problems diag.List
}

func (r *reader) report(s diag.Severity, pos diag.Pos, code, summary, detail, hint string) {
	r.problems.Add(diag.Diagnostic{Severity: s, Code: code, Pos: pos, Summary: summary, Detail: detail, Hint: hint})
}

func (r *reader) problem(pos diag.Pos, code, summary, detail, hint string) {
	r.report(diag.Error, pos, code, summary, detail, hint)
}

// Groups of the objects that are read, without their versions.
const (
	groupConfig  = "config.openshift.io"
	groupIngress = "ingress.operator.openshift.io"
)

// object reads one object, or the items of a list. The items of a typed list
// need not repeat its version and kind.
func (r *reader) object(t config.Tree, version, kind string) {
	if items, ok := t.Items(); ok { // as `jq` makes them
		for _, i := range items {
			r.object(i, version, kind)
		}
		return
	}
	if !t.IsMapping() {
		r.problem(t.Pos(), CodeBadValue, "expected an object, found "+t.String(), "", "write the object with apiVersion: and kind:")
		return
	}
	if s, ok := t.At("apiVersion").Text(); ok {
		version = s
	}
	if s, ok := t.At("kind").Text(); ok {
		kind = s
	}
	if items, ok := t.At("items").Items(); ok && strings.HasSuffix(kind, "List") {
		inner := strings.TrimSuffix(kind, "List")
		if inner == "" {
			version = ""
		}
		for _, i := range items {
			r.object(i, version, inner)
		}
		return
	}
	group, _, _ := strings.Cut(version, "/")
	switch {
	case (kind == "" || kind == "InstallConfig") && isInstallConfig(t):
		r.installConfig(t)
	case kind == "" && t.At("infraID").There():
		r.infraID(t, "infraID")
	case kind == "DNS" && group == groupConfig:
		r.dns(t)
	case kind == "Infrastructure" && group == groupConfig:
		r.infrastructure(t)
	case kind == "FeatureGate" && group == groupConfig:
		r.gate(t)
	case kind == "DNSRecord" && group == groupIngress:
		r.record(t)
	case kind == "":
		r.problem(t.Pos(), CodeBadValue, "the file holds neither an install-config nor an object with a kind", "", "give install-config.yaml, or objects as `oc get … -o yaml` prints them")
	default:
		hint := ""
		if slices.Contains([]string{"DNS", "Infrastructure", "FeatureGate"}, kind) {
			hint = "the one that is read has apiVersion: " + groupConfig + "/v1"
		} else if kind == "DNSRecord" {
			hint = "the one that is read has apiVersion: " + groupIngress + "/v1"
		}
		r.report(diag.Note, t.Pos(), CodeSkipped, fmt.Sprintf("%s %s is skipped", strings.TrimPrefix(version+" "+kind, " "), objectName(t)), "it says nothing about DNS that is read here", hint)
	}
}

// objectName is namespace/name.
func objectName(t config.Tree) string {
	namespace, _ := t.At("metadata", "namespace").Text()
	name, ok := t.At("metadata", "name").Text()
	if !ok {
		return "without a name"
	}
	if namespace != "" {
		return namespace + "/" + name
	}
	return name
}

// infraID reads the infrastructure name, which all files must agree on.
func (r *reader) infraID(t config.Tree, keys ...string) {
	id := r.text(t, strings.Join(keys, "."), keys...)
	switch {
	case id.Value == "":
	case r.infra.Value == "":
		r.infra, r.out.InfraID = id, id.Value
	case r.infra.Value != id.Value:
		r.problem(id.Pos, CodeTwice, fmt.Sprintf("the infrastructure name %q is not that of the other files", id.Value),
			fmt.Sprintf("%s says %q", r.infra.Pos, r.infra.Value), "give files of one cluster")
	}
}

// text reads a field that takes text; a null or absent one gives the zero Text.
// What it found is not repeated where it may be long or secret.
func (r *reader) text(t config.Tree, field string, keys ...string) Text {
	v := t.At(keys...)
	if !v.There() {
		return Text{}
	}
	s, ok := v.Text()
	if !ok || !v.IsText() {
		hint := ""
		if ok {
			hint = fmt.Sprintf("put it in quotes: %q", s)
		}
		r.problem(v.Pos(), CodeBadValue, field+": expected text, found "+v.String(), "", hint)
		return Text{}
	}
	return Text{s, v.Pos()}
}

// mapping reads a field that takes keys; ok is false when it is not there.
func (r *reader) mapping(t config.Tree, field string, keys ...string) (config.Tree, bool) {
	v := t.At(keys...)
	if v.There() && !v.IsMapping() {
		r.problem(v.Pos(), CodeBadValue, field+": expected keys and values, found "+v.String(), "", "")
		return config.Tree{}, false
	}
	return v, v.There()
}

// name reads a field that takes a domain name.
func (r *reader) name(t Text, field string) dnsname.Name {
	if t.Value == "" {
		return dnsname.Name{}
	}
	n, err := dnsname.Parse(t.Value)
	if err != nil {
		r.problem(t.Pos, CodeBadValue, field+": "+err.Error(), "", "")
	}
	return n
}

// missing reports a field that must be there, at the object that lacks it.
func (r *reader) missing(at config.Tree, field, hint string) {
	r.problem(at.Pos(), CodeMissing, field+" is required", "", hint)
}

// twice reports an object of which a cluster has one.
func (r *reader) twice(what string, first, again diag.Pos) {
	r.problem(again, CodeTwice, "a second "+what, "the first stands at "+first.String(), "give files of one cluster")
}
